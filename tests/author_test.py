"""The author of the commit that is being made, as Git tells its hooks."""

import os
from pathlib import Path

import pytest

from taxonomy_tools.author import Author, author_of_commit, is_merge
from taxonomy_tools.errors import TaxonomyError
from tests.repository import Repo


@pytest.fixture(autouse=True)
def _inside(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.path)


@pytest.mark.parametrize(
    ("name", "email"),
    [
        pytest.param("Ada Contributor", "ada@example.org", id="usual"),
        pytest.param("Zoë Äda 😀", "zoë@example.org", id="beyond ASCII"),
        pytest.param("dependabot[bot]", "1+dependabot[bot]@users.noreply.github.com", id="an app"),
        pytest.param('O\'Neil "Ed" $(id)', "ed@example.org", id="what a shell would obey"),
        pytest.param("Ada", "", id="no address"),
        pytest.param(os.fsdecode(b"J\xf6rg"), "joerg@example.org", id="a name that is not UTF-8"),
    ],
)
def test_author_from_the_environment(name: str, email: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", name)
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", email)
    assert author_of_commit() == Author(name=name, email=email)


def test_author_from_the_config(repo: Repo) -> None:
    repo.config(user__name="Grace", user__email="grace@example.org")
    assert author_of_commit() == Author(name="Grace", email="grace@example.org")


def test_author_that_git_does_not_know(repo: Repo) -> None:
    repo.config(user__useConfigOnly="true")
    with pytest.raises(TaxonomyError, match="Git does not know who the author is") as caught:
        author_of_commit()
    assert [remedy.command.partition(" YOU")[0] for remedy in caught.value.remedies] == [
        'git config --global user.name "YOUR NAME"',
        "git config --global user.email",
    ]


def test_git_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(TaxonomyError, match="Git could not be started: No such file or directory"):
        author_of_commit()


def test_merge(repo: Repo) -> None:
    repo.commit({"a": "a"})
    repo.branch("other")
    repo.commit({"b": "b"})
    repo.git("switch", "--quiet", "main")
    assert not is_merge()
    repo.git("merge", "--quiet", "--no-ff", "--no-commit", "other")
    assert is_merge()
    repo.git("commit", "--quiet", "--message", "Merge")
    assert not is_merge()
