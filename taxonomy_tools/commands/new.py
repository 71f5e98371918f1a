"""`taxonomy new`: a leaf to fill in, in its place, with what is known already."""

import os
import re
import shlex
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import click

from taxonomy_tools import template
from taxonomy_tools.attribution import Field
from taxonomy_tools.cache import Cache
from taxonomy_tools.commands.reporting import announce
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import NotARepository, Repository, Settings
from taxonomy_tools.identity import Identity, github_user
from taxonomy_tools.layout import (
    ATTRIBUTION_FILE,
    GROUNDED_FOLDER,
    KNOWLEDGE_FOLDER,
    QNA_FILE,
    SKILL_FOLDER,
    LeafKind,
    fold,
    in_taxonomy,
    is_leaf_file,
)
from taxonomy_tools.plan import Selection, plan_check, settled_for
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.rewrite import create
from taxonomy_tools.rules import bad_folder_name
from taxonomy_tools.settle import NOTHING_GIVEN
from taxonomy_tools.source import MAX_BYTES, Revision, WorkTree
from taxonomy_tools.standards import Standards
from taxonomy_tools.template import Known

KINDS: Mapping[str, LeafKind] = {
    "freeform": LeafKind.FREEFORM_SKILL,
    "grounded": LeafKind.GROUNDED_SKILL,
    "knowledge": LeafKind.KNOWLEDGE,
}
_GAPS = frozenset({"TX305", "TX506"})
"""The rules that find what a template leaves empty."""
_SUBJECT = re.compile(r"(?:item \d+ of )?`(\w+)`")
_LACKING = re.compile(r"the work is named without (.*)")
_SHOWN = 20
_KNOWLEDGE_ONLY = ("domain", "document_outline", "repo", "commit", "patterns")
_OPTIONS = {
    "created_by": "--created-by",
    "task_description": "--task-description",
    "domain": "--domain",
    "document_outline": "--document-outline",
    "repo": "--document-repo",
    "commit": "--document-commit",
    "patterns": "--document-pattern",
}
_QUESTIONS = {
    "created_by": "Your user name on GitHub",
    "task_description": "What the model is to learn, in a sentence",
    "domain": "The field that the facts belong to, as short as a chapter's title",
    "document_outline": "What the document is about, in a sentence or two",
    "repo": "The address of the document's Git repository",
    "commit": "The commit that holds it (all 40 digits)",
    "patterns": "Its files (a path, or a pattern like *.md)",
    Field.TITLE: "The title of the work that the leaf is made from (your own has one too)",
    Field.LINK: "Its address",
    Field.REVISION: "Its revision (the address of that version of the page)",
    Field.LICENSE: "Its licence, as an SPDX identifier",
    Field.CREATOR: "Who made it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was asked for. `source` is a prepared `qna.yaml` ("-": standard input), `kind` one of KINDS or None.

    `ask` says whether to ask for what is not known, if there is a terminal to ask on.
    """

    path: Path
    taxonomy_path: Path | None = None
    kind: str | None = None
    source: Path | None = None
    known: Known = field(default_factory=Known)
    attribution: Mapping[Field, str] = field(default_factory=dict)
    ask: bool = True

    def command(self, *words: str) -> str:
        """A command of `taxonomy` on the same taxonomy, to be typed in a shell."""
        where = () if self.taxonomy_path is None else ("-C", escape(os.fspath(self.taxonomy_path)))
        return shlex.join(("taxonomy", words[0], *where, *words[1:]))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taxonomy:
    """The taxonomy that a leaf is to be in: its root, what its leaves are held to, and Git's config.

    `folder` is its place below the repository's root.
    """

    root: Path
    folder: str
    standards: Standards
    settings: Settings


def run(wish: Wish) -> int:
    """Write a leaf, and say what is still to be written; gives the exit code.

    Raises TaxonomyError where the leaf cannot be there, and where something is there already.
    """
    _refuse_text_of_no_file(wish)
    taxonomy = _find(wish.taxonomy_path)
    leaf = _place(wish, taxonomy)
    kind = _kind(wish, leaf)
    if wish.source is not None and wish.known != Known():
        raise _in_the_file(wish.known)
    if kind is not LeafKind.KNOWLEDGE and (given := [name for name in _KNOWLEDGE_ONLY if getattr(wish.known, name)]):
        raise TaxonomyError(f"{_OPTIONS[given[0]]} is for knowledge, and {escape(leaf)} is a {kind.value}.")
    if kind is LeafKind.KNOWLEDGE and wish.known.task_description:
        raise TaxonomyError(
            "--task-description is for skills.", Remedy("Knowledge has a domain:", "--domain 'Medieval history'")
        )
    prepared = None if wish.source is None else _read(wish.source)
    identity = github_user(taxonomy.settings, os.environ)
    wish = _asked(wish, kind, identity, taxonomy.settings)
    if not wish.known.created_by and identity is not None:
        wish = replace(wish, known=replace(wish.known, created_by=identity.user))
        if prepared is None:
            announce(f"created_by is {identity.user}, from {identity.origin}.")
    qna = prepared if prepared is not None else template.document(kind, wish.known, taxonomy.standards).encode()
    _write(taxonomy.root, leaf, qna, template.attribution(kind, wish.attribution).encode())
    for name in (QNA_FILE, ATTRIBUTION_FILE):
        click.echo(f"Wrote {escape('/'.join(filter(None, (taxonomy.folder, leaf, name))))}")
    _say_what_is_left(wish, taxonomy.root, leaf)
    return 0


# --- where


def _find(taxonomy_path: Path | None) -> _Taxonomy:
    """The taxonomy at a path, or that of the current directory. Raises TaxonomyError if it has no working tree."""
    if taxonomy_path is not None and not taxonomy_path.is_dir():
        raise TaxonomyError(f"there is no folder {taxonomy_path}.", Remedy("Name the taxonomy's root:", "-C PATH"))
    _insist_on_files(taxonomy_path)
    settled = settled_for(Selection(taxonomy_path=taxonomy_path), given=NOTHING_GIVEN, environ=os.environ)
    files = settled.files
    assert files is not None
    settings = files.source.repository.settings if isinstance(files.source, WorkTree | Revision) else Settings()
    return _Taxonomy(
        root=files.top / files.folder, folder=files.folder, standards=settled.config.standards, settings=settings
    )


def _insist_on_files(taxonomy_path: Path | None) -> None:
    """Raise TaxonomyError in a bare repository, and in what Git keeps for itself of any other."""
    try:
        repository = Repository.discover(taxonomy_path)
    except NotARepository:
        return
    if repository.bare:
        raise TaxonomyError(
            f"{escape(str(repository.root))} is Git's own folder, with no working tree: no leaf can be there.",
            Remedy("Name the taxonomy's root:", "-C PATH"),
        )


def _place(wish: Wish, taxonomy: _Taxonomy) -> str:
    """The folder of the leaf, relative to the taxonomy. Raises TaxonomyError where no leaf can be."""
    leaf = _inside(wish, taxonomy)
    names = leaf.split("/")
    for name in names:
        if name.casefold() in {".git", "git~1"}:
            raise TaxonomyError(f"no folder can be named `{name}`: Git keeps that name for itself.")
        if fault := bad_folder_name.fault(name):
            better = "/".join(bad_folder_name.mended(one) if bad_folder_name.fault(one) else one for one in names)
            remedy = Remedy("Write:", wish.command("new", better))
            mendable = "//" not in f"/{better}/"
            raise TaxonomyError(
                f"the folder name `{escape(name)}` {fault}.",
                *([remedy] if mendable else [Remedy("Give the folder another name.")]),
            )
    _look_around(wish, taxonomy.root, leaf)
    return leaf


def _inside(wish: Wish, taxonomy: _Taxonomy) -> str:
    """The path relative to the taxonomy, as it was typed from the current directory or from the taxonomy's root.

    What begins with a folder of the taxonomy was typed from its root, unless there is such a folder here as well.
    """
    folders = taxonomy.standards.taxonomy_folders
    typed = PurePosixPath(os.fspath(wish.path))
    if typed.is_absolute() or ".." in typed.parts:
        what = "an absolute path" if typed.is_absolute() else "a path with `..` in it"
        raise TaxonomyError(
            f"{escape(str(typed))} is {what}: a leaf is named by the folders that lead to it.",
            Remedy("Name it from the taxonomy's root:", wish.command("new", f"{folders[0]}/FOLDER/FOLDER")),
        )
    if is_leaf_file(typed.name):
        typed = typed.parent
    places = [typed]
    here, root = os.path.realpath(Path.cwd()), os.path.realpath(taxonomy.root)
    if here != root and here.startswith(os.path.join(root, "")):
        from_here = PurePosixPath(os.path.relpath(here, root)) / typed
        rooted = in_taxonomy(str(typed), folders) and not (Path.cwd() / typed.parts[0]).is_dir()
        places = [typed, from_here] if rooted or not in_taxonomy(f"{from_here}/", folders) else [from_here, typed]
    for place in places:
        if in_taxonomy(str(place), folders) and str(place) not in folders:
            return str(place)
    raise TaxonomyError(
        f"{escape(str(wish.path))} is no place for a leaf: it must lie below {_either(folders)}.",
        Remedy("For example:", wish.command("new", f"{folders[-1]}/science/birds")),
    )


def _either(names: Sequence[str]) -> str:
    quoted = [f"`{name}/`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _look_around(wish: Wish, root: Path, leaf: str) -> None:
    """Raise TaxonomyError if something on the way to the leaf, in its place or below it is in the way."""
    folder = ""
    for name in leaf.split("/"):
        above, folder = folder, f"{folder}/{name}".removeprefix("/")
        twin = _twin(root / above, name)
        if twin is not None:
            better = leaf.replace(folder, f"{above}/{twin}".removeprefix("/"), 1)
            raise TaxonomyError(
                f"there is `{escape(twin)}` already, and `{escape(name)}` is the same name to some systems.",
                Remedy("Write:", wish.command("new", better)),
            )
        mode = _mode(root / folder)
        if mode is None:
            return
        if not stat.S_ISDIR(mode):
            what = "a symbolic link" if stat.S_ISLNK(mode) else "no folder"
            raise TaxonomyError(f"{escape(folder)} is {what}: no leaf can be there.")
        if _mode(root / folder / ".git") is not None:
            raise TaxonomyError(f"{escape(folder)} is another repository: no leaf of this one can be there.")
        there = sorted(one for one in os.listdir(root / folder) if is_leaf_file(one))
        if there and folder == leaf:
            raise TaxonomyError(
                f"there is {escape(f'{leaf}/{there[0]}')} already, and nothing is overwritten.",
                Remedy("See what is still to be done to it:", wish.command("check", _shown(root, leaf))),
            )
        if there:
            raise TaxonomyError(
                f"{escape(folder)} is a leaf itself, and a leaf cannot lie in another.",
                Remedy("Choose a folder beside it:", wish.command("new", _beside(folder, leaf))),
            )
    inner = next(_leaves_below(root / leaf), None)
    if inner is not None:
        raise TaxonomyError(
            f"there are leaves below {escape(leaf)}, such as {escape(inner)}: a leaf cannot hold others.",
            Remedy("Choose a folder beside them:", wish.command("new", f"{leaf}/NAME")),
        )


def _beside(outer: str, leaf: str) -> str:
    return f"{outer.rpartition('/')[0]}/{leaf.rpartition('/')[2]}".removeprefix("/")


def _mode(path: Path) -> int | None:
    """The mode of what stands at a path itself, None if nothing does. Raises TaxonomyError if that cannot be told."""
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TaxonomyError(f"{escape(str(path))} cannot be looked at: {error.strerror}.") from error


def _twin(folder: Path, name: str) -> str | None:
    """A name in a folder that differs from this one only in case or composition, None where there is none."""
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    if name in names:
        return None
    return next((one for one in sorted(names) if fold(one) == fold(name)), None)


def _leaves_below(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        if Path(place) != folder and any(map(is_leaf_file, files)):
            yield Path(place).relative_to(folder).as_posix()


# --- what


def _kind(wish: Wish, leaf: str) -> LeafKind:
    """The kind that the path tells, or that was named. Raises TaxonomyError where they contradict each other."""
    named = None if wish.kind is None else KINDS[wish.kind]
    if leaf.startswith(f"{KNOWLEDGE_FOLDER}/"):
        return _agreed(named, LeafKind.KNOWLEDGE, leaf)
    if leaf.startswith(f"{GROUNDED_FOLDER}/"):
        return _agreed(named, LeafKind.GROUNDED_SKILL, leaf)
    if leaf.startswith(f"{SKILL_FOLDER}/"):
        return _agreed(named, LeafKind.FREEFORM_SKILL, leaf)
    if named is not None:
        return named
    if wish.ask and _is_terminal():
        chosen: str = click.prompt("What kind of leaf", type=click.Choice(tuple(KINDS)), err=True)
        return KINDS[chosen]
    raise TaxonomyError(
        f"{escape(leaf)} does not tell what kind of leaf it is to be.",
        Remedy("Say so:", f"{wish.command('new', '--kind')} {'|'.join(KINDS)} {shlex.quote(leaf)}"),
    )


def _agreed(named: LeafKind | None, told: LeafKind, leaf: str) -> LeafKind:
    if named in (None, told):
        return told
    places = {
        LeafKind.KNOWLEDGE: f"below {KNOWLEDGE_FOLDER}/",
        LeafKind.GROUNDED_SKILL: f"below {GROUNDED_FOLDER}/",
        LeafKind.FREEFORM_SKILL: f"below {SKILL_FOLDER}/, but not in {GROUNDED_FOLDER}/",
    }
    assert named is not None
    raise TaxonomyError(
        f"{escape(leaf)} is a place for a leaf of another kind: {told.value}.",
        Remedy(f"Leaves of the kind {named.value} lie {places[named]}."),
    )


def _refuse_text_of_no_file(wish: Wish) -> None:
    """Raise TaxonomyError for values that no text file can hold: bytes that are not UTF-8 come as lone surrogates."""
    known = wish.known
    values = {
        **{option: getattr(known, name) for name, option in _OPTIONS.items() if name != "patterns"},
        **{f"--document-pattern {number}": pattern for number, pattern in enumerate(known.patterns, 1)},
        **{f"--{name.name.lower()}": value for name, value in wish.attribution.items()},
    }
    for option, value in values.items():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise TaxonomyError(f"the value of {option} is not UTF-8.") from error


def _in_the_file(known: Known) -> TaxonomyError:
    option = next(option for name, option in _OPTIONS.items() if getattr(known, name))
    return TaxonomyError(f"--from takes the document as it is: {option} cannot go with it.")


def _read(source: Path) -> bytes:
    """The bytes of a prepared document. Raises TaxonomyError."""
    try:
        if os.fspath(source) == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with source.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TaxonomyError(f"{escape(str(source))}, which --from names, cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise TaxonomyError(f"{escape(str(source))} has more than the {MAX_BYTES:,} bytes that a leaf may have.")
    if not content.strip():
        raise TaxonomyError(f"{escape(str(source))}, which --from names, is empty.")
    return content


# --- asking


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked(wish: Wish, kind: LeafKind, identity: Identity | None, settings: Settings) -> Wish:
    """The wish with what a person answers, where one can be asked. An empty answer leaves it to be written."""
    if not wish.ask or not _is_terminal() or (wish.source is not None and os.fspath(wish.source) == "-"):
        return wish
    announce("Enter leaves a question for later.")
    known = wish.known if wish.source is not None else _asked_of_document(wish.known, kind, identity)
    said = {
        one: wish.attribution.get(one) or _answer(_QUESTIONS[one], settings.last("user.name") or "", one)
        for one in template.FIELDS[kind]
    }
    return replace(wish, known=known, attribution={**wish.attribution, **said})


def _asked_of_document(known: Known, kind: LeafKind, identity: Identity | None) -> Known:
    names = ("created_by", *(_KNOWLEDGE_ONLY if kind is LeafKind.KNOWLEDGE else ("task_description",)))
    for name in names:
        if not getattr(known, name):
            default = identity.user if identity is not None and name == "created_by" else ""
            answer = _prompt(_QUESTIONS[name], default)
            value: object = answer if name != "patterns" else (answer,) if answer else ()
            known = replace(known, **{name: value})  # type: ignore[arg-type] # `patterns` alone is no text
    return known


def _answer(question: str, person: str, about: Field) -> str:
    return _prompt(question, person if about is Field.CREATOR else "")


def _prompt(question: str, default: str) -> str:
    answer: str = click.prompt(question, default=default, show_default=bool(default), err=True)
    # What a terminal in another encoding sends is no text of a file.
    return answer.strip().encode("utf-8", "replace").decode()


# --- writing


def _write(root: Path, leaf: str, qna: bytes, attribution: bytes) -> None:
    """Write both files and the folders that they need, or nothing. Raises TaxonomyError."""
    missing = list(_missing_folders(root, leaf))
    written: list[str] = []
    try:
        for name, content in ((QNA_FILE, qna), (ATTRIBUTION_FILE, attribution)):
            create(root, f"{leaf}/{name}", content)
            written.append(f"{leaf}/{name}")
    except OSError as error:
        for path in written:
            with suppress(OSError):
                (root / path).unlink()
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise TaxonomyError(f"{escape(leaf)} cannot be written: {error.strerror or error}.") from error


def _missing_folders(root: Path, leaf: str) -> Iterator[Path]:
    """The folders that are not there yet, the innermost first."""
    place = root / leaf
    while place != root and not os.path.lexists(place):
        yield place
        place = place.parent


def _shown(root: Path, leaf: str) -> str:
    """The leaf as it can be typed from here."""
    path = os.path.relpath(os.path.realpath(root / leaf))
    return escape(path if not path.startswith("..") else str(root / leaf))


def _say_what_is_left(wish: Wish, root: Path, leaf: str) -> None:
    """Check the leaf, and print what a person has to write, then what else is found."""
    plan = plan_check(Selection(taxonomy_path=root, paths=(root / leaf,)), announce=announce)
    found = [one for report in plan.reports(jobs=1, cache=Cache()) for one in report.diagnostics]
    left = dict(_left(found))
    others = [one for one in found if one.code not in _GAPS and not _lacks(one)]
    if left:
        click.echo("\nStill to be written:")
        width = max(map(len, left))
        for name, what in left.items():
            click.echo(f"  {name:<{width}}  {reveal(what)}")
    if others:
        click.echo("\nFound in it already:")
        for one in others[:_SHOWN]:
            name = escape(one.file.rpartition("/")[2])
            place = f"{name}:{one.span.line}:{one.span.column}" if one.span else name
            click.echo(f"  {place}: {one.severity.value} {one.code} {one.name}: {reveal(one.message)}")
        if len(others) > _SHOWN:
            click.echo(f"  and {len(others) - _SHOWN} more")
    click.echo(f"\n{'Then' if left else 'Next'}: {wish.command('check', _shown(root, leaf))}")


def _left(found: Iterable[Diagnostic]) -> Iterator[tuple[str, str]]:
    """Each file with what is still to be written in it, in the order of its keys."""
    gaps: Counter[str] = Counter()
    for one in found:
        subject = _SUBJECT.match(one.message) if one.code in _GAPS else None
        if subject is not None:
            gaps[subject[1]] += 1
    if gaps:
        yield QNA_FILE, ", ".join(name if number == 1 else f"{name} ({number})" for name, number in gaps.items())
    for one in found:
        if lacks := _lacks(one):
            yield ATTRIBUTION_FILE, lacks


def _lacks(diagnostic: Diagnostic) -> str:
    """What an attribution lacks, in words, if that is what the finding is about."""
    said = _LACKING.match(diagnostic.message) if diagnostic.code == "TX403" else None
    return said[1] if said is not None else ""
