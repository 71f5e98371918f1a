"""The output folder: nobody else's, made if it is not there, and kept out of Git."""

import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from taxonomy_tools.beneath import in_git_folder
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.generate.store import STORE_FILE
from taxonomy_tools.git import NotARepository, Repository
from taxonomy_tools.layout import fold
from taxonomy_tools.text import shorten

_IGNORE_FILE = ".gitignore"
_IGNORE = "# Made by taxonomy generate, so that samples are not committed by accident.\n*\n"
_LONGEST_IGNORE = 1 << 16
_ANOTHER = Remedy("Name another one:", "--output-dir DIR")


def check_place(folder: Path, *, top: Path | None = None, reserved: Iterable[Path] = ()) -> None:
    """Look whether an output folder is one of ours, or can become one. Nothing is written.

    `reserved` are folders that leaves lie in: samples among them, or a `.gitignore` above them, would be in their way.
    `top` is the checkout that was looked at, in which no link is followed.

    Raises TaxonomyError for a place where samples would do harm (among leaves, at the root of a repository, in a
    `.git`, in a folder with other things in it), and for a folder of which Git tracks anything: names of requests do
    not depend on who asks, so a pull request could bring answers that no model gave.
    """
    _insist_on_no_link(folder, top)
    if folder.exists() and not folder.is_dir():
        raise TaxonomyError(f"{folder} is no folder.", _ANOTHER)
    place = Path(os.path.realpath(folder))
    if in_git_folder(place.as_posix()):
        raise TaxonomyError(f"{folder} is Git's own: samples cannot be written there.", _ANOTHER)
    _insist_on_no_leaves(folder, place, reserved)
    _insist_on_untracked(folder, place)
    other = _of_others(folder)
    if other is not None:
        raise TaxonomyError(
            f"{folder} is not empty, and no output folder: it holds `{shorten(other)}`.",
            Remedy("Name a new or an empty one:", "--output-dir DIR"),
        )


def prepare_output(folder: Path) -> str:
    """Make a folder for runs, if it is not there, with a `.gitignore` that ignores all in it, if it has none.

    Gives a warning if samples may be committed all the same, else "". Raises TaxonomyError if the folder cannot be
    written to, is none, or lies behind a symbolic link: a pull request could have put one there, and samples would end
    up where it points.
    """
    _insist_on_no_link(folder)
    if folder.exists() and not folder.is_dir():
        raise TaxonomyError(f"{folder} is no folder.", _ANOTHER)
    ignore = folder / _IGNORE_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # "x" makes a new file or none: it follows no link.
        with suppress(FileExistsError), ignore.open("x", encoding="utf-8", newline="\n") as file:
            file.write(_IGNORE)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise TaxonomyError(
            f"cannot write into {folder}: {error.strerror or error}.",
            Remedy("Name a folder that can be written to:", "--output-dir DIR"),
        ) from error
    if _ignores_all(_lines(ignore)):
        return ""
    return f"{ignore} does not ignore all files, so samples may be committed. It should say: *"


def _insist_on_no_link(folder: Path, top: Path | None = None) -> None:
    link = _link(folder, top)
    if link is not None:
        raise TaxonomyError(
            f"{link} is a symbolic link, and the output folder must not be one.",
            Remedy("Name the folder that it points to:", f"--output-dir {_target(link)}"),
        )


def _link(folder: Path, top: Path | None) -> Path | None:
    """The first link on the way to a folder.

    Of an absolute path only its end counts, and what lies in the checkout: the rest is the system's.
    """
    ways = [folder, *folder.parents]
    if folder.is_absolute():
        inside = None if top is None else Path(os.path.realpath(top))
        ways = [way for way in ways if way == folder or (inside and _real(way.parent).is_relative_to(inside))]
    return next((way for way in reversed(ways) if way.is_symlink()), None)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _target(link: Path) -> str:
    try:
        return shlex.quote(str(link.resolve()))
    except (OSError, RuntimeError):  # a link to itself
        return "DIR"


def _insist_on_no_leaves(folder: Path, place: Path, reserved: Iterable[Path]) -> None:
    """Raise TaxonomyError for a folder above, at or below one that holds leaves."""
    ours = _folded(place)
    for one in reserved:
        theirs = _folded(_real(one))
        shorter = min(len(ours), len(theirs))
        if ours[:shorter] != theirs[:shorter]:
            continue
        why = "would lie among leaves" if len(theirs) <= len(ours) else "holds the taxonomy"
        raise TaxonomyError(
            f"{folder} cannot be the output folder: it {why} ({one.name}), and all in it would be hidden from Git.",
            Remedy("Name one beside them:", f"--output-dir {shlex.quote(os.path.relpath(one.parent / 'generated'))}"),
        )


def _folded(place: Path) -> tuple[str, ...]:
    """The names of a path, as a file system compares them that minds no case: others may be, or may become, such."""
    return tuple(map(fold, place.parts))


def _insist_on_untracked(folder: Path, place: Path) -> None:
    """Raise TaxonomyError for a folder that is a repository, or that Git tracks anything of."""
    nearest = next(path for path in (place, *place.parents) if path.is_dir())
    try:
        repository = Repository.discover(nearest)
    except NotARepository:
        return
    top = _real(repository.root)
    if repository.bare or not place.is_relative_to(top):
        return
    if place == top:
        raise TaxonomyError(
            f"{folder} cannot be the output folder: it is the root of a repository, and all in it would be hidden "
            "from Git.",
            _ANOTHER,
        )
    tracked = next(_tracked(repository, place.relative_to(top).as_posix()), None)
    if tracked is not None:
        named = shlex.quote(str(folder))
        raise TaxonomyError(
            f"Git tracks `{shorten(tracked)}`: what is in {folder} may be somebody else's, and is not believed.",
            Remedy("If all of it is yours, keep it out of Git:", f"git rm -r --cached {named}"),
            Remedy("else remove it:", f"git rm -r {named}"),
        )


def _tracked(repository: Repository, place: str) -> Iterator[str]:
    """The paths that Git tracks at or below a place, in whatever case."""
    at = fold(place)
    listing = repository.tracked_paths().listing()
    for record in os.fsdecode(listing.records).split("\0")[:-1]:
        path = record[listing.tag :]
        if fold(path) == at or fold(path).startswith(f"{at}/"):
            yield path


def _of_others(folder: Path) -> str | None:
    """Something in a folder that is not ours; None if it is empty, or made by us."""
    try:
        names = sorted(set(os.listdir(folder)) - {_IGNORE_FILE})
    except OSError:  # that it cannot be read, or is not there yet, is said when it is written to
        return None
    if not names or STORE_FILE in names or _lines(folder / _IGNORE_FILE) == _IGNORE.splitlines():
        return None
    return names[0]


def _lines(ignore: Path) -> list[str]:
    """The lines of a `.gitignore`. Git follows no link to one, either."""
    if ignore.is_symlink() or not ignore.is_file():
        return []
    try:
        with ignore.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST_IGNORE).splitlines()
    except OSError:
        return []


def _ignores_all(lines: Iterable[str]) -> bool:
    """Whether the lines of a `.gitignore` ignore all, and take nothing of that back."""
    patterns = [line.strip() for line in lines]
    return "*" in patterns and not any(pattern.startswith("!") for pattern in patterns)
