"""A skill with contexts lies outside of the folder for grounded skills.

What it flags
    A compositional skill whose seed examples have a `context`, and that is not below `compositional_skills/grounded/`.

Why
    Upstream keeps grounded skills, which answer from a context, apart from freeform ones: below `grounded/`.

Instead
    compositional_skills/grounded/rhymes/qna.yaml

For example
    compositional_skills/rhymes/qna.yaml, whose seed examples have a `context`
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import GROUNDED_FOLDER, SKILL_FOLDER
from taxonomy_tools.rules.base import Finding, Subject, number_of

CODE = "TX106"
NAME = "ungrounded-context"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """The leaf, at the first context that is not empty (TX305). Foundational skills have no such folder."""
    path = subject.document_path
    if not path.startswith(f"{SKILL_FOLDER}/") or path.startswith(f"{GROUNDED_FOLDER}/"):
        return
    data = subject.document.data if subject.document is not None else None
    seeds = data.get("seed_examples") if isinstance(data, dict) else None
    if not isinstance(seeds, list):
        return
    grounded = [index for index, seed in enumerate(seeds) if isinstance(seed, dict) and seed.get("context")]
    if grounded:
        count = (
            "" if len(grounded) == len(seeds) else f" ({len(grounded):,} of {number_of(len(seeds), 'seed example')})"
        )
        message = f"a skill with contexts{count} belongs below `{GROUNDED_FOLDER}/`"
        hint = "move the leaf's folder there"
        yield Finding(message=message, route=("seed_examples", grounded[0], "context"), on="key", hint=hint)
