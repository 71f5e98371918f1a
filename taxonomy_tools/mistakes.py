"""What is likely wrong with text that is not YAML, in words for a person who never read YAML's grammar.

libyaml says what it expected and where it gave up, which is often a line or more after the mistake. From its words, its
two marks and the text around them the common mistakes can be told: text below `|` that is not indented, a quote or a
bracket that is not closed, an apostrophe in single quotes, a colon in plain text. Where they cannot, libyaml's words
and place stand as they are. PyYAML's own reader words some errors differently; both are known here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import yaml

from taxonomy_tools.text import Text

_QUOTE = "put the whole value in quotes"
_ESCAPES = "escape|hexa?decimal"
_MOST = 20  # mistakes of one kind
_LINES_ABOVE = 200  # how far above a mistake its cause is looked for

_BLOCK_HEADER = re.compile(r"(?:^|[-:?] )[ ]*([|>])[-+0-9]*[ ]*(?:#.*)?$")
_DASHES = re.compile(r"[ ]*(?:-[ ]+)*")
_KEY = re.compile(r"([ ]*(?:-[ ]+)*)([a-z][a-z_]*):(?:\s|$)")
_LONE_WORD = re.compile(r"[ ]*(?:-[ ]+)*([A-Za-z]\w*)[ ]*")
_GLUED_KEY = re.compile(r"[ ]*(?:-[ ]+)*[a-z][a-z_]*:(?!//)[^\s:]")
_ESCAPE = re.compile(r"""\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|\"""", re.DOTALL)
_ESCAPED = frozenset('0abt\tnvfre "/\\N_LP\r\n\x85\u2028\u2029')
_CONFLICT = re.compile(r"^<{7}(?=[ \r\n])[^\r\n]*", re.MULTILINE)
_CONFLICT_END = re.compile(r"^>{7}(?=[ \r\n])", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """What is wrong, from where to where (indices into the text; equal for one column), and the shortest mend.

    `code` is that of the rule which reports it.
    """

    message: str
    start: int
    end: int
    hint: str = ""
    code: str = "TX002"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scene:
    """An error with its surroundings: where it was noticed, where what it broke began, and the line of the former."""

    text: Text
    problem: str
    place: int
    context: int

    @property
    def number(self) -> int:
        return self.text.place(self.place)[0]

    @property
    def line(self) -> str:
        return self.text.line(self.number)

    @property
    def before(self) -> str:
        """The line up to the place."""
        return self.text.text[self.text.start(self.number) : self.place]

    def at(self, place: int) -> "_Scene":
        """The same error, seen from another place."""
        return _Scene(text=self.text, problem=self.problem, place=place, context=self.context)

    def here(self, message: str, hint: str) -> Mistake:
        """A mistake that goes from the place to the end of its line."""
        end = self.text.start(self.number) + len(self.line.rstrip())
        return Mistake(message=message, start=self.place, end=end, hint=hint)

    def one(self, message: str, hint: str) -> Mistake:
        """A mistake of one character, at the place, which may be a line's end."""
        return Mistake(message=message, start=self.place, end=self.place, hint=hint)


def explain(text: Text, error: yaml.MarkedYAMLError) -> tuple[Mistake, ...]:
    """What is wrong with the text, at least one mistake. The indices of the error's marks must count code points."""
    if _CONFLICT.search(text.text) and _CONFLICT_END.search(text.text):
        return tuple(islice(_conflicts(text), _MOST))
    mark = error.problem_mark or error.context_mark
    place = min(mark.index, len(text.text)) if mark else 0
    context = error.context_mark.index if error.context_mark else place
    scene = _Scene(text=text, problem=f"{error.context}: {error.problem}", place=place, context=context)
    if re.search(_ESCAPES, scene.problem):
        escapes = tuple(islice(_bad_escapes(scene), _MOST))
        return escapes or (_in_their_words(scene, error),)
    found = next((known(scene) for words, known in _KNOWN if re.search(words, scene.problem)), None)
    return (found or _in_their_words(scene, error),)


def _in_their_words(scene: _Scene, error: yaml.MarkedYAMLError) -> Mistake:
    words = ", ".join(part for part in (error.context, error.problem) if part)
    if scene.place == len(scene.text.text):  # the end of the file is seldom a line that shows anything
        scene = scene.at(max(0, len(scene.text.text.rstrip()) - 1))
    return scene.one(f"this is not YAML: {words}", "")


def _conflicts(text: Text) -> Iterator[Mistake]:
    for match in _CONFLICT.finditer(text.text):
        message = "a merge conflict was saved in the file: this line is Git's"
        yield Mistake(message=message, start=match.start(), end=match.end(), hint="keep one side, remove Git's lines")


def _lacking_colon(scene: _Scene) -> Mistake | None:
    """A line without a colon, where a key is due: the mark stands after it, the context at it."""
    scene = scene.at(scene.context)
    message = "this line is neither a key nor a part of the text above it"
    likely = _glued_key(scene.text, scene.number) or _short_of_block(scene)
    return likely or scene.here(message, 'indent it further, or end its key with ":"')


