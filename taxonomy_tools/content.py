"""What changed inside a leaf node: which seed examples, and which other fields."""

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from taxonomy_tools.text import shorten

_SEEDS = "seed_examples"
_SIMILAR = 0.5
"""The share of a seed example's words from which on two are one that was edited."""
_PAIRS = 2_500
_WORDS = 300
_LEVELS = 3
_SPELLED_BITS = 1024
"""Bounds that keep the work linear, and names short: see where they are used."""
_PLAIN_KEY = re.compile(r"""[^\s."'\\]+""")


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What two versions of a document differ in: all that their bytes tell.

    `content` is None where one of the two is no mapping. `lines` are those of the new that the old does not have in the
    same order, None where one could not be read.
    """

    content: ContentChange | None = None
    lines: tuple[range, ...] | None = None


def seed_examples(data: object) -> list[object]:
    """The seed examples of a document's data; none if there is no list of them."""
    seeds = data.get(_SEEDS) if isinstance(data, dict) else None
    return seeds if isinstance(seeds, list) else []


def compare(old: object, new: object, *, attribution: bool, document: bool) -> ContentChange:
    """What differs between a document's data before and after. Both are mappings, or have no fields to speak of.

    `attribution` and `document` say whether the bytes of `attribution.txt` and of `qna.yaml` differ. Seed examples are
    matched by content, so that their order does not matter; what is left is an edit of what it most resembles.
    """
    prints = Fingerprints()
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


class Fingerprints:
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
    before: list[object], after: list[object], gone: list[int], come: list[int], prints: Fingerprints
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


def _common_fields(old: object, new: object, prints: Fingerprints) -> float:
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
    old: dict[object, object], new: dict[object, object], prints: Fingerprints, *, levels: int = _LEVELS
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
