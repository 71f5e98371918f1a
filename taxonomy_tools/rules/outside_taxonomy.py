"""A leaf lies outside the folders that make up a taxonomy.

What it flags
    A `qna.yaml` that is not below `compositional_skills/`, `foundational_skills/` or `knowledge/`.

Why
    Upstream's tools look in these three folders only, so nothing would ever be learned from the leaf.

Instead
    compositional_skills/units/qna.yaml

    Or, if the taxonomy is a folder inside a larger repository, name that: `taxonomy-diff -C FOLDER`.

For example
    technical_skills/units/qna.yaml
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import TAXONOMY_FOLDERS, in_taxonomy
from taxonomy_tools.rules.base import Finding, Subject

CODE = "TX102"
NAME = "outside-taxonomy"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """The leaf, if its path is known to be outside. Of a misnamed one nothing is said but that (TX101)."""
    if subject.placed and subject.document_path not in subject.misnamed and not in_taxonomy(subject.document_path):
        *others, last = (f"`{folder}/`" for folder in TAXONOMY_FOLDERS)
        message = f"upstream reads no leaf that is not below {', '.join(others)} or {last}"
        yield Finding(message=message, hint="move the leaf's folder below one of them")
