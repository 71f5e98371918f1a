"""The comments by which a document asks that findings be ignored: `# taxonomy: ignore TX505, TX506 -- a reason`.

At the end of a line one covers the findings that begin on that line; on a line of its own, those on the next line that
holds more than a comment. Where a text of several lines begins there, or its key stands there, those on all its lines
are covered, since no comment can stand in a text; of a mapping or a list they are not. Above all content a comment also
covers the findings of the leaf that have no line in the document, like those about the whole file or in
`attribution.txt`. Codes are separated by commas or spaces; a reason follows after ` -- ` or a colon. Families (`TX5`)
are not taken: which rules a line breaks is known.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from taxonomy_tools.document import Comment, Document
from taxonomy_tools.text import Text, shorten
from taxonomy_tools.verdict import Ignore

_IGNORE = "ignore"
_PROSE = frozenset({"ignored", "ignores", "ignoring"})
_OURS = re.compile(r"#+\s*taxonomy(?:-tools)?\b", re.IGNORECASE)
_FORM = re.compile(
    r"#+\s*taxonomy(?P<tools>-tools)?\s*(?P<colon>:?)\s*(?P<verb>[\w-]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_REASON = re.compile(r"\s--(?:\s|$)|:")
_SEPARATOR = re.compile(r"[\s,]+")
_CODE = re.compile(r"TX[0-9]{3}", re.IGNORECASE)
_FAMILY = re.compile(r"TX[0-9]{0,2}X*", re.IGNORECASE)
_MENTION = re.compile(r"\bTX[0-9]", re.IGNORECASE)
_LONGEST_VERB = 20
_NO_CONTENT = re.compile(r"\s*(?:#.*)?|%.*|(?:---|\.\.\.)(?:\s+#.*|\s*)", re.DOTALL)
"""A line that is blank, a comment, a directive or a marker of the document."""


def ignores(document: Document) -> tuple[Ignore, ...]:
    """The document's ignores, from the top down; also what was meant as one and is none.

    Takes time that is linear in the size of the document.
    """
    return tuple(_ignores(document))


def _ignores(document: Document) -> Iterator[Ignore]:
    text = document.text
    first = following = 0
    last_lines: dict[int, int] | None = None
    for comment in document.comments(_OURS):
        codes, mistake = _read(comment.text)
        if not codes and not mistake:
            continue
        first = first or _content_from(text, 1)
        line = comment.span.line
        if comment.alone:
            # The lines between an earlier comment and what followed it hold nothing: they are not looked at again.
            following = following if following > line else _content_from(text, line + 1)
        if last_lines is None:  # most documents have no ignores
            last_lines = document.last_lines()
        covered = _line(comment, following, text)
        yield Ignore(
            span=comment.span,
            codes=codes,
            line=covered,
            last_line=last_lines.get(covered or 0, 0),
            whole_file=comment.alone and line < first,
            mistake=mistake,
            frame=text.frame(comment.span),
        )


def _line(comment: Comment, following: int, text: Text) -> int | None:
    if not comment.alone:
        return comment.span.line
    return following if following <= text.lines else None


def _content_from(text: Text, number: int) -> int:
    """The first line with content from that one on; the number after the last where there is none."""
    while number <= text.lines and _NO_CONTENT.fullmatch(text.line(number)):
        number += 1
    return number


def _read(comment: str) -> tuple[tuple[str, ...], str]:
    """The codes that a comment names, or what is wrong with it; neither of one that only speaks of the taxonomy."""
    form = _FORM.fullmatch(comment)
    if form is None:
        return (), ""
    verb, rest = form["verb"].lower(), form["rest"]
    if verb != _IGNORE or not form["colon"] or form["tools"]:
        return (), _misspelled(verb, colon=bool(form["colon"]), mentions=bool(_MENTION.search(rest)))
    named = _REASON.split(rest.removeprefix(":"), maxsplit=1)[0]
    words = dict.fromkeys(word.upper() for word in _SEPARATOR.split(named) if word)
    wrong = next((word for word in _SEPARATOR.split(named) if word and not _CODE.fullmatch(word)), None)
    if wrong is None:
        return tuple(words), "" if words else "the comment does not say which rules to ignore"
    if _FAMILY.fullmatch(wrong):
        return (), f"`{shorten(wrong)}` is a family of rules: name each rule that is meant"
    return (), f'`{shorten(wrong)}` is no code of a rule: put " -- " before a reason'


def _misspelled(verb: str, *, colon: bool, mentions: bool) -> str:
    """What is wrong with a comment that was meant as an ignore; nothing where it is likelier to be prose."""
    if verb == _IGNORE and (colon or mentions):
        return "the comment is not written as an ignore must be"
    typo = len(verb) <= _LONGEST_VERB and bool(get_close_matches(verb, [_IGNORE]))
    if mentions or (typo and colon and verb not in _PROSE):
        return f"`{shorten(verb)}` is nothing that a comment can ask for"
    return ""
