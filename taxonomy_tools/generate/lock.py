"""One process at a time in an output folder: a lock that a kill releases, on every platform that SQLite runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxonomy_tools.errors import Remedy, TaxonomyError

_LOCK_FILE = "run.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """With an output folder to oneself, so that nothing is asked twice.

    Raises TaxonomyError if another process is at work there.
    The lock is one of SQLite's (https://www.sqlite.org/lockingv3.html), on a file that holds nothing: the system takes
    it back from a process that dies.
    """
    import sqlite3

    path = folder / _LOCK_FILE
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise TaxonomyError(f"cannot make {path}: {error}.") from error
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise TaxonomyError(
                f"another taxonomy generate is at work in {folder}: {error}.",
                "Wait until it has ended, or end it; then run the same command again.",
                Remedy("Or work in another folder:", "--output-dir DIR"),
            ) from error
        except sqlite3.Error as error:
            raise TaxonomyError(f"{path} is no lock: {error}.", "Remove it.") from error
        yield
    finally:
        connection.close()
