"""Which leaves samples are made of: those that changed, or those that were named, but for those that have errors."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from taxonomy_tools.cache import open_cache
from taxonomy_tools.commands.known import known
from taxonomy_tools.commands.reporting import announce, ended, noting
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.document import Document, load
from taxonomy_tools.examine import Leaf
from taxonomy_tools.generate.inputs import Origin
from taxonomy_tools.leaf import LeafNode, NoSeedExample, read_leaf
from taxonomy_tools.plan import Plan
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.source import Entry, Index, Revision, Unreadable, WorkTree, blob_oid

_ARGUMENTS = 200
"""Paths that Git is given at once, as a command line is limited."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A leaf that no samples are made of, and why, in words that go on after its path. `faulty`: it has errors."""

    path: str
    reason: str
    faulty: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The leaves that samples are made of, by path, and those that were refused. `faulty` are taken with their errors.

    `notes` say why there may be none at all.
    """

    origin: Origin
    leaves: tuple[LeafNode, ...]
    refused: tuple[Refusal, ...]
    faulty: tuple[Refusal, ...]
    notes: tuple[str, ...]


def choose(plan: Plan, *, keep_going: bool, jobs: int | None = None) -> Chosen:
    """Validate the leaves of a plan as `taxonomy diff` and `check` do, and read those that are right.

    With `keep_going`, leaves with errors are taken too, as far as samples can be made of them. Raises TaxonomyError
    when the job cannot be done.
    """
    there = [leaf for leaf in plan.leaves if leaf.is_there]
    errors, notes = _errors(plan, jobs)
    leaves, refused, faulty = [], [], []
    for leaf, entry, content in _contents(plan, there):
        found = errors[leaf.path]
        reason = f"has {count(found, 'error')}"
        if found and not keep_going:
            refused.append(Refusal(path=leaf.path, reason=reason, faulty=True))
            continue
        node = _node(plan, leaf.path, entry, content)
        if isinstance(node, Refusal):
            refused.append(node)
            continue
        leaves.append(node)
        if found:
            faulty.append(Refusal(path=leaf.path, reason=reason))
    compared = plan.comparison
    return Chosen(
        origin=Origin(head=compared.head, base=compared.base, base_commit=compared.base_commit, start=compared.start),
        leaves=tuple(_committed(plan, leaves)),
        refused=tuple(refused),
        faulty=tuple(faulty),
        notes=notes,
    )


def _errors(plan: Plan, jobs: int | None) -> tuple[Counter[str], tuple[str, ...]]:
    """How many errors each leaf has, as far as the baseline does not know them, and what there is to say of it all."""
    errors: Counter[str] = Counter()
    unread: list[str] = []
    notes = list(plan.notes)
    with ExitStack() as stack:
        cache = stack.enter_context(open_cache(os.environ, announce, checkout=plan.checkout))
        baseline = known(plan, without=False, write=False, file=None, keeps=False)
        reports = stack.enter_context(ended(plan.reports(jobs=jobs, cache=cache, sieve=baseline.sieve)))
        for report in baseline.noting(noting(reports, unread), notes, unread):
            errors[report.path] = sum(item.severity is Severity.ERROR for item in report.diagnostics)
    return errors, tuple(notes)


def _contents(
    plan: Plan, leaves: Sequence[Leaf], *, fresh: bool = False
) -> Iterator[tuple[Leaf, Entry | None, bytes | Unreadable | None]]:
    """Each leaf with its document's entry and bytes, None where it has none.

    If they are to be `fresh`, those of the working tree are read from there, also where Git had them at the start.
    """
    documents = [leaf.files.document for leaf in leaves]
    if fresh and isinstance(plan.new, WorkTree):
        documents = [None if entry is None else replace(entry, stored=False) for entry in documents]
    contents = plan.new.read([entry for entry in documents if entry is not None])
    for leaf, entry in zip(leaves, documents, strict=True):
        yield leaf, entry, None if entry is None else next(contents)


def _node(plan: Plan, path: str, entry: Entry | None, content: bytes | Unreadable | None) -> LeafNode | Refusal:
    """A leaf as samples are made of it, without its commit, or why none can be."""
    if entry is None or content is None:
        return Refusal(path=path, reason="has no qna.yaml")
    if isinstance(content, Unreadable):
        return Refusal(path=path, reason=f"cannot be read: its qna.yaml {content.message}")
    document = load(content)
    if not isinstance(document, Document):
        return Refusal(path=path, reason=f"cannot be read: {document[0].message}")
    try:
        return read_leaf(
            path, document.data, blob=entry.oid or blob_oid(content, plan.settings.terms.object_format), commit=""
        )
    except NoSeedExample as error:
        return Refusal(path=path, reason=error.message.removeprefix(f"{path} ").rstrip("."))


def _committed(plan: Plan, leaves: Sequence[LeafNode]) -> Iterator[LeafNode]:
    """The leaves, each with the commit that holds its bytes, as far as one does."""
    commit, blobs = _recorded(plan, leaves)
    for leaf in leaves:
        yield replace(leaf, commit=commit) if blobs.get(leaf.path) == leaf.blob else leaf


def _recorded(plan: Plan, leaves: Sequence[LeafNode]) -> tuple[str, dict[str, str]]:
    """The commit that was looked at (HEAD, where none was), and what it has as the document of each leaf."""
    source = plan.new
    if not isinstance(source, Revision | Index | WorkTree) or not leaves:
        return "", {}
    repository = source.repository
    commit = source.commit if isinstance(source, Revision) else repository.head()
    if commit is None:
        return "", {}
    below = f"{source.folder}/" if source.folder else ""
    found = {}
    for start in range(0, len(leaves), _ARGUMENTS):
        under = [f"{below}{leaf.path}/qna.yaml" for leaf in leaves[start : start + _ARGUMENTS]]
        for raw in repository.tree_changes(repository.empty_tree, commit, under=under):
            if raw.new_oid is not None:
                found[raw.path.removeprefix(below).removesuffix("/qna.yaml")] = raw.new_oid
    return commit, found


def changed_since(plan: Plan, leaves: Sequence[LeafNode]) -> list[str]:
    """The paths of those leaves whose document is not what was read any more: it was edited, or is gone."""
    known = {leaf.path: leaf.blob for leaf in leaves}
    there = [leaf for leaf in plan.leaves if leaf.path in known]
    return [
        leaf.path
        for leaf, _, content in _contents(plan, there, fresh=True)
        if not isinstance(content, bytes) or blob_oid(content, plan.settings.terms.object_format) != known[leaf.path]
    ]
