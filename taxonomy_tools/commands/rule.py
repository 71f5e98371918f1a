"""`taxonomy rule`: explains a rule, or lists them all."""

from difflib import get_close_matches
from textwrap import wrap

import click

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.fix import ALWAYS_FIXABLE, FIXABLE
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import Rule
from taxonomy_tools.rules.documentation import documentation

_WIDTH = 80
_MARGIN = 16
_FIXED = {**dict.fromkeys(FIXABLE, ", some can be fixed"), **dict.fromkeys(ALWAYS_FIXABLE, ", can be fixed")}
_PROSE = frozenset({"What it flags", "Why"})


def run(code: str | None) -> int:
    """Print the rule with that code or name, or a line a rule. Raises TaxonomyError if there is no such rule."""
    if code is None:
        width = max(len(rule.NAME) for rule in RULES) + 2
        for rule in RULES:
            click.echo(f"{rule.CODE}  {rule.SEVERITY.value:<8} {rule.NAME:<{width}}{documentation(rule).summary}")
    else:
        click.echo(explain(_find(code)))
    return 0


def explain(rule: Rule) -> str:
    """The documentation of a rule, laid out for a terminal."""
    about = documentation(rule)
    title = click.style(f"{rule.CODE} {rule.NAME}", bold=True)
    severity = f"{rule.SEVERITY.value}{_FIXED.get(rule.CODE, '')}"
    padding = " " * max(2, _WIDTH - len(f"{rule.CODE} {rule.NAME}") - len(severity))
    lines = [f"{title}{padding}{severity}", "", about.summary]
    for name, text in about.sections:
        first, *rest = _lines(text, prose=name in _PROSE)
        lines += ["", f"{name:<{_MARGIN}}{first}", *(f"{'':<{_MARGIN}}{line}".rstrip() for line in rest)]
    return "\n".join(lines)


def _lines(text: str, *, prose: bool) -> list[str]:
    """The lines of a section: prose filled, anything else as it is unless it is too long."""
    lines = [" ".join(text.split())] if prose else text.splitlines()
    width = _WIDTH - _MARGIN
    return [
        part for line in lines for part in wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]


def _find(code: str) -> Rule:
    names = {name: rule for rule in RULES for name in (rule.CODE, rule.NAME)}
    rule = names.get(code) or names.get(code.upper()) or names.get(code.lower())
    if rule is None:
        close = get_close_matches(code.upper(), names, n=1) or get_close_matches(code.lower(), names, n=1)
        meant = [Remedy("Did you mean:", f"taxonomy rule {close[0]}")] if close else []
        raise TaxonomyError(f"there is no rule `{code}`.", *meant, Remedy("All rules:", "taxonomy rule"))
    return rule
