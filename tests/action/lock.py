"""The lock of the Action, as pip reads it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = ROOT / ".github/action/requirements.txt"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(one) for one in PYPROJECT["project"]["dependencies"]]
BUILD = [Requirement(one) for one in PYPROJECT["build-system"]["requires"]]
_PINNED = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[\w.+!-]+)(?: ; (?P<marker>.+))?\Z")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A package of the lock."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]


def lock() -> list[Entry]:
    """The packages of the lock. Any other kind of line (an index, a URL, an option, a range) is an error."""
    text = re.sub(r"(?m)^ *#.*\n", "", LOCK.read_text(encoding="utf-8")).replace("\\\n", "")
    entries = []
    for line in text.splitlines():
        pin, *hashes = line.split(" --hash=")
        found = _PINNED.fullmatch(pin.strip())
        assert found is not None, line
        entries.append(
            Entry(
                name=canonicalize_name(found["name"]),
                version=Version(found["version"]),
                marker=Marker(found["marker"]) if found["marker"] else None,
                hashes=tuple(one.strip() for one in hashes),
            )
        )
    return entries
