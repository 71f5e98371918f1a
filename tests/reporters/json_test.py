import os
from base64 import b64decode
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools import __version__
from taxonomy_tools.content import ContentChange, SeedEdit
from taxonomy_tools.diagnostics import Span
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.report import Comparison, LeafReport, Report
from taxonomy_tools.reporters import Appearance, write
from taxonomy_tools.reporters.json import JsonReporter
from taxonomy_tools.source import Entry
from tests.report_schema import parse_report
from tests.reporters.samples import (
    BIRD,
    CHANGED,
    COMPARISON,
    FANS,
    HOSTILE,
    HOSTILE_NAME,
    IMPLICIT,
    JOKE,
    MISSING,
    NAMES,
    OLD_FANS,
    ONE,
    REPORTS,
    RHYMES,
    THREE,
    TWO,
    render,
)


def _blob(path: str, oid: str | None) -> dict[str, Any]:
    return {"path": path, "mode": "100644", "oid": oid}


def _files(leaf: str, qna: str | None, attribution: str | None = None) -> dict[str, Any]:
    return {
        "qna": _blob(f"{leaf}/qna.yaml", qna),
        "attribution": _blob(f"{leaf}/attribution.txt", attribution) if attribution else None,
        "misnamed": [],
    }


UNCHANGED = {
    "added": [],
    "removed": [],
    "edited": [],
    "fields": [],
    "attribution": False,
    "layout_only": False,
}


def test_a_contributors_changes() -> None:
    assert parse_report(render(CHANGED, "json")) == {
        "format_version": 1,
        "tool": {"name": "taxonomy-tools", "version": __version__},
        "comparison": {
            "head": "the working tree",
            "base": "upstream/main",
            "reason": "the first that exists of upstream/HEAD, upstream/main",
            "base_commit": TWO,
            "start": ONE,
            "direct": False,
            "behind": 3,
        },
        "leaves": [
            {
                "path": JOKE,
                "kind": "freeform skill",
                "change": "removed",
                "old_path": None,
                "blobs": {"before": _files(JOKE, ONE, TWO), "after": None},
                "content": None,
                "seed_examples": None,
                "diagnostics": [],
            },
            {
                "path": RHYMES,
                "kind": "freeform skill",
                "change": "added",
                "old_path": None,
                "blobs": {"before": None, "after": _files(RHYMES, None)},
                "content": None,
                "seed_examples": 5,
                "diagnostics": [
                    {
                        "code": "TX401",
                        "name": "missing-attribution",
                        "severity": "warning",
                        "message": "there is no `attribution.txt`",
                        "file": f"{RHYMES}/qna.yaml",
                        "span": None,
                        "hint": "say where the seed examples come from",
                        "fixable": False,
                    },
                    {
                        "code": "TX201",
                        "name": "implicit-type",
                        "severity": "error",
                        "message": "`answer` must be text, but unquoted `No` is a boolean",
                        "file": f"{RHYMES}/qna.yaml",
                        "span": {"line": 9, "column": 13, "end_line": 9, "end_column": 15},
                        "hint": 'write "No"',
                        "fixable": False,
                    },
                ],
            },
            {
                "path": FANS,
                "kind": "knowledge",
                "change": "renamed",
                "old_path": OLD_FANS,
                "blobs": {"before": _files(OLD_FANS, ONE), "after": _files(FANS, ONE)},
                "content": UNCHANGED,
                "seed_examples": 5,
                "diagnostics": [],
            },
            {
                "path": BIRD,
                "kind": "knowledge",
                "change": "modified",
                "old_path": None,
                "blobs": {"before": _files(BIRD, ONE, TWO), "after": _files(BIRD, THREE, TWO)},
                "content": {
                    **UNCHANGED,
                    "added": [5],
                    "edited": [
                        {"old": 0, "new": 0, "fields": ["context"]},
                        {"old": 2, "new": 3, "fields": ["answer"]},
                    ],
                    "fields": ["document.commit"],
                },
                "seed_examples": 6,
                "diagnostics": [],
            },
        ],
        "contribution": [],
        "notes": [],
        "summary": {
            "leaves": 4,
            "changes": {"added": 1, "modified": 1, "renamed": 1, "removed": 1},
            "errors": 1,
            "warnings": 1,
            "infos": 0,
            "fixable": 0,
        },
    }


