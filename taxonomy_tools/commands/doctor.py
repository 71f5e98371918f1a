"""`taxonomy doctor`: is everything here that the other commands need, and if not, what mends it.

Each check is a function that yields lines: what it has found, and how to mend it. A check that cannot be made because
of an earlier one is left out.
"""

import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import click

from taxonomy_tools import __version__, installed, probe, yamllint
from taxonomy_tools.base import WHOLE_TREE, Base, find_base
from taxonomy_tools.cache import VARIABLE, open_cache
from taxonomy_tools.config import CONFIG_FILE, Config, Generation
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import NotARepository, Repository, git_version
from taxonomy_tools.identity import github_user
from taxonomy_tools.plan import Selection, settled_for
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.settle import NOTHING_GIVEN, Settled
from taxonomy_tools.setup import install_extra

_WIDEST = 76
"""Cells of what is found up to which the mends after it are aligned."""
_SHORT_HASH = 7
_OLD = 14 * 24 * 3600
"""Seconds after which a base is worth fetching again."""
_UNITS = ((24 * 3600, "day"), (3600, "hour"), (60, "minute"))


class Status(Enum):
    """How a check went. What fails is needed."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing that was found. `mend` is a command, or what to do in words."""

    status: Status
    said: str
    mend: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked: about which taxonomy, and whether for making sample data, with which model and where.

    `model` and `host` are in place of what the configuration says.
    """

    taxonomy_path: Path | None = None
    for_generation: bool = False
    model: str | None = None
    host: str | None = None


def run(question: Question) -> int:
    """Make all checks, and print a line each; gives the exit code: 2 if something needed is missing."""
    lines = list(_checked(question, os.environ))
    widths = [len(reveal(line.said)) for line in lines if line.mend]
    width = max((width for width in widths if width <= _WIDEST), default=0)
    for line in lines:
        said = reveal(line.said)
        text = f"{said:<{width}}  {reveal(line.mend)}" if line.mend else said
        click.echo(f"{line.status.value:<4}  {text}")
    return 2 if any(line.status is Status.FAIL for line in lines) else 0


def _checked(question: Question, environ: Mapping[str, str]) -> Iterator[Line]:
    found = list(check_git())
    yield from found
    config = Config.DEFAULT
    repository = None
    try:
        repository = Repository.discover(question.taxonomy_path)
    except NotARepository as error:
        yield replace(_failed(error), mend="taxonomy doctor -C PATH")
    except TaxonomyError as error:
        if _failed(error) not in found:  # without Git, both say the same
            yield _failed(error)
    else:
        yield from check_repository(repository)
        yield from check_author(repository, environ)
    try:
        settled = settled_for(Selection(taxonomy_path=question.taxonomy_path), given=NOTHING_GIVEN, environ=environ)
    except TaxonomyError as error:
        if repository is not None:
            yield _failed(error)
    else:
        config = settled.config
        yield from check_config(settled)
    if repository is not None:
        yield from check_base(repository, config.base, environ)
        yield from check_hooks(repository)
    yield from check_yamllint(config)
    yield from check_cache(environ, repository.root if repository is not None else None)
    yield from check_generation(question, config.generate, environ)


def _failed(error: TaxonomyError, status: Status = Status.FAIL, *, about: str = "") -> Line:
    """What an error says, as a line: its message, and the first of its remedies that is a command."""
    remedy = next((one for one in error.remedies if one.command), next(iter(error.remedies), Remedy("")))
    return Line(status=status, said=f"{about}{error.message.rstrip('.')}", mend=remedy.command or remedy.label)


# --- what every command needs


def check_git() -> Iterator[Line]:
    """Whether Git is there, and new enough."""
    try:
        version = git_version()
    except TaxonomyError as error:
        yield _failed(error)
    else:
        yield Line(status=Status.OK, said=f"Git {'.'.join(map(str, version))}")


def check_repository(repository: Repository) -> Iterator[Line]:
    """Where the repository is, and whether it has all that a comparison needs."""
    place = f"repository at {_home(repository.root)}"
    if repository.bare:
        yield Line(
            status=Status.WARN, said=f"{place} is bare: there is no working tree to look at", mend="git worktree add"
        )
    elif repository.shallow:
        mend = "git fetch --unshallow"
        yield Line(status=Status.WARN, said=f"{place} is shallow: a base may be out of reach", mend=mend)
    else:
        partial = ", a partial clone" if repository.settings.promisors else ""
        yield Line(status=Status.OK, said=f"{place}{partial}")


def check_author(repository: Repository, environ: Mapping[str, str]) -> Iterator[Line]:
    """Who signs commits off, and whose leaves new ones are."""
    settings = repository.settings
    name = environ.get("GIT_AUTHOR_NAME") or settings.last("user.name")
    email = environ.get("GIT_AUTHOR_EMAIL") or settings.last("user.email") or environ.get("EMAIL")
    if not name or not email:
        key = "user.name" if not name else "user.email"
        said = f"author: Git's config has no {key}, which a sign-off needs"
        yield Line(status=Status.WARN, said=said, mend=f"git config --global {key} {key.partition('.')[2].upper()}")
        return
    identity = github_user(settings, environ)
    if identity is None:
        said = f"author: {name} <{email}>, whose name on GitHub is not known"
        yield Line(status=Status.WARN, said=said, mend="git config --global github.user USER")
    else:
        yield Line(status=Status.OK, said=f"author: {name} <{email}>, {identity.user} on GitHub")


def check_config(settled: Settled) -> Iterator[Line]:
    """Which configuration is in force. One that is none has failed before."""
    files = settled.files
    named = sorted({one.origin.rpartition(":")[0] for one in settled.settings if CONFIG_FILE in one.origin})
    if named:
        yield Line(status=Status.OK, said=f"config: {', '.join(map(escape, named))}")
    elif files is not None and files.read(files.inside(CONFIG_FILE)) is not None:
        yield Line(status=Status.OK, said=f"config: {escape(files.inside(CONFIG_FILE))}, which sets nothing")
    else:
        yield Line(status=Status.OK, said=f"config: the defaults (there is no {CONFIG_FILE})")
    for note in settled.notes:
        yield Line(status=Status.WARN, said=f"config: {note}")


def check_base(repository: Repository, configured: str | None, environ: Mapping[str, str]) -> Iterator[Line]:
    """What changes are compared with, and how old that is."""
    try:
        base = find_base(repository, option=None, environ=environ, configured=configured)
    except TaxonomyError as error:
        yield _failed(error, about="base: ")
        return
    if base.commit is None:
        yield Line(status=Status.OK, said=f"base: {WHOLE_TREE}, so every leaf counts as added ({base.reason})")
        return
    said = f"base: {base.ref} ({base.commit[:_SHORT_HASH]})"
    head = repository.head()
    if head is not None and repository.merge_base(base.commit, head) is None:
        mend = "git fetch --unshallow" if repository.shallow else "taxonomy-diff --direct"
        yield Line(status=Status.FAIL, said=f"{said} has no commit in common with HEAD", mend=mend)
        return
    fetched = _fetched(repository, base)
    if fetched is None:
        yield Line(status=Status.OK, said=said)
        return
    age = max(0.0, time.time() - fetched)
    said += f", fetched {_ago(age)}"
    remote = shlex.quote(base.ref.partition("/")[0])
    if age > _OLD:
        yield Line(status=Status.WARN, said=said, mend=f"git fetch {remote}")
    else:
        yield Line(status=Status.OK, said=said)


def _fetched(repository: Repository, base: Base) -> float | None:
    """When the base was last fetched, in seconds since the epoch; None where it never was, or nothing tells."""
    remote, _, branch = base.ref.partition("/")
    if not branch or remote not in repository.remotes():
        return None
    common = installed.common_folder(repository)
    traces = (
        repository.git_dir / "FETCH_HEAD",
        common / "FETCH_HEAD",
        common / "refs" / "remotes" / base.ref,
        common / "logs" / "refs" / "remotes" / base.ref,
        common / "refs" / "remotes" / remote / "HEAD",
    )
    times = []
    for trace in traces:
        with suppress(OSError, ValueError):
            times.append(trace.stat().st_mtime)
    return max(times, default=None)


def _ago(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{count(int(seconds // size), unit)} ago"
    return "just now"


def check_hooks(repository: Repository) -> Iterator[Line]:
    """Whether the hooks that the repository asks for are those that Git runs."""
    if repository.bare:
        return
    wanted = installed.wanted(repository.root)
    folder = installed.folder_of_hooks(repository)
    by_hand = installed.by_hand(folder)
    if wanted is None and by_hand:
        said = f"hooks: {_installed(by_hand)}, by hand: there is no {installed.CONFIG_FILE}"
        yield Line(status=Status.OK, said=said)
        return
    if wanted is None or wanted.mistake or not wanted.hooks:
        said = f"there is no {installed.CONFIG_FILE}"
        if wanted is not None:
            said = f"{installed.CONFIG_FILE} " + (wanted.mistake or "names no hook of taxonomy-tools")
        yield Line(status=Status.WARN, said=f"hooks: {said}", mend="taxonomy init")
        return
    program = next((name for name in ("pre-commit", "prek") if shutil.which(name)), None)
    if program is None and not (wanted.stages and set(wanted.stages) <= set(by_hand)):
        yield Line(
            status=Status.WARN, said="hooks: neither pre-commit nor prek is on the PATH", mend="pipx install pre-commit"
        )
    yield from _check_stages(repository, folder, wanted, program or "pre-commit")
    for version in wanted.versions:
        if version != __version__:
            said = f"hooks: {installed.CONFIG_FILE} names version {version}, and this is {__version__}"
            yield Line(status=Status.WARN, said=said, mend=f"{program or 'pre-commit'} autoupdate")


def _check_stages(repository: Repository, folder: Path, wanted: installed.Wanted, program: str) -> Iterator[Line]:
    """Whether Git runs something at each stage that the hooks of a config are for."""
    if not wanted.stages:
        said = f"hooks: {_all(wanted.hooks)} {_is(wanted.hooks)} for no commit or push, by {installed.CONFIG_FILE}"
        yield Line(status=Status.WARN, said=said, mend="stages: [pre-commit]")
        return
    faults = {stage: fault for stage in wanted.stages if (fault := installed.fault(folder, stage))}
    well = [stage for stage in wanted.stages if stage not in faults]
    if not faults:
        yield Line(status=Status.OK, said=f"hooks: {_installed(well)}")
    for stage, fault in faults.items():
        there = f"{_installed(well)}, " if well else ""
        said = f"hooks: {there}{stage} {fault}" + (" installed" if not well and fault == "is not" else "")
        mend = installed.without_hooks_path(repository, program) or f"{program} install --hook-type {stage}"
        yield Line(status=Status.WARN, said=said, mend=mend)


def _installed(stages: Sequence[str]) -> str:
    return f"{_all(stages)} {_is(stages)} installed"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _all(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def check_yamllint(config: Config) -> Iterator[Line]:
    """Whether yamllint runs, with the rules in force."""
    try:
        with yamllint.start(["qna.yaml"], config.lint_rules) as running:
            running.put(0, b"version: 3\n")
            (result,) = running.results()
    except TaxonomyError as error:
        yield _failed(error)
        return
    if isinstance(result, yamllint.Failure):
        yield Line(status=Status.FAIL, said=f"yamllint does not answer: {result.reason}")
        return
    from importlib.metadata import PackageNotFoundError, version

    number = ""
    with suppress(PackageNotFoundError):
        number = f" {version('yamllint')}"
    yield Line(status=Status.OK, said=f"yamllint{number} runs, with {config.lint_rules.source}")


def check_cache(environ: Mapping[str, str], checkout: Path | None) -> Iterator[Line]:
    """Whether what was found is kept. Nothing needs that."""
    said: list[str] = []
    with open_cache(environ, said.append, checkout=checkout) as cache:
        is_open = cache.is_open
    if is_open:
        yield Line(status=Status.OK, said="cache: what was found in leaves is kept")
    elif said:
        yield Line(status=Status.WARN, said=f"cache: {said[0].rstrip('.')}", mend=f"{VARIABLE}=/FULL/PATH")
    else:
        yield Line(status=Status.OK, said="cache: none, each run looks at every leaf anew")


# --- what only generation needs


def check_generation(question: Question, generate: Generation, environ: Mapping[str, str]) -> Iterator[Line]:
    """Whether sample data can be made. Where nobody has said that it is to be, what is missing is a warning."""
    needed = question.for_generation or generate != Generation() or bool(question.model or question.host)
    missing = Status.FAIL if needed else Status.WARN
    hosts = (question.host,) if question.host else generate.hosts or (environ.get("OLLAMA_HOST") or "127.0.0.1",)
    model = question.model or generate.model
    for host in hosts:
        yield from check_server(host, model, missing)


def check_server(host: str, model: str | None, missing: Status) -> Iterator[Line]:
    """Whether an Ollama server answers and has the model, and how much of it is on the GPU."""
    try:
        server = probe.look(host)
    except ImportError:
        said = "Ollama: not looked for, because the parts that make sample data are not installed"
        yield Line(status=missing, said=said, mend=install_extra("generate"))
        return
    except TaxonomyError as error:
        yield _failed(error, missing)
        return
    line = Line(status=Status.OK, said=f"Ollama {server.version} at {server.address}")
    if not server.local and not server.encrypted:
        said = f"{line.said}: seed examples go there unencrypted"
        line = replace(line, status=Status.WARN, said=said, mend="put https in front of it")
    yield line
    yield from _check_model(server, model, missing)


def _check_model(server: probe.Server, name: str | None, missing: Status) -> Iterator[Line]:
    if name is None:
        said = f"no model is named ({count(len(server.models), 'model is', 'models are')} there)"
        mend = f"generate: {{model: NAME}} in {CONFIG_FILE}"
        yield Line(status=Status.WARN, said=said, mend=mend)
        return
    model = server.model(name)
    if model is None:
        yield Line(status=missing, said=f"model {name} is not there", mend=f"ollama pull {shlex.quote(name)}")
        return
    digest = model.digest.removeprefix("sha256:")[:12]
    said = f"model {model.name} (sha256:{digest})"
    share = model.gpu_share
    if share is None:
        yield Line(status=Status.OK, said=f"{said}, not loaded: how much of it fits on the GPU shows when it runs")
    elif share >= 1:
        yield Line(status=Status.OK, said=f"{said}, all of it on the GPU")
    else:
        where = f"{share:.0%} of it on the GPU, the rest" if share else "all of it"
        yield Line(status=Status.WARN, said=f"{said}, {where} on the CPU: slow", mend="a smaller model, or num_ctx")


def _home(path: Path) -> str:
    """A path as people say it."""
    with suppress(RuntimeError, ValueError):
        return escape(f"~/{path.relative_to(Path.home()).as_posix()}".removesuffix("/."))
    return escape(os.fspath(path))
