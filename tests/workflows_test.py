"""Action and workflows: linted by the programs that know them, held to this project's own rules, and played."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
import yaml
from packaging.requirements import Requirement

from taxonomy_tools import setup
from taxonomy_tools.main import cli
from tests.command import Result, leaf, run, skill
from tests.repository import Repo
from tests.runner import Outcome
from tests.runner import Runner as Machine

ROOT = Path(__file__).parents[1]
WORKFLOWS = tuple(sorted((ROOT / ".github/workflows").glob("*.yml")))
ACTION = ROOT / "action.yml"
LINTED = tuple(path for path in (*WORKFLOWS, ACTION) if path.exists())
TRIGGERS = {"merge_group", "pull_request", "push", "workflow_call", "workflow_dispatch"}
HOSTED = re.compile(r"(ubuntu|macos|windows)-\d+(\.\d+)?|ubuntu-latest")
IGNORE = re.compile(r"# zizmor: ignore\[([a-z-]+)\](.*)")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
PINNED = re.compile(r"(?P<action>[\w.-]+/[\w.-]+)(?:/[\w./-]+)?@[0-9a-f]{40}")
# What runners set, and a script may use without saying where it comes from.
RUNNER = (
    "GITHUB_ACTION_PATH GITHUB_API_URL GITHUB_EVENT_NAME GITHUB_OUTPUT GITHUB_REF GITHUB_REPOSITORY "
    "GITHUB_STEP_SUMMARY GITHUB_WORKSPACE RUNNER_OS RUNNER_TEMP"
).split()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"

posix = pytest.mark.skipif(os.name == "nt", reason="the scripts of these workflows run on Linux and macOS")
needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq, which runners have, are not installed here"
)

Yaml = dict[str, Any]


def load(path: Path) -> Yaml:
    """A workflow or an action. `on`, which YAML 1.1 takes for true, is `on`."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs(document: Yaml) -> dict[str, Yaml]:
    """The jobs of a workflow, none of an action."""
    found: dict[str, Yaml] = document.get("jobs", {})
    return found


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step, with what it inherits: the variables and the shell of its job and its workflow."""

    place: str
    facts: Yaml
    env: Mapping[str, object]
    shell: str


def steps(document: Yaml) -> Iterator[Step]:
    """Every step of a workflow's jobs, or of a composite action."""
    wholes = jobs(document) or {"action": document["runs"]}
    for name, whole in wholes.items():
        for number, facts in enumerate(whole.get("steps", [])):
            inherited = {**document.get("env", {}), **whole.get("env", {})}
            shell = facts.get("shell") or document.get("defaults", {}).get("run", {}).get("shell", "")
            yield Step(
                place=f"{name}[{number}]", facts=facts, env={**inherited, **facts.get("env", {})}, shell=str(shell)
            )


def scripts(document: Yaml) -> list[Step]:
    """The steps that run a script."""
    return [step for step in steps(document) if "run" in step.facts]


def calls(document: Yaml) -> list[Yaml]:
    """The steps, and the jobs, that use something else."""
    return [facts for facts in (*(step.facts for step in steps(document)), *jobs(document).values()) if "uses" in facts]


# --- the programs that know workflows


def schema_of(path: Path) -> str:
    """The vendored schema for a file, by its name."""
    return "vendor.github-actions" if path.name == "action.yml" else "vendor.github-workflows"


def schema_check(path: Path) -> Result:
    """What the official schema says."""
    return run("check-jsonschema", "--builtin-schema", schema_of(path), path, cwd=path.parent)


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """What zizmor found: where (its lines from 1, every line that it has something to say of), and by which audit."""

    path: str
    audit: str
    lines: tuple[int, ...]


def zizmor(*paths: Path, persona: str, ignores: bool = True) -> list[Finding]:
    """The findings of zizmor that no comment ignores, or all of them."""
    options = ["--offline", "--no-config", "--no-progress", "--quiet", "--strict-collection", "--collect=all"]
    options += [f"--persona={persona}", "--format=json-v1", "--no-exit-codes", *([] if ignores else ["--no-ignores"])]
    done = run("zizmor", *options, *paths, cwd=ROOT)
    assert (done.status, done.err) == (0, "")
    return sorted(
        Finding(
            path=found["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"],
            audit=found["ident"],
            lines=tuple(place["concrete"]["location"]["start_point"]["row"] + 1 for place in found["locations"]),
        )
        for found in json.loads(done.out)
    )


def shellcheck(document: Yaml, folder: Path) -> str:
    """What shellcheck says of the scripts of a document, each with the options and variables that its step has."""
    written = []
    for step in scripts(document):
        script = folder / f"{step.place}.bash"
        known = "".join(f': "${{{name}:=}}"\n' for name in (*RUNNER, *step.env))
        script.write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{known}{step.facts['run']}", encoding="utf-8")
        written.append(script)
    options = ("--norc", "--shell=bash", "--severity=style", "--enable=check-unassigned-uppercase,deprecate-which")
    return run("shellcheck", *options, *written, cwd=folder).out if written else ""


def test_everything_is_here() -> None:
    assert [path.name for path in LINTED] == ["ci.yml", "generate.yml", "validate.yml", "action.yml"]


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_official_schema_is_followed(path: Path) -> None:
    assert schema_check(path) == Result(status=0, out="ok -- validation done\n", err="")


def test_dependabot_config_follows_its_schema() -> None:
    config = ROOT / ".github/dependabot.yml"
    done = run("check-jsonschema", "--builtin-schema", "vendor.dependabot", config, cwd=ROOT)
    assert (done.status, done.err) == (0, "")
    assert zizmor(config, persona="auditor") == []


