"""What a run has to do with the baseline: it hides what is known, keeps the file up to date, or writes it."""

import json
import os
import posixpath
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from taxonomy_tools.base import in_ci
from taxonomy_tools.baseline import Baseline, Sieve, findings_of
from taxonomy_tools.beneath import reached
from taxonomy_tools.commands.output import whole_file
from taxonomy_tools.config import BASELINE_FILE
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.plan import Plan
from taxonomy_tools.policy import is_unopened
from taxonomy_tools.report import LeafReport
from taxonomy_tools.rewrite import create, rewrite
from taxonomy_tools.rules.base import number_of
from taxonomy_tools.settle import MAX_BASELINE_BYTES
from taxonomy_tools.source import Folder, Index, Revision, Unreadable, WorkTree, read_beneath


@dataclass(frozen=True, kw_only=True, slots=True)
class Unused:
    """No baseline: everything is reported. `said` is what there is to say of that, if anything."""

    said: str = ""
    sieve: Sieve | None = None

    def noting(self, leaves: Iterator[LeafReport], notes: list[str], unread: list[str]) -> Iterator[LeafReport]:  # noqa: ARG002 - see `Used`
        """The same leaves; when the last is through, it is noted what there is to say."""
        yield from leaves
        notes += [self.said] if self.said else []


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """A baseline that is there. `update` removes from its file what is gone; None where that is not ours to do.

    What `update` gives is why that could not be done, or nothing.
    """

    sieve: Sieve
    update: Callable[[Baseline], str] | None

    def noting(self, leaves: Iterator[LeafReport], notes: list[str], unread: list[str]) -> Iterator[LeafReport]:
        """The same leaves; when the last is through, it is noted what the baseline did."""
        yield from leaves
        notes.extend(self.sieve.notes)
        remaining = self.sieve.remaining()
        if gone := len(self.sieve.baseline) - len(remaining):
            notes.append(self._gone(gone, remaining, complete=not unread))

    def _gone(self, number: int, remaining: Baseline, *, complete: bool) -> str:
        what = f"{number_of(number, 'finding')} of the baseline {self.sieve.name} {'is' if number == 1 else 'are'} gone"
        if self.update is None or not complete:
            return f"{what}: `taxonomy check` in a working tree removes what is gone."
        if reason := self.update(remaining):
            return f"{what}, but it cannot be written: {reason}."
        return f"{what}, and removed from it."


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A baseline that is to be written. `before` is what its file holds, at work on all that is found.

    `name` is what the file is called, and `write` gives it other content. It raises TaxonomyError.
    """

    name: str
    before: Sieve
    write: Callable[[bytes], None]
    sieve: Sieve | None = None
    _found: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)

    def noting(self, leaves: Iterable[LeafReport], notes: list[str], unread: list[str]) -> Iterator[LeafReport]:
        """The leaves without what is now known: all but what could not be opened. Raises TaxonomyError if it must."""
        for leaf in leaves:
            self.before.sift(leaf)
            self._found[leaf.path] = dict(findings_of(leaf.diagnostics))
            yield replace(leaf, diagnostics=tuple(one for one in leaf.diagnostics if is_unopened(one)))
        if unread:
            notes.append(f"The baseline {self.name} was not written, because not everything could be checked.")
            return
        # What nobody looked for stays: rules that are switched off, leaves that were not named.
        rest = self.before.remaining()
        baseline = rest.with_leaves(
            {path: Counter(found) | Counter(rest.leaves.get(path)) for path, found in self._found.items()}
        )
        self.write(baseline.dump())
        leaves_held = "1 leaf" if len(baseline.leaves) == 1 else f"{len(baseline.leaves):,} leaves"
        notes.append(f"The baseline {self.name} holds {number_of(len(baseline), 'finding')} of {leaves_held} now.")


def known(plan: Plan, *, without: bool, write: bool, file: Path | None, keeps: bool) -> Unused | Used | Written:
    """What a run has to do with the baseline.

    It may be asked to go `without` one, or to `write` it, to a `file` or its own place. `keeps` says that the run is
    one that keeps the file up to date: a check of the working tree. Raises TaxonomyError for a broken baseline, and for
    a file that is there and is none.
    """
    if write:
        return _written(plan, file)
    if without:
        return Unused()
    sieve = plan.sieve()
    if sieve is None:
        return Unused(said=plan.without_baseline())
    return Used(sieve=sieve, update=_updater(plan, sieve.baseline.content) if keeps else None)


def _updater(plan: Plan, before: bytes) -> Callable[[Baseline], str] | None:
    """What writes the file that was read, where that is one of this working tree."""
    files, new = plan.settled.files, plan.new
    if files is None or in_ci(os.environ):
        return None
    if not (isinstance(files.source, WorkTree | Folder) and isinstance(new, WorkTree | Folder)):
        return None
    root, place = files.top, files.inside(plan.settled.config.baseline or BASELINE_FILE)

    def update(remaining: Baseline) -> str:
        try:
            rewrite(root, place, before=before, after=remaining.dump())
        except OSError as error:
            return error.strerror or str(error)
        return ""

    return update


def _written(plan: Plan, file: Path | None) -> Written:
    """A baseline that goes to the file that was named, or to the taxonomy's own."""
    if file is not None:
        name, data = os.fspath(file), _read_named(file)
        write = partial(_write_named, file)
    else:
        root, path = _place(plan)
        name = os.path.relpath(root / path)
        found = _read_own(root, path, name)
        data = found or b""
        write = partial(_write_own, root, path, name, found)
    return Written(name=name, before=plan.sieve_of(_before(data, name, plan), name), write=write)


def _read_named(file: Path) -> bytes:
    """What the file that the user named holds; nothing, if it is a pipe or the like. Raises TaxonomyError."""
    if not file.is_file():
        return b""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise TaxonomyError(f"{file} cannot be read: {error.strerror}.") from error
    if not _is_baseline(data):
        raise TaxonomyError(
            f"{file} is there, and is no baseline: it is not overwritten.",
            Remedy("Name another file:", "--write-baseline=FILE"),
            Remedy("Give paths before the option:", "taxonomy check PATH --write-baseline"),
        )
    return data


def _read_own(root: Path, path: str, name: str) -> bytes | None:
    """What the taxonomy's own baseline holds, None where there is none.

    The configuration names the place, and a checkout, perhaps somebody else's, holds both. Raises TaxonomyError for
    what lies behind a link, for what is no regular file, and for what is no baseline.
    """
    if (stop := next(reached(root, [path]))) != path:
        stop = os.path.relpath(root / stop)
        raise TaxonomyError(f"the baseline {name} lies behind {stop}, a link or another repository.", _ANOTHER)
    if not os.path.lexists(root / path):
        return None
    data = read_beneath(root, path, limit=MAX_BASELINE_BYTES)
    if isinstance(data, Unreadable):
        raise TaxonomyError(f"the baseline {name} {data.message}.", _ANOTHER)
    if posixpath.basename(path) != BASELINE_FILE and not _is_baseline(data):
        remove = Remedy("If it is a broken baseline, remove it:", f"rm {shlex.quote(name)}")
        raise TaxonomyError(f"{name} is there, and is no baseline: it is not overwritten.", _ANOTHER, remove)
    return data


_ANOTHER = Remedy("Name another file in the configuration:", "baseline: FILE")


def _before(data: bytes, name: str, plan: Plan) -> Baseline:
    """What a file holds. Raises TaxonomyError for a broken one, unless it is written anew for all leaves."""
    try:
        return Baseline.load(data, name) if data else Baseline()
    except TaxonomyError:
        if plan.whole:
            return Baseline()
        raise


def _is_baseline(data: bytes) -> bool:
    """Whether a file is meant as a baseline, broken or not."""
    try:
        return not data or "findings" in json.loads(data)
    except (ValueError, RecursionError, TypeError):
        return b'"fingerprint"' in data


def _place(plan: Plan) -> tuple[Path, str]:
    """Where the taxonomy's own baseline lies: its root, and a path below that."""
    source, path = plan.new, plan.settled.config.baseline or BASELINE_FILE
    if isinstance(source, WorkTree | Folder):
        return source.root, path
    assert isinstance(source, Revision | Index)
    if source.repository.bare:
        raise TaxonomyError(
            f"{source.repository.root} is a bare repository: there is no place for a baseline in it.",
            Remedy("Name a file:", "--write-baseline=FILE"),
        )
    return source.repository.root / source.folder, path


def _write_named(file: Path, content: bytes) -> None:
    try:
        with whole_file(file) as stream:
            stream.write(content.decode())
    except TaxonomyError as error:
        reason = error.__cause__
        said = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        raise _cannot_write(os.fspath(file), said) from error


def _write_own(root: Path, path: str, name: str, before: bytes | None, content: bytes) -> None:
    try:
        if before is None:
            create(root, path, content)
        else:
            rewrite(root, path, before=before, after=content)
    except OSError as error:
        raise _cannot_write(name, error.strerror or str(error)) from error


def _cannot_write(name: str, reason: str) -> TaxonomyError:
    return TaxonomyError(
        f"the baseline cannot be written to {name}: {reason}.",
        Remedy("Name a file in a folder that is there, and yours:", "--write-baseline=FILE"),
    )
