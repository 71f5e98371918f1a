"""What changed inside a leaf: seed examples by content, fields by name, whatever the data are."""

import random
import time
import tracemalloc

import pytest
import yaml

from taxonomy_tools.content import ContentChange, SeedEdit, compare
from taxonomy_tools.document import Document, load
from taxonomy_tools.text import shorten
from tests.leaves import seed


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
