"""A leaf asks what another leaf asks already.

What it flags
    A question with the words of one in an earlier leaf (by its path), in their order: case, punctuation and small
    words (`the`, `please`) aside, and up to one word that says nothing (`located`, `really`) or is spelled in another
    way. Any other word more makes it another question, for it may be what the question is about (`population` and
    `population density`), and so does a word in the place of another. A question of a grounded skill is asked about
    its context, and is another one about another context. `taxonomy check` looks at all leaves that it checks, a
    comparison at those that changed. Where most questions of a leaf are those of one other, that is told once.

Why
    What two leaves ask is drawn twice as often, and where their answers differ, the model learns neither. Often a
    leaf was moved, and its old place was left behind.

Instead
    Which of the planets takes longest for one turn around its axis?

For example
    What is the capital of France?
    What's the capital of France
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from unicodedata import normalize

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document
from taxonomy_tools.rules.base import Finding, quote
from taxonomy_tools.rules.personal_data import without_data
from taxonomy_tools.seeds import pairs
from taxonomy_tools.verdict import Question

CODE = "TX502"
NAME = "similar-question"
SEVERITY = Severity.WARNING

_LONGEST = 500
"""Code points up to which questions are compared word by word; longer ones must be the same but for case and space."""
_SHOWN = 60
_MANY = 3
"""Questions from which on two leaves may be alike, and not only some of what they ask."""
_PRIME = (1 << 61) - 1
_BASE = 1_000_003
_WORD = re.compile(
    # Scripts without spaces, a character at a time: Han, kana, Thai, Lao, Burmese, Khmer.
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
    # A word, with the marks that stand on its letters (no \w to Python); then anything else that is seen.
    r"|(?:[^\W_]|[^\x00-\u00bf\s\w\u0589\u061f\u0964\u0965\u2000-\u206f\u3000-\u303f])+(?:'[^\W_]+)?"
    r"|[^\w\s]"
)
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_MARKS = frozenset(".,;:!?\"'`()[]{}*_…¿¡、。·؟।«»„“”‘‹›—–|\\\u00ad\u200b\u200c\u200d\u2060\ufeff")
_SMALL = frozenset({"the", "an", "please"})
_FILLERS = frozenset(
    "actually basically bitte eigentlich essentially ever exactly indeed kindly located me precisely quite really"
    " situated so that there truly vraiment".split()
)
"""Words without which a question asks the same. None that qualifies (`still`, `first`), counts (`some`) or negates."""
_ASKED_IS = frozenset({"what's", "who's", "where's", "when's", "how's", "that's", "it's", "there's"})
_MODALS = frozenset({"do", "can", "could", "should"})
_ANYBODY = frozenset({"i", "we"})
_RESPELLED = 6
"""Letters from which on a word may be spelled in another way: of shorter ones, too many differ by a letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The question `index` of a leaf asks what `leaf` asks on `line`: `text`. `score` is 1 for the same words."""

    index: int
    leaf: str
    line: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Known:
    """A question of an earlier leaf. `words` is what was compared, with spaces between."""

    leaf: str
    line: int
    text: str
    words: str
    about: str


@dataclass(frozen=True, slots=True)
class _Words:
    """What of a question is compared, and the places of words that say nothing or may be spelled in another way."""

    words: tuple[str, ...]
    fillers: frozenset[int] = frozenset()
    plain: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Hashes:
    """Of all words of a question; of all but a filler, for each; of all but a word that may be spelled otherwise."""

    whole: int
    less_filler: tuple[int, ...]
    respelled: tuple[int, ...]


class Questions:
    """The questions of leaves, fed in the order of their paths, each compared with those of earlier leaves.

    Two questions are alike if they have the same words, or if n words that both have, in one order, are all but a
    filler of one of them, or all but one word of each that both spell, and 2n / (2n + 1) is at least `similarity`. Each
    question costs time and memory in its own length, however alike all are: questions are found by the hash of their
    words, and by those of all words but one. Of several that are found by one hash, the first is taken.
    """

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._known: list[_Known] = []
        self._same: dict[tuple[str, str], int] = {}
        self._whole: dict[int, int] = {}
        self._less_filler: dict[int, int] = {}
        self._respelled: dict[int, int] = {}

    def compare(self, path: str, questions: Sequence[Question]) -> list[Match]:
        """The matches of a leaf's questions among all earlier leaves, the best of each; then they are known too."""
        found: list[Match] = []
        asked = [(question, _words(question.text)) for question in questions]
        for index, (question, words) in enumerate(asked):
            match = self._best(index, words, question.about)
            if match is not None:
                found.append(match)
        for question, words in asked:
            self._learn(path, question, words)
        return found

    def _best(self, index: int, asked: _Words, about: str) -> Match | None:
        if not asked.words:
            return None
        same = self._same.get((" ".join(asked.words), about))
        if same is not None:
            return self._match(index, same, 1.0)
        scored = [
            (score, -number)
            for number in self._candidates(asked, about)
            if (score := self._score(asked, about, number))
        ]
        if not scored:
            return None
        score, number = max(scored)
        return self._match(index, -number, score)

    def _match(self, index: int, number: int, score: float) -> Match:
        known = self._known[number]
        return Match(index=index, leaf=known.leaf, line=known.line, text=known.text, score=score)

    def _candidates(self, asked: _Words, about: str) -> Iterator[int]:
        """The earlier questions that may have all words but one in common with this one."""
        if not self._may_lack(len(asked.words) - 1) and not self._may_lack(len(asked.words)):
            return
        hashes = _hashes(asked, about)
        for number in (
            self._less_filler.get(hashes.whole),
            *map(self._whole.get, hashes.less_filler),
            *map(self._respelled.get, hashes.respelled),
        ):
            if number is not None:
                yield number

    def _score(self, asked: _Words, about: str, number: int) -> float:
        """How alike two questions are that do not have the same words; 0 if they are not."""
        known = self._known[number]
        shared = _shared(asked, tuple(known.words.split(" "))) if known.about == about else 0
        return 2 * shared / (2 * shared + 1) if self._may_lack(shared) else 0.0

    def _may_lack(self, shared: int) -> bool:
        """Whether one word besides so many shared ones leaves two questions alike enough."""
        return shared > 0 and 2 * shared / (2 * shared + 1) >= self._similarity

    def _learn(self, path: str, question: Question, words: _Words) -> None:
        key = (" ".join(words.words), question.about)
        if not words.words or key in self._same:
            return
        number = len(self._known)
        text = without_data(question.text)[: 4 * _SHOWN]  # masked before it is cut
        self._known.append(_Known(path, question.span.line, text, *key))
        self._same[key] = number
        if self._may_lack(len(words.words)) or self._may_lack(len(words.words) - 1):
            hashes = _hashes(words, question.about)
            self._whole.setdefault(hashes.whole, number)
            for one in hashes.less_filler:
                self._less_filler.setdefault(one, number)
            for one in hashes.respelled:
                self._respelled.setdefault(one, number)


