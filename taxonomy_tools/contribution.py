"""What is wrong with a contribution as a whole, whatever its leaves hold: with its commits."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Commit, Repository
from taxonomy_tools.report import Comparison
from taxonomy_tools.rules import missing_sign_off

_MOST = 1_000
"""Commits that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """What is wrong with the commits, the newest first. `notes` say which were not looked at.

    `unseen` stands for those, as severe as a finding in any of them; its hint is a command that lets them be looked at.
    None if all were.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    unseen: Diagnostic | None = None


def look_at(repository: Repository, comparison: Comparison, head: str | None) -> Contribution:
    """Look at the commits that `head` (a hash) has and the base has not; without a base or a head there are none.

    What the base has is nobody's contribution, even where it came in by a merge of the base after the start of the
    comparison. What is only in the working tree or the index is no commit yet.
    """
    if head is None or not comparison.start or head in (comparison.start, comparison.base_commit):
        return Contribution()
    listed = repository.commits(head, without=comparison.base_commit, limit=_MOST + 1)
    commits, notes, unseen = listed, [], None
    if len(listed) > _MOST:
        commits = listed[:_MOST]
        unseen = _diagnostic(f"of its commits, only the newest {_MOST:,} were looked at")
        notes.append(f"Only the newest {_MOST:,} commits were looked at for sign-offs.")
    if repository.shallow and any(commit.rooted for commit in commits):
        # Where history is cut off, what came from the base cannot be told from what did not.
        commits = commits[:1]
        unseen = _diagnostic(
            "of its commits, only the newest was looked at, because this clone is shallow", "git fetch --unshallow"
        )
        notes.append("Only the newest commit was looked at for its sign-off, because this clone is shallow.")
    found = _diagnostics(commits, comparison.start, _committer(repository, os.environ))
    return Contribution(diagnostics=tuple(found), notes=tuple(notes), unseen=unseen)


def not_looked_at(unseen: Diagnostic) -> TaxonomyError:
    """What to say where one of the commits that were not looked at could have failed the run."""
    fetch = (
        Remedy("Fetch the rest:", unseen.hint),
        Remedy("In GitHub Actions:", "actions/checkout with fetch-depth: 0"),
    )
    return TaxonomyError(
        f"whether this contribution is signed off ({unseen.code}) is not known: {unseen.message}.",
        *(fetch if unseen.hint else (Remedy("Make several contributions of it."),)),
    )


def _committer(repository: Repository, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Whom `git commit --signoff` would sign for here, None where nobody has told Git."""
    settings = repository.settings
    name = environ.get("GIT_COMMITTER_NAME") or settings.last("user.name")
    email = environ.get("GIT_COMMITTER_EMAIL") or settings.last("user.email") or environ.get("EMAIL")
    return (name, email) if name and email else None


def _diagnostics(commits: tuple[Commit, ...], start: str, committer: tuple[str, str] | None) -> Iterator[Diagnostic]:
    for finding in missing_sign_off.check(commits, start=start, committer=committer):
        yield _diagnostic(finding.message, finding.hint)


def _diagnostic(message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(
        code=missing_sign_off.CODE,
        name=missing_sign_off.NAME,
        severity=missing_sign_off.SEVERITY,
        message=message,
        leaf="",
        file="",
        hint=hint,
    )
