"""A run: asks for samples leaf by leaf, judges the answers, and asks again for those that were rejected.

What is asked and kept must not depend on the order in which answers arrive. So the requests of a leaf have numbers, its
answers are judged in that order, and each that is rejected makes one more request due, up to a limit. A rejection that
is certain before its turn (it does not depend on other samples) makes the next request due at once: it keeps the GPU
busy, and changes nothing about which requests there are in the end.
"""

import asyncio
import pickle
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from tempfile import TemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Protocol, Self

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.backend import Backend, Unanswerable
from taxonomy_tools.generate.filters import Inspection, LeafFilter, judged
from taxonomy_tools.generate.inputs import Inputs, Wanted
from taxonomy_tools.generate.prompting import Prompt, Prompter
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.sample import Reason, Rejection, Sample, Scores
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.store import Rate, Store

_GRACE = 30.0
"""Seconds that what is in flight gets after a deadline."""
_IN_VAIN = 3
"""Requests that are refused before any was answered, from which on it is not the requests that are to blame."""
_IN_A_ROW = 10
"""The same later on, if they are of several leaves and nothing was answered in between."""
_JUDGING = 256
"""Answers that wait for judgement at most, so that those of an old run do not fill the memory."""


class Ending(Enum):
    """How a run came to its end."""

    DONE = "done"
    INTERRUPTED = "interrupted"
    TOKENS = "token limit"
    DEADLINE = "deadline"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of an answer: `sample` was kept unless there is a `rejection`; None if it could not be read.

    `index` is the number of its request in the leaf, from 0, and `request` that request's name. `opinion` is the name
    of the request that the judge was asked with, and `reason` what it said.
    """

    index: int
    request: str
    sample: Sample | None
    rejection: Rejection | None
    scores: Scores
    prompt_tokens: int
    answer_tokens: int
    opinion: str = ""
    reason: str = ""


@dataclass(kw_only=True, slots=True)
class Tally:
    """The counts of one leaf.

    Each answer that was received is kept, rejected, or pending: not judged, as the run was stopped. The tokens are
    those of the answers that were judged, and of the judge's.
    """

    path: str
    wanted: int
    kept: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)
    pending: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0

    @property
    def answers(self) -> int:
        """How many answers were received."""
        return self.kept + self.rejected.total() + self.pending


class Watcher(Protocol):
    """Is told how a run goes on. Everything happens in one thread."""

    def opened(self, path: str, wanted: int) -> None:
        """A leaf is begun."""

    def answered(self, path: str, index: int, request: Request, answer: Answer, *, stored: bool) -> None:
        """An answer is there: just now, or since an earlier run (`stored`). Answers of the judge have the index -1."""

    def unanswered(self, path: str, index: int, reason: str) -> None:
        """A request will not be answered; its index is as in `answered`. What `reason` says may be a server's words."""

    def settled(self, path: str, verdict: Verdict) -> None:
        """An answer was judged."""

    def closed(self, tally: Tally) -> None:
        """A leaf is finished."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """When to stop: after so many tokens (of prompts and answers, asked for from now on), or so many seconds."""

    tokens: int | None = None
    seconds: float | None = None


class Run:
    """One pass over the inputs of a run, which ends with a verdict on every answer. A context manager."""

    def __init__(
        self,
        inputs: Inputs,
        store: Store,
        watchers: tuple[Watcher, ...] = (),
        *,
        budget: Budget | None = None,
    ) -> None:
        self.inputs = inputs
        self.error: TaxonomyError | None = None
        self.ending = Ending.DONE
        self.tallies: list[Tally] = [Tally(path=path, wanted=samples) for path, samples in inputs.wanted()]
        self._store = store
        self._backend: Backend | None = None
        self._watchers = watchers
        self._budget = budget or Budget()
        self._spool: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._places: dict[int, int] = {}
        self._unopened = iter(range(len(inputs)))
        self._open: dict[int, _LeafRun] = {}
        self._opinions: deque[_Job] = deque()
        self._tasks: dict[asyncio.Task[Answer], _Job] = {}
        self._judging = 0
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._tokens = 0
        self._answers = 0
        self._answer_tokens = 0
        self._heard = False
        self._in_vain: list[Unanswerable] = []
        self._in_a_row: list[int] = []

    def __enter__(self) -> Self:
        """The run itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Forget the verdicts."""
        with suppress(OSError):  # what has no room on the disk
            self._spool.close()

    def stop(self, ending: Ending = Ending.INTERRUPTED) -> None:
        """Ask for nothing more, and end once what is in flight has been answered. To be called in the run's loop."""
        if self.ending is Ending.DONE:
            self.ending = ending
            self._opinions.clear()
            if self._backend is not None:
                self._backend.drain()
            self._events.put_nowait(_Event())

    def give_up(self) -> None:
        """End now: what is in flight is lost, and will be asked again. To be called in the run's loop."""
        self.stop()
        for task in self._tasks:
            task.cancel()

    async def go(self, backend: Backend | None) -> None:
        """Ask, store and judge until every leaf has its samples, or cannot have them, or the run is stopped.

        Without a backend nothing is asked: what has no answer in the store is left out.
        Afterwards `ending` says how it ended, `error` why it failed, and `verdicts` what was found.

        Raises TaxonomyError if what was judged cannot be kept.
        """
        self._backend = backend
        began = time.monotonic()
        end = None if self._budget.seconds is None else began + self._budget.seconds
        with ThreadPoolExecutor(1, thread_name_prefix="judge") as pool:
            try:
                while True:
                    if end is not None and time.monotonic() >= end:
                        self.stop(Ending.DEADLINE)
                    self._fill(pool)
                    # An answer that comes just as the time is up waits among the events, and is kept too.
                    if not self._tasks and not self._judging and self._events.empty():
                        break
                    for event in await self._next_events(end):
                        self._handle(event, pool)
                if self._in_vain and not self._heard and self.ending is Ending.DONE:
                    self._fail(self._in_vain[0])
            finally:
                await self._cancel()
                self._note_rate(time.monotonic() - began)
                for number in list(self._open):
                    self._close(number)

    def verdicts(self, number: int) -> list[Verdict]:
        """The verdicts on a leaf's answers, in the order of their requests. `number` is the leaf's, from 0.

        Raises TaxonomyError if the temporary file that holds them cannot be read.
        """
        if number not in self._places:
            return []
        with _keeping():
            self._spool.seek(self._places[number])
            # Written by this process a moment ago, into a file that has no name.
            verdicts: list[Verdict] = pickle.load(self._spool)  # noqa: S301 - see above
        return verdicts

    # --- what to ask next

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        """Ask as much as is worth having in flight."""
        while self.ending is Ending.DONE and self._judging < _JUDGING and len(self._tasks) < self._capacity:
            job = self._next_job()
            if job is None:
                return
            answer = self._store.get(job.request.name)
            if answer is not None:
                self._judge(job, answer, pool, stored=True)
            elif self._backend is not None:
                task = asyncio.create_task(self._backend.ask(job.request))
                self._tasks[task] = job
                task.add_done_callback(self._arrived)
            elif job.opinion_on is None:
                self._open[job.leaf].end_before(job.prompt.index)
            else:
                self._skip(job, "the judge was not asked", pool)

    @property
    def _capacity(self) -> int:
        return 1 if self._backend is None else self._backend.capacity

    def _next_job(self) -> "_Job | None":
        if self._opinions:
            return self._opinions.popleft()
        for leaf in self._open.values():
            if leaf.asked < leaf.due:
                return leaf.next_job()
        for number in self._unopened:
            wanted = self.inputs.leaf(number)
            leaf = self._open[number] = _LeafRun(number, wanted, self.inputs.settings)
            for watcher in self._watchers:
                watcher.opened(wanted.leaf.path, wanted.samples)
            if leaf.due:
                return leaf.next_job()
            self._close(number)
        return None

    def _arrived(self, task: "asyncio.Task[Answer]") -> None:
        """Pass on what has become of a request. Of one that was cancelled nothing has, but whoever waits must know."""
        job = self._tasks.pop(task)
        if task.cancelled():
            self._events.put_nowait(_Event())
        elif (error := task.exception()) is not None:
            self._events.put_nowait(_Event(job=job, error=error))
        else:
            self._events.put_nowait(_Event(job=job, answer=task.result()))

    # --- what to do with what arrives

    async def _next_events(self, end: float | None) -> "list[_Event]":
        """What has happened meanwhile: at least one thing, unless the time is up."""
        limit = {Ending.DONE: 0.0, Ending.DEADLINE: _GRACE}.get(self.ending)
        seconds = None if end is None or limit is None else max(0.0, end + limit - time.monotonic())
        events = []
        try:
            if self._events.empty():  # with no time left, what is there would not be taken
                events.append(await asyncio.wait_for(self._events.get(), seconds))
        except TimeoutError:
            if self.ending is Ending.DONE:
                self.stop(Ending.DEADLINE)
            else:
                self.give_up()
            return []
        while not self._events.empty():
            events.append(self._events.get_nowait())
        return events

    def _handle(self, event: "_Event", pool: ThreadPoolExecutor) -> None:
        if isinstance(event.error, Unanswerable) and event.job is not None:
            self._in_vain.append(event.error)
            self._in_a_row.append(event.job.leaf)
            if self._is_in_vain():
                self._fail(event.error)
            else:
                self._skip(event.job, event.error.message, pool)
        elif event.error is not None:
            if not isinstance(event.error, TaxonomyError):
                raise event.error
            self._fail(event.error)
        elif event.step is not None:
            self._judging -= 1
            self._apply(event.step)
        elif event.job is not None and event.answer is not None:
            try:
                # Before anything else happens to it.
                self._store.put(event.job.request, event.answer)
            except TaxonomyError as error:
                self._fail(error)
            else:
                self._spend(event.answer)
                self._judge(event.job, event.answer, pool, stored=False)

    def _is_in_vain(self) -> bool:
        """Whether so much was refused that it is not due to single requests."""
        if not self._heard:
            return len(self._in_vain) >= _IN_VAIN
        return len(self._in_a_row) >= _IN_A_ROW and len(set(self._in_a_row)) > 1

    def _fail(self, error: TaxonomyError) -> None:
        """Remember the first error, ask for nothing more, and give up what is in flight."""
        if self.error is None:
            self.error, self.ending = error, Ending.FAILED
        self.give_up()

    def _spend(self, answer: Answer) -> None:
        self._in_a_row.clear()
        self._answers += 1
        self._answer_tokens += answer.answer_tokens
        self._tokens += answer.prompt_tokens + answer.answer_tokens
        if self._budget.tokens is not None and self._tokens >= self._budget.tokens:
            self.stop(Ending.TOKENS)

    def _judge(self, job: "_Job", answer: Answer, pool: ThreadPoolExecutor, *, stored: bool) -> None:
        """Have an answer judged, in the one thread that does so: one leaf's answers are compared with each other."""
        leaf = self._open[job.leaf]
        tally = self.tallies[job.leaf]
        tally.pending += job.opinion_on is None
        self._heard = True
        for watcher in self._watchers:
            watcher.answered(tally.path, job.index, job.request, answer, stored=stored)
        self._judging += 1
        work = asyncio.get_running_loop().run_in_executor(pool, leaf.bench.take, job, answer)
        work.add_done_callback(self._judged)

    def _skip(self, job: "_Job", reason: str, pool: ThreadPoolExecutor) -> None:
        """Go on without an answer: what is kept of the others must not depend on this one."""
        tally = self.tallies[job.leaf]
        tally.pending += job.opinion_on is None
        for watcher in self._watchers:
            watcher.unanswered(tally.path, job.index, reason)
        self._judging += 1
        work = asyncio.get_running_loop().run_in_executor(pool, self._open[job.leaf].bench.skip, job)
        work.add_done_callback(self._judged)

    def _judged(self, work: "asyncio.Future[_Step]") -> None:
        error = work.exception()
        self._events.put_nowait(_Event(error=error) if error is not None else _Event(step=work.result()))

    def _apply(self, step: "_Step") -> None:
        """Note what judging one answer has settled."""
        leaf, tally = self._open[step.leaf], self.tallies[step.leaf]
        leaf.known_rejections += step.rejections
        if self.ending is Ending.DONE:
            self._opinions.extend(step.opinions)
        for verdict in step.verdicts:
            tally.pending -= 1
            tally.prompt_tokens += verdict.prompt_tokens
            tally.answer_tokens += verdict.answer_tokens
            if verdict.rejection is None:
                tally.kept += 1
            else:
                tally.rejected[verdict.rejection.reason] += 1
            leaf.verdicts.append(verdict)
            for watcher in self._watchers:
                watcher.settled(tally.path, verdict)
        if len(leaf.verdicts) == leaf.due:
            self._close(step.leaf)

    def _close(self, number: int) -> None:
        leaf = self._open.pop(number)
        with _keeping():
            self._places[number] = self._spool.seek(0, 2)
            pickle.dump(leaf.verdicts, self._spool)
            self._spool.flush()
        for watcher in self._watchers:
            watcher.closed(self.tallies[number])

    async def _cancel(self) -> None:
        """Take back what is in flight."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, TaxonomyError):
                await task

    def _note_rate(self, seconds: float) -> None:
        if self._answers and seconds > 0:
            rate = Rate(answers=self._answers, tokens=self._answer_tokens, seconds=seconds)
            with suppress(TaxonomyError):  # a full disk: it has been told already
                self._store.note_rate(self.inputs.settings.model.digest, rate)


@contextmanager
def _keeping() -> Iterator[None]:
    """What the file system says of the verdicts' temporary file ends here."""
    try:
        yield
    except OSError as error:
        raise TaxonomyError(
            f"cannot keep what was judged in {gettempdir()}: {error.strerror or error}.",
            "The answers are safe. Make room there, then run the same command again.",
        ) from error


