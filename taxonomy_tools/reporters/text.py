"""The report that people read on a terminal: what changed, what is wrong and where, and a line that counts."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from posixpath import basename, dirname
from typing import TextIO

import click

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.cells import width
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.frame import COLORS, render
from taxonomy_tools.reporters.wording import closing, count, details, findings

_LETTER_COLORS = {
    ChangeKind.ADDED: "green",
    ChangeKind.MODIFIED: "yellow",
    ChangeKind.RENAMED: "cyan",
    ChangeKind.COPIED: "cyan",
    ChangeKind.REMOVED: "red",
}
_SHORT_HASH = 7
_WIDEST_PATH = 64


def wants_color(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Whether colour belongs on a stream: a terminal that is not dumb, and NO_COLOR (no-color.org) not set."""
    variables = os.environ if environment is None else environment
    return not variables.get("NO_COLOR") and variables.get("TERM") != "dumb" and stream.isatty()


class TextReporter:
    """Writes the header at once and the rest at the end, because the table of changes comes before the findings."""

    def __init__(self, stream: TextIO, appearance: Appearance) -> None:
        self._stream = stream
        self._appearance = appearance
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._leaves: list[LeafReport] = []
        self._contribution: Sequence[Diagnostic] = ()
        self._blocks = 0

    def start(self, comparison: Comparison) -> None:
        """Write what is compared, and why that base was taken."""
        if not self._appearance.quiet:
            self._write_block(self._header(comparison))

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep them: they come after the table of changes."""
        self._contribution = diagnostics

    def leaf(self, leaf: LeafReport) -> None:
        """Keep the leaf, unless nothing of it will be printed."""
        if leaf.diagnostics or (leaf.change is not None and not self._appearance.quiet):
            self._leaves.append(leaf)

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Write the table of changes, the findings about commits and then leaf by leaf, the notes and the counts."""
        quiet = self._appearance.quiet
        if not quiet:
            self._write_block(self._table())
        self._write_block(self._commits())
        for leaf in self._leaves:
            self._write_block(self._findings(leaf))
        if not quiet:
            self._write_block(reveal(note, encoding=self._encoding) for note in notes)
        if not quiet or self._contribution or any(leaf.diagnostics for leaf in self._leaves):
            self._write_block([closing(summary)] if summary.leaves or findings(summary) or not notes else [])

    def _write_block(self, lines: Iterable[str]) -> None:
        """Write lines as one block, an empty line away from the block before it; no lines are no block."""
        block = "".join(f"{line}\n" for line in lines)
        if block:
            click.echo(("\n" if self._blocks else "") + block, self._stream, nl=False, color=self._appearance.color)
            self._blocks += 1

    def _name(self, name: str) -> str:
        return escape(name, encoding=self._encoding) or "."

    def _header(self, comparison: Comparison) -> Iterator[str]:
        head = self._name(comparison.head)
        if not comparison.base:
            yield f"Checking {head}"
            return
        base = self._name(comparison.base)
        facts = ["every leaf counts as added"]
        if comparison.start:
            facts = [("commit " if comparison.direct else "merge base ") + comparison.start[:_SHORT_HASH]]
        if comparison.behind:
            facts.append(f"{count(comparison.behind, 'commit')} behind")
        way = "directly with" if comparison.direct else "with"
        yield f"Comparing {head} {way} {base} ({', '.join(facts)})"
        if comparison.reason:
            yield click.style(f"Why {base}: {reveal(comparison.reason, encoding=self._encoding)}", dim=True)

    def _table(self) -> Iterator[str]:
        """One line a changed leaf: letter, path, kind, what changed in it."""
        rows = [
            (
                leaf.change.kind,
                self._path_cell(leaf),
                leaf.kind.value if leaf.kind else "",
                details(leaf, encoding=self._encoding),
            )
            for leaf in self._leaves
            if leaf.change is not None
        ]
        widths = [width(path) for _, path, _, _ in rows]
        path_column = max((cells for cells in widths if cells <= _WIDEST_PATH), default=0)
        kind_column = max((len(kind) for _, _, kind, _ in rows), default=0)
        for (change, path, kind, said), cells in zip(rows, widths, strict=True):
            letter = click.style(change.letter, fg=_LETTER_COLORS[change], bold=True)
            columns = [letter, path + " " * (path_column - cells), *([kind.ljust(kind_column)] if kind_column else [])]
            yield "  ".join([*columns, said]).rstrip(" ")

    def _path_cell(self, leaf: LeafReport) -> str:
        old = leaf.change.old_path if leaf.change else None
        return self._name(leaf.path) if old is None else f"{self._name(old)} -> {self._name(leaf.path)}"

    def _commits(self) -> Iterator[str]:
        """What is wrong with the commits; how to mend it is said once where one way mends several."""
        if self._contribution:
            yield click.style("Commits", bold=True)
        for _, group in groupby(self._contribution, key=lambda diagnostic: diagnostic.hint):
            diagnostics = tuple(group)
            yield from (f"  {self._said(diagnostic)}" for diagnostic in diagnostics)
            yield from (f"  {line}" for line in render(diagnostics[-1], encoding=self._encoding))

    def _findings(self, leaf: LeafReport) -> Iterator[str]:
        """A leaf's diagnostics with their frames.

        In a comparison they stand under the leaf's path, which need not be said again in each; elsewhere each one
        starts with its whole place, which terminals and editors turn into a link.
        """
        if not leaf.diagnostics:
            return
        indent, folder = "", None
        if leaf.change is not None:
            yield click.style(self._name(leaf.path), bold=True)
            indent, folder = "  ", leaf.path
        for diagnostic in sorted(leaf.diagnostics, key=lambda diagnostic: diagnostic.sort_key):
            yield indent + self._finding(diagnostic, folder)
            for line in render(diagnostic, encoding=self._encoding):
                yield indent + line

    def _finding(self, diagnostic: Diagnostic, folder: str | None) -> str:
        """The diagnostic's own line. A file in `folder` is named without it, any other by its whole path."""
        span = diagnostic.span
        file = basename(diagnostic.file) if dirname(diagnostic.file) == folder else diagnostic.file
        return f"{self._name(file)}{f':{span.line}:{span.column}' if span else ''}: {self._said(diagnostic)}"

    def _said(self, diagnostic: Diagnostic) -> str:
        severity = click.style(diagnostic.severity.value, fg=COLORS[diagnostic.severity], bold=True)
        message = reveal(diagnostic.message, encoding=self._encoding)
        return f"{severity} {diagnostic.code} {diagnostic.name}: {message}"
