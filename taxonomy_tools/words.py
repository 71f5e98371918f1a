"""Words: how many a text has, in any script, and a text as two that say the same have it."""

import re
import unicodedata
from itertools import groupby

_MOST_NORMALISED = 1000
"""Code points: Unicode's normal forms take time that is quadratic in the length of a run of combining marks."""

# Scripts that put no spaces between words: Han, kana and Yi with what goes along, and those of South-East Asia.
_DENSE = re.compile(
    "[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48f\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_LONG = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aad]")
_WORD = re.compile(r"[^\W_]\S*")
"""From its first letter or digit: what has none (`|---|` of a table, a dash, `=`) says nothing."""
_DENSE_WORD = 2
_LONG_WORD = 5
_FINAL_MARKS = ".?!:;,…。？！：；،؟।"


def count_words(text: str) -> int:
    """The number of words: what stands between white space and has a letter or a digit.

    In scripts without spaces it is estimated: two characters of Chinese or Japanese are a word, which is the average of
    a Chinese text, and five of Thai, Lao, Burmese or Khmer.
    """
    if text.isascii():
        return len(_WORD.findall(text))
    rest, dense = _DENSE.subn("", text)
    rest, long = _LONG.subn("", rest)
    return len(_WORD.findall(rest)) + -(-dense // _DENSE_WORD) + -(-long // _LONG_WORD)


def fold(text: str) -> str:
    """The text but for what makes no difference: case, white space, compatible characters, a final mark or two.

    Superscripts and subscripts are told from what they are made of: 10² is not 102. Three marks at the end and more are
    told from fewer: there are leaves that teach to count them.
    """
    if len(text) <= _MOST_NORMALISED and not text.isascii():
        text = _normalised(text)
    text = " ".join(text.casefold().split())
    bare = text.rstrip(_FINAL_MARKS)
    return bare.rstrip() if len(text) - len(bare) <= 2 else text


def _normalised(text: str) -> str:
    """The text in NFKC, but for its superscripts and subscripts, which stay what they are."""
    runs = groupby(text, key=_is_raised)
    return "".join("".join(run) if raised else unicodedata.normalize("NFKC", "".join(run)) for raised, run in runs)


def _is_raised(character: str) -> bool:
    return unicodedata.decomposition(character).startswith(("<super>", "<sub>"))
