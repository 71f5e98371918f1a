"""Hides in reports, which may be public, what a leaf should not hold: personal data, and who logs in to a repository.

All that is told of a leaf goes through here, whichever rule tells it: the line before a finding, or a question that is
quoted, may hold what another rule is about.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from taxonomy_tools.diagnostics import FrameLine
from taxonomy_tools.document import Document
from taxonomy_tools.rules import personal_data, unsafe_repository_url

_QUOTED = 80
"""Code points that a message quotes on either side of a cut, and more."""
_SHORTEST = 4
"""Code points of what a cut leaves of it, from which on they are hidden."""
_CUTS = 20
# What a scalar that is not taken as it is written may hold for one character, for a line break, or for nothing.
_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>000[0-9A-Fa-f]{5}|0010[0-9A-Fa-f]{4})"
    r"|(?P<joined>\r?\n[ \t]*)|(?P<other>[^\r\n]))|(?P<fold>[ \t]*\r?\n\s*)"
)
_FOLD = re.compile(r"(?P<fold>[ \t]*\r?\n\s*)")
_SPACES = frozenset("ntrNLPabefv0_ ")


@lru_cache(maxsize=1)
def masks_of(document: Document) -> "Masks | None":
    """What hides all that is to be hidden in a document; None for most, where there is nothing."""
    secrets = personal_data.found_in(document) | unsafe_repository_url.logins_in(document)
    return Masks(document, secrets) if secrets else None


class Masks:
    """What is to be hidden of a leaf, and where it stands in its document: as often as it does, folded or escaped."""

    def __init__(self, document: Document, secrets: Mapping[str, str]) -> None:
        """`secrets` are shown as what they are mapped to, which is as long."""
        self._text = document.text
        self._secrets = secrets

    def frame(self, frame: tuple[FrameLine, ...]) -> tuple[FrameLine, ...]:
        """Lines of the document without what is to be hidden."""
        return tuple(self._line(line) for line in frame)

    def _line(self, shown: FrameLine) -> FrameLine:
        if not 1 <= shown.number <= self._text.lines:
            return shown
        start = self._text.start(shown.number) + shown.offset
        places = slice(start, start + len(shown.text))
        before, after = self._text.text[places], self._masked[places]
        if before == after or len(before) != len(shown.text):
            return shown
        text = "".join(b if a != b else own for a, b, own in zip(before, after, shown.text, strict=True))
        return replace(shown, text=text)

    def words(self, message: str) -> str:
        """A message without what is to be hidden, and what a cut left of it."""
        characters = list(message)
        for start, secret in _candidates(message):
            if secret in self._secrets:
                characters[start : start + len(secret)] = self._secrets[secret]
        position = -1
        for _ in range(_CUTS):
            position = message.find("…", position + 1)
            if position < 0:
                break
            head = self._beginning(message[max(0, position - _QUOTED) : position])
            tail = self._end(message[position + 1 : position + 1 + _QUOTED])
            characters[position - len(head) : position] = head
            characters[position + 1 : position + 1 + len(tail)] = tail
        return "".join(characters)

    def _beginning(self, text: str) -> str:
        """What to show for what a text ends with, if that is how something begins that is to be hidden."""
        for start in range(len(text) - _SHORTEST + 1):
            part = text[start:]
            place = bisect_left(self._sorted, part)
            if place < len(self._sorted) and self._sorted[place].startswith(part):
                return self._secrets[self._sorted[place]][: len(part)]
        return ""

    def _end(self, text: str) -> str:
        """What to show for what a text begins with, if that is how something ends that is to be hidden."""
        for end in range(len(text), _SHORTEST - 1, -1):
            part = text[:end][::-1]
            place = bisect_left(self._reversed, part)
            if place < len(self._reversed) and self._reversed[place].startswith(part):
                return self._secrets[self._reversed[place][::-1]][-len(part) :]
        return ""

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._secrets)

    @cached_property
    def _reversed(self) -> list[str]:
        return sorted(secret[::-1] for secret in self._secrets)

    @cached_property
    def _masked(self) -> str:
        """The document's text, as long as it is."""
        source = self._text.text
        characters = list(source)
        # Line breaks are spaces to some scalars, and so are escapes what they stand for; to others neither are.
        for pattern in (None, _FOLD, *((_ESCAPE,) if "\\" in source else ())):
            for broken in " \n" if pattern is _ESCAPE else " ":
                flat = _Flat.of(source, pattern, broken)
                for start, secret in _candidates(flat.text):
                    for index, shown in enumerate(self._secrets.get(secret, "")):
                        if shown != secret[index]:
                            begin, end = flat.place(start + index)
                            characters[begin:end] = shown * (end - begin)
        return "".join(characters)


@dataclass(frozen=True, slots=True)
class _Flat:
    """A text with some of its stretches as one character or none; `starts` and `places` map it to the source."""

    text: str
    starts: list[int] = field(default_factory=lambda: [0])
    places: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])

    @classmethod
    def of(cls, source: str, pattern: re.Pattern[str] | None, broken: str) -> "_Flat":
        if pattern is None:
            return cls(source)
        parts: list[str] = []
        starts, places = [0], [(0, 0)]
        length = done = 0
        for match in pattern.finditer(source):
            stands_for = _meaning(match, broken)
            if len(stands_for) > match.end() - match.start():
                continue
            parts += (source[done : match.start()], stands_for)
            length += match.start() - done
            if stands_for:
                starts.append(length)
                places.append(match.span())
            length += len(stands_for)
            starts.append(length)
            done = match.end()
            places.append((done, done))
        return cls("".join((*parts, source[done:])), starts, places)

    def place(self, index: int) -> tuple[int, int]:
        """The stretch of the source that the character at an index stands for."""
        number = bisect_right(self.starts, index) - 1
        start, end = self.places[number]
        if end > start:
            return start, end
        start += index - self.starts[number]
        return start, start + 1


def _meaning(match: re.Match[str], broken: str) -> str:
    groups = match.groupdict()
    if groups["fold"] is not None:
        return broken
    code = groups["x"] or groups["u"] or groups["U"]
    if code:
        return chr(int(code, 16))
    other = groups["other"]
    return "" if other is None else " " if other in _SPACES else other


def _candidates(text: str) -> Iterator[tuple[int, str]]:
    """What may be something that is to be hidden, and where."""
    for pattern in (*personal_data.PATTERNS, unsafe_repository_url.LOGIN):
        for match in pattern.finditer(text):
            yield match.start(), match[0]
