"""`taxonomy migrate`: leaves of version 1 and 2, lifted to version 3 in the working tree."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import click

from taxonomy_tools.commands import fix
from taxonomy_tools.commands.fix import Mending, OpenFile
from taxonomy_tools.commands.reporting import announce, unread_files
from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.fix import Wanted, fixes
from taxonomy_tools.git import FOLDER
from taxonomy_tools.layout import ATTRIBUTION_FILE
from taxonomy_tools.migrate import NEWEST, Migration, migrate
from taxonomy_tools.plan import Plan, Selection, plan_check
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.rules import (
    empty_attribution,
    incomplete_attribution,
    missing_attribution,
    unreadable_file,
    yamllint,
)
from taxonomy_tools.source import Entry, Unreadable, read_beneath

_MISSING = missing_attribution.CODE
_SINCE_2 = frozenset({yamllint.CODE, _MISSING, empty_attribution.CODE, incomplete_attribution.CODE})
"""The rules that a leaf of version 1 is spared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lifted:
    """What became of one leaf. `left` are lines for the reader, `version` the one that it had, None if it stays so.

    `unopened` says that nothing could become of it, because its document could not be opened.
    """

    path: str
    version: int | None = None
    mending: Mending | None = None
    left: tuple[str, ...] = ()
    unopened: bool = False


def run(selection: Selection, *, dry_run: bool) -> int:
    """Lift leaves and say what is left for a person; gives the exit code.

    Raises TaxonomyError when the job cannot be done, or a file not be opened or written (the others are lifted).
    """
    plan = plan_check(selection, announce=announce)
    fix.refuse_elsewhere(plan)
    lifted = list(_lifted(plan))
    mendings = [one.mending for one in lifted if one.mending is not None]
    done: Sequence[Mending] = mendings
    failed: Sequence[str] = ()
    if dry_run:
        fix.show(mendings, plan.settings.prefix)
    else:
        done, failed = fix.write(mendings, plan)
    for line in (*_told(lifted, plan.settings.prefix), _closing(lifted, len(done), dry_run=dry_run)):
        click.echo(reveal(line), err=dry_run)
    if failed:
        raise fix.cannot_write(failed)
    if unopened := [plan.settings.prefix + one.path for one in lifted if one.unopened]:
        raise unread_files(unopened)
    return int(any(one.left for one in lifted))


def _told(lifted: list[_Lifted], prefix: str) -> Iterator[str]:
    for one in lifted:
        if one.version is not None:
            yield f"{escape(prefix + one.path)}: version {one.version} -> {NEWEST}"
        yield from one.left


def _closing(lifted: list[_Lifted], done: int, *, dry_run: bool) -> str:
    """The line that counts."""
    left = [one for one in lifted if one.left]
    verb = "Would lift" if dry_run else "Lifted"
    leaves = count(done, "leaf", "leaves") if done else "no leaf"
    said = f"{verb} {leaves} to version {NEWEST}."
    if left:
        places = count(sum(len(one.left) for one in left), "place")
        needs = "needs" if len(left) == 1 else "need"
        said += f" {count(len(left), 'leaf', 'leaves')} {needs} a person, in {places}."
    return said


def _lifted(plan: Plan) -> Iterator[_Lifted]:
    """Each leaf, lifted in memory, with what is left to do then."""
    files = fix.open_files(plan, plan.leaves)
    migrations = {
        leaf.path: migrate(files[leaf.path].document, leaf.path)
        for leaf in plan.leaves
        if leaf.path in files and leaf.files.qna is not None
    }
    _mend(plan, files, migrations)
    newest = {path for path, migration in migrations.items() if migration.is_newest or migration.version is not None}
    found = _errors(plan, newest, files)
    prefix = plan.settings.prefix
    for leaf in plan.leaves:
        entry = leaf.files.document or leaf.files.blocked
        if entry is None:
            continue
        place = prefix + entry.path
        migration = migrations.get(leaf.path)
        if migration is None:
            reason = "it must be named qna.yaml" if leaf.path in files else "it cannot be read"
            line = _line(place, None, f"mend it first: {reason}")
            yield _Lifted(path=entry.path, left=(line,), unopened=leaf.path not in files and _is_unopened(plan, entry))
            continue
        left = [_line(place, one.span, one.message) for one in migration.left]
        left += [_told_of(error, prefix) for error in found.get(leaf.path, ())]
        mending = files[leaf.path].mending if migration.version is not None else None
        yield _Lifted(path=entry.path, version=migration.version, mending=mending, left=tuple(left))


def _is_unopened(plan: Plan, entry: Entry) -> bool:
    """Whether a file, or a folder in its place, cannot be opened."""
    if not entry.regular:
        return entry.mode == FOLDER
    content = read_beneath(fix.root_of(plan), entry.path)
    return isinstance(content, Unreadable) and content.code == unreadable_file.CODE


def _mend(plan: Plan, files: Mapping[str, OpenFile], migrations: dict[str, Migration]) -> None:
    """Give the files what became of them. What yamllint would refuse from now on is mended where that is safe.

    It is mended before the document is lifted, which then says where its places are.
    """
    lifted = {path for path, migration in migrations.items() if migration.version is not None}
    before = {path: files[path].document for path in lifted}
    for path in lifted:
        files[path].put(migrations[path].content)
    for path, errors in _errors(plan, lifted, files).items():
        mended = fixes(before[path], Wanted.of(error for error in errors if error.fixable))
        if mended.edits:
            migrations[path] = migrate(mended.content, path)
            files[path].put(migrations[path].content)


def _errors(plan: Plan, paths: Collection[str], files: Mapping[str, OpenFile]) -> dict[str, list[Diagnostic]]:
    """What makes an error of these leaves, as they will be, that version 1 did not ask for; by leaf.

    What the schema says is marked in place.
    """
    leaves = [
        replace(leaf, files=replace(leaf.files, qna=replace(leaf.files.qna, oid=None)))
        for leaf in plan.leaves
        if leaf.path in paths and leaf.files.qna is not None
    ]
    found: dict[str, list[Diagnostic]] = {}
    for report in fix.afterwards(plan, leaves, files).reports() if leaves else ():
        errors = [one for one in report.diagnostics if one.code in _SINCE_2 and one.severity is Severity.ERROR]
        if errors:
            found[report.path] = errors
    return found


def _told_of(error: Diagnostic, prefix: str) -> str:
    if error.code == _MISSING:
        folder = f"{error.leaf}/" if error.leaf else ""
        message = "write it: from version 2 on, a leaf says where its seed examples come from"
        return _line(f"{prefix}{folder}{ATTRIBUTION_FILE}", None, message)
    # Of a leaf that was lifted, that is mended; one of version 3 is not touched.
    how = "mend it with `taxonomy check --fix`" if error.fixable else "mend it"
    return _line(prefix + error.file, error.span, f"{how}: {error.message}")


def _line(file: str, span: Span | None, message: str) -> str:
    place = f":{span.line}:{span.column}" if span else ""
    return f"  {escape(file)}{place}: {message}"
