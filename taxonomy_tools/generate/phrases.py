"""Phrases that are said again and again: the loops that models fall into."""

from collections.abc import Sequence

from taxonomy_tools.generate.wording import words_of
from taxonomy_tools.text import shorten

_LONGEST_PHRASE = 40
"""Words of a phrase whose repetition is looked for."""
_FEWEST_TIMES = 4
_FEWEST_WORDS = 24
"""Words that the repetitions make up together: "ha ha ha ha" is no loop, and a song has its refrain."""
_LONG_WORD = 60
"""Letters from which on a word is looked at as if its letters were words (`hahaha...`)."""
_ROW = 1000
"""Characters of such a word that are looked at."""


def repeated_phrase(text: str) -> str:
    """What a text says again and again, with how often ("`and so on` 12 times in a row"); "" if nothing.

    A phrase of up to 40 words that stands there four times in a row or more, and 24 words with all its repetitions. A
    phrase is looked for in time that grows with the words of a text (which `words_of` bounds) times 40.
    """
    words = words_of(text)
    for word in words:
        if len(word) >= _LONG_WORD and any(map(str.isalnum, word[:_ROW])):  # a ruler is none
            found = _loop(word[:_ROW], _LONG_WORD)
            if found is not None:
                start, length, times = found
                return _told(word[start : start + length], times)
    found = _loop(words, _FEWEST_WORDS)
    if found is None:
        return ""
    start, length, times = found
    return _told(" ".join(words[start : start + length]), times)


def _told(phrase: str, times: int) -> str:
    return f"`{shorten(phrase)}` {times:,} times in a row"


def _loop(items: Sequence[str], fewest: int) -> tuple[int, int, int] | None:
    """The shortest phrase that repeats: its start, its length, how many times in a row; None without one."""
    for length in range(1, min(_LONGEST_PHRASE, len(items) // _FEWEST_TIMES) + 1):
        needed = max(fewest, length * _FEWEST_TIMES) - length
        same = 0
        best = end = 0
        for index in range(length, len(items)):
            same = same + 1 if items[index] == items[index - length] else 0
            if same > best:
                best, end = same, index
        if best >= needed:
            return end - best - length + 1, length, (best + length) // length
    return None
