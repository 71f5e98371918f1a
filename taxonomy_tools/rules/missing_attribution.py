"""The leaf has no `attribution.txt`.

What it flags
    A leaf of version 2 or later without an `attribution.txt` beside its `qna.yaml`.

Why
    Upstream takes no leaf whose sources and licence are unknown.

Instead
    Title of work: What I know about rhymes
    License of the work: CC-BY-SA-4.0
    Creator names: Jo Contributor

For example
    compositional_skills/rhymes/qna.yaml, alone in its folder
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import ATTRIBUTION_FILE
from taxonomy_tools.rules.base import Finding, Subject

CODE = "TX401"
NAME = "missing-attribution"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """The leaf, if its version asks for an attribution and there is no such file, readable or not."""
    if not subject.needs_attribution or subject.attribution is not None:
        return
    if all(file.path != subject.attribution_path for file in subject.problems):
        message = f"`{ATTRIBUTION_FILE}` is missing: say where the seed examples come from"
        yield Finding(message=message, hint=f"add {ATTRIBUTION_FILE} beside this file")
