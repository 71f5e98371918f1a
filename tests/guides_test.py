"""The guides' commands, typed as they stand, in a world in which https://github.com/ is a folder.

Git is told so in the configuration of an invented home (`url.<base>.insteadOf`), and pip finds wheels in a folder and
asks no index (`PIP_NO_INDEX`). All else is as it is for a reader: pip, pipx, pre-commit, Git, and this checkout,
installed from a repository with a tag. What a guide shows of the output is compared, with `...` for anything.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from docs import maintaining
from taxonomy_tools import __version__, setup
from taxonomy_tools.setup import Tools
from tests import console, wheelhouse
from tests.command import SCRIPTS, leaf, run, skill
from tests.console import Block, Step, Terminal
from tests.repository import Repo, isolated_environment

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GUIDES = ("contributing-a-leaf.md", "maintaining.md")
HOME_OF_PROJECT = "https://github.com/OWNER/taxonomy-tools"
# What an installation is made from.
FILES = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
FOLDERS = ("taxonomy_tools", "hooks", "schema", "docs")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


CONTRIBUTING, MAINTAINING = map(page, GUIDES)


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands in for https://github.com/: this checkout under its tag, and the wheels that pip may want."""
    folder = tmp_path_factory.mktemp("hosted")
    tools = Repo.init(folder / "tools")
    for name in FILES:
        shutil.copy(ROOT / name, tools.path)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tools.path / name, ignore=shutil.ignore_patterns("__pycache__"))
    tools.commit()
    tools.git("tag", f"v{__version__}")
    tools.git("clone", "--quiet", "--bare", ".", folder / "OWNER/taxonomy-tools")
    needed = [Requirement(one).name for one in PROJECT["dependencies"]]
    wheelhouse.build(folder / "wheels", [*needed, "setuptools", "pre-commit"])
    # The pip that pipx uses. It would make this itself, and ask an index for a newer pip than Python brings along.
    subprocess.run([sys.executable, "-P", "-m", "venv", folder / "pipx"], check=True)
    return folder


@dataclass(frozen=True, kw_only=True)
class World:
    """What a reader sees: a machine of their own, and repositories elsewhere."""

    terminal: Terminal
    remotes: Path

    def host(self, name: str, files: dict[str, str | bytes]) -> Repo:
        """A repository at https://github.com/NAME, with one commit."""
        repo = Repo.init(self.remotes.parent / "made" / name)
        repo.commit(files)
        repo.git("clone", "--quiet", "--bare", ".", self.remotes / name)
        return Repo(path=self.remotes / name).served()


@pytest.fixture
def world(tmp_path: Path, hosted: Path) -> World:
    remotes = tmp_path / "remotes"
    shutil.copytree(hosted / "OWNER", remotes / "OWNER")
    Repo(path=remotes / "OWNER/taxonomy-tools").served()
    home = tmp_path / "home"
    given = tmp_path / "given"
    for folder in (home, given):
        folder.mkdir(parents=True)
    (given / "pipx").symlink_to(SCRIPTS / "pipx")
    # pre-commit takes no GIT_CONFIG_GLOBAL from its surroundings: only a file at its place holds for all.
    (home / ".gitconfig").write_text(
        f'[url "{remotes.as_uri()}/"]\n\tinsteadOf = https://github.com/\n'
        "[user]\n\tname = Ada Contributor\n\temail = ada@example.org\n[github]\n\tuser = ada\n"
        "[init]\n\tdefaultBranch = main\n",
        encoding="utf-8",
    )
    environment = isolated_environment(home)
    del environment["GIT_CONFIG_GLOBAL"]
    programs = (home / ".local/bin", given, *_without_ours())
    environment |= {
        "PATH": os.pathsep.join(str(one) for one in programs),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": (hosted / "wheels").as_uri(),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "PIPX_HOME": os.fspath(home / ".local/pipx"),
        "PIPX_SHARED_LIBS": os.fspath(hosted / "pipx"),
        "USER": "ada",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
    }
    return World(terminal=Terminal(folder=home, environment=environment), remotes=remotes)


def _without_ours() -> list[str]:
    """The search path without the folder that this checkout's own programs lie in: a reader has to install them."""
    return [one for one in os.environ["PATH"].split(os.pathsep) if Path(one) != SCRIPTS]


def follow(text: str, terminal: Terminal) -> None:
    """Do what a page says: type its commands, and write the files that it shows."""
    for block in console.blocks(text):
        if block.language == "console":
            for step in console.steps(block.text):
                take(step, terminal)
        elif block.title:
            path = terminal.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def take(step: Step, terminal: Terminal) -> None:
    """Type a command, and compare. It may fail only where the page shows an error."""
    status, printed = terminal.type(step.command)
    shows_error = re.search(r"\berror\b|^taxonomy: ", step.output) is not None
    assert (status != 0) == shows_error, f"$ {step.command}\n{printed}"
    assert not step.output or console.shows(step.output, printed), f"$ {step.command}\n{printed}"


