"""Leaves of version 1 and 2, lifted to version 3: what a machine can do is done, and the rest is marked in place.

The version is set, and what version 3 takes for no text gets its quotes. What needs a person (examples, an outline, a
key that has no place any more) is not made up: a comment above the place says what is due. Comments, order and style
stay, and what the document says is held against what it said before. A leaf of version 3 is not touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taxonomy_tools import schemas
from taxonomy_tools.diagnostics import Span
from taxonomy_tools.document import Document, load
from taxonomy_tools.fix import Repair, Wanted, fixes
from taxonomy_tools.layout import schema_kind
from taxonomy_tools.schemas import Violation
from taxonomy_tools.text import shorten

NEWEST = 3
MARK = "# taxonomy migrate:"
_OLD = (1, 2)
_NUMBERS = {1: "one", 3: "three", 5: "five"}
_ITEMS = {"seed_examples": "seed example", "questions_and_answers": "pair of question and answer"}
_LONGEST = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What is left for a person, and where it stands in the text afterwards; no place means the file as a whole."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """A document afterwards. `version` is the one that it had, None where it was not lifted.

    `is_newest` says that it was of version 3 already.
    """

    content: bytes
    version: int | None = None
    is_newest: bool = False
    left: tuple[Left, ...] = ()


def migrate(content: bytes, leaf: str) -> Migration:
    """Lift the bytes of a leaf's `qna.yaml` to version 3. `leaf` is its path relative to the taxonomy.

    What cannot be read, or is of no version that is known, comes back as it is, with what to do first. Never raises for
    what the bytes hold.
    """
    document = load(content)
    if not isinstance(document, Document):
        problem = document[0]
        return Migration(content=content, left=(Left(message=f"mend it first: {problem.message}", span=problem.span),))
    version = schemas.version_of(document.data)
    if version == NEWEST:
        return Migration(content=content, is_newest=True, left=tuple(_marks(document)))
    if not isinstance(document.data, dict) or version not in _OLD:
        reason = "a version that is not known" if isinstance(document.data, dict) else "no keys"
        return Migration(content=content, left=(Left(message=f"mend it first: it has {reason}"),))
    lifted = _with_version(document, content)
    if lifted is None:
        message = f"write `version: {NEWEST}` yourself: its text leaves no place for it"
        return Migration(content=content, left=(Left(message=message),))
    quoted = _with_quotes(lifted, leaf)
    marked, left = _with_marks(quoted, leaf)
    return Migration(content=marked, version=version, left=left)


def _marks(document: Document) -> Iterator[Left]:
    """The marks of an earlier run: each stays until somebody has done what it says, and removes it."""
    if MARK in document.text.text:
        for comment in document.comments():
            if comment.text.startswith(MARK):
                yield Left(message=comment.text.removeprefix(MARK).strip(), span=comment.span)


# The version


def _with_version(document: Document, content: bytes) -> bytes | None:
    """The bytes with `version: 3`, None where that cannot be written without a change to anything else."""
    text = document.text.text
    if isinstance(document.data, dict) and "version" in document.data:
        span, source = document.span(("version",)), document.source(("version",))
        start = document.text.start(span.line) + span.column - 1
        if text[start : start + len(source)] != source or "\n" in source:
            return None
        lifted = f"{text[:start]}{NEWEST}{text[start + len(source) :]}"
    else:
        span = document.span(())
        start = document.text.start(span.line)
        indent = text[start : start + span.column - 1]
        if indent.strip(" ") or text[start + span.column - 1] == "{":
            return None
        lifted = f"{text[:start]}{indent}version: {NEWEST}{_line_end(text)}{text[start:]}"
    return _checked(document, lifted, content)


def _checked(document: Document, lifted: str, content: bytes) -> bytes | None:
    """The text as bytes, with the byte order mark of those before, if it says what it said but for its version."""
    marks = content.decode()[: -len(document.text.text)] if document.text.text else ""
    new_content = (marks + lifted).encode()
    new = load(new_content)
    if not isinstance(new, Document) or not _same_but_version(document.data, new.data):
        return None
    return new_content


def _same_but_version(old: object, new: object) -> bool:
    if not isinstance(old, dict) or not isinstance(new, dict) or type(new.get("version")) is not int:
        return False
    rest = [(key, value) for key, value in new.items() if key != "version"]
    return new["version"] == NEWEST and rest == [(key, value) for key, value in old.items() if key != "version"]


def _line_end(text: str) -> str:
    first, newline, _ = text.partition("\n")
    return "\r\n" if newline and first.endswith("\r") else "\n"


# Quotes


def _with_quotes(content: bytes, leaf: str) -> bytes:
    """The bytes with quotes around what is no text where version 3 wants text."""
    document = load(content)
    if not isinstance(document, Document):
        return content
    scalars = {
        document.span(violation.route) for violation in _violations(document, leaf) if _lacks(document, violation)
    }
    scalars |= {scalar.span for scalar in document.malformed}
    return fixes(content, Wanted(repairs=frozenset({Repair.QUOTES}), scalars=frozenset(scalars))).content


def _violations(document: Document, leaf: str) -> Sequence[Violation]:
    return schemas.violations(schema_kind(leaf, document.data), document.data)


def _lacks(document: Document, violation: Violation) -> bool:
    return violation.code == "TX303" and violation.expected == "string" and document.is_plain(violation.route)


# Marks


def _with_marks(content: bytes, leaf: str) -> tuple[bytes, tuple[Left, ...]]:
    """The bytes with a comment above each place that needs a person, and these places."""
    document = load(content)
    if not isinstance(document, Document):
        return content, ()
    due: dict[tuple[Span, str], None] = {}
    for violation in _violations(document, leaf):
        due.setdefault((document.span(violation.route, violation.on), _message(violation)))
    if not due:
        return content, ()
    places = sorted(due)
    by_line: dict[int, list[str]] = {}
    for span, message in places:
        by_line.setdefault(span.line, []).append(message)
    marked = _checked_marks(document, _inserted(document, by_line), content)
    if marked is None:
        return content, tuple(Left(message=message, span=span) for span, message in places)
    added = 0
    left = []
    line = 0
    for span, message in places:
        if span.line != line:
            line = span.line
            added += len(by_line[line])
        end = span.end_line + added
        moved = Span(line=line + added, column=span.column, end_line=end, end_column=span.end_column)
        left.append(Left(message=message, span=moved))
    return marked, tuple(left)


def _inserted(document: Document, by_line: Mapping[int, Sequence[str]]) -> str:
    text = document.text.text
    end = _line_end(text)
    parts = []
    place = 0
    for line, messages in sorted(by_line.items()):
        start = document.text.start(line)
        indent = " " * (len(document.text.line(line)) - len(document.text.line(line).lstrip(" ")))
        parts += [text[place:start], *(f"{indent}{MARK} {message}{end}" for message in messages)]
        place = start
    return "".join([*parts, text[place:]])


def _checked_marks(document: Document, marked: str, content: bytes) -> bytes | None:
    """As `_checked`: in a text that nobody foresees, a comment might become a part of what it is about."""
    return _checked(document, marked, content)


def _message(violation: Violation) -> str:
    """What to do about a violation, in one line that may stand in a comment."""
    field = _name(violation.field)
    match violation.code:
        case "TX301":
            return f"write {_name(violation.key)}: version {NEWEST} needs it"
        case "TX302":
            return f"move or remove {_name(violation.key)}: version {NEWEST} has no place for it"
        case "TX304" if isinstance(violation.limit, int):
            item, missing = _ITEMS.get(violation.field, "item"), violation.limit - violation.count
            number = _NUMBERS.get(violation.limit, str(violation.limit))
            plural = f"{item.replace('pair', 'pairs', 1)}" if item.startswith("pair") else f"{item}s"
            return f"write {missing} more {item if missing == 1 else plural}: version {NEWEST} needs {number}"
        case "TX305":
            return f"write {field}: in version {NEWEST} it must not be empty"
        case "TX306":
            return f"change this item of {field}: item {violation.first + 1} is the same"
        case "TX303":
            return f"make {field} {violation.expected_words}: it is {violation.value_words}"
        case _:
            return f"mend {field}: version {NEWEST} does not take it so"


def _name(key: object) -> str:
    """A key, as far as it can stand in a line."""
    text = shorten(str(key), _LONGEST) if isinstance(key, str) else ""
    return f"`{text}`" if text and text.isprintable() else "this"
