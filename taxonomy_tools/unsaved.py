"""A taxonomy as an editor shows it: one file holds what is not saved yet, everything else is as it lies on the disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from taxonomy_tools.git import REGULAR_FILE
from taxonomy_tools.source import MAX_BYTES, Entry, Folder, Unreadable, WorkTree

_KEPT = frozenset({"TX006", "TX007"})
"""What saving does not change: that a link stands in the file's place, or that the file has conflicts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsaved:
    """A source in which the leaf file at `path` has other content than on the disk, or is there at all.

    Of `content`, more than is ever read (`source.MAX_BYTES`) need not be given.
    """

    source: WorkTree | Folder
    path: str
    content: bytes

    @property
    def label(self) -> str:
        """What a report calls it."""
        return self.source.label

    def list(self) -> Iterator[Entry]:
        """Every leaf file, as it will be."""
        return iter(self.saved(self.source.list()))

    def saved(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """The same files, but the unsaved one as it will be: Git has not hashed it. A link in its place stays one."""
        files = {entry.path: entry for entry in entries}
        if self.path not in files or files[self.path].regular:
            files[self.path] = Entry(path=self.path, mode=REGULAR_FILE, oid=None)
        return tuple(files[path] for path in sorted(files))

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        """The content of the entries, of the unsaved one as Git would record it once it is saved."""
        for entry in entries:
            content = next(iter(self.source.read([entry])))
            if entry.path == self.path and not (isinstance(content, Unreadable) and content.code in _KEPT):
                content = self._recorded(entry)
            yield content

    def _recorded(self, entry: Entry) -> bytes | Unreadable:
        if len(self.content) > MAX_BYTES:
            return Unreadable(code="TX005", message=f"has more than the {MAX_BYTES:,} bytes that are read")
        if b"\r\n" in self.content and isinstance(self.source, WorkTree) and self.source.normalized([entry]):
            return self.content.replace(b"\r\n", b"\n")
        return self.content
