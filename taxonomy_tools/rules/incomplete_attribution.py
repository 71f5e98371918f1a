"""A work is named without all that is needed to give credit for it.

What it flags
    A work in `attribution.txt` without a title, a link, a licence or a creator. What a contributor made needs no link,
    and "self-authored" alone is enough. In knowledge a missing link is an info if nothing tells that others made the
    work, and so is a missing revision of a page on the web.

Why
    Licences ask for credit: who made it, where it is, and what may be done with it. A page changes, so it takes a
    revision to see later what the leaf was made from.

Instead
    Title of work: Wren
    Link to work: https://en.wikipedia.org/wiki/Wren
    Revision: https://en.wikipedia.org/w/index.php?title=Wren&oldid=1219937468
    License of the work: CC-BY-SA-4.0
    Creator names: Wikipedia Authors

For example
    Title of work: Wren
    Link to work: https://en.wikipedia.org/wiki/Wren
"""

import re
from collections.abc import Iterator

from taxonomy_tools.attribution import Entry, Field, Work, parse
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.base import Finding, Subject, number_of

CODE = "TX403"
NAME = "incomplete-attribution"
SEVERITY = Severity.WARNING

_WORDS = {
    Field.TITLE: "title",
    Field.LINK: "link",
    Field.LICENSE: "licence",
    Field.CREATOR: "creator",
    Field.REVISION: "revision",
}
_NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "?",
        "n/a",
        "na",
        "nan",
        "none",
        "null",
        "nil",
        "tbd",
        "todo",
        "unknown",
        "no license",
        "no licence",
    }
)
# Creators who are seldom the contributor: Wikipedia Authors, a web site.
_OTHERS = re.compile(
    r"\b(?:wikipedia|wikimedia|authors|editors|contributors)\b|https?://|\bwww\.|\w\.\w+/", re.IGNORECASE
)
_ON_THE_WEB = re.compile(r"https?://", re.IGNORECASE)
# A version of a page (MediaWiki), of a file (a commit, a tag), of a preprint, of a copy in the Internet Archive, a DOI.
_PINNED = re.compile(
    r"[?&]oldid=\d|/(?:blob|tree|commit|raw)/[0-9a-f]{7,64}\b|/(?:blob|tree)/v?\d|/\d{4}[\w./-]{1,40}v\d+\b"
    r"|web\.archive\.org/web/\d|\bdoi\.org/",
    re.IGNORECASE,
)


def is_said(entry: Entry) -> bool:
    """Whether a licence or a creator is named, and not just that there is none."""
    return entry.value.strip(" .").casefold() not in _NOTHING


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for all works that lack the same, at the first of them."""
    if subject.attribution is None or not subject.needs_attribution:
        return
    attribution = parse(subject.attribution)
    lacking: dict[tuple[tuple[Field, ...], Severity], list[Work]] = {}
    for work in attribution.works:
        missing = tuple(_missing(work, knowledge=subject.kind is LeafKind.KNOWLEDGE))
        if missing:
            lacking.setdefault((missing, _severity(missing, work)), []).append(work)
    for (missing, severity), works in lacking.items():
        span = works[0].span
        many = f" (here and in {number_of(len(works) - 1, 'other work')})" if len(works) > 1 else ""
        yield Finding(
            message=f"the work is named without {_list([_WORDS[field] for field in missing])}{many}",
            file=subject.attribution_path,
            span=span,
            frame=attribution.text.frame(span),
            severity=severity,
            hint=f"add {', '.join(f'{field.value}:' for field in missing)}",
        )


def _missing(work: Work, *, knowledge: bool) -> Iterator[Field]:
    if work.own and not work.named:
        return
    if not any(entry.value for entry in work.of(Field.TITLE)):
        yield Field.TITLE
    if _needs_link(work, knowledge=knowledge):
        yield Field.LINK
    if not any(is_said(entry) for entry in work.of(Field.LICENSE)):
        yield Field.LICENSE
    if not any(is_said(entry) for entry in work.of(Field.CREATOR)):
        yield Field.CREATOR
    if knowledge and _needs_revision(work):
        yield Field.REVISION


def _severity(missing: tuple[Field, ...], work: Work) -> Severity:
    """An info for what is not needed in every case."""
    sure = [
        field for field in missing if field is not Field.REVISION and (field is not Field.LINK or _is_of_others(work))
    ]
    return SEVERITY if sure else Severity.INFO


def _needs_link(work: Work, *, knowledge: bool) -> bool:
    """Whether a link is missing: upstream's form has none for what contributors of skills wrote themselves."""
    if work.own or any(entry.value for entry in work.of(Field.LINK)):
        return False
    return knowledge or _is_of_others(work)


def _is_of_others(work: Work) -> bool:
    """Whether something tells that the work is not the contributor's own: a link that was to be filled in, too."""
    return (
        bool(work.of(Field.LINK))
        or any(_OTHERS.search(entry.value) for entry in work.of(Field.CREATOR))
        or bool(work.of(Field.REVISION))
    )


def _needs_revision(work: Work) -> bool:
    """Whether the work is a page that may change, and nothing says when it was read."""
    links = [entry.value for entry in work.of(Field.LINK)]
    if any(entry.value for entry in work.of(Field.REVISION)) or any(map(_PINNED.search, links)):
        return False
    return any(map(_ON_THE_WEB.search, links))


def _list(words: list[str]) -> str:
    """Words as a sentence has them after "without": "title, licence and creator"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
