"""A report's file is there when all of it is, and never in part."""

import os
import stat
import tempfile
from pathlib import Path
from threading import Thread

import pytest

from taxonomy_tools.commands.output import whole_file
from taxonomy_tools.errors import TaxonomyError
from tests.command import SCRIPTS, leaf, run
from tests.repository import Repo


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_gets_its_name_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    with whole_file(file) as stream:
        stream.write("one\nhälf")
        assert not file.exists()
    assert file.read_bytes() == "one\nhälf".encode()
    assert names(tmp_path) == ["report.txt"]


def write_half(file: Path, error: BaseException) -> None:
    with whole_file(file) as stream:
        stream.write("half of it")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, TaxonomyError])
def test_what_fails_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    file = tmp_path / "report.txt"
    file.write_text("before")
    with pytest.raises(error):
        write_half(file, error("in the midst"))
    assert file.read_text() == "before"
    assert names(tmp_path) == ["report.txt"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "report.txt"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.txt").stat().st_mode) == 0o640


def test_permissions_of_a_file_that_is_replaced_stay(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_text("before")
    file.chmod(0o604)
    with whole_file(file) as stream:
        stream.write("after")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("after", 0o604)


@pytest.mark.parametrize("target", ["target.txt", "missing.txt"])
def test_link_is_replaced_and_not_followed(tmp_path: Path, target: str) -> None:
    """In a checkout the link is whatever a pull request says, ~/.ssh/authorized_keys for one."""
    (tmp_path / "target.txt").write_text("not to be touched")
    file = tmp_path / "report.txt"
    file.symlink_to(tmp_path / target)
    with whole_file(file) as stream:
        stream.write("after")
    assert (file.read_text(), file.is_symlink()) == ("after", False)
    assert names(tmp_path) == ["report.txt", "target.txt"]
    assert (tmp_path / "target.txt").read_text() == "not to be touched"


def test_file_with_a_name_as_long_as_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("é" * 127)
    with whole_file(file) as stream:
        stream.write("after")
    assert file.read_text() == "after"


def test_pipe_is_written_to_as_the_work_goes_on(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with whole_file(pipe) as stream:
        stream.write("through a pipe")
    reader.join()
    assert (read, stat.S_ISFIFO(pipe.stat().st_mode)) == (["through a pipe"], True)


def test_file_in_a_place_where_nothing_else_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the file itself is ours to write, as where one file is mounted into a container."""
    file = tmp_path / "report.txt"
    file.write_text("before")
    make = tempfile.mkstemp

    def refuse_beside(*, prefix: str, suffix: str, dir: Path | None = None) -> tuple[int, str]:  # noqa: A002
        if dir is not None:
            raise PermissionError(13, "Permission denied")
        return make(prefix=prefix, suffix=suffix)

    def refuse(draft: Path, place: Path) -> Path:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(tempfile, "mkstemp", refuse_beside)
    monkeypatch.setattr(Path, "replace", refuse)
    with whole_file(file) as stream:
        stream.write("after")
    assert (file.read_text(), names(tmp_path)) == ("after", ["report.txt"])
    with pytest.raises(TaxonomyError, match=r"the report cannot be written to .*: Permission denied"):
        whole_file(tmp_path / "new.txt").__enter__()


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        pytest.param("nope/report.txt", "No such file or directory", id="no such folder"),
        pytest.param(".", "Is a directory", id="a folder"),
        pytest.param("file/report.txt", "Not a directory", id="below a file"),
        pytest.param("x" * 300, "File name too long", id="too long a name"),
    ],
)
def test_file_that_cannot_be_written(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / place
    with pytest.raises(TaxonomyError) as caught, whole_file(path):
        raise AssertionError("never got here")
    assert caught.value.message == f"the report cannot be written to {path}: {reason}."


def test_report_through_what_a_shell_makes_of_a_command(repo: Repo, tmp_path: Path) -> None:
    """`--output >(...)`, whose path names a pipe."""
    repo.commit(leaf("knowledge/sums"))
    command = f"taxonomy-diff --base empty --output-format json --output >(cat >{tmp_path}/copy)"
    found = run("/bin/bash", "-c", f"{SCRIPTS}/{command}; sleep 0.2", cwd=repo.path)
    assert (found.out, found.err) == ("", "")
    assert (tmp_path / "copy").read_text().startswith("{\n")
