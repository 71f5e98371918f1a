"""What the schemas accept and reject, and that a violation says exactly what is wrong and where."""

import copy
import datetime as dt
import json
import os
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from taxonomy_tools import schemas
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.layout import leaf_of, schema_kind
from taxonomy_tools.schemas import KINDS, Violation, repeated_items, violations

SKILL, KNOWLEDGE = KINDS
ALL = [(kind, version) for kind in KINDS for version in schemas.versions(kind)]
each_schema = pytest.mark.parametrize(
    ("kind", "version"), [pytest.param(*schema, id=f"{schema[0]}-v{schema[1]}") for schema in ALL]
)
Route = tuple[Any, ...]


def example(kind: str, version: int) -> dict[str, Any]:
    """The valid document that the schema shows."""
    document: dict[str, Any] = copy.deepcopy(schemas.load(kind, version)["examples"][0])
    return document


def at(data: Any, route: Route) -> Any:
    for step in route:
        data = data[step]
    return data


def put(data: dict[str, Any], route: Route, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    at(changed, route[:-1])[route[-1]] = value
    return changed


def brief(found: list[Violation]) -> list[tuple[object, ...]]:
    return [(violation.code, violation.route, violation.on, violation.key) for violation in found]


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    definition: dict[str, Any] = root["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else {}
    return definition | schema


def places(
    schema: dict[str, Any], root: dict[str, Any], data: Any, route: Route = ()
) -> Iterator[tuple[Route, dict[str, Any], Any]]:
    """Each place of a document with its schema, from the top down."""
    schema = resolved(schema, root)
    yield route, schema, data
    for key, part in schema.get("properties", {}).items():
        if key in data:
            yield from places(part, root, data[key], (*route, key))
    if "items" in schema:
        for index, item in enumerate(data):
            yield from places(schema["items"], root, item, (*route, index))


def parts(schema: object) -> Iterator[dict[str, Any]]:
    """Each subschema of a schema."""
    if isinstance(schema, dict):
        yield schema
        for part in [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]:
            yield from parts(part)
        yield from parts(schema.get("items"))


# The schema files


def test_versions() -> None:
    assert {kind: schemas.versions(kind) for kind in (*KINDS, "foundational_skills")} == {
        SKILL: (1, 2, 3),
        KNOWLEDGE: (3,),
        "foundational_skills": (),
    }


@each_schema
def test_schema_is_a_schema(kind: str, version: int) -> None:
    schema = schemas.load(kind, version)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:taxonomy-tools:schema:v{version}:{kind}"
    assert schema["title"]


@each_schema
def test_schema_needs_no_other_file(kind: str, version: int) -> None:
    schema = schemas.load(kind, version)
    references = {part["$ref"] for part in parts(schema) if "$ref" in part}
    assert references == {f"#/$defs/{name}" for name in schema["$defs"]}


@each_schema
def test_schema_uses_only_keywords_that_cannot_fail_in_the_library(kind: str, version: int) -> None:
    ours = {*schemas._KEYWORDS, "properties", "items", "additionalProperties"}
    silent = {"$schema", "$id", "$defs", "$ref", "title", "description", "examples"}
    assert {keyword for part in parts(schemas.load(kind, version)) for keyword in part} <= ours | silent
    for part in parts(schemas.load(kind, version)):
        assert isinstance(part.get("type", "string"), str)
        assert part.get("additionalProperties", False) is False


@each_schema
def test_editor_can_show_each_property(kind: str, version: int) -> None:
    schema = schemas.load(kind, version)
    for part in parts(schema):
        for key, described in part.get("properties", {}).items():
            assert len(described["description"]) > 40, key
            assert resolved(described, schema)["examples"], key


@each_schema
def test_examples_of_the_schema_are_valid(kind: str, version: int) -> None:
    root = schemas.load(kind, version)
    for part in parts(root):
        whole = Draft202012Validator({**resolved(part, root), "$id": "urn:example", "$defs": root["$defs"]})
        for shown in part.get("examples", []):
            # A skill's list of seed examples is shown short in version 1 alone, where one is enough.
            assert list(whole.iter_errors(shown)) == []


@each_schema
def test_load_gives_a_fresh_copy(kind: str, version: int) -> None:
    schemas.load(kind, version).clear()
    assert schemas.load(kind, version)["title"]


@pytest.mark.parametrize(
    ("kind", "version", "message", "remedy"),
    [
        pytest.param(
            KNOWLEDGE,
            2,
            "There is no version 2 of the knowledge schema.",
            "Versions that there are: 3",
            id="version without a schema",
        ),
        pytest.param(
            "skills",
            3,
            "There is no schema named `skills`.",
            "The schemas are: compositional_skills, knowledge",
            id="no such kind",
        ),
    ],
)
def test_load_says_what_there_is(kind: str, version: int, message: str, remedy: str) -> None:
    for function in (schemas.load, schemas.validator):
        with pytest.raises(TaxonomyError) as caught:
            function(kind, version)
        assert (caught.value.message, [each.label for each in caught.value.remedies]) == (message, [remedy])


def test_jsonschema_is_imported_when_a_document_is_checked() -> None:
    code = (
        "import sys; from taxonomy_tools import schemas; schemas.versions('knowledge');"
        "before = 'jsonschema' in sys.modules;"
        "schemas.violations('knowledge', {'version': 3}); print(before, 'jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


# One damage, one violation


@each_schema
def test_example_is_accepted(kind: str, version: int) -> None:
    assert violations(kind, example(kind, version)) == []


def damages(kind: str, version: int, data: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[object, ...]]]:
    """Each way to break one place of a document, and the one violation that must come of it."""
    root = schemas.load(kind, version)
    for route, schema, value in places(root, root, data):
        for key in schema.get("required", []):
            if (*route, key) != ("version",):
                lacking = copy.deepcopy(data)
                del at(lacking, route)[key]
                yield lacking, ("TX301", route, "value", key)
        if schema.get("additionalProperties") is False:
            for key in ("zzz", 1, None, True, dt.date(2024, 1, 1), (1, 2), b"x"):
                yield put(data, (*route, key), "x"), ("TX302", (*route, key), "key", key)
        if route in {(), ("version",)}:
            continue
        wrongs: tuple[object, ...] = (5, 0.5, False, b"text", dt.date(2024, 1, 1), [], {}, "text", {"a"}, ())
        for wrong in wrongs:
            if not Draft202012Validator({"type": schema["type"]}).is_valid(wrong):
                yield put(data, route, wrong), ("TX303", route, "value", None)
        yield put(data, route, None), ("TX305", route, "value", None)
        if schema.get("minLength"):
            yield put(data, route, ""), ("TX305", route, "value", None)
        if least := schema.get("minItems"):
            yield put(data, route, value[: least - 1]), ("TX304", route, "value", None)
        if schema.get("uniqueItems"):
            yield put(data, route, [*value, value[-1]]), ("TX306", (*route, len(value)), "value", None)


@each_schema
def test_each_damage_to_the_example_is_one_violation(kind: str, version: int) -> None:
    broken_ones = list(damages(kind, version, example(kind, version)))
    assert len(broken_ones) > 50
    for broken, expected in broken_ones:
        assert brief(violations(kind, broken)) == [expected]


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, int, dict[str, Any]]:
    kind, version = draw(st.sampled_from(ALL))
    root = schemas.load(kind, version)

    def build(schema: dict[str, Any]) -> Any:
        schema = resolved(schema, root)
        if "const" in schema:
            return schema["const"]
        if schema["type"] == "string":
            return draw(st.text(min_size=schema.get("minLength", 0), max_size=12))
        if schema["type"] == "array":
            least = schema["minItems"]
            items: list[Any] = []
            for _ in range(draw(st.integers(least, least + 2))):
                item = build(schema["items"])
                if not schema.get("uniqueItems") or item not in items:
                    items.append(item)
            while len(items) < least:  # those left out above for being drawn twice
                item = build(schema["items"])
                items += [item] if item not in items else []
            return items
        keys = [key for key in schema["properties"] if key in schema["required"] or draw(st.booleans())]
        return {key: build(schema["properties"][key]) for key in draw(st.permutations(keys))}

    return kind, version, build(root)


@settings(max_examples=40, deadline=None)
@given(document=documents(), data=st.data())
def test_documents_made_from_the_schema_are_valid_and_one_damage_is_one_violation(
    document: tuple[str, int, dict[str, Any]], data: st.DataObject
) -> None:
    kind, version, made = document
    if "version" not in made:
        version = 1
    assert violations(kind, made) == []
    broken, expected = data.draw(st.sampled_from(list(damages(kind, version, made))))
    assert brief(violations(kind, broken)) == [expected]


# What a violation tells


def only(kind: str, data: object) -> Violation:
    (violation,) = violations(kind, data)
    return violation


def test_missing_key_says_which_and_what_it_is_for() -> None:
    data = example(KNOWLEDGE, 3)
    pair = data["seed_examples"][1]["questions_and_answers"][2]
    pair["anser"] = pair.pop("answer")
    found = only(KNOWLEDGE, data)
    assert found == Violation(
        code="TX301",
        route=("seed_examples", 1, "questions_and_answers", 2),
        value=pair,
        keyword="required",
        key="answer",
        matches=("anser",),
        description=schemas.load(KNOWLEDGE, 3)["$defs"]["question_and_answer"]["properties"]["answer"]["description"],
    )
    assert found.field == "questions_and_answers"


def test_unknown_key_is_suggested_what_is_allowed() -> None:
    data = put(example(SKILL, 3), ("seed_examples", 2, "questions"), "Why?")
    assert only(SKILL, data) == Violation(
        code="TX302",
        route=("seed_examples", 2, "questions"),
        on="key",
        value="Why?",
        keyword="additionalProperties",
        key="questions",
        allowed=("context", "question", "answer"),
        matches=("question",),
        description=schemas.load(SKILL, 3)["$defs"]["seed_example"]["description"],
    )


@pytest.mark.parametrize(
    ("key", "matches"),
    [
        pytest.param("created_bye", ("created_by",), id="a letter too many"),
        pytest.param("Created By", ("created_by",), id="case and space"),
        pytest.param("TASK-DESCRIPTION", ("task_description",), id="case and dash"),
        pytest.param("seed_example", ("seed_examples",), id="singular"),
        pytest.param("context", (), id="allowed elsewhere"),
        pytest.param("x" * 1_000_000, (), id="very long"),
        pytest.param("", (), id="empty"),
        pytest.param(1, (), id="number"),
        pytest.param(True, (), id="boolean"),
        pytest.param(None, (), id="null"),
    ],
)
def test_suggestions_for_an_unknown_key(key: object, matches: tuple[str, ...]) -> None:
    data: dict[Any, object] = {**example(SKILL, 3), key: "x"}
    assert only(SKILL, data).matches == matches


def test_very_long_key_is_not_kept() -> None:
    before = schemas._close_matches.cache_info().misses
    assert only(SKILL, {**example(SKILL, 3), "created_by" * 100_000: "x"}).matches == ()
    assert schemas._close_matches.cache_info().misses == before


def test_key_that_is_still_missing_is_suggested_first() -> None:
    data = example(KNOWLEDGE, 3)
    data["document_outlin"] = data.pop("document_outline")
    missing, unknown = violations(KNOWLEDGE, data)
    assert (missing.key, missing.matches) == ("document_outline", ("document_outlin",))
    assert (unknown.key, unknown.matches[0]) == ("document_outlin", "document_outline")
    data["documents"] = data.pop("document")
    suggested = {found.key: found.matches for found in violations(KNOWLEDGE, data) if found.code == "TX302"}
    assert suggested["documents"][0] == "document"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(False, "a boolean", id="boolean"),
        pytest.param(750, "a number", id="integer"),
        pytest.param(0.5, "a number", id="float"),
        pytest.param(dt.date(2024, 1, 1), "a date", id="date"),
        pytest.param(dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC), "a date", id="time"),
        pytest.param(["x"], "a list", id="list"),
        pytest.param([("a", 1)], "a list", id="pairs"),
        pytest.param({"a": 1}, "a mapping", id="mapping"),
        pytest.param({"a"}, "a set", id="set"),
        pytest.param(b"x", "binary data", id="binary"),
    ],
)
def test_wrong_type_in_words(value: object, words: str) -> None:
    found = only(SKILL, put(example(SKILL, 3), ("seed_examples", 0, "answer"), value))
    assert (found.code, found.field, found.expected, found.expected_words) == ("TX303", "answer", "string", "text")
    assert (found.value, found.value_words) == (value, words)


