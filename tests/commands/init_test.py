"""`taxonomy init`: what it writes is what pre-commit, GitHub and editors take, and what is there stays."""

import json
import os
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from taxonomy_tools import __version__, schemas
from taxonomy_tools.setup import LOCAL_HOOKS, Tools, files, hooks_part
from tests.command import SCRIPTS, Result, leaf, run, skill
from tests.commands.new_test import on_terminal
from tests.repository import Repo

WRITTEN = [
    ".pre-commit-config.yaml",
    ".taxonomy-tools.yaml",
    ".vscode/schemas/compositional_skills.json",
    ".vscode/schemas/config.json",
    ".vscode/schemas/knowledge.json",
    ".vscode/settings.json",
]
URL = "https://github.com/ada/taxonomy-tools"
WORKFLOW = ".github/workflows/taxonomy.yml"
NO_WORKFLOW = (
    f"{WORKFLOW}: not written, as nobody has said where a runner gets taxonomy-tools from.\n"
    "  Name its Git repository:  taxonomy init --tools URL\n\n"
)
THEN = "\nThen:  git add --all && pre-commit install && taxonomy doctor\n"


def there(repo: Repo) -> dict[str, str]:
    """Every file of the working tree."""
    places = (path for path in repo.path.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(repo.path).as_posix(): path.read_text() for path in sorted(places)}


def test_it_writes_what_it_shows_once(repo: Repo) -> None:
    shown = run("taxonomy", "init", "--dry-run", cwd=repo.path)
    assert (shown.status, shown.err, there(repo)) == (0, "", {})
    assert shown.out.endswith(f"\n\n{NO_WORKFLOW}Would write 6 files.\n")
    done = run("taxonomy", "init", "--yes", cwd=repo.path)
    wrote = "".join(f"Wrote {file.path}\n" for file in files(Tools(), ""))
    assert done == Result(status=0, out=shown.out.removesuffix("Would write 6 files.\n") + wrote + THEN, err="")
    written = there(repo)
    assert sorted(written) == WRITTEN
    for name in WRITTEN[:2]:
        assert "".join(f"  | {line}".rstrip() + "\n" for line in written[name].splitlines()) in shown.out
    again = run("taxonomy", "init", cwd=repo.path)
    assert (again.status, again.err, there(repo)) == (0, "", written)
    assert again.out == (
        "".join(f"{file.path}: there already, and the same.\n" for file in files(Tools(), ""))
        + f"\n{NO_WORKFLOW}Nothing to write: every file is there.\n"
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
    assert f"Write 6 files to {repo.path}? [Y/n]: " in shown
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
    pytest.param(Tools(url="https://gitlab.example/ada/tools.git", rev="abc"), id="elsewhere"),
    pytest.param(Tools(url="/srv/tools: #1", rev="abc"), id="a path"),
]


@pytest.mark.parametrize("folder", ["", "data/my taxonomy, new"])
@pytest.mark.parametrize("tools", TOOLS)
def test_files_are_what_their_readers_take(tools: Tools, folder: str, tmp_path: Path) -> None:
    made = {file.path: file.content for file in files(tools, folder)}
    hooks, workflow = tmp_path / "hooks.yaml", tmp_path / "workflow.yml"
    hooks.write_text(made[".pre-commit-config.yaml"])
    assert run("pre-commit", "validate-config", hooks, cwd=tmp_path) == Result(status=0, out="", err="")
    assert (WORKFLOW in made) is tools.url.startswith("https://")
    if WORKFLOW in made:
        workflow.write_text(made[WORKFLOW])
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


