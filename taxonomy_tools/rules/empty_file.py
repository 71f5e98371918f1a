"""The file is empty.

What it flags
    A `qna.yaml` without content: no bytes, or nothing but comments.

Why
    An empty file is often a save that failed or an `add` too early. (The reference only warns here; a leaf without
    seed examples cannot teach anything.)

Instead
    Write the leaf, or remove the file. `taxonomy schema compositional_skills` shows what belongs in it.

For example
    # to be written
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, problems

CODE = "TX004"
NAME = "empty-file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The files of the leaf that reading refused for this reason."""
    yield from problems(subject, CODE)
