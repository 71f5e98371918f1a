"""A leaf lies inside another leaf's folder.

What it flags
    A leaf with a leaf in a folder above it, and a leaf with leaves in folders below it.

Why
    A leaf is where the tree ends: its folder holds its own files and nothing else. What a leaf in a leaf is about, and
    which attribution belongs to it, nobody can tell from the tree.

Instead
    knowledge/birds/all/qna.yaml
    knowledge/birds/owls/qna.yaml

For example
    knowledge/birds/qna.yaml
    knowledge/birds/owls/qna.yaml
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, number_of, quote

CODE = "TX104"
NAME = "nested-leaf"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """The leaf, as the inner one and as the outer one."""
    for outer in subject.surroundings.outer:
        message = f"this leaf lies in the folder of another, {quote(outer)}: a leaf holds no leaves"
        yield Finding(message=message, hint="move one of the two to a folder beside the other")
    inner = subject.surroundings.inner
    if inner:
        more = f" and {number_of(len(inner) - 1, 'more leaf')}" if len(inner) == 2 else ""
        more = f" and {len(inner) - 1:,} more leaves" if len(inner) > 2 else more
        message = f"{quote(inner[0])}{more} {'lies' if len(inner) == 1 else 'lie'} in the folder of this leaf"
        yield Finding(message=message, hint="move this leaf to a folder of its own")
