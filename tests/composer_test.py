"""Data are those of PyYAML's safe loader, limits hold, and nothing is raised, with libyaml and without it."""

import math
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taxonomy_tools import composer
from taxonomy_tools.composer import compose
from taxonomy_tools.document import Document, load
from taxonomy_tools.text import Text

LIBYAML = yaml.CSafeLoader
PYYAML = yaml.SafeLoader
LOADERS = [pytest.param(LIBYAML, id="libyaml"), pytest.param(PYYAML, id="PyYAML")]
MIB = 1024 * 1024
SECONDS = 10 if "coverage" in sys.modules else 1
MERSENNE = 2**61 - 1  # Python's hash of each multiple of it is 0

FRAGMENTS = """a b a:  b:  -  [ ] { } , , ? :  &a  &b  *a *b !!str  !!int  !!set  !!omap  !!pairs  !!binary  !!null  !x
| >- |+ ' " \\ # <<:  << = No 12:30 2001-01-01 2023-99-99 1.5 .nan .inf 0x1f 0x_ 0b1 1_0 ~ null true yes --- ... % @ `
\\x41 \\q é 😀 [a] {a: b}""".split(" ")
LAYOUT = [
    "\n",
    "\n  ",
    "\n- ",
    "\n    ",
    "\n\n",
    " ",
    "  ",
    "\r\n",
    "\r",
    "\t",
    "\x85",
    "\u2028",
    "\ufeff",
    "\n<<: *a\n",
]
yamlish = st.lists(st.sampled_from([*FRAGMENTS, *LAYOUT, "a: ", "b: ", "- ", ": ", "&a ", "!!str "]), max_size=24).map(
    "".join
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.binary(max_size=12)
    | st.sampled_from(["No", "12:30", "=", "<<", "1e3", "~", "", " a", "a: b", "# c", "\ufeff", "\x85", "😀\u2028"])
)
keys = st.text(max_size=6) | st.integers() | st.booleans() | st.none() | st.dates()
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@pytest.fixture(params=LOADERS)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads with libyaml, and as where PyYAML was built without it."""
    monkeypatch.setattr(composer, "_Loader", request.param)
    return request.param


def same(one: object, other: object) -> bool:
    """Equal in value and type, all the way down, and in the order of keys."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other


def routes(data: object, route: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield route
    if isinstance(data, dict):
        for key, value in data.items():
            yield from routes(value, (*route, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from routes(value, (*route, index))


def flat(data: object) -> list[object]:
    """The keys and values of a mapping, or the items of a list."""
    if isinstance(data, dict):
        return [*data, *data.values()]
    return data if isinstance(data, list) else [data]


def expected(text: str, reader: Any) -> object:
    """What the safe loader makes of a text: its data, or the exception."""
    try:
        return yaml.load(text, reader)
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, AttributeError, TypeError) as error:
        return error


def agrees(text: str, reader: Any) -> None:
    """The text is read as the safe loader reads it; every place of the data can be shown."""
    wanted = expected(text.lstrip("\ufeff"), reader)
    read = load(text.encode())
    if isinstance(read, Document):
        # The safe loader loads nothing with a malformed scalar in it.
        assert isinstance(wanted, Exception) if read.malformed else same(read.data, wanted)
        for route in routes(read.data):
            for span in (read.span(route), read.span(route, "key")):
                assert 1 <= span.line <= read.text.lines
                assert read.text.frame(span)[-1].number == span.line
            read.source(route)
            read.is_plain(route)
        return
    assert all(problem.frame for problem in read if problem.span is not None)
    stricter = ("the file is empty", "stands inside the very thing", "the tag `!!")
    reasons = [problem.message for problem in read]
    assert isinstance(wanted, Exception) or any(words in reason for reason in reasons for words in stricter)


@given(yamlish)
@settings(max_examples=400)
@example("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc:\n  <<: [*a, {x: 3}]\n")
@example("? a\n: b\n? [c]\n: d\n")
@example("a: &a [b, *a]\n")
@example("= : a\n<<: {b: c}\n")
@example('a: "\\ud800"\n')
@example("a: ! 12\nb: ! '12'\n")
def test_text_is_read_as_by_the_safe_loader(text: str) -> None:
    agrees(text, LIBYAML)


@given(yamlish)
@settings(max_examples=200)
def test_text_is_read_as_by_the_safe_loader_without_libyaml(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composer, "_Loader", PYYAML)
        if "\\u" not in text:  # PyYAML gives half a character for `"\ud800"`
            agrees(text, PYYAML)


@given(trees, st.sampled_from([None, True, False]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=200)
def test_data_come_back_as_they_were_written(tree: object, style: bool | None, unicode: bool, end: str) -> None:
    text = yaml.safe_dump(
        tree, default_flow_style=style, allow_unicode=unicode, line_break=end, sort_keys=False, width=20
    )
    wanted = yaml.safe_load(text)
    read = load(text.encode())
    if wanted is None:
        assert not isinstance(read, Document)
        assert [problem.code for problem in read] == ["TX004"]
    else:
        assert isinstance(read, Document)
        assert same(read.data, wanted)


@given(trees, st.data())
@settings(max_examples=200)
def test_mangled_text_is_read_as_by_the_safe_loader(tree: object, data: st.DataObject) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 3)))
    agrees(text[:start] + data.draw(st.sampled_from([*FRAGMENTS, *LAYOUT])) + text[end:], LIBYAML)


