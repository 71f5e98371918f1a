"""From what the user named to what a run looks at: which leaves, from which source, against what.

A plan is made before anything is checked, so that wrong use ends in one message; its reports come one at a time.
"""

import os
import posixpath
import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import basename
from typing import TypeVar

from taxonomy_tools.base import Base, base_of_proposal, find_base, in_ci, insist_on_proposal, named_base
from taxonomy_tools.baseline import Baseline, Sieve
from taxonomy_tools.beneath import GIT_FOLDER, beneath, in_git_folder, reached
from taxonomy_tools.cache import Cache
from taxonomy_tools.check import Settings, check_leaves
from taxonomy_tools.compare import compare, ignored_leaves, open_source, start_of
from taxonomy_tools.config import BASELINE_FILE, CONFIG_FILE
from taxonomy_tools.contribution import Contribution, look_at
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import LeafFiles, group_leaves
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.examine import Leaf, Terms
from taxonomy_tools.git import GITLINK, REGULAR_FILE, SYMBOLIC_LINK, Announce, NotARepository, Repository
from taxonomy_tools.layout import (
    ALONE,
    ATTRIBUTION_FILE,
    TAXONOMY_FOLDERS,
    Surroundings,
    in_taxonomy,
    is_leaf_file,
    leaf_of,
)
from taxonomy_tools.policy import Policy
from taxonomy_tools.report import Comparison, LeafReport
from taxonomy_tools.settle import NOTHING_GIVEN, UNSETTLED, Files, Given, Settled, settle
from taxonomy_tools.source import Entry, Folder, Index, Revision, Source, WorkTree, announce_nothing
from taxonomy_tools.surroundings import Neighbourhood
from taxonomy_tools.touched import touched_leaves
from taxonomy_tools.tree import Tree
from taxonomy_tools.unsaved import Unsaved

_NAMED = 3
"""Paths that a note names; more are counted."""
_ARGUMENTS = 200
"""Paths that Git is given at once, as a command line is limited."""
_MANY = 2_000
"""Places that a commit touches, for which it is quicker to list all leaves than to look for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What the user named. Paths are as they were typed, relative to the current directory.

    `base`, `direct` belong to a comparison; `head` (a ref) and `staged` name a side other than the working tree.
    `unsaved` is what the one leaf file in `paths` is to hold, once it is saved. `touched` are the files that a hook was
    given (none, where no leaf file is staged): their leaves are looked at, and those that the commit removes a file of.
    """

    taxonomy_path: Path | None = None
    paths: Sequence[Path] = ()
    base: str | None = None
    head: str | None = None
    staged: bool = False
    direct: bool = False
    unsaved: bytes | None = None
    touched: Sequence[str] | None = None

    @property
    def needs_git(self) -> bool:
        """Whether only a repository can answer."""
        named = self.head is not None or self.touched is not None
        return self.base not in (None, "empty") or named or self.staged or self.direct


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run looks at.

    `settled` is the configuration in force, which `settings` follow. `contribution` is what is wrong with the commits,
    looked at with everything that changed and not with a part of it, and `unseen` stands for those that were not looked
    at. `notes` are sentences for the end of the report.
    `whole` says that all leaves of the taxonomy are looked at.
    """

    comparison: Comparison
    leaves: tuple[Leaf, ...]
    new: Source
    old: Source | None
    settings: Settings
    settled: Settled = UNSETTLED
    contribution: tuple[Diagnostic, ...] = ()
    unseen: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    whole: bool = False

    @property
    def checkout(self) -> Path | None:
        """Where the repository lies that is looked at, None without one: what is in there may be another's work."""
        files = self.settled.files
        return None if files is None or isinstance(files.source, Folder) else files.top

    def sieve(self) -> Sieve | None:
        """What takes from reports what the baseline knows; None without one. Raises TaxonomyError if it is broken."""
        name, content = self.settled.read_baseline()
        return None if content is None else self.sieve_of(Baseline.load(content, name), name)

    def sieve_of(self, baseline: Baseline, name: str) -> Sieve:
        """What takes from reports what a baseline knows; `name` is that of its file."""
        return Sieve(
            baseline,
            name=name,
            reports=self.settings.policy.reports,
            whole=frozenset(leaf.path for leaf in self.leaves) if self.whole else None,
        )

    def without_baseline(self) -> str:
        """What is to be said where there is no baseline: that the configuration names one. Empty where it does not."""
        name = self.settled.config.baseline
        if name is None:
            return ""
        place, _ = self.settled.read_baseline()
        return f"There is no {place}, which the configuration names as the baseline: everything is reported."

    def reports(
        self, *, jobs: int | None = None, cache: Cache | None = None, sieve: Sieve | None = None
    ) -> Generator[LeafReport]:
        """Check the leaves, in up to `jobs` processes (None: as many as pay); a report a leaf, as they are done.

        What the `cache` knows is not examined again, and what goes through the `sieve` of a baseline is not reported.
        Raises TaxonomyError when a check cannot run.
        """
        found = check_leaves(self.leaves, new=self.new, old=self.old, settings=self.settings, jobs=jobs, cache=cache)
        with closing(found):
            for leaf in found:
                yield leaf if sieve is None else sieve.sift(leaf)


