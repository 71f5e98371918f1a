"""What making samples costs beside the model: whole runs against the server of the tests, in place of Ollama."""

import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from taxonomy_tools.generate.filters import LeafFilter
from taxonomy_tools.generate.prompting import answer_schema
from taxonomy_tools.generate.request import Answer
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.command import leaf
from tests.ollama_server import OllamaProcess, ollama_process
from tests.ollama_writer import Writer

LEAVES = 20
SECONDS = 0.2
"""What an answer takes on one of the server's slots."""
SLOTS = 4
KILLS = 30


def write_skills(folder: Path, number: int = LEAVES) -> None:
    """New leaves in which nothing is wrong."""
    for place in range(number):
        for name, content in leaf(f"compositional_skills/bench/skill_{place}").items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def serving(*, seconds: float, slots: int) -> Iterator[OllamaProcess]:
    """A server that takes so long for an answer, on each of so many slots."""
    with ollama_process("--delay", str(seconds), "--parallel", str(slots), "--counts-only") as server:
        yield server


def arguments(server: OllamaProcess, samples: int, output: str, *more: str) -> tuple[str, ...]:
    """What follows `taxonomy`, for so many samples of each changed leaf."""
    host = ("--model", "teacher", "--host", server.url)
    return ("generate", "--base", "main", *host, "--samples-per-leaf", str(samples), "--output-dir", output, *more)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """A whole run: its seconds, and those that the server needs for as many requests if it never waits."""

    seconds: float
    ideal: float


def pace(start: Callable[[tuple[str, ...]], float], output: str) -> Pace:
    """The pace of 400 samples over 20 leaves. `start` carries a command out, and says how long that took."""
    with serving(seconds=SECONDS, slots=SLOTS) as server:
        seconds = start(arguments(server, 400 // LEAVES, output))
        requests = server.counted().total()
    return Pace(seconds=seconds, ideal=requests * SECONDS / SLOTS)


def near_copy_share(samples: int = 10_000) -> float:
    """Which share of a run's time goes into near-copy checks, with so many samples of one leaf.

    Comparing each with those before it and putting it beside them, against 0.2 s an answer with 4 at a time.
    """
    judge = LeafFilter(_node(), Settings(model=Model(name="teacher", digest="")))
    prompt = "What is one and one? It is two. What is two and one? It is three."
    schema = answer_schema(LeafKind.FREEFORM_SKILL)
    spent = 0.0
    kept = number = 0
    while kept < samples:
        content = Writer(seed=str(number), prompt=prompt).write(schema)
        inspection = judge.inspect(
            Answer(content=content, done=True, done_reason="stop", prompt_tokens=1, answer_tokens=1, server="")
        )
        number += 1
        start = time.perf_counter()
        rejection, _ = judge.settle(inspection)
        if rejection is None:
            judge.keep(inspection)
            kept += 1
        spent += time.perf_counter() - start
    return spent / (number * SECONDS / SLOTS)


def _node() -> LeafNode:
    seeds = (
        SeedExample(pairs=(QuestionAnswer(question=f"What is {number} and one?", answer=f"It is {number + 1}."),))
        for number in range(5)
    )
    return LeafNode(
        path="compositional_skills/bench",
        kind=LeafKind.FREEFORM_SKILL,
        blob="",
        commit="",
        description="To add one",
        domain="",
        created_by="bench",
        seed_examples=tuple(seeds),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Killed:
    """A run that was killed again and again.

    `in_flight` are requests that were asked again because their answers had not come when it was killed, `stored` those
    that were asked again although the answers were there. `same` says that the files are those of a run left alone.
    """

    kills: int
    requests: int
    in_flight: int
    stored: int
    same: bool


def kill_often(command: str, folder: Path, environment: Mapping[str, str], *, kills: int = KILLS) -> Killed:
    """Kill a run at random moments, let it end, and compare what it wrote with that of a run that was left alone."""
    dice = random.Random(0)
    stored = 0
    known: dict[str, int] = {}
    with serving(seconds=0.05, slots=SLOTS) as server:
        given = [command, *arguments(server, 60, "killed", "-q")]
        for _ in range(kills):
            before = server.counted().total()
            process = subprocess.Popen(
                given, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            # From the first request on: before it, there is nothing to lose.
            while process.poll() is None and server.counted().total() == before:
                time.sleep(0.01)
            time.sleep(dice.uniform(0, 0.5))
            process.kill()
            process.wait()
            counted = server.counted()
            stored += sum(counted[name] - times for name, times in known.items())
            known = {name: counted[name] for name in _stored(folder / "killed")}
        _finish(given, folder, environment)
        counted = server.counted()
        stored += sum(counted[name] - times for name, times in known.items())
        _finish([command, *arguments(server, 60, "alone", "-q")], folder, environment)
    return Killed(
        kills=kills,
        requests=len(counted),
        in_flight=counted.total() - len(counted) - stored,
        stored=stored,
        same=_written(folder / "killed") == _written(folder / "alone"),
    )


def _finish(given: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    subprocess.run(given, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def _stored(output: Path) -> list[str]:
    """The names of the requests that have an answer in the store. The server counts by the same hash."""
    connection = sqlite3.connect(output / "answers.sqlite3")
    try:
        return [name.hex() for (name,) in connection.execute("SELECT name FROM answers")]
    finally:
        connection.close()


def _written(output: Path) -> dict[str, str]:
    """What a run wrote, but for its log and lock."""
    (folder,) = (path.parent for path in output.glob("*/samples.jsonl"))
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.startswith("run.l")
    }
