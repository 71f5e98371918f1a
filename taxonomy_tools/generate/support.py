"""How much of a response its context holds."""

from collections.abc import Iterable

from taxonomy_tools.generate.wording import words_of

FEWEST_WORDS = 6
"""Words with content below which a response says too little to ask for support ("Yes", "Negative, 3 of 5")."""
_SHORTEST = 3
_STEM = 3
"""Letters that are left of a word at least, however many endings it has."""
_LONGEST_STEM = 7
"""Letters by which words are compared: what comes after is mostly ending, in more languages than English."""
_ENDINGS = ("'s", "ingly", "edly", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y")
# What English says in any text; the words of other languages that do are in their contexts.
_SMALL = frozenset(
    "about above after again against all also although always among and another any are around as because been before"
    " being below between both but can cannot could did does doing done down due during each either else etc even ever"
    " every few for from further had has have having hence her here hers him his how however if into its itself just"
    " like made make makes many may might more most much must neither nor not now often once one only onto other others"
    " our out over own per rather same several shall she should since some such than that the their them then there"
    " therefore these they this those through thus together too toward towards two under until upon use used uses using"
    " very via was way well were what when where whether which while who whom whose why will with within without would"
    " yes yet you your".split()
)


def content_words(text: str) -> frozenset[str]:
    """The words of a text that say what it is about, each once, without their endings."""
    return frozenset(_stem(word) for word in words_of(text) if _says_something(word))


def support(response: str, *sources: str, neutral: frozenset[str] = frozenset()) -> float | None:
    """The share of a response's content words that its sources hold, from 0 to 1; None where there are too few.

    `neutral` are words (as `content_words` gives them) that need no support: those of the leaf's own answers, which are
    the names of what is asked for (`positive`, `summary`).
    """
    said = content_words(response) - neutral
    if len(said) < FEWEST_WORDS:
        return None
    held: frozenset[str] = frozenset().union(*map(content_words, sources))
    return len(said & held) / len(said)


def shared_words(texts: Iterable[str]) -> frozenset[str]:
    """The content words that two of the texts have at least."""
    seen: set[str] = set()
    shared: set[str] = set()
    for text in texts:
        words = content_words(text)
        shared |= words & seen
        seen |= words
    return frozenset(shared)


def _says_something(word: str) -> bool:
    return word.isdigit() or not word.isascii() or (len(word) >= _SHORTEST and word not in _SMALL)


def _stem(word: str) -> str:
    if word.isdigit() or len(word) <= _STEM:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= _STEM:
            word = word[: -len(ending)]
            break
    return word[:_LONGEST_STEM]
