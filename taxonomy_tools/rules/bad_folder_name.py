r"""A folder has a name that not every system or tool can take.

What it flags
    A folder of a leaf's path whose name holds a space, or that Windows cannot check out: with one of `<>:"|?*\`, a
    control character, a dot at its end, or a name that Windows keeps for a device (`CON`, `NUL.x`); and one that is not
    UTF-8, holds invisible characters, or is longer than 255 bytes. Letters of all alphabets are fine.

Why
    Upstream asks for underscores in place of spaces, which break scripts that go through the taxonomy. Where a name is
    not possible, `git clone` stops in the middle: for everybody on that system, and with all leaves behind it.

Instead
    knowledge/birds_of_europe/qna.yaml

For example
    knowledge/birds of europe/qna.yaml
"""

import os
import re
from collections.abc import Iterator
from unicodedata import category

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import LONGEST_NAME
from taxonomy_tools.rules.base import Finding, Subject, quote
from taxonomy_tools.text import shorten

CODE = "TX103"
NAME = "bad-folder-name"
SEVERITY = Severity.WARNING

# What Git for Windows refuses (is_valid_win32_path in its compat/mingw.c).
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\]')
_DEVICE = re.compile(r"(?:aux|con|conin\$|conout\$|nul|prn|(?:com|lpt)[1-9¹²³]) *(?:\.|\Z)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # invisible, and part of how words and emoji are written
_HINT = 80


def check(subject: Subject) -> Iterator[Finding]:
    """Each folder of the leaf's path, once. Nothing of a leaf that was not looked into (TX006, TX105)."""
    if subject.document is None and not subject.misnamed:
        looked_at = any(file.path != subject.path for file in subject.problems)
        if not looked_at:
            return
    for name in dict.fromkeys(map(_as_named, subject.path.split("/"))):
        reason = next(_reasons(name), "")
        if reason:
            yield Finding(message=f"the folder name {quote(name)} {reason}", hint=_hint(name))


def _as_named(name: str) -> str:
    """The name that a folder has, whatever encoding the locale says: Python has taken its bytes for text of that."""
    try:
        return os.fsencode(name).decode()
    except UnicodeError:
        return name


def fault(name: str) -> str:
    """The worst that is wrong with a folder's name, `""` if nothing is."""
    return next(_reasons(_as_named(name)), "")


def mended(name: str) -> str:
    """The name as it could be, where that is only a matter of characters; else `""`."""
    return _mended(_as_named(name))


def _mended(name: str) -> str:
    plain = "".join(character for character in name if category(character) not in {"Cf", "Cs"} or character in _JOINERS)
    better = (
        re.sub(r'[\s\x00-\x1f\x7f-\x9f<>:"|?*\\_]+', "_", plain.strip().rstrip(". ")).strip("_").replace("_-_", "_")
    )
    if not better or better == name or _DEVICE.match(better) or _size(better) > LONGEST_NAME:
        return ""
    return better


def _reasons(name: str) -> Iterator[str]:
    """What is wrong with a name, the worst first."""
    if any("\udc80" <= character <= "\udcff" for character in name):
        yield "is not UTF-8, and cannot be on every system"
    if _size(name) > LONGEST_NAME:
        yield f"is longer than the {LONGEST_NAME} bytes that file systems take"
    if any(category(character) == "Cc" for character in name):
        yield "holds a control character"
    if found := _NOT_ON_WINDOWS.search(name):
        yield f"holds `{found[0]}`, which no name on Windows can"
    if _DEVICE.match(name):
        yield "is kept for a device on Windows"
    if name.endswith((".", " ")):
        yield "ends with a dot or a space, which Windows drops"
    if any(category(character) in {"Cf", "Zl", "Zp"} and character not in _JOINERS for character in name):
        yield "holds an invisible character"
    if any(character.isspace() for character in name):
        yield "holds a space: upstream asks for underscores"


def _size(name: str) -> int:
    """The bytes of a name in UTF-8, whatever encoding the locale says."""
    return len(name.encode(errors="surrogatepass"))


def _hint(name: str) -> str:
    better = _mended(name)
    return f"rename it to {shorten(better, _HINT - 20)}" if better else "give the folder another name"
