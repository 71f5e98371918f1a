"""`taxonomy_tools.git`, asked about real repositories."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.git import FetchFailed, NotARepository, RawChange, Repository, UnknownRef
from tests.repository import Repo, isolated_environment, standing_in

MakeRepo = Callable[[str], Repo]


def changes(found: object) -> list[tuple[str, str]]:
    return [(raw.status, raw.path) for raw in found]  # type: ignore[attr-defined]


def silent(message: str) -> None:
    pass


def error_of(call: Callable[[], object]) -> tuple[type[TaxonomyError], str, list[tuple[str, str]]]:
    with pytest.raises(TaxonomyError) as caught:
        call()
    return type(caught.value), caught.value.message, [(one.label, one.command) for one in caught.value.remedies]


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


@pytest.fixture
def embedded(repo: Repo, make_repo: MakeRepo) -> Path:
    """A folder `data` of a working tree in which a commit has put all that makes a repository, with its own `main`."""
    repo.commit({"data/qna.yaml": "1\n"})
    evil = make_repo("evil")
    evil.commit({"qna.yaml": "2\n"})
    for name in ("HEAD", "objects", "refs", "index"):
        place = evil.path / ".git" / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, repo.path / "data" / name)
    repo.write("data/objects/info/alternates", "../../.git/objects\n")
    return repo.path / "data"


@pytest.mark.parametrize(
    "worktree",
    [
        pytest.param("", id="bare"),
        pytest.param("\tworktree = .\n", id="with itself as the working tree"),
        pytest.param("\tworktree = ..\n", id="with the true root as the working tree"),
    ],
)
@pytest.mark.parametrize("inside", ["", "refs/heads"])
def test_a_repository_among_the_files_of_another_is_not_trusted(
    repo: Repo, embedded: Path, monkeypatch: pytest.MonkeyPatch, worktree: str, inside: str
) -> None:
    bare = "false" if worktree else "true"
    (embedded / "config").write_text(f"[core]\n\trepositoryformatversion = 0\n\tbare = {bare}\n{worktree}")
    refused = (
        TaxonomyError,
        (
            f"{embedded} has the look of a Git repository, but it is a folder of the repository at {repo.path}, "
            "and not trusted."
        ),
        [
            ("If it is a repository of yours, say so:", f"GIT_DIR={embedded}"),
            ("else remove HEAD, objects and refs from that folder.", ""),
        ],
    )
    assert error_of(lambda: Repository.discover(embedded / inside)) == refused
    with standing_in(embedded / inside):
        assert error_of(Repository.discover) == refused
    # In a hook, and where GIT_DIR is far from its working tree.
    monkeypatch.setenv("GIT_DIR", os.fspath(repo.path / ".git"))
    assert error_of(lambda: Repository.discover(embedded / inside)) == refused
    (repo.path / ".git").rename(repo.path.parent / "elsewhere")
    monkeypatch.setenv("GIT_DIR", os.fspath(repo.path.parent / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", os.fspath(repo.path))
    assert error_of(lambda: Repository.discover(embedded / inside)) == refused


def test_a_repository_among_the_files_of_another_may_be_named(
    repo: Repo, embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (embedded / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    monkeypatch.setenv("GIT_DIR", os.fspath(embedded))
    assert Repository.discover(embedded).git_dir == embedded
    with standing_in(embedded):
        assert Repository.discover().git_dir == embedded


def test_a_submodule_is_a_repository_of_its_own(repo: Repo, make_repo: MakeRepo) -> None:
    other = make_repo("other")
    other.commit({"a": "1"})
    repo.commit({"b": "1"})
    repo.git("submodule", "add", "--quiet", other.path.as_uri(), "sub")
    repo.write("sub/c")
    found = Repository.discover(repo.path / "sub")
    assert (found.root, found.git_dir) == (repo.path / "sub", repo.path / ".git/modules/sub")
    assert changes(found.worktree_changes(other.head)) == [("?", "c")]
    assert found.superproject() == repo.path
    repo.git("rm", "--quiet", "--cached", "-f", "sub")
    assert found.superproject() == repo.path  # as what another commit left behind
    assert Repository.discover(repo.path / ".git/modules/sub").root == repo.path / "sub"
    assert Repository.discover(repo.path).superproject() is None


def test_a_repository_within_another_is_no_submodule_of_it(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    inner = Repo.init(repo.path / "inner")
    inner.commit({"a": "1"})
    assert Repository.discover(inner.path).superproject() is None
    repo.git("worktree", "add", "--quiet", repo.path / "linked")
    assert Repository.discover(repo.path / "linked").superproject() is None
    repo.git("add", "inner")  # with its Git folder where it is
    assert Repository.discover(inner.path).superproject() == repo.path
    bare = repo.clone(tmp_path / "bare.git", "--bare")
    (bare.path / "below").mkdir()
    below = Repo.init(bare.path / "below")
    assert Repository.discover(below.path).superproject() is None


def test_a_working_tree_that_the_config_names(repo: Repo) -> None:
    """It may hold what looks like a repository: the one that was found is asked."""
    base = repo.commit({"a": "1"})
    tree = repo.path / "tree"
    tree.mkdir()
    repo.config(core__worktree=os.fspath(tree))
    for name in ("HEAD", "objects", "refs"):
        place = repo.path / ".git" / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, tree / name)
    (tree / "HEAD").write_text("ref: refs/heads/none\n")
    found = Repository.discover(repo.path)
    assert (found.root, found.head()) == (tree, base)


def test_a_replaced_commit_stays_what_it_is(repo: Repo, make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    base, head = repo.commit({"a": "1"}), repo.commit({"b": "1"})
    repo.git("replace", base, head)
    found = Repository.discover(repo.path)
    assert changes(found.tree_changes(base, head)) == [("A", "b")]
    monkeypatch.setenv("GIT_DIR", os.fspath(make_repo("other").path / ".git"))
    monkeypatch.setenv("GIT_NO_REPLACE_OBJECTS", "1")
    found = Repository.discover(repo.path)
    assert changes(found.tree_changes(base, head)) == [("A", "b")]


def test_no_repository(tmp_path: Path) -> None:
    assert error_of(lambda: Repository.discover(tmp_path)) == (
        NotARepository,
        f"{tmp_path} is not inside a Git repository.",
        [
            ("Go to your clone of the taxonomy, or name it:", "-C PATH"),
            ("To check leaves without a repository:", "taxonomy check PATH"),
        ],
    )


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "no/such"
    assert error_of(lambda: Repository.discover(missing)) == (
        TaxonomyError,
        f"there is no {missing}.",
        [("Name a folder that is there:", "-C PATH")],
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


def test_a_working_tree_that_is_named_stays_what_it_is(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": "1", "sub/b": "1"})
    repo.write("new")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_WORK_TREE", ".")
    with standing_in(repo.path):
        found = Repository.discover(Path("sub"))
    assert (found.root, found.prefix) == (repo.path, "sub")
    assert changes(found.worktree_changes(base)) == [("?", "new")]


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
    assert [found.resolve(name) for name in names] == [
        second,
        second,
        first,
        first,
        second,
        first,
        first,
        second,
        second,
    ]


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
            ("or name another:", "--base origin/main"),
        ],
    )


def test_an_unknown_ref_of_a_remote_that_is_there(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    clone = repo.clone(tmp_path / "clone")
    found = Repository.discover(clone.path)
    assert error_of(lambda: found.resolve("origin/it's new", option="--head")) == (
        UnknownRef,
        "there is no `origin/it's new` in this repository.",
        [("Fetch it:", """git fetch origin '+refs/heads/it'"'"'s new:refs/remotes/origin/it'"'"'s new'""")],
    )


def test_an_unknown_hash_in_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    found = Repository.discover(repo.clone(tmp_path / "clone", "--depth=1").path)
    assert found.shallow
    assert error_of(lambda: found.resolve(first)) == (
        UnknownRef,
        f"there is no `{first}` in this repository.",
        [("This clone is shallow. Deepen it:", "git fetch --unshallow")],
    )


def test_an_ambiguous_ref_says_what_it_could_be(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.git("tag", "twice")
    repo.commit({"a": "2"})
    repo.git("branch", "twice")
    repo.config(core__warnAmbiguousRefs="false")
    found = Repository.discover(repo.path)
    assert error_of(lambda: found.resolve("twice")) == (
        UnknownRef,
        "`twice` is ambiguous in this repository: it names heads/twice and tags/twice.",
        [("Say which:", "--base heads/twice")],
    )
    assert found.resolve("heads/twice") == repo.head


def test_an_ambiguous_hash(repo: Repo) -> None:
    repo.commit({"a": "1"})
    tree = repo.oid("HEAD^{tree}")
    by_start: dict[str, str] = {}
    for number in range(2000):
        text = f"tree {tree}\nauthor A <a@b> {number} +0000\ncommitter A <a@b> {number} +0000\n\n.\n".encode()
        start = hashlib.sha1(b"commit %d\0" % len(text) + text).hexdigest()[:4]
        if start in by_start:
            break
        by_start[start] = str(number)
    else:
        raise AssertionError("no two of 2000 commits share four digits")
    for one in (by_start[start], str(number)):
        text = f"tree {tree}\nauthor A <a@b> {one} +0000\ncommitter A <a@b> {one} +0000\n\n.\n".encode()
        repo.git("hash-object", "-w", "-t", "commit", "--stdin", stdin=text)
    assert error_of(lambda: Repository.discover(repo.path).resolve(start)) == (
        UnknownRef,
        f"`{start}` is ambiguous in this repository.",
        [("Write more of the hash.", "")],
    )


@pytest.mark.parametrize("ref", ["main:a", "main^{tree}"])
def test_what_is_no_commit(repo: Repo, ref: str) -> None:
    repo.commit({"a": "1"})
    assert error_of(lambda: Repository.discover(repo.path).resolve(ref)) == (
        UnknownRef,
        f"`{ref}` is not a commit.",
        [("Name a branch, a tag or a commit.", "")],
    )


def test_the_branch_that_is_checked_out(repo: Repo) -> None:
    found = Repository.discover(repo.path)
    repo.commit()
    repo.branch("topic/é")
    assert found.branch() == "topic/é"
    repo.git("switch", "--quiet", "--detach")
    assert found.branch() == ""


def test_before_the_first_commit(repo: Repo) -> None:
    repo.write("a")
    found = Repository.discover(repo.path)
    assert found.head() is None
    assert found.branch() == "main"
    assert found.existing(["refs/heads/main"]) is None
    assert error_of(lambda: found.resolve("HEAD")) == (
        UnknownRef,
        "this repository has no commit yet.",
        [("Make one:", "git commit")],
    )
    assert changes(found.worktree_changes(found.empty_tree)) == [("?", "a")]
    repo.git("add", "a")
    assert changes(found.worktree_changes(found.empty_tree)) == [("A", "a")]
    assert changes(found.index_changes(found.empty_tree)) == [("A", "a")]


def test_the_first_ref_that_exists(repo: Repo, tmp_path: Path) -> None:
    head = repo.commit({"a": "1"})
    repo.git("branch", "other")
    clone = repo.clone(tmp_path / "clone")
    found = Repository.discover(clone.path)
    first = found.existing(["refs/remotes/upstream/main", "refs/remotes/origin/HEAD", "refs/heads/main"])
    assert first is not None
    assert (first.name, first.target, first.commit) == ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", head)
    clone.git("remote", "set-head", "origin", "--delete")
    second = found.existing(["refs/remotes/origin/HEAD", "refs/heads/main"])
    assert second is not None
    assert second.name == "refs/heads/main"


def test_a_symbolic_ref_that_points_nowhere_does_not_exist(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    found = Repository.discover(repo.path).existing(["refs/remotes/origin/HEAD", "refs/heads/main"])
    assert found is not None
    assert found.name == "refs/heads/main"


# Merge bases


def test_the_merge_base_and_how_far_behind(repo: Repo) -> None:
    start = repo.commit({"a": "1"})
    repo.branch("topic")
    topic = repo.commit({"b": "1"})
    repo.git("switch", "--quiet", "main")
    repo.commit({"c": "1"})
    base = repo.commit({"c": "2"})
    found = Repository.discover(repo.path)
    assert found.merge_base(base, topic) == start
    assert (found.behind(base, topic), found.behind(topic, base)) == (2, 1)


def test_of_several_merge_bases_the_newest(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.branch("left")
    left = repo.commit({"l": "1"})
    repo.git("switch", "--quiet", "main")
    repo.branch("right")
    right = repo.commit({"r": "1"})
    repo.git("merge", "--quiet", "--no-edit", left)
    first = repo.head
    repo.git("switch", "--quiet", "left")
    repo.git("merge", "--quiet", "--no-edit", right)
    found = Repository.discover(repo.path)
    assert found.merge_base(first, repo.head) == right  # made a minute after `left`


def test_what_is_being_merged_counts_as_merged(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.branch("topic")
    topic = repo.commit({"b": "1"})
    repo.git("switch", "--quiet", "main")
    main = repo.commit({"c": "1"})
    repo.git("switch", "--quiet", "topic")
    repo.git("merge", "--quiet", "--no-commit", "main")
    found = Repository.discover(repo.path)
    assert found.merge_heads() == (main,)
    assert found.merge_base(main, topic, *found.merge_heads()) == main
    assert found.behind(main, topic, *found.merge_heads()) == 0


def test_no_merge_base(repo: Repo) -> None:
    one = repo.commit({"a": "1"})
    repo.git("switch", "--quiet", "--orphan", "other")
    other = repo.commit({"b": "1"})
    found = Repository.discover(repo.path)
    assert found.merge_base(one, other) is None
    assert found.merge_heads() == ()


# Paths

NAMES = [
    pytest.param("with space", id="a space"),
    pytest.param('qu"ote', id="a quote"),
    pytest.param("line\nend\ttab", id="a line end and a tab"),
    pytest.param("ünï", id="composed (NFC)"),
    pytest.param("u\u0308ni\u0308", id="decomposed (NFD)"),
    pytest.param("漢字", id="another alphabet"),
    pytest.param(os.fsdecode(b"\xff\xfe"), id="not UTF-8"),
    pytest.param(":(glob)**", id="a pathspec"),
    pytest.param("-option", id="an option"),
    pytest.param("*[a]?", id="wildcards"),
    pytest.param(" ", id="nothing but a space"),
]


@pytest.mark.parametrize("quote", ["true", "false"])
@pytest.mark.parametrize("name", NAMES)
def test_a_path_comes_as_it_is_and_limits_to_itself(repo: Repo, name: str, quote: str) -> None:
    repo.config(core__quotePath=quote)
    base = repo.commit({"other/file": "1", "a/file": "1"})
    repo.write(f"{name}/staged")
    repo.write("a/file", "2")
    repo.git("add", "--all")
    head = repo.commit()
    repo.write(f"{name}/untracked")
    repo.write("other/untracked")
    found = Repository.discover(repo.path)
    assert changes(found.tree_changes(base, head, under=[name])) == [("A", f"{name}/staged")]
    assert changes(found.index_changes(base, under=[name])) == [("A", f"{name}/staged")]
    assert changes(found.worktree_changes(base, under=[name])) == [("A", f"{name}/staged"), ("?", f"{name}/untracked")]
    assert set(changes(found.tree_changes(base, head))) == {("A", f"{name}/staged"), ("M", "a/file")}


def test_a_raw_change_says_modes_and_blobs(repo: Repo) -> None:
    base = repo.commit({"a": "1", "gone": "1", "mode": "1"})
    repo.write("a", "2")
    (repo.path / "mode").chmod(0o755)
    repo.remove("gone")
    repo.link("link", "a")
    head = repo.commit()

    def blob(text: bytes) -> str:
        return repo.git("hash-object", "--stdin", stdin=text).decode().strip()

    def change(
        path: str, status: str, modes: tuple[int, int], contents: tuple[bytes | None, bytes | None]
    ) -> RawChange:
        oids = [None if text is None else blob(text) for text in contents]
        return RawChange(
            path=path, old_mode=modes[0], new_mode=modes[1], old_oid=oids[0], new_oid=oids[1], status=status
        )

    expected = [
        change("a", "M", (0o100644, 0o100644), (b"1", b"2")),
        change("gone", "D", (0o100644, 0), (b"1", None)),
        change("link", "A", (0, 0o120000), (None, b"a")),
        change("mode", "M", (0o100644, 0o100755), (b"1", b"1")),
    ]
    found = Repository.discover(repo.path)
    assert list(found.tree_changes(base, head)) == expected
    assert list(found.index_changes(base)) == expected
    assert list(found.worktree_changes(base)) == expected


def test_renames_and_copies_are_not_guessed(repo: Repo) -> None:
    repo.config(diff__renames="copies", diff__renameLimit="0", diff__relative="true", diff__noprefix="true")
    repo.config(diff__orderFile="/dev/null", diff__ignoreSubmodules="all", status__renames="true")
    base = repo.commit({"sub/a": "the same", "b": "x"})
    repo.git("mv", "sub/a", "sub/c")
    head = repo.commit()
    found = Repository.discover(repo.path / "sub")
    expected = [("D", "sub/a"), ("A", "sub/c")]
    assert changes(found.tree_changes(base, head)) == expected
    assert changes(found.index_changes(base)) == expected
    assert changes(found.worktree_changes(base)) == expected


def test_a_touched_file_has_no_hash(repo: Repo) -> None:
    base = repo.commit({"a": "1", "b": "1"})
    os.utime(repo.path / "a", (1, 1))
    found = Repository.discover(repo.path)
    listing = list(found.worktree_changes(base))
    assert [(raw.path, raw.new_oid) for raw in listing] == [("a", None)]


def test_intent_to_add(repo: Repo) -> None:
    base = repo.commit({"a": "1"})
    repo.write("b", "2")
    repo.git("add", "--intent-to-add", "b")
    found = Repository.discover(repo.path)
    assert changes(found.index_changes(base)) == []
    assert changes(found.worktree_changes(base)) == [("A", "b")]


def conflict(repo: Repo) -> str:
    repo.commit({"a": "1"})
    repo.branch("topic")
    repo.commit({"a": "2"})
    repo.git("switch", "--quiet", "main")
    repo.commit({"a": "3"})
    repo.git("switch", "--quiet", "topic")
    repo.git("merge", "--quiet", "main", check=False)
    return repo.head


def test_unmerged_paths(repo: Repo) -> None:
    base = conflict(repo)
    found = Repository.discover(repo.path)
    assert changes(found.worktree_changes(base)) == [("M", "a"), ("U", "a")]
    assert changes(found.index_changes(base)) == [("U", "a")]
    assert found.unmerged() == {"a"}


def test_during_a_rebase_that_stopped(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.branch("topic")
    repo.commit({"a": "2"})
    repo.git("switch", "--quiet", "main")
    base = repo.commit({"a": "3"})
    repo.git("switch", "--quiet", "topic")
    repo.git("rebase", "main", check=False)
    found = Repository.discover(repo.path)
    assert found.head() == base
    assert found.merge_heads() == ()
    assert found.unmerged() == {"a"}


def test_a_detached_head(repo: Repo) -> None:
    base = repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    repo.git("switch", "--quiet", "--detach", base)
    repo.write("b")
    found = Repository.discover(repo.path)
    assert found.head() == base
    assert changes(found.worktree_changes(base)) == [("?", "b")]


@pytest.mark.parametrize("sparse_index", ["--no-sparse-index", "--sparse-index"])
def test_what_a_sparse_checkout_leaves_out_is_not_removed(repo: Repo, sparse_index: str) -> None:
    base = repo.commit({"in/a": "1", "out/b": "1"})
    repo.git("sparse-checkout", "init", "--cone", sparse_index)
    repo.git("sparse-checkout", "set", "in")
    assert not (repo.path / "out").exists()
    found = Repository.discover(repo.path)
    assert changes(found.worktree_changes(base)) == []
    repo.write("in/a", "2")
    assert changes(found.worktree_changes(base)) == [("M", "in/a")]
    assert changes(found.worktree_changes(found.empty_tree)) == [("A", "in/a"), ("A", "out/b")]


def test_submodules_and_nested_repositories_are_not_entered(repo: Repo, make_repo: MakeRepo) -> None:
    inner = make_repo("inner")
    first = inner.commit({"qna.yaml": "1"})
    inner.commit({"qna.yaml": "2"})
    repo.git("submodule", "--quiet", "add", inner.path.as_uri(), "module")
    base = repo.commit()
    module = Repo(path=repo.path / "module")
    module.write("qna.yaml", "dirty")
    module.write("untracked")
    nested = Repo.init(repo.path / "nested")
    nested.write("qna.yaml")
    repo.git("config", "-f", ".gitmodules", "submodule.module.ignore", "all")
    found = Repository.discover(repo.path)
    assert changes(found.worktree_changes(base)) == [("M", ".gitmodules"), ("?", "nested/")]
    module.git("checkout", "--quiet", "--force", first)
    assert changes(found.worktree_changes(base, under=["module"])) == [("M", "module")]


def test_a_symlinked_folder_is_not_entered(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({"real/a": "1"})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a").write_text("1")
    repo.remove("real/a")
    (repo.path / "real").rmdir()
    repo.link("real", "../outside")
    found = Repository.discover(repo.path)
    assert changes(found.worktree_changes(base)) == [("D", "real/a"), ("?", "real")]


def test_removed_from_the_index_but_not_from_disk(repo: Repo) -> None:
    base = repo.commit({"a": "1"})
    repo.git("rm", "--cached", "--quiet", "a")
    found = Repository.discover(repo.path)
    assert changes(found.worktree_changes(base)) == [("D", "a"), ("?", "a")]


def test_an_index_that_git_cannot_read(repo: Repo) -> None:
    base = repo.commit({"a": "1"})
    repo.write(".git/index", "no index")
    found = Repository.discover(repo.path)
    assert error_of(lambda: list(found.worktree_changes(base))) == (
        TaxonomyError,
        "Git could not compare the working tree (.git/index: index file smaller than expected).",
        [],
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_folder_that_cannot_be_listed_is_named(repo: Repo) -> None:
    base = repo.commit({"a": "1"})
    repo.write("it's\nclosed/b")
    (repo.path / "it's\nclosed").chmod(0)
    try:
        assert changes(Repository.discover(repo.path).worktree_changes(base)) == [("!", "it's\nclosed")]
    finally:
        (repo.path / "it's\nclosed").chmod(0o700)


def test_what_stands_in_folders_of_a_commit(repo: Repo) -> None:
    repo.commit({"top": "1", "a/b": "1", "a/c/d": "1", "x y/*": "1"})
    found = Repository.discover(repo.path)
    listed = [path for path, _, _ in found.children("HEAD", ["", "a", "x y", "none", "top"])]
    assert listed == ["a", "top", "x y", "a/b", "a/c", "x y/*"]


def test_ignored_files(repo: Repo) -> None:
    repo.commit({".gitignore": "private/\n*.secret\n", "a": "1"})
    repo.write("private/deep/qna.yaml")
    repo.write("sub/x.secret")
    repo.write("seen")
    found = Repository.discover(repo.path)
    assert sorted(found.ignored()) == ["private/deep/qna.yaml", "sub/x.secret"]
    assert list(found.ignored(under=["sub"])) == ["sub/x.secret"]


def test_a_bare_repository_compares_commits(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({"a": "1"})
    head = repo.commit({"b": "1"})
    found = Repository.discover(repo.clone(tmp_path / "bare.git", "--bare").path)
    assert changes(found.tree_changes(base, head)) == [("A", "b")]
    assert error_of(lambda: list(found.worktree_changes(base))) == (
        TaxonomyError,
        f"{tmp_path / 'bare.git'} is a bare repository: it has no working tree to look at.",
        [("Compare or check a commit:", "--head HEAD")],
    )


def test_in_a_sha256_repository(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r", object_format="sha256")
    base = repo.commit({"a": "1"})
    head = repo.commit({"a": "2"})
    repo.write("b")
    found = Repository.discover(repo.path)
    assert changes(found.worktree_changes(base)) == [("M", "a"), ("?", "b")]
    assert changes(found.tree_changes(found.empty_tree, head)) == [("A", "a")]
    assert found.merge_base(base, head) == base
    assert [blob.data for blob in found.blobs([repo.oid("HEAD:a")])] == [b"2"]


def test_more_than_a_pipe_holds_on_both_sides(repo: Repo) -> None:
    names = [f"folder-with-a-long-name/{'x' * 60}-{number:05}" for number in range(3000)]
    base = repo.commit({f"tracked/{name}": "1" for name in names})
    for name in names:
        repo.write(f"tracked/{name}", "22")
        repo.write(f"untracked/{name}")
    found = changes(Repository.discover(repo.path).worktree_changes(base))
    assert found == [("M", f"tracked/{name}") for name in names] + [("?", f"untracked/{name}") for name in names]


# Objects


def test_blobs_come_in_order_and_as_they_are(repo: Repo) -> None:
    contents = [b"", b"a\r\nb", b"\0\xff\n", b"x" * 200_000, *(b"%d" % number for number in range(100)), b""]
    oids = [repo.stage(f"f{number}", content) for number, content in enumerate(contents)]
    found = Repository.discover(repo.path)
    assert [blob.data for blob in found.blobs(oids)] == contents
    assert list(found.blobs([])) == []


def test_a_blob_above_the_limit_is_not_read(repo: Repo) -> None:
    contents = [b"small", b"x" * 101, b"y" * 100, b"z" * 5_000_000, b"small", b"z" * 102]
    oids = [repo.stage(f"f{number}", content) for number, content in enumerate(contents)]
    blobs = list(Repository.discover(repo.path).blobs(oids, limit=100))
    assert [blob.size for blob in blobs] == [len(content) for content in contents]
    assert [blob.data for blob in blobs] == [b"small", None, b"y" * 100, None, b"small", None]


def test_blobs_may_be_left_unread(repo: Repo) -> None:
    oids = [repo.stage(f"f{number}", b"x" * 100_000 + b"%d" % number) for number in range(40)]
    blobs = Repository.discover(repo.path).blobs(oids)
    assert next(blobs).size == 100_001
    blobs.close()  # type: ignore[attr-defined]


def test_a_blob_that_is_not_there(repo: Repo) -> None:
    repo.commit({"a": "1"})
    absent = "1" * 40
    assert error_of(lambda: list(Repository.discover(repo.path).blobs([absent]))) == (
        TaxonomyError,
        f"the content {absent} cannot be read from this repository ({absent} missing).",
        [("See what else is damaged:", "git fsck")],
    )


def test_a_damaged_blob(repo: Repo) -> None:
    repo.commit({"a": "some content"})
    oid = repo.oid("HEAD:a")
    damaged = repo.path / ".git/objects" / oid[:2] / oid[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"not zlib")
    kind, message, _ = error_of(lambda: list(Repository.discover(repo.path).blobs([oid])))
    assert (kind, message.split(" (")[0]) == (TaxonomyError, f"the content {oid} cannot be read from this repository")


# Partial clones


def partial_clone(repo: Repo, path: Path, *options: str) -> Repo:
    return repo.served().clone(path, "--filter=blob:none", "--no-checkout", *options)


def test_missing_blobs_are_fetched_in_one_announced_batch(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1", "b": "2", "c": "3"})
    oids = [repo.oid(f"HEAD:{name}") for name in "abc"]
    clone = partial_clone(repo, tmp_path / "clone")
    found = Repository.discover(clone.path)
    said: list[str] = []
    assert found.missing(oids) == tuple(oids)
    found.fetch_missing(oids[:2], said.append)
    assert said == ["Fetching 2 missing blobs from origin"]
    assert found.missing(oids) == (oids[2],)
    found.fetch_missing(oids[:2], said.append)
    assert said == ["Fetching 2 missing blobs from origin"]
    assert [blob.data for blob in found.blobs(oids[:2])] == [b"1", b"2"]
    assert not (clone.path / ".git/FETCH_HEAD").exists()


@pytest.mark.parametrize(
    "compare",
    [
        pytest.param(lambda found, base: found.tree_changes(base, "HEAD"), id="commits"),
        pytest.param(lambda found, base: found.index_changes(base), id="the index"),
        pytest.param(lambda found, base: found.worktree_changes(base), id="the working tree"),
    ],
)
def test_a_clone_without_trees_says_what_to_fetch(
    repo: Repo, tmp_path: Path, compare: Callable[[Repository, str], object]
) -> None:
    base = repo.commit({"a/b": "1"})
    repo.commit({"a/b": "2"})
    clone = repo.served().clone(tmp_path / "clone", "--filter=tree:0")
    found = Repository.discover(clone.path)
    kind, message, remedies = error_of(lambda: changes(compare(found, base)))
    assert kind is TaxonomyError
    assert message.startswith("this partial clone lacks what the comparison needs (")
    assert remedies == [("Fetch it:", "git fetch --refetch --no-filter origin")]
    clone.git("fetch", "--refetch", "--no-filter", "origin")
    assert changes(compare(found, base)) == [("M", "a/b")]


def test_a_complete_clone_misses_nothing(repo: Repo) -> None:
    repo.commit({"a": "1"})
    assert Repository.discover(repo.path).missing(["1" * 40]) == ()


def test_nothing_is_fetched_unannounced(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": "1\n", "b": "2"})
    head = repo.commit({"a": "2\n"})
    clone = partial_clone(repo, tmp_path / "clone")
    clone.git("reset", "--quiet")
    clone.write("a", "3\n")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", os.fspath(trace))
    found = Repository.discover(clone.path)
    assert changes(found.tree_changes(base, head)) == [("M", "a")]
    assert changes(found.index_changes(base)) == [("M", "a")]
    assert changes(found.worktree_changes(base)) == [("M", "a"), ("D", "b")]
    assert len(found.missing([repo.oid("HEAD:a"), repo.oid("HEAD:b")])) == 2
    with pytest.raises(TaxonomyError):
        list(found.blobs([repo.oid("HEAD:a")]))
    assert not any("upload-pack" in " ".join(command) for command in started(trace))
    assert found.missing([repo.oid("HEAD:a")])


def test_a_fetch_that_fails_says_what_to_do(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    oid = repo.oid("HEAD:a")
    clone = partial_clone(repo, tmp_path / "clone")
    repo.path.rename(tmp_path / "moved")
    found = Repository.discover(clone.path)
    kind, message, remedies = error_of(lambda: found.fetch_missing([oid], silent))
    assert kind is TaxonomyError
    assert message.startswith(
        "this is a partial clone, and 1 of the blobs to compare could not be fetched from origin ("
    )
    assert remedies == [("Fetch them while there is a connection:", "git fetch --refetch --no-filter origin")]
    (tmp_path / "moved").rename(repo.path)
    clone.git("fetch", "--refetch", "--no-filter", "origin")
    assert found.missing([oid]) == ()


# Nothing of the repository's own runs


def booby_trap(repo: Repo) -> None:
    """Config and attributes that leave a file `pwned` beside the repository, whatever of them is run."""
    trap = repo.path.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repo.path.parent / 'pwned'}\n")
    trap.chmod(0o755)
    hooks = repo.path.parent / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "pre-auto-gc", "post-checkout", "fsmonitor-watchman"):
        (hooks / hook).symlink_to(trap)
    run = os.fspath(trap)
    keys = (
        *(
            "core.fsmonitor",
            "core.pager",
            "core.sshCommand",
            "core.askPass",
            "core.alternateRefsCommand",
            "core.editor",
        ),
        *("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "filter.a.b.clean"),
        *("diff.external", "diff.trap.command", "diff.trap.textconv", "pager.diff-index", "pager.ls-files"),
        *("gpg.program", "credential.helper", "core.gitProxy", "remote.origin.uploadpack", "remote.origin.receivepack"),
        *("alias.diff-index", "alias.ls-files", "uploadpack.packObjectsHook", "interactive.diffFilter"),
    )
    for key in keys:
        repo.git("config", key, f"!{run}" if key.startswith(("alias", "credential")) else run)
    repo.config(filter__trap__required="true", core__hooksPath=os.fspath(hooks), log__showSignature="true")
    repo.write(".git/info/attributes", "* filter=trap diff=trap\na filter=a.b\n")


def test_nothing_of_the_config_runs(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({"a": "1\n", "b": "1\n", "c": "1\n"})
    head = repo.commit({"a": "2\n"})
    booby_trap(repo)
    repo.write("b", "2\n")
    repo.write("d", "x\r\n")
    os.utime(repo.path / "c", (1, 1))
    found = Repository.discover(repo.path)
    assert found.resolve("main") == head
    assert found.merge_base(base, head) == base
    assert found.existing(["refs/heads/main"]) is not None
    assert changes(found.tree_changes(base, head)) == [("M", "a")]
    assert changes(found.index_changes(base)) == [("M", "a")]
    assert changes(found.worktree_changes(base)) == [("M", "a"), ("M", "b"), ("M", "c"), ("?", "d")]
    assert [blob.data for blob in found.blobs([repo.oid("HEAD:a")])] == [b"2\n"]
    assert found.normalized(["d"]) == frozenset()
    assert list(found.ignored()) == []
    assert not (tmp_path / "pwned").exists()


def test_a_racily_clean_entry_is_compared_without_its_filter(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({"a": "1\n"})
    booby_trap(repo)
    # As new as the index itself: Git cannot trust the times, and looks at the content.
    now = (repo.path / ".git/index").stat().st_mtime_ns
    os.utime(repo.path / "a", ns=(now, now))
    repo.git("-c", "filter.a.b.clean=", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "add", "a")
    now = (repo.path / "a").stat().st_mtime_ns
    os.utime(repo.path / ".git/index", ns=(now, now))
    assert changes(Repository.discover(repo.path).worktree_changes(base)) == []
    assert not (tmp_path / "pwned").exists()


def test_a_fetch_runs_nothing_of_the_config(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    oid = repo.oid("HEAD:a")
    clone = partial_clone(repo, tmp_path / "clone")
    booby_trap(clone)
    found = Repository.discover(clone.path)
    found.fetch_missing([oid], silent)
    assert found.missing([oid]) == ()
    assert not (tmp_path / "pwned").exists()


def test_a_fetch_uses_the_programs_of_the_user(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": "1"})
    clone = partial_clone(repo, tmp_path / "clone")
    clone.git("config", "remote.origin.url", f"ssh://example.org{repo.path}")
    booby_trap(clone)
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\nexec sh -c "$1"\n')
    ssh.chmod(0o755)
    (tmp_path / "user").write_text(f"[core]\n\tsshCommand = {ssh}\n[credential]\n\thelper = cache\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.fspath(tmp_path / "user"))
    found = Repository.discover(clone.path)
    found.fetch_missing([repo.oid("HEAD:a")], silent)
    assert found.missing([repo.oid("HEAD:a")]) == ()
    assert not (tmp_path / "pwned").exists()


def test_a_remote_that_looks_like_an_option_is_none(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    clone = partial_clone(repo, tmp_path / "clone")
    clone.git("config", "--remove-section", "remote.origin")
    clone.git("config", f"remote.--upload-pack=touch {tmp_path / 'pwned'};.promisor", "true")
    found = Repository.discover(clone.path)
    with pytest.raises(TaxonomyError, match="could not be fetched"):
        found.fetch_missing([repo.oid("HEAD:a")], silent)
    assert not (tmp_path / "pwned").exists()


def test_a_fetch_does_not_go_through_a_helper_of_the_repository(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    clone = partial_clone(repo, tmp_path / "clone")
    clone.git("config", "remote.origin.url", f"ext::touch {tmp_path / 'pwned'}")
    found = Repository.discover(clone.path)
    with pytest.raises(TaxonomyError, match="transport 'ext' not allowed"):
        found.fetch_missing([repo.oid("HEAD:a")], silent)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("scope", ["", "of an address"])
def test_a_fetch_writes_no_cookies(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: str) -> None:
    """The file of cookies would be written anew, wherever the repository's config says that it is."""
    monkeypatch.setenv("NO_PROXY", "*")
    tip = repo.commit({"a": "1"})
    precious = tmp_path / "precious"
    precious.write_text("# precious\n")
    with giving_a_cookie(tip) as url:
        section = f"http.{url}" if scope else "http"
        repo.git("remote", "add", "origin", f"{url}repo")
        repo.git("config", f"{section}.cookieFile", os.fspath(precious))
        repo.git("config", f"{section}.saveCookies", "true")
        assert Repository.discover(repo.path).advertised("origin", "refs/heads/main") == tip
        assert precious.read_text() == "# precious\n"
        # The control: Git itself falls for it.
        repo.git("ls-remote", "origin")
        assert precious.read_text() != "# precious\n"


