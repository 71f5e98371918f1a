"""The leaf's `attribution.txt` is empty.

What it flags
    An `attribution.txt` without a word in it, beside a `qna.yaml` of version 2 or later.

Why
    Upstream takes no leaf whose sources and licence are unknown.

Instead
    Title of work: What I know about rhymes
    License of the work: CC-BY-SA-4.0
    Creator names: Jo Contributor

For example
    A file of 0 bytes, or of blank lines.
"""

from collections.abc import Iterator

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.rules.base import Finding, Subject

CODE = "TX402"
NAME = "empty-attribution"
SEVERITY = Severity.ERROR

_BLANK = b"\xef\xbb\xbf\0 \t\r\n\v\f"  # a byte order mark is nothing either, nor is what an editor's crash leaves


def check(subject: Subject) -> Iterator[Finding]:
    """The attribution, if the leaf's version asks for one and there is nothing in it."""
    attribution = subject.attribution
    if subject.needs_attribution and attribution is not None and not attribution.strip(_BLANK):
        message = "the file is empty: say where the seed examples come from"
        yield Finding(message=message, file=subject.attribution_path, hint="name title, link, licence and creator")
