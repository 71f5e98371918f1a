"""The command line: what can be asked, and the one place where errors become messages and exit codes.

Arguments are parsed here; the work is done in `commands`, which are imported only when they are called: a hook is run
on every commit, and imports are most of what a small run costs.
"""

import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

import click

from taxonomy_tools import __version__
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.errors import Remedy, TaxonomyError

FORMATS = ("text", "json", "jsonl")
FAIL_ON = (*(severity.value for severity in Severity if severity is not Severity.OFF), "never")


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FINDINGS = 1
    CANNOT = 2
    INTERRUPTED = 130


class _Reporting(click.Command):
    """A command whose `--output FILE` belongs to the `--output-format` before it, or, before all, to the first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, and pair formats with files in the order in which they were given."""
        order = iter(self.make_parser(ctx).parse_args(list(args))[2]) if not ctx.resilient_parsing else iter(())
        rest = super().parse_args(ctx, args)
        formats, files = list(ctx.params.pop("output_format")), list(ctx.params.pop("output"))
        outputs: list[tuple[str, Path | None]] = []
        for parameter in order:
            if parameter.name == "output_format":
                outputs.append((formats.pop(0), None))
            elif parameter.name == "output":
                name, file = outputs.pop() if outputs else (formats.pop(0) if formats else FORMATS[0], None)
                if file is not None:
                    raise click.UsageError("Two --output for one --output-format: give each file its own format.", ctx)
                outputs.append((name, files.pop(0)))
        if [file for _, file in outputs].count(None) > 1:
            raise click.UsageError("Only one format can go to standard output: give the others an --output FILE.", ctx)
        ctx.params["outputs"] = outputs or [(FORMATS[0], None)]
        return rest


def _options(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_taxonomy_path = click.option(
    "-C",
    "--taxonomy-path",
    type=click.Path(path_type=Path),
    help="The taxonomy's root, or one leaf file. May be a folder inside a larger repository.",
)
_source_options = _options(
    click.option("--staged", is_flag=True, help="Take the index instead of the working tree."),
    click.option("--head", metavar="REF", help="Take a commit instead of the working tree."),
)
_report_options = _options(
    click.option(
        "--yaml-rules",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A yamllint configuration to lint with.",
    ),
    click.option(
        "--output-format",
        multiple=True,
        type=click.Choice(FORMATS),
        help="How to report. May be repeated, each with its --output.",
    ),
    click.option(
        "--output",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Where the format before it goes, if not to standard output.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(FAIL_ON),
        default="error",
        show_default=True,
        help="The least severity that makes the exit code 1.",
    ),
    click.option("--fail-if-empty", is_flag=True, help="Exit with 1 when there is no leaf to check."),
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes. Default: the cores."),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing when all is well."),
)


class _Group(click.Group):
    """Commands in the order in which a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The order of definition."""
        return list(self.commands)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="taxonomy-tools")
def cli() -> None:
    """Git-native validation of training taxonomies.

    Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong use or the job could not be done, 130 interrupted.
    """


@cli.command("diff", cls=_Reporting)
@_taxonomy_path
@click.option(
    "--base",
    "--taxonomy-base",
    metavar="REF",
    help="What to compare with; `empty` for the whole tree. Default: upstream's branch, as the report's header says.",
)
@click.option("--direct", is_flag=True, help="Compare with the base itself, not with the merge base.")
@_source_options
@_report_options
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
def diff_command(
    *,
    taxonomy_path: Path | None,
    base: str | None,
    direct: bool,
    staged: bool,
    head: str | None,
    paths: tuple[Path, ...],
    **options: Any,
) -> int:
    """Validate the leaves that changed against the base.

    PATHs limit it to the leaves below them.
    """
    from taxonomy_tools.commands import diff
    from taxonomy_tools.commands.reporting import Options
    from taxonomy_tools.plan import Selection

    selection = Selection(taxonomy_path=taxonomy_path, paths=paths, base=base, head=head, staged=staged, direct=direct)
    return diff.run(selection, Options(**options))


@cli.command("check", cls=_Reporting)
@_taxonomy_path
@_source_options
@_report_options
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
def check_command(
    *, taxonomy_path: Path | None, staged: bool, head: str | None, paths: tuple[Path, ...], **options: Any
) -> int:
    """Validate the leaves at and below each PATH, or all of them."""
    from taxonomy_tools.commands import check
    from taxonomy_tools.commands.reporting import Options
    from taxonomy_tools.plan import Selection

    selection = Selection(taxonomy_path=taxonomy_path, paths=paths, head=head, staged=staged)
    return check.run(selection, Options(**options))


@cli.command("rule")
@click.argument("code", required=False)
def rule_command(code: str | None) -> int:
    """Explain a rule; without CODE, list them all."""
    from taxonomy_tools.commands import rule

    return rule.run(code)


@cli.command("schema")
@click.argument("kind", required=False)
@click.option("--version", "version", type=int, metavar="N", help="The schema's version. Default: the newest.")
def schema_command(kind: str | None, version: int | None) -> int:
    """Print a JSON Schema, for editors; without KIND, list them."""
    from taxonomy_tools.commands import schema

    return schema.run(kind, version)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """`taxonomy`, and `git taxonomy`."""
    name = "git taxonomy" if Path(sys.argv[0]).stem == "git-taxonomy" else "taxonomy"
    _run(cli, name, arguments)


def diff(arguments: Sequence[str] | None = None) -> NoReturn:
    """`taxonomy-diff`: the same as `taxonomy diff`."""
    _run(diff_command, "taxonomy-diff", arguments)


def _run(command: click.Command, name: str, arguments: Sequence[str] | None) -> NoReturn:
    """The one error boundary: run a command, and turn whatever happens into an exit code and at most one message."""
    try:
        sys.exit(_execute(command, name, arguments))
    except BrokenPipeError:
        # `taxonomy-diff | head`: who reads has seen enough. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)


def _execute(command: click.Command, name: str, arguments: Sequence[str] | None) -> int:
    try:
        status: int = command.main(arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.CANNOT
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"{name}: interrupted.", err=True)
        return Exit.INTERRUPTED
    except TaxonomyError as error:
        _complain(name, error)
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("TAXONOMY_TRACEBACK"):
            raise
        what = f"{type(error).__name__}: {error}"
        report = Remedy("This is a bug of taxonomy-tools. To see where:", f"TAXONOMY_TRACEBACK=1 {name} ...")
        _complain(name, TaxonomyError(f"stopped by an error that nobody foresaw: {what}", report))
    else:
        return status
    return Exit.CANNOT


def _complain(name: str, error: TaxonomyError) -> None:
    """Print what went wrong, and below it, aligned, what to do."""
    from taxonomy_tools.reporters.escape import reveal

    click.echo(f"{name}: {reveal(error.message)}", err=True)
    width = max((len(remedy.label) for remedy in error.remedies if remedy.command), default=0)
    for remedy in error.remedies:
        line = f"{remedy.label:<{width}}  {remedy.command}" if remedy.command else remedy.label
        click.echo(f"  {reveal(line)}", err=True)
