"""Two states of a taxonomy compared through the whole engine, on real repositories in every state that Git has."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from taxonomy_tools.api import changed_leaves, check_changes
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.plan import Selection, plan_diff
from taxonomy_tools.report import Comparison
from tests.leaves import ATTRIBUTION, leaf, lines, skill, told
from tests.repository import Repo, standing_in

A, B, C = "knowledge/a", "compositional_skills/b", "compositional_skills/c/d"
FALLBACK = "the first that exists of upstream/HEAD, upstream/main, origin/HEAD, origin/main, main, master"


def differ(
    repo: Repo, *, base: str | None = "main", head: str | None = None, staged: bool = False, direct: bool = False
) -> list[str]:
    return lines(changed_leaves(repo.path, base=base, head=head, staged=staged, direct=direct))


def everywhere(repo: Repo, *, base: str = "main") -> list[str]:
    """What the working tree, the index and a commit of all that lies there have in common."""
    found = differ(repo, base=base)
    repo.git("add", "--all")
    assert differ(repo, base=base, staged=True) == found
    assert differ(repo, base=base) == found
    repo.commit()
    assert differ(repo, base=base, head="HEAD") == found
    assert differ(repo, base=base, staged=True) == found
    assert differ(repo, base=base) == found
    return found


def comparison(repo: Repo, **options: Any) -> tuple[Comparison, tuple[str, ...]]:
    report = check_changes(repo.path, **options)
    return report.comparison, report.notes


def message_of(call: Callable[[], object]) -> tuple[str, list[tuple[str, ...]]]:
    with pytest.raises(TaxonomyError) as caught:
        call()
    return caught.value.message, [tuple(remedy) for remedy in caught.value.remedies]


@pytest.fixture
def mine(repo: Repo) -> Repo:
    """A branch `mine` off a `main` with three leaves."""
    repo.commit({**leaf(A), **leaf(B), **leaf(C)})
    repo.branch("mine")
    return repo


# What is compared with what


def test_only_what_is_mine_since_the_merge_base(mine: Repo) -> None:
    start = mine.head
    mine.commit(leaf("knowledge/mine"))
    mine.git("switch", "--quiet", "main")
    base = mine.commit(leaf("knowledge/theirs"))
    mine.commit(leaf(B, task="theirs"), message="second")
    mine.git("switch", "--quiet", "mine")
    assert differ(mine) == ["A knowledge/mine"]
    assert differ(mine, direct=True) == [f"M {B}", "A knowledge/mine", "D knowledge/theirs"]
    found, notes = comparison(mine, base="main")
    assert (found, notes) == (
        Comparison(
            head="the working tree",
            base="main",
            reason="--base",
            base_commit=mine.oid("main"),
            start=start,
            direct=False,
            behind=2,
        ),
        (),
    )
    assert comparison(mine, base="main", direct=True)[0] == replace(
        found, start=mine.oid("main"), direct=True, behind=None
    )
    assert comparison(mine, base=base, head="mine")[0] == replace(
        found, head="mine", base=base, base_commit=base, behind=1
    )


def test_after_merging_upstream_others_leaves_are_not_mine(mine: Repo) -> None:
    mine.commit(leaf("knowledge/mine"))
    mine.git("switch", "--quiet", "main")
    mine.commit(leaf("knowledge/theirs"))
    mine.git("switch", "--quiet", "mine")
    mine.git("merge", "--quiet", "--no-edit", "main")
    assert everywhere(mine) == ["A knowledge/mine"]
    # The base moves on: what was merged still is not mine.
    mine.git("switch", "--quiet", "main")
    mine.commit(leaf("knowledge/later"))
    mine.git("switch", "--quiet", "mine")
    assert everywhere(mine) == ["A knowledge/mine"]


def test_a_base_named_main_with_a_branch_my_main(repo: Repo) -> None:
    repo.commit(leaf(A))
    repo.branch("my-main")
    repo.commit(leaf(B))
    assert differ(repo) == [f"A {B}"]


def test_the_side_that_is_checked(mine: Repo) -> None:
    mine.commit(leaf("knowledge/committed"))
    for path, content in leaf("knowledge/staged").items():
        mine.write(path, content)
    mine.git("add", "--all")
    for path, content in leaf("knowledge/untracked").items():
        mine.write(path, content)
    assert differ(mine, head="mine") == ["A knowledge/committed"]
    assert differ(mine, staged=True) == ["A knowledge/committed", "A knowledge/staged"]
    assert differ(mine) == ["A knowledge/committed", "A knowledge/staged", "A knowledge/untracked"]
    assert comparison(mine, base="main", staged=True)[0].head == "the index"


def test_with_the_base_empty_every_leaf_is_added(mine: Repo) -> None:
    mine.commit(leaf("knowledge/e"))
    assert differ(mine, base="empty") == [f"A {C.replace('c/d', 'b')}", f"A {C}", f"A {A}", "A knowledge/e"]
    assert differ(mine, base="empty", head="main") == [f"A {B}", f"A {C}", f"A {A}"]
    assert comparison(mine, base="empty")[0] == Comparison(head="the working tree", base="empty", reason="--base")


def test_the_hash_of_every_file_that_can_be_read(mine: Repo) -> None:
    mine.write(f"{A}/qna.yaml", skill("new"))
    mine.write(f"{B}/attribution.txt", "other\n")
    for path, content in leaf("knowledge/new").items():
        mine.write(path, content)
    found = {
        entry.path: (entry.oid, entry.stored)
        for change in changed_leaves(mine.path, base="main")
        for entry in (change.new.entries if change.new else ())
    }
    mine.git("add", "--all")
    assert found == {
        f"{A}/attribution.txt": (mine.oid(f":{A}/attribution.txt"), True),
        f"{A}/qna.yaml": (mine.oid(f":{A}/qna.yaml"), False),
        f"{B}/attribution.txt": (mine.oid(f":{B}/attribution.txt"), False),
        f"{B}/qna.yaml": (mine.oid(f":{B}/qna.yaml"), True),
        "knowledge/new/attribution.txt": (mine.oid(":knowledge/new/attribution.txt"), False),
        "knowledge/new/qna.yaml": (mine.oid(":knowledge/new/qna.yaml"), False),
    }


def test_a_hooks_refs_are_base_and_head(mine: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    mine.commit(leaf("knowledge/pushed"))
    mine.commit(leaf("knowledge/later"))
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "main")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD~1")
    assert differ(mine, base=None) == ["A knowledge/pushed"]
    assert differ(mine, base=None, staged=True) == ["A knowledge/later", "A knowledge/pushed"]
    assert differ(mine, base=None, head="HEAD") == ["A knowledge/later", "A knowledge/pushed"]


def test_nothing_in_common(mine: Repo) -> None:
    mine.git("switch", "--quiet", "--orphan", "other")
    mine.commit(leaf("knowledge/e"))
    assert message_of(lambda: differ(mine))[0] == "HEAD and main have no common commit."
    assert differ(mine, direct=True) == [f"D {B}", f"D {C}", f"D {A}", "A knowledge/e"]


# Why nothing differs


@pytest.mark.parametrize(
    ("options", "note"),
    [
        pytest.param({}, "HEAD is contained in main, and nothing in the working tree differs.", id="all"),
        pytest.param({"staged": True}, "HEAD is contained in main, and nothing in the index differs.", id="index"),
        pytest.param({"head": "mine"}, "mine is contained in main.", id="commit"),
    ],
)
def test_nothing_differs_says_why(mine: Repo, options: dict[str, str | bool], note: str) -> None:
    assert comparison(mine, base="main", **options)[1] == (f"No leaf changed: {note}",)


def test_nothing_differs_after_a_commit(mine: Repo) -> None:
    mine.commit({"README.md": "other"})
    assert comparison(mine, base="main")[1] == (
        "No leaf changed between the merge base with main and the working tree.",
    )
    assert comparison(mine, base="main", direct=True)[1] == ("No leaf changed between main and the working tree.",)


def test_ignored_leaves_are_named(mine: Repo) -> None:
    mine.commit({".gitignore": "private*\n"})
    for number in range(5):
        mine.write(f"knowledge/private{number}/qna.yaml", skill())
    mine.write("private.txt")
    named = ", ".join(f"knowledge/private{number}/qna.yaml" for number in range(3))
    assert comparison(mine, base="main")[1] == (
        "No leaf changed between the merge base with main and the working tree.",
        f"Leaves that Git ignores are not compared: {named} and 2 more (see `git check-ignore -v`).",
    )


def test_an_empty_tree_has_no_leaf(repo: Repo) -> None:
    repo.commit({"README.md": ""})
    assert comparison(repo, base="empty", head="HEAD")[1] == ("No leaf found: HEAD holds no qna.yaml.",)


# Kinds of repositories


def test_a_taxonomy_in_a_subfolder_of_a_larger_repository(repo: Repo) -> None:
    repo.commit({**leaf(f"data/tax/{A}"), **leaf(f"data/tax/{B}", "x"), **leaf(A)})
    repo.branch("mine")
    repo.write(f"data/tax/{A}/qna.yaml", skill("new"))
    repo.write(f"data/tax/{C}/qna.yaml", repo.write(f"data/tax/{B}/qna.yaml", skill("x")).read_bytes())
    repo.remove(f"data/tax/{B}/qna.yaml")
    repo.write(f"{A}/qna.yaml", skill("elsewhere"))
    expected = [f"R {C} from {B}", f"M {A}"]
    assert lines(changed_leaves(repo.path / "data/tax", base="main")) == expected
    assert told(check_changes(repo.path / "data/tax", base="main", jobs=1)) == [
        f"R {C} from {B}: attribution",
        f"  data/tax/{C}/qna.yaml TX401",
        f"  data/tax/{C}/qna.yaml:4:1 TX304",
        f"M {A}: +0, -0, -1, -2, -3, -4",
        f"  data/tax/{A}/qna.yaml:1:10 TX307",
    ]
    with standing_in(repo.path / "data"):
        assert lines(changed_leaves("tax", base="main")) == expected
        assert lines(changed_leaves("tax/.", base="main")) == expected


def test_a_bare_repository_compares_commits(mine: Repo, tmp_path: Path) -> None:
    mine.commit(leaf("knowledge/mine"))
    bare = mine.clone(tmp_path / "bare.git", "--bare")
    assert differ(bare, head="mine") == ["A knowledge/mine"]
    assert told(check_changes(bare.path, base="main", head="mine", jobs=1)) == told(
        check_changes(mine.path, base="main", jobs=1)
    )
    assert message_of(lambda: differ(bare)) == (
        f"{bare.path} is a bare repository: it has no working tree to look at.",
        [("Compare or check a commit:", "--head HEAD")],
    )


def test_a_linked_worktree(mine: Repo, tmp_path: Path) -> None:
    mine.git("worktree", "add", "--quiet", "-b", "linked", tmp_path / "linked", "main")
    mine.commit(leaf("knowledge/not-here"))
    linked = Repo(path=tmp_path / "linked")
    linked.write("knowledge/here/qna.yaml", skill())
    assert everywhere(linked) == ["A knowledge/here"]


def test_a_detached_head(mine: Repo) -> None:
    mine.commit(leaf("knowledge/e"))
    mine.git("switch", "--quiet", "--detach")
    assert everywhere(mine) == ["A knowledge/e"]


def test_before_the_first_commit(repo: Repo) -> None:
    for path, content in leaf(A).items():
        repo.write(path, content)
    assert differ(repo, base=None) == [f"A {A}"]
    assert differ(repo, base=None, staged=True) == []
    repo.git("add", "--all")
    assert differ(repo, base=None, staged=True) == [f"A {A}"]
    assert comparison(repo)[0] == Comparison(
        head="the working tree", base="empty", reason="this repository has no commit yet"
    )


def test_before_the_first_commit_with_an_upstream(mine: Repo, make_repo: Callable[[str], Repo]) -> None:
    other = make_repo("other")
    other.git("fetch", "--quiet", mine.path, "main:refs/remotes/origin/main")
    other.write(f"{A}/qna.yaml", leaf(A)[f"{A}/qna.yaml"])
    assert differ(other, base=None) == [f"A {A}"]
    with standing_in(other.path):
        assert lines(changed_leaves(direct=True)) == [f"D {B}", f"D {C}", f"M {A}"]


def test_a_shallow_clone_with_the_merge_base(mine: Repo, tmp_path: Path) -> None:
    mine.commit(leaf("knowledge/mine"))
    clone = mine.clone(tmp_path / "clone", "--depth=2", "--branch=mine")
    clone.git("fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    assert differ(clone, base="origin/main") == ["A knowledge/mine"]


def test_a_shallow_clone_without_a_merge_base(mine: Repo, tmp_path: Path) -> None:
    mine.commit(leaf("knowledge/mine"))
    mine.commit(leaf("knowledge/more"))
    clone = mine.clone(tmp_path / "clone", "--depth=1", "--branch=mine")
    clone.git("fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    assert message_of(lambda: differ(clone, base="origin/main")) == (
        "HEAD and origin/main have no common commit here, because this clone is shallow.",
        [
            ("Deepen it:", "git fetch --deepen=100 origin"),
            ("In GitHub Actions:", "actions/checkout with fetch-depth: 0 (or 2 for a pull request)"),
        ],
    )


def announced(repo: Repo, base: str, head: str) -> tuple[list[str], list[str]]:
    said: list[str] = []
    plan = plan_diff(Selection(taxonomy_path=repo.path, base=base, head=head), announce=said.append)
    list(plan.reports(jobs=1))
    return lines(found.change for found in plan.leaves if found.change), said


def test_a_partial_clone_fetches_in_one_announced_batch(mine: Repo, tmp_path: Path) -> None:
    mine.commit({**leaf(B, "other"), **leaf("knowledge/mine")})
    mine.remove(f"{A}/qna.yaml")
    mine.write("knowledge/moved/qna.yaml", skill(*(f"a-{name}" for name in ("one", "two", "three", "x", "y"))))
    mine.commit()
    clone = mine.served().clone(tmp_path / "clone", "--filter=blob:none", "--bare")
    expected = [f"M {B}", "A knowledge/mine", f"R knowledge/moved from {A}"]
    # B, mine, moved: 3 new documents, 2 old ones; one attribution, which all share.
    assert announced(clone, "main", head="mine") == (expected, ["Fetching 6 missing blobs from origin"])
    assert announced(clone, "main", head="mine") == (expected, [])


def test_a_partial_clone_that_cannot_fetch_is_an_error(mine: Repo, tmp_path: Path) -> None:
    mine.commit(leaf("knowledge/mine"))
    clone = mine.served().clone(tmp_path / "clone", "--filter=blob:none", "--bare")
    mine.path.rename(tmp_path / "gone")
    message, remedies = message_of(lambda: announced(clone, "main", head="mine"))
    assert message.startswith(
        "this is a partial clone, and 2 of the blobs to compare could not be fetched from origin ("
    )
    assert remedies == [("Fetch them while there is a connection:", "git fetch --refetch --no-filter origin")]


def test_a_submodule_is_no_missing_blob_of_a_partial_clone(mine: Repo, tmp_path: Path) -> None:
    mine.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},knowledge/module")
    mine.git("commit", "--quiet", "-m", "module")
    clone = mine.served().clone(tmp_path / "clone", "--filter=blob:none", "--bare")
    assert announced(clone, "main", head="mine") == (["A knowledge/module"], [])


@pytest.mark.parametrize("sparse_index", ["false", "true"])
def test_a_sparse_checkout(mine: Repo, sparse_index: str) -> None:
    mine.config(index__sparse=sparse_index)
    mine.git("sparse-checkout", "set", "--cone", "knowledge")
    assert not (mine.path / B).exists()
    assert differ(mine) == []
    assert differ(mine, staged=True) == []
    mine.commit(leaf("knowledge/mine"))
    assert everywhere(mine) == ["A knowledge/mine"]


def test_a_sha256_repository(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r", object_format="sha256")
    repo.commit({**leaf(A), **leaf(B)})
    repo.branch("mine")
    (repo.path / B).rename(repo.path / "compositional_skills/moved")
    repo.write(f"{A}/qna.yaml", skill("new"))
    os.utime(repo.path / A / "attribution.txt", (1, 1))
    [moved, modified] = changed_leaves(repo.path, base="main")
    assert lines([moved, modified]) == [f"R compositional_skills/moved from {B}", f"M {A}"]
    assert moved.new is not None
    assert moved.new.qna is not None
    assert moved.new.qna.oid == repo.oid(f"main:{B}/qna.yaml")
    assert everywhere(repo) == [f"R compositional_skills/moved from {B}", f"M {A}"]


# In the middle of something


def conflict(repo: Repo) -> None:
    """Leave the index of `mine` with a conflict in A, after `main` changed other leaves too."""
    repo.commit({f"{A}/qna.yaml": skill("mine")})
    repo.commit(leaf("compositional_skills/mine"))
    repo.git("switch", "--quiet", "main")
    repo.commit({f"{A}/qna.yaml": skill("theirs"), **leaf("knowledge/theirs"), **leaf(B, "theirs")})
    repo.git("switch", "--quiet", "mine")


def test_a_merge_in_progress(mine: Repo) -> None:
    conflict(mine)
    mine.git("merge", "--quiet", "main", check=False)
    assert (mine.path / ".git/MERGE_HEAD").exists()
    for staged in (False, True):
        report = check_changes(mine.path, base="main", staged=staged, jobs=1)
        assert told(report) == ["A compositional_skills/mine", f"M {A}", f"  {A}/qna.yaml TX007"]
        assert (report.comparison.start, report.comparison.behind) == (mine.oid("main"), 0)
    assert differ(mine, head="HEAD") == ["A compositional_skills/mine", f"M {A}"]
    mine.write(f"{A}/qna.yaml", skill("theirs"))
    mine.git("add", "--all")
    assert differ(mine) == ["A compositional_skills/mine"]
    assert differ(mine, staged=True) == ["A compositional_skills/mine"]


def test_a_conflict_between_a_change_and_a_removal(mine: Repo) -> None:
    mine.commit({f"{A}/qna.yaml": skill("mine")})
    mine.git("switch", "--quiet", "main")
    mine.remove(f"{A}/qna.yaml")
    mine.commit()
    mine.git("switch", "--quiet", "mine")
    mine.git("merge", "--quiet", "main", check=False)
    for staged in (False, True):
        assert told(check_changes(mine.path, base="main", staged=staged, jobs=1)) == [
            f"A {A}",
            f"  {A}/qna.yaml TX007",
        ]


def test_a_rebase_in_progress(mine: Repo) -> None:
    conflict(mine)
    mine.git("rebase", "--quiet", "main", check=False)
    assert (mine.path / ".git/rebase-merge").exists()
    for staged in (False, True):
        report = check_changes(mine.path, base="main", staged=staged, jobs=1)
        assert told(report) == [f"M {A}", f"  {A}/qna.yaml TX007"]
    mine.write(f"{A}/qna.yaml", skill(task="both"))
    mine.git("add", "--all")
    mine.git("-c", "core.editor=true", "rebase", "--continue")
    assert everywhere(mine) == ["A compositional_skills/mine", f"M {A}"]


def test_an_intent_to_add_is_not_in_the_index(mine: Repo) -> None:
    for path, content in leaf("knowledge/intended").items():
        mine.write(path, content)
    mine.git("add", "--intent-to-add", "--all")
    assert differ(mine) == ["A knowledge/intended"]
    assert differ(mine, staged=True) == []


# What only looks changed


def test_touched_files_and_modes_are_no_change(mine: Repo) -> None:
    mine.link("knowledge/link", "elsewhere")
    mine.commit()
    mine.git("branch", "--force", "main")
    for file in (f"{A}/qna.yaml", f"{B}/attribution.txt"):
        os.utime(mine.path / file, (1, 1))
    (mine.path / C / "qna.yaml").chmod(0o755)
    os.utime(mine.path / "knowledge/link", (1, 1), follow_symlinks=False)
    assert everywhere(mine) == []


def test_a_copied_repository_whose_index_knows_no_file(mine: Repo, tmp_path: Path) -> None:
    mine.link("knowledge/link", "elsewhere")
    mine.commit()
    mine.git("branch", "--force", "main")
    shutil.copytree(mine.path, tmp_path / "copy", symlinks=True)
    copy = Repo(path=tmp_path / "copy")
    assert differ(copy) == []
    (copy.path / "knowledge/link").unlink()
    copy.link("knowledge/link", "elsewherf")
    assert everywhere(copy) == ["M knowledge/link"]


def test_a_change_as_old_as_the_index_is_seen(mine: Repo) -> None:
    before = (mine.path / A / "qna.yaml").stat()
    content = (mine.path / A / "qna.yaml").read_bytes()
    mine.write(f"{A}/qna.yaml", content.replace(b"say", b"sai"))
    os.utime(mine.path / A / "qna.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(mine.path / ".git/index", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert differ(mine) == [f"M {A}"]


def test_removed_from_the_index_but_not_from_disk(mine: Repo) -> None:
    mine.git("rm", "--cached", "--quiet", "-r", A)
    assert differ(mine) == []
    assert differ(mine, staged=True) == [f"D {A}"]


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"a\nb\n", id="LF"), pytest.param(b"a\r\nb\r\n", id="CRLF"), pytest.param(b"a\r\nb\n", id="mixed")],
)
@pytest.mark.parametrize("attributes", ["", "* text=auto\n", "*.yaml text eol=crlf\n", "* -text\n"])
@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
def test_line_ends_as_git_would_commit_them(mine: Repo, autocrlf: str, attributes: str, content: bytes) -> None:
    mine.config(core__autocrlf=autocrlf, core__safecrlf="false")
    mine.write(".gitattributes", attributes)
    mine.write("knowledge/new/qna.yaml", content)
    mine.write(f"{A}/qna.yaml", (mine.path / A / "qna.yaml").read_bytes().replace(b"\n", b"\r\n"))
    everywhere(mine)


# What stands in a leaf's place


def test_submodules_and_nested_repositories(mine: Repo, make_repo: Callable[[str], Repo]) -> None:
    module = make_repo("module")
    module.commit({"qna.yaml": skill()})
    mine.git("submodule", "--quiet", "add", module.path, "knowledge/module")
    nested = Repo.init(mine.path / "knowledge/nested")
    nested.write("qna.yaml", skill())
    assert told(check_changes(mine.path, base="main", jobs=1)) == [
        "A knowledge/module",
        "  knowledge/module TX006",
        "A knowledge/nested",
        "  knowledge/nested TX006",
    ]
    assert differ(mine, staged=True) == ["A knowledge/module"]
    # Dirt inside of it is its own affair.
    shutil.rmtree(nested.path)
    mine.commit()
    mine.git("branch", "--force", "main")
    mine.write("knowledge/module/qna.yaml", "dirty")
    assert differ(mine) == []


def test_a_leaf_that_becomes_a_repository(mine: Repo) -> None:
    mine.git("rm", "--quiet", "-r", A)
    nested = Repo.init(mine.path / A)
    nested.commit({"qna.yaml": skill()})
    assert differ(mine) == [f"M {A}"]
    mine.git("add", "--all")
    assert differ(mine, staged=True) == [f"M {A}"]
    assert told(check_changes(mine.path, base="main", jobs=1)) == [f"M {A}", f"  {A} TX006"]


def test_a_leaf_that_becomes_a_link(mine: Repo, tmp_path: Path) -> None:
    (mine.path / A).rename(tmp_path / "outside")
    mine.link(A, os.fspath(tmp_path / "outside"))
    mine.remove(f"{B}/qna.yaml")
    mine.link(f"{B}/qna.yaml", "../c/d/qna.yaml")
    expected = [f"M {B}", f"  {B}/qna.yaml TX006", f"M {A}", f"  {A} TX006"]
    assert told(check_changes(mine.path, base="main", jobs=1)) == expected
    assert everywhere(mine) == [f"M {B}", f"M {A}"]
    assert told(check_changes(mine.path, base="main", head="HEAD", jobs=1)) == expected


def test_a_link_becomes_a_leaf_or_goes(mine: Repo) -> None:
    mine.link("knowledge/link", "a")
    mine.link("knowledge/other", "a")
    mine.link("knowledge/file/qna.yaml", "../a/qna.yaml")
    mine.commit()
    mine.git("branch", "--force", "main")
    for path in ("knowledge/link", "knowledge/other", "knowledge/file/qna.yaml"):
        mine.remove(path)
    mine.write("knowledge/link/qna.yaml", skill())
    assert everywhere(mine) == ["D knowledge/file", "M knowledge/link"]


def test_a_link_is_no_copy_of_what_its_target_spells(mine: Repo) -> None:
    mine.commit({f"{A}/qna.yaml": "target"})
    mine.git("branch", "--force", "main")
    mine.remove(f"{A}/qna.yaml")
    mine.link("knowledge/link/qna.yaml", "target")
    assert everywhere(mine) == [f"D {A}", "A knowledge/link"]


def test_a_folder_named_as_a_leaf_file(mine: Repo) -> None:
    mine.commit({"knowledge/odd/qna.yaml/note": "", "knowledge/odd/attribution.txt": "1"})
    mine.git("branch", "--force", "main")
    mine.write("knowledge/odd/attribution.txt", "2")
    assert everywhere(mine) == []
    mine.remove(f"{A}/qna.yaml")
    mine.write(f"{A}/qna.yaml/qna.yaml", skill("inside"))
    assert everywhere(mine) == [f"D {A}", f"A {A}/qna.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("qna.yaml", "qna.yml", ["M knowledge/e", "  knowledge/e/qna.yml TX101"], id="misnamed now"),
        pytest.param("qna.yml", "qna.yaml", ["M knowledge/e"], id="misnamed before"),
        pytest.param("QNA.YAML", "qna.yml", ["M knowledge/e", "  knowledge/e/qna.yml TX101"], id="misnamed always"),
        pytest.param("qna.yaml", "qna.yaml qna.yml", ["M knowledge/e", "  knowledge/e/qna.yml TX101"], id="both now"),
        pytest.param("qna.yaml qna.yml", "qna.yaml", ["M knowledge/e"], id="both before"),
        pytest.param("qna.yaml qna.yml", "", ["D knowledge/e"], id="both removed"),
        pytest.param("", "qna.yml", ["A knowledge/e", "  knowledge/e/qna.yml TX101"], id="misnamed and new"),
    ],
)
def test_misnamed_leaf_files(mine: Repo, old: str, new: str, expected: list[str]) -> None:
    mine.commit(
        {"knowledge/e/attribution.txt": ATTRIBUTION, **{f"knowledge/e/{name}": skill() for name in old.split()}}
    )
    mine.git("branch", "--force", "main")
    for name in old.split():
        mine.remove(f"knowledge/e/{name}")
    for name in new.split():
        mine.write(f"knowledge/e/{name}", skill())
    found = told(check_changes(mine.path, base="main", jobs=1))
    assert [line for line in found if " TX3" not in line] == expected
    assert everywhere(mine) == expected[:1]


# Names


NAMES = [
    pytest.param("with space", id="a space"),
    pytest.param('qu"ote', id="a quote"),
    pytest.param("back\\slash", id="a backslash"),
    pytest.param("line\nend", id="a line end"),
    pytest.param("tab\tstop\r", id="control characters"),
    pytest.param(" -C", id="like an option"),
    pytest.param(":(glob)*[a]?", id="pathspec magic"),
    pytest.param("дом/東京/مرحبا", id="other alphabets"),
    pytest.param("caf\u00e9", id="NFC"),
    pytest.param("cafe\u0301", id="NFD"),
    pytest.param(os.fsdecode(b"\xff\xfe"), id="not UTF-8"),
    pytest.param("a -> b", id="like a rename"),
]


@pytest.mark.parametrize("quote", ["true", "false"])
@pytest.mark.parametrize("name", NAMES)
def test_names_come_as_they_are(mine: Repo, name: str, quote: str) -> None:
    mine.config(core__quotePath=quote)
    mine.commit({**leaf(f"knowledge/{name}/old", "x", "y"), **leaf(f"knowledge/{name}/kept")})
    mine.git("branch", "--force", "main")
    (mine.path / "knowledge" / name / "old").rename(mine.path / "knowledge" / name / "new")
    mine.write(f"knowledge/{name}/kept/attribution.txt", "other")
    assert everywhere(mine) == [
        f"M knowledge/{name}/kept",
        f"R knowledge/{name}/new from knowledge/{name}/old",
    ]


def test_two_spellings_of_a_letter_are_two_leaves(mine: Repo) -> None:
    mine.commit(leaf("knowledge/caf\u00e9", "x"))
    mine.git("branch", "--force", "main")
    mine.commit(leaf("knowledge/cafe\u0301", "y"))
    assert everywhere(mine) == ["A knowledge/cafe\u0301"]
    shutil.rmtree(mine.path / "knowledge/caf\u00e9")
    mine.write("knowledge/cafe\u0301/qna.yaml", skill("x"))
    assert everywhere(mine) == ["R knowledge/cafe\u0301 from knowledge/caf\u00e9"]


# Settings that change what `git diff` says


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.renames", "copies"),
        ("diff.renames", "false"),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.relative", "true"),
        ("diff.orderFile", "order"),
        ("diff.ignoreSubmodules", "all"),
        ("diff.submodule", "log"),
        ("diff.algorithm", "histogram"),
        ("diff.context", "0"),
        ("diff.wordRegex", "."),
        ("diff.autoRefreshIndex", "false"),
        ("core.quotePath", "false"),
        ("core.abbrev", "4"),
        ("core.untrackedCache", "true"),
        ("status.showUntrackedFiles", "no"),
        ("status.renames", "copies"),
        ("color.ui", "always"),
        ("log.showSignature", "true"),
    ],
)
def test_settings_do_not_change_the_result(mine: Repo, key: str, value: str) -> None:
    mine.write("order", "*/qna.yaml\n*\n")
    mine.git("config", key, value)
    (mine.path / C).rename(mine.path / "knowledge/moved")
    mine.write(f"{A}/qna.yaml", skill("new"))
    mine.write("knowledge/new/qna.yaml", skill())
    expected = [f"M {A}", f"R knowledge/moved from {C}", "A knowledge/new"]
    with standing_in(mine.path / "knowledge"):
        assert everywhere(mine) == expected
        assert lines(changed_leaves(mine.path, base="main")) == expected


def test_nothing_of_the_config_and_attributes_runs(mine: Repo, tmp_path: Path) -> None:
    (mine.path / C).rename(mine.path / "knowledge/moved")
    mine.commit(leaf("knowledge/committed"))
    mine.write(f"{A}/qna.yaml", skill("new\r"))
    mine.write("knowledge/new/qna.yaml", skill())
    os.utime(mine.path / B / "qna.yaml", (1, 1))
    run = f"touch {tmp_path / 'pwned'}"
    for key in ("clean", "smudge", "process"):
        mine.git("config", f"filter.trap.{key}", run)
    for key in ("diff.external", "diff.trap.command", "diff.trap.textconv", "core.fsmonitor", "core.pager"):
        mine.git("config", key, run)
    mine.git("config", "filter.trap.required", "true")
    mine.write(".git/info/attributes", "* filter=trap diff=trap\n")
    comparison(mine, base="main", jobs=1)
    comparison(mine, base="main", jobs=1, staged=True)
    comparison(mine, base="main", jobs=1, head="mine")
    assert differ(mine) == [
        f"M {A}",
        "A knowledge/committed",
        f"R knowledge/moved from {C}",
        "A knowledge/new",
    ]
    assert not (tmp_path / "pwned").exists()


def test_the_default_base_is_said(mine: Repo, tmp_path: Path) -> None:
    clone = mine.clone(tmp_path / "clone", origin="upstream")
    clone.commit(leaf("knowledge/mine"))
    mine.git("switch", "--quiet", "main")
    found, _ = comparison(clone)
    assert (found.base, found.reason, found.behind) == ("upstream/mine", FALLBACK, 0)
    assert differ(clone, base=None) == ["A knowledge/mine"]


def test_what_cannot_be_compared_is_no_empty_answer(tmp_path: Path) -> None:
    (tmp_path / A).mkdir(parents=True)
    (tmp_path / A / "qna.yaml").write_text(skill())
    for place in (tmp_path, tmp_path / A / "qna.yaml"):
        assert message_of(partial(changed_leaves, place))[0] == (
            f"there is nothing to compare {place} with: it is not a Git repository."
        )
