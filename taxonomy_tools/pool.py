"""A pool of processes that an interrupt, or the death of the parent, leaves nothing of."""

import gc
import multiprocessing
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

from taxonomy_tools.errors import Remedy, TaxonomyError

# What ends a whole group of processes: Ctrl-C, `timeout` and CI runners, and a terminal that closes.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_P = ParamSpec("_P")
_T = TypeVar("_T")


@contextmanager
def process_pool(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes. Whatever ends the work early interrupts them, and waits for them to clean up.

    Tasks are submitted through `interruptible`. Raises TaxonomyError if a process is ended from outside.
    """
    # Forked workers have all modules loaded; only Linux forks safely.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    others = set(multiprocessing.active_children())
    scratch = _scratch()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker, initargs=(scratch,))
    try:
        if scratch is not None:
            with suppress(OSError):  # no room: the tasks say what that keeps them from
                scratch.mkdir(mode=0o700)
        with _signals_blocked():
            pool.submit(_do_nothing)  # starts the processes, and the threads that look after them
        yield pool
    except BrokenProcessPool as error:
        raise TaxonomyError(
            "a process that checked leaves was ended from outside, perhaps for want of memory.",
            Remedy("Use fewer of them:", "--jobs 1"),
        ) from error
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGTERM)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def interruptible(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a task in a worker: an interrupt ends it through its context managers, and all that wait in line at once."""
    _answer(_interrupt)
    try:
        if _Worker.interrupted:
            raise KeyboardInterrupt
        return function(*args, **kwargs)
    finally:
        _answer(_note)


def in_order(tasks: Iterator[Callable[[], Future[_T]]], *, ahead: int) -> Iterator[_T]:
    """The results of tasks in their order, with so many under way: those of the rest are not yet in memory.

    A task is a callable that submits it.
    """
    waiting: deque[Future[_T]] = deque()
    for submit in tasks:
        waiting.append(submit())
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class _Worker:
    """What a worker knows of itself. Not an Event, in whose lock two signals at once would wait for each other."""

    interrupted = False


def _scratch() -> Path | None:
    """Where the temporary files of all workers are to lie: an interrupt can keep one from cleaning up.

    None where there is no room for them, which is for the tasks to say.
    """
    try:
        return Path(tempfile.gettempdir(), f"taxonomy-tools-{secrets.token_hex(8)}")
    except OSError:
        return None


def _begin_worker(scratch: Path | None) -> None:
    """Make a worker that an interrupt reaches only in its task, and that does not outlive its parent.

    A worker waits for tasks on a pipe that its siblings hold open too: the death of the parent alone does not end it.
    """
    gc.freeze()  # what came with the fork stays: looking through it at every collection costs a tenth of a check
    tempfile.tempdir = os.fspath(scratch) if scratch is not None else None
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()
    _answer(_note)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Without signals, here and in the threads and processes that are started meanwhile.

    Of two signals at once, the second goes to another thread if there is one, which then takes the first as well: the
    main thread, which alone can answer, sleeps on. And a process that has just been forked has no answer yet.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _do_nothing() -> None:
    """The first task."""


def _answer(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup`, and `&` in a script, say so to all of a group
            signal.signal(number, handler)


def _note(_number: int, _frame: FrameType | None) -> None:
    """Note an interrupt between two tasks, to answer it in the next. To ignore it would reach what tasks start."""
    _Worker.interrupted = True


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt, once: a signal comes to the whole group, and another from the parent."""
    _note(number, frame)
    _answer(_note)
    raise KeyboardInterrupt
