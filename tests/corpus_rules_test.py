"""Real leaves: what the rules find that only this project has, and why each of these findings is right.

The corpus lies outside of this project (CONTRIBUTING.md). Every finding was looked at. A rule whose count changes is
looked at again: what is new must be right, and what is gone must have been wrong.
"""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from taxonomy_tools.api import check
from taxonomy_tools.rules import RULES

# A rule, how many findings it has in all 636 leaves, and why they are right.
JUDGED: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "TX403": (
            57,
            """
            11 warnings: 3 works with a creator and nothing else, 4 of others without a link (3 by Wikipedia's authors,
            1 by a page of it), 4 with a link and no licence, of which 2 say that there is none. 46 infos: 45 pages
            without a revision or a link to one, nearly all of one project's documentation, and 1 work of knowledge
            without a link that may be its contributor's own. Quiet are the many that say to be self-authored, and
            upstream's form for own work, which has no link.
            """,
        ),
        "TX404": (
            19,
            """
            3 forbid commercial use; 3 are licences that are not taken (CC-BY-SA-3.0, two of governments), and 1 of a
            government has no identifier; 2 reserve all rights; 1 has no version; 9 are no licences (a number, a
            company, a repository, `teste`, `Public Law`).
            """,
        ),
        "TX508": (
            99,
            """
            92 names of people, teams and companies with spaces (59 times one department's), 4 lists of several users,
            2 lists of names with e-mail addresses, and 1 user with a full name behind it.
            """,
        ),
        "TX510": (0, "nothing is hidden in them; emoji and other alphabets occur, and are not flagged"),
        "TX601": (59, "57 are hashes of 7 digits, 43 of which are one and the same; 2 were never filled in"),
        "TX602": (46, "45 times one repository by ssh, which takes a key to fetch; 1 was never filled in"),
        "TX603": (2, "both start with a slash, and so lead to the root of the disk instead of the repository's"),
        "TX604": (0, "all patterns are for Markdown or PDF"),
    }
)


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """How often each rule is told of."""
    folder = os.environ.get("TAXONOMY_CORPUS")
    if not folder:
        pytest.skip("set TAXONOMY_CORPUS to the folder that holds tree/, to check real leaves")
    reports = check(Path(folder) / "tree").leaves
    return Counter(diagnostic.code for report in reports for diagnostic in report.diagnostics)


@pytest.mark.parametrize("code", JUDGED)
def test_every_finding_was_looked_at(code: str, counted: Counter[str]) -> None:
    assert counted[code] == JUDGED[code][0], JUDGED[code][1]


def test_what_is_judged_are_rules() -> None:
    assert set(JUDGED) <= {rule.CODE for rule in RULES}
    assert all(reason for _, reason in JUDGED.values())
