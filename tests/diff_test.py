"""Which leaves changed, where they came from, and what changed inside of them."""

import random
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import yaml

from taxonomy_tools.api import changed_leaves, check_changes
from taxonomy_tools.diff import ContentChange, SeedEdit, compare, leaf_changes
from taxonomy_tools.document import Document, load
from taxonomy_tools.source import Entry, FileChange, Unreadable, blob_oid
from taxonomy_tools.text import shorten
from tests.leaves import ATTRIBUTION, leaf, lines, seed, skill, told
from tests.repository import Repo

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
    mine.write("compositional_skills/moved/attribution.txt", "another\n")
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
    mine.write(f"{A}/attribution.txt", "another\n")
    mine.write("compositional_skills/copy/attribution.txt", ATTRIBUTION)
    assert inside(mine) == [f"M {A}: attribution", f"C compositional_skills/copy from {A}"]
    mine.write(f"{A}/qna.yaml", skill())
    assert inside(mine)[1:] == [f"C compositional_skills/copy from {A}"]


def test_a_leaf_that_is_moved_and_copied(mine: Repo) -> None:
    for name in ("one", "two"):
        mine.write(f"compositional_skills/{name}/qna.yaml", (mine.path / A / "qna.yaml").read_bytes())
        mine.write(f"compositional_skills/{name}/attribution.txt", ATTRIBUTION)
    mine.git("rm", "--quiet", "-r", A)
    assert inside(mine) == [f"R compositional_skills/one from {A}", f"C compositional_skills/two from {A}"]


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
    mine.commit({f"{A}/attribution.txt": "another\n", f"{B}/attribution.txt": "another\n"})
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
    mine.write(f"{A}/inner/attribution.txt", "another\n")
    move(mine, f"{A}/inner/most", f"{B}/most")
    assert inside(mine) == [f"M {A}/inner: attribution", f"R {B}/most from {A}/inner/most"]


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


# Inside a leaf


def data(text: str) -> object:
    """The data of a document, as the engine reads them."""
    found = load(text.encode())
    assert isinstance(found, Document), found
    return found.data


def content(old: str, new: str) -> ContentChange:
    return compare(data(old), data(new), attribution=False, document=old != new)


def seeds(*names: str) -> str:
    """A document of nothing but seed examples: `a`, or `a=b` for that of `a` with another answer."""
    made = (seed(name.split("=")[0], answer=name.partition("=")[2]) for name in names)
    return "seed_examples:\n" + "".join(made) if names else "seed_examples: []\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("a b", "a b", ContentChange(), id="nothing"),
        pytest.param("a b", "b a", ContentChange(layout_only=True), id="another order"),
        pytest.param("a b", "a x b", ContentChange(added=(1,)), id="one more"),
        pytest.param("a b c", "a c", ContentChange(removed=(1,)), id="one less"),
        pytest.param("a b", "a b b b", ContentChange(added=(2, 3)), id="repeated"),
        pytest.param("b a b", "a", ContentChange(removed=(0, 2)), id="repeats removed"),
        pytest.param("a b", "b=x a", ContentChange(edited=(SeedEdit(old=1, new=0, fields=("answer",)),)), id="edited"),
        pytest.param("a b", "c d", ContentChange(added=(0, 1), removed=(0, 1)), id="all others"),
        pytest.param(
            "a=1 a=2",
            "a=3 a=4",
            ContentChange(
                edited=(SeedEdit(old=0, new=0, fields=("answer",)), SeedEdit(old=1, new=1, fields=("answer",)))
            ),
            id="equally alike: those closest",
        ),
        pytest.param("", "a", ContentChange(added=(0,)), id="the first"),
        pytest.param("a", "", ContentChange(removed=(0,)), id="the last"),
    ],
)
def test_seed_examples(old: str, new: str, expected: ContentChange) -> None:
    assert content(seeds(*old.split()), seeds(*new.split())) == expected


