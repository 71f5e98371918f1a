"""The baseline file, and what it takes from reports."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from taxonomy_tools.baseline import Baseline, Sieve, findings_of, fingerprint
from taxonomy_tools.config import BrokenFile
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.report import LeafReport

LEAF = "knowledge/science/birds"
NAME = ".taxonomy-baseline.json"
SCHEMA = json.loads(files("taxonomy_tools.schema").joinpath("baseline.schema.json").read_text("utf-8"))
ONE, TWO = "1" * 32, "2" * 32


def found(
    code: str = "TX303", line: int | None = 4, text: str = "a: b", *, message: str = "`a` is wrong"
) -> Diagnostic:
    return Diagnostic(
        code=code,
        name="a-name",
        severity=Severity.WARNING,
        message=message,
        leaf=LEAF,
        file=f"{LEAF}/qna.yaml",
        span=Span.at(line, 1) if line else None,
        frame=(FrameLine(number=line, text=text),) if line else (),
    )


def report(*diagnostics: Diagnostic, path: str = LEAF, change: LeafChange | None = None) -> LeafReport:
    return LeafReport(path=path, kind=None, diagnostics=diagnostics, change=change)


def baseline(*diagnostics: Diagnostic, path: str = LEAF) -> Baseline:
    return Baseline({path: findings_of(diagnostics)})


def sieve(known: Baseline, *, off: str = "", whole: Collection[str] | None = (LEAF, "knowledge/gone")) -> Sieve:
    return Sieve(known, name=NAME, reports=lambda _, code: code not in off.split(), whole=whole)


# --- the file


def test_file_has_a_finding_a_line_sorted() -> None:
    known = Baseline({"knowledge/b": {("TX505", ONE): 1}, "knowledge/a": {("TX505", TWO): 2, ("TX303", TWO): 1}})
    assert known.dump().decode() == (
        "{\n"
        '  "format_version": 1,\n'
        '  "findings": [\n'
        f'    {{"leaf": "knowledge/a", "code": "TX303", "fingerprint": "{TWO}", "count": 1}},\n'
        f'    {{"leaf": "knowledge/a", "code": "TX505", "fingerprint": "{TWO}", "count": 2}},\n'
        f'    {{"leaf": "knowledge/b", "code": "TX505", "fingerprint": "{ONE}", "count": 1}}\n'
        "  ]\n"
        "}\n"
    )
    assert len(known) == 4
    assert Baseline().dump() == b'{\n  "format_version": 1,\n  "findings": []\n}\n'


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "Cs", "Cc"])),
        st.dictionaries(
            st.tuples(st.from_regex(r"\ATX[0-9]{3}\Z"), st.from_regex(r"\A[0-9a-f]{32}\Z")),
            st.integers(1, 9),
            min_size=1,
            max_size=3,
        ),
        max_size=3,
    )
)
def test_what_is_written_is_read_and_fits_the_schema(leaves: Mapping[str, Mapping[tuple[str, str], int]]) -> None:
    known = Baseline(leaves)
    content = known.dump()
    assert Baseline.load(content, NAME) == known
    Draft202012Validator(SCHEMA).validate(json.loads(content))


def test_a_line_that_two_branches_wrote_counts_once() -> None:
    entry = {"leaf": LEAF, "code": "TX303", "fingerprint": ONE, "count": 2}
    content = json.dumps({"format_version": 1, "findings": [entry, entry, {**entry, "count": 1}]})
    assert Baseline.load(content.encode(), NAME) == Baseline({LEAF: {("TX303", ONE): 2}})


ENTRY: dict[str, Any] = {"leaf": LEAF, "code": "TX303", "fingerprint": ONE, "count": 1}
MEMBERS = "an entry has the members `leaf`, `code`, `fingerprint` and `count`"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param([], MEMBERS, id="no object"),
        pytest.param({**ENTRY, "line": 3}, MEMBERS, id="a member more"),
        pytest.param({"leaf": LEAF, "code": "TX303", "fingerprint": ONE}, MEMBERS, id="a member less"),
        pytest.param({**ENTRY, "leaf": None}, "`leaf` must be the path of a leaf", id="no leaf"),
        pytest.param({**ENTRY, "code": "TX5"}, "`code` must be the code of a rule", id="a family"),
        pytest.param({**ENTRY, "code": 505}, "`code` must be the code of a rule", id="a number for a code"),
        pytest.param({**ENTRY, "fingerprint": "x"}, "`fingerprint` must be 32 hexadecimal digits", id="no fingerprint"),
        pytest.param({**ENTRY, "count": 0}, "`count` must be a whole number, at least 1", id="none"),
        pytest.param({**ENTRY, "count": True}, "`count` must be a whole number, at least 1", id="a boolean"),
        pytest.param({**ENTRY, "count": 1.5}, "`count` must be a whole number, at least 1", id="half a finding"),
    ],
)
def test_broken_entry_is_told_with_its_place(entry: object, reason: str) -> None:
    content = (
        '{"findings": [{}],\n "format_version": 1,\n "findings": [\n'
        f"  {json.dumps(ENTRY)},\n  {json.dumps(entry)}\n]}}"
    )
    assert not Draft202012Validator(SCHEMA).is_valid(json.loads(content))
    with pytest.raises(BrokenFile) as raised:
        Baseline.load(content.encode(), NAME)
    assert str(raised.value) == f"the baseline {NAME} has 1 error.\n{NAME}:5:3: {reason}"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "1:1: this is no JSON: expecting value", id="empty"),
        pytest.param(b'{"format_version": 1,\n "findings": [}', "2:15: this is no JSON: expecting value", id="cut"),
        pytest.param(b'{\n"a": \xff}', "2:6: the file is not UTF-8", id="not UTF-8"),
        pytest.param(
            b'{"findings": [\n<<<<<<< HEAD\n=======\n>>>>>>> other\n]}', "2:1: a merge left a conflict here", id="merge"
        ),
        pytest.param(b"[" * 200_000, "1:1: this is no baseline", id="nested deep"),
        pytest.param(b"1" * 5_000, "1:1: this is no baseline", id="a long number"),
        pytest.param(b"[]", "1:1: a baseline has two members, `format_version` and `findings`", id="a list"),
        pytest.param(b"{}", "1:1: a baseline has two members, `format_version` and `findings`", id="nothing"),
        pytest.param(
            b'{"findings": [],\n"format_version": 2}',
            "2:1: this version of taxonomy-tools reads baselines whose `format_version` is 1",
            id="of another version",
        ),
        pytest.param(
            b'{"format_version": true, "findings": []}',
            "1:2: this version of taxonomy-tools reads baselines whose `format_version` is 1",
            id="a boolean for a version",
        ),
        pytest.param(b'{"format_version": 1,\n"findings": {}}', "2:1: `findings` must be a list", id="no list"),
    ],
)
def test_broken_file_is_told_with_its_place(content: bytes, told: str) -> None:
    with pytest.raises(BrokenFile) as raised:
        Baseline.load(content, NAME)
    assert str(raised.value) == f"the baseline {NAME} has 1 error.\n{NAME}:{told}"
    assert [remedy.command for remedy in raised.value.remedies] == ["taxonomy check --write-baseline"]


def test_of_many_broken_entries_the_first_are_told() -> None:
    content = json.dumps({"format_version": 1, "findings": [{}] * 1000}).encode()
    with pytest.raises(BrokenFile) as raised:
        Baseline.load(content, NAME)
    assert raised.value.message == f"the baseline {NAME} has 1,000 errors."
    assert len(raised.value.diagnostics) == 20


@given(st.binary(max_size=40) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_noise_is_a_broken_file(content: bytes | str) -> None:
    with pytest.raises(BrokenFile):
        Baseline.load(content if isinstance(content, bytes) else content.encode(), NAME)


# --- fingerprints


def test_fingerprint_survives_moved_lines_and_other_words() -> None:
    moved = replace(found(line=40, text="      a: b"), message="`a` is not right", severity=Severity.ERROR, hint="no")
    assert fingerprint(moved) == fingerprint(found())


def test_another_rule_line_file_or_name_is_another_finding() -> None:
    others = [
        found(),
        found("TX505"),
        found(text="a: c"),
        found(line=None),
        found(message="`b` is wrong"),
        replace(found(), file=f"{LEAF}/attribution.txt"),
    ]
    assert len({fingerprint(one) for one in others}) == len(others)


def test_a_list_that_gets_shorter_is_another_finding() -> None:
    messages = [f"`seed_examples` needs at least 5 items, and has {count}" for count in (4, 3, 1, "none")]
    assert len({fingerprint(found("TX304", message=message)) for message in messages}) == 4
    assert len({fingerprint(found("TX503", message=message)) for message in messages}) == 1


def test_text_of_a_leaf_is_not_in_the_file() -> None:
    known = baseline(found(text="a: secret", message="`secret` is wrong"))
    assert b"secret" not in known.dump()


# --- the sieve


def test_what_is_known_is_hidden_and_what_is_new_is_not() -> None:
    at_work = sieve(baseline(found(), found(line=None)))
    new = found(text="c: d")
    assert at_work.sift(report(found(line=9), new, found(line=None))) == report(new)
    assert at_work.hidden == 2
    assert at_work.notes == (f"2 findings not shown: known from the baseline {NAME}.",)
    assert at_work.remaining() == baseline(found(), found(line=None))


def test_of_findings_that_are_alike_the_last_is_new() -> None:
    at_work = sieve(baseline(found(), found()))
    assert at_work.sift(report(found(line=1), found(line=2), found(line=3))) == report(found(line=3))


def test_what_is_gone_goes_from_the_baseline() -> None:
    at_work = sieve(baseline(found(), found(), found("TX505")))
    at_work.sift(report(found()))
    assert at_work.remaining() == baseline(found())


def test_a_leaf_without_findings_leaves_the_baseline() -> None:
    at_work = sieve(baseline(found()))
    at_work.sift(report())
    assert at_work.remaining() == Baseline()


def test_leaves_that_were_not_looked_at_stay_unless_all_were() -> None:
    known = Baseline({LEAF: findings_of([found()]), "knowledge/gone": findings_of([found()])})
    for whole, left in (
        (None, {"knowledge/gone": findings_of([found()])}),
        ((LEAF, "knowledge/gone"), {"knowledge/gone": findings_of([found()])}),
        ((LEAF,), {}),
    ):
        at_work = sieve(known, whole=whole)
        at_work.sift(report())
        assert at_work.remaining() == Baseline(left)


def test_what_nobody_looked_for_stays() -> None:
    known = baseline(found("TX303"), found("TX502"), found("TX505"))
    switched_off = sieve(known, off="TX303 TX505", whole=None)
    assert switched_off.sift(report()) == report()
    assert switched_off.remaining() == known
    unreadable = sieve(known)
    unreadable.sift(report(found("TX002")))
    assert unreadable.remaining() == known


def test_a_renamed_leaf_keeps_what_is_known_of_it_and_a_copy_has_nothing() -> None:
    known = baseline(found(), path="knowledge/old")
    renamed = LeafChange(kind=ChangeKind.RENAMED, path=LEAF, old_path="knowledge/old")
    assert sieve(known).sift(report(found(), change=renamed)) == report(change=renamed)
    copied = replace(renamed, kind=ChangeKind.COPIED)
    assert sieve(known).sift(report(found(), change=copied)) == report(found(), change=copied)


def test_what_could_not_be_opened_is_never_known() -> None:
    unopened = replace(found("TX001", None), severity=Severity.ERROR)
    assert findings_of([unopened, found("TX001", 3)]) == findings_of([found("TX001", 3)])
    known = Baseline({LEAF: {("TX001", fingerprint(unopened)): 1}})
    assert sieve(known).sift(report(unopened)) == report(unopened)


DIAGNOSTICS = st.lists(
    st.builds(found, st.sampled_from(["TX303", "TX505"]), st.integers(1, 3), st.sampled_from(["a: b", "c: d"])),
    max_size=6,
)


@given(DIAGNOSTICS, DIAGNOSTICS)
def test_known_and_new_add_up(before: list[Diagnostic], after: list[Diagnostic]) -> None:
    at_work = sieve(baseline(*before))
    kept = at_work.sift(report(*after)).diagnostics
    assert findings_of(kept) == findings_of(after) - findings_of(before)
    assert at_work.hidden == len(after) - len(kept)
    remaining = at_work.remaining().leaves.get(LEAF, {})
    assert {key: count for key, count in remaining.items() if count} == findings_of(before) & findings_of(after)
    again = sieve(baseline(*after))
    assert again.sift(report(*after)).diagnostics == ()
    assert len(again.remaining()) == len(after)
