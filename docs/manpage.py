"""Writes the man pages, git-taxonomy.1 and its other names: `make docs`.

`git taxonomy --help` looks for a page named git-taxonomy. Commands and options come from the program itself, the rest
stands here. tests/manpage_test.py fails when a page is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from taxonomy_tools import __version__
from taxonomy_tools.base import FALLBACKS
from taxonomy_tools.boundary import Exit
from taxonomy_tools.config import BASELINE_FILE, CONFIG_FILE
from taxonomy_tools.main import cli
from taxonomy_tools.settle import CONFIG_VARIABLE, VARIABLES

FOLDER = Path(__file__).parent
PAGE = "git-taxonomy"
OTHER_NAMES = ("taxonomy", "taxonomy-diff")
DATE = "2026-11-22"

_EXIT = {
    Exit.OK: "Nothing at or above *--fail-on* was found, and nothing else that was asked for was missed.",
    Exit.FINDINGS: "Findings, or *--fail-if-empty* with nothing to check.",
    Exit.CANNOT: "Wrong use, or the job could not be done: one message says what to do. No check is ever skipped.",
    Exit.INTERRUPTED: "Interrupted.",
}
_BASE = (
    ("--base", "as given; `empty` takes every leaf as added"),
    ("PRE_COMMIT_FROM_REF", "in a hook of pre-commit(1), with PRE_COMMIT_TO_REF as the head"),
    ("TAXONOMY_BASE", "from the environment"),
    ("the CI run", "a pull request, merge group or push on GitHub, a merge request on GitLab"),
    (CONFIG_FILE, "as `base` in the configuration"),
)
_ENVIRONMENT = (
    ("TAXONOMY_BASE", "What to compare with, where *--base* is not given."),
    (CONFIG_VARIABLE, "A configuration to read, where *--config* is not given."),
    (
        ", ".join(variable for key, variable in VARIABLES.items() if key != "base"),
        "As the options of these names, where those are not given. One that is empty is not set.",
    ),
    (
        "CI",
        "A run of CI, as the variables of the usual services say too: against a base, the configuration is the base's.",
    ),
    ("PRE_COMMIT_FROM_REF, PRE_COMMIT_TO_REF", "Set by pre-commit: the base and the head of what is being pushed."),
    (
        "GITHUB_ACTIONS, GITHUB_EVENT_NAME, GITHUB_EVENT_PATH, GITHUB_BASE_REF, GITHUB_SHA",
        "Set by GitHub: what the run was started for.",
    ),
    ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "Set by GitLab: the base of a merge request."),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "Set by GitLab for merged results: whose configuration counts."),
    (
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "Set by GitLab: the branch whose configuration counts, as the clone has it.",
    ),
    ("NO_COLOR", "No colours, also on a terminal."),
    ("TMPDIR", "Where copies for yamllint lie while it works."),
    ("TAXONOMY_TRACEBACK", "Show where in the program an error that nobody foresaw came from."),
)
_FILES = (
    (CONFIG_FILE, "The configuration, at the taxonomy's root. *taxonomy schema config* says what can stand in it."),
    (BASELINE_FILE, "The baseline: findings that are not reported, because they were there before."),
)
_EXAMPLES = (
    ("taxonomy-diff", "What I changed against upstream: commits, index, working tree and new files."),
    ("git taxonomy diff --staged", "What a commit would hold."),
    ("taxonomy-diff --base origin/main --head my-branch", "What a branch holds, whatever is checked out."),
    ("taxonomy-diff knowledge/science", "Just there."),
    ("taxonomy check --fail-on warning", "Every leaf, changed or not, and no warning is let through."),
    (
        "taxonomy-diff --output-format text --output-format json --output report.json",
        "For people on the terminal, and for programs in a file.",
    ),
    ("taxonomy rule TX201", "What a finding means, and what to write instead."),
)


def main() -> int:
    """Write the pages anew."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    others = {f"{name}.1": f".so man1/{PAGE}.1\n" for name in OTHER_NAMES}
    return {f"{PAGE}.1": "".join(f"{line}\n" for line in page()), **others}


