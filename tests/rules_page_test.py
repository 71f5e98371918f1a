"""docs/rules.md is what the docstrings say, and what else lists the rules lists the same ones."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest

from docs import rules as page
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.report import Report
from taxonomy_tools.rules import LEAF_RULES, RULES
from taxonomy_tools.rules.base import Rule
from taxonomy_tools.rules.documentation import SECTIONS, documentation, shows_code
from tests.reporters.samples import COMPARISON, render

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
by_code = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.CODE) for rule in RULES])


def test_page_is_fresh() -> None:
    """Run `make docs` when this fails."""
    assert page.page() == PAGE


def test_make_docs_writes_the_page() -> None:
    assert "@python -m docs.rules\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


@by_code
def test_rule_has_a_line_and_a_section(rule: Rule) -> None:
    (row,) = re.findall(rf"^\| \[{rule.CODE}\]\(#([a-z0-9-]+)\) \| ([a-z-]+) \| (\w+) \|", PAGE, flags=re.MULTILINE)
    assert row == (f"{rule.CODE.lower()}-{rule.NAME}", rule.NAME, rule.SEVERITY.value)
    (section,) = re.findall(rf"^### {rule.CODE} {rule.NAME}\n(.*?)(?=^### |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    about = documentation(rule)
    places = [section.index(about.summary), *(section.index(f"**{title}**") for title in SECTIONS)]
    assert places == sorted(places)
    assert all(text in section for _, text in about.sections)


def test_page_has_no_rule_that_is_none() -> None:
    codes = [rule.CODE for rule in RULES]
    assert re.findall(r"^\| \[(TX\d{3})\]", PAGE, flags=re.MULTILINE) == codes
    assert re.findall(r"^### (TX\d{3}) ", PAGE, flags=re.MULTILINE) == codes


def test_every_family_has_a_name_there_and_in_the_readme() -> None:
    families = sorted({rule.CODE[:3] for rule in RULES})
    assert families == [family for family in page.FAMILIES if page.rules_of(family)]
    assert re.findall(r"^\| (?:\[)?(TX\d)xx\b", README, flags=re.MULTILINE) == families


def test_links_lead_to_headings() -> None:
    headings = {page.anchor(heading) for heading in re.findall(r"^###? (.+)$", PAGE, flags=re.MULTILINE)}
    assert set(re.findall(r"\(#([^)]+)\)", PAGE)) <= headings
    assert "(docs/rules.md)" in README


def test_rules_are_in_the_order_of_their_codes() -> None:
    assert [rule.CODE for rule in LEAF_RULES] == sorted(rule.CODE for rule in LEAF_RULES)
    assert set(LEAF_RULES) <= set(RULES)


def test_schema_of_reports_takes_every_code_name_and_severity() -> None:
    text = resources.files("taxonomy_tools.schema").joinpath("report.schema.json").read_text(encoding="utf-8")
    patterns = [re.compile(pattern) for pattern in re.findall(r'"pattern": "(\^TX[^"]*)"', text)]
    assert patterns
    assert all(pattern.search(rule.CODE) for pattern in patterns for rule in RULES)
    assert {rule.SEVERITY.value for rule in RULES} <= {severity.value for severity in Severity} - {"off"}


def test_sarif_lists_the_rules_with_the_same_words() -> None:
    report = json.loads(render(Report(comparison=COMPARISON), "sarif"))
    listed = report["runs"][0]["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["name"], rule["shortDescription"]["text"]) for rule in listed] == [
        (rule.CODE, rule.NAME, documentation(rule).summary) for rule in RULES
    ]


@pytest.mark.parametrize(
    ("title", "text", "code"),
    [
        pytest.param("For example", "A file of 0 bytes.", True, id="an example"),
        pytest.param("Instead", "answer: No\n  - a: b", True, id="keys"),
        pytest.param("Instead", "patterns:\n  - a.md", True, id="items"),
        pytest.param("Instead", "git commit --signoff", True, id="a command"),
        pytest.param("Instead", "Save the file as UTF-8.", False, id="a sentence"),
        pytest.param("Why", "answer: No", False, id="a reason"),
    ],
)
def test_what_shows_code(title: str, text: str, code: bool) -> None:
    assert shows_code(title, text) is code


@pytest.mark.parametrize(
    ("text", "block"),
    [
        pytest.param("answer: No", "```yaml\nanswer: No\n```", id="YAML"),
        pytest.param("cp a b", "```text\ncp a b\n```", id="a command"),
        pytest.param("a\n````\nb", "`````text\na\n````\nb\n`````", id="a fence within"),
    ],
)
def test_block_of_code(text: str, block: str) -> None:
    assert page.fenced(text) == block