@contextmanager
def giving_a_cookie(tip: str) -> Iterator[str]:
    """A server of files, as the oldest way to a repository has it, that gives a cookie with each: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listed = f"{tip}\trefs/heads/main\n".encode() if "/info/refs" in self.path else b""
            self.send_response(200 if listed else 404)
            self.send_header("Set-Cookie", "a=b; Path=/; Max-Age=1000")
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(listed)))
            self.end_headers()
            self.wfile.write(listed)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_cookie_file_that_cannot_be_switched_off_stops_us(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    clone = partial_clone(repo, tmp_path / "clone")
    clone.git("config", "http.https://example.org/?a=b.cookieFile", "x")
    kind, message, remedies = error_of(
        lambda: Repository.discover(clone.path).fetch_missing([repo.oid("HEAD:a")], silent)
    )
    assert (kind, message, remedies) == (
        TaxonomyError,
        (
            "`http.https://example.org/?a=b.cookiefile` in this repository's config cannot be switched off: "
            "its name holds `=`."
        ),
        [("Remove it:", "git config --unset-all 'http.https://example.org/?a=b.cookiefile'")],
    )


def test_a_fetch_keeps_to_the_protocols_of_the_environment(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"a": "1"})
    clone = repo.clone(tmp_path / "clone")
    tip = repo.commit({"a": "2"})
    found = Repository.discover(clone.path)
    assert found.advertised("origin", "refs/heads/main") == tip
    assert found.advertised("origin", "refs/heads/mai") is None
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "https")
    with pytest.raises(FetchFailed, match=r"did not give what it was asked for \(transport 'file' not allowed\)"):
        found.fetch("origin", ["+refs/heads/main:refs/remotes/origin/main"])
    monkeypatch.delenv("GIT_ALLOW_PROTOCOL")
    found.fetch("origin", ["+refs/heads/main:refs/remotes/origin/main"])
    assert found.commit("origin/main") == tip


def test_a_filter_that_cannot_be_switched_off_stops_us(repo: Repo) -> None:
    repo.git("config", "filter.a=b.clean", "touch pwned")
    kind, message, _ = error_of(lambda: list(Repository.discover(repo.path).worktree_changes("HEAD")))
    assert kind is TaxonomyError
    assert message == "the filter `a=b` in this repository's config cannot be switched off: its name holds `=`."


# How much it costs


def started(trace: Path) -> list[list[str]]:
    """The command lines of all Git processes, from their own trace, without global options."""
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    return [event["argv"] for event in events if event["event"] == "start"]


def test_an_ordinary_run_starts_few_processes(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = repo.commit({"a": "1"})
    repo.branch("topic")
    repo.write("b")
    trace = tmp_path / "trace"
    Repository.discover(repo.path)
    monkeypatch.setenv("GIT_TRACE2_EVENT", os.fspath(trace))
    found = Repository.discover(repo.path)
    existing = found.existing(["refs/heads/main"])
    assert existing is not None
    head = found.head()
    assert head is not None
    found.merge_base(existing.commit, head)
    assert changes(found.worktree_changes(base)) == [("?", "b")]
    names = ["rev-parse", "config", "for-each-ref", "rev-parse", "merge-base", "ls-files", "diff-index"]
    commands = started(trace)
    assert sorted(next(word for word in argv if word in names) for argv in commands) == sorted(names)


def test_comparing_commits_looks_at_no_index_and_no_working_tree(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = repo.commit({"a/b": "1"})
    head = repo.commit({"a/b": "2"})
    found = Repository.discover(repo.path)
    (repo.path / ".git/index").write_bytes(b"no index")
    (repo.path / "a/b").unlink()
    (repo.path / "a").rmdir()
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", os.fspath(trace))
    monkeypatch.setenv("GIT_TRACE2_EVENT_NESTING", "20")
    assert changes(found.tree_changes(base, head)) == [("M", "a/b")]
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    entries = [event["value"] for event in events if event.get("key") == "read/cache_nr"]
    walks = [event for event in events if event.get("category") in {"read_directory", "untracked_cache"}]
    assert (entries, walks) == ([], [])


def test_the_machine_is_left_out(tmp_path: Path) -> None:
    hostile = {"GIT_DIR": "x", "GITHUB_ACTIONS": "true", "CI": "1", "PRE_COMMIT_FROM_REF": "y", "PATH": "/bin"}
    kept = isolated_environment(tmp_path, hostile)
    assert {name for name in kept if name in hostile} == {"PATH"}
