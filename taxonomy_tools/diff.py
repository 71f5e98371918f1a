"""What changed between two states of a taxonomy: leaf by leaf, and inside a leaf."""

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b
from itertools import islice
from posixpath import basename
from typing import Protocol

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
from taxonomy_tools.text import shorten

_SEEDS = "seed_examples"
_SIMILAR = 0.5
"""The share of seed examples, or of a seed example's words, from which on two are one that changed."""
_COMMON = 50
_PAIRS = 2_500
_WORDS = 300
_LEVELS = 3
_SPELLED_BITS = 1024
"""Bounds that keep the work linear, and names short: see where they are used."""
_PLAIN_KEY = re.compile(r"""[^\s."'\\]+""")


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

    `fields` are the other keys that differ, dotted (`document.commit`; a key that holds a dot itself stands in quotes).
    `layout_only` says that `qna.yaml` differs in bytes while its data is the same: comments, order of keys or of seed
    examples, quoting.
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
    prints = _Fingerprints()
    return {prints.of(seed) for seed in seeds}


def group_leaves(entries: Iterable[Entry]) -> dict[str, LeafFiles]:
    """The leaves that files make up: folder to files, sorted by folder. An attribution alone is no leaf."""
    folders: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        folders[leaf_of(entry.path) if is_leaf_file(entry.path) else entry.path].append(entry)
    leaves = {folder: leaf_files(folders[folder]) for folder in sorted(folders)}
    return {folder: files for folder, files in leaves.items() if files.document or files.blocked}


# Inside a leaf


def seed_examples(data: object) -> list[object]:
    """The seed examples of a document's data; none if there is no list of them."""
    seeds = data.get(_SEEDS) if isinstance(data, dict) else None
    return seeds if isinstance(seeds, list) else []


def compare(old: object, new: object, *, attribution: bool, document: bool) -> ContentChange:
    """What differs between a document's data before and after. Both are mappings, or have no fields to speak of.

    `attribution` and `document` say whether the bytes of `attribution.txt` and of `qna.yaml` differ. Seed examples are
    matched by content, so that their order does not matter; what is left is an edit of what it most resembles.
    """
    prints = _Fingerprints()
    before, after = seed_examples(old), seed_examples(new)
    gone, come = _unmatched([prints.of(seed) for seed in before], [prints.of(seed) for seed in after])
    edited = sorted(_edits(before, after, gone, come, prints), key=lambda edit: edit.new)
    fields = set(_differing(_fields(old), _fields(new), prints))
    if _told_by_items(old, new):
        fields.discard(_SEEDS)
    comparable = isinstance(old, dict) and isinstance(new, dict)
    same = not (gone or come or fields) and (comparable or prints.of(old) == prints.of(new))
    return ContentChange(
        added=_without(come, (edit.new for edit in edited)),
        removed=_without(gone, (edit.old for edit in edited)),
        edited=tuple(edited),
        fields=tuple(sorted(fields)),
        attribution=attribution,
        layout_only=document and same,
    )


def _without(indices: list[int], edited: Iterable[int]) -> tuple[int, ...]:
    paired = set(edited)
    return tuple(index for index in indices if index not in paired)


def _told_by_items(old: object, new: object) -> bool:
    """Whether the seed examples themselves say all that differs: of two lists, or of one where there was nothing."""
    fields = [_fields(data).get(_SEEDS) for data in (old, new)]
    lists = [field for field in fields if isinstance(field, list)]
    return len(lists) == 2 or (any(lists) and None in fields)


def _fields(data: object) -> dict[object, object]:
    """The fields of a mapping; what is none has none."""
    return data if isinstance(data, dict) else {}


class _Fingerprints:
    """Fingerprints of YAML data: equal (128 bits of BLAKE2) for equal data, whatever the order of keys.

    `1`, `1.0` and `true` differ. Each object is looked at once, however often aliases repeat it: what they expand to
    may be of any size. The data must live as long as this does, since objects are known by their identity.
    """

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def of(self, value: object) -> bytes:
        """The fingerprint of a value."""
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = blake2b(self._spell(value), digest_size=16).digest()
        return known

    def _spell(self, value: object) -> bytes:
        if isinstance(value, dict):
            return b"map" + b"".join(sorted(self.of(key) + self.of(item) for key, item in value.items()))
        if isinstance(value, list | tuple):
            return b"list" + b"".join(self.of(item) for item in value)
        if isinstance(value, set):
            return b"set" + b"".join(sorted(self.of(item) for item in value))
        return f"{type(value).__name__} {_scalar(value)}".encode(errors="surrogatepass")