@given(st.binary(max_size=200))
@settings(max_examples=300)
@example(b"!<%ed%a0%80> x")
@example(b"%YAML 1" + b"1" * 5000 + b".1\n---\na")
@example(b'"\\UFFFFFFFF"')
@example(b"\xff\xfea\x00")
def test_bytes_raise_nothing(data: bytes) -> None:
    for reader in (LIBYAML, PYYAML):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(composer, "_Loader", reader)
            read = load(data)
            assert isinstance(read, Document) or read


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("a: 1\na: 2\n", {"a": 2}, id="the last of two keys wins"),
        pytest.param("1: a\ntrue: b\n", {1: "b"}, id="keys that Python finds equal are one"),
        pytest.param(
            "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}, id="merge"
        ),
        pytest.param("<<: [{a: 1}, {a: 2, b: 2}]\n", {"a": 1, "b": 2}, id="of merged mappings the first wins"),
        pytest.param("<<: {a: 1}\n<<: {a: 2}\n", {"a": 2}, id="of two merges the last wins"),
        pytest.param("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}, id="alias"),
        pytest.param("&x a: *x\n", {"a": "a"}, id="alias of a key"),
        pytest.param("<<: [{a: 1}, {b: 2}]\n=: c\n", {"b": 2, "a": 1, "=": "c"}, id="equals sign as a key"),
        pytest.param("!!set {? a, ? b}\n", {"a", "b"}, id="set"),
        pytest.param("!!omap [a: 1, b: 2]\n", [("a", 1), ("b", 2)], id="ordered mapping"),
        pytest.param("!!pairs [a: 1, a: 2]\n", [("a", 1), ("a", 2)], id="pairs"),
        pytest.param("!!binary aGk=\n", b"hi", id="binary"),
        pytest.param("[!!str 1, !!int '1', !!float 1, !!null x]\n", ["1", 1, 1.0, None], id="tags"),
        pytest.param(
            "[012, 0x1f, 1_000, 190:20:30, 1.5e+3, -.inf]\n", [10, 31, 1000, 685230, 1500.0, -math.inf], id="numbers"
        ),
        pytest.param("[yes, No, on, OFF, y]\n", [True, False, True, False, "y"], id="booleans"),
        pytest.param(
            "- 2001-01-01\n- 2001-01-01 01:02:03Z\n",
            [date(2001, 1, 1), datetime(2001, 1, 1, 1, 2, 3, tzinfo=UTC)],
            id="dates",
        ),
        pytest.param(
            "a: |\n    \tcode\n", {"a": "\tcode\n"}, id="tab at the start of a block's text, which libyaml refuses"
        ),
        pytest.param("\ufeff\ufeffa: b\n", {"a": "b"}, id="byte order marks"),
    ],
)
@pytest.mark.usefixtures("loader")
def test_data(text: str, data: object) -> None:
    read = load(text.encode())
    assert isinstance(read, Document)
    assert same(read.data, data)


def test_alias_is_the_same_object() -> None:
    read = load(b"a: &x [1]\nb: *x\n")
    assert isinstance(read, Document)
    assert isinstance(read.data, dict)
    assert read.data["a"] is read.data["b"]


