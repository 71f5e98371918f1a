"""Whose leaf it is, as far as this machine tells."""

import os
from pathlib import Path

import pytest

from taxonomy_tools.git import Repository
from taxonomy_tools.identity import Identity, github_user
from tests.repository import Repo

HOSTS = """github.com:
    oauth_token: gho_secret
    users:
        octocat:
            oauth_token: gho_secret
    user: octocat
    git_protocol: https
"""


def found(repo: Repo) -> Identity | None:
    return github_user(Repository.discover(repo.path).settings, os.environ)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            {"github__user": "ada", "user__name": "eve"}, ("ada", "github.user in Git's config"), id="own key"
        ),
        pytest.param(
            {"user__email": "583+ada-l@users.noreply.github.com", "user__name": "eve"},
            ("ada-l", "user.email in Git's config"),
            id="the address that GitHub gives",
        ),
        pytest.param({"user__name": "ada"}, ("ada", "user.name in Git's config"), id="a name that is one"),
        pytest.param({"user__name": "Ada Lovelace", "user__email": "ada@example.org"}, None, id="a person's name"),
        pytest.param(
            {"github__user": "@ada ;rm", "user__name": "eve"}, ("eve", "user.name in Git's config"), id="none"
        ),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_git_tells_the_user(repo: Repo, config: dict[str, str], expected: tuple[str, str] | None) -> None:
    repo.config(**config)
    assert found(repo) == (None if expected is None else Identity(user=expected[0], origin=expected[1]))


def test_a_codespace_tells_the_user(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_USER", "ada")
    assert found(repo) == Identity(user="ada", origin="GITHUB_USER")


@pytest.mark.parametrize(
    ("text", "user"),
    [
        pytest.param(HOSTS, "octocat", id="its file"),
        pytest.param(HOSTS.replace("user: octocat", 'user: "octocat"'), "octocat", id="in quotes"),
        pytest.param(HOSTS.replace("github.com", "ghe.example.org"), None, id="another host"),
        pytest.param("github.com:\nghe.example.org:\n    user: eve\n", None, id="the next host's user"),
        pytest.param("\x00\xff" * 40_000, None, id="noise"),
    ],
)
def test_the_github_cli_tells_the_user(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, user: str | None
) -> None:
    (tmp_path / "hosts.yml").write_text(text, encoding="latin-1")
    monkeypatch.setenv("GH_CONFIG_DIR", os.fspath(tmp_path))
    identity = found(repo)
    assert (identity and identity.user) == user


def test_the_config_of_the_github_cli_lies_in_the_home_folder(repo: Repo) -> None:
    folder = Path.home() / ".config" / "gh"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text(HOSTS)
    assert found(repo) == Identity(user="octocat", origin="the GitHub CLI's config")
