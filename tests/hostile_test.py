"""A checkout is somebody else's until shown otherwise: nothing in it is run, and nothing of it acts on a terminal."""

import base64
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import ATTRIBUTION, SCRIPTS, environment, leaf, run, skill
from tests.repository import Repo

# --- modules and configurations in the checkout

PACKAGES = (
    "attr",
    "click",
    "concurrent",
    "coverage",
    "encodings",
    "git",
    "gitdb",
    "jsonschema",
    "jsonschema_specifications",
    "multiprocessing",
    "pathspec",
    "referencing",
    "rpds",
    "smmap",
    "taxonomy_tools",
    "yaml",
    "yamllint",
)
MODULES = ("argparse", "ast", "codecs", "conftest", "io", "json", "locale", "os", "random", "re", "runpy", "secrets")
CUSTOMIZE = ("site", "sitecustomize", "usercustomize", "setup", "__init__", "__main__")
PROGRAMS = ("git", "env", "python", "python3", "yamllint", "taxonomy", "sh")


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder in which whatever is run leaves a mark."""
    folder = tmp_path / "pwned"
    folder.mkdir()
    return folder


@pytest.fixture
def checkout(repo: Repo, marks: Path) -> Repo:
    """A pull request's checkout: a leaf with an error, and traps for everybody who comes by."""
    repo.commit(leaf("compositional_skills/arithmetic/sums"))
    repo.branch("pull-request")
    files: dict[str, str | bytes] = {}
    for name in (*MODULES, *CUSTOMIZE):
        files[f"{name}.py"] = trap(marks, name)
    for package in PACKAGES:
        files[f"{package}/__init__.py"] = trap(marks, f"{package}/__init__")
        files[f"{package}/__main__.py"] = trap(marks, f"{package}/__main__")
    files |= {
        ".yamllint": "rules: {nonsense: enable}\n",
        ".yamllint.yaml": "rules: {nonsense: enable}\n",
        ".taxonomy-tools.yaml": "severity: {TX302: off}\n",
        "pyproject.toml": "[tool.taxonomy-tools]\nbroken =\n",
        "setup.cfg": "[options]\n",
        "pyvenv.cfg": "home = .\n",
        "evil.pth": f"import pathlib; pathlib.Path({str(marks)!r}, 'pth').touch()\n",
        "python311._pth": ".\nimport site\n",
        **leaf("compositional_skills/arithmetic/wrong", skill(answer="No")),
    }
    repo.commit(files)
    for name in PROGRAMS:
        program = repo.write(
            f"{name}.exe" if (repo.path / name).is_dir() else name, f"#!/bin/sh\ntouch {marks}/{name}\n"
        )
        program.chmod(0o755)
    for hook in ("post-checkout", "post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman"):
        repo.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {marks}/{hook}\n").chmod(0o755)
    return repo


def trap(marks: Path, name: str) -> str:
    """A module that leaves a mark when it is imported. It needs no import itself, which would fall into other traps."""
    return f"open({os.fspath(marks / name.replace('/', '-'))!r}, 'w').close()\n"


def fallen(marks: Path) -> list[str]:
    return sorted(path.name for path in marks.iterdir())


COMMANDS = [
    pytest.param(["diff"], 1, id="diff"),
    pytest.param(["diff", "--jobs", "4"], 1, id="diff in processes"),
    pytest.param(["diff", "--staged", "--output-format", "json"], 1, id="diff of the index"),
    pytest.param(["diff", "--head", "pull-request", "--output-format", "jsonl"], 1, id="diff of a commit"),
    pytest.param(["diff", "--base", "empty"], 1, id="diff of everything"),
    pytest.param(["check"], 1, id="check"),
    pytest.param(["check", "compositional_skills/arithmetic/wrong/qna.yaml"], 1, id="check of a file"),
    pytest.param(["rule", "TX201"], 0, id="rule"),
    pytest.param(["schema", "knowledge"], 0, id="schema"),
    pytest.param(["diff", "--base", "nope"], 2, id="an error"),
]


def test_traps_work(checkout: Repo, marks: Path) -> None:
    """The control: what a careless program does here."""
    for arguments in (["-c", "import yamllint, git"], ["-m", "yamllint"]):
        subprocess.run([sys.executable, *arguments], cwd=checkout.path, check=False, capture_output=True)
    assert {"git-__init__", "yamllint-__init__", "yamllint-__main__"} <= set(fallen(marks))
    assert run(checkout.path / "env", cwd=checkout.path).status == 0
    assert "env" in fallen(marks)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["diff"], id="diff"),
        pytest.param(["diff", "--base", "HEAD^", "--head", "HEAD"], id="diff of commits"),
        pytest.param(["check"], id="check"),
        pytest.param(["config"], id="config"),
        pytest.param(["generate"], id="generate"),
    ],
)
def test_a_repository_that_a_commit_brings_along_is_not_asked(repo: Repo, tmp_path: Path, arguments: list[str]) -> None:
    """Its main is what its author likes, and so are its config and its replaced commits."""
    repo.commit({f"data/{path}": content for path, content in leaf("compositional_skills/sums").items()})
    evil = Repo.init(tmp_path / "evil")
    evil.commit(leaf("compositional_skills/wrong", skill(answer="No")))
    git_dir = evil.path / ".git"
    for name in ("HEAD", "objects", "refs", "index"):
        place = git_dir / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, repo.path / "data" / name)
    repo.write("data/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n")
    repo.commit({f"data/{path}": text for path, text in leaf("compositional_skills/wrong", skill(answer="No")).items()})
    found = run("taxonomy", arguments[0], "-C", "data", *arguments[1:], cwd=repo.path)
    assert (found.status, found.out) == (2, "")
    assert found.err.startswith(f"taxonomy: {repo.path}/data has the look of a Git repository, but it is a folder of ")


