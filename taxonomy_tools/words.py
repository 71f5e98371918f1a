"""Words: how many a text has, in any script, and a text as two that say the same have it."""

import re
import unicodedata

_MOST_NORMALISED = 1000
"""Code points: Unicode's normal forms take time that is quadratic in the length of a run of combining marks."""

# Scripts that put no spaces between words: Han, kana and Yi with what goes along, and those of South-East Asia.
_DENSE = re.compile(
    "[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48f\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_LONG = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aad]")
_DENSE_WORD = 2
_LONG_WORD = 5
_FINAL_MARKS = ".?!:;,…。？！：；،؟।"


def count_words(text: str) -> int:
    """The number of words, as `wc -w` counts them: what stands between white space.

    In scripts without spaces it is estimated: two characters of Chinese or Japanese are a word, which is the average of
    a Chinese text, and five of Thai, Lao, Burmese or Khmer.
    """
    if text.isascii():
        return len(text.split())
    rest, dense = _DENSE.subn("", text)
    rest, long = _LONG.subn("", rest)
    return len(rest.split()) + -(-dense // _DENSE_WORD) + -(-long // _LONG_WORD)


def fold(text: str) -> str:
    """The text but for what makes no difference: case, white space, compatible characters (NFKC), a final mark or two.

    Three marks at the end and more are told from fewer: there are leaves that teach to count them.
    """
    if len(text) <= _MOST_NORMALISED and not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = " ".join(text.casefold().split())
    bare = text.rstrip(_FINAL_MARKS)
    return bare.rstrip() if len(text) - len(bare) <= 2 else text