# --- one leaf


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """A request of a leaf: for a sample, or for the judge's opinion on the sample `opinion_on`."""

    leaf: int
    prompt: Prompt
    request: Request
    opinion_on: Sample | None = None

    @property
    def index(self) -> int:
        """The number of a request for a sample in its leaf; -1 for one to the judge."""
        return self.prompt.index if self.opinion_on is None else -1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    """What has happened: an answer to a job arrived, something was judged, something failed, or (empty) none of it."""

    job: _Job | None = None
    answer: Answer | None = None
    step: "_Step | None" = None
    error: BaseException | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """What judging one answer came to: verdicts in their order, newly certain rejections, and whom to ask next."""

    leaf: int
    verdicts: tuple[Verdict, ...] = ()
    rejections: int = 0
    opinions: tuple[_Job, ...] = ()


class _LeafRun:
    """The requests of one leaf, as the loop sees them. `known_rejections` are certain, whether settled or not."""

    def __init__(self, number: int, wanted: Wanted, settings: Settings) -> None:
        self.asked = 0
        self.known_rejections = 0
        self.verdicts: list[Verdict] = []
        self._number = number
        self._samples = wanted.samples
        self._most = wanted.samples * settings.max_attempts
        self._prompter = Prompter(wanted.leaf, settings, passages=wanted.passages)
        self.bench = _Bench(number, wanted, settings, self._prompter)

    @property
    def due(self) -> int:
        """How many requests there are to be, as far as is known."""
        return min(self._most, self._samples + self.known_rejections)

    def next_job(self) -> _Job:
        """The next request for a sample."""
        prompt = self._prompter.prompt(self.asked)
        self.asked += 1
        return _Job(leaf=self._number, prompt=prompt, request=prompt.request)

    def end_before(self, index: int) -> None:
        """Ask no request from this one on: nobody can be asked who has not been."""
        self._most = min(self._most, index)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    """An answer whose turn has not come."""

    prompt: Prompt
    answer: Answer
    inspection: Inspection


