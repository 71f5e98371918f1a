"""What a new leaf starts from: complete, readable by every reader of YAML, and right once it is filled in."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools import schemas
from taxonomy_tools.attribution import Field, parse
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.standards import DEFAULT, Standards
from taxonomy_tools.template import FIELDS, Known, attribution, document, scalar, version_for

KINDS = [pytest.param(kind, id=kind.value) for kind in LeafKind]
SCHEMAS = {LeafKind.KNOWLEDGE: "knowledge"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_a_scalar_is_read_as_the_text_that_it_is(text: str) -> None:
    line = scalar(text)
    assert "\n" not in line
    assert yaml.safe_load(f"key: {line}\n- not: reached\n".split("\n")[0])["key"] == (text or None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("octocat", "octocat", id="a word"),
        pytest.param("Medieval history, in short", "Medieval history, in short", id="words"),
        pytest.param(
            "https://github.com/octocat/quokkas.git", "https://github.com/octocat/quokkas.git", id="an address"
        ),
        pytest.param("No", '"No"', id="a boolean"),
        pytest.param("y", '"y"', id="a boolean of one letter"),
        pytest.param("12:30", '"12:30"', id="a number to base 60"),
        pytest.param("*.md", '"*.md"', id="an alias"),
        pytest.param("a: b", '"a: b"', id="a mapping"),
        pytest.param("a #b", '"a #b"', id="a comment"),
        pytest.param('say "hi"\\', '"say \\"hi\\"\\\\"', id="quotes and a backslash"),
        pytest.param("one\ntwo\x85\u2028\U000e0041", '"one\\ntwo\\u0085\\u2028\\U000e0041"', id="what nobody sees"),
        pytest.param("Vögel", '"Vögel"', id="another alphabet"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_scalars(text: str, line: str) -> None:
    assert scalar(text) == line


@pytest.mark.parametrize("kind", KINDS)
def test_all_keys_are_there_and_as_many_examples_as_the_schema_asks_for(kind: LeafKind) -> None:
    data = yaml.safe_load(document(kind, Known(), DEFAULT))
    schema = schemas.load(SCHEMAS.get(kind, "compositional_skills"), 3)
    assert set(data) == set(schema["required"])
    assert len(data["seed_examples"]) == schema["properties"]["seed_examples"]["minItems"]
    if kind is LeafKind.KNOWLEDGE:
        assert [len(seed["questions_and_answers"]) for seed in data["seed_examples"]] == [3] * 5
        assert list(data["document"]) == ["repo", "commit", "patterns"]
    else:
        assert {"context" in seed for seed in data["seed_examples"]} == {kind is LeafKind.GROUNDED_SKILL}


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        pytest.param(
            LeafKind.KNOWLEDGE,
            ["version", "created_by", "domain", "seed_examples", "document_outline", "document"],
            id="knowledge",
        ),
        pytest.param(
            LeafKind.FREEFORM_SKILL, ["version", "created_by", "task_description", "seed_examples"], id="skill"
        ),
    ],
)
def test_keys_come_in_the_order_of_upstream(kind: LeafKind, keys: list[str]) -> None:
    assert re.findall(r"^(\w+):", document(kind, Known(), DEFAULT), re.MULTILINE) == keys


def test_what_is_known_is_filled_in() -> None:
    known = Known(
        created_by="123",
        domain="Zoology: birds",
        document_outline="The wren.",
        repo="https://github.com/ada/birds",
        commit="0" * 40,
        patterns=("*.md", "wren.pdf"),
    )
    data = yaml.safe_load(document(LeafKind.KNOWLEDGE, known, DEFAULT))
    del data["seed_examples"]
    assert data == {
        "version": 3,
        "created_by": "123",
        "domain": "Zoology: birds",
        "document_outline": "The wren.",
        "document": {"repo": "https://github.com/ada/birds", "commit": "0" * 40, "patterns": ["*.md", "wren.pdf"]},
    }


@pytest.mark.parametrize(
    ("standards", "version"),
    [
        pytest.param(DEFAULT, 3, id="the newest"),
        pytest.param(Standards(schema_version="latest"), 3, id="the latest"),
        pytest.param(Standards(schema_version=2), 2, id="the one that is required"),
        pytest.param(Standards(schema_version=9), 3, id="one that there is not"),
    ],
)
def test_version(standards: Standards, version: int) -> None:
    assert version_for(LeafKind.FREEFORM_SKILL, standards) == version


@pytest.mark.parametrize("kind", KINDS)
def test_attribution_names_its_fields(kind: LeafKind) -> None:
    (work,) = parse(attribution(kind, {}).encode()).works
    assert [(entry.field, entry.value) for entry in work.entries] == [(field, "") for field in FIELDS[kind]]


def test_attribution_holds_what_is_known_each_on_one_line() -> None:
    values = {Field.TITLE: "Wren\nLicense of the work: MIT", Field.LINK: "https://example.org/wren"}
    assert attribution(LeafKind.FREEFORM_SKILL, values) == (
        "Title of work: Wren License of the work: MIT\nLink to work: https://example.org/wren\n"
        "License of the work:\nCreator names:\n"
    )
