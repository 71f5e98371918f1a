"""What is handed on keeps to GitHub's limits, and can be parsed whatever it holds."""

import json
from pathlib import Path

import pytest

from taxonomy_tools.action.outputs import LONGEST, append_outputs, append_summary, listed, matrix, workflow_command
from tests.runner import SUMMARY_LIMIT, parse_file


@pytest.mark.parametrize("number", [0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 10_000])
def test_matrix_has_every_leaf_once_and_at_most_256_entries(number: int) -> None:
    leaves = [f"knowledge/leaf_{index}" for index in range(number)]
    entries: list[dict[str, object]] = json.loads(json.dumps(matrix(leaves)))["include"]
    batches = [json.loads(json.dumps(entry["leaves"])) for entry in entries]
    assert len(entries) == min(number, 256)
    assert [leaf for batch in batches for leaf in batch] == leaves
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    sizes = {len(batch) for batch in batches}
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_matrix_names() -> None:
    long = f"knowledge/{'x' * 200}"
    entries = matrix(["knowledge/été", "knowledge/$(x) y", long])["include"]
    names = [entry["name"] for entry in json.loads(json.dumps(entries))]
    assert names == ["knowledge/été", "knowledge/__x__y", f"knowledge/{'x' * 29}...{'x' * 40}"]


def test_short_value_is_an_output_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "changed-leaves.json"
    assert listed("changed-leaves", ["é"], tmp_path) == {
        "changed-leaves": '["\\u00e9"]',
        "changed-leaves-file": str(file),
    }
    assert json.loads(file.read_bytes()) == ["é"]


@pytest.mark.parametrize("more", [0, 1])
def test_long_value_is_only_a_file(tmp_path: Path, more: int) -> None:
    value = "x" * (LONGEST - 2 + more)
    found = listed("matrix", value, tmp_path)
    assert found["matrix"] == ("" if more else json.dumps(value))
    assert json.loads(Path(found["matrix-file"]).read_bytes()) == value


def test_two_of_the_longest_fit_what_a_job_may_have() -> None:
    assert 2 * LONGEST * 2 < 1_000_000


@pytest.mark.parametrize(
    "value", ["", "x", "a\nb", "a\n\n", "x=y", "x<<y", "end-\nname=value", "::set-output name=x::y", "é\U0001f600"]
)
def test_outputs_are_read_back_as_they_were(tmp_path: Path, value: str) -> None:
    file = tmp_path / "output"
    file.write_text("earlier=1\n")
    append_outputs(file, {"one": value, "two": value})
    assert parse_file(file.read_text(encoding="utf-8")) == {"earlier": "1", "one": value, "two": value}


def test_delimiter_is_another_one_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        append_outputs(tmp_path / name, {"x": "1"})
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_summary_is_appended(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    append_summary(file, "one\n")
    append_summary(file, "two\n")
    assert file.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("more", [0, 1])
def test_summary_that_is_too_large_is_replaced_by_a_sentence(tmp_path: Path, more: int) -> None:
    file = tmp_path / "summary"
    file.write_bytes(b"x" * 100)
    append_summary(file, "y" * (SUMMARY_LIMIT - 100 + more))
    assert file.stat().st_size <= SUMMARY_LIMIT
    assert file.read_bytes().startswith(b"x" * 100 + (b"The report of taxonomy-tools is too large" if more else b"yyy"))


def test_annotation_is_one_line_and_nothing_else() -> None:
    said = workflow_command("error", "50% of\n::x::", "\x1b[1m##[group]")
    assert said == "::error title=taxonomy-tools::50%25 of\\n::x::%0A\\x1b[1m##\\x5bgroup]\n"
