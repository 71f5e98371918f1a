"""What hooks have in common: which of their arguments are options, and which state of the taxonomy they look at.

A hook is given names of files by whoever runs it, and a pull request chooses them: `--config=x/qna.yaml` is a name and
no option. So options are only what stands before a `--`, and a file of that very name is refused.
"""

import os
import sys
from collections.abc import Mapping, Sequence

import click

from taxonomy_tools.boundary import in_bounds
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.main import check_command, diff_command


def check_touched(name: str, argv: Sequence[str] | None, *options: str) -> int:
    """Run `taxonomy check` on the leaves that the files in `argv` belong to, and those that a commit removes a file of.

    Gives the exit code.
    """

    def work() -> int:
        given, names = _split(_arguments(argv))
        return _invoke(check_command, name, [*options, *given], {"touched": names})

    return in_bounds(work, name)


def diff(name: str, argv: Sequence[str] | None) -> int:
    """Run `taxonomy diff` with the options in `argv`; gives the exit code."""
    return in_bounds(lambda: _invoke(diff_command, name, _arguments(argv), {}), name)


def _arguments(argv: Sequence[str] | None) -> list[str]:
    return list(sys.argv[1:] if argv is None else argv)


def _split(arguments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The options and the names of files. A lone `--help`, too, is an option, if there is no such file.

    Raises TaxonomyError where it cannot be told which is which.
    """
    if arguments in (["--help"], ["-h"]) and not os.path.lexists(arguments[0]):
        return arguments, ()
    if "--" not in arguments:
        option = next((word for word in arguments if word.startswith("-") and not os.path.lexists(word)), None)
        if option is not None:
            raise TaxonomyError(
                f"`{option}` is no file, and options of a hook end with `--`, which is not there.",
                Remedy("Put it behind them, in .pre-commit-config.yaml:", f'args: ["{option}", --]'),
            )
        return [], tuple(arguments)
    if os.path.lexists("--"):
        raise TaxonomyError(
            "a file is named `--`, as what ends the options of a hook is.",
            Remedy("Give it another name:", "git mv -- -- NAME"),
        )
    end = arguments.index("--")
    return arguments[:end], tuple(arguments[end + 1 :])


def _invoke(command: click.Command, name: str, options: list[str], more: Mapping[str, object]) -> int:
    """Run a command on what will be committed: on the index that Git names to its hooks, else on the working tree.

    That is another index than usual for `git commit --all` and `git commit PATH`. What mends files looks at these.
    """
    with command.make_context(name, options) as context:
        context.params |= more
        if os.environ.get("GIT_INDEX_FILE") and not context.params["fix"] and context.params["head"] is None:
            context.params["staged"] = True
        status: int = command.invoke(context)
    return status