def plan_diff(
    selection: Selection,
    *,
    given: Given = NOTHING_GIVEN,
    environment: Mapping[str, str] | None = None,
    announce: Announce = announce_nothing,
) -> Plan:
    """The leaves that changed against the base; of a single file or a folder without a repository, all of them.

    `given` is what the user says of the configuration. `environment` (the process's own by default) may name a base and
    more of it, `announce` is told before anything is fetched. Raises TaxonomyError for wrong use, for a configuration
    that is none, and where there is nothing to compare with.
    """
    environ = os.environ if environment is None else environment
    path = selection.taxonomy_path
    if path is not None and _is_file(path):
        return _plan_file(path, selection, given, environ)
    try:
        repository = _discover(selection)
    except NotARepository:
        if selection.needs_git or not (path or selection.paths):
            raise
        return _plan_folder(path or _root_for(selection.paths), selection.paths, given, environ)
    folder = _folder_of(repository, selection)
    scope = _Scope.of(selection.paths, repository.root / folder, relative=repository.bare)
    sides = settle_diff(selection, repository, given=given, environ=environ, announce=announce)
    settled = sides.settled
    compared = compare(sides.new, sides.base, direct=selection.direct, announce=announce)
    if not compared.changes and isinstance(compared.new, WorkTree):
        insist_on_proposal(repository, environ, base=sides.base.ref, start=compared.comparison.start)
    if isinstance(compared.new, WorkTree):
        scope = scope.reached_in(compared.new.root)
    changed = {path for change in compared.changes for path in (change.path, change.old_path) if path is not None}
    scope.insist(changed, lambda inside: _exists(inside, repository, folder, compared.new, compared.old))
    neighbourhood = Neighbourhood(tree=compared.tree)
    leaves = tuple(
        Leaf(
            path=change.path,
            files=change.new or LeafFiles(),
            change=change,
            surroundings=neighbourhood.around(change.path, change.new) if change.new is not None else ALONE,
        )
        for change in compared.changes
        if scope.holds(change.path) or (change.old_path is not None and scope.holds(change.old_path))
    )
    notes = compared.notes
    if compared.changes and not leaves:
        notes = (
            f"No leaf changed at or below {scope}; elsewhere {len(compared.changes)} did.",
            *ignored_leaves(compared.new, scope.holds),
        )
    whole = Contribution() if selection.paths else look_at(repository, compared.comparison, compared.commit)
    settings = _settings(settled, object_format=repository.object_format, prefix=compared.prefix)
    return Plan(
        comparison=compared.comparison,
        leaves=leaves,
        new=compared.new,
        old=compared.old,
        settings=settings,
        settled=settled,
        # One by one: they come with the newest commit first, and stay so.
        contribution=tuple(
            one for found in whole.diagnostics for one in settings.policy.judge("", (found,), (), across=False)
        ),
        unseen=tuple(settings.policy.judge("", (whole.unseen,), (), across=False)) if whole.unseen else (),
        notes=(*notes, *whole.notes, *settled.notes),
    )


