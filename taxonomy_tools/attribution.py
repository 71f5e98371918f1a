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
from typing import NamedTuple

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
# A name, in brackets, as an item or emphasized (Markdown) or not, before a colon or an equals sign. The lengths are
# bounds for the search alone.
_NAMED_LINE = re.compile(
    r"[\s>*#_+-]{0,40}(?:\d{1,3}[.)]\s{1,9}[*_]{0,3})?\[?([A-Za-z][A-Za-z_'() \t-]{0,39}?)\]?[*_]{0,3}[ \t]{0,9}"
    r"[:=](?!//)(?:[*_]{1,3}(?=\s|$))?[ \t]*"
)
_RULER = re.compile(r"\s*(?:-{3,}|={3,}|\*{3,}|_{3,})\s*")
_BULLET = re.compile(r"\s*(?:\d{1,3}[.)]\s|[*+-]\s)?\s*")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_LICENSE = re.compile(
    r"(?:CC|GPL|AGPL|LGPL|OGL|GFDL|MPL|EPL|ODC|CDLA|BSD|Apache)[\w. -]{0,40}\d.{0,40}|MIT(?: licen[cs]e)?|public domain"
    r"|creative commons.{0,80}",
    re.IGNORECASE,
)
_MOST_WORKS = 10_000
"""Works that are told apart; no licence that stands behind them is lost."""
_GUESSED_LINES = 10_000
"""Lines that are read of a file without names of fields: what they say is a guess, and more are no list of works."""
_OWN = re.compile(
    r"\bself[- ]?(?:authored|made|created|generated|written)\b"
    r"|\b(?:my|our|his|her|their)? ?own (?:work|words?|text|content|knowledge|creation|experience)\b"
    r"|\bpersonal (?:experience|knowledge|work)\b|\boriginal (?:work|content)\b"
    r"|\b(?:authored|created|made|written) by (?:me|myself|the contributor)\b|\bI (?:wrote|made|created|authored)\b",
    re.IGNORECASE,
)


# No frozen dataclass: a file of 1 MiB may hold a million lines, and each of them would take four times as long.
class _Line(NamedTuple):
    """A line without its end: its number from 1, and the field that it begins, if any, with the place of its value."""

    number: int
    text: str
    field: Field | None = None
    value_at: int = 0

    def span(self, start: int, end: int) -> Span:
        """The stretch between two indices into the line, at least one column wide."""
        return Span.at(self.number, start + 1, max(end - start, 1))


# A few: several rules read the same file one after the other.
@lru_cache(maxsize=4)
def parse(data: bytes) -> Attribution:
    """Read the bytes of an `attribution.txt`. Never raises; what is not UTF-8 is read as far as it goes."""
    text = Text(_decode(data))
    return Attribution(text=text, works=tuple(_works(text.text)))


def _decode(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def _works(text: str) -> Iterator[Work]:
    blocks = list(_blocks(text))
    named = [block for block in blocks if _fields(block)]
    if not named:
        yield from (_work(block, own=False) for block in _first(blocks))
        return
    # Beside works that are named, other text is a remark; it may be on whose they are.
    own = any(_is_own(block) for block in blocks if not _fields(block))
    yield from (_work(lines, own=own) for lines in _grouped(named))


def _first(blocks: list[list[_Line]]) -> Iterator[list[_Line]]:
    """The first lines, in their blocks."""
    left = _GUESSED_LINES
    for block in blocks:
        if left <= 0:
            return
        yield block[:left]
        left -= len(block)


def _grouped(blocks: list[list[_Line]]) -> Iterator[list[_Line]]:
    """The lines of one work after the other.

    Some put a blank line between the fields of a work, others none between works: a field that is there already starts
    a new one after a blank line, and a title does so anywhere. What follows on very many works is taken for one.
    """
    work: list[_Line] = []
    known: set[Field] = set()
    left = _MOST_WORKS
    for block in blocks:
        if left > 1 and not known.isdisjoint(_fields(block)):
            yield work
            work, known, left = [], set(), left - 1
        for line in block:
            if left > 1 and line.field is Field.TITLE and line.field in known:
                yield work
                work, known, left = [], set(), left - 1
            work.append(line)
            if line.field is not None:
                known.add(line.field)
    yield work


def _is_own(lines: list[_Line]) -> bool:
    return _OWN.search("\n".join([line.text for line in lines])) is not None


def _fields(lines: list[_Line]) -> set[Field]:
    return {line.field for line in lines if line.field is not None}


def _blocks(text: str) -> Iterator[list[_Line]]:
    """The lines, in stretches that blank lines and rulers part."""
    block: list[_Line] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line and not line.isspace() and not _RULER.fullmatch(line):
            block.append(_line(number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _line(number: int, line: str) -> _Line:
    match = _NAMED_LINE.match(line)
    field = _field(match[1]) if match else None
    return _Line(number, line.removesuffix("\r"), field, match.end() if match else 0)


def _field(name: str) -> Field | None:
    words = " ".join(re.sub(r"[_-]|\(s\)", " ", name).casefold().split())
    match = _FIELD.fullmatch(words)
    return Field[match.lastgroup] if match and match.lastgroup else None


def _work(lines: list[_Line], *, own: bool) -> Work:
    first = lines[0]
    named = bool(_fields(lines))
    return Work(
        entries=tuple(_named_entries(lines) if named else _guessed_entries(lines)),
        span=first.span(len(first.text) - len(first.text.lstrip()), len(first.text.rstrip())),
        named=named,
        own=own or _is_own(lines),
    )


def _named_entries(lines: list[_Line]) -> Iterator[Entry]:
    """The fields with their values, which go on over lines that are indented, or start on the next one."""
    parts: list[tuple[_Line, int, str]] = []
    started: tuple[Field, _Line] | None = None
    for line in lines:
        if line.field is not None:
            if started is not None:
                yield _entry(*started, parts)
            started, parts = (line.field, line), [(line, line.value_at, line.text[line.value_at :].strip())]
        elif not any(value for *_, value in parts[-1:]) or line.text[:1].isspace():
            skipped = _skipped(line.text)
            parts.append((line, skipped, line.text[skipped:].strip()))
    if started is not None:
        yield _entry(*started, parts)


def _entry(field: Field, named: _Line, parts: list[tuple[_Line, int, str]]) -> Entry:
    """A field whose value has so many lines; where there is no value, the field's name is shown."""
    said = [part for part in parts if part[2]]
    if not said:
        indent = len(named.text) - len(named.text.lstrip())
        return Entry(field=field, value="", span=named.span(indent, len(named.text.rstrip())))
    line, start, first = said[0]
    value = " ".join(part for *_, part in said)
    return Entry(field=field, value=value, span=line.span(start, start + len(first)))


def _skipped(line: str) -> int:
    match = _BULLET.match(line)
    return match.end() if match else 0


def _guessed_entries(lines: list[_Line]) -> Iterator[Entry]:
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
        yield Entry(field=field, value=value, span=line.span(skipped, skipped + len(value)))
