"""What every test stands on: no variable or config of the machine, and real repositories."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.repository import Repo, isolated_environment

# No clock fails a property: what must be fast has tests of its own. In CI every run draws the same examples.
settings.register_profile("unhurried", settings.get_profile("ci" if "CI" in os.environ else "default"), deadline=None)
settings.load_profile("unhurried")


# Before the fixtures below unset them: where the live suite finds a server and a model.
LIVE = ("OLLAMA_HOST", "TAXONOMY_TEST_MODEL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the live suite out, unless it is asked for and there is a server to ask."""
    if "ollama" in config.getoption("markexpr") and all(os.environ.get(name) for name in LIVE):
        return
    skip = pytest.mark.skip(reason=f"needs -m ollama, {' and '.join(LIVE)}")
    for item in items:
        if item.get_closest_marker("ollama"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset what a hook, a CI run or the machine's owner may have set."""
    environment = isolated_environment(tmp_path_factory.mktemp("home"))
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No coverage in the processes that the test starts: it writes files, which a full disk has no room for."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository whose first branch will be `main`."""
    return Repo.init(tmp_path / "repo")


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[[str], Repo]:
    """Makes further repositories, by name."""
    return lambda name: Repo.init(tmp_path / name)
