"""What is said beside the report: on standard error, and only where somebody looks."""

import os
import pty
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.command import SCRIPTS, Result, environment, leaf, run
from tests.repository import Repo


def with_terminal_for_errors(cwd: Path) -> tuple[int, str, str]:
    """Status, standard output, and what a terminal shows as standard error."""
    ours, its = pty.openpty()
    # Into a file: nobody reads a pipe while the terminal is read.
    with (
        tempfile.TemporaryFile() as out,
        subprocess.Popen(
            [SCRIPTS / "taxonomy-diff", "--base", "main"],
            cwd=cwd,
            env=environment({"TERM": "xterm", "COLUMNS": "80"}),
            stdout=out,
            stderr=its,
        ) as process,
    ):
        os.close(its)
        shown = []
        with suppress(OSError):  # how Linux says that the other end of a terminal is closed
            while part := os.read(ours, 65536):
                shown.append(part)
        process.wait(timeout=60)
        os.close(ours)
        out.seek(0)
        return process.returncode, out.read().decode(), b"".join(shown).decode()


def test_terminal_shows_how_far_it_is(repo: Repo) -> None:
    repo.commit()
    repo.branch("work")
    for number in range(120):
        for path, content in leaf(f"compositional_skills/arithmetic/number_{number}").items():
            repo.write(path, content)
    status, out, shown = with_terminal_for_errors(repo.path)
    assert status == 0
    assert out.endswith("120 leaves changed: 120 added. No findings.\n")
    assert "Checking" in shown
    assert "100%" in shown
    assert run("taxonomy-diff", "--base", "main", cwd=repo.path) == Result(status=0, out=out, err="")


def test_fetch_is_announced(repo: Repo, tmp_path: Path) -> None:
    repo.commit(leaf("knowledge/a") | leaf("knowledge/b"))
    repo.branch("work")
    repo.commit(leaf("knowledge/a", "version: 3\n"))
    clone = repo.served().clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout", "--branch=work")
    found = run("taxonomy-diff", "--head", "HEAD", "--base", "origin/main", cwd=clone.path)
    assert (found.status, found.err) == (1, "Fetching 3 missing blobs from origin\n")
    assert run("taxonomy-diff", "--head", "HEAD", "--base", "origin/main", cwd=clone.path) == Result(
        status=1, out=found.out, err=""
    )
