"""One process at a time in a run's folder: a lock that a kill releases, on every platform that SQLite runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxonomy_tools.errors import TaxonomyError

_LOCK_FILE = "run.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """With a run's folder to oneself. Raises TaxonomyError if another process is at work in it.

    The lock is one of SQLite's (https://www.sqlite.org/lockingv3.html), on a file that holds nothing: the system takes
    it back from a process that dies.
    """
    import sqlite3

    path = folder / _LOCK_FILE
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise TaxonomyError(f"cannot make {path}: {error}.") from error
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise TaxonomyError(
                f"another taxonomy generate is at work on the run {folder.name}: {error}.",
                "Wait until it has ended, or end it; then run the same command again.",
            ) from error
        yield
    finally:
        connection.close()
