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
        start, end = self._bounds(number)
        return self.text[start:end]

    def _bounds(self, number: int) -> tuple[int, int]:
        """Where a line starts and ends."""
        if not 1 <= number <= self.lines:
            return 0, 0
        start = self.start(number)
        if number == self.lines:
            return start, len(self.text)
        end = self.start(number + 1) - 1
        return start, end - 1 if end > start and self.text[end - 1] == "\r" else end

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
        start, end = self._bounds(span.line)
        offset = max(0, span.column - 1 - _FRAME_WIDTH // 2) if end - start > _FRAME_WIDTH else 0
        before = self._frame_line(span.line - 1, offset)
        line = self._frame_line(span.line, offset)
        return (before, line) if before.text.strip() else (line,)

    def _frame_line(self, number: int, offset: int) -> FrameLine:
        # Only what is shown is copied: thousands of findings may stand in one line of 1 MiB.
        start, end = self._bounds(number)
        return FrameLine(
            number=number,
            text=self.text[min(start + offset, end) : min(start + offset + _FRAME_WIDTH, end)],
            offset=offset,
            cut=end - start > offset + _FRAME_WIDTH,
        )


def shorten(value: str, width: int = 60) -> str:
    """The value in at most `width` code points, cut in the middle."""
    if len(value) <= width:
        return value
    half = (width - 1) // 2
    return f"{value[:half]}…{value[len(value) - (width - 1 - half) :]}"
