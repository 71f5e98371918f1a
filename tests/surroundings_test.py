"""What lies around leaves: the same from every source, from a comparison and from a check of everything."""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from taxonomy_tools.api import check, check_changes
from taxonomy_tools.diff import LeafFiles, group_leaves
from taxonomy_tools.git import Repository
from taxonomy_tools.layout import ALONE, Surroundings, fold
from taxonomy_tools.plan import Selection, plan_check, plan_diff
from taxonomy_tools.report import Report
from taxonomy_tools.source import Entry, Folder, Revision
from taxonomy_tools.surroundings import Neighbourhood
from tests.leaves import leaf
from tests.repository import Repo, standing_in

A, SKILL = "knowledge/birds", "compositional_skills/rhymes"
LAYOUT = frozenset({"TX103", "TX104", "TX105", "TX107", "TX108"})
MESSY: Mapping[str, str] = {
    **leaf(A),
    **leaf(f"{A}/owls"),
    **leaf(f"{A}/of/prey/hawks"),
    **leaf("knowledge/Birds/x"),
    **leaf("knowledge/caf\u00e9"),
    **leaf("knowledge/cafe\u0301"),
    **leaf("knowledge/c"),
    "knowledge/c/Attribution.txt": "",
    "knowledge/c/QNA.yaml": "",
    "knowledge/c/notes.md": "",
    "knowledge/c/deep/er/data.csv": "",
    "knowledge/c/deep/attribution.txt": "",
    f"{A}/owls/.DS_Store": "",
    "knowledge/README.md": "",
    "README.md": "",
    "qna.yaml": "version: 2\n",
}
AROUND = {
    "": ALONE,
    A: Surroundings(inner=(f"{A}/of/prey/hawks", f"{A}/owls"), twins=("knowledge/Birds",)),
    f"{A}/owls": Surroundings(outer=(A,), strays=(f"{A}/owls/.DS_Store",), twins=("knowledge/Birds",)),
    f"{A}/of/prey/hawks": Surroundings(outer=(A,), twins=("knowledge/Birds",)),
    "knowledge/Birds/x": Surroundings(twins=("knowledge/birds",)),
    "knowledge/caf\u00e9": Surroundings(twins=("knowledge/cafe\u0301",)),
    "knowledge/cafe\u0301": Surroundings(twins=("knowledge/caf\u00e9",)),
    "knowledge/c": Surroundings(
        strays=(
            "knowledge/c/Attribution.txt",
            "knowledge/c/deep/attribution.txt",
            "knowledge/c/deep/er/data.csv",
            "knowledge/c/notes.md",
        ),
        twins=("knowledge/c/Attribution.txt", "knowledge/c/QNA.yaml"),
    ),
}


def around(selection: Selection, *, compared: bool) -> dict[str, Surroundings]:
    """What a plan says lies around each of its leaves."""
    plan = plan_diff(replace(selection, base="empty")) if compared else plan_check(selection)
    return {found.path: found.surroundings for found in plan.leaves}


def told(report: Report) -> list[str]:
    """The findings about layout, as places and codes."""
    return [
        f"{found.file} {found.code}" for leaf in report.leaves for found in leaf.diagnostics if found.code in LAYOUT
    ]


@pytest.mark.parametrize("compared", [pytest.param(True, id="compared"), pytest.param(False, id="checked")])
@pytest.mark.parametrize("folder", [pytest.param("", id="at the root"), pytest.param("deep/tax", id="below it")])
def test_every_state_has_the_same_surroundings(repo: Repo, folder: str, compared: bool) -> None:
    for path, content in MESSY.items():
        repo.write(f"{folder}/{path}" if folder else path, content)
    root = Selection(taxonomy_path=repo.path / folder)
    assert around(root, compared=compared) == AROUND
    repo.git("add", "--all")
    assert around(replace(root, staged=True), compared=compared) == AROUND
    assert around(root, compared=compared) == AROUND
    repo.commit()
    assert around(replace(root, head="HEAD"), compared=compared) == AROUND
    assert around(root, compared=compared) == AROUND


def test_a_folder_without_a_repository_has_them_too(tmp_path: Path) -> None:
    for path, content in MESSY.items():
        Repo(path=tmp_path / "tax").write(path, content)
    assert around(Selection(taxonomy_path=tmp_path / "tax"), compared=False) == AROUND
    owls = Selection(taxonomy_path=tmp_path / "tax" / A / "owls/qna.yaml")
    assert around(owls, compared=False) == {f"{A}/owls": AROUND[f"{A}/owls"]}


