"""The walk over seed examples: both shapes, every wrong type, and what aliases repeat."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.document import Document, load
from taxonomy_tools.seeds import Pair, Passage, contexts, pairs

QA = "questions_and_answers"


def data(text: str) -> object:
    document = load(text.encode())
    assert isinstance(document, Document)
    return document.data


def test_skill() -> None:
    text = "seed_examples:\n- question: a\n  answer: b\n- {context: c, question: d, answer: e}\n"
    assert list(pairs(data(text))) == [
        Pair(
            route=("seed_examples", 0),
            question=Passage("a", ("seed_examples", 0, "question")),
            answer=Passage("b", ("seed_examples", 0, "answer")),
        ),
        Pair(
            route=("seed_examples", 1),
            question=Passage("d", ("seed_examples", 1, "question")),
            answer=Passage("e", ("seed_examples", 1, "answer")),
            context=Passage("c", ("seed_examples", 1, "context")),
        ),
    ]
    assert list(contexts(data(text))) == [Passage("c", ("seed_examples", 1, "context"))]


def test_knowledge() -> None:
    text = f"seed_examples:\n- context: c\n  {QA}:\n  - question: a\n    answer: b\n  - question: d\n- context: e\n"
    first, second = pairs(data(text))
    assert first == Pair(
        route=("seed_examples", 0, QA, 0),
        question=Passage("a", ("seed_examples", 0, QA, 0, "question")),
        answer=Passage("b", ("seed_examples", 0, QA, 0, "answer")),
        context=Passage("c", ("seed_examples", 0, "context")),
    )
    assert second == Pair(
        route=("seed_examples", 0, QA, 1),
        question=Passage("d", ("seed_examples", 0, QA, 1, "question")),
        context=Passage("c", ("seed_examples", 0, "context")),
    )
    assert first.context is second.context
    assert [passage.text for passage in contexts(data(text))] == ["c", "e"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a: b", [], id="no seed examples"),
        pytest.param("- question: a", [], id="a list for a leaf"),
        pytest.param("seed_examples: {question: a}", [], id="a mapping for the list"),
        pytest.param("seed_examples: [a, 5, [{question: a}], null]", [], id="items that are no mappings"),
        pytest.param("seed_examples: [{question: 5, answer: [b]}]", [], id="no text"),
        pytest.param("seed_examples: [{question: 5, answer: b}]", [(None, "b", None)], id="text only in the answer"),
        pytest.param("seed_examples: [{question: '', context: 1}]", [("", None, None)], id="a context that is no text"),
        pytest.param(f"seed_examples: [{{{QA}: {{question: a}}}}]", [], id="a mapping for the list of pairs"),
        pytest.param(f"seed_examples: [{{{QA}: [a, 5, {{question: b}}]}}]", [("b", None, None)], id="a pair of three"),
        pytest.param(
            f"seed_examples: [{{context: c, question: a, {QA}: [{{question: b}}]}}]",
            [("a", None, "c"), ("b", None, "c")],
            id="both shapes at once",
        ),
        pytest.param("seed_examples: [{1: a, null: b, question: c}]", [("c", None, None)], id="keys that are no text"),
    ],
)
def test_wrong_types_say_nothing(text: str, found: list[tuple[str | None, str | None, str | None]]) -> None:
    told = [(pair.question, pair.answer, pair.context) for pair in pairs(data(text))]
    assert [tuple(passage and passage.text for passage in passages) for passages in told] == found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["seed_examples", "question", "answer", "context", QA]) | st.integers() | st.none(), inner
        )
    ),
)


@given(VALUES)
def test_routes_lead_to_the_texts(value: object) -> None:
    for root in (value, {"seed_examples": value}, {"seed_examples": [value]}):
        found = [passage for pair in pairs(root) for passage in (pair.question, pair.answer, pair.context) if passage]
        for passage in (*found, *contexts(root)):
            there: object = root
            for step in passage.route:
                assert isinstance(there, dict | list)
                there = there[step]  # type: ignore[call-overload]
            assert there is passage.text


def test_aliases_repeat_the_same_objects() -> None:
    text = f"seed_examples:\n- question: &long {'a' * 900_000}\n" + "- question: *long\n" * 6_000
    start = process_time()
    questions = [pair.question for pair in pairs(data(text))]
    assert len(questions) == 6_001
    assert len({id(passage.text) for passage in questions if passage}) == 1
    assert process_time() - start < 10
