"""Which works an attribution.txt names: what people write, in upstream's form and in others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.attribution import Entry, Field, parse
from taxonomy_tools.diagnostics import Span

FULL = "Title of work: Wren\nLink to work: https://example.org/wren\nLicense of the work: MIT\nCreator names: Jo\n"
WREN = {"TITLE": "Wren", "LINK": "https://example.org/wren", "LICENSE": "MIT", "CREATOR": "Jo"}


def works(text: str | bytes) -> list[dict[str, str]]:
    """What is said of each work; of a field that is there twice both, behind each other."""
    parsed = parse(text if isinstance(text, bytes) else text.encode())
    return [
        {field.name: " | ".join(entry.value for entry in work.of(field)) for field in Field if work.of(field)}
        for work in parsed.works
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(FULL, [WREN], id="upstream's form"),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\t\n", [], id="blanks"),
        pytest.param(FULL.replace("\n", "\r\n"), [WREN], id="carriage returns"),
        pytest.param("\ufeff" + FULL, [WREN], id="byte order mark"),
        pytest.param(FULL.encode("utf-16"), [WREN], id="UTF-16"),
        pytest.param(FULL.upper().replace("HTTPS://EXAMPLE.ORG/WREN", "x"),
                     [{"TITLE": "WREN", "LINK": "x", "LICENSE": "MIT", "CREATOR": "JO"}], id="capitals"),
        pytest.param("title_of_work=Wren\n[License of the work] = MIT\n- Creator name(s) : Jo\n",
                     [{"TITLE": "Wren", "LICENSE": "MIT", "CREATOR": "Jo"}], id="other marks"),
        pytest.param("Title: Wren\nSource: a\nVersion: 2\nSPDX-License-Identifier: MIT\nAuthors: Jo\n",
                     [{"TITLE": "Wren", "LINK": "a", "REVISION": "2", "LICENSE": "MIT", "CREATOR": "Jo"}],
                     id="other names"),
        pytest.param("License of the work: Apache License\n    Version 2.0\nThank you.\n",
                     [{"LICENSE": "Apache License Version 2.0"}], id="indented lines go on"),
        pytest.param("Source:\n  * a\n  2. b\n\nCreator:\nJo\nand more\n", [{"LINK": "a b", "CREATOR": "Jo"}],
                     id="values on the next lines"),
        pytest.param("- **Title of work**: Wren\n- **License of the work**: MIT\n* __Creator names__: Jo\n",
                     [{"TITLE": "Wren", "LICENSE": "MIT", "CREATOR": "Jo"}], id="bold names"),
        pytest.param("**Title of work:** Wren\n*Link to work:*\n  a\n***Creator names*** : Jo **Miller**\n",
                     [{"TITLE": "Wren", "LINK": "a", "CREATOR": "Jo **Miller**"}], id="bold names and colons"),
        pytest.param("1. Title of work: Wren\n2. **License:** MIT\n+ Creator: Jo\n",
                     [{"TITLE": "Wren", "LICENSE": "MIT", "CREATOR": "Jo"}], id="items"),
        pytest.param("Title of work: **Wren**\nLink: __init__.py\nLicense:**MIT**\n",
                     [{"TITLE": "**Wren**", "LINK": "__init__.py", "LICENSE": "**MIT**"}], id="bold values"),
        pytest.param("Title of work:\nCreator names:\n", [{"TITLE": "", "CREATOR": ""}], id="empty values"),
        pytest.param(FULL + "\n" + FULL, [WREN, WREN], id="works after blank lines"),
        pytest.param(FULL + FULL, [WREN, WREN], id="works after titles"),
        pytest.param(FULL + "---\n" + FULL, [WREN, WREN], id="works after rulers"),
        pytest.param("Link: a\nLink: b\n\nLink: c\n", [{"LINK": "a | b"}, {"LINK": "c"}], id="two links, and a work"),
        pytest.param("by: jo\n\n" + FULL + "\nThese are fine.\n", [WREN], id="remarks around"),
        pytest.param(FULL.replace("\nLicense", "\n\nLicense"), [WREN], id="blank line within a work"),
        pytest.param("Rhymes\nwww.example.org\nCC-BY-4.0\nJo\nAda\n",
                     [{"TITLE": "Rhymes", "LINK": "www.example.org", "LICENSE": "CC-BY-4.0", "CREATOR": "Jo | Ada"}],
                     id="no names"),
        pytest.param("1. https://example.org\n2. Self-authored\n", [{"LINK": "https://example.org"}], id="a list"),
        pytest.param("https://example.org/a: b\n", [{"LINK": "https://example.org/a: b"}], id="a link is no field"),
        pytest.param(b"Title of work: W\xe4n\n", [{"TITLE": "W\ufffdn"}], id="not UTF-8"),
    ],
)  # fmt: skip
def test_works(text: str | bytes, expected: list[dict[str, str]]) -> None:
    assert works(text) == expected


@pytest.mark.parametrize(
    ("text", "own"),
    [
        pytest.param("self-authored", True, id="a word"),
        pytest.param("Self authored", True, id="two words"),
        pytest.param("Title of work: My own words\n", True, id="in a value"),
        pytest.param("I wrote this.\n\n" + FULL, True, id="beside the works"),
        pytest.param(FULL, False, id="nothing said"),
        pytest.param("Title of work: The owner\n", False, id="part of a word"),
    ],
)
def test_claims_to_be_own(text: str, own: bool) -> None:
    assert [work.own for work in parse(text.encode()).works] == [own]


def test_places() -> None:
    parsed = parse(b"\n  Title of work:   Wren\r\nLink to work:\nLicense:\n  * MIT\n")
    (work,) = parsed.works
    assert work.entries == (
        Entry(field=Field.TITLE, value="Wren", span=Span.at(2, 20, 4)),
        Entry(field=Field.LINK, value="", span=Span.at(3, 1, 13)),
        Entry(field=Field.LICENSE, value="MIT", span=Span.at(5, 5, 3)),
    )
    assert work.span == Span.at(2, 3, 21)
    assert work.named


LINES = st.sampled_from(
    ["Title of work: a", "Link to work: b", "License: ", "  c", "", "---", "Creator names: d", "e", "\ufeff", "\r"]
)


@given(st.lists(LINES).map("\n".join))
def test_every_entry_stands_where_its_value_is(text: str) -> None:
    parsed = parse(text.encode())
    for work in parsed.works:
        for entry in work.entries:
            line = parsed.text.line(entry.span.line)
            shown = line[entry.span.column - 1 : entry.span.end_column - 1]
            assert entry.span.line == entry.span.end_line
            assert entry.value.startswith(shown) if entry.value else shown.endswith(":")


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    parse(data)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Link: x\n", id="the same field"),
        pytest.param("Title of work: x\n", id="titles"),
        pytest.param("Title of work: x\n\n", id="works"),
        pytest.param("a\n", id="lines"),
        pytest.param("a\n\n", id="lines apart"),
        pytest.param("url:\n\n", id="works without values"),
        pytest.param("*_" * 20 + "1. " + "a" * 40 + "_" * 9 + "\n", id="almost a name"),
        pytest.param("License:\n", id="empty values"),
        pytest.param("  x\n", id="indented lines"),
        pytest.param(" " * 100, id="spaces"),
        pytest.param("a ", id="one line"),
        pytest.param("-" * 100 + "x", id="almost a ruler"),
    ],
)
def test_a_mebibyte_of_it_is_read(line: str) -> None:
    """Quadratic work on this would take hours."""
    parsed = parse((line * (1 + 2**20 // len(line)))[: 2**20].encode())
    assert len(parsed.works) <= 10_000


def test_works_without_names_are_read_so_far() -> None:
    """They are guesses: whoever writes more than 10,000 lines names fields, or no works."""
    parsed = parse(b"Rhymes\nJo\n\n" * 9_000)
    assert len(parsed.works) == 5_000
    (work,) = parse(b"Rhymes\n" * 20_000).works
    assert len(work.entries) == 10_000


def test_no_licence_is_lost_behind_many_works() -> None:
    parsed = parse(b"Title: a\nLicense: MIT\n\n" * 10_005 + b"Title: b\nLicense: GPL-3.0-only\n")
    assert len(parsed.works) == 10_000
    last = parsed.works[-1]
    assert [entry.value for entry in last.of(Field.LICENSE)] == ["MIT"] * 6 + ["GPL-3.0-only"]
