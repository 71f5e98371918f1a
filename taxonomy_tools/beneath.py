"""Where a path that somebody wrote lies beneath a folder, and what stands on the way to it.

Outside of the folder a path leads where the system takes it: a checkout may lie below a link, or be reached by one.
From the folder on no link is followed, since one in a checkout may be a pull request's: a name is the entry so named.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

GIT_FOLDER = ".git"


def beneath(path: Path, top: str) -> str | None:
    """The path relative to a folder (`""`: itself), None if it lies elsewhere.

    `path` is relative to the current directory, `top` absolute and free of links, as `os.path.realpath` gives it.
    """
    below = os.path.join(top, "")
    try:
        place = _walk(path, top, below)
    except ValueError:  # a null character: no file can have that name
        return None
    if place == top:
        return ""
    return place.removeprefix(below).replace(os.sep, "/") if place.startswith(below) else None


def _walk(path: Path, top: str, below: str) -> str:
    """The absolute place of a path, with what lies beneath the folder taken by its name."""
    text = os.fspath(path)
    if text.startswith(below):
        place, names = top, Path(text.removeprefix(below)).parts
    elif path.is_absolute():
        place, names = path.anchor, path.parts[1:]
    else:
        place, names = os.path.realpath(os.curdir), path.parts
    for name in names:
        if name == os.pardir:
            place = os.path.dirname(place)
        elif place == top or place.startswith(below):
            place = os.path.join(place, name)
        else:
            place = os.path.realpath(os.path.join(place, name))
    return place


def in_git_folder(path: str) -> bool:
    """Whether a relative path leads into a `.git`, in any spelling that a file system might take for that name."""
    return any(name.casefold() == GIT_FOLDER for name in path.split("/"))


def reached(top: Path, paths: Iterable[str]) -> Iterator[str]:
    """Of each path relative to a folder, as much of it as can be reached: up to a link or a repository on the way.

    A link or repository at a path's end is that path itself.
    """
    known: dict[str, bool] = {}
    for path in paths:
        for end in _slashes(path):
            folder = path[:end]
            if folder not in known:
                known[folder] = _is_no_way(top / folder)
            if known[folder]:
                yield folder
                break
        else:
            yield path


def _slashes(path: str) -> Iterator[int]:
    at = path.find("/")
    while at >= 0:
        yield at
        at = path.find("/", at + 1)


def _is_no_way(folder: Path) -> bool:
    return os.path.islink(folder) or os.path.lexists(folder / GIT_FOLDER)
