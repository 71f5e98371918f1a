"""Reports for machines, parsed and held against the schema that describes them: every test that makes one uses this."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = json.loads(Path(__file__).parent.parent.joinpath("schema", "report.schema.json").read_text("utf-8"))
_REPORT = Draft202012Validator(SCHEMA)
_LEAF, _CONTRIBUTION = (
    Draft202012Validator({"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    for name in ("leaf", "contribution")
)


def parse_report(text: str) -> dict[str, Any]:
    """The document of a `json` report; fails the test if it is not what the schema says."""
    report: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    _REPORT.validate(report)
    return report


def parse_lines(text: str) -> list[dict[str, Any]]:
    """The leaves of a `jsonl` report; fails the test if a line is not what the schema says."""
    assert text == "" or text.endswith("\n")
    lines = [json.loads(line, parse_constant=_refuse) for line in text.split("\n")[:-1]]
    if lines and "contribution" in lines[0]:
        _CONTRIBUTION.validate(lines.pop(0))
    for line in lines:
        _LEAF.validate(line)
    return lines


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
