"""Where the files of a taxonomy come from: the working tree, the index, a commit, or a folder that is no repository.

All say which files there are (`list`) and give their bytes (`read`); those inside a repository also say what differs
from a commit (`changes`). The bytes are those that Git would commit, so the verdict is the same from every source. No
link is followed: every component of a path in the working tree is opened without.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from itertools import islice
from pathlib import Path
from posixpath import basename, splitext
from typing import Protocol

from taxonomy_tools.git import (
    FOLDER,
    GITLINK,
    REGULAR_FILE,
    SYMBOLIC_LINK,
    Announce,
    RawChange,
    Repository,
)
from taxonomy_tools.layout import TAXONOMY_FOLDERS, is_leaf_file
from taxonomy_tools.tree import CheckedOutTree, Listing, RecordedTree, Tree, WalkedTree

MAX_BYTES = 1024 * 1024
_CHUNK = 1024  # entries that one Git process is asked about
_ARGUMENTS = 200  # paths that it is given: Windows allows a command line of 32,767 characters
# A platform without these opens by path, after an lstat of every component.
_BENEATH = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and hasattr(os, "O_DIRECTORY")
_OPEN = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # or a FIFO in a leaf's place waits for its writer for ever
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file (or what stands in a file's place) in a source.

    `path` is relative to the taxonomy. `mode` is Git's (0o100644, 0o120000 for a symbolic link, 0o160000 for a
    submodule). `oid` is the blob's hash, None where nobody has hashed the content. `stored` says that Git has that
    blob; what it has not is read from the working tree.
    """

    path: str
    mode: int
    oid: str | None
    stored: bool = True

    @property
    def blob(self) -> str | None:
        """The hash by which Git gives the content, None where only the working tree has it."""
        return self.oid if self.stored else None

    @property
    def regular(self) -> bool:
        """Whether it is a file with content of its own."""
        return stat.S_ISREG(self.mode)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """Why there are no bytes: the rule's code (TX001, TX005, TX006 or TX007), and what to tell the reader."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChange:
    """A file (or what stands in a file's place) that differs; None on the side where it is not there."""

    path: str
    old: Entry | None
    new: Entry | None


class Source(Protocol):
    """A state of a taxonomy whose files can be listed and read."""

    @property
    def label(self) -> str:
        """What a report calls it: "the working tree", "the index", a ref."""

    def list(self) -> Iterator[Entry]:
        """Every leaf file, and whatever else stands in a leaf's place, by path relative to the taxonomy."""

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of the entries, in their order, one at a time."""


class Versioned(Source, Protocol):
    """A source inside a repository, which knows what differs from a commit."""

    def changes(self, since: str) -> Iterator[FileChange]:
        """What differs from the tree or commit `since`, among what `list` names on either side.

        Entries that only look dirty (touched files) are among them: their new side has no oid until `blob_oid` of the
        bytes says that it is the old one's.
        """

    def tree(self) -> Tree:
        """All paths, not only those of leaves. Git lists them while it answers `changes`, which is best asked first."""


def announce_nothing(message: str) -> None:
    """Announce nothing: for callers that have nobody to tell."""


def blob_oid(data: bytes, object_format: str) -> str:
    """The hash that Git gives to these bytes. `object_format` is "sha1" or "sha256"."""
    digest = sha256 if object_format == "sha256" else sha1
    return digest(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def stands_for_leaf(path: str, mode: int, folders: Sequence[str] = TAXONOMY_FOLDERS) -> bool:
    """Whether a path of this mode is a leaf file, or a link or repository where leaves should be: in those folders.

    A symbolic link counts as a folder's unless its name has a file's extension: what it points at is never looked up.
    """
    if is_leaf_file(path):
        return True
    if path.split("/", 1)[0] not in folders:
        return False
    if mode == SYMBOLIC_LINK:
        return not splitext(basename(path))[1][1:2].isalpha()
    return mode in {GITLINK, FOLDER}


@dataclass(kw_only=True, slots=True)
class Revision:
    """A commit. `label` is the ref as it was asked for; `folder` is the taxonomy's, below the repository's root.

    `folders` are those, in the taxonomy, that hold leaves: what stands there may be meant for one.
    """

    repository: Repository
    commit: str
    label: str
    folder: str = ""
    folders: Sequence[str] = TAXONOMY_FOLDERS
    announce: Announce = announce_nothing
    _tree: RecordedTree | None = field(default=None, init=False, repr=False)

    def list(self) -> Iterator[Entry]:
        """Every leaf file of the commit."""
        return _new_sides(self.changes(self.repository.empty_tree))

    def tree(self) -> Tree:
        """All paths of the commit."""
        tree, self._tree = self._tree or self._start_listing(), None
        return tree

    def _start_listing(self) -> RecordedTree:
        query = self.repository.tree_paths(self.commit, under=_under(self.folder))
        return RecordedTree(answer=query.listing, folder=self.folder)

    def changes(self, since: str) -> Iterator[FileChange]:
        """What differs from another commit. Neither the index nor the working tree is looked at."""
        self._tree = self._start_listing()
        raws = self.repository.tree_changes(since, self.commit, under=_under(self.folder))
        return _file_changes(raws, self.folder, self.folders)

    def children(self, folders: Sequence[str]) -> Iterator[Entry]:
        """The leaf files directly in these folders of the commit."""
        paths = [f"{self.folder}/{folder}".strip("/") for folder in folders]
        for path, mode, oid in self.repository.children(self.commit, paths):
            if is_leaf_file(path):
                yield Entry(path=_relative(path, self.folder), mode=mode, oid=oid)

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        """The blobs of the entries."""
        return _read(self, entries, unmerged=frozenset())


@dataclass(kw_only=True, slots=True)
class Index:
    """What `git commit` would record now. Intent-to-add entries are not there yet."""

    repository: Repository
    folder: str = ""
    folders: Sequence[str] = TAXONOMY_FOLDERS
    announce: Announce = announce_nothing
    label: str = field(default="the index", init=False)
    _unmerged: frozenset[str] | None = field(default=None, init=False)
    _tree: RecordedTree | None = field(default=None, init=False, repr=False)

    def list(self) -> Iterator[Entry]:
        """Every leaf file of the index."""
        return _new_sides(self.changes(self.repository.empty_tree))

    def tree(self) -> Tree:
        """All paths of the index."""
        tree, self._tree = self._tree or self._start_listing(), None
        return tree

    def _start_listing(self) -> RecordedTree:
        query = self.repository.index_paths(under=_under(self.folder))
        return RecordedTree(answer=query.listing, folder=self.folder)

    def changes(self, since: str) -> Iterator[FileChange]:
        """What differs between a commit and the index."""
        self._tree = self._start_listing()
        raws = tuple(self.repository.index_changes(since, under=_under(self.folder)))
        self._unmerged = _conflicts(raws, self.folder)
        return _file_changes(raws, self.folder, self.folders)

    def at(self, paths: Sequence[str]) -> Iterator[Entry]:
        """What `list` gives, as far as it stands at one of these paths: of a large index, nothing else is read."""
        for start in range(0, len(paths), _ARGUMENTS):
            under = [f"{self.folder}/{path}".strip("/") for path in paths[start : start + _ARGUMENTS]]
            raws = self.repository.index_changes(self.repository.empty_tree, under=under)
            yield from _new_sides(_file_changes(raws, self.folder, self.folders))

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        """The blobs of the entries; TX007 for one with unresolved conflicts."""
        if self._unmerged is None:
            self._unmerged = frozenset(_relative(path, self.folder) for path in self.repository.unmerged())
        return _read(self, entries, unmerged=self._unmerged)


@dataclass(kw_only=True, slots=True)
class WorkTree:
    """What lies in the working tree, tracked or not, without what Git ignores."""

    repository: Repository
    folder: str = ""
    folders: Sequence[str] = TAXONOMY_FOLDERS
    announce: Announce = announce_nothing
    label: str = field(default="the working tree", init=False)
    _unmerged: frozenset[str] | None = field(default=None, init=False)
    _tree: CheckedOutTree | None = field(default=None, init=False, repr=False)

    @property
    def root(self) -> Path:
        """The taxonomy's folder."""
        return self.repository.root / self.folder

    def list(self) -> Iterator[Entry]:
        """Every leaf file of the working tree."""
        return _new_sides(self.changes(self.repository.empty_tree))

    def changes(self, since: str) -> Iterator[FileChange]:
        """What differs between a commit and the working tree."""
        found = self.repository.worktree_changes(since, under=_under(self.folder))
        self._unmerged = _conflicts(found, self.folder)
        self._tree = self._start_listing(found.untracked)
        return _file_changes(found, self.folder, self.folders, root=self.root)

    def tree(self) -> Tree:
        """All paths of the working tree but what Git ignores."""
        if self._tree is None:
            untracked = self.repository.worktree_changes(
                self.repository.empty_tree, under=_under(self.folder)
            ).untracked
            self._tree = self._start_listing(untracked)
        # Let go of, since a source goes to other processes, which have no use for it.
        tree, self._tree = self._tree, None
        return tree

    def _start_listing(self, untracked: Listing) -> CheckedOutTree:
        query = self.repository.tracked_paths(under=_under(self.folder))
        return CheckedOutTree(root=self.repository.root, folder=self.folder, answer=query.listing, untracked=untracked)

    def ignored(self, within: Sequence[str] = ()) -> Iterator[str]:
        """The leaf files that Git ignores (within these folders or everywhere), by path relative to the taxonomy."""
        under = [f"{self.folder}/{folder}".strip("/") for folder in within] or _under(self.folder)
        paths = (_relative(path, self.folder) for path in self.repository.ignored(under=under))
        return (path for path in paths if is_leaf_file(path))

    def normalized(self, entries: Iterable[Entry]) -> frozenset[str]:
        """The paths of those entries in which `git add` would turn CRLF into LF."""
        places = [f"{self.folder}/{entry.path}" if self.folder else entry.path for entry in entries]
        return frozenset(_relative(path, self.folder) for path in self.repository.normalized(places))

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        """The blob of an entry that Git has hashed, else its bytes as `git add` would record their line ends."""
        if self._unmerged is None:
            self._unmerged = frozenset(_relative(path, self.folder) for path in self.repository.unmerged())
        return _read(self, entries, unmerged=self._unmerged)


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder that is no repository. Nothing is hashed, ignored or converted here."""

    root: Path
    folders: Sequence[str] = TAXONOMY_FOLDERS
    label: str = field(default="the folder", init=False)

    def list(self) -> Iterator[Entry]:
        """Every leaf file below the folder. Links and repositories are named, not entered."""
        return (entry for entry in _walk(self.root, "") if stands_for_leaf(entry.path, entry.mode, self.folders))

    def tree(self) -> Tree:
        """All paths of the folder, listed where somebody asks."""
        return WalkedTree(root=self.root)

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        """The bytes of the files."""
        return (_refusal(entry) or read_beneath(self.root, entry.path) for entry in entries)


def _under(folder: str) -> Sequence[str]:
    return (folder,) if folder else ()


def _relative(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder}/") if folder else path


def _new_sides(changes: Iterable[FileChange]) -> Iterator[Entry]:
    return (change.new for change in changes if change.new is not None)


def _conflicts(raws: Iterable[RawChange], folder: str) -> frozenset[str]:
    return frozenset(_relative(raw.path, folder) for raw in raws if raw.status == "U")


def _file_changes(
    raws: Iterable[RawChange], folder: str, folders: Sequence[str], *, root: Path | None = None
) -> Iterator[FileChange]:
    """One change a path, sorted. Git may name one twice: as deleted and untracked, as modified and unmerged."""
    changes: dict[str, FileChange] = {}
    for raw in raws:
        path = _relative(raw.path.removesuffix("/"), folder)
        new = _new_entry(raw, path, root)
        old = Entry(path=path, mode=raw.old_mode, oid=raw.old_oid) if raw.old_mode else None
        if any(entry is not None and stands_for_leaf(path, entry.mode, folders) for entry in (old, new)):
            if old is None and path in changes:
                old = changes[path].old
            changes[path] = FileChange(path=path, old=old, new=new)
    return (changes[path] for path in sorted(changes))


def _new_entry(raw: RawChange, path: str, root: Path | None) -> Entry | None:
    if raw.status == "U":
        return Entry(path=path, mode=raw.new_mode or REGULAR_FILE, oid=None)
    if raw.status == "?" and root is not None:
        mode = GITLINK if raw.path.endswith("/") else _mode_of(root, path)
        return Entry(path=path, mode=mode, oid=None)
    return Entry(path=path, mode=raw.new_mode, oid=raw.new_oid) if raw.new_mode else None


def _mode_of(root: Path, path: str) -> int:
    """Git's mode for an untracked path; a regular file's if it vanished: reading it will say so."""
    try:
        return SYMBOLIC_LINK if stat.S_ISLNK(os.lstat(root / path).st_mode) else REGULAR_FILE
    except OSError:
        return REGULAR_FILE


def _walk(root: Path, folder: str) -> Iterator[Entry]:
    """What a folder holds, depth first, by name. A folder that cannot be listed is an entry of its own."""
    try:
        with os.scandir(root / folder) as listing:
            found = sorted(listing, key=lambda one: one.name)
    except OSError:
        yield Entry(path=folder, mode=FOLDER, oid=None)
        return
    if folder and any(one.name == ".git" for one in found):
        yield Entry(path=folder, mode=GITLINK, oid=None)
        return
    for one in found:
        path = f"{folder}/{one.name}" if folder else one.name
        if one.is_symlink():
            yield Entry(path=path, mode=SYMBOLIC_LINK, oid=None)
        elif not one.is_dir(follow_symlinks=False):
            yield Entry(path=path, mode=REGULAR_FILE, oid=None)
        elif one.name != ".git":
            yield from _walk(root, path)


def _stored(entries: Iterable[Entry], unmerged: frozenset[str]) -> Iterator[str]:
    """The blobs of those entries that are read from the object database."""
    for entry in entries:
        if entry.blob is not None and entry.path not in unmerged and _refusal(entry) is None:
            yield entry.blob


def _read(
    source: Revision | Index | WorkTree, entries: Iterable[Entry], *, unmerged: frozenset[str]
) -> Iterator[bytes | Unreadable]:
    repository = source.repository
    if repository.settings.promisors:
        entries = tuple(entries)
        repository.fetch_missing(_stored(entries, unmerged), source.announce)
    rest = iter(entries)
    while chunk := tuple(islice(rest, _CHUNK)):
        blobs = repository.blobs(_stored(chunk, unmerged), limit=MAX_BYTES)
        normalized: frozenset[str] | None = None
        for entry in chunk:
            if entry.path in unmerged:
                yield Unreadable(code="TX007", message="has unresolved conflicts: resolve them and `git add` the file")
            elif refusal := _refusal(entry):
                yield refusal
            elif entry.blob is not None:
                blob = next(blobs)
                yield blob.data if blob.data is not None else _too_large(blob.size)
            elif isinstance(source, WorkTree):
                data = read_beneath(source.root, entry.path)
                if isinstance(data, bytes) and b"\r\n" in data:
                    if normalized is None:
                        normalized = source.normalized(entry for entry in chunk if entry.blob is None)
                    if entry.path in normalized:
                        data = data.replace(b"\r\n", b"\n")
                yield data
            else:
                yield Unreadable(code="TX001", message="is not in the object database")


def read_beneath(root: Path, path: str, *, limit: int = MAX_BYTES) -> bytes | Unreadable:
    """The bytes of a regular file, at most `limit` of them, following no link on the way down from `root`."""
    try:
        descriptor = _open_beneath(root, path) if _BENEATH else _open_by_path(root, path)
    except OSError as error:
        return _not_opened(root, path, error)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return _not_regular(_kind_of(facts.st_mode))
        if facts.st_size > limit:
            return _too_large(facts.st_size, limit)
        data = _read_all(descriptor, limit + 1)
    except OSError as error:
        return Unreadable(code="TX001", message=f"cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)
    # It may have grown since its size was asked for.
    return data if len(data) <= limit else _too_large(len(data), limit)


def _read_all(descriptor: int, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := os.read(descriptor, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _open_beneath(root: Path, path: str) -> int:
    """Open one component after the other, each beneath the one before and each without following a link."""
    *folders, name = path.split("/")
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for component in folders:
            inner = os.open(_plain(component), _OPEN | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(_plain(name), _OPEN, dir_fd=folder)
    finally:
        os.close(folder)


def _open_by_path(root: Path, path: str) -> int:
    for component in _components(root, path):
        if stat.S_ISLNK(os.lstat(component).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return os.open(root / path, _OPEN)


def _components(root: Path, path: str) -> Iterator[Path]:
    for component in path.split("/"):
        root /= _plain(component)
        yield root


def _plain(component: str) -> str:
    """The component of a path, if it leads downwards."""
    if component in {"", os.curdir, os.pardir} or os.sep in component:
        raise OSError(errno.EINVAL, "it leads out of the taxonomy")
    return component


def _not_opened(root: Path, path: str, error: OSError) -> Unreadable:
    if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENOTDIR} and (link := _first_link(root, path)):
        what = "a symbolic link" if link == path else f"below `{link}`, which is a symbolic link"
        return _not_regular(what)
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return Unreadable(code="TX001", message="vanished while it was being read")
    if error.errno in {errno.ENXIO, errno.EOPNOTSUPP}:
        return _not_regular("a socket or a device")
    return Unreadable(code="TX001", message=f"cannot be read: {error.strerror}")


def _first_link(root: Path, path: str) -> str | None:
    """The first component that is a link, for the message alone: it was not followed, whatever this says."""
    return next((part.relative_to(root).as_posix() for part in _components(root, path) if part.is_symlink()), None)


def _refusal(entry: Entry) -> Unreadable | None:
    """Why an entry of this mode is not even opened."""
    if entry.mode == SYMBOLIC_LINK:
        return _not_regular("a symbolic link")
    if entry.mode == GITLINK:
        return _not_regular("a nested repository" if entry.oid is None else "a submodule")
    if entry.mode == FOLDER:
        return Unreadable(code="TX001", message="is a folder that cannot be listed")
    return None


def _kind_of(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    return next((kind for holds, kind in kinds if holds(mode)), "a device")


def _not_regular(what: str) -> Unreadable:
    return Unreadable(code="TX006", message=f"is {what}: put the file itself there")


def _too_large(size: int, limit: int = MAX_BYTES) -> Unreadable:
    return Unreadable(code="TX005", message=f"has {size:,} bytes, more than the {limit:,} that are read")
