"""`taxonomy_tools.base`: which commit is the base, from real repositories and real event files."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from taxonomy_tools.base import (
    Base,
    Event,
    Target,
    Tip,
    comparison_start,
    find_base,
    insist_on_proposal,
    target_of_event,
)
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.git import Repository, UnknownRef
from tests.repository import Repo

USUAL = "the first that exists of upstream/HEAD, upstream/main, origin/HEAD, origin/main, main, master"
NAME_IT = ("Name the base:", "--base REF")
IN_ACTIONS = ("In GitHub Actions:", "actions/checkout with fetch-depth: 0 (or 2 for a pull request)")
ZEROS = "0" * 40


def base_of(
    repo: Repo, environ: Mapping[str, str] | None = None, *, option: str | None = None, configured: str | None = None
) -> Base:
    return find_base(Repository.discover(repo.path), option=option, environ=environ or {}, configured=configured)


def error_of(call: Callable[[], object]) -> tuple[type[TaxonomyError], str, list[tuple[str, str]]]:
    with pytest.raises(TaxonomyError) as caught:
        call()
    return type(caught.value), caught.value.message, [(one.label, one.command) for one in caught.value.remedies]


@pytest.fixture
def upstream(tmp_path: Path) -> Repo:
    """What a contributor clones: two commits on `main`, one more on `topic`."""
    repo = Repo.init(tmp_path / "upstream")
    repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    repo.branch("topic")
    repo.commit({"b": "1"})
    repo.git("switch", "--quiet", "main")
    return repo


# The order


def test_the_first_that_is_set_is_the_base(repo: Repo) -> None:
    for name in ("option", "from", "taxonomy", "event", "config", "main"):
        repo.commit({"a": name})
        repo.git("tag", name)
    commits = {name: repo.oid(name) for name in ("option", "from", "taxonomy", "event", "config")}
    repo.git("tag", "--delete", "main")
    environ = {
        "PRE_COMMIT_FROM_REF": "from",
        "PRE_COMMIT_TO_REF": "event",
        "TAXONOMY_BASE": "taxonomy",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": commits["event"],
    }
    found = []
    for dropped in ("", "--base", "PRE_COMMIT_FROM_REF", "TAXONOMY_BASE", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "config"):
        environ.pop(dropped, None)
        option = "option" if not dropped else None
        found.append(base_of(repo, environ, option=option, configured=None if dropped == "config" else "config"))
    assert found == [
        Base(ref="option", reason="--base", commit=commits["option"]),
        Base(ref="from", reason="PRE_COMMIT_FROM_REF", commit=commits["from"], head="event"),
        Base(ref="taxonomy", reason="TAXONOMY_BASE", commit=commits["taxonomy"]),
        Base(ref=commits["event"], reason="CI_MERGE_REQUEST_DIFF_BASE_SHA", commit=commits["event"]),
        Base(ref="config", reason="the config", commit=commits["config"]),
        Base(ref="main", reason=USUAL, commit=repo.head),
    ]


@pytest.mark.parametrize(
    ("environ", "configured", "message"),
    [
        pytest.param(
            {"PRE_COMMIT_FROM_REF": "gone"},
            None,
            "PRE_COMMIT_FROM_REF names the base, but there is no `gone`",
            id="hook",
        ),
        pytest.param({"TAXONOMY_BASE": "gone"}, None, "TAXONOMY_BASE names the base, but there is no `gone`", id="own"),
        pytest.param({}, "--output=x", "the config names the base, but there is no `--output=x`", id="config"),
    ],
)
def test_what_is_set_and_does_not_resolve_is_an_error(
    repo: Repo, environ: dict[str, str], configured: str | None, message: str
) -> None:
    repo.commit({"a": "1"})
    kind, said, _ = error_of(lambda: base_of(repo, environ, configured=configured))
    assert (kind, said) == (UnknownRef, f"{message} in this repository.")


def test_the_option_that_does_not_resolve_is_an_error(repo: Repo) -> None:
    repo.commit({"a": "1"})
    assert error_of(lambda: base_of(repo, option="upstream/main")) == (
        UnknownRef,
        "there is no `upstream/main` in this repository.",
        [
            ("Refs with that name elsewhere:", "main"),
            ("Add the remote and fetch it:", "git remote add upstream URL && git fetch upstream"),
            ("or name another:", "--base main"),
        ],
    )


def test_a_variable_that_is_empty_is_not_set(repo: Repo) -> None:
    repo.commit({"a": "1"})
    environ = {"TAXONOMY_BASE": "", "PRE_COMMIT_FROM_REF": "", "CI_MERGE_REQUEST_DIFF_BASE_SHA": ""}
    assert base_of(repo, environ).reason == USUAL


@pytest.mark.parametrize("where", ["--base", "TAXONOMY_BASE", "the config"])
def test_empty_is_the_whole_tree(repo: Repo, where: str) -> None:
    repo.commit({"a": "1"})
    repo.git("branch", "empty")
    environ = {"TAXONOMY_BASE": "empty"} if where == "TAXONOMY_BASE" else {}
    option, configured = ("empty" if where == name else None for name in ("--base", "the config"))
    found = base_of(repo, environ, option=option, configured=configured)
    assert found == Base(ref="empty", reason=where, commit=None)
    repository = Repository.discover(repo.path)
    assert comparison_start(repository, found, repo.head) == repository.empty_tree


# The list


@pytest.mark.parametrize(
    ("refs", "ref"),
    [
        pytest.param(["refs/heads/master"], "master", id="master, at last"),
        pytest.param(["refs/heads/master", "refs/heads/main"], "main", id="main before master"),
        pytest.param(["refs/heads/main", "refs/remotes/origin/main"], "origin/main", id="a remote's before one's own"),
        pytest.param(["refs/remotes/origin/main", "refs/remotes/upstream/main"], "upstream/main", id="upstream first"),
        pytest.param(["refs/tags/upstream/main", "refs/heads/main"], "main", id="a tag with a slash is no remote's"),
        pytest.param(["refs/heads/origin/main", "refs/heads/main"], "main", id="a branch with a slash neither"),
        pytest.param(["refs/heads/main", "refs/tags/main"], "main", id="a tag of the same name does not matter"),
    ],
)
def test_the_first_ref_that_exists(tmp_path: Path, refs: list[str], ref: str) -> None:
    repo = Repo.init(tmp_path / "r", branch="work")
    repo.commit({"a": "1"})
    for name in refs:
        repo.git("update-ref", name, "HEAD")
    assert base_of(repo) == Base(ref=ref, reason=USUAL, commit=repo.head)


def test_a_remotes_head_is_called_by_what_it_stands_for(upstream: Repo, tmp_path: Path) -> None:
    upstream.git("branch", "--move", "main", "trunk")
    clone = upstream.clone(tmp_path / "clone")
    assert base_of(clone) == Base(ref="origin/trunk", reason=USUAL, commit=upstream.oid("trunk"))


@pytest.mark.parametrize("remote", ["origin", "upstream"])
def test_a_clone_of_one_other_branch(upstream: Repo, tmp_path: Path, remote: str) -> None:
    upstream.git("branch", "work")
    clone = upstream.clone(tmp_path / "clone", "--single-branch", "--branch", "work", origin=remote)
    fetch = f"git fetch {remote} +refs/heads/main:refs/remotes/{remote}/main"
    assert error_of(lambda: base_of(clone))[2] == [
        ("Fetch the branch that it came from:", fetch),
        ("or name a base:", "--base REF"),
        ("or take the whole tree as changed:", "--base empty"),
    ]
    clone.git(*fetch.split()[1:])
    assert base_of(clone).ref == f"{remote}/main"


def test_nothing_that_exists(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r", branch="work")
    repo.commit({"a": "1"})
    assert error_of(lambda: base_of(repo)) == (
        TaxonomyError,
        (
            "there is nothing to compare with: this repository has none of upstream/HEAD, upstream/main, origin/HEAD, "
            "origin/main, main, master."
        ),
        [
            ("Name a base:", "--base REF"),
            ("or take the whole tree as changed:", "--base empty"),
        ],
    )


def test_before_the_first_commit_everything_is_new(repo: Repo) -> None:
    assert base_of(repo) == Base(ref="empty", reason="this repository has no commit yet", commit=None)


def test_before_the_first_commit_of_a_clone(upstream: Repo, repo: Repo) -> None:
    repo.git("remote", "add", "origin", upstream.path.as_uri())
    repo.git("fetch", "--quiet", "origin")
    found = base_of(repo)
    assert found == Base(ref="origin/main", reason=USUAL, commit=upstream.oid("main"))
    repository = Repository.discover(repo.path)
    assert comparison_start(repository, found, repository.head()) == repository.empty_tree
    assert comparison_start(repository, found, repository.head(), direct=True) == found.commit


# Where the comparison starts


def test_the_comparison_starts_at_the_merge_base(upstream: Repo) -> None:
    fork = upstream.oid("main")
    main = upstream.commit({"a": "3"})
    repository = Repository.discover(upstream.path)
    base = base_of(upstream)
    topic = upstream.oid("topic")
    assert comparison_start(repository, base, topic) == fork
    assert comparison_start(repository, base, topic, direct=True) == main
    assert comparison_start(repository, base, main) == main


def test_what_is_being_merged_is_not_the_contributors(upstream: Repo) -> None:
    fork = upstream.oid("main")
    main = upstream.commit({"a": "3"})
    upstream.git("switch", "--quiet", "topic")
    upstream.git("merge", "--quiet", "--no-commit", "main")
    repository = Repository.discover(upstream.path)
    base = base_of(upstream)
    assert comparison_start(repository, base, upstream.head, merging=True) == main
    assert comparison_start(repository, base, upstream.head) == fork


def test_nothing_in_common(upstream: Repo) -> None:
    upstream.git("switch", "--quiet", "--orphan", "other")
    other = upstream.commit({"b": "1"})
    repository = Repository.discover(upstream.path)
    assert error_of(lambda: comparison_start(repository, base_of(upstream), other, name="other")) == (
        TaxonomyError,
        "other and main have no common commit.",
        [
            ("Compare with the base itself:", "--direct --base main"),
            ("or take the whole tree as changed:", "--base empty"),
        ],
    )


def test_nothing_in_common_in_a_shallow_clone(upstream: Repo, tmp_path: Path) -> None:
    upstream.commit({"a": "3"})
    clone = upstream.clone(tmp_path / "clone", "--depth=1", "--no-single-branch", "--branch=topic")
    repository = Repository.discover(clone.path)
    assert error_of(lambda: comparison_start(repository, base_of(clone), clone.head)) == (
        TaxonomyError,
        "HEAD and origin/main have no common commit here, because this clone is shallow.",
        [("Deepen it:", "git fetch --deepen=100 origin"), IN_ACTIONS],
    )
    clone.git("fetch", "--quiet", "--deepen=100", "origin")
    assert comparison_start(Repository.discover(clone.path), base_of(clone), clone.head) == upstream.oid("main~1")


# CI events


def event(tmp_path: Path, name: str, payload: object, **environ: str) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": os.fspath(path),
        **environ,
    }


def pull_request(
    tmp_path: Path, head: str, *, base: str = ZEROS, name: str = "pull_request", **environ: str
) -> dict[str, str]:
    payload = {"number": 1, "pull_request": {"head": {"sha": head}, "base": {"sha": base, "ref": "main"}}}
    return event(tmp_path, name, payload, GITHUB_BASE_REF="main", GITHUB_HEAD_REF="topic", **environ)


def checkout(upstream: Repo, path: Path, ref: str, *, depth: int | None = None) -> Repo:
    """What actions/checkout does: fetch one ref, detached, no branch but remote-tracking ones."""
    repo = Repo.init(path)
    repo.git("remote", "add", "origin", upstream.path.resolve().as_uri())
    upstream.git("config", "uploadpack.allowAnySHA1InWant", "true")
    if depth is None:
        repo.git(
            "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", f"+{ref}:refs/remotes/pull/1/merge"
        )
    else:
        repo.git("fetch", "--quiet", f"--depth={depth}", "origin", f"+{ref}:refs/remotes/pull/1/merge")
    repo.git("checkout", "--quiet", "--detach", "refs/remotes/pull/1/merge")
    return repo


@pytest.fixture
def merged(upstream: Repo) -> Repo:
    """The upstream with a pull request's merge commit at refs/pull/1/merge, made after `main` went on."""
    upstream.commit({"a": "3"})
    upstream.git("switch", "--quiet", "--detach", "main")
    upstream.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    upstream.git("update-ref", "refs/pull/1/merge", "HEAD")
    upstream.git("switch", "--quiet", "main")
    return upstream


