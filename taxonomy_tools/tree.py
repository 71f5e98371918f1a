"""What a state of a taxonomy holds besides its leaf files: every path, looked up where somebody asks.

A listing of Git's stays the bytes that Git wrote, sorted, and is searched by bisection: what lies around ten changed
leaves among 20,000 is found without a look at the others. Whoever asks about many has all of them sorted out at once.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from taxonomy_tools.layout import fold

_STRIDE = 256  # bytes of the first step over a folder's records: a leaf's two need no second one
_PER_LOOKUP = 100  # records that are sorted out in the time that a folder takes to be looked up


class Tree(Protocol):
    """The paths of one state of a taxonomy, all relative to it, with `/` between folders."""

    def children(self, folder: str) -> Mapping[str, bool]:
        """The names directly in a folder (`""`: at the top), and whether each is a folder.

        In a working tree, names that Git tracks and somebody removed are among them: ask `is_there` before using one.
        """

    def is_there(self, path: str, /) -> bool:
        """Whether one of the `children` is really there."""

    def is_ignored(self, path: str, /) -> bool:
        """Whether there is a file at that path that Git leaves alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Paths as Git wrote them: sorted by their bytes, each ended by NUL, and each behind a tag of as many bytes."""

    records: bytes = b""
    tag: int = 0

    def children(self, folder: bytes) -> Iterator[tuple[bytes, bool]]:
        """The names directly in a folder (`b""`: at the top), and whether each is a folder, in the order of paths."""
        prefix = folder + b"/" if folder else b""
        at = self._seek(prefix, 0, len(self.records))
        while at < len(self.records):
            end = self._end(at)
            path = self.records[at + self.tag : end]
            if not path.startswith(prefix):
                return
            slash = path.find(b"/", len(prefix))
            if slash in (-1, len(path) - 1):  # `x/`, of untracked paths, is a nested repository: nobody looks inside
                if path != prefix:
                    yield path[len(prefix) :].removesuffix(b"/"), False
                at = end + 1
            else:
                yield path[len(prefix) : slash], True
                at = self._after(path[:slash], end + 1)

    def folders(self) -> dict[str, dict[str, bool]]:
        """The children of every folder, from one pass over all records."""
        found: dict[str, dict[str, bool]] = {"": {}}
        for record in os.fsdecode(self.records).split("\0")[:-1]:
            folder, _, name = record[self.tag :].removesuffix("/").rpartition("/")
            if folder not in found:
                _add_folder(found, folder)
            found[folder].setdefault(name, False)
        return found

    def holds(self, path: bytes) -> bool:
        """Whether it names this path itself, be it as a nested repository."""
        return self._find(path) is not None or self._find(path + b"/") is not None

    def below(self, path: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The tag and the path of the record of a path, and of all below it."""
        at = self._find(path)
        if at is not None:
            yield self.records[at : at + self.tag], path
        at = self._seek(path + b"/", 0, len(self.records))
        while at < len(self.records):
            end = self._end(at)
            found = self.records[at + self.tag : end]
            if not found.startswith(path + b"/"):
                return
            yield self.records[at : at + self.tag], found
            at = end + 1

    def _find(self, path: bytes) -> int | None:
        """The offset of the record of a path."""
        at = self._seek(path, 0, len(self.records))
        return at if at < len(self.records) and self.records[at + self.tag : self._end(at)] == path else None

    def _end(self, at: int) -> int:
        """Where the record that begins at an offset ends."""
        end = self.records.find(b"\0", at)
        return len(self.records) if end < 0 else end

    def _seek(self, key: bytes, low: int, high: int) -> int:
        """The offset of the first record from `key` on. `low` and `high` are where records begin."""
        while low < high:
            start = max(self.records.rfind(b"\0", low, (low + high) // 2) + 1, low)
            end = self._end(start)
            if self.records[start + self.tag : end] < key:
                low = end + 1
            else:
                high = start
        return low

    def _after(self, folder: bytes, low: int) -> int:
        """The offset of the first record behind a folder, from `low` on: in steps that grow, as most folders are small.

        `0` is the character after `/`.
        """
        key = folder + b"0"
        stride = _STRIDE
        while low + stride < len(self.records):
            start = max(self.records.rfind(b"\0", low, low + stride) + 1, low)
            end = self._end(start)
            if self.records[start + self.tag : end] >= key:
                return self._seek(key, low, start)
            low = end + 1
            stride *= 2
        return self._seek(key, low, len(self.records))


def _add_folder(found: dict[str, dict[str, bool]], folder: str) -> None:
    """Give a folder, and those above it that are not there yet, a place in the one above."""
    missing = []
    while folder not in found:
        missing.append(folder)
        folder = folder.rpartition("/")[0]
    for inner in reversed(missing):
        above, _, name = inner.rpartition("/")
        found[above][name] = True
        found[inner] = {}


@dataclass(kw_only=True, slots=True)
class _Folders:
    """The folders of a listing, each looked up when it is asked about, and all at once when many have been."""

    listing: Listing
    _lookups_left: int = field(init=False)
    _all: dict[str, dict[str, bool]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._lookups_left = self.listing.records.count(b"\0") // _PER_LOOKUP

    def children(self, folder: bytes) -> Mapping[str, bool]:
        """The names directly in a folder, and whether each is a folder."""
        if self._all is None:
            if self._lookups_left > 0:
                self._lookups_left -= 1
                return {os.fsdecode(name): inner for name, inner in self.listing.children(folder)}
            self._all = self.listing.folders()
        return self._all.get(os.fsdecode(folder), {})


@dataclass(kw_only=True, slots=True)
class RecordedTree:
    """A commit's or the index's. `answer` is waited for when first asked; `folder` is the taxonomy's below the root."""

    answer: Callable[[], Listing]
    folder: str = ""
    _folders: _Folders | None = field(default=None, init=False)

    def children(self, folder: str) -> Mapping[str, bool]:
        """The names directly in a folder, and whether each is a folder."""
        if self._folders is None:
            self._folders = _Folders(listing=self.answer())
        return self._folders.children(_place(self.folder, folder))

    def is_there(self, _path: str, /) -> bool:
        """Whether one of the children is there: all of them are."""
        return True

    def is_ignored(self, _path: str, /) -> bool:
        """Whether Git ignores a file: none that it has recorded."""
        return False


@dataclass(kw_only=True, slots=True)
class CheckedOutTree:
    """A working tree's: what Git tracks, and what is neither that nor ignored, both behind the tags of `ls-files -t`.

    `root` is the repository's, and `folder` the taxonomy's below it. What is tracked (`answer`, which is waited for
    when first asked) counts as long as it is on disk, or was left out of a sparse checkout.
    """

    root: Path
    answer: Callable[[], Listing]
    untracked: Listing
    folder: str = ""
    _known: tuple[_Folders, _Folders] | None = field(default=None, init=False)
    _is_folder: dict[str, bool] = field(default_factory=dict, init=False)

    @property
    def _folders(self) -> tuple[_Folders, _Folders]:
        """Those with what is tracked, and those with what is not."""
        if self._known is None:
            self._known = (_Folders(listing=self.answer()), _Folders(listing=self.untracked))
        return self._known

    def children(self, folder: str) -> Mapping[str, bool]:
        """The names directly in a folder, and whether each is a folder."""
        place = _place(self.folder, folder)
        tracked, untracked = (folders.children(place) for folders in self._folders)
        # A file that became a folder, or a folder that became a file, is what it is now.
        return {**tracked, **untracked} if untracked else tracked

    def is_there(self, path: str, /) -> bool:
        """Whether anything of a path is on disk, or was left out of a sparse checkout."""
        place = _place(self.folder, path)
        if any(True for _ in self.untracked.below(place)):
            return True
        tracked = self._folders[0].listing
        return any(tag == b"S " or self._is_checked_out(found) for tag, found in tracked.below(place))

    def is_ignored(self, path: str, /) -> bool:
        """Whether there is a file on disk that Git neither tracks nor shows as untracked."""
        place = _place(self.folder, path)
        mode = self._mode(os.fsdecode(place))
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            return False
        *folders, name = place.split(b"/")
        above = [b"/".join(folders[: depth + 1]) for depth in range(len(folders))]
        # What lies in a nested repository is no business of this one.
        if any(folders.listing.holds(one) for folders in self._folders for one in (*above, place)):
            return False
        # Where case makes no difference, the file may be a known one, by another name.
        folder = path.rpartition("/")[0]
        return fold(os.fsdecode(name)) not in {fold(known) for known in self.children(folder)}

    def _is_checked_out(self, place: bytes) -> bool:
        mode = self._mode(os.fsdecode(place))
        if stat.S_ISDIR(mode):  # a submodule, or what was a file and is a folder now
            return not any(True for _ in self.untracked.below(place))
        return mode != 0

    def _mode(self, place: str) -> int:
        """What is on disk at a path, reached without following a link; 0 where nothing is."""
        if not self._is_real(place.rpartition("/")[0]):
            return 0
        try:
            return os.lstat(self.root / place).st_mode
        except (OSError, ValueError):
            return 0

    def _is_real(self, place: str) -> bool:
        """Whether a path is a folder, and so is each above it."""
        passed = []
        while place and place not in self._is_folder:
            passed.append(place)
            place = place.rpartition("/")[0]
        known = self._is_folder[place] if place else True
        for inner in reversed(passed):
            if known:
                try:
                    known = stat.S_ISDIR(os.lstat(self.root / inner).st_mode)
                except (OSError, ValueError):
                    known = False
            self._is_folder[inner] = known
        return known


@dataclass(kw_only=True, slots=True)
class WalkedTree:
    """A folder's that is no repository. Links and repositories in it are names, and not gone into."""

    root: Path

    def children(self, folder: str) -> Mapping[str, bool]:
        """The names directly in a folder, and whether each is a folder; none of one that cannot be listed."""
        try:
            with os.scandir(self.root / folder) as listing:
                return {
                    one.name: one.is_dir(follow_symlinks=False) and not os.path.lexists(Path(one.path) / ".git")
                    for one in listing
                    if one.name != ".git"
                }
        except OSError:
            return {}

    def is_there(self, path: str, /) -> bool:
        """Whether there is a file at a path or below it: an empty folder is nothing, as for Git."""
        waiting = [path]
        while waiting:
            place = waiting.pop()
            names = self.children(place) if stat.S_ISDIR(self._mode(place)) else None
            if names is None or not all(names.values()):
                return True
            waiting += (f"{place}/{name}" for name in names)
        return False

    def is_ignored(self, _path: str, /) -> bool:
        """Whether Git ignores a file: there is no Git here."""
        return False

    def _mode(self, path: str) -> int:
        try:
            return os.lstat(self.root / path).st_mode
        except OSError:
            return 0


def _place(folder: str, path: str) -> bytes:
    """A path of the taxonomy as a path of the repository, in Git's bytes."""
    return os.fsencode(f"{folder}/{path}" if folder and path else folder or path)
