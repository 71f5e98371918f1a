"""Which leaf nodes differ between two states of a taxonomy, and how: added, modified, renamed, copied or removed."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from posixpath import basename
from typing import Protocol

from taxonomy_tools.content import Fingerprints, seed_examples
from taxonomy_tools.document import Document, load
from taxonomy_tools.git import FOLDER
from taxonomy_tools.layout import (
    ATTRIBUTION_FILE,
    QNA_FILE,
    is_leaf_file,
    is_misnamed,
    leaf_of,
)
from taxonomy_tools.source import Entry, FileChange, Unreadable

_SIMILAR = 0.5
"""The share of seed examples from which on two leaves are one that was renamed."""
_COMMON = 50
"""A bound that keeps the work linear: see where it is used."""


class ChangeKind(Enum):
    """What happened to a leaf node. The letter is Git's."""

    ADDED = "added"
    MODIFIED = "modified"
    RENAMED = "renamed"
    COPIED = "copied"
    REMOVED = "removed"

    @property
    def letter(self) -> str:
        """A, M, R, C or D, as in `git status`."""
        return "D" if self is ChangeKind.REMOVED else self.value[0].upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafFiles:
    """The files of one leaf node on one side.

    `qna` is `qna.yaml`; `misnamed` are files that should be. `blocked` is what stands in the leaf's own place and is no
    folder: a symbolic link, a submodule, a nested repository.
    """

    qna: Entry | None = None
    attribution: Entry | None = None
    misnamed: tuple[Entry, ...] = ()
    blocked: Entry | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them."""
        return (*(entry for entry in (self.qna, self.attribution, self.blocked) if entry), *self.misnamed)

    @property
    def document(self) -> Entry | None:
        """The file that holds the leaf's document: `qna.yaml`, or the first that is only misnamed."""
        return self.qna or next(iter(self.misnamed), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafChange:
    """A leaf node that differs between the two sides.

    `path` is the leaf's folder now (where it was, if it is removed); `old_path` where it came from, for a rename or a
    copy. `old` and `new` are its files before and after, None where it does not exist.
    """

    kind: ChangeKind
    path: str
    old_path: str | None = None
    old: LeafFiles | None = None
    new: LeafFiles | None = None


class Sides(Protocol):
    """The two states of a taxonomy that are compared, as far as the engine asks for them."""

    def changes(self) -> Iterable[FileChange]:
        """The paths that differ, or may: of working-tree files Git knows only that they were touched."""

    def children(self, folders: Sequence[str]) -> Iterable[Entry]:
        """The files directly in these folders, before."""

    def prepare(self, entries: Iterable[Entry]) -> None:
        """Announce that these entries will be read, so that what a partial clone lacks comes in one batch."""

    def read_old(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of entries of the old side, in their order."""

    def read_new(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of entries of the new side, in their order."""

    def hash_new(self, entries: Sequence[Entry]) -> Iterator[str | None]:
        """What Git would call the content of entries of the new side, in their order; None if it cannot be told."""


def leaf_changes(sides: Sides) -> list[LeafChange]:
    """Find the leaf nodes that differ, sorted by path. What is a rename is ours to say: see `_pair`."""
    groups = _group(sides, _settle(sides, list(sides.changes())))
    sides.prepare(entry for pair in groups.values() for files in pair for entry in files.entries)
    changes = []
    for folder, (old, new) in groups.items():
        before, after = old.document or old.blocked, new.document or new.blocked
        if after is not None:
            kind = ChangeKind.ADDED if before is None else ChangeKind.MODIFIED
            changes.append(LeafChange(kind=kind, path=folder, old=old if before else None, new=new))
        elif old.document is not None:
            changes.append(LeafChange(kind=ChangeKind.REMOVED, path=folder, old=old))
    return sorted(_pair(sides, changes), key=lambda change: change.path)


def _settle(sides: Sides, changes: list[FileChange]) -> list[FileChange]:
    """Hash what Git has not, and drop what then turns out to be the same: touched files, and modes that changed."""
    unknown = [change.new for change in changes if change.new is not None and change.new.oid is None]
    oids = dict(zip((entry.path for entry in unknown), sides.hash_new(unknown), strict=True))
    settled = (
        replace(change, new=hashed(change.new, oids[change.path])) if change.new and change.path in oids else change
        for change in changes
    )
    return [change for change in settled if not _same(change.old, change.new)]


def hashed(entry: Entry, oid: str | None) -> Entry:
    """The entry with the hash of its content, which Git need not have."""
    return replace(entry, oid=oid, stored=False)


def _same(old: Entry | None, new: Entry | None) -> bool:
    if old is None or new is None or old.oid is None:
        return False
    return old.oid == new.oid and old.regular == new.regular


def _group(sides: Sides, changes: list[FileChange]) -> dict[str, tuple[LeafFiles, LeafFiles]]:
    """The changed files by leaf, completed by the leaf's files that did not change."""
    old: dict[str, list[Entry]] = defaultdict(list)
    new: dict[str, list[Entry]] = defaultdict(list)
    changed = set()
    for change in changes:
        folder = leaf_of(change.path) if is_leaf_file(change.path) else change.path
        changed.add(change.path)
        for side, entry in ((old, change.old), (new, change.new)):
            files = side[folder]
            if entry is not None:
                files.append(entry)
    for entry in sides.children([folder for folder in old if folder not in changed]):
        # A folder may be named `qna.yaml`, too.
        if is_leaf_file(entry.path) and entry.path not in changed and entry.mode != FOLDER:
            old[leaf_of(entry.path)].append(entry)
            new[leaf_of(entry.path)].append(entry)
    return {folder: (leaf_files(old[folder]), leaf_files(new[folder])) for folder in sorted(old)}


def leaf_files(entries: Iterable[Entry]) -> LeafFiles:
    """Sort the files of one leaf, on one side, by what they are."""
    files = {entry.path: entry for entry in entries}
    named = {basename(path): entry for path, entry in files.items()}
    return LeafFiles(
        qna=named.get(QNA_FILE),
        attribution=named.get(ATTRIBUTION_FILE),
        misnamed=tuple(files[path] for path in sorted(files) if is_misnamed(path)),
        blocked=next((entry for path, entry in files.items() if not is_leaf_file(path)), None),
    )


# Renames and copies


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    """One side of a change, as far as pairing goes by it: the leaf's path, and its document."""

    path: str
    document: Entry
    files: LeafFiles

    @classmethod
    def of(cls, path: str, files: LeafFiles | None) -> Iterator["_Side"]:
        """None of a leaf without a document of its own: a link's text is no content."""
        if files is not None and files.document is not None and files.document.regular:
            yield cls(path=path, document=files.document, files=files)


def _pair(sides: Sides, changes: list[LeafChange]) -> list[LeafChange]:
    """Turn removed and added leaves into renamed and copied ones, going by `qna.yaml` alone.

    First the same bytes, then at least half of the seed examples in common. Git's own rename detection misses a plain
    `mv`, and pairs one leaf's attribution with another's. A copy is of the same bytes, from a leaf that is changed too.
    """
    sources = [side for change in changes for side in _Side.of(change.path, change.old)]
    gone = {change.path for change in changes if change.kind is ChangeKind.REMOVED}
    removed = [side for side in sources if side.path in gone]
    added = [side for change in changes if change.old is None for side in _Side.of(change.path, change.new)]
    origin = _by_bytes(removed, added)
    moved = {source.path for source in origin.values()}
    origin |= _by_seed_examples(
        sides,
        [side for side in removed if side.path not in moved],
        [side for side in added if side.path not in origin],
    )
    originals = {side.document.oid: side for side in reversed(sources)}
    copied = {side.path: originals[side.document.oid] for side in added if side.document.oid in originals}
    return list(_retold(changes, renamed=origin, copied=copied))


def _retold(changes: list[LeafChange], *, renamed: dict[str, _Side], copied: dict[str, _Side]) -> Iterator[LeafChange]:
    """The changes, with added leaves told as renamed or copied, and without the removed ones that were renamed."""
    moved = {source.path for source in renamed.values()}
    for change in changes:
        if change.kind is ChangeKind.REMOVED:
            if change.path not in moved:
                yield change
        elif (source := renamed.get(change.path)) is not None:
            yield replace(change, kind=ChangeKind.RENAMED, old_path=source.path, old=source.files)
        elif (source := copied.get(change.path)) is not None:
            yield replace(change, kind=ChangeKind.COPIED, old_path=source.path, old=source.files)
        else:
            yield change


def _by_bytes(removed: list[_Side], added: list[_Side]) -> dict[str, _Side]:
    """Which removed leaf each added one is, by equal blobs; among several, first those whose folder kept its name."""
    origin: dict[str, _Side] = {}
    for same_name in (True, False):
        taken = {source.path for source in origin.values()}
        candidates: dict[tuple[str | None, str], deque[_Side]] = defaultdict(deque)
        for source in removed:
            if source.path not in taken:
                candidates[source.document.oid, basename(source.path) if same_name else ""].append(source)
        for side in added:
            same = candidates.get((side.document.oid, basename(side.path) if same_name else ""))
            if same and side.path not in origin:
                origin[side.path] = same.popleft()
    return origin


def _by_seed_examples(sides: Sides, removed: list[_Side], added: list[_Side]) -> dict[str, _Side]:
    """Which removed leaf each added one is, by the seed examples that they share.

    Goes through an index of seed examples, so that the work grows with the leaves and not with their pairs. A seed
    example that stands in many removed leaves tells none of them from the others, and is passed over.
    """
    if not removed or not added:
        return {}
    index: dict[bytes, list[int]] = defaultdict(list)
    sizes = []
    for number, content in enumerate(sides.read_old([side.document for side in removed])):
        seeds = _seed_prints(content)
        sizes.append(len(seeds))
        for seed in seeds:
            index[seed].append(number)
    scores = []
    for side, content in zip(added, sides.read_new([side.document for side in added]), strict=True):
        seeds = _seed_prints(content)
        places = (index.get(seed, ()) for seed in seeds)
        shared = Counter(number for numbers in places if len(numbers) <= _COMMON for number in numbers)
        for number, count in shared.items():
            score = count / max(len(seeds), sizes[number])
            if score >= _SIMILAR:
                other_name = basename(side.path) != basename(removed[number].path)
                scores.append((-score, other_name, removed[number].path, side.path, number))
    origin: dict[str, _Side] = {}
    taken = set()
    for *_, path, number in sorted(scores):
        if path not in origin and number not in taken:
            origin[path] = removed[number]
            taken.add(number)
    return origin


def _seed_prints(content: bytes | Unreadable) -> set[bytes]:
    """The fingerprints of a document's seed examples; none of what is no document."""
    document = load(content) if isinstance(content, bytes) else None
    seeds = seed_examples(document.data) if isinstance(document, Document) else []
    prints = Fingerprints()
    return {prints.of(seed) for seed in seeds}


def group_leaves(entries: Iterable[Entry]) -> dict[str, LeafFiles]:
    """The leaves that files make up: folder to files, sorted by folder. An attribution alone is no leaf."""
    folders: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        folders[leaf_of(entry.path) if is_leaf_file(entry.path) else entry.path].append(entry)
    leaves = {folder: leaf_files(folders[folder]) for folder in sorted(folders)}
    return {folder: files for folder, files in leaves.items() if files.document or files.blocked}
