"""`taxonomy generate`: sample data for the changed leaves, through a model on Ollama servers."""

import asyncio
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from taxonomy_tools.boundary import Exit
from taxonomy_tools.commands.chosen import Chosen, Refusal, changed_since, choose
from taxonomy_tools.commands.outcome import Finished, header, tell, tell_list, verdict
from taxonomy_tools.commands.reporting import announce
from taxonomy_tools.commands.terms import Terms, Wish, settings_of, terms_of
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.layout import in_taxonomy
from taxonomy_tools.leaf import LeafNode
from taxonomy_tools.plan import Plan, plan_check, plan_diff
from taxonomy_tools.reporters.wording import count
from taxonomy_tools.setup import install_extra

if TYPE_CHECKING:
    from taxonomy_tools.generate.inputs import Inputs, Wanted
    from taxonomy_tools.generate.preflight import Ready
    from taxonomy_tools.generate.progress import Display
    from taxonomy_tools.generate.prompting import Passage
    from taxonomy_tools.generate.run import Run
    from taxonomy_tools.generate.runlog import RunLog
    from taxonomy_tools.generate.settings import Settings
    from taxonomy_tools.generate.store import Store

_PACKAGES = ("httpx", "langdetect", "markdown_it", "ollama", "pypdf", "rapidfuzz", "rich")
_EARLY = ("ollama", "taxonomy_tools.generate.preflight")
_CHECKED = 3
"""Refused leaves that the command names which shows what is wrong with them."""


def run(wish: Wish) -> int:
    """Choose the leaves, look at the servers, ask for samples, and write them; gives the exit code.

    Raises TaxonomyError when the job cannot be done. What was answered until then is kept.
    """
    end = None if wish.seconds is None else time.monotonic() + wish.seconds
    _need_extra()
    with _Preflight(wish) as preflight:
        named = wish.selection.paths and wish.selection.base is None and not wish.selection.direct
        plan = (plan_check if named else plan_diff)(wish.selection, given=wish.given, announce=announce)
        terms = terms_of(wish, plan, os.environ)
        preflight.begin(terms)
        _check_place(terms, plan)
        chosen = choose(plan, keep_going=wish.keep_going, jobs=wish.jobs)
        if not chosen.leaves:
            return _tell_nothing(chosen)
        ready = preflight.end()
    settings = settings_of(wish, terms, ready)
    chosen, wanted = _wanted(wish, terms, chosen, settings)
    _tell_left_out(chosen)
    if not wanted:
        return Exit.FINDINGS
    if wish.dry_run or ready is None:
        from taxonomy_tools.generate.preview import preview

        preview(wanted, settings, terms.output_dir, click.echo)
        return Exit.FINDINGS if chosen.refused else Exit.OK
    # Looking at the leaves and the servers counts, and downloading a model.
    left = None if end is None else max(0.0, end - time.monotonic())
    wish = replace(wish, seconds=left)
    return _generate(wish, terms, ready=ready, settings=settings, chosen=chosen, wanted=wanted, plan=plan)


def refilter(folder: Path, *, likeness: float | None, formats: Sequence[str], quiet: bool) -> int:
    """Judge the answers of a run again, with the filters as they are now, and ask for nothing; gives the exit code.

    With other limits, what comes of it is a run of its own beside the other. Raises TaxonomyError when there is no such
    run, or no store with its answers.
    """
    _need_extra()
    from taxonomy_tools.generate import inputs as inputs_of
    from taxonomy_tools.generate.prompting import prompts_hash
    from taxonomy_tools.generate.store import STORE_FILE
    from taxonomy_tools.generate.writers import check_place

    old = inputs_of.Inputs(folder)
    if old.prompts != prompts_hash():
        raise TaxonomyError(
            f"the prompts have changed since taxonomy-tools {old.tool} made {folder}: its answers are to others.",
            "Take the version that made it, or make a new run.",
        )
    output_dir = folder.parent if folder.name else folder.resolve().parent
    if not (output_dir / STORE_FILE).is_file():
        raise TaxonomyError(
            f"there is no store of answers beside {folder}: {STORE_FILE} is missing.",
            "A run is sorted out where it was made, in its output folder.",
        )
    check_place(output_dir)
    before = _kept(folder)
    limits = old.settings.limits if likeness is None else replace(old.settings.limits, likeness=likeness)
    new = inputs_of.write(output_dir, replace(old.settings, limits=limits), old.origin, old.leaves())
    finished = _carry_out(new, output_dir, _Way(formats=tuple(formats) or ("messages",), quiet=quiet))
    after = _kept(new.folder)
    announce(
        f"Before, {count(len(before), 'sample was', 'samples were')} kept; "
        f"{len(before - after)} of them are not any more, and {len(after - before)} are new."
    )
    return verdict(finished)


