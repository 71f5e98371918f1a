"""The hooks in environments of their own, installed from this checkout as contributors install them from a release."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.command import leaf, run, skill
from tests.hooks.runners import CONFIG, MANIFEST, ROOT, Hooked, codes, holds
from tests.repository import Repo

FOLDER = "compositional_skills/arithmetic"
FILES = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
FOLDERS = ("taxonomy_tools", "hooks", "schema", "docs")


@pytest.fixture(scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where pip cannot reach a package index: the environments take what the hooks depend on from there."""
    pip = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "1", "--timeout", "20"]
    done = subprocess.run(
        [*pip, "--dest", tmp_path_factory.mktemp("wheels"), "click"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no package index can be reached to install hooks from: {done.stderr.strip()[-200:]}")


@pytest.fixture
def source(tmp_path: Path) -> Repo:
    """This checkout, as it is now, in a repository to install from."""
    repo = Repo.init(tmp_path / "taxonomy-tools")
    for name in FILES:
        shutil.copy(ROOT / name, repo.path)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, repo.path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    repo.commit()
    return repo


@pytest.mark.usefixtures("_index")
def test_every_hook_runs_where_it_is_installed(tmp_path: Path, source: Repo) -> None:
    made = Hooked(repo=Repo.init(tmp_path / "repo"), runner="pre-commit")
    repo = made.repo
    chosen = {"repo": str(source.path), "rev": source.head, "hooks": [{"id": hook["id"]} for hook in MANIFEST]}
    repo.commit({CONFIG: yaml.safe_dump({"repos": [chosen]}), **leaf(f"{FOLDER}/one")})
    made.install()
    remote = Repo.init(tmp_path / "remote", bare=True)
    repo.git("remote", "add", "origin", remote.path)

    repo.write(f"{FOLDER}/two/qna.yaml", skill(answer="No"))
    repo.write(f"{FOLDER}/one/notes.txt")
    repo.git("add", "--all")
    done = made.commit()
    assert (done.status, codes(done.err)) == (1, ["TX107", "TX201", "TX401"])
    for expected in (("--staged",), ("--staged", f"{FOLDER}/one", "--select=TX1")):
        assert all(holds(done.err, line) for line in made.check(*expected).out.splitlines() if "TX" in line)

    repo.git("rm", "--force", "--quiet", f"{FOLDER}/one/notes.txt")
    repo.write(f"{FOLDER}/two/attribution.txt", leaf(FOLDER)[f"{FOLDER}/attribution.txt"])
    repo.git("add", "--all")
    assert made.run("run", "--hook-stage", "manual", "taxonomy-fix").status == 1  # because it changed a file
    repo.git("add", "--all")
    assert codes(made.git("commit", "--quiet", "--message", "Change").err) == ["TX701"]
    assert made.commit().status == 0

    repo.commit({f"{FOLDER}/three/qna.yaml": leaf("three")["three/qna.yaml"]})
    done = made.git("push", "--quiet", "origin", "main")
    assert (done.status, codes(done.out)) == (1, ["TX401"])
    repo.commit(leaf(f"{FOLDER}/three"))
    assert made.git("push", "--quiet", "origin", "main").status == 0


@pytest.mark.usefixtures("_index")
def test_try_repo(tmp_path: Path, source: Repo) -> None:
    made = Hooked(repo=Repo.init(tmp_path / "repo"), runner="pre-commit")
    made.repo.commit(leaf(f"{FOLDER}/one", skill(answer="No")))
    done = made.run("try-repo", str(source.path), "taxonomy-check", "--all-files")
    assert (done.status, holds(done.out, run("taxonomy", "check", cwd=made.repo.path).out)) == (1, True)
