"""A key that no leaf of this kind has.

What it flags
    A key that the schema does not know, in the leaf, in a seed example or in a `document`. Between the known keys of a
    question-and-answer pair of knowledge anything is allowed, as it is upstream.

Why
    Nothing reads such a key. Most often it is a known one with a typing error, or indented one step too far.

Instead
    seed_examples:

For example
    seed_example:
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, quote, violations

CODE = "TX302"
NAME = "unknown-key"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a key, at the key."""
    for violation in violations(subject, CODE):
        # As it is written: `on` is a boolean.
        key = subject.document.source(violation.route, "key") if subject.document else violation.key
        message = f"{quote(key)} is not a key here"
        hint = ""
        if violation.matches:
            message += f": did you mean {quote(violation.matches[0])}?"
            hint = f"write {violation.matches[0]}:"
        else:
            message += f": the keys are {', '.join(quote(key) for key in violation.allowed)}"
        yield Finding(message=message, route=violation.route, on="key", hint=hint)