def questions_of(document: Document) -> tuple[Question, ...]:
    """The questions of a document, each text once (about one context), for `Questions`. Linear in its size."""
    found: dict[tuple[str, str], Question] = {}
    digests: dict[int, str] = {}

    def digest(text: str) -> str:
        if id(text) not in digests:  # aliases make many of one
            digests[id(text)] = _digest(text)
        return digests[id(text)]

    for pair in pairs(document.data):
        if pair.question is None:
            continue
        text, route = pair.question.text, pair.question.route
        of_skill = len(pair.route) == len(("seed_examples", 0))
        about = digest(pair.context.text) if of_skill and pair.context is not None else ""
        if len(text) > _LONGEST:
            text, about = " ".join(text.split())[:_LONGEST], f"{about}+{digest(text)}"
        if (text, about) not in found:
            found[text, about] = Question(text=text, about=about, span=document.span(route))
    return tuple(found.values())


def findings(questions: Questions, path: str, asked: Sequence[Question]) -> Iterator[Finding]:
    """What to say of a leaf's questions: each that an earlier leaf asks. To be called once a leaf, by their paths.

    Where an earlier leaf asks most of them, that is said once: the leaves are what is alike.
    """
    matches: dict[str, list[Match]] = {}
    for match in questions.compare(path, asked):
        matches.setdefault(match.leaf, []).append(match)
    for alike in matches.values():
        if len(alike) >= _MANY and 2 * len(alike) >= len(asked):
            first = alike[0]
            yield Finding(
                message=f"asks {len(alike)} questions that {_where(first)}, the first of them: {_text(first)}",
                span=asked[first.index].span,
                hint="remove one of the two leaves, or ask something else",
            )
            continue
        for match in alike:
            yield Finding(
                message=f"asks what {_where(match)}: {_text(match)}",
                span=asked[match.index].span,
                hint="ask something else, or remove one of them",
            )


