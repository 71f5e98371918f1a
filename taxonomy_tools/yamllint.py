"""Runs yamllint over many files, safely and in one process.

yamllint is a program here, never an import (it is GPL-3.0-or-later), and what it reads is hostile: a plain call can be
made to print another file's findings, to stop at one file and lose the rest, or to take minutes. So it works on copies
in a private folder, between any two files it lints a *marker*, a file whose name nobody can guess, and what it prints
between two markers belongs to the file that stands between them, whatever it looks like. The markers also tell how far
it got, when it crashes or takes too long.

The process starts before the files are read, so that its start-up (a tenth of a second) costs nothing: it waits at
*gates*, pipes among its arguments that end when the files behind them are written.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

import yaml

from taxonomy_tools.errors import Remedy, TaxonomyError

FILE_SECONDS = 10.0
"""How long one file may take. yamllint needs 20 ms for a leaf of ordinary size."""

_START_SECONDS = 60.0
_POLL_SECONDS = (0.002, 0.05)  # at least and at most
_POLL_FILE_SECONDS = 0.0005  # less than the smallest leaf takes: nothing is to be seen before that
_ARGUMENT_BYTES = 25_000 if os.name == "nt" else 100_000  # Windows allows 32,767 characters, macOS 1 MB, Linux 2 MB
_FIRST_GATE = 8
_RULES_BYTES = 1 << 20
_MESSAGE_CHARACTERS = 400
_MAX_PROBLEMS = 10_000

_MARKER_PREFIX = ".taxonomy-tools-"
_MARKER_CONTENT = b"@"  # a reserved indicator: the syntax error that is found soonest, whatever the rules
_MARKER_FINDING = b" [error] syntax error"

Findings = tuple["LintProblem", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LintProblem:
    """One finding of yamllint.

    Lines end at LF or CRLF, columns count code points, both from 1 and never outside the file; a byte order mark at
    its start counts for nothing. `level` is "error" or "warning". `rule` is yamllint's name for what found it
    ("syntax" where the file is not YAML, empty if yamllint named none), and no longer part of `message`. The message
    may quote the file, line breaks included.
    """

    line: int
    column: int
    level: str
    message: str
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """yamllint has no verdict on a file: it crashed, or took too long."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What yamllint is to check: a configuration of it that depends on no folder.

    `source` names the configuration in messages. `files` are (name, content) pairs that lie side by side when
    yamllint runs, the configuration first, then those that it extends and the ignore files that they name.
    """

    DEFAULT: ClassVar["Rules"]

    source: str
    files: tuple[tuple[str, bytes], ...]

    @classmethod
    def load(cls, path: Path, *, read: Callable[[Path], bytes] | None = None) -> "Rules":
        """Read a yamllint configuration, and all that it refers to.

        Files that it names (`extends`, `ignore-from-file`) are looked for beside the file that names them. `read`
        gets the bytes of a file and raises OSError where it cannot; without it they come from the disk.
        Raises TaxonomyError if a file is missing or unreadable, or is no yamllint configuration. What only yamllint
        can tell (an unknown rule, a bad option) is found when it runs.
        """
        return cls(source=str(path), files=tuple(_RulesReader(read or _read_regular_file).read(path)))

    @property
    def depend_on_paths(self) -> bool:
        """Whether the path of a file may decide what is found in it; copies are spared their folders otherwise."""
        return any(b"ignore" in content for _, content in self.files)


Rules.DEFAULT = Rules(
    source="the default rules",
    files=(("rules-0.yaml", b"extends: relaxed\nrules: {line-length: disable}\n"),),
)


def start(
    names: Sequence[str],
    rules: Rules = Rules.DEFAULT,
    *,
    command: Sequence[str] | None = None,
    seconds: float = FILE_SECONDS,
) -> "Run":
    """Start yamllint on files whose content follows: see `Run`.

    `names` are their paths, with `/` between folders, relative to the folder that `ignore` patterns of the rules are
    meant for. `command` is what to run in place of this interpreter's own yamllint; `seconds` what a file may take.
    Raises TaxonomyError where a process cannot be started or the temporary folder not be made.
    """
    return Run(names, rules, command or _own_yamllint(), seconds)


class Runs:
    """Several runs side by side, a process each, to be used like one `Run`: file by file they take turns."""

    def __init__(self, names: Sequence[str], rules: Rules = Rules.DEFAULT, *, processes: int) -> None:
        """Start so many processes, or as many as there are files. Raises TaxonomyError as `start` does."""
        self._stack = ExitStack()
        self._number = max(1, min(processes, len(names)))
        with self._stack as stack:  # which ends what was started, should a later one fail
            self._runs = [
                stack.enter_context(start(names[lane :: self._number], rules)) for lane in range(self._number)
            ]
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        """The runs themselves."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes, and remove their folders."""
        self._stack.close()

    def put(self, index: int, content: bytes | None) -> None:
        """Hand over the content of the file `names[index]`: see `Run.put`."""
        self._runs[index % self._number].put(index // self._number, content)

    def results(self) -> Iterator[Findings | Failure]:
        """Wait for all of them, and yield what they found, in the order of the names: see `Run.results`."""
        lanes = [run.results() for run in self._runs]
        for turn in zip_longest(*lanes):
            yield from (result for result in turn if result is not None)


class Run:
    """yamllint at work on a list of files, in a temporary folder that lives as long as this.

    A context manager: leaving it ends the process, if it still runs, and removes the folder.

        with start(names) as run:
            for index, name in enumerate(names):
                run.put(index, content_of(name))
            results = run.results()
    """

    def __init__(self, names: Sequence[str], rules: Rules, command: Sequence[str], seconds: float) -> None:
        """See `start`."""
        self._rules = rules
        self._command = command
        self._seconds = seconds
        self._results: dict[int, Findings | Failure] = {}
        self._process: _Process | None = None
        self._gated = _has_gates()
        self._finished = False
        self._missing = set(range(len(names)))
        self._queue = list(range(len(names)))
        with _temporary_folder_errors():
            self._folder = Path(tempfile.gettempdir(), f"taxonomy-tools-{secrets.token_hex(8)}")
        # When nobody holds this any more, or at exit, should an interrupt come before `close` is through.
        self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        try:
            with _temporary_folder_errors():
                self._folder.mkdir(mode=0o700)
                self._tree = self._folder / "tree"
                self._tree.mkdir()
                for name, content in rules.files:
                    (self._folder / name).write_bytes(content)
            if rules.depend_on_paths:
                self._paths = _copy_paths(names, folded=_folds_names(self._tree))
            else:
                prefix = secrets.token_hex(8)
                self._paths = tuple(f"{prefix}-{index}.yaml" for index in range(len(names)))
            if self._queue and self._gated:
                self._launch(gated=True)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The run itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process and remove the folder."""
        self.close()

    def put(self, index: int, content: bytes | None) -> None:
        """Hand over the content of the file `names[index]`, once; None if it is not to be linted.

        Any order will do; the order of the names lets yamllint begin soonest.
        """
        if index not in self._missing:
            raise ValueError(f"file {index} is not expected (again)")
        if content is None:
            self._results[index] = ()
        with _temporary_folder_errors():
            copy = self._tree / self._paths[index]
            if copy.parent != self._tree:
                copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("xb") as file:  # x: two names that fall together here must never share a verdict
                file.write(content or b"")
        self._missing.remove(index)
        if self._process is not None:
            self._process.written(index)
        elif not self._missing:
            self._launch(gated=False)

    def results(self) -> list[Findings | Failure]:
        """Wait for yamllint, and return what it found, by index; () for what was not to be linted.

        Every file must have been handed over. Raises TaxonomyError where yamllint cannot run, or refuses the rules.
        """
        if self._missing:
            raise ValueError(f"{len(self._missing)} files were not handed over")
        if len(self._results) == len(self._paths) and self._rules == Rules.DEFAULT:
            self._stop()  # nothing to lint, and no rules of the user's that yamllint might refuse
        elif not self._finished:
            self._finish()
            self._finished = True
        return [self._results[index] for index in range(len(self._paths))]

    def close(self) -> None:
        """End the process, if it still runs, and remove the folder. May be called twice."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._remove.detach()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _launch(self, *, gated: bool) -> None:
        """Start a process on as many of the waiting files as its arguments may name."""
        number, room = 0, _ARGUMENT_BYTES
        for index in self._queue:
            room -= len(self._paths[index].encode()) + 2 * len(_MARKER_PREFIX) + 40
            if room < 0 and number:
                break
            number += 1
        batch, self._queue = self._queue[:number], self._queue[number:]
        files = [(index, self._paths[index]) for index in batch]
        self._process = _Process(self._command, self._folder, files, self._rules.files[0][0], gated=gated)

    def _finish(self) -> None:
        """See the process through, and then others until every file has a result."""
        if self._process is None:
            self._launch(gated=False)
        while self._process is not None:
            for index, path, lines in self._process.finished(self._seconds):
                if index not in self._results:
                    self._results[index] = _parse(lines, path, self._tree / path)
                self._discard(path)
            self._settle(self._process)
            self._stop()
            self._queue = [index for index in self._queue if index not in self._results]
            if self._queue:
                self._launch(gated=False)

    def _discard(self, path: str) -> None:
        """Remove a copy and the folders that it leaves empty, while yamllint works: afterwards it would take time."""
        with suppress(OSError):
            (self._tree / path).unlink()
            for folder in _parents(path):
                (self._tree / folder).rmdir()

    def _settle(self, process: "_Process") -> None:
        """Find out which file ended a process that did not come to the end, and queue the others."""
        if not process.ready:
            raise self._cannot_run(process)
        unfinished = [index for index, _ in process.files[process.done :]]
        if not unfinished:
            return
        if process.overdue:
            failure = Failure(reason=f"yamllint took longer than {self._seconds:g} seconds")
            self._results.setdefault(unfinished[0], failure)
        elif process.done == 0 and not process.gated:
            # Nothing came before it in this process: the crash is its own. Otherwise it comes first in the next.
            self._results.setdefault(unfinished[0], Failure(reason=f"yamllint crashed: {process.last_words()}"))
        self._queue = unfinished + self._queue

    def _cannot_run(self, process: "_Process") -> TaxonomyError:
        """Why yamllint did not even get to the first file."""
        python = self._command[0]
        if process.overdue:
            return TaxonomyError(
                f"yamllint did not start within {_START_SECONDS:g} seconds.",
                Remedy("See whether it starts by itself:", f"{python} -P -m yamllint --version"),
            )
        words = process.last_words()
        if process.refusal:
            return TaxonomyError(
                f"yamllint does not accept {self._rules.source}: {process.refusal}",
                "The rules and options it knows: https://yamllint.readthedocs.io/en/stable/rules.html",
            )
        if words.startswith("locale.Error"):
            return TaxonomyError(
                f"The `locale` that {self._rules.source} names is not installed on this machine ({words}).",
                "Install it, or remove `locale` from the rules; yamllint uses it only to compare keys.",
            )
        remedy = Remedy("Install it for this Python:", f"{python} -m pip install --force-reinstall yamllint")
        if "No module named yamllint" in words:
            return TaxonomyError(f"yamllint is not installed where taxonomy-tools runs ({python}).", remedy)
        return TaxonomyError(f"yamllint cannot run: {words}", remedy)


class _Process:
    """One yamllint process.

    `files` are (index, path) pairs, in the order of its arguments. `ready` tells that it got as far as linting,
    `done` how many of the files it is done with, `overdue` that it was killed for taking too long. `gated` tells that
    it was started before the files were written.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, files: Sequence[tuple[int, str]], config: str, *, gated: bool
    ) -> None:
        self.files = files
        self.ready = False
        self.done = 0
        self.overdue = False
        self.gated = gated
        self._lines: list[bytes] = []
        self._rest = b""
        self._errors = folder / "errors"
        self._gates: list[_Gate] = []
        marker = _MARKER_PREFIX + secrets.token_hex(16)
        self._marker = f"./{marker}:".encode()
        with _temporary_folder_errors():
            (folder / "tree" / marker).write_bytes(_MARKER_CONTENT)
            (folder / "output").write_bytes(b"")
            self._output: BinaryIO = (folder / "output").open("rb")
        try:
            arguments = list(self._arguments(f"./{marker}", gated=gated))
            self._popen = self._start([*command, "-f", "parsable", "-c", f"../{config}", *arguments], folder)
        except BaseException:
            self._output.close()
            self._open_gates()
            raise
        finally:
            for gate in self._gates:
                gate.close_reader()

    def _arguments(self, marker: str, *, gated: bool) -> Iterator[str]:
        yield marker
        bound = 0
        for position, (_, path) in enumerate(self.files):
            if gated and position == bound:
                bound = 2 * bound + _FIRST_GATE
                gate = _Gate({index for index, _ in self.files[position:bound]})
                self._gates.append(gate)
                yield gate.path
            yield f"./{path}"  # ./: a name that starts with a dash is no option
            yield marker

    def _start(self, arguments: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
        # Files, not pipes, take what it prints: they never fill up, and nobody has to read while it works.
        with _temporary_folder_errors():
            output, errors = (folder / "output").open("wb"), self._errors.open("wb")
        with output, errors:
            try:
                return subprocess.Popen(
                    arguments,
                    cwd=folder / "tree",
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    pass_fds=[gate.reader for gate in self._gates],
                )
            except OSError as error:
                raise TaxonomyError(f"yamllint cannot be started with {arguments[0]}: {error.strerror}") from error

    def written(self, index: int) -> None:
        """Let the process go on as far as the files that are written."""
        for gate in self._gates:
            gate.waits_for.discard(index)
            if not gate.waits_for:
                gate.open()

    def finished(self, seconds: float) -> Iterator[tuple[int, str, list[bytes]]]:
        """Yield each file when it is done, with the lines printed on it, until all are or the process has ended.

        When one takes longer than `seconds`, the process is killed.
        """
        waited, last = 0.0, time.monotonic()
        while not (self.ready and self.done == len(self.files)):
            ended = self._popen.poll() is not None
            before = (self.ready, self.done)
            yield from self._read()
            if ended:
                return
            # A process that was suspended, and this one with it, has not had the time that the clock says.
            now = time.monotonic()
            waited, last = waited + min(now - last, 0.1), now
            if (self.ready, self.done) != before:
                waited = 0.0
            elif waited > (seconds if self.ready else _START_SECONDS):
                self.overdue = True
                self._kill()
                return
            shortest, longest = _POLL_SECONDS
            time.sleep(min(longest, max(shortest, _POLL_FILE_SECONDS * (len(self.files) - self.done))))
        self._kill()  # there is nothing more to come, and its own way out takes as long as a leaf

    def _read(self) -> Iterator[tuple[int, str, list[bytes]]]:
        *lines, self._rest = (self._rest + self._output.read()).split(b"\n")
        for line in lines:
            if not line.startswith(self._marker):
                self._lines.append(line)
            elif _MARKER_FINDING in line:
                yield from self._pass_marker()

    def _pass_marker(self) -> Iterator[tuple[int, str, list[bytes]]]:
        lines, self._lines = self._lines, []
        if not self.ready:
            self.ready = True
        elif self.done < len(self.files):
            index, path = self.files[self.done]
            self.done += 1
            gates = tuple(gate.prefix for gate in self._gates)
            yield index, path, [line for line in lines if not (gates and line.startswith(gates))]

    @property
    def refusal(self) -> str:
        """What yamllint said of a configuration that it does not accept; empty if it accepts it."""
        start = "invalid config: "
        lines = [line for line in self._error_lines() if line.startswith(start)]
        return _shorten(lines[0].removeprefix(start)) if lines else ""

    def last_words(self) -> str:
        """The last line on standard error, which names the exception after a traceback, or how the process ended."""
        lines = self._error_lines()
        if lines:
            return _shorten(lines[-1])
        status = self._popen.returncode
        return f"ended by signal {-status}" if status < 0 else f"exit status {status}, and no word why"

    def _error_lines(self) -> list[str]:
        with self._errors.open("rb") as file:
            file.seek(max(0, self._errors.stat().st_size - 10_000))
            text = file.read().decode("utf-8", "replace")
        return [line.strip() for line in text.split("\n") if line.strip()]

    def close(self) -> None:
        """End the process, if it still runs."""
        self._kill()
        self._output.close()
        self._open_gates()

    def _kill(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()

    def _open_gates(self) -> None:
        for gate in self._gates:
            gate.open()


class _Gate:
    """An argument that yamllint cannot get past before `open` is called: a pipe, which it reads to the end.

    When this process dies the pipe ends too, so that no yamllint is left waiting for ever. `/dev/fd` names it; a pipe
    with a name in the file system would have to be opened from both sides.
    """

    def __init__(self, waits_for: set[int]) -> None:
        self.waits_for = waits_for
        self.reader, self._writer = os.pipe()
        _gate_writers.add(self._writer)
        self.path = f"/dev/fd/{self.reader}"
        self.prefix = f"{self.path}:".encode()
        self._reads = True

    def open(self) -> None:
        if self._writer in _gate_writers:
            _gate_writers.remove(self._writer)
            os.close(self._writer)
            self._writer = -1

    def close_reader(self) -> None:
        if self._reads:
            self._reads = False
            os.close(self.reader)


_gate_writers: set[int] = set()


def _forget_gates() -> None:
    """Close the gates' writing ends in a forked child: the copies would keep the gates shut."""
    while _gate_writers:
        os.close(_gate_writers.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_gates)


def _has_gates() -> bool:
    """Whether this system names open files as a gate needs it. Windows does not: there yamllint starts last.

    With a standard stream closed, a gate's pipe could get that stream's number, and be replaced in the new process.
    """
    return os.name == "posix" and all(Path(f"/dev/fd/{number}").exists() for number in range(3))


def _own_yamllint() -> tuple[str, ...]:
    if not sys.executable:
        raise TaxonomyError("yamllint cannot be started: this Python does not know where its own program lies.")
    # -P: the current folder is not searched for modules. -u: a marker is in the output as soon as it is reached.
    return (sys.executable, "-P", "-u", "-m", "yamllint")


def _environment() -> dict[str, str]:
    """The environment without what would change how Python or yamllint works."""
    changing = ("PYTHON", "YAMLLINT_", "COVERAGE_", "COV_CORE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(changing)}
    # Standard output writes what it cannot encode (the key "\\ud800") as an escape; yamllint would crash otherwise.
    return kept | {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}


@contextmanager
def _temporary_folder_errors() -> Iterator[None]:
    """Report what goes wrong with the copies as what keeps yamllint from running."""
    try:
        yield
    except OSError as error:
        raise TaxonomyError(
            f"The files for yamllint cannot be copied to {tempfile.gettempdir()}: {error.strerror}",
            "Make room there, or name another folder in the environment variable TMPDIR.",
        ) from error


# --- the copies' paths

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSAFE_WINDOWS = re.compile(r'[<>:"|?*\\]|[. ]$|^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)', re.IGNORECASE)
_SEGMENT_BYTES = 200
_PATH_BYTES = 800


def _copy_paths(names: Sequence[str], *, folded: bool) -> tuple[str, ...]:
    """Where the copies lie: at the files' own paths wherever that is possible, and no two at the same."""
    files: set[str] = set()
    folders: set[str] = set()

    def is_free(key: str) -> bool:
        return key not in files and key not in folders and not files.intersection(_parents(key))

    paths = []
    for index, name in enumerate(names):
        path = "/".join(map(_safe_segment, name.split("/")))
        if len(path.encode()) > _PATH_BYTES:
            path = f"~{index}/{path.rpartition('/')[2]}"
        while not is_free(key := _folded(path) if folded else path):
            path = f"~{index}/{path.rpartition('/')[2]}" if not path.startswith("~") else f"~{path}"
        files.add(key)
        folders.update(_parents(key))
        paths.append(path)
    return tuple(paths)


def _safe_segment(segment: str) -> str:
    """A path's segment, with what a file system, a terminal or yamllint could stumble over replaced."""
    if segment in ("", ".", ".."):
        return "_"
    segment = _UNSAFE.sub("_", segment)
    if os.name == "nt":
        segment = _UNSAFE_WINDOWS.sub("_", segment)
    if sys.getfilesystemencoding() != "utf-8":  # yamllint runs in UTF-8 mode, and would read another name
        segment = segment.encode("ascii", "replace").decode().replace("?", "_")
    return segment if len(segment.encode()) <= _SEGMENT_BYTES else segment[: _SEGMENT_BYTES // 4]


def _parents(path: str) -> Iterator[str]:
    """The folders above a path, from the nearest."""
    while path := path.rpartition("/")[0]:
        yield path


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _folds_names(folder: Path) -> bool:
    """Whether the file system takes two spellings of a name for the same file."""
    return folder.with_name(folder.name.upper()).exists()


# --- what yamllint printed

_FINDING = re.compile(r"([0-9]{1,9}):([0-9]{1,9}): \[(error|warning)\] (.*)")
_RULE = re.compile(r"(.*) \(([a-z][a-z0-9-]*)\)", re.DOTALL)
_LINE_RULES = frozenset({"empty-lines", "line-length", "new-line-at-end-of-file", "new-lines", "trailing-spaces"})
_YAML_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_TEXT_BREAK = re.compile("\r?\n")


def _parse(lines: Sequence[bytes], path: str, copy: Path) -> Findings | Failure:
    """The findings on one file, from the lines printed while it was being linted.

    A line that is not a finding of this file goes on with the message before it, which quotes a line break. (So a
    file whose copy keeps its path can invent findings of its own, and of no other.)
    """
    prefix = f"./{path}:"
    groups: list[tuple[tuple[str, str, str], list[str]]] = []
    for line in (line.decode("utf-8", "replace").removesuffix(os.linesep[:-1]) for line in lines):
        match = _FINDING.fullmatch(line.removeprefix(prefix)) if line.startswith(prefix) else None
        if match:
            groups.append(((match[1], match[2], match[3]), [match[4]]))
        elif groups:
            groups[-1][1].append(line)
        else:
            return Failure(reason=f"yamllint printed something that is not understood: {_shorten(line)}")
    if not groups:
        return ()
    with _temporary_folder_errors():
        places = _Places(copy.read_bytes().decode("utf-8-sig", "replace"))
    problems = [_problem(*group, places) for group in groups[:_MAX_PROBLEMS]]
    if rest := [_problem(*group, places) for group in groups[_MAX_PROBLEMS : _MAX_PROBLEMS + 1]]:
        more = len(groups) - _MAX_PROBLEMS
        level = "error" if any(head[2] == "error" for head, _ in groups[_MAX_PROBLEMS:]) else "warning"
        problems.append(replace(rest[0], level=level, message=f"{more} more findings in this file", rule=""))
    return tuple(problems)


def _problem(head: tuple[str, str, str], parts: Sequence[str], places: "_Places") -> LintProblem:
    line, column, level = head
    match = _RULE.fullmatch("\n".join(parts))
    message, rule = (match[1], match[2]) if match else ("\n".join(parts), "")
    line_number, column_number = places.find(int(line), int(column), rule)
    return LintProblem(line=line_number, column=column_number, level=level, message=_shorten(message), rule=rule)


class _Places:
    """Turns the places that yamllint prints into lines that end at LF or CRLF, and keeps them inside the text.

    PyYAML, and with it most rules, also ends lines at a lone CR, NEL, U+2028 and U+2029; rules that look at whole
    lines do not. Some rules take the line from one end of a token and the column from the other, or column 0.
    """

    def __init__(self, text: str) -> None:
        self._text_lines = _line_spans(_TEXT_BREAK, text)
        self._yaml_lines = _line_spans(_YAML_BREAK, text)
        self._text_starts = [start for start, _ in self._text_lines]

    def find(self, line: int, column: int, rule: str) -> tuple[int, int]:
        """The line and column, from 1."""
        lines = self._text_lines if rule in _LINE_RULES else self._yaml_lines
        start, end = lines[min(max(line, 1), len(lines)) - 1]
        offset = min(start + max(column, 1) - 1, end)
        number = bisect_right(self._text_starts, offset)
        return number, offset - self._text_starts[number - 1] + 1


def _line_spans(line_break: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Where the lines of a text start and end, without their breaks."""
    breaks = [match.span() for match in line_break.finditer(text)]
    return list(zip([0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(text)], strict=True))


def _shorten(text: str) -> str:
    """The text, with its middle left out if it is very long."""
    half = _MESSAGE_CHARACTERS // 2
    return text if len(text) <= _MESSAGE_CHARACTERS else f"{text[:half]}...{text[-half:]}"


# --- the rules

_CONFIG_KEYS = frozenset({"extends", "ignore", "ignore-from-file", "locale", "rules", "yaml-files"})
_REINCLUDE = ("!/dev/fd/*", f"!/{_MARKER_PREFIX}*")
_REINCLUDE_FILE = "ignore-not"


class _RulesReader:
    """Reads a yamllint configuration and what it refers to, and makes all of it independent of where it came from.

    yamllint looks for the files that a configuration names in its own working folder, which is a private one here.
    Each becomes a file beside the configuration, so that yamllint alone decides what they mean together.
    """

    def __init__(self, read: Callable[[Path], bytes]) -> None:
        self._read_file = read
        self._ignore_files: list[tuple[str, bytes]] = []

    def read(self, path: Path) -> list[tuple[str, bytes]]:
        """The files as `Rules.files` wants them."""
        configs: list[tuple[str, bytes]] = []
        seen: set[str] = set()
        following: Path | None = path
        while following is not None:
            here = following
            if os.path.normpath(here) in seen:
                raise TaxonomyError(
                    f"The yamllint rules in {path} extend themselves (through {here}).",
                    f"Remove `extends` from {here}, or let it name another file.",
                )
            seen.add(os.path.normpath(here))
            config = _parse_config(self._bytes_of(here, "yamllint rules"), here)
            following = _extended_file(config, here)
            if following is not None:
                config["extends"] = f"../rules-{len(configs) + 1}.yaml"
            content = yaml.safe_dump(self._detach_ignores(config, here), sort_keys=False).encode()
            configs.append((f"rules-{len(configs)}.yaml", content))
        return [*configs, *self._ignore_files, (_REINCLUDE_FILE, "".join(f"{it}\n" for it in _REINCLUDE).encode())]

    def _bytes_of(self, path: Path, what: str) -> bytes:
        try:
            return self._read_file(path)
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            raise TaxonomyError(
                f"The {what} in {path} cannot be read: {getattr(error, 'strerror', None) or error}",
                "Check the name; files that yamllint rules refer to are looked for beside the file that names them.",
            ) from error

    def _detach_ignores(self, config: Mapping[object, object], path: Path) -> dict[object, object]:
        """Take in the ignore files that are named, and keep the top-level patterns from reaching our own files."""
        config = self._detach_ignore_files(config, path)
        ignore, files, rules = config.get("ignore"), config.get("ignore-from-file"), config.get("rules")
        if isinstance(ignore, str):
            config["ignore"] = [*ignore.splitlines(), *_REINCLUDE]
        elif isinstance(ignore, list):
            config["ignore"] = [*ignore, *_REINCLUDE]
        if isinstance(files, list):
            config["ignore-from-file"] = [*files, f"../{_REINCLUDE_FILE}"]
        if isinstance(rules, dict):
            config["rules"] = {
                name: self._detach_ignore_files(rule, path) if isinstance(rule, dict) else rule
                for name, rule in rules.items()
            }
        return config

    def _detach_ignore_files(self, config: Mapping[object, object], path: Path) -> dict[object, object]:
        """A copy (YAML's aliases may share the original) that names our copies of the ignore files."""
        names = config.get("ignore-from-file")
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return dict(config)  # yamllint says what is wrong with it
        renamed = []
        for name in names:
            content = self._bytes_of(path.parent / name, "ignore patterns for yamllint")
            renamed.append(f"ignore-{len(self._ignore_files)}")
            self._ignore_files.append((renamed[-1], content))
        return {**config, "ignore-from-file": [f"../{name}" for name in renamed]}


def _extended_file(config: Mapping[object, object], path: Path) -> Path | None:
    """The file that a configuration extends; None if it extends nothing, or what comes with yamllint."""
    if config.get("extends", "default") in ("default", "relaxed"):
        return None
    name = config["extends"]
    if not isinstance(name, str) or not name:
        raise TaxonomyError(
            f"`extends` in the yamllint rules in {path} is not the name of a configuration.",
            "It is `default`, `relaxed`, or a file beside the one that extends it.",
        )
    return path.parent / name


def _parse_config(content: bytes, path: Path) -> dict[object, object]:
    """The mapping that a yamllint configuration is."""
    example = 'Such a file reads, for example: "extends: relaxed", and below it "rules: {line-length: disable}".'
    try:
        # The pure Python loader, as yamllint uses: its limits are exceptions, libyaml's a segmentation fault.
        config = yaml.load(content, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TaxonomyError(
            f"The yamllint rules in {path} are not valid YAML: {_yaml_reason(error)}", example
        ) from error
    if not isinstance(config, dict):
        raise TaxonomyError(f"{path} is not a yamllint configuration: it is not a mapping.", example)
    if not _CONFIG_KEYS.intersection(key for key in config if isinstance(key, str)):
        raise TaxonomyError(f"{path} is not a yamllint configuration: it has no `rules` and no `extends`.", example)
    return config


def _yaml_reason(error: Exception) -> str:
    """What a YAML parser stumbled over, in a line, without a piece of the file."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _shorten(str(error).split("\n", 1)[0])
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"


def _read_regular_file(path: Path) -> bytes:
    """The content of a rules file. Raises OSError for what is no regular file, or larger than 1 MiB."""
    if not path.is_file():
        path.stat()  # raises if there is none
        raise OSError("it is not a regular file")
    if path.stat().st_size > _RULES_BYTES:
        raise OSError("it is larger than 1 MiB")
    return path.read_bytes()
