"""The only module that talks to Git: named queries about one repository.

Every call goes through GitPython with an argument list, bytes and `-z`. Nothing that the repository's own config or
attributes name is run: no hook, fsmonitor, filter, textconv or external diff. No call fetches but those that are named
for it, and those are announced first. A repository that lies among another one's files is not taken for one.
"""

import os
import re
import shlex
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from subprocess import PIPE, TimeoutExpired
from threading import Thread
from typing import IO, TYPE_CHECKING, Self

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.tree import Listing

if TYPE_CHECKING:
    from git.cmd import Git

MINIMUM_VERSION = (2, 30)
REGULAR_FILE = 0o100644
SYMBOLIC_LINK = 0o120000
GITLINK = 0o160000
FOLDER = 0o040000
_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_RAW = ("--raw", "-z", "--no-renames", "--no-abbrev", "--no-relative", "--ignore-submodules=dirty")
_HASH = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_ARGUMENTS = 200
_COMMITS = 256 << 20  # bytes that are read of what commits say
_HALF = 32 << 10  # bytes that are kept of the start, and of the end, of what is longer than both in a commit
_CHUNK = 1 << 16
_WINDOW = 32  # object names that wait in a pipe at once: 2 kB, less than the smallest pipe holds

# Git's own environment of a hook, as far as it says *which* repository is meant.
_SPEAKS_OF_A_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_PATHS_FROM_THE_START = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
# Settings that a user makes for every repository (safe.directory in a container): `git` keeps them for others too.
_SPEAKS_OF_NO_REPOSITORY = frozenset({"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_NO_REPLACE_OBJECTS"})

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # the only thing that stops a lazy fetch before Git 2.45
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a hash names what it is the hash of
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_GLOB_PATHSPECS": "0",
    "GIT_NOGLOB_PATHSPECS": "0",
    "GIT_ICASE_PATHSPECS": "0",
}
# An empty core.fsmonitor is none to every version; "false" was the name of a program before 2.36.
_SETTINGS = {
    "core.fsmonitor": "",
    "core.hooksPath": os.devnull,
    "core.alternateRefsCommand": "",
    "core.warnAmbiguousRefs": "true",
}
_CONFIG_KEYS = (
    r"^(core\.(autocrlf|sshcommand|askpass|hookspath)|github\.user|user\.(name|email)|filter\..*"
    r"|remote\..*\.(url|promisor|partialclonefilter|uploadpack)|extensions\.partialclone|credential\..*"
    r"|http\.(.*\.)?(cookiefile|savecookies))$"
)
_TRUSTED_SCOPES = frozenset({"system", "global", "command"})
_NETWORK_PROTOCOLS = "file:git:http:https:ssh"
_GIT_FOLDER = ".git"
_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
    "--stdin",
)
# libcurl reads that file, and with the second setting writes it anew: by the user's own config alone.
_COOKIES = {"http.cookiefile": "", "http.savecookies": "false"}


class NotARepository(TaxonomyError):
    """There is no Git repository at that place."""


class FetchFailed(TaxonomyError):
    """A remote did not give what it was asked for. `because` ends a sentence: what Git died of, in brackets."""

    def __init__(self, remote: str, because: str) -> None:
        super().__init__(f"`{remote}` did not give what it was asked for{because}.")
        self.because = because


