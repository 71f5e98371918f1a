"""Manifest, modules, console scripts and README speak of the same hooks; and what a hook makes of its arguments."""

import importlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from taxonomy_tools.rules import missing_sign_off
from tests.command import ATTRIBUTION, SCRIPTS, Result, leaf, run, skill
from tests.repository import Repo

ROOT = Path(__file__).parents[1]
MANIFEST: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOOKS = ("check", "diff", "fix", "layout", "signoff")
FOLDER = "compositional_skills/arithmetic"


# --- what belongs together


def test_manifest_and_modules_are_of_the_same_hooks() -> None:
    modules = {path.stem for path in (ROOT / "hooks").glob("*.py")} - {"__init__"}
    assert sorted(modules) == sorted(HOOKS) == sorted(hook["id"].removeprefix("taxonomy-") for hook in MANIFEST)


def test_each_entry_is_the_console_script_of_its_module() -> None:
    scripts = PYPROJECT["project"]["scripts"]
    entries = {hook["id"]: scripts[hook["entry"]] for hook in MANIFEST}
    assert entries == {f"taxonomy-{name}": f"taxonomy_tools.hooks.{name}:main" for name in HOOKS}
    assert [name for name, target in scripts.items() if ".hooks." in target and target not in entries.values()] == []


def test_readme_tells_of_each_hook_with_its_stages() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("### Hooks")[1].split("\n### ")[0]
    rows = re.findall(r"^\| `(taxonomy-\w+)` \| ([^|]+) \|", section, flags=re.MULTILINE)
    assert dict(rows) == {hook["id"]: ", ".join(hook["stages"]) for hook in MANIFEST}
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", section, flags=re.DOTALL)[0])
    named = [hook["id"] for repo in example["repos"] for hook in repo["hooks"]]
    assert sorted(named) == sorted(hook["id"] for hook in MANIFEST)
    stages = {stage for hook in MANIFEST for stage in hook["stages"]} - {"manual"}
    assert set(example["default_install_hook_types"]) == stages


@pytest.mark.parametrize("validate", [("pre-commit", "validate-manifest"), ("prek", "validate-manifest")])
def test_manifest_is_valid(validate: tuple[str, ...], tmp_path: Path) -> None:
    home = {"PRE_COMMIT_HOME": os.fspath(tmp_path), "PREK_HOME": os.fspath(tmp_path)}
    done = run(*validate, ROOT / ".pre-commit-hooks.yaml", cwd=tmp_path, env=home)
    assert (done.status, "arning" in done.err) == (0, False), done


@pytest.mark.parametrize("hook", MANIFEST, ids=[hook["id"] for hook in MANIFEST])
def test_every_hook_is_one_process_and_runs_at_its_stages_alone(hook: dict[str, Any]) -> None:
    assert hook["language"] == "python"
    assert hook["require_serial"] is True  # leaves have two files, which belong into one process
    assert hook["stages"]  # without them a hook runs at every kind that is installed


def test_check_names_links_too_and_runs_where_files_are_only_removed() -> None:
    (check, layout) = (hook for hook in MANIFEST if hook["id"] in ("taxonomy-check", "taxonomy-layout"))
    for hook in (check, layout):
        assert (hook["types"], hook["always_run"], hook.get("files")) == ([], True, None)


@pytest.mark.parametrize("name", HOOKS)
def test_main_gives_an_exit_code(name: str, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit(leaf(f"{FOLDER}/one"))
    repo.write("message", "Change\n\nSigned-off-by: Ada Contributor <ada@example.org>\n")
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada Contributor")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ada@example.org")
    main = importlib.import_module(f"taxonomy_tools.hooks.{name}").main
    assert main(["message"] if name == "signoff" else []) == 0


# --- arguments


