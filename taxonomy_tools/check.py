"""Leaves in, diagnostics out: reads leaves in chunks, runs the rules over each, and points findings at their places.

A chunk is the unit of work, here and in the processes of a pool: yamllint's processes run while the documents of the
chunk are read and validated. What goes to a pool and comes back are small records that pickle.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from taxonomy_tools import schemas, yamllint
from taxonomy_tools.content import ContentChange, compare, seed_examples
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles, hashed
from taxonomy_tools.document import Document, Problem, load
from taxonomy_tools.layout import ALONE, ATTRIBUTION_FILE, QNA_FILE, LeafKind, Surroundings, leaf_kind, schema_kind
from taxonomy_tools.lines import changed_lines
from taxonomy_tools.report import LeafReport
from taxonomy_tools.rules import LEAF_RULES
from taxonomy_tools.rules.base import FileProblem, Finding, Rule, Subject
from taxonomy_tools.source import Entry, Source, Unreadable, blob_oid
from taxonomy_tools.standards import DEFAULT, Standards

_CHUNK = 256
"""Leaves a yamllint process: its start is then some 3% of its work, and what is in memory stays small."""
_YAMLLINTS = 4
"""How many yamllint processes one process of ours keeps busy: a leaf takes them ten times as long."""
_HANDFUL = 16
"""Up to so many leaves, starting processes costs more than they save."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A leaf node to check: its files on the checked side, what lies around them, and what changed, if compared."""

    path: str
    files: LeafFiles
    change: LeafChange | None = None
    surroundings: Surroundings = ALONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a check goes by.

    `lint_rules` is yamllint's configuration. `object_format` is how the repository hashes ("sha1", "sha256"), empty
    where there is none. `prefix` is the taxonomy's folder inside the repository, with a `/` at its end, or empty.
    `placed` is false where nothing tells the root of the taxonomy (a single file).
    """

    lint_rules: yamllint.Rules
    standards: Standards = DEFAULT
    object_format: str = ""
    prefix: str = ""
    placed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Input:
    """A leaf with the content of its files; None for a file that there is none of."""

    leaf: Leaf
    document: bytes | Unreadable | None = None
    attribution: bytes | Unreadable | None = None
    blocked: Unreadable | None = None
    old_document: bytes | Unreadable | None = None


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
    jobs = min(jobs or default_jobs(len(leaves)), max(1, len(leaves)))
    # Rules of the user's are tried in any case: that they are none must not show only once there is a leaf.
    number = len(leaves) or int(settings.lint_rules != yamllint.Rules.DEFAULT)
    workers = ceil(jobs / _YAMLLINTS)
    yamllints = ceil(jobs / workers)
    size = max(1, min(_CHUNK * yamllints, ceil(len(leaves) / workers)))
    chunks = (leaves[start : start + size] for start in range(0, number, size))
    check = partial(_check_chunk, new=new, old=old, settings=settings, yamllints=yamllints)
    if workers == 1:
        for chunk in chunks:
            yield from check(chunk)
        return
    from taxonomy_tools.pool import in_order, interruptible, process_pool  # 15 ms, for nothing in a small run

    with process_pool(workers) as pool:
        tasks = (partial(pool.submit, interruptible, check, chunk) for chunk in chunks)
        for reports in in_order(tasks, ahead=workers + 1):
            yield from reports


def _read(leaves: Sequence[Leaf], new: Source, old: Source | None) -> Iterator[_Input]:
    """The content of the leaves' files, a leaf at a time."""
    wanted = [[entry for entry in _entries(leaf.files) if entry] for leaf in leaves]
    contents = new.read([entry for entries in wanted for entry in entries])
    before = [_old_document(leaf) for leaf in leaves]
    old_contents = old.read([entry for entry in before if entry]) if old is not None else iter(())
    for leaf, entries, old_entry in zip(leaves, wanted, before, strict=True):
        content = {entry.path: next(contents) for entry in entries}
        files = leaf.files
        blocked = content[files.blocked.path] if files.blocked else None
        yield _Input(
            leaf=leaf,
            document=content[files.qna.path] if files.qna else None,
            attribution=content[files.attribution.path] if files.attribution else None,
            blocked=blocked if isinstance(blocked, Unreadable) else None,
            old_document=next(old_contents, None) if old_entry else None,
        )


