"""What `diff` and `check` have in common: a plan is carried out, reported in every format asked for, and judged."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.plan import Plan
from taxonomy_tools.report import LeafReport, Summary
from taxonomy_tools.reporters import REPORTERS, Appearance, Reporter, stream, wants_color
from taxonomy_tools.reporters.escape import escape
from taxonomy_tools.yamllint import Rules

_NEVER = "never"
_UNREADABLE = "TX001"
_PROGRESS = 100
"""From so many leaves on, a terminal shows how far it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to report and to judge. `outputs` pairs each format with its file, None for standard output."""

    yaml_rules: Path | None
    outputs: Sequence[tuple[str, Path | None]]
    fail_on: str
    fail_if_empty: bool
    jobs: int | None
    quiet: bool

    def lint_rules(self) -> Rules:
        """Yamllint's configuration. Raises TaxonomyError if it cannot be read or is none."""
        return Rules.DEFAULT if self.yaml_rules is None else Rules.load(self.yaml_rules)


def announce(message: str) -> None:
    """Say on standard error what is about to take a while."""
    click.echo(escape(message), err=True)


def report(plan: Plan, options: Options) -> int:
    """Carry out a plan, write its reports, and give the exit code.

    Raises TaxonomyError when a check cannot run, when a file could not be read (the others are checked and reported
    first), or when a report cannot be written.
    """
    unread: list[str] = []
    leaves = _with_progress(_noting(plan.reports(jobs=options.jobs), unread), len(plan.leaves))
    with ExitStack() as stack:
        reporters = [_reporter(name, file, options, stack) for name, file in options.outputs]
        summary = stream(plan.comparison, leaves, plan.notes, reporters)
    if unread:
        raise _unread(unread)
    return int(_fails(summary, options.fail_on) or (options.fail_if_empty and not plan.leaves))


def _noting(leaves: Iterable[LeafReport], unread: list[str]) -> Iterator[LeafReport]:
    """The same leaves; the files that could not be opened are noted on the way."""
    for leaf in leaves:
        unread += [item.file for item in leaf.diagnostics if item.code == _UNREADABLE and item.span is None]
        yield leaf


def _reporter(name: str, file: Path | None, options: Options, stack: ExitStack) -> Reporter:
    stream: TextIO = sys.stdout
    if file is not None:
        try:
            stream = stack.enter_context(file.open("w", encoding="utf-8", newline="\n"))
        except OSError as error:
            raise TaxonomyError(
                f"the report cannot be written to {file}: {error.strerror}.",
                Remedy("Name a file in a folder that is there, and yours:", "--output FILE"),
            ) from error
    return REPORTERS[name](stream, Appearance(color=wants_color(stream), quiet=options.quiet))


def _with_progress(leaves: Iterable[LeafReport], number: int) -> Iterator[LeafReport]:
    if number < _PROGRESS or not sys.stderr.isatty():
        yield from leaves
        return
    with click.progressbar(leaves, length=number, label="Checking", file=sys.stderr) as bar:
        yield from bar


def _fails(summary: Summary, fail_on: str) -> bool:
    counts = {Severity.ERROR: summary.errors, Severity.WARNING: summary.warnings, Severity.INFO: summary.infos}
    least = Severity(fail_on).rank if fail_on != _NEVER else Severity.ERROR.rank + 1
    return any(count for severity, count in counts.items() if severity.rank >= least)


def _unread(files: Sequence[str]) -> TaxonomyError:
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return TaxonomyError(
        f"not everything could be checked, because a file could not be opened: {named}.",
        Remedy("See who may read it:", "ls -l"),
    )