def test_options_stand_before_two_dashes(repo: Repo) -> None:
    repo.commit(leaf(f"{FOLDER}/one"))
    repo.write(f"{FOLDER}/one/attribution.txt", "CC-BY-NC-4.0\n")
    name = f"{FOLDER}/one/attribution.txt"
    assert run("taxonomy-check", name, cwd=repo.path).status == 0
    assert run("taxonomy-check", "--fail-on=warning", "--", name, cwd=repo.path).status == 1
    assert run("taxonomy-check", "--no-such-option", "--", name, cwd=repo.path).status == 2
    forgotten = run("taxonomy-check", "--fail-on=warning", name, cwd=repo.path)
    assert (forgotten.status, forgotten.out) == (2, "")
    assert forgotten.err == (
        "taxonomy-check: `--fail-on=warning` is no file, and options of a hook end with `--`, which is not there.\n"
        '  Put it behind them, in .pre-commit-config.yaml:  args: ["--fail-on=warning", --]\n'
    )


@pytest.mark.parametrize("script", ["taxonomy-check", "taxonomy-fix", "taxonomy-layout", "taxonomy-diff-hook"])
def test_help(script: str, repo: Repo) -> None:
    done = run(script, "--help", cwd=repo.path)
    assert (done.status, done.out.startswith("Usage: taxonomy-")) == (0, True)


def test_help_that_is_a_file_is_a_file(repo: Repo) -> None:
    repo.write("--help")
    assert run("taxonomy-check", "--help", cwd=repo.path).out == "Checking the working tree\n\nNo leaf is touched.\n"


def test_plain_git_hook_without_names(repo: Repo) -> None:
    """Without pre-commit nobody names files: all that is staged counts."""
    hook = repo.write(".git/hooks/pre-commit", f"#!/bin/sh\nexec {SCRIPTS / 'taxonomy-check'}\n")
    hook.chmod(0o755)
    repo.write(f"{FOLDER}/one/qna.yaml", skill(answer="No"))
    repo.write(f"{FOLDER}/one/attribution.txt", ATTRIBUTION)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "Change", check=False)
    assert repo.ask("rev-list", "--all") == ""
    repo.write(f"{FOLDER}/one/qna.yaml", skill())
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "Change")
    assert repo.ask("rev-list", "--count", "HEAD") == "1"


def test_many_leaves_at_once(repo: Repo) -> None:
    """As `taxonomy check` has them, each once and in order, though Git is asked about some at a time."""
    for number in range(110):
        for path, content in leaf(f"{FOLDER}/leaf_{number}", "a: 1\n").items():
            repo.write(path, content)
    repo.git("add", "--all")
    names = repo.ask("ls-files").split()
    assert len(names) == 220
    done = run("taxonomy-check", *names, cwd=repo.path, env={"GIT_INDEX_FILE": ".git/index", "PRE_COMMIT": "1"})
    assert (done.status, done.out) == (1, run("taxonomy", "check", "--staged", cwd=repo.path).out)


def test_taxonomy_in_a_folder_of_a_larger_repository(repo: Repo) -> None:
    repo.commit({"README.md": "# Much\n"})
    for path, content in {**leaf(f"data/{FOLDER}/one", skill(answer="No")), **leaf("other/one", "a: [\n")}.items():
        repo.write(path, content)
    repo.git("add", "--all")
    names = repo.ask("diff", "--cached", "--name-only").split()
    index = {"GIT_INDEX_FILE": ".git/index", "PRE_COMMIT": "1"}
    done = run("taxonomy-check", "-C", "data", "--", *names, cwd=repo.path, env=index)
    assert (done.status, re.findall("TX[0-9]+", done.out)) == (1, ["TX201"])
    assert f"data/{FOLDER}/one/qna.yaml:6:13: error" in done.out


def test_layout_fails_on_warnings_unless_told_otherwise(repo: Repo) -> None:
    repo.commit({**leaf(f"{FOLDER}/one"), f"{FOLDER}/one/notes.txt": ""})
    name = f"{FOLDER}/one/notes.txt"
    assert run("taxonomy-layout", name, cwd=repo.path).status == 1
    assert run("taxonomy-layout", "--fail-on=error", "--", name, cwd=repo.path).status == 0


