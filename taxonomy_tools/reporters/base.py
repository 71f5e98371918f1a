"""What a reporter is: one module that satisfies `Reporter`, fed a leaf at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO, TypeAlias

from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.report import Comparison, LeafReport, Report, Summary


@dataclass(frozen=True, kw_only=True, slots=True)
class Appearance:
    """How a report for people looks. Formats for machines look the same whatever it says.

    `color` allows terminal colours; `quiet` leaves out all that is well.
    """

    color: bool = False
    quiet: bool = False


class Reporter(Protocol):
    """Writes one report to one stream: `start`, then `contribution`, `leaf` for each leaf by its path, then `finish`.

    A format in which an early part depends on a later leaf keeps what it needs and writes in `finish`; any other
    writes at once, so that nothing holds all leaves. A run that fails never comes to `finish`.
    """

    def start(self, comparison: Comparison) -> None:
        """Say what is compared with what."""
        ...

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Take what is wrong with the contribution as a whole; called once, most often with nothing."""
        ...

    def leaf(self, leaf: LeafReport) -> None:
        """Take the next leaf."""
        ...

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Close the report: the counts over all that was taken, and sentences for the reader."""
        ...


ReporterFactory: TypeAlias = Callable[[TextIO, Appearance], Reporter]
"""What a format's line in `REPORTERS` names: a reporter for a stream."""


def write(report: Report, *reporters: Reporter) -> None:
    """Play a whole report through reporters, leaves in the order of their paths."""
    leaves = sorted(report.leaves, key=lambda leaf: leaf.path)
    stream(report.comparison, leaves, report.notes, reporters, contribution=report.contribution)


def stream(
    comparison: Comparison,
    leaves: Iterable[LeafReport],
    notes: Sequence[str],
    reporters: Sequence[Reporter],
    *,
    contribution: Sequence[Diagnostic] = (),
) -> Summary:
    """Hand each leaf to every reporter as soon as it comes, and keep none; gives the counts over all.

    `leaves` come in the order of their paths. `notes` are read when the last leaf is through, so a list may still grow
    until then.
    """
    shown = tuple(diagnostic for diagnostic in contribution if diagnostic.severity is not Severity.OFF)
    for reporter in reporters:
        reporter.start(comparison)
        reporter.contribution(shown)
    summary = Summary.of(_hand_on(leaves, reporters), contribution)
    for reporter in reporters:
        reporter.finish(summary, notes)
    return summary


def _hand_on(leaves: Iterable[LeafReport], reporters: Sequence[Reporter]) -> Iterator[LeafReport]:
    for leaf in leaves:
        for reporter in reporters:
            reporter.leaf(leaf)
        yield leaf
