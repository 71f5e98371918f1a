"""What a run writes: every answer once, the same bytes for the same answers, and in forms that trainers read."""

import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.inputs import Wanted
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Budget, Ending
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.store import STORE_FILE
from taxonomy_tools.generate.writers import WRITERS, prepare_output, write_run
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.command import environment
from tests.generate.answers import answer
from tests.generate.runs import JUDGED, SETTINGS, finished, leaf, mixed, said

ALL = tuple(WRITERS)
LOCAL = {"inputs.jsonl"}


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a run that are compared."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    text = (folder / name).read_bytes().decode("utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found


# --- what is there


@pytest.mark.parametrize("settings", [SETTINGS, JUDGED], ids=["without a judge", "with a judge"])
@pytest.mark.parametrize("tokens", [None, 1, 300, 700], ids=["done", "hardly begun", "begun", "half done"])
def test_every_answer_is_in_one_file(tmp_path: Path, tokens: int | None, settings: Settings) -> None:
    with finished(tmp_path / "out", settings=settings, budget=Budget(tokens=tokens)) as (run, store):
        written = write_run(run, store, formats=ALL)
        folder, tallies = run.inputs.folder, run.tallies
        judged = [verdict for number in range(len(tallies)) for verdict in run.verdicts(number)]
    kept, rejected = lines(folder, "samples.jsonl"), lines(folder, "rejected.jsonl")
    assert Counter(line["metadata"]["request"] for line in [*kept, *rejected]) == Counter(
        verdict.request for verdict in judged
    )
    assert len({line["id"] for line in [*kept, *rejected]}) == len(judged)
    assert (written.kept, written.rejected) == (len(kept), len(rejected))
    assert len(kept) == sum(tally.kept for tally in tallies)
    assert len(kept) + len(rejected) + sum(tally.pending for tally in tallies) == sum(
        tally.answers for tally in tallies
    )
    tokens_of = [
        line["metadata"]["prompt_tokens"]
        + line["metadata"]["answer_tokens"]
        + line["metadata"]["judge"]["prompt_tokens"]
        + line["metadata"]["judge"]["answer_tokens"]
        for line in [*kept, *rejected]
    ]
    assert sum(tokens_of) == sum(tally.prompt_tokens + tally.answer_tokens for tally in tallies)
    assert [len(lines(folder, f"{name}.jsonl")) for name in ("messages", "alpaca", "sharegpt")] == [len(kept)] * 3
    assert len(json.loads(next(folder.glob("generated_*.json")).read_bytes())) == len(kept)


