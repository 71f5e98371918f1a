"""What is installed here, as wheels again: pip then installs for real, and needs no package index for it."""

from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What an installer has added; the wheel itself has none of it.
_ADDED = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "RECORD"})


def build(folder: Path, names: Iterable[str]) -> Path:
    """Write the wheels of these distributions and of all that they need to a folder; gives the folder."""
    folder.mkdir()
    for name in _needed(names):
        _pack(distribution(name), folder)
    return folder


def _needed(names: Iterable[str]) -> list[str]:
    """The names, and those of what they require here, in turn."""
    needed: set[str] = set()
    waiting = [str(canonicalize_name(name)) for name in names]
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        required = map(Requirement, distribution(name).requires or ())
        waiting += [
            str(canonicalize_name(one.name))
            for one in required
            if one.marker is None or one.marker.evaluate({"extra": ""})
        ]
    return sorted(needed)


def _pack(found: Distribution, folder: Path) -> None:
    tags = [line.partition(": ")[2] for line in (found.read_text("WHEEL") or "").splitlines() if "Tag: " in line]
    pythons, abis, platforms = (dict.fromkeys(part) for part in zip(*(tag.split("-") for tag in tags), strict=True))
    tag = "-".join(".".join(parts) for parts in (pythons, abis, platforms))
    name = canonicalize_name(found.name).replace("-", "_")
    with ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w", ZIP_STORED) as wheel:
        record = ""
        for path in found.files or ():
            # Scripts and man pages lie elsewhere: scripts are made anew, and nothing here reads the others.
            if ".." in path.parts or "__pycache__" in path.parts:
                continue
            if path.parts[0].endswith(".dist-info") and path.name in _ADDED:
                record = f"{path.parent}/RECORD"
                continue
            wheel.write(path.locate(), str(path))
        rows = "".join(f"{info.filename},,\n" for info in wheel.infolist())
        wheel.writestr(record, f"{rows}{record},,\n")