@pytest.mark.parametrize(
    ("text", "source", "kind"),
    [
        pytest.param("a: 2023-99-99\n", "2023-99-99", "a date", id="date"),
        pytest.param("a: 0x_\n", "0x_", "a number", id="hexadecimal"),
        pytest.param(f"a: {'1' * 5000}\n", "1" * 5000, "a number", id="number of too many digits"),
        pytest.param(f"a: 1{':1' * 600}\n", f"1{':1' * 600}", "a number", id="number of too many parts"),
        pytest.param("2023-99-99: a\n", "2023-99-99", "a date", id="key"),
        pytest.param("a: &b 2023-99-99\n", "2023-99-99", "a date", id="after an anchor"),
        pytest.param("a: =\n", "=", "", id="equals sign"),
        pytest.param("- <<\n", "<<", "", id="merge sign"),
        pytest.param("=\n", "=", "", id="at the top"),
    ],
)
@pytest.mark.usefixtures("loader")
def test_malformed_scalar_is_text_and_told(text: str, source: str, kind: str) -> None:
    read = load(text.encode())
    assert isinstance(read, Document)
    ((shown, looks),) = [(scalar.source, scalar.kind) for scalar in read.malformed]
    assert (shown, looks) == (source, kind)
    span = read.malformed[0].span
    assert read.text.line(span.line)[span.column - 1 : span.end_column - 1] == source
    assert source in flat(read.data)


def problems(data: bytes) -> list[tuple[str, str, str]]:
    read = load(data)
    assert not isinstance(read, Document)
    return [
        (problem.code, f"{problem.span.line}:{problem.span.column}" if problem.span else "", problem.message)
        for problem in read
    ]


DEEP = "collections are nested more than 100 deep"
MANY = "more than 100,000 values, counting what aliases repeat"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("[" * 101, "1:101", DEEP, id="brackets"),
        pytest.param("- " * 101 + "a", "1:201", DEEP, id="dashes"),
        pytest.param("".join(" " * depth + "a:\n" for depth in range(101)), "101:101", DEEP, id="indentation"),
        pytest.param(
            f"- &a {'[' * 60}{']' * 60}\n- {'[' * 60}*a{']' * 60}\n", "2:63", DEEP, id="depth through an alias"
        ),
        pytest.param(f"[{'a,' * 100_000}]", "1:200000", MANY, id="values"),
        pytest.param(f"- &a [{'a,' * 999}]\n" + "- *a\n" * 120, "100:3", MANY, id="values through aliases"),
        pytest.param(
            "a: &a [*a]\n", "1:8", "`*a` stands inside the very thing that it names", id="alias inside its anchor"
        ),
        pytest.param(
            "".join(f"{number}: a\n" for number in range(1001)),
            "1:1",
            "a mapping with more than 1,000 numbers for keys",
            id="numbers for keys",
        ),
        pytest.param(
            "".join(f"%TAG !{number}! x\n" for number in range(101)) + "---\na",
            "101:1",
            "more than 100 lines that start with %",
            id="directives",
        ),
    ],
)
@pytest.mark.usefixtures("loader")
def test_limit(text: str, place: str, message: str) -> None:
    assert problems(text.encode()) == [("TX005", place, message)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100 + "]" * 100, id="depth"),
        pytest.param(f"- &a {'[' * 50}{']' * 50}\n- {'[' * 49}*a{']' * 49}\n", id="depth through an alias"),
        pytest.param(f"[{','.join('a' * 99_999)}]", id="values"),
        pytest.param("".join(f"{number}: a\n" for number in range(1000)), id="numbers for keys"),
        pytest.param("".join(f"k{number}: a\n" for number in range(3000)), id="other keys"),
        pytest.param("a: |\n" + "  %\n" * 200, id="percent signs that start no line"),
    ],
)
def test_at_the_limit_all_is_well(text: str) -> None:
    assert isinstance(load(text.encode()), Document)


