"""`taxonomy generate` as a process, against a server that answers as Ollama does."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.command import SCRIPTS, Result, environment, leaf, run, skill
from tests.ollama_server import Model, OllamaProcess, OllamaServer, Reply, ollama_process
from tests.ollama_writer import Body
from tests.repository import Repo

# Starting a process takes seconds where several tests share a core.
PATIENCE = 120.0
_VARYING = (
    (re.compile(r"\b\d+:\d\d:\d\d\b"), "TIME"),
    (re.compile(r", [\d,]+ tokens/s"), ", RATE"),
    (re.compile(r"\([\d,]+ tokens"), "(TOKENS"),
    (re.compile(r"\bteacher-[0-9a-f]{12}\b"), "RUN"),
    (re.compile(r"\([0-9a-f]{12}\b"), "(DIGEST"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "URL"),
)
ARITHMETIC = "compositional_skills/arithmetic"
FILES = ("manifest.json", "messages.jsonl", "rejected.jsonl", "report.md", "samples.jsonl")


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as started:
        yield started


@pytest.fixture
def taxonomy(repo: Repo) -> Repo:
    """A taxonomy with one leaf upstream, and two new ones on a branch."""
    repo.commit(leaf(f"{ARITHMETIC}/old"))
    repo.branch("mine")
    for path in (f"{ARITHMETIC}/one", f"{ARITHMETIC}/two"):
        add(repo, path)
    return repo


def add(repo: Repo, folder: str, document: str | None = None) -> None:
    for path, content in leaf(folder, document).items():
        repo.write(path, content)


def generate(repo: Repo, server: Any, *arguments: str, model: str = "teacher", **options: Any) -> Result:
    """The command, with the server's address unless that is None."""
    host = () if server is None else ("--host", server.url)
    return run(
        "taxonomy", "generate", "--model", model, *host, *arguments, cwd=repo.path, **{"timeout": PATIENCE, **options}
    )


def steady(text: str) -> str:
    """What was printed, without what differs from one run to the next."""
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def folder_of(repo: Repo, output: str = "generated") -> Path:
    """The folder of the only run."""
    (found,) = (path.parent for path in (repo.path / output).glob("*/inputs.jsonl"))
    return found


def hashes(folder: Path) -> dict[str, str]:
    """What a run wrote, but for its log and lock, which say when."""
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if not path.name.startswith("run.l")
    }


def lines(path: Path, name: str = "") -> list[dict[str, Any]]:
    """The lines of a file, or of that name in a run's folder."""
    path = path / f"{name}.jsonl" if name else path
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def kept(repo: Repo, output: str = "generated") -> Counter[str]:
    """How many samples each leaf gave."""
    return Counter(sample["metadata"]["leaf"] for sample in lines(folder_of(repo, output) / "samples.jsonl"))


def rejected(repo: Repo) -> Counter[str]:
    """How many answers were rejected for which reason."""
    return Counter(sample["reason"] for sample in lines(folder_of(repo) / "rejected.jsonl"))


# --- a run


def test_samples_of_the_changed_leaves(taxonomy: Repo, server: OllamaServer) -> None:
    result = generate(taxonomy, server)
    assert result.status == 0, result.err
    assert steady(result.out) == (
        "10 samples from 10 answers in TIME (TOKENS, RATE).\n"
        "  generated/RUN/manifest.json   what went in and what came out, in numbers\n"
        "  generated/RUN/messages.jsonl\n"
        "  generated/RUN/rejected.jsonl  what was not, and why\n"
        "  generated/RUN/report.md       for the reviewer\n"
        "  generated/RUN/samples.jsonl   what was kept\n"
    )
    assert steady(result.err) == (
        "Ollama 0.24.0 at URL, teacher (DIGEST), context 8192\n"
        "2 leaves, 10 samples wanted; run RUN in generated\n"
        f"[1/2] {ARITHMETIC}/one: 5/5 kept\n"
        f"[2/2] {ARITHMETIC}/two: 5/5 kept\n"
    )
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 5, f"{ARITHMETIC}/two": 5}
    assert "generated" not in taxonomy.ask("status", "--porcelain")


def test_second_run_asks_nothing_and_ends_in_the_same_bytes(taxonomy: Repo, server: OllamaServer) -> None:
    server.drifting = True
    assert generate(taxonomy, server).status == 0
    folder = folder_of(taxonomy)
    before, asked = hashes(folder), server.counted()
    again = generate(taxonomy, server)
    assert again.status == 0, again.err
    assert server.counted() == asked
    assert hashes(folder) == before


