"""Leaves for the tests: content as short as the rules allow, and what came of a comparison as lines to read."""

import os
from collections.abc import Iterable, Iterator

from taxonomy_tools.content import ContentChange
from taxonomy_tools.diff import LeafChange
from taxonomy_tools.report import LeafReport, Report

ATTRIBUTION = "Title of work: none\nLicense of the work: CC0-1.0\nCreator names: Ada\n"
SEEDS = ("one", "two", "three", "four", "five")


def seed(name: str, *, answer: str = "") -> str:
    """A seed example that shares no word with that of another name."""
    text = answer or f"{name}-say {name}-that {name}-so"
    return f"  - question: {name}-ask {name}-what {name}-why\n    answer: {text}\n"


def skill(*seeds: str, task: str = "to test", comment: str = "") -> str:
    """A valid `qna.yaml` of a freeform skill. A name `a=b` is the seed example of that name with another answer."""
    examples = (seed(*name.split("=")[:1], answer=name.partition("=")[2]) for name in seeds or SEEDS)
    lead = f"# {comment}\n" if comment else ""
    head = f"{lead}version: 2\ncreated_by: ada\ntask_description: {task}\nseed_examples:\n"
    return head + "".join(examples)


def leaf(path: str, *seeds: str, task: str = "to test", attribution: str | None = ATTRIBUTION) -> dict[str, str]:
    """The files of a leaf, whose seed examples are named after its folder unless others are given."""
    names = seeds or tuple(f"{path.rpartition('/')[2]}-{name}" for name in SEEDS)
    files = {f"{path}/qna.yaml": skill(*names, task=task)}
    return files if attribution is None else {**files, f"{path}/attribution.txt": attribution}


def lines(changes: Iterable[LeafChange]) -> list[str]:
    """The changes as `git status` would tell them: a letter, a path, and where it came from."""
    return [_line(change) for change in changes]


def told(report: Report) -> list[str]:
    """Each leaf's change, what changed inside of it, and below that its findings as places and codes."""
    return [line for leaf in report.leaves for line in _told(leaf)]


def _line(change: LeafChange) -> str:
    origin = f" from {change.old_path}" if change.old_path is not None else ""
    return f"{change.kind.letter} {change.path}{origin}"


def _told(leaf: LeafReport) -> Iterator[str]:
    if leaf.change is None:
        yield leaf.path
    else:
        inside = ", ".join(_inside(leaf.content)) if leaf.content is not None else ""
        yield _line(leaf.change) + (f": {inside}" if inside else "")
    for found in leaf.diagnostics:
        place = f":{found.span.line}:{found.span.column}" if found.span else ""
        yield f"  {os.fsdecode(found.file)}{place} {found.code}"


def _inside(content: ContentChange) -> Iterator[str]:
    yield from (f"+{index}" for index in content.added)
    yield from (f"-{index}" for index in content.removed)
    yield from (f"~{edit.old}>{edit.new}({' '.join(edit.fields)})" for edit in content.edited)
    yield from content.fields
    if content.attribution:
        yield "attribution"
    if content.layout_only:
        yield "layout"
