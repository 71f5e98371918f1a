import json
from io import StringIO

from hypothesis import given

from taxonomy_tools.report import LeafReport, Report
from taxonomy_tools.reporters import Appearance
from taxonomy_tools.reporters.jsonl import JsonLinesReporter
from tests.report_schema import parse_lines, parse_report
from tests.reporters.samples import CHANGED, COMPARISON, CONTRIBUTED, HOSTILE, IMPLICIT, ONE, REPORTS, RHYMES, render


class _Recorder(StringIO):
    """What a reader on the other end had been sent at each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[str] = []

    def flush(self) -> None:
        super().flush()
        self.flushed.append(self.getvalue())


def test_a_leaf_is_one_line() -> None:
    leaf = LeafReport(path=RHYMES, kind=None, diagnostics=(IMPLICIT,))
    text = render(Report(comparison=COMPARISON, leaves=(leaf,), notes=("Note.",)), "jsonl")

    assert text == (
        '{"path": "compositional_skills/linguistics/rhymes", "kind": null, "change": null, "old_path": null, '
        '"blobs": {"before": null, "after": null}, "content": null, "seed_examples": null, "diagnostics": ['
        '{"code": "TX201", "name": "implicit-type", "severity": "error", '
        '"message": "`answer` must be text, but unquoted `No` is a boolean", '
        '"file": "compositional_skills/linguistics/rhymes/qna.yaml", '
        '"span": {"line": 9, "column": 13, "end_line": 9, "end_column": 15}, '
        '"hint": "write \\"No\\"", "fixable": false}]}\n'
    )
    parse_lines(text)


def test_no_leaf_is_no_line() -> None:
    assert render(Report(comparison=COMPARISON, notes=("No leaf changed.",)), "jsonl") == ""


def test_each_line_is_flushed_as_its_leaf_is_done() -> None:
    stream = _Recorder()
    reporter = JsonLinesReporter(stream, Appearance())
    reporter.start(COMPARISON)
    for leaf in CHANGED.leaves:
        reporter.leaf(leaf)

    assert [len(parse_lines(text)) for text in stream.flushed] == [1, 2, 3, 4]


def test_hostile_names_do_not_make_lines() -> None:
    (leaf,) = parse_lines(render(HOSTILE, "jsonl"))

    assert leaf["blobs"]["after"]["qna"]["oid"] == ONE


def test_commits_come_first_on_a_line_of_their_own() -> None:
    text = render(CONTRIBUTED, "jsonl")

    assert json.loads(text.split("\n")[0]) == {
        "contribution": parse_report(render(CONTRIBUTED, "json"))["contribution"],
    }
    assert len(parse_lines(text)) == 1


@given(REPORTS)
def test_the_lines_are_the_leaves_of_the_json_report(report: Report) -> None:
    assert parse_lines(render(report, "jsonl")) == parse_report(render(report, "json"))["leaves"]
