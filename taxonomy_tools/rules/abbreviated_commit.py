"""The commit of a leaf's document is not the whole hash of one.

What it flags
    A `commit` that is not 40 hexadecimal digits (64 in a repository of SHA-256): an abbreviated hash, a branch, a tag.

Why
    Branches move and tags can be moved, so what is trained later is not what was reviewed. An abbreviation may come to
    mean two commits, and no server hands a commit out for one.

Instead
    commit: 8bf3ecccba1623c6b4008bf254a40510cbc2fc23

For example
    commit: 8bf3ecc
"""

import re
from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, number_of, quote, text_at

CODE = "TX601"
NAME = "abbreviated-commit"
SEVERITY = Severity.WARNING

_READ = 1000
"""Code points of a value that are looked at."""
_WHOLE = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
_HEXADECIMAL = re.compile(r"(?=.*\d)[0-9A-Fa-f]{4,63}", re.DOTALL)


def check(subject: Subject) -> Iterator[Finding]:
    """The value of `commit`, if it is text; of other types the schema speaks, and of an empty one."""
    commit = text_at(subject, "document", "commit")
    if commit is None:
        return
    bare = commit[:_READ].strip()
    if not _WHOLE.fullmatch(commit):
        message = f"{quote(commit)} {_fault(bare)}"
        yield Finding(message=message, route=("document", "commit"), hint=_hint(bare))
    elif not commit.strip("0"):
        yield Finding(message="a hash of zeros is that of no commit", route=("document", "commit"))


def _fault(commit: str) -> str:
    if _WHOLE.fullmatch(commit):
        return "has spaces around the hash"
    if not _HEXADECIMAL.fullmatch(commit):
        return "is no hash of a commit"
    if len(commit) < 40:
        return f"is an abbreviated hash: it has {number_of(len(commit), 'digit')} of 40"
    return f"has {len(commit)} digits: a hash of a commit has 40, or 64"


def _hint(commit: str) -> str:
    if _WHOLE.fullmatch(commit):
        return "remove the spaces"
    # Only what can be nothing else is shown in a command to copy.
    known = commit if _HEXADECIMAL.fullmatch(commit) and len(commit) < 40 else "COMMIT"
    return f"write what `git rev-parse {known}` prints"
