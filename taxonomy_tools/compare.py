"""Which two states of a taxonomy are compared, and which leaves differ."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from taxonomy_tools.base import Base, comparison_start
from taxonomy_tools.diff import LeafChange, leaf_changes
from taxonomy_tools.git import SYMBOLIC_LINK, Announce, Repository
from taxonomy_tools.layout import leaf_of
from taxonomy_tools.report import Comparison
from taxonomy_tools.source import Entry, FileChange, Index, Revision, Source, Unreadable, Versioned, WorkTree, blob_oid
from taxonomy_tools.tree import Tree

_NAMED = 3
"""Ignored leaves that are named; more are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """Two states of a taxonomy, and the leaves in which they differ, sorted by path.

    `commit` is that of the checked side, what HEAD stands on for the working tree and the index; None before the first.
    `old` is None where everything counts as added; `tree` is all that `new` holds. `prefix` is the taxonomy's folder
    below the repository's root, with a `/` at its end, or empty. `notes` say why nothing differs.
    """

    comparison: Comparison
    changes: tuple[LeafChange, ...]
    new: Source
    old: Source | None
    tree: Tree
    prefix: str
    commit: str | None = None
    notes: tuple[str, ...] = ()


def open_source(
    repository: Repository, *, head: str | None, staged: bool, folder: str, announce: Announce
) -> Revision | Index | WorkTree:
    """The state to look at: a commit, the index, or the working tree.

    Raises TaxonomyError for a ref that is none, and for the working tree of a bare repository.
    """
    if head is not None:
        commit = repository.resolve(head, option="--head")
        return Revision(repository=repository, commit=commit, label=head, folder=folder, announce=announce)
    if staged:
        return Index(repository=repository, folder=folder, announce=announce)
    return WorkTree(repository=repository, folder=folder, announce=announce)


def commit_of(source: Revision | Index | WorkTree) -> str | None:
    """The commit of a state: what HEAD stands on for the working tree and the index, None before the first."""
    return source.commit if isinstance(source, Revision) else source.repository.head()


def start_of(new: Revision | Index | WorkTree, base: Base, *, direct: bool) -> str:
    """The commit (or the empty tree) at which the comparison of a state with a base starts.

    That is their merge base, so that other people's work is never called yours, or with `direct` the base itself.
    Raises TaxonomyError where there is no common commit.
    """
    is_commit = isinstance(new, Revision)
    name = new.label if is_commit else "HEAD"
    return comparison_start(new.repository, base, commit_of(new), name=name, direct=direct, merging=not is_commit)


def compare(new: Revision | Index | WorkTree, base: Base, *, direct: bool, announce: Announce) -> Compared:
    """Find the leaves of a taxonomy that differ from the base (of the whole tree, all of them).

    Raises TaxonomyError as `start_of` does.
    """
    repository, folder, chosen = new.repository, new.folder, base
    commit, merging = commit_of(new), not isinstance(new, Revision)
    start = start_of(new, chosen, direct=direct)
    old = None
    if chosen.commit is not None:
        old = Revision(
            repository=repository,
            commit=start,
            label=chosen.ref,
            folder=folder,
            folders=new.folders,
            announce=announce,
        )
    changes = leaf_changes(_Sides(repository, start, old, new, announce))
    comparison = Comparison(
        head=new.label,
        base=chosen.ref,
        reason=chosen.reason,
        base_commit=chosen.commit or "",
        start="" if start == repository.empty_tree else start,
        direct=direct,
        behind=_behind(repository, chosen.commit, commit, merging=merging) if not direct else None,
    )
    notes = () if changes else tuple(_why_nothing(comparison, new, contained=commit == start))
    prefix = f"{folder}/" if folder else ""
    return Compared(
        comparison=comparison,
        changes=tuple(changes),
        new=new,
        old=old,
        tree=new.tree(),
        prefix=prefix,
        commit=commit,
        notes=notes,
    )


def _behind(repository: Repository, base: str | None, head: str | None, *, merging: bool) -> int | None:
    """How many commits of the base the checked side lacks; with a merge in progress, what is being merged counts."""
    if base is None or head is None:
        return None
    return repository.behind(base, head, *(repository.merge_heads() if merging else ()))


@dataclass(frozen=True, slots=True)
class _Sides:
    """What `leaf_changes` asks, answered by a repository."""

    repository: Repository
    start: str
    old: Revision | None
    new: Versioned
    announce: Announce

    def changes(self) -> Iterable[FileChange]:
        return self.new.changes(self.start)

    def children(self, folders: Sequence[str]) -> Iterable[Entry]:
        return self.old.children(folders) if self.old is not None else ()

    def prepare(self, entries: Iterable[Entry]) -> None:
        self.repository.fetch_missing((entry.blob for entry in entries if entry.blob and entry.regular), self.announce)

    def read_old(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        return self.old.read(entries) if self.old is not None else iter(())

    def read_new(self, entries: Sequence[Entry]) -> Iterator[bytes | Unreadable]:
        return self.new.read(entries)

    def hash_new(self, entries: Sequence[Entry]) -> Iterator[str | None]:
        contents = self.new.read([entry for entry in entries if entry.regular])
        for entry in entries:
            content = next(contents) if entry.regular else self._target(entry)
            yield blob_oid(content, self.repository.object_format) if isinstance(content, bytes) else None

    def _target(self, entry: Entry) -> bytes | None:
        """What Git stores of a symbolic link: where it points. It is not gone there."""
        if entry.mode != SYMBOLIC_LINK or not isinstance(self.new, WorkTree):
            return None
        try:
            return os.fsencode(os.readlink(self.new.root / entry.path))
        except OSError:
            return None


def _why_nothing(comparison: Comparison, new: Versioned, *, contained: bool) -> Iterator[str]:
    """What a reader needs to see that nothing was forgotten. `contained`: the base holds all commits of the head."""
    base, head = comparison.base, new.label
    if not comparison.base_commit:
        yield f"No leaf found: {head} holds no qna.yaml."
    elif contained and isinstance(new, Revision):
        yield f"No leaf changed: {head} is contained in {base}."
    elif contained:
        yield f"No leaf changed: HEAD is contained in {base}, and nothing in {head} differs."
    else:
        start = base if comparison.direct else f"the merge base with {base}"
        yield f"No leaf changed between {start} and {head}."
    yield from ignored_leaves(new, lambda _: True)


def ignored_leaves(new: Source, selects: Callable[[str], bool]) -> Iterator[str]:
    """A note that names the ignored files of the leaves that `selects` takes, if there are any."""
    if not isinstance(new, WorkTree):
        return
    # One file a leaf: of several its qna.yaml, which comes last.
    files = {leaf_of(path): path for path in sorted(new.ignored()) if selects(leaf_of(path))}
    ignored = list(files.values())
    if ignored:
        more = f" and {len(ignored) - _NAMED} more" if len(ignored) > _NAMED else ""
        named = ", ".join(ignored[:_NAMED])
        yield f"Leaves that Git ignores are not compared: {named}{more} (see `git check-ignore -v`)."