def test_a_pull_request_needs_no_more_of_the_event_than_its_head(upstream: Repo, tmp_path: Path) -> None:
    upstream.git("update-ref", "refs/remotes/origin/main", "main")
    payload = {"pull_request": {"head": {"sha": upstream.oid("topic")}}}
    environ = event(tmp_path, "pull_request", payload, GITHUB_BASE_REF="main")
    assert base_of(upstream, environ) == Base(ref="origin/main", reason="GITHUB_BASE_REF", commit=upstream.oid("main"))


def test_pull_request_target_on_the_base_may_look_at_another_commit(upstream: Repo, tmp_path: Path) -> None:
    upstream.git("update-ref", "refs/remotes/origin/main", "main")
    upstream.git("checkout", "--quiet", "main")
    environ = pull_request(tmp_path, upstream.oid("topic"), base=upstream.oid("main"), name="pull_request_target")
    repository = Repository.discover(upstream.path)
    assert find_base(repository, option=None, environ=environ, head="topic").commit == upstream.oid("main")
    with pytest.raises(TaxonomyError, match="has checked out `main`, the base itself"):
        find_base(repository, option=None, environ=environ)


@pytest.mark.parametrize(
    ("environ", "remedies"),
    [
        pytest.param(
            {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "d" * 40},
            [
                ("Fetch it:", f"git fetch origin {'d' * 40}"),
                ("or, if it was forced away, name another:", "--base REF"),
            ],
            id="GitLab",
        ),
    ],
)
def test_a_base_that_a_whole_clone_lacks(
    upstream: Repo, environ: dict[str, str], remedies: list[tuple[str, str]]
) -> None:
    assert error_of(lambda: base_of(upstream, environ))[2] == remedies