def test_edit_of_one_seed_example_asks_only_what_it_leaves_or_enters(taxonomy: Repo, server: OllamaServer) -> None:
    def asked() -> dict[tuple[str, int], dict[str, Any]]:
        (folder,) = {path.parent for path in (taxonomy.path / "generated").glob("*/samples.jsonl")} - known
        known.add(folder)
        found = [one["metadata"] for name in ("samples", "rejected") for one in lines(folder, name)]
        return {(one["leaf"], one["index"]): one for one in found}

    known: set[Path] = set()
    assert generate(taxonomy, server, "--samples-per-leaf", "20").status == 0
    old, first = asked(), server.counted()
    path = taxonomy.path / ARITHMETIC / "one" / "qna.yaml"
    path.write_text(path.read_text().replace("It is 3.", "It makes three."))
    server.forget()
    assert generate(taxonomy, server, "--samples-per-leaf", "20").status == 0
    new = asked()
    # The second seed example was edited.
    shown = {
        key for key in old if key[0].endswith("/one") and 1 in (*old[key]["seed_examples"], *new[key]["seed_examples"])
    }
    assert {key for key in old if old[key]["request"] != new[key]["request"]} == shown
    assert 0 < len(shown) < 20
    assert server.counted().total() == len(shown)
    assert not server.counted() & first


def test_named_leaves_are_taken_as_they_stand(taxonomy: Repo, server: OllamaServer) -> None:
    result = generate(taxonomy, server, f"{ARITHMETIC}/old", f"{ARITHMETIC}/one", "--samples-per-leaf", "2")
    assert result.status == 0, result.err
    assert kept(taxonomy) == {f"{ARITHMETIC}/old": 2, f"{ARITHMETIC}/one": 2}


def test_of_named_leaves_with_a_base_those_that_changed(taxonomy: Repo, server: OllamaServer) -> None:
    named = (f"{ARITHMETIC}/old", f"{ARITHMETIC}/one")
    result = generate(taxonomy, server, "--base", "main", *named, "--samples-per-leaf", "2")
    assert result.status == 0, result.err
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 2}


def test_commit_that_is_looked_at_is_named_in_the_samples(taxonomy: Repo, server: OllamaServer) -> None:
    commit = taxonomy.commit()
    result = generate(taxonomy, server, "--head", commit, "--samples-per-leaf", "1")
    assert result.status == 0, result.err
    for sample in lines(folder_of(taxonomy) / "samples.jsonl"):
        metadata = sample["metadata"]
        assert metadata["commit"] == commit
        assert metadata["blob"] == taxonomy.oid(f"{commit}:{metadata['leaf']}/qna.yaml")


def test_total_is_spread_evenly(taxonomy: Repo, server: OllamaServer) -> None:
    assert generate(taxonomy, server, "--num-instructions", "5").status == 0
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 3, f"{ARITHMETIC}/two": 2}


def test_nothing_changed(taxonomy: Repo, server: OllamaServer) -> None:
    taxonomy.commit()
    result = generate(taxonomy, server, "--base", "HEAD")
    assert (result.status, result.out) == (0, "")
    assert result.err.endswith("No leaf changed: there is nothing to make samples of.\n")
    assert server.chats() == []
    assert not (taxonomy.path / "generated").exists()


def test_removed_leaves_are_left_out(taxonomy: Repo, server: OllamaServer) -> None:
    taxonomy.remove(f"{ARITHMETIC}/old/qna.yaml")
    taxonomy.remove(f"{ARITHMETIC}/old/attribution.txt")
    assert generate(taxonomy, server, "--samples-per-leaf", "1").status == 0
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 1, f"{ARITHMETIC}/two": 1}


def test_what_the_configuration_and_the_environment_set(taxonomy: Repo, server: OllamaServer) -> None:
    taxonomy.write(
        ".taxonomy-tools.yaml",
        "generate:\n  model: teacher\n  host: [127.0.0.1:1]\n  samples_per_leaf: 2\n  num_ctx: 4096\n"
        "  temperature: 0.5\n  seed: 7\n  output_dir: data\n  output_format: alpaca, sharegpt\n",
    )
    result = run(
        "taxonomy", "generate", "-q", cwd=taxonomy.path / ARITHMETIC, env={"OLLAMA_HOST": server.url}, timeout=PATIENCE
    )
    assert (result.status, result.err) == (0, "")
    assert sum(kept(taxonomy, "data").values()) == 4
    assert {path.name for path in folder_of(taxonomy, "data").iterdir()} >= {"alpaca.jsonl", "sharegpt.jsonl"}
    assert {(body["options"]["num_ctx"], body["options"]["temperature"]) for body in server.chats()} == {(4096, 0.5)}


@pytest.mark.parametrize(
    ("folder", "output"),
    [
        pytest.param(f"{ARITHMETIC}/one", "generated", id="in a leaf: beside all of them"),
        pytest.param("compositional_skills", "generated", id="above leaves: beside all of them"),
        pytest.param("docs", "docs/generated", id="elsewhere: there"),
    ],
)
def test_output_folder_by_where_somebody_stands(taxonomy: Repo, server: OllamaServer, folder: str, output: str) -> None:
    (taxonomy.path / folder).mkdir(exist_ok=True)
    command = ("taxonomy", "generate", "--model", "teacher", "--host", server.url, "--samples-per-leaf", "1")
    result = run(*command, cwd=taxonomy.path / folder, timeout=PATIENCE)
    assert result.status == 0, result.err
    assert sum(kept(taxonomy, output).values()) == 2


