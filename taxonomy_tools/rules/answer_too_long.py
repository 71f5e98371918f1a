"""A question has too many words together with its answer.

What it flags
    A question and its answer that have more than 250 words together (`pair_words` of the configuration). In a skill,
    whose pairs are limited together (TX503 too-many-words), that is only worth a remark: to write at length may be what
    it teaches. In Chinese and Japanese two characters are a word, in Thai, Lao, Burmese and Khmer five.

Why
    Upstream asks for no more: several pairs are shown to a teacher model at once, and it writes answers as long as
    theirs.

Instead
    An answer to the point, or several questions with an answer each.

For example
    An answer that retells a chapter in 600 words.
"""

from collections.abc import Iterator
from functools import cache

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.base import Finding, Subject
from taxonomy_tools.seeds import Pair, Passage, read
from taxonomy_tools.words import count_words

CODE = "TX505"
NAME = "answer-too-long"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a pair, at the longer of the two."""
    if subject.document is None:
        return
    count = cache(count_words)
    limit = subject.standards.pair_words
    severity = None if subject.kind is LeafKind.KNOWLEDGE else Severity.INFO
    for pair in read(subject.document).pairs:
        lengths = [(count(passage.text), passage) for passage in _passages(pair)]
        words = sum(length for length, _ in lengths)
        if words > limit:
            _, longest = max(lengths, key=lambda counted: counted[0])
            message = f"question and answer have {words:,} words together, more than {limit:,}"
            hint = f"shorten the {longest.route[-1]}"
            yield Finding(message=message, route=longest.route, severity=severity, hint=hint)


def _passages(pair: Pair) -> Iterator[Passage]:
    """The answer first: of two that are as long, it is the one to shorten."""
    if pair.answer is not None:
        yield pair.answer
    if pair.question is not None:
        yield pair.question