def test_a_seed_example_with_some_of_its_words_is_an_edit() -> None:
    old = "seed_examples:\n- {question: what is the name of it, answer: it has none}\n"
    new = "seed_examples:\n- {question: what was the name of it, context: c, answer: it has no name}\n"
    assert content(old, new) == ContentChange(
        edited=(SeedEdit(old=0, new=0, fields=("answer", "context", "question")),)
    )
    assert content(old, "seed_examples:\n- {question: who did that, answer: nobody}\n") == ContentChange(
        added=(0,), removed=(0,)
    )


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        pytest.param("{a: 1, b: 2}", "{a: 1, b: 3}", ("b",), id="a value"),
        pytest.param("{a: 1}", "{b: 1}", ("a", "b"), id="a key"),
        pytest.param("{d: {r: x, c: 1}}", "{d: {c: 2, r: x}}", ("d.c",), id="inside a mapping"),
        pytest.param("{d: {r: x}}", "{d: [r, x]}", ("d",), id="a mapping and a list"),
        pytest.param("{d: [x, y]}", "{d: [y, x]}", ("d",), id="the order of a list"),
        pytest.param("{a: {b: {c: {d: 1}}}}", "{a: {b: {c: {d: 2}}}}", ("a.b.c",), id="not for ever"),
        pytest.param("{a: 1}", "{a: '1'}", ("a",), id="a number and text"),
        pytest.param("{a: 1}", "{a: 1.0}", ("a",), id="two kinds of number"),
        pytest.param("{a: 1}", "{a: true}", ("a",), id="a number and a boolean"),
        pytest.param("{a: null}", "{}", ("a",), id="null and nothing"),
        pytest.param("{a: {}}", "{a: !!set {}}", ("a",), id="a mapping and a set"),
        pytest.param("{a: !!set {x, y}}", "{a: !!set {y, z}}", ("a",), id="sets"),
        pytest.param("{1: x}", "{true: x}", ("1", "true"), id="keys that are equal to Python"),
        pytest.param("{2020-01-01: x, null: y, 1.5: z}", "{}", ("1.5", "2020-01-01", "null"), id="keys of other kinds"),
        pytest.param("{a.b: 1, a: {b: 1}}", "{a.b: 2, a: {b: 2}}", ('"a.b"', "a.b"), id="a key with a dot"),
        pytest.param('{"": 1, "x y": 1, "\\e": 1}', "{}", ('""', '"\\u001b"', '"x y"'), id="keys of other characters"),
        pytest.param(f"{{{'k' * 99}: 1}}", "{}", (shorten("k" * 99),), id="a long key"),
        pytest.param("{seed_examples: a}", "{seed_examples: b}", ("seed_examples",), id="seed examples that are text"),
        pytest.param("{seed_examples: []}", "{}", ("seed_examples",), id="no list, and an empty one"),
        pytest.param("{seed_examples: null}", "{seed_examples: []}", ("seed_examples",), id="null, and an empty one"),
        pytest.param("{d: {seed_examples: 1}}", "{d: {seed_examples: 2}}", ("d.seed_examples",), id="elsewhere"),
        pytest.param("{a: 0x" + "f" * 5000 + "}", "{a: 0x" + "e" * 5000 + "}", ("a",), id="numbers of 5,000 digits"),
        pytest.param("? 0x" + "f" * 5000 + "\n: 1\n", "{}", (shorten("0x" + "f" * 5000),), id="a key of 5,000 digits"),
    ],
)  # fmt: skip
def test_other_fields(old: str, new: str, fields: tuple[str, ...]) -> None:
    assert content(old, new) == ContentChange(fields=fields)
    assert content(new, old) == ContentChange(fields=fields)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("{a: 1}", "# comment\na: 1\n", id="a comment and a style"),
        pytest.param("{a: 1, b: 2}", "{b: 2, a: 1}", id="the order of keys"),
        pytest.param("{a: x}", '{a: "x"}', id="quotes"),
        pytest.param("{a: &x [1], b: *x}", "{a: [1], b: [1]}", id="an alias"),
        pytest.param("{a: .nan, .nan: 1}", "{.nan: 1, a: .NaN}", id="what is not equal to itself"),
        pytest.param("[1]", "[ 1]", id="a list"),
    ],
)
def test_layout(old: str, new: str) -> None:
    assert content(old, new) == ContentChange(layout_only=True)
    assert content(old, old) == ContentChange()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("[1]", "[2]", ContentChange(), id="two lists"),
        pytest.param("{}", "[]", ContentChange(), id="nothing in either"),
        pytest.param("text", "{a: 1}", ContentChange(fields=("a",)), id="text and a mapping"),
        pytest.param("{seed_examples: [a]}", "[a]", ContentChange(removed=(0,)), id="a list in a mapping"),
        pytest.param(
            "{seed_examples: a}",
            "{seed_examples: [a]}",
            ContentChange(added=(0,), fields=("seed_examples",)),
            id="text and a list",
        ),
        pytest.param(
            "{seed_examples: [1, [x], {k: v}, null]}",
            "{seed_examples: [1, {x: 1}, k]}",
            ContentChange(added=(1, 2), removed=(1, 2, 3)),
            id="seed examples that are no mappings",
        ),
    ],
)
def test_data_of_any_shape(old: str, new: str, expected: ContentChange) -> None:
    assert content(old, new) == expected


