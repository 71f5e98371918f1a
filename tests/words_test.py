"""Words in any script, and what makes two texts the same."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.words import count_words, fold


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param(" \n\t ", 0, id="white space"),
        pytest.param("What rhymes  with\nsky?", 4, id="English"),
        pytest.param("| a | b |\n|---|:-:|\n| 1 | (c) |", 4, id="a table has its cells, not its rulers"),
        pytest.param("* one - two = __three__ \u2026 \u2014", 3, id="marks alone are no words"),
        pytest.param("Où est-elle née ?", 3, id="French"),
        pytest.param("天地玄黃宇宙洪荒", 4, id="Chinese"),
        pytest.param("日本語を話す", 3, id="Japanese"),
        pytest.param("我有 3 只猫 and cats", 5, id="both"),
        pytest.param("ภาษาไทยภา", 2, id="Thai"),
        pytest.param("한국어 단어", 2, id="Korean has spaces"),
        pytest.param("слово и слово", 3, id="Cyrillic"),
        pytest.param("\U00020000\U00020001", 1, id="beyond the basic plane"),
        pytest.param("天地，玄黃。", 2, id="Chinese marks"),
        pytest.param("\ud800 a", 1, id="a lone surrogate"),
    ],
)
def test_count_of_words(text: str, words: int) -> None:
    assert count_words(text) == words


@given(st.text(), st.text())
def test_words_of_a_text_are_those_of_its_parts(one: str, other: str) -> None:
    apart = count_words(one) + count_words(other)
    assert apart - 2 <= count_words(f"{one} {other}") <= apart  # half a word of each may make one


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_of_ascii_words_are_what_stands_between_spaces_and_says_something(text: str) -> None:
    assert count_words(text) == sum(any(map(str.isalnum, word)) for word in text.split())


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("What rhymes with Sky?", "what rhymes with sky", id="case and a mark"),
        pytest.param(" What\n rhymes\twith sky ? ", "what rhymes with sky", id="white space"),
        pytest.param("Ｗｈａｔ ①", "what 1", id="compatible characters"),
        pytest.param("e\u0301te\u0301", "\u00e9t\u00e9", id="composed and not"),
        pytest.param("Is 10² Ｍ² of H₂O?", "is 10² m² of h₂o", id="superscripts and subscripts"),
        pytest.param("Straße", "strasse", id="case that has more letters"),
        pytest.param("What?!", "what", id="two marks"),
        pytest.param("What???", "what???", id="three marks"),
        pytest.param("什么。", "什么", id="marks of other scripts"),
        pytest.param("?", "", id="a mark alone"),
        pytest.param("\ud800?", "\ud800", id="a lone surrogate"),
    ],
)
def test_folded_text(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("e" + "\u0300\u0316" * 250_000, id="combining marks"),
        pytest.param("\ufdfa" * 340_000, id="characters that stand for eighteen"),
        pytest.param("漢" * 340_000, id="Chinese"),
        pytest.param("? " * 500_000, id="marks"),
        pytest.param("|" * 1_000_000, id="one mark"),
        pytest.param("|²" * 400, id="superscripts"),
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    start = process_time()
    count_words(text)
    fold(text)
    assert process_time() - start < 20
