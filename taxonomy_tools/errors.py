"""The one exception of this project: the job cannot be done, and what to do about it."""

from collections.abc import Sequence
from typing import NamedTuple


class Remedy(NamedTuple):
    """One thing that the reader can do: in words, and, where there is one, as a command to copy."""

    label: str
    command: str = ""


class TaxonomyError(Exception):
    """The job cannot be done.

    What is wrong *with a taxonomy* is a `Diagnostic`, a value; this is for everything that keeps the tool from
    finding out. The message says what was tried and what happened; the remedies say what to do next. The command
    line turns it into exit status 2.
    """

    def __init__(self, message: str, *remedies: Remedy | str) -> None:
        super().__init__(message)
        self.message = message
        self.remedies: Sequence[Remedy] = tuple(
            remedy if isinstance(remedy, Remedy) else Remedy(remedy) for remedy in remedies
        )
