"""`manifest.json`: its schema describes it, and its counts add up."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from taxonomy_tools import __version__, schemas
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.backend import Refused, Unanswerable
from taxonomy_tools.generate.prompting import prompts_hash
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Budget, Ending
from taxonomy_tools.generate.sample import Reason
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.writers import write_run
from taxonomy_tools.layout import LeafKind
from tests.generate.runs import JUDGED, LEAVES, SETTINGS, Reply, finished, good, mixed, said

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "schema" / "manifest.schema.json").read_text("utf-8"))
SUMS = ("wanted", "kept", "short", "answers", "pending", "prompt_tokens", "answer_tokens")


def written(folder: Path, reply: Reply | None = mixed, **options: Any) -> dict[str, Any]:
    """The manifest of a run, which is what the schema says."""
    with finished(folder, reply, **options) as (run, store):
        write_run(run, store, formats=[])
        text = (run.inputs.folder / "manifest.json").read_bytes().decode("ascii")
    found: dict[str, Any] = json.loads(text)
    assert text == json.dumps(found, indent=2, sort_keys=True) + "\n"
    Draft202012Validator(SCHEMA).validate(found)
    return found


def failing(request: Request) -> Answer | TaxonomyError:
    return Refused("the model is gone.") if "rhymes" in request.messages[-1].content else good(request)


def partly(request: Request) -> Answer | TaxonomyError:
    return Unanswerable("it crashes.") if int(request.name[:8], 16) % 3 == 0 else good(request)


@pytest.mark.parametrize("settings", [SETTINGS, JUDGED], ids=["without a judge", "with a judge"])
@pytest.mark.parametrize(
    ("reply", "budget"),
    [
        pytest.param(mixed, Budget(), id="done"),
        pytest.param(mixed, Budget(tokens=1), id="stopped at once"),
        pytest.param(mixed, Budget(tokens=900), id="stopped"),
        pytest.param(lambda _: said({}), Budget(), id="nothing kept"),
        pytest.param(failing, Budget(), id="failed"),
        pytest.param(partly, Budget(), id="partly unanswered"),
        pytest.param(None, Budget(), id="nothing asked"),
    ],
)
def test_counts_add_up(tmp_path: Path, settings: Settings, reply: Reply | None, budget: Budget) -> None:
    found = written(tmp_path / "out", reply, settings=settings, budget=budget)
    for counts in (*found["leaves"], found["totals"]):
        assert counts["answers"] == counts["kept"] + sum(counts["rejected"].values()) + counts["pending"]
        assert counts["wanted"] == counts["kept"] + counts["short"]
    for leaf in found["leaves"]:
        assert bool(leaf["short"]) == bool(leaf["why_short"])
    assert found["totals"]["leaves"] == len(found["leaves"]) == 3
    for key in SUMS:
        assert found["totals"][key] == sum(leaf[key] for leaf in found["leaves"])
    reasons: Counter[str] = Counter()
    for leaf in found["leaves"]:
        reasons.update(leaf["rejected"])
    assert found["totals"]["rejected"] == reasons
    lines = {file["name"]: file["lines"] for file in found["files"]}
    assert lines["samples.jsonl"] == found["totals"]["kept"]
    assert lines["rejected.jsonl"] == reasons.total()


def test_says_what_the_run_was(tmp_path: Path) -> None:
    found = written(tmp_path / "out", settings=replace(JUDGED, temperature=1.0))
    assert found["run"].startswith("tiny-1b-")
    assert {key: found[key] for key in found.keys() - {"run", "leaves", "totals", "files"}} == {
        "format_version": 1,
        "tool": {"name": "taxonomy-tools", "version": __version__},
        "ending": "done",
        "origin": {
            "head": "the working tree",
            "base": "upstream/main",
            "base_commit": "b" * 40,
            "start": "c" * 40,
        },
        "settings": {
            "model": {"name": "tiny:1b", "digest": "sha256:1", "context_length": 8192},
            "judge": {"name": "judge", "digest": "sha256:2", "context_length": 4096},
            "num_ctx": 8192,
            "num_predict": 1024,
            "temperature": 1.0,
            "seed": 0,
            "max_attempts": 3,
            "limits": {
                "likeness": 0.7,
                "question_words": 500,
                "response_words": 1500,
                "context_words": 2000,
                "support": 0.3,
                "judge": 0.6,
            },
        },
        "prompts": prompts_hash(),
        "servers": ["0.24.0", "0.25.1"],
    }


def test_leaves(tmp_path: Path) -> None:
    found = written(tmp_path / "out", good)
    facts = ("path", "kind", "blob", "commit", "seed_examples", "passages", "kept", "why_short")
    assert [tuple(leaf[key] for key in facts) for leaf in found["leaves"]] == [
        ("compositional_skills/grounded/sorting", "grounded skill", "a" * 40, "d" * 40, 3, 0, 4, ""),
        ("compositional_skills/rhymes", "freeform skill", "a" * 40, "d" * 40, 3, 0, 4, ""),
        ("knowledge/science/birds", "knowledge", "a" * 40, "d" * 40, 3, 1, 4, ""),
    ]


def test_run_without_leaves(tmp_path: Path) -> None:
    found = written(tmp_path / "out", leaves=())
    assert found["leaves"] == found["servers"] == []
    assert found["totals"] == dict.fromkeys(("leaves", *SUMS), 0) | {"rejected": {}}


def test_schema_is_complete() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert schemas.load_format("manifest") == SCHEMA
    definitions = SCHEMA["$defs"]
    assert list(definitions["rejected"]["properties"]) == [reason.value for reason in Reason]
    assert SCHEMA["properties"]["ending"]["enum"] == [ending.value for ending in Ending]
    stopped = [ending.value for ending in Ending if ending is not Ending.DONE]
    why_short = definitions["leaf"]["properties"]["why_short"]["enum"]
    assert why_short == ["", "attempts used up", "not asked", *stopped]
    assert definitions["leaf"]["properties"]["kind"]["enum"] == [kind.value for kind in LeafKind]
    assert len(LEAVES) == len(LeafKind)


def test_schema_says_what_everything_is() -> None:
    def properties(schema: Any) -> Any:
        for value in schema.values() if isinstance(schema, dict) else []:
            yield from properties(value)
        if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
            yield from schema["properties"].items()

    undescribed = [name for name, value in properties(SCHEMA) if "description" not in value and "$ref" not in value]
    assert undescribed == list(SCHEMA["$defs"]["rejected"]["properties"])
