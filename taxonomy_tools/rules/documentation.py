"""The documentation of a rule, read from its module's docstring."""

import re
from dataclasses import dataclass
from inspect import cleandoc
from textwrap import dedent

from taxonomy_tools.rules.base import Rule

SECTIONS = ("What it flags", "Why", "Instead", "For example")
_TYPED = re.compile(r"\s*(?:(?:- )?[\w ]+:(?: |$)|- |(?:cp|git|mv|rm) )")  # a key, an item, a command


@dataclass(frozen=True, kw_only=True, slots=True)
class Documentation:
    """What a rule says of itself: a sentence, and a text a section (`SECTIONS`), in that order."""

    summary: str
    sections: tuple[tuple[str, str], ...]


def documentation(rule: Rule) -> Documentation:
    """Read a rule's documentation. Raises ValueError if a section is missing or not in its place."""
    summary, _, body = cleandoc(rule.__doc__ or "").partition("\n")
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in body.splitlines():
        if line.strip() and not line.startswith(" "):
            lines = sections.setdefault(line.strip(), [])
        else:
            lines.append(line)
    if tuple(sections) != SECTIONS or not summary:
        raise ValueError(f"the docstring of rule {rule.CODE} must be a summary and then {', '.join(SECTIONS)}")
    texts = tuple((title, dedent("\n".join(lines)).strip("\n")) for title, lines in sections.items())
    return Documentation(summary=summary, sections=texts)


def shows_code(title: str, text: str) -> bool:
    """Whether a section shows what is typed: examples do, and what to write instead may."""
    return title == "For example" or (title == "Instead" and all(_TYPED.match(line) for line in text.splitlines()))