def test_diff_looks_at_the_index_while_a_commit_is_made(repo: Repo) -> None:
    repo.commit(leaf(f"{FOLDER}/one"))
    repo.branch("topic")
    repo.write(f"{FOLDER}/one/qna.yaml", skill(answer="No"))
    committing = {"GIT_INDEX_FILE": ".git/index"}
    assert run("taxonomy-diff-hook", cwd=repo.path).status == 1
    assert run("taxonomy-diff-hook", cwd=repo.path, env=committing).status == 0
    repo.git("add", "--all")
    repo.write(f"{FOLDER}/one/qna.yaml", skill())
    assert run("taxonomy-diff-hook", cwd=repo.path, env=committing).status == 1
    assert run("taxonomy-diff-hook", "--head", "HEAD", cwd=repo.path, env=committing).status == 0


def test_name_of_another_place(repo: Repo, tmp_path: Path) -> None:
    other = tmp_path / "qna.yaml"
    done = run("taxonomy-check", other, cwd=repo.path)
    assert (done.status, done.out) == (2, "")
    assert f"taxonomy-check: {other} is not in the repository at {repo.path}." in done.err


def test_outside_of_a_repository(tmp_path: Path) -> None:
    done = run("taxonomy-check", "qna.yaml", cwd=tmp_path)
    assert done.status == 2
    assert "is not inside a Git repository" in done.err


# --- taxonomy-signoff


def test_sign_off_names_the_rule_as_it_is() -> None:
    source = (ROOT / "hooks/signoff.py").read_text(encoding="utf-8")
    assert f"{missing_sign_off.CODE} {missing_sign_off.NAME}" in source


def test_sign_off_starts_with_next_to_nothing() -> None:
    code = "import sys, taxonomy_tools.hooks.signoff; print(*sys.modules)"
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-P", "-c", code], env=quiet, check=True, stdout=subprocess.PIPE, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded & {"git", "gitdb", "click", "yaml", "jsonschema", "json", "concurrent", "multiprocessing"} == set()
    ours = sorted(name for name in done.stdout.split() if name.startswith("taxonomy_tools."))
    assert ours == [
        "taxonomy_tools.author",
        "taxonomy_tools.errors",
        "taxonomy_tools.hooks",
        "taxonomy_tools.hooks.signoff",
        "taxonomy_tools.signoff",
        "taxonomy_tools.streams",
    ]


PERSON = {"GIT_AUTHOR_NAME": "Zoë Äda", "GIT_AUTHOR_EMAIL": "zoe@example.org"}
LINE = "Signed-off-by: Zoë Äda <zoe@example.org>"
SCISSORS = "# ------------------------ >8 ------------------------"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        pytest.param(f"Change\n\n{LINE}\n".encode(), 0, id="signed off"),
        pytest.param(f"Change\r\n\r\n{LINE}\r\n".encode(), 0, id="with other line ends"),
        pytest.param(f"Change\n\n{LINE}\n".encode("latin-1"), 0, id="in another encoding"),
        pytest.param(f"Change\n\n{LINE}\n\n{SCISSORS}\n+ {LINE}\n".encode(), 0, id="above the scissors"),
        pytest.param(f"Change\n\n{SCISSORS}\n{LINE}\n".encode(), 1, id="below the scissors"),
        pytest.param(f"Change\n\n# {LINE}\n".encode(), 1, id="in a comment"),
        pytest.param(b"Change\n\nSigned-off-by: Zoe <zoe@example.org>\n", 1, id="by another name"),
        pytest.param(b"Change\n\nCo-authored-by: Zo\xc3\xab <zoe@example.org>\n", 1, id="another trailer"),
        pytest.param(b"", 1, id="empty"),
        pytest.param(b"\xff\xfe\0" * 1000, 1, id="no text"),
        pytest.param(b"Signed-off-by: " * 100_000, 1, id="a line without end"),
    ],
)
def test_messages(repo: Repo, message: bytes, status: int) -> None:
    repo.write("message", message)
    assert run("taxonomy-signoff", "message", cwd=repo.path, env=PERSON).status == status


def committer(name: str, email: str) -> dict[str, str]:
    return {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email}


def test_what_is_said_of_a_missing_sign_off(repo: Repo) -> None:
    repo.write("it's", "Change\n")
    person = {**PERSON, "GIT_AUTHOR_NAME": "A\x1b[31mB", **committer("a\x1b[31mb", "ZOE@example.org")}
    assert run("taxonomy-signoff", "it's", cwd=repo.path, env=person).out == (
        "it's: error TX701 missing-sign-off: the message lacks the line "
        "`Signed-off-by: A\\x1b[31mB <zoe@example.org>`\n"
        "  With it you certify the Developer Certificate of Origin: https://developercertificate.org/\n"
        "  Add it:                            git commit --signoff\n"
        "  To go on with the message so far:  git commit --signoff --edit --file='it'\"'\"'s'\n"
    )


