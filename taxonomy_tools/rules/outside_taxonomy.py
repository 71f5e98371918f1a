"""A leaf lies outside the folders that make up a taxonomy.

What it flags
    A `qna.yaml` that is not below `compositional_skills/`, `foundational_skills/` or `knowledge/`.

Why
    Upstream's tools look in these three folders only, so nothing would ever be learned from the leaf.

Instead
    Move its folder below one of the three: `git mv technical_skills/units compositional_skills/units`. If the taxonomy
    is a folder inside a larger repository, name it: `taxonomy-diff -C FOLDER`.

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
    """The leaf, if its path is known to be outside."""
    if subject.placed and not in_taxonomy(subject.document_path):
        folders = ", ".join(f"`{folder}/`" for folder in TAXONOMY_FOLDERS)
        yield Finding(message=f"upstream reads leaves below {folders} only: move this one there")