def test_words_for_what_no_yaml_file_holds() -> None:
    assert schemas.describe_type(None) == "empty"
    assert schemas.describe_type("x") == "text"
    assert schemas.describe_type(1j) == "a complex"


def test_too_few_items_counts() -> None:
    data = put(example(KNOWLEDGE, 3), ("document", "patterns"), [])
    found = only(KNOWLEDGE, data)
    assert (found.code, found.field, found.limit, found.count) == ("TX304", "patterns", 1, 0)
    data = example(SKILL, 2)
    del data["seed_examples"][3:]
    found = only(SKILL, data)
    assert (found.code, found.field, found.limit, found.count) == ("TX304", "seed_examples", 5, 3)


def test_repeated_items_point_back_at_the_first() -> None:
    data = example(KNOWLEDGE, 3)
    data["document"]["patterns"] = ["a.md", "b.md", "a.md", "b.md", "a.md"]
    found = violations(KNOWLEDGE, data)
    assert [(violation.code, violation.route, violation.first) for violation in found] == [
        ("TX306", ("document", "patterns", 2), 0),
        ("TX306", ("document", "patterns", 3), 1),
        ("TX306", ("document", "patterns", 4), 0),
    ]
    assert [violation.value for violation in found] == ["a.md", "b.md", "a.md"]


