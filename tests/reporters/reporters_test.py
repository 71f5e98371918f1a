from io import StringIO

import pytest

from taxonomy_tools.report import Report
from taxonomy_tools.reporters import REPORTERS, Appearance, Reporter, ReporterFactory, write
from tests.reporters.samples import CHANGED, render


def test_the_formats() -> None:
    assert list(REPORTERS) == ["text", "json", "jsonl"]


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
