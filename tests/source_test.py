"""`taxonomy_tools.source`: the same files and bytes, wherever they come from."""

import os
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from taxonomy_tools import source as source_module
from taxonomy_tools.git import Repository
from taxonomy_tools.source import (
    MAX_BYTES,
    Entry,
    FileChange,
    Folder,
    Index,
    Revision,
    Source,
    Unreadable,
    WorkTree,
    blob_oid,
    read_beneath,
    stands_for_leaf,
)
from tests.repository import Repo

QNA = "knowledge/a/qna.yaml"
ATTRIBUTION = "knowledge/a/attribution.txt"


def worktree(repo: Repo, folder: str = "") -> WorkTree:
    return WorkTree(repository=Repository.discover(repo.path), folder=folder)


def index(repo: Repo, folder: str = "") -> Index:
    return Index(repository=Repository.discover(repo.path), folder=folder)


def revision(repo: Repo, ref: str = "HEAD", folder: str = "") -> Revision:
    repository = Repository.discover(repo.path)
    return Revision(repository=repository, commit=repository.resolve(ref), label=ref, folder=folder)


def contents(source: Source) -> dict[str, bytes | Unreadable]:
    entries = list(source.list())
    return {entry.path: read for entry, read in zip(entries, source.read(entries), strict=True)}


def sides(changes: Iterable[FileChange]) -> list[tuple[str, int, int]]:
    return [
        (change.path, change.old.mode if change.old else 0, change.new.mode if change.new else 0) for change in changes
    ]


def only(source: Source, path: str) -> bytes | Unreadable:
    return contents(source)[path]


def not_regular(what: str) -> Unreadable:
    return Unreadable(code="TX006", message=f"is {what}: put the file itself there")


