"""What is kept when not everything can be: the worst, in bounded memory."""

from dataclasses import dataclass
from typing import TypeAlias

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.report import LeafReport

Key: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class _Kept:
    key: Key
    text: str


class Worst:
    """Texts with keys, of which those with the smallest keys stay, up to a number and a size in characters.

    It never holds more than twice of either, and one text more.
    """

    def __init__(self, *, number: int, size: int) -> None:
        self._number = number
        self._size = size
        self._kept: list[_Kept] = []
        self._held = 0
        self.offered = 0

    def put(self, key: Key, text: str) -> None:
        """Offer a text. No two keys are equal."""
        self.offered += 1
        self._kept.append(_Kept(key=key, text=text))
        self._held += len(text)
        if len(self._kept) >= 2 * self._number or self._held >= 2 * self._size:
            self._prune(self._size)

    def texts(self, *, size: int | None = None) -> list[tuple[Key, str]]:
        """What is kept, in the order of the keys: the first that together fit the size (of the constructor)."""
        self._prune(self._size if size is None else size)
        return [(kept.key, kept.text) for kept in self._kept]

    def _prune(self, size: int) -> None:
        held = 0
        kept: list[_Kept] = []
        for one in sorted(self._kept)[: self._number]:
            if held + len(one.text) > size:
                break
            held += len(one.text)
            kept.append(one)
        self._kept, self._held = kept, held


def badness(leaf: LeafReport | None, diagnostic: Diagnostic) -> Key:
    """The key of a diagnostic: severity first, then whether it stands on a line that changed, then its place.

    What is about a commit (`leaf` is None) is about a change.
    """
    elsewhere = leaf is not None and not leaf.stands_on_change(diagnostic)
    return (-diagnostic.severity.rank, elsewhere, diagnostic.sort_key, leaf.path if leaf is not None else "")