def test_one_changed_leaf_knows_as_much_as_all(repo: Repo) -> None:
    repo.commit({path: content for path, content in MESSY.items() if path != "knowledge/Birds/x/qna.yaml"})
    repo.branch("mine")
    repo.write("knowledge/Birds/x/qna.yaml", MESSY["knowledge/Birds/x/qna.yaml"])
    for path in (f"{A}/owls", f"{A}/of/prey/hawks"):
        repo.write(f"{path}/attribution.txt", "other\n")
    repo.git("rm", "--quiet", "-r", "knowledge/caf\u00e9")
    plan = plan_diff(Selection(taxonomy_path=repo.path, base="main"))
    expected = {path: AROUND[path] for path in (f"{A}/owls", f"{A}/of/prey/hawks", "knowledge/Birds/x")}
    assert {found.path: found.surroundings for found in plan.leaves} == {**expected, "knowledge/caf\u00e9": ALONE}
    assert (
        plan_check(Selection(taxonomy_path=repo.path, paths=(repo.path / "knowledge/cafe\u0301",)))
        .leaves[0]
        .surroundings
        == ALONE
    )


def test_what_is_gone_from_disk_lies_around_nothing(repo: Repo) -> None:
    repo.commit(MESSY)
    for path in (f"{A}/qna.yaml", f"{A}/owls/.DS_Store", "knowledge/c/notes.md", "knowledge/c/QNA.yaml"):
        repo.remove(path)
    (repo.path / "knowledge/Birds").rename(repo.path / "knowledge/fish")
    found = around(Selection(taxonomy_path=repo.path), compared=False)
    assert found[f"{A}/owls"] == found[f"{A}/of/prey/hawks"] == found["knowledge/fish/x"] == ALONE
    strays = tuple(path for path in AROUND["knowledge/c"].strays if not path.endswith("notes.md"))
    assert found["knowledge/c"] == Surroundings(strays=strays, twins=("knowledge/c/Attribution.txt",))


def test_links_and_repositories_are_not_gone_into(repo: Repo, tmp_path: Path) -> None:
    for path, content in leaf("elsewhere/a").items():
        Repo(path=tmp_path).write(path, content)
    for path, content in leaf(A).items():
        repo.write(path, content)
    repo.link(f"{A}/link", os.fspath(tmp_path / "elsewhere/a"))
    Repo.init(repo.path / A / "nested").write("qna.yaml")
    found = around(Selection(taxonomy_path=repo.path), compared=False)
    around_it = Surroundings(strays=(f"{A}/link", f"{A}/nested"))
    assert found == {A: around_it, f"{A}/link": ALONE, f"{A}/nested": ALONE}
    assert around(Selection(taxonomy_path=repo.path), compared=True) == found


def test_an_unresolved_conflict_is_still_a_leaf(repo: Repo) -> None:
    repo.commit({**leaf(A), **leaf(f"{A}/owls")})
    repo.branch("theirs")
    repo.commit({f"{A}/qna.yaml": "theirs"})
    repo.git("switch", "--quiet", "main")
    repo.commit({f"{A}/qna.yaml": "ours"})
    repo.git("merge", "--quiet", "theirs", check=False)
    for staged in (False, True):
        found = around(Selection(taxonomy_path=repo.path, staged=staged), compared=False)
        assert found == {A: Surroundings(inner=(f"{A}/owls",)), f"{A}/owls": Surroundings(outer=(A,))}


# What Git ignores


def test_an_ignored_attribution_is_told_beside_its_leaf(repo: Repo) -> None:
    repo.commit({".gitignore": "attribution.txt\n", f"{A}/qna.yaml": leaf(A)[f"{A}/qna.yaml"]})
    repo.branch("mine")
    repo.write(f"{A}/attribution.txt", leaf(A)[f"{A}/attribution.txt"])
    repo.write(f"{A}/qna.yaml", leaf(A, task="other")[f"{A}/qna.yaml"])
    expected = [f"{A}/attribution.txt TX105"]
    assert told(check(repo.path)) == expected
    assert told(check_changes(repo.path, base="main")) == expected
    assert told(check(repo.path, [repo.path / A / "qna.yaml"])) == expected
    # What Git ignores is no part of the index or a commit.
    assert told(check(repo.path, staged=True)) == told(check(repo.path, head="HEAD")) == []
    repo.git("add", "--force", f"{A}/attribution.txt")
    assert told(check(repo.path)) == []
    repo.git("rm", "--quiet", "--cached", f"{A}/attribution.txt")
    assert told(check(repo.path)) == expected


