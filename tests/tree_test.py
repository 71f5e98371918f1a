"""Listings that are searched as bytes, and the trees of every kind of source."""

import os
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.git import Repository
from taxonomy_tools.source import Folder, Index, Revision, WorkTree
from taxonomy_tools.tree import Listing, Tree
from tests.repository import Repo

NAMES = st.binary(min_size=1, max_size=3).filter(lambda name: b"\0" not in name and b"/" not in name)
PATHS = st.sets(st.lists(NAMES, min_size=1, max_size=4).map(b"/".join), max_size=30)


def expected_folders(paths: set[bytes]) -> dict[bytes, dict[bytes, bool]]:
    """What lies in each folder, told from the paths one by one."""
    found: dict[bytes, dict[bytes, bool]] = defaultdict(dict)
    for path in sorted(paths):
        steps = path.split(b"/")
        for depth, name in enumerate(steps):
            inner = depth < len(steps) - 1
            folder = found[b"/".join(steps[:depth])]
            folder[name] = folder.get(name, False) or inner
    return found


@given(paths=PATHS, tag=st.sampled_from([b"", b"H "]))
def test_what_is_looked_up_is_what_the_paths_say(paths: set[bytes], tag: bytes) -> None:
    # No tree holds a file and a folder of one name.
    paths = {path for path in paths if not any(other.startswith(path + b"/") for other in paths)}
    listing = Listing(records=b"".join(tag + path + b"\0" for path in sorted(paths)), tag=len(tag))
    expected = expected_folders(paths)
    for folder in {b"", b"a", b"\xff", *expected, *paths}:
        assert dict(listing.children(folder)) == expected.get(folder, {})
        below = [(tag, path) for path in sorted(paths) if path == folder or path.startswith(folder + b"/")]
        assert list(listing.below(folder)) == below
        assert listing.holds(folder) is (folder in paths)
    decoded = {
        os.fsdecode(folder): {os.fsdecode(name): inner for name, inner in names.items()}
        for folder, names in expected.items()
    }
    assert listing.folders() == {"": {}} | decoded


def test_a_nested_repository_is_a_name() -> None:
    listing = Listing(records=b"? a/x/\0? b\0", tag=2)
    assert dict(listing.children(b"a")) == {b"x": False}
    assert dict(listing.children(b"a/x")) == {}
    assert listing.holds(b"a/x")
    assert listing.folders() == {"": {"a": True, "b": False}, "a": {"x": False}}


def test_folders_of_any_size_are_stepped_over() -> None:
    sizes = {"a": 2, "b": 5000, "c": 2}
    paths = [f"{folder}/{number:05}".encode() for folder, size in sizes.items() for number in range(size)]
    listing = Listing(records=b"".join(path + b"\0" for path in paths))
    assert list(listing.children(b"")) == [(b"a", True), (b"b", True), (b"c", True)]
    assert len(list(listing.children(b"b"))) == 5000


def worktree(repo: Repo, folder: str = "") -> Tree:
    return WorkTree(repository=Repository.discover(repo.path), folder=folder).tree()


def trees(repo: Repo, folder: str = "") -> list[Tree]:
    """The tree of the working tree, of the index and of the commit, after all was committed."""
    repo.commit()
    found = Repository.discover(repo.path)
    return [
        worktree(repo, folder),
        Index(repository=found, folder=folder).tree(),
        Revision(repository=found, commit=repo.head, label="HEAD", folder=folder).tree(),
    ]


@pytest.mark.parametrize("folder", ["", "deep/taxonomy", os.fsdecode(b"\xff")])
def test_every_tree_holds_the_same(repo: Repo, folder: str) -> None:
    top = f"{folder}/" if folder else ""
    for path in ("knowledge/a/qna.yaml", "knowledge/a/b/notes", "knowledge/x y\n", os.fsdecode(b"knowledge/\xfe")):
        repo.write(top + path)
    repo.link(f"{top}knowledge/link", "a")
    repo.write("beside")
    before = worktree(repo, folder)
    for tree in (before, Folder(root=repo.path / folder).tree(), *trees(repo, folder)):
        knowledge = tree.children("knowledge")
        assert knowledge == {"a": True, "x y\n": False, "\udcfe": False, "link": False}
        assert tree.children("knowledge/a") == {"qna.yaml": False, "b": True}
        assert tree.children("knowledge/a/b") == {"notes": False}
        assert tree.children("knowledge/none") == {}
        assert tree.children("knowledge/link") in ({}, tree.children("knowledge/a"))
        assert all(tree.is_there(f"knowledge/{name}") for name in knowledge)
        assert not tree.is_ignored("knowledge/a/qna.yaml")
        assert ("beside" in tree.children("")) is (not folder)


def test_what_was_removed_from_disk_is_not_there(repo: Repo, tmp_path: Path) -> None:
    repo.commit(dict.fromkeys(("a/one", "a/two", "b/one", "c/one", "d", "e/one"), ""))
    repo.remove("a/one")
    repo.remove("b/one")
    (repo.path / "c").rename(tmp_path / "c")
    repo.link("c", os.fspath(tmp_path / "c"))
    repo.remove("d")
    repo.write("d/new")
    repo.write("E/one")
    tree = worktree(repo)
    assert tree.children("a") == {"one": False, "two": False}
    there = {path: tree.is_there(path) for path in ("a", "a/one", "a/two", "b", "c/one", "d", "d/new", "e", "E")}
    assert [path for path, known in there.items() if known] == ["a", "a/two", "d", "d/new", "e", "E"]
    assert tree.children("")["d"] is True


def test_what_a_sparse_checkout_left_out_is_there(repo: Repo) -> None:
    repo.commit({"in/a": "1", "out/b": "1"})
    for option in ("--no-sparse-index", "--sparse-index"):
        repo.git("sparse-checkout", "init", "--cone", option)
        repo.git("sparse-checkout", "set", "in")
        tree = worktree(repo)
        assert (tree.children(""), tree.is_there("out/b")) == ({"in": True, "out": True}, True)
        assert Index(repository=Repository.discover(repo.path)).tree().children("out") == {"b": False}


def test_what_is_only_intended_to_be_added_is_not_in_the_index(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.write("b")
    repo.git("add", "--intent-to-add", "b")
    assert Index(repository=Repository.discover(repo.path)).tree().children("") == {"a": False}
    assert worktree(repo).children("") == {"a": False, "b": False}


def test_what_git_ignores(repo: Repo, tmp_path: Path) -> None:
    repo.commit({".gitignore": "private\n*.secret\n"})
    repo.write("tracked.secret")
    repo.git("add", "--force", "tracked.secret")
    for path in ("private/a", "x.secret", "seen", "KNOWN"):
        repo.write(path)
    Repo.init(repo.path / "nested").write("a")
    os.mkfifo(repo.path / "pipe.secret")
    repo.link("link", os.fspath(tmp_path))
    tree = worktree(repo)
    asked = ("private/a", "x.secret", "tracked.secret", "seen", "none", "known", "nested/a", "pipe.secret", "link/repo")
    assert [path for path in asked if tree.is_ignored(path)] == ["private/a", "x.secret"]


def test_an_empty_folder_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty/inner").mkdir(parents=True)
    (tmp_path / "full/inner").mkdir(parents=True)
    (tmp_path / "full/inner/file").touch()
    (tmp_path / "repository/.git").mkdir(parents=True)
    tree = Folder(root=tmp_path).tree()
    assert tree.children("") == {"empty": True, "full": True, "repository": False}
    assert (tree.is_there("empty"), tree.is_there("full")) == (False, True)
    assert tree.children("none") == {}
