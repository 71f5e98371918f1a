"""What was found in one leaf by itself, before severities and ignores: all that a verdict cache has to keep."""

from dataclasses import dataclass

from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Span
from taxonomy_tools.layout import LeafKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignore:
    """A comment `# taxonomy: ignore TX505` in a document.

    `span` is where the comment stands, `codes` what it names, in capitals, each once. It covers findings that begin on
    `line` (None: the comment is followed by nothing) and on those after it up to `last_line`, if that is more, and, if
    it stands above all content, those of the leaf that have no line in the document. One that is not written as it must
    be names nothing; `mistake` says what is wrong with it.
    """

    span: Span
    codes: tuple[str, ...]
    line: int | None
    whole_file: bool = False
    mistake: str = ""
    frame: tuple[FrameLine, ...] = ()
    last_line: int = 0

    @property
    def lines(self) -> range:
        """The lines of the document that it covers."""
        return range(self.line, max(self.line, self.last_line) + 1) if self.line is not None else range(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question of a leaf, for the rules that compare leaves, and where it stands in `qna.yaml`.

    `about` is a hash of what belongs to the question besides `text`, empty if there is nothing.
    """

    text: str
    span: Span
    about: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One leaf, examined. The files of the diagnostics are relative to the taxonomy, their severities the rules' own.

    `kind` is None where neither path nor document tell it. `seed_examples` and `lines` count those of the document;
    they are None without a document, and without the bytes of one.
    """

    kind: LeafKind | None
    seed_examples: int | None = None
    lines: int | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    questions: tuple[Question, ...] = ()
