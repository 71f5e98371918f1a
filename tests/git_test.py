"""`taxonomy_tools.git`, asked about real repositories."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.git import NotARepository, RawChange, Repository, UnknownRef
from tests.repository import Repo, isolated_environment, standing_in

MakeRepo = Callable[[str], Repo]


def changes(found: object) -> list[tuple[str, str]]:
    return [(raw.status, raw.path) for raw in found]  # type: ignore[attr-defined]


def silent(message: str) -> None:
    pass


def error_of(call: Callable[[], object]) -> tuple[type[TaxonomyError], str, list[tuple[str, str]]]:
    with pytest.raises(TaxonomyError) as caught:
        call()
    return type(caught.value), caught.value.message, [tuple(remedy) for remedy in caught.value.remedies]


# Where the repository is


@pytest.mark.parametrize(
    ("bare", "object_format"),
    [
        pytest.param(False, "sha1", id="an ordinary one"),
        pytest.param(False, "sha256", id="SHA-256"),
        pytest.param(True, "sha1", id="bare"),
    ],
)
def test_discover_says_what_it_found(tmp_path: Path, bare: bool, object_format: str) -> None:
    Repo.init(tmp_path / "r", bare=bare, object_format=object_format)
    found = Repository.discover(tmp_path / "r")
    git_dir = tmp_path / "r" if bare else tmp_path / "r" / ".git"
    assert (found.root, found.git_dir, found.bare, found.object_format, found.shallow, found.prefix) == (
        tmp_path / "r",
        git_dir,
        bare,
        object_format,
        False,
        "",
    )
    assert found.empty_tree == Repo(path=tmp_path / "r").git("hash-object", "-t", "tree", "--stdin").decode().strip()
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("plain", id="plain"),
        pytest.param("with space", id="a space"),
        pytest.param("line\nend", id="a line end"),
        pytest.param("-C", id="like an option"),
        pytest.param('qu"ote\\', id="a quote and a backslash"),
        pytest.param("tüßlich", id="another alphabet"),
        pytest.param(os.fsdecode(b"\xff\xfe"), id="not UTF-8"),
    ],
)
def test_discover_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    repo = Repo.init(tmp_path / name)
    repo.write(f"{name}/inner/file")
    found = Repository.discover(repo.path / name / "inner")
    assert (found.root, found.prefix) == (tmp_path / name, f"{name}/inner")
    with standing_in(repo.path / name):
        here = Repository.discover()
    assert (here.root, here.prefix) == (tmp_path / name, name)


def test_discover_from_a_file_starts_at_its_folder(repo: Repo) -> None:
    repo.write("a/b/qna.yaml")
    assert Repository.discover(repo.path / "a/b/qna.yaml").prefix == "a/b"


def test_discover_through_a_symbolic_link_finds_the_true_root(repo: Repo, tmp_path: Path) -> None:
    repo.write("a/file")
    (tmp_path / "link").symlink_to(repo.path / "a")
    found = Repository.discover(tmp_path / "link")
    assert (found.root, found.prefix) == (repo.path, "a")


def test_inside_the_git_folder_there_is_no_working_tree(repo: Repo) -> None:
    found = Repository.discover(repo.path / ".git")
    assert (found.bare, found.root) == (True, repo.path / ".git")


def test_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    repo.git("worktree", "add", "--quiet", tmp_path / "linked")
    linked = Repo(path=tmp_path / "linked")
    linked.write("b")
    found = Repository.discover(linked.path)
    assert (found.root, found.git_dir) == (linked.path, repo.path / ".git/worktrees/linked")
    assert changes(found.worktree_changes(repo.head)) == [("?", "b")]


def test_no_repository(tmp_path: Path) -> None:
    assert error_of(lambda: Repository.discover(tmp_path)) == (
        NotARepository,
        f"{tmp_path} is not inside a Git repository.",
        [
            ("Go to your clone of the taxonomy, or name it:", "taxonomy-diff -C PATH"),
            ("To check leaves without a repository:", "taxonomy check PATH"),
        ],
    )


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "no/such"
    assert error_of(lambda: Repository.discover(missing)) == (
        TaxonomyError,
        f"there is no {missing}.",
        [("Name a folder that is there:", "taxonomy-diff -C PATH")],
    )


def test_a_current_directory_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with standing_in(gone):
        gone.rmdir()
        kind, message, _ = error_of(Repository.discover)
    assert (kind, message) == (TaxonomyError, "the current directory is not there any more.")


def test_a_repository_that_belongs_to_somebody_else(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert error_of(lambda: Repository.discover(repo.path)) == (
        TaxonomyError,
        f"the repository at {repo.path} belongs to another user, so Git does not trust it.",
        [("If you do:", f"git config --global --add safe.directory {repo.path}")],
    )


def test_a_config_that_git_cannot_read(repo: Repo) -> None:
    repo.write(".git/config", "[core\n")
    kind, message, _ = error_of(lambda: Repository.discover(repo.path))
    assert kind is TaxonomyError
    assert message.startswith(f"Git could not open the repository at {repo.path} (bad config line 1 in file ")


STARTING = """
import sys
from pathlib import Path
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.git import Repository
try:
    Repository.discover(Path(sys.argv[1]))
except TaxonomyError as error:
    print(error.message, error.remedies[0].command)
