"""The leaf names a version that its kind does not have.

What it flags
    A `version` other than 1, 2 or 3 for a skill, and other than 3 for knowledge. A leaf without the key is of
    version 1. What else is wrong with the leaf is said once its version is right.

Why
    The version picks the schema, and knowledge of version 1 and 2 is no longer taken upstream.

Instead
    version: 3

For example
    version: 4
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, quote, violations

CODE = "TX307"
NAME = "unsupported-version"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The version, at its key; or the leaf that names none."""
    for violation in violations(subject, CODE):
        *others, newest = (str(version) for version in violation.supported)
        supported = f"{', '.join(others)} or {newest}" if others else newest
        verb = "write"
        if not violation.route:
            found, verb = "there is no `version`, which means 1, and that is not supported here", "add"
        elif violation.value is None:
            found = "`version` is empty"
        elif isinstance(violation.value, str | int | float):
            found = f"version {quote(violation.value)} is not supported here"
        else:
            found = f"`version` is {violation.value_words}"
        message = f"{found}: it must be {supported}"
        yield Finding(message=message, route=violation.route, hint=f"{verb} version: {newest}")
