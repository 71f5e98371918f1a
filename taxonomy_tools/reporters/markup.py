"""Text from files, names and refs, made safe for Markdown as GitHub renders it, for HTML inside it, and for Mermaid.

Markup characters become character references, which no parser takes for markup. What GitHub would still act on after
that (it looks for `@name`, `#123`, commits and addresses in the text that it has rendered) goes into `<code>`, where it
does not look.
"""

import re

from taxonomy_tools.reporters.escape import reveal

# Not the `/` of a path, nor what stands between letters and is markup only elsewhere: but `www.` makes a link.
_MARKUP = re.compile(r"(?:(?<![^\W_])|(?<=www))[._-]|[._-](?![^\W_])|[!\"#$&'()*+:;<=>?@\[\\\]^`{|}~]", re.IGNORECASE)
_MERMAID = {character: f"#{character};" for character in range(0x21, 0x7F) if not chr(character).isalnum()}
del _MERMAID[ord("_")], _MERMAID[ord("-")]
# A word of letters with the punctuation of prose around it, or a small number.
_WORD = re.compile(r"""["'(]*(?:[^\W\d_]+(?:['-][^\W\d_]+)*|\d{1,5})[)"']*[.,;:!?]?[)"']*""")
_HASH = re.compile(r"\W*[0-9a-fA-F]{7,}\W*")
_QUOTED = re.compile(r"`([^`]*)`")


def code(text: str, *, encoding: str = "utf-8") -> str:
    """Text as it is, in the letters of code."""
    return f"<code>{literal(text, encoding=encoding)}</code>"


def literal(text: str, *, encoding: str = "utf-8") -> str:
    """Text for the inside of `<code>` and `<pre>`."""
    return _escaped(reveal(text, encoding=encoding))


def prose(text: str, *, encoding: str = "utf-8") -> str:
    """A sentence: what stands in backquotes, and each word that is more than a word, in the letters of code."""
    shown = reveal(text, encoding=encoding)
    pieces: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(shown):
        pieces += [_words(shown[end : quoted.start()]), f"<code>{_escaped(quoted[1])}</code>"]
        end = quoted.end()
    return "".join([*pieces, _words(shown[end:])])


def _words(text: str) -> str:
    return "".join(_word(piece) for piece in re.split(r"(\s+)", text))


def _word(piece: str) -> str:
    if not piece or piece.isspace():
        return piece
    escaped = _escaped(piece)
    if (_WORD.fullmatch(piece) and not _HASH.fullmatch(piece)) or not any(letter.isalnum() for letter in piece):
        return escaped
    return f"<code>{escaped}</code>"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)


def mermaid(text: str, *, encoding: str = "utf-8") -> str:
    """Text for a label in double quotes, with Mermaid's own kind of character references."""
    return reveal(text, encoding=encoding).translate(_MERMAID)
