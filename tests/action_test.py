"""The GitHub Action, played as a runner plays it: real clones, real processes, and what they hand on."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import DEFAULT, FINE, OTHERS, PROPOSED, SUMS, WRONG, Hosted, check_out, depth_of
from tests.command import leaf, skill
from tests.repository import Repo, isolated_environment
from tests.runner import Outcome, Runner

ROOT = Path(__file__).parents[1]
NEVER = "0" * 40
GONE = "1" * 40
FETCH_ALL = "In the workflow, let actions/checkout fetch all history: fetch-depth: 0"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A repository with a pull request, which tests only read."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in isolated_environment(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        yield Hosted.make(tmp_path_factory.mktemp("hosted") / "example")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner that takes this checkout for the action that it has downloaded."""
    (tmp_path / "runner").mkdir()
    return Runner(action=ROOT, folder=tmp_path / "runner")


@pytest.fixture
def play(runner: Runner, tmp_path: Path) -> Callable[..., Outcome]:
    """Plays the action in a workspace, with this test's own environment in the place of the one that is installed."""
    private = tmp_path / "private"
    private.mkdir()
    installed = {"python": sys.executable, "folder": os.fspath(private)}

    def playing(clone: Repo, name: str, event: dict[str, object], *, sha: str | None = None, **more: object) -> Outcome:
        head = clone.ask("rev-parse", "--verify", "--quiet", "HEAD") if (clone.path / ".git").exists() else ""
        env = {"GITHUB_SHA": sha or head, **({"GITHUB_BASE_REF": DEFAULT} if name.startswith("pull_request") else {})}
        return runner.play(clone.path, name=name, event=event, env=env, played={"install": installed}, **more)  # type: ignore[arg-type]

    return playing


# --- which leaves


@pytest.mark.parametrize(
    ("depth", "fork"),
    [
        pytest.param(0, False, id="all history"),
        pytest.param(1, False, id="depth 1"),
        pytest.param(2, False, id="depth 2"),
        pytest.param(1, True, id="a fork, depth 1"),
        pytest.param(2, True, id="a fork, depth 2"),
    ],
)
def test_pull_request(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int, fork: bool) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=depth)
    found = play(clone, "pull_request", hosted.pull_request(fork=fork))
    assert (found.status, found.changed) == (1, PROPOSED), found.log
    report = json.loads(Path(found.outputs["report"]).read_bytes())
    assert report["comparison"]["start"] == hosted.base
    assert [note for note in report["notes"] if "shallow" in note] == []


def test_no_more_is_fetched_than_the_comparison_needs(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]
) -> None:
    """Of depth 2, the merge and its parents are there; the two commits of the branch want two more of history."""
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    assert depth_of(clone) == 3
    found = play(clone, "pull_request", hosted.pull_request())
    assert [line for line in found.log.splitlines() if line.startswith("Fetching")] == [
        "Fetching 2 more commits of history from origin: this clone is shallow"
    ]
    assert depth_of(clone) < int(hosted.repo.ask("rev-list", "--count", hosted.merge))


def test_complete_clone_fetches_nothing(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=0)
    clone.git("remote", "set-url", "origin", "file:///nowhere")
    assert play(clone, "pull_request", hosted.pull_request()).changed == PROPOSED


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_pull_request_whose_own_head_is_checked_out(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=depth)
    found = play(clone, "pull_request", hosted.pull_request())
    assert (found.status, found.changed) == (1, PROPOSED), found.log
    assert json.loads(Path(found.outputs["report"]).read_bytes())["comparison"]["start"] == hosted.fork


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_merge_group(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=depth)
    event = hosted.event(merge_group={"head_sha": hosted.merge, "base_sha": hosted.base, "base_ref": "refs/heads/main"})
    found = play(clone, "merge_group", event)
    assert (found.status, found.changed) == (1, PROPOSED), found.log


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_push(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.base, ref=DEFAULT, depth=depth)
    found = play(clone, "push", hosted.push(hosted.fork, hosted.base))
    assert (found.status, found.changed) == (0, [OTHERS]), found.log


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_first_push_of_a_branch(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=depth)
    found = play(clone, "push", hosted.push(NEVER, hosted.tip, "proposal", created=True))
    assert (found.status, found.changed) == (1, PROPOSED), found.log


