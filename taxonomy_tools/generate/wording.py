"""The words of a text, as two texts are compared by them."""

import re
from unicodedata import normalize

MOST_CHARACTERS = 60_000
"""Code points of a text that are read; what comes after says nothing new of whether it is a copy."""
MOST_WORDS = 4_000
_LONGEST_NORMALISED = 100
"""Code points: Unicode's normal forms take time that is quadratic in the length of a run of combining marks."""
_WORD = re.compile(
    # Scripts without spaces, a character at a time: Han, kana, Thai, Lao, Burmese, Khmer.
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
    # Arrows, mathematical operators, dingbats and pictures: each says something.
    r"|[\u2190-\u2bff\U0001f000-\U0001faff]"
    # A word with the marks that stand on its letters, which are no \w to Python, and with what stands after '.
    r"|(?:[^\W_]|[^\x00-\u00bf\s\w\u02b0-\u02ff\u2000-\u303f\ufe00-\ufe6f\uff00-\uff0f])+(?:['’][^\W_]+)*"
)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded, in order: without case, white space, punctuation, and ways of composing letters.

    Of scripts without spaces each character is a word. A text that has none of all this (`=>`) is one word, itself. A
    long text is cut, to 60,000 code points and 4,000 words.
    """
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS]
    words = _WORD.findall(text.casefold())[:MOST_WORDS]
    if not text.isascii():
        words = [_composed(word) for word in words]
    return tuple(words) or tuple(["".join(text.split())] if text.strip() else [])


def _composed(word: str) -> str:
    """The word with its letters composed; curly apostrophes are those of typewriters."""
    if word.isascii():
        return word
    return (normalize("NFKC", word) if len(word) <= _LONGEST_NORMALISED else word).replace("’", "'")