@pytest.mark.parametrize(
    "url",
    [f"{URL}.git", URL, "git@github.com:ada/taxonomy-tools.git", "ssh://git@github.com/ada/taxonomy-tools"],
)
def test_hooks_and_workflow_of_a_repository_on_github(repo: Repo, url: str) -> None:
    (repo.path / "data").mkdir()
    arguments = ("--tools", url, "--tools-rev", "0123abc")
    assert run("taxonomy", "init", "-C", "data", *arguments, cwd=repo.path).status == 0
    (hooks,) = yaml.safe_load(there(repo)[".pre-commit-config.yaml"])["repos"]
    names, path = ["taxonomy-check", "taxonomy-fix", "taxonomy-signoff", "taxonomy-diff"], ["--taxonomy-path", "data"]
    assert (hooks["repo"], hooks["rev"]) == (url, "0123abc")
    assert [hook["id"] for hook in hooks["hooks"]] == names
    assert [hook.get("args") for hook in hooks["hooks"]] == [[*path, "--"], [*path, "--"], None, path]
    steps = yaml.safe_load(there(repo)[WORKFLOW])["jobs"]["validate"]["steps"]
    assert steps[-1] == {"uses": "ada/taxonomy-tools@0123abc", "with": {"working-directory": "data"}}
    assert "data/.taxonomy-tools.yaml" in there(repo)


@pytest.mark.parametrize(
    ("url", "requirement"),
    [
        ("https://gitlab.example/ada/tools.git", "git+https://gitlab.example/ada/tools.git@0123abc"),
        ("https://gitlab.example:8443/ada/tools/", "git+https://gitlab.example:8443/ada/tools@0123abc"),
        ("ssh://git@gitlab.example/ada/tools", "git+ssh://git@gitlab.example/ada/tools@0123abc"),
        ("git@gitlab.example:ada/tools.git", "git+ssh://git@gitlab.example/ada/tools.git@0123abc"),
        ("gitlab.example:/srv/tools", "git+ssh://gitlab.example/srv/tools@0123abc"),
    ],
)
def test_workflow_installs_from_any_repository_that_is_named(repo: Repo, url: str, requirement: str) -> None:
    """And never by a name alone, which in a package index may be anybody's."""
    done = run("taxonomy", "init", "--yes", "--tools", url, "--tools-rev", "0123abc", cwd=repo.path)
    assert (done.status, done.err) == (0, "")
    steps = yaml.safe_load(there(repo)[WORKFLOW])["jobs"]["validate"]["steps"]
    assert steps[1] == {"run": 'pip install "taxonomy-tools @ $TOOLS"', "env": {"TOOLS": requirement}}
    assert [step["uses"].partition("@")[0] for step in steps if "uses" in step] == [
        "actions/setup-python",
        "actions/checkout",
    ]
    Requirement(f"taxonomy-tools @ {requirement}")


@pytest.mark.parametrize("url", ["/srv/tools", "../tools", "file:///srv/tools", "C:\\tools", "C:/tools"])
def test_tools_on_this_machine_get_hooks_and_no_workflow(repo: Repo, url: str) -> None:
    done = run("taxonomy", "init", "--yes", "--tools", url, cwd=repo.path)
    assert (done.status, done.err, NO_WORKFLOW in done.out) == (0, "", True)
    assert sorted(there(repo)) == WRITTEN
    (hooks,) = yaml.safe_load(there(repo)[".pre-commit-config.yaml"])["repos"]
    assert (hooks["repo"], hooks["rev"]) == (url, f"v{__version__}")


USER = "the address of the tools has a user or a password in it, and everybody will read it."
ODD = "the repository of the tools has an address that is none of https, ssh or git, or holds odd characters."
REV = "the commit of the tools is no name of a commit or tag."


@pytest.mark.parametrize(
    ("url", "rev", "message"),
    [
        pytest.param(URL, "v1\nrun: x", REV, id="lines"),
        pytest.param(URL, "v1 # x", REV, id="a comment"),
        pytest.param(URL, "${{ github.token }}", REV, id="an expression"),
        pytest.param(URL, "--upload-pack=x", REV, id="an option"),
        pytest.param(URL, "a..b", REV, id="a range"),
        pytest.param(URL, "v1@x", REV, id="what pip would split"),
        pytest.param(URL, "v1/", REV, id="half a name"),
        pytest.param("https://u:tok@github.com/a/b", "v1", USER, id="a password"),
        pytest.param("https://tok@gitlab.example/a/b", "v1", USER, id="a token"),
        pytest.param("ssh://git:tok@gitlab.example/a/b", "v1", USER, id="a password for ssh"),
        pytest.param("https://gitlab.example/a b", "v1", ODD, id="a space"),
        pytest.param("https://gitlab.example/$(id)", "v1", ODD, id="a command"),
        pytest.param("https://gitlab.example/a?token=x", "v1", ODD, id="a query"),
        pytest.param("ext::sh://x", "v1", ODD, id="a helper of Git's"),
    ],
)
def test_what_cannot_stand_in_a_committed_file_is_refused(repo: Repo, url: str, rev: str, message: str) -> None:
    done = run("taxonomy", "init", "--yes", "--tools", url, "--tools-rev", rev, cwd=repo.path)
    assert (done, there(repo)) == (
        Result(
            status=2,
            out="",
            err=f"taxonomy: {message}\n"
            "  For example:  --tools https://github.com/OWNER/taxonomy-tools\n"
            f"  and:          --tools-rev v{__version__}\n",
        ),
        {},
    )