# What is listed


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("folder", ["", "deep/taxonomy", "with space", os.fsdecode(b"\xff")])
def test_every_source_lists_and_reads_the_same(tmp_path: Path, folder: str, object_format: str) -> None:
    repo = Repo.init(tmp_path / "r", object_format=object_format)
    top = f"{folder}/" if folder else ""
    leaf = {
        QNA: b"a: 1\n",
        ATTRIBUTION: b"x\n",
        "compositional_skills/ \xc3\xbc \n'\"/qna.yml".encode("latin-1").decode(): b"",
        "elsewhere/QNA.YAML": b"\xff\0",
    }
    repo.write(f"{top}README.md")
    repo.write(f"{top}knowledge/a/notes.txt")
    repo.write("beside/qna.yaml", "not ours" if folder else "")
    for path, content in leaf.items():
        repo.write(f"{top}{path}", content)
    if not folder:
        leaf["beside/qna.yaml"] = b""
    expected = dict(sorted(leaf.items()))
    untracked = contents(worktree(repo, folder))
    assert untracked == expected
    assert list(untracked) == list(expected)
    repo.git("add", "--all")
    assert contents(index(repo, folder)) == expected
    assert contents(worktree(repo, folder)) == expected
    repo.commit()
    assert contents(revision(repo, folder=folder)) == expected
    assert contents(worktree(repo, folder)) == expected


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    repo = Repo(path=tmp_path)
    repo.write(QNA, "a: 1\r\n")
    repo.write(ATTRIBUTION, "x")
    repo.write("notes.txt")
    repo.write("knowledge/nested/.git", "gitdir: elsewhere")
    repo.write("knowledge/nested/qna.yaml")
    repo.link("knowledge/link", "a")
    repo.link("knowledge/note.txt", "a")
    repo.link("knowledge/b/qna.yaml", "../a/qna.yaml")
    assert contents(Folder(root=tmp_path)) == {
        ATTRIBUTION: b"x",
        QNA: b"a: 1\r\n",
        "knowledge/b/qna.yaml": not_regular("a symbolic link"),
        "knowledge/link": not_regular("a symbolic link"),
        "knowledge/nested": not_regular("a nested repository"),
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    closed = tmp_path / "knowledge/closed"
    closed.mkdir(parents=True)
    closed.chmod(0)
    try:
        assert contents(Folder(root=tmp_path)) == {
            "knowledge/closed": Unreadable(code="TX001", message="is a folder that cannot be listed")
        }
    finally:
        closed.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_folder_of_a_repository_that_cannot_be_listed(repo: Repo) -> None:
    repo.write("knowledge/closed/qna.yaml")
    (repo.path / "knowledge/closed").chmod(0)
    try:
        assert contents(worktree(repo)) == {
            "knowledge/closed": Unreadable(code="TX001", message="is a folder that cannot be listed")
        }
    finally:
        (repo.path / "knowledge/closed").chmod(0o700)


@pytest.mark.parametrize(
    ("path", "mode", "stands"),
    [
        pytest.param("knowledge/a/qna.yaml", 0o100644, True, id="a leaf file"),
        pytest.param("anywhere/qna.yaml", 0o120000, True, id="a link named as one"),
        pytest.param("knowledge/a", 0o120000, True, id="a link where a leaf's folder should be"),
        pytest.param("knowledge", 0o120000, True, id="a link where a taxonomy's folder should be"),
        pytest.param("knowledge/v1.0", 0o120000, True, id="a link whose name only looks like a file's"),
        pytest.param("knowledge/README.md", 0o120000, False, id="a link to a document"),
        pytest.param("docs/a", 0o120000, False, id="a link outside of the taxonomy's folders"),
        pytest.param("knowledge/a", 0o160000, True, id="a submodule where a leaf's folder should be"),
        pytest.param("vendor/a", 0o160000, False, id="a submodule elsewhere"),
        pytest.param("knowledge/a/notes.txt", 0o100644, False, id="another file"),
    ],
)
def test_what_stands_for_a_leaf(path: str, mode: int, stands: bool) -> None:
    assert stands_for_leaf(path, mode) is stands


def test_links_submodules_and_nested_repositories_are_named_not_entered(repo: Repo, tmp_path: Path) -> None:
    inner = Repo.init(tmp_path / "inner")
    inner.commit({"qna.yaml": "1"})
    repo.link("knowledge/b/qna.yaml", "/etc/passwd")
    repo.link("knowledge/link", "../../outside")
    repo.write("knowledge/real/qna.yaml", "1")
    repo.git("submodule", "--quiet", "add", inner.path.as_uri(), "knowledge/module")
    expected = {
        "knowledge/b/qna.yaml": not_regular("a symbolic link"),
        "knowledge/link": not_regular("a symbolic link"),
        "knowledge/module": not_regular("a submodule"),
        "knowledge/real/qna.yaml": b"1",
    }
    nested = {"knowledge/nested": not_regular("a nested repository")}
    Repo.init(repo.path / "knowledge/nested").write("qna.yaml")
    assert contents(worktree(repo)) == expected | nested
    repo.git("add", "knowledge/b", "knowledge/link", "knowledge/real")
    repo.git("commit", "--quiet", "-m", "all")
    assert contents(worktree(repo)) == expected | nested
    assert contents(index(repo)) == expected
    assert contents(revision(repo)) == expected


# What differs


def test_changes_against_a_commit(repo: Repo) -> None:
    base = repo.commit({QNA: "1", ATTRIBUTION: "1", "knowledge/gone/qna.yaml": "1", "notes": "1"})
    repo.write(QNA, "2")
    repo.remove("knowledge/gone/qna.yaml")
    repo.write("knowledge/new/qna.yaml", "3")
    repo.write("notes", "2")
    expected = [
        (QNA, 0o100644, 0o100644),
        ("knowledge/gone/qna.yaml", 0o100644, 0),
        ("knowledge/new/qna.yaml", 0, 0o100644),
    ]
    assert sides(worktree(repo).changes(base)) == expected
    repo.git("add", "--all")
    assert sides(index(repo).changes(base)) == expected
    repo.commit()
    assert sides(revision(repo).changes(base)) == expected


def test_a_leaf_that_became_a_link(repo: Repo) -> None:
    base = repo.commit({QNA: "1"})
    repo.remove(QNA)
    repo.link(QNA, "other")
    assert sides(worktree(repo).changes(base)) == [(QNA, 0o100644, 0o120000)]
    assert only(worktree(repo), QNA) == not_regular("a symbolic link")


def test_a_folder_that_became_a_link(repo: Repo, tmp_path: Path) -> None:
    base = repo.commit({QNA: "1"})
    (repo.path / "knowledge/a").rename(tmp_path / "outside")
    repo.link("knowledge/a", "../../outside")
    source = worktree(repo)
    assert sides(source.changes(base)) == [("knowledge/a", 0, 0o120000), (QNA, 0o100644, 0)]
    entry = Entry(path=QNA, mode=0o100644, oid=None)
    assert list(source.read([entry])) == [not_regular("below `knowledge/a`, which is a symbolic link")]


def test_removed_from_the_index_but_still_there(repo: Repo) -> None:
    base = repo.commit({QNA: "1"})
    repo.git("rm", "--quiet", "--cached", QNA)
    [change] = worktree(repo).changes(base)
    assert change.old is not None
    assert change.new == Entry(path=QNA, mode=0o100644, oid=None)
    [data] = worktree(repo).read([change.new])
    assert isinstance(data, bytes)
    assert blob_oid(data, "sha1") == change.old.oid


def test_a_touched_file_differs_in_nothing(repo: Repo) -> None:
    base = repo.commit({QNA: "1"})
    os.utime(repo.path / QNA, (1, 1))
    [change] = worktree(repo).changes(base)
    assert change.old is not None
    assert change.new is not None
    [data] = worktree(repo).read([change.new])
    assert isinstance(data, bytes)
    assert (change.new.oid, blob_oid(data, "sha1")) == (None, change.old.oid)


def test_unresolved_conflicts(repo: Repo) -> None:
    repo.commit({QNA: "1", ATTRIBUTION: "1"})
    repo.branch("topic")
    repo.commit({QNA: "2"})
    repo.git("switch", "--quiet", "main")
    base = repo.commit({QNA: "3"})
    repo.git("merge", "--quiet", "topic", check=False)
    unmerged = Unreadable(code="TX007", message="has unresolved conflicts: resolve them and `git add` the file")
    for source in (worktree(repo), index(repo)):
        [change] = source.changes(base)
        assert change.old == Entry(path=QNA, mode=0o100644, oid=repo.oid(f"HEAD:{QNA}"))
        assert change.new == Entry(path=QNA, mode=0o100644, oid=None)
        assert contents(source) == {ATTRIBUTION: b"1", QNA: unmerged}
    # Also for one who asks for the file without having asked what differs.
    entry = Entry(path=QNA, mode=0o100644, oid=None)
    assert list(worktree(repo).read([entry])) == [unmerged]
    assert list(worktree(repo, "knowledge").read([Entry(path="a/qna.yaml", mode=0o100644, oid=None)])) == [unmerged]
    repo.remove(QNA)
    assert contents(worktree(repo)) == {ATTRIBUTION: b"1", QNA: unmerged}


def test_an_intended_leaf_is_in_the_working_tree_alone(repo: Repo) -> None:
    base = repo.commit()
    repo.write(QNA, "1")
    repo.git("add", "--intent-to-add", QNA)
    assert contents(index(repo)) == {}
    assert sides(worktree(repo).changes(base)) == [(QNA, 0, 0o100644)]
    assert contents(worktree(repo)) == {QNA: b"1"}


def test_leaves_that_git_ignores(repo: Repo) -> None:
    repo.commit({"t/.gitignore": "private\n"})
    repo.write("t/knowledge/private/qna.yaml")
    repo.write("t/knowledge/private/notes")
    assert list(worktree(repo).ignored()) == ["t/knowledge/private/qna.yaml"]
    assert list(worktree(repo, "t").ignored()) == ["knowledge/private/qna.yaml"]
    assert contents(worktree(repo, "t")) == {}


def test_a_sparse_checkout_is_read_from_the_object_database(repo: Repo) -> None:
    repo.commit({QNA: "1", "knowledge/b/qna.yaml": "2"})
    repo.git("sparse-checkout", "init", "--cone")
    repo.git("sparse-checkout", "set", "knowledge/a")
    assert contents(worktree(repo)) == {QNA: b"1", "knowledge/b/qna.yaml": b"2"}


# What is read


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("data", [b"", b"a\r\nb", b"\0\xff" * 1000])
def test_the_hash_of_a_blob_is_gits(tmp_path: Path, data: bytes, object_format: str) -> None:
    repo = Repo.init(tmp_path / "r", object_format=object_format)
    assert blob_oid(data, object_format) == repo.git("hash-object", "--stdin", stdin=data).decode().strip()


def too_large(size: int) -> Unreadable:
    return Unreadable(code="TX005", message=f"has {size:,} bytes, more than the 1,048,576 that are read")


def test_what_is_too_large_is_not_read(repo: Repo) -> None:
    repo.write(QNA, b"x" * MAX_BYTES)
    repo.write(ATTRIBUTION, b"x" * (MAX_BYTES + 1))
    repo.write("knowledge/b/qna.yaml", b"after it")
    expected = {ATTRIBUTION: too_large(MAX_BYTES + 1), QNA: b"x" * MAX_BYTES, "knowledge/b/qna.yaml": b"after it"}
    assert contents(worktree(repo)) == expected
    repo.commit()
    assert contents(worktree(repo)) == expected
    assert contents(revision(repo)) == expected
    assert contents(Folder(root=repo.path)) == expected


def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    assert read_beneath(Path("/proc/self"), "maps", limit=10) == Unreadable(
        code="TX005", message="has 11 bytes, more than the 10 that are read"
    )


def test_a_file_that_vanished(repo: Repo) -> None:
    vanished = Unreadable(code="TX001", message="vanished while it was being read")
    repo.write("knowledge/file", "x")
    entries = [
        Entry(path=path, mode=0o100644, oid=None) for path in (QNA, "knowledge/none/deep/qna.yaml", "knowledge/file/x")
    ]
    assert list(worktree(repo).read(entries)) == [vanished, vanished, vanished]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_without_permission(repo: Repo) -> None:
    repo.write(QNA, "x").chmod(0)
    assert only(worktree(repo), QNA) == Unreadable(code="TX001", message="cannot be read: Permission denied")


@pytest.mark.parametrize("kind", ["a named pipe", "a socket or a device", "a folder"])
def test_what_is_no_regular_file(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "qna.yaml"
    if kind == "a named pipe":
        os.mkfifo(place)
    elif kind == "a folder":
        place.mkdir()
    else:
        before = Path.cwd()
        os.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("qna.yaml")
        os.chdir(before)
    assert read_beneath(tmp_path, "qna.yaml") == not_regular(kind)


def test_a_tracked_file_that_became_a_pipe_blocks_nobody(repo: Repo) -> None:
    repo.commit({QNA: "1"})
    repo.remove(QNA)
    os.mkfifo(repo.path / QNA)
    assert contents(worktree(repo)) == {QNA: not_regular("a named pipe")}


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/passwd", "", "a//b", "./secret"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "root/a").mkdir(parents=True)
    assert read_beneath(tmp_path / "root", path) == Unreadable(
        code="TX001", message="cannot be read: it leads out of the taxonomy"
    )


@pytest.mark.parametrize("beneath", [True, False], ids=["one component after the other", "by path"])
def test_no_link_is_followed_on_either_way(tmp_path: Path, beneath: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_BENEATH", beneath)
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "real/qna.yaml").write_text("x")
    (root / "link").symlink_to("real")
    (root / "real/link.yaml").symlink_to("qna.yaml")
    (root / "real/loop").symlink_to("loop")
    assert read_beneath(root, "real/qna.yaml") == b"x"
    assert read_beneath(root, "link/qna.yaml") == not_regular("below `link`, which is a symbolic link")
    assert read_beneath(root, "real/link.yaml") == not_regular("a symbolic link")
    assert read_beneath(root, "real/loop") == not_regular("a symbolic link")
    assert read_beneath(root, "real/none") == Unreadable(code="TX001", message="vanished while it was being read")


def test_a_thousand_files_from_both_places_stay_in_order(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_CHUNK", 7)
    repo.commit({f"knowledge/{number:04}/qna.yaml": f"{number}" for number in range(0, 100, 2)})
    for number in range(1, 100, 2):
        repo.write(f"knowledge/{number:04}/qna.yaml", f"{number}\r\n" if number % 3 else f"{number}")
    found = contents(worktree(repo))
    assert found == {
        f"knowledge/{number:04}/qna.yaml": b"%d\r\n" % number if number % 2 and number % 3 else b"%d" % number
        for number in range(100)
    }


def test_reading_can_be_left_early(repo: Repo) -> None:
    repo.commit({f"knowledge/{number}/qna.yaml": "x" * 100_000 for number in range(50)})
    source = revision(repo)
    reading = source.read(list(source.list()))
    assert next(reading) == b"x" * 100_000
    del reading
    assert threading.active_count() == 1


def test_a_partial_clone_is_fetched_in_one_announced_batch(repo: Repo, tmp_path: Path) -> None:
    repo.commit({f"knowledge/{number}/qna.yaml": f"{number}" for number in range(5)})
    clone = repo.served().clone(tmp_path / "clone", "--filter=blob:none", "--no-checkout")
    repository = Repository.discover(clone.path)
    said: list[str] = []
    source = Revision(repository=repository, commit=repo.head, label="main", announce=said.append)
    assert list(contents(source).values()) == [b"0", b"1", b"2", b"3", b"4"]
    assert said == ["Fetching 5 missing blobs from origin"]


# Line ends

CONTENTS = {
    "lf": b"a\nb\n",
    "crlf": b"a\r\nb\r\n",
    "mixed": b"a\r\nb\nc\r\n",
    "lone-cr": b"a\rb\r\nc\n",
    "cr-cr-lf": b"a\r\r\nb\n",
    "no-end": b"a\r\nb",
    "only": b"\r\n",
    "nul": b"a\0\r\nb\r\n",
    "control": b"\x01\x02\r\nb\r\n",
    "text-with-few-controls": b"x" * 300 + b"\x01\r\n",
    "dos-eof": b"a\r\nb\r\n\x1a",
    "utf-8": "ü\r\n漢\r\n".encode(),
    "utf-16": "a\r\nb\r\n".encode("utf-16"),
}
BEFORE = {"untracked": None, "was-lf": b"z\n", "was-crlf": b"z\r\n", "was-mixed": b"z\r\ny\n", "was-binary": b"\0\r\n"}
ATTRIBUTES = [
    *("", "* text", "* -text", "* text=auto", "* !text", "* binary", "* eol=lf", "* eol=crlf", "* text=auto eol=lf"),
    *("* text=auto eol=crlf", "* text eol=crlf", "* text eol=lf", "* -text eol=crlf", "* crlf", "* -crlf"),
    *("* crlf=input", "* text=input", "* text=nonsense", "*.yaml text=auto\nknowledge/c*/** -text"),
]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize("autocrlf", ["", "false", "true", "input", "INPUT", "1", "on"])
def test_line_ends_are_those_that_git_would_record(repo: Repo, autocrlf: str, attributes: str) -> None:
    if autocrlf:
        repo.config(core__autocrlf=autocrlf)
    repo.write(".git/info/attributes", f"{attributes}\n")
    for name, content in CONTENTS.items():
        for state, before in BEFORE.items():
            path = f"knowledge/{name}-{state}/qna.yaml"
            if before is not None:
                repo.stage(path, before)
            repo.write(path, content)
    read = contents(worktree(repo))
    assert len(read) == len(CONTENTS) * len(BEFORE)
    repo.git("-c", "core.safecrlf=false", "add", "--all")
    assert read == contents(index(repo))


def test_line_ends_without_a_hidden_read_of_the_whole_file(repo: Repo) -> None:
    repo.config(core__autocrlf="true")
    repo.write("sub/knowledge/a/qna.yaml", "a\r\n")
    repo.write("sub/knowledge/-b *?/qna.yaml", "b\r\n")
    repo.write("knowledge/a/qna.yaml", "c\r\n")
    assert contents(worktree(repo, "sub")) == {"knowledge/-b *?/qna.yaml": b"b\n", "knowledge/a/qna.yaml": b"a\n"}


def test_labels(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    sources: tuple[Source, ...] = (worktree(repo), index(repo), revision(repo, "main"), Folder(root=tmp_path))
    assert [source.label for source in sources] == ["the working tree", "the index", "main", "the folder"]