def _glued_key(text: Text, number: int) -> Mistake | None:
    """A key whose colon has no space after it, which makes it text."""
    glued = _GLUED_KEY.match(text.line(number))
    if glued is None:
        return None
    colon = text.start(number) + glued.end() - 2
    return Mistake(message="a space is missing after the colon", start=colon, end=colon + 1, hint='write ": "')


def _short_of_block(scene: _Scene) -> Mistake | None:
    """Text below a `|` or `>` that is indented less than is due."""
    own = _indent(scene.line)
    if scene.before.strip() or _KEY.match(scene.line):
        return None
    below = 0
    for number in range(scene.number - 1, max(0, scene.number - _LINES_ABOVE), -1):
        line = scene.text.line(number)
        header = _BLOCK_HEADER.search(line)
        if header is not None:
            due = below or _indent(line, _DASHES) + 2
            message = f"this line is not indented enough for the text that `{header[1]}` starts on line {number}"
            return scene.here(message, _indent_by(due)) if due > own else None
        if line.strip():
            if _indent(line) <= own:
                return None
            below = _indent(line)
    return None


def _stray_colon(scene: _Scene) -> Mistake:
    """A colon in a plain value: text that needs quotes, or a key that its indentation makes a part of that value."""
    key = _KEY.match(scene.line)
    if key is None or key.end(2) != len(scene.before):
        return scene.one('": " is not allowed in a value without quotes', _QUOTE)
    return _broken_key_above(scene) or _deep_key(scene.at(scene.text.start(scene.number) + _indent(scene.line)))


def _broken_key_above(scene: _Scene) -> Mistake | None:
    """The line above as the mistake: a key without its colon, or without the space after it."""
    number = scene.number - 1
    word = _LONE_WORD.fullmatch(scene.text.line(number))
    if word is not None:
        place = scene.at(scene.text.start(number) + word.start(1))
        return place.here(f"a colon is missing after `{word[1]}`", f"write {word[1]}:")
    return _glued_key(scene.text, number)


def _deep_key(scene: _Scene) -> Mistake:
    """A key or an item that is indented so that the plain value above goes on in it."""
    likely = _likely_indent(scene)
    if likely is None and _is_item(scene.line):
        return scene.here("this item belongs to no list", "write the key of the list above it, as seed_examples:")
    message = "by its indentation, this line is a part of the value above it"
    return scene.here(message, _indent_as(*likely) if likely else "")


def _stray_node(scene: _Scene) -> Mistake | None:
    """A value, key or item where none is due: behind another value, or at the wrong indentation."""
    before = scene.before.rstrip()
    if before.strip(" -"):
        return _stray_tail(scene, before)
    likely = _likely_indent(scene)
    short = _short_of_block(scene)
    if short is not None:
        return short
    if likely is not None and likely[1] != _indent(scene.line):
        message = "the indentation of this line fits nothing above it"
        return scene.here(message, _indent_as(*likely))
    if scene.text.line(scene.number - 1).startswith("..."):
        return scene.here("text stands after the end of the document", 'remove the "..." above')
    if _is_item(scene.line):
        return scene.here("a list item stands where a key is due", "")
    if "block collection" in scene.problem:
        return scene.here("a key stands where a list item is due", 'start it with "- "')
    return None


def _stray_tail(scene: _Scene, before: str) -> Mistake | None:
    """Something behind a value that has ended on the same line, `before` the place."""
    last = before[-1]
    glued = len(before) == len(scene.before)
    if last in {"'", '"'} and glued and scene.text.text[scene.place].isalnum():
        quote = scene.at(scene.place - 1)
        if last == "'":
            return quote.one("this apostrophe ends the quoted text", 'write it twice, or quote the text with "')
        return quote.one("this quote ends the quoted text", "write \\\" for it, or quote the text with '")
    if last in {"'", '"'}:
        return scene.here("text stands after the closing quote", "put the whole value in one pair of quotes")
    if last in {"]", "}"}:
        starts = "[" if last == "]" else "{"
        return scene.here("text stands after the closing bracket", f"put text that starts with {starts} in quotes")
    name = re.search(r"(?:^|[\s:])([*&])\S*$", before)
    if name is not None:
        return scene.here(f"text stands after a name with {name[1]}", f"put text that starts with {name[1]} in quotes")
    return None


def _tail_of_header(scene: _Scene) -> Mistake:
    indicator = scene.text.text[scene.context : scene.context + 1]
    return scene.here(f"text cannot stand on the line of its `{indicator}`", "start it on the next line, indented")


def _open_quote(scene: _Scene) -> Mistake:
    scene = scene.at(scene.context)
    quote = scene.text.text[scene.place : scene.place + 1]
    return scene.one(f"the quote {quote} that opens here is never closed", "close it where the text ends")


def _open_bracket(scene: _Scene) -> Mistake:
    """The mark is where the list or mapping could not go on: on another line the bracket itself tells more."""
    bracket = scene.text.text[scene.context : scene.context + 1]
    hint = f"close it, or put text that starts with {bracket} in quotes"
    if scene.text.place(scene.context)[0] == scene.number and scene.place < len(scene.text.text):
        return scene.one(f"a comma or the end of what `{bracket}` opens is due here", hint)
    return scene.at(scene.context).one(f"the bracket `{bracket}` that opens here is never closed", hint)


