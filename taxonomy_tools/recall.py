"""What was found in leaves before: under which keys it is kept, and when it may be.

Two things are kept of a leaf: its verdict, under a hash of everything that an examination looks at, and in what its
document differs from the one before, under the hashes of the two. Both know files by the hashes that Git has of them,
so a leaf that is known is not even read. The questions of a verdict, most of its text, lie apart: they are asked for
only where what is found across leaves is not known. What could not be read, and what yamllint gave up on, is not kept:
the next time it may be otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b

from taxonomy_tools.cache import Cache, cache_key
from taxonomy_tools.content import Difference
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import LeafFiles, hashed
from taxonomy_tools.examine import Examined, Leaf, Terms
from taxonomy_tools.records import from_json, to_json
from taxonomy_tools.source import Entry, Source, blob_oid
from taxonomy_tools.toolchain import toolchain
from taxonomy_tools.verdict import Question, Verdict

_Questions = tuple[Question, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A leaf with the hashes of its files, and the keys of what is to be known of it.

    `verdict` and `questions` are None for a leaf of which nothing can be known, `difference` where there are no two
    documents.
    """

    leaf: Leaf
    verdict: bytes | None = None
    questions: bytes | None = None
    difference: bytes | None = None

    @property
    def keys(self) -> tuple[bytes, ...]:
        """All that must be known so that the leaf need not be examined; none where nothing can be."""
        return tuple(key for key in (self.verdict, self.questions, self.difference) if key is not None)


def verdict_key(leaf: Leaf, terms: Terms) -> bytes | None:
    """The key of a leaf's verdict, None for a leaf with a file whose content is not known by a hash."""
    return _verdict_key(leaf, _spelled(terms))


def difference_key(leaf: Leaf) -> bytes | None:
    """The key of what a leaf's document differs in from the one before; None where there are no two to compare."""
    change = leaf.change
    if change is None or change.old is None or change.new is None:
        return None
    old, new = change.old.document, leaf.files.qna
    return cache_key("difference", toolchain(), *(entry and entry.oid for entry in (old, new)))


def across_key(verdicts: Iterable[bytes], similarity: float) -> bytes:
    """The key of what is found across leaves: of their verdicts, in order, and the limit that they are held to."""
    digest = blake2b(digest_size=20)
    for key in verdicts:
        digest.update(key)
    return cache_key("across", toolchain(), digest.hexdigest(), similarity)


class Recall:
    """What the cache knows of leaves that are examined on the same terms."""

    def __init__(self, cache: Cache, terms: Terms) -> None:
        self._cache = cache
        self._terms = terms

    def queries(self, leaves: Sequence[Leaf], new: Source) -> list[Query]:
        """The keys of the leaves. Files that nobody has hashed are read for that, if there is a cache at all."""
        if not self._cache.is_open:
            return [Query(leaf=leaf) for leaf in leaves]
        terms = _spelled(self._terms)
        return [_query(leaf, terms) for leaf in _hashed(leaves, new, self._terms.object_format)]

    def missing(self, queries: Sequence[Query]) -> list[bool]:
        """For each leaf, whether it must be examined. Of the others it may turn out so when they are looked up."""
        known = self._cache.known(dict.fromkeys(key for query in queries for key in query.keys))
        return [not (query.keys and known.issuperset(query.keys)) for query in queries]

    def find(self, queries: Iterable[Query], *, questions: bool = True) -> list[Examined | None]:
        """What is known of each leaf, None where that is not all; without the questions if nobody needs them."""
        wanted = [query if questions else replace(query, questions=None) for query in queries]
        values = self._cache.get_many(dict.fromkeys(key for query in wanted for key in query.keys))
        return [_examined(query, values) for query in wanted]

    def keep(self, results: Iterable[tuple[Query, Examined]]) -> None:
        """Keep what came of leaves, where it comes from the bytes that their keys stand for."""
        items: dict[bytes, object] = {}
        for query, examined in results:
            if query.verdict is None or query.questions is None:
                continue
            if examined.lasting and examined.files == query.leaf.files:
                items[query.verdict] = to_json(replace(examined.verdict, questions=()))
                items[query.questions] = to_json(examined.verdict.questions)
                if query.difference is not None:
                    items[query.difference] = to_json(examined.difference)
        self._cache.put_many(items)

    def across(self, queries: Sequence[Query], similarity: float) -> bytes | None:
        """The key of what is found across the leaves of these queries; None if any of them cannot be known."""
        keys = [query.verdict for query in queries if query.leaf.is_there]
        known = [key for key in keys if key is not None]
        return across_key(known, similarity) if known and len(known) == len(keys) else None

    def find_across(self, key: bytes | None) -> dict[str, tuple[Diagnostic, ...]] | None:
        """What was found across leaves under a key, by the paths of leaves; None if that is not known."""
        if key is None:
            return None
        record = from_json(_Across, self._cache.get_many([key]).get(key))
        return dict(record.found) if record is not None else None

    def keep_across(self, key: bytes | None, found: Mapping[str, tuple[Diagnostic, ...]]) -> None:
        """Keep what was found across leaves, by their paths."""
        if key is not None:
            self._cache.put_many({key: to_json(_Across(found=tuple(found.items())))})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Across:
    """What was found across leaves: paths of leaves with what was found of each."""

    found: tuple[tuple[str, tuple[Diagnostic, ...]], ...]


