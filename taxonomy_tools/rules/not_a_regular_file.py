"""A link, a submodule or a repository stands where a leaf or its file is due.

What it flags
    A symbolic link, a submodule, a nested Git repository or a device in the place of a leaf folder, a `qna.yaml` or
    an `attribution.txt`.

Why
    What it leads to is not part of the taxonomy's history, differs from machine to machine, and may be a file that
    nobody meant to publish. It is never followed.

Instead
    Put a copy of the file there: `cp --remove-destination "$(readlink -f qna.yaml)" qna.yaml`.

For example
    knowledge/science/qna.yaml -> /home/me/drafts/qna.yaml
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, problems

CODE = "TX006"
NAME = "not-a-regular-file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The files of the leaf that reading refused for this reason."""
    yield from problems(subject, CODE)
