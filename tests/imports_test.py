"""Imports point down only, heavy packages are loaded where they are needed, and yamllint is never imported."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the bottom up. A module may import those of the lines before its own; within one package (`rules`) all may
# import each other, as long as they do it without a circle. A new module is given its place here.
TIERS: tuple[tuple[str, ...], ...] = (
    ("errors", "diagnostics", "layout", "streams"),
    (
        "text",
        "lines",
        "glob",
        "pool",
        "beneath",
        "standards",
        "cache",
        "records",
        "toolchain",
        "tree",
        "words",
        "signoff",
    ),
    ("author",),
    ("mistakes",),
    ("composer",),
    ("git", "document", "schemas", "yamllint", "patch", "probe"),
    ("source", "base", "verdict", "fix", "touched"),
    ("content", "ignores", "unsaved", "attribution", "licenses", "rewrite", "installed"),
    ("diff", "leaf", "seeds"),
    ("surroundings", "report"),
    ("compare", "rules", "migrate", "template"),
    ("config",),
    ("settle",),
    ("policy", "contribution", "identity", "setup"),
    ("baseline",),
    ("reporters",),
    ("examine", "generate"),
    ("recall",),
    ("across",),
    ("check",),
    ("plan",),
    ("api", "boundary"),
    ("commands",),
    ("main",),
    ("hook", "action"),
    ("hooks",),
)
# Who may import what does not come with Python: all of it costs time at every start.
OUTSIDERS: dict[str, tuple[str, ...]] = {
    "click": ("boundary", "main", "commands", "reporters", "hook"),
    "git": ("git",),
    "gitdb": (),
    "httpx": ("generate", "probe"),
    "jsonschema": ("schemas",),
    "langdetect": ("generate",),
    "license_expression": ("licenses",),
    "markdown_it": ("generate",),
    "ollama": ("generate",),
    "platformdirs": ("cache",),
    "pypdf": ("generate",),
    "rapidfuzz": ("generate",),
    "referencing": ("schemas",),
    "rich": ("generate",),
    "yaml": ("composer", "mistakes", "yamllint", "config", "toolchain"),
}
# What could reach the network or start a process, and who has a reason to.
GUARDED: dict[str, tuple[str, ...]] = {
    "ftplib": (),
    "http": (),
    "socket": ("generate",),  # addresses of hosts that leaves name are looked at before Git goes there
    "ssl": (),
    "urllib": (),
    "subprocess": ("yamllint", "git", "author", "action", "generate"),
    "multiprocessing": ("pool",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One import statement: who imports what, where, and whether only inside a function."""

    module: str
    imported: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.imported}"


def imports_in(source: str, module: str, known: Iterable[str]) -> Iterator[Import]:
    """Every import of a module's source; `from package import name` counts as `package.name` if that is `known`."""
    tree = ast.parse(source)
    late = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            full = [f"{package}.{alias.name}" for alias in node.names]
            names = [name if name in known else package for name in full]
        else:
            continue
        for name in sorted(set(names)):
            yield Import(module=module, imported=name, line=node.lineno, late=id(node) in late)


def module_files(*folders: str) -> dict[str, Path]:
    """The modules of the folders, by the names they are imported under."""
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[f"taxonomy_tools.{name}" if folder in ("hooks", "schema") else name] = path
    return found


MODULES = module_files("taxonomy_tools", "hooks", "schema")
IMPORTS = [
    found for module, path in MODULES.items() for found in imports_in(path.read_text(encoding="utf-8"), module, MODULES)
]


def part(module: str) -> str:
    """The part of the package that a module belongs to: `rules` for `taxonomy_tools.rules.base`."""
    return module.split(".")[1] if "." in module else ""


def tier(module: str) -> int:
    """How high a module stands. The package itself (its version) stands below everything."""
    name = part(module)
    return next((height for height, names in enumerate(TIERS) if name in names), -1)


def points_up(found: Import) -> bool:
    """Whether an import within the package goes to a place that is not below."""
    if found.imported.split(".")[0] != "taxonomy_tools" or part(found.module) == part(found.imported):
        return False
    return tier(found.imported) >= tier(found.module)


def test_every_module_has_its_place() -> None:
    placed = {name for names in TIERS for name in names} | {"", "schema", "__main__"}
    assert sorted({part(module) for module in MODULES} - placed) == []


