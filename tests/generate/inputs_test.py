"""The inputs of a run name it, and are read back as they were written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.inputs import INPUTS_FILE, Inputs, Origin, Wanted, write
from taxonomy_tools.generate.lock import locked
from taxonomy_tools.generate.prompting import Passage
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample, SourceDocument

SETTINGS = Settings(model=Model(name="tiny:1b", digest="sha256:1", context_length=4096))
ORIGIN = Origin(head="the working tree", base="main", base_commit="b" * 40, start="c" * 40)


def leaf(path: str = "knowledge/birds", **changes: Any) -> LeafNode:
    values: dict[str, Any] = {
        "path": path,
        "kind": LeafKind.KNOWLEDGE,
        "blob": "a" * 40,
        "commit": "",
        "description": "About birds",
        "domain": "science",
        "created_by": "ada",
        "seed_examples": (
            SeedExample(pairs=(QuestionAnswer(question="What?", answer="A bird \ud800."),), context="It sings."),
        ),
        "document": SourceDocument(repo="https://example.org/birds", commit="d" * 40, patterns=("*.md",)),
    }
    return LeafNode(**{**values, **changes})


def wanted(**changes: Any) -> Wanted:
    return Wanted(
        leaf=leaf(**changes), samples=5, passages=(Passage(text="More of birds.", origin="birds.md, part 1"),)
    )


def test_inputs_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    leaves = [wanted(), replace(wanted(path="b\udcff/ü", document=None, kind=LeafKind.FREEFORM_SKILL), samples=0)]
    settings = replace(SETTINGS, judge=Model(name="judge", digest="sha256:2"), temperature=0.1)
    written = write(tmp_path, settings, ORIGIN, leaves)
    inputs = Inputs(written.folder)
    assert (inputs.settings, inputs.origin, list(inputs.leaves())) == (settings, ORIGIN, leaves)
    assert (len(inputs), inputs.samples, list(inputs.wanted())) == (2, 5, [("knowledge/birds", 5), ("b\udcff/ü", 0)])
    assert inputs.name == written.folder.name
    assert inputs.name.startswith("tiny-1b-")


def test_same_inputs_are_one_run(tmp_path: Path) -> None:
    first = write(tmp_path, SETTINGS, ORIGIN, [wanted()])
    assert write(tmp_path, SETTINGS, ORIGIN, [wanted()]).folder == first.folder
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


@pytest.mark.parametrize(
    ("settings", "origin", "leaves"),
    [
        pytest.param(replace(SETTINGS, seed=1), ORIGIN, [wanted()], id="another setting"),
        pytest.param(SETTINGS, replace(ORIGIN, head="the index"), [wanted()], id="another side"),
        pytest.param(SETTINGS, ORIGIN, [wanted(blob="e" * 40)], id="another version of a leaf"),
        pytest.param(SETTINGS, ORIGIN, [replace(wanted(), samples=6)], id="another number of samples"),
        pytest.param(SETTINGS, ORIGIN, [], id="no leaf"),
    ],
)
def test_other_inputs_are_another_run(tmp_path: Path, settings: Settings, origin: Origin, leaves: list[Wanted]) -> None:
    first = write(tmp_path, SETTINGS, ORIGIN, [wanted()])
    assert write(tmp_path, settings, origin, leaves).name != first.name


def test_folder_with_other_inputs_is_refused_and_the_difference_told(tmp_path: Path) -> None:
    here, other = tmp_path / "here", tmp_path / "other"
    here.mkdir()
    other.mkdir()
    mine = write(here, SETTINGS, ORIGIN, [wanted()])
    strange = write(other, replace(SETTINGS, temperature=0.2), ORIGIN, [wanted(), wanted(path="knowledge/cats")])
    before = (strange.folder / INPUTS_FILE).read_bytes()
    (mine.folder / INPUTS_FILE).write_bytes(before)
    with pytest.raises(TaxonomyError) as raised:
        write(here, SETTINGS, ORIGIN, [wanted()])
    assert raised.value.message == (
        f"{mine.folder} holds a run with other settings: knowledge/cats is `{'a' * 12} (5 samples)` there and "
        "`nothing` here, settings.temperature is `0.2` there and `0.7` here."
    )
    assert (mine.folder / INPUTS_FILE).read_bytes() == before


def test_damaged_inputs_are_told(tmp_path: Path) -> None:
    run = write(tmp_path, SETTINGS, ORIGIN, [wanted()]).folder
    whole = (run / INPUTS_FILE).read_bytes()
    for damage in (b"", b"{}", b"[]", whole.splitlines()[0] + b"\n{}\n", whole[:-40], b"[" * 100_000):
        (run / INPUTS_FILE).write_bytes(damage)
        with pytest.raises(TaxonomyError, match=r"is damaged|is of format"):
            Inputs(run)
        with pytest.raises(TaxonomyError, match="holds a run with other settings"):
            write(tmp_path, SETTINGS, ORIGIN, [wanted()])


def test_leaf_that_is_damaged_later_is_told(tmp_path: Path) -> None:
    inputs = write(tmp_path, SETTINGS, ORIGIN, [wanted()])
    path = inputs.folder / INPUTS_FILE
    path.write_bytes(path.read_bytes().replace(b'"knowledge"', b'"kn0wledge"'))
    with pytest.raises(TaxonomyError, match="is damaged"):
        inputs.leaf(0)
    path.unlink()
    with pytest.raises(TaxonomyError, match="cannot read"):
        inputs.leaf(0)


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"is no run: cannot read inputs\.jsonl in it"):
        Inputs(tmp_path)


def test_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="cannot write into"):
        write(tmp_path / "nowhere", SETTINGS, ORIGIN, [])


def test_inputs_of_another_format_are_told(tmp_path: Path) -> None:
    run = write(tmp_path, SETTINGS, ORIGIN, []).folder
    path = run / INPUTS_FILE
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(TaxonomyError, match="is of format `2`, and this taxonomy-tools reads 1"):
        Inputs(run)


def test_run_has_its_folder_to_itself(tmp_path: Path) -> None:
    at_work = pytest.raises(TaxonomyError, match="another taxonomy generate is at work")
    with locked(tmp_path), at_work, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="cannot make"), locked(tmp_path / "nowhere"):
        pass


def test_link_in_the_runs_place_is_refused(tmp_path: Path) -> None:
    name = write(tmp_path, SETTINGS, ORIGIN, [wanted()]).name
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / name).rename(elsewhere)
    before = sorted(path.name for path in elsewhere.iterdir())
    (tmp_path / name).symlink_to(elsewhere)
    with pytest.raises(TaxonomyError, match="is a symbolic link"):
        write(tmp_path, SETTINGS, ORIGIN, [wanted()])
    assert sorted(path.name for path in elsewhere.iterdir()) == before


def test_noise_in_the_locks_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_bytes(b"no database, and long enough to be taken for one" * 100)
    with pytest.raises(TaxonomyError, match="is no lock"), locked(tmp_path):
        pass
