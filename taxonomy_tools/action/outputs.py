"""What a step of GitHub Actions hands on: its outputs, its summary, and what it says in annotations.

GitHub takes at most 1 MB of outputs of a job, which it counts as UTF-16, and a summary of at most 1 MiB a step; what is
larger is refused as a whole.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.json import Json, dump
from taxonomy_tools.reporters.markdown import SUMMARY_LIMIT
from taxonomy_tools.text import shorten

MOST_JOBS = 256
"""Jobs that one matrix may start."""
LONGEST = 240_000
"""Characters of an output: two such, as UTF-16, fit what a job may have, with room for the small ones."""
_NAME = 80
_UNSAFE = re.compile(r"[^\w./-]")


def matrix(leaves: Sequence[str]) -> dict[str, Json]:
    """A job matrix over leaves: an entry each, or, if they are more than a matrix may have, as even batches.

    An entry has its `number` (from 1), a `name` for people, in which every character that a shell could act on is `_`,
    and its `leaves`, a list in any case.
    """
    number = min(len(leaves), MOST_JOBS)
    bounds = [index * len(leaves) // number for index in range(number)] + [len(leaves)] if number else []
    batches = [leaves[start:end] for start, end in pairwise(bounds)]
    return {
        "include": [
            {"number": index, "name": _name(batch), "leaves": list(batch)} for index, batch in enumerate(batches, 1)
        ]
    }


def _name(leaves: Sequence[str]) -> str:
    # In the middle of a path, an ellipsis would be no letter of a name: three dots are.
    first = _UNSAFE.sub("_", shorten(leaves[0], _NAME).replace("…", "..."))
    return first if len(leaves) == 1 else f"{first} and {len(leaves) - 1} more"


def listed(name: str, value: Json, folder: Path) -> dict[str, str]:
    """The outputs for a value: `name`, its JSON or nothing where that is too long, and `name-file`, a file that has it.

    Nothing is no JSON, so who reads it without a look at the file fails, instead of finding no leaves.
    """
    text, file = dump(value), folder / f"{name}.json"
    file.write_text(f"{text}\n", encoding="ascii", newline="\n")
    return {name: text if len(text) <= LONGEST else "", f"{name}-file": str(file)}


def append_outputs(file: Path, values: Mapping[str, str]) -> None:
    """Append outputs to the file that GITHUB_OUTPUT names.

    Each ends with a delimiter that nobody can guess: no value can end early, and begin another output.
    """
    delimiter = f"end-{secrets.token_hex(16)}"
    lines = "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())
    with file.open("a", encoding="utf-8", errors="replace", newline="\n") as stream:
        stream.write(lines)


def append_summary(file: Path, text: str) -> None:
    """Append Markdown to the file that GITHUB_STEP_SUMMARY names, or one line if it would become too large."""
    there = file.stat().st_size if file.exists() else 0
    data = text.encode("utf-8", "replace")
    if there + len(data) > SUMMARY_LIMIT:
        data = b"The report of taxonomy-tools is too large for this summary: see the files in the output `reports`.\n"
    with file.open("ab") as stream:
        stream.write(data)


def workflow_command(name: str, *lines: str) -> str:
    """An annotation without a place: `name` is error, warning or notice, and the lines are what it says."""
    said = "%0A".join(reveal(line).replace("%", "%25") for line in lines)
    return f"::{name} title=taxonomy-tools::{said}\n"
