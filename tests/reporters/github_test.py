import re
from dataclasses import dataclass, replace
from io import StringIO

import pytest
from hypothesis import given

from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.report import Comparison, LeafReport, Report
from taxonomy_tools.reporters import Appearance
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.github import GitHubReporter
from tests.reporters.hostile import TOKENS, hostile_report, is_inert, play
from tests.reporters.samples import BIRD, CHANGED, COMPARISON, CONTRIBUTED, IMPLICIT, REPORTS, render


@dataclass(frozen=True, kw_only=True)
class Command:
    """A workflow command as the runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


def read(text: str) -> tuple[list[Command], list[str]]:
    """The commands of a step's output, and its other lines: a command begins a line, after white space.

    Commands of the older kind are found wherever they stand.
    """
    commands, lines = [], []
    for line in re.split(r"\r\n|\r|\n", text):
        assert "##[" not in line
        assert is_inert(line)
        if line.strip().startswith("::"):
            head, _, data = line.strip()[2:].partition("::")
            name, _, listed = head.partition(" ")
            pairs = [pair.split("=", 1) for pair in listed.split(",") if pair]
            properties = {key: decoded(decoded(value, "%3A", "%2C")) for key, value in pairs}
            commands.append(Command(name=name, properties=properties, data=decoded(data)))
        else:
            lines.append(line)
    return commands, lines


def decoded(text: str, *others: str) -> str:
    if others:
        return text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def found(number: int, severity: Severity = Severity.ERROR, line: int = 1) -> Diagnostic:
    return replace(IMPLICIT, message=f"m{number:02}", severity=severity, span=Span.at(line, 1), hint="")


def changed(*diagnostics: Diagnostic, lines: tuple[range, ...] | None = None, path: str = BIRD) -> LeafReport:
    change = LeafChange(kind=ChangeKind.MODIFIED, path=path)
    return LeafReport(path=path, kind=None, change=change, diagnostics=diagnostics, changed_lines=lines)


def report(*leaves: LeafReport, notes: tuple[str, ...] = ()) -> Report:
    return Report(comparison=COMPARISON, leaves=leaves, notes=notes)


def test_a_contributors_changes() -> None:
    assert render(CHANGED, "github") == (
        "Comparing the working tree with upstream/main\n"
        "::error file=compositional_skills/linguistics/rhymes/qna.yaml,line=9,endLine=9,col=13,endColumn=15,"
        'title=TX201 implicit-type::`answer` must be text, but unquoted `No` is a boolean%0Ahint: write "No"\n'
        "::warning file=compositional_skills/linguistics/rhymes/qna.yaml,title=TX401 missing-attribution::"
        "there is no `attribution.txt`%0Ahint: say where the seed examples come from\n"
        "4 leaves changed: 1 added, 1 modified, 1 renamed, 1 removed. 1 error, 1 warning.\n"
    )


def test_commits_have_no_file() -> None:
    assert render(CONTRIBUTED, "github") == (
        "Comparing the working tree with upstream/main\n"
        "::error title=TX701 missing-sign-off::commit 6666666 lacks the line "
        "`Signed-off-by: Bo <bo@example.org>`%0Ahint: git rebase --signoff 1111111\n"
        "::warning title=TX701 missing-sign-off::commit 4444444 `Add rhymes` lacks the line "
        "`Signed-off-by: Ada Contributor <ada@example.org>`%0Ahint: git commit --amend --signoff\n"
        "::warning title=TX701 missing-sign-off::commit 5555555 `Start` lacks the line "
        "`Signed-off-by: Ada Contributor <ada@example.org>`%0Ahint: git rebase --signoff 1111111\n"
        "1 leaf changed: 1 modified. 1 error, 2 warnings.\n"
    )


def test_quiet_writes_annotations_and_the_counts() -> None:
    assert render(CHANGED, "github", quiet=True).count("\n") == 3
    assert render(report(changed(), notes=("Note.",)), "github", quiet=True) == ""


def test_nothing_changed() -> None:
    text = render(Report(comparison=Comparison(head="HEAD"), notes=("No leaf changed.",)), "github")
    assert text == "Checking HEAD\nNo leaf changed.\n"


@pytest.mark.parametrize(
    ("span", "place"),
    [
        pytest.param(None, {}, id="the whole file"),
        pytest.param(Span.at(3, 5, 2), {"line": "3", "endLine": "3", "col": "5", "endColumn": "7"}, id="one line"),
        pytest.param(
            Span(line=3, column=5, end_line=6, end_column=2), {"line": "3", "endLine": "6"}, id="several lines"
        ),
        pytest.param(
            Span(line=3, column=5, end_line=6, end_column=1), {"line": "3", "endLine": "5"}, id="up to a line's start"
        ),
        pytest.param(Span(line=3, column=5, end_line=2, end_column=1), {"line": "3", "endLine": "3"}, id="backwards"),
    ],
)
def test_places(span: Span | None, place: dict[str, str]) -> None:
    ([command], _) = read(render(report(changed(replace(IMPLICIT, span=span))), "github"))
    assert {key: value for key, value in command.properties.items() if key not in ("file", "title")} == place


def test_the_worst_come_first_and_those_on_changed_lines_before_others() -> None:
    old = changed(*(found(number, line=9) for number in range(8)), lines=(range(1, 2),), path="knowledge/a")
    new = changed(*(found(number, line=1) for number in range(8, 12)), lines=(range(1, 2),), path="knowledge/b")
    infos = changed(*(found(number, Severity.INFO) for number in range(20, 23)), path="knowledge/c")
    warned = changed(*(found(number, Severity.WARNING) for number in range(30, 43)), path="knowledge/d")

    commands, lines = read(render(report(old, new, infos, warned), "github"))

    assert [f"{command.name} {command.data}" for command in commands] == [
        *(f"error m{number:02}" for number in (8, 9, 10, 11, 0, 1, 2, 3, 4, 5)),
        *(f"warning m{number}" for number in range(30, 40)),
        *(f"notice m{number}" for number in range(20, 23)),
        "notice 2 errors, 3 warnings not shown here: GitHub shows 10 of each kind a step, and these are the worst.",
    ]
    assert lines[-2] == (
        "4 leaves changed: 4 modified. 12 errors, 13 warnings, 3 infos. Not shown as annotations: 2 errors, 3 warnings."
    )


def test_the_notice_about_the_rest_takes_the_place_of_a_notice() -> None:
    commands, _ = read(render(report(changed(*(found(number, Severity.INFO) for number in range(11)))), "github"))

    assert len(commands) == 10
    assert commands[-1].data.startswith("2 infos not shown here")


def test_ten_of_a_kind_are_shown_whole() -> None:
    commands, lines = read(render(report(changed(*(found(n, Severity.INFO) for n in range(10)))), "github"))

    assert [command.data for command in commands] == [f"m{number:02}" for number in range(10)]
    assert lines[-2] == "1 leaf changed: 1 modified. 10 infos."


def test_what_is_switched_off_is_not_there() -> None:
    assert read(render(report(changed(found(1, Severity.OFF))), "github"))[0] == []


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_hostile_content_is_read_back_as_what_it_is(token: str) -> None:
    hostile = hostile_report(token)
    commands, lines = read(render(hostile, "github"))

    shown = reveal(token).replace("##[", "##\\x5b")
    assert [command.name for command in commands] == ["error", "warning", "warning", "notice"]
    commit = commands.pop(1)
    assert commit.properties == {"title": "TX701 missing-sign-off"}
    assert commit.data == f"commit 1111111 `{shown}` {shown}\nhint: {shown}"
    for command, diagnostic in zip(commands, hostile.leaves[0].diagnostics, strict=True):
        assert command.data == f"unknown key `{shown}` {shown}\nhint: {shown}"
        assert command.properties["file"] == reveal(diagnostic.file).replace("##[", "##\\x5b")
        assert command.properties["title"] == "TX302 unknown-key"
        assert set(command.properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
    assert len(lines) == 4
    assert lines[1].strip() in (shown.strip(), shown.strip().replace("::", "\\x3a:", 1))


@given(REPORTS)
def test_any_report_is_read_back(any_report: Report) -> None:
    commands, lines = read(render(any_report, "github"))

    assert {command.name for command in commands} <= {"error", "warning", "notice"}
    assert len(commands) == sum(len(leaf.diagnostics) for leaf in any_report.leaves) + len(any_report.contribution)
    assert len(lines) <= 3 + len(any_report.notes)


def test_ten_megabytes_stay_within_the_budget() -> None:
    output = StringIO()
    summary = play(GitHubReporter(output, Appearance()), 1_000, 12, 1_000)

    commands, lines = read(output.getvalue())

    assert (summary.errors, summary.warnings, summary.infos) == (4_000, 4_000, 4_000)
    assert [command.name for command in commands] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert commands[-1].data.startswith("3990 errors, 3990 warnings, 3991 infos not shown here")
    assert lines[-2].endswith("Not shown as annotations: 3990 errors, 3990 warnings, 3991 infos.")
    assert len(output.getvalue()) < 50_000


def test_one_message_of_ten_megabytes_is_cut() -> None:
    text = render(report(changed(replace(IMPLICIT, message="%" * 10_000_000, hint="\n" * 10_000_000))), "github")
    assert len(text) < 64_000
