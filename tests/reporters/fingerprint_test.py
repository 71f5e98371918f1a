from dataclasses import replace

from taxonomy_tools.diagnostics import FrameLine, Severity, Span
from taxonomy_tools.report import LeafReport
from taxonomy_tools.reporters.fingerprint import fingerprinted
from tests.reporters.samples import IMPLICIT, MISSING, RHYMES


def names(*diagnostics: object, path: str = RHYMES) -> list[str]:
    leaf = LeafReport(path=path, kind=None, diagnostics=diagnostics)  # type: ignore[arg-type]
    return [name for _, name in fingerprinted(leaf)]


MOVED = replace(
    IMPLICIT, span=Span.at(40, 17, 2), frame=(FrameLine(number=40, text="        answer: No"),), message="worded anew"
)


def test_lines_that_move_keep_their_findings() -> None:
    assert names(MOVED) == names(IMPLICIT)


def test_another_line_rule_file_or_leaf_is_another_finding() -> None:
    others = [
        *names(replace(IMPLICIT, frame=(FrameLine(number=9, text="    answer: Yes"),))),
        *names(replace(IMPLICIT, code="TX303")),
        *names(replace(IMPLICIT, file="knowledge/a/qna.yaml")),
        *names(IMPLICIT, path="knowledge/b"),
        *names(IMPLICIT),
    ]
    assert len({name.split(":")[0] for name in others}) == 5


def test_equal_ones_are_numbered_in_their_order() -> None:
    first, second = names(MOVED, IMPLICIT)

    assert first.split(":")[0] == second.split(":")[0]
    assert (first.split(":")[1], second.split(":")[1]) == ("1", "2")


def test_what_is_switched_off_has_none() -> None:
    assert names(replace(MISSING, severity=Severity.OFF)) == []