def set_up() -> dict[str, str | bytes]:
    """The files that `taxonomy init` writes for hooks from this project's home."""
    tools = Tools(url=HOME_OF_PROJECT)
    return {file.path: file.content for file in setup.files(tools, "")}


def rows(text: str, head: str) -> list[list[str]]:
    """The cells of the table that begins with this head, row by row."""
    lines = text[text.index(f"{head}\n") :].splitlines()[2:]
    table = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


# --- the commands


def test_contributing_a_leaf(world: World) -> None:
    files = {**leaf("compositional_skills/writing/limericks"), **set_up()}
    world.host("OWNER/taxonomy", files)
    world.host("ada/taxonomy", files)
    follow(CONTRIBUTING, world.terminal)


def test_maintaining(world: World) -> None:
    old = leaf("compositional_skills/arithmetic/clock", skill(answer="12:30"))
    world.host("OWNER/taxonomy", {**leaf("compositional_skills/writing/limericks"), **old})
    follow(MAINTAINING, world.terminal)


@dataclass(frozen=True, kw_only=True)
class MergeRequest:
    """A merge request on a GitLab that runs the guide's job."""

    remote: Repo
    base: str
    head: str

    def run_job(self, job: dict[str, Any], image: Path, terminal: Terminal, *depth: str) -> tuple[int, str, Path]:
        """The job's lines in one shell, as a runner has them run: in a new clone of what is proposed.

        Gives the exit status, what was printed, and the clone.
        """
        project = Repo.init(terminal.folder / "builds" / f"{self.head}{''.join(depth)}")
        # Of depth 0, GitLab's runner fetches all branches too.
        branches = () if depth else ("+refs/heads/*:refs/remotes/origin/*",)
        project.git("fetch", "--quiet", *depth, self.remote.path.as_uri(), self.head, *branches)
        project.git("checkout", "--quiet", "--detach", self.head)
        environment = {
            **terminal.environment,
            "PATH": os.pathsep.join((os.fspath(image / "bin"), terminal.environment["PATH"])),
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_PROJECT_DIR": os.fspath(project.path),
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": self.base,
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }
        script = "\n".join(("set -eo pipefail", *job["before_script"], *job["script"]))
        return *Terminal(folder=project.path, environment=environment).type(script), project.path


def test_gitlab(world: World) -> None:
    (block,) = (one for one in console.blocks(MAINTAINING) if one.title == ".gitlab-ci.yml")
    job = yaml.safe_load(block.text)["taxonomy"]
    report = job["artifacts"]["reports"]["codequality"]
    image = world.terminal.folder / "image"
    subprocess.run([sys.executable, "-P", "-m", "venv", image], check=True)
    remote = world.host("OWNER/taxonomy", leaf("compositional_skills/writing/limericks"))
    base = remote.head
    clone = remote.clone(world.terminal.folder / "theirs")

    def propose(answer: str) -> MergeRequest:
        clone.git("switch", "--quiet", "--detach", base)
        head = clone.commit(leaf("compositional_skills/sums", skill(answer=answer)))
        clone.git("push", "--quiet", "origin", f"{head}:refs/merge-requests/{head}/head")
        return MergeRequest(remote=remote, base=base, head=head)

    status, printed, project = propose("No").run_job(job, image, world.terminal)
    assert (status, "A  compositional_skills/sums" in printed) == (1, True), printed
    found = json.loads((project / report).read_bytes())
    place = {"path": "compositional_skills/sums/qna.yaml", "lines": {"begin": 6}}
    assert [(one["check_name"], one["location"]) for one in found] == [("TX201", place)]

    good = propose("Two.")
    status, printed, project = good.run_job(job, image, world.terminal)
    assert (status, json.loads((project / report).read_bytes())) == (0, []), printed
    assert "GIT_DEPTH" not in printed

    assert job["variables"] == {"GIT_DEPTH": "0"}  # because without it:
    status, printed, _ = good.run_job(job, image, world.terminal, "--depth=1")
    assert (status, "is not in this clone, because this clone is shallow." in printed) == (2, True), printed
    assert 'In GitLab CI, the variable:  GIT_DEPTH: "0"' in printed


# --- what the pages say of other files


def test_tables_of_the_action_are_fresh() -> None:
    """Run `make docs` when this fails."""
    assert maintaining.fill(MAINTAINING) == MAINTAINING


WORKFLOWS = [block for block in console.blocks(MAINTAINING, "yaml") if block.title.startswith(".github/")]


