"""pre-commit and prek as contributors run them, on repositories whose hooks come from this checkout's manifest."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.command import SCRIPTS, Result, run
from tests.repository import PERSON, Repo

ROOT = Path(__file__).parents[2]
MANIFEST: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
CONFIG = ".pre-commit-config.yaml"
GIT = Path(shutil.which("git") or "git")
RUNNERS = ("pre-commit", "prek")
_PATIENCE = 300
"""Seconds for what may install an environment first, on a machine that has other things to do."""
_PATH = {"PATH": os.pathsep.join((os.fspath(SCRIPTS), os.environ.get("PATH", os.defpath)))}


@dataclass(frozen=True, kw_only=True)
class Hooked:
    """A repository with hooks. `runner` is the name of the program that runs them."""

    repo: Repo
    runner: str

    @property
    def environment(self) -> dict[str, str]:
        """In which this checkout's scripts are found, and nothing is kept outside of the test's folder."""
        home = os.fspath(self.repo.path.parent / f"{self.runner}-home")
        return {**PERSON, **_PATH, "PRE_COMMIT_HOME": home, "PREK_HOME": home}

    def write_config(self, *hooks: str) -> None:
        """Let the hooks run from the PATH, as the manifest has them in all else: an environment is not the point."""
        chosen = [dict(hook, language="system") for hook in MANIFEST if hook["id"] in hooks]
        config = {"repos": [{"repo": "local", "hooks": chosen}]}
        self.repo.write(CONFIG, yaml.safe_dump(config, sort_keys=False))

    def install(self) -> None:
        """Install the runner as Git's hook of each kind."""
        kinds = [word for kind in ("pre-commit", "commit-msg", "pre-push") for word in ("--hook-type", kind)]
        done = self.run("install", *kinds)
        assert done.status == 0, done

    def run(self, *arguments: str) -> Result:
        """Call the runner itself."""
        return self._call(self.runner, *arguments, cwd=self.repo.path)

    def git(self, *arguments: str | bytes, cwd: Path | None = None, **env: str) -> Result:
        """Call Git, which calls the hooks; what they print is on standard error."""
        return self._call(GIT, *arguments, cwd=cwd or self.repo.path, **env)

    def _call(self, *command: str | bytes | Path, cwd: Path, **env: str) -> Result:
        environment = {**self.environment, **env}
        return run(*command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, timeout=_PATIENCE)

    def commit(self, *options: str, cwd: Path | None = None, **env: str) -> Result:
        """Commit, signed off, with whatever is staged."""
        return self.git("commit", "--quiet", "--signoff", "--message", "Change", *options, cwd=cwd, **env)

    def check(self, *arguments: str, cwd: Path | None = None) -> Result:
        """What `taxonomy check` says."""
        return run("taxonomy", "check", *arguments, cwd=cwd or self.repo.path)


def hooked(path: Path, runner: str, *hooks: str) -> Hooked:
    """A new repository with these hooks in force, and one commit."""
    made = Hooked(repo=Repo.init(path), runner=runner)
    made.write_config(*hooks)
    made.repo.commit()
    made.install()
    return made


def holds(output: str, expected: str) -> bool:
    """Whether all lines are there, one after the other: prek indents what hooks print."""
    return "\n".join(_stripped(expected)) in "\n".join(_stripped(output))


def _stripped(text: str) -> Iterator[str]:
    return (line.strip() for line in text.strip().splitlines())


def codes(output: str) -> list[str]:
    """The codes of the findings that an output shows, each once."""
    words = (word for line in output.splitlines() for word in line.split())
    return sorted({word for word in words if word.startswith("TX") and word[2:].isdigit()})
