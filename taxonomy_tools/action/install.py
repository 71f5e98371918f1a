"""Makes the environment that the action runs in, and says where it is: the action's first step.

It is run by any Python that a runner has, before anything is installed, so it uses the standard library alone. Its
argument-free call reads RUNNER_TEMP and appends `python` and `folder` to the file GITHUB_OUTPUT.

A checkout may lie around it that holds a `pip/`, a `venv/`, an `argparse.py` or a `setup.cfg` of a pull request: every
process is isolated from Python's variables and the current directory (-I), works in a private folder, and is told
nothing of pip's variables. What is installed is locked by hashes, so it does not matter which index it comes from.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ".github/action/requirements.txt"
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "docs", "hooks", "schema", "taxonomy_tools")
"""What a wheel of this project is built from."""
_NOT_COPIED = ("__pycache__", "*.egg-info", "build")
# What would lead Python, pip or setuptools to other code or other configuration.
_DROPPED = ("PYTHON", "PIP_", "VIRTUAL_ENV", "__PYVENV", "SETUPTOOLS_", "DISTUTILS_", "DIST_EXTRA_CONFIG")
_PIP = ("-m", "pip", "--isolated", "--disable-pip-version-check", "--no-input", "--quiet", "install", "--no-deps")
_SECONDS = 600
"""More than a slow index needs, and less than the six hours that a job may take."""


class CannotInstallError(Exception):
    """There is no environment. The message says why, and what to do."""


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Install, and write the step's outputs; gives the exit code."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="taxonomy-tools-", dir=environ["RUNNER_TEMP"]))
        python = install(ROOT, folder, environ)
        with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8", newline="\n") as outputs:
            outputs.write(f"python={python}\nfolder={folder}\n")
    except (CannotInstallError, KeyError, OSError) as error:
        said = (
            str(error if isinstance(error, CannotInstallError) else _unforeseen(error))
            .replace("%", "%25")
            .replace("\r", "%0D")
            .replace("\n", "%0A")
        )
        sys.stdout.write(f"::error title=taxonomy-tools::{said}\n")
        return 2
    return 0


def _unforeseen(error: KeyError | OSError) -> CannotInstallError:
    """What to say of a variable, a file or a folder that a runner always has."""
    if isinstance(error, KeyError):
        return CannotInstallError(f"the tools could not be installed: {error.args[0]} is not set, as a runner sets it.")
    return CannotInstallError(f"the tools could not be installed: {error}")


def install(root: Path, folder: Path, environ: Mapping[str, str]) -> Path:
    """Copy the tool from its checkout to a private folder, and install it there; gives the Python that has it.

    `environ` is what the processes get, but for what speaks to Python and pip. Raises CannotInstallError.
    """
    source, place = folder / "source", folder / "environment"
    copy(root, source)
    variables = {name: value for name, value in environ.items() if not name.upper().startswith(_DROPPED)}
    _run(
        [sys.executable, "-I", "-m", "venv", os.fspath(place)],
        folder,
        variables,
        advice="Put actions/setup-python before this action: this Python has no working `venv`.",
    )
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [os.fspath(python), "-I", *_PIP]
    locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", os.fspath(source / LOCK)]
    _run([*pip, *locked], folder, variables, advice="This needs a package index, or a mirror that pip.conf names.")
    # Builds a wheel, with the setuptools of the lock. That one would read ~/.pydistutils.cfg.
    own = ["--no-index", "--no-build-isolation", "--no-cache-dir", os.fspath(source)]
    _run([*pip, *own], folder, {**variables, "HOME": os.fspath(folder)}, advice="This is a bug of taxonomy-tools.")
    return python


def copy(root: Path, to: Path) -> None:
    """Copy what a wheel is built from, and the lock. Links stay links, and nothing that a build left comes along."""
    for name in (*SOURCES, LOCK):
        source, target = root / name, to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        else:
            shutil.copyfile(source, target)


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str], *, advice: str) -> None:
    """Run a part of the installation. Raises CannotInstallError, with the last of what it said, if that fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_SECONDS,
        )
        said, failed = done.stdout.decode(errors="replace"), done.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as error:
        said, failed = str(error), True
    if failed:
        last = "\n".join(said.strip().splitlines()[-20:])
        raise CannotInstallError(f"the tools could not be installed. {advice}\n{last}")


if __name__ == "__main__":
    sys.exit(main())