# Hostile documents: each within the limits of what is read


def nested(levels: int, end: str) -> str:
    return "{a: " * levels + end + "}" * levels


BIG = "x" * 400_000
HOSTILE = [
    pytest.param(seeds(*("same" for _ in range(8_000))), id="8,000 times the same seed example"),
    pytest.param("seed_examples:\n" + "".join(f"- s{number}\n" for number in range(30_000)), id="30,000 seed examples"),
    pytest.param(f"a: &a {BIG}\nb: [{', '.join(['*a'] * 90_000)}]\n", id="aliases to a long text"),
    pytest.param(f"seed_examples:\n- &a {{q: {BIG}}}\n" + "- {a: *a}\n- [*a]\n" * 20, id="seed examples of aliases"),
    pytest.param(nested(95, "[" + "x," * 90_000 + "]"), id="a deep list"),
    pytest.param(f"? {BIG}\n: {{{', '.join(f'k{number}' for number in range(30_000))}}}\n", id="a long key above many"),
    pytest.param("seed_examples:\n- q: " + "a b " * 200 + "\n- q: " + "b a " * 200, id="two words"),
    pytest.param("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d]\n", id="a billion laughs, cut short"),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_documents_are_compared_in_time(text: str) -> None:
    one, other = data(text), data(text.replace("x", "y").replace("s1", "t1").replace("same", "other"))
    start = time.process_time()
    compare(one, other, attribution=False, document=True)
    compare(other, one, attribution=False, document=True)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"seed_examples:\n- &a {{q: {BIG}}}\n" + "- {a: *a}\n- [*a]\n" * 20, id="aliases to a long text"),
        pytest.param(f"? {BIG}\n: {{{', '.join(f'k{number}' for number in range(3_000))}}}\n", id="a long key"),
    ],
)
def test_hostile_documents_are_compared_in_little_memory(text: str) -> None:
    one, other = data(text), data(text.replace("x", "y").replace("k", "l"))
    tracemalloc.start()
    compare(one, other, attribution=False, document=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # What the documents spell out when taken at their word is 16 MB, or more than 1 GB.
    assert peak < 10_000_000


def test_fifty_rewritten_seed_examples_are_paired_in_time() -> None:
    words = [f"w{number}" for number in range(400)]
    draw = random.Random(1)
    old, new = ([{"question": " ".join(draw.sample(words, 300))} for _ in range(50)] for _ in range(2))
    start = time.process_time()
    found = compare({"seed_examples": old}, {"seed_examples": new}, attribution=False, document=True)
    assert time.process_time() - start < 10
    assert len(found.edited) == 50


def test_data_that_the_safe_loader_makes() -> None:
    text = (
        "a: !!binary aGk=\nb: !!omap [x: 1]\nc: !!pairs [x: 1, x: 2]\nd: 2001-12-14t21:59:43.10-05:00\ne: !!set {x}\n"
    )
    one = yaml.safe_load(text)
    assert compare(one, yaml.safe_load(text), attribution=False, document=True) == ContentChange(layout_only=True)
    assert compare(one, {}, attribution=False, document=True) == ContentChange(fields=("a", "b", "c", "d", "e"))
