"""What happens at `git push`, and where somebody calls pre-commit or prek."""

from pathlib import Path

import pytest

from tests.command import leaf, run, skill
from tests.hooks.runners import RUNNERS, Hooked, codes, holds, hooked
from tests.repository import Repo

FOLDER = "compositional_skills/arithmetic"
BAD = skill(answer="No")


@pytest.fixture(params=RUNNERS)
def pushing(request: pytest.FixtureRequest, tmp_path: Path) -> Hooked:
    """A repository whose remote is empty, and in which taxonomy-diff runs at each push."""
    made = hooked(tmp_path / "repo", request.param, "taxonomy-diff")
    remote = Repo.init(tmp_path / "remote", bare=True)
    made.repo.git("remote", "add", "origin", remote.path)
    return made


def test_push(pushing: Hooked) -> None:
    """What is pushed is looked at: not what the remote has, and not what lies in the working tree."""
    repo = pushing.repo
    repo.commit(leaf(f"{FOLDER}/one"))
    assert pushing.git("push", "--quiet", "origin", "main").status == 0  # with the very first commit
    repo.commit(leaf(f"{FOLDER}/two"))
    repo.write(f"{FOLDER}/one/qna.yaml", BAD)
    assert pushing.git("push", "--quiet", "origin", "main").status == 0
    repo.git("restore", ".")
    repo.branch("topic")
    before = repo.head
    repo.commit(leaf(f"{FOLDER}/three", BAD))
    expected = run("taxonomy-diff", "--base", before, "--head", repo.head, cwd=repo.path)
    repo.write(f"{FOLDER}/three/qna.yaml", skill())
    done = pushing.git("push", "--quiet", "origin", "topic")  # a branch that the remote does not have
    assert (done.status, codes(done.out)) == (1, ["TX201"])
    assert holds(done.out, expected.out.partition("\n\n")[2])  # without the names of what is compared
    assert pushing.repo.ask("ls-remote", "origin", "topic") == ""


def test_first_push_of_a_repository_with_something_wrong(pushing: Hooked) -> None:
    pushing.repo.commit(leaf(f"{FOLDER}/one", BAD))
    pushing.repo.commit(leaf(f"{FOLDER}/two"))
    done = pushing.git("push", "--quiet", "origin", "main")
    assert (done.status, codes(done.out)) == (1, ["TX201"])
    assert "2 leaves changed: 2 added." in done.out


def test_forced_push(pushing: Hooked) -> None:
    repo = pushing.repo
    repo.commit(leaf(f"{FOLDER}/one"))
    pushing.git("push", "--quiet", "origin", "main")
    (repo.path / FOLDER / "one/attribution.txt").unlink()
    repo.git("commit", "--quiet", "--all", "--amend", "--no-edit", "--no-verify")
    done = pushing.git("push", "--quiet", "--force", "origin", "main")
    assert (done.status, codes(done.out)) == (1, ["TX401"])


def test_diff_by_hand(pushing: Hooked) -> None:
    repo = pushing.repo
    repo.commit(leaf(f"{FOLDER}/one"))
    repo.branch("topic")
    stage = ("run", "--hook-stage", "manual", "taxonomy-diff")
    assert pushing.run(*stage).status == 0
    repo.write(f"{FOLDER}/one/qna.yaml", BAD)  # of what is tracked, pre-commit puts aside what is not staged
    repo.git("add", "--all")
    done = pushing.run(*stage)
    assert (done.status, codes(done.out)) == (1, ["TX201"])


# --- pre-commit run


@pytest.mark.parametrize("runner", RUNNERS)
def test_run_over_all_files(tmp_path: Path, runner: str) -> None:
    """The working tree is checked then, as nothing is put aside."""
    made = hooked(tmp_path / "repo", runner, "taxonomy-check", "taxonomy-layout")
    repo = made.repo
    repo.commit({**leaf(f"{FOLDER}/one"), **leaf(f"{FOLDER}/two"), "README.md": "# A taxonomy\n"})
    assert made.run("run", "--all-files").status == 0
    repo.write(f"{FOLDER}/one/qna.yaml", BAD)
    repo.write(f"{FOLDER}/two/stray.txt")
    expected = made.check()
    done = made.run("run", "--all-files")
    assert done.status == 1
    assert holds(done.out, expected.out)
    assert codes(expected.out) == ["TX107", "TX201"]
    assert made.run("run", "--files", "README.md").status == 0
    assert codes(made.run("run", "taxonomy-check", "--files", f"{FOLDER}/one/attribution.txt").out) == ["TX201"]


@pytest.mark.parametrize("runner", RUNNERS)
def test_run_on_what_is_staged(tmp_path: Path, runner: str) -> None:
    made = hooked(tmp_path / "repo", runner, "taxonomy-check")
    repo = made.repo
    repo.commit({**leaf(f"{FOLDER}/one"), **leaf(f"{FOLDER}/two", BAD)})
    assert made.run("run").status == 0
    repo.git("rm", "--quiet", f"{FOLDER}/one/attribution.txt")
    assert codes(made.run("run").out) == ["TX401"]


@pytest.mark.parametrize("runner", RUNNERS)
def test_run_on_a_range(tmp_path: Path, runner: str) -> None:
    made = hooked(tmp_path / "repo", runner, "taxonomy-check")
    repo = made.repo
    before = repo.commit({**leaf(f"{FOLDER}/one"), **leaf(f"{FOLDER}/two", BAD)})
    repo.remove(f"{FOLDER}/one/attribution.txt")
    repo.commit()
    assert codes(made.run("run", "--from-ref", before, "--to-ref", "HEAD").out) == ["TX401"]
    assert made.run("run", "--from-ref", "HEAD", "--to-ref", "HEAD").status == 0


@pytest.mark.parametrize("runner", RUNNERS)
def test_fix(tmp_path: Path, runner: str) -> None:
    made = hooked(tmp_path / "repo", runner, "taxonomy-fix")
    repo = made.repo
    before = repo.commit({**leaf(f"{FOLDER}/one", BAD), **leaf(f"{FOLDER}/two", BAD), "README.md": "No  \n"})
    assert made.commit("--allow-empty").status == 0  # it runs when it is asked for
    stage = ("run", "--hook-stage", "manual", "taxonomy-fix")
    done = made.run(*stage, "--files", f"{FOLDER}/one/qna.yaml", "README.md")
    assert (done.status, repo.ask("diff", "--name-only", before)) == (1, f"{FOLDER}/one/qna.yaml")
    assert made.run(*stage, "--files", "README.md").status == 0
    assert made.run(*stage, "--all-files").status == 1
    assert repo.ask("diff", "--name-only", before).split() == [f"{FOLDER}/one/qna.yaml", f"{FOLDER}/two/qna.yaml"]
    assert 'answer: "No"' in (repo.path / FOLDER / "two/qna.yaml").read_text()
    assert made.run(*stage, "--all-files").status == 0
    assert made.check().status == 0
