"""The scenarios of a run against a real server: `pytest -m ollama`, with OLLAMA_HOST and TAXONOMY_TEST_MODEL set.

What a model of random weights writes is no sample but by chance: nothing here depends on what a text says. That counts
add up, that nothing is asked twice, and that a run goes on where it was killed, holds for any model.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.command import SCRIPTS, Result, environment, leaf, run
from tests.conftest import LIVE
from tests.repository import Repo

pytestmark = pytest.mark.ollama
# Read at import: the fixtures of tests/conftest.py unset them.
HOST, MODEL = (os.environ.get(name, "") for name in LIVE)
PATIENCE = 1800.0
# Small enough for a model on a CPU.
SMALL = ("--samples-per-leaf", "2", "--max-attempts", "2", "--num-ctx", "2048")


@pytest.fixture
def taxonomy(repo: Repo) -> Repo:
    """A taxonomy in which a skill is new, and knowledge too."""
    repo.commit({"README.md": "A taxonomy\n"})
    repo.branch("mine")
    for path, content in (leaf("compositional_skills/arithmetic/one") | leaf("knowledge/water", _knowledge())).items():
        repo.write(path, content)
    return repo


def _knowledge() -> str:
    pairs = "".join(
        f"      - question: What does part {{0}} say of fact {number}?\n        answer: That {number} holds in {{0}}.\n"
        for number in range(3)
    )
    seeds = "".join(
        f"  - context: Part {number} says that the facts 0, 1 and 2 hold in {number}.\n"
        f"    questions_and_answers:\n{pairs.format(number)}"
        for number in range(5)
    )
    return (
        f"version: 3\ncreated_by: ada\ndomain: water\ndocument_outline: Facts on water\nseed_examples:\n{seeds}"
        f"document:\n  repo: https://example.org/a/b\n  commit: {'a' * 40}\n  patterns:\n    - '*.md'\n"
    )


def arguments(*more: str) -> tuple[str, ...]:
    return ("generate", "--base", "main", "--host", HOST, "--model", MODEL, *SMALL, *more)


def generate(repo: Repo, *more: str) -> Result:
    result = run("taxonomy", *arguments(*more), cwd=repo.path, timeout=PATIENCE)
    # What was rejected makes a leaf fall short: no more is expected of random words.
    assert result.status in (0, 1), result.err
    assert "Traceback" not in result.err
    return result


def folder_of(repo: Repo) -> Path:
    """The folder of the only run."""
    (found,) = (path.parent for path in (repo.path / "generated").glob("*/samples.jsonl"))
    return found


def hashes(folder: Path) -> dict[str, str]:
    """What a run wrote, but for its log and lock, which say when."""
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if not path.name.startswith("run.l")
    }


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def asked(repo: Repo) -> list[int]:
    """How many answers each pass over a run has asked for, by its log; of one that was killed nothing is known."""
    return [int(number) for number in re.findall(r" end asked=(\d+) ", (folder_of(repo) / "run.log").read_text())]


def stored(repo: Repo) -> int:
    """How many answers there are in the store."""
    connection = sqlite3.connect(repo.path / "generated" / "answers.sqlite3")
    try:
        return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    finally:
        connection.close()


def test_run_ends_and_its_counts_add_up(taxonomy: Repo) -> None:
    result = generate(taxonomy)
    folder = folder_of(taxonomy)
    kept, rejected = (lines(folder / f"{name}.jsonl") for name in ("samples", "rejected"))
    for path in ("compositional_skills/arithmetic/one", "knowledge/water"):
        good = sum(one["metadata"]["leaf"] == path for one in kept)
        bad = sum(one["metadata"]["leaf"] == path for one in rejected)
        assert good <= 2
        assert good + bad <= 4
        assert good == 2 or good + bad == 4
    assert result.status == (0 if len(kept) == 4 else 1)
    assert stored(taxonomy) == len(kept) + len(rejected)
    names = [one["metadata"]["request"] for one in (*kept, *rejected)]
    assert len(set(names)) == len(names)


def test_second_run_asks_nothing(taxonomy: Repo) -> None:
    generate(taxonomy)
    before, number = hashes(folder_of(taxonomy)), stored(taxonomy)
    generate(taxonomy)
    assert hashes(folder_of(taxonomy)) == before
    assert stored(taxonomy) == number
    assert asked(taxonomy)[1] == 0


def test_killed_and_gone_on_with(taxonomy: Repo) -> None:
    """What was stored before a kill is not asked again, and the files that come of it stay as they are."""
    process = subprocess.Popen(
        [SCRIPTS / "taxonomy", *arguments("--parallel", "1")],
        cwd=taxonomy.path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + PATIENCE
    log = taxonomy.path / "generated"
    while process.poll() is None and time.monotonic() < end:
        if any(" answer " in path.read_text() for path in log.glob("*/run.log")):
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = stored(taxonomy)
    assert before > 0
    generate(taxonomy, "--parallel", "1")
    after = stored(taxonomy)
    assert asked(taxonomy)[-1] == after - before
    written = hashes(folder_of(taxonomy))
    generate(taxonomy)
    assert hashes(folder_of(taxonomy)) == written
    assert stored(taxonomy) == after


def test_ctrl_c_writes_what_is_there(taxonomy: Repo) -> None:
    process = subprocess.Popen(
        [SCRIPTS / "taxonomy", *arguments("--parallel", "1", "--samples-per-leaf", "50")],
        cwd=taxonomy.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        if any(" answer " in path.read_text() for path in (taxonomy.path / "generated").glob("*/run.log")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "are safe. The same command goes on from here." in err
    folder = folder_of(taxonomy)
    assert len(lines(folder / "samples.jsonl")) + len(lines(folder / "rejected.jsonl")) > 0


def test_judge_is_asked_about_what_the_filters_let_through(taxonomy: Repo) -> None:
    generate(taxonomy, "--judge")
    folder = folder_of(taxonomy)
    for sample in lines(folder / "samples.jsonl"):
        assert sample["metadata"]["scores"]["judge"] is not None


def test_dry_run_writes_nothing(taxonomy: Repo) -> None:
    result = generate(taxonomy, "--dry-run")
    assert result.status == 0
    assert "\n4 requests in the first round; " in result.out
    assert not (taxonomy.path / "generated").exists()


def test_model_that_is_not_there(taxonomy: Repo) -> None:
    result = run("taxonomy", *arguments("--model", "there-is-no-such-model"), cwd=taxonomy.path, timeout=PATIENCE)
    assert result.status == 2
    assert "has no model `there-is-no-such-model`" in result.err
