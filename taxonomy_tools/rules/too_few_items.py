"""A list has fewer items than are due.

What it flags
    Fewer than 5 seed examples (1 in version 1), fewer than 3 question-and-answer pairs for a context of knowledge, no
    pattern in a `document`.

Why
    A model shown few examples repeats them. Upstream takes no leaf with fewer.

Instead
    patterns: ["*.md"]

For example
    patterns: []
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, number_of, violations

CODE = "TX304"
NAME = "too-few-items"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a list, at its key."""
    for violation in violations(subject, CODE):
        due = violation.limit if isinstance(violation.limit, int) else 0
        there = violation.count or "none"
        message = f"{name_of(violation.route)} needs at least {number_of(due, 'item')}, and has {there}"
        yield Finding(message=message, route=violation.route, hint=f"add {due - violation.count} more")
