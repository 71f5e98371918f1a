"""The scripts that a text is written in."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import category, name

from taxonomy_tools.generate.wording import MOST_CHARACTERS

_FEWEST_LETTERS = 3
"""Letters of another script that say nothing: π, Δ, µ, a borrowed sign."""
_LARGEST_SHARE = 0.1
"""The share of another script's letters up to which a text quotes it (a name, with how it is written at home)."""
_MOST_LETTERS = 60
"""Letters of another script that are no quotation any more, however long the text is."""
# Characters of Han, kana and Hangul say as much as three letters.
_DENSE = {"CJK": 3, "HIRAGANA": 3, "KATAKANA": 3, "HANGUL": 3}
# With what the names of letters begin that are no script's: those of formulas, signs, and forms for old encodings.
_NEUTRAL = frozenset(
    "MATHEMATICAL MODIFIER FEMININE MASCULINE MICRO OHM KELVIN ANGSTROM DOUBLE-STRUCK SCRIPT BLACK-LETTER PLANCK EULER"
    " TURNED ALEF BET GIMEL DALET INFORMATION ROMAN SUPERSCRIPT SUBSCRIPT FULLWIDTH HALFWIDTH SQUARE CIRCLED"
    " IDEOGRAPHIC VERTICAL COMBINING INCREMENT".split()
)


class Scripts:
    """The scripts of a leaf: those that its own texts are written in, where they are more than a letter or two."""

    def __init__(self, own: Iterable[str]) -> None:
        self._own = frozenset(_letters(own))

    def find(self, *texts: str, known: str = "") -> str:
        """Which other script a text is written in, in words; "" if none is.

        `known` is text whose scripts may be used too: what the prompt gave.
        """
        if not self._own:
            return ""
        more = frozenset(_letters([known])) if known else frozenset()
        for text in texts:
            letters = _letters([text])
            weights = {script: count * _DENSE.get(script, 1) for script, count in letters.items()}
            total = sum(weights.values())
            for script, count in sorted(letters.items()):
                few = count < _FEWEST_LETTERS or (
                    weights[script] <= _LARGEST_SHARE * total and weights[script] <= _MOST_LETTERS
                )
                if not few and script not in self._own and script not in more:
                    return f"{count:,} letters are {_TOLD.get(script, script.title())}"
        return ""


_TOLD = {"CJK": "Han"}


def _letters(texts: Iterable[str]) -> Counter[str]:
    """How many letters of each script texts have."""
    letters: Counter[str] = Counter()
    for text in texts:
        if text.isascii():
            letters["LATIN"] += sum(map(str.isalpha, text[:MOST_CHARACTERS]))
            continue
        for character, count in Counter(text[:MOST_CHARACTERS]).items():
            script = _script(character)
            if script:
                letters[script] += count
    return +letters


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    """The script of a letter, by its name in Unicode; "" for what is no letter, or a letter of no script."""
    if not category(character).startswith("L"):
        return ""
    first = name(character, "").split(" ")[0]
    return "" if first in _NEUTRAL else first
