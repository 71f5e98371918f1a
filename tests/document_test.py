"""Where the pieces of a document stand, and what is said of bytes that are none."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from taxonomy_tools import composer
from taxonomy_tools.diagnostics import FrameLine, Span
from taxonomy_tools.document import MAX_BYTES, Document, Problem, Route, load

NEL, LINE_SEPARATOR, BOM = "\x85", "\u2028", "\ufeff"


@pytest.fixture(params=[pytest.param("CSafeLoader", id="libyaml"), pytest.param("SafeLoader", id="PyYAML")])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads with libyaml, and as where PyYAML was built without it."""
    monkeypatch.setattr(composer, "_Loader", getattr(yaml, request.param))


def document(text: str) -> Document:
    read = load(text.encode())
    assert isinstance(read, Document), read
    return read


def shown(text: str, route: Route, on: Literal["key", "value"] = "value") -> tuple[int, int, str]:
    """Line and column of what is pointed at, and what stands there: counted here, from the text alone."""
    span = document(text).span(route, on)
    lines = text.removeprefix(BOM).replace("\r\n", "\n").split("\n")
    first, last = lines[span.line - 1], lines[span.end_line - 1]
    if span.line == span.end_line:
        return span.line, span.column, first[span.column - 1 : span.end_column - 1]
    between = lines[span.line : span.end_line - 1]
    return span.line, span.column, "\n".join([first[span.column - 1 :], *between, last[: span.end_column - 1]])


VALUES: dict[str, tuple[str, Route, tuple[int, int, str]]] = {
    "plain": ("a: b c  # d\n", ("a",), (1, 4, "b c")),
    "plain on the next line": ("a:\n  No\n", ("a",), (2, 3, "No")),
    "plain of two lines": ("a: b\n  c\nd: e\n", ("a",), (1, 4, "b\n  c")),
    "single quotes": ("a: 'b ''c'''\n", ("a",), (1, 4, "'b ''c'''")),
    "double quotes of two lines": ('a: "b\n  c"\n', ("a",), (1, 4, '"b\n  c"')),
    "empty quotes": ('a: ""\n', ("a",), (1, 4, '""')),
    "block": ("a: |\n  b\n  c\nd: e\n", ("a",), (1, 4, "|\n  b\n  c\n")),
    "empty block": ("a: >-\nb: c\n", ("a",), (1, 4, ">-\n")),
    "in brackets": ("a: [b, No]\n", ("a", 1), (1, 8, "No")),
    "in braces": ("{a: {b: No}}\n", ("a", "b"), (1, 9, "No")),
    "item": ("a:\n- b\n- No\n", ("a", 1), (3, 3, "No")),
    "item of items": ("- - a\n  - No\n", (0, 1), (2, 5, "No")),
    "explicit key": ("? a\n: No\n", ("a",), (2, 3, "No")),
    "at the top": ("No\n", (), (1, 1, "No")),
    "after an anchor": ("a: &b No\n", ("a",), (1, 7, "No")),
    "after a tag": ("a: !!str No\n", ("a",), (1, 10, "No")),
    "after a tag, an anchor and a comment": ("a: !!str &b # c\n  'No'\n", ("a",), (2, 3, "'No'")),
    "alias": ("a: &x No\nb: *x\n", ("b",), (2, 4, "*x")),
    "alias as an item": ("a: &x No\nb: [c, *x ]\n", ("b", 1), (2, 8, "*x")),
    "inside of what an alias stands for": ("a: &x [No]\nb: *x\n", ("b", 0), (1, 8, "No")),
    "merged": ("a: &x {b: No}\nc:\n  <<: *x\n", ("c", "b"), (1, 11, "No")),
    "own instead of merged": ("a: &x {b: c}\nd:\n  b: No\n  <<: *x\n", ("d", "b"), (3, 6, "No")),
    "first of two merged": ("<<: [{a: No}, {a: b}]\n", ("a",), (1, 10, "No")),
    "repeated key": ("a: b\nc: d\na: No\n", ("a",), (3, 4, "No")),
    "key that is a boolean": ("yes: No\n", (True,), (1, 6, "No")),
    "key that is a number": ("1: No\n", (1,), (1, 4, "No")),
    "key that is a date": ("2001-01-01: No\n", (yaml.safe_load("2001-01-01"),), (1, 13, "No")),
    "key that is empty": ("? \n: No\n", (None,), (2, 3, "No")),
    "key that is no date": ("2023-99-99: No\n", ("2023-99-99",), (1, 13, "No")),
    "keys that Python finds equal": ("1: a\ntrue: No\n", (1,), (2, 7, "No")),
    "in a set": ("a: !!set {b, c}\n", ("a", "c"), (1, 14, "c")),
    "after a byte order mark": (f"{BOM}a: No\n", ("a",), (1, 4, "No")),
    "after CRLF": ("a: b\r\nc: No\r\n", ("c",), (2, 4, "No")),
    "after astral characters": ("😀: 😀\na: '😀' # 😀\nb: {😀: No}\n", ("b", "😀"), (3, 8, "No")),
    "after NEL in quotes": (f"a: 'b{NEL}c'\nd: No\n", ("d",), (2, 4, "No")),
    "after NEL on the line": (f"a: b{NEL}c: No\n", ("c",), (1, 9, "No")),
    "after U+2028 on the line": (f"a: b{LINE_SEPARATOR}c: No\n", ("c",), (1, 9, "No")),
    "after U+2028 in a block": (f"a: |\n  b{LINE_SEPARATOR}  c\nd: No\n", ("d",), (3, 4, "No")),
    "after a lone CR": ("a: b\rc: No\n", ("c",), (1, 9, "No")),
    "after tabs": ("a: '\tb'\n'\tc': No\n", ("\tc",), (2, 7, "No")),
    "after a directive": ("%YAML 1.1\n---\na: No\n", ("a",), (3, 4, "No")),
    "on the line of the start": ("--- No\n", (), (1, 5, "No")),
}


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(("text", "route", "place"), [pytest.param(*case, id=name) for name, case in VALUES.items()])
def test_value_is_shown_where_it_is_written(text: str, route: Route, place: tuple[int, int, str]) -> None:
    # A block ends where its last line ends, with the line end or without.
    line, column, found = shown(text, route)
    assert (line, column, found) == place


