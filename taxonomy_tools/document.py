"""The bytes of a `qna.yaml`, read once: plain data, and where in the text each piece of it stands.

Data and places come from one composition (`composer`), so they cannot differ; nothing that the bytes hold raises.
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from taxonomy_tools.composer import Alias, Malformed, Map, Node, Scalar, Sequence, anchored, compose
from taxonomy_tools.diagnostics import FrameLine, Span
from taxonomy_tools.mistakes import Mistake
from taxonomy_tools.text import Text

MAX_BYTES = 1024 * 1024
_BYTE_ORDER_MARK = "\ufeff"
_COMMENT = re.compile("#[^\r\n\x85\u2028\u2029]*")  # YAML 1.1 has three line ends more than an editor shows
_UNDECODED = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte

Route: TypeAlias = tuple[object, ...]
"""A path into a document's data: keys of mappings and indices of lists, from the top down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why bytes are no document. `code` is that of the rule which reports it; `hint` is the shortest mend."""

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    frame: tuple[FrameLine, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MalformedScalar:
    """An unquoted scalar, a key or a value, that cannot be what it looks like: `2023-99-99`, `0x_`, `=`.

    `source` is how it is written, and stands for it in the data; `kind` is what it looks like, "a number" or "a date",
    or empty for what YAML keeps for itself.
    """

    span: Span
    source: str
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment: its text from the `#` on, and where it stands. `alone` says that nothing stands before it."""

    text: str
    span: Span
    alone: bool


class Document:
    """A `qna.yaml` that could be read: its data, and where in the text they stand.

    `data` is what `yaml.safe_load` gives, which does not load what is `malformed`.
    """

    def __init__(
        self,
        text: Text,
        root: Node,
        malformed: tuple[MalformedScalar, ...] = (),
        hashes: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """`hashes` are the stretches of the scalars that hold a `#`, in the order of the text."""
        self.text = text
        self.data: object = root.data
        self.malformed = malformed
        self._root = root
        self._hashes = hashes

    def comments(self, pattern: re.Pattern[str] = _COMMENT) -> Iterator[Comment]:
        """The comments that begin as the pattern says, from the top down. A `#` inside a scalar begins none."""
        text = self.text.text
        hashes = iter((*self._hashes, (len(text), len(text))))
        start, end = next(hashes)
        position = last_line = 0
        while (found := _COMMENT.search(text, position)) is not None:
            while end <= found.start():
                start, end = next(hashes)
            inside = start <= found.start()
            position = end if inside else found.end()
            if inside or not pattern.match(text, found.start(), found.end()):
                continue
            span = self.text.span(found.start(), found.end())
            # Of several on a line (only U+2028 and its like can end one early) the first tells.
            alone = span.line != last_line and text[self.text.start(span.line) : found.start()].isspace()
            yield Comment(text=found[0], span=span, alone=alone or span.column == 1)
            last_line = span.line

    def last_lines(self) -> dict[int, int]:
        """The last line of what is written over several lines, by the line on which it, or its key, begins.

        Of several that begin on one line, the longest tells. Takes time that is linear in the size of the document.
        """
        found: dict[int, int] = {}
        for first, value in self._values():
            line, last = self.text.place(first.start)[0], self._last_line(value)
            if last > max(line, found.get(line, 0)):
                found[line] = last
        return found

    def escaped(self) -> Iterator[tuple[int, int]]:
        """The stretches of the scalars in which a backslash escapes something, from the top down."""
        text = self.text.text
        found: set[tuple[int, int]] = set()
        waiting: list[Node] = [self._root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Sequence):
                waiting += node.items
            elif isinstance(node, Map):
                waiting += [one for pair in node.pairs if node.start <= pair[0].start < node.end for one in pair]
            elif text.startswith('"', node.start) and text.find("\\", node.start, node.end) >= 0:
                found.add((node.start, node.end))
        return iter(sorted(found))

    def _last_line(self, value: Scalar) -> int:
        """The line on which a scalar ends; a block ends where the next line starts."""
        end = value.end - 1 if self.text.text[value.start : value.end].endswith("\n") else value.end
        return self.text.place(end)[0]

    def _values(self) -> Iterator[tuple[Node, Scalar]]:
        """Each scalar that is written, by itself and, if it is a value, with its key."""
        waiting: list[Node] = [self._root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Scalar):
                yield node, node
            elif isinstance(node, Sequence):
                waiting += node.items
            elif isinstance(node, Map):
                for key, value in node.pairs:
                    if node.start <= key.start < node.end:  # what a `<<` took in stands elsewhere
                        waiting += key, value
                        if isinstance(value, Scalar) and not value.empty:
                            yield key, value

    def span(self, route: Route, on: Literal["key", "value"] = "value") -> Span:
        """Where the value at a route stands, or its key.

        A collection or an empty value is shown by its key; in a list, or at the top, by what begins it: its first key,
        its dash, or all of it where it is in brackets. An alias is shown where it stands, what a `<<` took in where it
        was taken from, and of a key that is there twice the last. Raises LookupError if the route leads to nothing.
        """
        key, node = self._find(route)
        if on == "value" and _is_visible(node):
            return self._span(node)
        return self._span(key) if key is not None else self._beginning(node)

    def source(self, route: Route, on: Literal["key", "value"] = "value") -> str:
        """The value at a route, or its key, as written but for anchor and tag; of an alias, what it stands for."""
        key, value = self._find(route)
        node = anchored(key if on == "key" and key is not None else value)
        return self.text.text[node.start : node.end]

    def is_plain(self, route: Route) -> bool:
        """Whether the value at a route is an unquoted scalar without a tag of its own."""
        node = anchored(self._find(route)[1])
        return isinstance(node, Scalar) and node.plain

    def repeated_keys(self) -> Iterator[tuple[str, Span]]:
        """The scalar keys that stand in one mapping a second time, as written, and where: the last one counts."""
        waiting: list[Node] = [self._root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Sequence):
                waiting += node.items
            elif isinstance(node, Map):
                # What a `<<` took in from elsewhere may be said again; that is what it is for.
                own = [(key, value) for key, value in node.pairs if node.start <= key.start < node.end]
                waiting += [value for _, value in own]
                seen = set()
                for key in (anchored(key) for key, _ in own):
                    if isinstance(key, Scalar) and isinstance(key.data, Hashable):
                        if key.data in seen:
                            yield self.text.text[key.start : key.end], self._span(key)
                        seen.add(key.data)

    def _find(self, route: Route) -> tuple[Node | None, Node]:
        """The node at a route, and that of its key if it has one."""
        key: Node | None = None
        node = self._root
        for step in route:
            collection = anchored(node)
            if isinstance(collection, Sequence) and isinstance(step, int):
                key, node = None, collection.items[step]
            elif isinstance(collection, Map) and isinstance(step, Hashable):
                key, node = collection.entries[step]
            else:
                raise LookupError(f"no {step!r} of {route!r} in the document")
        return key, node

    def _beginning(self, node: Node) -> Span:
        while isinstance(node, Map) and not node.flow:
            node = node.first
        if isinstance(node, Sequence) and not node.flow:
            return self.text.span(node.start, node.start + 1)
        if isinstance(node, Scalar) and node.start == node.end and self.text.text[: node.start].endswith("-"):
            return self.text.span(node.start - 1, node.start)
        return self._span(node)

    def _span(self, node: Node) -> Span:
        return self.text.span(node.start, node.end)


def load(data: bytes) -> Document | tuple[Problem, ...]:
    """Read the bytes of a `qna.yaml`.

    Gives a `Document`, or all the reasons why there is none (at least one). Never raises for what the bytes hold, and
    never takes long: 1 MiB, depth 100, and 100,000 values after aliases are followed are the limits.
    """
    if len(data) > MAX_BYTES:
        message = f"{len(data):,} bytes are more than the {MAX_BYTES:,} that are read: split the leaf"
        return (Problem(code="TX005", message=message),)
    try:
        # YAML 1.1 allows byte order marks before a document, and of one that is left libyaml would not count positions.
        text = Text(data.decode().lstrip(_BYTE_ORDER_MARK))
    except UnicodeDecodeError:
        return (_undecodable(data),)
    composition = compose(text)
    if composition.mistakes:
        return tuple(_problem(text, mistake) for mistake in composition.mistakes)
    root = composition.root
    if root is None or (isinstance(root, Scalar) and root.is_null):
        return (Problem(code="TX004", message="the file is empty: write the leaf, or remove the file"),)
    malformed = tuple(_malformed(text, scalar) for scalar in composition.malformed)
    return Document(text, root, malformed, composition.hashes)


def _problem(text: Text, mistake: Mistake) -> Problem:
    span = text.span(mistake.start, mistake.end)
    return Problem(code=mistake.code, message=mistake.message, span=span, hint=mistake.hint, frame=text.frame(span))


def _malformed(text: Text, scalar: Malformed) -> MalformedScalar:
    start, end = scalar.start, scalar.end
    return MalformedScalar(span=text.span(start, end), source=text.text[start:end], kind=scalar.kind)


def _is_visible(node: Node) -> bool:
    """Whether something is written that is the value: it is no collection, and not empty."""
    if isinstance(node, Alias):
        return isinstance(node.node, Scalar)
    return isinstance(node, Scalar) and not node.empty


def _undecodable(data: bytes) -> Problem:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        # With a place, as everything that is wrong inside a file: without one, it could not be opened.
        return Problem(code="TX001", message="the file is UTF-16: save it as UTF-8", span=Span.at(1, 1))
    escaped = data.decode(errors="surrogateescape").lstrip(_BYTE_ORDER_MARK)
    bad = [match.start() for match in _UNDECODED.finditer(escaped)]
    text = Text(_UNDECODED.sub("\ufffd", escaped))
    span = text.span(bad[0], bad[0] + 1)
    others = f", nor are {len(bad) - 1:,} more" if len(bad) > 1 else ""
    message = f"byte 0x{ord(escaped[bad[0]]) - 0xDC00:02x} is not UTF-8{others}: save the file as UTF-8"
    return Problem(code="TX001", message=message, span=span, frame=text.frame(span))
