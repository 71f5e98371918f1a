"""Answers that were paid for: each is committed to a file before anything else happens to it, under its request's name.

The file is SQLite's. It is shared by all runs of an output folder, so that what one has asked another need not ask. It
is no cache: nothing in it is ever thrown away, and what is wrong with it is told and not mended.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.generate.request import Answer, Durations, Request, canonical
from taxonomy_tools.generate.settings import Model

if TYPE_CHECKING:
    from sqlite3 import Connection

STORE_FILE = "answers.sqlite3"
"""The store's name in the output folder."""
VERSION = 1
_APPLICATION = 0x74786771
"""What tells the file from other databases, in its header (https://www.sqlite.org/pragma.html#pragma_application_id)."""
_TABLES = (
    "CREATE TABLE answers (name BLOB PRIMARY KEY, request BLOB NOT NULL, answer BLOB NOT NULL)",
    "CREATE TABLE models (name TEXT PRIMARY KEY, digest TEXT NOT NULL, context_length INTEGER NOT NULL)",
    "CREATE TABLE rates (digest TEXT PRIMARY KEY, answers INT NOT NULL, tokens INT NOT NULL, seconds REAL NOT NULL)",
)
_BUSY_SECONDS = 5.0
"""How long another process may hold the file; runs do not, as each has its output folder to itself."""
_ASKED = 500
"""Names in one statement: SQLite takes 999 in its older versions."""
_MOST_BYTES = 64 << 20
"""What an answer may be unpacked to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How fast a model answered when it was last asked: answers and tokens of answers, in so many seconds in all."""

    answers: int
    tokens: int
    seconds: float


