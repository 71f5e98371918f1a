"""Text to nodes: what YAML says, with its data, and where in the text each piece of it stands.

libyaml's events are read one by one, and what they make up is built from the bottom up while they come: data as
PyYAML's safe loader builds them (YAML 1.1), and nodes that say where they stand. There is no recursion, and the limits
hold before anything grows: libyaml's own composer ends the process on 40,000 nested brackets. Nothing is raised; what
cannot be built is a `Mistake`, and the reading goes on as far as it can.
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, TypeAlias

import yaml

from taxonomy_tools.mistakes import Mistake, explain
from taxonomy_tools.text import Text, shorten

MAX_DEPTH = 100
MAX_NODES = 100_000
_MAX_NUMBER_KEYS = 1000  # Python's hash of a number can be foreseen: 40,000 that collide take a minute
_MAX_DIRECTIVES = 100  # libyaml compares each %TAG with all before it
_MAX_SEXAGESIMAL = 1000  # PyYAML reads 1:30:00 with a multiplication a part, of numbers that grow
_MAX_CONTROLS = 20  # a binary file has one in every line
_MAX_MISTAKES = 1000
_MAX_SLOW = 32 * 1024  # code points that PyYAML's own reader is given: it takes 10 times as long as libyaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_resolver: Any = yaml.resolver.Resolver()
_constructor = yaml.constructor.SafeConstructor()

# What YAML 1.1 does not allow in a text: found here, because libyaml and PyYAML stop at the first.
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DIRECTIVE = re.compile("(?:^|[\r\n\x85\u2028\u2029])%")
_PROPERTIES = re.compile("(?:[&!]\\S*|[ \t\r\n\x85\u2028\u2029]+|#[^\r\n]*)*")
_REST_OF_LINE = re.compile("[^\r\n\x85\u2028\u2029]*")
_REFUSED_TAB = "found a tab character where an indentation space is expected"
_WORD = re.compile(r"\S*")

_TAG = "tag:yaml.org,2002:"
_STR, _NULL, _SEQ, _MAP, _SET = (f"{_TAG}{name}" for name in ("str", "null", "seq", "map", "set"))
_MERGE, _EQUALS = f"{_TAG}merge", f"{_TAG}value"
_PAIRS = frozenset({f"{_TAG}omap", f"{_TAG}pairs"})
_IMPLICIT = frozenset({None, "!"})
_SCALARS: Mapping[str, Any] = {
    _NULL: lambda _: None,
    f"{_TAG}bool": _constructor.construct_yaml_bool,
    f"{_TAG}int": _constructor.construct_yaml_int,
    f"{_TAG}float": _constructor.construct_yaml_float,
    f"{_TAG}timestamp": _constructor.construct_yaml_timestamp,
    f"{_TAG}binary": _constructor.construct_yaml_binary,
}
_TAGS = frozenset({_STR, _SEQ, _MAP, _SET, *_PAIRS, *_SCALARS})
_KINDS = {f"{_TAG}int": "a number", f"{_TAG}float": "a number", f"{_TAG}timestamp": "a date"}


@dataclass(slots=True, eq=False)
class Scalar:
    """A scalar. `start` and `end` are those of what is written, without anchor and tag unless it is `empty`.

    `plain` says that it is unquoted and has no tag of its own, `empty` that nothing is written at all.
    """

    start: int
    end: int
    data: Any
    tag: str = _STR
    plain: bool = False
    empty: bool = False

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as null."""
        return self.tag == _NULL


@dataclass(slots=True, eq=False)
class Sequence:
    """A list, in brackets or (not `flow`) of dashes."""

    start: int
    end: int
    data: Any
    flow: bool
    items: "list[Node]"


@dataclass(slots=True, eq=False)
class Map:
    """A mapping, in braces or (not `flow`) of lines, which then has a `first` key.

    `pairs` are all its keys and values, those first that `<<` took in; `entries` the pairs of its data, by key.
    """

    start: int
    end: int
    data: Any
    flow: bool
    first: "Node"
    pairs: "list[tuple[Node, Node]]"
    entries: "dict[Hashable, tuple[Node, Node]]"


@dataclass(slots=True, eq=False)
class Alias:
    """A `*name`, and what it stands for."""

    start: int
    end: int
    data: Any
    node: "Scalar | Sequence | Map"


