"""`taxonomy rule` explains every rule, by code and by name."""

from pathlib import Path

import pytest

from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import Rule
from tests.command import Result, run


def test_listing_has_a_line_a_rule(tmp_path: Path) -> None:
    found = run("taxonomy", "rule", cwd=tmp_path)
    assert (found.status, found.err) == (0, "")
    assert [line.split()[:3] for line in found.out.splitlines()] == [
        [rule.CODE, rule.SEVERITY.value, rule.NAME] for rule in RULES
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.CODE)
def test_rule_is_explained(rule: Rule, tmp_path: Path) -> None:
    found = run("taxonomy", "rule", rule.CODE, cwd=tmp_path)
    title = found.out.splitlines()[0]
    assert (found.status, found.err) == (0, "")
    severity = f"{rule.SEVERITY.value}{FIXED.get(rule.CODE, '')}"
    assert (title.startswith(f"{rule.CODE} {rule.NAME} "), title.endswith(f" {severity}")) == (True, True)
    for heading in ("\nWhat it flags", "\nWhy", "\nInstead"):
        assert heading in found.out
    assert [line for line in found.out.splitlines() if len(line) > 80] == []


def test_explanation_is_laid_out_for_a_terminal(tmp_path: Path) -> None:
    found = run("taxonomy", "rule", "TX402", cwd=tmp_path).out
    assert found.splitlines()[0] == "TX402 empty-attribution".ljust(75) + "error"
    assert [line[:16].strip() for line in found.splitlines() if line[:1].isupper()] == EXPLAINED
    assert all(line[:16].isspace() for line in found.splitlines() if line[:1] == " ")


FIXED = {
    "TX002": ", some can be fixed",
    "TX101": ", can be fixed",
    "TX200": ", some can be fixed",
    "TX201": ", can be fixed",
}
EXPLAINED = ["TX402 empty-attr", "The leaf's `attr", "What it flags", "Why", "Instead", "For example"]


@pytest.mark.parametrize("name", ["TX201", "tx201", "implicit-type", "IMPLICIT-TYPE"])
def test_rule_is_found_by_code_or_name(name: str, tmp_path: Path) -> None:
    assert run("taxonomy", "rule", name, cwd=tmp_path).out.startswith("TX201 implicit-type ")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("TX2O1", "  Did you mean:  taxonomy rule TX201\n  All rules:     taxonomy rule\n", id="code"),
        pytest.param(
            "implict-type", "  Did you mean:  taxonomy rule implicit-type\n  All rules:     taxonomy rule\n", id="name"
        ),
        pytest.param("nonsense", "  All rules:  taxonomy rule\n", id="nothing like it"),
    ],
)
def test_rule_that_does_not_exist(name: str, meant: str, tmp_path: Path) -> None:
    found = run("taxonomy", "rule", name, cwd=tmp_path)
    assert found == Result(status=2, out="", err=f"taxonomy: there is no rule `{name}`.\n{meant}")
