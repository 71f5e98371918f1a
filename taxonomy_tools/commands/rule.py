"""`taxonomy rule`: explains a rule, or lists them all."""

from difflib import get_close_matches

import click

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import Rule
from taxonomy_tools.rules.documentation import documentation

_WIDTH = 80
_MARGIN = 16


def run(code: str | None) -> int:
    """Print the rule with that code or name, or a line a rule. Raises TaxonomyError if there is no such rule."""
    if code is None:
        for rule in RULES:
            click.echo(f"{rule.CODE}  {rule.SEVERITY.value:<8} {rule.NAME:<22}{documentation(rule).summary}")
    else:
        click.echo(explain(_find(code)))
    return 0


def explain(rule: Rule) -> str:
    """The documentation of a rule, laid out for a terminal."""
    about = documentation(rule)
    title = click.style(f"{rule.CODE} {rule.NAME}", bold=True)
    padding = " " * max(2, _WIDTH - len(f"{rule.CODE} {rule.NAME}") - len(rule.SEVERITY.value))
    lines = [f"{title}{padding}{rule.SEVERITY.value}", "", about.summary]
    for name, text in about.sections:
        first, *rest = text.splitlines()
        lines += ["", f"{name:<{_MARGIN}}{first}", *(f"{'':<{_MARGIN}}{line}".rstrip() for line in rest)]
    return "\n".join(lines)


def _find(code: str) -> Rule:
    names = {name: rule for rule in RULES for name in (rule.CODE, rule.NAME)}
    rule = names.get(code) or names.get(code.upper()) or names.get(code.lower())
    if rule is None:
        close = get_close_matches(code.upper(), names, n=1) or get_close_matches(code.lower(), names, n=1)
        meant = [Remedy("Did you mean:", f"taxonomy rule {close[0]}")] if close else []
        raise TaxonomyError(f"there is no rule `{code}`.", *meant, Remedy("All rules:", "taxonomy rule"))
    return rule
