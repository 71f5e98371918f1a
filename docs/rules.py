"""Writes docs/rules.md, a page of all rules, from their docstrings: `make docs`.

tests/rules_page_test.py fails when it is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from taxonomy_tools.fix import ALWAYS_FIXABLE, FIXABLE
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import Rule
from taxonomy_tools.rules.documentation import documentation, shows_code

PAGE = Path(__file__).parent / "rules.md"
# What the hundreds of a code tell; README.md says more.
FAMILIES = {
    "TX0": "What cannot be read",
    "TX1": "Where files lie",
    "TX2": "YAML",
    "TX3": "The schema",
    "TX4": "Attribution",
    "TX5": "Content",
    "TX6": "Documents of knowledge",
    "TX7": "The contribution as a whole",
}
_YAML = re.compile(r"(?:- )?[a-z_]+:(?:\s|$)")
_HEAD = """\
# Rules

<!-- Made from the docstrings of the rules by docs/rules.py (`make docs`): change those. -->

Each finding has the code and the name of a rule, and `taxonomy rule CODE` explains it. A code never changes its meaning
and is never used again. What InstructLab's own checks reject is an error; what only these rules look at is a warning,
or an info where it may well be meant so. `--fix` mends all findings of some rules, and of others some.
"""


def main() -> int:
    """Write the page anew."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """The text of the page: a table of all rules, and a section a rule."""
    tables = "\n".join("\n".join(table(family)) for family in FAMILIES if rules_of(family))
    sections = "\n".join("\n".join(section(rule)) for rule in RULES)
    return f"{_HEAD}\n{tables}\n{sections}"


def table(family: str) -> Iterator[str]:
    """The lines of a family's table."""
    yield f"## {family}xx: {FAMILIES[family]}\n"
    yield "| code | name | severity | `--fix` | finds |"
    yield "|---|---|---|---|---|"
    for rule in rules_of(family):
        summary = documentation(rule).summary.replace("|", "\\|")
        link = f"[{rule.CODE}](#{anchor(title(rule))})"
        yield f"| {link} | {rule.NAME} | {rule.SEVERITY.value} | {fixable(rule)} | {summary} |"
    yield ""


def rules_of(family: str) -> list[Rule]:
    """The rules of a family, in the order of their codes."""
    return [rule for rule in RULES if rule.CODE.startswith(family)]


def title(rule: Rule) -> str:
    """The heading of a rule's section."""
    return f"{rule.CODE} {rule.NAME}"


def anchor(heading: str) -> str:
    """What GitHub calls the place of a heading: in lower case, without punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")


def fixable(rule: Rule) -> str:
    """How many of a rule's findings `--fix` mends."""
    return "all" if rule.CODE in ALWAYS_FIXABLE else "some" if rule.CODE in FIXABLE else ""


def section(rule: Rule) -> Iterator[str]:
    """The lines of a rule's section."""
    about = documentation(rule)
    yield f"### {title(rule)}\n"
    yield f"{about.summary}\n"
    for name, text in about.sections:
        yield f"**{name}**\n"
        yield f"{fenced(text) if shows_code(name, text) else text}\n"


def fenced(text: str) -> str:
    """The text as a block of code; its fence is longer than any in the text."""
    longest = max((len(ticks) for ticks in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{'yaml' if _YAML.match(text) else 'text'}\n{text}\n{fence}"


if __name__ == "__main__":
    sys.exit(main())