def test_a_head_that_a_hook_names_wrongly(upstream: Repo) -> None:
    environ = {"PRE_COMMIT_FROM_REF": "main", "PRE_COMMIT_TO_REF": "nope"}
    assert error_of(lambda: base_of(upstream, environ))[1] == (
        "PRE_COMMIT_TO_REF names what is pushed, but there is no `nope` in this repository."
    )


def test_a_push_of_the_very_first_commit(upstream: Repo) -> None:
    """pre-commit names what is pushed then, and no start."""
    found = base_of(upstream, {"PRE_COMMIT_LOCAL_BRANCH": "refs/heads/topic", "TAXONOMY_BASE": "main"})
    assert found == Base(
        ref="empty", reason="all that is pushed is new to the remote", commit=None, head="refs/heads/topic"
    )
    assert error_of(lambda: base_of(upstream, {"PRE_COMMIT_LOCAL_BRANCH": "nope"}))[1] == (
        "PRE_COMMIT_LOCAL_BRANCH names what is pushed, but there is no `nope` in this repository."
    )


@pytest.mark.parametrize("depth", [None, 2], ids=["all of the history", "fetch-depth 2"])
@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_pull_requests_merge_commit(merged: Repo, tmp_path: Path, name: str, depth: int | None) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/pull/1/merge", depth=depth)
    main = merged.oid("main")
    merged.commit({"a": "4"})  # what came to main since is no part of the pull request
    environ = pull_request(tmp_path, merged.oid("topic"), base=merged.oid("main~2"), name=name, GITHUB_SHA=repo.head)
    base = base_of(repo, environ)
    assert base == Base(ref="HEAD^1", reason="the pull request's merge commit", commit=main)
    assert comparison_start(Repository.discover(repo.path), base, repo.head) == main