def _bad_escapes(scene: _Scene) -> Iterator[Mistake]:
    """Escapes that are none: that at the place, and those after it in the same quotes."""
    text = scene.text.text
    start = scene.place if text[scene.place : scene.place + 1] == "\\" else text.rfind("\\", 0, scene.place + 1)
    for match in _ESCAPE.finditer(text, max(start, 0)):
        if match[0] == '"':
            break
        escape = match[0][:2]
        number = match[1] or match[2] or match[3]
        if match[4] in _ESCAPED or (number and _is_character(int(number, 16))):
            continue
        reason = "needs the number of a character" if escape[1] in {"x", "u", "U"} else "is no escape in YAML"
        hint = "write ' alone" if escape == "\\'" else "write \\\\ for a backslash, or quote the text with '"
        yield Mistake(message=f"`{escape}` {reason}", start=match.start(), end=match.start() + 2, hint=hint)


def _is_character(number: int) -> bool:
    return number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF


def _bad_start(scene: _Scene) -> Mistake:
    """A character that nothing can start with; of tabs, those that indent the line."""
    lead = scene.line[: len(scene.line) - len(scene.line.lstrip())]
    if "\t" in lead:
        start = scene.text.start(scene.number) + lead.index("\t")
        message = "a tab indents this line: YAML takes spaces only"
        return Mistake(message=message, start=start, end=start + lead.count("\t"), hint="write spaces")
    short = _short_of_block(scene)
    if short is not None:
        return short
    character = scene.text.text[scene.place : scene.place + 1]
    if character == "\t":
        return scene.one("a tab stands where a space is due", "write a space")
    return scene.one(f"a value cannot start with {character} unless it is in quotes", _QUOTE)


def _lacking_node(scene: _Scene) -> Mistake | None:
    """A sign of brackets where a value is due."""
    character = scene.text.text[scene.place : scene.place + 1]
    if "flow" not in scene.problem and character in {"]", "}"}:
        return scene.one(f"a value cannot start with {character} unless it is in quotes", _QUOTE)
    if character == ",":
        return scene.one("a value is missing before this comma", "remove the comma, or write the value")
    return None


def _stray_dash(scene: _Scene) -> Mistake:
    hint = "start the list on the next line, or put text that starts with - in quotes"
    return scene.one("a list cannot start on the line of its key", hint)


def _bad_name(scene: _Scene) -> Mistake:
    """An anchor, alias or tag that is none: mostly Markdown or plain words that begin like one."""
    scene = scene.at(scene.context)
    character = scene.text.text[scene.place : scene.place + 1]
    message = f"a value cannot start with {character} unless it is in quotes"
    return scene.one(message, _QUOTE)


_KNOWN: tuple[tuple[str, Callable[[_Scene], Mistake | None]], ...] = (
    (r"could not find expected ':'", _lacking_colon),
    (r"mapping values are not allowed", _stray_colon),
    (r"sequence entries are not allowed", _stray_dash),
    (r"scanning an (anchor|alias)|(scanning|parsing) a tag|undefined tag handle|undefined tag", _bad_name),
    (r"',' or '[]}]'", _open_bracket),
    (r"(did not find )?expected (key|'-' indicator|'?<document start>|<block end>)", _stray_node),
    (r"comment or a? ?line break", _tail_of_header),
    (r"unexpected (end of stream|document)", _open_quote),
    (r"expected (the )?node content", _lacking_node),
    (r"cannot start any token|tab character|mapping keys are not allowed", _bad_start),
)


def _likely_indent(scene: _Scene) -> tuple[int, int] | None:
    """Of the lines above that start an item or a key, as this one does, that with the most similar indentation.

    Gives its number and how many spaces this line would need, to stand in line with it.
    """
    own = _indent(scene.line)
    found = []
    for number in range(scene.number - 1, max(0, scene.number - _LINES_ABOVE), -1):
        line = scene.text.line(number)
        if _is_item(scene.line):
            found += [(number, column) for column, sign in enumerate(_indentation(line)) if sign == "-"]
        elif _KEY.match(line):
            found.append((number, _indent(line, _DASHES)))
    return min(found, key=lambda candidate: abs(candidate[1] - own), default=None)


def _is_item(line: str) -> bool:
    return "-" in _indentation(line) or line.strip() == "-"


def _indentation(line: str) -> str:
    """What stands before a line's first key or word: spaces, and the dashes of items."""
    found = _DASHES.match(line)
    return found[0] if found else ""


def _indent(line: str, pattern: re.Pattern[str] = re.compile(r"[ ]*")) -> int:
    found = pattern.match(line)
    return found.end() if found else 0


def _indent_as(number: int, column: int) -> str:
    return f"{_indent_by(column)}, as line {number}"


def _indent_by(column: int) -> str:
    return f"indent it by {column} space{'s' * (column != 1)}" if column else "do not indent it"