def test_nothing_compared_and_nothing_found() -> None:
    report = Report(comparison=Comparison(head="the working tree"), notes=("There is no leaf.",))

    assert render(report, "json") == (
        "{\n"
        '  "format_version": 1,\n'
        f'  "tool": {{"name": "taxonomy-tools", "version": "{__version__}"}},\n'
        '  "comparison": {"head": "the working tree", "base": null, "reason": null, "base_commit": null, '
        '"start": null, "direct": false, "behind": null},\n'
        '  "leaves": [],\n'
        '  "contribution": [],\n'
        '  "notes": ["There is no leaf."],\n'
        '  "summary": {"leaves": 0, "changes": {}, "errors": 0, "warnings": 0, "infos": 0, "fixable": 0}\n'
        "}\n"
    )
    parse_report(render(report, "json"))


def test_a_line_for_each_leaf() -> None:
    lines = render(CHANGED, "json").split("\n")

    assert [line[:14] for line in lines[4:10]] == ['  "leaves": [', *['    {"path": "'] * 4, "  ],"]


def test_checked_leaves_name_the_files_that_were_checked() -> None:
    leaf = LeafReport(
        path="a",
        kind=LeafKind.GROUNDED_SKILL,
        files=LeafFiles(
            attribution=Entry(path="a/attribution.txt", mode=0o120000, oid="f" * 64),
            misnamed=(Entry(path="a/qna.yml", mode=0o100755, oid=ONE),),
        ),
    )
    report = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))

    assert report["leaves"] == [
        {
            "path": "a",
            "kind": "grounded skill",
            "change": None,
            "old_path": None,
            "blobs": {
                "before": None,
                "after": {
                    "qna": None,
                    "attribution": {"path": "a/attribution.txt", "mode": "120000", "oid": "f" * 64},
                    "misnamed": [{"path": "a/qna.yml", "mode": "100755", "oid": ONE}],
                },
            },
            "content": None,
            "seed_examples": None,
            "diagnostics": [],
        }
    ]


def test_hostile_names_and_content_are_data() -> None:
    report = parse_report(render(HOSTILE, "json"))

    assert report["comparison"] == {
        "head": "evil\x1b]0;x\x07\u202e",
        "base": "a\nb\\n",
        "reason": "because\n\x9b31m",
        "base_commit": ONE,
        "start": TWO,
        "direct": False,
        "behind": None,
    }
    readable = "knowledge/\x1b[2J\n\ufffd/\u202etxt/%0A::error::x/<script>"
    raw = os.fsencode(HOSTILE_NAME)
    (leaf,) = report["leaves"]
    (diagnostic,) = leaf["diagnostics"]
    assert (leaf["path"], b64decode(leaf["path_base64"])) == (readable, raw)
    assert (leaf["old_path"], b64decode(leaf["old_path_base64"])) == ("\ufffd\r", b"\xff\r")
    assert (diagnostic["file"], b64decode(diagnostic["file_base64"])) == (f"{readable}/qna.yaml", raw + b"/qna.yaml")
    assert b64decode(leaf["blobs"]["before"]["qna"]["path_base64"]) == b"\xff\r/qna.yaml"
    assert diagnostic["message"] == "unknown key `\x1b[31m\nqna.yaml:1:1: error\ufffd\u2028`"
    assert diagnostic["hint"] == "\x1b[8m\nremove"
    assert leaf["content"]["fields"] == ["a\x1b[1mb\nc"]
    assert report["contribution"] == [
        {
            "code": "TX701",
            "name": "missing-sign-off",
            "severity": "warning",
            "message": "commit 4444444 `\x1b[31m\n::error::x\ufffd\u202e` lacks it",
            "hint": "git\x1b[8m\nrebase",
        }
    ]
    assert report["notes"] == ["ignored: \x1b[31m\n\ufffd"]


def test_a_name_that_is_text_has_no_base64() -> None:
    leaf = LeafReport(path="knowledge/日本/Käse", kind=None)
    report = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))

    assert report["leaves"][0]["path"] == "knowledge/日本/Käse"
    assert "path_base64" not in report["leaves"][0]


