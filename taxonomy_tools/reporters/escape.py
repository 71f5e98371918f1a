"""Text from files, names and refs, made safe to print on a terminal.

Whatever a terminal would obey or hide instead of showing it is written out: control characters (ANSI escapes begin
with one), the controls that reorder text, invisible format characters, line and paragraph separators, lone
surrogates, and what the stream's encoding does not have.
"""

from unicodedata import category

_ACTIVE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
JOINERS = "\u200c\u200d"
COMMAND = "##["
"""What makes a workflow command of a line to GitHub's runner, wherever in it it stands (its older syntax)."""
# Format characters that are seen: Arabic, Syriac and Kaithi signs that enclose the numbers after them.
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


def escape(name: str, *, encoding: str = "utf-8") -> str:
    r"""A name (a path, a ref) in one line of visible characters, another one for every other name.

    A backslash is doubled, so no name can look like the escaped form of another. A byte that is not UTF-8, held as
    PEP 383 has it, is written `\xff`; a character `\x1b`, `\u202e` or `\U000e0041`.
    """
    shown = reveal(name.replace("\\", "\\\\"), encoding=encoding)
    # A line that begins so, after any space, is a workflow command to GitHub's runner; names do begin lines.
    return shown.replace("::", "\\x3a:", 1) if shown.lstrip().startswith("::") else shown


def reveal(text: str, *, encoding: str = "utf-8") -> str:
    """Prose or source in one line of visible characters. Unlike in a name, a backslash stays as it was written."""
    if text.isprintable() and _can_encode(text, encoding) and COMMAND not in text:
        return text
    return "".join(
        shown_as(character, after=text[max(0, index - 2) : index] or " ", encoding=encoding)
        for index, character in enumerate(text)
    )


def shown_as(character: str, *, after: str = " ", encoding: str = "utf-8") -> str:
    """One character as a terminal may be given it: itself, or its escape. `after` are the one or two before it.

    The joiners (U+200C, U+200D) belong to emoji and to some alphabets; after ASCII, or after one another, they only
    hide.
    """
    if after + character == COMMAND:
        return _written_out(character)
    if category(character) not in _ACTIVE or character in _SEEN or (character in JOINERS and _joins(after[-1])):
        return character if _can_encode(character, encoding) else _written_out(character)
    return _SHORT.get(character) or _written_out(character)


def _joins(before: str) -> bool:
    return not before.isascii() and category(before) not in _ACTIVE


def _written_out(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
