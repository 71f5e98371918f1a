import codecs
import os
import re
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.reporters.cells import lay_out
from taxonomy_tools.reporters.escape import escape, reveal

# Hypothesis leaves surrogates out unless asked; the joiners and what they join are rare without help.
ANY_TEXT = st.text(
    st.one_of(st.characters(), st.characters(categories=["Cs", "Cc", "Cf"]), st.sampled_from("\\\u200dé"))
)
_ESCAPE = re.compile(r"\\(?:\\|[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")

_RAW_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


def _unescape(name: str) -> str:
    """What the documentation of `escape` says that each escape stands for."""

    def one(match: re.Match[str]) -> str:
        escaped = match[0]
        if (byte := _RAW_BYTE.fullmatch(escaped)) is not None:
            return os.fsdecode(bytes.fromhex(byte[1]))
        return codecs.decode(escaped, "unicode_escape")

    return _ESCAPE.sub(one, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("knowledge/plain-name_1.2/qna.yaml", "knowledge/plain-name_1.2/qna.yaml", id="plain"),
        pytest.param("knowledge/Käse/日本/ひらがな", "knowledge/Käse/日本/ひらがな", id="other-alphabets"),
        pytest.param("a b\u00a0c\u3000d", "a b\u00a0c\u3000d", id="spaces"),
        pytest.param("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07", id="ansi"),
        pytest.param("\x9b31m\x85", r"\u009b31m\u0085", id="c1-controls"),
        pytest.param("a\nb\rc\td\x00e\x7f", r"a\nb\rc\td\x00e\x7f", id="controls"),
        pytest.param("a\u2028b\u2029c", r"a\u2028b\u2029c", id="separators"),
        pytest.param("ab\u202ecd\u2066e\u200ff", r"ab\u202ecd\u2066e\u200ff", id="bidirectional"),
        pytest.param("ad\u200bmin\ufeff\u00ad", r"ad\u200bmin\ufeff\u00ad", id="invisible"),
        pytest.param("x\U000e0041\U000e0042", r"x\U000e0041\U000e0042", id="tags"),
        pytest.param(os.fsdecode(b"caf\xe9/\x80"), r"caf\xe9/\x80", id="not-utf-8"),
        pytest.param("\ud800\ud83d\ude00", r"\ud800\ud83d\ude00", id="surrogates-that-are-no-bytes"),
        pytest.param("👩‍🚀 नमस्ते र्‍", "👩‍🚀 नमस्ते र्‍", id="joiners-that-join"),
        pytest.param("No\u200d\u200c", r"No\u200d\u200c", id="joiners-that-hide"),
        pytest.param("é\u200d\u200d", "é\u200d" + r"\u200d", id="joiners-in-a-row"),
        pytest.param("\u202e\u200d", r"\u202e\u200d", id="joiner-after-escape"),
        pytest.param("\u0600\u0661", "\u0600\u0661", id="format-characters-that-are-seen"),
        pytest.param("%0A::error::x", "%0A::error::x", id="workflow-commands-are-only-text-here"),
    ],
)
def test_reveals_and_escapes(text: str, expected: str) -> None:
    assert reveal(text) == expected
    assert escape(text) == expected


def test_doubles_backslashes_in_names_only() -> None:
    assert escape("a\\nb") == r"a\\nb"
    assert reveal('say "\\n"') == 'say "\\n"'


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        pytest.param("ascii", r"na\u00efve \u6a59 \U0001f34a", id="ascii"),
        pytest.param("latin-1", r"naïve \u6a59 \U0001f34a", id="latin-1"),
        pytest.param("utf-8", "naïve 橙 🍊", id="utf-8"),
    ],
)
def test_escapes_what_the_stream_cannot_take(encoding: str, expected: str) -> None:
    assert reveal("naïve 橙 🍊", encoding=encoding) == expected


@given(ANY_TEXT)
def test_unescaping_gives_the_name_back(name: str) -> None:
    assert _unescape(escape(name)) == name


@given(ANY_TEXT)
def test_a_second_reveal_changes_nothing(text: str) -> None:
    assert reveal(reveal(text)) == reveal(text)


@given(ANY_TEXT, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_nothing_active_is_left(text: str, encoding: str) -> None:
    shown = reveal(text, encoding=encoding)

    shown.encode(encoding)  # raises nothing
    assert not [character for character in shown if category(character) in ("Cc", "Cs", "Zl", "Zp")]
    assert len(shown.splitlines()) <= 1


@given(st.binary())
def test_any_file_name_can_be_printed(name: bytes) -> None:
    assert os.fsencode(_unescape(escape(os.fsdecode(name)))) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("::error title=CI::passed", "\\x3a:error title=CI::passed", id="at the start"),
        pytest.param(" \u3000::stop-commands::x", " \u3000\\x3a:stop-commands::x", id="after space"),
        pytest.param("a::b", "a::b", id="inside"),
        pytest.param("x ##[add-mask]e", "x ##\\x5badd-mask]e", id="the older syntax, anywhere"),
        pytest.param("###[x #[y] ## [", "###\\x5bx #[y] ## [", id="nothing else"),
    ],
)
def test_no_name_is_a_workflow_command(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_no_source_is_a_workflow_command() -> None:
    assert reveal("answer: ##[group]") == lay_out("answer: ##[group]").text == "answer: ##\\x5bgroup]"
