"""The one error boundary: whatever happens to a command becomes an exit code and at most one message.

Signals that end a process are answered here too, so that nothing is left behind.
"""

import errno
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from types import FrameType

import click

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.streams import open_streams, send_to_nowhere

_SHOWN = 50
"""Things wrong with a file of ours that are shown; more are counted."""
_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""What writing to a stream fails with when nothing is wrong with the program."""
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_TOGETHER = 1.0
"""Seconds in which signals count as one: `timeout` sends its own twice, and people press Ctrl-C twice."""


class Exit(IntEnum):
    """The exit codes of every command. A signal other than Ctrl-C gives 128 and its number, as in a shell."""

    OK = 0
    FINDINGS = 1
    CANNOT = 2
    INTERRUPTED = 130


class _Ended(BaseException):
    """A signal asks this process to end. Not KeyboardInterrupt: at that, click prints a line of its own."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name
        super().__init__("interrupted" if name == "SIGINT" else f"ended by {name}")
        self.number = number


def in_bounds(work: Callable[[], int], name: str) -> int:
    """Do the work of a console script, and turn whatever happens into an exit code and at most one message."""
    open_streams()
    with _ending_in_order():
        try:
            status = _execute(work, name)
        except BrokenPipeError:
            # `taxonomy-diff | head`: who reads has seen enough. Python would complain when it flushes at exit.
            send_to_nowhere(sys.stdout)
            status = Exit.OK
        except _Ended as ended:
            _say(f"{name}: {ended}.")
            status = 128 + ended.number
    return status


def _execute(work: Callable[[], int], name: str) -> int:
    stdout = sys.stdout
    try:
        status = work()
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except SystemExit:
        if sys.stdout is stdout:
            raise
        raise BrokenPipeError from None  # which click, in any mode, makes a 1 of, after it has replaced the streams
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        _say(*usage.getvalue().rstrip("\n").split("\n"))
    except (KeyboardInterrupt, click.Abort) as error:
        raise _Ended(Exit.INTERRUPTED - 128) from error
    except TaxonomyError as error:
        _complain(name, error)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place for it
        _complain(name, _unforeseen(error, name))
        if os.environ.get("TAXONOMY_TRACEBACK"):
            sys.excepthook(type(error), error, error.__traceback__)
    else:
        return status
    return Exit.CANNOT


def _unforeseen(error: Exception, name: str) -> TaxonomyError:
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        send_to_nowhere(sys.stdout)
        return TaxonomyError(f"what there is to say cannot be written: {error.strerror}.")
    what = f"{type(error).__name__}: {error}"
    report = Remedy("This is a bug of taxonomy-tools. To see where:", f"TAXONOMY_TRACEBACK=1 {name} ...")
    return TaxonomyError(f"stopped by an error that nobody foresaw: {what}", report)


def _complain(name: str, error: TaxonomyError) -> None:
    """Print what went wrong, and below it, aligned, what to do."""
    width = max((len(remedy.label) for remedy in error.remedies if remedy.command), default=0)
    lines = (
        f"{remedy.label:<{width}}  {remedy.command}" if remedy.command else remedy.label for remedy in error.remedies
    )
    _say(f"{name}: {error.message}")
    if found := getattr(error, "diagnostics", ()):
        _show(found)
    _say(*(f"  {line}" for line in lines))


def _show(diagnostics: Sequence[Diagnostic]) -> None:
    """Print what is wrong with a file of ours, each thing with its lines."""
    from taxonomy_tools.reporters.escape import escape
    from taxonomy_tools.reporters.frame import render
    from taxonomy_tools.reporters.text import wants_color

    color = wants_color(sys.stderr)
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    for diagnostic in diagnostics[:_SHOWN]:
        span = diagnostic.span
        place = f"{escape(diagnostic.file, encoding=encoding)}" + (f":{span.line}:{span.column}" if span else "")
        _say(f"  {place}: {diagnostic.message}")
        with suppress(OSError):
            for line in render(diagnostic, encoding=encoding):
                click.echo(f"  {line}", err=True, color=color)
    if len(diagnostics) > _SHOWN:
        _say(f"  and {len(diagnostics) - _SHOWN:,} more")


def _say(*lines: str) -> None:
    """Print lines on standard error, with nothing in them that a terminal would obey."""
    from taxonomy_tools.reporters.escape import reveal

    try:
        for line in lines:
            click.echo(reveal(line), err=True)
    except OSError:  # nobody listens, which changes nothing about the exit code
        send_to_nowhere(sys.stderr)


# --- signals


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Answer the signals that end a process with an exception, so that nothing is left behind."""
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    # nohup ignores SIGHUP, and a script's `&` SIGINT: what is ignored stays so.
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    last = -_TOGETHER

    def end(number: int, _: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _TOGETHER:
            last = now
            raise _Ended(number)

    try:
        for number in ours:
            signal.signal(number, end)
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number] or signal.SIG_DFL)