@pytest.mark.parametrize(
    ("key", "message"),
    [
        pytest.param("output_dir: ../data", "`generate.output_dir` leads out of the repository: ../data.", id="folder"),
        pytest.param(
            "output_format: csv",
            "`generate.output_format`: `csv` is no format of samples: they are messages, alpaca, sharegpt, ilab.",
            id="format",
        ),
    ],
)
def test_configuration_that_cannot_be(taxonomy: Repo, server: OllamaServer, key: str, message: str) -> None:
    taxonomy.write(".taxonomy-tools.yaml", f"generate:\n  {key}\n")
    result = generate(taxonomy, server)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"taxonomy: {message}\n")
    assert server.chats() == []


def test_judge(taxonomy: Repo) -> None:
    def reply(body: Body, times: int) -> str | None:
        if "score" not in body["format"]["properties"]:
            return None
        return json.dumps({"reason": "fine", "score": 5 if "arithmetic/one" in body["messages"][1]["content"] else 1})

    with OllamaServer(["teacher", "critic"], reply=reply) as server:
        result = generate(taxonomy, server, "--judge", "critic", "--samples-per-leaf", "2")
    assert result.status == 1
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 2}
    assert rejected(taxonomy) == {"judged": 6}
    assert steady(result.err).endswith(
        f"[2/2] {ARITHMETIC}/two: 0/2 kept, 6 rejected (6 judged)\n"
        f"Error: {ARITHMETIC}/two gave 0 of 2 samples: 6 of 6 answers rejected, most often for: judged.\n"
        "More tries: --max-attempts\n"
    )


def test_judge_without_a_name_is_the_model_that_writes(taxonomy: Repo, server: OllamaServer) -> None:
    result = generate(taxonomy, server, "--samples-per-leaf", "1", "--max-attempts", "9", "--judge")
    assert result.status == 0, result.err
    assert {body["model"] for body in server.chats()} == {"teacher"}
    assert any("score" in body["format"]["properties"] for body in server.chats())


def test_formats(taxonomy: Repo, server: OllamaServer) -> None:
    result = generate(taxonomy, server, "--output-format", "alpaca,ilab", "--output-format", "sharegpt")
    assert result.status == 0, result.err
    names = {re.sub("teacher_[0-9a-f]{12}", "RUN", path.name) for path in folder_of(taxonomy).iterdir()}
    assert names == {
        *FILES,
        "alpaca.jsonl",
        "sharegpt.jsonl",
        "generated_RUN.json",
        "train_RUN.jsonl",
        "test_RUN.jsonl",
        "discarded_RUN.log",
        "inputs.jsonl",
        "run.log",
    } - {"messages.jsonl"}


def test_quiet(taxonomy: Repo, server: OllamaServer) -> None:
    result = generate(taxonomy, server, "-q")
    assert (result.status, result.err) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")
def test_on_a_terminal(taxonomy: Repo, server: OllamaServer) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [str(SCRIPTS / "taxonomy"), "generate", "--model", "teacher", "--host", server.url]
    environ = environment({"TERM": "xterm", "COLUMNS": "120", "LINES": "30"})
    process = subprocess.Popen(command, cwd=taxonomy.path, env=environ, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # the other side is closed
        while part := os.read(ours, 65536):
            seen += part
    os.close(ours)
    assert process.wait(timeout=PATIENCE) == 0
    *_, last = steady(seen.decode()).split("\x1b[2K")
    assert [" ".join(line.split()) for line in re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", last).splitlines()] == [
        f"{ARITHMETIC}/one ━━━━━━━━━━━━ 5/5 kept",
        f"{ARITHMETIC}/two ━━━━━━━━━━━━ 5/5 kept",
        "2 of 2 leaves ━━━━━━━━━━━━ 10/10",
        "10 samples from 10 answers in TIME (TOKENS, RATE).",
        "generated/RUN/manifest.json what went in and what came out, in numbers",
        "generated/RUN/messages.jsonl",
        "generated/RUN/rejected.jsonl what was not, and why",
        "generated/RUN/report.md for the reviewer",
        "generated/RUN/samples.jsonl what was kept",
    ]


# --- what a pull request brings along


def test_store_that_git_tracks_is_not_believed(taxonomy: Repo, server: OllamaServer) -> None:
    """Its answers may be its author's: the names of requests do not depend on the commit."""
    assert generate(taxonomy, server, "--samples-per-leaf", "1").status == 0
    (folder,) = (path.name for path in (taxonomy.path / "generated").iterdir() if path.is_dir())
    taxonomy.git("add", "--force", "generated/answers.sqlite3")
    taxonomy.commit()
    server.forget()
    for arguments in (["--base", "main"], ["--base", "main", "--dry-run"]):
        result = generate(taxonomy, server, *arguments)
        assert (result.status, result.out) == (2, "")
        assert result.err == (
            "taxonomy: Git tracks `generated/answers.sqlite3`: what is in generated may be somebody else's, and is not "
            "believed.\n"
            "  If all of it is yours, keep it out of Git:  git rm -r --cached generated\n"
            "  else remove it:                             git rm -r generated\n"
        )
    result = run("taxonomy", "generate", "--refilter", f"generated/{folder}", cwd=taxonomy.path, timeout=PATIENCE)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("taxonomy: Git tracks `generated/answers.sqlite3`: ")
    assert server.chats() == []
    taxonomy.git("rm", "-r", "--cached", "--quiet", "generated")
    assert generate(taxonomy, server, "--samples-per-leaf", "1").status == 0


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        pytest.param(".", "it holds the taxonomy (compositional_skills)", id="the root"),
        pytest.param("..", "it holds the taxonomy (compositional_skills)", id="above the root"),
        pytest.param("compositional_skills", "it would lie among leaves (compositional_skills)", id="leaves' folder"),
        pytest.param(f"{ARITHMETIC}/one", "it would lie among leaves (compositional_skills)", id="a leaf's folder"),
        pytest.param("misc/leaf", "it would lie among leaves (leaf)", id="a leaf in another place"),
        pytest.param(".git", ".git is Git's own", id="Git's folder"),
        pytest.param(".git/x", ".git/x is Git's own", id="in Git's folder"),
        pytest.param("docs", "docs is not empty, and no output folder: it holds `notes`.", id="another's folder"),
    ],
)
@pytest.mark.parametrize("configured", [False, True], ids=["option", "configuration"])
def test_no_output_folder_hides_anything_from_git(
    taxonomy: Repo, server: OllamaServer, folder: str, told: str, configured: bool
) -> None:
    add(taxonomy, "misc/leaf")
    taxonomy.write("docs/notes", "x")
    if configured:
        taxonomy.write(".taxonomy-tools.yaml", f"generate:\n  output_dir: {folder}\n")
    before = taxonomy.ask("status", "--porcelain", "--ignored", "--untracked-files=all")
    result = generate(taxonomy, server, "--keep-going", *([] if configured else ["--output-dir", folder]))
    assert (result.status, result.out) == (2, "")
    assert (told if not configured or folder != ".." else "leads out of the repository") in result.err
    assert taxonomy.ask("status", "--porcelain", "--ignored", "--untracked-files=all") == before
    assert server.chats() == []


