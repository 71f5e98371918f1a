"""What people read of a run: what is asked of whom before it, and what came of it after."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taxonomy_tools.boundary import Exit
from taxonomy_tools.commands.reporting import announce
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.wording import count

if TYPE_CHECKING:
    from taxonomy_tools.generate.inputs import Inputs
    from taxonomy_tools.generate.preflight import Ready
    from taxonomy_tools.generate.run import Run, Tally

NAMED = 20
"""Leaves that a list names; more are counted."""
_DIGITS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A run that has ended, with its files written.

    `seconds` is how long it took, and `rate` the tokens of answers in each of them, as far as they were asked for. The
    `signal` is the number of the one that ended it, 0 for none. `asking` says whether there was somebody to ask.
    """

    run: "Run"
    files: tuple[Path, ...]
    seconds: float
    rate: float
    signal: int
    asking: bool

    @property
    def kept(self) -> int:
        """How many samples there are."""
        return sum(tally.kept for tally in self.run.tallies)


def header(ready: "Ready", inputs: "Inputs", output_dir: Path) -> str:
    """What is asked of whom, in two lines."""
    settings = inputs.settings
    servers = ", ".join(f"Ollama {server.version} at {server.address}" for server in ready.servers)
    share = [model.gpu_share for server in ready.servers if (model := server.model(settings.model.name)) is not None]
    gpu = ", all of it on the GPU" if share and all(part == 1 for part in share) else ""
    digest = settings.model.digest.removeprefix("sha256:")[:_DIGITS]
    judged = "" if settings.judge is None else f", judged by {settings.judge.name}"
    return (
        f"{servers}, {settings.model.name} ({digest}{gpu}), context {settings.num_ctx}{judged}\n"
        f"{count(len(inputs), 'leaf', 'leaves')}, {count(inputs.samples, 'sample')} wanted; "
        f"run {inputs.name} in {output_dir}"
    )


def tell(finished: Finished) -> None:
    """Say on standard output what came of a run, and where it is."""
    from taxonomy_tools.generate.progress import reasons, spelled
    from taxonomy_tools.generate.run import Tally

    tallies = finished.run.tallies
    total = Tally(path="", wanted=0, rejected=sum((tally.rejected for tally in tallies), Counter()))
    tokens = sum(tally.prompt_tokens + tally.answer_tokens for tally in tallies)
    rejected = f" Rejected: {reasons(total)}." if total.rejected else ""
    rate = f", {finished.rate:,.0f} tokens/s" if finished.rate else ""
    pending = sum(tally.pending for tally in tallies)
    unjudged = f" Not judged: {pending}." if pending else ""
    click.echo(
        f"{count(finished.kept, 'sample')} from {count(sum(tally.answers for tally in tallies), 'answer')} in "
        f"{spelled(finished.seconds)} ({tokens:,} tokens{rate}).{rejected}{unjudged}"
    )
    width = max((len(file.name) for file in finished.files), default=0)
    for file in finished.files:
        what = _WHAT.get(file.name, "")
        click.echo(f"  {escape(str(file.parent))}/{escape(file.name):<{width if what else 0}}  {what}".rstrip())


_WHAT = {
    "samples.jsonl": "what was kept",
    "rejected.jsonl": "what was not, and why",
    "manifest.json": "what went in and what came out, in numbers",
    "report.md": "for the reviewer",
}


def verdict(finished: Finished) -> int:
    """Say how a run ended, if not well, and give the exit code. Raises what made it fail."""
    from taxonomy_tools.generate.run import Ending

    run = finished.run
    safe = f"{finished.kept} of {count(run.inputs.samples, 'sample')} are safe. The same command goes on from here."
    if run.error is not None:
        announce(f"Stopped: {safe}")
        raise run.error
    if run.ending is Ending.INTERRUPTED:
        announce(f"Interrupted: {safe}")
        return 128 + finished.signal
    if run.ending is not Ending.DONE:
        announce(f"Stopped by the {run.ending.value}: {safe}")
        return Exit.FINDINGS
    short = [tally for tally in run.tallies if tally.kept < tally.wanted]
    for tally in short[:NAMED]:
        announce(f"Error: {_fell_short(tally)}")
    if len(short) > NAMED:
        announce(f"Error: {count(len(short) - NAMED, 'more leaf', 'more leaves')} fell short.")
    if short:
        announce("More tries: --max-attempts" if finished.asking else "To ask for more: the same without --refilter")
    return Exit.FINDINGS if short else Exit.OK


def _fell_short(tally: "Tally") -> str:
    most = tally.rejected.most_common(1)
    why = f", most often for: {most[0][0].value}" if most else ""
    return (
        f"{escape(tally.path)} gave {tally.kept} of {count(tally.wanted, 'sample')}: "
        f"{tally.rejected.total()} of {count(tally.answers, 'answer')} rejected{why}."
    )


def tell_list(title: str, lines: Sequence[str]) -> None:
    """Say a list of things, each on a line after the same title; of many, how many more there are."""
    for line in lines[:NAMED]:
        announce(f"{title}: {reveal(line)}")
    if len(lines) > NAMED:
        announce(f"{title}: {count(len(lines) - NAMED, 'more leaf', 'more leaves')}")
