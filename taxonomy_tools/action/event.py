"""What a run of GitHub Actions compares with, as far as the checkout lacks it.

Which commit is the base is for `taxonomy_tools.base` to say, here as on a laptop. But a checkout may be too shallow for
that: this sees to it that the base is there, and enough history for the two sides to meet.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum

from taxonomy_tools.action.clone import CannotFetch, Clone
from taxonomy_tools.base import WHOLE_TREE, Event, Target, target_of_event
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Repository

_FROM_HEAD = re.compile(r"(?:HEAD|@)[\^~0-9]+\Z")
_MOST_COMMITS = 1_000
"""Commits of a pull request or a push that are fetched because the event says that there are so many."""


class Lack(Enum):
    """What is missing of the history between two commits."""

    NOTHING = "nothing"
    SIGN_OFFS = "commits whose sign-offs are looked at"
    START = "the commit at which the comparison starts"


def provide(clone: Clone, base: str | None, environ: Mapping[str, str]) -> str | None:
    """Fetch what the comparison needs; gives the base to ask for, None where the engine finds it by itself.

    `base` is the action's input, None where that is empty. Raises TaxonomyError if something cannot be had.
    """
    if named := base or environ.get("TAXONOMY_BASE"):
        target: Target | None = Target.named(named)
    else:
        _see_parents(clone, environ)
        target = target_of_event(clone.repository, environ)
        if target is None and (target := _default_branch(environ)) is not None:
            base = target.revision  # in full: a tag may be called as the branch is
    if target is not None and target.revision != WHOLE_TREE:
        _insist(clone, target)
        _let_meet(clone, target)
    return base


def _see_parents(clone: Clone, environ: Mapping[str, str]) -> None:
    """Fetch the parents of what is checked out for a pull request: in a clone of depth 1 nobody can tell if it has two.

    A pull request's own commit is no merge of GitHub's, and the base itself, which is refused, needs no history.
    """
    name, head = environ.get("GITHUB_EVENT_NAME"), clone.repository.head()
    if name not in {"pull_request", "pull_request_target"} or head is None:
        return
    if not clone.repository.shallow or clone.repository.commit("HEAD^1") is not None:
        return
    event = Event.read(environ)
    proposed = event.found("pull_request", "head", "sha")
    base = environ.get("GITHUB_SHA") if name == "pull_request_target" else None
    if proposed is not None and head not in {base, proposed}:
        clone.deepen(1 + min(event.count("pull_request", "commits"), _MOST_COMMITS), head)


def _default_branch(environ: Mapping[str, str]) -> Target | None:
    """What a manual or scheduled run is compared with: it has no base, and the usual names may lack this one."""
    with suppress(TaxonomyError):
        if branch := Event.read(environ).found("repository", "default_branch"):
            return Target.branch(branch)
    return None


def _insist(clone: Clone, target: Target) -> None:
    """Fetch the base if it is not there. What the clone alone can name is left to the engine's complaint."""
    if clone.repository.commit(target.revision) is not None:
        return
    if target.wanted:
        try:
            clone.fetch(target.name, target.wanted)
        except CannotFetch as error:
            raise TaxonomyError(
                f"the base of this run, `{target.name}`, is not in this clone: {error.message}",
                *error.remedies,
                Remedy("or, if a forced push or a deleted branch took it away, give the action another:", "base: REF"),
            ) from error
        return
    if _FROM_HEAD.match(target.revision):
        for step in clone.steps():
            clone.deepen(step, clone.repository.resolve("HEAD"))
            if clone.repository.commit(target.revision) is not None:
                return


def _let_meet(clone: Clone, target: Target) -> None:
    """Deepen a shallow clone until it is certain at which commit the comparison starts, and who wrote what since."""
    for step in _steps(clone, target):
        head, base = clone.repository.head(), clone.repository.commit(target.revision)
        if head is None or base is None:
            return
        lack = lacking(clone, base, head)
        if lack is Lack.NOTHING:
            return
        try:
            clone.deepen(step, *dict.fromkeys((base, head)))
        except CannotFetch as error:
            if lack is Lack.START:
                raise
            clone.announce(f"Going on without it, as only sign-offs need it: {error.message}")
            return


def _steps(clone: Clone, target: Target) -> Iterator[int | None]:
    """By how much to deepen: first by what the event says, then further and further."""
    if clone.repository.shallow and target.commits:
        yield min(target.commits, _MOST_COMMITS)
    yield from clone.steps()


def lacking(clone: Clone, base: str, head: str) -> Lack:
    """What a clone lacks to compare `head` with `base`, two commits that it has.

    A merge base that is found in a part of the history is the right one if it is one of the two, or if that part is all
    that either of them has apart from the other. A complete clone lacks nothing, whatever it holds.
    """
    repository: Repository = clone.repository
    if not repository.shallow:
        return Lack.NOTHING
    start = repository.merge_base(base, head)
    own = clone.is_cut_off(head, base)
    if start is None or (start not in {base, head} and (own or clone.is_cut_off(base, head))):
        return Lack.START
    return Lack.SIGN_OFFS if own else Lack.NOTHING