def test_samples_that_git_does_not_ignore_are_warned_of(taxonomy: Repo, server: OllamaServer) -> None:
    taxonomy.write("generated/.gitignore", "!*\n")
    result = generate(taxonomy, server, "--samples-per-leaf", "1")
    assert result.status == 0, result.err
    assert result.err.startswith(
        "Warning: generated/.gitignore does not ignore all files, so samples may be committed. It should say: *\n"
    )


def test_document_that_cannot_be_had_costs_its_leaf_only(taxonomy: Repo, server: OllamaServer) -> None:
    pairs = "".join(f"      - question: What is it, {word}?\n        answer: It is {word}.\n" for word in "abc")
    seeds = "".join(f"  - context: Of {word}.\n    questions_and_answers:\n{pairs}" for word in "vwxyz")
    add(
        taxonomy,
        "knowledge/birds",
        "version: 3\ncreated_by: ada\ndomain: birds\ndocument_outline: Birds\n"
        f"seed_examples:\n{seeds}"
        f"document:\n  repo: http://127.0.0.1/x\n  commit: {'a' * 40}\n  patterns: ['*.md']\n",
    )
    result = generate(taxonomy, server, "--online", "--samples-per-leaf", "1")
    assert result.status == 1
    assert (
        "Refused: knowledge/birds names documents that cannot be had: `http://127.0.0.1/x` is not fetched: it is no "
        "plain https:// URL of a repository.\n"
    ) in result.err
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 1, f"{ARITHMETIC}/two": 1}


# --- killed, interrupted, limited