def hostile() -> dict[str, str]:
    """Inputs of up to 1 MiB that take minutes, gigabytes, or the process with them, when they are read without care."""
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 30)
    )
    return {
        "braces": "{a: " * 40_000,
        "brackets": "[" * MIB,
        "dashes": "- " * (MIB // 2),
        "question marks": "? " * (MIB // 2),
        "commas": f"[{'a,' * (MIB // 2 - 1)}]",
        "line ends": "\n" * MIB,
        "spaces": " " * MIB,
        "tabs": "\t" * MIB,
        "comments": "#\n" * (MIB // 2),
        "one word": "a" * MIB,
        "one line of words": "a " * (MIB // 2),
        "folded lines": "a: b" + "\n c" * (MIB // 3 - 2),
        "block": "a: |\n" + " b\n" * (MIB // 3 - 2),
        "open quote": '"' + "a" * (MIB - 1),
        "escapes": '"' + "\\q" * (MIB // 2 - 1) + '"',
        "empty values": "a:\n" * (MIB // 3),
        "anchors": "".join(f"- &a{number} x\n" for number in range(80_000)),
        "aliases": "- &a x\n" + "- *a\n" * (MIB // 5 - 2),
        "unknown aliases": "- *a\n" * (MIB // 5),
        "unknown tags": "- !x a\n" * (MIB // 7),
        "repeated anchors": "- &a b\n" * (MIB // 7),
        "repeated keys": "a: b\n" * (MIB // 5),
        "laughs": laughs,
        "merges": "a: &a {x: 1}\nb:\n" + "  <<: *a\n" * 100_000,
        "merged lists": f"a: &a {{x: 1}}\nb: {{<<: [{'*a,' * 90_000}]}}\n",
        "keys of one hash": "".join(f"{number * MERSENNE}: a\n" for number in range(1, 35_000)),
        "set of one hash": f"!!set {{{','.join(f'? {number * MERSENNE}' for number in range(1, 30_000))}}}",
        "sexagesimal": "a: 1" + ":1" * (MIB // 2 - 4),
        "sexagesimals": f"- 1{':1' * 490}\n" * 1000,
        "hexadecimal": "a: 0x" + "f" * (MIB - 10),
        "malformed scalars": "- 2023-99-99\n" * 80_000,
        "directives": "".join(f"%TAG !a{number}! tag:x\n" for number in range(50_000)) + "---\na",
        "controls": "\x01" * MIB,
        "properties": f"- &a !!str {'#' * (MIB - 100)}\n  x",
        "documents": "---\n" * (MIB // 4),
        "conflicts": "<<<<<<< a\n: [\n>>>>>>> b\n" * 40_000,
        "tabs that PyYAML takes": "- a\n" * (MIB // 5) + "- |\n  \tx\n",
    }


HOSTILE = hostile()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_no_time(name: str) -> None:
    data = HOSTILE[name].encode()
    assert len(data) <= MIB
    started = time.process_time()
    read = load(data)
    assert time.process_time() - started < SECONDS
    assert isinstance(read, Document) or 0 < len(read) <= 1001


def test_bytes_that_are_no_text_take_no_time() -> None:
    started = time.process_time()
    message = "byte 0xe9 is not UTF-8, nor are 1,048,575 more: save the file as UTF-8"
    assert problems(b"\xe9" * MIB) == [("TX001", "1:1", message)]
    assert time.process_time() - started < SECONDS


@pytest.mark.usefixtures("loader")
def test_every_control_character_is_told_at_its_place() -> None:
    text = "a: 'é\x07'\nb: 😀\x1b[31m\n\x00c: \x7f\ufffe"
    assert problems(text.encode()) == [
        ("TX002", "1:6", "the control character U+0007 is not allowed in YAML"),
        ("TX002", "2:5", "the control character U+001B is not allowed in YAML"),
        ("TX002", "3:1", "the control character U+0000 is not allowed in YAML"),
        ("TX002", "3:5", "the control character U+007F is not allowed in YAML"),
        ("TX002", "3:6", "the control character U+FFFE is not allowed in YAML"),
    ]


def test_of_many_control_characters_the_first_are_told() -> None:
    told = problems(b"a\x0c\n" * 25)
    assert told[:20] == [("TX002", f"{line}:2", told[0][2]) for line in range(1, 21)]
    assert told[20:] == [("TX002", "21:2", "5 more control characters from here on")]


@pytest.mark.usefixtures("loader")
def test_errors_without_a_place_of_their_own_are_told() -> None:
    assert problems(b'a: "\\UFFFFFFFF"\n')[0][0] == "TX002"
    assert problems(b'a: "\\ud800"\n')[0][0] == "TX002"
    assert problems(b"a: !<%ed%a0%80> x\n")[0][0] == "TX002"


def test_reading_stops_after_a_thousand_mistakes() -> None:
    told = problems(b"- !x a\n" * 5000)
    assert len(told) == 1001
    assert told[-1] == ("TX002", "1000:3", "too many mistakes: nothing below was read")


def test_tag_of_a_collection_that_is_not_known_is_told() -> None:
    assert problems(b"a: !x {b: c}\nd: !!str {e: f}\ng: !x [h]\n") == [
        ("TX002", "1:4", "the tag `!x` means nothing here"),
        ("TX002", "2:4", "the tag `!!str` does not fit what follows it"),
        ("TX002", "3:4", "the tag `!x` means nothing here"),
    ]


def test_nothing_at_all_is_no_node() -> None:
    assert compose(Text("# nothing\n")) == composer.Composition(root=None)
