"""Leaves in, reports out: has leaves examined, here or in a pool of processes, and says what counts of the findings."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from taxonomy_tools import yamllint
from taxonomy_tools.content import ContentChange
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.examine import Examined, Leaf, Terms, examine
from taxonomy_tools.report import LeafReport
from taxonomy_tools.source import Entry, Source

_CHUNK = 256
"""Leaves a yamllint process: its start is then some 3% of its work, and what is in memory stays small."""
_YAMLLINTS = 4
"""How many yamllint processes one process of ours keeps busy: a leaf takes them ten times as long."""
_HANDFUL = 16
"""Up to so many leaves, starting processes costs more than they save."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a check goes by. `prefix` is the taxonomy's folder in the repository, with a `/` at its end, or empty."""

    terms: Terms
    prefix: str = ""


def default_jobs(leaves: int) -> int:
    """The number of processes for so many leaves: the cores that this process may use, and 1 for a handful."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if leaves > _HANDFUL else 1


def check_leaves(
    leaves: Sequence[Leaf], *, new: Source, old: Source | None, settings: Settings, jobs: int | None = None
) -> Iterator[LeafReport]:
    """Check leaves, and tell what changed inside those that come with a change.

    Gives a report a leaf, in the order of the leaves, as they are done. `jobs` is the number of processes, None for the
    default. Raises TaxonomyError when a check cannot run, never for what a leaf holds.
    """
    for leaf, examined in zip(leaves, _examined(leaves, new, old, settings.terms, jobs), strict=True):
        yield _report(leaf, examined, settings)


def _examined(
    leaves: Sequence[Leaf], new: Source, old: Source | None, terms: Terms, jobs: int | None
) -> Iterator[Examined]:
    """What came of each leaf, in their order."""
    jobs = min(jobs or default_jobs(len(leaves)), max(1, len(leaves)))
    # Rules of the user's are tried in any case: that they are none must not show only once there is a leaf.
    number = len(leaves) or int(terms.lint_rules != yamllint.Rules.DEFAULT)
    workers = ceil(jobs / _YAMLLINTS)
    yamllints = ceil(jobs / workers)
    size = max(1, min(_CHUNK * yamllints, ceil(len(leaves) / workers)))
    chunks = (leaves[start : start + size] for start in range(0, number, size))
    work = partial(examine, new=new, old=old, terms=terms, yamllints=yamllints)
    if workers == 1:
        for chunk in chunks:
            yield from work(chunk)
        return
    from taxonomy_tools.pool import in_order, interruptible, process_pool  # 15 ms, for nothing in a small run

    with process_pool(workers) as pool:
        tasks = (partial(pool.submit, interruptible, work, chunk) for chunk in chunks)
        for done in in_order(tasks, ahead=workers + 1):
            yield from done


def _report(leaf: Leaf, examined: Examined, settings: Settings) -> LeafReport:
    change, verdict = leaf.change, examined.verdict
    if change is not None and change.new is not None:
        change = replace(change, new=examined.files)
    return LeafReport(
        path=leaf.path,
        kind=verdict.kind,
        change=change,
        files=examined.files if change is None else None,
        content=_content(change, examined),
        seed_examples=verdict.seed_examples,
        diagnostics=tuple(_placed(diagnostic, settings.prefix) for diagnostic in verdict.diagnostics),
        changed_lines=_changed_lines(change, examined),
    )


def _placed(diagnostic: Diagnostic, prefix: str) -> Diagnostic:
    """The diagnostic with its file relative to the Git root."""
    return replace(diagnostic, file=prefix + diagnostic.file) if prefix else diagnostic


def _content(change: LeafChange | None, examined: Examined) -> ContentChange | None:
    """What changed inside the leaf, if there are two documents to compare, or two that are the same."""
    content = examined.difference.content if examined.difference is not None else None
    if content is None or change is None or change.old is None or change.new is None:
        return None
    return replace(content, attribution=_differ(change.old.attribution, change.new.attribution))


def _differ(old: Entry | None, new: Entry | None) -> bool:
    return (old is None) is not (new is None) or (old is not None and new is not None and old.oid != new.oid)


def _changed_lines(change: LeafChange | None, examined: Examined) -> tuple[range, ...] | None:
    """The lines of the document that were not there before: all of a new leaf's, as Git would show it."""
    if change is None:
        return None
    if change.kind in (ChangeKind.ADDED, ChangeKind.COPIED):
        lines = examined.verdict.lines
        return (range(1, lines + 1),) if lines is not None else None
    return examined.difference.lines if examined.difference is not None else None