def started(repo: Repo, server: Any, *arguments: str) -> "subprocess.Popen[str]":
    """The command, as a process that goes on."""
    return subprocess.Popen(
        [SCRIPTS / "taxonomy", "generate", "--model", "teacher", "--host", server.url, *arguments],
        cwd=repo.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(is_so: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait until something is so. The process must still be there then."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def names_in_store(output: Path) -> list[str]:
    """The requests that have been answered. The server counts them by the same names."""
    connection = sqlite3.connect(output / "answers.sqlite3")
    try:
        return [name.hex() for (name,) in connection.execute("SELECT name FROM answers")]
    finally:
        connection.close()


def _has_answered(server: OllamaProcess, least: int) -> bool:
    return server.counted(answered=True).total() >= least


def test_killed_at_any_moment_a_run_ends_in_the_same_bytes(taxonomy: Repo) -> None:
    """However often it is killed, each request is answered once, those excepted that were in flight at a kill."""
    with ollama_process("--delay", "0.05", "--parallel", "4", "--counts-only") as server:
        many = ("--samples-per-leaf", "20", "--output-dir", "killed")
        stored: dict[str, int] = {}
        for kills in range(1, 6):
            process = started(taxonomy, server, *many)
            least = server.counted(answered=True).total() + kills
            wait_until(partial(_has_answered, server, least), process)
            process.kill()
            process.communicate()
            counted = server.counted()
            assert {name: counted[name] for name in stored} == stored
            stored = {name: counted[name] for name in names_in_store(taxonomy.path / "killed")}
        assert stored
        result = generate(taxonomy, server, *many)
        assert result.status == 0, result.err
        counted = server.counted()
        assert {name: counted[name] for name in stored} == stored
        assert len(counted) == 40
        left_alone = generate(taxonomy, server, "--samples-per-leaf", "20", "--output-dir", "alone")
        assert left_alone.status == 0, left_alone.err
    assert hashes(folder_of(taxonomy, "killed")) == hashes(folder_of(taxonomy, "alone"))


def test_stored_answers_are_never_asked_for_again(taxonomy: Repo) -> None:
    """With a server that answers otherwise when it is asked again, what was stored before a kill is what is kept."""
    with OllamaServer(delay=0.05, parallel=2, drifting=True) as server:
        process = started(taxonomy, server, "--parallel", "1", "--samples-per-leaf", "10")
        wait_until(lambda: server.counted(answered=True).total() >= 4, process)
        process.kill()
        process.communicate()
        result = generate(taxonomy, server, "--parallel", "1", "--samples-per-leaf", "10")
        assert result.status == 0, result.err
        assert sorted(server.counted().values()) in ([1] * 20, [1] * 19 + [2])


def test_ctrl_c_lets_what_is_in_flight_come_in(taxonomy: Repo) -> None:
    with OllamaServer(delay=0.3, parallel=4) as server:
        process = started(taxonomy, server, "--parallel", "4", "--samples-per-leaf", "20")
        wait_until(lambda: server.counted(answered=True).total() >= 2, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert "\nFinishing what is in flight; Ctrl-C again stops at once.\n" in err
        answered = server.counted(answered=True)
        assert server.counted() == answered
        assert err.endswith(
            f"Interrupted: {answered.total()} of 40 samples are safe. The same command goes on from here.\n"
        )
        assert out.startswith(f"{answered.total()} samples from {answered.total()} answers in ")
        assert len(lines(folder_of(taxonomy) / "samples.jsonl")) == answered.total()
        server.delay = 0
        result = generate(taxonomy, server, "--samples-per-leaf", "20")
        assert result.status == 0, result.err
        assert set(server.counted().values()) == {1}
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 20, f"{ARITHMETIC}/two": 20}


@pytest.mark.parametrize(
    ("signals", "status"),
    [
        pytest.param([signal.SIGINT, signal.SIGINT], 130, id="Ctrl-C twice"),
        pytest.param([signal.SIGTERM], 143, id="ended by the system"),
        pytest.param([signal.SIGHUP], 129, id="its terminal is closed"),
    ],
)
def test_other_signals_end_it_at_once(taxonomy: Repo, signals: list[int], status: int) -> None:
    with OllamaServer(parallel=4) as server:
        server.fault(Reply(end="hang"), after=5, times=None)
        process = started(taxonomy, server, "--parallel", "4", "--samples-per-leaf", "20")
        wait_until(lambda: server.counted().total() >= 9, process)
        time.sleep(0.2)  # until the fifth answer is stored
        for number in signals:
            process.send_signal(number)
            time.sleep(0.5)  # two within a moment are one
        _, err = process.communicate(timeout=20)
        assert process.returncode == status
        assert err.endswith("Interrupted: 5 of 40 samples are safe. The same command goes on from here.\n")
        server.mend()
        result = generate(taxonomy, server, "--samples-per-leaf", "20")
        assert result.status == 0, result.err


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        pytest.param(("--max-tokens-total", "1"), "token limit", id="tokens"),
        pytest.param(("--deadline", "1s"), "deadline", id="time"),
    ],
)
def test_limits_stop_a_run_that_can_go_on(taxonomy: Repo, limit: tuple[str, str], named: str) -> None:
    with OllamaServer(delay=0.3) as server:
        result = generate(taxonomy, server, "--parallel", "1", *limit)
        assert result.status == 1
        number = len(lines(folder_of(taxonomy) / "samples.jsonl"))
        assert 0 < number < 10
        assert result.err.endswith(
            f"Stopped by the {named}: {number} of 10 samples are safe. The same command goes on from here.\n"
        )
        server.delay = 0
        assert generate(taxonomy, server).status == 0
        assert set(server.counted().values()) == {1}
    assert sum(kept(taxonomy).values()) == 10


def test_two_at_work_on_the_same_run_are_one_too_many(taxonomy: Repo) -> None:
    with OllamaServer(delay=0.5) as server:
        process = started(taxonomy, server)
        wait_until(lambda: server.counted().total() > 0, process)
        result = generate(taxonomy, server)
        process.kill()
        process.communicate()
    assert result.status == 2
    assert "taxonomy: another taxonomy generate is at work in generated: " in result.err


# --- leaves that are no good, or change


def test_leaves_with_errors_are_refused_and_the_others_go_on(taxonomy: Repo, server: OllamaServer) -> None:
    add(taxonomy, f"{ARITHMETIC}/wrong", skill(answer="No"))
    result = generate(taxonomy, server, "--samples-per-leaf", "1")
    assert result.status == 1
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 1, f"{ARITHMETIC}/two": 1}
    assert steady(result.err).startswith(
        f"Refused: {ARITHMETIC}/wrong has 1 error\n"
        f"What is wrong: taxonomy check {ARITHMETIC}/wrong\n"
        "To take leaves as they are: --keep-going\n"
        "Ollama "
    )


