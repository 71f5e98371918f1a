"""The output folder is nobody else's: neither the taxonomy's, nor Git's, nor a pull request's."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.generate.writers import check_place, prepare_output
from tests.repository import Repo

SKILLS = "compositional_skills"


def refusal(folder: Path, *, top: Path | None = None, reserved: tuple[Path, ...] = ()) -> TaxonomyError:
    with pytest.raises(TaxonomyError) as raised:
        check_place(folder, top=top, reserved=reserved)
    return raised.value


@pytest.fixture
def here(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with a leaf, and the current directory in it."""
    repo.commit({f"{SKILLS}/a/qna.yaml": "x", "README": "x"})
    monkeypatch.chdir(repo.path)
    return repo


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("generated", id="a new one"),
        pytest.param("data/generated", id="a new one in a new one"),
        pytest.param(f"{SKILLS}-generated", id="a name that begins like that of leaves"),
        pytest.param("../elsewhere", id="outside of the repository"),
    ],
)
def test_folders_that_nobody_has_yet(here: Repo, folder: str) -> None:
    for place in (Path(folder), here.path / folder):
        check_place(place, top=here.path, reserved=[here.path / SKILLS])
    assert here.ask("status", "--porcelain", "--ignored") == ""


def test_folder_stays_ours(here: Repo) -> None:
    folder = Path("generated")
    prepare_output(folder)
    (folder / "run").mkdir()
    check_place(folder)
    (folder / ".gitignore").unlink()
    assert refusal(folder).message == "generated is not empty, and no output folder: it holds `run`."
    (folder / "answers.sqlite3").touch()
    check_place(folder)


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        pytest.param(".", f"holds the taxonomy ({SKILLS})", id="the root"),
        pytest.param("..", f"holds the taxonomy ({SKILLS})", id="above the root"),
        pytest.param(SKILLS, f"would lie among leaves ({SKILLS})", id="the leaves' folder"),
        pytest.param(SKILLS.upper(), f"would lie among leaves ({SKILLS})", id="in another case"),
        pytest.param(f"{SKILLS}/a", f"would lie among leaves ({SKILLS})", id="a leaf"),
        pytest.param(f"{SKILLS}/a/generated", f"would lie among leaves ({SKILLS})", id="in a leaf"),
        pytest.param("other", "holds the taxonomy (b)", id="above a leaf in another place"),
        pytest.param("other/b", "would lie among leaves (b)", id="a leaf in another place"),
    ],
)
def test_samples_are_not_written_among_leaves(here: Repo, folder: str, why: str) -> None:
    reserved = (here.path / SKILLS, here.path / "other" / "b")
    for place in (Path(folder), here.path / folder):
        error = refusal(place, reserved=reserved)
        assert error.message == (
            f"{place} cannot be the output folder: it {why}, and all in it would be hidden from Git."
        )
        assert error.remedies[0].command in ("--output-dir generated", "--output-dir other/generated")


@pytest.mark.parametrize("folder", [".git", ".git/x", ".GIT", "a/.git/b"])
def test_samples_are_not_written_into_what_is_gits(here: Repo, folder: str) -> None:
    assert refusal(Path(folder)).message == f"{folder} is Git's own: samples cannot be written there."


def test_root_of_a_repository(here: Repo, make_repo: Callable[[str], Repo]) -> None:
    for folder in (Path(), make_repo("another").path):
        assert refusal(folder).message == (
            f"{folder} cannot be the output folder: it is the root of a repository, and all in it would be hidden "
            "from Git."
        )


def test_folder_with_other_things_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    check_place(folder)
    (folder / "wren.png").touch()
    (folder / ".gitignore").write_text("*\n")  # as many a tool makes it
    assert refusal(folder).message == f"{folder} is not empty, and no output folder: it holds `wren.png`."


@pytest.mark.parametrize(
    "tracked",
    [
        pytest.param("generated/answers.sqlite3", id="a store of answers"),
        pytest.param("generated/.gitignore", id="what takes samples in"),
        pytest.param("generated/a.jsonl", id="samples"),
        pytest.param("Generated/answers.sqlite3", id="in another case"),
        pytest.param("generated", id="a file or a link"),
    ],
)
def test_nothing_that_git_tracks_is_believed(here: Repo, tracked: str) -> None:
    """Else a pull request could bring answers: the names of requests do not depend on the commit."""
    here.write(tracked, "x")
    here.git("add", "--force", tracked)
    here.remove(tracked)
    for folder in (Path("generated"), here.path / "generated"):
        error = refusal(folder)
        assert error.message == (
            f"Git tracks `{tracked}`: what is in {folder} may be somebody else's, and is not believed."
        )
        assert [remedy.command for remedy in error.remedies] == [f"git rm -r --cached {folder}", f"git rm -r {folder}"]
    here.git("rm", "-r", "--cached", "--quiet", tracked)
    check_place(Path("generated"), reserved=[here.path / SKILLS])


def test_what_git_tracks_beside_the_folder_does_not_matter(here: Repo) -> None:
    here.commit({"generated.md": "x", "a/generated/x": "x"})
    check_place(Path("generated"))


def test_submodule_is_no_output_folder(here: Repo, make_repo: Callable[[str], Repo]) -> None:
    commit = make_repo("library").commit({"x": "x"})
    here.git("update-index", "--add", "--cacheinfo", f"160000,{commit},generated")
    assert refusal(Path("generated")).message.startswith("Git tracks `generated`: ")


def test_link_in_the_checkout_is_not_followed_however_it_is_named(here: Repo, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    here.link("link", os.fspath(target))
    folder = here.path / "link" / "generated"
    assert refusal(folder, top=here.path).message == (
        f"{here.path / 'link'} is a symbolic link, and the output folder must not be one."
    )
    check_place(folder)  # of the system's links nobody knows better


def test_file_is_no_folder(here: Repo) -> None:
    assert refusal(Path("README")).message == "README is no folder."


def test_bare_repository_and_none(tmp_path: Path) -> None:
    bare = Repo.init(tmp_path / "bare", bare=True)
    check_place(bare.path / "generated", top=bare.path, reserved=[bare.path / SKILLS])
    check_place(tmp_path / "generated")


@pytest.mark.parametrize(
    ("text", "warns"),
    [
        pytest.param("*\n", False, id="all"),
        pytest.param("# mine\r\n*\r\n", False, id="all, with a comment"),
        pytest.param("!*\n", True, id="nothing"),
        pytest.param("*\n!*.jsonl\n", True, id="all but something"),
        pytest.param("*.log\n", True, id="some"),
        pytest.param("", True, id="empty"),
    ],
)
def test_samples_that_may_be_committed_are_warned_of(tmp_path: Path, text: str, warns: bool) -> None:
    ignore = tmp_path / ".gitignore"
    ignore.write_bytes(text.encode())
    warning = f"{ignore} does not ignore all files, so samples may be committed. It should say: *" if warns else ""
    assert prepare_output(tmp_path) == warning
    assert ignore.read_bytes() == text.encode()


@pytest.mark.parametrize("kind", ["folder", "link", "unreadable"])
def test_gitignore_that_is_none(tmp_path: Path, kind: str) -> None:
    ignore = tmp_path / ".gitignore"
    if kind == "folder":
        ignore.mkdir()
    elif kind == "link":
        (tmp_path / "outside").write_text("*\n")
        ignore.symlink_to("outside")
    else:
        if os.geteuid() == 0:
            pytest.skip("nothing is unreadable to this user")
        ignore.write_text("*\n")
        ignore.chmod(0)
    assert prepare_output(tmp_path).endswith("It should say: *")
