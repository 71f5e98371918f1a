"""What happens at `git commit`, with pre-commit and prek as Git's hooks: what is committed is what is checked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import ATTRIBUTION, leaf, skill
from tests.hooks.runners import CONFIG, RUNNERS, Hooked, codes, holds, hooked
from tests.repository import Repo

FOLDER = "compositional_skills/arithmetic"


def good(name: str) -> dict[str, str | bytes]:
    """A leaf with nothing wrong in it."""
    return leaf(f"{FOLDER}/{name}")


def bad(name: str) -> dict[str, str | bytes]:
    """A leaf with one error in it."""
    return leaf(f"{FOLDER}/{name}", skill(name, answer="No").replace("and one?", f"and one in {name}?"))


@pytest.fixture(params=RUNNERS)
def checked(request: pytest.FixtureRequest, tmp_path: Path) -> Hooked:
    """A repository in which taxonomy-check runs at each commit."""
    return hooked(tmp_path / "repo", request.param, "taxonomy-check")


@pytest.fixture
def quick(tmp_path: Path) -> Hooked:
    """The same with the quicker of the two, where what differs between commits is Git's alone."""
    return hooked(tmp_path / "repo", "prek", "taxonomy-check")


def stage(repo: Repo, files: dict[str, str | bytes]) -> None:
    """Write files and add them."""
    for path, content in files.items():
        repo.write(path, content)
    repo.git("--literal-pathspecs", "add", "--", *files)


def test_good_commit_passes_and_bad_one_is_stopped(checked: Hooked) -> None:
    stage(checked.repo, good("one"))
    assert checked.commit().status == 0
    before = checked.repo.head
    stage(checked.repo, bad("two"))
    expected = checked.check("--staged", f"{FOLDER}/two")
    done = checked.commit()
    assert (done.status, checked.repo.head) == (1, before)
    assert expected.status == 1
    assert codes(expected.out) == ["TX201"]
    assert holds(done.err, expected.out)


@pytest.mark.parametrize(
    ("staged", "edited", "status"),
    [
        pytest.param(bad, good, 1, id="what is mended in the working tree alone does not help"),
        pytest.param(good, bad, 0, id="what is broken in the working tree alone does not harm"),
    ],
)
def test_partly_staged_file(
    checked: Hooked, staged: Callable[[str], dict[str, str | bytes]], edited: Callable[[str], object], status: int
) -> None:
    stage(checked.repo, staged("one"))
    for path, content in (good if edited is good else bad)("one").items():
        checked.repo.write(path, content)
    assert checked.commit().status == status


def test_untracked_leaf_does_no_harm(checked: Hooked) -> None:
    stage(checked.repo, good("one"))
    for path, content in bad("two").items():
        checked.repo.write(path, content)
    assert checked.commit().status == 0


def test_first_commit_of_a_repository(tmp_path: Path) -> None:
    made = Hooked(repo=Repo.init(tmp_path / "repo"), runner="pre-commit")
    made.write_config("taxonomy-check")
    made.install()
    made.repo.git("add", CONFIG)
    stage(made.repo, bad("one"))
    assert codes(made.commit().err) == ["TX201"]
    stage(made.repo, good("one"))
    assert made.commit().status == 0


def test_commit_all(checked: Hooked) -> None:
    checked.repo.commit({**good("one"), **good("two")})
    for path, content in bad("one").items():
        checked.repo.write(path, content)
    done = checked.commit("--all")
    assert (done.status, codes(done.err)) == (1, ["TX201"])


def test_commit_of_a_path_takes_that_and_nothing_else(checked: Hooked) -> None:
    checked.repo.commit({**good("one"), **good("two")})
    stage(checked.repo, bad("one"))
    for path, content in leaf(f"{FOLDER}/two", skill("other").replace("and one?", "and one in two?")).items():
        checked.repo.write(path, content)
    assert checked.commit("--", f"{FOLDER}/two").status == 0
    done = checked.commit("--", f"{FOLDER}/one")
    assert (done.status, codes(done.err)) == (1, ["TX201"])


def test_commit_from_a_folder_inside(quick: Hooked) -> None:
    stage(quick.repo, bad("one"))
    done = quick.commit(cwd=quick.repo.path / FOLDER)
    assert (done.status, codes(done.err)) == (1, ["TX201"])


def test_amended_commit(quick: Hooked) -> None:
    quick.repo.commit(good("one"))
    stage(quick.repo, bad("one"))
    done = quick.commit("--amend")
    assert (done.status, codes(done.err)) == (1, ["TX201"])


def test_linked_worktree(checked: Hooked) -> None:
    linked = Repo(path=checked.repo.path.parent / "linked")
    checked.repo.git("worktree", "add", "--quiet", "-b", "other", linked.path)
    for path, content in bad("one").items():
        checked.repo.write(path, content)  # in the main one, which is not committed to
    stage(linked, good("one"))
    assert checked.commit(cwd=linked.path).status == 0
    stage(linked, bad("two"))
    done = checked.commit(cwd=linked.path)
    assert (done.status, codes(done.err)) == (1, ["TX201"])