def test_with_keep_going_they_are_taken_too(taxonomy: Repo, server: OllamaServer) -> None:
    add(taxonomy, f"{ARITHMETIC}/wrong", skill(answer="No"))
    result = generate(taxonomy, server, "--samples-per-leaf", "1", "--keep-going")
    assert result.status == 0
    assert kept(taxonomy)[f"{ARITHMETIC}/wrong"] == 1
    assert result.err.startswith(f"Taken all the same: {ARITHMETIC}/wrong has 1 error\n")


def test_when_all_leaves_are_refused_nothing_is_asked(taxonomy: Repo, server: OllamaServer) -> None:
    for name in ("one", "two"):
        add(taxonomy, f"{ARITHMETIC}/{name}", "[")
    result = generate(taxonomy, server, "--keep-going")
    assert (result.status, result.out) == (1, "")
    assert result.err.count("Refused: ") == 2
    assert server.chats() == []
    assert not (taxonomy.path / "generated").exists()


def test_context_that_is_too_small_is_named_with_its_seed_example(taxonomy: Repo, server: OllamaServer) -> None:
    add(taxonomy, f"{ARITHMETIC}/long", skill(answer=f"It is {'very ' * 1500} much."))
    result = generate(taxonomy, server, "--num-ctx", "2048", "--samples-per-leaf", "1")
    assert result.status == 1
    assert f"Refused: {ARITHMETIC}/long does not fit: seed example 1 is too long: " in result.err
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 1, f"{ARITHMETIC}/two": 1}
    assert not any("very very" in json.dumps(body) for body in server.chats())


@pytest.mark.parametrize("how", ["edited", "removed"])
def test_leaf_that_changes_while_it_runs(taxonomy: Repo, how: str) -> None:
    path = taxonomy.path / ARITHMETIC / "two" / "qna.yaml"

    def reply(body: Body, times: int) -> None:
        if how == "removed":
            path.unlink(missing_ok=True)
        else:
            path.write_text(skill("something else"))

    with OllamaServer(reply=reply) as server:
        result = generate(taxonomy, server, "--samples-per-leaf", "2")
    assert result.status == 1
    assert result.err.endswith(
        f"Changed or removed meanwhile, so its samples are of what it was at the start: {ARITHMETIC}/two\n"
    )
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 2, f"{ARITHMETIC}/two": 2}


def test_leaf_that_yields_nothing_does_not_stop_the_others(taxonomy: Repo) -> None:
    def reply(body: Body, times: int) -> Reply | None:
        return Reply(spoil="refusal") if "arithmetic/one" in body["messages"][1]["content"] else None

    with OllamaServer(reply=reply) as server:
        result = generate(taxonomy, server, "--samples-per-leaf", "2", "--max-attempts", "2")
    assert result.status == 1
    assert kept(taxonomy) == {f"{ARITHMETIC}/two": 2}
    assert f"\nError: {ARITHMETIC}/one gave 0 of 2 samples: 4 of 4 answers rejected" in result.err


# --- what servers do wrong


@pytest.mark.parametrize(
    ("reply", "reasons"),
    [
        pytest.param(Reply(done=False), {"unfinished": 1}, id="30 equal pieces: an answer without an end"),
        pytest.param(Reply(spoil="looping"), {"unfinished": 1}, id="a model that repeats itself"),
        pytest.param(Reply(content='{"question": "What is'), {"invalid": 1}, id="JSON that is cut"),
        pytest.param(Reply(content="word " * 3000), {"unfinished": 1}, id="longer than num_predict"),
        pytest.param(Reply(spoil="empty"), {"empty": 1}, id="empty"),
        pytest.param(Reply(spoil="copy"), {"near-copy": 1}, id="a seed example over again"),
        pytest.param(Reply(status=503, error="server busy"), {}, id="busy"),
        pytest.param(Reply(end="closed"), {}, id="the server stops in the middle"),
        pytest.param(Reply(end="reset"), {}, id="the connection is reset"),
        pytest.param(Reply(status=500, error="llama runner process has terminated"), {}, id="its runner crashes"),
        pytest.param(Reply(raw="<html>"), {}, id="a proxy's page"),
    ],
)
def test_fault_costs_one_answer_at_most(
    taxonomy: Repo, server: OllamaServer, reply: Reply, reasons: Mapping[str, int]
) -> None:
    server.fault(reply, after=3)
    result = generate(taxonomy, server)
    assert result.status == 0, result.err
    assert sum(kept(taxonomy).values()) == 10
    assert rejected(taxonomy) == reasons


