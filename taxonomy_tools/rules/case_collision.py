"""Two paths differ only in case, or in how Unicode composes their letters.

What it flags
    A path beside the leaf's folder, a folder above it or one of its files, whose name is the same but for upper and
    lower case, or but for letters with accents that are composed in another way.

Why
    To macOS the two are one path, and where only case differs to Windows too: a clone there holds one of them, shows
    the other as changed, and mixes what lies below.

Instead
    knowledge/birds/owls/qna.yaml
    knowledge/birds/swifts/qna.yaml

For example
    knowledge/birds/owls/qna.yaml
    knowledge/Birds/swifts/qna.yaml
"""

from collections.abc import Iterator
from posixpath import basename

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import fold
from taxonomy_tools.rules.base import Finding, Subject, quote

CODE = "TX108"
NAME = "case-collision"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Finding]:
    """Each twin of the leaf's own paths; a misnamed document's name is TX101's alone."""
    for twin in subject.surroundings.twins:
        if twin not in subject.misnamed:
            own = _own(subject, twin)
            message = f"{quote(own)} and {quote(twin)} differ only {_how(own, twin)} for one"
            file = f"{subject.path}/{basename(own)}" if own.rpartition("/")[0] == subject.path else None
            yield Finding(message=message, file=file, hint="rename one of them, or merge the two")


def _how(own: str, twin: str) -> str:
    if own.casefold() == twin.casefold():
        return "in case: Windows and macOS take them"
    return "in how their letters are composed: macOS takes them"


def _own(subject: Subject, twin: str) -> str:
    """The path of the leaf's that a twin is one of."""
    depth = twin.count("/") + 1
    folders = subject.path.split("/")
    if depth <= len(folders):
        return "/".join(folders[:depth])
    return f"{subject.path}/{fold(basename(twin))}"
