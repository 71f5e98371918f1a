"""From what the user named to what a run looks at: which leaves, from which source, against what.

A plan is made before anything is checked, so that wrong use ends in one message; its reports come one at a time.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from taxonomy_tools.check import Leaf, Settings, check_leaves
from taxonomy_tools.compare import compare, open_source
from taxonomy_tools.diff import LeafFiles, group_leaves
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Announce, NotARepository, Repository
from taxonomy_tools.layout import TAXONOMY_FOLDERS, is_leaf_file
from taxonomy_tools.report import Comparison, LeafReport
from taxonomy_tools.source import Entry, Folder, Source, WorkTree, announce_nothing
from taxonomy_tools.yamllint import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What the user named. Paths are as they were typed, relative to the current directory.

    `base`, `direct` belong to a comparison; `head` (a ref) and `staged` name a side other than the working tree.
    """

    taxonomy_path: Path | None = None
    paths: Sequence[Path] = ()
    base: str | None = None
    head: str | None = None
    staged: bool = False
    direct: bool = False

    @property
    def needs_git(self) -> bool:
        """Whether only a repository can answer."""
        return self.base not in (None, "empty") or self.head is not None or self.staged or self.direct


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run looks at. `notes` are sentences for the end of the report."""

    comparison: Comparison
    leaves: tuple[Leaf, ...]
    new: Source
    old: Source | None
    settings: Settings
    notes: tuple[str, ...] = ()

    def reports(self, *, jobs: int | None = None) -> Iterator[LeafReport]:
        """Check the leaves, in up to `jobs` processes (None: as many as pay); a report a leaf, as they are done.

        Raises TaxonomyError when a check cannot run.
        """
        return check_leaves(self.leaves, new=self.new, old=self.old, settings=self.settings, jobs=jobs)


def plan_diff(
    selection: Selection,
    *,
    lint_rules: Rules = Rules.DEFAULT,
    environment: Mapping[str, str] | None = None,
    announce: Announce = announce_nothing,
) -> Plan:
    """The leaves that changed against the base; of a single file or a folder without a repository, all of them.

    `environment` (the process's own by default) may name a base, `announce` is told before anything is fetched. Raises
    TaxonomyError for wrong use, and where there is nothing to compare with.
    """
    path = selection.taxonomy_path
    if path is not None and _is_file(path):
        return _plan_file(path, selection, lint_rules)
    try:
        repository = Repository.discover(path)
    except NotARepository:
        if path is None or selection.needs_git:
            raise
        return _plan_folder(path, selection.paths, lint_rules)
    folder = _folder_of(repository, selection)
    compared = compare(
        repository,
        folder=folder,
        base=selection.base,
        head=selection.head,
        staged=selection.staged,
        direct=selection.direct,
        environment=os.environ if environment is None else environment,
        announce=announce,
    )
    within = _within(repository, folder, selection.paths)
    leaves = tuple(
        Leaf(path=change.path, files=change.new or LeafFiles(), change=change)
        for change in compared.changes
        if _selects(within, change.path) or (change.old_path is not None and _selects(within, change.old_path))
    )
    notes = compared.notes
    if compared.changes and not leaves:
        notes = (f"No leaf changed below {_enumerate(selection.paths)}; elsewhere {len(compared.changes)} did.",)
    return Plan(
        comparison=compared.comparison,
        leaves=leaves,
        new=compared.new,
        old=compared.old,
        settings=Settings(lint_rules=lint_rules, prefix=compared.prefix, object_format=repository.object_format),
        notes=notes,
    )


def plan_check(
    selection: Selection, *, lint_rules: Rules = Rules.DEFAULT, announce: Announce = announce_nothing
) -> Plan:
    """The leaves at and below the paths, or all of the taxonomy's. Nothing is compared.

    Raises TaxonomyError for wrong use: a path that is not there, or not in the taxonomy.
    """
    path = selection.taxonomy_path
    if path is not None and _is_file(path):
        return _plan_file(path, selection, lint_rules)
    start = path or _common_start(selection.paths)
    try:
        repository = Repository.discover(start)
    except NotARepository:
        if selection.needs_git:
            raise
        root = path or _root_of(start or Path.cwd())
        return _plan_folder(root, selection.paths, lint_rules)
    folder = _folder_of(repository, selection)
    new = open_source(repository, head=selection.head, staged=selection.staged, folder=folder, announce=announce)
    within = _within(repository, folder, selection.paths)
    entries = [entry for entry in new.list() if _selects(within, _owner(entry.path))]
    if isinstance(new, WorkTree):
        entries += _unlisted(new, within, entries)
    prefix = f"{folder}/" if folder else ""
    settings = Settings(lint_rules=lint_rules, prefix=prefix, object_format=repository.object_format)
    return _plan(new, entries, selection, settings)


def _plan_folder(root: Path, paths: Sequence[Path], lint_rules: Rules) -> Plan:
    """The leaves of a folder that is no repository."""
    if not root.is_dir():
        raise TaxonomyError(f"there is no folder {root}.", Remedy("Name one that is there:", "taxonomy check -C PATH"))
    new = Folder(root=root)
    within = [_relative(path, root) for path in paths]
    entries = [entry for entry in new.list() if _selects(within, _owner(entry.path))]
    return _plan(new, entries, Selection(paths=paths, taxonomy_path=root), Settings(lint_rules=lint_rules))


def _plan_file(path: Path, selection: Selection, lint_rules: Rules) -> Plan:
    """The one leaf that a file belongs to, without a base."""
    if selection.needs_git or selection.paths:
        raise TaxonomyError(
            f"{path} is a single file: it is checked as it lies there, and cannot be compared.",
            Remedy("Compare what changed below a path:", f"taxonomy-diff {path.parent}"),
        )
    if not is_leaf_file(path.name):
        raise _no_leaf(path)
    root = _root_of(path.parent)
    placed = root != path.parent.absolute()
    folder = path.parent.absolute().relative_to(root)
    new = Folder(root=root)
    entries = [entry for entry in _listing(root, folder) if entry.regular or is_leaf_file(entry.path)]
    return _plan(new, entries, selection, Settings(lint_rules=lint_rules, placed=placed), label=str(path))


def _listing(root: Path, folder: Path) -> Iterator[Entry]:
    """The leaf files directly in one folder."""
    for entry in Folder(root=root / folder).list():
        if "/" not in entry.path and is_leaf_file(entry.path):
            yield Entry(path=(PurePosixPath(folder.as_posix()) / entry.path).as_posix(), mode=entry.mode, oid=None)


def _plan(
    new: Source, entries: Iterable[Entry], selection: Selection, settings: Settings, *, label: str | None = None
) -> Plan:
    leaves = tuple(Leaf(path=folder, files=files) for folder, files in group_leaves(entries).items())
    notes = () if leaves else (f"No leaf found: there is no qna.yaml {_where(selection, new)}.",)
    comparison = Comparison(head=label or new.label)
    return Plan(comparison=comparison, leaves=leaves, new=new, old=None, settings=settings, notes=notes)


def _where(selection: Selection, new: Source) -> str:
    return f"at or below {_enumerate(selection.paths)}" if selection.paths else f"in {new.label}"


def _enumerate(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _is_file(path: Path) -> bool:
    return not path.is_dir() and os.path.lexists(path)


def _folder_of(repository: Repository, selection: Selection) -> str:
    """The taxonomy's folder below the repository's root: the one that was named, else the root."""
    return repository.prefix if selection.taxonomy_path is not None else ""


def _common_start(paths: Sequence[Path]) -> Path | None:
    """Where to look for the repository: here, as long as the paths are."""
    here = Path.cwd()
    outside = [path for path in paths if not _resolve(path).is_relative_to(here)]
    return outside[0] if outside else None


def _resolve(path: Path) -> Path:
    """The absolute path, with links in the folders above followed and a link at its end kept."""
    return Path(os.path.abspath(path)).parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()


def _within(repository: Repository, folder: str, paths: Sequence[Path]) -> list[str]:
    return [_relative(path, repository.root / folder) for path in paths]


def _relative(path: Path, root: Path) -> str:
    """The path relative to the taxonomy (`""` for its root). Raises TaxonomyError for one outside of it."""
    try:
        inside = _resolve(path).relative_to(root.resolve()).as_posix()
    except ValueError as error:
        raise TaxonomyError(
            f"{path} is not in the taxonomy at {root}.", Remedy("Name the taxonomy that it is in:", "-C PATH")
        ) from error
    if not os.path.lexists(path):
        raise TaxonomyError(f"there is no {path}.", Remedy("See what there is:", f"ls {path.parent}"))
    return "" if inside == "." else inside


def _selects(within: Sequence[str], leaf: str) -> bool:
    """Whether a leaf is at or below one of the paths, or owns the file that a path names."""
    return not within or any(
        not path or leaf == path or leaf.startswith(f"{path}/") or (is_leaf_file(path) and _owner(path) == leaf)
        for path in within
    )


def _owner(path: str) -> str:
    """The leaf that a listed path belongs to: its folder, or itself where it stands in a leaf's place."""
    return path.rpartition("/")[0] if is_leaf_file(path) else path


def _unlisted(new: WorkTree, within: Sequence[str], listed: Sequence[Entry]) -> Iterator[Entry]:
    """The leaf files at paths that were named, but that Git does not list because it ignores them."""
    known = {entry.path for entry in listed}
    for path in within:
        folder = _owner(path) if is_leaf_file(path) else path
        if any(_selects([path], _owner(entry)) for entry in known):
            continue
        for entry in Folder(root=new.root / folder).list():
            inside = f"{folder}/{entry.path}" if folder else entry.path
            if inside not in known:
                yield Entry(path=inside, mode=entry.mode, oid=None)


def _no_leaf(path: Path) -> TaxonomyError:
    return TaxonomyError(
        f"{path} is no file of a leaf: those are `qna.yaml` and `attribution.txt`.",
        Remedy("Check a leaf:", "taxonomy check FOLDER"),
    )


def _root_of(path: Path) -> Path:
    """The taxonomy that a path without a repository lies in: above a folder named as only a taxonomy's are.

    Of several, the outermost that holds another such folder too, else the innermost; of none, the path itself.
    """
    path = path.absolute()
    candidates = [folder.parent for folder in (path, *path.parents) if folder.name in TAXONOMY_FOLDERS]
    for root in reversed(candidates):
        if sum((root / name).is_dir() for name in TAXONOMY_FOLDERS) > 1:
            return root
    return candidates[0] if candidates else path
