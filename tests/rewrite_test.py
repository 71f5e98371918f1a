"""A file is written anew as a whole, with its mode, through no link, and only if it is what was read."""

import os
import stat
from pathlib import Path

import pytest

from taxonomy_tools.rewrite import rewrite
from taxonomy_tools.source import MAX_BYTES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/a/b").mkdir(parents=True)
    (tmp_path / "root/a/b/qna.yml").write_bytes(b"old")
    return tmp_path / "root"


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664])
def test_content_and_name_change_and_the_mode_stays(mode: int, root: Path) -> None:
    (root / "a/b/qna.yml").chmod(mode)
    rewrite(root, "a/b/qna.yml", before=b"old", after=b"new", name="qna.yaml")
    assert names(root) == ["a/b/qna.yaml"]
    assert (root / "a/b/qna.yaml").read_bytes() == b"new"
    assert stat.S_IMODE((root / "a/b/qna.yaml").stat().st_mode) == mode


def test_a_file_larger_than_a_leaf_may_be(root: Path) -> None:
    large = bytes(MAX_BYTES + 1)
    (root / "a/b/qna.yml").write_bytes(large)
    rewrite(root, "a/b/qna.yml", before=large, after=b"new")
    assert (root / "a/b/qna.yml").read_bytes() == b"new"


def test_a_name_alone_changes(root: Path) -> None:
    before = (root / "a/b/qna.yml").stat()
    rewrite(root, "a/b/qna.yml", before=b"old", after=b"old", name="qna.yaml")
    assert (root / "a/b/qna.yaml").stat().st_ino == before.st_ino


def refused(root: Path, path: str = "a/b/qna.yml", *, name: str | None = None) -> str:
    with pytest.raises(OSError, match=r".") as caught:
        rewrite(root, path, before=b"old", after=b"new", name=name)
    return str(caught.value.strerror)


def test_a_file_that_changed_meanwhile_is_left(root: Path) -> None:
    (root / "a/b/qna.yml").write_bytes(b"other")
    assert refused(root) == "it changed while it was looked at"
    assert (root / "a/b/qna.yml").read_bytes() == b"other"
    assert names(root) == ["a/b/qna.yml"]


def test_a_name_that_is_taken_is_left(root: Path) -> None:
    (root / "a/b/qna.yaml").write_bytes(b"mine")
    assert refused(root, name="qna.yaml") == "there is a qna.yaml already"
    assert (root / "a/b/qna.yaml").read_bytes() == b"mine"
    assert (root / "a/b/qna.yml").read_bytes() == b"old"


def test_a_file_for_reading_only_is_left(root: Path) -> None:
    (root / "a/b/qna.yml").chmod(0o444)
    assert refused(root) == "it is read-only"
    assert (root / "a/b/qna.yml").read_bytes() == b"old"
    assert names(root) == ["a/b/qna.yml"]


def test_links_are_not_followed(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "qna.yml").write_bytes(b"old")
    (root / "a/b/qna.yml").unlink()
    (root / "a/b/qna.yml").symlink_to(outside / "qna.yml")
    refused(root)
    (root / "c").symlink_to(outside)
    refused(root, "c/qna.yml")
    refused(root, "../outside/qna.yml")
    assert names(outside) == ["qna.yml"]
    assert (outside / "qna.yml").read_bytes() == b"old"


def test_a_full_disk_leaves_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    assert refused(root) == os.strerror(28)
    assert names(root) == ["a/b/qna.yml"]
    assert (root / "a/b/qna.yml").read_bytes() == b"old"