def test_an_ignored_leaf_is_told_and_not_looked_into(repo: Repo) -> None:
    private, names = "knowledge/private of mine", ("attribution.txt", "qna.yaml")
    repo.commit({".gitignore": "private*\n/knowledge/half/qna.yml\n", **leaf(SKILL)})
    for path in (f"{private}/qna.yaml", f"{private}/attribution.txt", "knowledge/half/qna.yml", "private/qna.yaml"):
        repo.write(path, "no leaf")
    repo.write("knowledge/private_notes/attribution.txt")
    report = check(repo.path)
    found = {leaf.path: [(told.file, told.code) for told in leaf.diagnostics] for leaf in report.leaves}
    alone = {private: [(f"{private}/{name}", "TX105") for name in names]}
    assert found == {SKILL: [], "knowledge/half": [("knowledge/half/qna.yml", "TX105")], **alone}
    assert report.summary.errors == 0
    with standing_in(repo.path):
        some = {leaf.path for leaf in check(".", ["knowledge", SKILL]).leaves}
        assert some == set(found)
        assert [leaf.path for leaf in check(".", [SKILL]).leaves] == [SKILL]
        # Who names it wants to know all.
        [named] = check(".", [private]).leaves
    codes = {told.code for told in named.diagnostics}
    assert {"TX003", "TX103", "TX105"} <= codes
    assert check(repo.path, head="HEAD").summary.leaves == check(repo.path, staged=True).summary.leaves == 1


def test_ignored_leaves_of_a_taxonomy_in_a_subfolder(repo: Repo) -> None:
    repo.commit({".gitignore": "private\n", **leaf(f"data/tax/{SKILL}"), "tax/qna.yaml": ""})
    repo.write("data/tax/knowledge/private/qna.yaml")
    repo.write("knowledge/private/qna.yaml")
    found = {leaf.path: [told.file for told in leaf.diagnostics] for leaf in check(repo.path / "data/tax").leaves}
    assert found == {SKILL: [], "knowledge/private": ["data/tax/knowledge/private/qna.yaml"]}


# How much it costs


def synthetic(repo: Repo, paths: list[str]) -> tuple[Revision, dict[str, LeafFiles]]:
    """A commit with these leaves, whose documents are all one blob, and their files."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"version: 3\n").decode().strip()
    lines = "".join(f"100644 {blob}\t{path}\n" for path in paths)
    repo.git("update-index", "--index-info", stdin=os.fsencode(lines))
    repo.git("commit", "--quiet", "-m", "all")
    entries = [Entry(path=path, mode=0o100644, oid=blob) for path in paths]
    found = Repository.discover(repo.path)
    return Revision(repository=found, commit=repo.head, label="HEAD"), group_leaves(entries)


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param([f"knowledge/l{number}/qna.yaml" for number in range(5000)], id="all in one folder"),
        pytest.param(["knowledge" + "/a" * depth + "/qna.yaml" for depth in range(1, 1000)], id="leaf in leaf"),
        pytest.param(
            [f"knowledge/{number:012b}/qna.yaml".translate({48: "x", 49: "X"}) for number in range(4096)], id="twins"
        ),
    ],
)
def test_what_lies_around_all_of_many_leaves_is_found_at_once(repo: Repo, paths: list[str]) -> None:
    source, leaves = synthetic(repo, paths)
    neighbourhood = Neighbourhood(tree=source.tree())
    start = time.process_time()
    found = [neighbourhood.around(path, files) for path, files in leaves.items()]
    assert time.process_time() - start < 30
    assert len(found) == len(paths)
    assert sum(len(one.outer) + len(one.inner) + len(one.twins) for one in found) <= 10 * len(paths)


def test_a_single_file_outside_of_any_taxonomy_has_no_surroundings(tmp_path: Path) -> None:
    Repo(path=tmp_path).write("qna.yaml", "version: 3\n")
    Repo(path=tmp_path).write("notes.md")
    assert around(Selection(taxonomy_path=tmp_path / "qna.yaml"), compared=False) == {"": ALONE}
    assert Folder(root=tmp_path).tree().children("") == {"qna.yaml": False, "notes.md": False}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("Birds", "birds", True, id="case"),
        pytest.param("caf\u00e9", "cafe\u0301", True, id="composition"),
        pytest.param("CAF\u00c9", "cafe\u0301", True, id="both"),
        pytest.param("Stra\u00dfe", "STRASSE", True, id="a letter that becomes two"),
        pytest.param("\u0391\u03a3", "\u03b1\u03c2", True, id="a final letter"),
        pytest.param("\udcff", "\udcff", True, id="not UTF-8"),
        pytest.param("birds", "bird", False, id="another word"),
        pytest.param("cafe", "caf\u00e9", False, id="an accent"),
        pytest.param("e" + "\u0301\u0323" * 500_000, "E" + "\u0301\u0323" * 500_000, True, id="a name that is none"),
    ],
)
def test_names_that_are_one(one: str, other: str, same: bool) -> None:
    assert (fold(one) == fold(other)) is same