def test_imports_point_down() -> None:
    assert [str(found) for found in IMPORTS if found.module != "taxonomy_tools" and points_up(found)] == []


def test_package_itself_imports_its_interface_late() -> None:
    early = [str(found) for found in IMPORTS if found.module == "taxonomy_tools" and not found.late]
    assert [line for line in early if "imports taxonomy_tools" in line] == []


@pytest.mark.parametrize(
    ("module", "line", "expected"),
    [
        pytest.param("taxonomy_tools.rules.x", "from taxonomy_tools.check import run", True, id="up is caught"),
        pytest.param("taxonomy_tools.git", "from taxonomy_tools import document", True, id="sideways is caught"),
        pytest.param("taxonomy_tools.check", "from taxonomy_tools.rules import RULES", False, id="down is fine"),
        pytest.param("taxonomy_tools.rules.x", "import taxonomy_tools.rules.base", False, id="one package is fine"),
    ],
)
def test_arrows_that_point_up_are_seen(module: str, line: str, expected: bool) -> None:
    (found,) = imports_in(line, module, MODULES)
    assert points_up(found) is expected


def test_modules_import_each_other_without_a_circle() -> None:
    below: dict[str, set[str]] = {module: set() for module in MODULES}
    for found in IMPORTS:
        if found.imported in MODULES and found.imported != found.module and not is_own_package(found):
            below[found.module].add(found.imported)
    while leaves := [module for module, needed in below.items() if not needed]:
        for leaf in leaves:
            del below[leaf]
        for needed in below.values():
            needed.difference_update(leaves)
    assert below == {}


def is_own_package(found: Import) -> bool:
    """Whether a module names the package that it lies in: `from taxonomy_tools.rules import base` within it."""
    return found.module.startswith(f"{found.imported}.")


@pytest.mark.parametrize("package", [*OUTSIDERS, *GUARDED])
def test_packages_are_imported_only_where_they_may(package: str) -> None:
    allowed = (OUTSIDERS | GUARDED)[package]
    assert [
        str(found) for found in IMPORTS if found.imported.split(".")[0] == package and part(found.module) not in allowed
    ] == []


def test_nothing_else_from_outside_is_imported() -> None:
    known = {*sys.stdlib_module_names, *OUTSIDERS, "taxonomy_tools"}
    assert [str(found) for found in IMPORTS if found.imported.split(".")[0] not in known] == []


def test_jsonschema_is_imported_late() -> None:
    heavy = (
        "httpx",
        "jsonschema",
        "langdetect",
        "license_expression",
        "referencing",
        "ollama",
        "rich",
        "rapidfuzz",
        "markdown_it",
        "pypdf",
    )
    assert [
        str(found)
        for found in IMPORTS
        if found.imported.split(".")[0] in heavy and not found.late and not in_type_checking(found)
    ] == []


def in_type_checking(found: Import) -> bool:
    """Whether the import is for type checkers only."""
    tree = ast.parse(MODULES[found.module].read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and found.line in lines_of(node)
        for node in ast.walk(tree)
    )


def lines_of(node: ast.If) -> range:
    """The lines of the statements under an `if`."""
    return range(node.lineno, (node.body[-1].end_lineno or node.lineno) + 1)


def test_yamllint_is_never_imported() -> None:
    everywhere = module_files("taxonomy_tools", "hooks", "schema", "tests", "benchmarks", "docs")
    assert [
        str(found)
        for module, path in everywhere.items()
        for found in imports_in(path.read_text(encoding="utf-8"), module, everywhere)
        if found.imported.split(".")[0] == "yamllint"
    ] == []


def test_schemas_are_data_and_never_imported() -> None:
    assert [str(found) for found in IMPORTS if found.imported.startswith("taxonomy_tools.schema.")] == []
    assert [str(found) for found in IMPORTS if found.imported == "taxonomy_tools.schema"] == []


def test_starting_loads_nothing_heavy() -> None:
    code = "import sys, taxonomy_tools.main; print(*sorted(name.split('.')[0] for name in sys.modules))"
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    started = subprocess.run(
        [sys.executable, "-P", "-c", code], env=quiet, check=True, stdout=subprocess.PIPE, text=True
    )
    heavy = {
        "git",
        "jsonschema",
        "license_expression",
        "ollama",
        "rapidfuzz",
        "referencing",
        "rich",
        "yaml",
        "multiprocessing",
    }
    assert sorted(heavy & set(started.stdout.split())) == []
