from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.report import Report
from taxonomy_tools.reporters import Appearance
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.junit import JUnitReporter
from tests.reporters.hostile import TOKENS, hostile_report, is_inert, play
from tests.reporters.samples import CHANGED, COMPARISON, CONTRIBUTED, REPORTS, render


def read(text: str) -> ET.Element:
    """The one suite, of the form that readers of JUnit's XML agree on, with counts that add up."""
    assert text.isascii()
    suites = ET.fromstring(text)
    [suite] = suites
    cases = suite.findall("testcase")
    assert (suites.tag, suite.tag) == ("testsuites", "testsuite")
    assert suites.attrib == suite.attrib
    assert [child.tag for child in suite] == [
        "properties",
        *["testcase"] * len(cases),
        *["system-out"] * (suite[-1].tag == "system-out"),
    ]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    for case in cases:
        assert set(case.attrib) == {"classname", "name"}
        tags = [child.tag for child in case]
        assert tags == sorted(tags, key=["failure", "skipped", "system-out"].index)
    for element in suites.iter():
        assert all(is_inert(value) for value in element.attrib.values())
        assert all(is_inert(line) for line in (element.text or "").split("\n"))
    return suite


def test_a_contributors_changes() -> None:
    text = render(CHANGED, "junit")
    read(text)

    assert text == (
        """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="taxonomy-tools" tests="4" failures="1" errors="0" skipped="1">
<testsuite name="taxonomy-tools" tests="4" failures="1" errors="0" skipped="1">
<properties>
<property name="head" value="the working tree"/>
<property name="base" value="upstream/main"/>
<property name="start" value="1111111111111111111111111111111111111111"/>
</properties>
<testcase classname="compositional_skills.jokes" name="knock_knock"><skipped message="the leaf was removed"/></testcase>
<testcase classname="compositional_skills.linguistics" name="rhymes">"""
        '<failure message="`answer` must be text, but unquoted `No` is a boolean" type="TX201 implicit-type">'
        "compositional_skills/linguistics/rhymes/qna.yaml:9:13: error TX201 implicit-type: "
        "`answer` must be text, but unquoted `No` is a boolean\n"
        "   8 |   - question: Does orange rhyme with door?\n"
        "   9 |     answer: No\n"
        "     |             ^^ write &#34;No&#34;</failure>"
        "<system-out>compositional_skills/linguistics/rhymes/qna.yaml: warning TX401 missing-attribution: "
        "there is no `attribution.txt`\n"
        "   hint: say where the seed examples come from</system-out></testcase>"
        """
<testcase classname="knowledge.arts.music.fandom" name="swifties"/>
<testcase classname="knowledge.science.animals.birds" name="chickadee"/>
</testsuite>
</testsuites>
"""
    )


def test_commits_are_a_test_case() -> None:
    suite = read(render(CONTRIBUTED, "junit"))
    case = suite.findall("testcase")[0]

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert case.attrib == {"classname": "contribution", "name": "commits"}
    assert case.findtext("failure") == (
        "error TX701 missing-sign-off: commit 6666666 lacks the line `Signed-off-by: Bo <bo@example.org>`\n"
        "   hint: git rebase --signoff 1111111"
    )
    assert (case.findtext("system-out") or "").count("warning TX701 missing-sign-off: commit ") == 2


def test_notes_are_the_output_of_the_suite() -> None:
    suite = read(render(Report(comparison=COMPARISON, notes=("No leaf changed.", "Another.")), "junit"))

    assert suite.get("tests") == "0"
    assert suite.findtext("system-out") == "No leaf changed.\nAnother."


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_hostile_content_is_read_back_as_what_it_is(token: str) -> None:
    suite = read(render(hostile_report(token), "junit"))

    shown = reveal(token).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    [commits, case] = suite.findall("testcase")
    assert commits.attrib == {"classname": "contribution", "name": "commits"}
    said = commits.findtext("system-out") or ""
    assert said.startswith(f"warning TX701 missing-sign-off: commit 1111111 `{shown}` {shown}")
    [failure] = case.findall("failure")
    assert failure.get("message") == f"unknown key `{shown}` {shown}"
    assert f"{shown}\n" in (failure.text or "") + "\n"
    assert (case.findtext("system-out") or "").count(": info TX302 unknown-key: ") == 1
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["head"] == escape(token).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


@given(REPORTS)
def test_any_report_is_read_back(report: Report) -> None:
    suite = read(render(report, "junit"))

    found = [*report.contribution, *(found for leaf in report.leaves for found in leaf.diagnostics)]
    assert len(list(suite.iter("failure"))) == sum(one.severity is Severity.ERROR for one in found)
    assert len(suite.findall("testcase")) == len(report.leaves) + bool(report.contribution)


def test_a_removed_leaf_is_skipped_and_no_other() -> None:
    removed = [leaf for leaf in CHANGED.leaves if leaf.change and leaf.change.kind is ChangeKind.REMOVED]
    suite = read(render(CHANGED, "junit"))

    assert len(suite.findall("testcase/skipped")) == len(removed) == 1


def test_ten_megabytes_are_read_back() -> None:
    output = StringIO()
    play(JUnitReporter(output, Appearance()), 1_000, 12, 1_000)

    suite = read(output.getvalue())
    assert (suite.get("tests"), len(list(suite.iter("failure")))) == ("1000", 4_000)
