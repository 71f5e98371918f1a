"""Paths as they are written, and where they lie beneath a folder in which no link is followed."""

import os
from pathlib import Path

import pytest

from taxonomy_tools.beneath import beneath, in_git_folder, reached
from tests.repository import standing_in


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder with links in it, that lies below a link, and to which links lead from outside."""
    top = tmp_path / "real/top"
    (top / "a/b").mkdir(parents=True)
    (tmp_path / "outside/x").mkdir(parents=True)
    for link, target in (
        ("real/top/out", tmp_path / "outside"),
        ("real/top/in", "a/b"),
        ("linked", "real"),
        ("straight", "real/top/a"),
        ("through", "real/top/out"),
        ("chain", "real/top/in"),
    ):
        (tmp_path / link).symlink_to(target)
    return top


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        pytest.param("real/top", ".", "", id="the folder itself"),
        pytest.param("real/top", "a/b/q", "a/b/q", id="below"),
        pytest.param("real/top", "none/./q", "none/q", id="nothing there"),
        pytest.param("real/top", "a/../q", "q", id="a detour"),
        pytest.param("real/top", "../top/a", "a", id="out and in again"),
        pytest.param("real/top", "..", None, id="above"),
        pytest.param("real/top", "../topmost", None, id="beside, with the same beginning"),
        pytest.param("real/top", "out/x", "out/x", id="a link"),
        pytest.param("real/top", "in/q", "in/q", id="a link within"),
        pytest.param("real/top", "out/../q", "q", id="a link, and back"),
        pytest.param("real/top", "a\0b", "a\0b", id="a null character below"),
        pytest.param("linked/top/a", "../in", "in", id="from below a link"),
        pytest.param(".", "linked/top/out/x", "out/x", id="by way of a link above"),
        pytest.param(".", "straight/b", "a/b", id="a link that leads in"),
        pytest.param(".", "through/x", None, id="a link to a link that leads out"),
        pytest.param(".", "chain", "a/b", id="a link to a link that stays"),
        pytest.param(".", "straight/../q", "q", id="above where a link leads"),
        pytest.param(".", "straight/../../q", None, id="further above where a link leads"),
        pytest.param(".", "a\0b", None, id="a null character elsewhere"),
    ],
)
def test_paths(top: Path, tmp_path: Path, folder: str, path: str, expected: str | None) -> None:
    with standing_in(tmp_path / folder):
        assert beneath(Path(path), os.path.realpath(top)) == expected
        assert beneath(Path.cwd() / path, os.path.realpath(top)) == expected
    with standing_in(Path("/")):
        assert beneath(tmp_path / folder / path, os.path.realpath(top)) == expected
        assert beneath(Path(os.path.relpath(tmp_path, "/"), folder, path), os.path.realpath(top)) == expected


def test_beneath_the_root_of_all() -> None:
    assert beneath(Path("/"), "/") == ""
    assert beneath(Path("/a/../b"), "/") == "b"


def test_reached(top: Path) -> None:
    (top / "repository/.git").mkdir(parents=True)
    (top / "module").mkdir()
    (top / "module/.git").write_text("gitdir: elsewhere\n")
    long = "n" * 5_000
    expected = {
        "": "",
        "a/b/q": "a/b/q",
        "none/q": "none/q",
        "out": "out",
        "out/x": "out",
        "out/x/y": "out",
        "in/q": "in",
        "repository": "repository",
        "repository/a/q": "repository",
        "module/q": "module",
        f"{long}/q": f"{long}/q",
    }
    assert dict(zip(expected, reached(top, expected), strict=True)) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [(".git", True), ("a/.GIT/config", True), (".github/x", False), ("", False)]
)
def test_git_folder(path: str, expected: bool) -> None:
    assert in_git_folder(path) is expected
