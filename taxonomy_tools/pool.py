"""A pool of processes that an interrupt, or the death of the parent, leaves nothing of."""

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

from taxonomy_tools.errors import Remedy, TaxonomyError

_P = ParamSpec("_P")
_T = TypeVar("_T")

_interrupted = Event()
"""Set in a worker that was interrupted. A task that the pool had already handed to it can no longer be cancelled."""


@contextmanager
def process_pool(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes. Whatever ends the work early interrupts them, and waits for them to clean up.

    Tasks are submitted through `interruptible`. Raises TaxonomyError if a process is ended from outside.
    """
    # Forked workers have all modules loaded; only Linux forks safely.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise TaxonomyError(
            "a process that checked leaves was ended from outside, perhaps for want of memory.",
            Remedy("Use fewer of them:", "--jobs 1"),
        ) from error
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGINT)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def interruptible(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a task in a worker: an interrupt ends it through its context managers, and those that still wait at once."""
    if _interrupted.is_set():
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, _interrupt_task)
    try:
        return function(*args, **kwargs)
    finally:
        signal.signal(signal.SIGINT, _note_interrupt)


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


def _begin_worker() -> None:
    """Make a worker that an interrupt reaches only in its task, and that does not outlive its parent.

    A worker waits for tasks on a pipe that its siblings hold open too: the death of the parent alone does not end it.
    """
    gc.freeze()  # what came with the fork stays: looking through it at every collection costs a tenth of a check
    signal.signal(signal.SIGINT, _note_interrupt)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _note_interrupt(_: int, __: FrameType | None) -> None:
    _interrupted.set()


def _interrupt_task(number: int, _: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt, once: Ctrl-C comes from the terminal, and again from the parent."""
    signal.signal(number, _note_interrupt)
    _interrupted.set()
    raise KeyboardInterrupt
