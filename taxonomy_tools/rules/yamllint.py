"""yamllint does not like the layout of the file.

What it flags
    What yamllint reports under the taxonomy's rules: `{extends: relaxed, rules: {line-length: disable}}`, or those
    of `--yaml-rules`. The name of yamllint's own rule stands in brackets. Its errors are errors here and its warnings
    warnings. A version 1 document is not linted.

Why
    Upstream's pull request check runs yamllint with these rules and fails on its errors.

Instead
    seed_examples:
      - question: What rhymes with door?
        answer: More, score and shore do.

For example
    seed_examples:
      - question: What rhymes with sky?
        question: What rhymes with door?
        answer: More, score and shore do.
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity, Span
from taxonomy_tools.rules.base import Finding, Subject

CODE = "TX200"
NAME = "yamllint"
SEVERITY = Severity.ERROR
_HINTS = {
    "empty-lines": "remove the surplus lines",
    "key-duplicates": "remove one of the two",
    "new-line-at-end-of-file": "end the last line with a line break",
    "trailing-spaces": "remove the spaces at the end",
}


def check(subject: Subject) -> Iterator[Finding]:
    """What yamllint reported, with its own severities."""
    for problem in subject.lint:
        yield Finding(
            message=f"{problem.message} ({problem.rule})" if problem.rule else problem.message,
            span=Span.at(problem.line, problem.column),
            severity=Severity.ERROR if problem.level == "error" else Severity.WARNING,
            hint=_HINTS.get(problem.rule, ""),
        )