def test_files_are_named_and_counted(tmp_path: Path) -> None:
    with finished(tmp_path / "out") as (run, store):
        written = write_run(run, store, formats=["ilab", "alpaca", "ilab"])
        folder, name = run.inputs.folder, run.inputs.name
    digits = name.removeprefix("tiny-1b-")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(path.name for path in written.files), "inputs.jsonl"]
    )
    assert [path.name for path in written.files] == [
        "alpaca.jsonl",
        f"discarded_tiny-1b_{digits}.log",
        f"generated_tiny-1b_{digits}.json",
        "manifest.json",
        "rejected.jsonl",
        "report.md",
        "samples.jsonl",
        f"test_tiny-1b_{digits}.jsonl",
        f"train_tiny-1b_{digits}.jsonl",
    ]
    assert {path.parent for path in written.files} == {folder}
    assert manifest(folder)["files"] == [
        {
            "name": path.name,
            "bytes": len(data := path.read_bytes()),
            "lines": data.count(b"\n"),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for path in written.files
        if path.name != "manifest.json"
    ]


def test_same_bytes_whatever_the_order_and_however_often_it_was_stopped(tmp_path: Path) -> None:
    with finished(tmp_path / "plain", settings=JUDGED) as (run, store):
        write_run(run, store, formats=ALL)
        expected = contents(run.inputs.folder)
    for tokens in (150, 300, 500, None):
        with finished(tmp_path / "out", settings=JUDGED, budget=Budget(tokens=tokens), disorder=7) as (run, store):
            write_run(run, store, formats=ALL)
            assert (contents(run.inputs.folder) == expected) == (tokens is None)
    assert not [name for name, data in expected.items() if str(tmp_path).encode() in data]


def test_format_that_was_asked_for_before_stays(tmp_path: Path) -> None:
    with finished(tmp_path / "out") as (run, store):
        write_run(run, store, formats=["alpaca"])
        before = contents(run.inputs.folder)
        write_run(run, store, formats=[])
        after = contents(run.inputs.folder)
    assert before.keys() == after.keys()
    assert before["alpaca.jsonl"] == after["alpaca.jsonl"]
    assert [file["name"] for file in json.loads(after["manifest.json"])["files"]] == [
        "rejected.jsonl",
        "report.md",
        "samples.jsonl",
    ]


# --- what is in them


SEED = SeedExample(pairs=(QuestionAnswer(question="Which is red?", answer="The rose."),), context="A rose, a fern.")
GROUNDED = LeafNode(
    path="compositional_skills/grounded/colours",
    kind=LeafKind.GROUNDED_SKILL,
    blob="a" * 40,
    commit="",
    description="To tell colours",
    domain="",
    created_by="ada",
    seed_examples=(SEED,),
)
KNOWN = replace(
    GROUNDED, path="knowledge/colours", kind=LeafKind.KNOWLEDGE, description="What is red", domain="colours"
)
CONTEXT = "Of the four boats in the harbour two are blue, one is white, and one has no paint left."
SAMPLE = {"context": CONTEXT, "question": "How many boats are blue?", "response": "Of the four boats two are blue."}
ABOUT_ROSES = {"question": "What else than a rose is there?", "response": "There is a fern."}


def colours(request: Request) -> Answer:
    """A sample at first, then what is not one."""
    due = json.loads(request.format)["properties"]
    if "score" in due:
        return said({"reason": "clear enough", "score": 4})
    if "context" in due:
        return said(SAMPLE)
    return said(ABOUT_ROSES)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """The folder of a run that kept a sample of each of two leaves, and rejected a near-copy of each."""
    leaves = [Wanted(leaf=GROUNDED, samples=2), Wanted(leaf=KNOWN, samples=2)]
    settings = replace(JUDGED, max_attempts=1)
    with finished(tmp_path / "out", colours, leaves=leaves, settings=settings) as (run, store):
        write_run(run, store, formats=ALL)
        return run.inputs.folder


def test_samples_say_where_they_come_from(few: Path) -> None:
    first, second = lines(few, "samples.jsonl")
    meta = first["metadata"]
    assert first == {
        "id": hashlib.sha256(json.dumps([GROUNDED.path, meta["request"]], separators=(",", ":")).encode()).hexdigest()[
            :32
        ],
        "messages": [
            {"role": "user", "content": f"How many boats are blue?\n\n{CONTEXT}"},
            {"role": "assistant", "content": "Of the four boats two are blue."},
        ],
        "metadata": {
            "leaf": "compositional_skills/grounded/colours",
            "kind": "grounded skill",
            "blob": "a" * 40,
            "commit": "",
            "context": CONTEXT,
            "index": 0,
            "seed_examples": [0],
            "passage": "",
            "model": "tiny:1b",
            "digest": "sha256:1",
            "seed": meta["seed"],
            "options": {"num_ctx": 8192, "num_predict": 1024, "temperature": 0.7},
            "request": meta["request"],
            "prompt_tokens": 50,
            "answer_tokens": 20,
            "scores": {
                "likeness_to_seeds": meta["scores"]["likeness_to_seeds"],
                "likeness_to_samples": -1.0,
                "support": meta["scores"]["support"],
                "judge": 0.75,
            },
            "judge": {
                "model": "judge",
                "digest": "sha256:2",
                "request": meta["judge"]["request"],
                "reason": "clear enough",
                "prompt_tokens": 50,
                "answer_tokens": 20,
            },
        },
    }
    assert 0 <= meta["scores"]["likeness_to_seeds"] < 0.7
    assert second["messages"] == [
        {"role": "user", "content": "What else than a rose is there?"},
        {"role": "assistant", "content": "There is a fern."},
    ]
    assert second["metadata"]["context"] == "A rose, a fern."
    assert second["metadata"]["passage"] == "seed example 1"


def test_names_lead_back_to_the_store(few: Path) -> None:
    connection = sqlite3.connect(few.parent / STORE_FILE)
    stored = {name.hex() for (name,) in connection.execute("SELECT name FROM answers")}
    connection.close()
    found = [line["metadata"] for name in ("samples.jsonl", "rejected.jsonl") for line in lines(few, name)]
    assert {meta["request"] for meta in found} <= stored
    # What a copy was said of that was asked about before it was known to be one stays in the store.
    assert {meta["judge"]["request"] for meta in found} - {""} < stored - {meta["request"] for meta in found}


def test_rejected_say_why(few: Path) -> None:
    first, second = lines(few, "rejected.jsonl")
    assert first["metadata"].pop("scores")["likeness_to_samples"] == 1.0
    assert first == {
        "id": first["id"],
        "reason": "near-copy",
        "detail": first["detail"],
        "answer": json.dumps(SAMPLE),
        "sample": SAMPLE,
        "metadata": first["metadata"],
    }
    assert "accepted sample 1" in first["detail"]
    assert first["metadata"]["judge"] == {
        "model": "",
        "digest": "",
        "request": "",
        "reason": "",
        "prompt_tokens": 0,
        "answer_tokens": 0,
    }
    assert second["sample"] == {"context": "A rose, a fern.", **ABOUT_ROSES}


def test_answer_that_cannot_be_read_is_there_as_it_came(tmp_path: Path) -> None:
    raw = 'no JSON: "\ud800" \u2028 \x1b[31m \x00 end'
    leaves = [Wanted(leaf=leaf("compositional_skills/a\udcff b\n"), samples=1)]
    with finished(tmp_path / "out", lambda _: answer(raw), leaves=leaves) as (run, store):
        write_run(run, store, formats=ALL)
        folder = run.inputs.folder
    found = lines(folder, "rejected.jsonl")
    assert [line["answer"] for line in found] == ['no JSON: "\\ud800" \u2028 \x1b[31m \x00 end'] * 3
    assert {json.dumps(line["sample"]) for line in found} == {'{"context": "", "question": "", "response": ""}'}
    assert {line["metadata"]["leaf"] for line in found} == {"compositional_skills/a\\udcff b\n"}
    assert len((folder / "rejected.jsonl").read_text("utf-8").splitlines()) == 3
    assert (folder / "samples.jsonl").read_bytes() == b""
    assert json.loads(next(folder.glob("generated_*.json")).read_bytes()) == []


def test_messages(few: Path) -> None:
    samples = lines(few, "samples.jsonl")
    for found, sample in zip(lines(few, "messages.jsonl"), samples, strict=True):
        del sample["metadata"]["context"]
        assert found == {**sample, "metadata": json.dumps(sample["metadata"], sort_keys=True)}


def test_alpaca(few: Path) -> None:
    assert lines(few, "alpaca.jsonl") == [
        {"instruction": "How many boats are blue?", "input": CONTEXT, "output": "Of the four boats two are blue."},
        {"instruction": "What else than a rose is there?", "input": "", "output": "There is a fern."},
    ]


def test_sharegpt(few: Path) -> None:
    ids = [line["id"] for line in lines(few, "samples.jsonl")]
    assert lines(few, "sharegpt.jsonl") == [
        {
            "id": ids[0],
            "conversations": [
                {"from": "human", "value": f"How many boats are blue?\n\n{CONTEXT}"},
                {"from": "gpt", "value": "Of the four boats two are blue."},
            ],
        },
        {
            "id": ids[1],
            "conversations": [
                {"from": "human", "value": "What else than a rose is there?"},
                {"from": "gpt", "value": "There is a fern."},
            ],
        },
    ]


def test_ilab(few: Path) -> None:
    name = few.name.replace("1b-", "1b_")
    assert json.loads((few / f"generated_{name}.json").read_text("utf-8")) == [
        {
            "instruction": "How many boats are blue?",
            "input": CONTEXT,
            "output": "Of the four boats two are blue.",
            "taxonomy_path": "compositional_skills->grounded->colours",
            "task_description": "To tell colours",
            "document": "",
        },
        {
            "instruction": "What else than a rose is there?",
            "input": "",
            "output": "There is a fern.",
            "taxonomy_path": "knowledge->colours",
            "task_description": "What is red",
            "document": "A rose, a fern.",
        },
    ]
    assert lines(few, f"train_{name}.jsonl") == [
        {
            "system": "",
            "user": f"How many boats are blue?\n\n{CONTEXT}",
            "assistant": "Of the four boats two are blue.",
        },
        {"system": "", "user": "What else than a rose is there?", "assistant": "There is a fern."},
    ]
    assert lines(few, f"test_{name}.jsonl") == [
        {"system": "", "user": "Which is red?\n\nA rose, a fern.", "assistant": "The rose."},
        {"system": "", "user": "Which is red?", "assistant": "The rose."},
    ]
    assert lines(few, f"discarded_{name}.log") == [
        {
            "taxonomy_path": line["metadata"]["leaf"].replace("/", "->"),
            "reason": line["reason"],
            "detail": line["detail"],
            "answer": line["answer"],
        }
        for line in lines(few, "rejected.jsonl")
    ]


# Reads each file as a trainer would; in a process of its own, for it loads half of the world.
READ = """
import json, sys
from datasets import disable_progress_bars, load_dataset
disable_progress_bars()
*files, cache = sys.argv[1:]
found = {}
for file in files:
    data = load_dataset("json", data_files=file, cache_dir=cache, split="train")
    found[file] = [data.num_rows, sorted(data.column_names), data[data.num_rows - 1]]
print(json.dumps(found))
"""


def loaded(tmp_path: Path, *files: Path) -> dict[str, list[Any]]:
    """What Hugging Face's datasets make of files: rows, columns and the last row."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", READ, *files, tmp_path / "cache"],
        cwd=tmp_path,
        env=environment(offline),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


def test_datasets_load_all_of_it(tmp_path: Path, unmeasured: None) -> None:
    with finished(tmp_path / "out", settings=JUDGED) as (run, store):
        write_run(run, store, formats=ALL)
        folder = run.inputs.folder
    files = [*folder.glob("*s.jsonl"), *folder.glob("[!i]*.jsonl"), *folder.glob("generated_*.json")]
    found = loaded(tmp_path, *(set(files) - {folder / "inputs.jsonl"}))
    assert {Path(file).name.split("_")[0] for file in found} == {
        "alpaca.jsonl",
        "generated",
        "messages.jsonl",
        "rejected.jsonl",
        "samples.jsonl",
        "sharegpt.jsonl",
        "test",
        "train",
    }
    for file, (rows, columns, last) in found.items():
        expected = json.loads(Path(file).read_bytes()) if file.endswith(".json") else lines(folder, file)
        assert (rows, columns, last) == (len(expected), sorted(expected[-1]), expected[-1])


def test_datasets_load_large_files_whose_leaves_differ(tmp_path: Path, unmeasured: None) -> None:
    """Of each 10 MB the types are derived anew, and must be those of the first: a null would be of another."""
    with finished(tmp_path / "out", settings=JUDGED) as (run, store):
        write_run(run, store, formats=[])
        folder = run.inputs.folder
    large = []
    for name in ("samples.jsonl", "rejected.jsonl"):
        first, last = (folder / name).read_text("utf-8").splitlines()[:: len(lines(folder, name)) - 1]
        large.append(tmp_path / name)
        large[-1].write_text(f"{first}\n" * (12_000_000 // len(first)) + f"{last}\n", encoding="utf-8")
    for file, (_, _, last_row) in loaded(tmp_path, *large).items():
        assert last_row == lines(folder, Path(file).name)[-1]


# --- what goes wrong


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond this, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1000], ids=["nothing fits", "some of it fits"])
def test_full_disk_leaves_the_files_of_before(tmp_path: Path, size: int) -> None:
    with finished(tmp_path / "out", budget=Budget(tokens=300)) as (run, store):
        write_run(run, store, formats=ALL)
        before = contents(run.inputs.folder)
    with finished(tmp_path / "out") as (run, store):
        run.verdicts(0)  # which are in a file, too
        with largest_file(size), pytest.raises(TaxonomyError, match=r"^cannot write .*: File too large\.$"):
            write_run(run, store, formats=ALL)
        assert contents(run.inputs.folder) == before


def test_folder_that_is_gone(tmp_path: Path) -> None:
    with finished(tmp_path / "out") as (run, store):
        run.inputs.folder.rename(tmp_path / "elsewhere")
        with pytest.raises(TaxonomyError, match=r"^cannot write .*samples\.jsonl: No such file or directory\.$"):
            write_run(run, store, formats=[])


def test_answer_that_is_gone(tmp_path: Path) -> None:
    with finished(tmp_path / "out") as (run, store):
        store._connection.execute("DELETE FROM answers")
        with pytest.raises(TaxonomyError, match=r"^the store of answers has lost that to the request [0-9a-f]{12} of "):
            write_run(run, store, formats=[])
        assert sorted(contents(run.inputs.folder)) == ["inputs.jsonl"]


def test_links_are_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    with finished(tmp_path / "out") as (run, store):
        for name in ("samples.jsonl", ".samples.jsonl.part", ".manifest.json.part"):
            (run.inputs.folder / name).symlink_to(outside)
        write_run(run, store, formats=[])
        assert not [path for path in run.inputs.folder.iterdir() if path.is_symlink()]
        assert manifest(run.inputs.folder)["totals"]["kept"] == 12
    assert outside.read_text() == "precious"


def test_run_folder_that_is_a_link(tmp_path: Path) -> None:
    with finished(tmp_path / "out") as (run, store):
        moved = run.inputs.folder.rename(tmp_path / "moved")
        run.inputs.folder.symlink_to(moved)
        with pytest.raises(TaxonomyError, match=r"is a symbolic link, and a run's folder must not be one\.$"):
            write_run(run, store, formats=[])
    assert sorted(contents(moved)) == ["inputs.jsonl"]


# --- how it ended


def test_why_a_leaf_fell_short(tmp_path: Path) -> None:
    def reply(request: Request) -> Answer | TaxonomyError:
        return said({}) if "rhymes" in request.messages[-1].content else mixed(request)

    with finished(tmp_path / "out", reply) as (run, store):
        write_run(run, store, formats=[])
        done = manifest(run.inputs.folder)
    assert [(leaf["path"], leaf["kept"], leaf["short"], leaf["why_short"]) for leaf in done["leaves"]] == [
        ("compositional_skills/grounded/sorting", 4, 0, ""),
        ("compositional_skills/rhymes", 0, 4, "attempts used up"),
        ("knowledge/science/birds", 4, 0, ""),
    ]
    with finished(tmp_path / "never", None) as (run, store):
        write_run(run, store, formats=[])
        assert [leaf["why_short"] for leaf in manifest(run.inputs.folder)["leaves"]] == ["not asked"] * 3
    with finished(tmp_path / "stopped", budget=Budget(tokens=1)) as (run, store):
        assert run.ending is Ending.TOKENS
        write_run(run, store, formats=[])
        assert [leaf["why_short"] for leaf in manifest(run.inputs.folder)["leaves"]][1:] == ["token limit"] * 2


# --- the output folder


def test_output_folder_is_kept_out_of_git(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "generated"
    prepare_output(folder)
    ignore = folder / ".gitignore"
    assert [path.name for path in folder.iterdir()] == [".gitignore"]
    assert ignore.read_text("utf-8").splitlines()[1:] == ["*"]
    ignore.write_text("# mine\n")
    prepare_output(folder)
    assert ignore.read_text() == "# mine\n"


@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
def test_output_folder_behind_a_link(tmp_path: Path, absolute: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "target"
    target.mkdir()
    monkeypatch.chdir(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(target)
    for folder in [link] if absolute else [Path("link"), Path("link/generated")]:
        with pytest.raises(TaxonomyError) as raised:
            prepare_output(folder)
        assert raised.value.message.endswith("link is a symbolic link, and the output folder must not be one.")
        assert raised.value.remedies[0].command == f"--output-dir {target}"
    assert list(target.iterdir()) == []


def test_link_to_itself(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(TaxonomyError, match="is a symbolic link"):
        prepare_output(link)


def test_link_in_place_of_gitignore_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").symlink_to(tmp_path / "outside")
    prepare_output(tmp_path)
    assert not (tmp_path / "outside").exists()


def test_output_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(TaxonomyError) as raised:
        prepare_output(file)
    assert raised.value.message == f"{file} is no folder."
    with pytest.raises(TaxonomyError) as raised:
        prepare_output(file / "generated")
    assert raised.value.message == f"cannot write into {file / 'generated'}: Not a directory."


def test_output_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"^cannot write into /proc/self/generated: "):
        prepare_output(Path("/proc/self/generated"))