def plan_check(
    selection: Selection,
    *,
    given: Given = NOTHING_GIVEN,
    environment: Mapping[str, str] | None = None,
    announce: Announce = announce_nothing,
) -> Plan:
    """The leaves at and below the paths, or all of the taxonomy's. Nothing is compared.

    The parameters are those of `plan_diff`. Raises TaxonomyError for wrong use: a path that is not there, not in the
    taxonomy, or a file that is no leaf's; and for a configuration that is none.
    """
    environ = os.environ if environment is None else environment
    for named in selection.paths:
        if (selection.unsaved is not None or _is_no_folder(named)) and not is_leaf_file(named.name):
            raise _no_leaf(named)
    path = selection.taxonomy_path
    if path is not None and _is_file(path):
        return _plan_file(path, selection, given, environ)
    try:
        repository = _discover(selection)
    except NotARepository:
        if selection.needs_git:
            raise
        root = path or _root_for(selection.paths)
        if selection.unsaved is not None:
            return _plan_unsaved_in_folder(root, selection, given, environ)
        return _plan_folder(root, selection.paths, given, environ)
    folder = _folder_of(repository, selection)
    new, settled = settle_check(selection, repository, given=given, environ=environ, announce=announce)
    scope = _scope_of_check(selection, repository, new, environ)
    tree: Tree | None = None
    if scope.closed and isinstance(new, Index) and len(scope.owners) < _MANY:
        tree = new.tree()
        entries = list(new.at(sorted(set(_leaf_files(scope.owners, tree)))))
    else:
        entries = [entry for entry in new.list() if scope.holds(_owner(entry.path))]
    if selection.unsaved is None:
        scope.insist({_owner(entry.path) for entry in entries}, lambda inside: _exists(inside, repository, folder, new))
    if isinstance(new, WorkTree):
        entries += list(_unlisted(new, scope, entries))
        entries += _in_the_way(new.root, scope, entries)
    # At once: the chunks that are checked would each fetch for themselves.
    repository.fetch_missing((entry.blob for entry in entries if entry.blob and entry.regular), announce)
    prefix = f"{folder}/" if folder else ""
    settings = _settings(settled, object_format=repository.object_format, prefix=prefix, whole=scope.everything)
    if selection.unsaved is not None and isinstance(new, WorkTree) and is_leaf_file(scope.inside[0]):
        edited = Unsaved(source=new, path=scope.inside[0], content=selection.unsaved)
        return _plan(edited, _leaves(edited.saved(entries), new.tree()), scope, settings, settled)
    leaves = _leaves(entries, tree or new.tree())
    if isinstance(new, WorkTree):
        leaves = sorted((*leaves, *_ignored(new, scope, leaves, settings)), key=lambda leaf: leaf.path)
    return _plan(new, leaves, scope, settings, settled)


def _scope_of_check(
    selection: Selection, repository: Repository, new: Revision | Index | WorkTree, environ: Mapping[str, str]
) -> "_Scope":
    """What the user or a hook named. Raises TaxonomyError for what is not in the taxonomy."""
    if selection.touched is not None:
        owners = touched_leaves(repository, selection.touched, folder=new.folder, environ=environ)
        return _Scope(owners=owners, closed=True)
    scope = _Scope.of(selection.paths, repository.root / new.folder, relative=repository.bare)
    return scope.reached_in(new.root) if isinstance(new, WorkTree) else scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """The two sides of a comparison, and the configuration in force for it."""

    new: Revision | Index | WorkTree
    base: Base
    settled: Settled


def settle_diff(
    selection: Selection, repository: Repository, *, given: Given, environ: Mapping[str, str], announce: Announce
) -> Sides:
    """What is compared with what, and by which configuration: that of the checked side or, in CI, of the base.

    Raises TaxonomyError as `plan_diff` does.
    """
    base = named_base(repository, option=selection.base, environ=environ, head=selection.head)
    head = selection.head if selection.head is not None or selection.staged or base is None else base.head
    new = _open(selection, repository, head, announce)
    if in_ci(environ):
        # Without the config's own word on it: a pull request must not choose what it is compared with.
        base = base or find_base(repository, option=None, environ=environ, head=selection.head)
        if base.commit is not None:
            settled = _settle_guarded(new, base, given, environ, direct=selection.direct)
        else:
            settled = _settle_uncompared(new, given, environ)
        return Sides(new=_holding(new, settled), base=base, settled=settled)
    settled = settle(given, environ, files=Files.of(new))
    base = base or find_base(
        repository, option=None, environ=environ, head=selection.head, configured=settled.config.base
    )
    return Sides(new=_holding(new, settled), base=base, settled=settled)


def settle_check(
    selection: Selection, repository: Repository, *, given: Given, environ: Mapping[str, str], announce: Announce
) -> tuple[Revision | Index | WorkTree, Settled]:
    """What is checked, and by which configuration: its own or, where something is proposed in CI, that of the base.

    Raises TaxonomyError as `plan_check` does.
    """
    new = _open(selection, repository, selection.head, announce)
    settled = _settle_uncompared(new, given, environ)
    return _holding(new, settled), settled