def test_everything_wrong_is_reported_at_once() -> None:
    data = {"version": 2, "created_by": None, "seed_examples": [{"question": "", "answer": 4}, None], "domain": "x"}
    assert sorted(brief(violations(SKILL, data)), key=str) == [
        ("TX301", (), "value", "task_description"),
        ("TX302", ("domain",), "key", "domain"),
        ("TX303", ("seed_examples", 0, "answer"), "value", None),
        ("TX304", ("seed_examples",), "value", None),
        ("TX305", ("created_by",), "value", None),
        ("TX305", ("seed_examples", 0, "question"), "value", None),
        ("TX305", ("seed_examples", 1), "value", None),
    ]


def test_any_other_keyword_is_a_schema_violation() -> None:
    (error,) = Draft202012Validator({"properties": {"a": {"maxItems": 1}}}).iter_errors({"a": [1, 2]})
    assert schemas._violation_of(error) == Violation(
        code="TX309", route=("a",), value=[1, 2], keyword="maxItems", limit=1
    )
    (error,) = schemas.validator(SKILL, 2).iter_errors(example(SKILL, 3))
    found = schemas._violation_of(error)
    assert (found.code, found.route, found.keyword, found.limit) == ("TX309", ("version",), "const", 2)


def test_text_that_is_short_but_not_empty_is_a_schema_violation() -> None:
    (error,) = Draft202012Validator({"minLength": 3}).iter_errors("ab")
    assert schemas._violation_of(error).code == "TX309"


