"""What a run of GitHub Actions compares with, as far as the checkout lacks it.

Which commit is the base is for `taxonomy_tools.base` to say, here as on a laptop. But a checkout may be too shallow for
that: this sees to it that the base is there, and enough history for the two sides to meet.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from taxonomy_tools.action.clone import REMOTE, CannotFetch, Clone
from taxonomy_tools.base import WHOLE_TREE
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Repository

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_FROM_HEAD = re.compile(r"(?:HEAD|@)[\^~0-9]+\Z")
_TRACKING = f"refs/remotes/{REMOTE}/"
_MOST_COMMITS = 1_000
"""Commits of a pull request or a push that are fetched because the event says that there are so many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A base: its `name` for the reader, the `revision` that finds it in the clone, and what to fetch if it does not.

    `wanted` is empty where nobody but the clone itself can know. `commits` is how many the event says that there are
    on the other side, 0 if it does not.
    """

    name: str
    revision: str
    wanted: str = ""
    commits: int = 0

    @classmethod
    def branch(cls, name: str, *, commits: int = 0) -> "Target":
        """A branch of the remote."""
        revision = f"{_TRACKING}{name}"
        wanted = f"+refs/heads/{name}:{revision}"
        return cls(name=f"{REMOTE}/{name}", revision=revision, wanted=wanted, commits=commits)

    @classmethod
    def commit(cls, oid: str, *, commits: int = 0) -> "Target":
        """A commit, by its full hash."""
        return cls(name=oid, revision=oid, wanted=oid, commits=commits)


class Lack(Enum):
    """What is missing of the history between two commits."""

    NOTHING = "nothing"
    SIGN_OFFS = "commits whose sign-offs are looked at"
    START = "the commit at which the comparison starts"


def provide(clone: Clone, base: str | None, environ: Mapping[str, str]) -> str | None:
    """Fetch what the comparison needs; gives the base to ask for, None where the engine finds it by itself.

    `base` is the action's input, None where that is empty. Raises TaxonomyError if something cannot be had.
    """
    event = _event(environ)
    if base is None and environ.get("TAXONOMY_BASE"):
        target = _named(environ["TAXONOMY_BASE"])
    elif base is not None:
        target = _named(base)
    else:
        base, target = _of_event(clone, event, environ)
    if target is not None:
        _insist(clone, target)
        _let_meet(clone, target)
    return base


def _named(ref: str) -> Target | None:
    if ref == WHOLE_TREE:
        return None
    if _HASH.match(ref):
        return Target.commit(ref)
    for prefix in (_TRACKING, f"{REMOTE}/"):
        if ref.startswith(prefix):
            return Target.branch(ref.removeprefix(prefix))
    return Target(name=ref, revision=ref)


def _of_event(clone: Clone, event: object, environ: Mapping[str, str]) -> tuple[str | None, Target | None]:
    """The base to ask for and what has to be there for it, by what the run was started for.

    What an event should say and does not is the engine's to complain of.
    """
    name = environ.get("GITHUB_EVENT_NAME")
    default = _text(event, "repository", "default_branch")
    if name in {"pull_request", "pull_request_target"}:
        return None, _of_pull_request(clone, event, environ)
    if name == "merge_group":
        before = _text(event, "merge_group", "base_sha")
        return None, Target.commit(before) if _HASH.match(before) else None
    if name == "push":
        before = _text(event, "before")
        if before.strip("0"):
            return None, Target.commit(before, commits=_length(event, "commits")) if _HASH.match(before) else None
        if default and _text(event, "ref") == f"refs/heads/{default}":
            return WHOLE_TREE, None  # the first push of the default branch itself: all of it is new
        return None, Target.branch(default) if default else None
    if not default:
        return None, None
    # A manual or scheduled run has no base of its own, and the engine's list of usual names may lack this one.
    target = Target.branch(default)
    return target.name, target


def _of_pull_request(clone: Clone, event: object, environ: Mapping[str, str]) -> Target | None:
    """The first parent of the merge that GitHub has made, if that is checked out; else the branch to merge into."""
    proposed = _text(event, "pull_request", "head", "sha")
    commits = _number(event, "pull_request", "commits")
    head = clone.repository.head()
    if head is None or not proposed:
        return None
    if environ.get("GITHUB_EVENT_NAME") == "pull_request_target" and head == environ.get("GITHUB_SHA"):
        return None  # the base itself is checked out, which the engine refuses
    if clone.repository.shallow and head != proposed and clone.repository.commit("HEAD^1") is None:
        # Of a clone of depth 1 nobody can tell whether it ends with a merge.
        clone.deepen(1 + min(commits, _MOST_COMMITS), head)
    if clone.repository.commit("HEAD^2") == proposed:
        return Target(name="HEAD^1", revision="HEAD^1", commits=commits)
    branch = environ.get("GITHUB_BASE_REF") or _text(event, "pull_request", "base", "ref")
    return Target.branch(branch, commits=commits) if branch else None


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


# What the event says


def _event(environ: Mapping[str, str]) -> object:
    """The event; None where there is none to read."""
    try:
        event: object = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return event


def _value(event: object, *keys: str) -> Any:
    for key in keys:
        event = event.get(key) if isinstance(event, dict) else None
    return event


def _text(event: object, *keys: str) -> str:
    value = _value(event, *keys)
    return value if isinstance(value, str) else ""


def _number(event: object, *keys: str) -> int:
    value = _value(event, *keys)
    return value if isinstance(value, int) and value > 0 else 0


def _length(event: object, *keys: str) -> int:
    value = _value(event, *keys)
    return len(value) if isinstance(value, list) else 0
