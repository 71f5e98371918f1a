"""What changed between two states of a taxonomy: leaf by leaf, and inside a leaf."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import Enum
from posixpath import basename
from typing import Protocol

from taxonomy_tools.document import Document, load
from taxonomy_tools.layout import (
    ATTRIBUTION_FILE,
    QNA_FILE,
    is_leaf_file,
    is_misnamed,
    leaf_of,
)
from taxonomy_tools.source import Entry, FileChange, Unreadable

_SIMILAR = 0.5
"""The share of seed examples, or of a seed example's words, from which on two are one that changed."""
_COMMON = 50
_PAIRS = 400
_WORDS = 300
"""Bounds that keep the work linear: see where they are used."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedEdit:
    """A seed example that was edited: where it stood, where it stands (from 0), and which of its fields differ."""

    old: int
    new: int
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ContentChange:
    """What changed inside a leaf. Indices count seed examples from 0, of the new side for `added`, of the old else.

    `fields` are the other keys that differ, dotted (`document.commit`). `layout_only` says that `qna.yaml` differs in
    bytes while its data is the same: comments, order of keys, quoting.
    """

    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    edited: tuple[SeedEdit, ...] = ()
    fields: tuple[str, ...] = ()
    attribution: bool = False
    layout_only: bool = False


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

    def blob_oid(self, data: bytes) -> str:
        """What Git would call a blob of these bytes."""


def leaf_changes(sides: Sides) -> list[LeafChange]:
    """Find the leaf nodes that differ, sorted by path. What is a rename is ours to say: see `_pair`."""
    touched = _settle(sides, list(sides.changes()))
    groups = _group(sides, touched)
    sides.prepare(entry for pair in groups.values() for files in pair for entry in files.entries)
    changes = []
    for folder, (old, new) in groups.items():
        before, after = old.document or old.blocked, new.document or new.blocked
        if after is not None:
            kind = ChangeKind.ADDED if before is None else ChangeKind.MODIFIED
            changes.append(LeafChange(kind=kind, path=folder, old=old if before else None, new=new))
        elif before is not None and old.document is not None:
            changes.append(LeafChange(kind=ChangeKind.REMOVED, path=folder, old=old))
    return sorted(_pair(sides, changes), key=lambda change: change.path)


def _settle(sides: Sides, changes: list[FileChange]) -> list[FileChange]:
    """Drop what only looks changed: touched files, and files whose mode alone differs."""
    unknown = [change for change in changes if change.old and change.new and _unhashed(change.new)]
    contents = sides.read_new([change.new for change in unknown if change.new])
    hashes = {change.path: _hash(sides, content) for change, content in zip(unknown, contents, strict=True)}
    settled = (
        replace(change, new=hashed(change.new, hashes[change.path])) if change.new and change.path in hashes else change
        for change in changes
    )
    return [change for change in settled if not _same(change.old, change.new)]


def _unhashed(entry: Entry) -> bool:
    return entry.oid is None and entry.regular


def hashed(entry: Entry, oid: str | None) -> Entry:
    """The entry with the hash of its content, which Git need not have."""
    return replace(entry, oid=oid, stored=False)


def _hash(sides: Sides, content: bytes | Unreadable) -> str | None:
    return sides.blob_oid(content) if isinstance(content, bytes) else None


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
        if is_leaf_file(entry.path) and entry.path not in changed:
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


def _pair(sides: Sides, changes: list[LeafChange]) -> list[LeafChange]:
    """Turn removed and added leaves into renamed and copied ones, going by `qna.yaml` alone.

    First the same bytes, then at least half of the seed examples in common. Git's own rename detection misses a plain
    `mv`, and pairs one leaf's attribution with another's. A copy is of the same bytes, from a leaf that is changed too.
    """
    removed = [change for change in changes if change.kind is ChangeKind.REMOVED]
    added = [change for change in changes if change.kind is ChangeKind.ADDED and change.new and change.new.document]
    sources = [change for change in changes if change.old is not None and change.old.document is not None]
    if not added or not sources:
        return changes
    added = _with_hashes(sides, added)
    origin = _by_bytes(removed, added)
    moved = {change.path for change in origin.values()}
    origin |= _by_seed_examples(
        sides,
        [change for change in removed if change.path not in moved],
        [change for change in added if change.path not in origin],
    )
    moved = {change.path for change in origin.values()}
    by_hash = {_document(change.old).oid: change for change in reversed(sources)}
    replaced: dict[str, LeafChange] = {}
    for change in added:
        copied = by_hash.get(_document(change.new).oid)
        if change.path in origin:
            replaced[change.path] = _moved(change, origin[change.path], ChangeKind.RENAMED)
        elif copied is not None:
            replaced[change.path] = _moved(change, copied, ChangeKind.COPIED)
    gone = {change.path for change in removed} & moved
    return [
        replaced.get(change.path, change)
        for change in changes
        if not (change.kind is ChangeKind.REMOVED and change.path in gone)
    ]


def _moved(change: LeafChange, source: LeafChange, kind: ChangeKind) -> LeafChange:
    return replace(change, kind=kind, old_path=source.path, old=source.old)


def _document(files: LeafFiles | None) -> Entry:
    assert files is not None
    assert files.document is not None
    return files.document


def _with_hashes(sides: Sides, added: list[LeafChange]) -> list[LeafChange]:
    unknown = [change for change in added if _unhashed(_document(change.new))]
    contents = sides.read_new([_document(change.new) for change in unknown])
    hashes = {change.path: _hash(sides, content) for change, content in zip(unknown, contents, strict=True)}
    return [_hashed(change, hashes[change.path]) if change.path in hashes else change for change in added]


def _hashed(change: LeafChange, oid: str | None) -> LeafChange:
    files = change.new
    assert files is not None
    if files.qna is not None:
        return replace(change, new=replace(files, qna=hashed(files.qna, oid)))
    first, *others = files.misnamed
    return replace(change, new=replace(files, misnamed=(hashed(first, oid), *others)))


def _by_bytes(removed: list[LeafChange], added: list[LeafChange]) -> dict[str, LeafChange]:
    """Which removed leaf each added one is, by equal blobs; among several, the one whose folder has the same name."""
    candidates: dict[str | None, list[LeafChange]] = defaultdict(list)
    for change in removed:
        candidates[_document(change.old).oid].append(change)
    origin = {}
    for same_name in (True, False):
        for change in added:
            same = candidates.get(_document(change.new).oid) if change.path not in origin else None
            for source in same or ():
                if same is not None and (basename(source.path) == basename(change.path)) >= same_name:
                    origin[change.path] = source
                    same.remove(source)
                    break
    return origin


def _by_seed_examples(sides: Sides, removed: list[LeafChange], added: list[LeafChange]) -> dict[str, LeafChange]:
    """Which removed leaf each added one is, by the seed examples that they share.

    Goes through an index of seed examples, so that the work grows with the leaves and not with their pairs. A seed
    example that stands in many removed leaves tells none of them from the others, and is passed over.
    """
    if not removed or not added:
        return {}
    index: dict[int, list[int]] = defaultdict(list)
    sizes = []
    for number, content in enumerate(sides.read_old([_document(change.old) for change in removed])):
        keys = _seed_keys(content)
        sizes.append(len(keys))
        for key in keys:
            index[key].append(number)
    scores = []
    for change, content in zip(added, sides.read_new([_document(change.new) for change in added]), strict=True):
        keys = _seed_keys(content)
        shared = Counter(number for key in keys if len(index[key]) <= _COMMON for number in index[key])
        for number, count in shared.items():
            score = count / max(len(keys), sizes[number])
            if score >= _SIMILAR:
                scores.append((-score, removed[number].path, change.path, number))
    origin: dict[str, LeafChange] = {}
    taken = set()
    for _, _, path, number in sorted(scores):
        if path not in origin and number not in taken:
            origin[path] = removed[number]
            taken.add(number)
    return origin


def _seed_keys(content: bytes | Unreadable) -> set[int]:
    document = load(content) if isinstance(content, bytes) else None
    seeds = seed_examples(document.data) if isinstance(document, Document) else []
    return {hash(_canonical(seed)) for seed in seeds}


def group_leaves(entries: Iterable[Entry]) -> dict[str, LeafFiles]:
    """The leaves that files make up: folder to files, sorted by folder. An attribution alone is no leaf."""
    folders: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        folders[leaf_of(entry.path) if is_leaf_file(entry.path) else entry.path].append(entry)
    leaves = {folder: leaf_files(folders[folder]) for folder in sorted(folders)}
    return {folder: files for folder, files in leaves.items() if files.document or files.blocked}


def seed_examples(data: object) -> list[object]:
    """The seed examples of a document's data; none if there is no list of them."""
    seeds = data.get("seed_examples") if isinstance(data, dict) else None
    return seeds if isinstance(seeds, list) else []


