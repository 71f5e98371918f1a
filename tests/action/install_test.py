"""The action's first step, where it cannot do its work. That it can is shown by hostile_test."""

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from taxonomy_tools.action import install
from tests.action.lock import LOCK
from tests.runner import Runner, package_index

ROOT = Path(__file__).parents[2]


def test_tampered_package_is_refused(tmp_path: Path) -> None:
    """A wheel with another hash than the lock's is not installed, wherever it comes from."""
    root = tmp_path / "action"
    install.copy(ROOT, root)
    lock = root / install.LOCK
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("smmap=="))
    lock.write_text(f"{lines[start]}\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(install.CannotInstallError, match="DO NOT MATCH THE HASHES"):
        install.install(root, folder, {**os.environ, **package_index(tmp_path / "machine")})


def test_what_cannot_be_installed_is_an_annotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", os.fspath(tmp_path / "no-python"))
    outputs = tmp_path / "outputs"
    assert install.main({"RUNNER_TEMP": os.fspath(tmp_path), "GITHUB_OUTPUT": os.fspath(outputs)}) == 2
    assert capsys.readouterr().out == (
        "::error title=taxonomy-tools::the tools could not be installed. Put actions/setup-python before this action: "
        f"this Python has no working `venv`.%0A[Errno 2] No such file or directory: '{tmp_path}/no-python'\n"
    )
    assert not outputs.exists()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({}, "RUNNER_TEMP is not set, as a runner sets it.", id="no variable"),
        pytest.param(
            {"RUNNER_TEMP": "/nowhere/at-all"},
            "[Errno 2] No such file or directory: '/nowhere/at-all/taxonomy-tools-%'",
            id="no folder",
        ),
    ],
)
def test_runner_that_lacks_what_it_has_is_an_annotation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environ: dict[str, str], said: str
) -> None:
    monkeypatch.setattr("tempfile._get_candidate_names", lambda: iter(["%"] * 10_000))
    assert install.main(environ) == 2
    shown = said.replace("%", "%25")
    assert capsys.readouterr().out == f"::error title=taxonomy-tools::the tools could not be installed: {shown}\n"


def test_action_that_is_not_all_there_is_an_annotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "ROOT", tmp_path / "action")
    assert install.main({"RUNNER_TEMP": os.fspath(tmp_path), "GITHUB_OUTPUT": os.fspath(tmp_path / "outputs")}) == 2
    assert capsys.readouterr().out == (
        "::error title=taxonomy-tools::the tools could not be installed: "
        f"[Errno 2] No such file or directory: '{tmp_path}/action/pyproject.toml'\n"
    )


def test_runner_without_a_folder_to_work_in(tmp_path: Path) -> None:
    (tmp_path / "runner").mkdir()
    (tmp_path / "work").mkdir()
    runner = Runner(action=ROOT, folder=tmp_path / "runner")
    found = runner.play(tmp_path / "work", name="push", event={}, env={"RUNNER_TEMP": os.fspath(tmp_path / "no")})
    assert (found.status, [one.message for one in found.annotations]) == (
        2,
        ["there is no folder RUNNER_TEMP to work in."],
    )


def test_links_are_copied_as_links(tmp_path: Path) -> None:
    root = tmp_path / "action"
    install.copy(ROOT, root)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (root / "docs/link").symlink_to(secret)
    (root / "docs/__pycache__").mkdir()
    install.copy(root, tmp_path / "copy")
    assert (tmp_path / "copy/docs/link").is_symlink()
    assert not (tmp_path / "copy/docs/__pycache__").exists()


@pytest.mark.parametrize("present", [True, False], ids=["too old", "none"])
def test_runner_without_a_python_is_told_what_to_add(tmp_path: Path, present: bool) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bash").symlink_to(shutil.which("bash") or "")
    if present:
        old = programs / "python3"
        old.write_text("#!/bin/bash\nexit 1\n")
        old.chmod(old.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "runner").mkdir()
    (tmp_path / "work").mkdir()
    runner = Runner(action=ROOT, folder=tmp_path / "runner")
    found = runner.play(tmp_path / "work", name="push", event={}, env={"PATH": os.fspath(programs)})
    assert (found.status, [one.message for one in found.annotations]) == (
        2,
        ["there is no Python 3.11 or newer: put actions/setup-python before this."],
    )
    assert set(found.outputs.values()) == {""}
