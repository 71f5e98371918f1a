"""Signals while a run goes on: the first Ctrl-C lets what is in flight come in, whatever comes then ends it at once."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from taxonomy_tools.generate.run import Run

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_TOGETHER = 0.1
"""Seconds in which signals count as one: `timeout` sends its own to the process, and to its group."""


@contextmanager
def answering_signals(run: Run, say: Callable[[str], object]) -> Iterator[list[int]]:
    """Stop a run, or give it up, when a signal asks for it. To be entered in the run's loop, in the main thread.

    Gives a list, which the numbers of the signals that come are put into.
    """
    loop = asyncio.get_running_loop()
    received: list[int] = []
    last = -_TOGETHER

    def answer(number: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _TOGETHER:
            return
        last = now
        received.append(number)
        if number == signal.SIGINT and len(received) == 1:
            run.stop()
            say("Finishing what is in flight; Ctrl-C again stops at once.")
        else:
            run.give_up()

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    # What is ignored stays so: nohup ignores SIGHUP.
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in ours:
            # Not the loop's own handlers, which Windows has none of: of those, what was before would not come back.
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(answer, number))
        yield received
    finally:
        for number in ours:
            signal.signal(number, before[number] or signal.SIG_DFL)
