"""`taxonomy init`: what it writes is what pre-commit, GitHub and editors take, and what is there stays."""

import json
import os
from pathlib import Path

import pytest
import yaml

from taxonomy_tools import __version__, schemas
from taxonomy_tools.setup import LOCAL_HOOKS, Tools, files, hooks_part
from tests.command import SCRIPTS, Result, leaf, run, skill
from tests.commands.new_test import on_terminal
from tests.repository import Repo

WRITTEN = [
    ".github/workflows/taxonomy.yml",
    ".pre-commit-config.yaml",
    ".taxonomy-tools.yaml",
    ".vscode/schemas/compositional_skills.json",
    ".vscode/schemas/config.json",
    ".vscode/schemas/knowledge.json",
    ".vscode/settings.json",
]
URL = "https://github.com/ada/taxonomy-tools"
THEN = "\nThen:  git add --all && pre-commit install && taxonomy doctor\n"


def there(repo: Repo) -> dict[str, str]:
    """Every file of the working tree."""
    places = (path for path in repo.path.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(repo.path).as_posix(): path.read_text() for path in sorted(places)}


def test_it_writes_what_it_shows_once(repo: Repo) -> None:
    shown = run("taxonomy", "init", "--dry-run", cwd=repo.path)
    assert (shown.status, shown.err, there(repo)) == (0, "", {})
    assert shown.out.endswith("\nWould write 7 files.\n")
    done = run("taxonomy", "init", "--yes", cwd=repo.path)
    wrote = "".join(f"Wrote {file.path}\n" for file in files(Tools(), ""))
    assert done == Result(status=0, out=shown.out.removesuffix("Would write 7 files.\n") + wrote + THEN, err="")
    written = there(repo)
    assert sorted(written) == WRITTEN
    for name in WRITTEN[:3]:
        assert "".join(f"  | {line}".rstrip() + "\n" for line in written[name].splitlines()) in shown.out
    again = run("taxonomy", "init", cwd=repo.path)
    assert (again.status, again.err, there(repo)) == (0, "", written)
    assert again.out == (
        "".join(f"{file.path}: there already, and the same.\n" for file in files(Tools(), ""))
        + "\nNothing to write: every file is there.\n"
    )


def test_what_is_there_stays_and_what_it_lacks_is_said(repo: Repo) -> None:
    mine = {
        ".pre-commit-config.yaml": "repos: []\n",
        ".vscode/settings.json": '{"editor.rulers": [100]}\n',
        ".taxonomy-tools.yaml": "fail_on: warning\n",
        ".vscode/schemas/knowledge.json": "{}\n",
    }
    for path, content in mine.items():
        repo.write(path, content)
    done = run("taxonomy", "init", cwd=repo.path)
    assert done.status == 0
    assert {path: there(repo)[path] for path in mine} == mine
    assert sorted(there(repo)) == WRITTEN
    by_hand = "".join(f"  | {line}\n" for line in hooks_part(Tools(), "").splitlines())
    assert f".pre-commit-config.yaml: there already, and kept. Add to its `repos` by hand:\n{by_hand}" in done.out
    assert ".vscode/settings.json: there already, and kept. Add by hand:\n  | {\n" in done.out
    assert ".taxonomy-tools.yaml: there already, and kept.\n" in done.out
    repo.write(".pre-commit-config.yaml", "repos: [{repo: x, rev: y, hooks: [{id: taxonomy-check}]}]\n")
    again = run("taxonomy", "init", cwd=repo.path)
    assert ".pre-commit-config.yaml: there already, and kept.\n" in again.out


def test_on_a_terminal_it_asks(repo: Repo) -> None:
    status, out, shown = on_terminal("n\n", "init", cwd=repo.path)
    assert (status, there(repo), out.splitlines()[-1]) == (0, {}, "Nothing was written.")
    assert f"Write 7 files to {repo.path}? [Y/n]: " in shown
    assert on_terminal("\x04", "init", cwd=repo.path)[0] == 130
    assert there(repo) == {}
    assert on_terminal("\n", "init", cwd=repo.path)[0] == 0
    assert sorted(there(repo)) == WRITTEN


