"""What the README says is so."""

import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from docs import demo, readme
from taxonomy_tools.boundary import Exit
from taxonomy_tools.main import cli
from tests import console

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = Path(sysconfig.get_path("scripts"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


def test_generated_parts_are_fresh() -> None:
    """Run `make docs` when this fails."""
    assert readme.fill(README) == README


def test_filling_needs_every_part() -> None:
    with pytest.raises(ValueError, match="no part 'demo'"):
        readme.fill("# Nothing\n")


def commands_shown() -> list[str]:
    """Each command line of the console blocks that calls this program."""
    steps = (step for block in console.blocks(README, "console") for step in console.steps(block.text))
    calls = [re.split(r"\s+#|\s+\|", step.command)[0] for step in steps]
    return sorted({call for call in calls if re.match(r"(git )?taxonomy\b", call)})


@pytest.mark.parametrize("call", commands_shown())
def test_commands_shown_are_understood(call: str) -> None:
    """Parsed, not run: each names a command and options that exist."""
    words = shlex.split(call)
    if words[0] == "taxonomy-diff":
        words[:1] = ["taxonomy", "diff"]
    command = cli.commands[words[1]]
    command.make_context(words[1], words[2:])


def test_commands_shown_cover_all_there_are() -> None:
    named = {call.split()[1] for call in commands_shown() if call.startswith("taxonomy ")} | {"diff"}
    assert named == set(cli.commands)


def test_exit_codes_are_those_of_the_program() -> None:
    table = README.split("### Exit codes")[1].split("###")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)] == list(Exit)


def test_python_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    clone = demo.build(tmp_path / "demo")
    run = subprocess.run(
        [sys.executable, "-P", "-c", example],
        cwd=clone,
        env=demo.environment(clone),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "compositional_skills/linguistics/rhymes" in run.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("script", ["taxonomy", "taxonomy-diff"])
def test_shell_completion_is_there(script: str, shell: str, tmp_path: Path) -> None:
    variable = f"_{script.upper().replace('-', '_')}_COMPLETE"
    assert f"{variable}=bash_source" in README
    run = subprocess.run(
        [SCRIPTS / script],
        cwd=tmp_path,
        env=demo.environment(tmp_path) | {variable: f"{shell}_source"},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert f"{variable}={shell}_complete" in run.stdout or f"{variable} {shell}_complete" in run.stdout


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []
