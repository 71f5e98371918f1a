"""What the user named, and which leaves a run then looks at."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.plan import Plan, Selection, plan_check, plan_diff
from taxonomy_tools.report import Comparison
from tests.leaves import leaf, lines, skill
from tests.repository import Repo, standing_in

A, B, C = "knowledge/a", "knowledge/b", "knowledge/b/c"


@pytest.fixture
def mine(repo: Repo) -> Repo:
    """Three leaves on `main`; on `mine`, one is changed, one moved and one removed, uncommitted."""
    repo.commit({**leaf(A), **leaf(B), **leaf(C), **leaf("knowledge/gone"), "docs/notes.md": ""})
    repo.branch("mine")
    repo.write(f"{A}/attribution.txt", "another\n")
    repo.git("rm", "--quiet", "-r", "knowledge/gone")
    (repo.path / C).rename(repo.path / "knowledge/moved")
    return repo


ALL = [f"M {A}", "D knowledge/gone", f"R knowledge/moved from {C}"]


def diff(*paths: str | Path, taxonomy: Path | None = None, head: str | None = None, staged: bool = False) -> Plan:
    named = tuple(Path(path) for path in paths)
    return plan_diff(Selection(taxonomy_path=taxonomy, paths=named, base="main", head=head, staged=staged))


def check(*paths: str | Path, taxonomy: Path | None = None, head: str | None = None, staged: bool = False) -> Plan:
    named = tuple(Path(path) for path in paths)
    return plan_check(Selection(taxonomy_path=taxonomy, paths=named, head=head, staged=staged))


def changed(plan: Plan) -> list[str]:
    return lines(found.change for found in plan.leaves if found.change is not None)


def checked(plan: Plan) -> list[str]:
    return [found.path for found in plan.leaves]


def refusal(call: Callable[[], object]) -> tuple[str, list[tuple[str, ...]]]:
    with pytest.raises(TaxonomyError) as caught:
        call()
    return caught.value.message, [tuple(remedy) for remedy in caught.value.remedies]


# Paths of a comparison


@pytest.mark.parametrize(
    ("folder", "paths", "expected"),
    [
        pytest.param(".", (), ALL, id="none"),
        pytest.param(".", (".",), ALL, id="the root"),
        pytest.param(".", ("knowledge",), ALL, id="a folder"),
        pytest.param(".", ("knowledge/",), ALL, id="a slash at the end"),
        pytest.param(".", ("./docs/../knowledge/.",), ALL, id="a way around"),
        pytest.param(".", (A,), ALL[:1], id="a leaf"),
        pytest.param(".", (f"{A}/qna.yaml",), ALL[:1], id="a leaf's document"),
        pytest.param(".", (f"{A}/attribution.txt",), ALL[:1], id="a leaf's attribution"),
        pytest.param(".", ("knowledge/gone",), ALL[1:2], id="a removed leaf"),
        pytest.param(".", ("knowledge/gone/",), ALL[1:2], id="a removed leaf and a slash"),
        pytest.param(".", ("knowledge/gone/qna.yaml",), ALL[1:2], id="a removed leaf's document"),
        pytest.param(".", (C,), ALL[2:], id="where a leaf was"),
        pytest.param(".", ("knowledge/moved",), ALL[2:], id="where a leaf is"),
        pytest.param(".", (B,), ALL[2:], id="above where a leaf was"),
        pytest.param(".", (f"{B}/qna.yaml",), [], id="a file names its own leaf alone"),
        pytest.param(".", ("docs",), [], id="a folder without leaves"),
        pytest.param(".", ("docs/notes.md",), [], id="no leaf file"),
        pytest.param(".", (A, "knowledge/gone"), ALL[:2], id="two"),
        pytest.param("knowledge", (), ALL, id="below: all the same"),
        pytest.param("knowledge", (".",), ALL, id="below: here"),
        pytest.param("knowledge", ("a",), ALL[:1], id="below: relative to here"),
        pytest.param("knowledge/a", (".",), ALL[:1], id="in a leaf"),
        pytest.param("knowledge/a", ("qna.yaml",), ALL[:1], id="in a leaf: its document"),
        pytest.param("knowledge/a", ("../gone",), ALL[1:2], id="in a leaf: another"),
        pytest.param("knowledge/a", ("..",), ALL, id="in a leaf: above"),
    ],
)
def test_paths_of_a_comparison(mine: Repo, folder: str, paths: tuple[str, ...], expected: list[str]) -> None:
    with standing_in(mine.path / folder):
        assert changed(diff(*paths)) == expected
        assert changed(diff(*(Path.cwd() / path for path in paths))) == expected
        assert changed(diff(*paths, taxonomy=mine.path)) == expected


def test_paths_through_links(mine: Repo, tmp_path: Path) -> None:
    (tmp_path / "taxonomy").symlink_to(mine.path)
    (tmp_path / "leaf").symlink_to(mine.path / A)
    with standing_in(tmp_path):
        assert changed(diff("taxonomy/knowledge/a")) == ALL[:1]
        assert changed(diff("taxonomy/knowledge/gone")) == ALL[1:2]
        assert changed(diff(taxonomy=Path("taxonomy"))) == ALL
        assert changed(diff("leaf", taxonomy=Path("taxonomy"))) == ALL[:1]
        assert changed(diff("repo", "taxonomy/knowledge/gone/qna.yaml")) == ALL
    with standing_in(mine.path / "docs"):
        assert changed(diff("../knowledge/gone/qna.yaml")) == ALL[1:2]
    with standing_in(mine.path):
        assert changed(diff("../taxonomy")) == ALL
        assert changed(diff("../leaf")) == ALL[:1]
    with standing_in(tmp_path / "taxonomy/knowledge"):
        assert changed(diff("a")) == ALL[:1]
    # A link inside of the taxonomy is what is meant, and not what it points at.
    mine.link("knowledge/link", "a")
    assert changed(diff(mine.path / "knowledge/link", taxonomy=mine.path)) == ["A knowledge/link"]


def test_paths_that_only_another_side_has(mine: Repo) -> None:
    mine.commit(leaf("knowledge/e"))
    mine.git("switch", "--quiet", "main")
    mine.git("switch", "--quiet", "--orphan", "bare-ground")
    with standing_in(mine.path):
        for paths, expected in (
            (("knowledge/e",), ["A knowledge/e"]),
            (("knowledge/gone/qna.yaml",), ["D knowledge/gone"]),
            ((f"{B}/attribution.txt", "docs/notes.md"), []),
        ):
            assert changed(diff(*paths, head="mine")) == expected
        assert checked(check(B, head="main")) == [B, C]
        assert checked(check("docs", head="main")) == []
        mine.git("read-tree", "mine")
        assert checked(check("knowledge/e", staged=True)) == ["knowledge/e"]
        assert checked(check("docs", staged=True)) == []
        for call in (
            lambda: check("knowledge/gone", head="mine"),
            lambda: check("knowledge/gone", staged=True),
            lambda: diff("knowledge/e", head="main"),
        ):
            assert refusal(call)[0] in {"there is no knowledge/gone.", "there is no knowledge/e."}


def test_paths_in_a_bare_repository(mine: Repo, tmp_path: Path) -> None:
    mine.commit()
    bare = mine.clone(tmp_path / "bare.git", "--bare")
    for folder, taxonomy in ((bare.path, None), (bare.path, bare.path), (tmp_path, bare.path)):
        with standing_in(folder):
            assert changed(diff(A, "knowledge/gone", taxonomy=taxonomy, head="mine")) == ALL[:2]
            assert checked(check(B, taxonomy=taxonomy, head="main")) == [B, C]
            wrong = partial(diff, "no/such", taxonomy=taxonomy, head="mine")
            assert refusal(wrong)[0] == "there is no no/such."


@pytest.mark.parametrize("plan", [pytest.param(diff, id="diff"), pytest.param(check, id="check")])
def test_paths_that_are_wrong(mine: Repo, tmp_path: Path, plan: Callable[..., Plan]) -> None:
    (tmp_path / "outside").mkdir()
    with standing_in(mine.path):
        assert refusal(lambda: plan("knowledge/mistyped/x y")) == (
            "there is no knowledge/mistyped/x y.",
            [("See what there is:", "ls knowledge")],
        )
        assert refusal(lambda: plan(A, "mistyped/qna.yaml"))[0] == "there is no mistyped/qna.yaml."
        assert refusal(lambda: plan("../outside", taxonomy=mine.path)) == (
            f"../outside is not in the taxonomy at {mine.path}.",
            [("Name the taxonomy that it is in:", "-C PATH")],
        )
        assert refusal(lambda: plan("docs", taxonomy=mine.path / "knowledge"))[0] == (
            f"docs is not in the taxonomy at {mine.path / 'knowledge'}."
        )
    assert refusal(lambda: plan(taxonomy=tmp_path / "no/such"))[0] == f"there is no {tmp_path / 'no/such'}."


def test_a_comparison_says_that_a_path_was_looked_at(mine: Repo) -> None:
    mine.write(".gitignore", "private/\n")
    mine.write("knowledge/private/qna.yaml", skill())
    with standing_in(mine.path):
        assert diff("docs").notes == ("No leaf changed at or below docs; elsewhere 3 did.",)
        assert diff("docs", f"{B}/qna.yaml", "docs/notes.md", ".gitignore").notes == (
            f"No leaf changed at or below docs, {B}/qna.yaml, docs/notes.md and 1 more; elsewhere 3 did.",
        )
        assert diff("knowledge/private").notes == (
            "No leaf changed at or below knowledge/private; elsewhere 3 did.",
            "Leaves that Git ignores are not compared: knowledge/private/qna.yaml (see `git check-ignore -v`).",
        )


def test_a_comparison_of_paths_without_a_repository_checks_them(tmp_path: Path) -> None:
    for path in (A, B):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "qna.yaml").write_text(skill())
    with standing_in(tmp_path):
        for path, leaf_path in ((A, A), (f"{B}/qna.yaml", B)):
            assert checked(plan_diff(Selection(paths=(Path(path),)))) == [leaf_path]
        assert refusal(lambda: diff(A, head="main"))[0].endswith("is not inside a Git repository.")


def test_relative_paths_may_be_those_of_the_named_taxonomy(mine: Repo, tmp_path: Path) -> None:
    with standing_in(tmp_path):
        assert checked(check(A, taxonomy=mine.path)) == [A]
        assert changed(diff(A, taxonomy=mine.path)) == ALL[:1]


def test_an_ignored_leaf_is_named_once(mine: Repo) -> None:
    mine.write(".gitignore", "private/\n")
    for path, content in leaf("knowledge/private").items():
        mine.write(path, content)
    assert diff("knowledge/private", taxonomy=mine.path).notes[1] == (
        "Leaves that Git ignores are not compared: knowledge/private/qna.yaml (see `git check-ignore -v`)."
    )


# Paths of a check


@pytest.mark.parametrize("path", ["/dev/null", "/etc/passwd"])
def test_what_is_no_folder_and_no_leaf_file_cannot_be_checked(mine: Repo, path: str) -> None:
    with standing_in(mine.path):
        assert refusal(lambda: check(path)) == (
            f"{path} is no file of a leaf: those are `qna.yaml` and `attribution.txt`.",
            [("Check a leaf:", "taxonomy check FOLDER")],
        )


def test_a_file_of_no_leaf_cannot_be_checked(mine: Repo) -> None:
    with standing_in(mine.path):
        assert refusal(lambda: check(A, "docs/notes.md")) == (
            "docs/notes.md is no file of a leaf: those are `qna.yaml` and `attribution.txt`.",
            [("Check a leaf:", "taxonomy check FOLDER")],
        )


@pytest.mark.parametrize(
    ("folder", "paths", "expected"),
    [
        pytest.param(".", (), [A, B, "knowledge/moved"], id="none"),
        pytest.param(".", (".",), [A, B, "knowledge/moved"], id="the root"),
        pytest.param(".", (f"{A}/qna.yaml", f"{A}/attribution.txt", A), [A], id="a leaf, three times"),
        pytest.param("knowledge/a", ("../b",), [B], id="in a leaf: another"),
        pytest.param("knowledge/a", (), [A, B, "knowledge/moved"], id="in a leaf: none"),
        pytest.param(".", ("docs",), [], id="a folder without leaves"),
    ],
)
def test_paths_of_a_check(mine: Repo, folder: str, paths: tuple[str, ...], expected: list[str]) -> None:
    with standing_in(mine.path / folder):
        assert checked(check(*paths)) == expected
        assert checked(check(*(Path.cwd() / path for path in paths))) == expected
    with standing_in(Path("/")):
        assert checked(check(*(mine.path / folder / path for path in paths), taxonomy=mine.path)) == expected


def test_nothing_to_check_is_said(mine: Repo) -> None:
    with standing_in(mine.path):
        assert check("docs").notes == ("No leaf found: there is no qna.yaml at or below docs.",)
        assert check(taxonomy=Path("docs")).notes == ("No leaf found: there is no qna.yaml in the working tree.",)


def test_ignored_leaves_are_checked_when_they_are_named(mine: Repo, tmp_path: Path) -> None:
    mine.write(".gitignore", f"private/\n{A}/qna.yml\nlinked\n/knowledge/half/qna.yaml\n")
    for path, content in (leaf("private/x") | leaf("private/x/y") | leaf("knowledge/half")).items():
        mine.write(path, content)
    mine.link("private/link", os.fspath(tmp_path))
    mine.link("knowledge/linked", "../private")
    with standing_in(mine.path):
        assert checked(check()) == [A, B, "knowledge/half", "knowledge/moved"]
        assert checked(check("private")) == ["private/x", "private/x/y"]
        assert checked(check("private/x/qna.yaml")) == ["private/x"]
        assert checked(check("private/x/y", A)) == [A, "private/x/y"]
        assert checked(check("knowledge/half/qna.yaml")) == ["knowledge/half"]
        # A link is not gone through.
        assert checked(check("knowledge/linked")) == []
        found = check("private/x/qna.yaml").leaves[0].files.entries
        assert [entry.path for entry in found] == ["private/x/qna.yaml", "private/x/attribution.txt"]


def test_a_check_in_a_subfolder_of_a_larger_repository(repo: Repo) -> None:
    repo.commit({**leaf(f"data/tax/{A}"), **leaf(f"data/tax/{B}"), **leaf(B)})
    with standing_in(repo.path / "data"):
        plan = check(f"tax/{B}", taxonomy=Path("tax"))
    assert (checked(plan), plan.settings.prefix) == ([B], "data/tax/")


def test_a_check_of_a_partial_clone_fetches_once(repo: Repo, tmp_path: Path) -> None:
    repo.commit(
        {path: text for number in range(300) for path, text in leaf(f"knowledge/k{number}", f"s{number}").items()}
    )
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head},knowledge/module")
    repo.git("commit", "--quiet", "-m", "module")
    clone = repo.served().clone(tmp_path / "clone", "--filter=blob:none", "--bare")
    said: list[str] = []
    plan = plan_check(Selection(taxonomy_path=clone.path, head="main"), announce=said.append)
    assert len(list(plan.reports(jobs=1))) == 301
    assert said == ["Fetching 301 missing blobs from origin"]


def test_many_named_files_among_many_leaves(repo: Repo) -> None:
    count = 3_000
    for number in range(count):
        repo.write(f"knowledge/k{number}/qna.yaml")
    repo.write(".gitignore", "private/\n")
    paths = [repo.path / f"knowledge/k{number}/qna.yaml" for number in range(count)]
    start = time.process_time()
    assert len(check(*paths, taxonomy=repo.path).leaves) == count
    assert time.process_time() - start < 20


# What is no repository


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    root = tmp_path / "taxonomy"
    for path, content in (leaf(A) | leaf(B)).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    for plan in (plan_diff, plan_check):
        found = plan(Selection(taxonomy_path=root))
        assert (found.comparison, checked(found), found.old) == (Comparison(head="the folder"), [A, B], None)
        assert [report.change for report in found.reports(jobs=1)] == [None, None]
        with standing_in(root / "knowledge"):
            assert checked(plan(Selection(taxonomy_path=root, paths=(Path("a"),)))) == [A]
            wrong = partial(plan, Selection(taxonomy_path=root, paths=(Path("z"),)))
            assert refusal(wrong)[0] == "there is no z."
    assert checked(plan_diff(Selection(taxonomy_path=root, base="empty"))) == [A, B]
    for folder, paths, expected in (
        ("knowledge", ("a",), [A]),
        ("knowledge", (), [A, B]),
        (".", (A, B), [A, B]),
        ("..", ("taxonomy",), [A, B]),
        ("..", ("taxonomy/knowledge/a/qna.yaml",), [A]),
        ("knowledge/a", ("../b", "."), [A, B]),
    ):
        with standing_in(root / folder):
            assert checked(check(*paths)) == expected
    (tmp_path / "x/y").mkdir(parents=True)
    (tmp_path / "x/y/qna.yaml").write_text("")
    with standing_in(tmp_path / "x"):
        assert checked(check("y")) == ["y"]
    with standing_in(root / "knowledge"):
        assert refusal(lambda: plan_diff(Selection()))[0] == f"{root / 'knowledge'} is not inside a Git repository."
    for needs_git in (Selection(base="main"), Selection(staged=True), Selection(head="HEAD"), Selection(direct=True)):
        impossible = partial(plan_diff, replace(needs_git, taxonomy_path=root))
        assert refusal(impossible)[0] == f"{root} is not inside a Git repository."


@pytest.mark.parametrize("plan", [pytest.param(plan_diff, id="diff"), pytest.param(plan_check, id="check")])
@pytest.mark.parametrize("inside", [pytest.param(True, id="in a repository"), pytest.param(False, id="in none")])
def test_a_single_file(tmp_path: Path, plan: Callable[[Selection], Plan], inside: bool) -> None:
    root = tmp_path / "taxonomy"
    if inside:
        Repo.init(root)
    for path, content in (
        leaf("compositional_skills/a") | leaf("compositional_skills/a/b") | {"qna.yaml": "- 1\n"}
    ).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    for name in ("qna.yaml", "attribution.txt"):
        file = root / "compositional_skills/a" / name
        found = plan(Selection(taxonomy_path=file))
        assert (found.comparison, checked(found)) == (Comparison(head=str(file)), ["compositional_skills/a"])
        codes = [[told.code for told in report.diagnostics] for report in found.reports(jobs=1)]
        assert codes == [["TX104"]]  # a leaf lies in its folder
    with standing_in(root / "compositional_skills/a/b"):
        assert checked(plan(Selection(taxonomy_path=Path("../qna.yaml")))) == ["compositional_skills/a"]
        assert checked(plan(Selection(taxonomy_path=Path("../b/../qna.yaml")))) == ["compositional_skills/a"]
    # Where no folder tells the taxonomy's root, nothing is said about the leaf's place.
    with standing_in(root):
        alone = plan(Selection(taxonomy_path=Path("qna.yaml")))
        assert [(found.file, found.code) for report in alone.reports(jobs=1) for found in report.diagnostics] == [
            ("qna.yaml", "TX003")
        ]


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        pytest.param("compositional_skills", "knowledge/x/knowledge/deep", id="outermost, if another stands beside it"),
        pytest.param("docs", "knowledge/deep", id="innermost else"),
    ],
)
def test_which_of_two_folders_named_knowledge_is_the_top(tmp_path: Path, beside: str, expected: str) -> None:
    file = tmp_path / "knowledge/x/knowledge/deep/qna.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("")
    (tmp_path / beside).mkdir()
    assert checked(plan_check(Selection(taxonomy_path=file))) == [expected]


def test_a_single_file_that_is_none(repo: Repo, tmp_path: Path) -> None:
    repo.write("docs/notes.md")
    repo.link(f"{A}/qna.yaml", os.fspath(tmp_path))
    repo.link(f"{B}/qna.yaml", "nowhere")
    os.mkfifo(repo.write("knowledge/pipe/attribution.txt").parent / "qna.yaml")
    repo.write("knowledge/none/attribution.txt")
    assert refusal(lambda: diff(taxonomy=repo.path / "docs/notes.md"))[0] == (
        f"{repo.path / 'docs/notes.md'} is a single file: it is checked as it lies there, and cannot be compared."
    )
    assert refusal(lambda: check(taxonomy=repo.path / "docs/notes.md")) == (
        f"{repo.path / 'docs/notes.md'} is no file of a leaf: those are `qna.yaml` and `attribution.txt`.",
        [("Check a leaf:", "taxonomy check FOLDER")],
    )
    assert refusal(lambda: check("docs", taxonomy=repo.path / B / "qna.yaml"))[1] == [
        ("Compare what changed below a path:", f"taxonomy-diff {repo.path / B}")
    ]
    for path, code in ((B, "TX006"), ("knowledge/pipe", "TX006")):
        [report] = check(taxonomy=repo.path / path / "qna.yaml").reports(jobs=1)
        assert [found.code for found in report.diagnostics][:1] == [code]
    lonely = repo.path / "knowledge/none/attribution.txt"
    assert check(taxonomy=lonely).notes == (f"No leaf found: there is no qna.yaml in {lonely}.",)
