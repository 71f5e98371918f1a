"""A Code Quality report for GitLab: one JSON array, an object a finding (GitLab, "Code Quality report format")."""

from collections.abc import Sequence
from typing import TextIO

from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.fingerprint import fingerprinted
from taxonomy_tools.reporters.json import Json, dump
from taxonomy_tools.text import shorten

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}
_LONGEST = 4_000
_ROOT = "."


class GitLabReporter:
    """Writes each finding at once, a line each."""

    def __init__(self, stream: TextIO, _appearance: Appearance) -> None:
        self._stream = stream
        self._written = 0

    def start(self, comparison: Comparison) -> None:
        """Write nothing: the format has no place for what is compared."""

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Write the findings about commits."""
        self.leaf(LeafReport(path="", kind=None, diagnostics=tuple(diagnostics)))

    def leaf(self, leaf: LeafReport) -> None:
        """Write the leaf's findings."""
        for diagnostic, fingerprint in fingerprinted(leaf):
            self._stream.write(("[\n" if not self._written else ",\n") + dump(_issue(diagnostic, fingerprint)))
            self._written += 1

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:  # noqa: ARG002 - as a reporter is called
        """Close the array."""
        self._stream.write("\n]\n" if self._written else "[]\n")
        self._stream.flush()


def _issue(diagnostic: Diagnostic, fingerprint: str) -> dict[str, Json]:
    """One finding. The format wants a line: the first, where the whole file is meant.

    It wants a path too: that of a finding about a commit is the repository's root, for a commit is in no one file.
    """
    span = diagnostic.span
    hint = f" ({shorten(diagnostic.hint, _LONGEST)})" if diagnostic.hint else ""
    said = f"{diagnostic.code} {diagnostic.name}: {shorten(diagnostic.message, _LONGEST)}{hint}"
    lines: dict[str, Json] = {"begin": span.line if span else 1}
    if span and span.end_line > span.line:
        lines["end"] = span.end_line
    return {
        "description": reveal(said),
        "check_name": diagnostic.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[diagnostic.severity],
        "location": {"path": reveal(diagnostic.file) or _ROOT, "lines": lines},
    }
