"""The command line as its users meet it: real processes, whole outputs."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from taxonomy_tools import __version__, main, schemas
from taxonomy_tools.generate.writers import WRITERS
from taxonomy_tools.reporters import REPORTERS
from tests.command import SCRIPTS, Result, environment, leaf, run, skill
from tests.repository import Repo

SKILL = "compositional_skills/arithmetic/increments"
WRONG = skill("Increments", answer="No")
USAGE = "Usage: taxonomy-diff [OPTIONS] [PATH]...\nTry 'taxonomy-diff --help' for help.\n\nError: "
WHY = "Why main: the first that exists of upstream/HEAD, upstream/main, origin/HEAD, origin/main, main, master"


@pytest.fixture
def clone(repo: Repo) -> Repo:
    """A branch off main, with one leaf on main."""
    repo.commit(leaf("compositional_skills/arithmetic/sums"))
    repo.branch("work")
    return repo


@pytest.fixture
def wrong(clone: Repo) -> Repo:
    """The branch, with one new leaf that has one error."""
    for path, content in leaf(SKILL, WRONG).items():
        clone.write(path, content)
    return clone


@pytest.fixture
def many(clone: Repo) -> Repo:
    """The branch, with so many new leaves that checking them takes seconds."""
    for number in range(600):
        for path, content in leaf(f"compositional_skills/arithmetic/many_{number}").items():
            clone.write(path, content)
    return clone


def report(clone: Repo) -> str:
    """What is said of the leaf that is wrong."""
    start = clone.oid("main")[:7]
    return (
        f"Comparing the working tree with main (merge base {start})\n{WHY}\n\n"
        f"A  {SKILL}  freeform skill  5 seed examples\n\n"
        f"{SKILL}\n"
        "  qna.yaml:6:13: error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean\n"
        "     5 |   - question: What is one and one?\n"
        "     6 |     answer: No\n"
        '       |             ^^ write "No"\n\n'
        "1 leaf changed: 1 added. 1 error (1 can be fixed with --fix).\n"
    )


# --- commands and options


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["taxonomy-diff"], id="taxonomy-diff"),
        pytest.param(["taxonomy", "diff"], id="taxonomy diff"),
        pytest.param(["git-taxonomy", "diff"], id="git-taxonomy diff"),
        pytest.param(["/usr/bin/env", "git", "taxonomy", "diff"], id="git taxonomy diff"),
    ],
)
def test_diff_has_three_names(wrong: Repo, command: list[str]) -> None:
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    assert run(*command, cwd=wrong.path, env={"PATH": path}) == Result(status=1, out=report(wrong), err="")


def test_git_taxonomy_speaks_of_itself_by_that_name(clone: Repo) -> None:
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    found = run("/usr/bin/env", "git", "taxonomy", "rule", "TX999", cwd=clone.path, env={"PATH": path})
    assert (found.status, found.err.partition("\n")[0]) == (2, "git taxonomy: there is no rule `TX999`.")


CONFIGURATION = [
    ["--taxonomy-path", "-C"],
    ["--config"],
    ["--no-config"],
    ["--select"],
    ["--ignore"],
    ["--severity"],
    ["--schema-version"],
    ["--yaml-rules"],
    ["--fail-on"],
    ["--output-format"],
]
COMMON = [
    *CONFIGURATION,
    ["--staged"],
    ["--head"],
    ["--no-baseline"],
    ["--jobs"],
    ["--no-cache"],
    ["--fix"],
    ["--dry-run"],
    ["--output"],
    ["--quiet", "-q"],
    ["--fail-if-empty"],
]
OPTIONS = {
    "diff": [*COMMON, ["--taxonomy-base", "--base"], ["--direct"], ["--version"]],
    "check": [*COMMON, ["--stdin-filename"], ["--write-baseline"]],
    "config": CONFIGURATION,
    "migrate": [["--taxonomy-path", "-C"], ["--dry-run"]],
    "init": [["--taxonomy-path", "-C"], ["--tools"], ["--tools-rev"], ["--dry-run"], ["--yes", "-y"]],
    "new": [
        ["--taxonomy-path", "-C"],
        ["--kind"],
        ["--from"],
        ["--created-by"],
        ["--task-description"],
        ["--domain"],
        ["--document-outline"],
        ["--document-repo"],
        ["--document-commit"],
        ["--document-pattern"],
        ["--title"],
        ["--link"],
        ["--revision"],
        ["--license"],
        ["--creator"],
        ["--no-input"],
    ],
    "generate": [
        *(names for names in CONFIGURATION if names != ["--fail-on"]),
        ["--staged"],
        ["--head"],
        ["--taxonomy-base", "--base"],
        ["--direct"],
        ["--model"],
        ["--host"],
        ["--parallel"],
        ["--pull"],
        ["--num-ctx"],
        ["--temperature"],
        ["--seed"],
        ["--online"],
        ["--samples-per-leaf"],
        ["--num-instructions"],
        ["--max-attempts"],
        ["--max-tokens-total"],
        ["--deadline"],
        ["--likeness", "--rouge-threshold"],
        ["--judge"],
        ["--keep-going"],
        ["--refilter"],
        ["--output-dir"],
        ["--dry-run"],
        ["--quiet", "-q"],
        ["--jobs"],
    ],
    "pr": [["--taxonomy-path", "-C"], ["--base", "--taxonomy-base"], ["--head"]],
    "doctor": [["--taxonomy-path", "-C"], ["--for"], ["--model"], ["--host"]],
    "rule": [],
    "schema": [["--version"]],
}


def test_commands_and_options_are_these() -> None:
    """Users, hooks and workflows call them by these names: a change needs a line in the CHANGELOG."""
    found = {
        name: sorted(sorted(option.opts) for option in command.params if isinstance(option, click.Option))
        for name, command in main.cli.commands.items()
    }
    assert found == {name: sorted(sorted(names) for names in options) for name, options in OPTIONS.items()}


def test_lists_that_are_written_out_are_complete() -> None:
    """Importing what they come from would cost more than the help itself."""
    assert tuple(REPORTERS) == main.FORMATS
    assert (*schemas.KINDS, *schemas.FORMATS) == main.SCHEMAS
    assert tuple(WRITERS) == main.SAMPLE_FORMATS
    assert main.FAIL_ON == ("error", "warning", "info", "never")


@pytest.mark.parametrize("script", ["taxonomy", "taxonomy-diff", "git-taxonomy"])
def test_version(script: str, tmp_path: Path) -> None:
    assert run(script, "--version", cwd=tmp_path) == Result(
        status=0, out=f"taxonomy-tools, version {__version__}\n", err=""
    )


@pytest.mark.parametrize("command", [[], ["diff"], ["check"], ["rule"], ["schema"]])
def test_help_has_a_short_twin(command: list[str], tmp_path: Path) -> None:
    long = run("taxonomy", *command, "--help", cwd=tmp_path)
    assert (long.status, long.err, long.out.partition(" [")[0]) == (0, "", " ".join(["Usage: taxonomy", *command]))
    assert run("taxonomy", *command, "-h", cwd=tmp_path) == long


def test_short_help_of_the_command_of_its_own(tmp_path: Path) -> None:
    found = run("taxonomy-diff", "-h", cwd=tmp_path)
    assert (found.status, found.out.partition("\n")[0]) == (0, "Usage: taxonomy-diff [OPTIONS] [PATH]...")


def test_nothing_asked_is_answered_with_help(tmp_path: Path) -> None:
    helped = run("taxonomy", "--help", cwd=tmp_path)
    asked = run("taxonomy", cwd=tmp_path)
    assert (asked.status, (asked.out + asked.err).rstrip()) == (2, helped.out.rstrip())


def test_help_groups_what_belongs_together(tmp_path: Path) -> None:
    lines = run("taxonomy", "diff", "--help", cwd=tmp_path).out.splitlines()
    assert [line for line in lines if line.endswith(":") and not line.startswith(" ")] == [
        "What to look at:",
        "What to go by:",
        "When to fail:",
        "How to validate:",
        "What to mend:",
        "What to report:",
        "Other options:",
    ]


# --- exit codes


@pytest.mark.parametrize("fail_on", ["error", "warning", "info", "never"])
@pytest.mark.parametrize(
    ("document", "failing"),
    [
        pytest.param(None, set(), id="no finding"),
        pytest.param(skill().replace("To add one", "To  add one # " + "x" * 200), set(), id="nothing that counts"),
        pytest.param(skill().replace("answer: Two.", "answer:  Two."), {"warning", "info"}, id="warning"),
        pytest.param(WRONG, {"error", "warning", "info"}, id="error"),
    ],
)
def test_fail_on(clone: Repo, document: str | None, failing: set[str], fail_on: str) -> None:
    for path, content in leaf(SKILL, document).items():
        clone.write(path, content)
    found = run("taxonomy-diff", "--fail-on", fail_on, cwd=clone.path)
    assert (found.status, found.err) == (int(fail_on in failing), "")


def test_error_is_what_fails_by_default(clone: Repo) -> None:
    for path, content in leaf(SKILL, skill().replace("answer: Two.", "answer:  Two.")).items():
        clone.write(path, content)
    found = run("taxonomy-diff", cwd=clone.path)
    assert (found.status, found.out.splitlines()[-1]) == (0, "1 leaf changed: 1 added. 1 warning.")


@pytest.mark.parametrize("options", [[], ["--quiet"], ["--fail-on", "never"]], ids=" ".join)
def test_zero_leaves_are_never_called_valid(clone: Repo, options: list[str]) -> None:
    found = run("taxonomy-diff", *options, cwd=clone.path)
    start = clone.oid("main")[:7]
    said = f"Comparing the working tree with main (merge base {start})\n{WHY}\n\nNo leaf changed:"
    assert (found.status, found.err) == (0, "")
    assert found.out.startswith(said) or (options == ["--quiet"] and not found.out)
    assert "valid" not in found.out
    assert run("taxonomy-diff", "--fail-if-empty", *options, cwd=clone.path).status == 1


def test_no_leaf_to_check(tmp_path: Path) -> None:
    found = run("taxonomy", "check", cwd=tmp_path)
    assert found == Result(
        status=0, out="Checking the folder\n\nNo leaf found: there is no qna.yaml in the folder.\n", err=""
    )
    assert run("taxonomy", "check", "--fail-if-empty", cwd=tmp_path).status == 1


def test_quiet_says_only_what_is_wrong(wrong: Repo) -> None:
    found = run("taxonomy-diff", "--quiet", cwd=wrong.path)
    assert (found.status, found.out) == (1, "\n".join(report(wrong).splitlines()[5:]) + "\n")
    for path, content in leaf(SKILL).items():
        wrong.write(path, content)
    assert run("taxonomy-diff", "-q", cwd=wrong.path) == Result(status=0, out="", err="")


@pytest.mark.parametrize("jobs", ["1", "2", "7"])
def test_any_number_of_processes_says_the_same(clone: Repo, jobs: str) -> None:
    for number in range(5):
        document = WRONG if number == 3 else None
        for path, content in leaf(f"compositional_skills/arithmetic/number_{number}", document).items():
            clone.write(path, content)
    alone = run("taxonomy-diff", "--output-format", "json", cwd=clone.path)
    assert run("taxonomy-diff", "--output-format", "json", "--jobs", jobs, cwd=clone.path) == alone
    assert alone.status == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--nope"], "No such option", id="unknown option"),
        pytest.param(["--jobs", "0"], "Invalid value for '--jobs'", id="no process"),
        pytest.param(["--jobs", "many"], "Invalid value for '--jobs'", id="no number"),
        pytest.param(["--fail-on", "fatal"], "Invalid value for '--fail-on'", id="unknown severity"),
        pytest.param(["--output-format", "xml"], "Invalid value for '--output-format'", id="unknown format"),
        pytest.param(["--base", "main", "--jobs", ""], "Invalid value for '--jobs'", id="empty number"),
        pytest.param(
            ["--staged", "--head", "HEAD"],
            "--staged and --head each name a side to look at: give one of them.\n",
            id="two sides",
        ),
        pytest.param(["-C", ""], "Invalid value for '-C' / '--taxonomy-path': the path is empty.\n", id="empty root"),
        pytest.param(["a", ""], "Invalid value for '[PATH]...': the path is empty.\n", id="empty path"),
        pytest.param(["--output", "."], "Invalid value for '--output': File '.' is a directory.\n", id="a folder"),
        pytest.param(
            ["--output", "a", "--output", "b"],
            "Two --output for one --output-format: give each file its own format.\n",
            id="more files than formats",
        ),
        pytest.param(
            ["--output", "a", "--output-format", "json", "--output", "b"],
            "Two --output for one --output-format: give each file its own format.\n",
            id="two files around one format",
        ),
        pytest.param(
            ["--output-format", "json", "--output-format", "text"],
            "Only one format can go to standard output: give the others an --output FILE.\n",
            id="two formats for one stream",
        ),
        pytest.param(
            ["--output-format", "json", "--output", "-", "--output-format", "text"],
            "Only one format can go to standard output: give the others an --output FILE.\n",
            id="two formats for one stream, by name",
        ),
        pytest.param(
            ["--output-format", "json", "--output", "a", "--output-format", "text", "--output", "./a"],
            "Two formats cannot go to one file: give each an --output FILE of its own.\n",
            id="two formats for one file",
        ),
    ],
)
def test_wrong_use(clone: Repo, arguments: list[str], message: str) -> None:
    found = run("taxonomy-diff", *arguments, cwd=clone.path)
    assert (found.status, found.out) == (2, "")
    assert found.err.startswith(USAGE + message)
    assert found.err == USAGE + message or not message.endswith("\n")
    assert clone.ask("status", "--porcelain") == ""


def test_option_without_its_value(tmp_path: Path) -> None:
    found = run("taxonomy-diff", "--base", cwd=tmp_path)
    assert (found.status, found.err.splitlines()[-1]) == (2, "Error: Option '--base' requires an argument.")


def test_unknown_command(tmp_path: Path) -> None:
    found = run("taxonomy", "validate", cwd=tmp_path)
    assert (found.status, found.err.splitlines()[-1]) == (2, "Error: No such command 'validate'.")


def test_wrong_use_is_shown_without_what_a_terminal_would_obey(tmp_path: Path) -> None:
    found = run("taxonomy", "\x1b]0;owned\x07\u202e", cwd=tmp_path)
    assert found.status == 2
    assert all(line.isprintable() for line in found.err.splitlines())


def test_unforeseen_error_is_one_message_and_no_finding(clone: Repo, tmp_path: Path) -> None:
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "sitecustomize.py").write_text(
        "import taxonomy_tools.commands.rule as rule\n"
        "def run(code): raise ZeroDivisionError('a\\x1b[31m')\n"
        "rule.run = run\n"
    )
    planted = {"PYTHONPATH": os.fspath(tmp_path / "plant")}
    found = run("taxonomy", "rule", cwd=clone.path, env=planted)
    assert found == Result(
        status=2,
        out="",
        err="taxonomy: stopped by an error that nobody foresaw: ZeroDivisionError: a\\x1b[31m\n"
        "  This is a bug of taxonomy-tools. To see where:  TAXONOMY_TRACEBACK=1 taxonomy ...\n",
    )
    shown = run("taxonomy", "rule", cwd=clone.path, env=planted | {"TAXONOMY_TRACEBACK": "1"})
    assert (shown.status, "Traceback (most recent call last):" in shown.err) == (2, True)


# --- outputs


def formats_of(folder: Path) -> dict[str, str]:
    """The files there, each with the format that it looks like."""
    first = {path.name: path.read_text(encoding="utf-8")[:2] for path in folder.iterdir()}
    looks = {"{\n": "json", '{"': "jsonl", "Co": "text"}
    return {name: looks[start] for name, start in first.items()}


@pytest.mark.parametrize(
    ("arguments", "files", "printed"),
    [
        pytest.param([], {}, "Co", id="text by default"),
        pytest.param(["--output", "O/a"], {"a": "text"}, "", id="text into a file"),
        pytest.param(["--output-format", "json"], {}, "{\n", id="json to standard output"),
        pytest.param(["--output-format", "json", "--output", "-"], {}, "{\n", id="a dash is standard output"),
        pytest.param(["--output-format", "json", "--output", "O/a"], {"a": "json"}, "", id="json into a file"),
        pytest.param(["--output", "O/a", "--output-format", "jsonl"], {"a": "jsonl"}, "", id="file before its format"),
        pytest.param(
            ["--output-format", "text", "--output-format", "json", "--output", "O/a"],
            {"a": "json"},
            "Co",
            id="the first to standard output",
        ),
        pytest.param(
            ["--output-format", "text", "--output", "O/a", "--output-format", "json"],
            {"a": "text"},
            "{\n",
            id="the last to standard output",
        ),
        pytest.param(
            ["--output-format=jsonl", "--output=O/a", "--output-format=json", "--output=O/b", "--output-format=text"],
            {"a": "jsonl", "b": "json"},
            "Co",
            id="all three",
        ),
        pytest.param(
            ["--output", "O/a", "--output-format", "jsonl", "--output-format", "json", "--output", "O/b"],
            {"a": "jsonl", "b": "json"},
            "",
            id="file before the first of two",
        ),
        pytest.param(
            ["--output-format=json", "--output=O/a", "--output-format=json", "--output=O/b"],
            {"a": "json", "b": "json"},
            "",
            id="one format twice",
        ),
    ],
)
def test_each_output_belongs_to_the_format_before_it(
    wrong: Repo, tmp_path: Path, arguments: list[str], files: dict[str, str], printed: str
) -> None:
    folder = tmp_path / "O"
    folder.mkdir()
    found = run("taxonomy-diff", *[word.replace("O/", f"{folder}/") for word in arguments], cwd=wrong.path)
    assert (found.status, found.out[:2], found.err) == (1, printed, "")
    assert formats_of(folder) == files


def test_schema_of_the_report_is_printed(wrong: Repo) -> None:
    printed = json.loads(run("taxonomy", "schema", "report", cwd=wrong.path).out)
    written = json.loads(run("taxonomy-diff", "--output-format", "json", cwd=wrong.path).out)
    assert printed["properties"]["format_version"]["const"] == written["format_version"]


# --- streams


def test_reader_that_is_gone_before_the_start_is_no_error(wrong: Repo) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [SCRIPTS / "taxonomy-diff"],
        cwd=wrong.path,
        env=environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


UNBUFFERED = [pytest.param({"PYTHONUNBUFFERED": value}, id=f"PYTHONUNBUFFERED={value}") for value in ("", "1")]


@pytest.mark.parametrize("buffered", UNBUFFERED)
@pytest.mark.parametrize("form", [form for form in main.FORMATS if form != "github"])  # its budget fits into a pipe
def test_reader_that_has_seen_enough_is_no_error(clone: Repo, form: str, buffered: dict[str, str]) -> None:
    """`taxonomy-diff | head -1`: more comes than a pipe holds."""
    broken = skill().replace("answer: It", "anwser: It").replace("created_by: ada\n", "")
    for number in range(110):
        for path, content in leaf(f"compositional_skills/arithmetic/broken_{number}", broken).items():
            clone.write(path, content)
    assert len(run("taxonomy-diff", "--output-format", form, cwd=clone.path).out) > 200_000
    process = subprocess.Popen(
        [SCRIPTS / "taxonomy-diff", "--output-format", form],
        cwd=clone.path,
        env=environment(buffered),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as out, process.stderr as err:
        assert out.readline()
        out.close()
        said = err.read()
    assert (process.wait(), said) == (0, b"")


def test_file_is_written_for_whom_standard_output_is_closed(wrong: Repo, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    file = tmp_path / "report.json"
    done = subprocess.run(
        [SCRIPTS / "taxonomy-diff", "--output-format", "text", "--output-format", "json", "--output", file],
        cwd=wrong.path,
        env=environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(file.read_text())["summary"]["errors"] == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param("taxonomy-diff --jobs 2 --output-format json --output FILE", 1, id="findings"),
        pytest.param("taxonomy rule", 0, id="listing"),
        pytest.param("taxonomy --help", 0, id="help"),
        pytest.param("taxonomy-diff --base nope", 2, id="an error"),
        pytest.param("taxonomy nope", 2, id="wrong use"),
    ],
)
def test_streams_that_are_closed_before_the_start(
    wrong: Repo, tmp_path: Path, closed: str, command: str, status: int
) -> None:
    file = tmp_path / "report.json"
    line = f"{SCRIPTS}/{command.replace('FILE', str(file))} {closed}"
    found = run("/bin/sh", "-c", line, cwd=wrong.path)
    assert found.status == status
    assert "nobody foresaw" not in found.err
    if "FILE" in command:
        assert json.loads(file.read_text())["summary"]["errors"] == 1


def test_message_that_nobody_reads_leaves_the_exit_code(wrong: Repo) -> None:
    """Standard error goes to a closed pipe: this is no closed standard output, so it is not 0."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [SCRIPTS / "taxonomy-diff", "--base", "nope"], cwd=wrong.path, env=environment(), stderr=write, check=False
    )
    os.close(write)
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk without room")
@pytest.mark.parametrize("buffered", UNBUFFERED)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["diff"], "the report cannot be written to standard output: No space left on device.", id="text"),
        pytest.param(
            ["diff", "--output-format", "json"],
            "the report cannot be written to standard output: No space left on device.",
            id="json",
        ),
        pytest.param(["rule"], "what there is to say cannot be written: No space left on device.", id="listing"),
        pytest.param(["--help"], "what there is to say cannot be written: No space left on device.", id="help"),
    ],
)
def test_disk_without_room(wrong: Repo, arguments: list[str], message: str, buffered: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPTS / "taxonomy", *arguments],
            cwd=wrong.path,
            env=environment(buffered),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (2, f"taxonomy: {message}")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
