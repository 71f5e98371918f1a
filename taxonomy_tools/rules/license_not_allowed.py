"""A work comes under a licence that the taxonomy does not take.

What it flags
    A licence in `attribution.txt` that is not among the allowed ones (by default CC0-1.0, CDLA-Permissive-2.0,
    CC-BY-4.0, CC-BY-SA-4.0, Apache-2.0, MIT and the public domain), or that nobody can tell from what is written. Usual
    spellings count as well as SPDX identifiers, and of `MIT OR GPL-3.0-only` one is enough.

Why
    Models are trained on what is made from a leaf, and anybody may use them for anything. A licence that forbids
    commercial use or changes, or that nobody knows, does not allow that.

Instead
    Title of work: Rhymes for beginners
    Link to work: https://example.org/rhymes
    License of the work: CC-BY-SA-4.0
    Creator names: Jo Contributor

For example
    Title of work: Rhymes for beginners
    Link to work: https://example.org/rhymes
    License of the work: CC BY-NC-SA 4.0
    Creator names: Jo Contributor
"""

from collections.abc import Iterator
from itertools import islice

from taxonomy_tools.attribution import Entry, Field, parse
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.licenses import Denied, Refusal, denied
from taxonomy_tools.rules.base import Finding, Subject, number_of, quote
from taxonomy_tools.rules.incomplete_attribution import is_said
from taxonomy_tools.text import shorten

CODE = "TX404"
NAME = "license-not-allowed"
SEVERITY = Severity.WARNING

_SHOWN = 20
"""Different licences that are told of, of a file that holds any number."""


_READ = 1000
"""Different licences that are looked at: each takes a tenth of a millisecond, and a file holds up to 100,000."""


def check(subject: Subject) -> Iterator[Finding]:
    """One finding a licence, at the first work that names it; and one if there are too many to look at."""
    if subject.attribution is None:
        return
    attribution = parse(subject.attribution)
    licenses: dict[str, list[Entry]] = {}
    for work in attribution.works:
        for entry in work.of(Field.LICENSE):
            if is_said(entry):
                licenses.setdefault(entry.value, []).append(entry)
    shown = 0
    for value, entries in islice(licenses.items(), _READ):
        if shown >= _SHOWN:
            return
        for refused in denied(value, subject.standards.licenses)[:_SHOWN]:
            shown += 1
            more = f" (here and in {number_of(len(entries) - 1, 'other work')})" if len(entries) > 1 else ""
            span = entries[0].span
            yield Finding(
                message=_message(refused) + more,
                file=subject.attribution_path,
                span=span,
                frame=attribution.text.frame(span),
                hint=_hint(refused, subject.standards.licenses),
            )
    unread = next(islice(licenses.values(), _READ, None), None)
    if unread is not None:
        yield Finding(
            message=f"{number_of(len(licenses) - _READ, 'licence')} from here on were not looked at: too many",
            file=subject.attribution_path,
            span=unread[0].span,
            frame=attribution.text.frame(unread[0].span),
            hint="name each licence in one way",
        )


def _message(refused: Denied) -> str:
    shown = quote(refused.text)
    if refused.non_commercial and refused.no_derivatives:
        return f"{shown} allows neither commercial use nor changes"
    if refused.non_commercial:
        return f"{shown} does not allow commercial use"
    if refused.no_derivatives:
        return f"{shown} does not allow changes"
    match refused.refusal:
        case Refusal.RESERVED:
            return f"{shown} does not allow others to use the work"
        case Refusal.NO_VERSION:
            return f"{shown} is a licence without its version" + _did_you_mean(refused)
        case Refusal.UNKNOWN:
            return f"{shown} is no SPDX identifier of a licence" + _did_you_mean(refused)
        case Refusal.OTHER:
            return f"{shown} is not among the licences that are allowed here"


def _did_you_mean(refused: Denied) -> str:
    return f": did you mean {quote(refused.meant)}?" if refused.meant else ""


def _hint(refused: Denied, allowed: tuple[str, ...]) -> str:
    if refused.meant:
        return f"write {shorten(refused.meant, 40)}"
    return shorten(f"allowed: {', '.join(allowed) or 'none'}", 80)
