"""Workflow commands for GitHub Actions: annotations on the lines of a pull request, and a few lines for the log.

GitHub shows 10 errors, 10 warnings and 10 notices a step and drops the rest without a word, in the order in which they
were printed. So the worst come first, those on changed lines before others, and what is not shown is counted, in a
notice and in the log.
"""

from collections.abc import Sequence
from typing import TextIO

from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.wording import closing, count, findings
from taxonomy_tools.reporters.worst import Worst, badness
from taxonomy_tools.text import shorten

_SHOWN = 10
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_LONGEST = 4_000
"""Characters of a message or a path: an annotation holds 64 KiB."""
_SIZE = 1 << 20


class GitHubReporter:
    """Keeps the worst of each severity, and writes at the end."""

    def __init__(self, stream: TextIO, appearance: Appearance) -> None:
        self._stream = stream
        self._quiet = appearance.quiet
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._worst = {severity: Worst(number=_SHOWN, size=_SIZE) for severity in _COMMANDS}

    def start(self, comparison: Comparison) -> None:
        """Write what is compared into the log."""
        if self._quiet:
            return
        with_base = f" with {self._name(comparison.base)}" if comparison.base else ""
        self._log(f"{'Comparing' if with_base else 'Checking'} {self._name(comparison.head)}{with_base}")

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep what may be among the worst; an annotation without a file stands on the run's own page."""
        self._keep(None, diagnostics)

    def leaf(self, leaf: LeafReport) -> None:
        """Keep what may be among the worst."""
        self._keep(leaf, leaf.diagnostics)

    def _keep(self, leaf: LeafReport | None, diagnostics: Sequence[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            if diagnostic.severity in self._worst:
                self._worst[diagnostic.severity].put(badness(leaf, diagnostic), self._annotation(diagnostic))

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Write the annotations, errors first, and the counts."""
        shown = {severity: [text for _, text in worst.texts()] for severity, worst in self._worst.items()}
        hidden = self._hidden(shown)
        if hidden:
            # The notice that says so takes a place of its own.
            shown[Severity.INFO] = shown[Severity.INFO][: _SHOWN - 1]
            hidden = self._hidden(shown)
        for texts in shown.values():
            self._stream.writelines(f"{text}\n" for text in texts)
        if hidden:
            said = f"{hidden} not shown here: GitHub shows {_SHOWN} of each kind a step, and these are the worst."
            self._stream.write(f"::notice title=taxonomy-tools::{_data(said)}\n")
        if not self._quiet:
            for note in notes:
                self._log(shorten(reveal(note, encoding=self._encoding), _LONGEST))
        if not self._quiet or hidden or any(shown.values()):
            more = f" Not shown as annotations: {hidden}." if hidden else ""
            self._log(closing(summary) + more if summary.leaves or findings(summary) or not notes else "")
        self._stream.flush()

    def _hidden(self, shown: dict[Severity, list[str]]) -> str:
        numbers = ((self._worst[severity].offered - len(texts), severity.value) for severity, texts in shown.items())
        return ", ".join(count(number, noun) for number, noun in numbers if number)

    def _annotation(self, diagnostic: Diagnostic) -> str:
        """The workflow command for one diagnostic; the hint is a line of its own below the message."""
        properties = {
            **({"file": self._name(diagnostic.file), **_place(diagnostic.span)} if diagnostic.file else {}),
            "title": reveal(f"{diagnostic.code} {diagnostic.name}", encoding=self._encoding),
        }
        listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        lines = [diagnostic.message, *([f"hint: {diagnostic.hint}"] if diagnostic.hint else [])]
        said = "\n".join(reveal(shorten(line, _LONGEST), encoding=self._encoding) for line in lines)
        return f"::{_COMMANDS[diagnostic.severity]} {listed}::{_data(said)}"

    def _name(self, name: str) -> str:
        """A path or a ref as it is, so that GitHub finds the file; what cannot be printed is written out."""
        return reveal(shorten(name, _LONGEST), encoding=self._encoding)

    def _log(self, line: str) -> None:
        """Write a line that is no workflow command, neither `::name::` nor, anywhere in it, `##[name]`."""
        if line:
            said = _defused(line)
            if said.lstrip().startswith("::"):
                said = said.replace("::", "\\x3a:", 1)
            self._stream.write(f"{said}\n")


def _place(span: Span | None) -> dict[str, int]:
    """Lines and columns as GitHub counts them: from 1, and columns only within one line (others are an error there).

    The end of a span is exclusive, so one that ends where a line begins ends with the line before.
    """
    if span is None:
        return {}
    last = span.end_line - 1 if span.end_line > span.line and span.end_column <= 1 else span.end_line
    place = {"line": span.line, "endLine": max(span.line, last)}
    if span.end_line == span.line:
        place |= {"col": span.column, "endColumn": max(span.column, span.end_column)}
    return place


def _data(text: str) -> str:
    """What stands behind the `::` of a command."""
    return _defused(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """What stands behind the `=` of a property: there, colons and commas end things too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _defused(text: str) -> str:
    """Text without `##[`, which the runner takes for a command of the older kind wherever it stands in a line."""
    return text.replace("##[", "##\\x5b")
