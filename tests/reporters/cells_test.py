import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.reporters.cells import lay_out, width
from taxonomy_tools.reporters.escape import reveal


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param("answer: No", 10, id="ascii"),
        pytest.param("日本語", 6, id="wide"),
        pytest.param("ＡＢ", 4, id="fullwidth"),
        pytest.param("ｱｲ", 2, id="halfwidth"),
        pytest.param("e\u0301e\u0301", 2, id="combining"),
        pytest.param("\u0301", 0, id="combining-at-the-start"),
        pytest.param("한글", 4, id="hangul"),
        pytest.param("\u1112\u1161\u11ab", 2, id="hangul-decomposed"),
        pytest.param("🍊", 2, id="emoji"),
        pytest.param("👩\u200d👩\u200d👧", 2, id="emoji-joined"),
        pytest.param("👍🏽", 2, id="emoji-toned"),
        pytest.param("👩🏽\u200d🚀", 2, id="emoji-toned-and-joined"),
        pytest.param("🏳\ufe0f\u200d🌈", 2, id="emoji-with-selector-joined"),
        pytest.param("❤\ufe0f", 2, id="narrow-symbol-as-emoji"),
        pytest.param("❤\ufe0f\ufe0f", 2, id="two-selectors"),
        pytest.param("🍊\ufe0f", 2, id="wide-symbol-with-selector"),
        pytest.param("a\ufe0f \ufe0f", 2, id="selector-that-selects-nothing"),
        pytest.param("1\ufe0f\u20e3", 2, id="keycap"),
        pytest.param("🇩🇪", 2, id="flag"),
        pytest.param("🏽", 2, id="tone-alone"),
        pytest.param("é\u200dab", 3, id="joiner-between-letters"),
        pytest.param("\U0001faef", 2, id="emoji-newer-than-python"),
        pytest.param("\u0378", 1, id="unassigned"),
        pytest.param("\x1b[", 5, id="escaped"),
        pytest.param("\t|a\t|", 9, id="tabs"),
    ],
)
def test_measures(text: str, cells: int) -> None:
    assert width(text) == cells


@pytest.mark.parametrize(
    ("text", "start", "end", "extent"),
    [
        pytest.param("a: No", 3, 5, (3, 5), id="ascii"),
        pytest.param("日: No", 3, 5, (4, 6), id="after-wide"),
        pytest.param("a: 日本", 3, 5, (3, 7), id="wide"),
        pytest.param("e\u0301: No", 4, 6, (3, 5), id="after-combining"),
        pytest.param("ae\u0301", 2, 3, (1, 2), id="on-a-combining-mark"),
        pytest.param("ae\u0301b", 1, 2, (1, 2), id="without-its-combining-mark"),
        pytest.param("👩\u200d👧x", 2, 3, (0, 2), id="inside-a-joined-emoji"),
        pytest.param("\ta", 0, 1, (0, 4), id="on-a-tab"),
        pytest.param("a\tb", 2, 3, (4, 5), id="after-a-tab"),
        pytest.param("\x00b", 0, 1, (0, 4), id="on-an-escape"),
        pytest.param("\x00b", 1, 2, (4, 5), id="after-an-escape"),
        pytest.param("abc", 3, 4, (3, 4), id="past-the-end"),
        pytest.param("abc", 9, 12, (3, 4), id="far-past-the-end"),
        pytest.param("abc", 1, 1, (1, 2), id="empty"),
        pytest.param("abc", 2, 1, (2, 3), id="backwards"),
        pytest.param("abc", 1, 99, (1, 3), id="beyond-the-end"),
        pytest.param("", 0, 1, (0, 1), id="empty-line"),
    ],
)
def test_finds_the_cells_of_code_points(text: str, start: int, end: int, extent: tuple[int, int]) -> None:
    assert lay_out(text).extent(start, end) == extent


def test_prints_tabs_as_spaces_up_to_the_next_stop() -> None:
    assert lay_out("\ta\t日\tb").text == "    a   日  b"


def test_escapes_for_the_encoding() -> None:
    line = lay_out("é: No", encoding="ascii")

    assert (line.text, line.extent(3, 5)) == (r"\u00e9: No", (8, 10))


@given(st.text(st.characters(exclude_characters="\t")))
def test_prints_what_reveal_prints(text: str) -> None:
    assert lay_out(text).text == reveal(text)


@given(st.text())
def test_positions_cover_the_line_without_gaps(text: str) -> None:
    line = lay_out(text)
    extents = sorted(set(zip(line.starts, line.ends, strict=True)))

    assert len(line.starts) == len(line.ends) == len(text)
    assert list(line.starts) == sorted(line.starts)
    assert [start for start, _ in extents] == [0, *(end for _, end in extents)][: len(extents)]
    assert line.width == (extents[-1][1] if extents else 0)


@given(st.text(), st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1))
def test_what_follows_starts_where_the_width_ends(before: str, after: str) -> None:
    line = lay_out(before + after)

    assert line.starts[len(before) :] == tuple(range(width(before), width(before) + len(after)))


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_plain_text_is_laid_out_like_any_other(text: str) -> None:
    plain, other = lay_out(text), lay_out(text + "\xe9")
    assert plain.text + "\xe9" == other.text
    assert (*plain.starts, plain.width) == other.starts
    assert (*plain.ends, plain.width + 1) == other.ends
