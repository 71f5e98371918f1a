"""Whose commit is being made right now, asked of Git without GitPython: importing that takes longer than all of this.

It is for the commit-msg hook, which runs at every commit and asks nothing else.
"""

import os
import re
import subprocess
from dataclasses import dataclass

from taxonomy_tools.errors import Remedy, TaxonomyError

_IDENT = re.compile(r"(?P<name>[^<]*)<(?P<email>[^>]*)>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """The author or the committer of a commit, by the name and the e-mail address that it will have."""

    name: str
    email: str


def author_of_commit() -> Author:
    """The author of the commit that is being made here; of one with `--author` or `--amend`, Git says so to its hooks.

    Raises:
        TaxonomyError: Git does not know, or is not there.

    """
    found, err = _person("GIT_AUTHOR_IDENT")
    if found is None:
        lines = [line for line in err.splitlines() if line.startswith(("fatal:", "error:"))]
        because = f" ({lines[-1].partition(': ')[2].rstrip('.')})" if lines else ""
        raise TaxonomyError(
            f"Git does not know who the author is{because}.",
            Remedy("Tell it:", 'git config --global user.name "YOUR NAME"'),
            Remedy("and:", "git config --global user.email YOU@EXAMPLE.ORG"),
        )
    return found


def committer_of_commit() -> Author | None:
    """Who makes the commit, and is signed for by `git commit --signoff`; None where Git does not know."""
    return _person("GIT_COMMITTER_IDENT")[0]


def is_merge() -> bool:
    """Whether the commit that is being made here ends a merge."""
    status, _, _ = _ask("rev-parse", "--verify", "--quiet", "MERGE_HEAD^{commit}")
    return status == 0


def _person(variable: str) -> tuple[Author | None, str]:
    """Whom one of Git's variables names, and what Git complains of."""
    status, out, err = _ask("var", variable)
    found = _IDENT.match(out) if status == 0 else None
    return (None if found is None else Author(name=found["name"].strip(), email=found["email"])), err


def _ask(*arguments: str) -> tuple[int, str, str]:
    # Windows would look for git.exe in the checkout first.
    os.environ.setdefault("NoDefaultCurrentDirectoryInExePath", "1")
    try:
        done = subprocess.run(["git", *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise TaxonomyError(
            f"Git could not be started: {error.strerror}.", Remedy("Install it:", "https://git-scm.com/downloads")
        ) from error
    return done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr)
