"""What was worked out before, on disk: JSON values under hashes of all that they depend on.

One SQLite file in the user's cache folder, used by any number of processes at once. Nothing here raises for what is on
the disk: a cache that is broken is moved aside, one that cannot be used is done without, each said in one line, and who
asks is told that nothing is known. Every value is sealed with a checksum under its key: whatever happened to the file,
what comes out is what went in.

A journal of SQLite's own makes a process that is killed harmless. It is not the write-ahead log, which needs memory
that all processes share: home folders lie on network file systems. Nor does anything wait for the disk: what a power
cut leaves broken is found out like all else.
"""

import json
import os
import secrets
import stat
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sqlite3 import Connection

MAX_BYTES = 200_000_000
"""How large the file may grow: some 300,000 leaves of ordinary size."""
VARIABLE = "TAXONOMY_CACHE"
"""The variable that names the folder, or is "off"."""

_OFF = "off"
_NAME = "verdicts-1.sqlite3"
"""With the number of the format: what an older or newer one of these tools keeps lies in another file."""
_SCHEMA = "CREATE TABLE kept (key BLOB PRIMARY KEY NOT NULL, used INTEGER NOT NULL, value BLOB NOT NULL)"
_BUSY_SECONDS = 1.0
"""How long to wait for another process, once: what it holds for longer is done without."""
_ASKED = 500  # keys in one question: SQLite's limit was 999 once
_SHARE = 8  # of a cache that is full, one part in so many is forgotten
_KEY_BYTES = 20
_SEAL_BYTES = 8
_DAY_SECONDS = 86_400
# SQLite's codes for a file that is no cache of ours, whatever else it is: ERROR (no such table), CORRUPT, SCHEMA,
# CONSTRAINT, MISMATCH, FORMAT and NOTADB. All others speak of the disk, or of other processes.
_BROKEN = frozenset({1, 11, 17, 19, 20, 24, 26})
_READ_ONLY = 8
_BESIDE = ("-journal", "-wal", "-shm")  # what SQLite may have left beside a file, and would take for the next one's


def cache_key(kind: str, *parts: object) -> bytes:
    """The key of a value: a hash of what kind of value it is, and of all that it depends on.

    JSON spells parts that differ differently. Lone surrogates, which stand for bytes in file names, stay single: as
    escapes, two of them would look like the one character that they could make up.
    """
    return blake2b(_spell([kind, *parts]), digest_size=_KEY_BYTES).digest()


def open_cache(environ: Mapping[str, str], announce: Callable[[str], None], *, checkout: Path | None = None) -> "Cache":
    """The cache of the user: to be closed, or used as a context manager. Never raises for what is on the disk.

    TAXONOMY_CACHE in `environ` names its folder, or is "off"; the default is `taxonomy-tools` in the folder that the
    platform has for caches. `checkout` is the repository that is looked at: a cache in there may be another's work, and
    is not used. `announce` is told in one line of that, and of a cache that cannot be used. That there just is no place
    for one (no home folder, or one that is read-only) is nothing to tell, unless a folder was named.
    """
    named = environ.get(VARIABLE, "")
    if named == _OFF:
        return Cache()
    if named and not os.path.isabs(named):
        # A relative one would lie in a checkout, whose files others write.
        announce(f"{VARIABLE} must be a full path or `{_OFF}`, not `{named}`: going on without a cache.")
        return Cache()
    folder = Path(named) if named else _default_folder()
    if folder is None:
        return Cache()
    if checkout is not None and _lies_in(folder, checkout):
        # Whoever can commit there could commit verdicts too: seals keep mishaps out, not forgeries.
        announce(f"the cache folder {folder} lies in the checkout, where others write: going on without a cache.")
        return Cache()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        foreign = not named and not _is_own(folder.stat())  # `sudo` may keep the home folder
    except (OSError, ValueError) as error:
        if named:
            announce(f"{VARIABLE} names no folder that can be used ({_reason(error)}): going on without a cache.")
        return Cache()
    path = folder / _NAME
    placeless = not named and not os.path.lexists(path) and not os.access(folder, os.W_OK | os.X_OK)
    return Cache() if foreign or placeless else Cache(path, announce)


