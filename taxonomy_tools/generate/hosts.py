"""Many Ollama servers as one backend: who is asked what, how much at a time, and what happens when one fails.

A host that has a free slot takes the next request, so the fast ones take more. How many slots a host has is fixed, or
found out: by Little's law, the requests that a server works on at a time are those in flight, times the share of their
time in which they do not wait. A little more than that in flight keeps the server busy while answers travel; what is
more only waits in its queue.
"""

import asyncio
import math
import random
import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from statistics import median
from types import TracebackType
from typing import Self

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.generate.backend import Unanswerable
from taxonomy_tools.generate.ollama import SECONDS, ModelGone, Ollama, Passing, Trouble
from taxonomy_tools.generate.request import Answer, Durations, Request
from taxonomy_tools.generate.settings import Model

MOST = 64
"""Requests in flight at one host at most, unless the user says so."""
_AT_FIRST = 8
_WINDOW = 8
"""Answers that are looked at together at least; else as many as may be in flight."""
_IDLE = 0.95
"""The share of time with work from which on a server's queue counts as empty."""
_FULL = 0.75
_TRIES = 5
"""How often a request is asked that servers answer with an error of theirs, or with nonsense."""
_BREAKS = 20
"""How often a request is asked while connections break: one that ends a server must not end all of them."""
_FAILURES = 3
"""Errors in a row from which on a host, and not a request, is to blame."""
_LANE = 64
"""Requests for one model in a row while others wait: loading a model costs as much as many answers."""
_RATE_SECONDS = 30.0
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HostStatistics:
    """What a host has done so far. `rate` is tokens a second over the last 30 seconds, those of answers alone.

    `slots` is how many requests it may have in flight, `parallel` how many it seems to work on at a time (None: not
    known). `up` is false while it is left out.
    """

    address: str
    version: str
    answers: int
    tokens: int
    rate: float
    in_flight: int
    slots: int
    parallel: int | None
    up: bool


