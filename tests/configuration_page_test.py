"""docs/configuration.md is what the schema says, and what it shows is so."""

import re
from pathlib import Path

import pytest

from docs import configuration
from docs.rules import anchor
from taxonomy_tools.config import read
from taxonomy_tools.main import cli
from taxonomy_tools.schemas import load_format
from taxonomy_tools.settle import CONFIG_VARIABLE, VARIABLES, option_of
from tests.readme_test import README

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def test_tables_are_fresh() -> None:
    """Run `make docs` when this fails."""
    assert configuration.page(PAGE) == PAGE


def test_make_docs_writes_the_page() -> None:
    assert "@python -m docs.configuration\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_key_of_the_schema_is_there() -> None:
    schema = load_format("config")
    groups = (configuration.properties_of(schema, group) for group in configuration.GROUPS)
    tables, _, _ = PAGE.partition("## Which rules report")
    found = re.findall(r"^\| `([a-z_]+)` \|", tables, flags=re.MULTILINE)
    assert found == [*schema["properties"], *(key for group in groups for key in group)]


def test_every_option_and_variable_is_one() -> None:
    for command in ("diff", "check", "config"):
        options = {name for parameter in cli.commands[command].params for name in parameter.opts}
        there = {option_of(key) for key in VARIABLES} - ({"--base"} if command != "diff" else set())
        assert there <= options
    assert {CONFIG_VARIABLE, *VARIABLES.values()} == set(
        re.findall(r"^\| .* \| `(TAXONOMY_\w+)` \|$", PAGE, flags=re.MULTILINE)
    )


def test_example_is_a_configuration() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert [(one.key, one.origin) for one in read(example.encode(), "c")] == [
        ("base", "c:1"),
        ("ignore", "c:5"),
        ("severity.TX404", "c:4"),
        ("paths", "c:6"),
        ("fail_on", "c:2"),
    ]


def test_links_lead_to_headings() -> None:
    texts = {"": PAGE, "../README.md": README, "rules.md": (ROOT / "docs/rules.md").read_text(encoding="utf-8")}
    for file, _, heading in (link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", PAGE)):
        headings = {anchor(title) for title in re.findall(r"^#+ (.+)$", texts[file], flags=re.MULTILINE)}
        assert heading in headings | {""}
    assert "(docs/configuration.md)" in README


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param({"type": "string"}, "text", id="text"),
        pytest.param({"type": ["string", "array"]}, "text or a list", id="either"),
        pytest.param({"type": "string", "enum": ["a", 1]}, "`a`, `1`", id="some words"),
        pytest.param(
            {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}, "a whole number, 0 to 2^63 - 1", id="large"
        ),
        pytest.param({"type": "number", "minimum": 0, "maximum": 1}, "a number, 0 to 1", id="number"),
    ],
)
def test_what_a_key_takes(rule: dict[str, object], words: str) -> None:
    assert configuration.takes(rule) == words