def test_tabs_between_key_and_value_count_as_one_column() -> None:
    assert shown("a:\tb\nc:\t\tNo\t# d\n", ("c",)) == (2, 5, "No")  # PyYAML's own reader takes no such tabs


STAND_INS: dict[str, tuple[str, Route, tuple[int, int, str]]] = {
    "empty value: its key": ("a:\nb: c\n", ("a",), (1, 1, "a")),
    "empty value with a comment: its key": ("a: # b\nc: d\n", ("a",), (1, 1, "a")),
    "empty value with an anchor: its key": ("a: &b\nc: d\n", ("a",), (1, 1, "a")),
    "empty value in braces: its key": ("{a: , b: c}\n", ("a",), (1, 2, "a")),
    "empty item: its dash": ("a:\n  - b\n  -\n  - c\n", ("a", 1), (3, 3, "-")),
    "empty item with an anchor: that": ("- &a\n- b\n", (0,), (1, 3, "&a")),
    "list: its key": ("a:\n  - b\n", ("a",), (1, 1, "a")),
    "list in brackets: its key": ("'a b': [c]\n", ("a b",), (1, 1, "'a b'")),
    "mapping: its key": ("a:\n  b: c\n", ("a",), (1, 1, "a")),
    "mapping behind an anchor: its key": ("a: &x\n  b: c\n", ("a",), (1, 1, "a")),
    "alias of a mapping: its key": ("a: &x {b: c}\nd: *x\n", ("d",), (2, 1, "d")),
    "alias of a mapping as an item: the alias": ("a: &x {b: c}\nd:\n  - *x\n", ("d", 0), (3, 5, "*x")),
    "mapping as an item: its first key": ("a:\n  - b: c\n    d: e\n", ("a", 0), (2, 5, "b")),
    "mapping as an item behind an anchor: its first key": ("- &x\n  a: b\n", (0,), (2, 3, "a")),
    "mapping as an item with a merge: the merge": ("- &x {a: b}\n- <<: *x\n", (1,), (2, 3, "<<")),
    "mapping in braces as an item: all of it": ("- {a: b}\n", (0,), (1, 3, "{a: b}")),
    "mapping in braces behind a tag: all of it": ("- !!map {a: b}\n", (0,), (1, 9, "{a: b}")),
    "empty braces as an item: all of it": ("- {}\n", (0,), (1, 3, "{}")),
    "list as an item: its dash": ("a:\n  - - b\n", ("a", 0), (2, 5, "-")),
    "list as an item behind an anchor: its dash": ("a:\n  - &x\n    - b\n", ("a", 0), (3, 5, "-")),
    "list in brackets behind an anchor: all of it": ("- &x [b, c]\n", (0,), (1, 6, "[b, c]")),
    "mapping at the top: its first key": ("# a\n---\nb: c\nd: e\n", (), (3, 1, "b")),
    "list at the top: its dash": ("- a: b\n", (), (1, 1, "-")),
}


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("text", "route", "place"),
    [pytest.param(*case, id=name) for name, case in STAND_INS.items()],
)
def test_what_is_no_text_is_shown_by_what_leads_to_it(text: str, route: Route, place: tuple[int, int, str]) -> None:
    assert shown(text, route) == place


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("text", "route", "place"),
    [
        pytest.param("a:\n  'b c': d\n", ("a", "b c"), (2, 3, "'b c'"), id="quoted"),
        pytest.param("a: {b: c}\n", ("a", "b"), (1, 5, "b"), id="in braces"),
        pytest.param("? a\n: b\n", ("a",), (1, 3, "a"), id="explicit"),
        pytest.param("&x a: b\n", ("a",), (1, 4, "a"), id="behind an anchor"),
        pytest.param("a: &x b\n*x : c\n", ("b",), (2, 1, "*x"), id="alias"),
        pytest.param("a: b\na: c\n", ("a",), (2, 1, "a"), id="the last of two"),
        pytest.param("a: &x {b: c}\nd: {<<: *x}\n", ("d", "b"), (1, 8, "b"), id="merged"),
        pytest.param("on: b\n", (True,), (1, 1, "on"), id="boolean"),
        pytest.param("a: [b]\n", ("a", 0), (1, 5, "b"), id="an item has none, so itself"),
        pytest.param("a:\n- b: c\n", ("a", 0), (2, 3, "b"), id="an item has none, so its first"),
    ],
)
def test_key_is_shown_where_it_is_written(text: str, route: Route, place: tuple[int, int, str]) -> None:
    assert shown(text, route, "key") == place


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("text", "on", "source"),
    [
        pytest.param("a: No # b\n", "value", "No", id="plain"),
        pytest.param("a: 'No'\n", "value", "'No'", id="quoted"),
        pytest.param("a: &b No\n", "value", "No", id="behind an anchor"),
        pytest.param("b: &b No\na: *b\n", "value", "No", id="alias"),
        pytest.param("a:\n", "value", "", id="empty"),
        pytest.param("a: [1,\n  2]\n", "value", "[1,\n  2]", id="list"),
        pytest.param('"a": b\n', "key", '"a"', id="key"),
        pytest.param("c: &x a\n*x : b\n", "key", "a", id="alias as a key"),
    ],
)
def test_source_is_what_is_written(text: str, on: Literal["key", "value"], source: str) -> None:
    assert document(text).source(("a",), on) == source


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        pytest.param("a: No", True, id="plain"),
        pytest.param("a: &b No", True, id="behind an anchor"),
        pytest.param("b: &b No\na: *b", True, id="alias"),
        pytest.param("a:", True, id="empty"),
        pytest.param("a: 'No'", False, id="quoted"),
        pytest.param("a: |\n  No", False, id="block"),
        pytest.param("a: !!bool No", False, id="with a tag, which quotes would not change"),
        pytest.param("a: [No]", False, id="list"),
    ],
)
def test_plain_is_what_has_no_quotes(text: str, is_plain: bool) -> None:
    assert document(text).is_plain(("a",)) is is_plain


