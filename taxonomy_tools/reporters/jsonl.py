"""The report as JSON Lines: one leaf a line, as soon as it is done, for pipelines.

A line is the same object as in the `json` report, so `$defs/leaf` of `schema/report.schema.json` describes it. Only
where something is wrong with the commits, a line comes first that holds it and nothing else: `$defs/contribution`.
"""

from collections.abc import Sequence
from typing import TextIO

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.json import commit_object, dump, leaf_object


class JsonLinesReporter:
    """Keeps nothing, and flushes each line so that a reader sees it at once."""

    def __init__(self, stream: TextIO, _appearance: Appearance) -> None:
        self._stream = stream

    def start(self, comparison: Comparison) -> None:
        """Write nothing: every line is a leaf."""

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Write a line of its own, if there is anything to say."""
        if diagnostics:
            self._stream.write(dump({"contribution": [commit_object(diagnostic) for diagnostic in diagnostics]}) + "\n")
            self._stream.flush()

    def leaf(self, leaf: LeafReport) -> None:
        """Write the leaf's line."""
        self._stream.write(dump(leaf_object(leaf)) + "\n")
        self._stream.flush()

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Write nothing: every line is a leaf."""
