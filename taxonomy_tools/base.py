"""Which commit a taxonomy is compared with, and why that one.

The first of these that is *set* is the base, and it must resolve: `--base`; PRE_COMMIT_FROM_REF in a hook;
TAXONOMY_BASE; what the CI event says; the config. Only where none of them is set, the first ref that exists of a list.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Repository, UnknownRef

WHOLE_TREE = "empty"
FALLBACKS = {
    "upstream/HEAD": "refs/remotes/upstream/HEAD",
    "upstream/main": "refs/remotes/upstream/main",
    "origin/HEAD": "refs/remotes/origin/HEAD",
    "origin/main": "refs/remotes/origin/main",
    "main": "refs/heads/main",
    "master": "refs/heads/master",
}
CI_VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "CIRCLECI",
    "CODEBUILD_BUILD_ID",
    "DRONE",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "TRAVIS",
    "WOODPECKER",
)
"""What the services set, in any run of theirs; the first is set by most."""
_NOT_SET = frozenset({"", "0", "false", "no", "off"})
_PROPOSALS = frozenset({"pull_request", "pull_request_target", "merge_group"})
_ALL_NEW = "all that is pushed is new to the remote"
_NO_COMMIT = re.compile(r"0{40}(?:0{24})?\Z")
_IN_ACTIONS = Remedy("In GitHub Actions:", "actions/checkout with fetch-depth: 0 (or 2 for a pull request)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """What to compare with. `ref` is its name for the reader and `reason` where that came from.

    `commit` is its hash, None for the whole tree. `head` is the ref that comes with it and should be compared (a
    hook's PRE_COMMIT_TO_REF), None where nothing says so.
    """

    ref: str
    reason: str
    commit: str | None
    head: str | None = None


def find_base(
    repository: Repository,
    *,
    option: str | None,
    environ: Mapping[str, str],
    configured: str | None = None,
    head: str | None = None,
) -> Base:
    """The base of a comparison in this repository. `option` is what `--base` says, `configured` the config's base.

    `head` is the ref that the user named for the other side, None where it is what is checked out.

    Raises:
        UnknownRef: what is set does not resolve to a commit.
        TaxonomyError: nothing is set, and none of the usual refs exists; a CI event cannot be read, or is of a kind
            whose checkout holds nothing to compare.

    """
    found = named_base(repository, option=option, environ=environ, head=head)
    if found is not None:
        return found
    if configured is not None:
        return _named(repository, configured, reason="the config")
    return _first_existing(repository)


def named_base(
    repository: Repository, *, option: str | None, environ: Mapping[str, str], head: str | None = None
) -> Base | None:
    """The base that `--base`, a hook, the environment or the CI event names; None where none of them does.

    Raises as `find_base` does.
    """
    if option is not None:
        return _named(repository, option, reason="--base")
    if from_ref := environ.get("PRE_COMMIT_FROM_REF"):
        head = environ.get("PRE_COMMIT_TO_REF") or None
        return _named(repository, from_ref, reason="PRE_COMMIT_FROM_REF", head=head)
    if pushed := environ.get("PRE_COMMIT_LOCAL_BRANCH"):
        # pre-commit names no start where the very first commit is new to the remote.
        return _named(repository, WHOLE_TREE, reason=_ALL_NEW, head=pushed, head_by="PRE_COMMIT_LOCAL_BRANCH")
    if named := environ.get("TAXONOMY_BASE"):
        return _named(repository, named, reason="TAXONOMY_BASE")
    return _of_event(repository, environ, checked_out=head is None)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a run of CI, where what is checked out may be somebody's proposal."""
    return any(environ.get(name, "").lower() not in _NOT_SET for name in CI_VARIABLES)


def base_of_proposal(repository: Repository, environ: Mapping[str, str]) -> Base | None:
    """The base of what is proposed in this run of CI, whatever is compared with what; None where nothing is.

    A proposal is a pull request, a merge request or a merge group, or what a hook or TAXONOMY_BASE gives a base.

    Raises as `find_base` does.
    """
    if not in_ci(environ):
        return None
    event = _is_proposal(environ)
    if event or environ.get("PRE_COMMIT_FROM_REF") or environ.get("TAXONOMY_BASE"):
        named = named_base(repository, option=None, environ=environ, head="HEAD")
        if named is not None and named.commit is not None:
            return named
    return _of_event(repository, environ, checked_out=False) if event else None


def _is_proposal(environ: Mapping[str, str]) -> bool:
    """Whether the CI event is that something is proposed."""
    github = environ.get("GITHUB_ACTIONS") == "true" and environ.get("GITHUB_EVENT_NAME") in _PROPOSALS
    return github or bool(environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"))


def comparison_start(
    repository: Repository,
    base: Base,
    head: str | None,
    *,
    name: str = "HEAD",
    direct: bool = False,
    merging: bool = False,
) -> str:
    """The commit (or the empty tree) at which the comparison starts: the merge base, or the base itself if `direct`.

    `head` is the commit of the side that is checked, None where there is none yet, and `name` its ref. A branch without
    a commit has removed nothing of the base's: it starts at the empty tree. `merging` counts
    what is being merged right now as merged: true for the index and the working tree.

    Raises:
        TaxonomyError: there is no common commit.

    """
    if base.commit is None or (head is None and not direct):
        return repository.empty_tree
    if direct or head is None:
        return base.commit
    merged = repository.merge_heads() if merging else ()
    start = repository.merge_base(base.commit, head, *merged)
    if start is None:
        raise _nothing_in_common(repository, base, name)
    return start


def _named(
    repository: Repository,
    ref: str,
    *,
    reason: str,
    head: str | None = None,
    head_by: str = "PRE_COMMIT_TO_REF",
) -> Base:
    if head is not None:
        _resolve(repository, head, named_by=f"{head_by} names what is pushed")
    if ref == WHOLE_TREE:
        return Base(ref=ref, reason=reason, commit=None, head=head)
    commit = (
        repository.resolve(ref)
        if reason == "--base"
        else _resolve(repository, ref, named_by=f"{reason} names the base")
    )
    return Base(ref=ref, reason=reason, commit=commit, head=head)


def _resolve(repository: Repository, ref: str, *, named_by: str) -> str:
    """The commit of a ref that the user has not typed: the error says where it came from."""
    try:
        return repository.resolve(ref)
    except UnknownRef as error:
        raise UnknownRef(f"{named_by}, but {error.message}", *error.remedies) from error


def _first_existing(repository: Repository) -> Base:
    names = ", ".join(FALLBACKS)
    found = repository.existing(tuple(FALLBACKS.values()))
    if found is not None:
        # The name that a symbolic ref stands for tells more: upstream/main, where upstream/HEAD was asked for.
        ref = found.target.removeprefix("refs/remotes/").removeprefix("refs/heads/")
        return Base(ref=ref, reason=f"the first that exists of {names}", commit=found.commit)
    if repository.head() is None:
        return Base(ref=WHOLE_TREE, reason="this repository has no commit yet", commit=None)
    raise TaxonomyError(
        f"there is nothing to compare with: this repository has none of {names}.",
        Remedy("Name a base:", "taxonomy-diff --base REF"),
        Remedy("or take the whole tree as changed:", f"taxonomy-diff --base {WHOLE_TREE}"),
    )


# CI events


def _of_event(repository: Repository, environ: Mapping[str, str], *, checked_out: bool) -> Base | None:
    """What the CI run was started for, None where that names no base.

    `checked_out` says that what is checked out is looked at, and not some other commit.
    """
    if merge_request := environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        return _in_ci(repository, merge_request, merge_request, reason="CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    name = environ.get("GITHUB_EVENT_NAME")
    if name in {"pull_request", "pull_request_target"}:
        return _of_pull_request(repository, environ, suspect=checked_out and name == "pull_request_target")
    if name == "merge_group":
        sha = _text(_event(environ), "merge_group", "base_sha")
        return _in_ci(repository, sha, sha, reason="the merge group's base_sha")
    if name == "push":
        return _of_push(repository, _event(environ))
    return None


def _of_pull_request(repository: Repository, environ: Mapping[str, str], *, suspect: bool) -> Base:
    """The base of a pull request. `suspect`: it may be the base itself that is checked out."""
    event = _event(environ)
    proposed = _text(event, "pull_request", "head", "sha")
    if repository.commit("HEAD^2") == proposed:
        # The base at the moment of the merge; the event's pull_request.base.sha can be older.
        parent = repository.resolve("HEAD^1")
        return Base(ref="HEAD^1", reason="the pull request's merge commit", commit=parent)
    branch = environ.get("GITHUB_BASE_REF") or _text(event, "pull_request", "base", "ref")
    head = repository.head()
    suspect = suspect and head != proposed
    if suspect and head in {environ.get("GITHUB_SHA"), _found(event, "pull_request", "base", "sha")}:
        raise _base_checked_out(branch)
    base = _in_ci(repository, f"refs/remotes/origin/{branch}", f"origin/{branch}", reason="GITHUB_BASE_REF")
    if suspect and head == base.commit:
        raise _base_checked_out(branch)
    return base


def _of_push(repository: Repository, event: object) -> Base:
    before = _text(event, "before")
    if not _NO_COMMIT.match(before):
        return _in_ci(repository, before, before, reason="the push's before")
    branch = _text(event, "repository", "default_branch")
    return _in_ci(
        repository, f"refs/remotes/origin/{branch}", f"origin/{branch}", reason="the default branch, for a new branch"
    )


def _in_ci(repository: Repository, ref: str, name: str, *, reason: str) -> Base:
    commit = repository.commit(ref)
    if commit is not None:
        return Base(ref=name, reason=reason, commit=commit)
    shallow = ", because this clone is shallow" if repository.shallow else ""
    remote, _, branch = name.partition("/")
    if branch:
        remedies = [Remedy("Fetch it:", f"git fetch {remote} {shlex.quote(f'+refs/heads/{branch}:{ref}')}")]
    elif repository.shallow:
        remedies = [Remedy("Fetch it:", "git fetch --unshallow")]
    else:
        remedies = [
            Remedy("Fetch it:", f"git fetch origin {shlex.quote(ref)}"),
            Remedy("or, if it was forced away, name another:", "taxonomy-diff --base REF"),
        ]
    if "CI_MERGE_REQUEST" not in reason:
        remedies.append(_IN_ACTIONS)
    raise UnknownRef(f"the base of this run, `{name}` ({reason}), is not in this clone{shallow}.", *remedies)


def _base_checked_out(branch: str) -> TaxonomyError:
    return TaxonomyError(
        f"this pull_request_target run has checked out `{branch}`, the base itself, so there is nothing to compare.",
        Remedy("Run on `pull_request` instead: it checks out the pull request, without secrets."),
    )


def _event(environ: Mapping[str, str]) -> object:
    path = environ.get("GITHUB_EVENT_PATH")
    if not path:
        raise TaxonomyError(
            "GITHUB_EVENT_NAME is set, but GITHUB_EVENT_PATH is not, so the run's base is not known.",
            Remedy("Name the base:", "taxonomy-diff --base REF"),
        )
    try:
        event: object = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise TaxonomyError(
            f"the event of this run cannot be read from {path} (GITHUB_EVENT_PATH): {error}.",
            Remedy("Name the base:", "taxonomy-diff --base REF"),
        ) from error
    return event


def _found(event: object, *keys: str) -> str | None:
    """The text under these keys of an event, None where there is none."""
    value = event
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


def _text(event: object, *keys: str) -> str:
    """The text under these keys of an event. Raises TaxonomyError where there is none."""
    value = _found(event, *keys)
    if value is None:
        raise TaxonomyError(
            f"the event of this run (GITHUB_EVENT_PATH) has no `{'.'.join(keys)}`.",
            Remedy("Name the base:", "taxonomy-diff --base REF"),
        )
    return value


def _nothing_in_common(repository: Repository, base: Base, name: str) -> TaxonomyError:
    message = f"{name} and {base.ref} have no common commit"
    if not repository.shallow:
        return TaxonomyError(
            f"{message}.",
            Remedy("Compare with the base itself:", f"taxonomy-diff --direct --base {shlex.quote(base.ref)}"),
            Remedy("or take the whole tree as changed:", f"taxonomy-diff --base {WHOLE_TREE}"),
        )
    remotes = repository.remotes()
    named = base.ref.partition("/")[0]
    remote = named if named in remotes else "origin"
    return TaxonomyError(
        f"{message} here, because this clone is shallow.",
        Remedy("Deepen it:", f"git fetch --deepen=100 {shlex.quote(remote)}"),
        _IN_ACTIONS,
    )