# Versions


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "version",
    [
        pytest.param(0, id="0"),
        pytest.param(4, id="4"),
        pytest.param(-1, id="-1"),
        pytest.param(True, id="true"),
        pytest.param(False, id="false"),
        pytest.param(3.5, id="3.5"),
        pytest.param(float("inf"), id="infinity"),
        pytest.param("x", id="text"),
        pytest.param("", id="empty text"),
        pytest.param("4", id="4 in text"),
        pytest.param("3.0", id="3.0 in text"),
        pytest.param(None, id="null"),
        pytest.param([3], id="list"),
        pytest.param({3: 3}, id="mapping"),
        pytest.param(1 << 100_000, id="integer too long for repr"),
        pytest.param("9" * 5_000, id="text too long for int"),
        pytest.param(dt.date(2024, 1, 1), id="date"),
        pytest.param(b"3", id="binary"),
    ],
)
def test_unsupported_version_is_reported_alone(kind: str, version: object) -> None:
    data = {"version": version, "seed_examples": None, "nonsense": 1}
    assert violations(kind, data) == [
        Violation(code="TX307", route=("version",), value=version, key="version", supported=schemas.versions(kind))
    ]


@pytest.mark.parametrize("version", [1, 2, "1", " 2 ", 2.0])
def test_knowledge_of_an_early_version_is_unsupported(version: object) -> None:
    data = {"version": version, "created_by": ""}
    assert brief(violations(KNOWLEDGE, data)) == [("TX307", ("version",), "value", "version")]