def _where(match: Match) -> str:
    return f"{quote(match.leaf or '.')} asks already (line {match.line})"


def _text(match: Match) -> str:
    return quote(" ".join(match.text.split()), _SHOWN)


def _digest(text: str) -> str:
    """A hash of a text but for case and white space."""
    squeezed = " ".join(text.casefold().split())
    return blake2b(squeezed.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _words(text: str) -> _Words:
    """The words of a question that count, folded to what they say."""
    if len(text) > _LONGEST:
        return _Words((_digest(text),))
    words: list[str] = []
    fillers: set[int] = set()
    plain: set[int] = set()
    spelled = _HYPHEN.sub(" ", normalize("NFKC", text).replace("\u2019", "'"))
    for number, found in enumerate(_WORD.finditer(spelled)):
        shown = found[0]
        word = shown.casefold()
        if shown in _MARKS or word in _SMALL or shown == "a" or (number == 0 and word == "a"):
            continue
        if word in _ASKED_IS:
            words.append(word[:-2])
            word = "is"
        elif word == "which":
            word = "what"
        elif words[-1:] == ["how"] and word in _MODALS:
            word = "do"
        elif words[-2:] == ["how", "do"] and word in _ANYBODY:
            word = "you"
        # What has capitals inside of a question is a name: `ME` is in New England.
        if word in _FILLERS and (shown.islower() or (not words and shown.istitle())):
            fillers.add(len(words))
        elif shown.islower() and shown.isalpha() and len(shown) >= _RESPELLED:
            plain.add(len(words))
        words.append(word)
    return _Words(tuple(words), frozenset(fillers), frozenset(plain))


def _hashes(asked: _Words, about: str) -> _Hashes:
    """The hashes by which questions find each other."""
    before = [hash(about) % _PRIME]
    powers = [1]
    for word in asked.words:
        before.append((before[-1] * _BASE + hash(word)) % _PRIME)
        powers.append(powers[-1] * _BASE % _PRIME)
    last = len(asked.words) - 1

    def but(place: int) -> int:
        """Up to the word, then what comes after it: all, less all up to the word with the word."""
        return ((before[place] - before[place + 1]) * powers[last - place] + before[-1]) % _PRIME

    return _Hashes(
        before[-1],
        tuple(but(place) for place in asked.fillers),
        # With what is the same in all spellings of a word, so that another word there does not hide it.
        tuple(hash((but(place), place, asked.words[place][0])) for place in asked.plain),
    )


def _shared(asked: _Words, other: tuple[str, ...]) -> int:
    """How many words two questions share, if all but a filler or but a word of two spellings; 0 if not."""
    one = asked.words
    if abs(len(one) - len(other)) > 1:
        return 0
    short, long = sorted((one, other), key=len)
    start = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return len(short) if long[start] in _FILLERS and short[start:] == long[start + 1 :] else 0
    if start not in asked.plain or one[start + 1 :] != other[start + 1 :]:
        return 0
    return len(one) - 1 if _respelled(one[start], other[start]) else 0


def _respelled(one: str, other: str) -> bool:
    """Whether two words are one, spelled in two ways: a letter more, two letters changed over, `s` for `z`."""
    short, long = sorted((one, other), key=len)
    if len(short) < _RESPELLED or short[0] != long[0]:
        return False
    place = next((number for number, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) + 1 == len(long):
        return short[place:] == long[place + 1 :]
    swapped = short[place : place + 2] == long[place : place + 2][::-1] and short[place + 2 :] == long[place + 2 :]
    return len(short) == len(long) and (
        swapped or ({short[place], long[place]} == {"s", "z"} and short[place + 1 :] == long[place + 1 :])
    )
