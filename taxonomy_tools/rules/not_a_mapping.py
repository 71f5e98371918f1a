"""The file's top level is not a mapping of keys to values.

What it flags
    A `qna.yaml` that holds a list, or text alone, where keys such as `seed_examples:` are due.

Why
    A leaf is read by its keys. Most often all of it is indented under a dash, or a colon is missing.

Instead
    seed_examples:
      - question: What rhymes with sky?
        answer: High, dry and try do.

For example
    - question: What rhymes with sky?
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject
from taxonomy_tools.schemas import describe_type

CODE = "TX003"
NAME = "not-a-mapping"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The document, if it is anything but a mapping."""
    if subject.document is not None and not isinstance(subject.document.data, dict):
        kind = describe_type(subject.document.data)
        message = f"a leaf is a mapping of keys to values, but this is {kind}"
        yield Finding(message=message, route=(), hint="start with a key, such as version: 3")
