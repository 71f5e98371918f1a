"""The files of a run: written beside their places, and put there together when all of them are whole."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.records import json_text

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenFile:
    """A file of a run: its name in the run's folder, and its bytes and lines."""

    name: str
    bytes: int
    lines: int
    sha256: str


class File:
    """A file that is being written. Its methods raise TaxonomyError when there is no room, or no access."""

    def __init__(self, folder: Path, name: str) -> None:
        """Open it beside its place."""
        self.place = folder / name
        self.draft = folder / f".{name}.part"
        self._digest = sha256()
        self._bytes = 0
        self._lines = 0
        self._file: BinaryIO = self._telling(self._open)

    def line(self, value: dict[str, Any]) -> None:
        """Write a line of JSON."""
        self.text(json_text(value) + "\n")

    def text(self, text: str) -> None:
        """Write text."""
        data = text.encode("utf-8", "backslashreplace")
        self._digest.update(data)
        self._bytes += len(data)
        self._lines += data.count(b"\n")
        self._telling(lambda: self._file.write(data))

    def end(self) -> WrittenFile:
        """Bring all of it to the disk."""
        self._telling(self._sync)
        return WrittenFile(name=self.place.name, bytes=self._bytes, lines=self._lines, sha256=self._digest.hexdigest())

    def put(self) -> None:
        """Give it its name, and take that from whatever had it before. Nothing more can be written."""
        self._telling(self._put)

    def close(self) -> None:
        """Close it, and remove what was not put in its place."""
        # A disk that is full says so once more when it is closed.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.draft.unlink(missing_ok=True)

    def _open(self) -> BinaryIO:
        # What a killed run has left, or a link that somebody put there: never written through.
        self.draft.unlink(missing_ok=True)
        return self.draft.open("xb")

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def _put(self) -> None:
        self._file.close()  # Windows moves no open file
        os.replace(self.draft, self.place)

    def _telling(self, act: Callable[[], _T]) -> _T:
        try:
            return act()
        except OSError as error:
            raise TaxonomyError(
                f"cannot write {self.place}: {error.strerror or error}.",
                "The answers are safe, and the files of before are as they were. "
                "Make room or access, then run the same command again.",
            ) from error


class Files:
    """The files of a run that are being written. A context manager: what was not put in its place is removed."""

    def __init__(self, folder: Path) -> None:
        """In a run's folder, which must be there. Raises TaxonomyError if it is a symbolic link."""
        if folder.is_symlink():
            raise TaxonomyError(f"{folder} is a symbolic link, and a run's folder must not be one.", "Remove the link.")
        self._folder = folder
        self._files: dict[str, File] = {}

    def __enter__(self) -> Self:
        """The files themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close them."""
        for file in self._files.values():
            file.close()

    def open(self, name: str) -> File:
        """A new file. Raises TaxonomyError if it cannot be made."""
        file = self._files[name] = File(self._folder, name)
        return file

    def end(self) -> tuple[WrittenFile, ...]:
        """Bring all that is open to the disk; gives what was written so far, sorted by name."""
        return tuple(self._files[name].end() for name in sorted(self._files))

    def put(self) -> tuple[Path, ...]:
        """Put all files in their places, in the order in which they were opened; gives these, sorted by name.

        Raises TaxonomyError if one cannot be.
        """
        self.end()
        for name in self._files:
            self._files[name].put()
        return tuple(self._files[name].place for name in sorted(self._files))
