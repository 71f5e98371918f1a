"""What formats of one file have in common: a line of JSON for each sample that was kept."""

from collections.abc import Callable
from typing import Any, TypeAlias

from taxonomy_tools.generate.inputs import Wanted
from taxonomy_tools.generate.records import Record
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.generate.writers.base import WriterFactory
from taxonomy_tools.generate.writers.files import File

Spelling: TypeAlias = Callable[[Record, Sample], dict[str, Any]]
"""The line of a sample that was kept."""


class LinesWriter:
    """Writes a line of JSON a sample."""

    def __init__(self, file: File, spelled: Spelling) -> None:
        self._file = file
        self._spelled = spelled

    def leaf(self, wanted: Wanted) -> None:
        """Leaves have no lines of their own."""

    def record(self, record: Record) -> None:
        """Write the line, if there is a sample."""
        if (sample := record.kept) is not None:
            self._file.line(self._spelled(record, sample))

    def finish(self) -> None:
        """Lines have no end of their own."""


def lines(name: str, spelled: Spelling) -> WriterFactory:
    """What opens a file of that name, with a line a sample."""
    return lambda files, _: LinesWriter(files.open(name), spelled)
