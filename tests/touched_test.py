"""Which places a commit touches, given what a hook was told."""

import os
from pathlib import Path

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.git import Repository
from taxonomy_tools.touched import touched_leaves
from tests.repository import Repo

PRE_COMMIT = {"PRE_COMMIT": "1"}


def touched(repo: Repo, *names: str, folder: str = "", **environ: str) -> list[str]:
    """The places, sorted. Names are relative to the current directory."""
    repository = Repository.discover(repo.path)
    return sorted(touched_leaves(repository, names, folder=folder, environ=PRE_COMMIT | environ))


@pytest.fixture(autouse=True)
def _inside(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a/b/qna.yaml": "", "a/b/attribution.txt": "", "c.txt": ""})
    monkeypatch.chdir(repo.path)


@pytest.mark.parametrize(
    ("name", "places"),
    [
        pytest.param("a/b/qna.yaml", ["a", "a/b", "a/b/qna.yaml"], id="a leaf's file"),
        pytest.param("a/x/link", ["a", "a/x", "a/x/link"], id="what may stand in a leaf's place"),
        pytest.param("c.txt", ["c.txt"], id="a file at the top"),
        pytest.param("qna.yaml", ["", "qna.yaml"], id="a leaf at the top"),
        pytest.param("./a/../d/qna.yaml", ["d", "d/qna.yaml"], id="a detour"),
        pytest.param("--x/qna.yaml", ["--x", "--x/qna.yaml"], id="what looks like an option"),
        pytest.param("a\nb/qna.yaml", ["a\nb", "a\nb/qna.yaml"], id="a line end"),
        pytest.param(os.fsdecode(b"\xff/qna.yaml"), [os.fsdecode(b"\xff"), os.fsdecode(b"\xff/qna.yaml")], id="bytes"),
    ],
)
def test_named(repo: Repo, name: str, places: list[str]) -> None:
    assert touched(repo, name) == places


def test_nothing_named(repo: Repo) -> None:
    repo.write("a/b/qna.yaml", "changed")
    repo.git("add", "--all")
    assert touched(repo) == []
    assert touched(repo, PRE_COMMIT="") == ["a", "a/b", "a/b/qna.yaml"]  # where nobody names files, all that is staged


def test_removed(repo: Repo) -> None:
    repo.remove("c.txt")  # in the working tree alone
    repo.git("rm", "--quiet", "a/b/attribution.txt")
    assert touched(repo) == ["a", "a/b", "a/b/attribution.txt"]


def test_removed_by_what_is_merged(repo: Repo) -> None:
    repo.branch("other")
    repo.git("rm", "--quiet", "c.txt")
    repo.commit()
    repo.git("switch", "--quiet", "main")
    repo.commit({"d": "d"})
    repo.git("merge", "--quiet", "--no-commit", "--no-ff", "other")
    assert touched(repo) == []
    repo.git("rm", "--quiet", "a/b/attribution.txt")
    assert touched(repo) == ["a", "a/b", "a/b/attribution.txt"]


def test_removed_in_a_range(repo: Repo) -> None:
    start = repo.head
    repo.branch("other")
    repo.git("rm", "--quiet", "a/b/qna.yaml")
    repo.commit()
    repo.git("switch", "--quiet", "main")
    base = repo.commit({"new": ""})  # which the branch does not have, and so has not removed
    both = {"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": "other"}
    assert touched(repo, **both) == ["a", "a/b", "a/b/qna.yaml"]
    assert touched(repo, PRE_COMMIT_FROM_REF=start, PRE_COMMIT_TO_REF="main") == []


def test_before_the_first_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Repo.init(tmp_path / "fresh")
    monkeypatch.chdir(fresh.path)
    fresh.write("a/qna.yaml")
    fresh.git("add", "--all")
    assert touched(fresh) == []
    assert touched(fresh, PRE_COMMIT="") == ["a", "a/qna.yaml"]


def test_taxonomy_in_a_folder(repo: Repo) -> None:
    assert touched(repo, "a/b/qna.yaml", "c.txt", "ab/qna.yaml", folder="a") == ["b", "b/qna.yaml"]


def test_names_are_relative_to_the_current_directory(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.path / "a")
    assert touched(repo, "b/qna.yaml") == ["a", "a/b", "a/b/qna.yaml"]
    assert touched(repo, os.fspath(repo.path / "c.txt")) == ["c.txt"]


@pytest.mark.parametrize("name", ["../outside/qna.yaml", "/etc/passwd", ".."])
def test_name_of_another_place(repo: Repo, name: str) -> None:
    with pytest.raises(TaxonomyError, match="is not in the repository at"):
        touched(repo, name)
