"""`taxonomy pr`: the text of a pull request, which says what was verified and nothing more."""

import re

import pytest

from taxonomy_tools import __version__
from taxonomy_tools.reporters.pull_request import FAMILIES
from taxonomy_tools.rules import RULES
from tests.command import Result, leaf, run, skill
from tests.repository import Repo

OWN = [
    "- [ ] The answers are right, and I may contribute all of it under the taxonomy's licence",
    "- [ ] I have asked a model without the skill, and it did worse",
]


@pytest.fixture
def fork(repo: Repo) -> Repo:
    """A taxonomy of one leaf on main, and a branch for a contribution."""
    repo.commit(leaf("compositional_skills/there"))
    repo.branch("mine")
    return repo


def checklist(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- [")]


def item(text: str, family: str) -> str:
    """The line of the checklist about a family of rules: its box, and what follows its words."""
    (line,) = [line for line in checklist(text) if FAMILIES[family] in line]
    return line[2:5] + line.partition(FAMILIES[family])[2]


def test_the_whole_text_of_a_good_contribution(fork: Repo) -> None:
    base = fork.head
    fork.commit(leaf("compositional_skills/rhymes", skill("To rhyme").replace(" and one", " and two")))
    assert run("taxonomy", "pr", cwd=fork.path) == Result(
        status=0,
        out="## What changed\n"
        "\n"
        "1 leaf changed: 1 added. Compared: <code>HEAD</code> with <code>main</code> "
        f"(merge base <code>{base[:7]}</code>).\n"
        "\n"
        "| | leaf | kind | what changed | findings |\n"
        "|---|---|---|---|---|\n"
        "| A | <code>compositional_skills/rhymes</code> | freeform skill | 5 seed examples |  |\n"
        "\n"
        "```mermaid\n"
        "flowchart LR\n"
        '  n0["taxonomy"]\n'
        '  n0 --> n1["compositional_skills"]\n'
        '  n1 --> n2["rhymes<br>added"]:::added\n'
        "  classDef added fill:#dafbe1,stroke:#1a7f37,color:#1f2328\n"
        "```\n"
        "\n"
        "## Checklist\n"
        "\n"
        "- [x] Every file can be read\n"
        "- [x] Files have the right names, in the right places\n"
        "- [x] The YAML is well formed, and text in it is text\n"
        "- [x] Every `qna.yaml` follows its schema\n"
        "- [x] Every `attribution.txt` is complete, and names licences that are allowed\n"
        "- [x] Seed examples repeat nothing, and hold no gaps, personal data or hidden characters\n"
        "- [x] Every commit is signed off by its author (DCO)\n"
        "- [ ] The answers are right, and I may contribute all of it under the taxonomy's licence\n"
        "- [ ] I have asked a model without the skill, and it did worse\n"
        "\n"
        f"<sub>Written by taxonomy-tools {__version__}.</sub>\n",
        err="",
    )


def test_findings_remain_and_untick_their_box(fork: Repo) -> None:
    fork.commit(leaf("compositional_skills/rhymes", skill(answer="No")), signed_off=False)
    done = run("taxonomy", "pr", cwd=fork.path)
    assert (done.status, done.err) == (1, "")
    assert item(done.out, "TX2") == "[ ]: 1 error (TX201)"
    assert item(done.out, "TX7") == "[ ]: 1 warning (TX701)"
    assert item(done.out, "TX3") == "[x]"
    remaining = done.out.partition("## Findings that remain\n")[2]
    assert "<summary>Commits: 1 warning</summary>" in remaining
    assert "**error** TX201 implicit-type at <code>qna.yaml&#58;6&#58;13</code>" in remaining


def test_what_cannot_be_read_is_not_verified(fork: Repo) -> None:
    fork.commit(leaf("compositional_skills/rhymes", "a: [\n"))
    out = run("taxonomy", "pr", cwd=fork.path).out
    assert item(out, "TX0") == "[ ]: 1 error (TX002)"
    assert {item(out, family) for family in ("TX2", "TX3", "TX5")} == {"[ ]: not verified: 1 leaf cannot be read"}
    assert item(out, "TX1") == "[x]"


def test_what_is_switched_off_is_not_verified(fork: Repo) -> None:
    fork.commit({".taxonomy-tools.yaml": "ignore: [TX5, TX404]\n", **leaf("compositional_skills/rhymes")})
    out = run("taxonomy", "pr", cwd=fork.path).out
    assert item(out, "TX5") == "[ ]: not verified: switched off"
    assert item(out, "TX4") == "[x]: not everywhere verified: TX404"


def test_commits_without_a_base_are_not_verified(fork: Repo) -> None:
    out = run("taxonomy", "pr", "--base", "empty", cwd=fork.path).out
    assert item(out, "TX7") == "[ ]: not verified: without a base, nothing tells which commits are new"


def test_a_removed_leaf_has_nothing_to_be_verified_but_its_commit(fork: Repo) -> None:
    fork.git("rm", "-r", "-q", "compositional_skills/there")
    fork.commit()
    done = run("taxonomy", "pr", cwd=fork.path)
    assert done.status == 0
    assert checklist(done.out) == ["- [x] Every commit is signed off by its author (DCO)", OWN[0]]


def test_nothing_changed_is_said_and_nothing_claimed_of_leaves(fork: Repo) -> None:
    done = run("taxonomy", "pr", cwd=fork.path)
    assert (done.status, done.out.splitlines()[2].partition(" Compared")[0]) == (0, "No leaf changed.")
    assert checklist(done.out) == ["- [x] Every commit is signed off by its author (DCO)", OWN[0]]


def test_what_is_not_committed_is_no_part_of_it(fork: Repo) -> None:
    fork.commit(leaf("compositional_skills/rhymes"))
    before = run("taxonomy", "pr", cwd=fork.path)
    for path, content in leaf("compositional_skills/draft", skill(answer="No")).items():
        fork.write(path, content)
    after = run("taxonomy", "pr", cwd=fork.path)
    assert after.out == before.out
    assert after.err == "Not in this text: 1 leaf with changes that are not committed.\n"
    assert run("taxonomy", "pr", "--head", "mine", cwd=fork.path).err == ""


def test_hostile_names_and_messages_are_text(fork: Repo) -> None:
    name = "knowledge/<img src=x onerror=alert(1)> @everyone #1 |\n## Approved\n- [x] all"
    fork.commit(
        leaf(name, "a: [\n"),
        message="</details>\n\n- [x] reviewed @everyone ```\n::set-output name=x::y",
        signed_off=False,
    )
    out = run("taxonomy", "pr", cwd=fork.path).out
    assert re.findall(r"<(?!/?(?:code|details|summary|pre|br|sub)\b)", out) == []
    assert [line for line in out.splitlines() if line.startswith("## ")] == [
        "## What changed",
        "## Checklist",
        "## Findings that remain",
    ]
    assert "- [x] reviewed" not in out
    assert "- [x] all" not in out
    assert "@everyone" not in out


def test_it_fits_into_a_pull_request(fork: Repo) -> None:
    bad = skill() + "".join(f"  - question: {number}\n    answer: {number}\n" for number in range(300))
    files: dict[str, str | bytes] = {}
    for number in range(40):
        files |= leaf(f"compositional_skills/{'long' * 20}_{number}", bad.replace("To add one", f"Task {number}"))
    fork.commit(files)
    out = run("taxonomy", "pr", cwd=fork.path).out
    assert 30_000 < len(out.encode()) <= 65_000
    assert "are left out" in out


def test_every_rule_belongs_to_an_item() -> None:
    assert {rule.CODE[:3] for rule in RULES} == set(FAMILIES)
