"""Leaves in, reports out: has leaves examined, here or in a pool of processes, and says what counts of the findings."""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil

from taxonomy_tools import yamllint
from taxonomy_tools.across import Across
from taxonomy_tools.cache import Cache
from taxonomy_tools.content import ContentChange
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.examine import Examined, Leaf, Terms, examine
from taxonomy_tools.policy import Policy
from taxonomy_tools.recall import Query, Recall
from taxonomy_tools.report import LeafReport
from taxonomy_tools.source import Entry, Source

_CHUNK = 256
"""Leaves a yamllint process: its start is then some 3% of its work, and what is in memory stays small."""
_WINDOW = 512
"""Leaves that are looked up at once: what is in memory of them stays small."""
_YAMLLINTS = 4
"""How many yamllint processes one process of ours keeps busy: a leaf takes them ten times as long."""
_HANDFUL = 16
"""Up to so many leaves, starting processes costs more than they save."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a check goes by. `prefix` is the taxonomy's folder in the repository, with a `/` at its end, or empty.

    `policy` says what counts of what is found. `whole` says that all leaves of the taxonomy are checked.
    """

    terms: Terms
    policy: Policy = field(default_factory=Policy)
    prefix: str = ""
    whole: bool = False


def default_jobs(leaves: int) -> int:
    """The number of processes for so many leaves: the cores that this process may use, and 1 for a handful."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if leaves > _HANDFUL else 1


def check_leaves(
    leaves: Sequence[Leaf],
    *,
    new: Source,
    old: Source | None,
    settings: Settings,
    jobs: int | None = None,
    cache: Cache | None = None,
) -> Generator[LeafReport]:
    """Check leaves, and tell what changed inside those that come with a change.

    Gives a report a leaf, in the order of the leaves, as they are done. `jobs` is the number of processes, None for the
    default. Leaves that the `cache` knows are not examined, and it is told of the others; it stays open. Raises
    TaxonomyError when a check cannot run, never for what a leaf holds.
    """
    work = _Work(new=new, old=old, terms=settings.terms, jobs=jobs)
    if not leaves:
        work.try_rules()
    recall = Recall(cache or Cache(), settings.terms)
    queries = recall.queries(leaves, new)
    across = Across(queries, source=new, similarity=settings.terms.standards.similarity, recall=recall)
    examined_leaves = _examined(queries, work, recall, questions=across.needs_questions)
    for leaf, examined in zip(leaves, examined_leaves, strict=True):
        found = across.of(leaf, examined.verdict) if leaf.is_there else ()
        yield _report(leaf, examined, found, settings)
    across.keep()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """What examining leaves takes, but for the leaves."""

    new: Source
    old: Source | None
    terms: Terms
    jobs: int | None

    def examine(self, leaves: Sequence[Leaf]) -> Generator[Examined]:
        """What comes of each leaf, in their order."""
        jobs = min(self.jobs or default_jobs(len(leaves)), max(1, len(leaves)))
        workers = ceil(jobs / _YAMLLINTS)
        yamllints = ceil(jobs / workers)
        size = max(1, min(_CHUNK * yamllints, ceil(len(leaves) / workers)))
        chunks = (leaves[start : start + size] for start in range(0, len(leaves), size))
        work = partial(examine, new=self.new, old=self.old, terms=self.terms, yamllints=yamllints)
        if workers == 1:
            for chunk in chunks:
                yield from work(chunk)
            return
        from taxonomy_tools.pool import in_order, interruptible, process_pool  # 15 ms, for nothing in a small run

        with process_pool(workers) as pool:
            tasks = (partial(pool.submit, interruptible, work, chunk) for chunk in chunks)
            for done in in_order(tasks, ahead=workers + 1):
                yield from done

    def try_rules(self) -> None:
        """Have yamllint accept rules of the user's: that they are none must not show only once there is a leaf."""
        if self.terms.lint_rules != yamllint.Rules.DEFAULT:
            examine((), new=self.new, old=self.old, terms=self.terms, yamllints=1)


def _examined(queries: Sequence[Query], work: _Work, recall: Recall, *, questions: bool) -> Iterator[Examined]:
    """What came of each leaf, now or before, in their order; of those from before with their questions if so wanted.

    Which leaves must be examined is asked for all of them first, so that these are shared out as if they were alone.
    """
    missing = recall.missing(queries)
    with closing(work.examine([query.leaf for query, is_new in zip(queries, missing, strict=True) if is_new])) as fresh:
        for start in range(0, len(queries), _WINDOW):
            window = slice(start, start + _WINDOW)
            yield from _looked_up(queries[window], missing[window], fresh, work, recall, questions=questions)


def _looked_up(
    queries: Sequence[Query],
    missing: Sequence[bool],
    fresh: Iterator[Examined],
    work: _Work,
    recall: Recall,
    *,
    questions: bool,
) -> Iterator[Examined]:
    """What came of each leaf of a window: of the next `fresh` ones for those that are missing in the cache."""
    known = [query for query, is_new in zip(queries, missing, strict=True) if not is_new]
    found = recall.find(known, questions=questions)
    late = [query for query, examined in zip(known, found, strict=True) if examined is None]
    results: list[tuple[Query, Examined]] = []
    with closing(work.examine([query.leaf for query in late])) as others:
        before = iter(found)
        try:
            for query, is_new in zip(queries, missing, strict=True):
                examined = None if is_new else next(before)
                if examined is None:
                    examined = next(fresh if is_new else others)
                    results.append((query, examined))
                yield examined
        finally:  # also of a run that ends early: the next one goes on from there
            recall.keep(results)


def _report(leaf: Leaf, examined: Examined, across: Sequence[Diagnostic], settings: Settings) -> LeafReport:
    change, verdict = leaf.change, examined.verdict
    files = examined.files if settings.terms.object_format else leaf.files
    if change is not None and change.new is not None:
        change = replace(change, new=files)
    in_force = settings.policy.judge(leaf.path, (*verdict.diagnostics, *across), verdict.ignores, across=settings.whole)
    return LeafReport(
        path=leaf.path,
        kind=verdict.kind,
        change=change,
        files=files if change is None else None,
        content=_content(change, examined),
        seed_examples=verdict.seed_examples,
        diagnostics=tuple(_placed(diagnostic, settings.prefix) for diagnostic in in_force),
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
