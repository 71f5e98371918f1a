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
        "TX103": (44, "all hold spaces, in 41 paths; nothing else is wrong with a name"),
        "TX104": (
            111,
            """
            18 leaves have leaves in their folders, and 93 lie in such a folder; 3 are of both. The corpus is a history,
            in which a leaf may have become a folder later: as one tree, it is as it is told.
            """,
        ),
        "TX106": (
            200,
            """
            159 below `extraction/`, 24 below `writing/grounded/`, and 17 elsewhere: the layout before upstream moved
            what has a context to `compositional_skills/grounded/`. In 7 only some seed examples have one. 5 skills with
            nothing but empty contexts are not told.
            """,
        ),
        "TX107": (0, "the corpus holds the files of leaves only"),
        "TX108": (162, "one leaf is `compositional_skills/Writing`, and 161 lie below `compositional_skills/writing/`"),
        "TX109": (0, "all below `compositional_skills/grounded/` have contexts"),
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
        "TX501": (
            570,
            """
            501 warnings: 364 in 91 leaves of one author that ask each question five times and number the answers, 112
            in one leaf whose questions were made by a program, 13 in knowledge, where two contexts are asked the same,
            and 12 in skills whose answers are the same or nearly so. 69 infos, in skills: other answers to the same
            question (a joke, an idea, a prompt to better), some of them because what was asked about was lost.
            """,
        ),
        "TX503": (
            4,
            "by 561, 1,444, 1,804 and 3,407 words: spelled words, commands of sed, policies in JSON, prompts to better",
        ),
        "TX504": (0, "the longest context of knowledge has fewer; those of skills, up to 965 words, are not meant"),
        "TX505": (
            71,
            """
            26 warnings in knowledge: 18 whole files as answers in one leaf, and 8 answers of up to 441 words. 45 infos
            in skills that write at length: contracts, stories, letters, manuals. What has neither letter nor digit is
            no word: 24 more have up to 104 brackets, dashes and bars of JSON, YAML and tables.
            """,
        ),
        "TX506": (7, "5 fields of a document that were never filled in, and 2 comments of upstream's example"),
        "TX507": (
            41,
            """
            All are e-mail addresses at real providers and companies: 12 are of real people (papers, the setup.py of a
            package), 29 made up for commits and lists of addresses, where nothing tells that nobody has them. Quiet are
            created_by, `git@`, units of systemd, example.com, and telephone numbers such as 111-222-3333.
            """,
        ),
        "TX508": (
            99,
            """
            92 names of people, teams and companies with spaces (59 times one department's), 4 lists of several users,
            2 lists of names with e-mail addresses, and 1 user with a full name behind it.
            """,
        ),
        "TX509": (
            25,
            """
            11 years of films and laws that the author knows, 2 of dates that the contexts give without a year, 6 times
            a port, 3 names, and 3 answers to what no context tells. In grounded skills there would be 73 for numbers
            alone, nearly all wrong, for they reckon: so skills are left alone.
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
