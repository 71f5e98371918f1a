"""Makes the lock of the Action anew: what pyproject.toml asks for at run time and to build a wheel, by hashes.

    python -m pip install uv && python -m docs.lock

It holds for every Python and platform that pyproject.toml allows, and names no index. `--upgrade` takes newer versions.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ".github/action/requirements.txt"


def main() -> int:
    """Write the lock; gives uv's exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = "\n".join(project["build-system"]["requires"])
    python = project["project"]["requires-python"].removeprefix(">=")
    options = ["--universal", "--python-version", python, "--generate-hashes", "--no-emit-index-url", "--quiet"]
    where = ["--custom-compile-command", "python -m docs.lock", "--output-file", LOCK]
    command = [sys.executable, "-m", "uv", "pip", "compile", *options, *where, *sys.argv[1:], "pyproject.toml", "-"]
    return subprocess.run(command, cwd=ROOT, input=build, text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
