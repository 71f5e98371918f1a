"""The standard streams of a process: made fit to be relied on at its start, and given up when they break."""

import io
import os
import sys
from typing import TextIO


def open_streams() -> None:
    """Make standard streams that can be relied on, whatever the start of this process was like.

    Of one that was closed (`>&-`), the first file to be opened would get the number. One without a buffer
    (PYTHONUNBUFFERED) loses in silence what a full disk or a pipe does not take at once. And no character is to be too
    much for an encoding.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # what is opened here stays open as long as the process
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            os.set_inheritable(number, True)  # noqa: FBT003 - not ours
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper) and isinstance(stdout.buffer, io.RawIOBase):
        sys.stdout = open(stdout.fileno(), "w", encoding=stdout.encoding, closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def send_to_nowhere(stream: TextIO) -> None:
    """Let what is still to be written to a broken stream, at exit at the latest, vanish without an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