def test_a_pull_requests_own_commit(merged: Repo, tmp_path: Path) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/heads/topic")
    base = base_of(repo, pull_request(tmp_path, merged.oid("topic")))
    assert base == Base(ref="origin/main", reason="GITHUB_BASE_REF", commit=merged.oid("main"))
    assert comparison_start(Repository.discover(repo.path), base, repo.head) == merged.oid("main~1")


def test_another_merge_commit_is_not_the_pull_requests(merged: Repo, tmp_path: Path) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/pull/1/merge")
    assert base_of(repo, pull_request(tmp_path, "1" * 40)).ref == "origin/main"


def test_the_bare_name_of_the_base_is_no_ref(merged: Repo, tmp_path: Path) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/heads/topic")
    repo.git("tag", "main", "HEAD")
    assert base_of(repo, pull_request(tmp_path, merged.oid("topic"))).commit == merged.oid("main")


def test_a_pull_request_with_too_little_history(merged: Repo, tmp_path: Path) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/pull/1/merge", depth=1)
    assert error_of(lambda: base_of(repo, pull_request(tmp_path, merged.oid("topic")))) == (
        UnknownRef,
        "the base of this run, `origin/main` (GITHUB_BASE_REF), is not in this clone, because this clone is shallow.",
        [("Fetch it:", "git fetch origin +refs/heads/main:refs/remotes/origin/main"), IN_ACTIONS],
    )