def test_prompt_that_was_cut_is_no_basis_for_a_sample(taxonomy: Repo, server: OllamaServer) -> None:
    cut = {
        "model": "teacher",
        "message": {"role": "assistant", "content": '{"question": "What is it?", "response": "It is that."}'},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 8192,
        "eval_count": 9,
    }
    server.fault(Reply(raw=json.dumps(cut)))
    assert generate(taxonomy, server).status == 0
    assert rejected(taxonomy) == {"unfinished": 1}


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(Reply(status=400, error="bad"), "refuses the request: 400 bad.", id="a request that is none"),
        pytest.param(
            Reply(status=404, error="model 'teacher' not found"),
            "has no model `teacher`: model 'teacher' not found.",
            id="a model that is gone",
        ),
        pytest.param(
            Reply(status=500, error="invalid format: expected 'json'"),
            "refuses the request: 500 invalid format: expected 'json'.",
            id="a format that is refused",
        ),
        pytest.param(
            Reply(status=500, error="invalid JSON schema in format"),
            "refuses the request: 500 invalid JSON schema in format.",
            id="a schema without a grammar",
        ),
    ],
)
def test_what_cannot_pass_ends_the_run_and_keeps_what_is_there(
    taxonomy: Repo, server: OllamaServer, reply: Reply, message: str
) -> None:
    server.fault(reply, after=3, times=None)
    result = generate(taxonomy, server, "--parallel", "1")
    assert result.status == 2
    assert "\nStopped: 3 of 10 samples are safe. The same command goes on from here.\n" in result.err
    assert f"taxonomy: the server at {server.url} {message}\n" in result.err
    server.mend()
    assert generate(taxonomy, server).status == 0
    assert set(server.counted(answered=True).values()) == {1}


def test_two_hosts_one_that_dies_and_comes_back_and_one_that_is_slow(taxonomy: Repo) -> None:
    with OllamaServer(delay=0.02, parallel=4) as fast, OllamaServer(delay=0.2) as slow:
        fast.fault(Reply(die=1.0), after=10)
        result = generate(taxonomy, fast, "--host", slow.url, "--samples-per-leaf", "30")
        assert result.status == 0, result.err
        assert f"Warning: {fast.url}" in result.err
        answered = fast.counted(answered=True) + slow.counted(answered=True)
        assert set(answered.values()) == {1}
        assert min(len(fast.counted(answered=True)), len(slow.counted(answered=True))) > 0
    assert kept(taxonomy) == {f"{ARITHMETIC}/one": 30, f"{ARITHMETIC}/two": 30}
    assert rejected(taxonomy).total() == len(answered) - 60


# --- bad input


def test_no_server(taxonomy: Repo) -> None:
    result = generate(taxonomy, None, "--host", "127.0.0.1:1")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("taxonomy: no Ollama server answers at http://127.0.0.1:1")
    assert not (taxonomy.path / "generated").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--host", "ftp://h"], "taxonomy: ", id="an address that is none"),
        pytest.param(["--model", "techer"], "taxonomy: URL has no model `techer`", id="a model that is not there"),
        pytest.param(["--model", "embedder"], "taxonomy: `embedder` at URL writes no text", id="a model that embeds"),
        pytest.param(["--base", "nowhere"], "taxonomy: there is no `nowhere`", id="no such base"),
        pytest.param(["--output-dir", "README"], "taxonomy: README is no folder.", id="a file for a folder"),
        pytest.param(["--output-dir", "link"], "taxonomy: link is a symbolic link", id="a link for a folder"),
        pytest.param(["--output-format", "csv"], "Usage: ", id="no such format"),
        pytest.param(["--deadline", "soon"], "Usage: ", id="no time"),
        pytest.param(["--parallel", "many"], "Usage: ", id="no number"),
        pytest.param(["--samples-per-leaf", "1", "--num-instructions", "1"], "Usage: ", id="two amounts"),
        pytest.param(["--refilter", "nowhere"], "taxonomy: nowhere is no run", id="no such run"),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_asked(taxonomy: Repo, arguments: list[str], message: str) -> None:
    taxonomy.write("README", b"x")
    taxonomy.link("link", ".")
    with OllamaServer([Model(name="teacher"), Model(name="embedder", capabilities=("embedding",))]) as server:
        result = generate(taxonomy, server, *arguments)
        assert (result.status, result.out) == (2, "")
        assert steady(result.err).startswith(message), result.err
        assert "Traceback" not in result.err
        assert server.chats() == []


def test_no_model_is_named(taxonomy: Repo) -> None:
    result = run("taxonomy", "generate", cwd=taxonomy.path, timeout=PATIENCE)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("taxonomy: no model is named.\n")


def test_no_repository(tmp_path: Path, server: OllamaServer) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    result = generate(Repo(path=folder), server)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("taxonomy: ")


def test_store_of_another_version(taxonomy: Repo, server: OllamaServer) -> None:
    assert generate(taxonomy, server).status == 0
    server.forget()
    connection = sqlite3.connect(taxonomy.path / "generated" / "answers.sqlite3")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    result = generate(taxonomy, server)
    assert result.status == 2
    assert "is a store of version 9, and this taxonomy-tools reads version 1." in result.err
    assert server.chats() == []


