"""Findings across leaves: told of the later leaf, known for a run as a whole, and never for a leaf at a time."""

from collections.abc import Iterable

import pytest

from taxonomy_tools.api import check, check_changes
from taxonomy_tools.report import LeafReport
from taxonomy_tools.rules.similar_question import Questions
from taxonomy_tools.verdict import Question
from tests.leaves import ATTRIBUTION, SEEDS, leaf, seed, skill
from tests.repository import Repo

A, B, C = "compositional_skills/a", "compositional_skills/b", "compositional_skills/c"
CAPITAL = "  - question: What is the capital of France?\n    answer: It is Paris.\n"
SAME = "  - question: What's the capital of France\n    answer: It is Paris.\n"


def asking(path: str, example: str, *, lead: str = "") -> dict[str, str]:
    """A leaf that asks something besides what is its own."""
    seeds = tuple(f"{path[-1]}-{name}" for name in SEEDS)
    return {f"{path}/qna.yaml": skill(*seeds) + lead + example, f"{path}/attribution.txt": ATTRIBUTION}


def write(repo: Repo, files: dict[str, str]) -> None:
    for path, content in files.items():
        repo.write(path, content)


def found(leaves: Iterable[LeafReport]) -> list[str]:
    lines = []
    for one in leaves:
        for item in one.diagnostics:
            if item.code in ("TX502", "TX202"):
                assert item.span is not None
                assert item.frame[-1].number == item.span.line
                lines.append(f"{item.file}:{item.span.line}:{item.span.column} {item.code} {item.message}")
    return lines


@pytest.fixture
def asked_twice(repo: Repo) -> Repo:
    repo.commit(asking(A, CAPITAL) | asking(B, SAME) | leaf(C))
    return repo


ALREADY = f"TX502 asks what `{A}` asks already (line 15): `What is the capital of France?`"


def test_the_later_leaf_is_told_where_the_question_is_asked_already(asked_twice: Repo) -> None:
    expected = [f"{B}/qna.yaml:15:15 {ALREADY}"]
    assert found(check(asked_twice.path).leaves) == expected
    assert found(check(asked_twice.path).leaves) == expected  # from the cache
    assert found(check(asked_twice.path, cache=False).leaves) == expected


def test_a_run_that_knows_what_it_found_compares_nothing(asked_twice: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    compare = Questions.compare

    def watched(self: Questions, path: str, questions: tuple[Question, ...]) -> object:
        compared.append(path)
        return compare(self, path, questions)

    monkeypatch.setattr(Questions, "compare", watched)
    check(asked_twice.path, jobs=1)
    assert compared == [A, B, C]
    check(asked_twice.path, jobs=1)
    assert compared == [A, B, C]
    write(asked_twice, leaf(C, "else"))
    check(asked_twice.path, jobs=1)
    assert compared == [A, B, C, A, B, C]


def test_what_another_leaf_asks_is_no_longer_told_when_it_is_gone(asked_twice: Repo) -> None:
    check(asked_twice.path)
    write(asked_twice, leaf(A))
    assert found(check(asked_twice.path).leaves) == []


def test_a_comparison_looks_at_changed_leaves_alone(asked_twice: Repo) -> None:
    write(asked_twice, asking(B, SAME.replace("It is", "That is")))
    assert found(check_changes(asked_twice.path, base="HEAD").leaves) == []
    write(asked_twice, asking(A, CAPITAL.replace("It is", "That is")))
    assert found(check_changes(asked_twice.path, base="HEAD").leaves) == [f"{B}/qna.yaml:15:15 {ALREADY}"]


def test_leaves_that_are_not_named_are_not_compared(asked_twice: Repo) -> None:
    assert found(check(asked_twice.path, [asked_twice.path / B]).leaves) == []


def test_an_ignore_is_unused_only_if_all_leaves_were_compared(repo: Repo) -> None:
    lead = "  # taxonomy: ignore TX502 -- on purpose\n"
    repo.commit(asking(A, CAPITAL, lead=lead) | asking(B, SAME, lead=lead))
    unused = f"{A}/qna.yaml:15:3 TX202 there is no TX502 to ignore on line 16"
    assert found(check(repo.path).leaves) == [unused]
    assert found(check(repo.path, [repo.path / A]).leaves) == []


def test_a_question_alone_is_told_once(repo: Repo) -> None:
    repo.commit({f"{A}/qna.yaml": skill() + seed("more"), f"{A}/attribution.txt": ATTRIBUTION})
    assert found(check(repo.path).leaves) == []
