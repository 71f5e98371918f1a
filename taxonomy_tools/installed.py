"""Which of the hooks a repository asks for in its .pre-commit-config.yaml, and what of them Git would run.

Nothing is run to find that out: the config is read as data, and so are the scripts that pre-commit or prek have put in
Git's folder of hooks.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taxonomy_tools.document import Document, load
from taxonomy_tools.git import Repository
from taxonomy_tools.source import read_beneath

CONFIG_FILE = ".pre-commit-config.yaml"
STAGES = {
    "taxonomy-check": "pre-commit",
    "taxonomy-layout": "pre-commit",
    "taxonomy-signoff": "commit-msg",
    "taxonomy-diff": "pre-push",
    "taxonomy-fix": "manual",
}
"""The hooks of .pre-commit-hooks.yaml, each with the stage of Git's that it is for."""

_GIT_STAGES = frozenset(STAGES.values()) - {"manual"}
_SCRIPT_BYTES = 64 * 1024
_INSTALLER = re.compile(r"pre[-_]commit|\bprek\b")
_PYTHON = re.compile(r"^INSTALL_PYTHON=(?:'([^'\n]*)'|(\S*))$", re.MULTILINE)
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+(?:[a-z]+\d+)?)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The hooks of ours that a config asks for: the stages of Git's that they need, and the versions it is pinned to.

    `mistake` says why the config cannot be read, if it cannot.
    """

    hooks: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    mistake: str = ""


def wanted(root: Path) -> Wanted | None:
    """What the config at the top of a working tree asks for; None where there is no config."""
    if not os.path.lexists(root / CONFIG_FILE):
        return None
    content = read_beneath(root, CONFIG_FILE)
    if not isinstance(content, bytes):
        return Wanted(mistake=content.message)
    loaded = load(content)
    if not isinstance(loaded, Document):
        return Wanted(mistake=loaded[0].message)
    found = list(_hooks(loaded.data))
    return Wanted(
        hooks=tuple(sorted({hook for hook, _, _ in found})),
        stages=tuple(sorted({stage for _, stages, _ in found for stage in stages})),
        versions=tuple(sorted({version for _, _, version in found if version})),
    )


def _hooks(data: object) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each of our hooks with its stages, and the version that its repository is pinned to, if it is one."""
    repos = data.get("repos") if isinstance(data, dict) else None
    for repo in repos if isinstance(repos, list) else ():
        hooks, rev = (repo.get("hooks"), repo.get("rev")) if isinstance(repo, dict) else (None, None)
        pinned = _VERSION.fullmatch(rev) if isinstance(rev, str) else None
        for hook in hooks if isinstance(hooks, list) else ():
            name = hook.get("id") if isinstance(hook, dict) else None
            if isinstance(name, str) and name in STAGES:
                yield name, _stages(name, hook.get("stages")), pinned[1] if pinned else ""


def _stages(name: str, named: object) -> tuple[str, ...]:
    """The stages of Git's that a hook runs at: those that the config names, else its own."""
    stages = named if isinstance(named, list) else [STAGES[name]]
    return tuple(stage for stage in stages if isinstance(stage, str) and stage in _GIT_STAGES)


def folder_of_hooks(repository: Repository) -> Path:
    """Where Git looks for hooks: core.hooksPath, or `hooks` in what all linked working trees have in common."""
    values = (value for _, key, value in reversed(repository.settings.entries) if key == "core.hookspath")
    named = next((value for value in values if value and value != os.devnull), None)  # the null device is our own
    if named is not None:
        return repository.root / os.path.expanduser(named)
    return common_folder(repository) / "hooks"


def common_folder(repository: Repository) -> Path:
    """Git's folder for all working trees of a repository."""
    try:
        named = (repository.git_dir / "commondir").read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return repository.git_dir
    return Path(os.path.normpath(repository.git_dir / named))


def fault(folder: Path, stage: str) -> str:
    """What keeps Git from running the hooks of a stage, `""` if nothing does."""
    path = folder / stage
    try:
        with path.open("rb") as file:
            script = file.read(_SCRIPT_BYTES).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return "is not"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not os.access(path, os.X_OK):
        return "may not be run: Git passes it over"
    if not _INSTALLER.search(script):
        return "is another program"
    python = _PYTHON.search(script)
    interpreter = (python[1] or python[2] or "") if python else ""
    if interpreter and not os.access(interpreter, os.X_OK):
        return f"names a Python that is gone ({interpreter})"
    return ""
