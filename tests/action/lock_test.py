"""The lock of the Action holds what pyproject.toml asks for, by hashes, and says nothing of where that comes from."""

import re

import pytest
from packaging.requirements import Requirement

from tests.action.lock import BUILD, LOCK, RUNTIME, lock

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@pytest.mark.parametrize("requirement", [*RUNTIME, *BUILD], ids=str)
@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_asked_for_is_locked_in_its_bounds(requirement: Requirement, python: str) -> None:
    there = {"python_version": python, "python_full_version": f"{python}.0"}
    versions = [
        entry.version
        for entry in lock()
        if entry.name == requirement.name and (entry.marker is None or entry.marker.evaluate(there))
    ]
    assert len(versions) == 1
    assert requirement.specifier.contains(versions[0])


def test_every_package_has_hashes() -> None:
    assert [
        entry.name
        for entry in lock()
        if not entry.hashes or not all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in entry.hashes)
    ] == []


def test_no_host_is_named() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S*|--(?!hash=)\S+|\w+\.(?:org|com|io|net)\b", text) == []
