"""A value is empty.

What it flags
    A key with nothing after its colon, an empty item of a list, or text of no characters, where something is due.

Why
    An empty context or answer teaches a model to say nothing.

Instead
    answer: High, dry and try do.

For example
    answer:
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, violations

CODE = "TX305"
NAME = "empty-value"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a value, at its key where there is one."""
    for violation in violations(subject, CODE):
        due = f": {violation.expected_words} is due here" if violation.expected else ""
        yield Finding(message=f"{name_of(violation.route)} is empty{due}", route=violation.route)
