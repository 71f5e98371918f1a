"""Repairs of a `qna.yaml` that cannot change what it means: text in, text out, edited in place by position.

Each kind of repair mends one kind of finding, and is done only where a finding asks for it. Before anything counts, the
edited text is read again and held against the text before: every value must be what it was, but for those that TX201
named, which become the text that they were written as. Edits that would change anything else are given up: those of
the scalar that changed, or all of their kind. All are read together, so a file costs a few readings whatever it holds.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from taxonomy_tools.composer import Alias, Composition, Map, Node, Scalar, compose
from taxonomy_tools.composer import Sequence as ListNode
from taxonomy_tools.diagnostics import Diagnostic, Span
from taxonomy_tools.document import MAX_BYTES
from taxonomy_tools.text import Text

_BYTE_ORDER_MARK = "\ufeff"
_TAB_STOPS = (2, 4, 8)
_TRIES = 3
"""Readings of a set of edits before what still changes something is given up as a whole."""

_CRLF = re.compile(r"(?<!\r)\r\n")  # of \r\r\n, the rest would be another one
_TRAILING = re.compile(r"(?<![ \t\r])[ \t]++(?=\r?(?:\n|\Z))")
_SEPARATION = re.compile(r"(?<=\S)[ ]*+\t[ \t]*+(?=(\S))")
_PREFIX = re.compile(r"(?:[ \t]|[-?:](?=[ \t\r]|\Z))*")
_STARTS_WITH_TAB = re.compile(r"[-?: ]*[-?:][ ]*\t|\t")
_HEADER = re.compile(r"([|>])([-+0-9]*)")
_LAST_CRLF = re.compile(r"\r\n[^\n]*\Z")
_COMMENT = re.compile(r"(?<!\S)#")
_BLOCK = frozenset("|>")
_INDENT = re.compile(r"([ ]*+)[^ \t\r\n]")
_SPACE = " \t\r\n"


class Repair(Enum):
    """The kinds of repair: the code of the rule that names what each mends, and yamllint's own rule below TX200."""

    RENAME = ("TX101", "")
    TABS = ("TX002", "")
    LINE_ENDS = ("TX200", "new-lines")
    TRAILING_SPACE = ("TX200", "trailing-spaces")
    SURPLUS_LINES = ("TX200", "empty-lines")
    LAST_LINE_END = ("TX200", "new-line-at-end-of-file")
    QUOTES = ("TX201", "")

    @property
    def code(self) -> str:
        """The code of the rule whose findings it mends."""
        return self.value[0]


