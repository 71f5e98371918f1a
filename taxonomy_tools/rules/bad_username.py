"""The leaf's `created_by` is not the name of one GitHub user.

What it flags
    A `created_by` that GitHub would not take as a user name: full names, several names, e-mail addresses, links, a
    leading `@`. User names are letters, digits and single hyphens, 39 at most; those that a company manages end in an
    underscore and its short code.

Why
    Upstream credits contributors, and finds whom to ask, by that name.

Instead
    created_by: ada-lovelace

For example
    created_by: Ada Lovelace
"""

import re
from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, quote, text_at

CODE = "TX508"
NAME = "bad-username"
SEVERITY = Severity.WARNING

_LONGEST = 39
_READ = 1000
"""Code points of a value that are looked at."""
_USER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?:_[A-Za-z0-9]+)?")
_ALLOWED = re.compile(r"[A-Za-z0-9_-]")
_PROFILE = re.compile(r"(?:https?://)?(?:www\.)?github\.com/@?([A-Za-z0-9_-]+)/?", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
# Names in a row. One `and` in a name is rarer than two names, and a full name is no user name either.
_SEVERAL = re.compile(r"\s*(?:[,;&/|+]|\band\b)\s*", re.IGNORECASE)
_WITH_REMARK = re.compile(r"@?([A-Za-z0-9_-]+)\s*(?:\([^()]*\)|<[^<>]*>)")


def check(subject: Subject) -> Iterator[Finding]:
    """The value of `created_by`, if it is text; of other types the schema speaks, and of an empty one."""
    value = text_at(subject, "created_by")
    if value is None or is_user(value):
        return
    meant = _meant(value[:_READ].strip())
    hint = f"write {meant}" if meant else "write your user name on GitHub"
    # An address is not repeated: reports are read by more people than the file.
    shown = "`created_by`" if _holds_email(value[:_READ]) else quote(value)
    message = f"{shown} is no GitHub user name: it {_fault(value[:_READ])}"
    yield Finding(message=message, route=("created_by",), hint=hint)


def is_user(name: str) -> bool:
    """Whether GitHub takes the text as the name of a user."""
    return len(name) <= _LONGEST and _USER.fullmatch(name) is not None


def _holds_email(value: str) -> bool:
    return "@" in value and _EMAIL.search(value) is not None


def _fault(value: str) -> str:
    bare = value.strip()
    if "://" in bare or _PROFILE.fullmatch(bare):
        return "is a link"
    if _SEVERAL.search(bare.strip(",;&/|+ ")):
        return "names more than one"
    if _holds_email(bare):
        return "holds an e-mail address"
    if len(value) != len(bare) or " " in bare:
        return "holds spaces"
    if bare.startswith("@"):
        return "starts with `@`"
    other = next((character for character in bare if not _ALLOWED.fullmatch(character)), "")
    if other:
        return f"holds `{other}`"
    if len(value) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    return "may have single `-` inside, and one `_`, but no others"


def _meant(value: str) -> str:
    """The user name within a value, if it is plain which."""
    for pattern in (_PROFILE, _WITH_REMARK):
        match = pattern.fullmatch(value)
        if match is not None and is_user(match[1]):
            return match[1]
    bare = value.lstrip("@")
    return bare if is_user(bare) else ""
