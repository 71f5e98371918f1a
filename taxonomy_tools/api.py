"""The engine from Python: the same leaves and the same verdict as the command line.

In a clone of a taxonomy:

    from taxonomy_tools.api import changed_leaves, check, check_changes

    for change in changed_leaves():
        print(change.kind.letter, change.path)

    report = check_changes(paths=["knowledge"])
    for leaf in report.leaves:
        for finding in leaf.diagnostics:
            place = f"{finding.file}:{finding.span.line}" if finding.span else finding.file
            print(f"{place}: {finding.severity.value} {finding.code} {finding.name}")
    print(report.summary.errors, "errors, compared with", report.comparison.base)

    print(check().summary.leaves, "leaves in all")

Each takes the taxonomy's root first, and the paths of leaves or of folders above them as `paths`; all paths are
relative to the current directory. What is wrong with a leaf is a `Diagnostic` in the report; all functions raise
`TaxonomyError` when the job cannot be done, or was asked for in a way that contradicts itself. Records are frozen, and
leaves come sorted by path.

More than a handful of leaves are checked in several processes, which on Linux are forked: in a program that runs
threads of its own, give `jobs=1`.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from taxonomy_tools.cache import Cache, open_cache
from taxonomy_tools.content import ContentChange, SeedEdit
from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.plan import Plan, Selection, plan_check, plan_diff
from taxonomy_tools.report import Comparison, LeafReport, Report, Summary
from taxonomy_tools.settle import Given
from taxonomy_tools.source import Entry, announce_nothing

__all__ = [
    "ChangeKind",
    "Comparison",
    "ContentChange",
    "Diagnostic",
    "Entry",
    "LeafChange",
    "LeafFiles",
    "LeafKind",
    "LeafReport",
    "Remedy",
    "Report",
    "SeedEdit",
    "Severity",
    "Span",
    "Summary",
    "TaxonomyError",
    "changed_leaves",
    "check",
    "check_changes",
]

StrPath = str | os.PathLike[str]


def changed_leaves(
    taxonomy: StrPath = ".",
    paths: Sequence[StrPath] = (),
    *,
    base: str | None = None,
    head: str | None = None,
    staged: bool = False,
    direct: bool = False,
    config: StrPath | None = None,
) -> tuple[LeafChange, ...]:
    """The leaves of a taxonomy that differ from a base, at and below the paths if any are given; none is validated.

    `taxonomy` is its root, inside a Git repository. `base` is a ref, or "empty" for the whole tree, or None for the one
    that `taxonomy-diff` would find. The other side is the working tree, or the commit `head`, or the index if `staged`.
    The comparison starts at the merge base, or at the base itself if `direct`. `config` is a file to read in place of
    the taxonomy's own `.taxonomy-tools.yaml`.
    """
    selection = _selection(taxonomy, paths, base=base, head=head, staged=staged, direct=direct)
    plan = plan_diff(selection, given=_given(config, None))
    if not plan.comparison.base:
        raise TaxonomyError(
            f"there is nothing to compare {os.fspath(taxonomy)} with: it is not a Git repository.",
            "Without one, leaves can only be checked: taxonomy_tools.api.check",
        )
    return tuple(leaf.change for leaf in plan.leaves if leaf.change is not None)


def check_changes(
    taxonomy: StrPath = ".",
    paths: Sequence[StrPath] = (),
    *,
    base: str | None = None,
    head: str | None = None,
    staged: bool = False,
    direct: bool = False,
    config: StrPath | None = None,
    yaml_rules: StrPath | None = None,
    jobs: int | None = None,
    cache: bool = True,
    baseline: bool = True,
) -> Report:
    """Validate the leaves that `changed_leaves` gives, and tell what changed inside them, as `taxonomy-diff` does.

    Without paths, the report's `contribution` tells what is wrong with the commits.

    `config` is a file to read in place of the taxonomy's own `.taxonomy-tools.yaml`: what that and the environment say
    is in force here too. `yaml_rules` is a yamllint configuration, `jobs` the number of processes (None: as many as
    pay). With `cache`, what is known of leaves that have not changed since is taken from the user's cache, and kept
    there. Without `baseline`, what the taxonomy's baseline holds is reported too.
    """
    selection = _selection(taxonomy, paths, base=base, head=head, staged=staged, direct=direct)
    return _run(plan_diff(selection, given=_given(config, yaml_rules)), jobs, cache=cache, baseline=baseline)


def check(
    taxonomy: StrPath = ".",
    paths: Sequence[StrPath] = (),
    *,
    head: str | None = None,
    staged: bool = False,
    config: StrPath | None = None,
    yaml_rules: StrPath | None = None,
    jobs: int | None = None,
    cache: bool = True,
    baseline: bool = True,
) -> Report:
    """Validate the leaves at and below the paths, or all of a taxonomy's, as `taxonomy check` does.

    `taxonomy` is its root: a folder, in a Git repository or not, or a single leaf file. The leaves are those of the
    working tree, or of the commit `head`, or of the index if `staged`.
    """
    selection = _selection(taxonomy, paths, head=head, staged=staged)
    return _run(plan_check(selection, given=_given(config, yaml_rules)), jobs, cache=cache, baseline=baseline)


def _selection(
    taxonomy: StrPath,
    paths: Sequence[StrPath],
    *,
    base: str | None = None,
    head: str | None = None,
    staged: bool = False,
    direct: bool = False,
) -> Selection:
    if staged and head is not None:
        raise TaxonomyError("`staged` and `head` each name a side to look at.", Remedy("Give one of them."))
    # A text is a sequence of texts too, which a type checker does not mind.
    named = [paths] if isinstance(paths, str | os.PathLike) else paths
    return Selection(
        taxonomy_path=Path(taxonomy),
        paths=tuple(Path(path) for path in named),
        base=base,
        head=head,
        staged=staged,
        direct=direct,
    )


def _given(config: StrPath | None, yaml_rules: StrPath | None) -> Given:
    return Given(
        config=None if config is None else Path(config), yaml_rules=None if yaml_rules is None else Path(yaml_rules)
    )


def _run(plan: Plan, jobs: int | None, *, cache: bool, baseline: bool) -> Report:
    sieve = plan.sieve() if baseline else None
    with open_cache(os.environ, announce_nothing, checkout=plan.checkout) if cache else Cache() as known:
        leaves = tuple(plan.reports(jobs=jobs, cache=known, sieve=sieve))
    notes = plan.notes
    if sieve is not None:
        notes += sieve.notes
    elif baseline and (said := plan.without_baseline()):
        notes += (said,)
    return Report(comparison=plan.comparison, leaves=leaves, contribution=plan.contribution, notes=notes)
