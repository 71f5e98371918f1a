"""Which commit a taxonomy is compared with, and why that one.

The first of these that is *set* is the base, and it must resolve: `--base`; PRE_COMMIT_FROM_REF in a hook;
TAXONOMY_BASE; what the CI event says; the config. Only where none of them is set, the first ref that exists of a list.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

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
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_NO_COMMIT = re.compile(r"0{40}(?:0{24})?\Z")
_REMOTE = "origin"
_TRACKING = f"refs/remotes/{_REMOTE}/"
_MERGE_REQUEST = "CI_MERGE_REQUEST_DIFF_BASE_SHA"
_IN_ACTIONS = Remedy("In GitHub Actions:", "actions/checkout with fetch-depth: 0 (or 2 for a pull request)")
_IN_GITLAB = Remedy("In GitLab CI, the variable:", 'GIT_DEPTH: "0"')
_NAME_IT = Remedy("Name the base:", "--base REF")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tip:
    """The newest commit of the branch to merge into, as far as the clone knows. `ref` is its name for the reader."""

    ref: str
    commit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """What to compare with. `ref` is its name for the reader and `reason` where that came from.

    `commit` is its hash, None for the whole tree. `head` is the ref that comes with it and should be compared (a
    hook's PRE_COMMIT_TO_REF), None where nothing says so. `tip` is where the configuration is read, None if that is the
    base itself: who proposes something chooses where the branch leaves, and must not choose its rules by that. `note`
    says what is not as it should be there.
    """

    ref: str
    reason: str
    commit: str | None
    head: str | None = None
    tip: Tip | None = None
    note: str = ""


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
    return github or bool(environ.get(_MERGE_REQUEST))


def insist_on_proposal(repository: Repository, environ: Mapping[str, str], *, base: str, start: str) -> None:
    """Raise TaxonomyError where GitHub asks for a verdict on a proposal and the base is checked out in its place.

    `start` is the commit at which the comparison with `base`, a ref, started. It is for a comparison of what is checked
    out that has found nothing: that nothing differs is then no verdict.
    """
    name, head = environ.get("GITHUB_EVENT_NAME", ""), repository.head()
    if environ.get("GITHUB_ACTIONS") != "true" or name not in _PROPOSALS or head is None or head != start:
        return
    proposed = None
    with suppress(TaxonomyError):
        proposed = Event.read(environ).found("pull_request", "head", "sha")
    if head != proposed:
        raise _base_checked_out(base, name)


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
        *_fetching(repository),
        Remedy("or take the whole tree as changed:", f"--base {WHOLE_TREE}"),
    )


def _fetching(repository: Repository) -> Iterator[Remedy]:
    """How to come by a base: a clone of one branch has no other, and so none that is usually compared with."""
    remotes = repository.remotes()
    remote = next((name for name in ("upstream", "origin") if name in remotes), None)
    if remote is not None:
        fetch = f"git fetch {remote} +refs/heads/main:refs/remotes/{remote}/main"
        yield Remedy("Fetch the branch that it came from:", fetch)
    yield Remedy("Name a base:" if remote is None else "or name a base:", "--base REF")


# CI events


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What a run of GitHub Actions was started for, as its event file has it."""

    payload: object

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the file that GITHUB_EVENT_PATH names. Raises TaxonomyError."""
        path = environ.get("GITHUB_EVENT_PATH")
        if not path:
            raise TaxonomyError(
                "GITHUB_EVENT_NAME is set, but GITHUB_EVENT_PATH is not, so the run's base is not known.", _NAME_IT
            )
        try:
            return cls(payload=json.loads(Path(path).read_bytes()))
        except (OSError, ValueError, RecursionError) as error:
            raise TaxonomyError(
                f"the event of this run cannot be read from {path} (GITHUB_EVENT_PATH): {error}.", _NAME_IT
            ) from error

    def found(self, *keys: str) -> str | None:
        """The text under these keys, None where there is none."""
        value = self._value(*keys)
        return value if isinstance(value, str) and value else None

    def text(self, *keys: str) -> str:
        """The text under these keys. Raises TaxonomyError where there is none."""
        value = self.found(*keys)
        if value is None:
            raise TaxonomyError(f"the event of this run (GITHUB_EVENT_PATH) has no `{'.'.join(keys)}`.", _NAME_IT)
        return value

    def count(self, *keys: str) -> int:
        """The number under these keys, or how many things a list there has; 0 where there is neither."""
        value = self._value(*keys)
        if isinstance(value, list):
            return len(value)
        return max(value, 0) if isinstance(value, int) else 0

    def _value(self, *keys: str) -> object:
        value = self.payload
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a run is to be compared with, whether it is in the clone or not.

    `name` is for the reader, and `reason` where it came from; `revision` finds it in the clone. `commits` is how many
    the event says that there are on the other side, 0 if it does not. `tip` is the revision that the configuration is
    read from, "" if that is the same.
    """

    name: str
    revision: str
    reason: str = ""
    commits: int = 0
    tip: str = ""

    @classmethod
    def branch(cls, name: str, *, reason: str = "", commits: int = 0) -> Self:
        """A branch of the remote."""
        return cls(name=f"{_REMOTE}/{name}", revision=f"{_TRACKING}{name}", reason=reason, commits=commits)

    @classmethod
    def named(cls, ref: str) -> Self:
        """What somebody calls it: a branch of the remote, if that may be meant."""
        for prefix in (_TRACKING, f"{_REMOTE}/"):
            if ref.startswith(prefix):
                return cls.branch(ref.removeprefix(prefix))
        return cls(name=ref, revision=ref)

    @property
    def wanted(self) -> str:
        """What to fetch if it is not there; "" where nobody but the clone itself can know."""
        if self.revision.startswith(_TRACKING):
            return f"+refs/heads/{self.revision.removeprefix(_TRACKING)}:{self.revision}"
        return self.revision if _HASH.match(self.revision) else ""


def target_of_event(repository: Repository, environ: Mapping[str, str], *, checked_out: bool = True) -> Target | None:
    """What a run of GitHub Actions is to be compared with by its event; None where that is no event with a base.

    `checked_out` says that what is checked out is looked at, and not some other commit.

    Raises:
        TaxonomyError: the event cannot be read, does not say it, or has the base itself checked out.

    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    match environ.get("GITHUB_EVENT_NAME"):
        case "pull_request" | "pull_request_target":
            return _of_pull_request(repository, environ, Event.read(environ), checked_out=checked_out)
        case "merge_group":
            return _at(Event.read(environ).text("merge_group", "base_sha"), reason="the merge group's base_sha")
        case "push":
            return _of_push(Event.read(environ))
    return None


def _of_pull_request(repository: Repository, environ: Mapping[str, str], event: Event, *, checked_out: bool) -> Target:
    """The first parent of the merge that GitHub has made, if that is checked out; else the branch to merge into."""
    name = environ["GITHUB_EVENT_NAME"]
    proposed, head = event.text("pull_request", "head", "sha"), repository.head()
    commits = event.count("pull_request", "commits")
    branch = environ.get("GITHUB_BASE_REF") or event.found("pull_request", "base", "ref") or ""
    into = Target.branch(branch, reason="GITHUB_BASE_REF", commits=commits)
    if repository.commit("HEAD^2") == proposed:
        # The base at the moment of the merge; the event's pull_request.base.sha can be older.
        merged = replace(into, name="HEAD^1", revision="HEAD^1", reason="the pull request's merge commit")
        # Whoever proposes something can make a merge with it, too, and choose what that is a merge with.
        run_of = environ.get("GITHUB_SHA") or (head if name == "pull_request" else None)
        if head == run_of:
            return merged
        if name == "pull_request_target" and _holds(repository, into.revision, repository.resolve("HEAD^1")):
            return replace(merged, tip=into.revision)
    if name == "pull_request_target" and checked_out and head is not None and head != proposed:
        base = event.found("pull_request", "base", "sha")
        if head in {environ.get("GITHUB_SHA"), base, repository.commit(into.revision)}:
            raise _base_checked_out(branch, name)
    if not branch:
        event.text("pull_request", "base", "ref")
    return into


def _of_push(event: Event) -> Target:
    before = event.text("before")
    if not _NO_COMMIT.match(before):
        return _at(before, reason="the push's before", commits=event.count("commits"))
    branch = event.text("repository", "default_branch")
    if event.found("ref") == f"refs/heads/{branch}":
        return Target(name=WHOLE_TREE, revision=WHOLE_TREE, reason="the first push of the default branch")
    return Target.branch(branch, reason="the default branch, for a new branch")


def _at(commit: str, *, reason: str, commits: int = 0) -> Target:
    """A commit that CI names. Raises UnknownRef for what is not a full hash: any other name can be made to move."""
    if not _HASH.match(commit):
        raise UnknownRef(f"the base of this run, `{commit}` ({reason}), is not the full hash of a commit.", _NAME_IT)
    return Target(name=commit, revision=commit, reason=reason, commits=commits)


def _holds(repository: Repository, revision: str, commit: str) -> bool:
    """Whether a commit is in the history of a revision that may be absent."""
    tip = repository.commit(revision)
    return tip is not None and repository.merge_base(tip, commit) == commit


def _of_event(repository: Repository, environ: Mapping[str, str], *, checked_out: bool) -> Base | None:
    """What the CI run was started for, None where that names no base. `checked_out` is that of `target_of_event`."""
    if commit := environ.get(_MERGE_REQUEST):
        return _of_merge_request(repository, _reach(repository, _at(commit, reason=_MERGE_REQUEST)), environ)
    target = target_of_event(repository, environ, checked_out=checked_out)
    return None if target is None else _reach(repository, target)


def _of_merge_request(repository: Repository, base: Base, environ: Mapping[str, str]) -> Base:
    """The base of a merge request, which GitLab says, together with what the clone has of the branch to merge into.

    A pipeline for merged results has a merge with that checked out: what came to it since is then nobody's proposal.
    """
    assert base.commit is not None
    tip = _tip_on_gitlab(repository, environ, base.commit)
    if tip is None:
        branch = environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
        said = (
            f"The configuration is that of the commit at which the branch left {branch}, as this clone lacks the "
            f"newest one of {branch}: set the variable GIT_DEPTH to 0."
        )
        return replace(base, note=said) if branch else base
    head = repository.head()
    start = repository.merge_base(tip.commit, head) if head is not None else None
    if start is not None and start != base.commit and _holds(repository, start, base.commit):
        return Base(ref=tip.ref, reason="the target branch of the merge request, merged here", commit=tip.commit)
    return base if tip.commit == base.commit else replace(base, tip=tip)


def _tip_on_gitlab(repository: Repository, environ: Mapping[str, str], base: str) -> Tip | None:
    """What the clone has of the branch to merge into; None if that is nothing, or older than the base."""
    commit = environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "")  # set in pipelines for merged results alone
    branch = environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
    if _HASH.match(commit) and repository.commit(commit) is not None:
        tip = Tip(ref=commit, commit=commit)
    elif found := repository.existing((f"{_TRACKING}{branch}",)):
        tip = Tip(ref=f"{_REMOTE}/{branch}", commit=found.commit)
    else:
        return None
    return None if tip.commit != base and _holds(repository, base, tip.commit) else tip


def _reach(repository: Repository, target: Target) -> Base:
    """The base that a target is in this clone. Raises UnknownRef where it is not there."""
    if target.revision == WHOLE_TREE:
        return Base(ref=target.name, reason=target.reason, commit=None)
    commit = repository.commit(target.revision)
    if commit is None:
        raise _not_there(repository, target)
    tip = repository.commit(target.tip) if target.tip else None
    ref = target.tip.removeprefix("refs/remotes/")
    return Base(
        ref=target.name,
        reason=target.reason,
        commit=commit,
        tip=None if tip is None else Tip(ref=ref, commit=tip),
    )


def _not_there(repository: Repository, target: Target) -> UnknownRef:
    shallow = ", because this clone is shallow" if repository.shallow else ""
    on_gitlab = target.reason == _MERGE_REQUEST
    if repository.shallow and _HASH.match(target.revision):
        remedies = [Remedy("Fetch it:", "git fetch --unshallow")]
    else:
        remedies = [Remedy("Fetch it:", f"git fetch {_REMOTE} {shlex.quote(target.wanted)}")]
        if target.wanted == target.revision:
            remedies.append(Remedy("or, if it was forced away, name another:", "--base REF"))
    if not on_gitlab:
        remedies.append(_IN_ACTIONS)
    elif repository.shallow:
        remedies.append(_IN_GITLAB)
    where = f"`{target.name}` ({target.reason})"
    return UnknownRef(f"the base of this run, {where}, is not in this clone{shallow}.", *remedies)


def _base_checked_out(base: str, event: str) -> TaxonomyError:
    remedy = (
        Remedy("Run on `pull_request` instead: it checks out the pull request, without secrets.")
        if event == "pull_request_target"
        else Remedy("By itself, actions/checkout takes what is proposed: leave out its", "ref")
    )
    return TaxonomyError(
        f"this {event} run has checked out `{base}`, the base itself, so there is nothing to compare.", remedy
    )


def _nothing_in_common(repository: Repository, base: Base, name: str) -> TaxonomyError:
    message = f"{name} and {base.ref} have no common commit"
    if not repository.shallow:
        return TaxonomyError(
            f"{message}.",
            Remedy("Compare with the base itself:", f"--direct --base {shlex.quote(base.ref)}"),
            Remedy("or take the whole tree as changed:", f"--base {WHOLE_TREE}"),
        )
    remotes = repository.remotes()
    named = base.ref.partition("/")[0]
    remote = named if named in remotes else "origin"
    return TaxonomyError(
        f"{message} here, because this clone is shallow.",
        Remedy("Deepen it:", f"git fetch --deepen=100 {shlex.quote(remote)}"),
        _IN_GITLAB if base.reason == _MERGE_REQUEST else _IN_ACTIONS,
    )
