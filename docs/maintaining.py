"""Fills the tables of docs/maintaining.md from action.yml: `make docs`.

tests/guides_test.py fails when one is stale.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from docs import readme

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "maintaining.md"
ACTION: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def main() -> int:
    """Write the page anew."""
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def fill(text: str) -> str:
    """The text of the page with its tables as they should be. Raises ValueError if the place of one is missing."""
    return readme.fill(text, PARTS, name=PAGE.name)


def inputs() -> str:
    """A row an input: its name, its default, and what it says."""
    rows = [(f"`{name}`", _code(one["default"]), _cell(one["description"])) for name, one in ACTION["inputs"].items()]
    return _table(("input", "default", "says"), rows)


def outputs() -> str:
    """A row an output: its name, and what it holds."""
    rows = [(f"`{name}`", _cell(one["description"])) for name, one in ACTION["outputs"].items()]
    return _table(("output", "holds"), rows)


def _code(value: str) -> str:
    return f"`{value}`" if value else ""


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


PARTS: Mapping[str, Callable[[], str]] = {"inputs": inputs, "outputs": outputs}


if __name__ == "__main__":
    sys.exit(main())