def test_first_push_of_the_default_branch(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.base, ref=DEFAULT, depth=1)
    found = play(clone, "push", hosted.push(NEVER, hosted.base, created=True))
    assert (found.status, found.changed) == (0, [OTHERS, SUMS]), found.log


@pytest.mark.parametrize("depth", [0, 1])
def test_forced_push(tmp_path: Path, play: Callable[..., Outcome], depth: int) -> None:
    """What was there before is on no branch any more, but GitHub still gives it to those who know its hash."""
    hosted = Hosted.make(tmp_path / "hosted")
    hosted.repo.git("checkout", "--quiet", "-B", "proposal", hosted.fork)
    after = hosted.repo.commit(leaf(FINE), message="a leaf, by another commit")
    clone = check_out(hosted, tmp_path / "work", after, ref="proposal", depth=depth)
    found = play(clone, "push", hosted.push(hosted.tip, after, "proposal", forced=True))
    assert (found.status, found.changed) == (0, [FINE]), found.log


def test_forced_push_whose_past_is_gone(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    found = play(clone, "push", hosted.push(GONE, hosted.tip, "proposal", forced=True))
    assert found.status == 2
    assert [(one.level, one.message) for one in found.annotations] == [
        (
            "error",
            (
                f"the base of this run, `{GONE}`, is not in this clone: {GONE} could not be fetched from origin "
                f"(remote error: upload-pack: not our ref {GONE}).\n{FETCH_ALL}\n"
                "With persist-credentials: false there is no token to fetch with, which a private repository asks "
                "for.\n"
                "or, if a forced push or a deleted branch took it away, give the action another: base: REF"
            ),
        )
    ]


@pytest.mark.parametrize(
    ("name", "depth"), [("workflow_dispatch", 0), ("workflow_dispatch", 1), ("workflow_dispatch", 2), ("schedule", 1)]
)
def test_manual_run(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], name: str, depth: int) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=depth)
    found = play(clone, name, hosted.event(inputs=None))
    assert (found.status, found.changed) == (1, PROPOSED), found.log


def test_manual_run_of_the_default_branch_says_that_nothing_was_compared(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.base, ref=DEFAULT, depth=1)
    found = play(clone, "workflow_dispatch", hosted.event())
    assert (found.status, found.changed, found.outputs["matrix"]) == (0, [], '{"include": []}')
    assert [(one.level, one.message) for one in found.annotations] == [
        (
            "notice",
            (
                "what is checked out is the base itself, refs/remotes/origin/main, so no leaf could differ.\n"
                "Give the action another `base`: a ref, or `empty` for all leaves."
            ),
        )
    ]


def test_branch_that_is_forced_back_says_so(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=0)
    clone.git("reset", "--quiet", "--hard", hosted.fork)
    found = play(clone, "push", hosted.push(hosted.tip, hosted.fork, "proposal", forced=True))
    assert (found.status, found.changed) == (0, [])
    assert [one.message.splitlines()[0] for one in found.annotations] == [
        f"what is checked out is what its base, {hosted.tip}, holds already, so no leaf could differ."
    ]


