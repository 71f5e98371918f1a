"""A report in GitHub's Markdown, for a step summary or a comment: the verdict, the leaves, their tree, the findings.

GitHub refuses a step summary of more than 1 MiB and a comment of more than 65,536 characters as a whole. So there is a
limit; what goes beyond it is left out between two sections, the best leaves first, and the report says how much it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from posixpath import basename, dirname
from typing import TextIO

import click

from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.frame import render
from taxonomy_tools.reporters.markup import code, literal, mermaid, prose
from taxonomy_tools.reporters.wording import closing, count, details, findings
from taxonomy_tools.reporters.worst import Key, Worst, badness
from taxonomy_tools.text import shorten

SUMMARY_LIMIT = 1 << 20
"""Bytes of a step summary."""
COMMENT_LIMIT = 65_000
"""Bytes of a comment: below the 65,536 characters, with room for a marker."""
_SHORT_HASH = 7
_LONGEST = 500
_NOTES = 20
_DRAWN = 60
_EDGES = 400
_MERMAID = 40_000
"""Leaves, edges and bytes of the tree. Mermaid refuses 500 edges or 50,000 characters, and nobody reads so many."""
_LABEL = 40
_CLASSES = {
    "added": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "modified": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "renamed": "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
    "copied": "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
    "removed": "fill:#f6f8fa,stroke:#59636e,color:#1f2328,stroke-dasharray:4",
    "broken": "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-width:2px",
}


class MarkdownReporter:
    """Keeps of each leaf a row, a section and its place in the tree, as far as the limit allows; writes at the end.

    `limit` is in bytes of UTF-8, which are never fewer than characters. Below 30,000 there is no room for a report.
    """

    def __init__(self, stream: TextIO, appearance: Appearance, *, limit: int = SUMMARY_LIMIT) -> None:
        self._stream = stream
        self._quiet = appearance.quiet
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._limit = limit
        self._compared = ""
        self._commits: Sequence[Diagnostic] = ()
        self._rows = Worst(number=limit, size=limit // 4)
        self._sections = Worst(number=limit, size=limit)
        self._tree = Worst(number=_DRAWN, size=limit)

    def start(self, comparison: Comparison) -> None:
        """Keep what is compared."""
        self._compared = self._comparing(comparison)

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep what is wrong with the commits."""
        self._commits = diagnostics

    def leaf(self, leaf: LeafReport) -> None:
        """Keep what is written of the leaf."""
        if not leaf.diagnostics and (leaf.change is None or self._quiet):
            return
        shown = [found for found in leaf.diagnostics if found.severity is not Severity.OFF]
        key = (_severity_key(shown), leaf.path)
        self._rows.put(key, self._row(leaf, shown))
        if leaf.change is not None:
            self._tree.put(key, _Place.of(leaf, shown).packed())
        if shown:
            self._sections.put(key, self._section(leaf, shown))

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Write the report, with the sections for which the limit leaves room."""
        top = [self._verdict(summary), *self._table(), *self._diagram(), *(() if self._quiet else self._notes(notes))]
        if self._commits:
            top.append(self._folded("Commits", self._commits, room=self._limit // 8))
        left = self._limit - sum(_size(block) + 1 for block in top) - 200  # and for the last line
        sections = self._fitting(self._sections, left)
        blocks = [*top, *sections]
        if left_out := self._sections.offered - len(sections):
            blocks.append(
                f"The findings of {count(left_out, 'more leaf', 'more leaves')} are left out, because a report may "
                f"have {self._limit:,} bytes. Those that are shown are the worst.\n"
            )
        self._stream.write("\n".join(blocks))
        self._stream.flush()

    def _fitting(self, worst: Worst, limit: int) -> list[str]:
        """The worst texts that fit a limit in bytes, in the order of the leaves' paths."""
        fitting: list[tuple[object, str]] = []
        for key, text in worst.texts():
            limit -= _size(text) + 1
            if limit < 0:
                break
            fitting.append((key[-1], text))
        return [text for _, text in sorted(fitting, key=lambda pair: str(pair[0]))]

    def _name(self, name: str, longest: int = _LONGEST) -> str:
        return code(shorten(escape(name, encoding=self._encoding), longest) or ".", encoding=self._encoding)

    def _comparing(self, comparison: Comparison) -> str:
        head = self._name(comparison.head)
        if not comparison.base:
            return f"Checked: {head}."
        facts = ["every leaf counts as added"]
        if comparison.start:
            start = code(comparison.start[:_SHORT_HASH], encoding=self._encoding)
            facts = [f"{'commit' if comparison.direct else 'merge base'} {start}"]
        if comparison.behind:
            facts.append(f"{count(comparison.behind, 'commit')} behind")
        way = "directly with" if comparison.direct else "with"
        return f"Compared: {head} {way} {self._name(comparison.base)} ({', '.join(facts)})."

    def _verdict(self, summary: Summary) -> str:
        """The heading says how bad it is, the line below how much was looked at. Neither says "valid"."""
        title = findings(summary) or ("No findings" if summary.leaves else "Nothing was checked")
        said = closing(summary) if summary.leaves else "No leaf changed, or none was there to be checked."
        return f"## taxonomy-tools: {title}\n\n{said}{'' if self._quiet else f' {self._compared}'}\n"

    def _table(self) -> Iterator[str]:
        """A row a leaf, in the order of their paths."""
        rows = self._fitting(self._rows, self._limit // 4)
        if rows:
            yield "| | leaf | kind | what changed | findings |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
        if left_out := self._rows.offered - len(rows):
            yield f"{count(left_out, 'more leaf has', 'more leaves have')} no row here.\n"

    def _row(self, leaf: LeafReport, shown: Sequence[Diagnostic]) -> str:
        old = leaf.change.old_path if leaf.change else None
        path = self._name(leaf.path) if old is None else f"{self._name(old)} &rarr; {self._name(leaf.path)}"
        said = details(leaf, encoding=self._encoding) if leaf.change else ""
        cells = (
            leaf.change.kind.letter if leaf.change else "",
            path,
            leaf.kind.value if leaf.kind else "",
            prose(shorten(said, _LONGEST), encoding=self._encoding),
            _counted(shown),
        )
        return f"| {' | '.join(cells)} |"

    def _diagram(self) -> Iterator[str]:
        """The tree of the taxonomy as far as something changed in it."""
        places = [_Place.unpacked(text) for _, text in self._tree.texts()]
        tree = _Tree(self._encoding, room=min(_MERMAID, self._limit // 8))
        left_out = self._tree.offered - sum(tree.add(place) for place in places)
        if tree.edges:
            yield "```mermaid\n" + "\n".join(tree.lines()) + "\n```\n"
            if left_out:
                yield f"{count(left_out, 'more changed leaf is', 'more changed leaves are')} not drawn.\n"

    def _notes(self, notes: Sequence[str]) -> Iterator[str]:
        if notes:
            said = [prose(shorten(note, _LONGEST), encoding=self._encoding) for note in notes[:_NOTES]]
            more = [f"and {len(notes) - _NOTES} more"] if len(notes) > _NOTES else []
            room = self._limit // 16
            while said and sum(map(_size, said)) > room:
                said.pop()
            yield "".join(f"- {line}\n" for line in (*said, *more))

    def _section(self, leaf: LeafReport, shown: Sequence[Diagnostic]) -> str:
        """A leaf's findings behind its name, the worst first."""
        worst_first = sorted(shown, key=lambda one: badness(leaf, one))
        return self._folded(self._name(leaf.path), worst_first, room=self._limit // 4)

    def _folded(self, title: str, shown: Sequence[Diagnostic], *, room: int) -> str:
        """Findings behind a title, as many as there is room for (in bytes); open where there is an error."""
        head = f"{title}: {_counted(shown)}"
        blocks: list[str] = []
        for found in shown:
            block = self._finding(found)
            room -= _size(block) + 1
            if room < 0:
                blocks.append(f"{count(len(shown) - len(blocks), 'more finding is', 'more findings are')} left out.\n")
                break
            blocks.append(block)
        is_open = " open" if any(found.severity is Severity.ERROR for found in shown) else ""
        return f"<details{is_open}>\n<summary>{head}</summary>\n\n" + "\n".join(blocks) + "\n</details>\n"

    def _finding(self, diagnostic: Diagnostic) -> str:
        span = diagnostic.span
        place = escape(basename(diagnostic.file)) + (f":{span.line}:{span.column}" if span else "")
        message = prose(shorten(diagnostic.message, _LONGEST), encoding=self._encoding)
        named = f"{diagnostic.code} {literal(diagnostic.name)}" + (f" at {self._name(place)}" if place else "")
        said = f"**{diagnostic.severity.value}** {named}: {message}\n"
        cut = replace(diagnostic, hint=shorten(diagnostic.hint, _LONGEST))
        frame = "\n".join(click.unstyle(line) for line in render(cut, encoding=self._encoding))
        return f"{said}\n<pre>\n{literal_lines(frame, encoding=self._encoding)}\n</pre>\n" if frame else said


def literal_lines(text: str, *, encoding: str = "utf-8") -> str:
    """Lines for the inside of `<pre>`."""
    return "\n".join(literal(line, encoding=encoding) for line in text.split("\n"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A changed leaf in the tree: its folders, and what is said of it."""

    path: str
    mark: str
    said: str

    @classmethod
    def of(cls, leaf: LeafReport, shown: Sequence[Diagnostic]) -> "_Place":
        change = leaf.change.kind.value if leaf.change else ""
        broken = any(found.severity is Severity.ERROR for found in shown)
        said = ", ".join(part for part in (change, _counted(shown)) if part)
        return cls(path=leaf.path, mark="broken" if broken else change, said=said)

    def packed(self) -> str:
        """As one text; a path can hold anything but NUL."""
        return f"{self.mark}\0{self.said}\0{self.path}"

    @classmethod
    def unpacked(cls, text: str) -> "_Place":
        mark, said, path = text.split("\0", 2)
        return cls(path=path, mark=mark, said=said)


class _Tree:
    """A Mermaid flowchart that grows by paths, up to a number of bytes and of edges."""

    def __init__(self, encoding: str, *, room: int) -> None:
        self._encoding = encoding
        self._room = room - sum(map(len, _CLASSES.values())) - 200
        self._numbers = {"": 0}
        self._places: dict[str, _Place] = {}

    @property
    def edges(self) -> int:
        """How many there are."""
        return len(self._numbers) - 1

    def add(self, place: _Place) -> bool:
        """Add a leaf with its folders; not, if that is too much."""
        new = [path for path in _upwards(place.path) if path not in self._numbers]
        size = sum(_size(self._label(basename(path))) + 30 for path in new) + _size(place.said) + 20
        if size > self._room or self.edges + len(new) > _EDGES or place.path in self._places:
            return False
        self._room -= size
        for path in reversed(new):
            self._numbers[path] = len(self._numbers)
        self._places[place.path] = place
        return True

    def lines(self) -> Iterator[str]:
        """The flowchart, folder by folder in the order of their paths."""
        yield "flowchart LR"
        yield '  n0["taxonomy"]'
        for path in sorted(self._numbers):
            if path:
                place = self._places.get(path)
                label = self._label(basename(path)) + (f"<br>{place.said}" if place else "")
                mark = f":::{place.mark}" if place else ""
                yield f'  n{self._numbers[dirname(path)]} --> n{self._numbers[path]}["{label}"]{mark}'
        for name, style in _CLASSES.items():
            if any(place.mark == name for place in self._places.values()):
                yield f"  classDef {name} {style}"

    def _label(self, name: str) -> str:
        return mermaid(shorten(reveal(name, encoding=self._encoding), _LABEL), encoding=self._encoding)


def _upwards(path: str) -> Iterator[str]:
    """A path and the folders above it, up to the root, which is not given."""
    while path:
        yield path
        parent = dirname(path)
        path = parent if parent != path else ""


def _severity_key(shown: Iterable[Diagnostic]) -> Key:
    """The more errors the worse, then warnings, then infos."""
    counts = Counter(found.severity for found in shown)
    return tuple(-counts[severity] for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO))


def _counted(shown: Iterable[Diagnostic]) -> str:
    counts = Counter(found.severity for found in shown)
    severities = (Severity.ERROR, Severity.WARNING, Severity.INFO)
    return ", ".join(count(counts[severity], severity.value) for severity in severities if counts[severity])


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
