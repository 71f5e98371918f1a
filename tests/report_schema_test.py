"""The schema of our own reports must refuse what is not one: without that, every other test of it proves nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.report_schema import SCHEMA, parse_lines, parse_report
from tests.reporters.samples import CHANGED, render


def test_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def _paths(schema: object, at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(schema, list):
        return [found for item in schema for found in _paths(item, at)]
    if not isinstance(schema, dict):
        return []
    return [(at, schema), *(found for key, value in schema.items() for found in _paths(value, (*at, key)))]


def test_every_object_is_closed_and_requires_all_but_the_base64_twins() -> None:
    for at, schema in _paths(SCHEMA):
        if "properties" in schema and schema.get("type") == "object":
            expected = {name for name in schema["properties"] if not name.endswith("_base64")}
            assert set(schema["required"]) == expected, at
            assert schema["additionalProperties"] is False, at


def _set(*route: str | int, value: object) -> Callable[[Any], None]:
    def damage(report: Any) -> None:
        for step in route[:-1]:
            report = report[step]
        report[route[-1]] = value

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_set("format_version", value=2), id="another-version"),
        pytest.param(_set("more", value=1), id="unknown-member"),
        pytest.param(_set("comparison", "head", value=""), id="no-head"),
        pytest.param(_set("comparison", "start", value="abc1234"), id="short-hash"),
        pytest.param(_set("comparison", "behind", value=-1), id="negative"),
        pytest.param(_set("contribution", value=[{"code": "TX701"}]), id="half-a-finding-about-a-commit"),
        pytest.param(_set("leaves", 0, "path_base64", value="?"), id="not-base64"),
        pytest.param(_set("leaves", 0, "kind", value="skill"), id="unknown-kind"),
        pytest.param(_set("leaves", 0, "change", value="A"), id="unknown-change"),
        pytest.param(_set("leaves", 0, "blobs", "before", "qna", "mode", value="0o100644"), id="mode"),
        pytest.param(_set("leaves", 1, "diagnostics", 0, "code", value="E1"), id="code"),
        pytest.param(_set("leaves", 1, "diagnostics", 0, "severity", value="off"), id="severity-off"),
        pytest.param(_set("leaves", 1, "diagnostics", 1, "span", "line", value=0), id="line-zero"),
        pytest.param(_set("leaves", 3, "content", "edited", 0, "old", value=None), id="edit-from-nowhere"),
        pytest.param(_set("summary", "changes", "moved", value=1), id="unknown-kind-of-change"),
        pytest.param(_set("summary", "changes", "added", value=0), id="kind-that-did-not-occur"),
    ],
)
def test_refuses_what_is_no_report(damage: Callable[[Any], None]) -> None:
    report = parse_report(render(CHANGED, "json"))
    damage(report)

    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(report)


def test_refuses_a_line_that_is_no_leaf() -> None:
    with pytest.raises(ValidationError):
        parse_lines('{"path": "a"}\n')
