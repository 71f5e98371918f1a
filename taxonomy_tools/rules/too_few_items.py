"""A list has fewer items than are due.

What it flags
    Fewer than 5 seed examples (1 in version 1), fewer than 3 question-and-answer pairs for a context of knowledge, no
    pattern in a `document`.

Why
    A model shown few examples repeats them. Upstream takes no leaf with fewer.

Instead
    Write the rest, different from those that are there.

For example
    seed_examples:
      - question: What rhymes with sky?
        answer: High, dry and try do.
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, violations

CODE = "TX304"
NAME = "too-few-items"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a list, at its key."""
    for violation in violations(subject, CODE):
        there = str(violation.count) if violation.count else "none"
        message = f"{name_of(violation.route)} needs at least {violation.limit} items, and has {there}"
        yield Finding(message=message, route=violation.route)