def test_no_link_is_followed(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    repo.link(".vscode", os.fspath(tmp_path / "elsewhere"))
    done = run("taxonomy", "init", cwd=repo.path)
    assert (done.status, done.err.partition(":")[0], list((tmp_path / "elsewhere").iterdir())) == (2, "taxonomy", [])
    assert ".vscode/settings.json cannot be written" in done.err


@pytest.mark.parametrize(
    ("bare", "message"),
    [
        pytest.param(True, "is a bare repository: it has no files to set up.", id="bare"),
        pytest.param(False, "is not inside a Git repository.", id="none"),
    ],
)
def test_it_needs_a_working_tree(tmp_path: Path, bare: bool, message: str) -> None:
    (tmp_path / "place").mkdir()
    if bare:
        Repo.init(tmp_path / "place", bare=True)
    done = run("taxonomy", "init", cwd=tmp_path / "place")
    assert (done.status, done.out) == (2, "")
    assert message in done.err.splitlines()[0]


def test_a_commit_without_its_repository_is_wrong_use(repo: Repo) -> None:
    done = run("taxonomy", "init", "--tools-rev", "v1", cwd=repo.path)
    assert (done.status, done.err.splitlines()[-1]) == (
        2,
        "Error: --tools-rev names a commit of --tools: give both.",
    )


# --- what others make of it


TOOLS = [
    pytest.param(Tools(), id="installed programs"),
    pytest.param(Tools(url=URL), id="on GitHub"),
    pytest.param(Tools(url="ssh://git.example.org/tools: #1", rev="abc"), id="elsewhere"),
]


@pytest.mark.parametrize("folder", ["", "data/my taxonomy, new"])
@pytest.mark.parametrize("tools", TOOLS)
def test_files_are_what_their_readers_take(tools: Tools, folder: str, tmp_path: Path) -> None:
    made = {file.path: file.content for file in files(tools, folder)}
    hooks, workflow = tmp_path / "hooks.yaml", tmp_path / "workflow.yml"
    hooks.write_text(made[".pre-commit-config.yaml"])
    workflow.write_text(made[".github/workflows/taxonomy.yml"])
    assert run("pre-commit", "validate-config", hooks, cwd=tmp_path) == Result(status=0, out="", err="")
    checked = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow, cwd=tmp_path)
    assert (checked.status, checked.out) == (0, "ok -- validation done\n")
    config = f"{folder}/.taxonomy-tools.yaml".removeprefix("/")
    assert list(schemas.format_violations("config", yaml.safe_load(made[config]))) == []
    globs = json.loads(made[".vscode/settings.json"])["yaml.schemas"]
    assert {name.removeprefix("./") for name in globs} == {name for name in made if "/schemas/" in name}


def test_hooks_of_the_installed_programs_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
    known = {
        hook.pop("id"): {
            key: value
            for key, value in hook.items()
            if key not in {"language", "description", "minimum_pre_commit_version"}
        }
        for hook in manifest
    }
    assert {
        name: {key: yaml.safe_load(value) for key, value in facts.items()} for name, facts in LOCAL_HOOKS.items()
    } == {name: known[name] for name in LOCAL_HOOKS}


def test_hooks_and_workflow_of_a_repository_on_github(repo: Repo) -> None:
    (repo.path / "data").mkdir()
    arguments = ("--tools", f"{URL}.git", "--tools-rev", "0123abc")
    assert run("taxonomy", "init", "-C", "data", *arguments, cwd=repo.path).status == 0
    (hooks,) = yaml.safe_load(there(repo)[".pre-commit-config.yaml"])["repos"]
    names, path = ["taxonomy-check", "taxonomy-fix", "taxonomy-signoff", "taxonomy-diff"], ["--taxonomy-path", "data"]
    assert (hooks["repo"], hooks["rev"]) == (f"{URL}.git", "0123abc")
    assert [hook["id"] for hook in hooks["hooks"]] == names
    assert [hook.get("args") for hook in hooks["hooks"]] == [[*path, "--"], [*path, "--"], None, path]
    steps = yaml.safe_load(there(repo)[".github/workflows/taxonomy.yml"])["jobs"]["validate"]["steps"]
    assert steps[-1] == {"uses": "ada/taxonomy-tools@0123abc", "with": {"working-directory": "data"}}
    assert "data/.taxonomy-tools.yaml" in there(repo)


def test_without_a_known_repository_the_workflow_installs_this_version() -> None:
    made = {file.path: file.content for file in files(Tools(), "")}
    steps = yaml.safe_load(made[".github/workflows/taxonomy.yml"])["jobs"]["validate"]["steps"]
    assert steps[1] == {"run": f"pip install taxonomy-tools=={__version__}"}
    assert [step["uses"].partition("@")[0] for step in steps if "uses" in step] == [
        "actions/setup-python",
        "actions/checkout",
    ]


def test_git_runs_the_hooks_that_it_has_written(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}")
    repo.commit()
    assert run("taxonomy", "init", "--yes", cwd=repo.path).status == 0
    assert run("pre-commit", "install", cwd=repo.path).status == 0
    for path, content in leaf("compositional_skills/rhymes", skill(answer="No")).items():
        repo.write(path, content)
    repo.git("add", "--all")
    before = repo.head
    repo.git("commit", "-q", "-s", "-m", "bad", check=False)
    assert repo.head == before
    repo.write("compositional_skills/rhymes/qna.yaml", skill())
    repo.git("add", "--all")
    repo.git("commit", "-q", "-m", "not signed off", check=False)
    assert repo.head == before
    repo.git("commit", "-q", "-s", "-m", "good")
    assert repo.ask("log", "-1", "--format=%s") == "good"


def test_a_gap_that_is_left_fails_where_it_was_set_up(repo: Repo) -> None:
    assert run("taxonomy", "init", "--yes", cwd=repo.path).status == 0
    for path, content in leaf("compositional_skills/rhymes", skill(answer="<TODO answer 1>")).items():
        repo.write(path, content)
    checked = run("taxonomy", "check", cwd=repo.path)
    assert (checked.status, "error TX506 placeholder-text" in checked.out) == (1, True)
