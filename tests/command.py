"""The real console scripts, run as processes, and leaves for them to look at."""

import os
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(sysconfig.get_path("scripts"))
ATTRIBUTION = "Title of work: own work\nLicense of the work: CC0-1.0\nCreator names: Ada Contributor\n"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a process."""

    status: int
    out: str
    err: str


def run(
    *command: str | bytes | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
    prefix: Sequence[str] = (),
    **options: Any,
) -> Result:
    """Run a console script by its name (or anything, by its path); gives what it printed as text."""
    first, *arguments = command
    script = SCRIPTS / first if isinstance(first, str) and "/" not in first else first
    done = subprocess.run(
        [*prefix, script, *arguments],
        cwd=cwd,
        env=environment(env),
        check=False,
        capture_output=True,
        timeout=timeout,
        **options,
    )
    return Result(
        status=done.returncode, out=done.stdout.decode(errors="replace"), err=done.stderr.decode(errors="replace")
    )


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The (isolated) environment, with changes."""
    return {**os.environ, "NO_COLOR": "1", **(more or {})}


def skill(task: str = "To add one", answer: str = "Two.") -> str:
    """A skill of version 3 in which nothing is wrong. `answer` is the first answer, as it stands in the file."""
    seeds = [f"  - question: What is {number} and one?\n    answer: It is {number + 1}.\n" for number in range(2, 6)]
    head = f"version: 3\ncreated_by: ada\ntask_description: {task}\nseed_examples:\n"
    return f"{head}  - question: What is one and one?\n    answer: {answer}\n{''.join(seeds)}"


def leaf(folder: str, document: str | None = None) -> dict[str, str | bytes]:
    """The files of a leaf, by path; without a document, of one in which nothing is wrong."""
    name = folder.rpartition("/")[2]
    text = skill(name).replace("and one?", f"and one in {name}?") if document is None else document
    return {f"{folder}/qna.yaml": text, f"{folder}/attribution.txt": ATTRIBUTION}
