"""A run ends with the same verdicts whatever the order of the answers, asks nothing twice, and loses nothing."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.backend import Refused, Unanswerable
from taxonomy_tools.generate.inputs import Inputs, Origin, Wanted, write
from taxonomy_tools.generate.request import Answer, Request
from taxonomy_tools.generate.run import Budget, Ending, Run, Tally, Verdict
from taxonomy_tools.generate.sample import Reason
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.generate.store import STORE_FILE, Store
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample
from tests.generate.answers import Answering, answer, written

SETTINGS = Settings(model=Model(name="tiny", digest="sha256:1", context_length=8192))
JUDGED = replace(SETTINGS, judge=Model(name="judge", digest="sha256:2", context_length=8192))


def leaf(name: str, seeds: int = 5) -> LeafNode:
    return LeafNode(
        path=f"compositional_skills/{name}",
        kind=LeafKind.FREEFORM_SKILL,
        blob="a" * 40,
        commit="",
        description=f"To {name}",
        domain="",
        created_by="ada",
        seed_examples=tuple(
            SeedExample(pairs=(QuestionAnswer(question=f"How is {name} {number} done?", answer=f"By doing {number}."),))
            for number in range(seeds)
        ),
    )


def inputs_in(folder: Path, *, leaves: int = 3, samples: int = 4, settings: Settings = SETTINGS) -> Inputs:
    folder.mkdir(exist_ok=True)
    return write(
        folder, settings, Origin(), (Wanted(leaf=leaf(f"task_{number}"), samples=samples) for number in range(leaves))
    )


def said(content: str) -> Answer:
    return answer(content, prompt_tokens=50, answer_tokens=20)


def mostly_good(request: Request) -> Answer:
    """An answer to every request: of seven, one is no JSON, one is cut, and one repeats what another said."""
    number = int(request.name[:8], 16) % 7
    if number == 0:
        return said("no JSON")
    if number == 1:
        return replace(said(written(request)), done_reason="length")
    if number == 2:
        return said(
            json.dumps(dict.fromkeys(json.loads(request.format)["properties"], "The same again and again, as ever."))
        )
    return said(written(request))


def opinion(request: Request) -> Answer:
    """What the judge says, where the judge is asked; else a sample."""
    if request.digest == SETTINGS.model.digest:
        return mostly_good(request)
    return said(json.dumps({"reason": "so it seems", "score": 1 + int(request.name[:8], 16) % 5}))


def go(
    inputs: Inputs,
    store: Store,
    backend: Answering | None,
    *,
    budget: Budget | None = None,
    meanwhile: Callable[[Run], None] | None = None,
) -> tuple[list[list[Verdict]], Run]:
    with Run(inputs, store, budget=budget) as run:

        async def main() -> None:
            if meanwhile is not None:
                asyncio.get_running_loop().call_later(0.01, meanwhile, run)
            await run.go(backend)

        asyncio.run(main())
        return [run.verdicts(number) for number in range(len(inputs))], run


def counts(tallies: Sequence[Tally]) -> list[tuple[int, int, int]]:
    return [(tally.kept, tally.rejected.total(), tally.pending) for tally in tallies]


@pytest.mark.parametrize("model", [SETTINGS, JUDGED], ids=["without a judge", "with a judge"])
def test_order_of_answers_does_not_matter(tmp_path: Path, model: Settings) -> None:
    inputs = inputs_in(tmp_path / "out", settings=model)
    with Store(tmp_path / "plain.sqlite3") as store:
        expected, first = go(inputs, store, Answering(opinion, capacity=1))
    assert first.ending is Ending.DONE
    assert sum(tally.rejected.total() for tally in first.tallies) > 0

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(disorder=st.integers(0, 2**32), capacity=st.integers(1, 40))
    def holds(disorder: int, capacity: int) -> None:
        path = tmp_path / f"{disorder}-{capacity}.sqlite3"
        with Store(path) as store:
            backend = Answering(opinion, capacity=capacity, disorder=disorder)
            found, run = go(inputs, store, backend)
        path.unlink()
        assert found == expected
        assert counts(run.tallies) == counts(first.tallies)
        assert set(backend.asked.values()) <= {1}
        assert backend.most_in_flight <= capacity

    holds()


def test_as_many_are_kept_as_are_wanted_and_no_more_is_asked(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out", leaves=4, samples=7)
    backend = Answering(mostly_good, disorder=3)
    with Store(tmp_path / STORE_FILE) as store:
        found, run = go(inputs, store, backend)
    for verdicts, tally in zip(found, run.tallies, strict=True):
        assert tally.kept == 7 or len(verdicts) == 7 * SETTINGS.max_attempts
        assert tally.answers == len(verdicts)
        assert [verdict.index for verdict in verdicts] == list(range(len(verdicts)))
    assert backend.asked.total() == sum(tally.answers for tally in run.tallies)


def test_leaf_that_yields_nothing_does_not_stop_the_others(tmp_path: Path) -> None:
    def reply(request: Request) -> Answer:
        return (
            said("{}")
            if "To task_1" in request.messages[-1].content + request.messages[0].content
            else said(written(request))
        )

    inputs = inputs_in(tmp_path / "out")
    with Store(tmp_path / STORE_FILE) as store:
        _, run = go(inputs, store, Answering(reply))
    assert counts(run.tallies) == [(4, 0, 0), (0, 12, 0), (4, 0, 0)]
    assert run.tallies[1].rejected == {Reason.INVALID: 12}
    assert run.ending is Ending.DONE


def test_second_run_asks_nothing(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out")
    with Store(tmp_path / STORE_FILE) as store:
        expected, _ = go(inputs, store, Answering(mostly_good, disorder=1))
        idle = Answering(mostly_good)
        assert go(inputs, store, idle)[0] == expected
        assert idle.asked.total() == 0
        assert go(inputs, store, None)[0] == expected


def test_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out", leaves=5)
    with Store(tmp_path / "whole.sqlite3") as store:
        expected, _ = go(inputs, store, Answering(mostly_good))
    asked = 0

    def patient(request: Request) -> Answer:
        return mostly_good(request)

    with Store(tmp_path / STORE_FILE) as store:
        for tokens in (1, 100, 200, 300):
            backend = Answering(patient, capacity=2)
            _, run = go(inputs, store, backend, budget=Budget(tokens=tokens))
            assert run.ending is Ending.TOKENS
            asked += backend.asked.total()
        backend = Answering(patient, capacity=2)
        found, run = go(inputs, store, backend)
        asked += backend.asked.total()
    assert found == expected
    assert run.ending is Ending.DONE
    assert asked == sum(map(len, expected))


@pytest.mark.parametrize("how", ["stop", "give_up"])
def test_stopping_keeps_what_is_there(tmp_path: Path, how: str) -> None:
    inputs = inputs_in(tmp_path / "out", leaves=2, samples=30)

    class Slow(Answering):
        async def ask(self, request: Request) -> Answer:
            await asyncio.sleep(0.004)
            return await super().ask(request)

    with Store(tmp_path / STORE_FILE) as store:
        found, run = go(inputs, store, Slow(mostly_good), meanwhile=lambda run: getattr(run, how)())
        assert run.ending is Ending.INTERRUPTED
        assert 0 < sum(map(len, found)) < 60
        assert sum(tally.answers for tally in run.tallies) < 60
        whole, _ = go(inputs, store, Answering(mostly_good))
    assert [verdicts[: len(part)] for verdicts, part in zip(whole, found, strict=True)] == found


def test_deadline_stops_a_run(tmp_path: Path) -> None:
    class Hanging(Answering):
        async def ask(self, request: Request) -> Answer:
            await asyncio.sleep(0.2)
            return await super().ask(request)

    inputs = inputs_in(tmp_path / "out", samples=50)
    with Store(tmp_path / STORE_FILE) as store:
        _, run = go(inputs, store, Hanging(mostly_good), budget=Budget(seconds=0.05))
    assert run.ending is Ending.DEADLINE
    assert sum(tally.answers for tally in run.tallies) == 4


def test_what_a_server_refuses_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    left = iter(range(5))

    def reply(request: Request) -> Answer | TaxonomyError:
        return Refused("the model is gone.") if next(left, None) is None else said(written(request))

    inputs = inputs_in(tmp_path / "out")
    with Store(tmp_path / STORE_FILE) as store:
        found, run = go(inputs, store, Answering(reply))
        assert run.ending is Ending.FAILED
        assert run.error is not None
        assert run.error.message == "the model is gone."
        assert sum(map(len, found)) == 5
        assert store.known(verdict.request for verdicts in found for verdict in verdicts) == {
            verdict.request for verdicts in found for verdict in verdicts
        }


def test_error_of_our_own_is_not_swallowed(tmp_path: Path) -> None:
    def reply(request: Request) -> Answer:
        raise ZeroDivisionError

    inputs = inputs_in(tmp_path / "out")
    with Store(tmp_path / STORE_FILE) as store, pytest.raises(ZeroDivisionError):
        go(inputs, store, Answering(reply))


def test_store_that_cannot_be_written_to_ends_the_run(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out")
    store = Store(tmp_path / STORE_FILE)
    store._connection.execute("PRAGMA query_only = ON")
    with store:
        _, run = go(inputs, store, Answering(mostly_good))
    assert run.ending is Ending.FAILED
    assert run.error is not None
    assert run.error.message.startswith("cannot write to the store of answers")


def test_leaf_of_which_nothing_is_wanted_is_passed_over(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out", samples=0)
    with Store(tmp_path / STORE_FILE) as store:
        found, run = go(inputs, store, Answering(mostly_good))
    assert found == [[], [], []]
    assert run.ending is Ending.DONE


def test_watchers_are_told_everything_once(tmp_path: Path) -> None:
    told: list[tuple[object, ...]] = []

    class Noting:
        def opened(self, path: str, wanted: int) -> None:
            told.append(("opened", path, wanted))

        def answered(self, path: str, index: int, request: Request, answer: Answer, *, stored: bool) -> None:
            told.append(("answered", path, index, stored))

        def unanswered(self, path: str, index: int, reason: str) -> None:
            told.append(("unanswered", path, index, reason))

        def settled(self, path: str, verdict: Verdict) -> None:
            told.append(("settled", path, verdict.index))

        def closed(self, tally: Tally) -> None:
            told.append(("closed", tally.path, tally.kept))

    inputs = inputs_in(tmp_path / "out", leaves=1, samples=2)
    with Store(tmp_path / STORE_FILE) as store:
        for _ in range(2):
            with Run(inputs, store, (Noting(),)) as run:
                asyncio.run(run.go(Answering(lambda request: said(written(request)), capacity=1)))
        rate = store.rate("sha256:1")
    path = "compositional_skills/task_0"
    steps: list[tuple[object, ...]] = [("settled", path, 0), ("settled", path, 1), ("closed", path, 2)]
    for stored, part in ((False, told[:6]), (True, told[6:])):
        assert part[0] == ("opened", path, 2)
        assert [step for step in part if step[0] == "answered"] == [
            ("answered", path, number, stored) for number in (0, 1)
        ]
        assert [step for step in part if step[0] in ("settled", "closed")] == steps
    assert rate is not None
    assert (rate.answers, rate.tokens) == (2, 40)


def test_temporary_folder_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = inputs_in(tmp_path / "out")
    full = open("/dev/full", "r+b")  # noqa: SIM115 - closed by the run
    with Store(tmp_path / STORE_FILE) as store:
        monkeypatch.setattr("taxonomy_tools.generate.run.TemporaryFile", lambda: full)
        with pytest.raises(TaxonomyError, match="cannot keep what was judged"):
            go(inputs, store, Answering(lambda request: said(written(request))))
        assert store.rate("sha256:1") is not None


def is_bad(request: Request) -> bool:
    return int(request.name[:8], 16) % 5 == 0


@pytest.mark.parametrize("model", [SETTINGS, JUDGED], ids=["without a judge", "with a judge"])
def test_request_that_nobody_answers_does_not_stop_the_others(tmp_path: Path, model: Settings) -> None:
    def reply(request: Request) -> Answer | TaxonomyError:
        return Unanswerable("it crashes.") if is_bad(request) else opinion(request)

    inputs = inputs_in(tmp_path / "out", leaves=4, samples=6, settings=model)
    with Store(tmp_path / STORE_FILE) as store:
        found, run = go(inputs, store, Answering(reply, capacity=1))
        assert (run.ending, run.error) == (Ending.DONE, None)
        for disorder in range(5):
            path = tmp_path / f"{disorder}.sqlite3"
            with Store(path) as other:
                assert go(inputs, other, Answering(reply, capacity=9, disorder=disorder))[0] == found
    for verdicts, tally in zip(found, run.tallies, strict=True):
        assert tally.kept == 6 or len(verdicts) == 6 * SETTINGS.max_attempts
        assert tally.pending == 0
    unanswered = [verdict for verdicts in found for verdict in verdicts if reason_of(verdict) is Reason.UNANSWERED]
    assert unanswered != []


def reason_of(verdict: Verdict) -> Reason | None:
    return None if verdict.rejection is None else verdict.rejection.reason


def test_server_that_refuses_everything_ends_the_run(tmp_path: Path) -> None:
    backend = Answering(lambda request: Unanswerable("invalid format."), capacity=2)
    inputs = inputs_in(tmp_path / "out", leaves=50, samples=5)
    with Store(tmp_path / STORE_FILE) as store:
        _, run = go(inputs, store, backend)
    assert run.ending is Ending.FAILED
    assert run.error is not None
    assert run.error.message == "invalid format."
    assert backend.asked.total() <= 5


def test_only_request_that_is_refused_ends_the_run(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out", leaves=1, samples=1, settings=replace(SETTINGS, max_attempts=1))
    with Store(tmp_path / STORE_FILE) as store:
        _, run = go(inputs, store, Answering(lambda request: Unanswerable("invalid format.")))
    assert run.ending is Ending.FAILED


def test_opinion_that_was_never_asked_for_does_not_hold_up_the_others(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "out", leaves=1, samples=12, settings=JUDGED)
    with Store(tmp_path / STORE_FILE) as store:
        found, _ = go(inputs, store, Answering(opinion))
        (lost, *_) = [verdict for verdict in found[0] if verdict.rejection is None]
        store._connection.execute("DELETE FROM answers WHERE name = ?", (bytes.fromhex(lost.opinion),))
        again, run = go(inputs, store, None)
    assert run.tallies[0].pending == 0
    assert reason_of(again[0][lost.index]) is Reason.UNANSWERED
    kept = [verdict.index for verdict in found[0] if verdict.rejection is None]
    assert [verdict.index for verdict in again[0] if verdict.rejection is None] == [
        index for index in kept if index != lost.index
    ]


def test_deadline_gives_what_is_in_flight_some_time_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(Answering):
        async def ask(self, request: Request) -> Answer:
            await asyncio.sleep(60)
            return await super().ask(request)

    monkeypatch.setattr("taxonomy_tools.generate.run._GRACE", 0.1)
    inputs = inputs_in(tmp_path / "out")
    began = time.monotonic()
    with Store(tmp_path / STORE_FILE) as store:
        _, run = go(inputs, store, Hanging(mostly_good), budget=Budget(seconds=0.05))
    assert run.ending is Ending.DEADLINE
    assert time.monotonic() - began < 30


def test_server_that_refuses_everything_from_some_time_on_ends_the_run(tmp_path: Path) -> None:
    left = iter(range(3))

    def reply(request: Request) -> Answer | TaxonomyError:
        return Unanswerable("bad.") if next(left, None) is None else said(written(request))

    inputs = inputs_in(tmp_path / "out", leaves=30)
    backend = Answering(reply, capacity=1)
    with Store(tmp_path / STORE_FILE) as store:
        found, run = go(inputs, store, backend)
    assert run.ending is Ending.FAILED
    assert sum(verdict.rejection is None for verdicts in found for verdict in verdicts) == 3
    assert backend.asked.total() < 30
