"""The sentences that formats for people have in common, in words that a terminal may be given."""

from collections.abc import Iterator

from taxonomy_tools.content import ContentChange
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.report import LeafReport, Summary
from taxonomy_tools.reporters.escape import reveal


def details(leaf: LeafReport, *, encoding: str = "utf-8") -> str:
    """What changed inside a changed leaf."""
    kind = leaf.change.kind if leaf.change else None
    if kind is ChangeKind.REMOVED:
        return ""
    if kind is ChangeKind.ADDED:
        return "" if leaf.seed_examples is None else count(leaf.seed_examples, "seed example")
    if leaf.content is None:
        return "content could not be compared"
    return ", ".join(_content(leaf.content, encoding=encoding)) or "content unchanged"


def _content(content: ContentChange, *, encoding: str) -> Iterator[str]:
    counts = [
        f"{sign}{len(seeds)}"
        for sign, seeds in (("+", content.added), ("~", content.edited), ("-", content.removed))
        if seeds
    ]
    if counts:
        one = len(content.added) + len(content.edited) + len(content.removed) == 1
        yield f"{' '.join(counts)} seed example{'' if one else 's'}"
    for field in content.fields:
        yield reveal(field, encoding=encoding)
    if content.layout_only:
        yield "comments or layout only"
    if content.attribution:
        yield "attribution.txt"


def closing(summary: Summary) -> str:
    """The line that counts. It never says "valid": that there are no findings is only as much as was looked at."""
    said = findings(summary)
    if not summary.leaves:
        return f"No leaf was checked. {said}." if said else "No leaf was checked."
    return f"{'; '.join(leaves(summary))}. {said or 'No findings'}."


def leaves(summary: Summary) -> Iterator[str]:
    """How many leaves changed, and in what way, and how many were checked that did not."""
    changes = dict(summary.changes)
    kinds = [f"{changes[kind.value]} {kind.value}" for kind in ChangeKind if kind.value in changes]
    changed = sum(changes.values())
    if kinds:
        yield f"{count(changed, 'leaf', 'leaves')} changed: {', '.join(kinds)}"
    if unchanged := summary.leaves - changed:
        yield f"{count(unchanged, 'leaf', 'leaves')} checked"


def findings(summary: Summary) -> str:
    """How many findings of each severity there are, and how many can be fixed; nothing, if there is none."""
    numbers = (
        (summary.errors, "error", summary.fixable_errors),
        (summary.warnings, "warning", summary.fixable_warnings),
        (summary.infos, "info", summary.fixable_infos),
    )
    return ", ".join(
        count(number, noun) + (f" ({fixable} can be fixed with --fix)" if fixable else "")
        for number, noun, fixable in numbers
        if number
    )


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