@pytest.mark.parametrize("form", main.FORMATS)
def test_any_encoding_of_standard_output_will_do(clone: Repo, encoding: str, form: str) -> None:
    folder = "compositional_skills/écriture/書道/\U0001f58c"
    for path, content in leaf(folder, skill("書").replace("answer: Two.", "antwort: Zwei…")).items():
        clone.write(path, content)
    env = {"LC_ALL": "C", "PYTHONIOENCODING": encoding}
    found = run("taxonomy-diff", "--output-format", form, cwd=clone.path, env=env)
    assert (found.status, found.err) == (1, "")
    if form == "json":
        assert json.loads(found.out)["leaves"][0]["path"] == folder


@pytest.mark.parametrize("command", [["rule"], ["rule", "TX200"], ["rule", "TX001"], ["schema", "report"], ["--help"]])
def test_documentation_is_printed_in_any_encoding(command: list[str], tmp_path: Path) -> None:
    for encoding in ("ascii", "latin-1", "cp437"):
        found = run("taxonomy", *command, cwd=tmp_path, env={"LC_ALL": "C", "PYTHONIOENCODING": encoding})
        assert (found.status, found.err) == (0, "")
        assert found.out


def on_terminal(command: list[str], cwd: Path, env: dict[str, str]) -> str:
    """What a command prints on a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen([SCRIPTS / command[0], *command[1:]], cwd=cwd, env=env, stdout=its, stderr=its) as process:
        os.close(its)
        printed = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux's end of a terminal
                break
            if not part:
                break
            printed += part
        process.wait()
    os.close(ours)
    return printed.decode()


def test_colour_is_for_terminals(wrong: Repo) -> None:
    coloured = {name: value for name, value in environment({"TERM": "xterm"}).items() if name != "NO_COLOR"}
    assert "\x1b[" in on_terminal(["taxonomy-diff"], wrong.path, coloured)
    assert "\x1b" not in on_terminal(["taxonomy-diff"], wrong.path, environment({"TERM": "xterm"}))
    assert "\x1b" not in on_terminal(["taxonomy-diff"], wrong.path, coloured | {"TERM": "dumb"})


# --- signals


def unmeasured(more: dict[str, str]) -> dict[str, str]:
    """An environment without coverage, which never comes back from a signal inside one of its own locks."""
    return {name: value for name, value in environment(more).items() if not name.startswith("COVERAGE_")}


def wait_until_at_work(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait for the temporary folder that yamllint works in."""
    for _ in range(1000):
        if any(folder.rglob("output")):
            return
        assert process.poll() is None
        time.sleep(0.01)
    raise AssertionError("it never came to work")