def test_schema_check_sees_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("on: push\njobs:\n  one:\n    runs-on: x\n    stepps: []\n", encoding="utf-8")
    assert schema_check(tmp_path / "wrong.yml").status == 1


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_zizmor_finds_nothing_that_is_not_explained(path: Path) -> None:
    assert zizmor(path, persona="auditor") == []


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_each_ignore_says_why_and_is_needed(path: Path) -> None:
    ignored = {
        (line, match[1]): match[2].split()
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in [IGNORE.search(text)]
        if match
    }
    assert [where for where, why in ignored.items() if len(why) < 3] == []
    found = zizmor(path, persona="auditor", ignores=False)
    assert {(line, one.audit) for one in found for line in one.lines} & set(ignored) == set(ignored)


def test_ignores_are_counted_as_zizmor_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yml"
    path.write_text("name: x\non: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./a\n")
    assert [(one.audit, max(one.lines)) for one in zizmor(path, persona="regular")] == [("self-repository", 8)]


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(path: Path, tmp_path: Path) -> None:
    assert shellcheck(load(path), tmp_path) == ""


def test_shellcheck_knows_the_variables_of_a_step(tmp_path: Path) -> None:
    step = {"env": {"KNOWN": "x"}, "run": 'echo "$KNOWN" "$UNKNOWN" $KNOWN\n'}
    said = shellcheck({"jobs": {"job": {"steps": [step]}}}, tmp_path)
    assert sorted(set(re.findall(r"SC\d+", said))) == ["SC2086", "SC2154"]
    assert "UNKNOWN is referenced but not assigned" in said


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_where_shellcheck_is_told_to_look_away_it_says_why(path: Path) -> None:
    told = re.findall(r"# shellcheck disable=\S+(.*)", path.read_text(encoding="utf-8"))
    assert [why for why in told if len(why.split()) < 3] == []


# --- this project's own rules


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_scripts_are_bash_without_expressions(path: Path) -> None:
    """What an expression gives would be part of the script; a variable is data."""
    document = load(path)
    assert [step.place for step in scripts(document) if EXPRESSION.search(step.facts["run"])] == []
    assert [step.place for step in scripts(document) if step.shell != "bash"] == []


