"""Where a report goes: standard output as it is written, or a file that is there only when all of it is."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters import REPORTERS, Appearance, Reporter, wants_color
from taxonomy_tools.streams import send_to_nowhere

_STDOUT = "standard output"
_NAME_CHARACTERS = 100  # of a file's own name in that of its draft: names end at 255 bytes


class Output:
    """A reporter, and what becomes of it when its reader goes away or its disk is full."""

    def __init__(self, reporter: Reporter, place: str, *, alone: bool) -> None:
        """`alone` says that nobody else is told, so there is no reason to go on without a reader."""
        self._reporter = reporter
        self._place = place
        self._alone = alone
        self._read = True

    def start(self, comparison: Comparison) -> None:
        """Hand on what is compared."""
        with self._writing():
            self._reporter.start(comparison)

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Hand on what is wrong with the contribution as a whole."""
        if self._read:
            with self._writing():
                self._reporter.contribution(diagnostics)

    def leaf(self, leaf: LeafReport) -> None:
        """Hand on a leaf."""
        if self._read:
            with self._writing():
                self._reporter.leaf(leaf)

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Hand on the end."""
        if self._read:
            with self._writing():
                self._reporter.finish(summary, notes)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            if self._alone:
                raise
            self._read = False
            self._give_up()
        except OSError as error:
            self._give_up()
            raise _cannot_write(self._place, error) from error

    def _give_up(self) -> None:
        """Let go what waits to be written: at exit it would fail again."""
        if self._place == _STDOUT:
            send_to_nowhere(sys.stdout)


@contextmanager
def opened(name: str, file: Path | None, *, alone: bool, quiet: bool) -> Iterator[Output]:
    """A reporter of that format, on a file or (None) on standard output.

    Raises TaxonomyError if the file cannot be written, at once where that can be told.
    """
    if file is None:
        yield Output(
            REPORTERS[name](sys.stdout, Appearance(color=wants_color(sys.stdout), quiet=quiet)),
            _STDOUT,
            alone=alone,
        )
        return
    with whole_file(file) as stream:
        yield Output(REPORTERS[name](stream, Appearance(quiet=quiet)), os.fspath(file), alone=alone)


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A stream into a file that gets its name only at the end: a run that fails leaves what was there before.

    A link in its place is replaced, not followed: in a checkout, it may be a pull request's. What is no regular file
    (a terminal, a named pipe, the `>(...)` of a shell) is written to directly. Raises TaxonomyError if the file cannot
    be written.
    """
    try:
        stream, draft = _open(path)
    except OSError as error:
        raise _cannot_write(os.fspath(path), error) from error
    try:
        with stream:
            yield stream
        if draft is not None:
            _put(draft, path)
    except BrokenPipeError:
        raise
    except OSError as error:  # the last of what was written, or its place
        raise _cannot_write(os.fspath(path), error) from error
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _open(path: Path) -> tuple[TextIO, Path | None]:
    """A stream for a path, and the draft that it writes to, None if it writes to the path itself."""
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(None, os.strerror(21), path)
    if mode is not None and not stat.S_ISREG(mode):
        return path.open("w", encoding="utf-8", newline="\n"), None
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(None, os.strerror(13), path)
    prefix, suffix = f".{path.name[:_NAME_CHARACTERS]}.", ".part"
    try:
        number, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=path.parent)
    except PermissionError:
        if mode is None:
            raise
        # Only the file itself is ours to write.
        number, name = tempfile.mkstemp(prefix=prefix, suffix=suffix)
    return open(number, "w", encoding="utf-8", newline="\n"), Path(name)


def _mode(path: Path) -> int | None:
    """The mode of what a path leads to, None if there is nothing yet."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _put(draft: Path, path: Path) -> None:
    """Give a draft its name, and the permissions of the file that it replaces (or of any new one)."""
    mode = _mode(path)
    draft.chmod(stat.S_IMODE(mode) if mode is not None else 0o666 & ~_umask())
    try:
        draft.replace(path)
    except OSError:
        # Another file system, or a file that is a mount point: then its content is all that can be replaced.
        shutil.copyfile(draft, path, follow_symlinks=False)


def _umask() -> int:
    """What new files do not get; Python can only tell by changing it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _cannot_write(place: str, error: OSError) -> TaxonomyError:
    return TaxonomyError(
        f"the report cannot be written to {place}: {error.strerror or error}.",
        Remedy("Name a file in a folder that is there, and yours:", "--output FILE"),
    )
