"""There are characters in the text that nobody sees.

What it flags
    Characters of `qna.yaml` (comments and keys too, and what escapes in double quotes stand for) and `attribution.txt`
    that are not shown or change how others are shown: controls of the direction of text, zero-width characters, tags,
    rows of variation selectors, blank letters, soft hyphens and control characters. Not where they have a use: in
    emoji, between letters of scripts that need joiners, and marks of direction beside text that runs from right to
    left.

Why
    A reviewer approves what is seen, and a model learns what is there: words that are torn apart, text in another
    order, or whole sentences in invisible letters.

Instead
    task_description: To find rhymes.

For example
    task_description: To find U+200Brhymes.
"""

import re
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import TypeAlias

from taxonomy_tools.attribution import parse
from taxonomy_tools.diagnostics import Severity, Span
from taxonomy_tools.document import Document
from taxonomy_tools.rules.base import Finding, Subject, number_of
from taxonomy_tools.text import Text, shorten

CODE = "TX510"
NAME = "hidden-characters"
SEVERITY = Severity.WARNING

_Stretch: TypeAlias = tuple[int, int, str]
"""Where hidden characters start and end in a text, and what they are."""
_LINES = 50
"""Lines of a file that are told of one by one."""
_NAMED = 3
"""Different characters of a line that are named."""
_TAG = 0xE0000
_BIDI_MARKS = "\u061c\u200e\u200f"
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# All that a reader does not see (Unicode's Default_Ignorable_Code_Point, and the controls) but for what scripts use to
# shape their own letters (Mongolian, Hangul, Khmer, shorthand, musical notation).
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
# A black flag with tags behind it is that of a region, if it ends as it should (UTS 51).
_REGION = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
# Letters that joiners shape: the Arabic family, the scripts of India and its neighbours, N'Ko, Mongolian, Adlam.
_JOINED = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\ua8ff\ua930-\ua9ff\uaa00-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010f6f\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
# Letters of scripts that write no spaces, where U+200B is where a line may break.
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u3040-\u30ff\u3400-\u9fff]")
# What shapes old Hangul, and Braille, whose space is a cell without dots.
_JAMO = re.compile("[\u1100-\u115e\u1161-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_BRAILLE = re.compile("[\u2801-\u28ff]")
# Escapes of YAML in double quotes, and those that may stand for what is not seen.
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "v": "\v",
    "N": "\x85",
    "L": "\u2028",
    "P": "\u2029",
    "n": "\n",
}
_MAY_HIDE = re.compile(r"\\[0abevNLPxuU]")
_PICTURE = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff\u20e3]")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a line of either file, up to so many."""
    if subject.document is not None:
        for span, message in _hidden(subject.document.text, _escaped(subject.document)):
            yield Finding(message=message, span=span, hint="remove what is not seen")
    if subject.attribution is not None:
        text = parse(subject.attribution).text
        for span, message in _hidden(text):
            yield Finding(
                message=message,
                span=span,
                frame=text.frame(span),
                file=subject.attribution_path,
                hint="remove what is not seen",
            )


def _hidden(text: Text, escaped: Iterable[_Stretch] = ()) -> Iterator[tuple[Span, str]]:
    """Where in a text something is hidden, a line at most once, and what it is."""
    raw = hidden_stretches(text.text) if _HIDDEN.search(text.text) else iter(())
    lines: dict[int, tuple[Span, list[str]]] = {}
    for start, end, characters in merge(raw, escaped):
        number, _ = text.place(start)
        if number not in lines:
            lines[number] = (text.span(start, end), [])
        lines[number][1].append(characters)
    for count, (span, stretches) in enumerate(lines.values()):
        if count == _LINES - 1 and len(lines) > _LINES:
            yield span, f"{_described(stretches)}, and more in {number_of(len(lines) - _LINES, 'line')} below"
            return
        yield span, _described(stretches)


def _escaped(document: Document) -> Iterator[_Stretch]:
    """What escapes hide in a document's scalars."""
    text = document.text.text
    if _MAY_HIDE.search(text) is not None:
        for start, end in document.escaped():
            yield from _hidden_by_escapes(text[start:end], start)


def _hidden_by_escapes(source: str, offset: int) -> Iterator[_Stretch]:
    """What escapes hide in a scalar of that source, at an offset into the text."""
    parts: list[str] = []
    places: list[int] = []  # of each escape in what is read
    escapes: list[re.Match[str]] = []
    length = last = 0
    for match in _ESCAPE.finditer(source):
        parts.append(source[last : match.start()])
        length += match.start() - last
        places.append(length)
        escapes.append(match)
        parts.append(_character(match))
        length += len(parts[-1])
        last = match.end()
    for start, end, characters in hidden_stretches("".join([*parts, source[last:]])):
        first, behind = bisect_left(places, start), bisect_left(places, end)
        if first < behind:  # without an escape, it is seen in the text as it is
            yield offset + escapes[first].start(), offset + escapes[behind - 1].end(), characters


