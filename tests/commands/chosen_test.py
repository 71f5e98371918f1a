"""Which leaves samples are made of, and what is known of where they come from."""

from pathlib import Path

import pytest

from taxonomy_tools.commands.chosen import Refusal, changed_since, choose
from taxonomy_tools.leaf import LeafNode
from taxonomy_tools.plan import Plan, Selection, plan_check, plan_diff
from taxonomy_tools.settle import Given
from tests.command import leaf, skill
from tests.repository import Repo, standing_in

ONE, TWO = "compositional_skills/arithmetic/one", "compositional_skills/arithmetic/two"


@pytest.fixture
def taxonomy(repo: Repo) -> Repo:
    """A taxonomy with two leaves in its first commit."""
    repo.commit({"README.md": "A taxonomy\n"})
    repo.branch("mine")
    repo.commit(leaf(ONE) | leaf(TWO))
    return repo


def planned(repo: Repo, folder: str = "", **selection: object) -> Plan:
    with standing_in(repo.path / folder):
        return plan_diff(
            Selection(**{"base": "main", **selection}),  # type: ignore[arg-type]
            given=Given(),
            announce=lambda _: None,
        )


def chosen(plan: Plan) -> tuple[LeafNode, ...]:
    found = choose(plan, keep_going=False)
    assert found.refused == found.faulty == ()
    return found.leaves


def test_leaves_name_the_commit_that_holds_them(taxonomy: Repo) -> None:
    found = chosen(planned(taxonomy))
    assert [(one.path, one.commit) for one in found] == [(ONE, taxonomy.head), (TWO, taxonomy.head)]
    assert [one.blob for one in found] == [taxonomy.oid(f"HEAD:{path}/qna.yaml") for path in (ONE, TWO)]


def test_what_is_in_no_commit_names_none(taxonomy: Repo) -> None:
    taxonomy.write(f"{ONE}/qna.yaml", skill("another"))
    taxonomy.git("add", "--all")
    taxonomy.write(f"{TWO}/qna.yaml", skill("and another"))
    blobs = {
        "index": [taxonomy.oid(f":{ONE}/qna.yaml"), taxonomy.oid(f":{TWO}/qna.yaml")],
        "tree": [taxonomy.ask("hash-object", f"{path}/qna.yaml") for path in (ONE, TWO)],
    }
    tree, index = chosen(planned(taxonomy)), chosen(planned(taxonomy, staged=True))
    assert [(one.blob, one.commit) for one in tree] == [(blobs["tree"][0], ""), (blobs["tree"][1], "")]
    assert [(one.blob, one.commit) for one in index] == [(blobs["index"][0], ""), (blobs["index"][1], taxonomy.head)]


def test_of_a_commit_that_is_named_it_is_that(taxonomy: Repo) -> None:
    before = taxonomy.head
    taxonomy.commit({f"{ONE}/qna.yaml": skill("another")})
    found = chosen(planned(taxonomy, head=before))
    assert [one.commit for one in found] == [before, before]


def test_taxonomy_in_a_folder_of_a_repository(repo: Repo) -> None:
    repo.commit({"README.md": "A project\n"})
    repo.branch("mine")
    repo.commit({f"data/{path}": content for path, content in leaf(ONE).items()})
    found = chosen(planned(repo, taxonomy_path=Path("data")))
    assert [(one.path, one.commit) for one in found] == [(ONE, repo.head)]


def test_folder_that_is_no_repository(tmp_path: Path) -> None:
    folder = tmp_path / "taxonomy"
    for path, content in leaf(ONE).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(str(content))
    plan = plan_check(Selection(taxonomy_path=folder), given=Given(), announce=lambda _: None)
    (found,) = chosen(plan)
    assert (found.path, found.commit, len(found.blob)) == (ONE, "", 40)


def test_leaves_with_errors_are_refused_or_taken_as_far_as_that_goes(taxonomy: Repo) -> None:
    taxonomy.write(f"{ONE}/qna.yaml", skill(answer="No"))
    taxonomy.write(f"{TWO}/qna.yaml", "version: 3\nseed_examples: []\n")
    refused = choose(planned(taxonomy), keep_going=False).refused
    assert [(one.path, one.faulty) for one in refused] == [(ONE, True), (TWO, True)]
    taken = choose(planned(taxonomy), keep_going=True)
    assert [one.path for one in taken.leaves] == [ONE]
    assert taken.faulty == (Refusal(path=ONE, reason="has 1 error"),)
    assert [(one.path, one.faulty) for one in taken.refused] == [(TWO, False)]
    assert taken.refused[0].reason.startswith("has no seed example to make samples from")


@pytest.mark.parametrize("content", ["[", "- a list\n"])
def test_what_is_no_leaf_is_refused_even_so(taxonomy: Repo, content: str) -> None:
    taxonomy.write(f"{ONE}/qna.yaml", content)
    assert [one.path for one in choose(planned(taxonomy), keep_going=True).refused] == [ONE]


def test_what_has_changed_since(taxonomy: Repo) -> None:
    plan = planned(taxonomy)
    leaves = chosen(plan)
    assert changed_since(plan, leaves) == []
    taxonomy.write(f"{ONE}/qna.yaml", skill("another"))
    assert changed_since(plan, leaves) == [ONE]
    taxonomy.remove(f"{TWO}/qna.yaml")
    assert changed_since(plan, leaves) == [ONE, TWO]


def test_a_commit_does_not_change(taxonomy: Repo) -> None:
    plan = planned(taxonomy, head=taxonomy.head)
    leaves = chosen(plan)
    taxonomy.remove(f"{TWO}/qna.yaml")
    assert changed_since(plan, leaves) == []