@pytest.mark.parametrize(
    ("block", "schema"),
    [
        *(pytest.param(block, "vendor.github-workflows", id=f"{block.title}-{n}") for n, block in enumerate(WORKFLOWS)),
        *(
            pytest.param(block, "vendor.gitlab-ci", id=block.title)
            for block in console.blocks(MAINTAINING, "yaml")
            if block.title == ".gitlab-ci.yml"
        ),
    ],
)
def test_workflows_follow_their_schema(block: Block, schema: str, tmp_path: Path) -> None:
    (tmp_path / "shown.yml").write_text(block.text, encoding="utf-8")
    done = run("check-jsonschema", "--builtin-schema", schema, "shown.yml", cwd=tmp_path)
    assert done.status == 0, done.out


def test_workflows_ask_for_what_is_there() -> None:
    """They use files of this project with inputs and outputs that those have, and grant what those need."""
    used = set()
    for block in WORKFLOWS:
        workflow = yaml.safe_load(block.text)
        for job in workflow["jobs"].values():
            for step in [job, *job.get("steps", ())]:
                place, _, _ = step.get("uses", "").partition("@")
                if place.startswith("OWNER/taxonomy-tools"):
                    path = place.removeprefix("OWNER/taxonomy-tools").lstrip("/") or "action.yml"
                    used.add(path)
                    called = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
                    inputs = called["inputs"] if path == "action.yml" else called[True]["workflow_call"]["inputs"]
                    assert set(step.get("with", {})) <= set(inputs)
                    needed = {key for one in called.get("jobs", {}).values() for key in one.get("permissions", {})}
                    assert needed <= set(workflow["permissions"])
        outputs = re.findall(r"steps\.taxonomy\.outputs\.([\w-]+)", block.text)
        assert set(outputs) <= set(maintaining.ACTION["outputs"])
    assert used == {"action.yml", ".github/workflows/validate.yml", ".github/workflows/generate.yml"}


def test_names_that_settings_must_have() -> None:
    """Checks to require, and the environment: nothing else would tell if they were called otherwise."""
    written = set_up()[setup.WORKFLOW_FILE]
    assert list(yaml.safe_load(written)["jobs"]) == ["validate"]
    (job,) = load_workflow("validate.yml")["jobs"].values()
    assert job["name"] == "validate"
    generate = load_workflow("generate.yml")
    assert generate["jobs"]["generate"]["environment"] == "sample-generation"
    assert json.loads(generate[True]["workflow_call"]["inputs"]["runner"]["default"]) == ["self-hosted", "gpu"]
    told = " ".join(MAINTAINING.split())
    for said in (
        "`validate` (the job's name)",
        "`taxonomy / validate`",
        "`sample-generation`",
        "`self-hosted` and `gpu`",
    ):
        assert said in told
    lock = ".github/action/requirements.txt"
    assert f"`{lock}`" in told
    assert (ROOT / lock).is_file()


def load_workflow(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github/workflows" / name).read_text(encoding="utf-8"))


def test_messages_are_those_of_the_program() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "taxonomy_tools").rglob("*.py")))
    said = [message for message, _ in rows(MAINTAINING, "| message | change |")]
    assert len(said) == 6
    for message in said:
        for part in re.split(r"`?\.\.\.`?", message):
            assert part.strip(" ,") in sources, message


def test_files_and_hooks_are_all_told() -> None:
    files = {name.strip("`") for name, _ in rows(MAINTAINING, "| file | is for |")}
    assert {name if name in files else f"{name.partition('/')[0]}/" for name in set_up()} == files
    hooks = rows(CONTRIBUTING, "| hook | at | stops | then |")
    assert {name.strip("`") for name, *_ in hooks} == set(setup.LOCAL_HOOKS)


@pytest.mark.parametrize("name", GUIDES)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page(name))
    assert [link for link in links if "://" not in link and not (ROOT / "docs" / link).exists()] == []


def test_readme_leads_here() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in GUIDES if f"](docs/{name})" not in readme] == []


# --- how outputs are compared


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        pytest.param("a\nb\n", "a\nb\n", True, id="the same"),
        pytest.param("a\n", "a\nb\n", False, id="more was printed"),
        pytest.param("a\n...\n", "a\nb\nc\n", True, id="anything at the end"),
        pytest.param("...\nb\n...\nd\n", "a\nb\nc\nd\n", True, id="anything between"),
        pytest.param("...\nd\n...\nb\n", "a\nb\nc\nd\n", False, id="in order"),
        pytest.param("a: ...\nc\n", "a: b\nc\n", True, id="the rest of a line"),
        pytest.param("a.....b\n", "a.....c.....b\n", False, id="a row of dots is itself"),
        pytest.param("Git 2.39.5 (b7a8ebc)", "Git 2.50.1 (4bf22ab)", True, id="versions and hashes"),
        pytest.param("Git 2.39.5", "Git two", False, id="a version is one"),
    ],
)
def test_shows(shown: str, printed: str, same: bool) -> None:
    assert console.shows(shown, printed) is same
