"""A value is of another type than is due.

What it flags
    A list or a mapping where text is due, text where a number is due, and the like. What only lacks quotes is TX201
    implicit-type, and what is empty is TX305 empty-value.

Why
    A seed example's question and answer are shown to a model as they stand, and only text can be.

Instead
    answer: 100 PeV

For example
    answer:
      - value: 100
        unit: PeV
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, quote, violations
from taxonomy_tools.rules.implicit_type import lacks_quotes

CODE = "TX303"
NAME = "wrong-type"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a value, unless it only lacks quotes."""
    for violation in violations(subject, CODE):
        if subject.document is None or lacks_quotes(subject.document, violation):
            continue
        shown = f" {quote(violation.value)}" if isinstance(violation.value, str) else ""
        found = violation.value_words.removeprefix("a ") if shown else violation.value_words
        message = f"{name_of(violation.route)} must be {violation.expected_words}, but{shown} is {found}"
        yield Finding(message=message, route=violation.route, hint=_hint(violation.expected, violation.value))


def _hint(expected: str, value: object) -> str:
    match expected, value:
        case "integer", str() if value.isascii() and value.isdecimal() and len(value) <= 20:
            return f"write {value} without quotes"
        case "string", dict() | list():
            return 'put text in quotes, or below a "|"'
        case "array", _:
            return 'start each item with "- "'
        case "object", _:
            return "write it as keys with values"
        case _:
            return ""