class Store:
    """The answers in a file, for one process at a time or several. A context manager, which closes it.

    All of its methods raise TaxonomyError when the file cannot be read or written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, or make it. Raises TaxonomyError if it is none of ours, or of another version."""
        import sqlite3

        self._path = path
        self._read_only = read_only
        with self._telling("open"):
            # No link: somebody else may have put the folder there.
            flags = os.O_RDONLY if read_only else os.O_CREAT | os.O_RDWR
            os.close(os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600))
            uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
            self._connection: Connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            with self._telling("open"):
                self._set_up()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file. What was put into it is there already."""
        self._connection.close()

    def get(self, name: str) -> Answer | None:
        """The answer to the request of this name, None if there is none."""
        return self.get_many([name]).get(name)

    def get_many(self, names: Iterable[str]) -> dict[str, Answer]:
        """The answers that there are to the requests of these names."""
        found = {}
        with self._telling("read"):
            for name, packed in self._select("name, answer", names):
                found[name.hex()] = _unpacked(packed, self._path)
        return found

    def known(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the names under which there is an answer."""
        with self._telling("read"):
            return frozenset(name.hex() for (name,) in self._select("name", names))

    def put(self, request: Request, answer: Answer) -> None:
        """Keep an answer for good: it is on the disk when this returns. What was answered before stays as it is."""
        row = (bytes.fromhex(request.name), zlib.compress(request.canonical), zlib.compress(canonical(asdict(answer))))
        with self._telling("write to"):
            self._connection.execute("INSERT OR IGNORE INTO answers (name, request, answer) VALUES (?, ?, ?)", row)

    def model(self, name: str) -> Model | None:
        """What a model of this name was when it was last asked, None if it never was."""
        with self._telling("read"):
            row = self._one("SELECT digest, context_length FROM models WHERE name = ?", name)
        return None if row is None else Model(name=name, digest=str(row[0]), context_length=int(row[1]))

    def note_model(self, model: Model) -> None:
        """Remember what a model is."""
        row = (model.name, model.digest, model.context_length)
        with self._telling("write to"):
            self._connection.execute("INSERT OR REPLACE INTO models VALUES (?, ?, ?)", row)

    def rate(self, digest: str) -> Rate | None:
        """How fast the model with this digest was when it was last asked, None if it never was."""
        with self._telling("read"):
            row = self._one("SELECT answers, tokens, seconds FROM rates WHERE digest = ?", digest)
        return None if row is None else Rate(answers=int(row[0]), tokens=int(row[1]), seconds=float(row[2]))

    def note_rate(self, digest: str, rate: Rate) -> None:
        """Remember how fast a model was."""
        row = (digest, rate.answers, rate.tokens, rate.seconds)
        with self._telling("write to"):
            self._connection.execute("INSERT OR REPLACE INTO rates VALUES (?, ?, ?, ?)", row)

    def _set_up(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA trusted_schema = OFF")
        tables, application, version = (
            int(self._one(f"{question}")[0])
            for question in ("SELECT count(*) FROM sqlite_master", "PRAGMA application_id", "PRAGMA user_version")
        )
        if tables and application != _APPLICATION:
            raise TaxonomyError(
                f"{self._path} is no store of answers: it is another program's database.",
                Remedy("Move it away, or name another folder:", "--output-dir DIR"),
            )
        if tables and version != VERSION:
            raise TaxonomyError(
                f"{self._path} is a store of version {version}, and this taxonomy-tools reads version {VERSION}.",
                Remedy("Take the taxonomy-tools that wrote it, or another folder:", "--output-dir DIR"),
            )
        if self._read_only:
            if not tables:
                raise TaxonomyError(f"{self._path} is no store of answers: it is empty.", "Remove it.")
            return
        # Readers and a writer do not wait for each other, and a kill leaves nothing half written.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if not tables:
            self._make()

    def _make(self) -> None:
        """Make the tables; another process may do so at the same moment."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._one("SELECT count(*) FROM sqlite_master")[0]:
                for statement in (
                    *_TABLES,
                    f"PRAGMA application_id = {_APPLICATION}",
                    f"PRAGMA user_version = {VERSION}",
                ):
                    connection.execute(statement)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(Exception):  # what went wrong before is what counts
                    connection.execute("ROLLBACK")

    def _one(self, statement: str, *values: object) -> Any:
        return self._connection.execute(statement, values).fetchone()

    def _select(self, columns: str, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        rest = (bytes.fromhex(name) for name in names)
        while part := tuple(islice(rest, _ASKED)):
            marks = ",".join("?" * len(part))  # that is all that is put into the statement
            yield from self._connection.execute(f"SELECT {columns} FROM answers WHERE name IN ({marks})", part)  # noqa: S608

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """What the file system and SQLite raise ends here, as what to do about it."""
        import sqlite3

        try:
            yield
        except sqlite3.OperationalError as error:
            raise TaxonomyError(
                f"cannot {what} the store of answers {self._path}: {error}.",
                "What is in it already is safe. Make room or access, then run the same command again.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise TaxonomyError(
                f"cannot {what} the store of answers {self._path}: {error}.",
                Remedy("Move it away to begin anew, or name another folder:", "--output-dir DIR"),
            ) from error
        except OSError as error:
            raise TaxonomyError(
                f"cannot {what} the store of answers {self._path}: {error.strerror or error}.",
                Remedy("Name a folder that can be written to:", "--output-dir DIR"),
            ) from error


def _unpacked(packed: bytes, path: Path) -> Answer:
    """An answer as it was put. Raises TaxonomyError if the row is none of ours."""
    try:
        unpacker = zlib.decompressobj()
        values = json.loads(unpacker.decompress(packed, _MOST_BYTES))
        answer = Answer(**{**values, "durations": Durations(**values["durations"])})
        texts = (answer.content, answer.done_reason, answer.server)
        numbers = (answer.prompt_tokens, answer.answer_tokens, *asdict(answer.durations).values())
        if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
            raise TypeError(values)
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise TaxonomyError(
            f"an answer in the store {path} is damaged.",
            Remedy("Move the store away to begin anew, or name another folder:", "--output-dir DIR"),
        ) from error
    return answer