def _scalar(value: object) -> str:
    """A single value as text. Python refuses to spell integers of more than 4,300 digits in decimal."""
    if isinstance(value, int) and value.bit_length() > _SPELLED_BITS:
        return hex(value)
    return repr(value) if isinstance(value, bytes) else str(value)


def _unmatched(before: list[bytes], after: list[bytes]) -> tuple[list[int], list[int]]:
    """The indices of what stands on one side only, each occurrence counted."""
    places: dict[bytes, deque[int]] = defaultdict(deque)
    for index, seed in enumerate(before):
        places[seed].append(index)
    come = []
    for index, seed in enumerate(after):
        same = places.get(seed)
        if same:
            same.popleft()
        else:
            come.append(index)
    return sorted(index for left in places.values() for index in left), come


def _edits(
    before: list[object], after: list[object], gone: list[int], come: list[int], prints: _Fingerprints
) -> Iterator[SeedEdit]:
    """Pair what went with what came, the most alike first; of equally alike ones, those that stand closest.

    Every pair is looked at, so of very many (a rewritten leaf) none is made.
    """
    if not gone or not come or len(gone) * len(come) > _PAIRS:
        return
    said = {index: _words(before[index]) for index in gone}
    says = {index: _words(after[index]) for index in come}
    scores = []
    for old in gone:
        for new in come:
            likeness = max(_common_fields(before[old], after[new], prints), _common_words(said[old], says[new]))
            if likeness >= _SIMILAR:
                # The same order from either side, so that the comparison turned around pairs the same.
                scores.append((-likeness, abs(old - new), min(old, new), old, new))
    paired_old, paired_new = set(), set()
    for *_, old, new in sorted(scores):
        if old not in paired_old and new not in paired_new:
            paired_old.add(old)
            paired_new.add(new)
            fields = _differing(_fields(before[old]), _fields(after[new]), prints)
            yield SeedEdit(old=old, new=new, fields=tuple(sorted(set(fields))))


def _common_fields(old: object, new: object, prints: _Fingerprints) -> float:
    """The share of a seed example's fields that stayed, from 0 to 1; a single one is enough for an edit."""
    one, other = _fields(old), _fields(new)
    same = sum(key in other and prints.of(value) == prints.of(other[key]) for key, value in one.items())
    return max(_SIMILAR, same / max(len(one), len(other))) if same else 0.0


def _common_words(old: Counter[str], new: Counter[str]) -> float:
    """The share of words in common, from 0 to 1 (the Sørensen-Dice coefficient)."""
    return 2 * (old & new).total() / ((old.total() + new.total()) or 1)


def _words(value: object) -> Counter[str]:
    """The first words of all that the data say, with aliases followed only so far: their text can be of any size."""
    return Counter(islice(_each_word(value), _WORDS))


def _each_word(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _each_word(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _each_word(item)
    else:
        yield from _scalar(value).split(None, _WORDS)[:_WORDS]


def _differing(
    old: dict[object, object], new: dict[object, object], prints: _Fingerprints, *, levels: int = _LEVELS
) -> Iterator[str]:
    """The keys whose values differ, dotted where both values are mappings, down to so many levels."""
    before = {prints.of(key): (key, value) for key, value in old.items()}
    after = {prints.of(key): (key, value) for key, value in new.items()}
    for mark, (key, _) in (before | after).items():
        if mark not in before or mark not in after:
            yield _key_name(key)
            continue
        was, value = before[mark][1], after[mark][1]
        if prints.of(was) == prints.of(value):
            continue
        if isinstance(was, dict) and isinstance(value, dict) and levels > 1:
            yield from (f"{_key_name(key)}.{name}" for name in _differing(was, value, prints, levels=levels - 1))
        else:
            yield _key_name(key)


def _key_name(key: object) -> str:
    """A key as a part of a dotted name: as YAML spells it, short, and in quotes if it could be taken for several."""
    name = shorten(_scalar(key))
    if isinstance(key, str):
        return name if _PLAIN_KEY.fullmatch(name) and name.isprintable() else json.dumps(name, ensure_ascii=False)
    return name.lower() if isinstance(key, bool) else name if key is not None else "null"
