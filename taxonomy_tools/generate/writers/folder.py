"""The output folder: made if it is not there, and kept out of Git."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from taxonomy_tools.errors import Remedy, TaxonomyError

_IGNORE = "# Made by taxonomy generate, so that samples are not committed by accident.\n*\n"


def prepare_output(folder: Path) -> None:
    """Make a folder for runs, if it is not there, with a `.gitignore` that ignores all in it, if it has none.

    Raises TaxonomyError if it cannot be written to, is no folder, or lies behind a symbolic link: a pull request could
    have put one there, and samples would end up where it points.
    """
    link = _link(folder)
    if link is not None:
        raise TaxonomyError(
            f"{link} is a symbolic link, and the output folder must not be one.",
            Remedy("Name the folder that it points to:", f"--output-dir {_target(link)}"),
        )
    if folder.exists() and not folder.is_dir():
        raise TaxonomyError(f"{folder} is no folder.", Remedy("Name another one:", "--output-dir DIR"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # "x" makes a new file or none: it follows no link.
        with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8", newline="\n") as file:
            file.write(_IGNORE)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise TaxonomyError(
            f"cannot write into {folder}: {error.strerror or error}.",
            Remedy("Name a folder that can be written to:", "--output-dir DIR"),
        ) from error


def _link(folder: Path) -> Path | None:
    """The first link on the way to a folder. Of an absolute path only the end counts: the rest is the system's."""
    parts = [folder] if folder.is_absolute() else [folder, *folder.parents]
    return next((part for part in reversed(parts) if part.is_symlink()), None)


def _target(link: Path) -> str:
    try:
        return str(link.resolve())
    except (OSError, RuntimeError):  # a link to itself
        return "DIR"
