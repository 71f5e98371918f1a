"""`git taxonomy --help` is answered by a page that says all there is."""

import os
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from docs import manpage
from taxonomy_tools.boundary import Exit
from taxonomy_tools.main import cli
from tests.command import environment
from tests.repository import Repo

PAGE = manpage.FOLDER / "git-taxonomy.1"


def plain() -> str:
    """The page's text without what is meant for roff."""
    return PAGE.read_text(encoding="utf-8").replace("\\-", "-").replace("\\e", "\\")


def test_pages_are_fresh() -> None:
    """Run `make docs` when this fails."""
    there = {path.name: path.read_text(encoding="utf-8") for path in manpage.FOLDER.glob("*.1")}
    assert there == manpage.pages()


def test_every_script_has_a_page() -> None:
    assert sorted(manpage.pages()) == ["git-taxonomy.1", "taxonomy-diff.1", "taxonomy.1"]


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_and_option_is_in_the_page(name: str) -> None:
    _, _, rest = plain().partition(f".SS taxonomy {name}\n")
    section = rest.partition("\n.S")[0]
    names = {text for option in cli.commands[name].params if isinstance(option, click.Option) for text in option.opts}
    assert {text for text in names if f"{text} " not in f"{section} ".replace(",", " ").replace("\n", " ")} == set()


def test_every_exit_code_is_in_the_page() -> None:
    _, _, rest = plain().partition(".SH EXIT STATUS\n")
    section = rest.partition(".SH")[0].splitlines()
    assert [line for line in section if line.startswith(".B ")] == [f".B {code.value}" for code in Exit]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("--base", "\\-\\-base", id="hyphens can be copied"),
        pytest.param("a\\b", "a\\eb", id="backslashes"),
    ],
)
def test_text_is_escaped(text: str, expected: str) -> None:
    assert manpage.escape(text) == expected


def test_lines_do_not_start_with_what_roff_would_obey() -> None:
    macros = {'.\\"', ".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".RI", ".br"}
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert {line.split(" ")[0] for line in lines if line[:1] in ".'"} <= macros


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_page_is_set_without_a_warning() -> None:
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", PAGE], check=True, capture_output=True)
    assert done.stderr == b""
    assert b"GIT-TAXONOMY(1)" in done.stdout


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_git_finds_the_page(repo: Repo, tmp_path: Path) -> None:
    shutil.copytree(manpage.FOLDER, tmp_path / "man" / "man1", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    env = {"MANPATH": os.fspath(tmp_path / "man"), "MANPAGER": "cat", "MANWIDTH": "100", "GIT_PAGER": "cat"}
    for command in (["git", "taxonomy", "--help"], ["man", "taxonomy-diff"], ["man", "taxonomy"]):
        done = subprocess.run(command, cwd=repo.path, env=environment(env), check=False, capture_output=True, text=True)
        if "has been minimized" in done.stdout:
            pytest.skip("this system has no man pages: `man` only says so")
        assert (done.returncode, done.stderr) == (0, "")
        assert "what changed in a training taxonomy" in " ".join(done.stdout.split())
