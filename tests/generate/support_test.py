"""Support is the share of what a response says that its sources say."""

import pytest

from taxonomy_tools.generate.support import content_words, shared_words, support

CONTEXT = "The Mara river rises in the Mau forest of Kenya, and each year herds of wildebeest cross its brown water."


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param("Each year, herds of wildebeests are crossing the brown waters of the Mara.", 1.0, id="its words"),
        pytest.param("Whales sing slowly while polar explorers photograph icebergs.", 0.0, id="other words"),
        pytest.param("Herds cross the Mara river; whales sing icebergs slowly today.", 4 / 9, id="some"),
        pytest.param("Yes.", None, id="too few to say"),
        pytest.param("", None, id="nothing"),
        pytest.param("12 34 56 78 90 11", 0.0, id="numbers count"),
    ],
)
def test_support(response: str, expected: float | None) -> None:
    assert support(response, CONTEXT, "What happens?") == expected


def test_question_and_the_leafs_own_words_support_too() -> None:
    response = "Sentiment negative: whales sing icebergs slowly, photographers explore."
    assert support(response, CONTEXT, "Do whales sing?") == 2 / 8
    neutral = shared_words(["Sentiment: negative, quite", "Sentiment: negative", "Sentiment: positive"])
    assert neutral == content_words("sentiment negative")
    assert support(response, CONTEXT, "Do whales sing?", neutral=neutral) == 2 / 6


@pytest.mark.parametrize(
    "words",
    ["cross crosses crossed crossing", "city cities", "water waters water's", "carry carried carries", "slow slowly"],
)
def test_endings_make_no_difference(words: str) -> None:
    assert len(content_words(words)) == 1


def test_small_words_say_nothing() -> None:
    assert content_words("It is of the, and where there were such is") == frozenset()
    assert content_words("河 3 ab über") == frozenset({"河", "3", "über"})
