"""A context of knowledge has too many words.

What it flags
    A `context` of knowledge with more than 500 words (`context_words` of the configuration). In Chinese and Japanese
    two characters are a word, in Thai, Lao, Burmese and Khmer five.

Why
    Upstream asks for no more: a context is shown to a teacher model with all its questions, and of a long one it uses
    the beginning.

Instead
    The part of the document that the questions are about, or two seed examples with a context each.

For example
    A context that is a whole chapter of 2,000 words.
"""

from collections.abc import Iterator
from functools import cache

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.base import Finding, Subject
from taxonomy_tools.seeds import read
from taxonomy_tools.words import count_words

CODE = "TX504"
NAME = "context-too-long"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a context."""
    if subject.document is None or subject.kind is not LeafKind.KNOWLEDGE:
        return
    count = cache(count_words)
    limit = subject.standards.context_words
    for context in read(subject.document).contexts:
        words = count(context.text)
        if words > limit:
            message = f"`context` has {words:,} words, more than {limit:,}"
            yield Finding(message=message, route=context.route, hint="shorten it, or make two of it")
