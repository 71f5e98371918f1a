"""Files of a working tree, written anew or for the first time: all of a file or nothing of it, and through no link.

The new content is a draft beside the file that takes its place when it is complete; what stands there then must still
be what was read. Every component of a path is opened without following links, as in `source`.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from taxonomy_tools.source import MAX_BYTES, read_beneath

_BENEATH = os.rename in os.supports_dir_fd and os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def rewrite(root: Path, path: str, *, before: bytes, after: bytes, name: str | None = None) -> None:
    """Give a file other content, and, if there is one, another name in its folder.

    `path` is relative to `root`. Raises OSError where that cannot be done, or where the file no longer holds `before`;
    then it is what it was, but perhaps for its name.
    """
    folder, _, old_name = path.rpartition("/")
    with _opened(root, folder) as place:
        if read_beneath(root, path, limit=max(MAX_BYTES, len(before))) != before:
            raise OSError(errno.EBUSY, "it changed while it was looked at")
        if name is not None:
            place.insist_free(name)
        if after != before:
            place.replace(old_name, after)
        if name is not None:
            place.rename(old_name, name)


def create(root: Path, path: str, content: bytes) -> None:
    """Write a file that is not there yet, and the folders above it as far as they are missing.

    `path` is relative to `root`. Raises FileExistsError if something is there, OSError where it cannot be written; then
    there is no such file.
    """
    folder, _, name = path.rpartition("/")
    with _opened(root, folder, make=True) as place:
        place.create(name, content)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder: an open descriptor, or, on a platform that cannot open beneath one, a path."""

    path: Path
    descriptor: int | None

    def _of(self, name: str) -> str:
        return name if self.descriptor is not None else os.fspath(self.path / name)

    def replace(self, name: str, content: bytes) -> None:
        """Put other content in a file's place, with its mode and, where that is allowed, its owner."""
        facts = (
            os.lstat(self._of(name))
            if self.descriptor is None
            else os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        )
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EBUSY, "it is no file any more")
        if not facts.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise OSError(errno.EACCES, "it is read-only")
        draft = f".{name[:100]}.{secrets.token_hex(8)}.part"
        try:
            self._write(draft, content, facts)
            os.replace(self._of(draft), self._of(name), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            with suppress(OSError):
                os.unlink(self._of(draft), dir_fd=self.descriptor)
            raise

    def _write(self, draft: str, content: bytes, facts: os.stat_result) -> None:
        number = os.open(self._of(draft), _DRAFT, 0o600, dir_fd=self.descriptor)
        with open(number, "wb") as file:
            file.write(content)
            file.flush()
            if hasattr(os, "fchown"):
                with suppress(OSError):  # only the superuser may give files away
                    os.fchown(number, facts.st_uid, facts.st_gid)
            if hasattr(os, "fchmod"):
                os.fchmod(number, stat.S_IMODE(facts.st_mode))
            os.fsync(number)

    def create(self, name: str, content: bytes) -> None:
        """Write a file that is not there."""
        number = os.open(self._of(name), _DRAFT, 0o666, dir_fd=self.descriptor)
        try:
            with open(number, "wb") as file:
                file.write(content)
        except BaseException:
            with suppress(OSError):
                os.unlink(self._of(name), dir_fd=self.descriptor)
            raise

    def insist_free(self, name: str) -> None:
        """Raise OSError if a file has that name; `QNA.YAML` is another one, also where case does not count."""
        names = os.listdir(self.path if self.descriptor is None else self.descriptor)
        if name in names:
            raise OSError(errno.EEXIST, f"there is a {name} already")

    def rename(self, old: str, new: str) -> None:
        """Give a file another name."""
        os.rename(self._of(old), self._of(new), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)


@contextmanager
def _opened(root: Path, folder: str, *, make: bool = False) -> Iterator[_Place]:
    """The folder of a file, opened component by component, and made where it is not there and `make` says so."""
    if not _BENEATH:
        if make:
            _make_by_path(root, folder)
        yield _Place(root / folder, None)
        return
    descriptor = os.open(root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        for component in folder.split("/") if folder else ():
            if component in {"", os.curdir, os.pardir}:
                raise OSError(errno.EINVAL, "it leads out of the taxonomy")
            if make:
                with suppress(FileExistsError):
                    os.mkdir(component, dir_fd=descriptor)
            inner = os.open(component, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield _Place(root / folder, descriptor)
    finally:
        os.close(descriptor)


def _make_by_path(root: Path, folder: str) -> None:
    """Make the folders that are missing, where none of those that are there is a link."""
    for component in folder.split("/") if folder else ():
        if component in {"", os.curdir, os.pardir}:
            raise OSError(errno.EINVAL, "it leads out of the taxonomy")
        root /= component
        with suppress(FileExistsError):
            root.mkdir()
        if not stat.S_ISDIR(os.lstat(root).st_mode):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
