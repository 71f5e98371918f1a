"""A comment switches yamllint off.

What it flags
    The comments `# yamllint disable`, `# yamllint disable-line` and `# yamllint disable-file`, with or without the
    names of rules. They are a warning in CI, against a base, unless the configuration says what they are.

Why
    What yamllint does not look at, nobody is told of, errors included: a reviewer should know where that is.

Instead
    version: 3

For example
    version: 3  # yamllint disable-line
"""

import re
from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Comment
from taxonomy_tools.rules.base import Finding, Subject, number_of, quote

CODE = "TX203"
NAME = "disabled-yamllint"
SEVERITY = Severity.INFO
_DISABLES = re.compile(r"#\s*yamllint\s+disable(?P<what>-line|-file)?(?![\w-])")
_RULE = re.compile(r"\srule:(\S+)")
_NAMED = 3


def check(subject: Subject) -> Iterator[Finding]:
    """The comments that yamllint goes by, of a document that could be read."""
    if subject.document is None:
        return
    for comment in subject.document.comments(_DISABLES):
        yield Finding(message=f"yamllint is switched off {_where(comment)}{_for(comment)}", span=comment.span)


def _for(comment: Comment) -> str:
    """The rules that a comment names."""
    rules = list(dict.fromkeys(_RULE.findall(comment.text)))
    if not rules:
        return ""
    more = f" and {number_of(len(rules) - _NAMED, 'rule')} more" if len(rules) > _NAMED else ""
    return f" for {', '.join(quote(rule) for rule in rules[:_NAMED])}{more}"


def _where(comment: Comment) -> str:
    form = _DISABLES.match(comment.text)
    if form is None or form["what"] is None:
        return "from here on"
    if form["what"] == "-file":
        return "in this file"
    return "on the next line" if comment.alone else "on this line"
