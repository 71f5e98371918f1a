"""The bytes of a `qna.yaml`, read once: plain data, and where in the text each piece of it stands.

The reading is in three steps. A guard runs over libyaml's events and stops at the limits, because composing hostile
input can end the process: 40,000 nested brackets overflow libyaml's stack. What passes is composed to nodes, once; data
and positions both come from those. The data are then built as PyYAML's safe loader builds them (YAML 1.1), but nothing
is raised: what cannot be built is a `Problem`, with its place.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import yaml

from taxonomy_tools.diagnostics import FrameLine, Span

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 100_000
_FRAME_WIDTH = 100

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"

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


class Text:
    """Text with its lines. A line ends at LF or CRLF and nowhere else (YAML 1.1 has more: NEL, U+2028, U+2029)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        position = text.find("\n")
        while position != -1:
            self._starts.append(position + 1)
            position = text.find("\n", position + 1)

    def line(self, number: int) -> str:
        """The line of that number, counted from 1, without its end; `""` past the last."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")

    def place(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of the code point at an index."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The stretch between two indices, at least one column wide."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(end, start))
        if (end_line, end_column) <= (line, column):
            end_line, end_column = line, column + 1
        return Span(line=line, column=column, end_line=end_line, end_column=end_column)

    def frame(self, span: Span) -> tuple[FrameLine, ...]:
        """The line that a span starts on, after the line before it (unless that is empty)."""
        offset = max(0, span.column - 1 - _FRAME_WIDTH // 2) if len(self.line(span.line)) > _FRAME_WIDTH else 0
        before = self._frame_line(span.line - 1, offset)
        line = self._frame_line(span.line, offset)
        return (before, line) if before.text.strip() else (line,)

    def _frame_line(self, number: int, offset: int) -> FrameLine:
        line = self.line(number)
        return FrameLine(
            number=number,
            text=line[offset : offset + _FRAME_WIDTH],
            offset=offset,
            cut=len(line) > offset + _FRAME_WIDTH,
        )


class Document:
    """A `qna.yaml` that could be read: its data, and where in the text they stand.

    `data` is what `yaml.safe_load` gives. `malformed` are the routes of plain scalars that look like a number or a
    date and are none (`2023-99-99`); in `data` stands their text.
    """

    def __init__(self, text: Text, root: yaml.Node, data: object, malformed: tuple[Route, ...]) -> None:
        self.text = text
        self.data = data
        self.malformed = malformed
        self._root = root

    def span(self, route: Route, on: Literal["key", "value", "inside"] = "value") -> Span:
        """Where the value at a route stands, or its key, or, of a collection, where it itself begins.

        A collection as a value is shown by what leads to it: its key, or, in a list, its own first key or value; an
        empty value is shown by its key. The route must lead somewhere in `data`.
        """
        key, node = self._find(route)
        if on == "inside" and _first(node) is not node:
            return self._node_span(_first(node))
        empty = node.start_mark.index == node.end_mark.index
        if on == "value" and not empty and isinstance(node, yaml.ScalarNode):
            return self._node_span(node)
        return self._node_span(key or _first(node))

    def source(self, route: Route) -> str:
        """The value at a route as it is written, from its first code point to its last."""
        _, node = self._find(route)
        return self.text.text[node.start_mark.index : node.end_mark.index]

    def is_plain(self, route: Route) -> bool:
        """Whether the value at a route is an unquoted scalar."""
        _, node = self._find(route)
        return isinstance(node, yaml.ScalarNode) and not node.style

    def _node_span(self, node: yaml.Node) -> Span:
        return self.text.span(node.start_mark.index, node.end_mark.index)

    def _find(self, route: Route) -> tuple[yaml.Node | None, yaml.Node]:
        key: yaml.Node | None = None
        node = self._root
        for step in route:
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                key, node = None, node.value[step]
            elif isinstance(node, yaml.MappingNode):
                key, node = _entry(node, step)
            else:
                raise LookupError(f"no {step!r} of {route!r} in the document")
        return key, node


def load(data: bytes) -> Document | tuple[Problem, ...]:
    """Read the bytes of a `qna.yaml`.

    Gives a `Document`, or all the reasons why there is none (at least one). Never raises for what the bytes hold, and
    never takes long: 1 MiB, depth 100, and 100,000 nodes after aliases are followed are the limits.
    """
    if len(data) > MAX_BYTES:
        return (Problem(code="TX005", message=f"{len(data):,} bytes are more than the {MAX_BYTES:,} that are read"),)
    try:
        text = Text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return (_undecodable(data, error),)
    try:
        problem = _guard(text)
        if problem is not None:
            return (problem,)
        root = _Loader(text.text).get_single_node()
    except yaml.YAMLError as error:
        return (_invalid(text, error),)
    if root is None or root.tag == f"{_TAG}null":
        return (Problem(code="TX004", message="the file is empty: it has no seed examples to learn from"),)
    builder = _Builder(text)
    value = builder.build(root, ())
    return tuple(builder.problems) or Document(text, root, value, tuple(builder.malformed))


def _guard(text: Text) -> Problem | None:
    """Read the events alone, and stop at the first thing that must not be composed."""
    nodes = documents = 0
    open_collections: list[tuple[str | None, int]] = []
    sizes: dict[str, int] = {}
    for event in _events(text.text):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_collections):
                return _too_complex(text, event, f"`*{event.anchor}` stands inside the very thing that it names")
            nodes += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_collections.append((event.anchor, nodes))
            nodes += 1
            if len(open_collections) > MAX_DEPTH:
                return _too_complex(text, event, f"collections are nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_collections.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                span = _mark_span(text, event)
                return _problem(text, "TX002", "a second document starts here: a leaf is one", span, 'remove the "---"')
        if nodes > MAX_NODES:
            return _too_complex(text, event, f"more than {MAX_NODES:,} values, counting what aliases repeat")
    return None


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _Loader(text)
    while loader.check_event():
        yield loader.get_event()


class _Builder:
    """Builds data from nodes as PyYAML's safe constructor does, and collects problems instead of raising them."""

    def __init__(self, text: Text) -> None:
        self.problems: list[Problem] = []
        self.malformed: list[Route] = []
        self._text = text
        self._built: dict[int, object] = {}

    def build(self, node: yaml.Node, route: Route) -> object:
        """The data of a node, which stands at a route. An alias gives the same object as its anchor."""
        if id(node) not in self._built:
            self._built[id(node)] = self._build(node, route)
        return self._built[id(node)]

    def _build(self, node: yaml.Node, route: Route) -> object:
        tag = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.ScalarNode) and tag in _SCALARS:
            return self._scalar(node, _SCALARS[tag], route)
        if isinstance(node, yaml.SequenceNode) and tag == "seq":
            return [self.build(item, (*route, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode) and tag == "map":
            return self._mapping(node, route)
        return self._tagged(node)

    def _scalar(self, node: yaml.ScalarNode, build: Callable[[yaml.ScalarNode], object], route: Route) -> object:
        try:
            return build(node)
        except (ValueError, LookupError, ArithmeticError, AttributeError, yaml.YAMLError):
            # PyYAML raises whatever int(), date() and friends do: on `2023-99-99`, `0x_`, 5,000 digits (FACTS).
            if not node.style:
                self.malformed.append(route)
            else:
                self._refuse(node, f"`{shorten(node.value)}` is not what its tag `{node.tag}` says")
            return node.value

    def _mapping(self, node: yaml.MappingNode, route: Route) -> object:
        pairs = list(node.value)
        try:
            _constructor.flatten_mapping(node)
        except yaml.YAMLError:
            # It leaves the mapping half done: put back all but what cannot be merged, so that the rest is read.
            node.value = [pair for pair in pairs if pair[0].tag != f"{_TAG}merge"]
            for key, value in pairs:
                if key.tag == f"{_TAG}merge":
                    self._refuse(value, "`<<` merges mappings, and this is none")
        data: dict[object, object] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node, route)
            if not isinstance(key, Hashable):
                self._refuse(key_node, "a key must be a single value, not a list or a mapping")
                continue
            data[key] = self.build(value_node, (*route, key))
        return data

    def _tagged(self, node: yaml.Node) -> object:
        """What carries a tag of its own: the few that the safe loader knows are left to it."""
        try:
            return _SafeConstructor().construct_document(node)
        except (ValueError, TypeError, LookupError, ArithmeticError, yaml.YAMLError):
            self._refuse(node, f"the tag `{shorten(node.tag)}` means nothing here")
            return None

    def _refuse(self, node: yaml.Node, message: str) -> None:
        self.problems.append(_problem(self._text, "TX002", message, _mark_span(self._text, _first(node))))


class _SafeConstructor(yaml.constructor.SafeConstructor):
    """PyYAML's own, for single nodes."""


_constructor = _SafeConstructor()
_SCALARS: dict[str, Callable[[yaml.ScalarNode], object]] = {
    "str": lambda node: node.value,
    "null": lambda _: None,
    "bool": _constructor.construct_yaml_bool,
    "int": _constructor.construct_yaml_int,
    "float": _constructor.construct_yaml_float,
    "timestamp": _constructor.construct_yaml_timestamp,
    "value": _constructor.construct_undefined,
    "merge": _constructor.construct_undefined,
}


def _entry(node: yaml.MappingNode, key: object) -> tuple[yaml.Node, yaml.Node]:
    """The pair that a key of the data came from: the last of several, and a mapping's own before merged ones."""
    for key_node, value_node in reversed(node.value):
        tag = key_node.tag.removeprefix(_TAG)
        if not isinstance(key_node, yaml.ScalarNode) or tag not in _SCALARS:
            continue
        try:
            found = _SCALARS[tag](key_node)
        except (ValueError, LookupError, ArithmeticError, AttributeError, yaml.YAMLError):
            found = key_node.value
        if found == key and type(found) is type(key):
            return key_node, value_node
    raise LookupError(f"no key {key!r} in the mapping at line {node.start_mark.line + 1}")


def _first(node: yaml.Node) -> yaml.Node:
    """What a reader sees first of a node: the first key of a block mapping, the node itself else."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[0][0] if isinstance(node, yaml.MappingNode) else node.value[0]
    return node


def _mark_span(text: Text, marked: yaml.Node | yaml.Event) -> Span:
    return text.span(marked.start_mark.index, marked.end_mark.index)


def _problem(text: Text, code: str, message: str, span: Span, hint: str = "") -> Problem:
    return Problem(code=code, message=message, span=span, hint=hint, frame=text.frame(span))


def _too_complex(text: Text, event: yaml.Event, message: str) -> Problem:
    return _problem(text, "TX005", message, _mark_span(text, event))


def _undecodable(data: bytes, error: UnicodeDecodeError) -> Problem:
    text = Text(data.decode("utf-8", errors="replace"))
    index = len(data[: error.start].decode("utf-8"))
    message = f"byte 0x{data[error.start]:02x} is not UTF-8: save the file in that encoding"
    return _problem(text, "TX001", message, text.span(index, index + 1))


_HINTS = {
    "mapping values are not allowed in this context": 'quote a value that holds ": "',
    "could not find expected ':'": 'indent the text, or start it with "|" on the line before',
    "found character that cannot start any token": "indent with spaces, and quote a value that starts with @ or `",
    "found unexpected end of stream": "close the quote or the bracket",
}


def _invalid(text: Text, error: yaml.YAMLError) -> Problem:
    """A reader's, scanner's, parser's or composer's error, at its place."""
    if isinstance(error, yaml.reader.ReaderError):
        # libyaml counts bytes here, PyYAML's own reader code points.
        raw = text.text.encode()[: error.position] if _Loader is not yaml.SafeLoader else b""
        index = len(raw.decode(errors="ignore")) if raw else int(error.position)
        message = f"the control character U+{int(error.character):04X} is not allowed in YAML"
        return _problem(text, "TX002", message, text.span(index, index + 1), "remove it")
    assert isinstance(error, yaml.MarkedYAMLError)
    mark = error.problem_mark or error.context_mark
    span = text.span(mark.index, mark.index + 1) if mark else Span.at(1, 1)
    words = ", ".join(part for part in (error.context, error.problem) if part)
    return _problem(text, "TX002", f"this is not YAML: {words}", span, _HINTS.get(error.problem or "", ""))


def shorten(value: str, width: int = 60) -> str:
    """The value in at most `width` code points, cut in the middle."""
    if len(value) <= width:
        return value
    half = (width - 1) // 2
    return f"{value[:half]}…{value[-half:]}"
