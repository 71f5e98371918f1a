"""What a run has to say, as values: what was compared, what each leaf holds, and the counts."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import basename

from taxonomy_tools.content import ContentChange
from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles
from taxonomy_tools.layout import ATTRIBUTION_FILE, LeafKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What was looked at, and against what.

    `head` names the side that was checked ("the working tree", "the index", or a ref). `base` is the ref as it was
    asked for and `reason` why it was taken ("--base", "the first of ... that exists"); `base_commit` is its hash and
    `start` the commit that the comparison starts at: the merge base, or the base itself with `--direct`. All four are
    empty where there is no base (`taxonomy check`, a folder without a repository, the base `empty`). `behind` is how
    many commits the base is ahead of the head, None where nobody counted.
    """

    head: str
    base: str = ""
    reason: str = ""
    base_commit: str = ""
    start: str = ""
    direct: bool = False
    behind: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafReport:
    """One leaf: what changed in it (None where nothing was compared), what it is, and what is wrong with it.

    `kind` is None for a leaf whose document could not be read and whose path does not tell. `seed_examples` is the
    number of seed examples on the checked side, None where there is no document to count them in. `content` says what
    changed inside a modified, renamed or copied leaf, None where that could not be told. `files` are the files that
    were checked where nothing was compared (in a comparison `change` has them).
    """

    path: str
    kind: LeafKind | None
    change: LeafChange | None = None
    files: LeafFiles | None = None
    content: ContentChange | None = None
    seed_examples: int | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    changed_lines: tuple[range, ...] | None = None

    def stands_on_change(self, diagnostic: Diagnostic) -> bool:
        """Whether one of the leaf's diagnostics begins on a line that changed, as far as that is known.

        What is about a whole file stands on a change if the leaf is new.
        """
        if self.change is not None and self.change.kind in (ChangeKind.ADDED, ChangeKind.COPIED):
            return True
        if diagnostic.span is None or not self.changed_lines or basename(diagnostic.file) == ATTRIBUTION_FILE:
            return False
        after = bisect_right(self.changed_lines, diagnostic.span.line, key=lambda lines: lines.start)
        return after > 0 and diagnostic.span.line in self.changed_lines[after - 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The counts of a run. `errors`, `warnings` and `infos` add up the diagnostics: every leaf's, and those of none.

    `fixable_errors` and so on are how many of them `--fix` mends.
    """

    leaves: int = 0
    errors: int = 0
    warnings: int = 0
    infos: int = 0
    changes: tuple[tuple[str, int], ...] = ()
    fixable_errors: int = 0
    fixable_warnings: int = 0
    fixable_infos: int = 0

    @classmethod
    def of(cls, leaves: Iterable[LeafReport], contribution: Iterable[Diagnostic] = ()) -> "Summary":
        """Count what the leaves hold, and what is wrong with the contribution as a whole.

        `changes` pairs each kind of change that occurred with its number.
        """
        severities = Counter(diagnostic.severity for diagnostic in contribution)
        fixable: Counter[Severity] = Counter()
        kinds: Counter[str] = Counter()
        number = 0
        for leaf in leaves:
            number += 1
            severities.update(diagnostic.severity for diagnostic in leaf.diagnostics)
            fixable.update(diagnostic.severity for diagnostic in leaf.diagnostics if diagnostic.fixable)
            if leaf.change is not None:
                kinds[leaf.change.kind.value] += 1
        return cls(
            leaves=number,
            errors=severities[Severity.ERROR],
            warnings=severities[Severity.WARNING],
            infos=severities[Severity.INFO],
            changes=tuple(sorted(kinds.items())),
            fixable_errors=fixable[Severity.ERROR],
            fixable_warnings=fixable[Severity.WARNING],
            fixable_infos=fixable[Severity.INFO],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A whole run.

    `contribution` is what is wrong with the contribution as a whole: its commits. Those diagnostics name no leaf and no
    file. `notes` are sentences for the reader: why nothing changed, what was not compared.
    """

    comparison: Comparison
    leaves: tuple[LeafReport, ...] = ()
    contribution: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> Summary:
        """The counts over all leaves, and over the contribution as a whole."""
        return Summary.of(self.leaves, self.contribution)
