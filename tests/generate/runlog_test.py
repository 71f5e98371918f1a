"""`run.log`: times and rates of a run, a line each, whatever a leaf or a server is called."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import pytest

from taxonomy_tools import __version__
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.hosts import HostStatistics
from taxonomy_tools.generate.inputs import Inputs, Wanted, write
from taxonomy_tools.generate.run import Tally, Verdict
from taxonomy_tools.generate.runlog import RunLog
from taxonomy_tools.generate.sample import Reason, Rejection, Scores
from tests.generate.answers import answer, request
from tests.generate.runs import ORIGIN, SETTINGS, finished, good, leaf

LEAF = Wanted(leaf=leaf("compositional_skills/rhymes"), samples=2)
TOO_LONG = Verdict(
    index=7,
    request="f" * 64,
    sample=None,
    rejection=Rejection(reason=Reason.TOO_LONG, detail=""),
    scores=Scores(),
    prompt_tokens=0,
    answer_tokens=0,
)


def moments() -> Iterator[datetime]:
    """Half a second later each time, on the clock of another time zone."""
    start = datetime(2026, 11, 22, 10, 15, tzinfo=timezone(timedelta(hours=1)))
    return (start + timedelta(milliseconds=500 * number) for number in count())


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return write(tmp_path, SETTINGS, ORIGIN, [LEAF])


def opened(inputs: Inputs) -> RunLog:
    clock = moments()
    return RunLog(inputs, now=lambda: next(clock))


def lines(inputs: Inputs) -> list[str]:
    """The lines of the log, without the times that the machine takes."""
    text = (inputs.folder / "run.log").read_bytes().decode("utf-8")
    assert text.endswith("\n")
    timeless = re.sub(r"(?<= )seconds=\S+ tokens/s=\S+(?= error=|\n)", "seconds tokens/s", text)
    return timeless.split("\n")[:-1]


def test_log_of_a_run(tmp_path: Path) -> None:
    logs: list[RunLog] = []

    def watchers(inputs: Inputs) -> tuple[RunLog]:
        logs.append(opened(inputs))
        logs[-1].__enter__()
        return (logs[-1],)

    def go() -> tuple[Inputs, list[str]]:
        with finished(tmp_path, good, leaves=[LEAF], watchers=watchers) as (run, _store):
            logs[-1].warning("a host is slow")
            names = [verdict.request[:12] for verdict in run.verdicts(0)]
        logs[-1].__exit__(None, None, None)
        return run.inputs, names

    go()
    inputs, names = go()
    name, path = inputs.name, LEAF.leaf.path
    start = f"start taxonomy-tools={__version__} run={name} leaves=1 samples=2 digest=sha256:1 model=tiny:1b"
    took = "seconds=0.000 waiting=0.000 prompt_tokens=50 answer_tokens=20 tokens/s=6666666666.7"
    found = lines(inputs)
    assert len(found) == 18
    for part, stored, sums in (
        (found[:9], "no", "asked=2 stored=0 answer_tokens=40"),
        (found[9:], "yes", "asked=0 stored=2 answer_tokens=0"),
    ):
        assert [line.split(" ")[0] for line in part] == [f"2026-11-22T09:15:{number / 2:06.3f}Z" for number in range(9)]
        assert part[0].endswith(f"Z {start}")
        # Answers and verdicts may be told of in another order: what is judged is told of later.
        assert sorted(line.split(" ", 1)[1] for line in part[1:]) == sorted(
            [
                f"leaf wanted=2 leaf={path}",
                *(
                    f"answer index={index} request={names[index]} stored={stored} {took} leaf={path}"
                    for index in (0, 1)
                ),
                *(f"verdict index={index} became=kept leaf={path}" for index in (0, 1)),
                f"closed kept=2 rejected=0 pending=0 wanted=2 leaf={path}",
                "warning message=a host is slow",
                f"end {sums} seconds tokens/s",
            ]
        )


def test_lines_are_in_the_file_at_once(inputs: Inputs) -> None:
    with opened(inputs) as told:
        told.opened("a", 3)
        assert lines(inputs)[-1] == "2026-11-22T09:15:00.500Z leaf wanted=3 leaf=a"


def test_what_others_bring_stays_on_its_line(inputs: Inputs) -> None:
    with opened(inputs) as told:
        told.opened("a\n2026-11-22T09:15:00.000Z end \x1b[31m\udcff\u2028b", 1)
        told.warning(f"no\r\nanswer\x07{'.' * 2000}")
        told.answered("a b", -1, request(), answer(), stored=True)
        told.settled("a", TOO_LONG)
        told.closed(Tally(path="a", wanted=2, kept=1, pending=3))
        told.hosts(
            [
                HostStatistics(
                    address="http://a b\n",
                    version="0.24\n0",
                    answers=3,
                    tokens=60,
                    rate=1.5,
                    in_flight=0,
                    slots=4,
                    parallel=None,
                    up=False,
                )
            ]
        )
    took = "seconds=0.000 waiting=0.000 prompt_tokens=12 answer_tokens=3 tokens/s=1000000000.0"
    assert [line.split(" ", 1)[1] for line in lines(inputs)[1:]] == [
        r"leaf wanted=1 leaf=a\n2026-11-22T09:15:00.000Z end \x1b[31m\xff\u2028b",
        rf"warning message=no\r\nanswer\x07{'.' * 483}…{'.' * 500}",
        f"opinion request={request().name[:12]} stored=yes {took} leaf=a b",
        "verdict index=7 became=too-long leaf=a",
        "closed kept=1 rejected=0 pending=3 wanted=2 leaf=a",
        r"host answers=3 tokens=60 slots=4 parallel=unknown up=no version=0.24\n0 address=http://a b\n",
        "end asked=0 stored=1 answer_tokens=0 seconds tokens/s",
    ]


def test_reason_of_a_rejection(tmp_path: Path) -> None:
    logs: list[RunLog] = []

    def watchers(inputs: Inputs) -> tuple[RunLog]:
        logs.append(opened(inputs))
        return (logs[-1],)

    with finished(tmp_path, lambda _: answer("{}"), leaves=[LEAF], watchers=watchers) as (run, _store):
        pass
    logs[0].__exit__(None, None, None)
    verdicts = [line for line in lines(run.inputs) if " verdict " in line]
    assert [line.split(" ", 1)[1] for line in verdicts] == [
        f"verdict index={index} became={Reason.INVALID.value} leaf={LEAF.leaf.path}" for index in range(6)
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [(TaxonomyError("no host\nanswers."), r"no host\nanswers."), (KeyboardInterrupt(), "KeyboardInterrupt")],
    ids=["told", "interrupted"],
)
def test_what_ended_it(inputs: Inputs, error: BaseException, said: str) -> None:
    with pytest.raises(type(error)), opened(inputs):
        raise error
    assert lines(inputs)[-1].split(" ", 1)[1] == f"end asked=0 stored=0 answer_tokens=0 seconds tokens/s error={said}"


def test_full_disk_stops_nothing(inputs: Inputs) -> None:
    told = opened(inputs)
    with open("/dev/full", "wb") as full:
        os.dup2(full.fileno(), told._file.fileno())
    with told:
        told.warning("one")
        told.warning("two")
    assert told.error == (
        f"cannot write {inputs.folder / 'run.log'}: No space left on device. The rest of the log is left out."
    )


def test_log_that_cannot_be_opened(inputs: Inputs, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (inputs.folder / "run.log").symlink_to(outside)
    with pytest.raises(TaxonomyError, match=r"^cannot write .*run\.log: Too many levels of symbolic links\.$"):
        opened(inputs)
    assert not outside.exists()


def test_clock(inputs: Inputs) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with RunLog(inputs):
        pass
    found = datetime.fromisoformat(lines(inputs)[0].split(" ")[0])
    assert before <= found <= datetime.now(UTC)
