"""The clone that actions/checkout has made, and how it gets more history: by as little as will do, from `origin`.

A fetch runs no program that the clone's own config names (hooks, fsmonitor, ssh and upload commands, credential
helpers). The token that actions/checkout leaves in the config is a header, and counts.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Repository

REMOTE = "origin"
STEPS = (16, 128, 1024)
"""Commits by which a shallow clone is deepened, one after the other; after the last of them, all history is fetched."""
_SECONDS = 300
_HISTORY = 20_000
"""Commits among which the end of a shallow clone is looked for; with more of them, it is taken to be there."""
_TRUSTED_SCOPES = frozenset({"system", "global", "command"})
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_PROXY_COMMAND": "",
    "LC_ALL": "C",
}
_SETTINGS = {
    "core.fsmonitor": "",
    "core.hooksPath": os.devnull,
    "core.alternateRefsCommand": "",
    "core.sshCommand": "ssh",
    "core.askPass": "",
    "credential.helper": "",
}
_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
    "--upload-pack=git-upload-pack",
)


class CannotFetch(TaxonomyError):
    """The remote did not give what is missing."""


@dataclass(kw_only=True, slots=True)
class Clone:
    """A clone, and how to ask for more of it. `announce` is told before each fetch.

    `repository` is what is there now: it is made anew by a fetch.
    """

    start: Path
    announce: Callable[[str], None]
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        self.repository = Repository.discover(self.start)

    def fetch(self, what: str, *wanted: str) -> None:
        """Fetch commits (hashes, or refspecs of branches) that are missing; `what` names them for the reader.

        In a shallow clone they come without their history. Raises CannotFetch.
        """
        depth = ("--depth=1",) if self.repository.shallow else ()
        self._fetch(f"Fetching {what} from {REMOTE}", depth, wanted)

    def deepen(self, step: int | None, *commits: str) -> None:
        """Fetch so many more commits of the history of these, or (None) all of it. Raises CannotFetch."""
        depth = "--unshallow" if step is None else f"--deepen={step}"
        more = "the whole history" if step is None else f"{step} more {'commit' if step == 1 else 'commits'} of history"
        self._fetch(f"Fetching {more} from {REMOTE}: this clone is shallow", (depth,), commits)

    def steps(self) -> Iterator[int | None]:
        """By how much to deepen, one after the other, as long as there is more to be had."""
        for step in (*STEPS, None):
            if not self.repository.shallow:
                return
            yield step

    def is_cut_off(self, head: str, base: str) -> bool:
        """Whether history ends, because the clone is shallow, among the commits that `head` has and `base` has not."""
        if not self.repository.shallow:
            return False
        commits = self.repository.commits(head, without=base, limit=_HISTORY)
        return len(commits) == _HISTORY or any(commit.rooted for commit in commits)

    def _fetch(self, announcement: str, options: tuple[str, ...], wanted: tuple[str, ...]) -> None:
        if REMOTE not in self.repository.remotes():
            raise CannotFetch(f"this clone has no remote `{REMOTE}` to fetch from.", CHECKOUT)
        self.announce(announcement)
        settings = [option for key, value in self._settings() for option in ("-c", f"{key}={value}")]
        command = ["git", "-C", os.fspath(self.repository.root), *settings, *_FETCH, *options, "--", REMOTE, *wanted]
        try:
            done = subprocess.run(
                command,
                env={**os.environ, **_ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise _cannot_fetch(announcement, f"no answer within {_SECONDS} seconds") from error
        if done.returncode != 0:
            raise _cannot_fetch(announcement, _reason(os.fsdecode(done.stderr)))
        self.repository = Repository.discover(self.start)

    def _settings(self) -> Iterator[tuple[str, str]]:
        """Settings that take the place of the clone's own: of what may be run, the user's own config alone counts."""
        yield from _SETTINGS.items()
        for scope, key, value in self.repository.settings.entries:
            if scope not in _TRUSTED_SCOPES or value is None or "=" in key:
                continue
            helper = key.startswith("credential.") and key.endswith(".helper")
            if helper or key in {"core.sshcommand", "core.askpass"}:
                yield key, value


CHECKOUT = Remedy("In the workflow, let actions/checkout fetch all history:", "fetch-depth: 0")


def _cannot_fetch(announcement: str, reason: str) -> CannotFetch:
    what = announcement.removeprefix("Fetching ").partition(f" from {REMOTE}")[0]
    return CannotFetch(
        f"{what} could not be fetched from {REMOTE} ({reason}).",
        CHECKOUT,
        Remedy("With persist-credentials: false there is no token to fetch with, which a private repository asks for."),
    )


def _reason(err: str) -> str:
    """What Git died of, for the end of a sentence."""
    lines = [line for line in err.splitlines() if line.startswith(("fatal:", "error:", "remote:"))]
    fatal = next((line for line in lines if line.startswith("fatal:")), "".join(lines[-1:]) or "Git does not say why")
    return fatal.removeprefix("fatal: ").rstrip(".")
