"""The file has a merge conflict that is not resolved.

What it flags
    A leaf file that Git calls unmerged, during a merge, a rebase, a cherry-pick or a `stash pop`.

Why
    There is no one version of the file to check: Git holds two or three, and will commit none of them.

Instead
    Edit the file until it says what it should, then `git add` it.

For example
    UU knowledge/science/qna.yaml    (in `git status --short`)
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, problems

CODE = "TX007"
NAME = "unmerged"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The files of the leaf that reading refused for this reason."""
    yield from problems(subject, CODE)