def test_knowledge_without_a_version_is_unsupported_as_a_whole() -> None:
    assert violations(KNOWLEDGE, {"created_by": ""}) == [
        Violation(code="TX307", route=(), value=None, key="version", supported=(3,))
    ]


def test_skill_without_a_version_is_of_version_1() -> None:
    data = example(SKILL, 3)
    del data["version"], data["seed_examples"][1:]
    assert violations(SKILL, data) == []
    assert violations(SKILL, {**data, "task_description": ""}) == []
    assert brief(violations(SKILL, {**data, "version": 2})) == [("TX304", ("seed_examples",), "value", None)]


@each_schema
@pytest.mark.parametrize("spelled", ["{}", " {} ", "0{}", "+{}"])
def test_version_in_text_picks_the_schema_and_is_of_the_wrong_type(kind: str, version: int, spelled: str) -> None:
    data = {**example(kind, version), "version": spelled.format(version)}
    found = only(kind, data)
    assert (found.code, found.route, found.expected) == ("TX303", ("version",), "integer")
    assert found.expected_words == "a whole number"


@each_schema
def test_version_may_be_a_float_that_is_whole(kind: str, version: int) -> None:
    assert violations(kind, {**example(kind, version), "version": float(version)}) == []


@pytest.mark.parametrize(
    ("kind", "own", "required", "in_force"),
    [
        pytest.param(SKILL, 2, "document", 2, id="its own"),
        pytest.param(SKILL, 2, "latest", 3, id="the newest"),
        pytest.param(SKILL, 3, 2, 2, id="a number"),
        pytest.param(SKILL, None, 1, 1, id="a number, for a document without"),
        pytest.param(KNOWLEDGE, 3, 1, 3, id="the next newer that there is of the kind"),
        pytest.param(SKILL, 3, 9, 3, id="the newest where there is no newer"),
        pytest.param(SKILL, "no version", "latest", 3, id="whatever the document says"),
        pytest.param("foundational_skills", 3, "latest", None, id="no schema, no version"),
    ],
)
def test_version_in_force(kind: str, own: object, required: schemas.Required, in_force: int | None) -> None:
    data = {} if own is None else {"version": own}
    assert schemas.version_in_force(kind, data, required=required) == in_force
    assert schemas.version_in_force(kind, [data], required=required) is None


def test_document_of_another_version_than_is_required_is_told_with_all_the_rest() -> None:
    document = example(SKILL, 2) | {"seed_examples": []}
    assert brief(violations(SKILL, document, required="latest")) == [
        ("TX307", ("version",), "value", "version"),
        ("TX304", ("seed_examples",), "value", None),
    ]
    assert violations(SKILL, document, required="latest")[0].supported == (3,)
    assert brief(violations(SKILL, document)) == [("TX304", ("seed_examples",), "value", None)]


@each_schema
def test_required_version_that_a_document_has_changes_nothing(kind: str, version: int) -> None:
    assert violations(kind, example(kind, version), required=version) == []


@pytest.mark.parametrize("data", [None, [], ["x"], "text", 3, {1, 2}, ()])
def test_what_is_no_mapping_is_not_ours_to_report(data: object) -> None:
    assert violations(SKILL, data) == []


# Hostile data

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 4),
    st.floats(width=16),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(dt.UTC)),
)
keys = st.one_of(
    scalars,
    st.sampled_from(
        (
            "version created_by task_description seed_examples question answer context document domain "
            "document_outline questions_and_answers patterns repo commit anwser"
        ).split()
    ),
    st.tuples(st.integers(0, 1), st.text(max_size=1)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(keys, inner, max_size=6),
        st.sets(scalars, max_size=3),
        st.lists(st.tuples(keys, inner), max_size=3),
    ),
    max_leaves=30,
)


