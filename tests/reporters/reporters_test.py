from collections.abc import Iterator
from io import StringIO

import pytest

from taxonomy_tools.main import FORMATS
from taxonomy_tools.report import LeafReport, Report
from taxonomy_tools.reporters import REPORTERS, Appearance, Reporter, ReporterFactory, stream, write
from tests.reporters.samples import CHANGED, render


def test_the_formats_are_those_of_the_command_line() -> None:
    assert tuple(REPORTERS) == FORMATS


@pytest.mark.parametrize("factory", REPORTERS.values(), ids=REPORTERS)
def test_a_report_comes_out_the_same_in_any_order_and_each_time(factory: ReporterFactory) -> None:
    def written(report: Report) -> str:
        stream = StringIO()
        reporter: Reporter = factory(stream, Appearance())
        write(report, reporter)
        return stream.getvalue()

    mixed = Report(comparison=CHANGED.comparison, leaves=tuple(reversed(CHANGED.leaves)))

    assert written(CHANGED) == written(CHANGED) == written(mixed)


@pytest.mark.parametrize("output_format", REPORTERS)
def test_every_format_ends_its_last_line(output_format: str) -> None:
    assert render(CHANGED, output_format).endswith("\n")


def test_leaves_are_handed_on_as_they_come() -> None:
    lines, text = StringIO(), StringIO()
    notes: list[str] = []
    seen: list[int] = []

    def leaves() -> Iterator[LeafReport]:
        for leaf in sorted(CHANGED.leaves, key=lambda leaf: leaf.path):
            seen.append(lines.getvalue().count("\n"))
            yield leaf
        notes.append("The last leaf is through.")

    reporters = (REPORTERS["jsonl"](lines, Appearance()), REPORTERS["text"](text, Appearance()))
    summary = stream(CHANGED.comparison, leaves(), notes, reporters)

    assert seen == [0, 1, 2, 3]
    assert summary == CHANGED.summary
    assert lines.getvalue() == render(CHANGED, "jsonl")
    assert text.getvalue().split("\n\n")[-2:] == [
        "The last leaf is through.",
        "4 leaves changed: 1 added, 1 modified, 1 renamed, 1 removed. 1 error, 1 warning.\n",
    ]
