"""What taxonomy-diff costs, in whole processes as a contributor starts them: `python -m benchmarks.bench TABLE`.

Writes a Markdown table of target, measured and met. What is compared runs in turns, A B A B, and each ratio is taken
within one turn, so that a machine that grows slower or busier slows both alike; the median over the turns counts.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generation
from benchmarks.leaves import Material, edit_leaves, load_material, write_leaves

# Git commands that walk or refresh the working tree, as GIT_TRACE2_EVENT names them.
WALKS = frozenset({"diff", "diff-files", "diff-index", "ls-files", "status", "update-index"})
# InstructLab's own yamllint configuration (the taxonomy's .yamllint.yaml), which is our default as well.
YAMLLINT_RULES = "{extends: relaxed, rules: {line-length: disable}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A process to measure: its arguments and where it runs.

    `warm` says that it finds what it kept in its cache the time before; else the cache is empty each time. `variables`
    are added to its environment.
    """

    name: str
    arguments: tuple[str, ...]
    folder: Path
    warm: bool = False
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A line of the table."""

    what: str
    target: str
    measured: str
    met: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks and write the table. 0 whether the targets are met or not: a busy machine is no failure."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("table", type=Path, help="the file to write")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each comparison (default: 7)")
    parser.add_argument("--only", action="append", choices=sorted(BENCHMARKS), help="run just these (repeatable)")
    options = parser.parse_args(argv)
    material = load_material()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="taxonomy-bench-") as scratch:
        bench = Bench(scratch=Path(scratch), material=material, rounds=options.rounds)
        for name, benchmark in BENCHMARKS.items():
            if options.only is None or name in options.only:
                print(f"{name} ...", file=sys.stderr, flush=True)
                results += benchmark(bench)
    text = render_table(results, bench)
    options.table.parent.mkdir(parents=True, exist_ok=True)
    options.table.write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


class Bench:
    """The scratch folder, the material, and the processes to measure with."""

    def __init__(self, *, scratch: Path, material: Material, rounds: int) -> None:
        self.scratch = scratch
        self.material = material
        self.rounds = rounds
        self.medians: dict[str, tuple[float, float, float]] = {}
        self._home = scratch / "home"
        self._home.mkdir()

    def diff(self, folder: Path, *options: str, name: str, warm: bool = False) -> Command:
        """`taxonomy-diff` as it is installed beside this Python."""
        return Command(name=name, arguments=(script("taxonomy-diff"), *options), folder=folder, warm=warm)

    def repository(self, name: str) -> Path:
        """A new repository with one commit, in which there is nothing but a README."""
        folder = self.scratch / name
        folder.mkdir()
        self.git(folder, "init", "--quiet", "--initial-branch=main")
        (folder / "README.md").write_text("# A taxonomy\n", encoding="utf-8")
        self.commit(folder)
        return folder

    def commit(self, folder: Path) -> None:
        """Commit everything."""
        self.git(folder, "add", "--all")
        self.git(folder, "-c", "gc.auto=0", "commit", "--quiet", "--signoff", "--message", "Change")

    def git(self, folder: Path, *arguments: str) -> None:
        """Run Git in the folder."""
        subprocess.run(["git", *arguments], cwd=folder, env=self.environment(), check=True)

    def environment(self) -> dict[str, str]:
        """Nothing of the user's Git configuration, of a CI event or of a cache of theirs."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "LANG") if name in os.environ}
        people = {f"GIT_{role}_NAME": "Bench" for role in ("AUTHOR", "COMMITTER")}
        people |= {f"GIT_{role}_EMAIL": "bench@example.com" for role in ("AUTHOR", "COMMITTER")}
        home = {"HOME": str(self._home), "XDG_CONFIG_HOME": str(self._home), "XDG_CACHE_HOME": str(self._home)}
        return kept | people | home | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def started(self, command: Command) -> dict[str, str]:
        """The environment for a command that starts now, with its cache as it is to be."""
        cache = self.scratch / "caches" / (command.name.replace("/", "-") if command.warm else "cold")
        if not command.warm:
            shutil.rmtree(cache, ignore_errors=True)
        return self.environment() | {"TAXONOMY_CACHE": str(cache)} | dict(command.variables)

    def time(self, *commands: Command) -> list[tuple[float, ...]]:
        """Seconds of each command, one tuple a turn, after one turn that is not counted.

        Raises RuntimeError if a command fails.
        """
        turns = [tuple(self._seconds(command) for command in commands) for _ in range(self.rounds + 1)][1:]
        for command, seconds in zip(commands, zip(*turns, strict=True), strict=True):
            self.medians[command.name] = (statistics.median(seconds), min(seconds), max(seconds))
        return turns

    def time_once(self, command: Command) -> float:
        """Seconds of a command that takes long. Raises RuntimeError if it fails."""
        return self._seconds(command)

    def _seconds(self, command: Command) -> float:
        environment = self.started(command)
        start = time.perf_counter()
        finished = subprocess.run(
            command.arguments,
            cwd=command.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        seconds = time.perf_counter() - start
        if finished.returncode not in (0, 1):  # 1: findings, which both tools report so
            raise RuntimeError(f"{command.name}: exit status {finished.returncode}\n{finished.stderr.decode()}")
        return seconds

    def changed(self, command: Command) -> int:
        """How many leaves the command reports: what is measured must have done its work."""
        finished = subprocess.run(
            [*command.arguments, "--output-format", "json"],
            cwd=command.folder,
            env=self.started(command),
            stdout=subprocess.PIPE,
            check=False,
        )
        return len(json.loads(finished.stdout)["leaves"])


def script(name: str) -> str:
    """A command of the environment that this runs in. Raises FileNotFoundError."""
    path = shutil.which(name, path=sysconfig.get_path("scripts"))
    if path is None:
        raise FileNotFoundError(f"{name} is not installed beside {sys.executable}")
    return path


def measure_many_leaves(bench: Bench) -> Iterator[Result]:
    """200 new leaves, cold, against one yamllint process over the same files."""
    folder = bench.repository("many")
    files = write_leaves(folder, bench.material, 200)
    lint = Command(name="yamllint, one process, 200 files", folder=folder, arguments=yamllint(files))
    one = bench.diff(folder, "--base", "main", "--jobs", "1", name="taxonomy-diff --jobs 1, 200 new leaves")
    two = bench.diff(folder, "--base", "main", "--jobs", "2", name="taxonomy-diff --jobs 2, 200 new leaves")
    expect(bench, one, 200)
    turns = bench.time(lint, one, two)
    yield ratio("200 new leaves, cold, `--jobs 1`, against one yamllint process", 1.2, ((b, a) for a, b, _ in turns))
    yield ratio("200 new leaves, cold, `--jobs 2`, against one yamllint process", 0.75, ((c, a) for a, _, c in turns))


def measure_few_leaves(bench: Bench) -> Iterator[Result]:
    """3 new leaves against a Python that does nothing."""
    folder = bench.repository("few")
    write_leaves(folder, bench.material, 3)
    nothing = Command(name="python -c pass", folder=folder, arguments=(sys.executable, "-c", "pass"))
    few = bench.diff(folder, "--base", "main", name="taxonomy-diff, 3 new leaves")
    expect(bench, few, 3)
    turns = bench.time(nothing, few)
    yield difference("3 new leaves, beyond `python -c pass`", 0.5, (b - a for a, b in turns))


def measure_hooks(bench: Bench) -> Iterator[Result]:
    """What a commit of 3 leaves waits for: the hooks, as pre-commit and Git start them one after the other."""
    folder = bench.repository("hooks")
    write_leaves(folder, bench.material, 100)
    bench.commit(folder)
    paths = write_leaves(folder, bench.material, 3, start=100)
    bench.git(folder, "add", "--all")
    message = folder / ".git" / "COMMIT_EDITMSG"
    message.write_text("Change\n\nSigned-off-by: Bench <bench@example.com>\n", encoding="utf-8")
    names = [name for path in paths for name in (path, str(Path(path).with_name("attribution.txt")))]
    committing = (("GIT_INDEX_FILE", str(folder / ".git" / "index")), ("PRE_COMMIT", "1"))
    check = Command(
        name="taxonomy-check, 3 staged leaves, not seen before",
        arguments=(script("taxonomy-check"), *names),
        folder=folder,
        variables=committing,
    )
    sign_off = Command(
        name="taxonomy-signoff",
        arguments=(script("taxonomy-signoff"), str(message)),
        folder=folder,
        variables=committing,
    )
    turns = bench.time(check, sign_off)
    yield difference("a commit of 3 leaves, check and sign-off hooks together", 0.6, (a + b for a, b in turns))


def measure_large_taxonomy(bench: Bench) -> Iterator[Result]:
    """10 changed leaves among 20,000, in the working tree and in a commit."""
    large, small = bench.repository("large"), bench.repository("small")
    paths = write_leaves(large, bench.material, 20_000)
    edited = paths[:: len(paths) // 10]
    for path in edited:
        leaf = Path(path).parent
        shutil.copytree(large / leaf, small / leaf)
    for folder in (large, small):
        bench.commit(folder)
        bench.git(folder, "branch", "before")
        edit_leaves(folder, edited)
    status = Command(name="git status, 20,000 leaves", folder=large, arguments=("git", "status", "--porcelain"))
    among = bench.diff(large, "--base", "before", name="taxonomy-diff, 10 changed among 20,000")
    alone = bench.diff(small, "--base", "before", name="taxonomy-diff, 10 changed, nothing else there")
    expect(bench, among, 10)
    expect(bench, alone, 10)
    turns = bench.time(status, among, alone)
    yield at_most(
        "10 changed leaves among 20,000, against `git status` plus 10 leaves alone", ((b, a + c) for a, b, c in turns)
    )

    for folder in (large, small):
        bench.commit(folder)
    among = bench.diff(large, "--base", "before", "--head", "main", name="taxonomy-diff --head, 10 among 20,000")
    alone = bench.diff(small, "--base", "before", "--head", "main", name="taxonomy-diff --head, nothing else there")
    expect(bench, among, 10)
    walks = sorted(git_commands(bench, among) & WALKS)
    yield Result(
        what="the same in a commit (`--head`): Git commands that walk the working tree",
        target="none",
        measured=", ".join(walks) or "none",
        met=not walks,
    )
    bench.time(among, alone)
    for top in large.iterdir():
        if top.is_dir() and top.name != ".git":
            shutil.rmtree(top)
    left = bench.changed(among)
    yield Result(
        what="the same, with every leaf of the working tree deleted",
        target="10 leaves",
        measured=f"{left} leaves",
        met=left == 10,
    )


def measure_memory(bench: Bench) -> Iterator[Result]:
    """The peak at 10,000 new leaves."""
    folder = bench.repository("memory")
    write_leaves(folder, bench.material, 10_000)
    for jobs in ("1", "2"):
        command = bench.diff(folder, "--base", "main", "--jobs", jobs, name=f"taxonomy-diff --jobs {jobs}, 10,000 new")
        memory = peak_memory(command, bench.started(command))
        bench.medians[command.name] = (memory.seconds,) * 3
        what = f"memory at 10,000 new leaves, `--jobs {jobs}`"
        yield megabytes(f"{what}: the process itself", memory.own)
        yield megabytes(f"{what}: the largest of it and its children", memory.largest)
        if memory.together is not None:
            yield megabytes(f"{what}: it and its children together, shared pages once", memory.together)


def measure_cache(bench: Bench) -> Iterator[Result]:
    """What leaves cost that have been looked at before, and what it costs to keep what was found."""
    folder, clean = bench.repository("cache"), bench.repository("clean")
    paths = write_leaves(folder, bench.material, 1_000)
    write_leaves(clean, bench.material, 1_000)
    for one in (folder, clean):
        bench.commit(one)
        bench.git(one, "branch", "before")
    edit_leaves(folder, paths[:500])
    write_leaves(folder, bench.material, 500, start=1_000)
    for where in ("in the working tree", "in a commit"):
        if where == "in a commit":
            bench.commit(folder)
        warm = bench.diff(folder, "--base", "before", name=f"taxonomy-diff, 1,000 known leaves {where}", warm=True)
        nothing = bench.diff(clean, "--base", "before", name=f"taxonomy-diff, nothing changed {where}", warm=True)
        expect(bench, warm, 1_000)
        expect(bench, nothing, 0)
        turns = bench.time(warm, nothing)
        what = f"1,000 known leaves {where}, half of them modified, against no change"
        yield difference(what, 0.3, (a - b for a, b in turns))

    folder = bench.repository("keep")
    write_leaves(folder, bench.material, 200)
    kept = bench.diff(folder, "--base", "main", name="taxonomy-diff, 200 new leaves to keep")
    without = bench.diff(folder, "--base", "main", "--no-cache", name="taxonomy-diff --no-cache, 200 new leaves")
    expect(bench, kept, 200)
    turns = bench.time(kept, without)
    yield ratio("200 new leaves, cold, with a cache, against `--no-cache`", 1.1, ((a, b) for a, b in turns))


def measure_whole_taxonomy(bench: Bench) -> Iterator[Result]:
    """A taxonomy of 20,000 leaves that were all looked at before."""
    folder = bench.repository("whole")
    write_leaves(folder, bench.material, 20_000)
    bench.commit(folder)
    arguments = (script("taxonomy"), "check")
    whole = Command(name="taxonomy check, 20,000 known leaves", arguments=arguments, folder=folder, warm=True)
    expect(bench, whole, 20_000)
    yield difference("20,000 known leaves, all of a taxonomy", 5, (seconds for (seconds,) in bench.time(whole)))


def measure_generation(bench: Bench) -> Iterator[Result]:
    """Sample data: how busy a server is kept, the memory, near-copy checks, and what a kill costs."""
    folder = bench.repository("generation")
    bench.git(folder, "switch", "--quiet", "--create", "change")
    generation.write_skills(folder)
    taxonomy = script("taxonomy")

    def command(arguments: tuple[str, ...]) -> Command:
        return Command(name=f"taxonomy {' '.join(arguments[:1])}", arguments=(taxonomy, *arguments), folder=folder)

    paces = [
        generation.pace(lambda arguments: bench.time_once(command(arguments)), f"pace-{turn}")
        for turn in range(min(3, bench.rounds))
    ]
    what = f"400 samples of {generation.LEAVES} leaves, 200 ms an answer, 4 at a time, against a server never idle"
    yield ratio(what, 1.05, ((one.seconds, one.ideal) for one in paces))
    peaks = []
    for samples in (1_000, 20_000):
        with generation.serving(seconds=0, slots=64) as server:
            quick = command(generation.arguments(server, samples // generation.LEAVES, f"memory-{samples}"))
            peaks.append(peak_memory(quick, bench.started(quick)).largest)
    yield ratio("memory at 20,000 samples, against that at 1,000", 1.2, [(float(peaks[1]), float(peaks[0]))])
    share = generation.near_copy_share()
    yield Result(
        what="near-copy checks of 10,000 samples of one leaf",
        target="under 5 % of the time",
        measured=f"{share:.1%}",
        met=share < 0.05,
    )
    killed = generation.kill_often(taxonomy, folder, bench.started(command(("generate",))))
    yield Result(
        what=f"a run of {killed.requests:,} requests, killed {killed.kills} times",
        target="the same bytes, no stored answer asked for again",
        measured=f"{'the same' if killed.same else 'other'} bytes, {killed.stored} stored answers asked for again, "
        f"{killed.in_flight} that were in flight",
        met=killed.same and not killed.stored,
    )


BENCHMARKS: Mapping[str, Callable[[Bench], Iterator[Result]]] = {
    "many": measure_many_leaves,
    "few": measure_few_leaves,
    "hooks": measure_hooks,
    "large": measure_large_taxonomy,
    "memory": measure_memory,
    "cache": measure_cache,
    "whole": measure_whole_taxonomy,
    "generate": measure_generation,
}


def yamllint(files: Sequence[str]) -> tuple[str, ...]:
    """One plain yamllint process over the files."""
    return (script("yamllint"), "-f", "parsable", "-d", YAMLLINT_RULES, *files)


def expect(bench: Bench, command: Command, leaves: int) -> None:
    """Raises RuntimeError unless the command reports that many leaves."""
    found = bench.changed(command)
    if found != leaves:
        raise RuntimeError(f"{command.name}: {found} leaves, not {leaves}")


def git_commands(bench: Bench, command: Command) -> set[str]:
    """The names of all Git commands that the command starts, as Git's own trace tells."""
    trace = bench.scratch / "trace"
    environment = bench.started(command) | {"GIT_TRACE2_EVENT": str(trace)}
    subprocess.run(command.arguments, cwd=command.folder, env=environment, stdout=subprocess.DEVNULL, check=False)
    events = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()]
    return {event["name"] for event in events if event["event"] == "cmd_name"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Peaks in bytes. `own` and `together` (proportional set sizes) are sampled, and None where there is no /proc."""

    own: int | None
    largest: int
    together: int | None
    seconds: float


def peak_memory(command: Command, environment: Mapping[str, str]) -> Memory:
    """Run the command, and watch it and its children."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    own = together = 0
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        own = max(own, high_water(process.pid))
        together = max(together, sum(proportional_size(pid) for pid in family(process.pid)))
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{command.name}: exit status {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): kilobytes, but bytes on macOS
    return Memory(
        own=own or None,
        largest=usage.ru_maxrss * unit,  # of the process and of every child that it waited for
        together=together or None,
        seconds=time.perf_counter() - start,
    )


def family(pid: int) -> list[int]:
    """The process and all that descend from it (Linux)."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in _read(children).split()]
    return found


def proportional_size(pid: int) -> int:
    """Bytes of memory of the process, each shared page divided by the number of its users."""
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def high_water(pid: int) -> int:
    """The most memory, in bytes, that the process itself has had so far."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmHWM:")


def _kilobytes(path: Path, label: str) -> int:
    for line in _read(path).splitlines():
        if line.startswith(label):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:  # it has ended meanwhile
        return ""


def ratio(what: str, target: float, pairs: Iterable[tuple[float, float]]) -> Result:
    """The median of the ratios within each turn."""
    measured = statistics.median(ours / theirs for ours, theirs in pairs)
    return Result(what=what, target=f"at most {target} times", measured=f"{measured:.2f} times", met=measured <= target)


def difference(what: str, target: float, differences: Iterable[float]) -> Result:
    """The median of the differences within each turn, in seconds."""
    measured = statistics.median(differences)
    return Result(what=what, target=f"at most {target} s", measured=f"{measured:.2f} s", met=measured <= target)


def at_most(what: str, pairs: Iterable[tuple[float, float]]) -> Result:
    """Whether the first of each pair stays below the second, going by the median of the differences."""
    ours, theirs = zip(*pairs, strict=True)
    excess = statistics.median(one - other for one, other in zip(ours, theirs, strict=True))
    return Result(
        what=what,
        target=f"at most {statistics.median(theirs):.2f} s",
        measured=f"{statistics.median(ours):.2f} s",
        met=excess <= 0,
    )


def megabytes(what: str, size: int | None) -> Result:
    """A peak against the 250 MB that are allowed."""
    if size is None:
        return Result(what=what, target="under 250 MB", measured="not known here", met=False)
    return Result(what=what, target="under 250 MB", measured=f"{size / 1e6:.0f} MB", met=size < 250e6)


def render_table(results: Iterable[Result], bench: Bench) -> str:
    """The results and what they come from, in Markdown."""
    lines = ["# What taxonomy-diff costs", "", "| what | target | measured | met |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.target} | {row.measured} | {'yes' if row.met else '**no**'} |" for row in results]
    lines += ["", "| process | median | fastest | slowest |", "|---|---|---|---|"]
    for name, (median, fastest, slowest) in bench.medians.items():
        lines.append(f"| {name} | {median:.3f} s | {fastest:.3f} s | {slowest:.3f} s |")
    git = subprocess.run(["git", "--version"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    lines += [
        "",
        f"Leaves are made from {bench.material.source}. Whole processes, run in turns, {bench.rounds} turns after",
        "one that is not counted; ratios and differences are taken within a turn, and their median counts. Memory is",
        "that of one run.",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {git}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