def is_gone(group: int) -> bool:
    """Whether no process of a group is left, once the system has buried the dead."""
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A signal, how it comes, and what is to be said of it."""

    number: signal.Signals
    times: int = 1
    to_all: bool = True
    status: int
    message: str


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(Ending(number=signal.SIGINT, status=130, message="interrupted"), id="Ctrl-C"),
        pytest.param(Ending(number=signal.SIGINT, times=2, status=130, message="interrupted"), id="Ctrl-C twice"),
        pytest.param(Ending(number=signal.SIGINT, to_all=False, status=130, message="interrupted"), id="SIGINT to one"),
        pytest.param(Ending(number=signal.SIGTERM, to_all=False, status=143, message="ended by SIGTERM"), id="kill"),
        pytest.param(Ending(number=signal.SIGTERM, times=2, status=143, message="ended by SIGTERM"), id="timeout"),
        pytest.param(Ending(number=signal.SIGHUP, status=129, message="ended by SIGHUP"), id="terminal closed"),
    ],
)
def test_signal_leaves_nothing_behind(many: Repo, tmp_path: Path, jobs: str, ending: Ending) -> None:
    scratch, reports = tmp_path / "scratch", tmp_path / "reports"
    scratch.mkdir()
    reports.mkdir()
    (reports / "report.json").write_text("from another day")
    process = subprocess.Popen(
        [SCRIPTS / "taxonomy-diff", "--jobs", jobs, "--output-format", "json", "--output", reports / "report.json"],
        cwd=many.path,
        env=unmeasured({"TMPDIR": os.fspath(scratch)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until_at_work(scratch, process)
    for _ in range(ending.times):
        (os.killpg if ending.to_all else os.kill)(process.pid, ending.number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.decode()) == (ending.status, b"", f"taxonomy-diff: {ending.message}.\n")
    assert list(scratch.iterdir()) == []
    assert [(path.name, path.read_text()) for path in reports.iterdir()] == [("report.json", "from another day")]
    assert is_gone(process.pid)


def test_signal_that_is_ignored_stays_ignored(wrong: Repo) -> None:
    """`nohup taxonomy-diff`: the terminal may go."""
    line = f"trap '' HUP; kill -HUP $$; exec {SCRIPTS}/taxonomy-diff"
    process = subprocess.Popen(
        ["/bin/sh", "-c", line], cwd=wrong.path, env=environment(), stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        for _ in range(20):
            time.sleep(0.02)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGHUP)
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out.decode()) == (1, report(wrong))


# --- what it costs to start


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        pytest.param(["--help"], [], id="help"),
        pytest.param(["nope"], ["yaml"], id="wrong use"),
        pytest.param(["diff", "--help"], [], id="help of a command"),
        pytest.param(["rule"], ["yaml"], id="rules"),
        pytest.param(["schema"], [], id="schemas"),
        pytest.param(["diff", "--base", "main", "--head", "main"], ["git", "yaml"], id="no leaf to check"),
        pytest.param(["diff"], ["git", "jsonschema", "yaml"], id="one leaf"),
    ],
)
def test_commands_import_only_what_they_need(
    wrong: Repo, tmp_path: Path, arguments: list[str], heavy: list[str]
) -> None:
    candidates = ("git", "jsonschema", "ollama", "requests", "rich", "ssl", "yaml")
    program = (
        "import sys\nfrom taxonomy_tools.main import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    quiet = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments],
        cwd=wrong.path,
        env=quiet,
        check=False,
        capture_output=True,
        text=True,
    )
    loaded = done.stderr.splitlines()[-1].split()
    assert [name for name in candidates if name in loaded] == heavy


# --- completion


def completed(words: str, cwd: Path, script: str = "taxonomy") -> list[str]:
    """What bash is offered for the last of the words."""
    variable = f"_{script.upper().replace('-', '_')}_COMPLETE"
    number = len(words.split(" ")) - 1
    env = {variable: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    found = run(script, cwd=cwd, env=env)
    assert (found.status, found.err) == (0, "")
    return found.out.splitlines()


@pytest.mark.parametrize(
    ("script", "words", "offered"),
    [
        pytest.param(
            "taxonomy",
            "taxonomy ",
            [
                "plain,diff",
                "plain,check",
                "plain,init",
                "plain,new",
                "plain,config",
                "plain,migrate",
                "plain,generate",
                "plain,pr",
                "plain,doctor",
                "plain,rule",
                "plain,schema",
            ],
            id="commands",
        ),
        pytest.param("taxonomy", "taxonomy diff --st", ["plain,--staged"], id="options"),
        pytest.param("taxonomy", "taxonomy diff --output-format js", ["plain,json", "plain,jsonl"], id="values"),
        pytest.param("taxonomy", "taxonomy schema k", ["plain,knowledge"], id="kinds of schema"),
        pytest.param("taxonomy-diff", "taxonomy-diff --fail-on w", ["plain,warning"], id="taxonomy-diff"),
        pytest.param("taxonomy-diff", "taxonomy-diff --output a --output-format t", ["plain,text"], id="file first"),
        pytest.param("taxonomy-diff", "taxonomy-diff know", ["file,know"], id="paths"),
    ],
)
def test_completion(tmp_path: Path, script: str, words: str, offered: list[str]) -> None:
    assert completed(words, tmp_path, script) == offered
