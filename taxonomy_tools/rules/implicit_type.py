"""An unquoted scalar is not the text that it looks like.

What it flags
    An unquoted scalar that YAML reads as a boolean, a number or a date where text is due, or as a number or a date that
    does not exist.

Why
    `answer: No` becomes false, `12:30` becomes 750, `1.10` becomes 1.1: the seed no longer says what was written.

Instead
    answer: "No"

For example
    answer: No
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document
from taxonomy_tools.rules.base import Finding, Subject, name_of, quote, violations
from taxonomy_tools.schemas import Violation

CODE = "TX201"
NAME = "implicit-type"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The scalars that only lack their quotes, and those that no type fits."""
    document = subject.document
    if document is None:
        return
    for violation in violations(subject, "TX303"):
        if lacks_quotes(document, violation):
            source = document.source(violation.route)
            message = (
                f"{name_of(violation.route)} must be text, but unquoted {quote(source)} is {violation.value_words}"
            )
            yield Finding(message=message, route=violation.route, hint=_hint(source))
    for scalar in document.malformed:
        reason = f"looks like {scalar.kind}, and is none" if scalar.kind else "is a sign that YAML keeps for itself"
        yield Finding(message=f"unquoted {quote(scalar.source)} {reason}", span=scalar.span, hint=_hint(scalar.source))


def lacks_quotes(document: Document, violation: Violation) -> bool:
    """Whether quotes alone would make text of a value of the wrong type."""
    return violation.expected == "string" and document.is_plain(violation.route)


def _hint(source: str) -> str:
    return f'write "{source}"' if len(source) <= 40 and source.isprintable() else "put it in quotes"
