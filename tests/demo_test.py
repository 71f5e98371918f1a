"""The demo that `make demo` shows: the same everywhere, and full of what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs import demo

ROOT = Path(__file__).parents[1]


def git(folder: Path, *arguments: str) -> str:
    environment = demo.environment(folder)
    found = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return found.stdout


def state(folder: Path) -> dict[str, str]:
    """All that the demo consists of, down to the commits' hashes."""
    clone = demo.build(folder)
    files = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }
    return files | {"refs": git(clone, "for-each-ref"), "status": git(clone, "status", "--porcelain")}


def test_demo_is_the_same_each_time(tmp_path: Path) -> None:
    first = state(tmp_path / "demo")
    assert state(tmp_path / "demo") == first
    assert state(tmp_path / "another") == first


def test_demo_is_the_same_whatever_the_users_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = state(tmp_path / "demo")
    config = tmp_path / ".gitconfig"
    config.write_text(
        "[core]\n\tautocrlf = true\n\thooksPath = /nowhere\n[user]\n\tname = Somebody\n[commit]\n\tgpgSign = true\n"
        "[init]\n\tdefaultBranch = trunk\n\tdefaultObjectFormat = sha256\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    assert state(tmp_path / "with-config") == expected


def test_demo_leaves_a_folder_of_somebody_else_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious", encoding="utf-8")
    with pytest.raises(FileExistsError):
        demo.build(tmp_path)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "precious"


def run_demo(folder: Path, **environment: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-P", ROOT / "docs" / "demo.py", folder],
        cwd=folder.parent,
        env=os.environ | environment,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def test_demo_shows_each_kind_of_change(tmp_path: Path) -> None:
    """The letters of the table, and the codes of what is wrong."""
    output = run_demo(tmp_path / "demo", GITHUB_ACTIONS="true", GITHUB_BASE_REF="main")
    lines = output.splitlines()
    letters = {line.split("  ")[0] for line in lines}
    assert {"A", "M", "R", "D"} <= letters
    assert "\x1b" not in output
