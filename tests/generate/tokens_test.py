"""Tokens are estimated by a rule of thumb, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.generate.request import Message, Request
from taxonomy_tools.generate.tokens import estimate, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("a", 1, id="never nothing for something"),
        pytest.param("The wren sings.", 4, id="English, four characters a token"),
        pytest.param("Жаворонок", 5, id="Cyrillic, two letters a token"),
        pytest.param("鹪鹩在唱歌。", 6, id="Chinese, a token a character"),
        pytest.param("नमस्ते", 6, id="Devanagari, a token a character"),
        pytest.param("🎵🎵", 2, id="emoji"),
        pytest.param("wren 鹪鹩", 4, id="of two scripts"),
        pytest.param("\ud800", 1, id="half a character"),
    ],
)
def test_tokens_of_a_text(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(), st.text())
def test_two_texts_apart_have_at_least_as_many_tokens_as_together(one: str, other: str) -> None:
    apart = estimate_tokens(one) + estimate_tokens(other)
    assert apart - 1 <= estimate_tokens(one + other) <= apart


def test_request_has_the_tokens_of_its_messages() -> None:
    request = Request(
        model="tiny",
        digest="sha256:1",
        messages=(Message(role="system", content="x" * 40), Message(role="user", content="y" * 400)),
        format='{"type":"object"}',
        options={},
    )
    assert estimate(request) == 10 + 100 + 8
