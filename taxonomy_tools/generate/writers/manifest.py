"""`manifest.json`: what a run was asked, what came of it, in counts that add up, and which files hold it.

`schema/manifest.schema.json` describes it. Of a run, answers = kept + rejected + pending, and wanted = kept + short; so
it is of each leaf, and the totals are the sums of the leaves.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from taxonomy_tools import __version__
from taxonomy_tools.generate.inputs import Inputs, Wanted
from taxonomy_tools.generate.records import Record, why_short
from taxonomy_tools.generate.run import Run, Tally
from taxonomy_tools.generate.writers.files import WrittenFile

MANIFEST_FILE = "manifest.json"
FORMAT_VERSION = 1
_SUMS = ("wanted", "kept", "short", "answers", "pending", "prompt_tokens", "answer_tokens")


class Manifest:
    """Notes what only the leaves and the answers say, and spells it out with the counts of the run.

    It holds a few short texts a leaf, as the run itself does.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._leaves: list[dict[str, Any]] = []
        self._servers: set[str] = set()

    def leaf(self, wanted: Wanted) -> None:
        """The next leaf."""
        tally = self._run.tallies[len(self._leaves)]
        named = {
            "path": wanted.leaf.path,
            "kind": wanted.leaf.kind.value,
            "blob": wanted.leaf.blob,
            "commit": wanted.leaf.commit,
            "seed_examples": len(wanted.leaf.seed_examples),
            "passages": len(wanted.passages),
            "why_short": why_short(tally, self._run),
        }
        self._leaves.append(named | _counts(tally))

    def record(self, record: Record) -> None:
        """Note who answered."""
        self._servers |= {answer.server for answer in (record.answer, record.opinion) if answer and answer.server}

    def finish(self) -> None:
        """There are no more."""

    def spelled(self, files: Sequence[WrittenFile]) -> dict[str, Any]:
        """The manifest, with the files that it is about."""
        inputs = self._run.inputs
        return {
            "format_version": FORMAT_VERSION,
            "tool": {"name": "taxonomy-tools", "version": __version__},
            "run": inputs.name,
            "ending": self._run.ending.value,
            "origin": asdict(inputs.origin),
            "settings": _settings(inputs),
            "prompts": inputs.prompts,
            "servers": sorted(self._servers),
            "totals": _totals(self._leaves),
            "leaves": self._leaves,
            "files": [asdict(file) for file in files],
        }


def _settings(inputs: Inputs) -> dict[str, Any]:
    return {key: value for key, value in asdict(inputs.settings).items() if value is not None}


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "wanted": tally.wanted,
        "kept": tally.kept,
        "short": max(0, tally.wanted - tally.kept),
        "answers": tally.answers,
        "rejected": {reason.value: number for reason, number in tally.rejected.items() if number},
        "pending": tally.pending,
        "prompt_tokens": tally.prompt_tokens,
        "answer_tokens": tally.answer_tokens,
    }


def _totals(leaves: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    totals: dict[str, Any] = dict.fromkeys(_SUMS, 0) | {"leaves": 0, "rejected": {}}
    for leaf in leaves:
        totals["leaves"] += 1
        for key in _SUMS:
            totals[key] += leaf[key]
        for reason, number in leaf["rejected"].items():
            totals["rejected"][reason] = totals["rejected"].get(reason, 0) + number
    return totals


def manifest_text(spelled: Mapping[str, Any]) -> str:
    """The file's text. All ASCII: names of files may hold what UTF-8 does not."""
    return json.dumps(spelled, indent=2, sort_keys=True, allow_nan=False) + "\n"
