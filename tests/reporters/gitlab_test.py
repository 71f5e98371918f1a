import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.report import LeafReport, Report
from taxonomy_tools.reporters import Appearance
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.gitlab import GitLabReporter
from tests.reporters.hostile import TOKENS, hostile_report, is_inert, play
from tests.reporters.samples import CHANGED, COMPARISON, CONTRIBUTED, IMPLICIT, REPORTS, RHYMES, render


def read(text: str) -> list[dict[str, Any]]:
    """The issues, each of the form that GitLab's documentation gives."""
    assert text.isascii()
    issues: list[dict[str, Any]] = json.loads(text)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert set(issue["location"]) == {"path", "lines"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert is_inert(issue["description"])
        assert is_inert(issue["location"]["path"])
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def test_a_contributors_changes() -> None:
    issues = read(render(CHANGED, "gitlab"))

    assert [{key: issue[key] for key in issue if key != "fingerprint"} for issue in issues] == [
        {
            "description": "TX401 missing-attribution: there is no `attribution.txt` "
            "(say where the seed examples come from)",
            "check_name": "TX401",
            "severity": "minor",
            "location": {"path": f"{RHYMES}/qna.yaml", "lines": {"begin": 1}},
        },
        {
            "description": 'TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean (write "No")',
            "check_name": "TX201",
            "severity": "major",
            "location": {"path": f"{RHYMES}/qna.yaml", "lines": {"begin": 9}},
        },
    ]


def test_commits_stand_at_the_root_and_keep_their_fingerprints() -> None:
    issues = read(render(CONTRIBUTED, "gitlab"))
    later = read(render(replace(CONTRIBUTED, contribution=CONTRIBUTED.contribution[1:]), "gitlab"))

    assert [issue["location"] for issue in issues] == [{"path": ".", "lines": {"begin": 1}}] * 3
    assert [issue["severity"] for issue in issues] == ["minor", "minor", "major"]
    assert len({issue["fingerprint"] for issue in issues}) == 3
    assert later == issues[1:]


def test_no_finding_is_an_empty_list() -> None:
    assert render(Report(comparison=COMPARISON), "gitlab") == "[]\n"


def test_findings_are_written_as_they_come() -> None:
    output = StringIO()
    reporter = GitLabReporter(output, Appearance())
    reporter.start(COMPARISON)
    reporter.leaf(LeafReport(path=RHYMES, kind=None, diagnostics=(IMPLICIT,)))

    assert output.getvalue().count("TX201 implicit-type") == 1


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_hostile_content_is_read_back_as_what_it_is(token: str) -> None:
    hostile = hostile_report(token)
    issues = read(render(hostile, "gitlab"))

    shown = reveal(token)
    commit = issues.pop(0)
    assert commit["description"] == f"TX701 missing-sign-off: commit 1111111 `{shown}` {shown} ({shown})"
    assert commit["location"] == {"path": ".", "lines": {"begin": 1}}
    assert [issue["description"] for issue in issues] == [
        f"TX302 unknown-key: unknown key `{shown}` {shown} ({shown})"
    ] * 3
    assert {issue["location"]["path"] for issue in issues} == {reveal(hostile.leaves[0].diagnostics[0].file)}


@given(REPORTS.filter(lambda report: len({leaf.path for leaf in report.leaves}) == len(report.leaves)))
def test_any_report_is_read_back(report: Report) -> None:
    reported = [found for leaf in report.leaves for found in leaf.diagnostics if found.severity is not Severity.OFF]
    assert len(read(render(report, "gitlab"))) == len(reported) + len(report.contribution)


def test_ten_megabytes_are_read_back() -> None:
    output = StringIO()
    summary = play(GitLabReporter(output, Appearance()), 1_000, 12, 1_000)

    assert len(read(output.getvalue())) == summary.errors + summary.warnings + summary.infos == 12_000
    assert len(output.getvalue()) > 10_000_000