def _entries(files: LeafFiles) -> tuple[Entry | None, ...]:
    return files.qna, files.attribution, files.blocked


def _old_document(leaf: Leaf) -> Entry | None:
    """The document before, if it must be read to tell what changed in it."""
    change = leaf.change
    return change.old.document if change is not None and change.old is not None else None


def _check_chunk(
    leaves: Sequence[Leaf], *, new: Source, old: Source | None, settings: Settings, yamllints: int
) -> list[LeafReport]:
    """Check the leaves of a chunk. yamllint starts on the names alone; the contents are read while it does."""
    names = [leaf.files.qna.path for leaf in leaves if leaf.files.qna is not None]
    with yamllint.Runs(names, settings.lint_rules, processes=yamllints) as runs:
        drafts = []
        number = 0
        for item in _read(leaves, new, old):
            draft = _Draft.of(item)
            if item.leaf.files.qna is not None:
                runs.put(number, draft.lintable)
                number += 1
            drafts.append(draft)
        subjects = [draft.subject(settings) for draft in drafts]
        results = iter(list(runs.results()))
    return [
        _report(draft, _linted(subject, next(results)) if draft.item.leaf.files.qna else subject, settings)
        for draft, subject in zip(drafts, subjects, strict=True)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A leaf whose document has been read, or could not be."""

    item: _Input
    document: Document | None
    version: int | None
    problems: tuple[FileProblem, ...]

    @classmethod
    def of(cls, item: _Input) -> "_Draft":
        document, problems = _load(item.document)
        files = item.leaf.files
        found = [FileProblem(path=files.qna.path, problem=problem) for problem in problems if files.qna]
        for entry, content in ((files.attribution, item.attribution), (files.blocked, item.blocked)):
            if entry is not None and isinstance(content, Unreadable):
                found.append(FileProblem(path=entry.path, problem=_problem(content)))
        version = schemas.version_of(document.data) if document is not None else None
        return cls(item=item, document=document, version=version, problems=tuple(found))

    @property
    def lintable(self) -> bytes | None:
        """What yamllint is shown: nothing of a document that the guard refused, or of version 1."""
        linted = self.version is not None and self.version >= 2
        return self.item.document if linted and isinstance(self.item.document, bytes) else None

    def subject(self, settings: Settings) -> Subject:
        """What the rules see, without yamllint's results."""
        leaf, document = self.item.leaf, self.document
        folder = f"{leaf.path}/" if leaf.path else ""
        data = document.data if document is not None else None
        return Subject(
            path=leaf.path,
            document_path=leaf.files.document.path if leaf.files.document else f"{folder}{QNA_FILE}",
            document=document,
            version=self.version,
            violations=tuple(schemas.violations(schema_kind(leaf.path, data), data)),
            lint=(),
            attribution=self.item.attribution if isinstance(self.item.attribution, bytes) else None,
            attribution_path=f"{folder}{ATTRIBUTION_FILE}",
            misnamed=tuple(entry.path for entry in leaf.files.misnamed),
            problems=self.problems,
            kind=_kind(leaf.path, document),
            placed=settings.placed,
            surroundings=leaf.surroundings,
            standards=settings.standards,
        )


def _load(content: bytes | Unreadable | None) -> tuple[Document | None, tuple[Problem, ...]]:
    if content is None:
        return None, ()
    if isinstance(content, Unreadable):
        return None, (_problem(content),)
    loaded = load(content)
    return (loaded, ()) if isinstance(loaded, Document) else (None, loaded)


def _problem(unreadable: Unreadable) -> Problem:
    return Problem(code=unreadable.code, message=unreadable.message)


def _linted(subject: Subject, result: tuple[yamllint.LintProblem, ...] | yamllint.Failure) -> Subject:
    if isinstance(result, yamllint.Failure):
        problem = FileProblem(path=subject.document_path, problem=Problem(code="TX005", message=result.reason))
        return replace(subject, problems=(*subject.problems, problem))
    return replace(subject, lint=result)


def _report(draft: _Draft, subject: Subject, settings: Settings) -> LeafReport:
    leaf = draft.item.leaf
    document = subject.document or _load(_removed_document(draft.item))[0]
    files = _with_oids(draft.item, settings.object_format)
    change = replace(leaf.change, new=files) if leaf.change is not None and leaf.change.new else leaf.change
    return LeafReport(
        path=leaf.path,
        kind=_kind(leaf.path, document),
        change=change,
        files=files if leaf.change is None else None,
        content=_content(draft, change),
        seed_examples=len(seed_examples(subject.document.data)) if subject.document is not None else None,
        diagnostics=_diagnose(subject, settings) if _is_there(leaf) else (),
        changed_lines=_changed_lines(draft.item),
    )


def _with_oids(item: _Input, object_format: str) -> LeafFiles:
    """The leaf's files, those that Git has not hashed with the hash that it would give them."""
    files = item.leaf.files
    if not object_format:
        return files
    return replace(
        files,
        qna=_with_oid(files.qna, item.document, object_format),
        attribution=_with_oid(files.attribution, item.attribution, object_format),
    )


def _with_oid(entry: Entry | None, content: bytes | Unreadable | None, object_format: str) -> Entry | None:
    if entry is None or entry.oid is not None or not isinstance(content, bytes):
        return entry
    return hashed(entry, blob_oid(content, object_format))


def _is_there(leaf: Leaf) -> bool:
    return leaf.change is None or leaf.change.kind is not ChangeKind.REMOVED


def _removed_document(item: _Input) -> bytes | Unreadable | None:
    """Of a removed leaf, what it was: to say of what kind."""
    return None if _is_there(item.leaf) else item.old_document


def _kind(path: str, document: Document | None) -> LeafKind | None:
    if document is not None:
        return leaf_kind(path, document.data)
    kind = leaf_kind(path, None)
    return kind if kind is LeafKind.KNOWLEDGE else None


def _content(draft: _Draft, change: LeafChange | None) -> ContentChange | None:
    """What changed inside the leaf, if there are two documents to compare, or two that are the same."""
    if change is None or change.old is None or change.new is None:
        return None
    attribution = _differ(change.old.attribution, change.new.attribution)
    before, after = draft.item.old_document, draft.item.document
    if isinstance(after, bytes) and before == after:
        return ContentChange(attribution=attribution)
    old, _ = _load(before)
    if (
        old is None
        or draft.document is None
        or not (isinstance(old.data, dict) and isinstance(draft.document.data, dict))
    ):
        return None
    return compare(old.data, draft.document.data, attribution=attribution, document=True)


def _changed_lines(item: _Input) -> tuple[range, ...] | None:
    """The lines of the document that were not there before: all of a new leaf's, as Git would show it."""
    change = item.leaf.change
    if change is None or not isinstance(item.document, bytes):
        return None
    if change.kind in (ChangeKind.ADDED, ChangeKind.COPIED):
        return (range(1, item.document.count(b"\n") + 2),)
    return changed_lines(item.old_document, item.document) if isinstance(item.old_document, bytes) else None


def _differ(old: Entry | None, new: Entry | None) -> bool:
    return (old is None) is not (new is None) or (old is not None and new is not None and old.oid != new.oid)


def _diagnose(subject: Subject, settings: Settings) -> tuple[Diagnostic, ...]:
    """What the rules find, in the order of reports. What an alias repeats is told once: it stands in one place."""
    found = (_diagnostic(rule, finding, subject, settings) for rule in LEAF_RULES for finding in rule.check(subject))
    return tuple(sorted(dict.fromkeys(found), key=lambda diagnostic: diagnostic.sort_key))


def _diagnostic(rule: Rule, finding: Finding, subject: Subject, settings: Settings) -> Diagnostic:
    """A finding with its place: the one spot where a route becomes a line and a column."""
    span, frame = finding.span, finding.frame
    if subject.document is not None and finding.file is None:
        if finding.route is not None:
            span = subject.document.span(finding.route, finding.on)
        if span is not None and not frame:
            frame = subject.document.text.frame(span)
    return Diagnostic(
        code=rule.CODE,
        name=rule.NAME,
        severity=finding.severity or rule.SEVERITY,
        message=finding.message,
        leaf=subject.path,
        file=settings.prefix + (finding.file or subject.document_path),
        span=span,
        hint=finding.hint,
        frame=frame,
    )
