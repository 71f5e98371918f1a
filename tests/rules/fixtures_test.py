"""Every rule on its fixtures: small taxonomies, each in one file, with all that is said of them.

A fixture starts with what it proves. Then come files, each after a line `-- path --` (a link: `-- path -> target --`),
and after `-- expected --` the whole report: a line a finding, and its hint on the next. A file that ends without a line
break ends as in a diff. `bad-*` shows what the rule of
its folder flags, `good-*` what it passes. With UPDATE_FIXTURES=1 in the environment, the reports are written anew.
"""

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from taxonomy_tools.api import check
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.rules import RULES

FIXTURES = Path(__file__).parent / "fixtures"
PATHS = sorted(FIXTURES.glob("*/*.txt"))
HEADER = re.compile(rb"^-- (.+?)(?: -> (.+))? --\n", re.MULTILINE)
NO_LINE_BREAK = b"\n\\ No newline at end of file\n"
EXPECTED = b"-- expected --\n"
# Rules whose fixtures are not files, and the tests in rules_test.py that stand in for them.
HAND_MADE = {
    "TX007": "a conflict needs a repository",
    "TX105": "what Git ignores needs a repository: surroundings_test.py",
    "TX502": "two leaves are compared: similar_question_test.py",
    "TX701": "a sign-off is missing in a commit: missing_sign_off_test.py",
    "TX309": "the schemas of today hold nothing that no other rule names",
}


def unpack(fixture: bytes, root: Path) -> None:
    """Write the files of a fixture."""
    headers = list(HEADER.finditer(fixture))
    for header, following in pairwise(headers):
        path = root / header[1].decode()
        path.parent.mkdir(parents=True, exist_ok=True)
        if header[2] is not None:
            path.symlink_to(header[2].decode())
        else:
            path.write_bytes(fixture[header.end() : following.start()].removesuffix(NO_LINE_BREAK))


def lines(diagnostic: Diagnostic) -> Iterator[str]:
    """A diagnostic as a fixture tells it."""
    place = f":{diagnostic.span.line}:{diagnostic.span.column}" if diagnostic.span else ""
    rule = f"{diagnostic.severity.value} {diagnostic.code} {diagnostic.name}"
    yield f"{diagnostic.file}{place}: {rule}: {diagnostic.message}"
    if diagnostic.hint:
        yield f"    {diagnostic.hint}"


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}-{path.stem}") for path in PATHS])
def test_fixture(path: Path, tmp_path: Path) -> None:
    fixture = path.read_bytes()
    unpack(fixture, tmp_path)
    report = check(tmp_path, jobs=1)
    told = [diagnostic for leaf in report.leaves for diagnostic in leaf.diagnostics]
    # The leaves of a fixture differ in what it proves; that they ask the same questions is told where it is the point.
    diagnostics = [diagnostic for diagnostic in told if diagnostic.code != "TX502" or path.parent.name == "TX502"]
    found = "".join(f"{line}\n" for diagnostic in diagnostics for line in lines(diagnostic))
    files, marker, expected = fixture.partition(EXPECTED)
    if "UPDATE_FIXTURES" in os.environ:
        path.write_bytes(files + marker + found.encode())
    else:
        assert found == expected.decode()
    flagged = path.parent.name in {diagnostic.code for diagnostic in diagnostics}
    assert flagged is path.name.startswith("bad-")
    for diagnostic in diagnostics:
        if diagnostic.span is not None:
            assert diagnostic.frame[-1].number == diagnostic.span.line


@pytest.mark.parametrize("code", [rule.CODE for rule in RULES])
def test_rule_has_fixtures_good_and_bad(code: str) -> None:
    kinds = {path.name.partition("-")[0] for path in PATHS if path.parent.name == code}
    assert kinds == (set() if code in HAND_MADE else {"good", "bad"})


def test_every_fixture_belongs_to_a_rule() -> None:
    assert {path.parent.name for path in PATHS} <= {rule.CODE for rule in RULES}