def test_tag_that_is_called_as_the_default_branch_changes_nothing(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=0)
    clone.git("tag", "origin/main", hosted.tip)
    found = play(clone, "schedule", hosted.event())
    assert (found.status, found.changed) == (1, PROPOSED), found.log


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_merge_that_the_author_has_made_names_no_base(
    tmp_path: Path, play: Callable[..., Outcome], name: str, depth: int
) -> None:
    """A workflow that checks out a branch by its name gets what is there by then: a merge of the event's commit."""
    hosted = Hosted.make(tmp_path / "hosted")
    hosted.repo.git("checkout", "--quiet", "--detach", hosted.fork)
    evil = hosted.repo.commit(leaf("compositional_skills/evil", skill(answer="No")))
    merge = hosted.repo.ask("commit-tree", "-p", evil, "-p", hosted.tip, "-m", "Merge", f"{evil}^{{tree}}")
    hosted.repo.git("update-ref", "refs/heads/moved", merge)
    clone = check_out(hosted, tmp_path / "work", merge, ref="moved", depth=depth)
    sha = hosted.merge if name == "pull_request" else hosted.base
    found = play(clone, name, hosted.pull_request(fork=True), sha=sha)
    assert (found.status, found.changed) == (1, ["compositional_skills/evil"]), found.log


@pytest.mark.parametrize("depth", [0, 2])
def test_pull_request_target_takes_the_merge_that_github_has_made(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=depth)
    found = play(clone, "pull_request_target", hosted.pull_request(), sha=hosted.base)
    assert (found.status, found.changed) == (1, PROPOSED), found.log
    comparison = json.loads(Path(found.outputs["report"]).read_bytes())["comparison"]
    assert (comparison["base"], comparison["start"]) == ("HEAD^1", hosted.base)


@pytest.mark.parametrize(
    ("base", "changed"),
    [
        pytest.param("origin/main", PROPOSED, id="a branch"),
        pytest.param("refs/remotes/origin/main", PROPOSED, id="a branch by its full name"),
        pytest.param("HEAD~1", [WRONG], id="from HEAD on"),
        pytest.param("empty", sorted([*PROPOSED, SUMS]), id="the whole tree"),
    ],
)
def test_input_base(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], base: str, changed: list[str]
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    found = play(clone, "push", hosted.push(GONE, hosted.tip), inputs={"base": base})
    assert (found.status, found.changed) == (1, changed), found.log


def test_input_base_as_a_hash(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=1)
    found = play(clone, "push", hosted.push(GONE, hosted.tip), inputs={"base": hosted.fork})
    assert (found.status, found.changed) == (1, PROPOSED), found.log


# --- a message, where there is nothing to compare with


def messages(found: Outcome) -> list[str]:
    """The first lines of what a run that could not do its job says; there is nothing else to be read of it."""
    assert found.status == 2, found.log
    assert {name for name, value in found.outputs.items() if value} <= {"reports"}
    assert {one.level for one in found.annotations} == {"error"}
    assert "**The taxonomy could not be checked**" in found.summary
    return [one.message.splitlines()[0] for one in found.annotations]


def test_sign_offs_that_cannot_be_looked_at_are_no_pass(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    """Where a missing one is an error, and the commits that the checkout lacks cannot be fetched."""
    repo = Repo.init(tmp_path / "hosted").served()
    base = repo.commit({**leaf(SUMS), ".taxonomy-tools.yaml": "severity: {TX701: error}\n"})
    repo.branch("proposal")
    repo.commit(leaf(FINE), message="unsigned", signed_off=False)
    tip = repo.commit({"a": "1"}, message="signed")
    merge = repo.ask("commit-tree", "-p", base, "-p", tip, "-m", "Merge", f"{tip}^{{tree}}")
    repo.git("update-ref", "refs/pull/1/merge", merge)
    hosted = Hosted(repo=repo, base=base, fork=base, tip=tip, merge=merge)
    clone = check_out(hosted, tmp_path / "work", merge, ref="pull/1/merge", depth=2)
    clone.git("remote", "set-url", "origin", (tmp_path / "nowhere").as_uri())
    found = play(clone, "pull_request", hosted.pull_request())
    assert (found.status, found.changed) == (2, [FINE])
    assert [one.message.partition("\n")[0] for one in found.annotations] == [
        (
            "whether this contribution is signed off (TX701) is not known: of its commits, only the newest was looked "
            "at, because this clone is shallow."
        )
    ]


@pytest.mark.parametrize("depth", [1, 2])
def test_remote_that_refuses_is_told_with_the_setting(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], depth: int
) -> None:
    """As a private repository does, with persist-credentials: false."""
    clone = check_out(hosted, tmp_path / "work", hosted.tip, ref="proposal", depth=depth)
    clone.git("remote", "set-url", "origin", (tmp_path / "nowhere").as_uri())
    found = play(clone, "pull_request", hosted.pull_request())
    assert messages(found) == [
        (
            "the base of this run, `origin/main`, is not in this clone: origin/main could not be fetched from origin "
            f"('{tmp_path}/nowhere' does not appear to be a git repository)."
        )
    ]
    assert FETCH_ALL in found.annotations[0].message


