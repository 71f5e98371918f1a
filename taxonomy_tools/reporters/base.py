"""What a reporter is: one module that satisfies `Reporter`, fed a leaf at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO, TypeAlias

from taxonomy_tools.report import Comparison, LeafReport, Report, Summary


@dataclass(frozen=True, kw_only=True, slots=True)
class Appearance:
    """How a report for people looks. Formats for machines look the same whatever it says.

    `color` allows terminal colours; `quiet` leaves out all that is well.
    """

    color: bool = False
    quiet: bool = False


class Reporter(Protocol):
    """Writes one report to one stream: `start` once, `leaf` for each leaf in the order of their paths, `finish` once.

    A format in which an early part depends on a later leaf keeps what it needs and writes in `finish`; any other
    writes at once, so that nothing holds all leaves. A run that fails never comes to `finish`.
    """

    def start(self, comparison: Comparison) -> None:
        """Say what is compared with what."""
        ...

    def leaf(self, leaf: LeafReport) -> None:
        """Take the next leaf."""
        ...

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Close the report: the counts over all leaves, and sentences for the reader."""
        ...


ReporterFactory: TypeAlias = Callable[[TextIO, Appearance], Reporter]
"""What a format's line in `REPORTERS` names: a reporter for a stream."""


def write(report: Report, reporter: Reporter) -> None:
    """Play a whole report through a reporter, leaves in the order of their paths."""
    reporter.start(report.comparison)
    for leaf in sorted(report.leaves, key=lambda leaf: leaf.path):
        reporter.leaf(leaf)
    reporter.finish(report.summary, report.notes)