def _kept(folder: Path) -> frozenset[str]:
    """The identifiers of the samples of a run, as far as it was written."""
    found = set()
    with suppress(OSError, ValueError, KeyError, TypeError), (folder / "samples.jsonl").open(encoding="utf-8") as file:
        for line in file:
            found.add(str(json.loads(line)["id"]))
    return frozenset(found)


def _need_extra() -> None:
    """Raise TaxonomyError where the packages are missing that only sample data needs."""
    from importlib.util import find_spec

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise TaxonomyError(
            f"sample data needs packages that are not installed: {', '.join(missing)}.",
            Remedy("Install the extra `generate`:", install_extra("generate")),
        )


# --- the servers


class _Preflight:
    """A look at the servers while the leaves are validated. A context manager.

    For a dry run none has to answer, and nothing is downloaded. A download is not begun before it is known that there
    is something to do.
    """

    def __init__(self, wish: Wish) -> None:
        self._dry_run = wish.dry_run
        self._pulls = wish.pull and not wish.dry_run
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="preflight")
        self._look: Callable[[], Ready] = _nobody

    def __enter__(self) -> Self:
        """Begin to import what takes long: Git and yamllint are waited for meanwhile."""
        self._pool.submit(_import_early)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait for what was begun."""
        self._pool.shutdown(cancel_futures=True)

    def begin(self, terms: Terms) -> None:
        """Look, unless a look may end in a download."""
        look = partial(_look, terms, pulls=self._pulls)
        self._look = look if self._pulls else self._pool.submit(look).result

    def end(self) -> "Ready | None":
        """What was found, with its warnings told; None if there is no server, and none is needed."""
        try:
            ready = self._look()
        except TaxonomyError as error:
            if not self._dry_run:
                raise
            announce(f"A dry run needs no server: {error.message}")
            return None
        for warning in ready.warnings:
            announce(f"Warning: {warning}")
        return ready


def _import_early() -> None:
    for name in _EARLY:
        import_module(name)


def _look(terms: Terms, *, pulls: bool) -> "Ready":
    """Look at the servers. Raises TaxonomyError."""
    from taxonomy_tools.generate.preflight import prepare
    from taxonomy_tools.generate.progress import Download

    with Download(sys.stderr) as download:
        return asyncio.run(prepare(terms.hosts, terms.model, judge=terms.judge, pull=download if pulls else None))


def _nobody() -> "Ready":
    raise AssertionError


def _check_place(terms: Terms, plan: Plan) -> None:
    """Raise TaxonomyError if the output folder is no place for samples, before anything in it is read."""
    from taxonomy_tools.generate.writers import check_place

    folders = plan.settled.config.standards.taxonomy_folders
    outside = [leaf.path for leaf in plan.leaves if leaf.path and not in_taxonomy(leaf.path, folders)]
    files = plan.settled.files
    reserved = [] if files is None else [files.top / files.inside(path) for path in (*folders, *outside)]
    check_place(terms.output_dir, top=plan.checkout, reserved=reserved)


# --- which leaves, and how many samples of each


def _wanted(wish: Wish, terms: Terms, chosen: Chosen, settings: "Settings") -> "tuple[Chosen, tuple[Wanted, ...]]":
    """The leaves with what is wanted of each; those that cannot fit into the context are refused."""
    from taxonomy_tools.generate.inputs import Wanted
    from taxonomy_tools.generate.prompting import too_long

    fitting, refused = [], list(chosen.refused)
    for leaf in chosen.leaves:
        passages = _passages(wish, leaf)
        if isinstance(passages, Refusal):
            refused.append(passages)
        elif reason := too_long(leaf, settings, passages):
            refused.append(Refusal(path=leaf.path, reason=f"does not fit: {reason} (--num-ctx sets it)"))
        else:
            fitting.append(Wanted(leaf=leaf, samples=0, passages=passages))
    shares = _shares(wish, terms, len(fitting))
    wanted = tuple(replace(one, samples=samples) for one, samples in zip(fitting, shares, strict=True))
    return replace(chosen, refused=tuple(sorted(refused, key=lambda one: one.path))), wanted


def _passages(wish: Wish, leaf: LeafNode) -> "tuple[Passage, ...] | Refusal":
    """With --online, the parts of the documents that a leaf names. What cannot be had is told of its leaf."""
    if not wish.online or leaf.document is None:
        return ()
    from taxonomy_tools.generate.documents import read_passages
    from taxonomy_tools.generate.extraction import UnreadableDocument
    from taxonomy_tools.generate.fetching import UnreachableDocument

    announce(f"Fetching the documents of {leaf.path} from {leaf.document.repo}")
    try:
        return read_passages(leaf.document)
    except (UnreachableDocument, UnreadableDocument) as error:
        return Refusal(path=leaf.path, reason=f"names documents that cannot be had: {error.message}")


def _shares(wish: Wish, terms: Terms, leaves: int) -> list[int]:
    """How many samples each leaf is to give: a total is spread evenly, and the first leaves get what is left over."""
    if wish.num_instructions is None or not leaves:
        return [terms.samples_per_leaf] * leaves
    each, rest = divmod(wish.num_instructions, leaves)
    return [each + (number < rest) for number in range(leaves)]


def _tell_nothing(chosen: Chosen) -> int:
    """Say why there is nothing to do."""
    _tell_left_out(chosen)
    for note in chosen.notes:
        announce(note)
    if chosen.refused:
        return Exit.FINDINGS
    announce("No leaf changed: there is nothing to make samples of.")
    return Exit.OK


def _tell_left_out(chosen: Chosen) -> None:
    tell_list("Refused", [f"{leaf.path} {leaf.reason}" for leaf in chosen.refused])
    tell_list("Taken all the same", [f"{leaf.path} {leaf.reason}" for leaf in chosen.faulty])
    wrong = [leaf.path for leaf in chosen.refused if leaf.faulty]
    if wrong:
        announce(f"What is wrong: taxonomy check {' '.join(map(shlex.quote, wrong[:_CHECKED]))}")
        announce("To take leaves as they are: --keep-going")


# --- the run


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """How a run is carried out. Without hosts, nothing is asked."""

    formats: tuple[str, ...]
    quiet: bool
    hosts: tuple[str, ...] = ()
    parallel: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    header: str = ""


def _generate(
    wish: Wish,
    terms: Terms,
    *,
    ready: "Ready",
    settings: "Settings",
    chosen: Chosen,
    wanted: "Sequence[Wanted]",
    plan: Plan,
) -> int:
    """Ask for the samples, and say what came of it."""
    from taxonomy_tools.generate import inputs as inputs_of
    from taxonomy_tools.generate.writers import prepare_output

    if warning := prepare_output(terms.output_dir):
        announce(f"Warning: {warning}")
    inputs = inputs_of.write(terms.output_dir, settings, chosen.origin, wanted)
    way = _Way(
        formats=terms.formats,
        quiet=wish.quiet,
        hosts=terms.hosts,
        parallel=terms.parallel,
        tokens=wish.max_tokens_total,
        seconds=wish.seconds,
        header=header(ready, inputs, terms.output_dir),
    )
    finished = _carry_out(inputs, terms.output_dir, way)
    changed = changed_since(plan, [one.leaf for one in wanted])
    tell_list("Changed or removed meanwhile, so its samples are of what it was at the start", changed)
    return verdict(finished) or (Exit.FINDINGS if changed or chosen.refused else Exit.OK)


def _carry_out(inputs: "Inputs", output_dir: Path, way: _Way) -> Finished:
    """Ask, judge and write; what was answered is in the store whatever happens, and what was judged is written."""
    from taxonomy_tools.generate.lock import locked
    from taxonomy_tools.generate.progress import Display
    from taxonomy_tools.generate.run import Budget, Run
    from taxonomy_tools.generate.runlog import RunLog
    from taxonomy_tools.generate.store import STORE_FILE, Store
    from taxonomy_tools.generate.writers import write_run

    began = time.monotonic()
    with (
        locked(output_dir),
        Store(output_dir / STORE_FILE) as store,
        RunLog(inputs) as log,
        Display(sys.stderr, inputs, header=way.header, quiet=way.quiet) as display,
        Run(inputs, store, (display, log), budget=Budget(tokens=way.tokens, seconds=way.seconds)) as work,
    ):
        number, tokens = _ask(work, store, way, display, log)
        asked = time.monotonic() - began
        if work.error is not None:
            log.warning(work.error.message)
        display.finish()
        written = write_run(work, store, formats=way.formats)
        finished = Finished(
            run=work,
            files=written.files,
            seconds=time.monotonic() - began,
            rate=tokens / asked,
            signal=number,
            asking=bool(way.hosts),
        )
    tell(finished)
    return finished


def _ask(work: "Run", store: "Store", way: _Way, display: "Display", log: "RunLog") -> tuple[int, int]:
    """Let a run go on to its end; gives the number of the signal that ended it (0: none), and the tokens of answers."""
    if not way.hosts:
        asyncio.run(work.go(None))
        return 0, 0
    from taxonomy_tools.generate.hosts import Hosts
    from taxonomy_tools.generate.signals import answering_signals

    settings = work.inputs.settings
    models = [model for model in (settings.model, settings.judge) if model is not None]
    for model in models:
        store.note_model(model)

    def warn(message: str) -> None:
        display.say(f"Warning: {message}")
        log.warning(message)

    async def go() -> tuple[int, int]:
        async with Hosts(way.hosts, models, parallel=way.parallel, warn=warn) as hosts:
            display.watch(hosts.statistics)
            with answering_signals(work, display.say) as received:
                await work.go(hosts)
            told = hosts.statistics()
            log.hosts(told)
            return received[0] if received else 0, sum(host.tokens for host in told)

    return asyncio.run(go())
