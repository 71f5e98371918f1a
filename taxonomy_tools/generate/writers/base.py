"""What a format is asked."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from taxonomy_tools.generate.inputs import Inputs, Wanted
from taxonomy_tools.generate.records import Record
from taxonomy_tools.generate.writers.files import Files


class Writer(Protocol):
    """Writes the records of a run. Nothing of it may depend on the time, the machine or the order of answers."""

    def leaf(self, wanted: Wanted) -> None:
        """A leaf's records follow."""

    def record(self, record: Record) -> None:
        """The next record, in the order of the leaf's requests: of a sample that was kept, or of what was rejected."""

    def finish(self) -> None:
        """There are no more."""


WriterFactory: TypeAlias = Callable[[Files, Inputs], Writer]
"""Opens the files that a format has."""