"""


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(None, "Git could not be started: it is not installed, or not on the PATH.", id="missing"),
        pytest.param("echo git version 2.29.3", "Git 2.29.3 is too old: this needs 2.30 or newer.", id="too old"),
    ],
)
def test_git_missing_or_too_old(repo: Repo, tmp_path: Path, script: str | None, message: str) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    if script is not None:
        (path / "git").write_text(f"#!/bin/sh\n{script}\n")
        (path / "git").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-P", "-c", STARTING, repo.path],
        env={**os.environ, "PATH": os.fspath(path), "PYTHONPATH": os.fspath(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{message} https://git-scm.com/downloads\n"


# The environment of a hook


def test_a_hooks_index_is_the_one_that_is_asked(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": "1", "sub/c": "1"})
    repo.write("b")
    repo.git("add", "b", env={"GIT_INDEX_FILE": ".git/other-index"})
    # pre-commit sets it relative to the top; Git takes it so from wherever it is started.
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other-index")
    monkeypatch.setenv("GIT_DIR", ".git")
    for start in (None, repo.path, repo.path / "sub"):
        with standing_in(repo.path):
            found = Repository.discover(start)
        assert found.root == repo.path
        assert changes(found.index_changes(base)) == [("D", "a"), ("A", "b"), ("D", "sub/c")]


def test_a_hooks_variables_do_not_speak_of_another_repository(
    repo: Repo, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"a": "1"})
    other = make_repo("other")
    base = other.commit({"x": "1"})
    other.write("y")
    monkeypatch.setenv("GIT_DIR", os.fspath(repo.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", os.fspath(repo.path / ".git/index"))
    with standing_in(repo.path):
        found = Repository.discover(other.path)
    assert (found.root, found.git_dir) == (other.path, other.path / ".git")
    assert changes(found.worktree_changes(base)) == [("?", "y")]
    assert found.head() == base


def test_an_index_alone_is_dropped_for_another_repository(
    repo: Repo, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo("other")
    base = other.commit({"x": "1"})
    monkeypatch.setenv("GIT_INDEX_FILE", os.fspath(repo.path / ".git/index"))
    with standing_in(repo.path):
        assert changes(Repository.discover(other.path).index_changes(base)) == []


def test_in_the_hook_of_a_linked_worktree(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": "1", "sub/b": "1"})
    repo.git("worktree", "add", "--quiet", tmp_path / "linked")
    monkeypatch.setenv("GIT_DIR", os.fspath(repo.path / ".git/worktrees/linked"))
    Repo(path=tmp_path / "linked").write("sub/new")
    with standing_in(tmp_path / "linked/sub"):
        found = Repository.discover()
        assert (found.root, found.prefix) == (tmp_path / "linked", "sub")
        assert changes(found.worktree_changes(base)) == [("?", "sub/new")]


def test_a_git_folder_far_from_its_working_tree(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": "1"})
    (repo.path / ".git").rename(tmp_path / "elsewhere")
    repo.write("sub/b")
    monkeypatch.setenv("GIT_DIR", "../elsewhere")
    monkeypatch.setenv("GIT_WORK_TREE", ".")
    with standing_in(repo.path):
        for start, prefix in ((None, ""), (Path("sub"), "sub")):
            found = Repository.discover(start)
            assert (found.root, found.git_dir, found.prefix) == (repo.path, tmp_path / "elsewhere", prefix)
            assert changes(found.worktree_changes(base)) == [("?", "sub/b")]


def test_a_git_folder_that_is_none(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "nowhere")
    with standing_in(repo.path):
        assert Repository.discover(repo.path).root == repo.path
    with standing_in(tmp_path), pytest.raises(NotARepository):
        Repository.discover(tmp_path)


def test_config_of_another_file_is_not_ours(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.config(core__autocrlf="input")
    (tmp_path / "other").write_text("")
    monkeypatch.setenv("GIT_CONFIG", os.fspath(tmp_path / "other"))
    assert Repository.discover(repo.path).settings.last("core.autocrlf") == "input"


# Refs


def test_a_ref_is_resolved_to_its_commit(repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    repo.git("tag", "-a", "-m", "annotated", "v1")
    second = repo.commit({"a": "2"})
    found = Repository.discover(repo.path)
    names = ("main", "HEAD", "v1", "HEAD~1", "refs/heads/main", first, first[:12], "@{0}", ":/change")
    assert [found.resolve(name) for name in names] == [second, second, first, first, second, first, first, second, second]


@pytest.mark.parametrize(
    "ref",
    [
        pytest.param("--output=x", id="an option with a value"),
        pytest.param("--all", id="an option"),
        pytest.param("-h", id="a short option"),
        pytest.param("--end-of-options", id="the option that ends options"),
        pytest.param("^main", id="a negated ref"),
        pytest.param("main..other", id="a range"),
        pytest.param("main other", id="two refs"),
        pytest.param("a\nb", id="a line end"),
        pytest.param("a\0b", id="a null byte"),
        pytest.param("", id="nothing"),
        pytest.param("no/such", id="not there"),
        pytest.param("0" * 40, id="no commit"),
        pytest.param("$(touch pwned)", id="for a shell"),
    ],
)
def test_a_ref_that_names_no_commit(repo: Repo, ref: str) -> None:
    repo.commit({"a": "1"})
    with standing_in(repo.path), pytest.raises(UnknownRef):
        Repository.discover().resolve(ref)
    assert sorted(path.name for path in repo.path.iterdir()) == [".git", "a"]


def test_an_unknown_ref_comes_with_those_of_its_name(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    clone = repo.clone(tmp_path / "clone")
    found = Repository.discover(clone.path)
    assert error_of(lambda: found.resolve("upstream/main")) == (
        UnknownRef,
        "there is no `upstream/main` in this repository.",
        [
            ("Refs with that name elsewhere:", "origin/main, main"),
            ("Add the remote and fetch it:", "git remote add upstream URL && git fetch upstream"),
            ("or name another:", "taxonomy-diff --base origin/main"),
        ],
    )
