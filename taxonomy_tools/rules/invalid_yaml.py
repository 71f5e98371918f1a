"""The file is not valid YAML.

What it flags
    Text that is not YAML: a stray colon, a quote that is never closed, text below `|` that is not indented, a tab for
    indentation, a control character, an unknown tag, the marks of a merge conflict, more than one document.

Why
    Nothing of such a file can be used. The place is where the mistake most likely is: if all is well there, look a line
    or two above.

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
