"""Several servers share the work; those that fail are left out and come back; no request is asked of two at a time."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from random import Random

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.backend import Backend, Refused, Unanswerable
from taxonomy_tools.generate.hosts import Hosts, HostStatistics, Mark, Slots
from taxonomy_tools.generate.ollama import ModelGone
from taxonomy_tools.generate.request import Answer, Durations, Request
from taxonomy_tools.generate.settings import Model
from tests.generate.answers import request
from tests.ollama_server import Model as Served
from tests.ollama_server import OllamaServer, Reply, ollama_process

TINY = Model(name="tiny", digest="1" * 64)
JUDGE = Model(name="judge", digest="2" * 64)
MODELS = (Served(name="tiny", digest=TINY.digest), Served(name="judge", digest=JUDGE.digest))


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS, parallel=4) as served:
        yield served


@pytest.fixture
def other() -> Iterator[OllamaServer]:
    with OllamaServer(MODELS, parallel=4) as served:
        yield served


@pytest.fixture
def warnings() -> list[str]:
    return []


async def ask_all(hosts: Hosts, requests: Sequence[Request]) -> list[Answer]:
    """Ask as a run does: as many at a time as the hosts are good for."""
    answers: dict[int, Answer] = {}
    tasks: dict[asyncio.Task[Answer], int] = {}
    rest = list(enumerate(requests))
    try:
        while rest or tasks:
            while rest and len(tasks) < hosts.capacity:
                number, one = rest.pop(0)
                tasks[asyncio.create_task(hosts.ask(one))] = number
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                answers[tasks.pop(task)] = task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [answers[number] for number in range(len(requests))]


def run(hosts: Hosts, act: Callable[[Hosts], Awaitable[object]]) -> tuple[HostStatistics, ...]:
    """Do something with hosts; gives their statistics at its end."""

    async def go() -> tuple[HostStatistics, ...]:
        async with hosts:
            await act(hosts)
            return hosts.statistics()

    return asyncio.run(go())


def requests(number: int, **changes: object) -> list[Request]:
    return [request(index, **changes) for index in range(number)]


def test_answer_has_the_version_of_its_server(server: OllamaServer) -> None:
    async def act(hosts: Hosts) -> None:
        backend: Backend = hosts
        assert (await backend.ask(request())).server == "0.24.0"

    (told,) = run(Hosts([server.url], [TINY]), act)
    assert (told.address, told.version, told.answers, told.in_flight, told.up) == (server.url, "0.24.0", 1, 0, True)
    assert told.tokens > 0
    assert told.rate == told.tokens


def test_each_request_is_asked_once(server: OllamaServer, other: OllamaServer) -> None:
    told = run(Hosts([server.url, other.url, server.url], [TINY]), lambda hosts: ask_all(hosts, requests(100)))
    assert set((server.counted() + other.counted()).values()) == {1}
    assert sum(one.answers for one in told) == 100
    assert len(told) == 2  # a server that is named twice is one


def test_fixed_parallelism_is_kept(server: OllamaServer) -> None:
    server.delay = 0.01
    (told,) = run(Hosts([server.url], [TINY], parallel=3), lambda hosts: ask_all(hosts, requests(60)))
    assert (told.slots, told.parallel, server.peak) == (3, 3, 3)


@pytest.mark.parametrize(
    ("parallel", "delay", "number"),
    [
        pytest.param(1, 0.03, 60, id="one at a time"),
        pytest.param(4, 0.1, 160, id="four"),
        pytest.param(16, 0.4, 240, id="sixteen"),
    ],
)
def test_parallelism_of_a_server_is_found(parallel: int, delay: float, number: int) -> None:
    with ollama_process("--model", "teacher", "--parallel", str(parallel), "--delay", str(delay)) as process:
        (told,) = run(Hosts([process.url], []), lambda hosts: ask_all(hosts, requests(number, model="teacher")))
    assert told.parallel is not None
    assert parallel * 0.75 <= told.parallel <= parallel * 2
    assert parallel < told.slots <= 3 * parallel + 1


def test_server_is_kept_busy() -> None:
    # Four at a time, 0.2 seconds each. The bound is that of the issue; a machine that is busy may need a second try.
    def efficiency(url: str) -> float:
        began = time.monotonic()
        run(Hosts([url], []), lambda hosts: ask_all(hosts, requests(120, model="teacher")))
        return 120 * 0.2 / 4 / (time.monotonic() - began)

    with ollama_process("--model", "teacher", "--parallel", "4", "--delay", "0.2") as process:
        assert any(efficiency(process.url) >= 0.95 for _ in range(3))


class Queue:
    """A server that works on so many requests at a time, in the order in which they came, and takes no real time."""

    def __init__(self, service: Callable[[], float] = lambda: 1.0, *, load: float = 0.0) -> None:
        self.now = 0.0
        self.slots = Slots(clock=lambda: self.now)
        self._service = service
        self._load = load

    def serve(self, answers: int, *, parallel: int, most: int = 999) -> list[int]:
        """The limits that were found on the way."""
        free = [self.now] * parallel
        flying: list[tuple[float, int, Durations, Mark]] = []
        limits = [self.slots.limit]
        for number in range(answers):
            while self.slots.in_flight < min(self.slots.limit, most):
                start, seconds = max(free[0], self.now), self._service()
                free[0] = start + seconds
                free.sort()
                whole = start - self.now + self._load + seconds
                total, load, prompt, answer = (
                    round(part * 1e9) for part in (whole, self._load, 0.1 * seconds, 0.9 * seconds)
                )
                durations = Durations(total=total, load=load, prompt=prompt, answer=answer)
                flying.append((start + seconds, number, durations, self.slots.enter()))
            flying.sort(key=lambda one: one[:2])
            self.now, _, durations, mark = flying.pop(0)
            self.slots.leave(mark, durations)
            if limits[-1] != self.slots.limit:
                limits.append(self.slots.limit)
        for *_, mark in flying:
            self.slots.leave(mark)
        return limits


@pytest.mark.parametrize("parallel", [1, 2, 4, 8, 16, 48])
@pytest.mark.parametrize("spread", [pytest.param(0.0, id="even"), pytest.param(0.8, id="uneven")])
def test_limit_settles_just_above_the_servers(parallel: int, spread: float) -> None:
    dice = Random(7)
    queue = Queue(lambda: 1 + spread * dice.uniform(-1, 1))
    queue.serve(2000, parallel=parallel)
    assert queue.slots.parallel is not None
    assert abs(queue.slots.parallel - parallel) <= max(0.5, parallel * 0.15)
    assert parallel < queue.slots.limit <= parallel * 1.5 + 1


def test_limit_follows_a_server_that_changes() -> None:
    queue = Queue()
    for parallel in (4, 16, 1):
        queue.serve(1000, parallel=parallel)
        assert parallel < queue.slots.limit <= parallel * 1.5 + 1


def test_limit_has_an_end() -> None:
    assert Queue().serve(1000, parallel=999) == [8, 16, 32, 64]


def test_nothing_is_learned_where_little_is_asked() -> None:
    assert Queue().serve(200, parallel=16, most=2) == [8]


def test_nothing_is_learned_while_a_model_loads() -> None:
    assert Queue(load=60.0).serve(100, parallel=1) == [8]


def test_slow_host_is_asked_less(server: OllamaServer, other: OllamaServer) -> None:
    server.delay, other.delay = 0.02, 0.2
    fast, slow = run(Hosts([server.url, other.url], [TINY], parallel=2), lambda hosts: ask_all(hosts, requests(100)))
    assert fast.answers > 4 * slow.answers > 0


def test_host_that_dies_and_comes_back(server: OllamaServer, other: OllamaServer, warnings: list[str]) -> None:
    server.delay = other.delay = 0.05
    server.fault(Reply(die=1.0), after=20)
    told = run(
        Hosts([server.url, other.url], [TINY], parallel=4, warn=warnings.append),
        lambda hosts: ask_all(hosts, requests(300)),
    )
    answered = server.counted(answered=True) + other.counted(answered=True)
    assert (len(answered), set(answered.values())) == (300, {1})
    assert sum(one.answers for one in told) == 300
    assert told[0].answers > 30
    assert warnings == [
        (
            f"{server.url} is left out until it is well again: "
            f"no Ollama server answers at {server.url}: All connection attempts failed."
        ),
        f"{server.url} answers again.",
    ]


def test_host_that_was_not_there_at_the_start_joins(
    server: OllamaServer, other: OllamaServer, warnings: list[str]
) -> None:
    server.delay = 0.05
    other.down()

    async def act(hosts: Hosts) -> None:
        assert [one.up for one in hosts.statistics()] == [True, False]
        other.up()
        await ask_all(hosts, requests(100))

    _, joined = run(Hosts([server.url, other.url], [TINY], parallel=4, warn=warnings.append), act)
    assert joined.answers > 0
    assert warnings == [f"{other.url} answers again."]


def test_host_with_another_model_stays_out(server: OllamaServer, warnings: list[str]) -> None:
    with OllamaServer([Served(name="tiny", digest="f" * 64)]) as other:
        told = run(
            Hosts([server.url, other.url], [TINY], warn=warnings.append), lambda hosts: ask_all(hosts, requests(20))
        )
        assert other.chats() == []
    assert [one.up for one in told] == [True, False]
    assert warnings == [f"{other.url} stays out: its `tiny` is another model, ffffffffffff in place of 111111111111."]


def test_host_that_comes_back_with_another_model_stays_out(
    server: OllamaServer, other: OllamaServer, warnings: list[str]
) -> None:
    server.delay = other.delay = 0.02

    async def act(hosts: Hosts) -> None:
        await ask_all(hosts, requests(20))
        other.models["tiny:latest"] = replace(other.models["tiny:latest"], digest="f" * 64)
        other.fault(Reply(end="reset"))
        other.forget()
        await ask_all(hosts, requests(200))

    run(Hosts([server.url, other.url], [TINY], parallel=2, warn=warnings.append), act)
    assert len(other.chats()) <= 4  # one that is reset, and those that were sent before it was
    assert warnings == [f"{other.url} stays out: its `tiny` is another model, ffffffffffff in place of 111111111111."]


def test_no_host_has_the_right_model(server: OllamaServer) -> None:
    with pytest.raises(TaxonomyError) as caught:
        run(Hosts([server.url], [replace(TINY, digest="e" * 64)]), lambda hosts: hosts.ask(request()))
    assert caught.value.message == (
        "no Ollama server is left that has the models of this run: "
        f"{server.url}: its `tiny` is another model, 111111111111."
    )


def test_no_host_answers_for_too_long(server: OllamaServer, other: OllamaServer, warnings: list[str]) -> None:
    server.down()
    other.fault(Reply(status=503, error="server busy"), times=None)
    hosts = Hosts([server.url, other.url], [TINY], patience=1.0, warn=warnings.append)
    began = time.monotonic()
    with pytest.raises(TaxonomyError) as caught:
        run(hosts, lambda hosts: ask_all(hosts, requests(10)))
    assert 1.0 <= time.monotonic() - began < 8
    assert caught.value.message == (
        "no Ollama server has answered for 1 seconds: "
        f"{server.url}: no Ollama server answers at {server.url}: All connection attempts failed; "
        f"{other.url}: 503 server busy."
    )
    assert [(one.label, one.command) for one in caught.value.remedies] == [
        ("What was answered is kept. Start a server:", "ollama serve")
    ]


def test_later_requests_hear_of_it_at_once(server: OllamaServer) -> None:
    server.down()

    async def act(hosts: Hosts) -> None:
        for _ in range(2):
            with pytest.raises(TaxonomyError, match=r"has answered for 0\.2 seconds"):
                await hosts.ask(request())

    run(Hosts([server.url], [TINY], patience=0.2), act)


def test_busy_server_is_asked_again(server: OllamaServer, warnings: list[str]) -> None:
    server.fault(Reply(status=503, error="server busy"), times=2)
    run(Hosts([server.url], [TINY], warn=warnings.append), lambda hosts: hosts.ask(request()))
    assert (len(server.chats()), warnings) == (3, [])


def test_host_with_errors_in_a_row_is_left_out(server: OllamaServer, other: OllamaServer, warnings: list[str]) -> None:
    server.fault(Reply(status=500, error="no GPU"), times=None)
    other.delay = 0.02
    told = run(Hosts([server.url, other.url], [TINY], parallel=2), lambda hosts: ask_all(hosts, requests(60)))
    assert [one.answers for one in told] == [0, 60]
    assert len(server.chats()) < 20


def test_request_that_always_fails_is_refused(server: OllamaServer) -> None:
    server.fault(Reply(status=500, error="crash"), times=None, where=lambda body: "number 3" in str(body))
    with pytest.raises(Unanswerable) as caught:
        run(Hosts([server.url], [TINY]), lambda hosts: ask_all(hosts, requests(30)))
    assert caught.value.message == f"a request has failed 5 times, the last time at {server.url}: 500 crash."
    assert server.counted().most_common(2)[0][1] == 5


def test_request_that_ends_servers_is_refused(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxonomy_tools.generate.hosts._BREAKS", 3)
    server.fault(Reply(end="closed"), times=None)
    with pytest.raises(Unanswerable, match="a request has failed 3 times, the last time at "):
        run(Hosts([server.url], [TINY]), lambda hosts: hosts.ask(request()))


def test_what_does_not_pass_is_not_tried_again(server: OllamaServer) -> None:
    with pytest.raises(Refused, match='option "seed" must be of type integer'):
        run(Hosts([server.url], [TINY]), lambda hosts: hosts.ask(request(options={"seed": "x"})))
    with pytest.raises(ModelGone, match="has no model `gone`"):
        run(Hosts([server.url], [TINY]), lambda hosts: hosts.ask(request(model="gone")))
    assert len(server.chats()) == 2


def test_model_that_was_removed_at_one_host_is_asked_elsewhere(
    server: OllamaServer, other: OllamaServer, warnings: list[str]
) -> None:
    server.delay = 0.1

    async def act(hosts: Hosts) -> None:
        del other.models["tiny:latest"]
        await ask_all(hosts, requests(60))

    told = run(Hosts([server.url, other.url], [TINY], parallel=4, warn=warnings.append), act)
    assert [one.answers for one in told] == [60, 0]
    assert warnings == [f"{other.url} is left out until it is well again: it has no model `tiny`."]


def test_host_that_hangs_is_found_out(server: OllamaServer, other: OllamaServer) -> None:
    server.fault(Reply(end="hang"), times=None)
    server.fault(Reply(status=500), path="/api/version", times=None, after=1)
    told = run(
        Hosts([server.url, other.url], [TINY], parallel=2, pulse=0.2), lambda hosts: ask_all(hosts, requests(20))
    )
    assert [(one.answers, one.in_flight) for one in told] == [(0, 0), (20, 0)]


def test_slow_answer_of_a_host_that_lives_is_waited_for(server: OllamaServer) -> None:
    server.delay = 0.5
    (told,) = run(Hosts([server.url], [TINY], pulse=0.1), lambda hosts: hosts.ask(request()))
    assert told.answers == 1
    assert len(server.chats()) == 1


def test_requests_for_one_model_stay_together(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.delay = 0.01

    async def act(hosts: Hosts) -> None:
        both = [one for pair in zip(requests(40), requests(40, model="judge"), strict=True) for one in pair]
        await ask_all(hosts, both)

    run(Hosts([server.url], [TINY, JUDGE], parallel=2), act)
    models = [body["model"] for body in server.chats()]
    switches = sum(one != after for one, after in itertools.pairwise(models))
    assert (models.count("tiny"), models.count("judge")) == (40, 40)
    assert switches <= 3

    # With a bound of 5 in a row, nobody waits for all the others.
    monkeypatch.setattr("taxonomy_tools.generate.hosts._LANE", 5)
    server.forget()
    run(
        Hosts([server.url], [TINY, JUDGE], parallel=2),
        lambda hosts: asyncio.gather(*map(hosts.ask, [*requests(40), *requests(40, model="judge")])),
    )
    models = [body["model"] for body in server.chats()]
    assert "judge" in models[:10]


def test_request_that_is_given_up_leaves_its_slot(server: OllamaServer) -> None:
    server.fault(Reply(end="hang"), times=2)

    async def act(hosts: Hosts) -> None:
        hanging = [asyncio.create_task(hosts.ask(one)) for one in requests(4)]
        await asyncio.sleep(0.2)
        assert hosts.statistics()[0].in_flight == 2
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        assert hosts.statistics()[0].in_flight == 0
        await ask_all(hosts, requests(4))

    run(Hosts([server.url], [TINY], parallel=2), act)


@pytest.mark.parametrize("given_up_first", [False, True])
def test_request_that_is_given_up_just_as_it_gets_a_slot(server: OllamaServer, given_up_first: bool) -> None:
    server.fault(Reply(end="hang"))

    async def act(hosts: Hosts) -> None:
        tasks = [asyncio.create_task(hosts.ask(one)) for one in requests(2)]
        await asyncio.sleep(0.2)
        # Both in one step of the loop: no request can act in between.
        if given_up_first:
            tasks[1].cancel()
        hosts._hosts[0].slots.limit = 2
        hosts._hand_out()
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        assert hosts.statistics()[0].in_flight == 1
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        assert hosts.statistics()[0].in_flight == 0

    run(Hosts([server.url], [TINY], parallel=1), act)
    assert len(server.chats()) == 1


def test_closing_ends_what_is_in_flight(server: OllamaServer) -> None:
    server.fault(Reply(end="hang"), times=None)

    async def go() -> list[object]:
        async with Hosts([server.url], [TINY], parallel=2) as hosts:
            tasks = [asyncio.create_task(hosts.ask(one)) for one in requests(4)]
            await asyncio.sleep(0.2)
        return [str(error) for error in await asyncio.gather(*tasks, return_exceptions=True)]

    assert asyncio.run(go()) == ["the servers are not asked any more."] * 4


def test_capacity_is_a_little_more_than_the_slots(server: OllamaServer, other: OllamaServer) -> None:
    other.down()
    found: list[int] = []

    async def act(hosts: Hosts) -> None:
        found.append(hosts.capacity)

    run(Hosts([server.url, other.url], [TINY], parallel=8), act)
    run(Hosts([server.url, other.url], [TINY, JUDGE], parallel=8), act)
    run(Hosts([other.url], [TINY], parallel=8), act)
    assert found == [10, 74, 2]


def test_host_that_keeps_failing_is_told_of(server: OllamaServer, warnings: list[str]) -> None:
    server.fault(Reply(status=503, error="server busy"), times=4)
    run(Hosts([server.url], [TINY], warn=warnings.append), lambda hosts: hosts.ask(request()))
    assert warnings == [
        f"{server.url} is left out until it is well again: 503 server busy.",
        f"{server.url} answers again.",
    ]


def test_many_hosts_that_fail_now_and_then() -> None:
    dice = Random(3)

    def reply(body: dict[str, object], times: int) -> Reply | None:
        faults = (Reply(status=503, error="busy"), Reply(end="reset"), Reply(status=500, error="odd"), Reply(raw="x"))
        return dice.choice(faults) if dice.random() < 0.02 else None

    with ExitStack() as stack:
        servers = [stack.enter_context(OllamaServer(MODELS, parallel=2, delay=0.01, reply=reply)) for _ in range(4)]
        told = run(Hosts([one.url for one in servers], [TINY]), lambda hosts: ask_all(hosts, requests(300)))
        answered = sum((one.counted(answered=True) for one in servers[1:]), servers[0].counted(answered=True))
    assert sum(one.answers for one in told) == 300
    assert len(answered) == 300


def test_what_waits_for_a_slot_is_given_up_when_nothing_more_is_wanted(server: OllamaServer) -> None:
    server.delay = 0.2
    found: list[object] = []

    async def ask(hosts: Hosts) -> None:
        asked = [asyncio.create_task(hosts.ask(one)) for one in requests(6)]
        await asyncio.sleep(0.1)
        hosts.drain()
        found.extend(await asyncio.gather(*asked, return_exceptions=True))

    run(Hosts([server.url], [TINY], parallel=2), ask)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [False, False, True, True, True, True]
    assert len(server.chats()) == 2


def test_what_failed_is_not_tried_again_when_nothing_more_is_wanted(server: OllamaServer) -> None:
    server.fault(Reply(status=503, error="busy"), times=None)
    found: list[bool] = []

    async def ask(hosts: Hosts) -> None:
        asked = asyncio.create_task(hosts.ask(request()))
        await asyncio.sleep(0.1)
        hosts.drain()
        await asyncio.wait([asked], timeout=5)
        found.append(asked.cancelled())

    run(Hosts([server.url], [TINY]), ask)
    assert found == [True]


def test_model_that_is_replaced_while_its_host_works_is_noticed(server: OllamaServer) -> None:
    server.delay = 0.05
    told: list[str] = []

    async def ask(hosts: Hosts) -> None:
        asked = asyncio.create_task(ask_all(hosts, requests(400)))
        await asyncio.sleep(0.2)
        server.have(Served(name="tiny", digest="f" * 64))
        await asked

    with pytest.raises(TaxonomyError, match="no Ollama server is left that has the models of this run"):
        run(Hosts([server.url], [TINY], pulse=0.2, warn=told.append), ask)
    assert [line for line in told if "stays out" in line] != []
    assert len(server.chats()) < 400