def test_renamed_leaf(quick: Hooked) -> None:
    quick.repo.commit(good("one"))
    quick.repo.git("mv", f"{FOLDER}/one", f"{FOLDER}/two")
    assert quick.commit().status == 0
    quick.repo.git("rm", "-r", "--quiet", f"{FOLDER}/two")
    assert quick.commit().status == 0


def test_leaf_that_is_renamed_in_part(quick: Hooked) -> None:
    quick.repo.commit(good("one"))
    (quick.repo.path / FOLDER / "two").mkdir()
    quick.repo.git("mv", f"{FOLDER}/one/qna.yaml", f"{FOLDER}/two/qna.yaml")
    done = quick.commit()
    assert (done.status, codes(done.err)) == (1, ["TX401"])


def test_attribution_alone(quick: Hooked) -> None:
    quick.repo.commit(good("one"))
    stage(quick.repo, {f"{FOLDER}/one/attribution.txt": "\n"})
    done = quick.commit()
    assert (done.status, codes(done.err)) == (1, ["TX402"])
    stage(quick.repo, {f"{FOLDER}/one/attribution.txt": ATTRIBUTION + "\n# The same in other words\n"})
    assert quick.commit().status == 0


def test_attribution_that_is_removed(checked: Hooked) -> None:
    """Nothing is named to the hook then."""
    checked.repo.commit(good("one"))
    checked.repo.git("rm", "--cached", "--quiet", f"{FOLDER}/one/attribution.txt")  # it stays in the working tree
    done = checked.commit()
    assert (done.status, codes(done.err)) == (1, ["TX401"])


def test_commit_without_leaves(checked: Hooked) -> None:
    checked.repo.commit(bad("one"))
    stage(checked.repo, {"README.md": "# A taxonomy\n"})
    assert checked.commit().status == 0
    checked.repo.git("rm", "--quiet", "README.md")
    assert checked.commit().status == 0


def test_link_in_a_leafs_place(checked: Hooked) -> None:
    checked.repo.commit(good("one"))
    checked.repo.link(f"{FOLDER}/two", "one")
    checked.repo.remove(f"{FOLDER}/one/qna.yaml")
    checked.repo.link(f"{FOLDER}/one/qna.yaml", "../../elsewhere.yaml")
    checked.repo.git("add", "--all")
    done = checked.commit()
    assert (done.status, codes(done.err)) == (1, ["TX006"])
    assert holds(done.err, checked.check("--staged").out)


def test_merge_in_progress_counts_what_it_brings_as_there(checked: Hooked) -> None:
    """Another one's removal is not the work of who merges it; who resolves a conflict answers for that leaf."""
    repo = checked.repo
    repo.commit({**good("one"), **good("two")})
    repo.git("switch", "--quiet", "-c", "other")
    repo.git("rm", "--quiet", f"{FOLDER}/two/attribution.txt")
    repo.commit(leaf(f"{FOLDER}/one", skill("theirs").replace("and one?", "and one in one?")))
    repo.git("switch", "--quiet", "main")
    repo.commit(leaf(f"{FOLDER}/one", skill("ours").replace("and one?", "and one in one?")))
    assert checked.git("merge", "--quiet", "other").status == 1
    stage(repo, bad("one"))
    done = checked.commit()
    assert (done.status, codes(done.err)) == (1, ["TX201"])
    stage(repo, good("one"))
    assert checked.commit().status == 0


def test_configuration_that_is_staged_is_in_force(quick: Hooked) -> None:
    quick.repo.commit(good("one"))
    stage(quick.repo, {f"{FOLDER}/one/attribution.txt": ATTRIBUTION.replace("CC0-1.0", "CC-BY-NC-4.0")})
    quick.repo.write(".taxonomy-tools.yaml", "severity: {TX404: error}\n")
    assert quick.commit("--dry-run").status == 0
    quick.repo.git("add", ".taxonomy-tools.yaml")
    quick.repo.write(".taxonomy-tools.yaml", "ignore: [TX404]\n")
    done = quick.commit()
    assert (done.status, codes(done.err)) == (1, ["TX404"])


# --- names


HOSTILE = (
    "--config=x.yaml",
    "--fail-on=never",
    "--no-config",
    "-h",
    "--help",
    "$(touch pwned)",
    "`touch pwned`",
    "two\nlines",
    "::error::pwned",
    "'\"\\;&|",
    "\x1b[31m",
    "\u202egnp",
)


