"""A pattern for documents matches files that are neither Markdown nor PDF.

What it flags
    A pattern whose end is that of another kind of file: `*.txt`, `guide.html`. One that matches anything (`docs/**`) is
    not flagged. Of one leaf the first hundred are told.

Why
    Upstream reads Markdown and PDF. Of a pattern that matches neither, nothing is trained.

Instead
    patterns:
      - wrens/*.md

For example
    patterns:
      - wrens/*.docx
"""

import re
from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject, quote
from taxonomy_tools.rules.unsafe_pattern import limited, patterns

CODE = "TX604"
NAME = "unsupported-document-type"
SEVERITY = Severity.WARNING

# Known ones only: behind a dot may stand anything (`v2.24`, `St.John`).
_OTHERS = frozenset(
    """
    adoc asciidoc bmp c cfg conf cpp cs css csv djvu doc docx epub gif go gz h htm html ini ipynb java jpeg jpg js json
    jsonl key log mediawiki mobi mp3 mp4 numbers odp ods odt org pages php png pod ppt pptx ps py rb rs rst rtf sh sql
    svg tar tex textile tgz tiff toml ts tsv txt wav webp wiki xhtml xls xlsx xml yaml yml zip
    """.split()
)
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,12})$")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a pattern that is text, up to so many."""
    yield from limited(_findings(subject))


def _findings(subject: Subject) -> Iterator[Finding]:
    for index, pattern in patterns(subject):
        match = _EXTENSION.search(pattern[-20:].strip())
        if match is not None and match[1].lower() in _OTHERS:
            message = f"{quote(pattern)} matches no Markdown and no PDF"
            yield Finding(message=message, route=("document", "patterns", index), hint="convert the document to .md")
