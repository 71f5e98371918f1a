"""What lies around leaf nodes: leaves above and below them, files of no leaf, names too like their own.

The answer depends on the state of the taxonomy alone, and not on which of its leaves are asked about: a comparison and
a check of everything say the same. Each folder is looked at once, however many leaves lie below it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from taxonomy_tools.diff import LeafFiles
from taxonomy_tools.layout import ALONE, ATTRIBUTION_FILE, QNA_FILE, Surroundings, fold, is_leaf_file, is_misnamed
from taxonomy_tools.tree import Tree

_TWINS = 10
"""Twins of one name that are kept: a folder may hold a thousand spellings of it, each of them a leaf with the others
for twins."""


@dataclass(kw_only=True, slots=True)
class Neighbourhood:
    """What lies around the leaves of one tree, and what has been found of it so far."""

    tree: Tree
    _children: dict[str, Mapping[str, bool]] = field(default_factory=dict, init=False)
    _spellings: dict[str, Mapping[str, list[str]]] = field(default_factory=dict, init=False)
    _holders: dict[str, str] = field(default_factory=dict, init=False)
    _twins: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)

    def around(self, leaf: str, files: LeafFiles) -> Surroundings:
        """What lies around a leaf, by its folder and those of its files that Git shows or somebody named.

        The taxonomy's root is nobody's folder: around a leaf there lies the whole repository. Neither is a link or a
        repository that stands in a leaf's place.
        """
        if not leaf or files.document is None:
            return ALONE
        inner, strays = self._inside(leaf)
        outer = self._nearest_leaf(_above(leaf))
        return Surroundings(
            outer=(outer,) if outer else (),
            inner=tuple(sorted(inner)),
            strays=tuple(sorted(strays)),
            twins=tuple(sorted((*self._twins_of_folder(leaf), *self._twins_of_files(leaf)))),
            ignored=tuple(sorted(self._ignored(leaf, files))),
        )

    def _inside(self, leaf: str) -> tuple[list[str], list[str]]:
        """The leaves in a leaf's folder, not gone into, and the files there that are no leaf's."""
        inner, strays, waiting = [], [], [leaf]
        while waiting:
            folder = waiting.pop()
            for name, is_folder in self._names(folder).items():
                path = f"{folder}/{name}"
                if is_folder:
                    if self._is_leaf(path):
                        inner.append(path)
                    else:
                        waiting.append(path)
                elif not (folder == leaf and is_leaf_file(name)) and self.tree.is_there(path):
                    strays.append(path)
        return inner, strays

    def _nearest_leaf(self, folder: str) -> str:
        """The leaf that a folder is, or lies in; none (`""`) of the root's."""
        passed = []
        while folder and folder not in self._holders:
            passed.append(folder)
            if self._is_leaf(folder):
                self._holders[folder] = folder
                break
            folder = _above(folder)
        found = self._holders.get(folder, "")
        self._holders.update(dict.fromkeys(passed, found))
        return found

    def _is_leaf(self, folder: str) -> bool:
        """Whether a document lies directly in a folder, by its right name or another."""
        names, spellings = self._names(folder), self._spelled(folder)
        alike = (name for right in (QNA_FILE, "qna.yml") for name in spellings.get(right, ()))
        return any(
            not names[name] and (name == QNA_FILE or is_misnamed(name)) and self.tree.is_there(f"{folder}/{name}")
            for name in alike
        )

    def _twins_of_folder(self, folder: str) -> tuple[str, ...]:
        """The twins of the topmost of a folder and those above it that has any: what is below follows from that."""
        passed = []
        while folder and folder not in self._twins:
            passed.append(folder)
            folder = _above(folder)
        found = self._twins.get(folder, ())
        for inner in reversed(passed):
            found = found or self._twins_of(inner)
            self._twins[inner] = found
        return found

    def _twins_of_files(self, leaf: str) -> Iterator[str]:
        spellings = self._spelled(leaf)
        for name in (QNA_FILE, ATTRIBUTION_FILE):
            alike, path = spellings.get(name, ()), f"{leaf}/{name}"
            if len(alike) > 1 and name in alike and self.tree.is_there(path):
                yield from self._twins_of(path)

    def _twins_of(self, path: str) -> tuple[str, ...]:
        """What stands beside a path and differs from it in spelling alone."""
        folder, _, name = path.rpartition("/")
        alike = self._spelled(folder).get(fold(name), [])
        twins: list[str] = []
        for other in alike:
            twin = f"{folder}/{other}" if folder else other
            if other != name and len(twins) < _TWINS and self.tree.is_there(twin):
                twins.append(twin)
        return tuple(twins)

    def _ignored(self, leaf: str, files: LeafFiles) -> Iterator[str]:
        """Those of a leaf's files that Git neither tracks nor shows as untracked, but that are there."""
        known = self._names(leaf)
        own = {f"{leaf}/{name}" for name in (QNA_FILE, ATTRIBUTION_FILE)} | {entry.path for entry in files.entries}
        for path in own:
            if path.rpartition("/")[2] not in known and self.tree.is_ignored(path):
                yield path

    def _names(self, folder: str) -> Mapping[str, bool]:
        if folder not in self._children:
            self._children[folder] = self.tree.children(folder)
        return self._children[folder]

    def _spelled(self, folder: str) -> Mapping[str, list[str]]:
        """The names in a folder by what they have in common with their twins, in order."""
        if folder not in self._spellings:
            found: dict[str, list[str]] = defaultdict(list)
            for name in sorted(self._names(folder)):
                found[fold(name)].append(name)
            self._spellings[folder] = dict(found)
        return self._spellings[folder]


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]
