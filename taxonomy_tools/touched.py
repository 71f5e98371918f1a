"""Which leaves a commit touches that is being made: what a hook looks at.

pre-commit names the files that are staged but never those that are removed, and a leaf without its `attribution.txt` is
as wrong as one whose file was edited: what is removed is asked of Git.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from taxonomy_tools.beneath import beneath
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import RawChange, Repository
from taxonomy_tools.layout import is_leaf_file


def touched_leaves(
    repository: Repository, names: Iterable[str], *, folder: str, environ: Mapping[str, str]
) -> frozenset[str]:
    """The paths, relative to the taxonomy in `folder`, where a leaf may be that a commit touches.

    That is each named file itself (a link may stand in a leaf's place) and all folders that it lies in, since it may be
    a leaf's file, a leaf in a leaf, or one that no leaf has use for; and the same of each file that is removed. Without
    names, and without pre-commit, which always gives them, all of what is staged counts. `names` are relative to the
    current directory.

    Raises:
        TaxonomyError: a name is not of this repository.

    """
    named = tuple(names)
    everything = not named and not environ.get("PRE_COMMIT")
    paths = {*_inside(repository, named), *_changed(repository, environ, everything=everything)}
    below = f"{folder}/" if folder else ""
    return frozenset(
        place for path in paths if path.startswith(below) for place in _places(path.removeprefix(below)) if path
    )


def _places(path: str) -> Iterator[str]:
    """A path and all folders above it, without the taxonomy's root, where it is not a file of a leaf there."""
    if is_leaf_file(path) and "/" not in path:
        yield ""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _inside(repository: Repository, names: Iterable[str]) -> Iterator[str]:
    """The names as paths of the repository. No link is followed in there."""
    top = os.path.realpath(repository.root)
    for name in names:
        inside = beneath(Path(name), top)
        if not inside:
            raise TaxonomyError(
                f"{name} is not in the repository at {repository.root}.",
                Remedy("Options come before a `--`, and names of files after it."),
            )
        yield inside


def _changed(repository: Repository, environ: Mapping[str, str], *, everything: bool) -> set[str]:
    """The paths that the commit removes, or `everything` that differs.

    What is being merged counts as there before: what it removes is not the work of who merges it.
    """
    if environ.get("PRE_COMMIT_FROM_REF") and environ.get("PRE_COMMIT_TO_REF"):
        old, new = (repository.resolve(environ[name]) for name in ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"))
        differences = [repository.tree_changes(repository.merge_base(old, new) or old, new)]
    elif repository.bare:
        return set()
    else:
        head = repository.head() or repository.empty_tree
        differences = [repository.index_changes(parent) for parent in (head, *repository.merge_heads())]
    return set.intersection(*({raw.path for raw in raws if everything or _is_removed(raw)} for raws in differences))


def _is_removed(raw: RawChange) -> bool:
    return not raw.new_mode
