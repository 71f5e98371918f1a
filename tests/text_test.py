"""Lines, columns and frames of texts."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.diagnostics import FrameLine, Span
from taxonomy_tools.text import Text, shorten

# Line ends of every kind that some reader knows, of which only LF and CRLF are some here.
texts = st.text(alphabet=st.sampled_from("ab\r\n\x85\u2028\u2029\x0b\x0c\t é😀"), max_size=60)


@given(texts, st.data())
def test_line_and_column_lead_back_to_the_index(content: str, data: st.DataObject) -> None:
    text = Text(content)
    index = data.draw(st.integers(0, len(content)))
    line, column = text.place(index)
    assert text.start(line) + column - 1 == index
    assert content[:index].count("\n") == line - 1


@given(texts)
def test_lines_are_those_between_lf_and_crlf(content: str) -> None:
    text = Text(content)
    lines = content.split("\n")
    assert text.lines == len(lines)
    shown = [text.line(number) for number in range(1, text.lines + 1)]
    assert shown == [*(line.removesuffix("\r") for line in lines[:-1]), lines[-1]]


@pytest.mark.parametrize("number", [0, -1, 3])
def test_line_that_is_not_there_is_empty(number: int) -> None:
    assert Text("a\nb").line(number) == ""


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        pytest.param(0, 3, Span(line=1, column=1, end_line=1, end_column=4), id="within a line"),
        pytest.param(1, 6, Span(line=1, column=2, end_line=2, end_column=3), id="over a line end"),
        pytest.param(2, 2, Span(line=1, column=3, end_line=1, end_column=4), id="nothing is one column wide"),
        pytest.param(7, 7, Span(line=2, column=4, end_line=2, end_column=5), id="at the end of the text"),
        pytest.param(5, 2, Span(line=2, column=2, end_line=2, end_column=3), id="an end before the start"),
    ],
)
def test_span(start: int, end: int, span: Span) -> None:
    assert Text("a😀c\ndef").span(start, end) == span


def test_frame_shows_the_line_and_the_one_before_it() -> None:
    text = Text("a: 1\r\nb: 2\r\n")
    assert text.frame(Span.at(2, 1)) == (FrameLine(number=1, text="a: 1"), FrameLine(number=2, text="b: 2"))
    assert text.frame(Span.at(1, 1)) == (FrameLine(number=1, text="a: 1"),)


def test_frame_leaves_out_a_blank_line_before() -> None:
    assert Text("a: 1\n \nb: 2").frame(Span.at(3, 1)) == (FrameLine(number=3, text="b: 2"),)


def test_frame_of_a_long_line_is_cut_around_the_place() -> None:
    text = Text(f"{'a' * 300}\n{'b' * 120}{'c' * 180}")
    above, line = text.frame(Span.at(2, 121))
    assert line == FrameLine(number=2, text="b" * 50 + "c" * 50, offset=70, cut=True)
    assert above == FrameLine(number=1, text="a" * 100, offset=70, cut=True)
    (start,) = text.frame(Span.at(1, 20))
    assert start == FrameLine(number=1, text="a" * 100, cut=True)
    end = text.frame(Span.at(2, 300))[-1]
    assert end == FrameLine(number=2, text="c" * 51, offset=249)


def test_a_mebibyte_of_line_ends_takes_little_memory() -> None:
    content = "\n" * 1024 * 1024
    tracemalloc.start()
    text = Text(content)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert text.lines == len(content) + 1
    assert held < 8 * 1024 * 1024
    assert peak < 24 * 1024 * 1024


@given(st.text(), st.integers(3, 80))
def test_shortened_text_keeps_both_ends(value: str, width: int) -> None:
    short = shorten(value, width)
    assert len(short) <= width
    if len(value) <= width:
        assert short == value
    else:
        start, end = (
            short.split("…", 1) if "…" not in value else (short[: (width - 1) // 2], short[(width - 1) // 2 + 1 :])
        )
        assert len(short) == width
        assert value.startswith(start)
        assert value.endswith(end)


def test_shortened_text_is_cut_in_the_middle() -> None:
    assert shorten("abcdefghij", 5) == "ab…ij"
    assert shorten("abcdefghij", 6) == "ab…hij"