@pytest.mark.parametrize(
    ("depth", "base"),
    [
        pytest.param(None, "", id="the tip of the base branch"),
        pytest.param(1, "main", id="the base of the event, without any ref"),
    ],
)
def test_pull_request_target_on_the_base_is_refused(merged: Repo, tmp_path: Path, depth: int | None, base: str) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/heads/main", depth=depth)
    sha = merged.oid(base) if base else ZEROS
    environ = pull_request(tmp_path, merged.oid("topic"), base=sha, name="pull_request_target")
    assert error_of(lambda: base_of(repo, environ)) == (
        TaxonomyError,
        "this pull_request_target run has checked out `main`, the base itself, so there is nothing to compare.",
        [("Run on `pull_request` instead: it checks out the pull request, without secrets.", "")],
    )


def test_pull_request_target_on_the_pull_request(merged: Repo, tmp_path: Path) -> None:
    repo = checkout(merged, tmp_path / "clone", "refs/heads/topic")
    environ = pull_request(tmp_path, merged.oid("topic"), name="pull_request_target", GITHUB_SHA=merged.oid("main"))
    assert base_of(repo, environ).ref == "origin/main"


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_merge_that_the_author_has_made_names_no_base(merged: Repo, tmp_path: Path, name: str) -> None:
    topic = merged.oid("topic")
    other = merged.ask("commit-tree", "-p", topic, "-m", "of which nobody knows", "topic^{tree}")
    crafted = merged.ask("commit-tree", "-p", other, "-p", topic, "-m", "merge", "topic^{tree}")
    merged.git("update-ref", "refs/heads/moved", crafted)
    repo = checkout(merged, tmp_path / "clone", "refs/heads/moved")
    environ = pull_request(tmp_path, topic, name=name, GITHUB_SHA=merged.oid("main"))
    assert base_of(repo, environ) == Base(ref="origin/main", reason="GITHUB_BASE_REF", commit=merged.oid("main"))