def compare(old: object, new: object, *, attribution: bool, document: bool) -> ContentChange:
    """What differs between a document's data before and after.

    `attribution` and `document` say whether the bytes of `attribution.txt` and of `qna.yaml` differ. Seed examples are
    matched by content, so that their order does not matter; what is left is an edit of what it most resembles.
    """
    before, after = seed_examples(old), seed_examples(new)
    gone, come = _unmatched(before, after)
    edited = sorted(_edits(before, after, gone, come), key=lambda edit: edit.new)
    removed = tuple(index for index in gone if all(edit.old != index for edit in edited))
    added = tuple(index for index in come if all(edit.new != index for edit in edited))
    fields = tuple(sorted(_differing(old, new)))
    return ContentChange(
        added=added,
        removed=removed,
        edited=tuple(edited),
        fields=fields,
        attribution=attribution,
        layout_only=document and not (added or removed or edited or fields),
    )


def _unmatched(before: list[object], after: list[object]) -> tuple[list[int], list[int]]:
    """The indices of what stands on one side only, each occurrence counted."""
    places: dict[object, list[int]] = defaultdict(list)
    for index, seed in enumerate(before):
        places[_canonical(seed)].append(index)
    come = []
    for index, seed in enumerate(after):
        same = places.get(_canonical(seed))
        if same:
            same.pop(0)
        else:
            come.append(index)
    return sorted(index for left in places.values() for index in left), come