@pytest.mark.parametrize("route", [("b",), ("a", 0), ("a", "b"), (0,), (["a"],), ("c", 1), ("c", "d")])
def test_route_that_leads_to_nothing(route: Route) -> None:
    with pytest.raises(LookupError):
        document("a: b\nc: [d]\n").span(route)


def raw_routes(node: yaml.Node, route: Route = ()) -> Iterator[tuple[Route, yaml.Node | None, yaml.Node]]:
    """Each place of a tree of PyYAML's own nodes: its route, its key and its value."""
    construct: Any = yaml.SafeLoader("").construct_object
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*route, construct(key, deep=True))
            yield below, key, value
            yield from raw_routes(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*route, index), None, item
            yield from raw_routes(item, (*route, index))


words = st.text(alphabet="ab1 :#'\"é😀\n\t\x85\u2028", max_size=8) | st.sampled_from(["No", "12:30", "2001-01-01", "~"])
leaves = words | st.booleans() | st.integers() | st.none()
nested = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=10
)


@given(
    st.dictionaries(words, nested, min_size=1, max_size=4),
    st.sampled_from([None, True, False]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
@settings(max_examples=200)
def test_places_are_those_of_the_other_reader(
    tree: dict[str, object], style: bool | None, end: str, indented: bool
) -> None:
    """libyaml's indices and our lines, against the nodes of PyYAML's own composer and a count of the text."""
    text = yaml.safe_dump(tree, default_flow_style=style, allow_unicode=True, line_break=end, width=20)
    text = "".join(f"  {line}" for line in text.splitlines(keepends=True)) if indented and style else text
    root = yaml.compose(text, yaml.SafeLoader)
    assert root is not None
    read = document(text)
    places = list(raw_routes(root))
    # A line end in a quoted key is read back as a space: two keys may have become one, of which the last counts.
    assume(len({route for route, _, _ in places}) == len(places))
    for route, key, value in places:
        for on, node in (("key", key), ("value", value)):
            visible = isinstance(node, yaml.ScalarNode) and (node.value or node.style)
            if node is None or node.start_mark is None or (on == "value" and not visible):
                continue
            start = node.start_mark.index
            span = read.span(route, "key" if on == "key" else "value")
            assert span.line == text[:start].count("\n") + 1
            assert span.column == start - (text[:start].rfind("\n") + 1) + 1


def problem(data: bytes) -> Problem:
    read = load(data)
    assert not isinstance(read, Document)
    (found,) = read
    return found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="no bytes"),
        pytest.param(BOM, id="a byte order mark"),
        pytest.param("\n\r\n \n", id="blank lines"),
        pytest.param("# to be written\n", id="a comment"),
        pytest.param("---\n", id="a document of nothing"),
        pytest.param("--- ~\n...\n", id="null"),
        pytest.param("&a !!null\n", id="null with an anchor and a tag"),
    ],
)
def test_empty_file(text: str) -> None:
    message = "the file is empty: write the leaf, or remove the file"
    assert problem(text.encode()) == Problem(code="TX004", message=message)


