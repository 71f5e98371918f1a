import gzip
import json
import random
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings

from taxonomy_tools import __version__
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.report import LeafReport, Report
from taxonomy_tools.reporters import Appearance, sarif
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.sarif import SarifReporter
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.documentation import documentation
from tests.reporters.hostile import TOKENS, hostile_report, is_inert, play
from tests.reporters.samples import CHANGED, COMPARISON, CONTRIBUTED, IMPLICIT, REPORTS, RHYMES, UNSIGNED, render
from tests.reporters.sarif_schema import validator


def read(text: str) -> dict[str, Any]:
    """The one run of a document, whose results refer to rules that are there and are told apart."""
    assert text.isascii()
    document = json.loads(text)
    assert (document["version"], document["$schema"]) == ("2.1.0", sarif.SCHEMA)
    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert is_inert(result["message"]["text"])
        assert "](" not in result["message"]["text"]
        [location] = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not set(uri) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%")
        region = location["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        if "endLine" in region:
            start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
            assert start <= end
    names = [str(result["partialFingerprints"]) for result in run["results"]]
    assert len(set(names)) == len(names)
    return dict(run)


def valid(text: str) -> dict[str, Any]:
    """The run of a document that follows the official schema, where there is one to ask."""
    if (official := validator()) is not None:
        official.validate(json.loads(text))
    return read(text)


def test_the_official_schema_is_there_and_tells_right_from_wrong() -> None:
    official = validator()
    if official is None:
        pytest.skip("the official schema of SARIF comes with the package schemastore, which is not installed")
    document = json.loads(render(CHANGED, "sarif"))
    assert official.is_valid(document)
    document["runs"][0]["results"][0]["level"] = "info"
    assert not official.is_valid(document)


def leaf(*diagnostics: Diagnostic) -> Report:
    change = LeafChange(kind=ChangeKind.MODIFIED, path=RHYMES)
    report = LeafReport(path=RHYMES, kind=None, change=change, diagnostics=diagnostics, changed_lines=(range(5, 10),))
    return Report(comparison=COMPARISON, leaves=(report,))


def test_a_contributors_changes() -> None:
    run = valid(render(CHANGED, "sarif"))

    assert {key: value for key, value in run.items() if key not in ("tool", "results")} == {
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": []}],
    }
    codes = [rule.CODE for rule in RULES]
    uri = {"uri": f"{RHYMES}/qna.yaml", "uriBaseId": "%SRCROOT%"}
    prints = [result.pop("partialFingerprints") for result in run["results"]]
    assert [list(one) for one in prints] == [["primaryLocationLineHash"]] * 2
    assert run["results"] == [
        {
            "ruleId": "TX201",
            "ruleIndex": codes.index("TX201"),
            "level": "error",
            "message": {"text": '`answer` must be text, but unquoted `No` is a boolean (write "No")'},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": uri,
                        "region": {
                            "startLine": 9,
                            "startColumn": 13,
                            "endLine": 9,
                            "endColumn": 15,
                            "snippet": {"text": "No"},
                        },
                        "contextRegion": {
                            "startLine": 8,
                            "endLine": 9,
                            "snippet": {"text": "  - question: Does orange rhyme with door?\n    answer: No"},
                        },
                    }
                }
            ],
        },
        {
            "ruleId": "TX401",
            "ruleIndex": codes.index("TX401"),
            "level": "warning",
            "message": {"text": "there is no `attribution.txt` (say where the seed examples come from)"},
            "locations": [{"physicalLocation": {"artifactLocation": uri, "region": {"startLine": 1}}}],
        },
    ]


def test_the_rules_are_there_with_what_they_say_of_themselves() -> None:
    driver = valid(render(Report(comparison=COMPARISON), "sarif"))["tool"]["driver"]

    assert (driver["name"], driver["version"]) == ("taxonomy-tools", __version__)
    assert [(rule["id"], rule["name"]) for rule in driver["rules"]] == [(rule.CODE, rule.NAME) for rule in RULES]
    for shown, rule in zip(driver["rules"], RULES, strict=True):
        about = documentation(rule)
        assert shown["shortDescription"]["text"] == about.summary
        assert shown["fullDescription"]["text"]
        assert shown["defaultConfiguration"]["level"] in ("error", "warning", "note")
        for title, text in about.sections:
            assert f"{title}\n{text}" in shown["help"]["text"]
            assert f"**{title}**" in shown["help"]["markdown"]
            assert text in shown["help"]["markdown"]
        assert shown["help"]["markdown"].count("```") % 2 == 0


def test_no_finding_is_a_run_without_results() -> None:
    assert valid(render(Report(comparison=COMPARISON), "sarif"))["results"] == []


def test_the_worst_come_first_and_those_on_changed_lines_before_others() -> None:
    found = [
        replace(IMPLICIT, message=message, severity=severity, span=Span.at(line, 1))
        for message, severity, line in (
            ("info", Severity.INFO, 6),
            ("old", Severity.ERROR, 1),
            ("off", Severity.OFF, 6),
            ("warning", Severity.WARNING, 6),
            ("new", Severity.ERROR, 6),
        )
    ]
    run = valid(render(leaf(*found), "sarif"))

    assert [result["message"]["text"].split(" (")[0] for result in run["results"]] == ["new", "old", "warning", "info"]