def _lies_in(folder: Path, checkout: Path) -> bool:
    """Whether a folder lies in a checkout, or would be reached through it: a link in there may lead anywhere."""
    try:
        tops = {os.path.abspath(checkout), os.path.realpath(checkout)}
        ways = {Path(os.path.abspath(folder)), Path(os.path.realpath(folder))}
    except ValueError:
        return False  # no folder can have that name, which is said next
    return any(way.is_relative_to(top) for way in ways for top in tops)


def _default_folder() -> Path | None:
    from platformdirs import user_cache_path  # 5 ms

    try:
        folder = user_cache_path("taxonomy-tools", appauthor=False)
    except (OSError, RuntimeError):
        return None
    return folder if folder.is_absolute() else None  # `~` where there is no home


class Cache:
    """Values that were worked out before. Without a path, one that knows nothing and keeps nothing.

    The file is opened at once; `announce` is told if that fails, and whatever fails later. `limit` is in bytes. In a
    process that was forked from the one that opened it, it knows and keeps nothing.
    """

    def __init__(
        self, path: Path | None = None, announce: Callable[[str], None] = lambda _: None, *, limit: int = MAX_BYTES
    ) -> None:
        self._path = path
        self._announce = announce
        self._limit = limit
        self._process = os.getpid()
        self._today = int(time.time() // _DAY_SECONDS)
        self._first_used: list[bytes] = []
        self._writable = True
        self._inode = 0
        self._aside = False
        self._connection: Connection | None = None
        if path is not None and not self._connect(path) and self._aside:
            self._connect(path)

    def __enter__(self) -> Self:
        """The cache itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether anything may be known."""
        return self._connection is not None and self._process == os.getpid()

    def known(self, keys: Iterable[bytes]) -> frozenset[bytes]:
        """Those of the keys under which there is a value; it may still turn out to be none when it is read."""
        found: set[bytes] = set()
        if self.is_open:
            with self._attempt():
                found.update(key for (key,) in self._select("key", keys))
        return frozenset(found)

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, Any]:
        """The values that are known under these keys, each a new one."""
        found: dict[bytes, Any] = {}
        if self.is_open:
            with self._attempt():
                for key, used, sealed in self._select("key, used, value", keys):
                    value = _unseal(key, sealed)
                    if value is not None:
                        found[key] = value
                        if used != self._today:
                            self._first_used.append(key)
        return found

    def put_many(self, items: Mapping[bytes, object]) -> None:
        """Keep values, none of them null, under their keys."""
        if self.is_open and self._writable and items:
            rows = [(key, self._today, _seal(key, value)) for key, value in items.items()]
            with self._attempt(writing=True), self._transaction() as connection:
                self._make_room(connection, sum(len(value) for _, _, value in rows))
                connection.executemany("INSERT OR REPLACE INTO kept (key, used, value) VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Note what was used for the first time today, and close the file. Afterwards nothing is known or kept."""
        if self.is_open and self._writable and self._first_used:
            rows = [(self._today, key) for key in self._first_used]
            with self._attempt(writing=True), self._transaction() as connection:
                connection.executemany("UPDATE kept SET used = ? WHERE key = ?", rows)
        self._disconnect()

    def _connect(self, path: Path) -> bool:
        """Open the file, or make it; a broken one is moved aside. Whether it is open now."""
        try:
            import sqlite3
        except ImportError:  # a Python may come without
            return False
        if self._is_ready(path):
            with self._attempt():
                uri = f"{path.as_uri()}?mode=rw"
                self._connection = sqlite3.connect(
                    uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
                )
                self._set_up(self._connection)
        return self.is_open

    def _is_ready(self, path: Path) -> bool:
        """Whether there is a file of the user's own; where there is nothing, an empty one is made, private to them."""
        try:
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            facts = os.lstat(path)
        except OSError as error:
            self._give_up(_reason(error))
            return False
        self._inode = facts.st_ino
        if not _is_own(facts):
            self._give_up("it belongs to another user")
        elif not stat.S_ISREG(facts.st_mode):
            self._move_aside("it is no file")
        else:
            return True
        return False

    def _set_up(self, connection: "Connection") -> None:
        connection.text_factory = bytes
        for setting in ("synchronous = OFF", "temp_store = MEMORY", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {setting}")
        if not _schema(connection):
            with self._transaction():
                if not _schema(connection):  # still, now that nobody else can make it
                    connection.execute(_SCHEMA)
        if _schema(connection) != [_SCHEMA.encode()]:
            self._move_aside("it holds something else")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            connection.close()

    def _select(self, columns: str, keys: Iterable[bytes]) -> Iterator[tuple[Any, ...]]:
        rest = iter(keys)
        while self._connection is not None and (part := tuple(islice(rest, _ASKED))):
            marks = ",".join("?" * len(part))  # that is all that is put into the statement
            yield from self._connection.execute(f"SELECT {columns} FROM kept WHERE key IN ({marks})", part)  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator["Connection"]:
        """All that is done in it, or nothing."""
        connection = self._connection
        assert connection is not None
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(Exception):  # what went wrong before is what counts
                    connection.execute("ROLLBACK")

    def _make_room(self, connection: "Connection", size: int) -> None:
        """Forget what was not used for the longest time, if there would be too much with so many bytes more."""

        def ask(pragma: str) -> int:
            (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
            return int(number)

        while (ask("page_count") - ask("freelist_count")) * ask("page_size") + size > self._limit:
            (rows,) = connection.execute("SELECT count(*) FROM kept").fetchone()
            if not rows:
                return
            oldest = "SELECT rowid FROM kept ORDER BY used, rowid LIMIT ?"  # no value of anybody's is in it
            connection.execute(f"DELETE FROM kept WHERE rowid IN ({oldest})", (-(-rows // _SHARE),))  # noqa: S608

    @contextmanager
    def _attempt(self, *, writing: bool = False) -> Iterator[None]:
        """What SQLite raises ends here: the cache is moved aside, or not written to any more, or done without."""
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", -1) & 0xFF
            if code in _BROKEN:
                self._move_aside(str(error))
            elif not writing:
                self._give_up(str(error))
            else:
                self._writable = False
                if code != _READ_ONLY:  # one that somebody made for others to read
                    self._tell(f"cannot be written to ({error})")

    def _give_up(self, reason: str) -> None:
        """Do without."""
        self._disconnect()
        self._tell(f"cannot be used ({reason}): going on without it")

    def _move_aside(self, reason: str) -> None:
        """Put a broken file out of the way, where whoever wants to know why finds it, and do without."""
        self._disconnect()
        self._aside = True
        assert self._path is not None
        path, aside = self._path, self._path.with_name(f"{self._path.name}.broken")
        try:
            if os.lstat(path).st_ino != self._inode:
                return  # another process was quicker, and has begun a new one
            for suffix in _BESIDE:  # first: a journal would be played back into the next file of that name
                with suppress(OSError):
                    os.replace(f"{path}{suffix}", f"{aside}{suffix}")
            aside = _moved(path, aside)
        except FileNotFoundError:
            return
        except OSError as error:
            self._tell(f"is broken ({reason}), and cannot be moved aside ({_reason(error)}): going on without it")
        else:
            self._tell(f"is broken ({reason}): moved aside to {aside.name}")

    def _tell(self, what: str) -> None:
        self._announce(f"the cache {self._path} {what}.")


def _moved(path: Path, aside: Path) -> Path:
    """Where a file is now that was to be moved aside; a file that is there already makes room."""
    try:
        os.replace(path, aside)
    except OSError:  # one of the two is a folder
        aside = aside.with_name(f"{aside.name}-{secrets.token_hex(4)}")
        os.replace(path, aside)
    return aside


def _is_own(facts: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _schema(connection: "Connection") -> list[bytes]:
    """What a file holds, as SQL; the index that SQLite makes for a primary key has none."""
    return [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]


def _spell(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def _seal(key: bytes, value: object) -> bytes:
    content = zlib.compress(_spell(value), 1)  # a third of the size, for 20 microseconds a leaf
    return blake2b(content, digest_size=_SEAL_BYTES, key=key).digest() + content


def _unseal(key: object, sealed: object) -> Any:
    """The value, or None if these are not the bytes that were sealed under the key."""
    if not isinstance(key, bytes) or not isinstance(sealed, bytes):
        return None
    content = sealed[_SEAL_BYTES:]
    if blake2b(content, digest_size=_SEAL_BYTES, key=key).digest() != sealed[:_SEAL_BYTES]:
        return None
    try:
        return json.loads(zlib.decompress(content).decode(errors="surrogatepass"))
    except (zlib.error, ValueError, RecursionError):  # sealed so by a hand, not by a disk
        return None