def test_a_merge_for_pull_request_target_goes_by_the_branchs_newest_rules(merged: Repo, tmp_path: Path) -> None:
    main = merged.oid("main")
    tip = merged.commit({"a": "4"})
    repo = checkout(merged, tmp_path / "clone", "refs/pull/1/merge")
    environ = pull_request(tmp_path, merged.oid("topic"), name="pull_request_target", GITHUB_SHA=tip)
    expected = Base(
        ref="HEAD^1",
        reason="the pull request's merge commit",
        commit=main,
        tip=Tip(ref="origin/main", commit=tip),
    )
    assert base_of(repo, environ) == expected
    shallow = checkout(merged, tmp_path / "shallow", "refs/pull/1/merge", depth=2)
    assert error_of(lambda: base_of(shallow, environ))[0] is UnknownRef


@pytest.mark.parametrize(
    ("name", "payload", "refused"),
    [
        pytest.param("pull_request", {"pull_request": {"head": {"sha": "1" * 40}}}, True, id="a pull request"),
        pytest.param("merge_group", {}, True, id="a merge group"),
        pytest.param("push", {}, False, id="a push"),
        pytest.param("pull_request", None, False, id="what is proposed adds nothing"),
    ],
)
def test_the_base_in_the_place_of_a_proposal(
    upstream: Repo, tmp_path: Path, name: str, payload: object, refused: bool
) -> None:
    facts = payload if payload is not None else {"pull_request": {"head": {"sha": upstream.head}}}
    environ = event(tmp_path, name, facts)
    repository = Repository.discover(upstream.path)
    insist_on_proposal(repository, environ, base="x", start=upstream.oid("main~1"))
    insist_on_proposal(repository, {**environ, "GITHUB_ACTIONS": ""}, base="x", start=upstream.head)
    if not refused:
        insist_on_proposal(repository, environ, base="x", start=upstream.head)
        return
    assert error_of(lambda: insist_on_proposal(repository, environ, base="x", start=upstream.head)) == (
        TaxonomyError,
        f"this {name} run has checked out `x`, the base itself, so there is nothing to compare.",
        [("By itself, actions/checkout takes what is proposed: leave out its", "ref")],
    )


def test_a_merge_group(upstream: Repo, tmp_path: Path) -> None:
    sha = upstream.oid("main~1")
    found = base_of(upstream, event(tmp_path, "merge_group", {"merge_group": {"base_sha": sha, "head_sha": ZEROS}}))
    assert found == Base(ref=sha, reason="the merge group's base_sha", commit=sha)


def test_a_push(upstream: Repo, tmp_path: Path) -> None:
    sha = upstream.oid("main~1")
    found = base_of(upstream, event(tmp_path, "push", {"before": sha, "repository": {"default_branch": "main"}}))
    assert found == Base(ref=sha, reason="the push's before", commit=sha)


def test_the_first_push_of_the_default_branch(upstream: Repo, tmp_path: Path) -> None:
    payload = {"before": ZEROS, "ref": "refs/heads/main", "repository": {"default_branch": "main"}}
    found = base_of(upstream, event(tmp_path, "push", payload))
    assert found == Base(ref="empty", reason="the first push of the default branch", commit=None)


def test_what_an_event_counts() -> None:
    counted = Event(payload={"a": 3, "b": [1, 2], "c": {"d": -1}, "e": "4"})
    assert [counted.count(*keys) for keys in (["a"], ["b"], ["c", "d"], ["e"], ["f", "g"])] == [3, 2, 0, 0, 0]


def test_what_is_to_be_fetched_for_a_target() -> None:
    names = ("origin/main", "refs/remotes/origin/main", "1" * 40, "HEAD^1", "main")
    branch = "+refs/heads/main:refs/remotes/origin/main"
    assert [Target.named(name).wanted for name in names] == [branch, branch, "1" * 40, "", ""]


def test_a_target_is_named_whether_it_is_there_or_not(upstream: Repo, tmp_path: Path) -> None:
    payload = {"before": "1" * 40, "commits": [{}, {}]}
    found = target_of_event(Repository.discover(upstream.path), event(tmp_path, "push", payload))
    assert found == Target(name="1" * 40, revision="1" * 40, reason="the push's before", commits=2)