FROM_GIT = {"vcs_info": {"vcs": "git", "commit_id": "0123abc"}}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"url": URL, **FROM_GIT}, Tools(url=URL, rev="0123abc"), id="a repository"),
        pytest.param({"url": "file:///srv/tools", **FROM_GIT}, Tools(), id="a repository on this machine"),
        pytest.param({"url": "file:///srv/tools", "dir_info": {}}, Tools(), id="a folder"),
        pytest.param({"url": f"https://${{TOKEN}}@{URL.partition('//')[2]}", **FROM_GIT}, Tools(), id="with a token"),
        pytest.param({"url": URL, "vcs_info": {"commit_id": "a b"}}, Tools(), id="no commit"),
        pytest.param([], Tools(), id="of wrong types"),
        pytest.param(None, Tools(), id="an index"),
    ],
)
def test_tools_come_from_where_pip_got_them(
    facts: object, expected: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / f"taxonomy_tools-{__version__}.dist-info"
    noted.mkdir()
    (noted / "METADATA").write_text("Metadata-Version: 2.1\nName: taxonomy-tools\n", encoding="utf-8")
    if facts is not None:
        (noted / "direct_url.json").write_text(json.dumps(facts), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert Tools.found() == expected


# --- the branch that pull requests go to


def branches(repo: Repo) -> list[str]:
    """Which pushes the workflow runs at."""
    arguments = ("init", "--yes", "--tools", URL)
    assert run("taxonomy", *arguments, cwd=repo.path).status == 0
    workflow = yaml.safe_load((repo.path / WORKFLOW).read_text(encoding="utf-8"))
    found: list[str] = workflow[True]["push"]["branches"]
    return found


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        pytest.param("master", "master", id="plain"),
        pytest.param("true", "true", id="what YAML takes for no text"),
        pytest.param("a,b]+!", "a,b\\]\\+\\!", id="what YAML and patterns of GitHub's give a meaning"),
    ],
)
def test_pushes_to_the_branch_that_is_checked_out(tmp_path: Path, branch: str, expected: str) -> None:
    assert branches(Repo.init(tmp_path / "mine", branch=branch)) == [expected]


@pytest.mark.parametrize("remote", ["origin", "upstream"])
def test_pushes_to_the_branch_that_a_remote_names(tmp_path: Path, remote: str) -> None:
    theirs = Repo.init(tmp_path / "theirs", branch="trunk")
    theirs.commit({"a": "a"})
    mine = theirs.clone(tmp_path / "mine", origin=remote)
    mine.branch("set-up")
    assert branches(mine) == ["trunk"]


def test_pushes_to_main_where_no_branch_is_checked_out(repo: Repo) -> None:
    repo.commit({"a": "a"})
    repo.git("switch", "--quiet", "--detach")
    assert branches(repo) == ["main"]


@pytest.mark.parametrize(
    ("folder", "branch", "message"),
    [
        pytest.param("${{ 1 }}", "main", "the taxonomy's folder", id="a folder"),
        pytest.param("data", "${{1}}", "the default branch", id="a branch"),
    ],
)
def test_expressions_of_github_are_refused(tmp_path: Path, folder: str, branch: str, message: str) -> None:
    mine = Repo.init(tmp_path / "mine", branch=branch)
    (mine.path / folder).mkdir()
    odd = folder if "$" in folder else branch
    assert run("taxonomy", "init", "--yes", "-C", folder, "--tools", URL, cwd=mine.path) == Result(
        status=2, out="", err=f"taxonomy: {message} has a name that cannot stand in a configuration: {odd}.\n"
    )


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
