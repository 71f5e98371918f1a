"""The file is not valid YAML.

What it flags
    Text that no YAML reader accepts: a stray colon, a quote that is never closed, a tab for indentation, an unknown
    tag, more than one document.

Why
    Nothing of such a file can be used, and readers disagree on where it went wrong: look a line or two above as well.

Instead
    answer: "The ratio is 2: 1"

For example
    answer: The ratio is 2: 1
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, problems

CODE = "TX002"
NAME = "invalid-yaml"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The files of the leaf that reading refused for this reason."""
    yield from problems(subject, CODE)