class Slots:
    """How many requests are worth having in flight at a server.

    `fixed` is a number that is not to be changed, `clock` tells the time in seconds.
    """

    def __init__(self, fixed: int | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = _AT_FIRST if fixed is None else max(1, fixed)
        self.parallel: int | None = fixed
        self.in_flight = 0
        self._fixed = fixed is not None
        self._clock = clock
        self._area = 0.0
        self._since = clock()
        self._seen: list[tuple[float, int, int]] = []
        self._seconds = 0.0
        self._changed = self._since

    def enter(self) -> "Mark":
        """A request is sent."""
        self._pass()
        self.in_flight += 1
        return Mark(at=self._since, area=self._area)

    def leave(self, mark: "Mark", durations: Durations | None = None) -> None:
        """A request has ended, with an answer that took so long."""
        self._pass()
        self.in_flight -= 1
        seconds = self._since - mark.at
        if self._fixed or durations is None or seconds <= 0 or mark.at < self._changed:
            return
        service = durations.prompt + durations.answer
        if service <= 0 or durations.load > service:
            return  # not told, or a model was loaded meanwhile: that says nothing of the time after
        mean = (self._area - mark.area) / seconds
        whole = service + durations.waiting
        if service > _IDLE * whole and mean < _FULL * self.limit:
            return  # too little was asked of the server to tell how much it could do
        self._seen.append((mean, service, whole))
        self._seconds += seconds
        if len(self._seen) >= max(_WINDOW, self.limit):
            self._settle()

    def _settle(self) -> None:
        """Find the limit anew, from the answers since the last time."""
        # Of each answer alone it cannot be told: where four are worked on and one waits, four of five waited for
        # nothing. One that was in the way of others for long counts as long as it was.
        working = sum(service for _, service, _ in self._seen) / sum(whole for _, _, whole in self._seen)
        parallel = median(mean for mean, _, _ in self._seen) * working
        on_the_way = self._seconds * 1e9 > 2 * sum(whole for _, _, whole in self._seen)
        self._seen.clear()
        self._seconds = 0.0
        self.parallel = max(1, round(parallel))
        # Where nothing waits, it may be any number; what is too much is found out by the next answers.
        # But where most of the time passes outside of the server, this machine or the network is busy, not the server.
        more = self.limit if on_the_way else 2 * self.limit
        limit = more if working > _IDLE else self.parallel + math.ceil(self.parallel / 4)
        if (limit := min(MOST, limit)) != self.limit:
            # Requests that were sent before tell of another state.
            self.limit, self._changed = limit, self._since

    def _pass(self) -> None:
        """Add to the time that requests were in flight, all together."""
        now = self._clock()
        self._area += self.in_flight * (now - self._since)
        self._since = now


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """When a request was sent, and the time that requests had been in flight until then."""

    at: float
    area: float


class _Host:
    """A server, and how it does."""

    def __init__(self, server: Ollama, parallel: int | None) -> None:
        self.server = server
        self.slots = Slots(parallel)
        self.version = ""
        self.up = False
        self.gone = ""
        """Why it stays out for good."""
        self.warned = False
        self.error = "not asked yet"
        self.failures = 0
        """Failures since its last answer."""
        self.setbacks = 0
        """How often it was left out since its last answer."""
        self.model = ""
        self.row = 0
        self.answers = 0
        self.tokens = 0
        self.seconds = 0.0
        self.heard = time.monotonic()
        self.recent: deque[tuple[float, int]] = deque()
        self.exchanges: set[asyncio.Timeout] = set()
        self.mending: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        return self.server.address

    @property
    def free(self) -> bool:
        return self.up and self.slots.in_flight < self.slots.limit

    @property
    def load(self) -> float:
        """Seconds until one more request would have its answer, as far as is known: 0 for a host that is new."""
        return self.seconds * (self.slots.in_flight + 1) / (self.slots.parallel or self.slots.limit)

    def takes(self, model: str, *, others: bool) -> bool:
        """Whether it may be asked for a model now: the one it serves, or another once it has done all of that."""
        if self.slots.in_flight and self.model != model:
            return False
        return self.model != model or not others or self.row < _LANE

    def answered(self, answer: Answer, seconds: float) -> None:
        """Note an answer, which took so long."""
        now = time.monotonic()
        self.failures = self.setbacks = 0
        self.answers += 1
        self.tokens += answer.answer_tokens
        self.heard = now
        self.seconds = seconds if not self.seconds else 0.8 * self.seconds + 0.2 * seconds
        self.recent.append((now, answer.answer_tokens))
        self.forget(now)

    def forget(self, now: float) -> None:
        """Forget what is too long ago to count as its rate."""
        while self.recent and self.recent[0][0] < now - _RATE_SECONDS:
            self.recent.popleft()

    def told(self) -> HostStatistics:
        """Its statistics."""
        now = time.monotonic()
        self.forget(now)
        seconds = max(1.0, now - self.recent[0][0]) if self.recent else 1.0
        return HostStatistics(
            address=self.address,
            version=self.version,
            answers=self.answers,
            tokens=self.tokens,
            rate=sum(tokens for _, tokens in self.recent) / seconds,
            in_flight=self.slots.in_flight,
            slots=self.slots.limit,
            parallel=self.slots.parallel,
            up=self.up,
        )


@dataclass(kw_only=True, slots=True)
class _Waiter:
    """A request that waits for a host. `avoid` is the one that has just failed with it."""

    ticket: int
    model: str
    place: "asyncio.Future[_Place]"
    avoid: _Host | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A slot that was given to a request."""

    host: _Host
    mark: Mark


class Hosts:
    """A backend of one or more Ollama servers. An asynchronous context manager.

    `hosts` are addresses as Ollama's own programs take them, `models` the models that will be asked for: a host on
    which one has another digest stays out. `parallel` is how many requests a host has in flight, None to find it out.
    `patience` is after how many seconds without an answer from any host there is no hope, `pulse` after how many a
    host that is silent is asked whether it is alive, `seconds` how long an answer may take. `warn` is told, in a line
    of text that holds what servers say, of hosts that fail and come back.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        models: Iterable[Model],
        *,
        parallel: int | None = None,
        patience: float = 300.0,
        pulse: float = 30.0,
        seconds: float = SECONDS,
        warn: Callable[[str], object] = lambda _: None,
    ) -> None:
        most = max(MOST, parallel or 0) + 4  # and what is asked about the server itself
        servers = [Ollama(host, seconds=seconds, connections=most) for host in hosts]
        # One server that was named twice would be asked twice as much.
        self._hosts = [_Host(server, parallel) for server in {server.address: server for server in servers}.values()]
        self._models = {model.name: model for model in models}
        self._patience = patience
        self._pulse = pulse
        self._warn = warn
        self._tickets = count()
        self._waiting: list[_Waiter] = []
        self._failing_since: float | None = None
        self._error: TaxonomyError | None = None
        self._closing = False
        self._draining = False
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._stack = AsyncExitStack()
        self._watching: asyncio.Task[None] | None = None
        # Between runs of answers, not of results: it only spreads who comes when.
        self._dice = random.Random()  # noqa: S311 - nothing secret comes of it

    async def __aenter__(self) -> Self:
        """Look at all hosts at once. Those that do not answer are tried again while others work."""
        for host in self._hosts:
            await self._stack.enter_async_context(host.server)
        for host, error in zip(self._hosts, await asyncio.gather(*map(self._look, self._hosts)), strict=True):
            host.up = error is None
            if error is not None:
                host.warned = True  # by whoever looked before the start
                self._leave_out(host, error)
        self._is_hopeless()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give up what is in flight, and close all connections."""
        self._closing = True
        self._give_up(TaxonomyError("the servers are not asked any more."))
        tasks = [task for task in [self._watching, *(host.mending for host in self._hosts)] if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._quiet.wait()
        await self._stack.aclose()

    @property
    def capacity(self) -> int:
        """How many requests are worth having here: as many as there are slots, and a few that wait for the next.

        With two models they are more, so that a host can go on with the one that it has loaded.
        """
        slots = sum(host.slots.limit for host in self._hosts if host.up)
        return max(1, slots + max(2, slots // 4)) + (_LANE if len(self._models) > 1 else 0)

    def statistics(self) -> tuple[HostStatistics, ...]:
        """What each host has done so far, in the order in which they were given."""
        return tuple(host.told() for host in self._hosts)

    def drain(self) -> None:
        """Give up what has no slot yet, and what is tried again from now on; what servers work on goes on."""
        self._draining = True
        for waiter in self._waiting:
            waiter.place.cancel()

    async def ask(self, request: Request) -> Answer:
        """The answer of one of the hosts, and only one is asked at a time.

        Raises:
            Unanswerable, Refused: no trying again mends it.
            TaxonomyError: no host has answered for too long.

        """
        ticket = next(self._tickets)  # it keeps its place when it is tried again
        failures = breaks = 0
        avoid: _Host | None = None
        while True:
            place = await self._place(ticket, request.model, avoid)
            avoid = place.host
            try:
                return await self._exchange(place, request)
            except ModelGone as error:
                if len(self._hosts) == 1:
                    raise
                last: ModelGone | Passing = error
                breaks += 1
            except Passing as error:
                last = error
                failures += error.trouble is Trouble.FAILED
                breaks += error.trouble is Trouble.BROKEN
            if self._error is not None:
                raise self._error from last
            if failures >= _TRIES or breaks >= _BREAKS:
                times = failures + breaks
                raise Unanswerable(
                    f"a request has failed {times} times, the last time at {place.host.address}: {last}."
                ) from last
            if failures:
                await asyncio.sleep(self._pause(failures))

    async def _exchange(self, place: _Place, request: Request) -> Answer:
        """One try at one host, which gives the slot back. Raises Refused and Passing."""
        host, answer = place.host, None
        began = time.monotonic()
        abort = asyncio.timeout(None)
        try:
            async with abort:
                host.exchanges.add(abort)
                self._quiet.clear()
                answer = await host.server.chat(request, version=host.version)
        except TimeoutError as error:  # `_abort` has ended it, as the host is out
            raise Passing(Trouble.AWAY, host.error) from error
        except ModelGone as error:
            if len(self._hosts) > 1:
                self._leave_out(host, error.message)
            raise
        except Passing as error:
            self._blame(host, error)  # before its slot is given to the next
            raise
        finally:
            host.exchanges.discard(abort)
            if not any(one.exchanges for one in self._hosts):
                self._quiet.set()
            host.slots.leave(place.mark, None if answer is None else answer.durations)
            if answer is not None:
                self._note(host, answer, time.monotonic() - began)
            self._hand_out()
        return answer

    def _note(self, host: _Host, answer: Answer, seconds: float) -> None:
        self._failing_since = None
        host.answered(answer, seconds)
        if host.warned:
            host.warned = False
            self._warn(f"{host.address} answers again.")

    # --- who is asked

    async def _place(self, ticket: int, model: str, avoid: _Host | None) -> _Place:
        """Wait for a slot, and take it."""
        if self._error is not None:
            raise self._error
        if self._draining:
            raise asyncio.CancelledError
        place: asyncio.Future[_Place] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(ticket=ticket, model=model, place=place, avoid=avoid)
        insort(self._waiting, waiter, key=lambda one: one.ticket)
        self._hand_out()
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                given = place.result()
                given.host.slots.leave(given.mark)
                self._hand_out()
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _hand_out(self) -> None:
        """Give every slot that is free to a request that waits: the oldest that the host may take."""
        while self._waiting and (found := self._match()) is not None:
            host, waiter = found
            self._waiting.remove(waiter)
            if waiter.place.done():
                continue  # its asker is about to hear that it was cancelled
            others = any(one.model != waiter.model for one in self._waiting)
            host.row = host.row + 1 if others and host.model == waiter.model else 0
            host.model = waiter.model
            waiter.place.set_result(_Place(host=host, mark=host.slots.enter()))

    def _match(self) -> tuple[_Host, _Waiter] | None:
        """A host with a free slot, and the request that is to have it."""
        several = len({waiter.model for waiter in self._waiting}) > 1
        for host in sorted((host for host in self._hosts if host.free), key=lambda host: host.load):
            elsewhere = any(other.up for other in self._hosts if other is not host)
            mine = (
                waiter
                for waiter in sorted(self._waiting, key=lambda one: (one.model != host.model, one.ticket))
                if not (waiter.avoid is host and elsewhere) and host.takes(waiter.model, others=several)
            )
            if (waiter := next(mine, None)) is not None:
                return host, waiter
        return None

    # --- what goes wrong

    def _blame(self, host: _Host, error: Passing) -> None:
        """Note a failure, and leave the host out unless it may be due to the request."""
        host.error = error.reason
        host.failures += 1
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        if error.trouble is not Trouble.FAILED or host.failures >= _FAILURES:
            self._leave_out(host, error.reason)

    def _leave_out(self, host: _Host, reason: str) -> None:
        """Ask a host nothing more until it is well. Requests that it has are not taken from it."""
        if host.mending is not None or host.gone or self._closing:
            return
        host.up = False
        host.error = reason
        host.failures += 1
        host.setbacks += 1
        if self._failing_since is None:
            self._failing_since = time.monotonic()
        if host.setbacks >= _FAILURES:
            self._warn_of(host)
        if not self._is_hopeless():
            host.mending = asyncio.create_task(self._mend(host))
            self._hand_out()

    async def _mend(self, host: _Host) -> None:
        """Look at a host from time to time until it is well."""
        while True:
            await asyncio.sleep(self._pause(host.setbacks, within=self._patience_left()))
            error = await self._look(host)
            if error is None or host.gone:
                break
            host.error = error
            host.setbacks += 1
            self._warn_of(host)
            if self._is_hopeless():
                return
        host.mending = None
        if host.gone:
            self._is_hopeless()
        else:
            host.up = True
            host.failures = min(host.failures, 1)
        self._hand_out()

    async def _look(self, host: _Host) -> str | None:
        """Whether a host is well: it answers, and has the models that it should have. Gives what is wrong."""
        if host.gone:
            return host.gone
        try:
            server = await host.server.look()
        except TaxonomyError as error:
            return error.message.rstrip(".")
        host.version = server.version
        for model in self._models.values():
            found = server.model(model.name)
            if found is None:
                return f"it has no model `{model.name}`"
            if found.digest != model.digest:
                host.up = False
                host.gone = host.error = f"its `{model.name}` is another model, {found.digest[:12]}"
                self._warn(f"{host.address} stays out: {host.gone} in place of {model.digest[:12]}.")
                return host.gone
        return None

    async def _watch(self) -> None:
        """Look at hosts at work from time to time.

        What a dead one was asked goes to others, and so does what one was asked whose model was replaced meanwhile.
        """
        while True:
            await asyncio.sleep(self._pulse)
            await asyncio.gather(*(self._feel(host) for host in self._hosts if host.up and host.exchanges))

    async def _feel(self, host: _Host) -> None:
        """Look at a host, twice if it was silent, and give it up if it does not answer, or has another model now."""
        silent = host.heard <= time.monotonic() - self._pulse
        error = await self._look(host) and await self._look(host)
        if error is None or not (silent or host.gone):
            return
        self._leave_out(host, error)
        if host.gone:
            self._is_hopeless()
        self._abort(host)

    @staticmethod
    def _abort(host: _Host) -> None:
        """End what a host was asked. Whoever asked hears of it."""
        now = asyncio.get_running_loop().time()
        for exchange in host.exchanges:
            if not exchange.expired():
                exchange.reschedule(now)

    def _warn_of(self, host: _Host) -> None:
        if not host.warned:
            host.warned = True
            self._warn(f"{host.address} is left out until it is well again: {host.error}.")

    def _is_hopeless(self) -> bool:
        """Whether nothing is to be expected of any host; then all requests end with an error."""
        if self._error is not None:
            return True
        left = self._patience_left()
        if not all(host.gone or host.failures for host in self._hosts):
            return False
        if left is None or left > 0:
            if not all(host.gone for host in self._hosts):
                return False
            message = "no Ollama server is left that has the models of this run"
        else:
            message = f"no Ollama server has answered for {self._patience:g} seconds"
        each = "; ".join(f"{host.address}: {host.error.rstrip('.')}" for host in self._hosts)
        self._give_up(
            TaxonomyError(f"{message}: {each}.", Remedy("What was answered is kept. Start a server:", "ollama serve"))
        )
        return True

    def _patience_left(self) -> float | None:
        """Seconds; None while all is well."""
        return None if self._failing_since is None else self._failing_since + self._patience - time.monotonic()

    def _give_up(self, error: TaxonomyError) -> None:
        """End everything that waits for an answer with an error."""
        self._error = self._error or error
        for waiter in self._waiting:
            if not waiter.place.done():
                waiter.place.set_exception(self._error)
        self._waiting.clear()
        for host in self._hosts:
            self._abort(host)

    def _pause(self, number: int, *, within: float | None = None) -> float:
        """Seconds before another try: twice as many each time, and never the same."""
        seconds: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(number - 1, 10)) * self._dice.uniform(0.5, 1.0)
        return seconds if within is None or within <= 0 else min(seconds, within + 0.01)
