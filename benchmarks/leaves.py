"""The material of the benchmarks: leaf nodes of version 2 and 3, as many as are asked for, no two alike."""

import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from taxonomy_tools.layout import ATTRIBUTION_FILE, QNA_FILE

_ATTRIBUTION = b"Title of work: Benchmark\nLicense of the work: CC0-1.0\nCreator names: nobody\n"
# What the corpus holds of versions 2 and 3: top folder, version, how many, and the median size in bytes.
_SIZES = (
    ("compositional_skills", 2, 16, 3548),
    ("compositional_skills", 3, 15, 1842),
    ("knowledge", 2, 34, 2812),
    ("knowledge", 3, 67, 6411),
)
_WORDS = (
    "river stone lantern garden winter letter copper harbour meadow engine bread ladder thunder window market paper "
    "island forest bridge candle orchard kettle silver tunnel pepper saddle anchor basket ribbon hammer valley mirror"
).split()
_QUESTION = re.compile(rb"question: +(?:[|>][-+0-9]*\s+)?[\"']?(?=[A-Za-z])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Documents to make leaves from, each with its top folder, and where they come from (for the table)."""

    source: str
    documents: tuple[tuple[str, bytes], ...]


def load_material() -> Material:
    """The documents of version 2 and 3 in the corpus that TAXONOMY_CORPUS names, else invented ones of their sizes."""
    corpus = os.environ.get("TAXONOMY_CORPUS")
    if not corpus:
        return Material(source="invented text of the same sizes as real leaves", documents=tuple(_invent_documents()))
    documents = tuple(_read_documents(Path(corpus)))
    return Material(source=f"the {len(documents)} real leaves of version 2 and 3 in the corpus", documents=documents)


def write_leaves(root: Path, material: Material, count: int, *, start: int = 0) -> list[str]:
    """Write leaves number `start` and following below `root`, and return the paths of their `qna.yaml`, relative to it.

    A comment at the end makes each one a blob of its own, and words before its questions make these its own: copies
    would be recognised as such, question by question, which no real taxonomy holds by the thousand.
    """
    paths = []
    for number, (top, document) in enumerate(islice(cycle(material.documents), start, start + count), start):
        leaf = f"{top}/bench/{number % 100:02}/leaf_{number:05}"
        folder = root / leaf
        folder.mkdir(parents=True)
        (folder / QNA_FILE).write_bytes(_with_comment(_with_own_questions(document, number), f"leaf {number}"))
        (folder / ATTRIBUTION_FILE).write_bytes(_ATTRIBUTION)
        paths.append(f"{leaf}/{QNA_FILE}")
    return paths


def edit_leaves(root: Path, paths: list[str]) -> None:
    """Change each of the files a little."""
    for path in paths:
        target = root / path
        target.write_bytes(_with_comment(target.read_bytes(), "edited"))


def _with_own_questions(document: bytes, number: int) -> bytes:
    """The document with words of the leaf's own before each question."""
    picked = (number, number // 32 + 3 * number, number // 1024 + 5 * number)
    words = " ".join(_WORDS[one % len(_WORDS)] for one in picked)
    return _QUESTION.sub(rb"\g<0>" + f"{words}, ".encode(), document)


def _with_comment(document: bytes, comment: str) -> bytes:
    return document + (b"" if document.endswith(b"\n") else b"\n") + f"# {comment}\n".encode()


def _read_documents(corpus: Path) -> Iterator[tuple[str, bytes]]:
    for line in (corpus / "reference.jsonl").read_text(encoding="utf-8").splitlines():
        verdict = json.loads(line)
        top = verdict["file"].split("/", 1)[0]
        if verdict["version"] in (2, 3) and top in ("compositional_skills", "knowledge"):
            yield top, (corpus / "tree" / verdict["file"]).read_bytes()


def _invent_documents() -> Iterator[tuple[str, bytes]]:
    draw = random.Random(1)
    for top, version, count, size in _SIZES:
        for _ in range(count):
            yield top, _invent(draw, top, version, size).encode()


def _invent(draw: random.Random, top: str, version: int, size: int) -> str:
    """A valid document (but for a version 2 knowledge leaf, which no schema accepts) of about `size` bytes."""
    if top == "knowledge":
        head = (
            f"version: {version}\ncreated_by: nobody\ndomain: everything\ndocument_outline: What there is to know\n"
            f"document:\n  repo: https://example.com/notes\n  commit: {'c0de' * 10}\n  patterns:\n    - '*.md'\n"
        )
        seeds = [_invent_knowledge_seed(draw, (size - len(head)) // 5) for _ in range(5)]
    else:
        head = f"version: {version}\ncreated_by: nobody\ntask_description: {_say(draw, 60)}\n"
        seeds = [_invent_skill_seed(draw, (size - len(head)) // 5) for _ in range(5)]
    return head + "seed_examples:\n" + "".join(seeds)


def _invent_skill_seed(draw: random.Random, size: int) -> str:
    return f"  - question: {_say(draw, size // 3)}?\n    answer: {_say(draw, size // 2)}.\n"


def _invent_knowledge_seed(draw: random.Random, size: int) -> str:
    pairs = [
        f"      - question: {_say(draw, size // 12)}?\n        answer: {_say(draw, size // 9)}.\n" for _ in range(3)
    ]
    return f"  - context: {_say(draw, size // 4)}.\n    questions_and_answers:\n" + "".join(pairs)


def _say(draw: random.Random, size: int) -> str:
    """Words of about `size` bytes together, two at least."""
    return " ".join(draw.choices(_WORDS, k=max(2, size // 7)))
