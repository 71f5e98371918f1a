"""What the seed examples of a document say: its pairs of question and answer, their contexts, and where each stands.

Both shapes are read, whatever the leaf's kind: a skill's seed example is a pair, with or without a context, and one of
knowledge is a context with a list of pairs. Types may be wrong everywhere: what is no text is not there, and what is no
seed example says nothing. Aliases can make 100,000 values of a few, texts of 1 MiB among them: they are then the very
same objects, and who works on each text remembers what came of it by its `id`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from taxonomy_tools.content import seed_examples
from taxonomy_tools.diagnostics import Span
from taxonomy_tools.document import Document, Route

_SEEDS = "seed_examples"
_PAIRS = "questions_and_answers"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of a seed example, and the route to it."""

    text: str
    route: Route


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question and its answer, at least one of the two, and the context that they are about.

    Each is None where there is none or it is no text. `route` leads to the mapping that holds question and answer: the
    seed example itself in a skill. The context of several pairs of knowledge is one and the same `Passage`.
    """

    route: Route
    question: Passage | None = None
    answer: Passage | None = None
    context: Passage | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seeds:
    """All that `pairs` and `contexts` give. `texts` are their passages, one of each text that aliases repeat."""

    pairs: tuple[Pair, ...]
    contexts: tuple[Passage, ...]
    texts: tuple[Passage, ...]


@lru_cache(maxsize=1)
def read(document: Document) -> Seeds:
    """What the seed examples of a document say, for the rules that look at it one after the other."""
    found, around = tuple(pairs(document.data)), tuple(contexts(document.data))
    said = (passage for pair in found for passage in (pair.question, pair.answer) if passage is not None)
    texts: dict[object, Passage] = {}
    for passage in (*around, *said):
        # By `id`, not by text: what is written twice is to be told twice. Python has but one "" and one of each letter.
        texts.setdefault(id(passage.text) if len(passage.text) > 1 else passage.route, passage)
    return Seeds(pairs=found, contexts=around, texts=tuple(texts.values()))


def span_within(document: Document, route: Route, part: str) -> Span:
    """Where a part of the text at a route first stands, or all of the text where escapes or folded lines hide it."""
    whole, source = document.span(route), document.source(route)
    start = document.text.start(whole.line) + whole.column - 1
    index = source.find(part) if document.text.text.startswith(source, start) else -1  # an alias stands elsewhere
    return document.text.span(start + index, start + index + len(part)) if index >= 0 else whole


def pairs(data: object) -> Iterator[Pair]:
    """The pairs of a document's data, in the order in which they stand, those that aliases repeat again and again."""
    for index, seed in enumerate(seed_examples(data)):
        if not isinstance(seed, dict):
            continue
        route: Route = (_SEEDS, index)
        context = _passage(seed, "context", route)
        own = _pair(seed, route, context)
        if own is not None:
            yield own
        listed = seed.get(_PAIRS)
        for number, value in enumerate(listed if isinstance(listed, list) else ()):
            pair = _pair(value, (*route, _PAIRS, number), context) if isinstance(value, dict) else None
            if pair is not None:
                yield pair


def contexts(data: object) -> Iterator[Passage]:
    """The contexts of a document's data, those without a pair too."""
    for index, seed in enumerate(seed_examples(data)):
        context = _passage(seed, "context", (_SEEDS, index)) if isinstance(seed, dict) else None
        if context is not None:
            yield context


def _pair(mapping: dict[object, object], route: Route, context: Passage | None) -> Pair | None:
    question, answer = _passage(mapping, "question", route), _passage(mapping, "answer", route)
    if question is None and answer is None:
        return None
    return Pair(route=route, question=question, answer=answer, context=context)


def _passage(mapping: dict[object, object], key: str, route: Route) -> Passage | None:
    text = mapping.get(key)
    return Passage(text, (*route, key)) if isinstance(text, str) else None
