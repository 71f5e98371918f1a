"""Which programs a result comes from, as one short text: whatever of them changes, changes it."""

import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from taxonomy_tools import __version__

PACKAGES = ("jsonschema", "license_expression", "pathspec", "rapidfuzz", "referencing", "yaml", "yamllint")
"""What decides about findings besides our own code. Of these a version is the same code."""

_OWN = ("taxonomy_tools", "taxonomy_tools.schema")
_OWN_FILES = (".py", ".json")
_DISTRIBUTIONS = {"yaml": "pyyaml"}
_METADATA = (".dist-info", ".egg-info")


@cache
def toolchain() -> str:
    """A hash of our own code, and of the versions of Python and of all that it calls.

    Our code counts by its content, not by its version: those who change a rule see what it finds. This takes 2 ms.
    """
    digest = blake2b(digest_size=20)
    for package in _OWN:
        for name, content in _sources(package):
            digest.update(f"{name} {len(content)}\n".encode(errors="surrogatepass") + content)
    for part in (__version__, sys.version, unicodedata.unidata_version, _libyaml(), *map(_version, PACKAGES)):
        digest.update(f"{part}\n".encode(errors="surrogatepass"))
    return digest.hexdigest()


def _sources(package: str) -> Iterator[tuple[str, bytes]]:
    """The files of a package, by name."""
    folder = _folder(package)
    for path in _files(folder) if folder is not None else ():
        with suppress(OSError):
            yield os.path.relpath(path, folder), Path(path).read_bytes()


def _files(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as listing:
            found = sorted(listing, key=lambda one: one.name)
    except OSError:  # in an archive: there the version must do
        return
    for one in found:
        if one.is_dir():
            yield from _files(one.path)
        elif one.name.endswith(_OWN_FILES):
            yield one.path


def _folder(package: str) -> str | None:
    """Where a package lies, which is not imported for that; None where there is no such package."""
    spec = find_spec(package)
    return os.path.dirname(spec.origin) if spec is not None and spec.origin is not None else None


def _version(package: str) -> str:
    """Name and version of a package, as the folder beside it says: 20 ms faster than importlib.metadata."""
    name = _DISTRIBUTIONS.get(package, package)
    folder = _folder(package)
    if folder is None:
        return f"no {name}"
    found = [one for one in _listing(os.path.dirname(folder)) if one.startswith(f"{name}-") and one.endswith(_METADATA)]
    if found:
        return " ".join(found)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} of {folder}"


@cache
def _listing(folder: str) -> tuple[str, ...]:
    try:
        return tuple(sorted(one.lower() for one in os.listdir(folder)))
    except OSError:
        return ()


def _libyaml() -> str:
    try:
        from yaml._yaml import get_version_string
    except ImportError:
        return "no libyaml"
    return str(get_version_string())