def unpinned(path: Path) -> list[str]:
    """The lines that use something which is not one of GitHub's own actions, by full hash and version."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"[^#]*\buses:\s*(?P<uses>\S+)(?P<rest>.*)", line)
        if match is None or match["uses"] == "./tools":
            continue
        pinned = PINNED.fullmatch(match["uses"])
        named = re.match(r" # v\d+(\.\d+)*", match["rest"])
        if not pinned or not named or pinned["action"].partition("/")[0] != "actions":
            found.append(line.strip())
    return found


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_actions_are_githubs_own_by_full_hash(path: Path) -> None:
    assert unpinned(path) == []


@pytest.mark.parametrize(
    "uses",
    [
        pytest.param("actions/checkout@v4", id="a tag"),
        pytest.param(f"actions/checkout@{COMMIT}", id="no version"),
        pytest.param(f"somebody/checkout@{COMMIT} # v4.2.2", id="a third party"),
        pytest.param("./", id="the caller's action"),
        pytest.param("docker://alpine:3", id="an image"),
    ],
)
def test_what_is_not_pinned_is_seen(uses: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yml"
    path.write_text(f"steps:\n  - uses: {uses}\n", encoding="utf-8")
    assert unpinned(path) == [f"- uses: {uses}"]


def test_each_action_has_one_hash_everywhere() -> None:
    places = [*(path.read_text(encoding="utf-8") for path in LINTED), Path(setup.__file__).read_text(encoding="utf-8")]
    used = {tuple(found) for text in places for found in re.findall(r"(actions/[\w-]+)@(\S+ # \S+?)[\"\s]", text)}
    assert len(used) == len({name for name, _ in used}) > 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_start_where_a_fork_gets_nothing(path: Path) -> None:
    document = load(path)
    assert set(document["on"]) - TRIGGERS == set()
    filters = [name for name, facts in document["on"].items() if {"paths", "paths-ignore"} & set(facts or {})]
    assert filters == []  # a required check that is not started stays pending
    assert re.search(r"\bsecrets\b", re.sub(r"#.*", "", path.read_text(encoding="utf-8"))) is None


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_tokens_read_and_jobs_end(path: Path) -> None:
    document = load(path)
    given = [document["permissions"], *(job["permissions"] for job in jobs(document).values() if "permissions" in job)]
    assert all(isinstance(one, dict) and set(one.values()) <= {"read", "none"} for one in given)
    assert [name for name, job in jobs(document).items() if not isinstance(job["timeout-minutes"], int)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_checkouts_keep_no_token_and_fetch_nothing_else(path: Path) -> None:
    used = [call for call in calls(load(path)) if call["uses"].startswith("actions/checkout@")]
    assert used
    assert [call for call in used if call["with"].get("persist-credentials") is not False] == []
    assert [call for call in used if call["with"].get("submodules") or call["with"].get("lfs")] == []


# --- where the tools come from


VALIDATE, GENERATE, CI = (ROOT / f".github/workflows/{name}.yml" for name in ("validate", "generate", "ci"))


@cache
def named_steps(path: Path, job: str) -> dict[str, Yaml]:
    """The steps of a job, by their names."""
    found: Sequence[Yaml] = jobs(load(path))[job]["steps"]
    return {str(step["name"]): step for step in found if "name" in step}


@pytest.mark.parametrize(
    ("path", "job"),
    [(VALIDATE, "validate"), (GENERATE, "reviewed"), (GENERATE, "generate")],
    ids=lambda it: it if isinstance(it, str) else it.name,
)
def test_tools_are_checked_out_first_and_beside_what_is_proposed(path: Path, job: str) -> None:
    """Else a pull request could bring the action that judges it."""
    used = [step for step in jobs(load(path))[job]["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    # A self-hosted runner may be too old to know of which commit a workflow is.
    handed_on = ("needs.reviewed.outputs.tools-repository", "needs.reviewed.outputs.tools-commit")
    repository, commit = handed_on if job == "generate" else ("job.workflow_repository", "job.workflow_sha")
    assert [(step["with"]["path"], step["with"].get("repository")) for step in used] == [
        ("tools", f"${{{{ {repository} }}}}"),
        ("taxonomy", None),
    ]
    assert used[0]["with"]["ref"] == f"${{{{ {commit} }}}}"


@pytest.mark.parametrize("path", [VALIDATE, GENERATE], ids=lambda path: path.name)
def test_action_is_called_as_it_wants_to_be(path: Path) -> None:
    action = load(ACTION)
    for call in calls(load(path)):
        if call["uses"] == "./tools":
            assert set(call["with"]) - set(action["inputs"]) == set()
    used = set(re.findall(r"steps\.taxonomy\.outputs\.([\w-]+)", path.read_text(encoding="utf-8")))
    assert used - set(action["outputs"]) == set()


def test_validate_passes_on_what_the_action_takes_and_gives() -> None:
    action, called = load(ACTION), load(VALIDATE)["on"]["workflow_call"]
    own = {"artifact", "fetch-depth"}
    assert set(called["inputs"]) - own == set(action["inputs"])
    defaults = {name: facts["default"] for name, facts in called["inputs"].items() if name not in own}
    assert defaults == {name: facts.get("default", "") for name, facts in action["inputs"].items()}
    job = jobs(load(VALIDATE))["validate"]
    assert set(called["outputs"]) == set(job["outputs"])
    for name in called["outputs"]:
        assert called["outputs"][name]["value"] == f"${{{{ jobs.validate.outputs.{name} }}}}"
        assert job["outputs"][name] == f"${{{{ steps.taxonomy.outputs.{name} }}}}"


def example(path: Path) -> Yaml:
    """The calling workflow that the head of a reusable workflow shows."""
    head = path.read_text(encoding="utf-8").split("\nname:")[0]
    lines = [line[2:] for line in head.splitlines() if line.startswith("#   ")]
    text = textwrap.dedent("\n".join(lines)).replace("<full commit hash>", COMMIT)
    return {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}


@pytest.mark.parametrize("path", [VALIDATE, GENERATE], ids=lambda path: path.name)
def test_shown_caller_is_one(path: Path, tmp_path: Path) -> None:
    caller, called = example(path), load(path)
    (tmp_path / "caller.yml").write_text(yaml.safe_dump(caller), encoding="utf-8")
    assert schema_check(tmp_path / "caller.yml").status == 0
    (job,) = caller["jobs"].values()
    assert job["uses"] == f"OWNER/taxonomy-tools/.github/workflows/{path.name}@{COMMIT}"
    inputs = called["on"]["workflow_call"]["inputs"]
    assert set(job.get("with", {})) - set(inputs) == set()
    assert {name for name, facts in inputs.items() if facts.get("required")} - set(job.get("with", {})) == set()
    needed = [called["permissions"], *(job.get("permissions", {}) for job in jobs(called).values())]
    assert {name: level for one in needed for name, level in one.items()} == caller["permissions"]
    assert (path == GENERATE) == (set(caller["on"]) == {"workflow_dispatch"})


def test_only_a_dispatch_with_an_approval_reaches_the_gpu() -> None:
    document = load(GENERATE)
    assert set(document["on"]) == {"workflow_call", "workflow_dispatch"}
    assert document["on"]["workflow_call"]["inputs"] == document["on"]["workflow_dispatch"]["inputs"]
    generate = jobs(document)["generate"]
    assert (generate["environment"], generate["needs"]) == ("sample-generation", "reviewed")
    assert generate["runs-on"] == "${{ fromJSON(inputs.runner) }}"
    assert "if" not in generate  # an `if` of its own could run it where `reviewed` has failed
    assert json.loads(document["on"]["workflow_call"]["inputs"]["runner"]["default"]) == ["self-hosted", "gpu"]
    others = [job for path in WORKFLOWS for name, job in jobs(load(path)).items() if name != "generate"]
    labels = [label for job in others for label in job.get("strategy", {}).get("matrix", {}).get("runner", [])]
    labels += [job["runs-on"] for job in others if job["runs-on"] != "${{ matrix.runner }}"]
    assert [label for label in labels if not HOSTED.fullmatch(label)] == []


def test_reviewed_commit_is_what_is_checked_out_and_generated_from() -> None:
    for job, ref in (
        ("reviewed", "inputs.pull-request && format('refs/pull/{0}/head', inputs.pull-request) || inputs.commit"),
        ("generate", "inputs.commit"),
    ):
        checkout = named_steps(GENERATE, job)["Check out the reviewed commit, as data"]["with"]
        assert (checkout["ref"], checkout["fetch-depth"]) == (f"${{{{ {ref} }}}}", 0)
    names = list(named_steps(GENERATE, "reviewed"))
    order = [
        "Accept a maintainer's dispatch of one commit",
        "Check out the reviewed commit, as data",
        "See that it is the reviewed commit",
        "Check the changed leaves",
    ]
    assert all(names.index(one) < names.index(other) for one, other in pairwise(order))
    assert named_steps(GENERATE, "reviewed")["Check the changed leaves"]["with"]["base"] == "${{ github.sha }}"


# --- what `taxonomy init` writes


ON_GITHUB = "https://github.com/OWNER/taxonomy-tools"


@pytest.fixture(
    params=[
        pytest.param((ON_GITHUB, "."), id="the action"),
        pytest.param((ON_GITHUB, "a folder"), id="the action in a folder"),
        pytest.param(("https://git.example.org/taxonomy-tools", "."), id="pip"),
        pytest.param(("https://git.example.org/taxonomy-tools", "a folder"), id="pip in a folder"),
    ]
)
def initialized(request: pytest.FixtureRequest, repo: Repo) -> Path:
    """The workflow of a taxonomy repository, set up in each of the ways there are."""
    url, where = request.param
    (repo.path / where).mkdir(exist_ok=True)
    done = run("taxonomy", "init", "--yes", "--tools", url, "--tools-rev", COMMIT, cwd=repo.path / where)
    assert done.status == 0
    return repo.path / setup.WORKFLOW_FILE


def test_written_workflow_is_held_to_the_same(initialized: Path, tmp_path: Path) -> None:
    document = load(initialized)
    assert schema_check(initialized) == Result(status=0, out="ok -- validation done\n", err="")
    assert zizmor(initialized, persona="regular") == []
    assert shellcheck(document, tmp_path) == ""
    assert [step.place for step in scripts(document) if EXPRESSION.search(step.facts["run"])] == []
    others = {line.replace('"', "") for line in unpinned(initialized)}
    assert others <= {f"- uses: OWNER/taxonomy-tools@{COMMIT}"}
    assert (set(document["on"]) - TRIGGERS, document["permissions"]) == (set(), {"contents": "read"})
    checkouts = [call for call in calls(document) if call["uses"].startswith("actions/checkout@")]
    assert [call["with"]["persist-credentials"] for call in checkouts] == [False]


# --- what the scripts do


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs the scripts of a workflow's steps as a runner does, in a workspace and a folder for temporary files.

    `contexts` says what expressions give; a test that needs another one says so.
    """

    folder: Path
    contexts: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.folder / "work"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    @property
    def summary(self) -> Path:
        return self.folder / "summary"

    def evaluate(self, text: object) -> str:
        """Text with its expressions replaced by what they give."""
        return EXPRESSION.sub(lambda found: self.contexts[found[1].strip()], str(text))

    def play(self, step: Yaml, **variables: str) -> Result:
        """Run the script of a step."""
        for place in (self.workspace, self.temp):
            place.mkdir(exist_ok=True)
        script = self.folder / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        env = {name: self.evaluate(value) for name, value in step.get("env", {}).items()}
        standard = {
            "GITHUB_WORKSPACE": os.fspath(self.workspace),
            "GITHUB_STEP_SUMMARY": os.fspath(self.summary),
            "GITHUB_OUTPUT": os.fspath(self.folder / "output"),
            "RUNNER_TEMP": os.fspath(self.temp),
        }
        where = Path(self.evaluate(step.get("working-directory", self.workspace)))
        bash = Path(shutil.which("bash") or "bash")
        command = (bash, "--noprofile", "--norc", "-eo", "pipefail", script)
        return run(*command, cwd=where, env={**standard, **env, **variables}, timeout=600)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner on which a maintainer has dispatched what there is to dispatch."""
    contexts = {
        "inputs.commit": COMMIT,
        "inputs.pull-request": "",
        "inputs.model": "",
        "inputs.samples-per-leaf": "",
        "inputs.working-directory": ".",
        "github.event.repository.default_branch": "main",
        "github.sha": OTHER,
        "github.token": "a-token",
        "github.workspace": os.fspath(tmp_path / "work"),
        "runner.temp": os.fspath(tmp_path / "temp"),
        "job.workflow_repository": "OWNER/taxonomy-tools",
        "job.workflow_sha": OTHER,
    }
    return Runner(folder=tmp_path, contexts=contexts)


DISPATCH = {"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REF": "refs/heads/main"}
ASKED = "samples are generated only where a maintainer asks for them: call this from workflow_dispatch"
BRANCH = "tool and config come from the default branch: dispatch this workflow there"
HASH = "commit must be the full hash of the commit that was reviewed: a name or a short hash can move"
NUMBER = "pull-request must be a number, or empty"
SERVER = "this server does not say which commit of taxonomy-tools this workflow is of"


@posix
@pytest.mark.parametrize(
    ("variables", "contexts", "refusal"),
    [
        pytest.param({}, {}, "", id="a full hash"),
        pytest.param({}, {"inputs.pull-request": "17"}, "", id="and a pull request"),
        pytest.param({"GITHUB_EVENT_NAME": "pull_request"}, {}, ASKED, id="a pull request's own run"),
        pytest.param({"GITHUB_EVENT_NAME": "pull_request_target"}, {}, ASKED, id="with the base's rights"),
        pytest.param({"GITHUB_EVENT_NAME": "issue_comment"}, {}, ASKED, id="a comment"),
        pytest.param({"GITHUB_REF": "refs/heads/topic"}, {}, BRANCH, id="from another branch"),
        pytest.param({"GITHUB_REF": "refs/tags/main"}, {}, BRANCH, id="from a tag of that name"),
        pytest.param({}, {"inputs.commit": "main"}, HASH, id="a branch"),
        pytest.param({}, {"inputs.commit": COMMIT[:12]}, HASH, id="a short hash"),
        pytest.param({}, {"inputs.commit": COMMIT.upper()}, HASH, id="capitals"),
        pytest.param({}, {"inputs.commit": f"{COMMIT}\nmain"}, HASH, id="two lines"),
        pytest.param({}, {"inputs.commit": f"{COMMIT}^"}, HASH, id="its parent"),
        pytest.param({}, {"inputs.commit": ""}, HASH, id="nothing"),
        pytest.param({}, {"inputs.pull-request": "$(touch pwned)"}, NUMBER, id="a command"),
        pytest.param({}, {"inputs.pull-request": "../../heads/main"}, NUMBER, id="a path"),
        pytest.param({}, {"job.workflow_repository": "", "job.workflow_sha": ""}, SERVER, id="an older server"),
    ],
)
def test_dispatch_is_bound_to_one_commit(
    runner: Runner, variables: dict[str, str], contexts: dict[str, str], refusal: str
) -> None:
    runner.contexts.update(contexts)
    step = named_steps(GENERATE, "reviewed")["Accept a maintainer's dispatch of one commit"]
    done = runner.play(step, **{**DISPATCH, **variables})
    said = f"::error::{refusal}\n" if refusal else ""
    assert done == Result(status=1 if refusal else 0, out=said, err="")
    assert list(runner.workspace.iterdir()) == []
    output = runner.folder / "output"
    handed_on = f"tools-repository=OWNER/taxonomy-tools\ntools-commit={OTHER}\n"
    assert (output.read_text(encoding="utf-8") if output.exists() else "") == ("" if refusal else handed_on)


@posix
@pytest.mark.parametrize(
    ("repository", "commit", "status"),
    [
        pytest.param("OWNER/taxonomy-tools", OTHER, 0, id="both"),
        pytest.param("", OTHER, 1, id="no repository"),
        pytest.param("OWNER/taxonomy-tools", "", 1, id="no commit"),
        pytest.param("OWNER/taxonomy-tools", "main", 1, id="a name"),
    ],
)
def test_runner_with_the_gpu_takes_the_tools_that_it_is_told(
    runner: Runner, repository: str, commit: str, status: int
) -> None:
    reviewed = jobs(load(GENERATE))["reviewed"]
    assert reviewed["outputs"] == {
        name: f"${{{{ steps.accepted.outputs.{name} }}}}" for name in ("tools-repository", "tools-commit")
    }
    assert named_steps(GENERATE, "reviewed")["Accept a maintainer's dispatch of one commit"]["id"] == "accepted"
    told = {"tools-repository": repository, "tools-commit": commit}
    runner.contexts.update({f"needs.reviewed.outputs.{name}": value for name, value in told.items()})
    steps_there = named_steps(GENERATE, "generate")
    assert next(iter(steps_there)) == "See which tools these are"
    done = runner.play(steps_there["See which tools these are"])
    said = "::error::the job before this one does not say which commit of taxonomy-tools this workflow is of\n"
    assert done == Result(status=status, out=said if status else "", err="")


@posix
@pytest.mark.parametrize(
    ("repository", "commit", "status"),
    [
        pytest.param("OWNER/taxonomy-tools", COMMIT, 0, id="github.com"),
        pytest.param("", "", 1, id="a server that does not say"),
        pytest.param("OWNER/taxonomy-tools", "main", 1, id="a name"),
        pytest.param("OWNER/taxonomy-tools/x", COMMIT, 1, id="no repository"),
    ],
)
def test_tools_of_no_known_commit_are_not_checked_out(
    runner: Runner, repository: str, commit: str, status: int
) -> None:
    """Checkout would take the caller's own content for an empty repository and ref."""
    runner.contexts.update({"job.workflow_repository": repository, "job.workflow_sha": commit})
    done = runner.play(named_steps(VALIDATE, "validate")["Find the commit of these tools"])
    said = (
        "::error::this server does not say which commit of taxonomy-tools this workflow is of; "
        "use the action in a job of your own instead: OWNER/taxonomy-tools@<full commit hash>\n"
    )
    assert done == Result(status=status, out=said if status else "", err="")


