"""Rules about single values, on values that are made to break them: whatever a leaf holds, they answer, and soon."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.document import Document, load
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules import (
    abbreviated_commit,
    bad_username,
    hidden_characters,
    incomplete_attribution,
    license_not_allowed,
    unsafe_pattern,
    unsafe_repository_url,
    unsupported_document_type,
)
from taxonomy_tools.rules.base import Finding, LeafRule, Subject, text_at

LEAF = "knowledge/birds"
RULES: tuple[LeafRule, ...] = (
    incomplete_attribution,
    license_not_allowed,
    bad_username,
    hidden_characters,
    abbreviated_commit,
    unsafe_repository_url,
    unsafe_pattern,
    unsupported_document_type,
)


def subject(text: str, attribution: bytes = b"") -> Subject:
    document = load(text.encode(errors="surrogatepass"))
    return Subject(
        path=LEAF,
        document_path=f"{LEAF}/qna.yaml",
        document=document if isinstance(document, Document) else None,
        version=3,
        violations=(),
        lint=(),
        attribution=attribution,
        attribution_path=f"{LEAF}/attribution.txt",
        misnamed=(),
        problems=(),
        kind=LeafKind.KNOWLEDGE,
    )


def found(leaf: Subject) -> Iterator[tuple[str, Finding]]:
    """What each rule finds, with its place, as a report needs it."""
    for rule in RULES:
        for finding in rule.check(leaf):
            if finding.route is not None and leaf.document is not None:
                leaf.document.span(finding.route, finding.on)
            yield rule.CODE, finding


def written(value: object) -> str:
    """A leaf that has the value wherever one of these rules looks."""
    text = json.dumps(value)
    return (
        f'"created_by": {text}\n"document":\n  "repo": {text}\n  "commit": {text}\n  "patterns": [{text}, {text}]\n'
        if not isinstance(value, dict)
        else f'"created_by": {text}\n"document": {text}\n'
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.from_regex(r"[a-z:/@.\-\[\]%\\0-9 ]{0,20}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["repo", "patterns", "x"]), inner),
    max_leaves=5,
)


@given(VALUES, st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nothing_raises(value: object, attribution: bytes) -> None:
    for _, finding in found(subject(written(value), attribution)):
        assert finding.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a", id="a letter"),
        pytest.param("@", id="at signs"),
        pytest.param("a@", id="addresses that are none"),
        pytest.param("-", id="hyphens"),
        pytest.param("a-", id="hyphens inside"),
        pytest.param("/", id="slashes"),
        pytest.param("../", id="steps up"),
        pytest.param("https://", id="schemes"),
        pytest.param("a:", id="colons"),
        pytest.param("a.", id="labels"),
        pytest.param("é.", id="labels that are not ASCII"),
        pytest.param("0", id="zeros"),
        pytest.param("\u200b", id="nothing to see"),
        pytest.param("\u202e\n", id="lines of it"),
        pytest.param("\U0001f3f4\U000e0061", id="flags"),
        pytest.param("\u05d0\u200f\n", id="lines from right to left"),
        pytest.param("License: x\n", id="licences"),
        pytest.param("License: x or\n\n", id="works"),
        pytest.param("(", id="brackets"),
    ],
)
def test_long_values_are_answered(text: str) -> None:
    """Quadratic work on these would take minutes; messages and their number stay small."""
    long = text * (500_000 // len(text.encode()))
    leaf = subject(f"created_by: {json.dumps(long[:100_000])}\n", long.encode())
    repo = subject(written(f"https://{long[:50_000]}"))
    findings = [*found(leaf), *found(repo)]
    assert len(findings) <= 150
    assert all(len(finding.message) <= 300 and len(finding.hint) <= 90 for _, finding in findings)


def test_distinct_licences_are_told_up_to_a_number() -> None:
    attribution = "".join(f"Title: a\nLink: b\nLicense: L{number}\nCreator: c\n\n" for number in range(5000))
    codes = [code for code, _ in found(subject("version: 3\n", attribution.encode()))]
    assert codes == ["TX404"] * 20


@pytest.mark.parametrize(
    ("count", "more"),
    [
        pytest.param(100, "", id="a hundred"),
        pytest.param(101, ", and 1 other pattern below too", id="one more"),
        pytest.param(30_000, ", and 29,900 other patterns below too", id="many"),
    ],
)
def test_patterns_are_told_up_to_a_number(count: int, more: str) -> None:
    leaf = subject("document:\n  patterns:\n" + "".join(f"  - ../{number}.txt\n" for number in range(count)))
    for rule, fault in (
        (unsafe_pattern, "leads out of a folder by `..`"),
        (unsupported_document_type, "matches no Markdown and no PDF"),
    ):
        messages = [finding.message for finding in rule.check(leaf)]
        assert messages == [f"`../{number}.txt` {fault}{more if number == 99 else ''}" for number in range(100)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(r'"a\u200bb"', [(1, 6, 6, "U+200B ZERO WIDTH SPACE")], id="four digits"),
        pytest.param(r'"\x1b"', [(1, 5, 4, "U+001B ESCAPE")], id="two digits"),
        pytest.param(r'"\e"', [(1, 5, 2, "U+001B ESCAPE")], id="a letter"),
        pytest.param(r'"\u202e\u202e x"', [(1, 5, 12, "U+202E RIGHT-TO-LEFT OVERRIDE (2 times)")], id="a row"),
        pytest.param('"b\n  c\\u2060"', [(2, 4, 6, "U+2060 WORD JOINER")], id="on another line"),
        pytest.param(r'"\U0001F468\u200D\U0001F469 \n\t\"\\u200b"', [], id="emoji, and no hidden ones"),
        pytest.param(r"'\u200b'", [], id="no escape in single quotes"),
        pytest.param(r"\u200b", [], id="no escape in plain text"),
        pytest.param('"a\u115fb"', [(1, 6, 1, "U+115F HANGUL CHOSEONG FILLER")], id="a filler"),
        pytest.param('"a\u2800b"', [(1, 6, 1, "U+2800 BRAILLE PATTERN BLANK")], id="a blank"),
        pytest.param('"\u2803\u2800\u2801 \u115f\u1161"', [], id="fillers and blanks that are of use"),
    ],
)
def test_hidden_characters_in_values(text: str, expected: list[tuple[int, int, int, str]]) -> None:
    found = list(hidden_characters.check(subject(f"a: {text}\n")))
    shown = [
        (one.span.line, one.span.column, one.span.end_column - one.span.column, one.message.split(" ", 2)[2])
        for one in found
        if one.span is not None
    ]
    assert shown == expected


def test_a_tag_of_escapes_is_spelled() -> None:
    (finding,) = hidden_characters.check(subject(r'a: "x\U000E0068\U000E0069"'))
    assert finding.message == "2 hidden tags spell `hi`"


def test_licences_are_looked_at_up_to_a_number() -> None:
    attribution = "".join(f"Title: a\nLicense: MIT or L{number}\nCreator: c\n\n" for number in range(5000))
    (finding,) = license_not_allowed.check(subject("version: 3\n", attribution.encode()))
    assert finding.message == "4,000 licences from here on were not looked at: too many"
    assert finding.span is not None
    assert finding.span.line == 4002


def test_hidden_characters_are_told_up_to_a_number_of_lines() -> None:
    text = "# \u200b\n" * 120 + "version: 3\n"
    findings = list(hidden_characters.check(subject(text)))
    assert len(findings) == 50
    assert findings[0].message == "hidden character U+200B ZERO WIDTH SPACE"
    assert findings[-1].message == "hidden character U+200B ZERO WIDTH SPACE, and more in 70 lines below"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: {b: c}", "c", id="text"),
        pytest.param("a: {b: 5}", None, id="a number"),
        pytest.param("a: {b: ' '}", None, id="blanks"),
        pytest.param("a: {b: 2023-99-99}", None, id="no date"),
        pytest.param("a: [b]", None, id="a list"),
        pytest.param("[a]", None, id="no mapping"),
        pytest.param("x: &x {b: c}\na: *x", "c", id="an alias"),
        pytest.param("a: [", None, id="not YAML"),
    ],
)
def test_text_at_a_place(text: str, expected: str | None) -> None:
    assert text_at(subject(text), "a", "b") == expected
