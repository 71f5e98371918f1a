"""Text with its lines: from an index to line and column, and the lines to show around a place."""

from array import array
from bisect import bisect_right
from itertools import accumulate

from taxonomy_tools.diagnostics import FrameLine, Span

_FRAME_WIDTH = 100


class Text:
    """Text with its lines. A line ends at LF or CRLF and nowhere else (YAML 1.1 has more: NEL, U+2028, U+2029)."""

    def __init__(self, text: str) -> None:
        self.text = text
        # An array, not a list: 1 MiB of line ends would be 40 MB of Python's integers.
        self._starts = array("I", accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
        self._starts.pop()

    @property
    def lines(self) -> int:
        """The number of lines; after a last line end comes one more, an empty one."""
        return len(self._starts)

    def start(self, number: int) -> int:
        """The index at which a line starts. The number, counted from 1, must be that of a line."""
        return self._starts[number - 1]

    def line(self, number: int) -> str:
        """The line of that number, counted from 1, without its end; `""` where there is none."""
        if not 1 <= number <= self.lines:
            return ""
        if number == self.lines:
            return self.text[self.start(number) :]
        return self.text[self.start(number) : self.start(number + 1) - 1].removesuffix("\r")

    def place(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of the code point at an index."""
        number = bisect_right(self._starts, index)
        return number, index - self.start(number) + 1

    def span(self, start: int, end: int) -> Span:
        """The stretch between two indices, at least one column wide."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(end, start))
        if (end_line, end_column) <= (line, column):
            end_line, end_column = line, column + 1
        return Span(line=line, column=column, end_line=end_line, end_column=end_column)

    def frame(self, span: Span) -> tuple[FrameLine, ...]:
        """The line that a span starts on, after the line before it (unless that is blank)."""
        offset = max(0, span.column - 1 - _FRAME_WIDTH // 2) if len(self.line(span.line)) > _FRAME_WIDTH else 0
        before = self._frame_line(span.line - 1, offset)
        line = self._frame_line(span.line, offset)
        return (before, line) if before.text.strip() else (line,)

    def _frame_line(self, number: int, offset: int) -> FrameLine:
        line = self.line(number)
        return FrameLine(
            number=number,
            text=line[offset : offset + _FRAME_WIDTH],
            offset=offset,
            cut=len(line) > offset + _FRAME_WIDTH,
        )


def shorten(value: str, width: int = 60) -> str:
    """The value in at most `width` code points, cut in the middle."""
    if len(value) <= width:
        return value
    half = (width - 1) // 2
    return f"{value[:half]}…{value[len(value) - (width - 1 - half) :]}"