def page() -> Iterator[str]:
    """The lines of the page, as man(7) has them."""
    yield '.\\" Made by docs/manpage.py: change that.'
    yield f'.TH {PAGE.upper()} 1 {DATE} "taxonomy\\-tools {__version__}" "taxonomy\\-tools"'
    yield ".SH NAME"
    names = ", ".join(map(escape, (PAGE, *OTHER_NAMES)))
    yield f"{names} \\- what changed in a training taxonomy, and what is wrong with it"
    yield ".SH SYNOPSIS"
    calls = {
        "taxonomy-diff": "diff",
        "git taxonomy diff": "diff",
        **{f"taxonomy {name}": name for name in cli.commands},
    }
    lines = ("\n".join([f".B {escape(call)}", ".RI [ options ]", *_arguments(name)]) for call, name in calls.items())
    yield "\n.br\n".join(lines)
    yield ".SH DESCRIPTION"
    yield from _filled(
        "A taxonomy is a Git repository of leaf nodes: folders with a *qna.yaml* (seed examples) and an "
        "*attribution.txt* (where they come from). These commands say which leaves changed against upstream, what "
        "changed in each, and everything that is wrong with them, at the line and column."
    )
    yield ".SH COMMANDS"
    for name, command in cli.commands.items():
        yield from _command(name, command)
    yield ".SH THE BASE"
    yield from _filled(
        "A comparison starts at the merge base of what you have and the base, so the work of others is never called "
        "yours. The base is the first of these that is set; if that does not resolve, it is an error, never the next:"
    )
    for term, text in _BASE:
        yield from _item(term, text)
    yield from _prose(f"Only where none is set, the first that exists of {', '.join(FALLBACKS)}.")
    yield ".SH EXIT STATUS"
    for code, text in _EXIT.items():
        yield from _item(str(code.value), text)
    yield from _prose("Another signal that ends the program gives 128 and its number. A closed pipe is no error.")
    yield ".SH ENVIRONMENT"
    for term, text in _ENVIRONMENT:
        yield from _item(term, text)
    yield ".SH FILES"
    for term, text in _FILES:
        yield from _item(term, text)
    yield ".SH EXAMPLES"
    for line, text in _EXAMPLES:
        yield from _item(line, text)
    yield ".SH SEE ALSO"
    yield ".BR git (1),\n.BR yamllint (1),\n.BR pre\\-commit (1)"


def _command(name: str, command: click.Command) -> Iterator[str]:
    yield f".SS taxonomy {name}"
    first, *rest = (" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    yield from _filled(first)
    for paragraph in rest:
        yield from _prose(paragraph)
    for option in command.params:
        if isinstance(option, click.Option):
            text = option.help or ""
            if option.show_default:
                text += f" Default: {option.default}."
            yield from _item(_names(option), text)


def _arguments(name: str) -> Iterator[str]:
    for argument in cli.commands[name].params:
        if isinstance(argument, click.Argument) and argument.name is not None:
            many = argument.nargs == -1
            yield f".RI [ {argument.name.removesuffix('s') if many else argument.name} {'...' if many else ''}]"


def _names(option: click.Option) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag else f"{names} {placeholder(option)}"


def placeholder(option: click.Option) -> str:
    """What stands for an option's value: the words it can be, or a word in capitals."""
    if isinstance(option.type, click.Choice):
        return "|".join(option.type.choices)
    return option.metavar or "PATH"


def _item(term: str, text: str) -> Iterator[str]:
    yield f".TP\n.B {escape(term)}"
    yield from _filled(text)


def _prose(text: str) -> Iterator[str]:
    yield ".PP"
    yield from _filled(text)


def _filled(text: str) -> Iterator[str]:
    """A sentence a line, as roff wants it to space them; what stands between asterisks or backquotes in italics."""
    marked = re.sub(r"\*([^*]+)\*|`([^`]+)`", lambda match: f"\\fI{match[1] or match[2]}\\fR", escape(text))
    yield from (f"\\&{line}" if line[:1] in ".'" else line for line in re.split(r"(?<=[.:]) (?=[A-Z])", marked))


def escape(text: str) -> str:
    """Text without what roff would obey, and with hyphens that can be copied."""
    return text.replace("\\", "\\e").replace("-", "\\-")


if __name__ == "__main__":
    sys.exit(main())
