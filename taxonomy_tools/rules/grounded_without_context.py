"""A skill without a context lies in the folder for grounded skills.

What it flags
    A skill below `compositional_skills/grounded/` none of whose seed examples has a `context`.

Why
    Upstream keeps grounded skills, which answer from a context, apart from freeform ones: below `grounded/`. A skill
    without a context is taught as a freeform one, wherever it lies.

Instead
    compositional_skills/rhymes/qna.yaml

    Or give each seed example the `context` that its question is about.

For example
    compositional_skills/grounded/rhymes/qna.yaml, whose seed examples have no `context`
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import GROUNDED_FOLDER, SKILL_FOLDER
from taxonomy_tools.rules.base import Finding, Subject

CODE = "TX109"
NAME = "grounded-without-context"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """The leaf, if it has seed examples at all."""
    if subject.document is None or not subject.document_path.startswith(f"{GROUNDED_FOLDER}/"):
        return
    data = subject.document.data
    seeds = data.get("seed_examples") if isinstance(data, dict) else None
    examples = [seed for seed in seeds if isinstance(seed, dict)] if isinstance(seeds, list) else []
    if examples and not any("context" in seed for seed in examples):
        message = f"no seed example of this skill has a `context`, as all below `{GROUNDED_FOLDER}/` do"
        hint = f"add the contexts, or move the leaf elsewhere below {SKILL_FOLDER}/"
        yield Finding(message=message, route=("seed_examples",), on="key", hint=hint)