def damaged(data: Any, draw: st.DrawFn) -> Any:
    """The document with anything in some of its places."""
    if draw(st.integers(0, 9)) == 0:
        return draw(values)
    if isinstance(data, dict):
        return {key: damaged(value, draw) for key, value in data.items()}
    return [damaged(item, draw) for item in data] if isinstance(data, list) else data


@st.composite
def broken_documents(draw: st.DrawFn) -> tuple[str, Any]:
    kind, version = draw(st.sampled_from(ALL))
    return draw(st.sampled_from(KINDS)), draw(values | st.just(damaged(example(kind, version), draw)))


@settings(max_examples=300, deadline=None)
@given(document=broken_documents())
def test_violations_never_raise_and_lead_to_what_is_there(document: tuple[str, Any]) -> None:
    kind, data = document
    for found in violations(kind, data):
        value = at(data, found.route)
        assert found.code in {"TX301", "TX302", "TX303", "TX304", "TX305", "TX306", "TX307"}
        if found.code == "TX302":
            assert found.on == "key"
            assert found.route[-1] is found.key
        elif found.code != "TX307" or found.route:
            assert value is found.value
        if found.code == "TX301":
            assert found.key not in value
        assert set(found.matches) <= set(value if found.code == "TX301" else found.allowed)
        assert found.value_words
        assert isinstance(found.field, str)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 4), st.sampled_from([0.5, 1.0, 3.0]), st.text(max_size=2)),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys.filter(lambda key: type(key) is str), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(schema=st.sampled_from(ALL), data=st.data())
def test_agrees_with_plain_jsonschema(schema: tuple[str, int], data: st.DataObject) -> None:
    document = example(*schema)
    for route in data.draw(st.lists(st.sampled_from([place for place, _, _ in places_of(*schema)]), max_size=3)):
        try:
            document = put(document, route, data.draw(json_values)) if route else document
        except (KeyError, IndexError, TypeError):
            continue  # what an earlier round put there has no such place
    ours = schemas.validator(*schema).iter_errors(document)
    plain = Draft202012Validator(schemas.load(*schema)).iter_errors(document)
    assert bool(list(ours)) == bool(list(plain))


def places_of(kind: str, version: int) -> list[tuple[Route, dict[str, Any], Any]]:
    root = schemas.load(kind, version)
    return list(places(root, root, example(kind, version)))


