"""How a run goes on, for those who watch it: bars on a terminal, elsewhere a line for each leaf that is finished."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from taxonomy_tools.generate.hosts import HostStatistics
from taxonomy_tools.generate.inputs import Inputs
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Tally, Verdict
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.text import shorten

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.progress import Progress, TaskID

_LEAVES = 12
"""Leaves that a terminal shows at a time; of the others it has the sum."""
_REST = 6
"""Lines of a terminal that are left to what else there is to see."""
_BAR = 12
_NUMBERS = 58
"""Columns that the numbers beside a leaf's path may take, with the bar."""
_OFTEN = 0.1
_SELDOM = 0.5
_SOON = 3
"""Samples after which something can be said of how long the rest takes."""
_TENTH = 10


@dataclass(kw_only=True, slots=True)
class _Row:
    """What is known of a leaf that a terminal shows."""

    path: str
    wanted: int
    kept: int = 0
    rejected: int = 0
    last: str = ""
    """Why the last one was rejected."""

    def told(self) -> str:
        """The numbers, in words."""
        reason = f" ({self.last})" if self.last else ""
        return f"{self.kept}/{self.wanted} kept" + (f"  {self.rejected} rejected{reason}" if self.rejected else "")


class Display:
    """Shows how a run goes on. A context manager, and a watcher of the run.

    `header` are lines that come first. `quiet` leaves out all but what `say` is told.
    """

    def __init__(self, stream: TextIO, inputs: Inputs, *, header: str, quiet: bool) -> None:
        self._stream = stream
        self._header = header
        self._quiet = quiet
        self._leaves = len(inputs)
        self._samples = inputs.samples
        self._finished = 0
        self._kept = 0
        self._missing = 0
        """Samples that will not come any more, of leaves that are finished."""
        self._rows: dict[str, _Row] = {}
        self._closed: dict[str, _Row] = {}
        self._since: tuple[float, int] | None = None
        self._statistics: Callable[[], tuple[HostStatistics, ...]] = tuple
        self._live: Live | None = None
        self._drawn = 0.0
        self._tick: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        """Say what comes first."""
        if self._quiet:
            return self
        for line in self._header.splitlines():
            self._print(line)
        if _is_terminal(self._stream):
            self._live = _live(self._stream)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self.finish()

    def watch(self, statistics: Callable[[], tuple[HostStatistics, ...]]) -> None:
        """Ask these hosts how they do, from now on. To be called in the run's loop."""
        self._statistics = statistics
        if self._live is not None:
            self._beat(asyncio.get_running_loop())

    def say(self, text: str) -> None:
        """Print a line, above the bars if there are any."""
        self._print(text)

    def finish(self) -> None:
        """Draw the bars for the last time."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        live, self._statistics = self._live, tuple
        if live is not None:
            self._draw()
            self._live = None
            with suppress(OSError):  # nobody looks any more
                live.stop()

    # What the run tells.

    def opened(self, path: str, wanted: int) -> None:
        """A leaf is begun."""
        self._rows[path] = _Row(path=path, wanted=wanted)

    def answered(  # a watcher is told more than bars show
        self,
        path: str,  # noqa: ARG002
        index: int,  # noqa: ARG002
        request: Request,  # noqa: ARG002
        answer: Answer,  # noqa: ARG002
        *,
        stored: bool,
    ) -> None:
        """An answer is there. What the store has comes at once: it says nothing of how long the others take."""
        if not stored and self._since is None:
            self._since = (time.monotonic(), self._kept)

    def unanswered(self, path: str, index: int, reason: str) -> None:  # noqa: ARG002
        """A request will not be answered."""
        self.say(f"Warning: {_named(path, self._stream)}: {reason}")

    def settled(self, path: str, verdict: Verdict) -> None:
        """An answer was judged."""
        row = self._rows[path]
        if verdict.rejection is None:
            row.kept += 1
            self._kept += 1
        else:
            row.rejected += 1
            row.last = verdict.rejection.reason.value
        self._draw(at_least=_OFTEN)

    def closed(self, tally: Tally) -> None:
        """A leaf is finished."""
        row = self._rows.pop(tally.path)
        self._finished += 1
        self._missing += max(0, row.wanted - row.kept)
        if self._live is None:
            if not self._quiet:
                self._print(f"[{self._finished}/{self._leaves}] {_named(row.path, self._stream)}: {_summed(tally)}")
            return
        self._closed[row.path] = row
        while len(self._closed) > _LEAVES:
            del self._closed[next(iter(self._closed))]
        self._draw(at_least=_OFTEN)

    # What is seen.

    def _print(self, text: str) -> None:
        line = reveal(text, encoding=_encoding(self._stream))
        with suppress(OSError):  # nobody looks any more
            if self._live is not None:
                self._live.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
            else:
                self._stream.write(f"{line}\n")
                self._stream.flush()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Draw now and then, also while nothing happens. In the run's loop: hosts are no matter of other threads."""
        self._draw()
        self._tick = loop.call_later(_SELDOM, self._beat, loop)

    def _draw(self, *, at_least: float = 0.0) -> None:
        """Draw the bars anew, unless that was done a moment ago."""
        now = time.monotonic()
        if self._live is None or now - self._drawn < at_least:
            return
        self._drawn = now
        with suppress(OSError):
            self._live.update(self._bars(self._live.console), refresh=True)

    def _bars(self, console: "Console") -> "RenderableType":
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        room = max(1, min(_LEAVES, console.height - _REST))
        begun = list(self._rows.values())[:room]
        ended = list(self._closed.values())
        rows = ended[len(ended) - min(len(ended), room - len(begun)) :] + begun
        width = max(16, console.width - _NUMBERS)
        grid = Table.grid(padding=(0, 2))
        for _ in range(3):
            grid.add_column(no_wrap=True, overflow="ellipsis")
        for row in rows:
            name = Text(shorten(_named(row.path, self._stream), width))
            grid.add_row(name, ProgressBar(row.wanted, row.kept, width=_BAR), Text(row.told()))
        told = Text(self._told())
        grid.add_row(Text(self._counted()), ProgressBar(self._samples, self._kept, width=_BAR), told)
        return grid

    def _counted(self) -> str:
        return f"{self._finished} of {self._leaves} {'leaf' if self._leaves == 1 else 'leaves'}"

    def _told(self) -> str:
        """The numbers of the whole run, in words."""
        hosts = self._statistics()
        parts = [f"{self._kept}/{self._samples}"]
        if hosts:
            parts.append(f"{sum(host.rate for host in hosts):.0f} tokens/s")
            parts.append(f"{sum(host.in_flight for host in hosts)} in flight")
            if down := sum(not host.up for host in hosts):
                parts.append(f"{down} of {len(hosts)} hosts left out")
            if (left := self._left()) is not None:
                parts.append(f"{spelled(left)} left")
        return "  ".join(parts)

    def _left(self) -> float | None:
        """The seconds that are left if it goes on as since the first new answer; None while that is not known."""
        if self._since is None:
            return None
        began, before = self._since
        kept = self._kept - before
        if kept < _SOON:
            return None
        return (self._samples - self._kept - self._missing) * (time.monotonic() - began) / kept


