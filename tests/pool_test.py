"""A pool of processes leaves nothing behind: no process, and nothing that a task was to clean up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.pool import in_order, interruptible, process_pool

_WAITING = """
import sys, time
from pathlib import Path
from taxonomy_tools.pool import interruptible, process_pool

folder = Path(sys.argv[1])

def work(name):
    try:
        (folder / name).touch()
        time.sleep(60)
    finally:
        (folder / name).unlink()

with process_pool(2) as pool:
    for future in [pool.submit(interruptible, work, name) for name in ("one", "two", "three")]:
        future.result()
"""


def _square(number: int) -> int:
    return number * number


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _await(wanted: int, folder: Path) -> None:
    deadline = time.monotonic() + 20
    while len(list(folder.iterdir())) != wanted:
        assert time.monotonic() < deadline, f"{sorted(folder.iterdir())} are not {wanted}"
        time.sleep(0.01)


def _workers(parent: int) -> set[int]:
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, check=False)
    return {int(pid) for pid in listing.stdout.split()}


def _is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "waiting.py"
    path.write_text(_WAITING)
    return path


def test_results_come_in_the_order_of_the_tasks_and_few_are_ahead() -> None:
    submitted: list[int] = []

    def submit(number: int) -> Future[int]:
        submitted.append(number)
        return pool.submit(interruptible, _square, number)

    with process_pool(2) as pool:
        results = in_order((partial(submit, number) for number in range(10)), ahead=3)
        assert next(results) == 0
        assert submitted == [0, 1, 2]
        assert list(results) == [number * number for number in range(1, 10)]


def test_a_process_that_is_ended_from_outside_is_one_message() -> None:
    with pytest.raises(TaxonomyError, match="was ended from outside") as caught, process_pool(2) as pool:
        pool.submit(interruptible, _die).result()
    assert [tuple(remedy) for remedy in caught.value.remedies] == [("Use fewer of them:", "--jobs 1")]


def test_an_error_interrupts_the_other_tasks(tmp_path: Path) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    started = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        _fail_beside(folder)
    assert list(folder.iterdir()) == []
    assert time.monotonic() - started < 30


def _fail_beside(folder: Path) -> NoReturn:
    with process_pool(2) as pool:
        pool.submit(interruptible, _hold, folder)
        _await(1, folder)
        raise ZeroDivisionError


def _hold(folder: Path) -> None:
    try:
        (folder / "held").touch()  # inside: the interrupt comes as soon as it is seen
        time.sleep(60)
    finally:
        (folder / "held").unlink()


@pytest.fixture
def waiting(script: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process whose two workers are in the middle of a task each, and the folder where a task leaves its file."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, script, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _await(2, folder)
        yield process, folder
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
class TestSignals:
    def test_an_interrupt_of_the_whole_group_cleans_up(self, waiting: tuple[subprocess.Popen[bytes], Path]) -> None:
        process, folder = waiting
        workers = _workers(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        # Whose interrupt comes first decides whether a task's traceback stands above the parent's.
        assert process.returncode == -signal.SIGINT
        assert errors.rstrip().endswith(b"KeyboardInterrupt"), errors.decode()
        assert list(folder.iterdir()) == []
        assert not [pid for pid in workers if _is_alive(pid)]

    def test_workers_end_with_their_parent(self, waiting: tuple[subprocess.Popen[bytes], Path]) -> None:
        process, _ = waiting
        workers = _workers(process.pid)
        assert len(workers) >= 2
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while any(_is_alive(pid) for pid in workers):
            assert time.monotonic() < deadline
            time.sleep(0.01)
