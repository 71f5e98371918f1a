"""A leaf's folder holds a file that no leaf has use for.

What it flags
    Any file but `qna.yaml` and `attribution.txt` in a leaf's folder, or in a folder of it that is no leaf: notes,
    drafts, documents, and what editors and operating systems leave behind.

Why
    A leaf is its two files. Nothing reads the others, but everybody who clones the taxonomy gets them, and a document
    that is only here is not where `document` says that it is.

Instead
    knowledge/birds/qna.yaml
    knowledge/birds/attribution.txt

For example
    knowledge/birds/qna.yaml
    knowledge/birds/attribution.txt
    knowledge/birds/notes.md
"""

import re
from collections.abc import Iterator
from posixpath import basename

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import ATTRIBUTION_FILE, QNA_FILE, fold, in_taxonomy
from taxonomy_tools.rules.base import Finding, Subject, number_of, quote

CODE = "TX107"
NAME = "stray-file"
SEVERITY = Severity.WARNING

_NAMED = 20  # files that are told one by one: somebody's data may be thousands
_LITTER = re.compile(
    r"\.DS_Store|\._.*|\.AppleDouble|\.Spotlight-V100|\.Trashes|Thumbs\.db|ehthumbs\.db|desktop\.ini"
    r"|.*~|#.*#|\.#.*|.*\.(?:bak|orig|rej|sw[a-p]|tmp)|\.directory|__MACOSX|\.fuse_hidden.*|\.nfs.*",
    re.IGNORECASE | re.DOTALL,
)
_TOOLS_FOLDERS = frozenset({".idea", ".vscode", ".ipynb_checkpoints", "__pycache__", "__MACOSX", ".obsidian"})


def check(subject: Subject) -> Iterator[Finding]:
    """Each stray file, up to a number of them. Where leaves are not read (TX102) it is anybody's folder."""
    if not in_taxonomy(subject.document_path, subject.standards.taxonomy_folders):
        return
    twins = frozenset(subject.surroundings.twins)  # TX108 has more to say of these
    strays = [path for path in subject.surroundings.strays if path not in twins]
    for path in strays[:_NAMED]:
        yield _finding(subject, path)
    if len(strays) > _NAMED:
        message = f"{number_of(len(strays) - _NAMED, 'more file')} in this leaf's folder are of no use to a leaf"
        yield Finding(message=message, hint="move them elsewhere")


def _finding(subject: Subject, path: str) -> Finding:
    inside = path.removeprefix(f"{subject.path}/")
    name = basename(path)
    if fold(name) == ATTRIBUTION_FILE and name == inside:
        message = f"a leaf's attribution must be named `{ATTRIBUTION_FILE}`, not {quote(name)}"
        return Finding(message=message, file=path, hint=f"rename it to {ATTRIBUTION_FILE}")
    if _LITTER.fullmatch(name) or not _TOOLS_FOLDERS.isdisjoint(inside.split("/")[:-1]):
        message = f"{quote(inside)} was left here by an editor or an operating system"
        return Finding(message=message, file=path, hint="remove it, and add its name to .gitignore")
    message = f"no leaf has use for {quote(inside)}: a leaf is `{QNA_FILE}` and `{ATTRIBUTION_FILE}`"
    return Finding(message=message, file=path, hint="move it elsewhere")
