"""`taxonomy config`: what is in force, and where each value comes from."""

import json
import os
from pathlib import Path

import click

from taxonomy_tools.config import InlineRules, Override, RuleChoice, Value
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.plan import Selection, settled_for
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.settle import Given, Settled

_WIDEST = 80
"""Characters of a value up to which the origins after it are aligned."""
_NONE = {
    "base": "the branch of upstream or origin",
    "yaml_rules": "relaxed, with lines of any length",
    "select": "all",
    "ignore": "none",
    "severity": "the rules' own",
    "paths": "none",
}


def run(taxonomy_path: Path | None, given: Given, *, as_json: bool) -> int:
    """Print what is in force; gives the exit code. Raises TaxonomyError where that cannot be told."""
    settled = settled_for(Selection(taxonomy_path=taxonomy_path), given=given, environ=os.environ)
    if as_json:
        click.echo(json.dumps(document(settled), indent=2))
        return 0
    rows = [(item.key, _spelled(item.key, item.value), item.origin) for item in settled.settings]
    keys = max(len(key) for key, _, _ in rows)
    values = max((len(value) for _, value, _ in rows if len(value) <= _WIDEST), default=0)
    for key, value, origin in rows:
        click.echo(f"{key:<{keys}}  {value:<{values}}  {reveal(origin)}")
    for note in settled.notes:
        click.echo(f"\n{reveal(note)}")
    return 0


def document(settled: Settled) -> dict[str, object]:
    """What is in force, as JSON has it: each key with `value` and `origin`."""
    settings = {item.key: {"value": _plain(item.value), "origin": item.origin} for item in settled.settings}
    return {"settings": settings, "guarded": settled.config.guarded, "notes": list(settled.notes)}


def _plain(value: Value) -> object:
    match value:
        case Severity():
            return value.value
        case InlineRules():
            return value.content
        case tuple():
            return [_override(item) if isinstance(item, Override) else item for item in value]
        case _:
            return value


def _override(override: Override) -> dict[str, object]:
    return {"path": list(override.paths), **_choice(override.choice)}


def _choice(choice: RuleChoice) -> dict[str, object]:
    """What a choice sets, and nothing of what it does not."""
    said = {
        "select": list(choice.select),
        "ignore": list(choice.ignore),
        "severity": {code: severity.value for code, severity in choice.severity},
    }
    return {key: value for key, value in said.items() if value}


def _spelled(key: str, value: Value) -> str:
    """A value in one line."""
    plain = _plain(value)
    if plain in (None, []):
        return _NONE.get(key, "none")
    if isinstance(value, InlineRules):
        return reveal(json.dumps(value.content))
    if isinstance(plain, list):
        return reveal(", ".join(item if isinstance(item, str) else json.dumps(item) for item in plain))
    return reveal(str(plain) if not isinstance(plain, bool) else str(plain).lower())