def _query(leaf: Leaf, terms: str) -> Query:
    verdict = _verdict_key(leaf, terms)
    if verdict is None:
        return Query(leaf=leaf)
    questions = cache_key("questions", verdict.hex())
    return Query(leaf=leaf, verdict=verdict, questions=questions, difference=difference_key(leaf))


def _verdict_key(leaf: Leaf, terms: str) -> bytes | None:
    files = leaf.files
    before = leaf.change.old.document if leaf.change is not None and leaf.change.old is not None else None
    read = [entry for entry in (files.qna, files.attribution, before) if entry is not None]
    if files.blocked is not None or any(entry.oid is None or not entry.regular for entry in read):
        return None
    return cache_key(
        "verdict",
        terms,
        leaf.path,
        _facts(files.qna),
        _facts(files.attribution),
        [entry.path for entry in files.misnamed],
        to_json(leaf.surroundings),
        None if leaf.is_there else _facts(before),
    )


def _facts(entry: Entry | None) -> list[object] | None:
    return None if entry is None else [entry.path, entry.mode, entry.oid]


def _spelled(terms: Terms) -> str:
    """What an examination goes by, and who examines, as one hash. How files are hashed shows in their hashes."""
    parts: dict[str, object] = {
        field.name: to_json(getattr(terms, field.name))
        for field in fields(terms)
        if field.name not in ("lint_rules", "object_format")
    }
    rules = [(name, blake2b(content).hexdigest()) for name, content in terms.lint_rules.files]
    return cache_key("terms", toolchain(), rules, parts).hex()


def _hashed(leaves: Sequence[Leaf], new: Source, object_format: str) -> Iterator[Leaf]:
    """The leaves with the hashes of those files that nobody has hashed yet, as far as they can be read."""
    unknown = [
        entry for leaf in leaves for entry in (leaf.files.qna, leaf.files.attribution) if entry and _is_unknown(entry)
    ]
    oids = {
        entry.path: blob_oid(content, object_format)
        for entry, content in zip(unknown, new.read(unknown) if unknown else (), strict=True)
        if isinstance(content, bytes)
    }
    for leaf in leaves:
        yield replace(leaf, files=_with_oids(leaf.files, oids)) if oids else leaf


def _is_unknown(entry: Entry) -> bool:
    return entry.oid is None and entry.regular


def _with_oids(files: LeafFiles, oids: Mapping[str, str]) -> LeafFiles:
    qna, attribution = (
        hashed(entry, oids[entry.path]) if entry is not None and entry.path in oids else entry
        for entry in (files.qna, files.attribution)
    )
    return replace(files, qna=qna, attribution=attribution)


def _examined(query: Query, values: Mapping[bytes, object]) -> Examined | None:
    if query.verdict is None or not values.keys() >= set(query.keys):
        return None
    verdict = from_json(Verdict, values[query.verdict])
    questions = from_json(_Questions, values[query.questions]) if query.questions is not None else ()
    difference = from_json(Difference, values[query.difference]) if query.difference is not None else None
    if verdict is None or questions is None or (difference is None and query.difference is not None):
        return None
    if questions:
        verdict = replace(verdict, questions=questions)
    return Examined(verdict=verdict, files=query.leaf.files, difference=difference, lasting=True)
