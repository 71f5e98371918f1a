"""The benchmarks run, and what they measure with is what it should be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.leaves import edit_leaves, load_material, write_leaves
from taxonomy_tools import schemas

ROOT = Path(__file__).parents[1]


@pytest.fixture
def _no_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAXONOMY_CORPUS", raising=False)


def test_table_says_what_was_wanted_and_measured(tmp_path: Path) -> None:
    table = tmp_path / "made" / "bench.md"
    command = [sys.executable, "-m", "benchmarks.bench", str(table), "--rounds", "1", "--only", "few"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    rows = [line for line in table.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    steady = [re.sub(r"\d+\.\d+ s", "N s", row).replace("**no**", "yes") for row in rows]
    assert steady == [
        "| what | target | measured | met |",
        "|---|---|---|---|",
        "| 3 new leaves, beyond `python -c pass` | at most N s | N s | yes |",
        "| process | median | fastest | slowest |",
        "|---|---|---|---|",
        "| python -c pass | N s | N s | N s |",
        "| taxonomy-diff, 3 new leaves | N s | N s | N s |",
    ]


@pytest.mark.usefixtures("_no_corpus")
def test_invented_leaves_are_right_but_for_version_2_knowledge() -> None:
    found = set()
    for kind, document in load_material().documents:
        data = yaml.safe_load(document)
        found.add((kind, data["version"], *sorted({violation.code for violation in schemas.violations(kind, data)})))
    assert found == {
        ("compositional_skills", 2),
        ("compositional_skills", 3),
        ("knowledge", 2, "TX307"),
        ("knowledge", 3),
    }


@pytest.mark.usefixtures("_no_corpus")
def test_no_two_leaves_are_alike_and_edits_change_them(tmp_path: Path) -> None:
    paths = write_leaves(tmp_path, load_material(), 300)
    before = [(tmp_path / path).read_bytes() for path in paths]
    assert len(set(before)) == 300
    edit_leaves(tmp_path, paths[:2])
    after = [(tmp_path / path).read_bytes() for path in paths]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True] + [False] * 298