@pytest.mark.parametrize(("arguments", "status"), COMMANDS)
def test_nothing_in_the_checkout_is_run(checkout: Repo, marks: Path, arguments: list[str], status: int) -> None:
    found = run("taxonomy", *arguments, cwd=checkout.path)
    assert (found.status, "foresaw" in found.err) == (status, False)
    assert fallen(marks) == []
    if arguments[0] in {"diff", "check"} and status == 1:
        assert "TX201" in found.out


@pytest.mark.parametrize(("arguments", "status"), COMMANDS)
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"PYTHONPATH": "."}, id="PYTHONPATH=."),
        pytest.param({"PYTHONPATH": ""}, id="PYTHONPATH="),
        pytest.param({"PYTHONPATH": "CHECKOUT:CHECKOUT/yamllint"}, id="PYTHONPATH=checkout"),
        pytest.param({"PYTHONSTARTUP": "sitecustomize.py", "PYTHONINSPECT": ""}, id="PYTHONSTARTUP"),
        pytest.param({"YAMLLINT_CONFIG_FILE": ".yamllint", "XDG_CONFIG_HOME": "."}, id="configurations"),
    ],
)
def test_no_child_runs_what_the_environment_points_at(
    checkout: Repo, marks: Path, variables: dict[str, str], arguments: list[str], status: int
) -> None:
    """This process is started in isolation (-I), so that all that could come by are its children."""
    env = {name: value.replace("CHECKOUT", str(checkout.path)) for name, value in variables.items()}
    program = "from taxonomy_tools.main import main; main()"
    found = run(Path(sys.executable), "-I", "-c", program, *arguments, cwd=checkout.path, env=env)
    assert (found.status, "foresaw" in found.err) == (status, False)
    assert fallen(marks) == []


def test_python_interface_runs_nothing_either(checkout: Repo, marks: Path) -> None:
    program = "from taxonomy_tools.api import check_changes as check; print(check('.', base='main').summary.errors)"
    found = run(Path(sys.executable), "-P", "-c", program, cwd=checkout.path)
    assert (found.status, found.out, found.err) == (0, "1\n", "")
    assert fallen(marks) == []


# --- names, refs and content

OWNED = "\x1b]0;owned\x07\x1b[2J\x1b[31m"
INVISIBLE = "\u202e\u2066\u200b\ufeff\u2028\U000e0041"
NAMES = [
    pytest.param(f"a{OWNED}b", id="escape sequences"),
    pytest.param("line\nknowledge/x/qna.yaml:1:1: error TX999 forged: by a file name", id="a line break"),
    pytest.param("cr\rover", id="a carriage return"),
    pytest.param("tab\tbell\x07del\x7f", id="other controls"),
    pytest.param(f"bidi{INVISIBLE}end", id="invisible characters"),
    pytest.param("c1\x9b31mred\x85next", id="C1 controls"),
    pytest.param("bytes\udcff\udc9b", id="no UTF-8"),
    pytest.param("::error file=x::forged", id="a workflow command"),
    pytest.param("-n --output=x", id="an option"),
    pytest.param('"quoted" $(touch pwned) `touch pwned`', id="a shell's words"),
    pytest.param("%s%n{0}{name!r}", id="a format"),
    pytest.param("back\\slash\\x1b[31m", id="what escapes look like"),
]
ACTIVE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)


def active(text: str) -> list[str]:
    """What a terminal would obey or hide, line breaks apart."""
    return ACTIVE.findall(text)


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_folder_is_shown_and_never_obeyed(repo: Repo, name: str) -> None:
    repo.commit()
    repo.branch("work")
    folder = f"knowledge/{name}"
    for path, content in leaf(folder, skill(answer="No")).items():
        repo.write(path, content)
    for arguments in (["taxonomy-diff", "--base", "main"], ["taxonomy", "check"], ["taxonomy", "check", folder]):
        found = run(*arguments, cwd=repo.path)
        assert (found.status, found.err, active(found.out)) == (1, "", [])
        assert not any(line.startswith(("knowledge/x/", "::error")) for line in found.out.split("\n"))
    missing = run("taxonomy", "check", f"{folder}/nope", cwd=repo.path)
    assert (missing.status, missing.out, active(missing.err)) == (2, "", [])
    printed = run("taxonomy", "check", "--output-format", "json", cwd=repo.path)
    assert (printed.out.isascii(), active(printed.out)) == (True, [])
    (item,) = json.loads(printed.out)["leaves"]
    raw = base64.b64decode(item["path_base64"]) if "path_base64" in item else item["path"].encode()
    assert raw == os.fsencode(folder)
    assert not (repo.path / "pwned").exists()