def settled_for(selection: Selection, *, given: Given, environ: Mapping[str, str]) -> Settled:
    """The configuration in force for a taxonomy, a folder or a file, as a comparison of its working tree would have it.

    Raises TaxonomyError for one that is none and, in CI, where there is nothing to compare with.
    """
    path = selection.taxonomy_path
    if path is not None and _is_file(path):
        return _settle_file(_resolve(path).parent, given, environ)[1]
    try:
        repository = _discover(selection)
    except NotARepository:
        return settle(given, environ, files=Files.of(Folder(root=path or _root_for(()))))
    if in_ci(environ):
        return settle_diff(selection, repository, given=given, environ=environ, announce=announce_nothing).settled
    return settle(given, environ, files=Files.of(_open(selection, repository, None, announce_nothing)))


def _open(
    selection: Selection, repository: Repository, head: str | None, announce: Announce
) -> Revision | Index | WorkTree:
    folder = _folder_of(repository, selection)
    return open_source(repository, head=head, staged=selection.staged, folder=folder, announce=announce)


def _settle_guarded(
    new: Revision | Index | WorkTree, base: Base, given: Given, environ: Mapping[str, str], *, direct: bool
) -> Settled:
    """The configuration of the base, or of the tip of what to merge into where that is known besides.

    What the checked side has changed in it since they parted is a proposal.
    """
    assert base.commit is not None
    ref, commit = (base.tip.ref, base.tip.commit) if base.tip is not None else (base.ref, base.commit)
    theirs = Revision(repository=new.repository, commit=commit, label=ref, folder=new.folder)
    theirs.announce = new.announce

    def before() -> Files:
        start = start_of(new, base, direct=direct)
        return Files.of(replace(theirs, commit=start))

    files = Files.of(theirs, label=f"{ref}:")
    settled = settle(given, environ, files=files, proposed=Files.of(new), before=before)
    return replace(settled, notes=(*settled.notes, base.note)) if base.note else settled


def _settle_uncompared(new: Revision | Index | WorkTree, given: Given, environ: Mapping[str, str]) -> Settled:
    """The configuration of the checked side or, where something is proposed in CI, that of the proposal's base."""
    try:
        base = base_of_proposal(new.repository, environ)
    except TaxonomyError as error:
        if _relaxes(Files.of(new), given, environ):
            raise
        # It has no such files to judge itself by; what its leaves say to be spared counts less too.
        settled = settle(given, environ, files=Files.of(new))
        said = f"What the base says of rules and severities is not known: {error.message}"
        return replace(settled, config=replace(settled.config, guarded=True), notes=(*settled.notes, said))
    if base is not None and base.commit is not None:
        return _settle_guarded(new, base, given, environ, direct=False)
    return settle(given, environ, files=Files.of(new))


def _settle_file(folder: Path, given: Given, environ: Mapping[str, str]) -> tuple[Path, Settled]:
    """The taxonomy that a folder lies in, and the configuration in force there.

    Where something is proposed in CI, both are as the base has them: a checkout that could say where its taxonomy
    begins would choose the file that it is judged by.
    """
    repository = _repository_of(folder) if in_ci(environ) else None
    if repository is None:
        root = _root_of(folder)
        return root, settle(given, environ, files=Files.of(Folder(root=root)))
    base = None
    with suppress(TaxonomyError):  # said again when the configuration is settled
        base = base_of_proposal(repository, environ)
    root = _root_of(folder) if base is None else _root_at(base, repository, folder) or _root_by_names(folder)
    if not root.is_relative_to(repository.root):
        root = repository.root
    inside = _below(repository.root, root)
    return root, _settle_uncompared(WorkTree(repository=repository, folder=inside), given, environ)


def _repository_of(folder: Path) -> Repository | None:
    try:
        repository = Repository.discover(folder)
    except NotARepository:
        return None
    return None if repository.bare else repository


def _root_at(base: Base, repository: Repository, folder: Path) -> Path | None:
    """The innermost folder, of those that lead to one, in which the base has a config; None if in none."""
    if base.commit is None or not folder.is_relative_to(repository.root):
        return None
    ways = list(_upwards(_below(repository.root, folder)))
    held = {path for path, _, _ in repository.children(base.tip.commit if base.tip else base.commit, ways)}
    found = (way for way in ways if posixpath.join(way, CONFIG_FILE) in held)
    return next((repository.root / way for way in found), None)


def _below(root: Path, path: Path) -> str:
    """The path of a folder relative to one above it, `""` for itself."""
    return "" if path == root else path.relative_to(root).as_posix()


