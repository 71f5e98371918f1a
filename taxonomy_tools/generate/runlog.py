"""`run.log`: what happened in a run and when. It is the one file with times in it, and each run adds to it.

A line is a time (UTC), a word that says what happened, and names with values. Whatever a leaf, a model or a server
brings stands at the end of its line, escaped.
"""

import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TextIO

from taxonomy_tools import __version__
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.hosts import HostStatistics
from taxonomy_tools.generate.inputs import Inputs
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Tally, Verdict
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.text import shorten

RUN_LOG_FILE = "run.log"
_NAME_DIGITS = 12
_LONGEST = 1000
_SECOND = 1e9
"""Nanoseconds."""


class RunLog:
    """Adds to a run's log. A watcher, and a context manager that notes start and end.

    A log that cannot be written (a full disk) stops no run: the rest is left out, and `error` says why.
    """

    def __init__(self, inputs: Inputs, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Open the log in a run's folder. Raises TaxonomyError if that cannot be."""
        self.path = inputs.folder / RUN_LOG_FILE
        self.error = ""
        self._inputs = inputs
        self._now = now
        self._began = time.monotonic()
        self._asked = self._stored = self._tokens = 0
        try:
            # No link is followed: a pull request could have put one there.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._file: TextIO = os.fdopen(os.open(self.path, flags, 0o666), "a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise TaxonomyError(f"cannot write {self.path}: {error.strerror or error}.") from error

    def __enter__(self) -> Self:
        """Note the start."""
        settings = self._inputs.settings
        self._write(
            "start",
            f"taxonomy-tools={__version__} run={self._inputs.name} leaves={len(self._inputs)} "
            f"samples={self._inputs.samples} digest={_word(settings.model.digest)}",
            model=settings.model.name,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Note the end, with the rate of what was asked from start to end."""
        seconds = time.monotonic() - self._began
        self._write(
            "end",
            f"asked={self._asked} stored={self._stored} answer_tokens={self._tokens} seconds={seconds:.3f} "
            f"tokens/s={_rate(self._tokens, seconds)}",
            **({} if error is None else {"error": getattr(error, "message", type(error).__name__)}),
        )
        try:
            self._file.close()
        except OSError as failure:
            self._give_up(failure)

    def warning(self, message: str) -> None:
        """Note a warning."""
        self._write("warning", message=message)

    def hosts(self, statistics: Iterable[HostStatistics]) -> None:
        """Note what each host has done."""
        for host in statistics:
            self._write(
                "host",
                f"answers={host.answers} tokens={host.tokens} slots={host.slots} parallel={host.parallel or 'unknown'} "
                f"up={'yes' if host.up else 'no'} version={_word(host.version)}",
                address=host.address,
            )

    def opened(self, path: str, wanted: int) -> None:
        """Note that a leaf is begun."""
        self._write("leaf", f"wanted={wanted}", leaf=path)

    def answered(self, path: str, index: int, request: Request, answer: Answer, *, stored: bool) -> None:
        """Note an answer, with how long the server says it took."""
        if stored:
            self._stored += 1
        else:
            self._asked += 1
            self._tokens += answer.answer_tokens
        durations = answer.durations
        self._write(
            "answer" if index >= 0 else "opinion",
            *([f"index={index}"] if index >= 0 else []),
            f"request={request.name[:_NAME_DIGITS]} stored={'yes' if stored else 'no'} "
            f"seconds={durations.total / _SECOND:.3f} waiting={durations.waiting / _SECOND:.3f} "
            f"prompt_tokens={answer.prompt_tokens} answer_tokens={answer.answer_tokens} "
            f"tokens/s={_rate(answer.answer_tokens, durations.answer / _SECOND)}",
            leaf=path,
        )

    def unanswered(self, path: str, index: int, reason: str) -> None:
        """Note a request that will not be answered."""
        self._write("unanswered", *([f"index={index}"] if index >= 0 else []), leaf=path, message=reason)

    def settled(self, path: str, verdict: Verdict) -> None:
        """Note what became of an answer."""
        became = "kept" if verdict.rejection is None else verdict.rejection.reason.value.replace(" ", "-")
        self._write("verdict", f"index={verdict.index} became={became}", leaf=path)

    def closed(self, tally: Tally) -> None:
        """Note that a leaf is finished."""
        counts = f"kept={tally.kept} rejected={tally.rejected.total()} pending={tally.pending} wanted={tally.wanted}"
        self._write("closed", counts, leaf=tally.path)

    def _write(self, what: str, *facts: str, **last: str) -> None:
        """Add a line, and have it in the file at once: the process may be killed."""
        if self.error:
            return
        moment = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        ends = (f"{key}={shorten(_escaped(key, text), _LONGEST)}" for key, text in last.items())
        try:
            self._file.write(f"{' '.join([moment, what, *facts, *ends])}\n")
            self._file.flush()
        except OSError as failure:
            self._give_up(failure)

    def _give_up(self, failure: OSError) -> None:
        self.error = f"cannot write {self.path}: {failure.strerror or failure}. The rest of the log is left out."


def _escaped(key: str, text: str) -> str:
    return reveal(text) if key in ("message", "error") else escape(text)


def _word(text: str) -> str:
    """Text as a value with others after it."""
    return escape(text).replace(" ", r"\x20")


def _rate(tokens: int, seconds: float) -> str:
    return f"{tokens / seconds:.1f}" if seconds > 0 else "unknown"
