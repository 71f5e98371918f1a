"""A file of the leaf is there, but Git ignores it.

What it flags
    In a working tree, a `qna.yaml` or an `attribution.txt` that a `.gitignore` (or another list of Git's) covers, and
    that is not tracked. Of a leaf that is ignored as a whole nothing else is said, unless `taxonomy check` is given its
    path.

Why
    `git add` passes it over, so it will be missing from the contribution, however right it looks here.

Instead
    git add --force knowledge/birds/attribution.txt

    Or take the pattern out of `.gitignore`.

For example
    knowledge/birds/attribution.txt    (with `attribution.txt` in `.gitignore`)
"""

from collections.abc import Iterator
from posixpath import basename

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, quote

CODE = "TX105"
NAME = "ignored-leaf"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """Each of the leaf's files that is ignored."""
    for path in subject.surroundings.ignored:
        message = f"Git ignores this {quote(basename(path))}: it will not be part of a commit"
        yield Finding(message=message, file=path, hint="git add --force it, or see git check-ignore -v")
