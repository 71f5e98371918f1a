"""What a leaf node says is read from its document, also from one that does not follow the schema."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from taxonomy_tools.document import MAX_BYTES, Document, load
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, NoSeedExample, QuestionAnswer, SeedExample, SourceDocument, read_leaf

SKILL = """\
version: 3
created_by: ada
task_description: To add one
seed_examples:
  - question: What is one and one?
    answer: |
      Two.
  - question: |2
            indented
        first
    answer: Yes.
    context: Some numbers.
"""
KNOWLEDGE = """\
version: 3
created_by: ada
domain: science
document_outline: About wrens
seed_examples:
  - context: Wrens sing.
    questions_and_answers:
      - {question: What do wrens do?, answer: They sing.}
      - {question: Who sings?, answer: Wrens do.}
document:
  repo: https://github.com/example/wrens.git
  commit: 0123456789012345678901234567890123456789
  patterns: ["*.md"]
"""


def read(text: str, path: str) -> LeafNode:
    document = load(text.encode())
    assert isinstance(document, Document)
    return read_leaf(path, document.data, blob="b" * 40, commit="c" * 40)


def pair(question: str, answer: str) -> QuestionAnswer:
    return QuestionAnswer(question=question, answer=answer)


def test_skill_is_read() -> None:
    assert read(SKILL.replace("    context: Some numbers.\n", ""), "compositional_skills/sums") == LeafNode(
        path="compositional_skills/sums",
        kind=LeafKind.FREEFORM_SKILL,
        blob="b" * 40,
        commit="c" * 40,
        description="To add one",
        domain="",
        created_by="ada",
        seed_examples=(
            SeedExample(pairs=(pair("What is one and one?", "Two."),)),
            SeedExample(pairs=(pair("      indented\n  first", "Yes."),)),
        ),
    )


def test_one_context_makes_a_skill_grounded() -> None:
    leaf = read(SKILL, "compositional_skills/grounded/sums")
    assert leaf.kind is LeafKind.GROUNDED_SKILL
    assert [seed.context for seed in leaf.seed_examples] == ["", "Some numbers."]


def test_knowledge_is_read() -> None:
    assert read(KNOWLEDGE, "knowledge/wrens") == LeafNode(
        path="knowledge/wrens",
        kind=LeafKind.KNOWLEDGE,
        blob="b" * 40,
        commit="c" * 40,
        description="About wrens",
        domain="science",
        created_by="ada",
        seed_examples=(
            SeedExample(
                context="Wrens sing.", pairs=(pair("What do wrens do?", "They sing."), pair("Who sings?", "Wrens do."))
            ),
        ),
        document=SourceDocument(
            repo="https://github.com/example/wrens.git",
            commit="0123456789012345678901234567890123456789",
            patterns=("*.md",),
        ),
    )


PAIR = {"question": "Why?", "answer": "So."}
KEPT = SeedExample(pairs=(pair("Why?", "So."),))
GROUNDED = SeedExample(pairs=(pair("Why?", "So."),), context="A text.")


@pytest.mark.parametrize(
    ("path", "seeds", "expected"),
    [
        pytest.param("s", [PAIR, {"question": "Why?"}, {"answer": "So."}], (KEPT,), id="texts that are missing"),
        pytest.param("s", [{"question": 1, "answer": False}, PAIR], (KEPT,), id="values that are no text"),
        pytest.param("s", [{"question": " \n", "answer": "So."}, PAIR], (KEPT,), id="texts of white space"),
        pytest.param("s", ["Why?", None, [PAIR], PAIR], (KEPT,), id="seed examples that are no mappings"),
        pytest.param("s", [PAIR, PAIR | {"context": "A text."}], (KEPT, GROUNDED), id="a context here and there"),
        pytest.param("knowledge/k", [PAIR | {"context": "A text."}], (GROUNDED,), id="knowledge of version 2"),
        pytest.param(
            "knowledge/k",
            [
                {"context": "A text.", "questions_and_answers": [{"question": "What?"}, "no", PAIR]},
                {"context": "Another.", "questions_and_answers": []},
                {"context": "Another.", "questions_and_answers": "no"},
                {"questions_and_answers": [PAIR]},
                {"context": 7, "questions_and_answers": [PAIR]},
            ],
            (GROUNDED,),
            id="knowledge without a context or a pair",
        ),
    ],
)
def test_seed_examples_without_their_texts_are_left_out(
    path: str, seeds: list[Any], expected: tuple[SeedExample, ...]
) -> None:
    assert read_leaf(path, {"seed_examples": seeds}, blob="", commit="").seed_examples == expected


@pytest.mark.parametrize(
    ("path", "data", "needs"),
    [
        pytest.param("s", None, "a question and an answer", id="no data"),
        pytest.param("s", ["a", "list"], "a question and an answer", id="no mapping"),
        pytest.param("s", {"seed_examples": {}}, "a question and an answer", id="no list"),
        pytest.param("s", {"seed_examples": []}, "a question and an answer", id="no seed example"),
        pytest.param(
            "s", {"seed_examples": [PAIR | {"context": 1}]}, "a context, a question and an answer", id="no context"
        ),
        pytest.param(
            "knowledge/s", {"seed_examples": [PAIR]}, "a context, a question and an answer", id="bare knowledge"
        ),
    ],
)
def test_leaf_without_a_seed_example_is_refused(path: str, data: object, needs: str) -> None:
    with pytest.raises(NoSeedExample) as caught:
        read_leaf(path, data, blob="", commit="")
    assert caught.value.message == f"{path} has no seed example to make samples from: it needs {needs}."


def test_aliases_do_not_blow_a_leaf_up() -> None:
    long = "x" * (MAX_BYTES // 2)
    bomb = {"seed_examples": [{"question": f"What is {number}?", "answer": long} for number in range(9)]}
    with pytest.raises(NoSeedExample) as caught:
        read_leaf("s", bomb, blob="", commit="")
    assert caught.value.message == (
        "s is too large to make samples from: with its aliases followed, its seed examples have more than "
        "4,194,304 characters."
    )


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("https://example.org", id="no mapping"),
        pytest.param({"repo": "https://x.org", "commit": 12, "patterns": ["*.md"]}, id="a commit that is a number"),
        pytest.param({"repo": "https://x.org", "commit": "a" * 40, "patterns": "*.md"}, id="no list of patterns"),
        pytest.param({"repo": "https://x.org", "commit": "a" * 40, "patterns": [1]}, id="no pattern that is text"),
    ],
)
def test_document_that_lacks_something_is_none(document: object) -> None:
    data = {"document": document, "seed_examples": [PAIR | {"context": "A text."}]}
    leaf = read_leaf("knowledge/k", data, blob="", commit="")
    assert (leaf.kind, leaf.document) == (LeafKind.KNOWLEDGE, None)


def test_fields_that_are_no_text_are_empty() -> None:
    data = {"task_description": 5, "created_by": ["ada"], "domain": None, "document": {}, "seed_examples": [PAIR]}
    leaf = read_leaf("compositional_skills/s", data, blob="", commit="")
    assert (leaf.description, leaf.created_by, leaf.domain, leaf.document) == ("", "", "", None)


def test_knowledge_without_an_outline_has_its_task_description() -> None:
    data = {"task_description": "About wrens", "seed_examples": [PAIR | {"context": "A text."}]}
    assert read_leaf("knowledge/k", data, blob="", commit="").description == "About wrens"


@pytest.mark.skipif("TAXONOMY_CORPUS" not in os.environ, reason="TAXONOMY_CORPUS names no corpus")
def test_every_leaf_of_the_corpus_that_follows_the_schema_is_read() -> None:
    corpus = Path(os.environ["TAXONOMY_CORPUS"])
    verdicts = map(json.loads, (corpus / "reference.jsonl").read_text(encoding="utf-8").splitlines())
    clean = [verdict["file"] for verdict in verdicts if not verdict["errors"]]
    for file in clean:
        leaf = read((corpus / "tree" / file).read_text(encoding="utf-8"), file.rpartition("/")[0])
        assert min(len(pair.question) for seed in leaf.seed_examples for pair in seed.pairs) > 0
    assert len(clean) > 400
