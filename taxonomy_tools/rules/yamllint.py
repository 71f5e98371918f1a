"""yamllint does not like the layout of the file.

What it flags
    What yamllint reports under the taxonomy's rules: `{extends: relaxed, rules: {line-length: disable}}`, or those
    of `--yaml-rules`. The name of yamllint's own rule stands in brackets. Its errors are errors here and its warnings
    warnings. A version 1 document is not linted.

Why
    Upstream's pull request check runs yamllint with these rules and fails on its errors.

Instead
    Most are mended by an editor that trims trailing spaces and ends files with a newline.

For example
    answer: Orange does not rhyme.··    (two spaces at the end: trailing-spaces)
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity, Span
from taxonomy_tools.rules.base import Finding, Subject

CODE = "TX200"
NAME = "yamllint"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Finding]:
    """What yamllint reported, with its own severities."""
    for problem in subject.lint:
        yield Finding(
            message=f"{problem.message} ({problem.rule})",
            span=Span.at(problem.line, problem.column),
            severity=Severity.ERROR if problem.level == "error" else Severity.WARNING,
        )