def test_depth_of_two_is_enough_where_nothing_can_be_fetched(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    clone.git("remote", "set-url", "origin", (tmp_path / "nowhere").as_uri())
    found = play(clone, "pull_request", hosted.pull_request())
    assert (found.status, found.changed) == (1, PROPOSED), found.log
    assert "Going on without it, as only sign-offs need it" in found.log
    assert "Only the newest commit was looked at for its sign-off, because this clone is shallow." in found.log


def test_depth_of_one_is_not(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=1)
    clone.git("remote", "set-url", "origin", (tmp_path / "nowhere").as_uri())
    found = play(clone, "pull_request", hosted.pull_request())
    assert messages(found) == [
        (
            "3 more commits of history could not be fetched from origin "
            f"('{tmp_path}/nowhere' does not appear to be a git repository)."
        )
    ]
    assert FETCH_ALL in found.annotations[0].message


def test_history_that_never_meets(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    hosted.repo.git("checkout", "--quiet", "--orphan", "alone")
    alone = hosted.repo.commit(leaf(FINE))
    clone = check_out(hosted, tmp_path / "work", alone, ref="alone", depth=1)
    found = play(clone, "push", hosted.push(NEVER, alone, "alone"))
    assert messages(found) == ["HEAD and origin/main have no common commit."]
    assert not (clone.path / ".git/shallow").exists()


def test_base_itself_that_is_checked_out(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    """As actions/checkout does for pull_request_target, whose token and secrets a pull request must not get."""
    clone = check_out(hosted, tmp_path / "work", hosted.base, ref=DEFAULT, depth=1)
    found = play(clone, "pull_request_target", hosted.pull_request(fork=True))
    assert messages(found) == [
        "this pull_request_target run has checked out `main`, the base itself, so there is nothing to compare."
    ]
    assert "Fetching" not in found.log


@pytest.mark.parametrize(
    ("name", "inputs", "base"),
    [
        pytest.param("pull_request", {}, "origin/main", id="ref: main"),
        pytest.param("pull_request_target", {"base": "origin/main"}, "origin/main", id="with an input"),
        pytest.param("merge_group", {}, "", id="merge group"),
    ],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_base_in_the_place_of_a_proposal_is_no_pass(
    *,
    hosted: Hosted,
    tmp_path: Path,
    play: Callable[..., Outcome],
    name: str,
    inputs: dict[str, str],
    base: str,
    depth: int,
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.base, ref=DEFAULT, depth=depth)
    group = {"merge_group": {"head_sha": hosted.merge, "base_sha": hosted.base}}
    event = hosted.event(**group) if name == "merge_group" else hosted.pull_request()
    assert messages(play(clone, name, event, sha=hosted.merge, inputs=inputs)) == [
        (f"this {name} run has checked out `{base or hosted.base}`, the base itself, so there is nothing to compare.")
    ]


def test_no_base_at_all(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = Repo.init(tmp_path / "work", branch="trunk")
    clone.commit(leaf(FINE))
    found = play(clone, "workflow_dispatch", {})
    assert messages(found) == [
        (
            "there is nothing to compare with: this repository has none of upstream/HEAD, upstream/main, origin/HEAD, "
            "origin/main, main, master."
        )
    ]


def test_clone_without_a_remote(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = Repo.init(tmp_path / "work", branch="trunk")
    clone.commit(leaf(FINE))
    found = play(clone, "workflow_dispatch", {"repository": {"default_branch": "main"}})
    assert messages(found) == [
        "the base of this run, `origin/main`, is not in this clone: this clone has no remote `origin` to fetch from."
    ]


def test_workspace_without_a_checkout(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    (tmp_path / "work").mkdir()
    found = play(Repo(path=tmp_path / "work"), "pull_request", {})
    assert messages(found) == ["there is no checkout in the workspace of this job."]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        pytest.param({"fail-on": "worst"}, "the input `fail-on` cannot be `worst`.", id="fail-on"),
        pytest.param({"formats": "sarif, pdf"}, "the input `formats` has no `pdf`.", id="formats"),
        pytest.param(
            {"working-directory": "../x"}, "the input `working-directory` leaves the workspace: `../x`.", id="up"
        ),
        pytest.param(
            {"working-directory": "/etc"}, "the input `working-directory` leaves the workspace: `/etc`.", id="/"
        ),
        pytest.param({"working-directory": "nope"}, "there is no folder `nope` in the workspace.", id="not there"),
        pytest.param({"base": "nope"}, "there is no `nope` in this repository.", id="no such base"),
        pytest.param(
            {"base": "origin/nope"},
            "the base of this run, `origin/nope`, is not in this clone: origin/nope could not be fetched from origin "
            "(couldn't find remote ref refs/heads/nope).",
            id="no such branch",
        ),
        pytest.param({"base": "HEAD~99"}, "there is no `HEAD~99` in this repository.", id="before the first commit"),
        pytest.param({"base": "--upload-pack=x"}, "there is no `--upload-pack=x` in this repository.", id="an option"),
        pytest.param(
            {"base": "x\n::set-output name=count::0"},
            "there is no `x\\n::set-output name=count::0` in this repository.",
            id="a command",
        ),
    ],
)
def test_wrong_inputs(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], inputs: dict[str, str], said: str
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    assert messages(play(clone, "pull_request", hosted.pull_request(), inputs=inputs)) == [said]


# --- what is handed on


def test_all_that_is_handed_on(hosted: Hosted, tmp_path: Path, runner: Runner, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    found = play(clone, "pull_request", hosted.pull_request())
    reports = Path(found.outputs["reports"])
    assert reports.parent == runner.temp
    assert dict(found.outputs) == {
        "changed-leaves": json.dumps(PROPOSED),
        "changed-leaves-file": str(reports / "changed-leaves.json"),
        "matrix": json.dumps(
            {
                "include": [
                    {"number": 1, "name": FINE, "leaves": [FINE]},
                    {"number": 2, "name": WRONG, "leaves": [WRONG]},
                ]
            }
        ),
        "matrix-file": str(reports / "matrix.json"),
        "matrix-size": "2",
        "count": "2",
        "errors": "1",
        "warnings": "0",
        "report": str(reports / "report.json"),
        "sarif": str(reports / "report.sarif"),
        "reports": str(reports),
    }
    assert sorted(path.name for path in reports.iterdir()) == [
        "changed-leaves.json",
        "matrix.json",
        "report.json",
        "report.md",
        "report.sarif",
    ]
    assert found.summary == (reports / "report.md").read_text(encoding="utf-8")
    (error,) = found.annotations
    assert (error.level, error.file, error.properties["line"]) == ("error", f"{WRONG}/qna.yaml", "6")
    assert error.message.startswith("`answer` must be text, but unquoted `No` is a boolean")


@pytest.mark.parametrize(
    ("fail_on", "status"), [("never", 0), ("warning", 1), ("error", 1), ("", 1)], ids=["never", "warning", "error", "-"]
)
def test_fail_on(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome], fail_on: str, status: int) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    found = play(clone, "pull_request", hosted.pull_request(), inputs={"fail-on": fail_on})
    assert (found.status, found.outputs["errors"]) == (status, "1")


def test_formats(hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    found = play(clone, "pull_request", hosted.pull_request(), inputs={"formats": "junit jsonl,gitlab\ntext"})
    assert (found.status, found.annotations, found.summary, found.outputs["sarif"]) == (1, [], "", "")
    assert sorted(path.name for path in Path(found.outputs["reports"]).glob("report*")) == [
        "report.gitlab.json",
        "report.json",
        "report.jsonl",
        "report.junit.xml",
    ]
    assert "`answer` must be text, but unquoted `No` is a boolean" in found.log


def test_working_directory(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    hosted = Hosted.make(tmp_path / "hosted", root="data/taxonomy")
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=1)
    found = play(clone, "pull_request", hosted.pull_request(), inputs={"working-directory": "data/taxonomy"})
    assert (found.status, found.changed) == (1, PROPOSED), found.log
    assert [one.file for one in found.annotations] == [f"data/taxonomy/{WRONG}/qna.yaml"]


def test_working_directory_that_a_pull_request_turns_into_a_link(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    """Where it leads to, nothing is wrong, as there is no leaf."""
    hosted = Hosted.make(tmp_path / "hosted", root="data/taxonomy")
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=1)
    shutil.move(clone.path / "data/taxonomy", clone.path / "elsewhere")
    clone.link("data/taxonomy", "../notes")
    found = play(clone, "pull_request", hosted.pull_request(), inputs={"working-directory": "data/taxonomy"})
    assert messages(found) == ["the input `working-directory` leads through a symbolic link: `data/taxonomy`."]


def test_removed_leaves_changed_but_are_no_job(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    hosted.repo.git("rm", "--quiet", "-r", OTHERS)
    hosted.repo.commit(leaf(FINE))
    clone = check_out(hosted, tmp_path / "work", hosted.repo.head, ref=DEFAULT, depth=0)
    found = play(clone, "push", hosted.push(hosted.base, hosted.repo.head))
    assert (found.status, found.changed, found.outputs["count"]) == (0, [FINE, OTHERS], "2")
    assert json.loads(found.outputs["matrix"]) == {"include": [{"number": 1, "name": FINE, "leaves": [FINE]}]}


def test_many_leaves_come_in_batches(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    leaves = [f"compositional_skills/many/leaf_{number:03}" for number in range(300)]
    files = {path: content for folder in leaves for path, content in leaf(folder).items()}
    hosted = Hosted.make(tmp_path / "hosted", proposed=files)
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    found = play(clone, "pull_request", hosted.pull_request())
    entries = json.loads(found.outputs["matrix"])["include"]
    assert (found.status, found.changed, len(entries), found.outputs["matrix-size"]) == (0, leaves, 256, "256")
    assert [one for entry in entries for one in entry["leaves"]] == leaves
    assert {len(entry["leaves"]) for entry in entries} == {1, 2}
    assert entries[5]["name"] == "compositional_skills/many/leaf_005 and 1 more"


def test_file_that_cannot_be_read_leaves_the_findings_of_the_others(
    hosted: Hosted, tmp_path: Path, play: Callable[..., Outcome]
) -> None:
    clone = check_out(hosted, tmp_path / "work", hosted.merge, ref="pull/1/merge", depth=2)
    unreadable = clone.path / FINE / "qna.yaml"
    unreadable.chmod(0)
    if os.access(unreadable, os.R_OK):
        pytest.skip("root reads everything")
    found = play(clone, "pull_request", hosted.pull_request())
    assert (found.status, found.changed, found.outputs["errors"]) == (2, PROPOSED, "2")


def test_configuration_that_is_none_is_shown_with_its_line(tmp_path: Path, play: Callable[..., Outcome]) -> None:
    hosted = Hosted.make(tmp_path / "hosted")
    hosted.repo.commit({".taxonomy-tools.yaml": "severity:\n  TX506: loud\n"})
    clone = check_out(hosted, tmp_path / "work", hosted.repo.head, ref=DEFAULT, depth=0)
    found = play(clone, "push", hosted.push(hosted.repo.head, hosted.repo.head))
    assert (found.status, {one.level for one in found.annotations}) == (2, {"error"})
    assert ".taxonomy-tools.yaml:2:" in found.log
