"""What is installed is what is here: packages, data, version, scripts, and the wheel as a whole."""

import importlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import taxonomy_tools

ROOT = Path(__file__).parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# The folders that make up the package, and the names they are installed under.
FOLDERS = {"taxonomy_tools": "taxonomy_tools", "hooks": "taxonomy_tools.hooks", "schema": "taxonomy_tools.schema"}


def package_files() -> Iterator[tuple[Path, str]]:
    """Every file of the package here, with its path in the wheel."""
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, f"{package.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}"


def packages() -> set[str]:
    """The package of every folder here that holds Python."""
    return {Path(name).parent.as_posix().replace("/", ".") for _, name in package_files() if name.endswith(".py")}


def test_packages_listed_by_hand_are_the_folders_here() -> None:
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == sorted(packages())


def test_every_package_has_an_init() -> None:
    installed = {name for _, name in package_files()}
    assert {package for package in packages() if f"{package.replace('.', '/')}/__init__.py" not in installed} == set()


def test_folders_are_mapped() -> None:
    mapped = PYPROJECT["tool"]["setuptools"]["package-dir"]
    assert mapped == {package: folder for folder, package in FOLDERS.items()}


def test_version_is_the_same_in_all_places() -> None:
    assert PYPROJECT["project"]["version"] == taxonomy_tools.__version__


@pytest.mark.parametrize(("name", "target"), sorted(PYPROJECT["project"]["scripts"].items()))
def test_console_script_has_its_function(name: str, target: str) -> None:
    module, function = target.split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_hook_has_a_console_script() -> None:
    hooks = {path.stem for path in (ROOT / "hooks").glob("*.py")} - {"__init__"}
    targets = set(PYPROJECT["project"]["scripts"].values())
    assert {hook for hook in hooks if f"taxonomy_tools.hooks.{hook}:main" not in targets} == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: setuptools leaves `build/` and `*.egg-info` where it works."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for folder in (*FOLDERS, "docs"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-P", "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (built,) = (source / "dist").iterdir()
    return built


def test_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name and ".data/" not in name}
    assert sorted(held) == sorted(name for _, name in package_files())


def test_wheel_holds_the_same_bytes(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        assert [name for path, name in package_files() if archive.read(name) != path.read_bytes()] == []


def test_wheel_carries_the_man_pages(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = {Path(name).name: archive.read(name) for name in archive.namelist() if "/data/share/man/man1/" in name}
    assert held == {path.name: path.read_bytes() for path in (ROOT / "docs").glob("*.1")}


def test_wheel_carries_the_licence(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()
