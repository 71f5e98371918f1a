"""The index finds exactly what looking at every text would find."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy_tools.generate import copies
from taxonomy_tools.generate.copies import Match, Texts

TEXTS = st.lists(st.lists(st.sampled_from("abcdefghijklmnop"), max_size=14), max_size=14)
FEW_WORDS = st.lists(st.lists(st.sampled_from("abc"), max_size=9), max_size=14)
LIKENESS = st.sampled_from([0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.9, 1.0, 1.1])


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, as textbooks have it."""
    row = [0] * (len(other) + 1)
    for left in one:
        before = 0
        for place, right in enumerate(other, start=1):
            before, row[place] = row[place], before + 1 if left == right else max(row[place], row[place - 1])
    return row[-1]


def by_looking_at_all(texts: Sequence[Sequence[str]], words: Sequence[str], likeness: float) -> Match | None:
    best: Match | None = None
    for number, text in enumerate(texts):
        common = longest_common(words, text)
        found = Fraction(2 * common, len(words) + len(text)) if common else Fraction(0)
        if common and found >= Fraction(str(likeness)) and (best is None or found > best.likeness):
            best = Match(number=number, likeness=found)
    return best


@settings(max_examples=300)
@given(TEXTS | FEW_WORDS, LIKENESS, st.sampled_from([0, 4, 1000]), st.sampled_from([0, 1, 6]))
def test_finds_what_looking_at_all_finds(words: list[list[str]], likeness: float, cheaper: int, more: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "_CHEAPER", cheaper)  # always through the lengths, either, always through the index
        patch.setattr(copies, "_MORE_PLACES", more)
        texts = Texts(likeness)
        for number, text in enumerate(words):
            assert texts.closest(text) == by_looking_at_all(words[:number], text, likeness)
            texts.add(text)
        assert len(texts) == len(words)


@pytest.mark.parametrize(
    ("likeness", "found"),
    [
        pytest.param(0.7, True, id="seven of ten are seven tenths"),
        pytest.param(0.71, False, id="and no more"),
    ],
)
def test_limit_is_what_it_is_written_as(likeness: float, found: bool) -> None:
    texts = Texts(likeness)
    texts.add("a b c d e f g h i j".split())
    assert (texts.closest("a b c d e f g x y z".split()) is not None) is found


def test_first_of_several_is_named() -> None:
    texts = Texts(0.5)
    for text in ("x y", "a b c d", "a b c e", "a b c"):
        texts.add(text.split())
    assert texts.closest("a b c f".split()) == Match(number=3, likeness=Fraction(6, 7))
    assert texts.closest("a b f g".split()) == Match(number=3, likeness=Fraction(4, 7))
    assert texts.closest("a b c d e".split()) == Match(number=1, likeness=Fraction(8, 9))


def test_words_beyond_the_last_number_are_like_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_MOST_IDS", 4)
    texts = Texts(0.1)
    for text in ("a b", "c d", "a c"):
        texts.add(text.split())
    assert texts.closest(["c", "d"]) is None
    assert texts.closest(["a", "c"]) == Match(number=0, likeness=Fraction(1, 2))


def test_numbers_of_words_leave_surrogates_out() -> None:
    texts = Texts(0.7)
    words = [str(number) for number in range(56_000)]
    for start in range(0, len(words), 1000):
        texts.add(words[start : start + 1000])
    assert texts.closest(words[55_000:]) == Match(number=55, likeness=Fraction(1))


def template(dice: Random) -> list[str]:
    return [*("a b c d e " * 6).split(), *(str(dice.randrange(40)) for _ in range(20))]


def topic(dice: Random) -> list[str]:
    """Fifty words as often as words are (Zipf)."""
    return [f"w{int(5000 ** dice.random())}" for _ in range(50)]


@pytest.mark.parametrize("text", [pytest.param(topic, id="one topic"), pytest.param(template, id="one template")])
def test_ten_thousand_texts_cost_little(text: Callable[[Random], list[str]]) -> None:
    # A twentieth of an answer of 200 ms is 10 ms; one takes about 1 ms where the machine is not shared.
    dice, texts = Random(0), Texts(0.7)
    for _ in range(10_000):
        texts.add(text(dice))
    start = process_time()
    for _ in range(50):
        texts.closest(text(dice))
    assert (process_time() - start) / 50 < 0.02
