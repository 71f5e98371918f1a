"""What a document asks to be ignored, and where."""

import time

import pytest

from taxonomy_tools.diagnostics import FrameLine, Span
from taxonomy_tools.document import MAX_BYTES, Document, load
from taxonomy_tools.ignores import ignores
from taxonomy_tools.verdict import Ignore


def found(text: str) -> tuple[Ignore, ...]:
    document = load(text.encode())
    assert isinstance(document, Document), document
    return ignores(document)


def test_ignore_has_its_place_and_its_line() -> None:
    assert found("a: b\nc: d  # taxonomy: ignore TX505 -- a quotation\n") == (
        Ignore(
            span=Span.at(2, 7, 39),
            codes=("TX505",),
            line=2,
            frame=(
                FrameLine(number=1, text="a: b"),
                FrameLine(number=2, text="c: d  # taxonomy: ignore TX505 -- a quotation"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        pytest.param("# taxonomy: ignore TX505", ("TX505",), id="one code"),
        pytest.param("# taxonomy: ignore TX505, TX506", ("TX505", "TX506"), id="several"),
        pytest.param("# taxonomy: ignore TX505,TX506 TX507", ("TX505", "TX506", "TX507"), id="commas and spaces"),
        pytest.param("# taxonomy: ignore TX505 -- TX506 is not here", ("TX505",), id="a reason after dashes"),
        pytest.param("# taxonomy: ignore TX505: as written in 1848", ("TX505",), id="a reason after a colon"),
        pytest.param("# taxonomy: ignore TX505, TX506 --", ("TX505", "TX506"), id="a reason yet to be written"),
        pytest.param("#taxonomy:ignore TX505", ("TX505",), id="no spaces"),
        pytest.param("##  Taxonomy : Ignore tx505", ("TX505",), id="case does not matter"),
        pytest.param("# taxonomy: ignore TX505, TX506, TX505", ("TX505", "TX506"), id="a code twice"),
        pytest.param("# taxonomy: ignore TX999", ("TX999",), id="which rules there are is not known here"),
    ],
)
def test_what_is_named(comment: str, codes: tuple[str, ...]) -> None:
    assert [(ignore.codes, ignore.mistake) for ignore in found(f"a: b {comment}\n")] == [(codes, "")]


@pytest.mark.parametrize(
    ("comment", "mistake"),
    [
        pytest.param("taxonomy: ignore", "the comment does not say which rules to ignore", id="no code"),
        pytest.param("taxonomy: ignore -- this", "the comment does not say which rules to ignore", id="only a reason"),
        pytest.param("taxonomy: ingore TX505", "`ingore` is nothing that a comment can ask for", id="a typo"),
        pytest.param("taxonomy: ingore", "`ingore` is nothing that a comment can ask for", id="a typo alone"),
        pytest.param("taxonomy: disable TX505", "`disable` is nothing that a comment can ask for", id="another word"),
        pytest.param("taxonomy ignore TX505", "the comment is not written as an ignore must be", id="no colon"),
        pytest.param("taxonomy-tools: ignore TX5", "the comment is not written as an ignore must be", id="a name"),
        pytest.param(
            "taxonomy: ignore TX5xx", "`TX5xx` is a family of rules: name each rule that is meant", id="a family"
        ),
        pytest.param(
            "taxonomy: ignore TX505 because I say so",
            '`because` is no code of a rule: put " -- " before a reason',
            id="a reason without dashes",
        ),
        pytest.param(
            "taxonomy: ignore answer-too-long",
            '`answer-too-long` is no code of a rule: put " -- " before a reason',
            id="the name of a rule",
        ),
    ],
)
def test_what_is_meant_as_an_ignore_and_is_none(comment: str, mistake: str) -> None:
    assert [(ignore.codes, ignore.mistake) for ignore in found(f"a: b # {comment}\n")] == [((), mistake)]


@pytest.mark.parametrize(
    "comment",
    [
        "a taxonomy: ignore TX505",
        "taxonomy: knowledge/science",
        "taxonomy: ignored by Git",
        "Taxonomy ignore rules are told elsewhere",
        "taxonomy",
        "taxonomist: ignore TX505",
        "noqa: TX505",
    ],
)
def test_what_only_speaks_of_a_taxonomy(comment: str) -> None:
    assert found(f"a: b # {comment}\n") == ()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("{}\nb: c {}\n", [(2, True), (2, False)], id="above, and at the end of the line"),
        pytest.param("a: b\n\n{}\n\n# more\n{}\n\nb: c\n", [(8, False), (8, False)], id="over what is blank"),
        pytest.param("# kept\n{}\n%YAML 1.1\n---\n{}\na: b\n", [(6, True), (6, True)], id="above the first content"),
        pytest.param("--- {}\na: b\n", [(1, False)], id="beside the sign of a document"),
        pytest.param("a: b\n{}\n# the end\n", [(None, False)], id="at the end"),
        pytest.param("a: b\n{}", [(None, False)], id="as the last line"),
        pytest.param("a: | {}\n  {}\nb: '{}\n  {}'\nc: d\n", [(1, False)], id="inside of texts there is none"),
        pytest.param("a: |\n  b\n {}\nc: d\n", [(4, False)], id="below a text"),
        pytest.param("a: b\r\n  {}\r\nc: d\r\n", [(3, False)], id="CRLF"),
    ],
)
def test_what_is_covered(text: str, lines: list[tuple[int | None, bool]]) -> None:
    filled = text.replace("{}", "# taxonomy: ignore TX505")
    assert [(ignore.line, ignore.whole_file) for ignore in found(filled)] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("{}\na: |\n  b\n\n  c\nd: e\n", range(2, 6), id="above the key of a block"),
        pytest.param("a: |  {}\n  b\n  c\n\nd: e\n", range(1, 5), id="behind its sign, with the blank lines after it"),
        pytest.param("a: >-  {}\n  b\n  c", range(1, 4), id="a block at the end, without a line end"),
        pytest.param("a: |  {}\r\n  b\r\n  c\r\nd: e\r\n", range(1, 4), id="CRLF"),
        pytest.param("a: |  {}\nd: e\n", range(1, 2), id="an empty block"),
        pytest.param("{}\na: 'b\n  c'\nd: e\n", range(2, 4), id="in quotes"),
        pytest.param("{}\na: b\n  c\nd: e\n", range(2, 4), id="plain"),
        pytest.param("a: {}\n  'b\n  c'\nd: e\n", range(1, 4), id="on the key of what begins below"),
        pytest.param("a:\n  {}\n  'b\n  c'\nd: e\n", range(3, 5), id="between both"),
        pytest.param("a:\n  {}\n  - b: |\n      c\n    d: |\n      e\n", range(3, 5), id="above a list item"),
        pytest.param("{}\n- |\n  c\n- |\n  d\n", range(2, 4), id="a text in a list"),
        pytest.param("{}\na: &x |\n  b\nc: *x\n", range(2, 4), id="an anchor"),
        pytest.param("a: &x |\n  b\n{}\nc: *x\n", range(4, 5), id="an alias"),
        pytest.param("{}\na:\n  b: |\n    c\n", range(2, 3), id="not a whole mapping"),
        pytest.param("{}\na: [b,\n  c]\n", range(2, 3), id="not a whole list"),
        pytest.param("{}\na: {b: 'c\n  c', d: e}\n", range(2, 4), id="in braces"),
    ],
)
def test_a_text_of_several_lines_is_covered_as_a_whole(text: str, lines: range) -> None:
    assert [ignore.lines for ignore in found(text.replace("{}", "# taxonomy: ignore TX505"))] == [lines]


def test_a_byte_order_mark_is_no_content() -> None:
    assert [(ignore.line, ignore.whole_file) for ignore in found("\ufeff# taxonomy: ignore TX401\na: b\n")] == [
        (2, True)
    ]


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("# taxonomy: ignore TX505\n", id="ignores"),
        pytest.param("- | # taxonomy: ignore TX505\n  a\n  b\n", id="above texts"),
        pytest.param("#\n", id="comments"),
        pytest.param("- 'x#' # taxonomy: ignore TX505\n", id="among texts"),
        pytest.param("# taxonomy: ignore TX505\u2028", id="in one line"),
        pytest.param("- a # taxonomy: ignore TX505\n\n\n\n\n\n\n\n\n\n", id="blank lines"),
    ],
)
def test_time_is_linear(part: str) -> None:
    text = (part * (MAX_BYTES // len(part.encode()) - 1))[: MAX_BYTES - 10]
    document = load((text + "\n- a: b").encode() if part[0] == "#" else text.encode())
    assert isinstance(document, Document)
    start = time.process_time()
    ignores(document)
    assert time.process_time() - start < 10  # half a second; what is quadratic takes an hour