def _character(match: re.Match[str]) -> str:
    """The character that an escape stands for; of a letter, for what is seen or breaks a line, one that is seen."""
    code = match[1] or match[2] or match[3]
    if code is not None:
        return chr(min(int(code, 16), sys.maxunicode))
    return _ESCAPED.get(match[4], match[4])


def hidden_stretches(text: str) -> Iterator[_Stretch]:
    """Rows of hidden characters that have no use where they stand: where they start and end, and what they are."""
    regions = {match.start() + 1 for match in _REGION.finditer(text)}
    right_to_left = _RightToLeft(text)
    for match in _HIDDEN.finditer(text):
        start, characters = match.start(), match[0]
        if start in regions:
            used = len(characters.partition("\U000e007f")[0]) + 1
            start, characters = start + used, characters[used:]
        before = text[start - 1] if start else ""
        after = text[match.end()] if match.end() < len(text) else ""
        if not characters or _is_of_use(characters, before, after):
            continue
        if not characters.strip(_BIDI_MARKS) and right_to_left.around(start):
            continue
        yield start, start + len(characters), characters


def _is_of_use(characters: str, before: str, after: str) -> bool:
    """Whether hidden characters do something between their neighbours."""
    if characters in _JOINERS:
        return _JOINED.match(before) is not None or (characters == "\u200d" and _is_picture(before, after))
    if characters == "\u200b":
        return _UNSPACED.match(before) is not None and _UNSPACED.match(after) is not None
    if characters in "\u115f\u1160":
        return _JAMO.match(before) is not None or _JAMO.match(after) is not None
    if not characters.strip("\u2800"):
        return _BRAILLE.match(before) is not None or _BRAILLE.match(after) is not None
    if characters == "\u034f":  # between marks it keeps their order
        return before != "" and unicodedata.category(before) == "Mn"
    if characters == "\ufe0f\u200d":
        return _is_picture(before, after)
    if len(characters) == 1 and re.match(f"[{_SELECTORS}]", characters):
        return _is_selected(characters, before)
    return False


def _is_picture(before: str, after: str) -> bool:
    """Whether a joiner stands between two parts of an emoji."""
    return _PICTURE.match(before) is not None and _PICTURE.match(after) is not None


def _is_selected(selector: str, before: str) -> bool:
    """Whether a variation selector stands behind what has variants: of ASCII only digits, `#` and `*` have."""
    if not before or before.isspace() or (before.isascii() and before not in "0123456789#*"):
        return False
    return selector < "\U000e0100" or unicodedata.category(before) == "Lo"


class _RightToLeft:
    """Which lines of a text hold letters that run from right to left; each line is looked at once."""

    _STRONG = re.compile(
        "[\u0590-\u05ff\u0620-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
    )

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = -1
        self._found = False

    def around(self, index: int) -> bool:
        """Whether the line around an index does. Indices must come in order."""
        if index >= self._end:
            start = self._text.rfind("\n", 0, index) + 1
            end = self._text.find("\n", index)
            self._end = end if end >= 0 else len(self._text) + 1
            self._found = self._STRONG.search(self._text, start, self._end) is not None
        return self._found


def _described(stretches: list[str]) -> str:
    """What is hidden in a line: the names of the characters, or what the tags among them spell."""
    characters = "".join(stretches)
    spelled = "".join(chr(ord(character) - _TAG) for character in characters if 0x20 <= ord(character) - _TAG < 0x7F)
    if spelled:
        return f"{number_of(len(spelled), 'hidden tag')} spell `{shorten(spelled)}`"
    distinct = dict.fromkeys(characters)
    named = [_name(character, characters.count(character)) for character in list(distinct)[:_NAMED]]
    if len(distinct) > _NAMED:
        named.append(f"and {number_of(len(distinct) - _NAMED, 'other')}")
    return f"hidden {'characters' if len(characters) > 1 else 'character'} {', '.join(named)}"


def _name(character: str, count: int) -> str:
    code = ord(character)
    name = unicodedata.name(character, "") or _UNNAMED.get(code, "a control character" if code < 0xA0 else "unassigned")
    return f"U+{code:04X} {name}" + (f" ({count:,} times)" if count > 1 else "")


# Unicode gives control characters no names; these are those of ISO 6429.
_UNNAMED = {
    0x00: "NULL",
    0x08: "BACKSPACE",
    0x0B: "LINE TABULATION",
    0x1B: "ESCAPE",
    0x7F: "DELETE",
    0x85: "NEXT LINE",
}