@pytest.mark.parametrize("zeros", ["0" * 40, "0" * 64])
def test_the_push_of_a_new_branch(upstream: Repo, tmp_path: Path, zeros: str) -> None:
    upstream.git("branch", "--move", "main", "it's trunk".replace(" ", "-"))
    repo = checkout(upstream, tmp_path / "clone", "refs/heads/topic")
    payload = {"before": zeros, "repository": {"default_branch": "it's-trunk"}}
    found = base_of(repo, event(tmp_path, "push", payload))
    reason = "the default branch, for a new branch"
    assert found == Base(ref="origin/it's-trunk", reason=reason, commit=upstream.oid("it's-trunk"))


def test_a_push_whose_before_is_not_there(upstream: Repo, tmp_path: Path) -> None:
    repo = checkout(upstream, tmp_path / "clone", "refs/heads/main", depth=1)
    sha = upstream.oid("main~1")
    assert error_of(lambda: base_of(repo, event(tmp_path, "push", {"before": sha}))) == (
        UnknownRef,
        f"the base of this run, `{sha}` (the push's before), is not in this clone, because this clone is shallow.",
        [("Fetch it:", "git fetch --unshallow"), IN_ACTIONS],
    )


def test_a_merge_request_on_gitlab(upstream: Repo) -> None:
    sha = upstream.oid("main~1")
    found = base_of(upstream, {"GITLAB_CI": "true", "CI_MERGE_REQUEST_DIFF_BASE_SHA": sha})
    assert found == Base(ref=sha, reason="CI_MERGE_REQUEST_DIFF_BASE_SHA", commit=sha)


@pytest.mark.parametrize("sha", ["HEAD", "main", "abc1234", "HEAD~1", f"{'a' * 40}\n"])
def test_a_merge_request_whose_base_is_no_full_hash(upstream: Repo, sha: str) -> None:
    """A fork's variables are its own: any other name would let it choose."""
    assert error_of(lambda: base_of(upstream, {"CI_MERGE_REQUEST_DIFF_BASE_SHA": sha})) == (
        UnknownRef,
        f"the base of this run, `{sha}` (CI_MERGE_REQUEST_DIFF_BASE_SHA), is not the full hash of a commit.",
        [NAME_IT],
    )


def test_a_shallow_clone_on_gitlab_names_the_setting(upstream: Repo, tmp_path: Path) -> None:
    setting = ("In GitLab CI, the variable:", 'GIT_DEPTH: "0"')
    clone = upstream.clone(tmp_path / "clone", "--depth=1", "--no-single-branch", "--branch=topic")
    environ = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": upstream.oid("main~1")}
    assert error_of(lambda: base_of(clone, environ))[2] == [("Fetch it:", "git fetch --unshallow"), setting]
    upstream.git("switch", "--quiet", "topic")
    upstream.commit({"b": "2"})
    deep = upstream.clone(tmp_path / "deep", "--depth=1", "--no-single-branch", "--branch=topic")
    environ = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": upstream.oid("main")}
    repository = Repository.discover(deep.path)
    assert error_of(lambda: comparison_start(repository, base_of(deep, environ), deep.head))[2] == [
        ("Deepen it:", "git fetch --deepen=100 origin"),
        setting,
    ]


def merge_request(base: str, *, sha: str = "", branch: str = "main") -> dict[str, str]:
    return {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": branch,
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": sha,
    }


def test_a_merge_request_goes_by_the_newest_rules_of_its_target(upstream: Repo, tmp_path: Path) -> None:
    fork = upstream.oid("main")
    tip = upstream.commit({"a": "3"})
    clone = upstream.clone(tmp_path / "clone", "--branch=topic")
    plain = Base(ref=fork, reason="CI_MERGE_REQUEST_DIFF_BASE_SHA", commit=fork)
    missing = (
        "The configuration is that of the commit at which the branch left gone, as this clone lacks the newest one of "
        "gone: set the variable GIT_DEPTH to 0."
    )
    assert base_of(clone, merge_request(fork)) == replace(plain, tip=Tip(ref="origin/main", commit=tip))
    assert base_of(clone, merge_request(fork, sha=tip, branch="gone")) == replace(plain, tip=Tip(ref=tip, commit=tip))
    assert base_of(clone, merge_request(fork, sha="1" * 40)).tip == Tip(ref="origin/main", commit=tip)
    assert base_of(clone, merge_request(fork, branch="gone")) == replace(plain, note=missing)
    assert base_of(clone, merge_request(fork, branch="")) == plain
    clone.git("update-ref", "refs/remotes/origin/main", fork)
    assert base_of(clone, merge_request(fork)) == plain
    clone.git("update-ref", "refs/remotes/origin/main", f"{fork}~1")  # a clone that an earlier job has left
    assert base_of(clone, merge_request(fork)).note == missing.replace("gone", "main")


