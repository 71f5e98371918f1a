"""The toolchain's hash changes with what decides about findings, and only with that."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from taxonomy_tools import toolchain
from taxonomy_tools.toolchain import PACKAGES

ROOT = Path(__file__).parents[1]
# They read options, ask Git, and say where the cache lies: no finding depends on them.
WITHOUT_A_SAY = {"click", "gitpython", "platformdirs"}
CODE = "import sys; from taxonomy_tools.toolchain import toolchain; print(toolchain(), *sorted(sys.modules))"


def of(folder: Path) -> tuple[str, set[str]]:
    """The toolchain of a copy of the package, and what is imported to find it out."""
    found = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {CODE}"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split()
    return found[0], set(found[1:])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, as it is installed."""
    package = tmp_path / "taxonomy_tools"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "taxonomy_tools", package, ignore=ignored)
    shutil.copytree(ROOT / "schema", package / "schema", ignore=ignored)
    return tmp_path


def test_every_dependency_counts_or_has_no_say() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {line.split(">")[0].replace("-", "_").replace("pyyaml", "yaml") for line in named}
    assert names <= {*PACKAGES, *WITHOUT_A_SAY}


def test_copies_are_one_toolchain_and_edits_are_others(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(copy, other, dirs_exist_ok=True)
    first, imported = of(copy)
    assert of(other)[0] == first
    assert not {"yamllint", "jsonschema", "importlib.metadata"} & imported
    seen = {first}
    for path in ("rules/base.py", "schema/v3/knowledge.json", "new_rule.py"):
        place = copy / "taxonomy_tools" / path
        place.write_bytes((place.read_bytes() if place.exists() else b"") + b"\n")
        seen.add(of(copy)[0])
    assert len(seen) == 4


def test_versions_count(copy: Path) -> None:
    before, _ = of(copy)
    (copy / "yamllint").mkdir()
    (copy / "yamllint/__init__.py").write_text("")
    (copy / "yamllint-99.0.dist-info").mkdir()
    first, _ = of(copy)
    (copy / "yamllint-99.0.dist-info").rename(copy / "yamllint-99.1.dist-info")
    assert len({before, first, of(copy)[0]}) == 3


def test_what_is_not_there_has_no_version() -> None:
    assert toolchain._version("nothing_of_that_name") == "no nothing_of_that_name"