Node: TypeAlias = Scalar | Sequence | Map | Alias


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """A plain scalar that cannot be what it looks like, from where to where.

    `kind` is "a number" or "a date", or empty for `=` and `<<`, which YAML keeps for itself.
    """

    start: int
    end: int
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Composition:
    """What a text holds: its node (None: nothing, or it could not be read on), and what is wrong with it.

    Of each kind the first thousand are told: whoever made more has made them all in one way. `hashes` are the stretches
    of the scalars that hold a `#`, which begins no comment there, in the order of the text.
    """

    root: Node | None
    mistakes: tuple[Mistake, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    hashes: tuple[tuple[int, int], ...] = ()


def compose(text: Text) -> Composition:
    """Read one YAML document. Never raises for what the text holds; a limit reached is a mistake with code TX005."""
    composer = _Composer(text)
    composer.read(_Loader)
    if composer.is_tab_refused and len(text.text) <= _MAX_SLOW:
        # libyaml takes no tab at the start of a block's text; the reference and yamllint, as YAML has it, do.
        second = _Composer(text)
        second.read(yaml.SafeLoader)
        composer = composer if second.mistakes else second
    return Composition(
        root=composer.root,
        mistakes=tuple(composer.mistakes),
        malformed=tuple(composer.malformed),
        hashes=tuple(composer.hashes),
    )


def anchored(node: Node) -> Scalar | Sequence | Map:
    """The node itself, or what an alias stands for."""
    return node.node if isinstance(node, Alias) else node


_StartEvent: TypeAlias = yaml.ScalarEvent | yaml.CollectionStartEvent


@dataclass(slots=True)
class _Open:
    """A collection whose end is yet to come. `before` counts the values before it, `height` the levels inside it."""

    event: yaml.CollectionStartEvent
    before: int
    children: list[Node] = field(default_factory=list)
    height: int = 0


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What an alias stands for (None: its end is yet to come), how many values that is, and how deep."""

    node: Scalar | Sequence | Map | None
    size: int = 1
    height: int = 0


class _StopError(Exception):
    """Nothing more is to be read."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


class _Composer:
    """Builds nodes, and their data, from events; collects what is wrong on the way."""

    def __init__(self, text: Text) -> None:
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self.malformed: list[Malformed] = []
        self.hashes: list[tuple[int, int]] = []
        self.is_tab_refused = False
        self._lines = text
        self._text = text.text
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchor] = {}
        self._values = 0
        self._read = 0

    def read(self, loader: Any) -> None:
        """Take one event after the other, until the end or something that nothing can be read after."""
        try:
            self._limit_directives()
            for event in _events(loader(self._without_controls())):
                self._take(event)
        except _StopError as stop:
            self.mistakes.append(stop.mistake)
        except yaml.MarkedYAMLError as error:
            self.is_tab_refused = _REFUSED_TAB in str(error.problem)
            self._refuse_syntax(explain(self._lines, error))
        except (ValueError, OverflowError):
            # A tag of libyaml's may decode to no text, an escape of PyYAML's to no character; neither says where.
            self._refuse("an escape after this stands for no character", self._read, self._read)

    def _take(self, event: yaml.Event) -> None:
        self._read = _end(event)
        if isinstance(event, yaml.ScalarEvent):
            self._count(1, event)
            self._add(self._scalar(event), event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._finish()
        elif isinstance(event, yaml.AliasEvent):
            self._follow(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise _StopError(_second_document(event))

    def _add(self, node: Node, event: yaml.NodeEvent, *, size: int = 1, height: int = 0) -> None:
        """A node is complete: it becomes a part of what is open."""
        if event.anchor is not None and not isinstance(node, Alias):
            self._anchors[event.anchor] = _Anchor(node, size, height)
        if self._open:
            parent = self._open[-1]
            parent.children.append(node)
            parent.height = max(parent.height, height)
        else:
            self.root = node

    def _count(self, size: int, event: yaml.Event) -> None:
        self._values += size
        if self._values > MAX_NODES:
            raise _too_complex(f"more than {MAX_NODES:,} values, counting what aliases repeat", event, "split the leaf")

    def _deepen(self, height: int, event: yaml.Event) -> None:
        if len(self._open) + height > MAX_DEPTH:
            raise _too_complex(f"collections are nested more than {MAX_DEPTH} deep", event, "flatten them")

    def _name(self, event: _StartEvent) -> None:
        """An anchor begins. As in PyYAML, a name is given once."""
        if event.anchor is None:
            return
        if event.anchor in self._anchors:
            name = f"&{event.anchor}"
            start = self._text.index(name, _start(event))
            message = f"the anchor `{shorten(name)}` is there twice"
            self._refuse(message, start, start + len(name), "give it another name")
        self._anchors[event.anchor] = _Anchor(None)

    def _follow(self, event: yaml.AliasEvent) -> None:
        start, end = _start(event), _end(event)
        name = str(event.anchor)
        anchor = self._anchors.get(name)
        if anchor is None:
            message = f"`*{shorten(name)}` stands for nothing: there is no `&{shorten(name)}` above"
            self._refuse(message, start, end, "put text that starts with * in quotes")
            self._add(Scalar(start, end, None), event)
        elif anchor.node is None:
            message = f"`*{shorten(name)}` stands inside the very thing that it names"
            raise _too_complex(message, event, "remove it, or name something else")
        else:
            self._count(anchor.size, event)
            self._deepen(anchor.height, event)
            node = Alias(start, end, anchor.node.data, anchor.node)
            self._add(node, event, size=anchor.size, height=anchor.height)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._name(event)
        self._open.append(_Open(event, self._values))
        self._count(1, event)
        self._deepen(0, event)

    def _finish(self) -> None:
        opened = self._open.pop()
        node = self._sequence(opened) if isinstance(opened.event, yaml.SequenceStartEvent) else self._mapping(opened)
        self._add(node, opened.event, size=self._values - opened.before, height=opened.height + 1)

    def _inside(self, event: yaml.CollectionStartEvent) -> int:
        """Where a collection starts, after its anchor and tag."""
        if event.anchor is None and event.tag is None:
            return _start(event)
        end = _end(event)
        # The event ends behind a bracket, behind the dash of a list that is not indented, and before all else.
        return end - 1 if self._text[end - 1 : end] in {"[", "{", "-"} else end

    def _sequence(self, opened: _Open) -> Sequence:
        event, items = opened.event, opened.children
        data: list[object] = [item.data for item in items]
        if event.tag in _PAIRS:
            maps = [node for node in map(anchored, items) if isinstance(node, Map) and len(node.pairs) == 1]
            if len(maps) == len(items):
                data = [(key.data, value.data) for node in maps for key, value in node.pairs]
            else:
                self._refuse_tag(event, "needs a list of mappings of one key")
        elif event.tag not in _IMPLICIT and event.tag != _SEQ:
            self._refuse_tag(event)
        return Sequence(self._inside(event), self._read, data, bool(event.flow_style), items)

    def _mapping(self, opened: _Open) -> Map:
        event = opened.event
        children = iter(opened.children)
        written = list(zip(children, children, strict=True))
        pairs = list(self._merged(written))
        data, entries = self._entries(pairs, event)
        if event.tag not in _IMPLICIT and event.tag not in {_MAP, _SET}:
            self._refuse_tag(event)
        start, end = self._inside(event), self._read
        return Map(
            start=start,
            end=end,
            data=set(data) if event.tag == _SET else data,
            flow=bool(event.flow_style),
            first=written[0][0] if written else Scalar(start, end, None),
            pairs=pairs,
            entries=entries,
        )

    def _entries(
        self, pairs: list[tuple[Node, Node]], event: yaml.CollectionStartEvent
    ) -> tuple[dict[Hashable, object], dict[Hashable, tuple[Node, Node]]]:
        """The data of a mapping, and which pair each key of it came from: the last of several."""
        if sum(isinstance(key.data, float | date) or type(key.data) is int for key, _ in pairs) > _MAX_NUMBER_KEYS:
            message = f"a mapping with more than {_MAX_NUMBER_KEYS:,} numbers for keys"
            raise _too_complex(message, event, "make it a list")
        data: dict[Hashable, object] = {}
        entries: dict[Hashable, tuple[Node, Node]] = {}
        for key, value in pairs:
            if isinstance(key.data, Hashable):
                data[key.data] = value.data
                entries[key.data] = (key, value)
            else:
                hint = "put text that starts with { or [ in quotes" if getattr(key, "flow", False) else ""
                self._refuse("a key must be a single value, not a list or a mapping", key.start, key.end, hint)
        return data, entries

    def _merged(self, written: Iterable[tuple[Node, Node]]) -> Iterator[tuple[Node, Node]]:
        """The pairs of a mapping and those that `<<` takes in: these come first, so that its own count."""
        own = []
        for key, value in written:
            if isinstance(key, Scalar) and key.tag == _MERGE:
                yield from self._taken_in(value)
            else:
                own.append((key, value))
        yield from own

    def _taken_in(self, value: Node) -> Iterator[tuple[Node, Node]]:
        node = anchored(value)
        # Of a list the first counts most, so it comes last.
        for source in reversed(node.items) if isinstance(node, Sequence) else [value]:
            mapping = anchored(source)
            if isinstance(mapping, Map):
                yield from mapping.pairs
            else:
                self._refuse("`<<` takes in mappings, and this is none", source.start, source.end)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        self._name(event)
        start, end = _start(event), _end(event)
        empty = not event.value and not event.style
        if not empty and (event.anchor is not None or event.tag is not None):
            found = _PROPERTIES.match(self._text, start, end)
            start = found.end() if found else start
        if not empty:
            self._note_hash(start, end, block=event.style in {"|", ">"})
        tag = _STR if event.tag in _IMPLICIT else str(event.tag)
        if tag == _STR and event.implicit[0]:
            tag = _resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        if event.style == '"' and _SURROGATE.search(event.value):  # libyaml refuses it, PyYAML's own reader does not
            self._refuse("an escape in here stands for no character", start, end)
        data = event.value if tag == _STR else self._construct(event, tag, start, end)
        return Scalar(start, end, data, tag, plain=not event.style and event.tag in _IMPLICIT, empty=empty)

    def _note_hash(self, start: int, end: int, *, block: bool) -> None:
        """Note where a scalar holds a `#`. What follows the sign of a block, on its line, is a comment."""
        found = _REST_OF_LINE.match(self._text, start, end)
        if block and found:
            start = found.end()
        if self._text.find("#", start, end) >= 0:
            self.hashes.append((start, end))

    def _construct(self, event: yaml.ScalarEvent, tag: str, start: int, end: int) -> object:
        value: str = event.value
        if tag in {_MERGE, _EQUALS} and self._key_is_next():
            return value
        too_long = ":" in value and len(value) > _MAX_SEXAGESIMAL
        if tag in _SCALARS and not too_long:
            try:
                return _SCALARS[tag](yaml.ScalarNode(tag, value))
            except (ValueError, LookupError, ArithmeticError, AttributeError, yaml.YAMLError):
                # PyYAML raises whatever int(), date() and friends do: on `2023-99-99`, `0x_`, 5,000 digits (FACTS).
                pass
        if not event.style and event.tag in _IMPLICIT:
            if len(self.malformed) < _MAX_MISTAKES:
                self.malformed.append(Malformed(start=start, end=end, kind=_KINDS.get(tag, "")))
        else:
            self._refuse_tag(event, f"does not fit `{shorten(value)}`" if tag in _SCALARS else "")
        return value

    def _key_is_next(self) -> bool:
        """Whether the next node is the key of a mapping."""
        if not self._open:
            return False
        parent = self._open[-1]
        return isinstance(parent.event, yaml.MappingStartEvent) and len(parent.children) % 2 == 0

    def _without_controls(self) -> str:
        """The text with a space for each character that YAML does not allow, which is reported."""
        places = [match.start() for match in _CONTROL.finditer(self._text)]
        for index in places[:_MAX_CONTROLS]:
            message = f"the control character U+{ord(self._text[index]):04X} is not allowed in YAML"
            self._refuse(message, index, index + 1, "remove it")
        more = places[_MAX_CONTROLS:]
        if more:
            self._refuse(f"{len(more):,} more control characters from here on", more[0], more[0] + 1, "remove them")
        return _CONTROL.sub(" ", self._text) if places else self._text

    def _limit_directives(self) -> None:
        if self._text.count("%") <= _MAX_DIRECTIVES:
            return
        for directive in islice(_DIRECTIVE.finditer(self._text), _MAX_DIRECTIVES, None):
            message = f"more than {_MAX_DIRECTIVES} lines that start with %"
            raise _StopError(Mistake(code="TX005", message=message, start=directive.end() - 1, end=directive.end()))

    def _refuse_tag(self, event: _StartEvent, reason: str = "") -> None:
        start = self._text.index("!", _start(event))
        found = _WORD.match(self._text, start)
        end = found.end() if found else start
        hint = "" if str(event.tag).startswith(_TAG) else "put text that starts with ! in quotes"
        if not reason:
            reason = "does not fit what follows it" if event.tag in _TAGS else "means nothing here"
        self._refuse(f"the tag `{shorten(self._text[start:end])}` {reason}", start, end, hint)

    def _refuse_syntax(self, mistakes: Iterable[Mistake]) -> None:
        """Report what is no YAML, unless what was found on that very line explains it."""
        lines = {self._lines.place(mistake.start)[0] for mistake in self.mistakes}
        self.mistakes += [mistake for mistake in mistakes if self._lines.place(mistake.start)[0] not in lines]

    def _refuse(self, message: str, start: int, end: int, hint: str = "") -> None:
        self.mistakes.append(Mistake(message=message, start=start, end=end, hint=hint))
        if len(self.mistakes) == _MAX_MISTAKES:
            raise _StopError(Mistake(message="too many mistakes: nothing below was read", start=start, end=end))


def _events(loader: Any) -> Iterator[yaml.Event]:
    while loader.check_event():
        yield loader.get_event()


def _start(event: Any) -> int:
    index: int = event.start_mark.index
    return index


def _end(event: Any) -> int:
    index: int = event.end_mark.index
    return index


def _second_document(event: yaml.DocumentStartEvent) -> Mistake:
    start = _start(event)
    message = "a second document starts here: a leaf is one"
    return Mistake(message=message, start=start, end=start + 3, hint='remove the "---"')


def _too_complex(message: str, event: yaml.Event, hint: str) -> _StopError:
    return _StopError(Mistake(code="TX005", message=message, start=_start(event), end=_end(event), hint=hint))