FIXABLE = frozenset(repair.code for repair in Repair)
"""The rules some of whose findings can be mended."""
ALWAYS_FIXABLE = frozenset({Repair.RENAME.code, Repair.QUOTES.code})
"""Those of them whose findings all can, but for the oddest."""
_KINDS = {repair.value: repair for repair in Repair}
_INSIDE = (Repair.QUOTES, Repair.TRAILING_SPACE, Repair.TABS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What findings ask to have mended: kinds of repair, and where the scalars stand that lack their quotes."""

    repairs: frozenset[Repair] = frozenset()
    scalars: frozenset[Span] = frozenset()

    @classmethod
    def of(cls, diagnostics: Iterable[Diagnostic]) -> "Wanted":
        """What these findings ask for. Where there is anything to mend, tabs between values go with it."""
        repairs = set()
        scalars = set()
        for diagnostic in diagnostics:
            repair = repair_of(diagnostic)
            if repair is not None:
                repairs.add(repair)
            if repair is Repair.QUOTES and diagnostic.span is not None:
                scalars.add(diagnostic.span)
        if repairs - {Repair.RENAME}:
            repairs.add(Repair.TABS)
        return cls(repairs=frozenset(repairs), scalars=frozenset(scalars))


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One repair that was made: where it stood in the text before (lines and columns as in every finding).

    `aliases` are where the value that it is about is repeated: what is mended there goes with it.
    """

    repair: Repair
    span: Span
    aliases: tuple[Span, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fixed:
    """A file after its repair; without edits, the very bytes that it was."""

    content: bytes
    edits: tuple[Edit, ...] = ()


def repair_of(diagnostic: Diagnostic) -> Repair | None:
    """The kind of repair that might mend a finding, None where there is none."""
    if diagnostic.code not in FIXABLE:
        return None
    rule = diagnostic.message.rpartition("(")[2].removesuffix(")") if diagnostic.code == "TX200" else ""
    if rule == "syntax":
        # libyaml takes tabs between values, and yamllint's reader does not.
        return Repair.TABS if r"found character '\t'" in diagnostic.message else None
    if rule == "new-lines" and r"expected \n" not in diagnostic.message:
        return None
    return _KINDS.get((diagnostic.code, rule))


def mark_fixable(
    diagnostics: Sequence[Diagnostic], content: bytes | None, *, renamable: bool = False
) -> tuple[Diagnostic, ...]:
    """The findings of a leaf's document, those that `fixes` mends marked as such.

    `content` is the document that they were found in, None where there is none. `renamable` says that a misnamed file
    may get its name. Costs nothing where no finding is of a kind that can be mended.
    """
    wanted = Wanted.of(diagnostics)
    if not wanted.repairs:
        return tuple(diagnostics)
    fixed = fixes(content, wanted) if content is not None else Fixed(content=b"")
    mended = _Mended(fixed.edits)
    return tuple(
        replace(item, fixable=True) if _mends(item, mended, renamable=renamable) else item for item in diagnostics
    )


class _Mended:
    """What the edits of one file mend, to be looked up by finding."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self.repairs = {edit.repair for edit in edits}
        self.scalars = {span for edit in edits if edit.repair is Repair.QUOTES for span in (edit.span, *edit.aliases)}
        self.lines = {edit.span.line for edit in edits if edit.repair is Repair.TRAILING_SPACE}
        self.tabs = {edit.span.line for edit in edits if edit.repair is Repair.TABS} | self.lines
        # From here on nothing is left but the end of the last line.
        ends = (Repair.LAST_LINE_END, Repair.SURPLUS_LINES)
        self.end = next((edit.span.line for edit in edits if edit.repair in ends), None)

    def reaches(self, line: int) -> bool:
        return self.end is not None and line >= self.end


def _mends(diagnostic: Diagnostic, mended: _Mended, *, renamable: bool) -> bool:
    repair, span = repair_of(diagnostic), diagnostic.span
    match repair:
        case Repair.RENAME:
            return renamable
        case Repair.QUOTES:
            return span in mended.scalars
        case Repair.TABS if span is not None and diagnostic.code == "TX200":
            return span.line in mended.tabs
        case Repair.TRAILING_SPACE if span is not None:
            return span.line in mended.lines or mended.reaches(span.line)
        case Repair.SURPLUS_LINES if span is not None:
            return mended.reaches(span.line)
        case Repair.LAST_LINE_END:
            return bool(mended.repairs & {Repair.LAST_LINE_END, Repair.SURPLUS_LINES})
        case _:
            return repair in mended.repairs


def fixes(content: bytes, wanted: Wanted, *, crlf: bool = False) -> Fixed:
    """Repair the bytes of a `qna.yaml`, as far as that changes nothing else.

    `crlf` says that Git takes the CRLF of this file for LF: the findings are of the text with LF, and what comes back
    has CRLF throughout. A byte order mark stays. What is no text, too large, or no document even after its tabs are
    expanded comes back as it is. Never raises for what the bytes hold.
    """
    unchanged = Fixed(content=content)
    try:
        decoded = content.decode() if len(content) <= MAX_BYTES else ""
    except UnicodeDecodeError:
        return unchanged
    text = decoded.lstrip(_BYTE_ORDER_MARK)
    marks = decoded[: len(decoded) - len(text)]
    before = text.replace("\r\n", "\n") if crlf else text
    after, edits = _repair(before, wanted)
    fixed = (marks + (after.replace("\n", "\r\n") if crlf else after)).encode()
    # The quotes may be what makes a file too long to be read.
    return Fixed(content=fixed, edits=edits) if edits and len(fixed) <= MAX_BYTES else unchanged


def _repair(text: str, wanted: Wanted) -> tuple[str, tuple[Edit, ...]]:
    """The text after all repairs, and what they were; none where there is no document in it."""
    draft = _Draft.of(text)
    edits: list[Edit] = []
    if draft is None:
        expanded = _without_indentation_tabs(text) if Repair.TABS in wanted.repairs and "\t" in text else None
        if expanded is None:
            return text, ()
        draft, edits = expanded
    for stage in (_unify_line_ends, _edit_end, _edit_inside):
        draft, done = stage(draft, wanted)
        edits += done
    return draft.text, tuple(edits)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A text that is a document, and what it says."""

    text: str
    composition: Composition
    root: Node

    @classmethod
    def of(cls, text: str) -> "_Draft | None":
        composition = compose(Text(text))
        root = composition.root
        if composition.mistakes or root is None or (isinstance(root, Scalar) and root.is_null):
            return None
        return cls(text, composition, root)


_Stage = tuple[_Draft, list[Edit]]


@dataclass(frozen=True, slots=True)
class _Change:
    """A stretch of text to be replaced."""

    start: int
    end: int
    new: str
    repair: Repair
    aliases: tuple[Span, ...] = ()


# Line ends


def _unify_line_ends(draft: _Draft, wanted: Wanted) -> _Stage:
    """CRLF to LF, which YAML reads alike; lines keep their numbers."""
    found = _CRLF.search(draft.text) if Repair.LINE_ENDS in wanted.repairs else None
    after = _Draft.of(_CRLF.sub("\n", draft.text)) if found else None
    if found is None or after is None or _differing(draft.root, after.root) != []:
        return draft, []
    return after, [Edit(repair=Repair.LINE_ENDS, span=Text(draft.text).span(found.start(), found.end()))]


# What stands inside of lines


def _edit_inside(draft: _Draft, wanted: Wanted) -> _Stage:
    """Trailing space, tabs between values, and quotes that lack."""
    scalars = _scalars(draft.root)
    changes = [*_separations(draft, scalars, wanted), *_trailing(draft, scalars, wanted)]
    quoted = dict(_unquoted(draft, wanted))
    changes += [
        _Change(node.start, node.end, _quoted(draft, node), Repair.QUOTES, aliases) for node, aliases in quoted.items()
    ]
    changes.sort(key=lambda change: change.start)
    done = _try(draft, scalars, changes, quoted)
    if done is not None:
        text = Text(draft.text)
        return done[0], [
            Edit(repair=change.repair, span=text.span(change.start, change.end), aliases=change.aliases)
            for change in done[1]
        ]
    edits: list[Edit] = []
    if len({change.repair for change in changes}) > 1:
        # One kind goes wrong: the others may still be right. Those come first that move nothing that is named later.
        for kind in _INSIDE:
            draft, made = _edit_inside(draft, replace(wanted, repairs=wanted.repairs & {kind}))
            edits += made
    return draft, edits


def _try(
    draft: _Draft, scalars: Sequence[Scalar], changes: Sequence[_Change], quoted: Collection[Scalar]
) -> tuple[_Draft, Sequence[_Change]] | None:
    """The draft with as many of the changes as leave its data alone; None where it cannot be told which these are."""
    starts = [node.start for node in scalars]
    for _ in range(_TRIES):
        if not changes:
            return draft, ()
        after = _Draft.of(_applied(draft.text, changes))
        places = {change.start for change in changes}
        named = {id(node) for node in quoted if node.start in places}
        differing = _differing(draft.root, after.root, named) if after is not None else None
        if after is None or differing is None:
            return None
        if not differing:
            return after, changes
        lost = {bisect_right(starts, node.start): _reach(draft.text, node) for node in differing}
        kept = [change for change in changes if change.start >= lost.get(bisect_right(starts, change.start), 0)]
        if len(kept) == len(changes):
            return None
        changes = kept
    return None


def _reach(text: str, node: Scalar) -> int:
    """Up to where a change may be what made a scalar another: in a block's case, that is up to the next scalar."""
    return len(text) if text[node.start : node.start + 1] in _BLOCK else node.end


def _applied(text: str, changes: Iterable[_Change]) -> str:
    parts = []
    end = 0
    for change in changes:
        parts += [text[end : change.start], change.new]
        end = change.end
    return "".join([*parts, text[end:]])


def _trailing(draft: _Draft, scalars: Sequence[Scalar], wanted: Wanted) -> Iterator[_Change]:
    """Space at the end of lines, but for what a block's text holds: there, it is data, also on an empty line."""
    if Repair.TRAILING_SPACE not in wanted.repairs:
        return
    blocks = _Blocks(draft.text, scalars)
    for match in _TRAILING.finditer(draft.text):
        start = match.start()
        # A backslash before it makes it data between double quotes; elsewhere it is rare enough to be let be.
        if draft.text[start - 1 : start] != "\\" and not blocks.hold(start, match.end()):
            yield _Change(match.start(), match.end(), "", Repair.TRAILING_SPACE)


class _Blocks:
    """The texts below `|` and `>`."""

    def __init__(self, text: str, scalars: Sequence[Scalar]) -> None:
        self._text = text
        self._blocks = [node for node in scalars if not node.empty and text[node.start : node.start + 1] in _BLOCK]
        self._starts = [node.start for node in self._blocks]
        self._bodies: dict[int, tuple[int, int]] = {}

    def hold(self, start: int, end: int) -> bool:
        """Whether space at the end of a line belongs to a block's text, as far as can be told without reading it."""
        number = bisect_right(self._starts, start) - 1
        if number < 0 or start >= self._blocks[number].end:
            return False
        if number not in self._bodies:
            self._bodies[number] = self._body(self._blocks[number])
        body, indent = self._bodies[number]
        if start < body:
            return False
        blank = self._text[start - 1] == "\n"
        return not blank or end - start > indent

    def _body(self, node: Scalar) -> tuple[int, int]:
        """Where a block's text starts, and how far its first line with content is indented."""
        start = self._text.find("\n", node.start) + 1
        found = _INDENT.search(self._text, start, node.end)
        return start, len(found[1]) if found else 0


def _separations(draft: _Draft, scalars: Sequence[Scalar], wanted: Wanted) -> Iterator[_Change]:
    """Tabs between a key, a dash or a comma and what follows on the line, and before a comment."""
    if Repair.TABS not in wanted.repairs or "\t" not in draft.text:
        return
    comments = _Comments(draft.text, scalars)
    for match in _SEPARATION.finditer(draft.text):
        start, end = match.span()
        # Of `a \tb`, the space before belongs to the run.
        if not comments.cover(start):
            yield _Change(start, end, "  " if match[1] == "#" else " ", Repair.TABS)


class _Comments:
    """What in a text is a scalar or a comment. To be asked from left to right, for everything is looked at once."""

    def __init__(self, text: str, scalars: Sequence[Scalar]) -> None:
        self._text = text
        self._scalars = scalars
        self._starts = [node.start for node in scalars]
        self._looked = 0
        self._is_comment = False

    def cover(self, index: int) -> bool:
        """Whether an index lies in a scalar or a comment."""
        number = bisect_right(self._starts, index) - 1
        # A comment ends its line, and a # within a scalar begins none.
        since = max(self._looked, self._scalars[number].end if number >= 0 else 0)
        if since > index:
            return True
        line = self._text.rfind("\n", since, index) + 1
        if line or self._text.find("\n", self._looked, since) >= 0:
            self._is_comment = False
        if not self._is_comment:
            self._is_comment = _COMMENT.search(self._text, max(since, line), index) is not None
        self._looked = index
        return self._is_comment


def _unquoted(draft: _Draft, wanted: Wanted) -> Iterator[tuple[Scalar, tuple[Span, ...]]]:
    """The plain scalars that findings name, and the aliases of each that findings name too.

    Without those that stand for something else at another place.
    """
    if not wanted.scalars or Repair.QUOTES not in wanted.repairs:
        return
    text = Text(draft.text)
    seen, shared, aliases = _shared(draft, wanted.scalars, text)
    malformed = {(one.start, one.end) for one in draft.composition.malformed}
    lines = {span.line for span in wanted.scalars}
    for node in seen:
        if not node.plain or node.empty or text.place(node.start)[0] not in lines:
            continue
        if text.span(node.start, node.end) in wanted.scalars and (
            id(node) not in shared or (node.start, node.end) in malformed
        ):
            yield node, tuple(aliases[id(node)])


def _shared(
    draft: _Draft, named: Collection[Span], text: Text
) -> tuple[list[Scalar], set[int], Mapping[int, Sequence[Span]]]:
    """All scalars, the ids of those that an alias or `<<` also puts where no finding names it, and named aliases."""
    scalars: dict[int, Scalar] = {}
    shared: set[int] = set()
    aliases: defaultdict[int, list[Span]] = defaultdict(list)
    seen: set[tuple[int, bool]] = set()
    waiting: list[tuple[Node, bool]] = [(draft.root, False)]
    while waiting:
        node, again = waiting.pop()
        if isinstance(node, Alias):
            if not isinstance(node.node, Scalar):
                waiting.append((node.node, True))
            elif (span := text.span(node.start, node.end)) in named:
                aliases[id(node.node)].append(span)
            else:
                shared.add(id(node.node))
            continue
        if isinstance(node, Scalar):
            if again or id(node) in scalars:
                shared.add(id(node))
            scalars[id(node)] = node
            continue
        # A second time, what is inside is shared; a third time tells nothing new.
        again = again or (id(node), False) in seen
        if (id(node), again) in seen:
            continue
        seen.add((id(node), again))
        waiting += ((child, again) for child in _children(node))
    return list(scalars.values()), shared, aliases


def _quoted(draft: _Draft, node: Scalar) -> str:
    source = draft.text[node.start : node.end]
    if '"' in source or "\\" in source:
        return "'" + source.replace("'", "''") + "'"
    return f'"{source}"'


# The end of the file


def _edit_end(draft: _Draft, wanted: Wanted) -> _Stage:
    """One line end after the last line, no more and no less."""
    text = draft.text
    body = text.rstrip(_SPACE)
    tail = text[len(body) :]
    open_ = Repair.LAST_LINE_END in wanted.repairs and not tail.endswith("\n")
    surplus = Repair.SURPLUS_LINES in wanted.repairs and tail.count("\n") > 1
    if not (open_ or surplus):
        return draft, []
    repair = Repair.SURPLUS_LINES if surplus else Repair.LAST_LINE_END
    keeps = Repair.LINE_ENDS not in wanted.repairs
    end = "\r\n" if keeps and (tail.startswith("\r\n") or _LAST_CRLF.search(text)) else "\n"
    for change in _ends(draft, body, end, is_open=open_):
        after = _Draft.of(change.new)
        if after is not None and _differing(draft.root, after.root) == []:
            return after, [Edit(repair=repair, span=Text(text).span(change.start, len(text)))]
    return draft, []


def _ends(draft: _Draft, body: str, end: str, *, is_open: bool) -> Iterator[_Change]:
    """Whole texts that end as they should, the likeliest first, and where they begin to differ."""
    text = draft.text
    # What follows the last line may be data of the block that it belongs to.
    yield _Change(len(body), len(text), body + end, Repair.LAST_LINE_END)
    if not is_open or text.endswith("\r"):
        return
    yield _Change(len(text), len(text), text + end, Repair.LAST_LINE_END)
    scalars = _scalars(draft.root)
    header = _HEADER.match(text, scalars[-1].start) if scalars and not scalars[-1].plain else None
    if header is not None:
        # Without its line end, a block's last line has none in the data either; `-` says so.
        chomped = header[1] + header[2].strip("-+") + "-"
        rest = text[: header.start()] + chomped + text[header.end() :]
        yield _Change(len(text), len(text), rest + end, Repair.LAST_LINE_END)


# Tabs that indent


def _without_indentation_tabs(text: str) -> tuple[_Draft, list[Edit]] | None:
    """The text with spaces for the tabs at the start of lines, if that makes a document of it, and one document only.

    Nobody can tell how wide a tab was meant to be: each of the usual widths that gives a document must give the same.
    """
    for every in (False, True):
        found = [
            (draft, numbers)
            for width in _TAB_STOPS
            for expanded, numbers in [_expanded(text, width, every=every)]
            if numbers and (draft := _Draft.of(expanded)) is not None
        ]
        if found:
            first, numbers = found[0]
            same = all(_differing(first.root, draft.root) == [] for draft, _ in found[1:])
            if not same or _indents_text(first, frozenset(numbers)):
                return None
            return first, [Edit(repair=Repair.TABS, span=Span.at(number, 1)) for number in numbers]
    return None


def _expanded(text: str, width: int, *, every: bool) -> tuple[str, list[int]]:
    """The text with its tabs at the start of lines expanded to stops of that width, and the numbers of these lines.

    Without `every`, only in lines that begin with a tab, or have one behind a dash.
    """
    lines = text.split("\n")
    numbers = []
    for index, line in enumerate(lines):
        if "\t" not in line or not (every or _STARTS_WITH_TAB.match(line)):
            continue
        found = _PREFIX.match(line)
        prefix = found[0] if found else ""
        if "\t" in prefix:
            rest = line[len(prefix) :]
            lines[index] = (prefix.expandtabs(width) if rest.strip() else prefix.rstrip(" \t")) + rest
            numbers.append(index + 1)
    return "\n".join(lines), numbers


def _indents_text(draft: _Draft, numbers: frozenset[int]) -> bool:
    """Whether an expanded line is indented within a block's text: there, the width of a tab is data."""
    text = Text(draft.text)
    for node in _scalars(draft.root):
        header = _HEADER.match(draft.text, node.start) if not node.plain else None
        if header is None:
            continue
        first, last = text.place(node.start)[0] + 1, text.place(max(node.end - 1, node.start))[0]
        depths = {
            number: len(line) - len(line.lstrip(" "))
            for number in range(first, last + 1)
            if (line := text.line(number)).strip()
        }
        expanded = numbers & set(depths)
        if expanded and (any(map(str.isdigit, header[2])) or any(depths[n] > min(depths.values()) for n in expanded)):
            return True
    return False


# What a document says


def _children(node: Node) -> Iterable[Node]:
    if isinstance(node, ListNode):
        return node.items
    if isinstance(node, Map):
        return [part for pair in node.pairs for part in pair]
    return ()


def _scalars(root: Node) -> list[Scalar]:
    """All scalars that are written somewhere, each once, in the order of the text."""
    found: dict[int, Scalar] = {}
    seen: set[int] = set()
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            found[id(node)] = node
        elif id(node) not in seen:
            seen.add(id(node))
            waiting += _children(node)
    return sorted(found.values(), key=lambda node: (node.start, node.end))


def _differing(old: Node, new: Node, quoted: Collection[int] = ()) -> list[Scalar] | None:
    """The scalars of a document that are others in another one; None where more than scalars differs.

    Those whose ids are among `quoted` must have become the text that they were written as.
    """
    differing = []
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[Node, Node]] = [(old, new)]
    while waiting:
        one, other = waiting.pop()
        if (id(one), id(other)) in seen:
            continue
        seen.add((id(one), id(other)))
        if isinstance(one, Alias) and isinstance(other, Alias):
            waiting.append((one.node, other.node))
        elif isinstance(one, Scalar) and isinstance(other, Scalar):
            if not (_became_text(one, other) if id(one) in quoted else _same(one, other)):
                differing.append(one)
        elif isinstance(one, Map | ListNode) and type(one) is type(other):
            theirs = list(_children(other))
            ours = list(_children(one))
            if len(ours) != len(theirs):
                return None
            waiting += zip(ours, theirs, strict=True)
        else:
            return None
    return differing


def _same(one: Scalar, other: Scalar) -> bool:
    if one.tag != other.tag or type(one.data) is not type(other.data):
        return False
    return bool(one.data == other.data) or (one.data != one.data and other.data != other.data)


def _became_text(one: Scalar, other: Scalar) -> bool:
    return isinstance(other.data, str) and not other.plain and (one.data == other.data or not isinstance(one.data, str))
