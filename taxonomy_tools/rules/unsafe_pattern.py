"""A pattern for documents leads out of their repository, or is none.

What it flags
    A pattern that starts with `/`, `~`, `-`, `:` or a drive, has `..`, `.git` or an empty part, or holds backslashes or
    control characters. Of one leaf the first hundred are told.

Why
    Patterns are resolved in a clone, by programs that nobody watches. One that is absolute or goes up reads files that
    are not the document, `.git` reads the clone's own, and the others mean something else to each program.

Instead
    patterns:
      - wrens/*.md

For example
    patterns:
      - ../wrens/*.md
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, number_of, quote

CODE = "TX603"
NAME = "unsafe-pattern"
SEVERITY = Severity.WARNING

MOST = 100
"""Findings a leaf that are told one by one: a file holds 100,000 patterns."""
_READ = 2000
"""Code points of a value that are looked at."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# `.git` as file systems that fold case, or drop dots and spaces at an end, or shorten names (NTFS), know it.
_GIT_FOLDER = re.compile(r"(?:\.git[. ]*|git~1)(?::.*)?", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a pattern that is text, up to so many; of other types the schema speaks, and of an empty one."""
    yield from limited(_findings(subject))


def limited(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first findings; the last of them says how many more there are."""
    yield from islice(findings, MOST - 1)
    last = next(findings, None)
    if last is not None:
        more = sum(1 for _ in findings)
        behind = f", and {number_of(more, 'other pattern')} below too" if more else ""
        yield replace(last, message=last.message + behind)


def _findings(subject: Subject) -> Iterator[Finding]:
    for index, pattern in patterns(subject):
        fault, hint = _fault(pattern[:_READ])
        if fault:
            yield Finding(message=f"{quote(pattern)} {fault}", route=("document", "patterns", index), hint=hint)


def patterns(subject: Subject) -> Iterator[tuple[int, str]]:
    """The patterns of the leaf's document, with their indices; without those that are empty or no text."""
    data = subject.document.data if subject.document is not None else None
    document = data.get("document") if isinstance(data, dict) else None
    found = document.get("patterns") if isinstance(document, dict) else None
    if isinstance(found, list):
        for index, pattern in enumerate(found):
            if isinstance(pattern, str) and pattern:
                yield index, pattern


def _fault(pattern: str) -> tuple[str, str]:
    """What is not safe about a pattern, and the shortest mend; both may be empty."""
    if _CONTROL.search(pattern):
        return "holds control characters", ""
    if "\\" in pattern:
        return "holds a backslash", "write / between folders"
    if pattern.startswith("/"):
        bare = pattern.lstrip("/")
        mend = f"write {bare}" if 0 < len(bare) <= 70 and not _fault(bare)[0] else "start below the repository's folder"
        return "is absolute: it leads out of the repository", mend
    if pattern.startswith("~") or re.match(r"[A-Za-z]:", pattern):
        return "is absolute: it leads out of the repository", "start below the repository's folder"
    if pattern.startswith(("-", ":")):
        return f"starts with `{pattern[0]}`: Git would not take it for a path", f"write ./{pattern}"[:80]
    return _fault_of_parts(pattern.split("/"))


def _fault_of_parts(parts: list[str]) -> tuple[str, str]:
    if ".." in parts:
        return "leads out of a folder by `..`", "start below the repository's folder"
    if any(_GIT_FOLDER.fullmatch(part) for part in parts):
        return "leads into `.git`", ""
    if parts[-1] == "":
        return "ends with `/`, and so matches no file", "write which files of the folder: *.md"
    if "" in parts:
        return "has an empty part between two `/`", "write one /"
    return "", ""