def test_file_that_is_too_long() -> None:
    message = "1,048,577 bytes are more than the 1,048,576 that are read: split the leaf"
    assert problem(b"a" * (MAX_BYTES + 1)) == Problem(code="TX005", message=message)
    assert isinstance(load(b"a" * MAX_BYTES), Document)


@pytest.mark.parametrize(
    ("data", "message", "span", "frame"),
    [
        pytest.param(
            "a: b\n\ufeffé: ".encode() + "é\n".encode("latin-1"),
            "byte 0xe9 is not UTF-8: save the file as UTF-8",
            Span.at(2, 5),
            (FrameLine(number=1, text="a: b"), FrameLine(number=2, text="\ufeffé: \ufffd")),
            id="one byte of Latin-1",
        ),
        pytest.param(
            BOM.encode() + "é: ü\n".encode("latin-1"),
            "byte 0xe9 is not UTF-8, nor are 1 more: save the file as UTF-8",
            Span.at(1, 1),
            (FrameLine(number=1, text="\ufffd: \ufffd"),),
            id="two bytes of Latin-1 after a byte order mark",
        ),
        pytest.param(
            b"a: \xf0\x9f\x98",
            "byte 0xf0 is not UTF-8, nor are 2 more: save the file as UTF-8",
            Span.at(1, 4),
            (FrameLine(number=1, text="a: \ufffd\ufffd\ufffd"),),
            id="a character that is cut off",
        ),
        pytest.param(
            b"a: \xed\xa0\x80",
            "byte 0xed is not UTF-8, nor are 2 more: save the file as UTF-8",
            Span.at(1, 4),
            (FrameLine(number=1, text="a: \ufffd\ufffd\ufffd"),),
            id="half a surrogate pair",
        ),
    ],
)
def test_bytes_that_are_not_utf_8(data: bytes, message: str, span: Span, frame: tuple[FrameLine, ...]) -> None:
    assert problem(data) == Problem(code="TX001", message=message, span=span, frame=frame)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_called_by_its_name(encoding: str) -> None:
    message = "the file is UTF-16: save it as UTF-8"
    assert problem(f"{BOM}a: b\n".encode(encoding)) == Problem(code="TX001", message=message, span=Span.at(1, 1))


