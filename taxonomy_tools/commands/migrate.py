"""`taxonomy migrate`: leaves of version 1 and 2, lifted to version 3 in the working tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from taxonomy_tools.commands import fix
from taxonomy_tools.commands.fix import Mending
from taxonomy_tools.commands.reporting import announce
from taxonomy_tools.diagnostics import Span
from taxonomy_tools.layout import ATTRIBUTION_FILE
from taxonomy_tools.migrate import NEWEST, migrate
from taxonomy_tools.plan import Plan, Selection, plan_check
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lifted:
    """What became of one leaf. `left` are lines for the reader, `version` the one that it had, None if it stays so."""

    path: str
    version: int | None = None
    mending: Mending | None = None
    left: tuple[str, ...] = ()


def run(selection: Selection, *, dry_run: bool) -> int:
    """Lift leaves and say what is left for a person; gives the exit code.

    Raises TaxonomyError when the job cannot be done, or a file not be written (the others are).
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
    """Each leaf, lifted in memory."""
    prefix = plan.settings.prefix
    files = fix.open_files(plan, plan.leaves)
    for leaf in plan.leaves:
        entry, file = leaf.files.document, files.get(leaf.path)
        if entry is None:
            continue
        place = prefix + entry.path
        if file is None or leaf.files.qna is None:
            reason = "it cannot be read" if file is None else "it must be named qna.yaml"
            yield _Lifted(path=entry.path, left=(_line(place, None, f"mend it first: {reason}"),))
            continue
        migration = migrate(file.document, leaf.path)
        left = [_line(place, one.span, one.message) for one in migration.left]
        if migration.version is None:
            yield _Lifted(path=entry.path, left=tuple(left))
            continue
        file.put(migration.content)
        if leaf.files.attribution is None:
            folder = f"{leaf.path}/" if leaf.path else ""
            message = "write it: from version 2 on, a leaf says where its seed examples come from"
            left.append(_line(f"{prefix}{folder}{ATTRIBUTION_FILE}", None, message))
        yield _Lifted(path=entry.path, version=migration.version, mending=file.mending, left=tuple(left))


def _line(file: str, span: Span | None, message: str) -> str:
    place = f":{span.line}:{span.column}" if span else ""
    return f"  {escape(file)}{place}: {message}"
