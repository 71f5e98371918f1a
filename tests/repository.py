"""Real Git repositories for the tests, built by one helper: authors and dates are set, nobody's config is read."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Self

from taxonomy_tools.base import CI_VARIABLES

EPOCH = 1_700_000_000  # the first commit's date; each later one is a minute younger
PERSON = {
    "GIT_AUTHOR_NAME": "Ada Contributor",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada Contributor",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}
# What says to Git, to pre-commit or to us which repository, base or CI event is meant.
_FOREIGN = ("GIT_", "GITHUB_", "CI_", "GITLAB_", "OLLAMA_", "PRE_COMMIT", "TAXONOMY_", "SSH_ASKPASS")
_KEPT = frozenset({"TAXONOMY_CORPUS"})


def isolated_environment(home: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which Git reads no config but a repository's own, and nothing hints at a CI run."""
    environ = os.environ if environ is None else environ
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or not (name in CI_VARIABLES or name.startswith(_FOREIGN))
    }
    return {
        **kept,
        "HOME": os.fspath(home),
        "XDG_CONFIG_HOME": os.fspath(home / ".config"),
        "TAXONOMY_CACHE": os.fspath(home / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": os.fspath(home.parent.resolve()),
        "GIT_TERMINAL_PROMPT": "0",
    }


@dataclass(frozen=True, kw_only=True)
class Repo:
    """A repository under test. Paths are relative to `path`; a path in bytes may be no valid UTF-8."""

    path: Path
    _clock: Iterator[int] = field(default_factory=lambda: count(EPOCH, 60))

    @classmethod
    def init(cls, path: Path, *, bare: bool = False, object_format: str = "sha1", branch: str = "main") -> Self:
        """A new repository without commits."""
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path=path)
        options = [f"--object-format={object_format}", *(["--bare"] if bare else [])]
        repo.git("-c", f"init.defaultBranch={branch}", "init", "--quiet", *options)
        return repo

    def git(
        self,
        *arguments: str | bytes | Path,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> bytes:
        """Run Git here with the process's (isolated) environment; gives stdout as it is."""
        date = f"{next(self._clock)} +0000"
        environment = {**os.environ, **PERSON, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, **(env or {})}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"git {arguments} exited with {done.returncode}: {done.stderr.decode()}")
        return done.stdout

    def ask(self, *arguments: str | bytes | Path) -> str:
        """Run Git and give its answer as text without the line end."""
        return os.fsdecode(self.git(*arguments)).rstrip("\n")

    def write(self, path: str | bytes, content: str | bytes = b"") -> Path:
        """Write a file of the working tree, with the folders it needs."""
        target = self.path / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def remove(self, path: str | bytes) -> None:
        """Remove a file of the working tree."""
        (self.path / os.fsdecode(path)).unlink()

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link in the working tree."""
        place = self.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def commit(
        self, files: Mapping[str, str | bytes] | None = None, *, message: str = "change", signed_off: bool = True
    ) -> str:
        """Write the files, add everything, commit; gives the commit's hash."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", *(["-s"] if signed_off else []), "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """The hash of HEAD."""
        return self.ask("rev-parse", "HEAD")

    def oid(self, revision: str) -> str:
        """The hash of any object."""
        return self.ask("rev-parse", revision)

    def branch(self, name: str) -> None:
        """Start a branch here and switch to it."""
        self.git("switch", "--quiet", "-c", name)

    def config(self, **values: str) -> None:
        """Set config keys: `config(core__autocrlf="true")`; two underscores are a dot."""
        for key, value in values.items():
            self.git("config", key.replace("__", "."), value)

    def clone(self, path: Path, *options: str, origin: str = "origin") -> "Repo":
        """A clone of this repository, over a file:// address so that depth and filters count."""
        url = self.path.resolve().as_uri()
        self.git("clone", "--quiet", "--origin", origin, *options, url, path)
        return Repo(path=path)

    def stage(self, path: str, content: bytes, *, mode: str = "100644") -> str:
        """Put content into the index as it is, past all filters and the working tree; gives the blob's hash."""
        oid = self.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
        self.git("update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")
        return oid

    def served(self) -> Self:
        """Let clones be partial, and fetch single objects."""
        self.config(uploadpack__allowFilter="true", uploadpack__allowAnySHA1InWant="true")
        return self


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """With this folder as the current directory."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
