"""What is wrong with a contribution as a whole, whatever its leaves hold: with its commits."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.git import Commit, Repository
from taxonomy_tools.report import Comparison
from taxonomy_tools.rules import missing_sign_off

_MOST = 1_000
"""Commits that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """What is wrong with the commits, the newest first. `notes` say which were not looked at."""

    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()


def look_at(repository: Repository, comparison: Comparison, head: str | None) -> Contribution:
    """Look at the commits that `head` (a hash) has and the base has not; without a base or a head there are none.

    What the base has is nobody's contribution, even where it came in by a merge of the base after the start of the
    comparison. What is only in the working tree or the index is no commit yet.
    """
    if head is None or not comparison.start or head in (comparison.start, comparison.base_commit):
        return Contribution()
    listed = repository.commits(head, without=comparison.base_commit, limit=_MOST + 1)
    commits, notes = listed, []
    if len(listed) > _MOST:
        commits = listed[:_MOST]
        notes.append(f"Only the newest {_MOST:,} commits were looked at for sign-offs.")
    if repository.shallow and any(commit.rooted for commit in commits):
        # Where history is cut off, what came from the base cannot be told from what did not.
        commits = commits[:1]
        notes.append("Only the newest commit was looked at for its sign-off, because this clone is shallow.")
    found = _diagnostics(commits, comparison.start, _committer(repository, os.environ))
    return Contribution(diagnostics=tuple(found), notes=tuple(notes))


def _committer(repository: Repository, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Whom `git commit --signoff` would sign for here, None where nobody has told Git."""
    settings = repository.settings
    name = environ.get("GIT_COMMITTER_NAME") or settings.last("user.name")
    email = environ.get("GIT_COMMITTER_EMAIL") or settings.last("user.email") or environ.get("EMAIL")
    return (name, email) if name and email else None


def _diagnostics(commits: tuple[Commit, ...], start: str, committer: tuple[str, str] | None) -> Iterator[Diagnostic]:
    for finding in missing_sign_off.check(commits, start=start, committer=committer):
        yield Diagnostic(
            code=missing_sign_off.CODE,
            name=missing_sign_off.NAME,
            severity=missing_sign_off.SEVERITY,
            message=finding.message,
            leaf="",
            file="",
            hint=finding.hint,
        )