class Answers(HTTPServer):
    """A server on localhost: each path and what it answers. `asked` is what was asked of it."""

    def __init__(self, answers: Mapping[str, tuple[int, str]]) -> None:
        self.asked: list[tuple[str, str | None, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.asked.append((self.path, self.headers.get("Authorization"), body))
                status, text = answers.get(self.path, (404, '{"message": "Not Found"}'))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET  # noqa: N815 # the name that the server looks for

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 # as it is called
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self.shutdown()
        self.server_close()


ENVIRONMENT = "/repos/OWNER/taxonomy/environments/sample-generation"
WHO = {"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"login": "ada"}}]}


@posix
@needs_curl
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param((200, json.dumps({"protection_rules": [{"type": "branch_policy"}, WHO]})), 0, id="reviewers"),
        pytest.param((200, json.dumps({"protection_rules": [{"type": "branch_policy"}]})), 1, id="no reviewers"),
        pytest.param((200, json.dumps({"protection_rules": []})), 1, id="no rule"),
        pytest.param((200, json.dumps({"name": "sample-generation"})), 1, id="nothing of rules"),
        pytest.param((404, json.dumps({"message": "Not Found"})), 1, id="no such environment"),
        pytest.param((403, json.dumps({"protection_rules": [WHO]})), 1, id="not allowed"),
        pytest.param((200, "<html>"), 1, id="no answer of GitHub's"),
    ],
)
def test_nothing_is_generated_where_nobody_is_asked(runner: Runner, answer: tuple[int, str], status: int) -> None:
    with Answers({ENVIRONMENT: answer}) as server:
        step = named_steps(GENERATE, "reviewed")["See that somebody has to approve"]
        done = runner.play(step, GITHUB_API_URL=server.url, GITHUB_REPOSITORY="OWNER/taxonomy", NO_PROXY="*")
    said = (
        "::error::the environment sample-generation has no required reviewers, or cannot be read: set it up in the "
        "repository's settings, and give the calling job `permissions: actions: read`\n"
    )
    assert (done.status, done.out) == (status, said if status else "")
    assert server.asked == [(ENVIRONMENT, "Bearer a-token", b"")]


@posix
def test_pull_request_that_has_moved_on_is_not_the_reviewed_one(runner: Runner) -> None:
    taxonomy = Repo.init(runner.workspace / "taxonomy")
    reviewed = taxonomy.commit(leaf("compositional_skills/one"))
    runner.contexts["inputs.commit"] = reviewed
    step = named_steps(GENERATE, "reviewed")["See that it is the reviewed commit"]
    assert runner.play(step) == Result(status=0, out="", err="")
    moved = taxonomy.commit(leaf("compositional_skills/two"))
    assert runner.play(step) == Result(
        status=1,
        out=f"::error::what is there now is {moved}, and not the reviewed commit: review it, "
        "and dispatch again with its hash\n",
        err="",
    )


@posix
def test_what_an_earlier_job_left_is_gone(runner: Runner) -> None:
    for name in ("tools/.git/hooks", "taxonomy/.git/hooks", "other"):
        (runner.workspace / name).mkdir(parents=True)
    assert runner.play(named_steps(GENERATE, "generate")["Remove what an earlier job has left"]).status == 0
    assert [path.name for path in runner.workspace.iterdir()] == ["other"]


HOST = "http://127.0.0.1:11434"
STANDS_IN = """\
import json, sys
print("::error::forged")
print(json.dumps(sys.argv[1:]), end="")
sys.exit(3)
"""


@posix
def test_tool_is_told_commit_and_base_and_its_output_is_no_command(runner: Runner) -> None:
    scripts_folder = runner.temp / "environment/bin"
    scripts_folder.mkdir(parents=True)
    (scripts_folder / "python").symlink_to(sys.executable)
    (scripts_folder / "taxonomy").write_text(STANDS_IN, encoding="utf-8")
    runner.contexts["steps.tools.outputs.python"] = os.fspath(scripts_folder / "python")
    step = named_steps(GENERATE, "generate")["Generate samples"]
    always = [
        f"--taxonomy-path={runner.workspace}/taxonomy/.",
        f"--base={OTHER}",
        f"--head={COMMIT}",
        f"--host={HOST}",
        f"--output-dir={runner.workspace}/generated/{COMMIT}",
        "--deadline=22h",
    ]
    for model, samples, further in (
        ("", "", []),
        ("$(touch pwned)", "--help", ["--model=$(touch pwned)", "--samples-per-leaf=--help"]),
    ):
        runner.contexts.update({"inputs.model": model, "inputs.samples-per-leaf": samples})
        done = runner.play(step)
        assert (done.status, done.err) == (3, "")
        lines = done.out.splitlines()
        token = lines[0].removeprefix("::stop-commands::")
        assert re.fullmatch(r"[0-9a-f]{32}", token)
        assert lines[1] == "::error::forged"
        assert json.loads(lines[2]) == ["generate", *always, *further]
        assert lines[3:] == [f"::{token}::"]
    assert list(runner.folder.rglob("pwned")) == []


@pytest.mark.skipif("generate" not in cli.commands, reason="there is no `taxonomy generate` here")
def test_tool_takes_the_options_that_it_is_told() -> None:
    script = named_steps(GENERATE, "generate")["Generate samples"]["run"]
    options = re.findall(r'(--[a-z-]+)=("[^"]*"|[^\s)]+)', script)
    assert len(options) == 8
    values = {"--taxonomy-path": ".", "--samples-per-leaf": "3", "--host": HOST, "--deadline": "22h"}
    cli.commands["generate"].make_context("generate", [f"{name}={values.get(name, 'x')}" for name, _ in options])


@posix
def test_report_stands_in_the_summary_as_far_as_it_goes(runner: Runner) -> None:
    step = named_steps(GENERATE, "generate")["Show the report"]
    assert runner.play(step) == Result(status=0, out="there is no report\n", err="")
    one, other = (runner.workspace / f"generated/{COMMIT}/{name}/report.md" for name in ("7f3a", "9c11"))
    of_another = runner.workspace / f"generated/{OTHER}/7f3a/report.md"
    for report in (one, other, of_another):
        report.parent.mkdir(parents=True)
        report.write_text(f"# {report.parent.name}\n", encoding="utf-8")
    assert runner.play(step) == Result(status=0, out="", err="")
    assert runner.summary.read_text(encoding="utf-8") == "# 7f3a\n# 9c11\n"
    runner.summary.unlink()
    line = "ä" * 49 + "\n"
    for report in (one, other):
        report.write_text(line * 9_000, encoding="utf-8")
    assert runner.play(step) == Result(status=0, out="", err="")
    shown = runner.summary.read_text(encoding="utf-8")
    assert len(shown.encode()) <= 1 << 20
    assert shown == line * (1_000_000 // len(line.encode())) + "\nThe rest of the report is in the artifact.\n"


@posix
def test_ci_tries_the_action_on_a_taxonomy_of_its_own(runner: Runner) -> None:
    steps_here = named_steps(CI, "action")
    made = runner.play(steps_here["Make a taxonomy with a change"], GIT_CONFIG_COUNT="0")
    assert (made.status, made.out) == (0, "")
    outcome = play_action(runner, steps_here["Check it"], "push", {})
    assert outcome.status == 0
    for name in ("changed-leaves", "errors"):
        runner.contexts[f"steps.taxonomy.outputs.{name}"] = outcome.outputs[name]
    assert runner.play(steps_here["See what it found"]).status == 0
    runner.contexts["steps.taxonomy.outputs.errors"] = "0"
    assert runner.play(steps_here["See what it found"]).status == 1


@posix
@needs_curl
def test_ci_waits_for_the_model_and_sees_that_it_is_there(runner: Runner) -> None:
    step = next(step for step in jobs(load(CI))["ollama"]["steps"] if step.get("name") == "Pull a small model")
    for answer, status in (('{"status": "success"}', 0), ('{"error": "pull model manifest: file does not exist"}', 1)):
        with Answers({"/api/pull": (200, answer)}) as server:
            done = runner.play(step, OLLAMA_HOST=server.url, TAXONOMY_TEST_MODEL="small:1b", NO_PROXY="*")
        assert (done.status, done.err) == (status, "")
        assert server.asked == [("/api/pull", None, b'{"model":"small:1b","stream":false}')]


# --- the reviewed commit is data


BROKEN = leaf("compositional_skills/two", skill(answer="No"))
# What a pull request may bring, to be judged by itself or by nothing.
OWN = {
    ".taxonomy-tools.yaml": "ignore: [TX]\n",
    "action.yml": "runs: {using: composite, steps: [{id: run, shell: bash, run: touch pwned}]}\n",
    "tools/action.yml": "runs: {using: composite, steps: [{id: run, shell: bash, run: touch pwned}]}\n",
    "taxonomy_tools/action/__main__.py": "open('pwned', 'w')\n",
    "yamllint/__main__.py": "open('pwned', 'w')\n",
    "sitecustomize.py": "open('pwned', 'w')\n",
}


def check_out(origin: Repo, path: Path, ref: str, *, depth: int) -> Repo:
    """A checkout of a ref as actions/checkout makes it, with everything if the depth is 0."""
    made = Repo.init(path)
    made.git("remote", "add", "origin", origin.path.resolve().as_uri())
    wanted = (f"--depth={depth}", "origin", ref) if depth else ("origin", "+refs/heads/*:refs/remotes/origin/*", ref)
    made.git("fetch", "--quiet", "--no-tags", *wanted)
    made.git("checkout", "--quiet", "--detach", ref if len(ref) == 40 else "FETCH_HEAD")
    return made


def play_action(runner: Runner, step: Yaml, event: str, payload: Mapping[str, object], **variables: str) -> Outcome:
    """Play the action as a workflow's step calls it, from the tools in the workspace, with the package of this run."""
    (runner.workspace / "tools").mkdir()
    shutil.copy(ACTION, runner.workspace / "tools")
    machine = Machine(action=runner.workspace / "tools", folder=runner.temp)
    return machine.play(
        runner.workspace,
        name=event,
        event=payload,
        inputs={name: runner.evaluate(value) for name, value in step["with"].items()},
        env=variables,
        played={"install": {"folder": os.fspath(machine.temp), "python": sys.executable}},
    )


@posix
def test_validate_judges_a_pull_request_by_the_tools_and_the_base(repo: Repo, runner: Runner) -> None:
    base = repo.commit({".taxonomy-tools.yaml": "severity:\n  TX201: warning\nfail_on: warning\n"})
    repo.branch("proposed")
    proposed = repo.commit({**BROKEN, **OWN})
    repo.git("checkout", "--quiet", "--detach", base)
    repo.git("merge", "--quiet", "--no-ff", "-m", "merge", proposed)
    repo.git("update-ref", "refs/pull/1/merge", "HEAD")
    inputs = load(VALIDATE)["on"]["workflow_call"]["inputs"]
    runner.contexts.update({f"inputs.{name}": str(facts["default"]) for name, facts in inputs.items()})
    place = runner.evaluate(named_steps(VALIDATE, "validate")["Check out what is proposed"]["with"]["path"])
    check_out(repo, runner.workspace / place, "refs/pull/1/merge", depth=inputs["fetch-depth"]["default"])
    outcome = play_action(
        runner,
        named_steps(VALIDATE, "validate")["Check the changed leaves"],
        "pull_request",
        {"pull_request": {"number": 1, "head": {"sha": proposed}, "base": {"ref": "main", "sha": base}}},
        GITHUB_BASE_REF="main",
    )
    assert (outcome.status, outcome.changed) == (1, ["compositional_skills/two"])
    assert (outcome.outputs["errors"], outcome.outputs["warnings"], outcome.outputs["matrix-size"]) == ("0", "1", "1")
    found = [(one.level, one.file) for one in outcome.annotations if one.file]
    assert (
        "warning",
        "compositional_skills/two/qna.yaml",
    ) in found  # as GitHub names it, without the checkout's folder
    assert list(runner.folder.rglob("pwned")) == []


@posix
@pytest.mark.parametrize(
    ("files", "status", "size"),
    [
        pytest.param({**leaf("compositional_skills/one"), **OWN}, 0, "1", id="a good leaf is generated from"),
        pytest.param({**BROKEN, **OWN}, 1, "1", id="a broken leaf stops here"),
        pytest.param(OWN, 0, "0", id="no leaf is told by the outputs"),
    ],
)
def test_verdict_on_the_reviewed_commit_is_there_before_the_approval(
    repo: Repo, runner: Runner, files: Mapping[str, str | bytes], status: int, size: str
) -> None:
    repo.commit({".taxonomy-tools.yaml": "severity:\n  TX201: error\n"})
    repo.branch("proposed")
    reviewed = repo.commit(files)
    repo.git("switch", "--quiet", "main")
    tip = repo.commit(leaf("compositional_skills/of_others"))
    runner.contexts.update({"inputs.commit": reviewed, "github.sha": tip})
    check_out(repo, runner.workspace / "taxonomy", reviewed, depth=0)
    steps_here = named_steps(GENERATE, "reviewed")
    assert runner.play(steps_here["See that it is the reviewed commit"]) == Result(status=0, out="", err="")
    outcome = play_action(
        runner,
        steps_here["Check the changed leaves"],
        "workflow_dispatch",
        {"repository": {"default_branch": "main"}},
        GITHUB_SHA=tip,
        GITHUB_REF="refs/heads/main",
    )
    assert (outcome.status, outcome.outputs["matrix-size"]) == (status, size)
    assert list(runner.folder.rglob("pwned")) == []
    if size == "0":
        condition = steps_here["Stop where there is nothing to generate from"]["if"]
        assert condition == "${{ steps.taxonomy.outputs.matrix-size == '0' }}"


def test_reviewed_commit_is_judged_by_the_default_branchs_config(repo: Repo, tmp_path: Path) -> None:
    """What generate.yml names as base and head: leaf files come from the one, config from the other."""
    base = repo.commit({".taxonomy-tools.yaml": "severity:\n  TX401: warning\n"})
    repo.branch("proposed")
    document = {"compositional_skills/two/qna.yaml": skill(answer="No")}
    files = {**leaf("compositional_skills/one"), **document, ".taxonomy-tools.yaml": "ignore: [TX]\n"}
    reviewed = repo.commit({**files, "yamllint/__main__.py": "open('pwned', 'w')\n"})
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main"}}), encoding="utf-8")
    env = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_EVENT_PATH": os.fspath(event),
    }
    options = (f"--taxonomy-path={repo.path}", f"--base={base}", f"--head={reviewed}", "--output-format=json")
    done = run("taxonomy", "diff", *options, cwd=tmp_path, env=env)
    report = json.loads(done.out)
    found = {(one["code"], one["severity"]) for changed in report["leaves"] for one in changed["diagnostics"]}
    assert (done.status, found) == (1, {("TX201", "error"), ("TX401", "warning")})
    assert list(tmp_path.rglob("pwned")) == []


# --- what the runner with the GPU installs

LOCK = ROOT / ".github/action/generate.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked() -> dict[str, str]:
    """The version of each package in the lock."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_lock_has_what_the_project_needs() -> None:
    """Make the lock anew, as its first lines say, when this fails."""
    wanted = [Requirement(line) for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["generate"])]
    versions = locked()
    assert [str(one) for one in wanted if not one.specifier.contains(versions.get(one.name, "0"))] == []


def test_lock_is_of_hashes_and_names_no_place() -> None:
    text = re.sub(r"^ *#.*\n", "", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    hashed = r"    --hash=sha256:[0-9a-f]{64}"
    entry = rf"[a-z0-9-]+==[\w.]+(?: ; [^\n\\]+)? \\\n(?:{hashed} \\\n)*{hashed}\n"
    assert re.fullmatch(f"(?:{entry})+", text)


def test_nothing_is_installed_but_what_is_locked() -> None:
    """pip takes hashes for a must where one is given, but not where none is."""
    installs = [step.facts["run"] for step in scripts(load(GENERATE)) if "install --" in step.facts["run"]]
    assert [{"--require-hashes", "--only-binary", "--no-deps"} - set(script.split()) for script in installs] == [set()]


@pytest.fixture(scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where pip cannot reach a package index."""
    pip = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "1", "--timeout", "20"]
    done = subprocess.run(
        [*pip, "--dest", tmp_path_factory.mktemp("wheels"), "h11"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no package index can be reached: {done.stderr.strip()[-200:]}")


@posix
@pytest.mark.usefixtures("_index")
def test_tools_and_what_generates_are_installed(runner: Runner) -> None:
    tools = runner.workspace / "tools"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", ".git", ".venv", "tests")
    shutil.copytree(ROOT, tools, ignore=ignored)
    hostile = runner.folder / "hostile"
    hostile.mkdir()
    for name in ("pip", "venv", "json", "sitecustomize"):
        (hostile / f"{name}.py").write_text("open('pwned', 'w')\nraise SystemExit(7)\n", encoding="utf-8")
    steps_here = named_steps(GENERATE, "generate")
    assert runner.play(steps_here["Install these tools"], PYTHONPATH=os.fspath(hostile)).status == 0
    output = dict(line.split("=", 1) for line in (runner.folder / "output").read_text(encoding="utf-8").splitlines())
    runner.contexts["steps.tools.outputs.python"] = output["python"]
    done = runner.play(steps_here["Install what generates"], PYTHONPATH=os.fspath(hostile))
    assert done == Result(status=0, out="", err="")
    python = Path(output["python"])
    done = run(python, "-I", "-c", "import langdetect, ollama, rapidfuzz, rich, taxonomy_tools.main", cwd=runner.temp)
    assert done == Result(status=0, out="", err="")
    assert run(python, "-I", "-m", "pip", "check", cwd=runner.temp).status == 0
    assert run(python, "-I", python.parent / "taxonomy", "--version", cwd=runner.temp).status == 0
    assert list(runner.folder.rglob("pwned")) == []