def test_problem_has_its_line_and_the_one_before() -> None:
    assert problem(b"a: b\nc: 'd\n") == Problem(
        code="TX002",
        message="the quote ' that opens here is never closed",
        span=Span.at(2, 4),
        hint="close it where the text ends",
        frame=(FrameLine(number=1, text="a: b"), FrameLine(number=2, text="c: 'd")),
    )


COMMENTED = """\
# top
%YAML 1.1
--- # begins
a: |  # of the sign
  # text

  more # text
 # less indented
b: &name # between
  "x # quoted
  # quoted" # after
? c#d # of a key
: 'it''s # quoted'#close
e: [f, #of a list
  g#h]
i: >-

  # folded
<<: {"j # k": l} # merged
   # alone\u2028 # not alone
"""


@pytest.mark.usefixtures("_loader")
def test_comments_are_those_outside_of_scalars() -> None:
    assert [
        (comment.text, comment.span.line, comment.span.column, comment.alone)
        for comment in document(COMMENTED).comments()
    ] == [
        ("# top", 1, 1, True),
        ("# begins", 3, 5, False),
        ("# of the sign", 4, 7, False),
        ("# less indented", 8, 2, True),
        ("# between", 9, 10, False),
        ("# after", 11, 13, False),
        ("# of a key", 12, 7, False),
        ("#close", 13, 19, False),
        ("#of a list", 14, 8, False),
        ("# merged", 19, 18, False),
        ("# alone", 20, 4, True),
        ("# not alone", 20, 13, False),
    ]


LINES = st.sampled_from(
    [
        "# c",
        "a%: b#c # d",
        "- 'x # y'#z",
        '  "q',
        'r # s" # t',
        "k%: | # u",
        "  # v",
        " # w",
        ">-",
        "[a, #b",
        "]",
        "l%:",
    ]
)


@given(st.lists(LINES, max_size=12))
@settings(max_examples=300)
def test_what_a_comment_says_changes_nothing_and_what_is_none_does(lines: list[str]) -> None:
    text = "\n".join(line.replace("%", str(number)) for number, line in enumerate(lines))
    before = load(text.encode())
    assume(isinstance(before, Document))
    assert isinstance(before, Document)
    spans = [comment.span for comment in before.comments()]
    rows = text.split("\n")
    for span in spans:
        rows[span.line - 1] = rows[span.line - 1][: span.column - 1] + "# else"
    after = load("\n".join(rows).encode())
    assert isinstance(after, Document)
    assert after.data == before.data
    kept = "\n".join(
        row if number + 1 not in {span.line for span in spans} else row.removesuffix("# else")
        for number, row in enumerate(rows)
    )
    assert kept.count("#") == repr(before.data).count("#")
