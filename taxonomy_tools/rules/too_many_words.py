"""The pairs of a skill have too many words together.

What it flags
    A skill whose questions and answers have more than 2,300 words together (`skill_words` of the configuration).
    Contexts are not counted. A word has a letter or a digit: the lines of a table have none. In Chinese and Japanese
    two characters are a word, in Thai, Lao, Burmese and Khmer five.

Why
    Upstream asks for no more: the pairs are shown to a teacher model, whose window is limited, and what does not fit is
    cut without a word.

Instead
    Shorter answers, or several leaves of which each teaches a part of the skill.

For example
    Five seed examples with answers of 500 words each.
"""

from collections.abc import Iterator
from functools import cache

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.base import Finding, Subject
from taxonomy_tools.seeds import read
from taxonomy_tools.words import count_words

CODE = "TX503"
NAME = "too-many-words"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """The seed examples, at their key."""
    if subject.document is None or subject.kind is LeafKind.KNOWLEDGE:
        return
    count = cache(count_words)
    pairs = read(subject.document).pairs
    total = sum(count(passage.text) for pair in pairs for passage in (pair.question, pair.answer) if passage)
    limit = subject.standards.skill_words
    if total > limit:
        message = f"questions and answers have {total:,} words together, more than {limit:,}"
        yield Finding(message=message, route=("seed_examples",), hint="shorten them, or split the leaf")
