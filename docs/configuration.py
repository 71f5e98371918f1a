"""Fills the tables of docs/configuration.md from the schema of the configuration: `make docs`.

tests/configuration_page_test.py fails when one is stale.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from docs.readme import fill
from taxonomy_tools.schemas import load_format
from taxonomy_tools.settle import CONFIG_VARIABLE, VARIABLES, option_of

PAGE = Path(__file__).parent / "configuration.md"
# The keys that hold others.
GROUPS = ("paths", "limits", "generate")


def main() -> int:
    """Write the page anew."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def page(text: str) -> str:
    """The text of the page with its tables as they should be. Raises ValueError if one is not there."""
    schema = load_format("config")
    parts = {key: partial(key_table, properties_of(schema, key)) for key in GROUPS}
    parts["keys"] = partial(key_table, schema["properties"])
    return fill(text, {**parts, "variables": variable_table}, name=PAGE.name)


def properties_of(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The keys that a mapping below a key may have."""
    rule = schema["properties"][key]
    rule = _resolved(schema, rule.get("items", rule))
    properties: dict[str, Any] = rule["properties"]
    return properties


def _resolved(schema: Mapping[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    reference = rule.get("$ref", "")
    found: dict[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else rule
    return found


def key_table(properties: Mapping[str, dict[str, Any]]) -> str:
    """A table of keys: what each takes, what it is without it, and what it means."""
    schema = load_format("config")
    lines = ["| key | takes | default | says |", "|---|---|---|---|"]
    for key, rule in properties.items():
        rule = _resolved(schema, rule)  # noqa: PLW2901 - what the key stands for
        cells = (f"`{key}`", takes(rule), _default(rule), rule["description"].replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def takes(rule: Mapping[str, Any]) -> str:
    """What a key can be, in words."""
    if "enum" in rule:
        return ", ".join(f"`{choice}`" for choice in rule["enum"])
    types = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    return " or ".join(_words(type_, rule) for type_ in types)


def _words(type_: str, rule: Mapping[str, Any]) -> str:
    match type_:
        case "integer":
            return f"a whole number, {rule['minimum']:,} to {_power(rule['maximum'])}"
        case "number":
            return f"a number, {rule['minimum']:,} to {rule['maximum']:,}"
        case "array":
            return "a list"
        case "object":
            return "a mapping"
        case "boolean":
            return "true or false"
        case _:
            return "text"


def _power(number: int) -> str:
    """A number as a reader takes it in: 2⁶³ - 1 has too many digits."""
    return "2^63 - 1" if number == 2**63 - 1 else f"{number:,}"


def _default(rule: Mapping[str, Any]) -> str:
    if "default" not in rule:
        return ""
    default = rule["default"]
    items = default if isinstance(default, list) else [default]
    return ", ".join(f"`{item if isinstance(item, str) else json.dumps(item)}`" for item in items)


def variable_table() -> str:
    """A table of the options and variables that set a key."""
    return "\n".join(_variable_lines()) + "\n"


def _variable_lines() -> Iterator[str]:
    yield "| key | option | variable |"
    yield "|---|---|---|"
    yield f"| (the file itself) | `--config`, `--no-config` | `{CONFIG_VARIABLE}` |"
    for key, variable in VARIABLES.items():
        yield f"| `{key}` | `{option_of(key)}` | `{variable}` |"


if __name__ == "__main__":
    sys.exit(main())