CONTENTS = [
    pytest.param('"\\e[31mkey\\a": 1\n', id="escaped controls in a key"),
    pytest.param('version: "\\e]0;owned\\a"\n', id="escaped controls in a value"),
    pytest.param(f"key{INVISIBLE}: 1\n", id="invisible characters"),
    pytest.param(
        '"a\\nqna.yaml:1:1: [error] forged (forged)": 1\n"a\\nqna.yaml:1:1: [error] forged (forged)": 2\n', id="lint"
    ),
    pytest.param('? "::error::forged\\n::stop-commands::x"\n: 1\n', id="workflow commands"),
    pytest.param("version: 3\n\x1b[31m: 1\n", id="raw escape"),
    pytest.param("version: 3\nä: \x9b31m\n", id="raw C1"),
    pytest.param("&a\u202e [*a\u202e]\n", id="anchor"),
    pytest.param('!<tag:\u202e> "x"\n', id="tag"),
    pytest.param("%\u202eYAML 9.9\n---\n", id="directive"),
]


@pytest.mark.parametrize("content", CONTENTS)
def test_content_is_shown_and_never_obeyed(repo: Repo, content: str) -> None:
    repo.commit()
    repo.branch("work")
    repo.write("knowledge/a/qna.yaml", content + skill().partition("\n")[2])
    repo.write("knowledge/a/attribution.txt", f"{ATTRIBUTION}{OWNED}")
    for command in (["diff", "--base", "main"], ["check"], ["diff", "--base", "main", "--output-format", "json"]):
        found = run("taxonomy", *command, cwd=repo.path)
        assert (found.status, found.err, active(found.out)) == (1, "", [])
        assert not any(line.startswith(("::", "qna.yaml:")) for line in found.out.split("\n"))


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param(["diff", "--base", f"x{OWNED}"], {}, id="--base"),
        pytest.param(["diff", "--head", f"x{INVISIBLE}"], {}, id="--head"),
        pytest.param(["diff", f"x{OWNED}\n"], {}, id="path"),
        pytest.param(["diff", "-C", f"x{OWNED}"], {}, id="root"),
        pytest.param(["diff", "--yaml-rules", f"x{OWNED}"], {}, id="--yaml-rules"),
        pytest.param(["diff", "--output", f"x{OWNED}/y"], {}, id="--output"),
        pytest.param(["diff", f"--x{OWNED}"], {}, id="unknown option"),
        pytest.param([f"x{OWNED}"], {}, id="unknown command"),
        pytest.param(["diff", "--jobs", OWNED], {}, id="value of an option"),
        pytest.param(["rule", OWNED], {}, id="rule"),
        pytest.param(["schema", f"{OWNED}{INVISIBLE}"], {}, id="schema"),
        pytest.param(["diff"], {"TAXONOMY_BASE": f"x{OWNED}"}, id="TAXONOMY_BASE"),
        pytest.param(["diff"], {"PRE_COMMIT_FROM_REF": f"x{OWNED}"}, id="PRE_COMMIT_FROM_REF"),
        pytest.param(["diff"], {"CI_MERGE_REQUEST_DIFF_BASE_SHA": f"x{OWNED}"}, id="GitLab"),
        pytest.param(
            ["diff"],
            {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": f"x{OWNED}"},
            id="GitHub",
        ),
    ],
)
def test_errors_show_what_was_given_and_obey_none_of_it(
    repo: Repo, arguments: list[str], variables: dict[str, str]
) -> None:
    repo.commit(leaf("knowledge/a"))
    found = run("taxonomy", *arguments, cwd=repo.path, env=variables)
    assert (found.status, found.out, active(found.err)) == (2, "", [])
    assert "foresaw" not in found.err


def read_terminal(command: list[str], cwd: Path, env: dict[str, str]) -> Iterator[bytes]:
    ours, its = pty.openpty()
    with subprocess.Popen([SCRIPTS / command[0], *command[1:]], cwd=cwd, env=env, stdout=its, stderr=its) as process:
        os.close(its)
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                part = b""
            if not part:
                break
            yield part
        process.wait()
    os.close(ours)


def test_colours_are_ours_alone(repo: Repo) -> None:
    repo.commit()
    repo.branch("work")
    name = f"knowledge/a{OWNED}"
    repo.write(f"{name}/qna.yaml", '"\\e[35mPWN": 1\n')
    env = {key: value for key, value in environment({"TERM": "xterm"}).items() if key != "NO_COLOR"}
    shown = b"".join(read_terminal(["taxonomy-diff", "--base", "main"], repo.path, env)).decode().replace("\r\n", "\n")
    assert "\x1b[0m" in shown
    assert active(re.sub(r"\x1b\[[0-9;]*m", "", shown)) == []
    assert "\x1b[35mPWN" not in shown
    assert "\x1b[2J" not in shown
