"""A key that every leaf of this kind needs is not there.

What it flags
    A leaf, a seed example, a question-and-answer pair or a `document` without one of its required keys.

Why
    Each of these keys is read when samples are made: a seed example without an answer cannot be shown to a model.

Instead
    - question: What rhymes with sky?
      answer: High, dry and try do.

For example
    - question: What rhymes with sky?
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, quote, violations
from taxonomy_tools.text import shorten

CODE = "TX301"
NAME = "missing-key"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a key, at the mapping that lacks it."""
    for violation in violations(subject, CODE):
        message = f"{quote(violation.key)} is missing in {name_of(violation.route)}"
        hint = f"add {violation.key}:"
        if violation.matches:
            message += f": is {quote(violation.matches[0])} meant for it?"
            hint = f"write {violation.key}: for {shorten(violation.matches[0], 30)}:"
        yield Finding(message=message, route=violation.route, hint=hint)