def _edits(before: list[object], after: list[object], gone: list[int], come: list[int]) -> Iterator[SeedEdit]:
    """Pair what went with what came, the most alike first."""
    if len(gone) * len(come) > _PAIRS:
        return
    scores = [(-_likeness(before[old], after[new]), abs(old - new), old, new) for old in gone for new in come]
    taken: set[tuple[str, int]] = set()
    for score, _, old, new in sorted(scores):
        if -score >= _SIMILAR and not taken & {("old", old), ("new", new)}:
            taken |= {("old", old), ("new", new)}
            yield SeedEdit(old=old, new=new, fields=tuple(sorted(_differing(before[old], after[new]))))


def _likeness(old: object, new: object) -> float:
    """From 0 to 1. A field in common is enough for an edit; else it goes by the words."""
    if isinstance(old, dict) and isinstance(new, dict):
        same = sum(key in new and _canonical(old[key]) == _canonical(new[key]) for key in old)
        if same:
            return max(_SIMILAR, same / max(len(old), len(new)))
    matcher = SequenceMatcher(None, _words(old), _words(new))
    return matcher.ratio() if matcher.quick_ratio() >= _SIMILAR else 0.0


def _words(value: object) -> list[str]:
    return str(value).split()[:_WORDS]


def _differing(old: object, new: object) -> set[str]:
    """The keys of two mappings whose values differ, dotted where both values are mappings; without seed examples."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return set()
    fields = set()
    for key in (old.keys() | new.keys()) - {"seed_examples"}:
        if key in old and key in new:
            if _canonical(old[key]) == _canonical(new[key]):
                continue
            if isinstance(old[key], dict) and isinstance(new[key], dict):
                fields |= {f"{key}.{inner}" for inner in _differing(old[key], new[key])}
                continue
        fields.add(str(key))
    return fields


def _canonical(value: object) -> object:
    """A hashable that is equal for equal YAML data, whatever the order of keys; `1`, `1.0` and `true` differ."""
    if isinstance(value, dict):
        return frozenset((_canonical(key), _canonical(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_canonical(item) for item in value)
    if isinstance(value, set):
        return frozenset(_canonical(item) for item in value)
    return (type(value).__name__, repr(value))