def test_fingerprints_survive_moved_lines() -> None:
    moved = replace(IMPLICIT, span=Span.at(19, 13, 2), frame=(FrameLine(number=19, text="    answer: No"),))
    one, other = (
        [result["partialFingerprints"] for result in valid(render(leaf(found), "sarif"))["results"]]
        for found in (IMPLICIT, moved)
    )
    assert one == other


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(replace(IMPLICIT, frame=()), {}, id="no frame"),
        pytest.param(
            replace(IMPLICIT, frame=(FrameLine(number=9, text="answer: No", offset=4),)),
            {"snippet": "No"},
            id="a line that is cut has no context",
        ),
        pytest.param(
            replace(IMPLICIT, frame=(FrameLine(number=9, text="    answer: \x1b["),)), {}, id="what hides is not shown"
        ),
        pytest.param(
            replace(IMPLICIT, span=Span(line=9, column=13, end_line=10, end_column=2)), {}, id="more than a line"
        ),
        pytest.param(replace(IMPLICIT, frame=(FrameLine(number=9, text="    answer: N"),)), {}, id="past the end"),
    ],
)
def test_snippets(found: Diagnostic, expected: dict[str, str]) -> None:
    [result] = valid(render(leaf(found), "sarif"))["results"]
    location = result["locations"][0]["physicalLocation"]

    assert "contextRegion" not in location
    assert {key: value["text"] for key, value in location["region"].items() if key == "snippet"} == expected


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_hostile_content_is_read_back_as_what_it_is(token: str) -> None:
    hostile = hostile_report(token)
    run = valid(render(hostile, "sarif"))

    shown = reveal(token).replace("](", "] (")
    assert [result["message"]["text"] for result in run["results"]] == [f"unknown key `{shown}` {shown} ({shown})"] * 3
    for result, found in zip(run["results"], hostile.leaves[0].diagnostics, strict=True):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote_to_bytes(uri) == found.file.encode("utf-8", "surrogateescape")
    [commit, note] = run["invocations"][0]["toolExecutionNotifications"]
    rule = {"id": "TX701", "index": [rule.CODE for rule in RULES].index("TX701")}
    text = f"commit 1111111 `{shown}` {shown} ({shown})"
    assert commit == {"associatedRule": rule, "level": "warning", "message": {"text": text}}
    assert note == {"level": "note", "message": {"text": shown}}


@given(REPORTS.filter(lambda report: len({leaf.path for leaf in report.leaves}) == len(report.leaves)))
@settings(max_examples=30)
def test_any_report_is_read_back(report: Report) -> None:
    run = valid(render(report, "sarif"))
    assert len(run["results"]) == sum(len(leaf.diagnostics) for leaf in report.leaves)


def test_commits_are_notifications_up_to_a_number() -> None:
    unsigned = tuple(replace(UNSIGNED, message=f"commit {number:07}") for number in range(120))
    run = valid(render(replace(CONTRIBUTED, contribution=unsigned), "sarif"))

    said = run["invocations"][0]["toolExecutionNotifications"]
    assert run["results"] == []
    assert [one["message"]["text"] for one in said] == [
        *(f"commit {number:07} (git commit --amend --signoff)" for number in range(100)),
        "20 more findings about commits are left out.",
    ]


def test_what_is_beyond_the_number_is_left_out_and_counted() -> None:
    output = StringIO()
    summary = play(SarifReporter(output, Appearance()), 3_000, 12, 300)

    run = read(output.getvalue())
    levels = [result["level"] for result in run["results"]]
    assert summary.errors == summary.warnings == summary.infos == 12_000
    assert levels == ["error"] * 12_000 + ["warning"] * 12_000 + ["note"] * 1_000
    [said] = run["invocations"][0]["toolExecutionNotifications"]
    assert said["level"] == "warning"
    assert said["message"]["text"].startswith("11000 results are left out")
    assert len(gzip.compress(output.getvalue().encode())) < sarif.MOST_BYTES


def test_what_is_beyond_the_size_is_left_out_and_counted() -> None:
    output = StringIO()
    reporter = SarifReporter(output, Appearance())
    noise = random.Random(3)  # what cannot be compressed

    def noisy(path: str) -> LeafReport:
        texts = ("".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(900)) for _ in range(500))
        found = tuple(replace(IMPLICIT, message=text, span=Span.at(n + 1, 1)) for n, text in enumerate(texts))
        return LeafReport(path=path, kind=None, diagnostics=found)

    reporter.start(COMPARISON)
    leaves = [noisy(f"knowledge/{number}") for number in range(15)]
    for one in leaves:
        reporter.leaf(one)
    reporter.finish(Report(comparison=COMPARISON, leaves=tuple(leaves)).summary, ())

    run = read(output.getvalue())
    size = len(gzip.compress(output.getvalue().encode(), 6))
    [said] = run["invocations"][0]["toolExecutionNotifications"]
    assert 0.8 * sarif.MOST_BYTES < size < sarif.MOST_BYTES
    assert said["message"]["text"].startswith(f"{7_500 - len(run['results'])} results are left out")