class Download:
    """Shows how a download goes on: to be called with the bytes that are there, those of all, and what is being done.

    A context manager.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._status = ""
        self._tenth = 0

    def __enter__(self) -> Self:
        """Nothing is shown until something is downloaded."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        if self._progress is not None:
            with suppress(OSError):  # nobody looks any more
                self._progress.stop()

    def __call__(self, completed: int, total: int, status: str) -> None:
        """Show that so much is there. `total` is 0 while nobody knows."""
        text = reveal(status, encoding=_encoding(self._stream))
        with suppress(OSError):
            if _is_terminal(self._stream):
                self._bar(completed, total, text)
            else:
                self._line(completed, total, text)

    def _bar(self, completed: int, total: int, status: str) -> None:
        if self._progress is None:
            self._progress = _download_bar(self._stream)
            self._task = self._progress.add_task("", total=None)
            self._progress.start()
        assert self._task is not None
        self._progress.update(self._task, completed=completed, total=total or None, description=shorten(status, 40))

    def _line(self, completed: int, total: int, status: str) -> None:
        """A line for what is new, or once another tenth is there."""
        tenth = completed * _TENTH // total if total else 0
        if status == self._status and tenth <= self._tenth:
            return
        self._status, self._tenth = status, tenth
        self._stream.write(f"{status}{f' ({completed * 100 // total} %)' if total else ''}\n")
        self._stream.flush()


def spelled(seconds: float) -> str:
    """A time as hours, minutes and seconds: `0:01:30`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def reasons(tally: Tally) -> str:
    """Why answers were rejected, the most frequent reason first: `2 near-copy, 1 unfinished`."""
    ordered = sorted(tally.rejected.items(), key=lambda item: (-item[1], item[0].value))
    return ", ".join(f"{number} {reason.value}" for reason, number in ordered)


def _summed(tally: Tally) -> str:
    rejected = f", {tally.rejected.total()} rejected ({reasons(tally)})" if tally.rejected.total() else ""
    pending = f", {tally.pending} not judged" if tally.pending else ""
    return f"{tally.kept}/{tally.wanted} kept{rejected}{pending}"


def _named(path: str, stream: TextIO) -> str:
    return escape(path, encoding=_encoding(stream))


def _encoding(stream: TextIO) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _is_terminal(stream: TextIO) -> bool:
    """Whether lines can be drawn over: a terminal that says it knows nothing gets plain ones."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def _live(stream: TextIO) -> "Live":
    from rich.console import Console
    from rich.live import Live

    # Drawn by the run itself: rich's own thread would look at what the run is changing.
    return Live(
        console=Console(file=stream, highlight=False),
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="crop",
    )


def _download_bar(stream: TextIO) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(_BAR),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(file=stream, highlight=False),
    )
