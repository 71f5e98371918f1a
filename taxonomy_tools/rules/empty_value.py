"""A value is empty.

What it flags
    A key with nothing after its colon, an empty item of a list, `null` or `~`, or text of no characters, where
    something is due.

Why
    An empty context or answer teaches a model to say nothing.

Instead
    answer: High, dry and try do.

For example
    answer:
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, quote, violations

CODE = "TX305"
NAME = "empty-value"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a value: at its key, or at what stands for nothing."""
    for violation in violations(subject, CODE):
        written = subject.document.source(violation.route) if subject.document else ""
        null = f", since {quote(written)} is nothing in YAML" if violation.value is None and written else ""
        message = f"{name_of(violation.route)} is empty{null}: {violation.expected_words} is due here"
        hint = f'write "{written}" if that is meant' if null and written.isalpha() else "fill it in"
        yield Finding(message=message, route=violation.route, hint=hint)
