"""An item of a list stands there twice.

What it flags
    A seed example, a question-and-answer pair or a pattern that is equal to an earlier one of the same list (from
    version 2 on).

Why
    A repeated example adds nothing and counts twice when samples are drawn.

Instead
    patterns: ["*.md", "docs/*.md"]

For example
    patterns: ["*.md", "*.md"]
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, violations

CODE = "TX306"
NAME = "repeated-item"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding an item, at the later one."""
    for violation in violations(subject, CODE):
        first = (*violation.route[:-1], violation.first)
        line = f" on line {subject.document.span(first).line}" if subject.document else ""
        message = f"{name_of(violation.route)} repeats item {violation.first + 1}{line}"
        yield Finding(message=message, route=violation.route, hint="write another, or remove it")
