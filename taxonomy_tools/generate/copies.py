"""Near-copies: the text, among many, that is most like another, without looking at all of them.

Likeness is ROUGE-L (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 3), as the F-measure
that weighs precision and recall alike: with n and m words, of which the longest common subsequence has l, it is
2 l / (n + m).

What can be left out is exact, as in joins of similar sets. With n words and a likeness of t or more:
- m is at least t n / (2 - t) and at most (2 - t) n / t;
- l is at least t (n + m) / 2. Of any k words, k - (n - l) at least are common too: of the rarest n - l + 1, and of some
  more, the index from words to texts tells how many each text has, and those with fewer are not looked at.

Where the rarest words are in most texts all the same (texts from one template), all texts of such lengths are gone
through instead, in one call for all of a length: less than a microsecond for a text of 50 words.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

_FIRST_ID = 2
"""Below stand the two that never equal each other: a word that is asked for, or kept, and has no number."""
_ASKED_ONLY, _KEPT_ONLY = "\0", "\1"
_MOST_IDS = 0x110000 - 0x800
_SURROGATES = 0xD800
_CHEAPER = 4
"""How many times cheaper it is to count a word that the index gives than to compare a text."""
_MORE_PLACES = 6
_MORE_TEXTS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The text that is most like another, by its number from 0, and how like it is: from 0 to 1."""

    number: int
    likeness: Fraction


@dataclass(slots=True)
class _Shelf:
    """Texts of one length, and their numbers, which rise."""

    texts: list[str] = field(default_factory=list)
    numbers: "array[int]" = field(default_factory=lambda: array("I"))


class Texts:
    """Texts as words, in which the one most like another is found if it is at least `likeness` like it.

    Each word is a number, and so a code point, and each text a string of them: that is compact, and what rapidfuzz
    compares fastest. Reading is safe from several threads as long as nobody adds.
    """

    def __init__(self, likeness: float, *, numbers: dict[str, str] | None = None) -> None:
        """No texts yet. `numbers` are those of words, where several have them in common: it is added to."""
        # As it is written: 0.7 is seven tenths, not the binary fraction next to it.
        self._least = Fraction(str(likeness))
        self._ids: dict[str, str] = {} if numbers is None else numbers
        self._postings: dict[str, array[int]] = {}
        self._places: array[int] = array("I")
        self._lengths: array[int] = array("I")
        self._shelves: dict[int, _Shelf] = {}
        self._sizes: list[int] = []

    @property
    def least(self) -> Fraction:
        """The likeness from which on texts are found."""
        return self._least

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self._lengths)

    def add(self, words: Sequence[str]) -> None:
        """Add a text. Its number is how many there were before; one without words is like no other."""
        letters = [self._id(word) for word in words]
        number, text = len(self), "".join(letters)
        shelf = self._shelves.get(len(text))
        if shelf is None:
            shelf = self._shelves[len(text)] = _Shelf()
            insort(self._sizes, len(text))
        self._lengths.append(len(text))
        self._places.append(len(shelf.texts))
        shelf.texts.append(text)
        shelf.numbers.append(number)
        # These, not those of the text: they are the very strings that the numbers of words are kept as.
        for word in set(letters) - {_KEPT_ONLY}:
            postings = self._postings.get(word)
            if postings is None:
                postings = self._postings[word] = array("I")
            postings.append(number)

    def closest(self, words: Sequence[str]) -> Match | None:
        """The text most like these words, the first of several; None if none is `likeness` like them, or has a word."""
        text = "".join([self._ids.get(word, _ASKED_ONLY) for word in words])
        sizes = self._sizes_like(len(text))
        if not text or not sizes:
            return None
        # The shortest of them has the fewest words that must be common.
        least = self._common(len(text), sizes[0])
        probes = self._probes(text, len(text) - least + 1)
        if sum(map(self._frequency, probes)) <= _CHEAPER * sum(map(self._count, sizes)):
            return self._best(text, self._found(text, probes, sizes))
        # Those of about the same length first: the more like the best is, the sooner the others are given up.
        sizes.sort(key=lambda size: abs(size - len(text)))
        return self._best(text, ((size, self._shelves[size]) for size in sizes))

    def _count(self, size: int) -> int:
        return len(self._shelves[size].texts)

    def _id(self, word: str) -> str:
        """The word as a code point; all are one to which nothing is equal once Unicode has no more of them."""
        known = self._ids.get(word)
        if known is None:
            number = len(self._ids) + _FIRST_ID
            if number >= _MOST_IDS:
                return _KEPT_ONLY
            known = self._ids[word] = chr(number if number < _SURROGATES else number + 0x800)
        return known

    def _common(self, length: int, other: int) -> int:
        """How many words two texts of these lengths must have in common to be as like as is asked, at least 1."""
        return max(1, ceil(self._least * (length + other) / 2))

    def _sizes_like(self, length: int) -> list[int]:
        """The lengths, of those that there are, that texts can have which are as like as is asked; they rise."""
        if self._least > 1:
            return []
        start = bisect_left(self._sizes, max(1, ceil(self._least * length / (2 - self._least))))
        if self._least <= 0:
            return self._sizes[start:]
        return self._sizes[start : bisect_right(self._sizes, (2 - self._least) * length / self._least)]

    def _probes(self, text: str, count: int) -> list[str]:
        """The words at the `count` places of a text whose words the fewest texts have, and at a few places more.

        With `count`, what is found needs but one of them; with each place more, one more. So a few are worth it, as
        long as they are about as rare.
        """
        rarest = sorted(text, key=self._frequency)
        found = sum(map(self._frequency, rarest[:count]))
        for word in rarest[count : count + _MORE_PLACES]:
            if self._frequency(word) > found + _MORE_TEXTS:
                break
            count += 1
        return rarest[:count]

    def _frequency(self, word: str) -> int:
        postings = self._postings.get(word)
        return 0 if postings is None else len(postings)

    def _found(self, text: str, probes: Sequence[str], sizes: Sequence[int]) -> Iterator[tuple[int, _Shelf]]:
        """The texts of these lengths that have as many of the probed words as they must, by length."""
        common: Counter[int] = Counter()
        for word in probes:
            common.update(self._postings.get(word, ()))
        # The places that were not probed: what is common may stand at all of them.
        others = len(text) - len(probes)
        fewest = {size: self._common(len(text), size) - others for size in sizes}
        shelves: dict[int, _Shelf] = {}
        lengths, never = self._lengths, len(text) + 1
        for number in sorted([found for found, count in common.items() if count >= fewest.get(lengths[found], never)]):
            size = lengths[number]
            shelf = shelves.get(size)
            if shelf is None:
                shelf = shelves[size] = _Shelf()
            shelf.texts.append(self._shelves[size].texts[self._places[number]])
            shelf.numbers.append(number)
        return iter(shelves.items())

    def _best(self, text: str, shelves: Iterator[tuple[int, _Shelf]]) -> Match | None:
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import extractOne

        best: Match | None = None
        for size, shelf in shelves:
            both = len(text) + size
            least = max(1, ceil((self._least if best is None else best.likeness) * both / 2))
            if least > min(len(text), size):
                continue
            found = extractOne(text, shelf.texts, scorer=LCSseq.similarity, score_cutoff=least)
            if found is None:
                continue
            _, common, place = found
            match = Match(number=shelf.numbers[place], likeness=Fraction(2 * int(common), both))
            if best is None or (match.likeness, -match.number) > (best.likeness, -best.number):
                best = match
        return best
