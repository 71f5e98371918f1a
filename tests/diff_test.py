"""Which leaves changed, where they came from, and what changed inside of them."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from taxonomy_tools.api import changed_leaves, check_changes
from taxonomy_tools.content import ContentChange
from taxonomy_tools.diff import leaf_changes
from taxonomy_tools.source import Entry, FileChange, Unreadable, blob_oid
from tests.leaves import ATTRIBUTION, leaf, lines, skill, told
from tests.repository import Repo

ANOTHER = ATTRIBUTION.replace("none", "another")
A, B = "compositional_skills/a", "compositional_skills/b"


@pytest.fixture
def mine(repo: Repo) -> Repo:
    """A branch `mine` off a `main` with two leaves."""
    repo.commit({**leaf(A), **leaf(B)})
    repo.branch("mine")
    return repo


def move(repo: Repo, old: str, new: str) -> None:
    """A plain `mv`, which Git is not told about."""
    (repo.path / new).parent.mkdir(parents=True, exist_ok=True)
    (repo.path / old).rename(repo.path / new)


def inside(repo: Repo) -> list[str]:
    """What the working tree, the index and a commit have in common."""
    found = told(check_changes(repo.path, base="main", jobs=1))
    repo.git("add", "--all")
    assert told(check_changes(repo.path, base="main", staged=True, jobs=1)) == found
    repo.commit()
    assert told(check_changes(repo.path, base="main", head="HEAD", jobs=1)) == found
    return found


# Renames and copies


def test_a_plain_move(mine: Repo) -> None:
    move(mine, A, "compositional_skills/deep/er/moved")
    assert inside(mine) == [f"R compositional_skills/deep/er/moved from {A}"]


def test_a_move_that_leaves_the_attribution_behind(mine: Repo) -> None:
    move(mine, f"{A}/qna.yaml", "compositional_skills/moved/qna.yaml")
    assert inside(mine) == [
        f"R compositional_skills/moved from {A}: attribution",
        "  compositional_skills/moved/qna.yaml TX401",
    ]


def test_a_move_with_edits_is_known_by_its_seed_examples(mine: Repo) -> None:
    move(mine, A, "compositional_skills/moved")
    kept = ("a-one", "a-two", "a-three", "a-four=another", "new")
    mine.write("compositional_skills/moved/qna.yaml", skill(*kept, task="to move", comment="and edit"))
    mine.write("compositional_skills/moved/attribution.txt", ANOTHER)
    assert inside(mine) == [
        f"R compositional_skills/moved from {A}: +4, -4, ~3>3(answer), task_description, attribution"
    ]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        pytest.param(3, ["R compositional_skills/moved from compositional_skills/a"], id="three of five"),
        pytest.param(2, ["D compositional_skills/a", "A compositional_skills/moved"], id="two of five"),
    ],
)
def test_half_of_the_seed_examples_make_a_rename(mine: Repo, kept: int, expected: list[str]) -> None:
    move(mine, A, "compositional_skills/moved")
    names = [f"a-{name}" for name in ("one", "two", "three", "four", "five")[:kept]]
    mine.write("compositional_skills/moved/qna.yaml", skill(*names, *(f"new{number}" for number in range(5 - kept))))
    assert [line for line in inside(mine) if not line.startswith(" ")][: len(expected)] == [
        line if line[0] != "R" else f"{line}: +3, +4, -3, -4" for line in expected
    ]


def test_a_case_only_rename(mine: Repo) -> None:
    move(mine, A, "compositional_skills/A")
    move(mine, f"{B}/qna.yaml", f"{B}/QNA.YAML")
    assert inside(mine) == [
        f"R compositional_skills/A from {A}",
        f"M {B}",
        f"  {B}/QNA.YAML TX101",
    ]


def test_leaves_that_change_places(mine: Repo) -> None:
    move(mine, A, "compositional_skills/between")
    move(mine, B, A)
    move(mine, "compositional_skills/between", B)
    assert lines(changed_leaves(mine.path, base="main")) == [f"M {A}", f"M {B}"]


def test_of_equal_leaves_the_one_of_the_same_name(mine: Repo) -> None:
    for name in ("x/one", "x/two", "x/three"):
        mine.commit(leaf(f"compositional_skills/{name}", "same", "seeds"))
    mine.git("branch", "--force", "main")
    for old, new in (("x/one", "y/three"), ("x/two", "y/two"), ("x/three", "y/four")):
        move(mine, f"compositional_skills/{old}", f"compositional_skills/{new}")
    assert [line for line in inside(mine) if not line.startswith(" ")] == [
        "R compositional_skills/y/four from compositional_skills/x/one",
        "R compositional_skills/y/three from compositional_skills/x/three",
        "R compositional_skills/y/two from compositional_skills/x/two",
    ]


def test_of_equally_alike_leaves_the_one_of_the_same_name(mine: Repo) -> None:
    for name in ("x/one", "x/two"):
        mine.commit(leaf(f"compositional_skills/{name}", "same", "seeds", task=name))
    mine.git("branch", "--force", "main")
    for name in ("one", "two"):
        move(mine, f"compositional_skills/x/{name}", f"compositional_skills/y/{name}")
        mine.write(f"compositional_skills/y/{name}/qna.yaml", skill("same", "seeds", task="another"))
    assert lines(changed_leaves(mine.path, base="main")) == [
        "R compositional_skills/y/one from compositional_skills/x/one",
        "R compositional_skills/y/two from compositional_skills/x/two",
    ]


def test_a_copy_is_of_a_leaf_that_is_changed_too(mine: Repo) -> None:
    original = (mine.path / A / "qna.yaml").read_bytes()
    mine.write("compositional_skills/copy/qna.yaml", original)
    assert lines(changed_leaves(mine.path, base="main")) == ["A compositional_skills/copy"]
    mine.write(f"{A}/attribution.txt", ANOTHER)
    mine.write("compositional_skills/copy/attribution.txt", ATTRIBUTION)
    copied = f"C compositional_skills/copy from {A}"
    assert inside(mine) == [f"M {A}: attribution", copied, "  compositional_skills/copy/qna.yaml:5:15 TX502"]
    mine.write(f"{A}/qna.yaml", skill())
    assert inside(mine)[1:] == [copied, "  compositional_skills/copy/qna.yaml:5:15 TX502"]


def test_a_leaf_that_is_moved_and_copied(mine: Repo) -> None:
    for name in ("one", "two"):
        mine.write(f"compositional_skills/{name}/qna.yaml", (mine.path / A / "qna.yaml").read_bytes())
        mine.write(f"compositional_skills/{name}/attribution.txt", ATTRIBUTION)
    mine.git("rm", "--quiet", "-r", A)
    assert inside(mine) == [
        f"R compositional_skills/one from {A}",
        f"C compositional_skills/two from {A}",
        "  compositional_skills/two/qna.yaml:5:15 TX502",
    ]


def test_a_broken_document_moves_by_its_bytes(mine: Repo) -> None:
    mine.commit({f"{A}/qna.yaml": "- no mapping"})
    mine.git("branch", "--force", "main")
    move(mine, A, "compositional_skills/moved")
    assert inside(mine) == [
        f"R compositional_skills/moved from {A}",
        "  compositional_skills/moved/qna.yaml:1:1 TX003",
    ]


def test_of_a_broken_document_only_the_attribution_can_be_told(mine: Repo) -> None:
    mine.commit({f"{A}/qna.yaml": "not: [yaml", f"{B}/qna.yaml": "- a list"})
    mine.git("branch", "--force", "main")
    mine.commit({f"{A}/attribution.txt": ANOTHER, f"{B}/attribution.txt": ANOTHER})
    contents = [found.content for found in check_changes(mine.path, base="main", jobs=1).leaves]
    assert contents == [ContentChange(attribution=True)] * 2
    mine.commit({f"{A}/qna.yaml": "not: [YAML", f"{B}/qna.yaml": "- another list"})
    assert [found.content for found in check_changes(mine.path, base="main", jobs=1).leaves] == [None, None]


def test_an_attribution_alone_is_no_leaf(mine: Repo) -> None:
    mine.commit({"compositional_skills/none/attribution.txt": "1"})
    assert lines(changed_leaves(mine.path, base="main")) == []
    mine.remove(f"{A}/qna.yaml")
    assert lines(changed_leaves(mine.path, base="main")) == [f"D {A}"]


def test_nested_leaves_are_leaves_of_their_own(mine: Repo) -> None:
    mine.commit({**leaf(f"{A}/inner"), **leaf(f"{A}/inner/most")})
    mine.git("branch", "--force", "main")
    mine.write(f"{A}/inner/attribution.txt", ANOTHER)
    move(mine, f"{A}/inner/most", f"{B}/most")
    assert inside(mine) == [
        f"M {A}/inner: attribution",
        f"  {A}/inner/qna.yaml TX104",
        f"R {B}/most from {A}/inner/most",
        f"  {B}/most/qna.yaml TX104",
    ]


# The engine on sides that are made up: sizes and orders that no repository needs to have


@dataclass(kw_only=True)
class MadeUp:
    """Two trees, path to content, in the order in which Git might name them."""

    old: dict[str, bytes]
    new: dict[str, bytes]
    order: random.Random = field(default_factory=random.Random)

    def entry(self, path: str, content: bytes | None) -> Entry | None:
        return None if content is None else Entry(path=path, mode=0o100644, oid=blob_oid(content, "sha1"))

    def changes(self) -> Iterable[FileChange]:
        paths = sorted({path for path in {**self.old, **self.new} if self.old.get(path) != self.new.get(path)})
        self.order.shuffle(paths)
        return [
            FileChange(path=path, old=self.entry(path, self.old.get(path)), new=self.entry(path, self.new.get(path)))
            for path in paths
        ]

    def children(self, folders: Sequence[str]) -> Iterable[Entry]:
        wanted = set(folders)
        for path, content in self.old.items():
            if path.rpartition("/")[0] in wanted and (entry := self.entry(path, content)):
                yield entry

    def prepare(self, entries: Iterable[Entry]) -> None:
        list(entries)

    def read_old(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        return (self.old[entry.path] for entry in entries)

    def read_new(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        return (self.new[entry.path] for entry in entries)

    def hash_new(self, entries: Sequence[Entry]) -> Iterator[str | None]:
        return (blob_oid(self.new[entry.path], "sha1") for entry in entries)


def document(*seeds: str) -> bytes:
    return skill(*seeds).encode()


def test_the_order_of_gits_answer_does_not_matter() -> None:
    old = {f"old/{number}/qna.yaml": document("same", f"s{number % 3}", f"t{number}") for number in range(12)}
    new = {f"new/{number}/qna.yaml": document("same", f"s{number % 4}", f"t{number + 2}") for number in range(12)}
    new |= {f"copy/{number}/qna.yaml": content for number, content in enumerate(old.values()) if number % 2}
    answers = [leaf_changes(MadeUp(old=old, new=new, order=random.Random(number))) for number in range(5)]
    assert all(answer == answers[0] for answer in answers)
    assert len({change.old_path for change in answers[0] if change.kind.letter == "R"}) == sum(
        change.kind.letter == "R" for change in answers[0]
    )


@pytest.mark.parametrize(
    ("old_content", "new_content", "letters"),
    [
        pytest.param("same seed", "same seed", {"R"}, id="all of the same bytes"),
        pytest.param("same seed", "same other", {"A", "D"}, id="one seed example in all"),
        pytest.param("own{0} seed{0}", "own{0} other{0}", {"R"}, id="one of two in each"),
    ],
)
def test_many_moved_leaves_cost_no_pairs(old_content: str, new_content: str, letters: set[str]) -> None:
    count = 6_000
    old = {f"old/{n}/qna.yaml": document(*old_content.format(n).split()) for n in range(count)}
    new = {f"new/x{n}/qna.yaml": document(*new_content.format(n).split()) for n in range(count)}
    start = time.process_time()
    found = leaf_changes(MadeUp(old=old, new=new))
    # To read 12,000 documents takes a second or two; to look at 36,000,000 pairs takes far longer.
    assert time.process_time() - start < 10
    assert {change.kind.letter for change in found} == letters
