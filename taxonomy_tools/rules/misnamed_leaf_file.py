"""A leaf's document has a name that is not `qna.yaml`.

What it flags
    `qna.yml`, `QNA.YAML` and other spellings.

Why
    Upstream's tools look for `qna.yaml` and nothing else: the leaf would be passed over without a word. Nothing else is
    said of such a file until it has its name, as the reference does.

Instead
    git mv qna.yml qna.yaml

For example
    knowledge/science/qna.yml
"""

from collections.abc import Iterator
from posixpath import basename

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import QNA_FILE
from taxonomy_tools.rules.base import Finding, Subject, quote

CODE = "TX101"
NAME = "misnamed-leaf-file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """Each file of the leaf that should be its `qna.yaml`."""
    both = basename(subject.document_path) == QNA_FILE
    for path in subject.misnamed:
        message = f"a leaf's document must be named `{QNA_FILE}`, not {quote(basename(path))}"
        hint = f"remove it: there is a {QNA_FILE} too" if both else f"rename it to {QNA_FILE}"
        yield Finding(message=message, file=path, hint=hint)