def _relaxes(files: Files, given: Given, environ: Mapping[str, str]) -> bool:
    """Whether the checked side has files that could change what is reported of it."""
    named = given.config or given.yaml_rules or environ.get("TAXONOMY_CONFIG") or environ.get("TAXONOMY_YAML_RULES")
    return bool(named) or any(files.read(files.inside(name)) is not None for name in (CONFIG_FILE, BASELINE_FILE))


_Side = TypeVar("_Side", Folder, Revision | Index | WorkTree)


def _holding(new: _Side, settled: Settled) -> _Side:
    """The same side, with leaves in the folders that the configuration names."""
    return replace(new, folders=settled.config.standards.taxonomy_folders)


def _settings(
    settled: Settled, *, object_format: str = "", prefix: str = "", placed: bool = True, whole: bool = False
) -> Settings:
    """What a check goes by with a configuration."""
    config = settled.config
    terms = Terms(lint_rules=config.lint_rules, standards=config.standards, object_format=object_format, placed=placed)
    return Settings(terms=terms, policy=Policy.of(config), prefix=prefix, whole=whole)


def _plan_folder(root: Path, paths: Sequence[Path], given: Given, environ: Mapping[str, str]) -> Plan:
    """The leaves of a folder that is no repository."""
    settled = settle(given, environ, files=Files.of(Folder(root=root)))
    new = _holding(Folder(root=root), settled)
    scope = _Scope.of(paths, root).reached_in(root)
    entries = [entry for entry in new.list() if scope.holds(_owner(entry.path))]
    scope.insist({_owner(entry.path) for entry in entries}, lambda inside: os.path.lexists(root / inside))
    entries += _in_the_way(root, scope, entries)
    return _plan(new, _leaves(entries, new.tree()), scope, _settings(settled, whole=not paths), settled)


def _plan_unsaved_in_folder(root: Path, selection: Selection, given: Given, environ: Mapping[str, str]) -> Plan:
    """The leaf of a file that an editor has not saved, in a folder that is no repository."""
    scope = _Scope.of(selection.paths, root).reached_in(root)
    if not is_leaf_file(scope.inside[0]):
        return _plan_folder(root, selection.paths, given, environ)
    settled = settle(given, environ, files=Files.of(Folder(root=root)))
    new = _holding(Folder(root=root), settled)
    edited = Unsaved(source=new, path=scope.inside[0], content=selection.unsaved or b"")
    entries = edited.saved(_listing(root, _owner(edited.path)))
    return _plan(edited, _leaves(entries, new.tree()), scope, _settings(settled), settled)


def _plan_file(path: Path, selection: Selection, given: Given, environ: Mapping[str, str]) -> Plan:
    """The one leaf that a file belongs to, without a base."""
    if selection.needs_git or selection.paths:
        raise TaxonomyError(
            f"{path} is a single file: it is checked as it lies there, and cannot be compared.",
            Remedy("Compare what changed below a path:", f"taxonomy-diff {shlex.quote(str(path.parent))}"),
        )
    if not is_leaf_file(path.name):
        raise _no_leaf(path)
    folder = _resolve(path).parent
    _insist_on_no_link(path, folder)
    root, settled = _settle_file(folder, given, environ)
    inside = _below(root, folder)
    settings = _settings(settled, placed=root != folder)
    new = _holding(Folder(root=root), settled)
    return _plan(new, _leaves(_listing(root, inside), new.tree()), _Scope(), settings, settled, label=str(path))


def _listing(root: Path, folder: str) -> Iterator[Entry]:
    """The leaf files directly in one folder; none of one that cannot be listed."""
    try:
        with os.scandir(root / folder) as listing:
            files = sorted((one for one in listing if is_leaf_file(one.name)), key=lambda one: one.name)
    except OSError:
        return
    for one in files:
        if not one.is_dir(follow_symlinks=False):
            mode = SYMBOLIC_LINK if one.is_symlink() else REGULAR_FILE
            yield Entry(path=f"{folder}/{one.name}" if folder else one.name, mode=mode, oid=None)


def _leaves(entries: Iterable[Entry], tree: Tree) -> Sequence[Leaf]:
    """The leaves that files make up, with what lies around them."""
    neighbourhood = Neighbourhood(tree=tree)
    return [
        Leaf(path=folder, files=files, surroundings=neighbourhood.around(folder, files))
        for folder, files in group_leaves(entries).items()
    ]


