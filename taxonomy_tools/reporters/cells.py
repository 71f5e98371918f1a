"""How wide text is on a terminal, in cells.

Terminals differ; this goes by what most agree on: East Asian wide and fullwidth characters take two cells (Unicode
Standard Annex 11), combining marks none, and emoji that are joined, toned or given a variation selector take the two
cells of one emoji.
"""

from dataclasses import dataclass
from unicodedata import category, east_asian_width

from taxonomy_tools.reporters.escape import COMMAND, JOINERS, shown_as

_TAB = 4
_JOINER = "\u200d"
_EMOJI_SELECTOR = "\ufe0f"
_FIRST_EMOJI = 0x1F000
_TONES = range(0x1F3FB, 0x1F400)
# The vowels and final consonants of decomposed Hangul are drawn into the cells of the first consonant.
_HANGUL_PARTS = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))


@dataclass(frozen=True, kw_only=True, slots=True)
class CellLine:
    """A line as it is printed, and where in it each of the original's code points stands.

    `starts` and `ends` hold, for each code point, the first cell of the character that it is part of and the cell
    after its last. `width` is that of the whole line.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    width: int

    def extent(self, start: int, end: int) -> tuple[int, int]:
        """The cells, first and after the last, of the code points from `start` up to `end`: at least one.

        What lies past the end of the line stands in the cell after it.
        """
        first = self.starts[start] if start < len(self.starts) else self.width
        last = self.ends[min(end, len(self.ends)) - 1] if min(end, len(self.ends)) > start else first
        return first, max(last, first + 1)


def width(text: str) -> int:
    """The cells that printable text takes."""
    return lay_out(text).width


def lay_out(text: str, *, encoding: str = "utf-8") -> CellLine:
    """One line of source as it is printed: tabs expanded to multiples of four, the unprintable escaped."""
    if text.isascii() and text.isprintable() and COMMAND not in text:  # nearly all of them, 50 times faster
        number = len(text)
        return CellLine(text=text, starts=tuple(range(number)), ends=tuple(range(1, number + 1)), width=number)
    pieces: list[str] = []
    starts: list[int] = []
    cell = start = 0
    base = before = " "
    last_two = " "
    for character in text:
        tab = " " * (_TAB - cell % _TAB) if character == "\t" else ""
        piece = tab or shown_as(character, after=last_two, encoding=encoding)
        if piece != character:
            start, base = cell, " "
            cell += len(piece)
        elif _extends(character, base=base, before=before):
            cell += _widening(character, before=before)
        else:
            start, base = cell, character
            cell += 2 if _is_wide(character) else 1
        pieces.append(piece)
        starts.append(start)
        before, last_two = character, last_two[-1] + character
    return CellLine(text="".join(pieces), starts=tuple(starts), ends=_ends(starts, cell), width=cell)


def _extends(character: str, *, base: str, before: str) -> bool:
    """Whether a character is drawn into the cells of the one that it follows."""
    code = ord(character)
    if category(character) in ("Mn", "Me") or character in JOINERS or any(code in part for part in _HANGUL_PARTS):
        return True
    if code in _TONES:
        return _is_emoji(base)
    return before == _JOINER and _is_emoji(base) and _is_emoji(character)


def _widening(character: str, *, before: str) -> int:
    """One cell more for a narrow symbol that is asked to look like an emoji."""
    symbol = not before.isalpha() and not before.isspace() and category(before) != "Mn"
    return int(character == _EMOJI_SELECTOR and symbol and not _is_wide(before))


def _is_wide(character: str) -> bool:
    if category(character) == "Cn":  # Python says F of all that its Unicode does not know; new emoji are wide
        return ord(character) >= _FIRST_EMOJI
    return east_asian_width(character) in "WF"


def _is_emoji(character: str) -> bool:
    return category(character) == "So" or (category(character) == "Cn" and ord(character) >= _FIRST_EMOJI)


def _ends(starts: list[int], total: int) -> tuple[int, ...]:
    """For each code point the cell after its character: where the next character starts."""
    ends: list[int] = []
    end = following = total
    for start in reversed(starts):
        if start != following:
            end = following if ends else total
            following = start
        ends.append(end)
    return tuple(reversed(ends))
