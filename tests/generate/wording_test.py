"""The words that texts are compared by."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.generate.wording import MOST_WORDS, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(" \n", [], id="white space"),
        pytest.param("What rhymes, with *Sky*?", ["what", "rhymes", "with", "sky"], id="case and marks"),
        pytest.param(
            "It isn't 3.5 snake_case", ["it", "isn't", "3", "5", "snake", "case"], id="apostrophes and numbers"
        ),
        pytest.param("isn’t", ["isn't"], id="a curly apostrophe"),
        pytest.param("e\u0301te\u0301 Été", ["\u00e9t\u00e9", "\u00e9t\u00e9"], id="composed and not"),
        pytest.param("天地 ไท", ["天", "地", "ไ", "ท"], id="scripts without spaces, a character at a time"),
        pytest.param("हिन्दी भाषा", ["हिन्दी", "भाषा"], id="marks that stand on letters"),
        pytest.param("yes 😀😀 → no", ["yes", "😀", "😀", "→", "no"], id="pictures and arrows"),
        pytest.param(" => \n {}", ["=>{}"], id="a text without words is one"),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == tuple(words)


@given(st.text())
def test_no_text_is_without_words_but_white_space(text: str) -> None:
    assert bool(words_of(text)) == bool(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 1_000_000, id="one letter"),
        pytest.param("word " * 200_000, id="many words"),
        pytest.param("a" + "\u0301\u0323" * 500_000, id="combining marks"),
        pytest.param("'" * 1_000_000, id="apostrophes"),
        pytest.param("a'" * 500_000, id="letters and apostrophes"),
        pytest.param("\x00" * 1_000_000, id="NUL"),
    ],
)
def test_long_texts_are_cut(text: str) -> None:
    start = process_time()
    assert len(words_of(text)) <= MOST_WORDS
    assert process_time() - start < 2
