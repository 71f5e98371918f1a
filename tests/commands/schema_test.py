"""`taxonomy schema` prints schemas as they are shipped."""

import json
from pathlib import Path

import pytest

from taxonomy_tools import schemas
from tests.command import Result, run

SCHEMA = Path(__file__).parents[2] / "schema"
LISTING = (
    "compositional_skills   versions 1, 2, 3\n"
    "knowledge              versions 3\n"
    "report                 version 1: what `--output-format json` and jsonl write\n"
    "config                 version 1: what can stand in .taxonomy-tools.yaml\n"
    "baseline               version 1: what `taxonomy check --write-baseline` writes\n"
    "manifest               version 1: what `taxonomy generate` writes of a run\n"
)


def test_listing(tmp_path: Path) -> None:
    assert run("taxonomy", "schema", cwd=tmp_path) == Result(status=0, out=LISTING, err="")


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        pytest.param(["compositional_skills"], "v3/compositional_skills.json", id="the newest"),
        pytest.param(["compositional_skills", "--version", "1"], "v1/compositional_skills.json", id="an old one"),
        pytest.param(["knowledge"], "v3/knowledge.json", id="knowledge"),
        pytest.param(["report"], "report.schema.json", id="report"),
        pytest.param(["config"], "config.schema.json", id="config"),
        pytest.param(["baseline"], "baseline.schema.json", id="baseline"),
        pytest.param(["manifest"], "manifest.schema.json", id="manifest"),
        pytest.param(["report", "--version", "1"], "report.schema.json", id="report by its version"),
    ],
)
def test_schema_is_the_one_that_is_shipped(tmp_path: Path, arguments: list[str], file: str) -> None:
    found = run("taxonomy", "schema", *arguments, cwd=tmp_path)
    assert (found.status, found.err, found.out.isascii()) == (0, "", True)
    assert json.loads(found.out) == json.loads((SCHEMA / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["knowledge", "--version", "1"],
            "There is no version 1 of the knowledge schema.\n  Versions that there are: 3\n",
            id="knowledge",
        ),
        pytest.param(
            ["report", "--version", "2"],
            "There is no version 2 of the report schema.\n  Versions that there are: 1\n",
            id="report",
        ),
    ],
)
def test_version_that_does_not_exist(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert run("taxonomy", "schema", *arguments, cwd=tmp_path) == Result(status=2, out="", err=f"taxonomy: {message}")


def test_kinds_cover_the_folder() -> None:
    shipped = {path.stem for path in SCHEMA.glob("v*/*.json")}
    assert shipped == set(schemas.KINDS)
