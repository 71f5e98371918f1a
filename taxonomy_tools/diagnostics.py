"""What is wrong with a taxonomy, as values: severities, places, diagnostics."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding matters. Compare with `rank`: the higher, the worse."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"

    @property
    def rank(self) -> int:
        """3 for an error, down to 0 for what is switched off."""
        return {Severity.ERROR: 3, Severity.WARNING: 2, Severity.INFO: 1, Severity.OFF: 0}[self]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """A stretch of one file. Lines and columns count from 1, columns in code points; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def at(cls, line: int, column: int, width: int = 1) -> "Span":
        """A stretch of `width` code points within one line."""
        return cls(line=line, column=column, end_line=line, end_column=column + width)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameLine:
    """A line of source to show beside a diagnostic.

    `text` is what stands from column `offset + 1` on: a long line is cut around the place that matters, and
    `cut` says that something to the right was left out.
    """

    number: int
    text: str
    offset: int = 0
    cut: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One thing that is wrong, with all that a report needs: no reporter reads a file.

    `file` is relative to the Git root (to the taxonomy where there is no repository); `leaf` is the leaf node's
    folder relative to the taxonomy. Both are empty for what is about a commit, which the message then names. `span` is
    None where the whole file is meant. `hint` is what stands beside the carets: the shortest mend. `frame` holds the
    line of the span's start and, where there is one, the line before. `fixable` says that `--fix` mends it.
    """

    code: str
    name: str
    severity: Severity
    message: str
    leaf: str
    file: str
    span: Span | None = None
    hint: str = ""
    frame: tuple[FrameLine, ...] = ()
    fixable: bool = False

    @property
    def line_text(self) -> str:
        """The text of the line that it begins on, as far as it is shown, without its indentation; else empty."""
        if self.span is None:
            return ""
        number = self.span.line
        return next((line.text.strip() for line in self.frame if line.number == number), "")

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The order of every report: path, line, column, code."""
        line, column = (self.span.line, self.span.column) if self.span else (0, 0)
        return (self.file, line, column, self.code, self.message)