def test_output_folder_of_another_run(taxonomy: Repo, server: OllamaServer) -> None:
    """Its name is the hash of its inputs, so this takes an edit by hand."""
    assert generate(taxonomy, server).status == 0
    path = folder_of(taxonomy) / "inputs.jsonl"
    path.write_text(path.read_text().replace('"temperature":0.7', '"temperature":0.1'))
    asked = server.counted()
    result = generate(taxonomy, server)
    assert result.status == 2
    assert "holds a run with other settings: settings.temperature is `0.1` there and `0.7` here." in result.err
    assert server.counted() == asked


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.skipif(sys.platform == "win32", reason="this system has no limit of files' sizes")
def test_full_disk_loses_nothing(taxonomy: Repo, server: OllamaServer) -> None:
    """A limit of what a file may have stands in for a disk that is full."""
    limit = (
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    many = ("--samples-per-leaf", "100")
    result = generate(taxonomy, server, *many, prefix=(sys.executable, "-P", "-c", limit))
    assert result.status == 2
    assert "Traceback" not in result.err
    assert "cannot write" in result.err
    asked = server.counted().total()
    assert asked < 200
    result = generate(taxonomy, server, *many)
    assert result.status == 0, result.err
    assert server.counted().total() <= 200 + 16
    assert set(kept(taxonomy).values()) == {100}


def test_without_the_extra(taxonomy: Repo) -> None:
    script = (
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name in ('ollama', 'rich') else found(name, *more)\n"
        "from taxonomy_tools.main import main\n"
        "sys.exit(main())\n"
    )
    result = run(Path(sys.executable), "-P", "-c", script, "generate", "--model", "m", cwd=taxonomy.path)
    assert (result.status, result.out) == (2, "")
    assert "sample data needs packages that are not installed: ollama, rich.\n" in result.err
    assert " install 'httpx" in result.err


# --- dry runs, downloads, filters


def test_dry_run_needs_no_server_and_writes_nothing(taxonomy: Repo) -> None:
    result = generate(taxonomy, None, "--host", "127.0.0.1:1", "--dry-run", "--samples-per-leaf", "2")
    assert result.status == 0, result.err
    assert result.err.startswith("A dry run needs no server: no Ollama server answers at http://127.0.0.1:1")
    assert result.out.count("  not asked  about ") == 4
    assert result.out.endswith("How long that takes is not known: `teacher` was not asked yet.\n")
    assert not (taxonomy.path / "generated").exists()


def test_dry_run_shows_what_would_be_asked(taxonomy: Repo, server: OllamaServer) -> None:
    assert generate(taxonomy, server, "--samples-per-leaf", "2").status == 0
    asked = server.counted()
    names = {name[:12] for name in asked}
    server.down()
    result = generate(taxonomy, server, "--dry-run", "--samples-per-leaf", "3")
    assert result.status == 0, result.err
    rows = re.findall(r"^  \d+\. ([0-9a-f]{12})  (answered|not asked)  ", result.out, re.MULTILINE)
    assert Counter(state for _, state in rows) == {"answered": 4, "not asked": 2}
    assert {name for name, state in rows if state == "answered"} == {
        sample["metadata"]["request"][:12] for sample in lines(folder_of(taxonomy) / "samples.jsonl")
    }
    assert len(names) == 4
    assert "\n6 requests in the first round, 4 of them already answered; the others take about " in result.out
    assert re.search(
        r"^That takes about \d:\d\d:\d\d \(\d+\.\d\d hours\) at the last rate of `teacher`: ", result.out, re.MULTILINE
    )
    server.up()


def test_model_that_is_not_there_is_pulled(taxonomy: Repo) -> None:
    with OllamaServer([], registry=["teacher"]) as server:
        result = generate(taxonomy, server, "--pull", "--samples-per-leaf", "1")
        assert result.status == 0, result.err
        assert "\nsuccess (100 %)\n" in result.err


def test_filters_can_be_run_again_without_the_model(taxonomy: Repo, server: OllamaServer) -> None:
    assert generate(taxonomy, server).status == 0
    folder = folder_of(taxonomy)
    before = hashes(folder)
    server.down()
    result = run(
        "taxonomy", "generate", "--refilter", str(folder), "--likeness", "0.02", cwd=taxonomy.path, timeout=PATIENCE
    )
    assert result.status == 1
    assert hashes(folder) == before
    (other,) = {path.parent for path in folder.parent.glob("*/samples.jsonl")} - {folder}
    left = len(lines(other / "samples.jsonl"))
    assert left < 10
    assert f"\nBefore, 10 samples were kept; {10 - left} of them are not any more, and 0 are new.\n" in result.err
    same = run("taxonomy", "generate", "--refilter", str(folder), "-q", cwd=taxonomy.path, timeout=PATIENCE)
    assert (same.status, same.err) == (
        0,
        "Before, 10 samples were kept; 0 of them are not any more, and 0 are new.\n",
    )
    assert hashes(folder) == before
    server.up()


def test_run_with_other_prompts_is_not_sorted_out(taxonomy: Repo, server: OllamaServer) -> None:
    assert generate(taxonomy, server).status == 0
    (folder,) = [path.parent for path in (taxonomy.path / "generated").glob("*/inputs.jsonl")]
    inputs = folder / "inputs.jsonl"
    inputs.write_bytes(re.sub(rb'"prompts":"[0-9a-f]{64}"', b'"prompts":"%s"' % (b"0" * 64), inputs.read_bytes()))
    result = run("taxonomy", "generate", "--refilter", str(folder), cwd=taxonomy.path, timeout=PATIENCE)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("taxonomy: the prompts have changed since taxonomy-tools ")


def test_deadline_counts_from_the_beginning(taxonomy: Repo, server: OllamaServer) -> None:
    result = generate(taxonomy, server, "--deadline", "0.01s")
    assert result.status == 1
    assert result.out.startswith("0 samples from ")
    assert "deadline" in result.err