def _leaf_files(places: Iterable[str], tree: Tree) -> Iterator[str]:
    """The leaf files directly in folders; and the places themselves that are none, since a link may stand there."""
    for place in places:
        names = tree.children(place)
        for name in names:
            if is_leaf_file(name) and not names[name]:
                yield f"{place}/{name}".removeprefix("/")
        if not names:
            yield place


def _ignored(new: WorkTree, scope: "_Scope", listed: Sequence[Leaf], settings: Settings) -> Iterator[Leaf]:
    """The leaves that nobody named and Git ignores, without a file to check: that they are ignored is all to say."""
    folders = settings.terms.standards.taxonomy_folders
    within = scope.folders(folders)
    if not within:
        return
    known = {leaf.path for leaf in listed}
    found: dict[str, list[str]] = defaultdict(list)
    for path in new.ignored(within):
        if in_taxonomy(path, folders) and leaf_of(path) not in known and scope.holds(leaf_of(path)):
            found[leaf_of(path)].append(path)
    for folder, paths in found.items():
        if any(basename(path) != ATTRIBUTION_FILE for path in paths):
            yield Leaf(path=folder, files=LeafFiles(), surroundings=Surroundings(ignored=tuple(sorted(paths))))


def _plan(
    new: Source,
    leaves: Sequence[Leaf],
    scope: "_Scope",
    settings: Settings,
    settled: Settled,
    *,
    label: str | None = None,
) -> Plan:
    where = f"at or below {scope}" if scope.typed else f"in {label or new.label}"
    missing = "No leaf is touched." if scope.closed else f"No leaf found: there is no qna.yaml {where}."
    notes = () if leaves else (missing,)
    comparison = Comparison(head=label or new.label)
    return Plan(
        comparison=comparison,
        leaves=tuple(leaves),
        new=new,
        old=None,
        settings=settings,
        settled=settled,
        notes=(*notes, *settled.notes),
        whole=scope.everything and label is None,
    )


def _is_file(path: Path) -> bool:
    return not path.is_dir() and os.path.lexists(path)


def _is_no_folder(path: Path) -> bool:
    """Whether there is anything at a path, or where it leads, but a folder: a device is no leaf either."""
    return os.path.exists(path) and not os.path.isdir(path)


def _folder_of(repository: Repository, selection: Selection) -> str:
    """The taxonomy's folder below the repository's root: the one that was named, else the root."""
    return repository.prefix if selection.taxonomy_path is not None else ""


def _discover(selection: Selection) -> Repository:
    """The repository of the taxonomy that was named; else of the current directory, as long as the paths are there.

    Raises NotARepository where neither these nor the first path are in any, TaxonomyError where there is no such root.
    """
    root = selection.taxonomy_path
    if root is not None and not os.path.lexists(root):
        raise TaxonomyError(
            f"there is no {root}.", Remedy("Name the taxonomy's root, a folder that is there:", "-C PATH")
        )
    if selection.taxonomy_path is not None or not selection.paths:
        return Repository.discover(selection.taxonomy_path)
    outside = selection.paths[0]
    with suppress(NotARepository):
        here = Repository.discover()
        top = os.path.realpath(here.root)
        # In a bare repository, paths are those of a commit.
        elsewhere = (path for path in selection.paths if not here.bare and beneath(path, top) is None)
        found = next(elsewhere, None)
        if found is None:
            return here
        outside = found
    try:
        return Repository.discover(_nearest_folder(outside))
    except NotARepository:
        return Repository.discover(_nearest_folder(selection.paths[0]))


def _nearest_folder(path: Path) -> Path:
    """The folder that a path names, or the last on the way to it that can be reached: a removed leaf's may not.

    A link is gone through as long as it stands in no taxonomy: there, it is an entry like another.
    """
    place = Path(path.anchor) if path.is_absolute() else Path(os.path.realpath(os.curdir))
    for name in path.parts[1:] if path.is_absolute() else path.parts:
        step = place / name
        if step.is_symlink() and _is_in_taxonomy(step):
            return place
        step = Path(os.path.realpath(step))
        if not step.is_dir():
            return place
        place = step
    return place


def _is_in_taxonomy(link: Path) -> bool:
    """Whether a link stands in a repository, or in a folder that is a taxonomy's by its name."""
    return any(os.path.lexists(folder / GIT_FOLDER) for folder in link.parents) or _root_of(link) != link


