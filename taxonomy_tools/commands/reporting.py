"""What `diff` and `check` have in common: a plan is made, carried out, reported and judged."""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from taxonomy_tools.boundary import Exit
from taxonomy_tools.cache import Cache, open_cache
from taxonomy_tools.commands import fix
from taxonomy_tools.commands.known import known
from taxonomy_tools.commands.output import opened
from taxonomy_tools.contribution import not_looked_at
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.plan import Plan
from taxonomy_tools.policy import is_unopened
from taxonomy_tools.report import LeafReport, Summary
from taxonomy_tools.reporters import stream
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import closing
from taxonomy_tools.settle import Given

_NEVER = "never"
_PROGRESS = 100
"""From so many leaves on, a terminal shows how far it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to report and to judge.

    `given` is what the user says of the configuration. `outputs` pairs each format with its file, None for standard
    output.

    `fix` mends first what can be mended; with `dry_run`, that is shown as a patch instead of any report. With
    `no_baseline`, what the baseline holds is reported too; with `write_baseline`, all that is found becomes the
    baseline, in its own place or in `baseline_file`. `keep_baseline` says that what is gone is removed from it.
    """

    given: Given
    outputs: Sequence[tuple[str, Path | None]]
    fail_if_empty: bool
    jobs: int | None
    no_cache: bool
    quiet: bool
    fix: bool = False
    dry_run: bool = False
    no_baseline: bool = False
    write_baseline: bool = False
    baseline_file: Path | None = None
    keep_baseline: bool = False


def announce(message: str) -> None:
    """Say on standard error what is about to take a while, or goes on in another way."""
    with suppress(OSError):  # nobody listens
        click.echo(reveal(message), err=True)


def report(make_plan: Callable[[], Plan], options: Options) -> int:
    """Make a plan, carry it out, write its reports, and give the exit code.

    The files of the reports are opened first: what cannot be written is said before the work is done. Raises
    TaxonomyError when a check cannot run, when a file could not be read (the others are checked and reported first), or
    when a report cannot be written.
    """
    if options.dry_run:
        return _preview(make_plan, options)
    unread: list[str] = []
    unwritten: Sequence[str] = ()
    with ExitStack() as stack:
        alone = len(options.outputs) == 1
        outputs = [
            stack.enter_context(opened(name, file, alone=alone, quiet=options.quiet)) for name, file in options.outputs
        ]
        plan = make_plan()
        cache = stack.enter_context(_cache(plan, options))
        if options.fix:
            plan, unwritten = fix.mend(plan, make_plan, jobs=options.jobs, cache=cache)
        baseline = known(
            plan,
            without=options.no_baseline,
            write=options.write_baseline,
            file=options.baseline_file,
            keeps=options.keep_baseline,
        )
        notes = list(plan.notes)
        reports = stack.enter_context(ended(plan.reports(jobs=options.jobs, cache=cache, sieve=baseline.sieve)))
        leaves = _with_progress(baseline.noting(noting(reports, unread), notes, unread), len(plan.leaves))
        summary = stream(plan.comparison, leaves, notes, outputs, contribution=plan.contribution)
    if unwritten:
        raise fix.cannot_write(unwritten)
    if unread:
        raise unread_files(unread)
    return verdict(summary, plan, options)


def _preview(make_plan: Callable[[], Plan], options: Options) -> int:
    """Write the patch that `--fix` would apply, and give the exit code of what was found. Raises as `report` does."""
    unread: list[str] = []
    with ExitStack() as stack:
        plan = make_plan()
        fix.refuse_elsewhere(plan)
        baseline = known(plan, without=options.no_baseline, write=False, file=None, keeps=False)
        cache = stack.enter_context(_cache(plan, options))
        reports = stack.enter_context(ended(plan.reports(jobs=options.jobs, cache=cache, sieve=baseline.sieve)))
        fixable: list[LeafReport] = []
        summary = Summary.of(_keeping(noting(reports, unread), fixable), plan.contribution)
        fix.show(fix.mendings(plan, fixable, jobs=options.jobs, cache=cache), plan.settings.prefix)
    if not options.quiet:
        announce(closing(summary))
    if unread:
        raise unread_files(unread)
    return verdict(summary, plan, options)


def _cache(plan: Plan, options: Options) -> Cache:
    return Cache() if options.no_cache else open_cache(os.environ, announce, checkout=plan.checkout)


def _keeping(leaves: Iterable[LeafReport], fixable: list[LeafReport]) -> Iterator[LeafReport]:
    """The same leaves; those with something to mend are kept on the way."""
    for leaf in leaves:
        if any(diagnostic.fixable for diagnostic in leaf.diagnostics):
            fixable.append(leaf)
        yield leaf


@contextmanager
def ended(reports: Iterator[LeafReport]) -> Iterator[Iterator[LeafReport]]:
    """Reports that come to an end here, also when something fails: processes may be at work behind them."""
    try:
        yield reports
    finally:
        if isinstance(reports, Generator):
            reports.close()


def noting(leaves: Iterable[LeafReport], unread: list[str]) -> Iterator[LeafReport]:
    """The same leaves; the files that could not be opened are noted on the way."""
    for leaf in leaves:
        unread += [item.file for item in leaf.diagnostics if is_unopened(item)]
        yield leaf


def _with_progress(leaves: Iterable[LeafReport], number: int) -> Iterator[LeafReport]:
    if number < _PROGRESS or not sys.stderr.isatty():
        yield from leaves
        return
    with click.progressbar(leaves, length=number, label="Checking", file=sys.stderr) as bar:
        yield from bar


def verdict(summary: Summary, plan: Plan, options: Options) -> int:
    """The exit code of what was found. Raises TaxonomyError if it hangs on commits that were not looked at."""
    fail_on = plan.settled.config.fail_on
    if fails(summary, fail_on):
        return int(Exit.FINDINGS)
    if fails(Summary.of((), plan.unseen), fail_on):
        raise not_looked_at(plan.unseen[0])
    return int(options.fail_if_empty and not plan.leaves)


def fails(summary: Summary, fail_on: str) -> bool:
    """Whether there is a finding as severe as that."""
    counts = {Severity.ERROR: summary.errors, Severity.WARNING: summary.warnings, Severity.INFO: summary.infos}
    least = Severity(fail_on).rank if fail_on != _NEVER else Severity.ERROR.rank + 1
    return any(count for severity, count in counts.items() if severity.rank >= least)


def unread_files(files: Sequence[str]) -> TaxonomyError:
    """What to say of files that could not be opened."""
    named = ", ".join(escape(file) for file in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return TaxonomyError(
        f"not everything could be checked, because a file could not be opened: {named}.",
        Remedy("See who may read it:", "ls -l"),
    )