def test_what_is_said_where_signoff_would_add_the_line_of_another(repo: Repo) -> None:
    repo.write("message", "Change\n")
    person = {"GIT_AUTHOR_NAME": "Bo $(id) O'Neil", "GIT_AUTHOR_EMAIL": "bo@example.org", **committer("Ada", "a@b.org")}
    option = "--trailer 'Signed-off-by: Bo $(id) O'\"'\"'Neil <bo@example.org>'"
    assert run("taxonomy-signoff", "message", cwd=repo.path, env=person) == Result(
        status=1,
        out="message: error TX701 missing-sign-off: the message lacks the line "
        "`Signed-off-by: Bo $(id) O'Neil <bo@example.org>`\n"
        "  With it the author certifies the Developer Certificate of Origin: https://developercertificate.org/\n"
        "  --signoff would add the committer's line. With the author's consent:\n"
        f"  Add it:                            git commit {option}\n"
        f"  To go on with the message so far:  git commit {option} --edit --file=message\n",
        err="",
    )
    made = shlex.split(f"commit --allow-empty -m x {option}")
    repo.git(*made, env=person)
    repo.write("message", repo.ask("log", "-1", "--format=%B"))
    assert run("taxonomy-signoff", "message", cwd=repo.path, env=person) == Result(status=0, out="", err="")


@pytest.mark.parametrize(
    ("email", "status"),
    [
        pytest.param("49699333+dependabot[bot]@users.noreply.github.com", 0, id="its address"),
        pytest.param("eve@example.org", 1, id="its name alone"),
    ],
)
def test_app_need_not_sign_off(repo: Repo, email: str, status: int) -> None:
    repo.write("message", "Change\n")
    bot = {"GIT_AUTHOR_NAME": "dependabot[bot]", "GIT_AUTHOR_EMAIL": email}
    assert run("taxonomy-signoff", "message", cwd=repo.path, env=bot).status == status


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk without room")
@pytest.mark.parametrize(
    ("arguments", "stream", "said"),
    [
        pytest.param(
            ("message",),
            "stdout",
            b"taxonomy-signoff: what there is to say cannot be written: No space left on device.\n",
            id="a finding",
        ),
        pytest.param((), "stderr", b"", id="an error"),
    ],
)
def test_sign_off_on_a_full_disk(repo: Repo, arguments: tuple[str, ...], stream: str, said: bytes) -> None:
    repo.write("message", "Change\n")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPTS / "taxonomy-signoff", *arguments],
            cwd=repo.path,
            env={**os.environ, **PERSON},
            check=False,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: full},  # type: ignore[call-overload]
        )
    assert (done.returncode, done.stdout or b"", done.stderr or b"") == (2, b"", said)


def test_sign_off_that_nobody_reads_is_still_missing(repo: Repo) -> None:
    repo.write("message", "Change\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [SCRIPTS / "taxonomy-signoff", "message"],
        cwd=repo.path,
        env={**os.environ, **PERSON},
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "Usage: taxonomy-signoff FILE", id="no file"),
        pytest.param(("a", "b"), "Usage: taxonomy-signoff FILE", id="two files"),
        pytest.param(("nothing",), "nothing cannot be read: No such file or directory.", id="a file that is not there"),
    ],
)
def test_sign_off_that_cannot_be_told(repo: Repo, arguments: tuple[str, ...], message: str) -> None:
    done = run("taxonomy-signoff", *arguments, cwd=repo.path, env=PERSON)
    assert (done.status, done.out, message in done.err) == (2, "", True)


def test_author_that_git_does_not_know(repo: Repo) -> None:
    repo.config(user__useConfigOnly="true")
    repo.write("message", "Change\n")
    done = run("taxonomy-signoff", "message", cwd=repo.path)
    assert (done.status, "taxonomy-signoff: Git does not know who the author is" in done.err) == (2, True)
