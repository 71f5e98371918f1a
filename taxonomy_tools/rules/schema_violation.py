"""A value breaks the schema in a way that no other rule names.

What it flags
    Anything that the leaf's JSON Schema does not allow and that TX301 to TX307 do not cover.

Why
    Upstream checks leaves with a schema that says the same.

Instead
    See what the schema says: `taxonomy schema knowledge`.

For example
    The schemas of today hold nothing of the kind: this code is for those to come.
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, name_of, quote, violations

CODE = "TX309"
NAME = "schema-violation"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a value."""
    for violation in violations(subject, CODE):
        message = f"{name_of(violation.route)} breaks `{violation.keyword}: {violation.limit}` of the schema"
        yield Finding(message=f"{message} with {quote(violation.value)}", route=violation.route)
