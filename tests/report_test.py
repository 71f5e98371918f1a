"""What a leaf's report tells of its diagnostics."""

from dataclasses import replace

import pytest

from taxonomy_tools.api import check_changes
from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.report import LeafReport
from tests.leaves import leaf, skill
from tests.repository import Repo

FOUND = Diagnostic(
    code="TX201",
    name="implicit-type",
    severity=Severity.ERROR,
    message="no",
    leaf="knowledge/a",
    file="knowledge/a/qna.yaml",
    span=Span.at(5, 1),
)


@pytest.mark.parametrize(
    ("kind", "lines", "found", "stands"),
    [
        pytest.param(ChangeKind.MODIFIED, (range(2, 4), range(5, 6)), FOUND, True, id="on a changed line"),
        pytest.param(ChangeKind.MODIFIED, (range(2, 5), range(6, 9)), FOUND, False, id="between changed lines"),
        pytest.param(ChangeKind.MODIFIED, (range(6, 9),), FOUND, False, id="before any"),
        pytest.param(ChangeKind.MODIFIED, (), FOUND, False, id="nothing changed"),
        pytest.param(ChangeKind.MODIFIED, None, FOUND, False, id="not known"),
        pytest.param(ChangeKind.MODIFIED, (range(1, 9),), replace(FOUND, span=None), False, id="a whole file"),
        pytest.param(
            ChangeKind.MODIFIED,
            (range(1, 9),),
            replace(FOUND, file="knowledge/a/attribution.txt"),
            False,
            id="the lines are those of the document",
        ),
        pytest.param(ChangeKind.ADDED, None, replace(FOUND, span=None), True, id="a new leaf is new as a whole"),
        pytest.param(ChangeKind.COPIED, (range(1, 2),), FOUND, True, id="so is a copy"),
        pytest.param(None, None, FOUND, False, id="nothing was compared"),
    ],
)
def test_stands_on_a_change(
    kind: ChangeKind | None, lines: tuple[range, ...] | None, found: Diagnostic, stands: bool
) -> None:
    change = LeafChange(kind=kind, path="knowledge/a") if kind else None
    report = LeafReport(path="knowledge/a", kind=None, change=change, changed_lines=lines, diagnostics=(found,))

    assert report.stands_on_change(found) is stands


def test_changed_lines_come_from_the_documents(repo: Repo) -> None:
    a, b, c, d = (f"compositional_skills/{name}" for name in "abcd")
    base = repo.commit({**leaf(a), **leaf(b, "s", "t", "u", "v", "w"), **leaf(d, "k", "l", "m", "n", "o")})
    repo.write(f"{a}/attribution.txt", "other")
    repo.write(f"{b}/qna.yaml", skill("s", "t=changed", "u", "v", "w"))
    repo.write(f"{c}/qna.yaml", "a: b\nc: d\n")
    repo.git("rm", "-r", d)

    report = check_changes(repo.path, base=base)

    assert [(one.path, one.changed_lines) for one in report.leaves] == [
        (a, ()),
        (b, (range(8, 9),)),
        (c, (range(1, 4),)),
        (d, None),
    ]