def _insist_on_no_link(path: Path, folder: Path) -> None:
    """Raise TaxonomyError for a file whose folder is reached through a link in a taxonomy."""
    if (nearest := _nearest_folder(path.parent)) != folder:
        raise TaxonomyError(
            f"{path} lies behind a symbolic link in {nearest}, and no link is followed there.",
            Remedy("Name the file where it is:", f"-C {shlex.quote(os.fspath(folder / path.name))}"),
        )


def _resolve(path: Path) -> Path:
    """The absolute path, with links in the folders above followed and a link at its end kept."""
    if path.name in ("", os.pardir):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent)) / path.name


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scope:
    """The paths that the user named, as typed and relative to the taxonomy (`""`: its root). None name everything.

    `owners` are the leaves whose files were named. `stops` are those links and repositories in `inside` that a path led
    through. `closed` says that these are all there is, even if there are none.
    """

    typed: tuple[Path, ...] = ()
    inside: tuple[str, ...] = ()
    owners: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    stops: frozenset[str] = frozenset()
    closed: bool = False

    @property
    def everything(self) -> bool:
        """Whether nothing was named, and so all of the taxonomy is meant."""
        return not self.typed and not self.closed

    @classmethod
    def of(cls, paths: Sequence[Path], root: Path, *, relative: bool = False) -> "_Scope":
        """The scope of paths relative to the current directory, or, as in a bare repository, `relative` to the root.

        Raises TaxonomyError for a path outside of the taxonomy.
        """
        inside = tuple(_relative(root / path if relative else path, root, typed=path) for path in paths)
        return cls(typed=tuple(paths)).with_paths(inside)

    def reached_in(self, root: Path) -> "_Scope":
        """The same with a link or a repository below `root` itself in place of a path that leads through it."""
        if not self.typed:
            return self
        inside = tuple(reached(root, self.inside))
        return replace(self.with_paths(inside), stops=frozenset(inside) - frozenset(self.inside))

    def with_paths(self, inside: tuple[str, ...]) -> "_Scope":
        """The same with other paths of the taxonomy."""
        owners = frozenset(_owner(path) for path in inside if is_leaf_file(path))
        return replace(self, inside=inside, owners=owners, below=frozenset(inside))

    def holds(self, leaf: str) -> bool:
        """Whether a leaf is at or below one of the paths, or owns the file that one names."""
        return self.everything or leaf in self.owners or not self.below.isdisjoint(_upwards(leaf))

    def folders(self, every: Sequence[str]) -> Sequence[str]:
        """The folders that hold all leaves of the scope but those whose files were named; `every` one of a taxonomy."""
        named = [path for path in self.inside if not is_leaf_file(path)]
        if self.everything or "" in named or len(named) > _ARGUMENTS:
            return every
        return named

    def insist(self, leaves: Collection[str], exists: Callable[[str], bool]) -> None:
        """Raise TaxonomyError for a path that holds none of the leaves and does not exist: it was mistyped."""
        if not self.typed:
            return
        reached = {folder for leaf in leaves for folder in _upwards(leaf)}
        for typed, path in zip(self.typed, self.inside, strict=True):
            held = path in reached or (is_leaf_file(path) and _owner(path) in leaves)
            if not held and not exists(path):
                raise TaxonomyError(f"there is no {typed}.", Remedy("See what there is:", _look_around(typed)))

    def __str__(self) -> str:
        more = f" and {len(self.typed) - _NAMED} more" if len(self.typed) > _NAMED else ""
        return ", ".join(str(path) for path in self.typed[:_NAMED]) + more


def _relative(path: Path, root: Path, *, typed: Path) -> str:
    """The path relative to the taxonomy. Raises TaxonomyError for one outside of it."""
    top = os.path.realpath(root)
    inside = beneath(path, top)
    if inside is None and not path.is_absolute() and not os.path.lexists(path):
        # What is nowhere in it as seen from here may be meant as seen from the taxonomy, as with `git -C`.
        inside = beneath(root / path, top)
    if inside is not None and not in_git_folder(inside.partition("/")[0]):
        return inside
    raise TaxonomyError(
        f"{typed} is not in the taxonomy at {root}.", Remedy("Name the taxonomy that it is in:", "-C PATH")
    )


def _look_around(path: Path) -> str:
    """The command that lists the nearest folder above a path that exists."""
    return f"ls {shlex.quote(str(next(folder for folder in (*path.parents, Path(os.curdir)) if folder.is_dir())))}"


def _upwards(leaf: str) -> Iterator[str]:
    """A folder and all above it, the taxonomy's root `""` last."""
    while leaf:
        yield leaf
        leaf = leaf.rpartition("/")[0]
    yield ""


