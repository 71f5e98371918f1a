"""The text of a pull request, in GitHub's Markdown: what changed, a checklist with what was verified, what remains.

A box is ticked only for what was looked at and found well; what no program can know is left for the contributor. All
else that is said of leaves is said as in the Markdown report, and escaped as it is there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from taxonomy_tools import __version__
from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.report import LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.markdown import COMMENT_LIMIT, MarkdownReporter
from taxonomy_tools.reporters.wording import count, findings, leaves
from taxonomy_tools.rules import RULES

_UNREADABLE = "TX0"
_CONTRIBUTION = "TX7"
_DOCUMENTS = "TX6"
_SHOWN = 3
"""Codes that an item names; more are counted."""
FAMILIES: Mapping[str, str] = {
    _UNREADABLE: "Every file can be read",
    "TX1": "Files have the right names, in the right places",
    "TX2": "The YAML is well formed, and text in it is text",
    "TX3": "Every `qna.yaml` follows its schema",
    "TX4": "Every `attribution.txt` is complete, and names licences that are allowed",
    "TX5": "Seed examples repeat nothing, and hold no gaps, personal data or hidden characters",
    _DOCUMENTS: "Documents are named by a full commit and a safe address",
    _CONTRIBUTION: "Every commit is signed off by its author (DCO)",
}
"""What is verified, by the family of rules that does it."""
_NEEDS_CONTENT = frozenset({"TX2", "TX3", "TX4", "TX5", _DOCUMENTS})
"""The families that say nothing of what cannot be read."""
_COUNTS = (Severity.ERROR, Severity.WARNING)
"""What keeps a box from being ticked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unverified:
    """What was not looked at: `off` are the rules that are switched off for a changed leaf, by their codes.

    `commits` says why the commits were not, if they were not.
    """

    off: frozenset[str] = frozenset()
    commits: str = ""


class PullRequestReporter(MarkdownReporter):
    """Writes the text at the end, within `limit` bytes: GitHub refuses a body of more than 65,536 characters."""

    def __init__(
        self, stream: TextIO, appearance: Appearance, unverified: Unverified, *, limit: int = COMMENT_LIMIT
    ) -> None:
        super().__init__(stream, appearance, limit=limit)
        self._unverified = unverified
        self._found: Counter[tuple[str, Severity]] = Counter()
        self._codes: dict[str, None] = {}
        self._checked = 0
        self._unread = 0
        self._kinds: set[LeafKind] = set()

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep what is wrong with the commits."""
        super().contribution(diagnostics)
        self._note(diagnostics)

    def leaf(self, leaf: LeafReport) -> None:
        """Keep what is written of the leaf, and what its findings say of the checklist."""
        super().leaf(leaf)
        self._note(leaf.diagnostics)
        if leaf.change is None or leaf.change.kind is not ChangeKind.REMOVED:
            self._checked += 1
            self._unread += any(found.code.startswith(_UNREADABLE) for found in leaf.diagnostics)
            self._kinds |= {leaf.kind} if leaf.kind is not None else set()

    def _note(self, diagnostics: Iterable[Diagnostic]) -> None:
        for found in diagnostics:
            self._found[found.code, found.severity] += 1
            self._codes[found.code] = None

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Write the text, with the findings for which the limit leaves room."""
        changed = "; ".join(leaves(summary)) if summary.leaves else "No leaf changed"
        top = [f"## What changed\n\n{changed}. {self._compared}\n", *self._table(), *self._diagram()]
        top.append("\n".join(["## Checklist\n", *self._checklist(), ""]))
        remaining = [f"## Findings that remain\n\n{findings(summary)}.\n"] if findings(summary) else []
        if self._commits:
            remaining.append(self._folded("Commits", self._commits, room=self._limit // 8))
        end = [*self._notes(notes), f"<sub>Written by taxonomy-tools {__version__}.</sub>\n"]
        left = self._limit - sum(_size(block) + 1 for block in (*top, *remaining, *end)) - 200  # and for one more line
        sections = self._fitting(self._sections, left)
        if left_out := self._sections.offered - len(sections):
            more = count(left_out, "more leaf", "more leaves")
            end.insert(0, f"The findings of {more} are left out, because the text may have {self._limit:,} bytes.\n")
        self._stream.write("\n".join((*top, *remaining, *sections, *end)))
        self._stream.flush()

    def _checklist(self) -> Iterator[str]:
        for family, said in FAMILIES.items():
            if self._is_about(family):
                yield self._item(family, said)
        yield "- [ ] The answers are right, and I may contribute all of it under the taxonomy's licence"
        if self._kinds & {LeafKind.FREEFORM_SKILL, LeafKind.GROUNDED_SKILL}:
            yield "- [ ] I have asked a model without the skill, and it did worse"

    def _is_about(self, family: str) -> bool:
        """Whether a family has anything to say of what changed."""
        if family == _CONTRIBUTION:
            return True
        return self._checked > 0 and (family != _DOCUMENTS or LeafKind.KNOWLEDGE in self._kinds)

    def _item(self, family: str, said: str) -> str:
        counts = {
            severity: sum(
                number for (code, one), number in self._found.items() if code[:3] == family and one is severity
            )
            for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
        }
        codes = [code for code in sorted(self._codes) if code.startswith(family)]
        numbers = ", ".join(count(number, severity.value) for severity, number in counts.items() if number)
        named = ", ".join(codes[:_SHOWN]) + (f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else "")
        rules = [rule.CODE for rule in RULES if rule.CODE.startswith(family)]
        off = [code for code in rules if code in self._unverified.off]
        unseen = self._unverified.commits if family == _CONTRIBUTION else ""
        if self._unread and family in _NEEDS_CONTENT:
            unseen = f"{count(self._unread, 'leaf', 'leaves')} cannot be read"
        if len(off) == len(rules):
            unseen, off = "switched off", []
        remarks = [f"{numbers} ({named})"] if numbers else []
        remarks += [f"not verified: {unseen}"] if unseen else []
        remarks += [f"not everywhere verified: {', '.join(off)}"] if off else []
        well = not unseen and not any(counts[severity] for severity in _COUNTS)
        return f"- [{'x' if well else ' '}] {said}" + (f": {'; '.join(remarks)}" if remarks else "")


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