def test_hostile_names(checked: Hooked) -> None:
    """They are names, of leaves and of other files, at the top and below: no options, no shell lines, no commands."""
    for name in HOSTILE:
        stage(checked.repo, {f"{name}/qna.yaml": skill(answer="No"), f"{name}/attribution.txt": ATTRIBUTION})
        stage(checked.repo, {f"{name}.yaml": "fail-on: never\n", f"{FOLDER}/{name}": "x"})
    stage(checked.repo, {"-": "", "--quiet": ""})
    done = checked.commit()
    assert done.status == 1
    assert holds(done.err, checked.check("--staged").out)
    assert done.err.count("TX201") == len(HOSTILE)
    assert "\x1b[31m/" not in done.err
    assert not (checked.repo.path / "pwned").exists()


def test_file_that_cannot_be_told_from_the_end_of_options(quick: Hooked) -> None:
    stage(quick.repo, {"--": "", "!": "", **good("one")})
    done = quick.commit()
    assert done.status == 1
    assert "taxonomy-check: a file is named `--`, as what ends the options of a hook is." in done.err


# --- taxonomy-layout


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param({f"{FOLDER}/one/notes.txt": "Ask again.\n"}, ["TX107"], id="a file of no leaf"),
        pytest.param({f"{FOLDER}/one/deep/er/notes.txt": "Ask.\n"}, ["TX107"], id="a file of no leaf further down"),
        pytest.param(leaf(f"{FOLDER}/one/inner"), ["TX104"], id="a leaf in a leaf"),
        pytest.param(leaf("skills/two"), ["TX102"], id="a leaf outside of the taxonomy"),
        pytest.param({f"{FOLDER}/two/qna.yml": skill()}, ["TX101"], id="a name with another ending"),
        pytest.param(leaf(f"{FOLDER}/with space"), ["TX103"], id="a folder with a space"),
        pytest.param(leaf(f"{FOLDER}/ONE"), ["TX108"], id="names that differ in case"),
        pytest.param(bad("two"), [], id="nothing but content"),
        pytest.param({"notes.txt": "Ask.\n", f"{FOLDER}/notes.txt": "Ask.\n"}, [], id="files in no leaf's folder"),
    ],
)
def test_layout(tmp_path: Path, files: dict[str, str | bytes], found: list[str]) -> None:
    made = hooked(tmp_path / "repo", "prek", "taxonomy-layout")
    made.repo.commit(good("one"))
    stage(made.repo, files)
    expected = made.check("--staged", "--select", "TX1", "--fail-on", "warning")
    done = made.commit()
    assert (codes(done.err), done.status) == (found, int(bool(found)))
    assert (codes(expected.out), expected.status) == (found, int(bool(found)))


def test_layout_with_pre_commit(tmp_path: Path) -> None:
    made = hooked(tmp_path / "repo", "pre-commit", "taxonomy-layout")
    made.repo.commit(good("one"))
    made.repo.write(f"{FOLDER}/one/untracked.txt")
    stage(made.repo, bad("two"))
    assert made.commit().status == 0
    stage(made.repo, {f"{FOLDER}/one/notes.txt": "Ask again.\n"})
    expected = made.check("--staged", f"{FOLDER}/one", "--select", "TX1")
    done = made.commit()
    assert (done.status, holds(done.err, expected.out), codes(expected.out)) == (1, True, ["TX107"])


# --- taxonomy-signoff


@pytest.fixture(params=RUNNERS)
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> Hooked:
    """A repository in which commits must be signed off."""
    return hooked(tmp_path / "repo", request.param, "taxonomy-signoff")


def test_sign_off(signed: Hooked) -> None:
    commit = ("commit", "--quiet", "--allow-empty", "--message", "Change")
    done = signed.git(*commit)
    missing = "the message lacks the line `Signed-off-by: Ada Contributor <ada@example.org>`"
    assert (done.status, missing in done.err) == (1, True)
    assert signed.git(*commit, "--signoff").status == 0
    assert signed.git(*commit, "--signoff", GIT_AUTHOR_NAME="Grace").status == 1  # Git signs for the committer
    other = ("--author", "Grace <grace@example.org>")
    assert signed.git(*commit, *other, "--signoff").status == 1
    assert signed.git(*commit, *other, "--trailer", "Signed-off-by: Grace <grace@example.org>").status == 0
    assert signed.git("commit", "--quiet", "--allow-empty", "--amend", "--no-edit").status == 0
    assert signed.git("commit", "--quiet", "--allow-empty", "--amend", "--message", "Other").status == 1


def test_merge_needs_no_sign_off(signed: Hooked) -> None:
    signed.repo.git("switch", "--quiet", "-c", "other")
    signed.repo.commit({"a": "a"})
    signed.repo.git("switch", "--quiet", "main")
    signed.repo.commit({"b": "b"})
    assert signed.git("merge", "--quiet", "--no-edit", "other").status == 0
    assert signed.repo.ask("rev-list", "--count", "--merges", "HEAD") == "1"
