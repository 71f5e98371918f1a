"""Patterns for the paths of leaves, matched in time that is linear in the path for each part of the pattern.

A pattern may come from a file that nobody has reviewed: there is no backtracking here that it could make use of.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

_ANY_FOLDERS = "**"
_MAGIC = frozenset("*?[")
_Piece = TypeVar("_Piece")
_Item = TypeVar("_Item")


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern is for a path, both with `/` between folders.

    `*` stands for any characters within the name of a folder, `?` for one, `[a-z]` and `[!a-z]` for one of some; `**`
    stands for any number of folders, also none. A pattern without any of these is for that path and all below it.
    """
    parts = _parts(pattern)
    names = path.split("/")
    if _is_plain(pattern):
        return list(parts) == names[: len(parts)]
    return _covers(parts, names, lambda part: part == _ANY_FOLDERS, _fits_name)


def why_no_pattern(pattern: str) -> str:
    """Why a pattern can match no path of a leaf, to stand after "it"; empty for one that can."""
    if pattern.startswith("/"):
        return "starts with `/`: paths are seen from the taxonomy's root"
    parts = _parts(pattern)
    if ".." in parts:
        return "leads upwards with `..`"
    if "\\" in pattern:
        return "has a backslash: `/` stands between folders"
    if "" in parts or "." in parts:
        return "has an empty part"
    return ""


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.removeprefix("./").removesuffix("/").split("/"))


def _is_plain(pattern: str) -> bool:
    return _MAGIC.isdisjoint(pattern)


def _fits_name(part: str, name: str) -> bool:
    if _is_plain(part):
        return part == name
    return _covers(_pieces(part), name, lambda piece: piece == "*", _fits_character)


@lru_cache(maxsize=1024)
def _pieces(part: str) -> tuple[str, ...]:
    """The pieces of a pattern for a name: `*`, `?`, sets as `[...]`, and single characters."""
    pieces = []
    index = 0
    while index < len(part):
        end = index + 1
        if part[index] == "[":
            # A `]` that comes first stands for itself, as in a shell; a `[` without an end too.
            first = index + 2 if part[index + 1 : index + 2] in ("!", "^") else index + 1
            close = part.find("]", first + 1)
            end = close + 1 if close != -1 else end
        pieces.append(part[index:end])
        index = end
    return tuple(pieces)


def _fits_character(piece: str, character: str) -> bool:
    if piece == "?":
        return True
    if len(piece) == 1:
        return piece == character
    inside = piece[1:-1]
    negated = inside[0] in "!^"
    return _is_one_of(inside[1:] if negated else inside, character) is not negated


def _is_one_of(characters: str, character: str) -> bool:
    """Whether a character is one of those of a set, in which `a-z` is a range."""
    index = 0
    while index < len(characters):
        if characters[index + 1 : index + 2] == "-" and index + 2 < len(characters):
            if characters[index] <= character <= characters[index + 2]:
                return True
            index += 3
        else:
            if characters[index] == character:
                return True
            index += 1
    return False


def _covers(
    pieces: Sequence[_Piece],
    items: Sequence[_Item],
    is_run: Callable[[_Piece], bool],
    fits: Callable[[_Piece, _Item], bool],
) -> bool:
    """Whether pieces, of which some stand for any run of items, cover all items.

    Only the last run that was met is ever made longer: what an earlier one could take, that one can take too.
    """
    piece = item = 0
    run, resume = -1, 0
    while item < len(items):
        if piece < len(pieces) and is_run(pieces[piece]):
            run, resume = piece, item
            piece += 1
        elif piece < len(pieces) and fits(pieces[piece], items[item]):
            piece += 1
            item += 1
        elif run >= 0:
            piece, item, resume = run + 1, resume + 1, resume + 1
        else:
            return False
    return all(is_run(one) for one in pieces[piece:])
