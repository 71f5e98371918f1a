"""Code frames: the lines of source that a diagnostic is about, with carets under the place."""

from collections.abc import Iterator

import click

from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.reporters.cells import CellLine, lay_out
from taxonomy_tools.reporters.escape import reveal

COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue", Severity.OFF: "white"}
_MARGIN = "   "


def render(diagnostic: Diagnostic, *, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a diagnostic's frame, styled. Without a frame only the hint, if there is one."""
    hint = reveal(diagnostic.hint, encoding=encoding)
    if not diagnostic.frame:
        if hint:
            yield f"{_MARGIN}{_dim('hint:')} {hint}"
        return
    pointed = False
    digits = max(len(str(line.number)) for line in diagnostic.frame)
    for line in diagnostic.frame:
        shown = lay_out(line.text, encoding=encoding)
        before, after = _ellipses(line, encoding)
        yield f"{_gutter(str(line.number), digits)}{before}{shown.text}{after}".rstrip(" ")
        if diagnostic.span is not None and line.number == diagnostic.span.line:
            pointed = True
            carets = " " * len(before) + _carets(shown, line, diagnostic.span)
            said = click.style(f"{carets.lstrip()} {hint}".rstrip(), fg=COLORS[diagnostic.severity], bold=True)
            yield f"{_gutter('', digits)}{' ' * (len(carets) - len(carets.lstrip()))}{said}"
    if hint and not pointed:
        yield f"{_gutter('', digits)}{hint}"


def _gutter(number: str, digits: int) -> str:
    return _dim(f"{_MARGIN}{number:>{digits}} |") + " "


def _dim(text: str) -> str:
    return click.style(text, dim=True)


def _ellipses(line: FrameLine, encoding: str) -> tuple[str, str]:
    """What stands where a long line was cut off: to its left, to its right."""
    ellipsis = "…" if reveal("…", encoding=encoding) == "…" else "..."
    return ellipsis if line.offset else "", ellipsis if line.cut else ""


def _carets(shown: CellLine, line: FrameLine, span: Span) -> str:
    """Spaces up to the span, then one caret a cell. A span that goes on below ends with the line."""
    start = max(0, span.column - 1 - line.offset)
    end = span.end_column - 1 - line.offset if span.end_line == span.line else len(line.text)
    first, last = shown.extent(start, end)
    return " " * first + "^" * (last - first)