def _exists(inside: str, repository: Repository, folder: str, new: Source, old: Source | None = None) -> bool:
    """Whether there is something at a path of the taxonomy, on either side, leaf or not."""
    place = f"{folder}/{inside}" if folder and inside else folder or inside
    if not place or (isinstance(new, WorkTree) and os.path.lexists(repository.root / place)):
        return True
    queries = [
        repository.tree_changes(repository.empty_tree, side.commit, under=[place])
        for side in (new, old)
        if isinstance(side, Revision)
    ]
    if isinstance(new, Index):
        queries.append(repository.index_changes(repository.empty_tree, under=[place]))
    return any(True for query in queries for _ in query)


def _owner(path: str) -> str:
    """The leaf that a listed path belongs to: its folder, or itself where it stands in a leaf's place."""
    return path.rpartition("/")[0] if is_leaf_file(path) else path


def _unlisted(new: WorkTree, scope: _Scope, listed: Sequence[Entry]) -> Iterator[Entry]:
    """The leaf files at paths that were named, but that Git does not list because it ignores them."""
    known = {entry.path for entry in listed}
    above = _above(listed) if scope.typed else frozenset()
    for path in scope.inside:
        if is_leaf_file(path) and path not in known:
            yield from (entry for entry in _listing(new.root, _owner(path)) if entry.path not in known)
        elif path in above or path in scope.stops or (new.root / path).is_symlink():
            continue
        elif path and os.path.lexists(new.root / path / GIT_FOLDER):
            yield Entry(path=path, mode=GITLINK, oid=None)
        else:
            for entry in Folder(root=new.root / path, folders=new.folders).list():
                yield Entry(path=f"{path}/{entry.path}".removeprefix("/"), mode=entry.mode, oid=None)


def _in_the_way(root: Path, scope: _Scope, listed: Sequence[Entry]) -> Iterator[Entry]:
    """The links and repositories that stand before what was named, as far as they are not listed."""
    for path in sorted(scope.stops - _above(listed) if scope.stops else ()):
        yield Entry(path=path, mode=SYMBOLIC_LINK if (root / path).is_symlink() else GITLINK, oid=None)


def _above(entries: Iterable[Entry]) -> frozenset[str]:
    """The leaves that files belong to, and all folders above them."""
    return frozenset(folder for owner in {_owner(entry.path) for entry in entries} for folder in _upwards(owner))


def _no_leaf(path: Path) -> TaxonomyError:
    return TaxonomyError(
        f"{path} is no file of a leaf: those are `qna.yaml` and `attribution.txt`.",
        Remedy("Check a leaf:", "taxonomy check FOLDER"),
    )


def _root_for(paths: Sequence[Path]) -> Path:
    """The taxonomy of paths without a repository: what the first one tells, else the current directory."""
    here = Path(os.path.realpath(Path.cwd()))
    place = _nearest_folder(paths[0]) if paths else here
    root = _root_of(place)
    tells = root != place or any((place / name).exists() for name in (*TAXONOMY_FOLDERS, CONFIG_FILE))
    return root if tells or not place.is_relative_to(here) else here


def _root_of(path: Path) -> Path:
    """The taxonomy that a path without a repository lies in: where a configuration names the folder that leads there.

    Without one, above a folder named as only a taxonomy's are: of several, the outermost that holds another such folder
    too, else the innermost; of none, the path itself.
    """
    path = path.absolute()
    for folder in (path, *path.parents):
        if os.path.lexists(folder.parent / CONFIG_FILE) and folder.name in _folders_of(folder.parent):
            return folder.parent
    return _root_by_names(path)


def _root_by_names(path: Path) -> Path:
    """The taxonomy that a path lies in as the names of the folders above it tell, whatever a configuration says."""
    candidates = [folder.parent for folder in (path, *path.parents) if folder.name in TAXONOMY_FOLDERS]
    for root in reversed(candidates):
        if sum((root / name).is_dir() for name in TAXONOMY_FOLDERS) > 1:
            return root
    return candidates[0] if candidates else path


def _folders_of(root: Path) -> tuple[str, ...]:
    """The folders that hold leaves, as the configuration at a root has it. What is wrong with it is said later."""
    try:
        settled = settle(NOTHING_GIVEN, {}, files=Files.of(Folder(root=root)))
    except TaxonomyError:
        return TAXONOMY_FOLDERS
    return settled.config.standards.taxonomy_folders