_NO_ANSWER = Rejection(reason=Reason.UNANSWERED, detail="no answer, however often it was asked")
_NO_OPINION = Rejection(reason=Reason.UNANSWERED, detail="the judge gives no answer")
NOTHING = Answer(content="", done=False, done_reason="", prompt_tokens=0, answer_tokens=0, server="")
"""In place of the answer to a request that has none."""


class _Bench:
    """Judges the answers of one leaf in the order of their requests. Lives in the one thread that judges."""

    def __init__(self, number: int, wanted: Wanted, settings: Settings, prompter: Prompter) -> None:
        self._number = number
        self._settings = settings
        self._prompter = prompter
        self._filter = LeafFilter(wanted.leaf, settings)
        self._waiting: dict[int, _Waiting] = {}
        self._certain: set[int] = set()
        self._asked: dict[int, _Job] = {}
        self._opinions: dict[int, Answer] = {}
        self._unanswered: set[int] = set()
        self._next = 0

    def take(self, job: _Job, answer: Answer) -> _Step:
        """Look at an answer, and settle all whose turn it is now."""
        index = job.prompt.index
        opinions: tuple[_Job, ...] = ()
        before = len(self._certain)
        if job.opinion_on is not None:
            self._opinions[index] = answer
        else:
            inspection = self._filter.inspect(answer, passage=job.prompt.passage)
            self._waiting[index] = _Waiting(prompt=job.prompt, answer=answer, inspection=inspection)
            if self._is_rejected(inspection):
                self._certain.add(index)
            elif self._settings.judge is not None:
                assert inspection.sample is not None
                request = self._prompter.judge(inspection.sample, job.prompt)
                self._asked[index] = replace(job, request=request, opinion_on=inspection.sample)
                opinions = (self._asked[index],)
        known = len(self._certain) - before
        verdicts, surprises = self._settle()
        return _Step(leaf=self._number, verdicts=verdicts, rejections=known + surprises, opinions=opinions)

    def skip(self, job: _Job) -> _Step:
        """Take it that a request will not be answered, and settle all whose turn it is now."""
        index = job.prompt.index
        known = 0
        if job.opinion_on is not None:
            self._unanswered.add(index)
        else:
            inspection = Inspection(sample=None, early=_NO_ANSWER, late=None, scores=Scores(), words=((), ()))
            self._waiting[index] = _Waiting(prompt=job.prompt, answer=NOTHING, inspection=inspection)
            self._certain.add(index)
            known = 1
        verdicts, surprises = self._settle()
        return _Step(leaf=self._number, verdicts=verdicts, rejections=known + surprises)

    def _is_rejected(self, inspection: Inspection) -> bool:
        """Whether nothing that others bring can save it. Only a judge is worth looking at what was kept for already."""
        if inspection.certain or self._settings.judge is None:
            return inspection.certain
        return self._filter.settle(inspection)[0] is not None

    def _settle(self) -> tuple[tuple[Verdict, ...], int]:
        """The verdicts whose turn it is, and how many of them are rejections that nobody knew of."""
        verdicts = []
        surprises = 0
        while (waiting := self._waiting.get(self._next)) is not None:
            job, opinion = self._asked.get(self._next), self._opinions.get(self._next)
            if job is not None and opinion is None and self._next not in self._unanswered:
                break
            verdict = self._verdict(waiting, job, opinion)
            if verdict.rejection is None:
                self._filter.keep(waiting.inspection)
            elif self._next not in self._certain:
                surprises += 1
            verdicts.append(verdict)
            del self._waiting[self._next]
            self._certain.discard(self._next)
            self._next += 1
        return tuple(verdicts), surprises

    def _verdict(self, waiting: _Waiting, job: _Job | None, opinion: Answer | None) -> Verdict:
        inspection, answer = waiting.inspection, waiting.answer
        rejection, scores = self._filter.settle(inspection)
        verdict = Verdict(
            index=waiting.prompt.index,
            request=waiting.prompt.request.name,
            sample=inspection.sample,
            rejection=rejection,
            scores=scores,
            prompt_tokens=answer.prompt_tokens,
            answer_tokens=answer.answer_tokens,
        )
        if rejection is not None or job is None:
            return verdict
        if opinion is None:
            return replace(verdict, rejection=_NO_OPINION)
        rejection, score, reason = judged(opinion, self._settings)
        return replace(
            verdict,
            rejection=rejection,
            scores=replace(scores, judge=score),
            opinion=job.request.name,
            reason=reason,
            prompt_tokens=verdict.prompt_tokens + opinion.prompt_tokens,
            answer_tokens=verdict.answer_tokens + opinion.answer_tokens,
        )
