"""The bytes of an `attribution.txt`, read once: which works it names, what it says of each, and where.

Upstream's form is a line a field, `Title of work: ...`, and works apart from each other by blank lines. What people
write is more varied, so fields are known by many names, may be in brackets or followed by `=`, and go on over indented
lines; and where there are no fields, the lines are taken for what they look like.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from taxonomy_tools.diagnostics import Span
from taxonomy_tools.text import Text


class Field(Enum):
    """What an attribution says of a work. The values are upstream's own names of the fields."""

    TITLE = "Title of work"
    LINK = "Link to work"
    REVISION = "Revision"
    LICENSE = "License of the work"
    CREATOR = "Creator names"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A field of a work. `value` is its text, on one line; `span` is where the first line of it stands.

    An empty value stands where its field does.
    """

    field: Field
    value: str
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One work. `named` tells whether its fields have names, `own` that its contributor claims to have made it.

    `span` is where its first line stands.
    """

    entries: tuple[Entry, ...]
    span: Span
    named: bool
    own: bool

    def of(self, field: Field) -> tuple[Entry, ...]:
        """What is said in a field: once as a rule, never or several times otherwise."""
        return tuple(entry for entry in self.entries if entry.field is field)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """An `attribution.txt`: its text, and the works in it."""

    text: Text
    works: tuple[Work, ...]


