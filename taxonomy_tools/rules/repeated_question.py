"""A leaf asks the same question twice.

What it flags
    A question that is the same as an earlier one of its leaf but for case, white space, final punctuation and
    compatible characters (NFKC, but superscripts and subscripts are told apart: 10² is not 102), under another context
    too if the leaf is knowledge. A question about another context of a grounded skill is another question; in a skill,
    one with an answer of its own ("Tell me a joke") is only worth a remark. Whole items that are repeated are TX306
    repeated-item.

Why
    A question that is there twice teaches nothing new, counts twice when samples are drawn, and of two answers at most
    one is followed.

Instead
    - question: What rhymes with sea?
      answer: Tea, key and free do.
    - question: What rhymes with sky?
      answer: High, dry and try do.

For example
    - question: What rhymes with sea?
      answer: Tea, key and free do.
    - question: what rhymes with  SEA
      answer: Tea and key and free do.
"""

from collections.abc import Iterator
from functools import cache

from taxonomy_tools.diagnostics import Severity, Span
from taxonomy_tools.document import Document
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.base import Finding, Subject, violations
from taxonomy_tools.seeds import Pair, read
from taxonomy_tools.words import fold

CODE = "TX501"
NAME = "repeated-question"
SEVERITY = Severity.WARNING

_ANSWER = 2000
"""Code points of an answer that are looked at to tell whether it is another."""
_ALIKE = 0.6
"""The share of words from which on two answers are one, reworded or with a number at its end."""


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a question that was asked before, at the later one."""
    document = subject.document
    if document is None:
        return
    knowledge = subject.kind is LeafKind.KNOWLEDGE
    words = cache(_words)
    for first, later in _repetitions(document, subject, across_contexts=knowledge):
        place = _place(document, first, later)
        if place is None:
            continue
        before = document.span(first.route if first.question is None else first.question.route).line
        another = not _alike(words(_answer(first)), words(_answer(later)))
        message = f"this question stands on line {before} already{', with another answer' if another else ''}"
        severity = Severity.INFO if another and not knowledge else None
        yield Finding(message=message, span=place, severity=severity, hint="ask something else, or remove it")


def _repetitions(document: Document, subject: Subject, *, across_contexts: bool) -> Iterator[tuple[Pair, Pair]]:
    """Each pair whose question was there before, after the first that asks it."""
    told = {violation.route for violation in violations(subject, "TX306")}
    folded, joined = cache(fold), cache(_joined)
    firsts: dict[str, Pair] = {}
    within: dict[tuple[str, str], Pair] = {}
    for pair in read(document).pairs:
        asked = folded(pair.question.text) if pair.question is not None else ""
        first = firsts.setdefault(asked, pair)
        if not asked or first is pair:
            continue
        if not across_contexts:
            within.setdefault((asked, joined(_context(first))), first)
            first = within.setdefault((asked, joined(_context(pair))), pair)
        if first is not pair and not told.intersection((pair.route, pair.route[:2])):
            yield first, pair


def _place(document: Document, first: Pair, later: Pair) -> Span | None:
    """Where the later question stands, or its pair if the question itself came with a `<<`; None if all did."""
    for one, other in ((first.question, later.question), (first, later)):
        if one is not None and other is not None:
            place = document.span(other.route)
            if place != document.span(one.route):
                return place
    return None


def _context(pair: Pair) -> str:
    return pair.context.text if pair.context is not None else ""


def _answer(pair: Pair) -> str:
    return pair.answer.text if pair.answer is not None else ""


def _joined(text: str) -> str:
    return " ".join(text.split())


def _words(answer: str) -> frozenset[str]:
    return frozenset(fold(answer[:_ANSWER]).split())


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * len(one | other)
