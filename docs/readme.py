"""Fills the parts of README.md that are made from the program itself: `make docs`.

A part stands between `<!-- NAME -->` and `<!-- end of NAME -->`. tests/readme_test.py fails when one is stale.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from docs import demo
from taxonomy_tools.main import cli

README = Path(__file__).parents[1] / "README.md"
COMMANDS = ("diff", "check")
# A screenful of the demo: a leaf of each kind of change, two of them broken.
SHOWN = ("knowledge", "compositional_skills/linguistics", "compositional_skills/writing")
SHOWN_AS = "knowledge compositional_skills/{linguistics,writing}"


def main() -> int:
    """Write README.md anew."""
    README.write_text(fill(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def fill(text: str, parts: Mapping[str, Callable[[], str]] | None = None, *, name: str = "README.md") -> str:
    """The text of a file with each of its parts as it should be. Raises ValueError if one is not there."""
    for part, make in (PARTS if parts is None else parts).items():
        start, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise ValueError(f"{name} has no part {part!r}")
        before, rest = text.split(start)
        text = f"{before}{start}{make()}{end}{rest.split(end)[1]}"
    return text


def demo_session() -> str:
    """What `taxonomy-diff` prints of some of the demo's clone, as a terminal session."""
    with tempfile.TemporaryDirectory() as scratch:
        clone = demo.build(Path(scratch) / "demo")
        run = subprocess.run(
            [demo.diff_command(), *SHOWN],
            cwd=clone,
            env=demo.environment(clone) | {"NO_COLOR": "1", "PYTHONUTF8": "1", "TAXONOMY_CACHE": "off"},
            check=False,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
    if run.returncode != 1:
        raise ValueError(f"the demo has errors in it, so the exit status should be 1, not {run.returncode}")
    return f"```console\n$ taxonomy-diff {SHOWN_AS}\n{run.stdout}$ echo $?\n{run.returncode}\n```\n"


def option_table() -> str:
    """The options of the commands that check, each with the commands that take it."""
    rows: dict[str, tuple[str, list[str]]] = {}
    for command in COMMANDS:
        for option in options_of(command):
            names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len, reverse=True))
            rows.setdefault(f"{names}{metavar_of(option)}", (option.help or "", []))[1].append(command)
    lines = ["| option | of | does |", "|---|---|---|"]
    lines += [f"| {names} | {', '.join(commands)} | {text} |" for names, (text, commands) in rows.items()]
    return "\n".join(lines) + "\n"


def options_of(command: str) -> Iterator[click.Option]:
    """The options of a subcommand, in the order of its help; without those that every program has."""
    for parameter in cli.commands[command].params:
        if isinstance(parameter, click.Option) and not parameter.is_eager:
            yield parameter


def metavar_of(option: click.Option) -> str:
    """What an option takes, as code: its placeholder, or the words it can be."""
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " " + ", ".join(f"`{choice}`" for choice in option.type.choices)
    return f" `{option.metavar or re.sub('[^A-Z]', '', option.type.name.upper())}`"


PARTS: Mapping[str, Callable[[], str]] = {"demo": demo_session, "options": option_table}


if __name__ == "__main__":
    sys.exit(main())
