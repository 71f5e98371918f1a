"""`taxonomy init`: a taxonomy repository, set up for hooks, pull requests and editors."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from taxonomy_tools import installed, setup
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import Repository
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.rewrite import create
from taxonomy_tools.setup import File, Tools
from taxonomy_tools.source import MAX_BYTES, read_beneath

_DEFAULTS = tuple(f"refs/remotes/{name}" for name in ("origin/HEAD", "upstream/HEAD"))
"""What names the branch that pull requests go to."""
_SHOWN = 60
"""Lines of a file that are shown; of more only how many there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was asked for. `tools` is None where nobody has said where these tools come from.

    `dry_run` writes nothing, `sure` asks nothing.
    """

    taxonomy_path: Path | None = None
    tools: Tools | None = None
    dry_run: bool = False
    sure: bool = False


def run(wish: Wish) -> int:
    """Show what is missing, and write it; gives the exit code.

    What is there stays as it is, and what it may lack is said. Raises TaxonomyError outside of a working tree, and
    where a file cannot be written (those before it are).
    """
    repository = Repository.discover(wish.taxonomy_path)
    if repository.bare:
        raise TaxonomyError(
            f"{repository.root} is a bare repository: it has no files to set up.",
            Remedy("Clone it:", "git clone URL FOLDER"),
        )
    folder = repository.prefix if wish.taxonomy_path is not None else ""
    branch = _default_branch(repository)
    _refuse_odd_text(wish.tools, folder, branch)
    tools = wish.tools or Tools.found()
    files = tuple(setup.files(tools, folder, branch))
    missing = [file for file in files if not os.path.lexists(repository.root / file.path)]
    for file in missing:
        _show(file)
    _say_what_stays(repository, [file for file in files if file not in missing])
    if not tools.requirement and not os.path.lexists(repository.root / setup.WORKFLOW_FILE):
        click.echo(f"{setup.WORKFLOW_FILE}: not written, as nobody has said where a runner gets taxonomy-tools from.")
        click.echo("  Name its Git repository:  taxonomy init --tools URL\n")
    if not missing:
        click.echo("Nothing to write: every file is there.")
        return 0
    if wish.dry_run:
        click.echo(f"Would write {count(len(missing), 'file')}.")
        return 0
    if not wish.sure and sys.stdin.isatty() and sys.stderr.isatty():
        question = f"Write {count(len(missing), 'file')} to {reveal(str(repository.root))}?"
        if not click.confirm(question, default=True, err=True):
            click.echo("Nothing was written.")
            return 0
    _write(repository.root, missing)
    click.echo("\nThen:  git add --all && pre-commit install && taxonomy doctor")
    return 0


def _default_branch(repository: Repository) -> str:
    """The branch that pull requests go to: what a remote says of itself, else the one that is checked out."""
    head = repository.existing(_DEFAULTS)
    if head is not None and head.target != head.name:
        return head.target.removeprefix("refs/remotes/").partition("/")[2]
    return repository.branch() or "main"


def _refuse_odd_text(tools: Tools | None, folder: str, branch: str) -> None:
    """Raise TaxonomyError for text that cannot stand in the files."""
    if tools is not None and tools.fault:
        remedies = (
            Remedy("For example:", "--tools https://github.com/OWNER/taxonomy-tools"),
            Remedy("and:", f"--tools-rev {Tools().rev}"),
        )
        raise TaxonomyError(f"{tools.fault}.", *remedies)
    for what, text in (("the taxonomy's folder", folder), ("the default branch", branch)):
        # GitHub evaluates the latter, also where it is quoted.
        if not text.isprintable() or "${{" in text:
            raise TaxonomyError(f"{what} has a name that cannot stand in a configuration: {escape(text)}.")


def _show(file: File) -> None:
    """Print a file that is to be written, as it will be."""
    lines = file.content.splitlines()
    click.echo(f"{escape(file.path)}: {file.why}")
    if len(lines) > _SHOWN:
        click.echo(f"  ({len(lines)} lines)")
    else:
        for line in lines:
            click.echo(f"  | {reveal(line)}".rstrip())
    click.echo()


def _say_what_stays(repository: Repository, files: Sequence[File]) -> None:
    """Print which files are kept, and what is to be added to them by hand."""
    for file in files:
        content = read_beneath(repository.root, file.path, limit=MAX_BYTES)
        if content == file.content.encode():
            click.echo(f"{escape(file.path)}: there already, and the same.")
        elif not _lacks(repository, file, content if isinstance(content, bytes) else b""):
            click.echo(f"{escape(file.path)}: there already, and kept.")
        else:
            where = " to its `repos`" if file.path == installed.CONFIG_FILE else ""
            click.echo(f"{escape(file.path)}: there already, and kept. Add{where} by hand:")
            for line in file.part.splitlines():
                click.echo(f"  | {reveal(line)}".rstrip())
    if files:
        click.echo()


def _lacks(repository: Repository, file: File, content: bytes) -> bool:
    """Whether a file that is kept has nothing of what it would have."""
    if file.path == installed.CONFIG_FILE:
        wanted = installed.wanted(repository.root)
        return wanted is None or not wanted.hooks
    return bool(file.part) and b".vscode/schemas/" not in content


def _write(root: Path, files: Sequence[File]) -> None:
    for file in files:
        try:
            create(root, file.path, file.content.encode())
        except OSError as error:
            raise TaxonomyError(
                f"{escape(file.path)} cannot be written: {error.strerror or error}.",
                Remedy("See what is there:", "ls -l"),
            ) from error
        click.echo(f"Wrote {escape(file.path)}")