@pytest.mark.parametrize("known", [True, False], ids=["its hash", "its branch"])
def test_a_pipeline_for_merged_results_calls_nobody_elses_work_yours(merged: Repo, tmp_path: Path, known: bool) -> None:
    main = merged.oid("main")
    repo = checkout(merged, tmp_path / "clone", "refs/pull/1/merge")
    base = base_of(repo, merge_request(merged.oid("main~1"), sha=main if known else ""))
    reason = "the target branch of the merge request, merged here"
    assert base == Base(ref=main if known else "origin/main", reason=reason, commit=main)
    assert comparison_start(Repository.discover(repo.path), base, repo.head) == main


@pytest.mark.parametrize("name", ["workflow_dispatch", "schedule", "", "issue_comment"])
def test_an_event_without_a_base(upstream: Repo, tmp_path: Path, name: str) -> None:
    assert base_of(upstream, event(tmp_path, name, {})).reason == USUAL
    assert base_of(upstream, event(tmp_path, name, {}), configured="topic").reason == "the config"


def test_variables_outside_of_actions_are_nothing(upstream: Repo, tmp_path: Path) -> None:
    environ = pull_request(tmp_path, ZEROS)
    del environ["GITHUB_ACTIONS"]
    assert base_of(upstream, environ).reason == USUAL


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "the event of this run cannot be read from {path} (GITHUB_EVENT_PATH): ", id="missing"),
        pytest.param("{", "the event of this run cannot be read from {path} (GITHUB_EVENT_PATH): ", id="cut"),
        pytest.param(
            "[" * 100_000, "the event of this run cannot be read from {path} (GITHUB_EVENT_PATH): ", id="deep"
        ),
        pytest.param("[]", "the event of this run (GITHUB_EVENT_PATH) has no `before`.", id="a list"),
        pytest.param('{"before": 1}', "the event of this run (GITHUB_EVENT_PATH) has no `before`.", id="a number"),
        pytest.param('{"before": ""}', "the event of this run (GITHUB_EVENT_PATH) has no `before`.", id="empty"),
    ],
)
def test_an_event_that_cannot_be_read(upstream: Repo, tmp_path: Path, content: str | None, message: str) -> None:
    environ = event(tmp_path, "push", {})
    path = Path(environ["GITHUB_EVENT_PATH"])
    path.unlink()
    if content is not None:
        path.write_text(content)
    kind, said, remedies = error_of(lambda: base_of(upstream, environ))
    assert (kind, remedies) == (TaxonomyError, [NAME_IT])
    assert said.startswith(message.format(path=path))


def test_an_event_without_a_file(upstream: Repo) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}
    assert error_of(lambda: base_of(upstream, environ)) == (
        TaxonomyError,
        "GITHUB_EVENT_NAME is set, but GITHUB_EVENT_PATH is not, so the run's base is not known.",
        [NAME_IT],
    )


@pytest.mark.parametrize("ref", ["--output=x", "$(touch pwned)", "a\nb", "a\0b", "../../x", "main..topic"])
def test_an_event_is_data(upstream: Repo, tmp_path: Path, ref: str) -> None:
    for payload in ({"before": ref}, {"before": ZEROS, "repository": {"default_branch": ref}}):
        with pytest.raises(TaxonomyError):
            base_of(upstream, event(tmp_path, "push", payload))
