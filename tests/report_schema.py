"""Reports for machines, parsed and held against the schema that describes them: every test that makes one uses this."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = json.loads(Path(__file__).parent.parent.joinpath("schema", "report.schema.json").read_text("utf-8"))
_REPORT = Draft202012Validator(SCHEMA)
_LEAF = Draft202012Validator({"$schema": SCHEMA["$schema"], "$ref": "#/$defs/leaf", "$defs": SCHEMA["$defs"]})


def parse_report(text: str) -> dict[str, Any]:
    """The document of a `json` report; fails the test if it is not what the schema says."""
    report: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    _REPORT.validate(report)
    return report


def parse_lines(text: str) -> list[dict[str, Any]]:
    """The leaves of a `jsonl` report; fails the test if a line is not what the schema says."""
    assert text == "" or text.endswith("\n")
    leaves = [json.loads(line, parse_constant=_refuse) for line in text.split("\n")[:-1]]
    for leaf in leaves:
        _LEAF.validate(leaf)
    return leaves


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
