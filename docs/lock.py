"""Makes the locks anew, by hashes: what the Action installs, and what generate.yml installs besides.

    python -m pip install uv && python -m docs.lock

Both hold what pyproject.toml asks for at run time and to build a wheel, for every Python and platform that it allows,
and name no index. `--upgrade` takes newer versions.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = {
    ".github/action/requirements.txt": (),
    ".github/action/generate.txt": ("--extra", "generate"),
}
"""Each lock, with what else is to be in it."""


def main() -> int:
    """Write the locks; gives the exit code of the first uv that failed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = "\n".join(project["build-system"]["requires"])
    python = project["project"]["requires-python"].removeprefix(">=")
    options = ["--universal", "--python-version", python, "--generate-hashes", "--no-emit-index-url", "--quiet"]
    for lock, more in LOCKS.items():
        where = ["--custom-compile-command", "python -m docs.lock", "--output-file", lock]
        sources = [*more, *sys.argv[1:], "pyproject.toml", "-"]
        command = [sys.executable, "-m", "uv", "pip", "compile", *options, *where, *sources]
        status = subprocess.run(command, cwd=ROOT, input=build, text=True, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
