"""A file of the leaf cannot be read.

What it flags
    A `qna.yaml` or `attribution.txt` that cannot be opened, that vanished while it was read, or that is not UTF-8.

Why
    What cannot be read cannot be checked, and will not be learned from.

Instead
    Save the file as UTF-8 (most editors: "Save with encoding"), and see that you may read it: `ls -l`.

For example
    A file saved as Latin-1, in which `é` is the single byte 0xe9.
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, problems

CODE = "TX001"
NAME = "unreadable-file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The files of the leaf that reading refused for this reason."""
    yield from problems(subject, CODE)