_NAMES = {
    Field.TITLE: r"titles?(?: of(?: the)? works?)?|names? of(?: the)? works?|work titles?|works?",
    Field.LINK: r"(?:links?|urls?)(?: (?:to|of)(?: the)? (?:works?|sources?))?|sources?(?: (?:links?|urls?))?",
    Field.REVISION: r"revisions?|versions?",
    Field.LICENSE: r"(?:spdx )?licen[cs]es?(?: (?:identifiers?|names?))?(?: (?:of|for)(?: the)? works?)?",
    Field.CREATOR: r"(?:creators?|authors?)(?:'s)?(?: names?)?(?: of(?: the)? works?)?",
}
_FIELD = re.compile("|".join(f"(?P<{field.name}>{names})" for field, names in _NAMES.items()))
# A name, in brackets or not, before a colon or an equals sign. The lengths are bounds for the search alone.
_NAMED_LINE = re.compile(r"[\s>*#-]{0,40}\[?([A-Za-z][A-Za-z_'() \t-]{0,39}?)\]?[ \t]{0,9}[:=](?!//)[ \t]*")
_RULER = re.compile(r"\s*(?:-{3,}|={3,}|\*{3,}|_{3,})\s*")
_BULLET = re.compile(r"\s*(?:\d{1,3}[.)]\s|[*+-]\s)?\s*")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_LICENSE = re.compile(
    r"(?:CC|GPL|AGPL|LGPL|OGL|GFDL|MPL|EPL|ODC|CDLA|BSD|Apache)[\w. -]{0,40}\d.{0,40}|MIT(?: licen[cs]e)?|public domain"
    r"|creative commons.{0,80}",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\bself[- ]?(?:authored|made|created|generated|written)\b"
    r"|\b(?:my|our|his|her|their)? ?own (?:work|words?|text|content|knowledge|creation|experience)\b"
    r"|\bpersonal (?:experience|knowledge|work)\b|\boriginal (?:work|content)\b"
    r"|\b(?:authored|created|made|written) by (?:me|myself|the contributor)\b|\bI (?:wrote|made|created|authored)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its end: where it starts in the text, and the field that it begins, if any."""

    start: int
    text: str
    field: Field | None = None
    value_at: int = 0

    @property
    def blank(self) -> bool:
        return not self.text.strip()


# A few: several rules read the same file one after the other.
@lru_cache(maxsize=4)
def parse(data: bytes) -> Attribution:
    """Read the bytes of an `attribution.txt`. Never raises; what is not UTF-8 is read as far as it goes."""
    text = Text(_decode(data))
    return Attribution(text=text, works=tuple(_works(text)))


def _decode(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def _works(text: Text) -> Iterator[Work]:
    blocks = list(_blocks(text))
    named = [block for block in blocks if _fields(block)]
    if not named:
        yield from (_work(text, block, own=False) for block in blocks)
        return
    # Beside works that are named, other text is a remark; it may be on whose they are.
    own = any(_is_own(block) for block in blocks if not _fields(block))
    yield from (_work(text, lines, own=own) for lines in _grouped(named))


def _grouped(blocks: list[list[_Line]]) -> Iterator[list[_Line]]:
    """The lines of one work after the other.

    Some put a blank line between the fields of a work, others none between works: a field that is there already starts
    a new one after a blank line, and a title does so anywhere.
    """
    work: list[_Line] = []
    known: set[Field] = set()
    for block in blocks:
        if known & _fields(block):
            yield work
            work, known = [], set()
        for line in block:
            if line.field is Field.TITLE and line.field in known:
                yield work
                work, known = [], set()
            work.append(line)
            if line.field is not None:
                known.add(line.field)
    yield work


def _is_own(lines: list[_Line]) -> bool:
    return any(_OWN.search(line.text) for line in lines)


def _fields(lines: list[_Line]) -> set[Field]:
    return {line.field for line in lines if line.field is not None}


def _blocks(text: Text) -> Iterator[list[_Line]]:
    """The lines, in stretches that blank lines and rulers part."""
    block: list[_Line] = []
    for line in _lines(text.text):
        if not line.blank and not _RULER.fullmatch(line.text):
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        match = _NAMED_LINE.match(line)
        field = _field(match[1]) if match else None
        yield _Line(start, line.removesuffix("\r"), field, match.end() if match else 0)
        start += len(line) + 1


def _field(name: str) -> Field | None:
    words = " ".join(re.sub(r"[_-]|\(s\)", " ", name).casefold().split())
    match = _FIELD.fullmatch(words)
    return Field[match.lastgroup] if match and match.lastgroup else None


def _work(text: Text, lines: list[_Line], *, own: bool) -> Work:
    first = lines[0]
    indent = len(first.text) - len(first.text.lstrip())
    named = bool(_fields(lines))
    return Work(
        entries=tuple(_named_entries(text, lines) if named else _guessed_entries(text, lines)),
        span=text.span(first.start + indent, first.start + len(first.text.rstrip())),
        named=named,
        own=own or _is_own(lines),
    )


def _named_entries(text: Text, lines: list[_Line]) -> Iterator[Entry]:
    """The fields with their values, which go on over lines that are indented, or start on the next one."""
    parts: list[tuple[int, str]] = []
    started: tuple[Field, _Line] | None = None
    for line in lines:
        if line.field is not None:
            if started is not None:
                yield _entry(text, *started, parts)
            started, parts = (line.field, line), [(line.start + line.value_at, line.text[line.value_at :].strip())]
        elif not any(value for _, value in parts[-1:]) or line.text[:1].isspace():
            skipped = _skipped(line.text)
            parts.append((line.start + skipped, line.text[skipped:].strip()))
    if started is not None:
        yield _entry(text, *started, parts)


def _entry(text: Text, field: Field, line: _Line, parts: list[tuple[int, str]]) -> Entry:
    """A field whose value has so many lines; where there is no value, the field's name is shown."""
    said = [part for part in parts if part[1]]
    start = said[0][0] if said else line.start + len(line.text) - len(line.text.lstrip())
    end = start + len(said[0][1]) if said else line.start + len(line.text.rstrip())
    value = " ".join(part for _, part in said)
    return Entry(field=field, value=value, span=text.span(start, end))


def _skipped(line: str) -> int:
    match = _BULLET.match(line)
    return match.end() if match else 0


def _guessed_entries(text: Text, lines: list[_Line]) -> Iterator[Entry]:
    """Lines without names: a link, a licence, first of the rest a title, and then those who made it."""
    title = False
    for line in lines:
        skipped = _skipped(line.text)
        value = line.text[skipped:].strip()
        if _LINK.search(value):
            field = Field.LINK
        elif _LICENSE.fullmatch(value):
            field = Field.LICENSE
        elif _OWN.search(value):
            continue
        else:
            field = Field.CREATOR if title else Field.TITLE
            title = True
        start = line.start + skipped
        yield Entry(field=field, value=value, span=text.span(start, start + len(value)))