class UnknownRef(TaxonomyError):
    """A ref names no commit, or more than one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawChange:
    """One path that differs between two states, as Git's raw diff says it.

    `path` is relative to the repository's root (`os.fsdecode` of Git's bytes). A mode of 0 says that the path is not
    there on that side; an oid is None where Git has not hashed the content. `status` is Git's letter (A, D, M, T, U),
    or `?` for an untracked path, whose mode is not known; an untracked nested repository ends in `/`. `!` is a folder
    of the working tree that cannot be listed.
    """

    path: str
    old_mode: int
    new_mode: int
    old_oid: str | None
    new_oid: str | None
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkTreeChanges:
    """What differs between a tree and the working tree, and every path that is neither tracked nor ignored."""

    changes: tuple[RawChange, ...]
    untracked: Listing

    def __iter__(self) -> Iterator[RawChange]:
        return iter(self.changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingRef:
    """A ref, by its full name. `target` is what a symbolic one (refs/remotes/origin/HEAD) points at, else itself."""

    name: str
    target: str
    commit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """The content of a blob, or None where it is larger than was asked for. `size` is in bytes."""

    oid: str
    size: int
    data: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a repository's config says, as far as it matters here: (scope, key, value) in the order that Git reads."""

    entries: tuple[tuple[str, str, str | None], ...] = ()

    def last(self, key: str) -> str | None:
        """The value in force of a single-valued key ("true" for a key without a value), None where it is not set."""
        return next(
            ("true" if value is None else value for _, name, value in reversed(self.entries) if name == key), None
        )

    def subsections(self, section: str, *variables: str) -> tuple[str, ...]:
        """The names X for which `section.X.variable` is set, for any of the variables (for any at all without)."""
        found: dict[str, None] = {}
        for _, key, _ in self.entries:
            head, _, variable = key.rpartition(".")
            kind, dot, name = head.partition(".")
            if dot and kind == section and (not variables or variable in variables):
                found[name] = None
        return tuple(found)

    @property
    def promisors(self) -> tuple[str, ...]:
        """The remotes that a partial clone takes missing objects from, none for a complete clone."""
        extension = self.last("extensions.partialclone")
        remotes = self.subsections("remote", "promisor", "partialclonefilter")
        return tuple(dict.fromkeys((extension, *remotes) if extension else remotes))


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit: its hash, its author as it says itself (no mailmap), and its message.

    Text that is not in the encoding that the commit names is held as `os.fsdecode` holds it; of more than 64 KiB, only
    the first and the last lines. `rooted` says that it has no parents here: it is a first commit, or a shallow clone
    ends with it.
    """

    oid: str
    name: str
    email: str
    message: str
    rooted: bool = False


Announce = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """One repository, and how to ask it. Made by `discover`; cheap to pickle.

    `root` is the top of the working tree, or the Git directory where there is no working tree (`bare`). `prefix` is
    the folder below `root` that was asked for, `""` for the root itself.
    """

    root: Path
    git_dir: Path
    bare: bool
    shallow: bool
    object_format: str
    prefix: str = ""
    settings: Settings = field(default_factory=Settings, repr=False)
    unset: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def discover(cls, path: Path | None = None) -> Self:
        """Find the repository that `path` lies in; None means the current directory and Git's own environment.

        The variables of a hook (GIT_DIR, GIT_INDEX_FILE, ...) are kept for the repository that they speak of, and
        dropped for any other.

        Raises:
            NotARepository: there is none.
            TaxonomyError: Git is missing, too old, or refuses (safe.directory); the path is not there; what Git takes
                for the repository is a folder among another one's files, and GIT_DIR does not name it.

        """
        start = _folder(path)
        if not any(os.environ.get(name) for name in _SPEAKS_OF_A_REPOSITORY):
            return cls._with_settings(_facts(start))
        return cls._discover_in_hook(start, explicit=path is not None)

    @classmethod
    def _discover_in_hook(cls, start: Path, *, explicit: bool) -> Self:
        kept = {name: os.path.abspath(os.environ[name]) for name in _PATHS_FROM_THE_START if os.environ.get(name)}
        unset = _local_variables()
        spoken_of = _facts_or_none(Path.cwd(), environment=kept)
        found = _facts_or_none(start, unset=unset)
        if found is not None and spoken_of is not None and found.git_dir == spoken_of.git_dir:
            if "GIT_DIR" in kept:
                found = replace(found, enclosing=None)
            # With GIT_DIR alone, Git takes the folder that it stands in for the top: only `found` knows the true one.
            if "GIT_WORK_TREE" in kept:
                kept["GIT_WORK_TREE"] = os.fspath(found.top)
            return cls._with_settings(found, environment=kept)
        if spoken_of is not None and not explicit:
            return cls._with_settings(spoken_of, environment=kept)
        if found is not None and spoken_of is not None and found.implied and spoken_of.holds(found.git_dir):
            raise _embedded(found.git_dir, spoken_of.top)  # GIT_DIR's working tree need not have a `.git`
        if found is None and spoken_of is not None and start.resolve().is_relative_to(spoken_of.top):
            inside = start.resolve().relative_to(spoken_of.top).as_posix()
            return cls._with_settings(replace(spoken_of, prefix="" if inside == "." else inside), environment=kept)
        return cls._with_settings(found or _facts(start, unset=unset), unset=unset)

    @classmethod
    def _with_settings(
        cls, facts: "_Facts", *, unset: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
    ) -> Self:
        if facts.enclosing is not None:
            raise _embedded(facts.git_dir, facts.enclosing)
        repository = cls(
            root=facts.top,
            git_dir=facts.git_dir,
            bare=facts.root is None,
            shallow=facts.shallow,
            object_format=facts.object_format,
            prefix=facts.prefix,
            unset=unset,
            environment=environment or {},
        )
        return replace(repository, settings=repository._read_settings())

    @property
    def empty_tree(self) -> str:
        """The hash of the tree without entries; Git knows it without having it."""
        return _EMPTY_TREES[self.object_format]

    # Commits

    def resolve(self, ref: str, *, option: str = "--base") -> str:
        """The full hash of the commit that `ref` names. `option` is how the user named it, for the advice.

        Raises:
            UnknownRef: it names no commit here, or is ambiguous.

        """
        if not ref or "\0" in ref:
            raise UnknownRef(f"`{ref!r}` is no name of a commit.", Remedy("Name one:", f"{option} main"))
        status, out, err = self._run("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        commit = out.strip()
        if status != 0 and (named := self._object(ref)) is not None:
            # `:/text` takes what follows for its own: there, the name comes first and the peeling later.
            commit = (self.commit(named) or "").encode()
        if b"is ambiguous" in err:
            raise self._ambiguous(ref, option)
        if not _HASH.match(commit):
            raise self._unknown(ref, option)
        return commit.decode()

    def head(self) -> str | None:
        """The commit that HEAD stands on, None where there is no commit yet."""
        return self.commit("HEAD")

    def branch(self) -> str:
        """The name of the branch that is checked out, if only to be (no commit yet); "" where it is none."""
        status, out, _ = self._run("symbolic-ref", "--quiet", "HEAD")
        return os.fsdecode(out.rstrip(b"\n")).removeprefix("refs/heads/") if status == 0 else ""

    def commit(self, revision: str) -> str | None:
        """The commit of a revision that may be absent (`HEAD^2`, a hash), None where it is."""
        return self._object(f"{revision}^{{commit}}")

    def _object(self, revision: str) -> str | None:
        query = ("rev-parse", "--verify", "--quiet", "--end-of-options", revision)
        status, out, _ = self._run(*query)
        return out.strip().decode() if status == 0 and _HASH.match(out.strip()) else None

    def existing(self, refs: Sequence[str]) -> ExistingRef | None:
        """The first of these full ref names that exists here."""
        layout = "%(refname)%00%(symref)%00%(objectname)"
        found = {}
        for line in self._output("for-each-ref", f"--format={layout}", "--", *refs).splitlines():
            name, target, commit = (os.fsdecode(part) for part in line.split(b"\0"))
            found[name] = ExistingRef(name=name, target=target or name, commit=commit)
        return next((found[ref] for ref in refs if ref in found), None)

    def merge_base(self, one: str, *others: str) -> str | None:
        """The newest merge base of one commit and the (imagined) merge of the others, None where there is none."""
        status, out, err = self._run("merge-base", "--all", one, *others)
        if status not in (0, 1):
            raise self._failed("find the merge base", err)
        bases = out.decode().split()
        if len(bases) < 2:
            return bases[0] if bases else None
        return self._output("rev-list", "--no-walk=sorted", "--max-count=1", *bases).decode().strip()

    def merge_heads(self) -> tuple[str, ...]:
        """What is being merged right now: the commits of MERGE_HEAD, none outside a merge."""
        try:
            text = (self.git_dir / "MERGE_HEAD").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise TaxonomyError(f"cannot read {self.git_dir / 'MERGE_HEAD'}: {error.strerror}.") from error
        return tuple(line.decode() for line in text.split() if _HASH.match(line))

    def behind(self, base: str, *heads: str) -> int:
        """How many commits `base` has that none of the heads has."""
        return int(self._output("rev-list", "--count", base, "--not", *heads))

    def commits(self, head: str, *, without: str, limit: int) -> tuple[Commit, ...]:
        """The newest commits of `head` that are not in `without` and no merges, the newest first, at most `limit`.

        Raises TaxonomyError if they have more to say than anybody could read (256 MiB).
        """
        # rev-list obeys no log.* setting (log.showSignature runs a program), and no text of a commit can hold a NUL.
        layout = "--format=format:%H%x00%P%x00%an%x00%ae%x00%B%x00"
        query = ("rev-list", "--no-merges", f"--max-count={limit}", "--encoding=UTF-8", layout, head, f"^{without}")
        process = self._start(*query, "--")
        try:
            found = tuple(_parse_commits(_fields(process.stdout)))
        except TaxonomyError:
            _end(process)
            raise
        _, err = process.communicate()
        if process.returncode != 0:
            raise self._failed("list the commits", err)
        return found

    def is_cut_off(self, head: str, *, without: str) -> bool:
        """Whether history ends among the commits that `head` has and `without` has not: one of them has no parents.

        In a shallow clone it may end there only because the clone does.
        """
        return bool(self._output("rev-list", "--max-parents=0", "--max-count=1", head, f"^{without}", "--"))

    def superproject(self) -> Path | None:
        """The top of the working tree that has this repository as a submodule, None where none has.

        Git's own answer (--show-superproject-working-tree) drops our settings on the way to what lies above, and runs
        what the config there names.
        """
        try:
            above = Repository.discover(self.root.parent)
        except NotARepository:
            return None
        if above.bare or not self.root.is_relative_to(above.root):
            return None
        place = self.root.relative_to(above.root).as_posix()
        absorbed = self.git_dir.is_relative_to(above.git_dir / "modules")
        return above.root if absorbed or place in above.submodules(under=[place]) else None

    def submodules(self, *, under: Sequence[str] = ()) -> frozenset[str]:
        """The paths of the index that are commits of other repositories."""
        listing = self._output("ls-files", "-s", "-z", "--", *under).split(b"\0")
        links = (line for line in listing if line.startswith(b"%o " % GITLINK))
        return frozenset(os.fsdecode(line.partition(b"\t")[2]) for line in links)

    def remotes(self) -> tuple[str, ...]:
        """The names of the configured remotes."""
        return self.settings.subsections("remote", "url")

    # Paths

    def tree_changes(self, old: str, new: str, *, under: Sequence[str] = ()) -> Iterator[RawChange]:
        """What differs between two trees (or commits). Looks neither at the index nor at the working tree."""
        # diff-tree reads the index, which it needs for nothing here: one that is not there costs nothing.
        no_index = {"GIT_INDEX_FILE": os.fspath(self.git_dir / "taxonomy-tools-needs-no-index")}
        return _parse_raw(self._output("diff-tree", "-r", *_RAW, old, new, "--", *under, environment=no_index))

    def index_changes(self, old: str, *, under: Sequence[str] = ()) -> Iterator[RawChange]:
        """What differs between a tree and the index. Unmerged paths have status `U`."""
        self._need_worktree("index")
        query = ("diff-index", "--cached", "--ita-invisible-in-index", *_RAW, old, "--", *under)
        return _parse_raw(self._output(*query))

    def worktree_changes(self, old: str, *, under: Sequence[str] = ()) -> WorkTreeChanges:
        """What differs between a tree and the working tree: tracked paths, then unmerged and untracked ones.

        A path may come twice: as deleted and as untracked (`git rm --cached`), or as modified and as unmerged.
        The two questions are asked at the same time; each walks the tree once.
        """
        self._need_worktree("working tree")
        others = self._start("ls-files", "-o", "-u", "-t", "-z", "--exclude-standard", "--", *under)
        tracked = self._start("diff-index", *_RAW, old, "--", *under)
        answers = _communicate_all(others, tracked)
        for process, (_, err) in zip((others, tracked), answers, strict=True):
            if process.returncode != 0:
                raise self._failed("compare the working tree", err)
        (listed, warnings), (raw, _) = answers
        return WorkTreeChanges(
            changes=(*_parse_raw(raw), *_parse_others(listed), *_unlisted_folders(warnings)),
            untracked=_untracked(listed),
        )

    def tracked_paths(self, *, under: Sequence[str] = ()) -> "PathQuery":
        """Every path of the index, behind its tag: `S` where a sparse checkout left the file out. Waited for later."""
        return PathQuery(self._start("ls-files", "-c", "-t", "-z", "--", *under), self._failed, tag=2)

    def tree_paths(self, commit: str, *, under: Sequence[str] = ()) -> "PathQuery":
        """Every path of a commit, asked now and waited for later."""
        query = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", *under)
        return PathQuery(self._start(*query), self._failed)

    def index_paths(self, *, under: Sequence[str] = ()) -> "PathQuery":
        """Every path of the index but those that are only intended to be added, asked now and waited for later."""
        self._need_worktree("index")
        names = ("--name-only", *_RAW[1:])
        query = ("diff-index", "--cached", "--ita-invisible-in-index", *names, self.empty_tree, "--", *under)
        return PathQuery(self._start(*query), self._failed)

    def children(self, commit: str, folders: Sequence[str]) -> Iterator[tuple[str, int, str]]:
        """What stands directly in these folders of a commit (`""`: at the top): (path, mode, oid)."""
        if "" in folders:
            yield from _parse_tree(self._output("ls-tree", "-z", "--full-tree", commit))
        for chunk in _chunks([f"{folder}/" for folder in folders if folder]):
            yield from _parse_tree(self._output("ls-tree", "-z", "--full-tree", commit, "--", *chunk))

    def unmerged(self) -> frozenset[str]:
        """The paths with unresolved conflicts in the index."""
        listing = self._output("ls-files", "-u", "-z").split(b"\0")
        return frozenset(os.fsdecode(line.partition(b"\t")[2]) for line in listing if line)

    def ignored(self, *, under: Sequence[str] = ()) -> Iterator[str]:
        """Untracked paths that Git ignores, those in ignored folders included."""
        self._need_worktree("working tree")
        listing = self._output("ls-files", "-o", "-i", "-z", "--exclude-standard", "--", *under)
        return (os.fsdecode(path) for path in listing.split(b"\0") if path)

    def normalized(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of the paths of the working tree in which `git add` would turn CRLF into LF.

        Git's rule is `crlf_to_git` in its convert.c: the text attribute, else core.autocrlf; a guess ("auto") leaves
        alone what looks binary or was committed with CRLF.
        """
        automatic = self._autocrlf()
        found = set()
        for start in range(0, len(paths), 200):
            chunk = paths[start : start + 200]
            for line in self._output("ls-files", "-c", "-o", "--eol", "-z", "--", *chunk).split(b"\0"):
                if line and _normalizes(line.partition(b"\t")[0], automatic=automatic):
                    found.add(os.fsdecode(line.partition(b"\t")[2]))
        return frozenset(found)

    # Objects

    def blobs(self, oids: Iterable[str], *, limit: int | None = None) -> Iterator[Blob]:
        """The blobs with these hashes, in this order, one at a time; of one above `limit` bytes only its size.

        Raises:
            TaxonomyError: one is not there (see `fetch_missing`), or the repository is damaged.

        """
        source, waiting = iter(oids), deque[str]()
        process: Git.AutoInterrupt | None = None
        try:
            while True:
                fresh = [oid for _, oid in zip(range(_WINDOW - len(waiting)), source, strict=False)]
                waiting.extend(fresh)
                if not waiting:
                    return
                if process is None:
                    process, fresh = self._start("cat-file", "--batch", stdin=True), list(waiting)
                blob = _next_blob(process, fresh, waiting.popleft(), limit)
                if blob.data is None:
                    # What follows in the pipe is the content that nobody wants, however long it is.
                    _end(process)
                    process = None
                yield blob
        finally:
            _end(process)

    def missing(self, oids: Iterable[str]) -> tuple[str, ...]:
        """Those of the objects that a partial clone does not have. Fetches nothing, asks no remote."""
        wanted = dict.fromkeys(oids)
        if not wanted or not self.settings.promisors:
            return ()
        # cat-file --batch-check would fetch, or die on the first that is missing; rev-list has a way around both.
        query = ("rev-list", "--objects", "--no-walk", "--ignore-missing", "--missing=print", "--stdin")
        listing = self._output(*query, stdin="".join(f"{oid}\n" for oid in wanted).encode())
        present = {line.split(b" ", 1)[0].decode() for line in listing.splitlines() if not line.startswith(b"?")}
        return tuple(oid for oid in wanted if oid not in present)

    def fetch_missing(self, oids: Iterable[str], announce: Announce) -> None:
        """Fetch what a partial clone lacks of these objects, in one batch that is announced first.

        Raises:
            TaxonomyError: no promisor remote gave them all.

        """
        missing = self.missing(oids)
        if not missing:
            return
        because = ""
        for remote in self.settings.promisors:
            announce(f"Fetching {len(missing)} missing {'blob' if len(missing) == 1 else 'blobs'} from {remote}")
            try:
                # As Git's own lazy fetch does.
                self.fetch(remote, missing, "--filter=blob:none", settings=[("fetch.negotiationAlgorithm", "noop")])
            except FetchFailed as error:
                because = error.because
            missing = self.missing(missing)
            if not missing:
                return
        remote = shlex.quote(self.settings.promisors[-1])
        raise TaxonomyError(
            f"this is a partial clone, and {len(missing)} of the blobs to compare could not be fetched from {remote}"
            f"{because}.",
            Remedy("Fetch them while there is a connection:", f"git fetch --refetch --no-filter {remote}"),
        )

    # Other repositories: each call is announced by its caller

    def fetch(
        self,
        remote: str,
        wanted: Iterable[str],
        *options: str,
        settings: Iterable[tuple[str, str]] = (),
        seconds: float | None = None,
    ) -> None:
        """Fetch commits or blobs (hashes), or refs (refspecs), from a configured remote, within so many seconds.

        `options` and `settings` are Git's own, for this call.

        Raises:
            FetchFailed: the remote did not give them all.

        """
        lines = "".join(f"{one}\n" for one in wanted).encode(errors="surrogateescape")
        self._ask_remote(*_FETCH, *options, remote=remote, stdin=lines, settings=settings, seconds=seconds)

    def advertised(self, remote: str, ref: str, *, seconds: float | None = None) -> str | None:
        """The hash that a ref (by its full name) has at a remote, None where the remote has no such ref.

        Raises FetchFailed if it does not say.
        """
        listing = self._ask_remote("ls-remote", "--quiet", "--refs", remote=remote, refs=(ref,), seconds=seconds)
        pairs = (os.fsdecode(line).partition("\t") for line in listing.splitlines())
        return next((oid for oid, _, name in pairs if name == ref), None)

    def _ask_remote(
        self,
        *command: str,
        remote: str,
        refs: Sequence[str] = (),
        stdin: bytes | None = None,
        settings: Iterable[tuple[str, str]] = (),
        seconds: float | None,
    ) -> bytes:
        """Run one of the commands that reach a remote, with no program that the repository's config names."""
        options = (word for key, value in (*self._of_the_user(), *settings) for word in ("-c", f"{key}={value}"))
        # Of several remote.*.uploadpack the first counts: only the option overrides one of the repository's.
        upload = f"--upload-pack={self._trusted(f'remote.{remote}.uploadpack') or 'git-upload-pack'}"
        environment = {
            "GIT_ALLOW_PROTOCOL": os.environ.get("GIT_ALLOW_PROTOCOL", _NETWORK_PROTOCOLS),
            "GIT_PROXY_COMMAND": os.environ.get("GIT_PROXY_COMMAND", ""),
        }
        process = _spawn(
            (*self._command(), *options, *command, upload, "--", remote, *refs),
            environment=self._environment(environment),
            stdin=stdin is not None,
        )
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except TimeoutExpired as error:
            process.kill()  # and not waited for: what it has started may hold on to its pipes
            raise FetchFailed(remote, f" (no answer within {seconds:g} seconds)") from error
        if process.returncode != 0:
            # What the remote said; else the first, as what follows says no more than that there is no more.
            fatal = sorted((line for line in err.splitlines() if line.startswith(b"fatal:")), key=_is_not_the_remotes)
            raise FetchFailed(remote, _because(fatal[0] if fatal else err))
        return bytes(out)

    def _of_the_user(self) -> Iterator[tuple[str, str]]:
        """Settings in the repository's place: of programs and files to write, the user's own config alone counts."""
        yield "core.sshCommand", self._trusted("core.sshcommand") or "ssh"
        yield "core.askPass", self._trusted("core.askpass") or ""
        yield from self._trusted_helpers()
        # What is said of one address counts for more than what is said of all.
        own = [key for scope, key, _ in self.settings.entries if scope not in _TRUSTED_SCOPES]
        for name, neutral in _COOKIES.items():
            section, _, variable = name.partition(".")
            of_addresses = [key for key in own if key.startswith(f"{section}.") and key.endswith(f".{variable}")]
            for key in dict.fromkeys((name, *of_addresses)):
                if "=" in key:
                    raise TaxonomyError(
                        f"`{key}` in this repository's config cannot be switched off: its name holds `=`.",
                        Remedy("Remove it:", f"git config --unset-all {shlex.quote(key)}"),
                    )
                yield key, self._trusted(key) or neutral

    def _trusted(self, key: str) -> str | None:
        """What the user's own config says, and not the repository's."""
        return replace(
            self.settings, entries=tuple(entry for entry in self.settings.entries if entry[0] in _TRUSTED_SCOPES)
        ).last(key)

    def _trusted_helpers(self) -> Iterator[tuple[str, str]]:
        """Credential helpers, started over with an empty one and then only those from the user's own config."""
        yield "credential.helper", ""
        for scope, key, value in self.settings.entries:
            helper = key.startswith("credential.") and key.endswith(".helper")
            if helper and scope in _TRUSTED_SCOPES and value is not None and "=" not in key:
                yield key, value

    # The machinery

    def _command(self) -> tuple[str, ...]:
        options = [option for key, value in self._neutral().items() for option in ("-c", f"{key}={value}")]
        # Named, so that Git does not look for the repository once more and find another (core.worktree).
        found = self.bare or self.git_dir == self.root / _GIT_FOLDER
        place = () if found else (f"--git-dir={self.git_dir}", f"--work-tree={self.root}")
        return (*_git(self.unset), "-C", os.fspath(self.root), *place, *options)

    def _neutral(self) -> dict[str, str]:
        """Settings that keep the repository's own from running anything."""
        neutral = dict(_SETTINGS)
        for name in self.settings.subsections("filter"):
            if "=" in name:
                raise TaxonomyError(
                    f"the filter `{name}` in this repository's config cannot be switched off: its name holds `=`.",
                    Remedy(
                        "Give it another name:",
                        f"git config --rename-section {shlex.quote(f'filter.{name}')} filter.NAME",
                    ),
                )
            for variable in ("clean", "smudge", "process"):
                neutral[f"filter.{name}.{variable}"] = ""
            neutral[f"filter.{name}.required"] = "false"
        return neutral

    def _environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**_ENVIRONMENT, **self.environment, **(more or {})}

    def _start(
        self, *arguments: str, stdin: bool = False, environment: Mapping[str, str] | None = None
    ) -> "Git.AutoInterrupt":
        return _spawn((*self._command(), *arguments), environment=self._environment(environment), stdin=stdin)

    def _run(self, *arguments: str, stdin: bytes | None = None) -> tuple[int, bytes, bytes]:
        process = self._start(*arguments, stdin=stdin is not None)
        out, err = process.communicate(stdin)
        return process.returncode, out, err

    def _output(
        self, *arguments: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> bytes:
        process = self._start(*arguments, stdin=stdin is not None, environment=environment)
        out, err = process.communicate(stdin)
        if process.returncode != 0:
            raise self._failed(f"run `git {arguments[0]}`", err)
        return bytes(out)

    def _failed(self, what: str, err: bytes) -> TaxonomyError:
        if self.settings.promisors and (
            b"promisor remote" in err or b"unable to read tree" in err or b"bad tree" in err
        ):
            remote = shlex.quote(self.settings.promisors[-1])
            return TaxonomyError(
                f"this partial clone lacks what the comparison needs{_because(err)}.",
                Remedy("Fetch it:", f"git fetch --refetch --no-filter {remote}"),
            )
        return _failure(what, err)

    def _read_settings(self) -> Settings:
        status, out, err = self._run("config", "-z", "--show-scope", "--get-regexp", _CONFIG_KEYS)
        if status not in (0, 1):
            raise _failure("read the config of this repository", err)
        fields = iter(out.split(b"\0")[:-1])
        entries = []
        for scope, pair in zip(fields, fields, strict=True):
            key, newline, value = pair.partition(b"\n")
            entries.append((scope.decode(), os.fsdecode(key), os.fsdecode(value) if newline else None))
        return Settings(entries=tuple(entries))

    def _autocrlf(self) -> bool:
        value = (self.settings.last("core.autocrlf") or "false").lower()
        return value == "input" or value not in ("false", "no", "off", "0", "")

    def _need_worktree(self, what: str) -> None:
        if self.bare:
            raise TaxonomyError(
                f"{self.root} is a bare repository: it has no {what} to look at.",
                Remedy("Compare or check a commit:", "--head HEAD"),
            )

    def _names(self) -> dict[str, str]:
        """Every branch, remote-tracking branch and tag: full name to short name."""
        listing = self._output("for-each-ref", "--format=%(refname)%00%(refname:short)")
        pairs = (line.split(b"\0") for line in listing.splitlines())
        return {os.fsdecode(full): os.fsdecode(short) for full, short in pairs}

    def _unknown(self, ref: str, option: str) -> UnknownRef:
        if ref == "HEAD" and self.head() is None:
            return UnknownRef("this repository has no commit yet.", Remedy("Make one:", "git commit"))
        named = self._object(ref)  # a full hash names itself, whether it is there or not
        if named is not None and self._object(f"{named}^{{object}}") is not None:
            return UnknownRef(f"`{ref}` is not a commit.", Remedy("Name a branch, a tag or a commit."))
        remote, _, branch = ref.partition("/")
        name = branch or ref
        # Backwards, so that what a remote has comes before what only this clone has.
        elsewhere = [short for full, short in sorted(self._names().items(), reverse=True) if full.endswith(f"/{name}")]
        remedies = []
        if elsewhere:
            remedies.append(Remedy("Refs with that name elsewhere:", ", ".join(elsewhere)))
        if branch and remote in self.remotes():
            refspec = shlex.quote(f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}")
            remedies.append(Remedy("Fetch it:", f"git fetch {shlex.quote(remote)} {refspec}"))
        elif branch and remote in ("upstream", "origin"):
            remedies.append(
                Remedy("Add the remote and fetch it:", f"git remote add {remote} URL && git fetch {remote}")
            )
        if elsewhere:
            remedies.append(Remedy("or name another:", f"{option} {shlex.quote(elsewhere[0])}"))
        elif self.shallow:
            remedies.append(Remedy("This clone is shallow. Deepen it:", "git fetch --unshallow"))
        return UnknownRef(
            f"there is no `{ref}` in this repository.",
            *(remedies or [Remedy("See what there is:", "git branch --all")]),
        )

    def _ambiguous(self, ref: str, option: str) -> UnknownRef:
        names = sorted(
            full.removeprefix("refs/")
            for full in self._names()
            if full.endswith(f"/{ref}") and full.count("/") == ref.count("/") + 2
        )
        if not names:
            return UnknownRef(f"`{ref}` is ambiguous in this repository.", Remedy("Write more of the hash."))
        return UnknownRef(
            f"`{ref}` is ambiguous in this repository: it names {' and '.join(names)}.",
            Remedy("Say which:", f"{option} {shlex.quote(names[0])}"),
        )


class PathQuery:
    """A question about paths that Git answers while others are asked."""

    def __init__(
        self, process: "Git.AutoInterrupt", failed: Callable[[str, bytes], TaxonomyError], *, tag: int = 0
    ) -> None:
        self._process = process
        self._failed = failed
        self._tag = tag
        self._said = (b"", b"")
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._said = self._process.communicate()

    def listing(self) -> Listing:
        """The answer, once it is there. Raises TaxonomyError if there is none."""
        self._reader.join()
        out, err = self._said
        if self._process.returncode != 0:
            raise self._failed("list the paths of the taxonomy", err)
        return Listing(records=out, tag=self._tag)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """Where a repository is, and of which kind. `root` is None where there is no working tree.

    `implied` says that Git found it by no `.git` but by what lies in the folder, as it finds a bare repository; such a
    folder may be content of another repository, whose top is `enclosing` then.
    """

    root: Path | None
    git_dir: Path
    prefix: str
    shallow: bool
    object_format: str
    implied: bool = False
    enclosing: Path | None = None

    @property
    def top(self) -> Path:
        return self.root or self.git_dir

    def holds(self, place: Path) -> bool:
        """Whether a place is one of the working tree's."""
        return self.root is not None and _is_content(place, self.root)


def _facts(start: Path, *, unset: tuple[str, ...] = (), environment: Mapping[str, str] | None = None) -> _Facts:
    """Ask Git, in one call, about the repository that `start` lies in."""
    # rev-parse prints an option that it does not know as it is: a line between answers that may hold line ends.
    mark = "--taxonomy-tools"
    query = ("--is-shallow-repository", "--show-object-format", "--show-prefix", mark, "--absolute-git-dir", mark)
    command = (*_git(unset), "-C", os.fspath(start), "rev-parse", *query, "--show-toplevel")
    process = _spawn(command, environment={**_ENVIRONMENT, **(environment or {})})
    out, err = process.communicate()
    head, *paths = os.fsdecode(out).split(f"{mark}\n")
    # Without a working tree (a bare repository, or inside of .git) --show-toplevel fails, after all the others.
    if len(paths) != 2:
        raise _no_repository(start, err)
    shallow, object_format, prefix = head.split("\n", 2)
    git_dir = Path(paths[0][:-1])
    implied = "GIT_DIR" not in (environment or {}) and start.resolve().is_relative_to(git_dir)
    return _Facts(
        root=Path(paths[1][:-1]) if paths[1] else None,
        git_dir=git_dir,
        prefix=prefix[:-1].removesuffix("/"),
        shallow=shallow == "true",
        object_format=object_format,
        implied=implied,
        enclosing=_enclosing(git_dir) if implied else None,
    )


def _enclosing(git_dir: Path) -> Path | None:
    """The top of the innermost working tree that such a folder is content of.

    Nothing that Git checks out is named `.git`; but a commit can hold all else that makes a repository: a HEAD,
    objects, refs, and a config. Whoever stands in that folder would ask it, and not the repository it came with.
    """
    tops = (above for above in git_dir.parents if os.path.lexists(above / _GIT_FOLDER))
    return next((top for top in tops if _is_content(git_dir, top)), None)


def _is_content(place: Path, top: Path) -> bool:
    """Whether a place lies in a working tree, and there in no Git folder."""
    return place != top and place.is_relative_to(top) and _GIT_FOLDER not in place.relative_to(top).parts


def _embedded(git_dir: Path, top: Path) -> TaxonomyError:
    return TaxonomyError(
        f"{git_dir} has the look of a Git repository, but it is a folder of the repository at {top}, and not trusted.",
        Remedy("If it is a repository of yours, say so:", f"GIT_DIR={shlex.quote(os.fspath(git_dir))}"),
        Remedy("else remove HEAD, objects and refs from that folder."),
    )


def _facts_or_none(
    start: Path, *, unset: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
) -> _Facts | None:
    try:
        return _facts(start, unset=unset, environment=environment)
    except NotARepository:
        return None


def _no_repository(start: Path, err: bytes) -> TaxonomyError:
    message = os.fsdecode(err)
    if "dubious ownership" in message or "unsafe repository" in message:
        owned = re.search(r"'(.*?)'", message, re.DOTALL)
        place = owned[1] if owned else os.fspath(start)
        return TaxonomyError(
            f"the repository at {place} belongs to another user, so Git does not trust it.",
            Remedy("If you do:", f"git config --global --add safe.directory {shlex.quote(place)}"),
        )
    if "not a git repository" in message.lower():
        return NotARepository(
            f"{start} is not inside a Git repository.",
            Remedy("Go to your clone of the taxonomy, or name it:", "-C PATH"),
            Remedy("To check leaves without a repository:", "taxonomy check PATH"),
        )
    return _failure(f"open the repository at {start}", err)


def _folder(path: Path | None) -> Path:
    """The folder to start from: the path, or its parent where it is no folder."""
    if path is None:
        try:
            return Path.cwd()
        except FileNotFoundError as error:
            raise TaxonomyError("the current directory is not there any more.", Remedy("Go to another one.")) from error
    for folder in (path, path.parent):
        if folder.is_dir():
            return folder.absolute()
    raise TaxonomyError(f"there is no {path}.", Remedy("Name a folder that is there:", "-C PATH"))


def git_version() -> tuple[int, ...]:
    """The version of Git. Raises TaxonomyError if there is none, or one that is too old."""
    return tuple(_gitpython()().version_info)


@cache
def _gitpython() -> "type[Git]":
    """GitPython's `Git`, once it has found a Git that is new enough. Imported late: it costs 60 ms."""
    try:
        from git.cmd import Git
        from git.exc import GitCommandNotFound
    except ImportError as error:
        raise _missing_git() from error
    try:
        version = Git().version_info
    except (GitCommandNotFound, PermissionError) as error:
        raise _missing_git() from error
    if not isinstance(version, tuple):  # without Git, GitPython takes the name of its own property for a command
        raise _missing_git()
    if version < MINIMUM_VERSION:
        raise TaxonomyError(
            f"Git {'.'.join(map(str, version))} is too old: this needs {'.'.join(map(str, MINIMUM_VERSION))} or newer.",
            Remedy("Install a newer one:", "https://git-scm.com/downloads"),
        )
    return Git


def _missing_git() -> TaxonomyError:
    return TaxonomyError(
        "Git could not be started: it is not installed, or not on the PATH.",
        Remedy("Install it:", "https://git-scm.com/downloads"),
    )


def _git(unset: Sequence[str] = ()) -> tuple[str, ...]:
    """The start of a command line: Git, without these variables in its environment.

    GitPython can add variables for a call, but take none away; `env` can. GIT_CONFIG would make `git config` read
    another file than the rest of Git does.
    """
    names = [name for name in (*unset, "GIT_CONFIG") if name in os.environ]
    program = _gitpython().GIT_PYTHON_GIT_EXECUTABLE or "git"
    if not names:
        return (os.fspath(program),)
    return ("env", *(word for name in names for word in ("-u", name)), os.fspath(program))


def _local_variables() -> tuple[str, ...]:
    """The variables that Git itself drops for another repository."""
    process = _spawn((*_git(), "rev-parse", "--local-env-vars"), environment={})  # GitPython kills what nobody holds
    out, _ = process.communicate()
    return tuple(name for name in out.decode().split() if name not in _SPEAKS_OF_NO_REPOSITORY)


def _spawn(command: Sequence[str], *, environment: Mapping[str, str], stdin: bool = False) -> "Git.AutoInterrupt":
    git = _gitpython()
    from git.exc import GitCommandNotFound

    try:
        return git().execute(command, as_process=True, istream=PIPE if stdin else None, env=environment)
    except GitCommandNotFound as error:
        raise _missing_git() from error
    except ValueError as error:  # a null byte in an argument
        raise TaxonomyError(f"Git cannot be asked about {command[-1]!r}: {error}.") from error


def _communicate_all(*processes: "Git.AutoInterrupt") -> list[tuple[bytes, bytes]]:
    """Read from all processes at once, so that none waits for another one's full pipe."""
    answers = [(b"", b"")] * len(processes)

    def read(number: int) -> None:
        answers[number] = processes[number].communicate()

    threads = [Thread(target=read, args=(number,)) for number in range(1, len(processes))]
    for thread in threads:
        thread.start()
    read(0)
    for thread in threads:
        thread.join()
    return answers


def _next_blob(process: "Git.AutoInterrupt", ask: Sequence[str], oid: str, limit: int | None) -> Blob:
    """Send the new questions, then read the answer to the oldest one."""
    try:
        process.stdin.write("".join(f"{oid}\n" for oid in ask).encode())
        process.stdin.flush()
    except BrokenPipeError:
        pass  # what it died of stands in stderr, and is said below
    header = process.stdout.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        what = b" ".join(header) if header else process.stderr.read()
        raise TaxonomyError(
            f"the content {oid} cannot be read from this repository{_because(what)}.",
            Remedy("See what else is damaged:", "git fsck"),
        )
    size = int(header[2])
    if limit is not None and size > limit:
        return Blob(oid=oid, size=size, data=None)
    data = process.stdout.read(size + 1)
    if len(data) != size + 1:
        raise TaxonomyError(
            f"the content {oid} cannot be read from this repository{_because(process.stderr.read())}.",
            Remedy("See what else is damaged:", "git fsck"),
        )
    return Blob(oid=oid, size=size, data=data[:-1])


def _end(process: "Git.AutoInterrupt | None") -> None:
    """Stop a process whose remaining output nobody wants."""
    if process is not None:
        process.kill()
        process.communicate()


def _parse_raw(out: bytes) -> Iterator[RawChange]:
    fields = iter(out.split(b"\0")[:-1])
    for facts, path in zip(fields, fields, strict=True):
        old_mode, new_mode, old_oid, new_oid, status = facts[1:].decode().split(" ")
        yield RawChange(
            path=os.fsdecode(path),
            old_mode=int(old_mode, 8),
            new_mode=int(new_mode, 8),
            old_oid=old_oid if old_oid.strip("0") else None,
            new_oid=new_oid if new_oid.strip("0") else None,
            status=status,
        )


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """What stands before each NUL; of what is too long, the first and the last lines.

    Raises TaxonomyError if there is too much of it.
    """
    field, cut, total = bytearray(), False, 0
    while chunk := stream.read(_CHUNK):
        total += len(chunk)
        if total > _COMMITS:
            raise TaxonomyError(
                f"what the commits of this contribution say is more than {_COMMITS >> 20} MiB, and is not read.",
                Remedy("Shorten their messages:", "git rebase --interactive"),
            )
        *ended, rest = chunk.split(b"\0")
        for part in ended:
            field += part
            yield _shortened(field) if cut or len(field) > 2 * _HALF else bytes(field)
            field, cut = bytearray(), False
        field += rest
        if len(field) > 2 * _HALF:
            del field[_HALF:-_HALF]
            cut = True


def _shortened(text: bytearray) -> bytes:
    """The start and the end of a text, with nothing of a line that the end begins within."""
    return bytes(text[:_HALF] + b"\n" + text[-_HALF:].partition(b"\n")[2])


def _parse_commits(fields: Iterator[bytes]) -> Iterator[Commit]:
    """What `rev-list` says of commits: each after a line that says it again (an option against that is too new)."""
    for oid, parents, name, email, message in zip(fields, fields, fields, fields, fields, strict=False):
        yield Commit(
            oid=oid.rpartition(b"\n")[2].decode(),
            name=os.fsdecode(name),
            email=os.fsdecode(email),
            message=os.fsdecode(message),
            rooted=not parents,
        )


def _parse_tree(out: bytes) -> Iterator[tuple[str, int, str]]:
    for line in out.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, _, oid = facts.decode().split(" ")
        yield os.fsdecode(path), int(mode, 8), oid


def _chunks(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """Parts of a list of paths that fit on a command line anywhere: 200 paths, as Windows allows 32,767 characters."""
    return (paths[start : start + _ARGUMENTS] for start in range(0, len(paths), _ARGUMENTS))


def _parse_others(out: bytes) -> Iterator[RawChange]:
    """`? path` for an untracked one, `M mode oid stage<tab>path` for each stage of an unmerged one."""
    unmerged = set()
    for line in out.split(b"\0")[:-1]:
        untracked = line.startswith(b"? ")
        path = os.fsdecode(line[2:] if untracked else line.partition(b"\t")[2])
        if not untracked:
            if path in unmerged:
                continue
            unmerged.add(path)
        status = "?" if untracked else "U"
        yield RawChange(path=path, old_mode=0, new_mode=0, old_oid=None, new_oid=None, status=status)


def _untracked(out: bytes) -> Listing:
    """The untracked paths, which come before the unmerged ones."""
    others = re.match(rb"(?:\? [^\0]*\0)*+", out)
    return Listing(records=others[0] if others else b"", tag=2)


def _unlisted_folders(err: bytes) -> Iterator[RawChange]:
    """The folders that `ls-files` only warns about: what is in them would go unnoticed."""
    for path in re.findall(rb"warning: could not open directory '(.*?)/?': ", err, re.DOTALL):
        yield RawChange(path=os.fsdecode(path), old_mode=0, new_mode=FOLDER, old_oid=None, new_oid=None, status="!")


def _normalizes(facts: bytes, *, automatic: bool) -> bool:
    """Whether `git add` turns CRLF into LF, from a line of `ls-files --eol` about a file that holds CRLF."""
    index, worktree, attribute = (part.partition(b"/")[2].strip() for part in facts.split(None, 2))
    if attribute == b"-text" or (not attribute and not automatic):
        return False
    if not attribute or attribute.startswith(b"text=auto"):
        return worktree != b"-text" and index not in {b"crlf", b"mixed"}
    return True


def _failure(what: str, err: bytes) -> TaxonomyError:
    return TaxonomyError(f"Git could not {what}{_because(err)}.")


def _is_not_the_remotes(line: bytes) -> bool:
    return not line.startswith(b"fatal: remote error:")


def _because(err: bytes) -> str:
    """What Git died of, to stand at the end of a sentence."""
    lines = [line for line in os.fsdecode(err).splitlines() if line and not line.startswith(("hint:", "warning:"))]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    return f" ({fatal[-1].removeprefix('fatal: ').removeprefix('error: ').rstrip('.')})" if fatal else ""
