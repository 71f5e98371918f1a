"""`--fix`: mends what can be mended in the leaves of a plan, in the working tree, or shows it as a patch.

All is worked out in memory first, in rounds, for one repair may show what another can mend: a leaf that got its name is
looked at for the first time. Then the files are written, each as a whole or not at all.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from taxonomy_tools.cache import Cache
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import LeafFiles
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.examine import Leaf
from taxonomy_tools.fix import Repair, Wanted, fixes
from taxonomy_tools.layout import QNA_FILE
from taxonomy_tools.patch import patch
from taxonomy_tools.plan import Plan
from taxonomy_tools.report import LeafReport
from taxonomy_tools.reporters import wants_color
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.rewrite import rewrite
from taxonomy_tools.source import Entry, Folder, Source, Unreadable, WorkTree, read_beneath

_ROUNDS = 5
_COLORS = {"@": "cyan", "-": "red", "+": "green"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mending:
    """A file that can be mended. `path` is relative to the taxonomy, `name` its new name, None if it keeps its own.

    `before` and `after` are its bytes as they are in the working tree, `findings` how many findings that mends.
    """

    path: str
    before: bytes
    after: bytes
    name: str | None = None
    findings: int = 0

    @property
    def new_path(self) -> str:
        """Its path afterwards."""
        folder = self.path.rpartition("/")[0]
        return self.path if self.name is None else f"{folder}/{self.name}".removeprefix("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mended:
    """A source in which some files have other content already. It hashes nothing."""

    source: Source
    contents: Mapping[str, bytes]

    @property
    def label(self) -> str:
        return self.source.label

    def list(self) -> Iterator[Entry]:
        return self.source.list()

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        wanted = tuple(entries)
        others = self.source.read([entry for entry in wanted if entry.path not in self.contents])
        return (content if (content := self.contents.get(entry.path)) is not None else next(others) for entry in wanted)


def refuse_elsewhere(plan: Plan) -> None:
    """Raise TaxonomyError for a plan whose files are not those of a working tree or a folder: they cannot be mended."""
    if not isinstance(plan.new, WorkTree | Folder):
        raise TaxonomyError(
            f"--fix mends files of the working tree, and what is looked at is {plan.new.label}.",
            Remedy("Look at the working tree:", "taxonomy check --fix"),
        )


def mend(plan: Plan, again: Callable[[], Plan], *, jobs: int | None, cache: Cache | None) -> tuple[Plan, Sequence[str]]:
    """Mend what can be mended in the leaves of a plan; gives the plan to report, and what could not be written.

    `again` makes the plan anew, of what is there afterwards. Raises TaxonomyError for a plan that `refuse_elsewhere`
    refuses, and when a check cannot run.
    """
    refuse_elsewhere(plan)
    done, failed = write(mendings(plan, plan.reports(jobs=jobs, cache=cache), jobs=jobs, cache=cache), plan)
    if done:
        plan = again()
        findings = count(sum(one.findings for one in done), "finding")
        plan = replace(plan, notes=(*plan.notes, f"Fixed {findings} in {count(len(done), 'file')}."))
    return plan, failed


def mendings(
    plan: Plan, reports: Iterable[LeafReport], *, jobs: int | None, cache: Cache | None
) -> tuple[Mending, ...]:
    """What can be mended of what was found in the leaves of a plan, and in what comes of them then."""
    files: dict[str, OpenFile] = {}
    for _ in range(_ROUNDS):
        fixable = {leaf.path: found for leaf in reports if (found := _fixable(leaf))}
        leaves = [leaf for leaf in plan.leaves if leaf.path in fixable]
        files = files or open_files(plan, leaves)
        changed = [
            replace(leaf, files=new, change=None)
            for leaf in leaves
            if (new := _mend(leaf, fixable[leaf.path], files)) is not None
        ]
        if not changed:
            break
        plan = afterwards(plan, changed, files)
        reports = plan.reports(jobs=jobs, cache=cache)
    return tuple(file.mending for file in files.values() if file.findings)


def write(mended: Sequence[Mending], plan: Plan) -> tuple[Sequence[Mending], Sequence[str]]:
    """Write the files; gives those that are written, and of the others why not, a line a file."""
    failed = []
    done = []
    for one in mended:
        try:
            rewrite(root_of(plan), one.path, before=one.before, after=one.after, name=one.name)
        except OSError as error:
            failed.append(f"{one.path}: {error.strerror or error}")
        else:
            done.append(one)
    return done, failed


def cannot_write(failed: Sequence[str]) -> TaxonomyError:
    """What to say of files that could not be written."""
    named = ", ".join(escape(line) for line in failed[:3]) + (f" and {len(failed) - 3} more" if failed[3:] else "")
    return TaxonomyError(
        f"not everything could be fixed, because a file could not be written: {named}.",
        Remedy("See who may write it:", "ls -l"),
    )


def show(mended: Iterable[Mending], prefix: str) -> None:
    """Write a patch to standard output: exact bytes, or, on a terminal, lines that a terminal may be given."""
    patches = (
        patch(os.fsencode(prefix + one.path), os.fsencode(prefix + one.new_path), one.before, one.after)
        for one in mended
    )
    if not sys.stdout.isatty():
        sys.stdout.flush()
        for one in patches:
            sys.stdout.buffer.write(one)
        sys.stdout.buffer.flush()
        return
    color = wants_color(sys.stdout)
    for one in patches:
        for line in one.decode(errors="surrogateescape").removesuffix("\n").split("\n"):
            shown = "".join(part if part == "\t" else reveal(part) for part in line.removesuffix("\r"))
            style = {"bold": True} if line.startswith(("diff ", "--- ", "+++ ")) else {"fg": _COLORS.get(line[:1])}
            click.echo(click.style(shown, **style) if color else shown)


@dataclass(kw_only=True, slots=True)
class OpenFile:
    """The document of a leaf, on its way through the rounds.

    `crlf` says that Git takes CRLF for LF in it. `raw` is what is to be in the working tree.
    """

    path: str
    before: bytes
    raw: bytes
    crlf: bool = False
    name: str | None = None
    findings: int = 0

    @property
    def new_path(self) -> str:
        """Its path afterwards."""
        return self.mending.new_path

    @property
    def document(self) -> bytes:
        """What is checked: the bytes that Git would commit."""
        return self.raw.replace(b"\r\n", b"\n") if self.crlf else self.raw

    def put(self, document: bytes) -> None:
        """Give it another document."""
        self.raw = document.replace(b"\n", b"\r\n") if self.crlf else document

    @property
    def mending(self) -> Mending:
        """What became of it."""
        return Mending(path=self.path, before=self.before, after=self.raw, name=self.name, findings=self.findings)


def afterwards(plan: Plan, leaves: Iterable[Leaf], files: Mapping[str, OpenFile]) -> Plan:
    """A plan of these leaves as they will be, once the files are written."""
    source = plan.new.source if isinstance(plan.new, _Mended) else plan.new
    contents = {file.new_path: file.document for file in files.values()}
    return replace(plan, leaves=tuple(leaves), new=_Mended(source=source, contents=contents), old=None)


def root_of(plan: Plan) -> Path:
    """Where the files of a plan lie that `refuse_elsewhere` does not refuse."""
    source = plan.new
    if not isinstance(source, WorkTree | Folder):
        raise TypeError(f"{source.label} has no files to write")
    return source.root


def _fixable(leaf: LeafReport) -> list[Diagnostic]:
    return [diagnostic for diagnostic in leaf.diagnostics if diagnostic.fixable]


def open_files(plan: Plan, leaves: Iterable[Leaf]) -> dict[str, OpenFile]:
    """The documents of leaves, as they are in the working tree, by the leaf's path; without what cannot be read."""
    source = plan.new
    files: dict[str, OpenFile] = {}
    entries: list[Entry] = []
    if not isinstance(source, WorkTree | Folder):
        return files
    for leaf in leaves:
        entry = leaf.files.document
        content = read_beneath(source.root, entry.path) if entry is not None and entry.regular else None
        if entry is not None and isinstance(content, bytes):
            files[leaf.path] = OpenFile(path=entry.path, before=content, raw=content)
            entries += [entry] if b"\r\n" in content else []
    if entries and isinstance(source, WorkTree):
        normalized = source.normalized(entries)
        for file in files.values():
            file.crlf = file.path in normalized
    return files


def _mend(leaf: Leaf, fixable: Sequence[Diagnostic], files: Mapping[str, OpenFile]) -> LeafFiles | None:
    """Mend the document of a leaf in memory; gives its files afterwards, None where nothing came of it."""
    file = files.get(leaf.path)
    if file is None:
        return None
    wanted = Wanted.of(fixable)
    fixed = fixes(file.raw, wanted, crlf=file.crlf)
    rename = Repair.RENAME in wanted.repairs and file.name is None
    if not fixed.edits and not rename:
        return None
    file.raw = fixed.content
    file.findings += len(fixable)
    if rename:
        file.name = QNA_FILE
    mode = leaf.files.document.mode if leaf.files.document else 0o100644
    return replace(leaf.files, qna=Entry(path=file.new_path, mode=mode, oid=None), misnamed=())