def test_a_surrogate_that_is_no_byte_is_kept_as_windows_has_it() -> None:
    leaf = LeafReport(path="a\ud800\udcff", kind=None)
    report = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))

    assert report["leaves"][0]["path"] == "a\ufffd\ufffd"
    assert b64decode(report["leaves"][0]["path_base64"]).decode("utf-8", "surrogatepass") == "a\ud800\udcff"


def test_diagnostics_are_in_the_order_of_their_places() -> None:
    later = replace(IMPLICIT, span=Span.at(10, 1))
    leaf = LeafReport(path=RHYMES, kind=None, diagnostics=(later, IMPLICIT, replace(MISSING, file="a"), MISSING))
    report = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))

    assert [
        (diagnostic["file"], (diagnostic["span"] or {}).get("line"))
        for diagnostic in report["leaves"][0]["diagnostics"]
    ] == [("a", None), (MISSING.file, None), (MISSING.file, 9), (MISSING.file, 10)]


def test_every_member_of_a_content_change_has_its_place() -> None:
    content = ContentChange(
        added=(4,),
        removed=(0, 2),
        edited=(SeedEdit(old=1, new=3, fields=("answer", "question")),),
        fields=("created_by",),
        attribution=True,
        layout_only=True,
    )
    leaf = LeafReport(
        path="a", kind=None, change=LeafChange(kind=ChangeKind.MODIFIED, path="a"), content=content, seed_examples=0
    )
    report = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))

    assert report["leaves"][0]["content"] == {
        "added": [4],
        "removed": [0, 2],
        "edited": [{"old": 1, "new": 3, "fields": ["answer", "question"]}],
        "fields": ["created_by"],
        "attribution": True,
        "layout_only": True,
    }


def test_nothing_is_written_before_the_end() -> None:
    stream = StringIO()
    reporter = JsonReporter(stream, Appearance())
    reporter.start(COMPARISON)
    reporter.leaf(CHANGED.leaves[0])

    assert stream.getvalue() == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_stream_takes_it(encoding: str) -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding=encoding, newline="\n")
    write(HOSTILE, JsonReporter(stream, Appearance()))

    assert raw.getvalue().decode("ascii") == render(HOSTILE, "json")


@pytest.mark.parametrize(
    "appearance",
    [
        pytest.param(Appearance(color=True), id="color"),
        pytest.param(Appearance(quiet=True), id="quiet"),
    ],
)
def test_machines_get_the_same_whatever_people_asked_for(appearance: Appearance) -> None:
    stream = StringIO()
    write(CHANGED, JsonReporter(stream, appearance))

    assert stream.getvalue() == render(CHANGED, "json")


def test_a_megabyte_is_written_whole() -> None:
    message = "\x1b\n日" * 350_000
    leaf = LeafReport(path="a", kind=None, diagnostics=(replace(MISSING, message=message),))
    report = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))

    assert report["leaves"][0]["diagnostics"][0]["message"] == message


@given(REPORTS)
def test_every_report_follows_its_schema(report: Report) -> None:
    text = render(report, "json")

    assert text.isascii()
    assert not [character for character in text if character != "\n" and not character.isprintable()]
    parsed = parse_report(text)
    assert len(parsed["leaves"]) == parsed["summary"]["leaves"] == len(report.leaves)
    assert len(parsed["contribution"]) == len(report.contribution)
    text.encode("utf-8")


@given(st.binary(min_size=1))
def test_every_file_name_survives(name: bytes) -> None:
    leaf = LeafReport(path=os.fsdecode(name), kind=None)
    (parsed,) = parse_report(render(Report(comparison=COMPARISON, leaves=(leaf,)), "json"))["leaves"]

    bytes_given = b64decode(parsed["path_base64"]) if "path_base64" in parsed else parsed["path"].encode("utf-8")
    assert bytes_given == name


@given(st.lists(NAMES, unique=True, max_size=5))
def test_the_order_of_leaves_is_that_of_their_paths(paths: list[str]) -> None:
    one, other = (
        render(Report(comparison=COMPARISON, leaves=tuple(LeafReport(path=path, kind=None) for path in order)), "json")
        for order in (paths, list(reversed(paths)))
    )

    assert one == other
