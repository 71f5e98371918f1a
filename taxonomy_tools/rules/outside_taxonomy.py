"""A leaf lies outside the folders that make up a taxonomy.

What it flags
    A `qna.yaml` that is not below `compositional_skills/`, `foundational_skills/` or `knowledge/`, or below the folders
    that the configuration names in their place.

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
from taxonomy_tools.layout import in_taxonomy
from taxonomy_tools.rules.base import Finding, Subject
from taxonomy_tools.standards import DEFAULT

CODE = "TX102"
NAME = "outside-taxonomy"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """The leaf, if its path is known to be outside. Of a misnamed one nothing is said but that (TX101)."""
    folders = subject.standards.taxonomy_folders
    if not subject.placed or subject.document_path in subject.misnamed or in_taxonomy(subject.document_path, folders):
        return
    *others, last = (f"`{folder}/`" for folder in folders)
    listed = f"{', '.join(others)} or {last}" if others else last
    who = "upstream" if folders == DEFAULT.taxonomy_folders else "this taxonomy"
    message = f"{who} reads no leaf that is not below {listed}"
    yield Finding(message=message, hint=f"move the leaf's folder below {'one of them' if others else 'it'}")