def equal(one: Any, two: Any) -> bool:
    """Equality as JSON Schema defines it, and, for what JSON does not have, as Python does within one type."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return one is two or one == two
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(equal, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return len(one) == len(two) and all(
            any(equal(key, other) and equal(value, two[other]) for other in two) for key, value in one.items()
        )
    if isinstance(one, set) and isinstance(two, set):
        return len(one) == len(two) and all(any(equal(item, other) for other in two) for item in one)
    return type(one) is type(two) and bool(one == two)


small = st.recursive(
    st.sampled_from(
        [
            *(None, False, True, 0, 0.0, -0.0, 1, 1.0, 2**53, 2.0**53, 2**53 + 1, 0.5, float("nan"), float("inf"), -1),
            *("", "1", "True", "1.0", b"1", dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "2024-01-01"),
        ]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.tuples(inner),
        st.dictionaries(st.sampled_from(["a", "b", 1, "1", None, 2.5]), inner, max_size=2),
        st.sets(st.sampled_from([None, 1, 0.5, "1"]), max_size=2),
    ),
    max_leaves=4,
)


@settings(max_examples=500, deadline=None)
@given(items=st.lists(small, max_size=12))
def test_repeated_items_agree_with_the_definition(items: list[Any]) -> None:
    expected = []
    for later, item in enumerate(items):
        first = next(index for index, other in enumerate(items) if equal(item, other))
        if first != later:
            expected.append((later, first))
    assert list(repeated_items(items)) == expected


def test_order_of_keys_and_members_makes_no_difference() -> None:
    items = [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}, {"a": 1, "b": 2}, {3, 11}, {11, 3}]
    assert list(repeated_items(items)) == [(1, 0), (4, 3)]


def test_integers_that_repr_refuses() -> None:
    huge = 1 << 20_000  # `0xfff...`: PyYAML builds it, but Python does not write out more than 4,300 digits
    data: dict[Any, object] = {**example(SKILL, 3), "created_by": huge, huge: 1}
    data["seed_examples"] = [*example(SKILL, 3)["seed_examples"], {"answer": huge}, {"answer": 1 << 20_000}]
    assert [(found.code, len(found.route)) for found in violations(SKILL, data)] == [
        ("TX302", 1),
        ("TX303", 1),
        ("TX306", 2),
        ("TX301", 2),
        ("TX303", 3),
        ("TX301", 2),
        ("TX303", 3),
    ]


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([{"question": str(number)} for number in range(30_000)], id="mappings"),
        pytest.param([((1 << 61) - 1) * number for number in range(60_000)], id="integers with one hash"),
        pytest.param([{"a": "x" * 1_000_000}] * 10_000, id="one item aliased"),
        pytest.param([[1 << 4_000_000] * 100] + [[1 << 4_000_000, 1]] * 30_000, id="one integer aliased"),
    ],
)
def test_time_and_memory_are_linear_on_hostile_lists(items: list[Any]) -> None:
    data = {"version": 3, "seed_examples": items, "created_by": items, "task_description": items}
    tracemalloc.start()
    before = time.process_time()
    found = violations(SKILL, data)
    seconds = time.process_time() - before
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) > 100
    assert seconds < 30  # seconds with memory traced; quadratic is half an hour
    assert peak < 300_000_000  # 5 KB a violation; the text alone, written out, is gigabytes


def test_many_unknown_keys_take_no_longer_than_they_are_many() -> None:
    data = {"version": 3, **{f"created_b{number}": 1 for number in range(10_000)}}
    before = time.process_time()
    assert len(violations(SKILL, data)) == 10_003
    assert time.process_time() - before < 30


# The reference


@pytest.fixture(scope="module")
def corpus() -> Path:
    folder = os.environ.get("TAXONOMY_CORPUS")
    if not folder:
        pytest.skip("TAXONOMY_CORPUS is not set: nothing is compared with the reference verdicts")
    return Path(folder)


def rejected_by_reference(message: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What one message of instructlab-schema rejects, as (code, path, key). Nothing for one about names or layout."""
    path, text = message.get("path") or "", message["message"]
    if text.startswith("Version ") and "is not supported" in text:
        yield "TX307", "", ""
    elif text.startswith("Unevaluated properties"):
        for key in re.findall(r"'([^']*)'", text):
            yield "TX302", path, key
    elif text.endswith(" is a required property"):
        yield "TX301", path, text.split("'")[1]
    elif " is not of type " in text:
        yield "TX305" if text.startswith("None ") else "TX303", path, ""
    elif text.endswith(" should be non-empty"):
        yield "TX305", path, ""
    elif text.startswith("Value must have at least"):
        yield "TX304", path, ""
    else:
        assert not path, f"a schema error that this test cannot read: {text}"


def rejected_here(found: Violation) -> tuple[str, str, str]:
    if found.code == "TX307":
        return found.code, "", ""
    route = found.route[:-1] if found.code == "TX302" else found.route
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in route) or "."
    return found.code, path, str(found.key or "")


DIFFERENCES: dict[str, str] = {}
"""Files of which the schemas here say something else than the reference does, each with the reason. None is left."""


def test_rejects_what_the_reference_rejects(corpus: Path) -> None:
    compared = 0
    different = []
    for line in (corpus / "reference.jsonl").read_text(encoding="utf-8").splitlines():
        verdict = json.loads(line)
        # Version 0: the reference stopped before the schema, at the file's name or at what is no mapping.
        if verdict.get("unreadable") or verdict["version"] == 0:
            continue
        data = yaml.load((corpus / "tree" / verdict["file"]).read_bytes(), Loader=yaml.CSafeLoader)
        reference = {thing for message in verdict["messages"] for thing in rejected_by_reference(message)}
        found = violations(schema_kind(leaf_of(verdict["file"]), data), data)
        compared += 1
        if {rejected_here(violation) for violation in found} != reference:
            different.append(verdict["file"])
    assert different == list(DIFFERENCES)
    assert compared > 600
