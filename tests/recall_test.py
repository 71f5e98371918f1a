"""The verdict cache as a whole: with it every run says what it says without, whatever happened before."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools import recall, yamllint
from taxonomy_tools.api import check, check_changes
from taxonomy_tools.cache import Cache, open_cache
from taxonomy_tools.check import Settings, check_leaves
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles, group_leaves
from taxonomy_tools.examine import Leaf, Terms
from taxonomy_tools.layout import Surroundings
from taxonomy_tools.recall import Recall, across_key, difference_key, verdict_key
from taxonomy_tools.report import LeafReport, Report
from taxonomy_tools.rules.similar_question import Questions
from taxonomy_tools.source import Entry, Folder, Unreadable
from taxonomy_tools.standards import Standards
from taxonomy_tools.yamllint import Rules
from tests.command import SCRIPTS, Result, environment, run
from tests.leaves import SEEDS, leaf, skill, told
from tests.properties_test import EDITS, LAWFUL, TREES, Edit, Tree, edited, fill, repository
from tests.repository import Repo

A, B, C = "compositional_skills/a", "compositional_skills/b", "compositional_skills/c"
TERMS = Terms(lint_rules=Rules.DEFAULT, object_format="sha1")
WRONG = skill(*(f"b-{name}" for name in SEEDS)).replace("b-one-say", "No #")


@pytest.fixture
def lints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What yamllint was started on."""
    started: list[Any] = []
    before = yamllint.start

    def start(names: Any, *arguments: Any, **options: Any) -> Any:
        started.append(list(names))
        return before(names, *arguments, **options)

    monkeypatch.setattr(yamllint, "start", start)
    return started


def some(repo: Repo) -> Repo:
    """A repository with three leaves, one of them wrong."""
    repo.commit({**leaf(A), **leaf(B), **leaf(C), f"{B}/qna.yaml": WRONG})
    return repo


# --- keys


def entry(path: str, oid: str | None = "1" * 40, mode: int = 0o100644) -> Entry:
    return Entry(path=path, mode=mode, oid=oid)


FILES = LeafFiles(qna=entry(f"{A}/qna.yaml"), attribution=entry(f"{A}/attribution.txt", "2" * 40))
OLD = LeafFiles(qna=entry(f"{A}/qna.yaml", "3" * 40))
LEAF = Leaf(path=A, files=FILES)


def other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}x"
    return (*value, "x") if isinstance(value, tuple) else value + 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(LEAF, path=B), id="path"),
        pytest.param(replace(LEAF, files=replace(FILES, qna=entry(f"{A}/qna.yaml", "4" * 40))), id="document"),
        pytest.param(replace(LEAF, files=replace(FILES, qna=None)), id="no document"),
        pytest.param(replace(LEAF, files=replace(FILES, attribution=entry("x", "4" * 40))), id="attribution"),
        pytest.param(replace(LEAF, files=replace(FILES, attribution=None)), id="no attribution"),
        pytest.param(replace(LEAF, files=replace(FILES, misnamed=(entry(f"{A}/qna.yml"),))), id="misnamed"),
        pytest.param(replace(LEAF, files=LeafFiles(qna=None, attribution=FILES.qna)), id="one file for the other"),
        pytest.param(
            Leaf(path=A, files=LeafFiles(), change=LeafChange(kind=ChangeKind.REMOVED, path=A, old=OLD)), id="removed"
        ),
        *(
            pytest.param(replace(LEAF, surroundings=replace(LEAF.surroundings, **{one.name: ("x",)})), id=one.name)
            for one in fields(Surroundings)
        ),
    ],
)
def test_whatever_changes_of_a_leaf_changes_its_key(changed: Leaf) -> None:
    assert verdict_key(LEAF, TERMS) is not None
    assert verdict_key(changed, TERMS) not in (None, verdict_key(LEAF, TERMS))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(TERMS, placed=False), id="placed"),
        pytest.param(replace(TERMS, lint_rules=Rules(source="", files=(("rules-0.yaml", b""),))), id="rules"),
        pytest.param(
            replace(TERMS, lint_rules=Rules(source="", files=(*Rules.DEFAULT.files, ("x", b"")))), id="more rules"
        ),
        *(
            pytest.param(
                replace(TERMS, standards=replace(Standards(), **{one.name: other(getattr(Standards(), one.name))})),
                id=one.name,
            )
            for one in fields(Standards)
        ),
    ],
)
def test_whatever_changes_of_the_terms_changes_the_key(changed: Terms) -> None:
    assert verdict_key(LEAF, changed) not in (None, verdict_key(LEAF, TERMS))


def test_another_program_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = replace(LEAF, change=LeafChange(kind=ChangeKind.MODIFIED, path=A, old=OLD, new=FILES))
    before = (verdict_key(moved, TERMS), difference_key(moved), across_key([b"1"], 0.9))
    monkeypatch.setattr(recall, "toolchain", lambda: "another one")
    after = (verdict_key(moved, TERMS), difference_key(moved), across_key([b"1"], 0.9))
    assert None not in before
    assert not set(before) & set(after)


def test_where_rules_come_from_is_all_the_same() -> None:
    renamed = replace(TERMS, lint_rules=replace(Rules.DEFAULT, source="rules.yaml"), object_format="")
    assert verdict_key(LEAF, renamed) == verdict_key(LEAF, TERMS)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(replace(FILES, qna=entry("x", None)), id="a document that nobody hashed"),
        pytest.param(replace(FILES, attribution=entry("x", None)), id="an attribution that nobody hashed"),
        pytest.param(replace(FILES, qna=entry("x", mode=0o120000)), id="a link"),
        pytest.param(replace(FILES, attribution=entry("x", mode=0o160000)), id="a submodule"),
        pytest.param(replace(FILES, blocked=entry(A, mode=0o120000)), id="a link in the leaf's place"),
    ],
)
def test_what_has_no_hash_has_no_key(files: LeafFiles) -> None:
    assert verdict_key(replace(LEAF, files=files), TERMS) is None


def test_a_difference_is_that_of_two_documents() -> None:
    def key(old: str, new: str, path: str = A, kind: ChangeKind = ChangeKind.MODIFIED) -> bytes | None:
        files = LeafFiles(qna=entry("x", new))
        change = LeafChange(kind=kind, path=path, old=LeafFiles(qna=entry("y", old)), new=files)
        return difference_key(Leaf(path=path, files=files, change=change))

    assert key("1", "2") == key("1", "2", B, ChangeKind.RENAMED)
    assert len({key("1", "2"), key("2", "1"), key("1", "1"), key("12", "")}) == 4
    assert difference_key(LEAF) is None


@given(
    one=st.lists(st.binary(min_size=20, max_size=20), max_size=3),
    another=st.lists(st.binary(min_size=20, max_size=20), max_size=3),
)
def test_what_is_found_across_leaves_depends_on_all_of_them(one: list[bytes], another: list[bytes]) -> None:
    assert (across_key(one, 0.9) == across_key(another, 0.9)) == (one == another)
    assert across_key(one, 0.9) != across_key(one, 0.8)


# --- the law


@LAWFUL
@given(base=TREES, steps=st.lists(EDITS, max_size=3))
def test_with_the_cache_every_run_says_what_it_says_without(base: Tree, steps: list[list[Edit]]) -> None:
    with repository() as repo:
        tree = base
        fill(repo, tree)
        repo.commit()
        for edits in [*steps, []]:
            for staged in (True, False):
                assert check(repo.path, staged=staged, jobs=1) == check(repo.path, staged=staged, jobs=1, cache=False)
            changed = check_changes(repo.path, base="main", jobs=1)
            assert changed == check_changes(repo.path, base="main", jobs=1, cache=False)
            tree = edited(tree, edits)
            fill(repo, tree)


# --- hits and misses


def without_oids(report: Report) -> list[LeafReport]:
    return [replace(one, files=None) for one in report.leaves]


def test_what_is_known_is_not_examined_again(repo: Repo, lints: list[Any]) -> None:
    some(repo)
    cold = check(repo.path)
    assert lints == [[f"{path}/qna.yaml" for path in (A, B, C)]]
    assert check(repo.path) == cold
    assert check(repo.path, head="HEAD").leaves == cold.leaves
    assert check(repo.path, staged=True).leaves == cold.leaves
    assert check(repo.path, [repo.path / B]).leaves == cold.leaves[1:2]
    assert len(lints) == 1
    repo.write(f"{C}/qna.yaml", skill("one", "two", "three", "four", "six"))
    found = [line for line in told(check(repo.path)) if "TX502" not in line]
    assert found == [A, B, f"  {B}/qna.yaml:6:13 TX201", C]
    assert lints[1:] == [[f"{C}/qna.yaml"]]


def test_what_is_found_across_leaves_is_known_for_a_run_as_a_whole(
    repo: Repo, lints: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({**leaf(A, *SEEDS), **leaf(B, *SEEDS), **leaf(C, *SEEDS)})
    found = {report.path: [item.code for item in report.diagnostics] for report in check(repo.path).leaves}
    assert found == {A: [], B: ["TX502"], C: ["TX502"]}
    assert [one.diagnostics for one in check(repo.path, [repo.path / B]).leaves] == [()]
    with monkeypatch.context() as patch:
        patch.setattr(Questions, "compare", None)  # a run that is known compares nothing
        assert check(repo.path) == check(repo.path)
    repo.remove(f"{A}/qna.yaml")
    found = {report.path: [item.code for item in report.diagnostics] for report in check(repo.path).leaves}
    assert found == {B: [], C: ["TX502"]}
    assert lints == [[f"{path}/qna.yaml" for path in (A, B, C)]]


def test_a_diff_knows_what_a_check_found_and_what_changed(repo: Repo, lints: list[Any]) -> None:
    some(repo)
    repo.branch("mine")
    repo.write(f"{A}/qna.yaml", skill("a-one", "a-two", "a-three=new", "a-five"))
    repo.git("rm", "--quiet", "-r", C)
    repo.commit({**leaf("compositional_skills/new")})
    check(repo.path)
    cold = check_changes(repo.path, base="main")
    assert told(cold)[0] == f"M {A}: -3, ~2>2(answer)"
    assert len(lints) == 2
    assert check_changes(repo.path, base="main") == cold
    assert check_changes(repo.path, base="main", head="mine").leaves == cold.leaves
    assert len(lints) == 2


def test_a_folder_that_is_no_repository_is_known_too(tmp_path: Path, lints: list[Any]) -> None:
    for path, content in {**leaf(A), **leaf(B)}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    cold = check(tmp_path)
    assert [one.oid for report in cold.leaves if report.files for one in report.files.entries] == [None] * 4
    assert check(tmp_path) == cold
    assert len(lints) == 1


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        pytest.param(lambda repo: repo.write(f"{A}/qna.yaml", WRONG), ["TX201"], id="the document"),
        pytest.param(lambda repo: repo.write(f"{A}/attribution.txt", ""), ["TX402"], id="the attribution alone"),
        pytest.param(lambda repo: repo.remove(f"{A}/attribution.txt"), ["TX401"], id="no attribution"),
        pytest.param(lambda repo: repo.write(f"{A}/qna.yml", ""), ["TX101"], id="a misnamed document"),
        pytest.param(lambda repo: repo.write(f"{A}/notes.md", ""), ["TX107"], id="a stray file"),
        pytest.param(lambda repo: repo.commit(leaf(f"{A}/inner")), ["TX104"], id="a leaf below"),
        pytest.param(
            lambda repo: repo.write(".gitignore", "attribution.txt\n"), ["TX105", "TX401"], id="what Git ignores"
        ),
    ],
)
def test_whatever_an_examination_looks_at_is_looked_at_again(
    repo: Repo, change: Callable[[Repo], object], codes: list[str]
) -> None:
    for path, content in leaf(A).items():
        repo.write(path, content)

    def found() -> list[str]:
        reports = check(repo.path).leaves
        return sorted({item.code for report in reports for item in report.diagnostics} & WATCHED)

    assert found() == found() == []
    change(repo)
    assert found() == codes
    assert check(repo.path) == check(repo.path, cache=False)


WATCHED = {"TX101", "TX104", "TX105", "TX107", "TX201", "TX401", "TX402"}


def test_other_rules_of_yamllint_find_other_things(repo: Repo, tmp_path: Path) -> None:
    repo.commit(leaf(A))
    rules = tmp_path / "rules.yaml"
    for content, codes in (("rules: {document-start: enable}\n", ["TX200"]), ("rules: {}\n", []), ("", None)):
        rules.write_text(content)
        if codes is not None:
            for _ in (1, 2):
                found = check(repo.path, yaml_rules=rules).leaves[0].diagnostics
                assert [item.code for item in found if item.code == "TX200"] == codes


def test_hits_start_and_import_and_read_nothing(repo: Repo, tmp_path: Path) -> None:
    some(repo)
    repo.branch("mine")
    repo.commit({f"{A}/qna.yaml": WRONG, **leaf("compositional_skills/new")})
    program = (
        "import os, sys\n"
        "started = ''\n"
        "def hook(event, arguments):\n"
        "    global started\n"
        "    started += str(arguments[1]) if event == 'subprocess.Popen' else ''\n"
        "sys.addaudithook(hook)\n"
        "from taxonomy_tools.api import check_changes\n"
        "check_changes(base='main', jobs=1)\n"
        "print('yamllint' in started, 'jsonschema' in sys.modules, '--batch' in started)\n"
    )
    command: list[str | Path] = [Path(sys.executable), "-P", "-c", program]
    assert run(*command, cwd=repo.path) == Result(status=0, out="True True True\n", err="")
    assert run(*command, cwd=repo.path) == Result(status=0, out="False False False\n", err="")


def test_only_those_that_are_missing_are_shared_out(repo: Repo) -> None:
    files: dict[str, str] = {}
    for number in range(40):
        files |= leaf(f"compositional_skills/k{number:02}")
    repo.commit(files)
    expected = check(repo.path, jobs=8, cache=False)
    for number in range(0, 40, 3):
        check(repo.path, [repo.path / f"compositional_skills/k{number:02}"])
    assert check(repo.path, jobs=8) == expected
    assert check(repo.path, jobs=1) == expected


# --- what is not kept


def test_conflicts_are_told_though_the_content_is_known(repo: Repo) -> None:
    repo.commit(leaf(A))
    repo.branch("mine")
    repo.commit({f"{A}/qna.yaml": skill(task="mine")})
    repo.git("switch", "--quiet", "main")
    repo.commit({f"{A}/qna.yaml": skill(task="theirs")})
    for ref in ("main", "mine", "main~1"):
        assert told(check(repo.path, head=ref)) == [A]
    repo.git("merge", "mine", check=False)
    for staged in (False, True):
        for _ in (1, 2):
            assert told(check(repo.path, staged=staged)) == [A, f"  {A}/qna.yaml TX007"]
    repo.git("checkout", "--quiet", "--ours", f"{A}/qna.yaml")
    assert told(check(repo.path)) == [A, f"  {A}/qna.yaml TX007"]
    repo.git("add", "--all")
    assert told(check(repo.path)) == [A]


def test_what_yamllint_gave_up_on_is_tried_again(repo: Repo, tmp_path: Path, lints: list[Any]) -> None:
    # A null character cannot be compared by the locale's rules.
    repo.commit({**leaf(A), **leaf(B), f"{B}/qna.yaml": skill() + '"\\0": 1\n'})
    rules = tmp_path / "rules"
    rules.write_text("rules: {key-ordering: enable}\n")
    first = check(repo.path, yaml_rules=rules)
    assert "TX005" in [item.code for item in first.leaves[1].diagnostics]
    del lints[:]
    assert check(repo.path, yaml_rules=rules) == first
    assert lints == [[f"{B}/qna.yaml"]]


@dataclass(frozen=True, kw_only=True)
class Restless:
    """A source in which a file is another one each time it is read."""

    folder: Folder
    moving: str
    label: str = "the folder"
    turns: list[int] = field(default_factory=list)

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        for one in entries:
            for content in self.folder.read([one]):
                if one.path == self.moving and isinstance(content, bytes):
                    self.turns.append(1)
                    yield content + b"# comment\n" * len(self.turns)
                else:
                    yield content

    def list(self) -> Iterator[Entry]:
        return self.folder.list()

    def tree(self) -> Any:
        return self.folder.tree()


@pytest.mark.parametrize("moving", [f"{B}/qna.yaml", f"{B}/attribution.txt"])
def test_what_changes_while_it_is_read_is_not_kept(tmp_path: Path, moving: str) -> None:
    for path, content in {**leaf(A), **leaf(B)}.items():
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_text(content)
    source = Restless(folder=Folder(root=tmp_path / "tree"), moving=moving)
    leaves = [Leaf(path=path, files=files) for path, files in group_leaves(source.list()).items()]
    with Cache(tmp_path / "cache") as cache:
        list(check_leaves(leaves, new=source, old=None, settings=Settings(terms=TERMS), cache=cache))
        queries = Recall(cache, TERMS).queries(leaves, source.folder)
        assert Recall(cache, TERMS).missing(queries) == [False, True]


# --- when the cache fails


class Forgetful(Cache):
    """A cache that claims to know more than it does, as one that another process empties."""

    def known(self, keys: Iterable[bytes]) -> frozenset[bytes]:
        return frozenset(keys)


def test_what_is_forgotten_meanwhile_is_examined_after_all(repo: Repo, tmp_path: Path, lints: list[Any]) -> None:
    some(repo)
    expected = check(repo.path, cache=False).leaves
    del lints[:]
    source = Folder(root=repo.path)
    leaves = [Leaf(path=path, files=files) for path, files in group_leaves(source.list()).items()]
    with Forgetful(tmp_path / "cache") as cache:
        for _ in (1, 2):
            reports = check_leaves(leaves, new=source, old=None, settings=Settings(terms=TERMS), cache=cache)
            assert [(one.path, one.diagnostics) for one in reports] == [(one.path, one.diagnostics) for one in expected]
    assert len(lints) == 1


def test_a_value_of_another_shape_is_none(repo: Repo, tmp_path: Path) -> None:
    some(repo)
    expected = check(repo.path, cache=False)
    source = Folder(root=repo.path)
    leaves = [Leaf(path=path, files=files) for path, files in group_leaves(source.list()).items()]
    with open_cache(os.environ, print) as cache:
        queries = Recall(cache, TERMS).queries(leaves, source)
        keys = [key for query in queries for key in query.keys]
        cache.put_many(dict(zip(keys, [["freeform skill"], [], "text", [], {"a": 1}, []], strict=True)))
        assert Recall(cache, TERMS).find(queries) == [None] * 3
    assert check(repo.path) == expected


def test_a_run_that_ends_early_keeps_what_it_has(repo: Repo, tmp_path: Path, lints: list[Any]) -> None:
    some(repo)
    source = Folder(root=repo.path)
    leaves = [Leaf(path=path, files=files) for path, files in group_leaves(source.list()).items()]
    for expected in (1, 1):
        with Cache(tmp_path / "cache") as cache:
            reports = check_leaves(leaves, new=source, old=None, settings=Settings(terms=TERMS), cache=cache)
            next(reports)
            reports.close()
        assert len(lints) == expected


# --- the command


def checked(repo: Repo, *options: str, **how: Any) -> Result:
    return run("taxonomy", "check", *options, cwd=repo.path, **how)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_the_cache_can_be_switched_off_and_put_elsewhere(repo: Repo, tmp_path: Path) -> None:
    some(repo)
    usual = Path(os.environ["TAXONOMY_CACHE"])
    expected = checked(repo, "--no-cache")
    assert (expected.status, expected.err) == (1, "")
    assert checked(repo, env={"TAXONOMY_CACHE": "off"}) == expected
    assert names(usual) == []
    elsewhere = tmp_path / "else where?#"
    for _ in (1, 2):
        assert checked(repo, env={"TAXONOMY_CACHE": os.fspath(elsewhere)}) == expected
    assert (names(usual), names(elsewhere)) == ([], ["verdicts-1.sqlite3"])
    for _ in (1, 2):
        assert checked(repo) == expected
    assert names(usual) == ["verdicts-1.sqlite3"]


def test_a_cache_in_the_checkout_is_one_line_and_the_same_verdict(repo: Repo) -> None:
    """A pull request could bring one that knows of no findings."""
    some(repo)
    expected = checked(repo, "--no-cache")
    inside = repo.path / ".cache"
    said = f"the cache folder {inside} lies in the checkout, where others write: going on without a cache.\n"
    for how in ({}, {"CI": "true"}):
        assert checked(repo, env={"TAXONOMY_CACHE": os.fspath(inside), **how}) == replace(expected, err=said)
    assert names(inside) == []


def test_noise_in_its_place_is_one_line_and_the_same_verdict(repo: Repo) -> None:
    some(repo)
    expected = checked(repo, "--no-cache")
    path = Path(os.environ["TAXONOMY_CACHE"], "verdicts-1.sqlite3")
    path.parent.mkdir()
    path.write_bytes(random.Random(1).randbytes(50_000))
    aside = f"the cache {path} is broken (file is not a database): moved aside to {path.name}.broken.\n"
    assert checked(repo) == replace(expected, err=aside)
    assert checked(repo) == expected
    assert names(path.parent) == [path.name, f"{path.name}.broken"]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file size here")
@pytest.mark.usefixtures("unmeasured")
def test_a_full_disk_changes_no_verdict(repo: Repo) -> None:
    some(repo)
    draw = random.Random(1)
    repo.write(f"{A}/qna.yaml", skill() + "".join(f"k{draw.randbytes(15).hex()}: 1\n" for _ in range(500)))
    expected = checked(repo, "--no-cache", "--quiet")
    limit = 200_000
    with open_cache(os.environ, print) as cache:
        cache.put_many({draw.randbytes(20): [draw.randbytes(limit).hex()]})

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    found = checked(repo, "--quiet", preexec_fn=fill_up)
    assert (found.status, found.out) == (expected.status, expected.out)
    assert len(found.err.splitlines()) == 1
    assert "cannot be written to" in found.err
    for _ in (1, 2):
        assert checked(repo, "--quiet") == expected


def test_two_runs_at_once_say_the_same(repo: Repo) -> None:
    some(repo)
    expected = checked(repo, "--no-cache")
    for _ in (1, 2):
        command: list[str | Path] = [SCRIPTS / "taxonomy", "check"]
        pair = [
            subprocess.Popen(
                command, cwd=repo.path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in (1, 2, 3)
        ]
        found = [(*one.communicate(), one.returncode) for one in pair]
        assert found == [(expected.out, "", expected.status)] * 3


def test_kill_at_any_moment_of_50_runs(repo: Repo, capfd: pytest.CaptureFixture[str]) -> None:
    """Each run has something to keep, and dies at some moment; the next one, and one without a cache, agree."""
    repo.commit({**leaf(A), **leaf(B), f"{B}/qna.yaml": WRONG})
    draw = random.Random(50)
    start = time.monotonic()
    checked(repo)
    usual = time.monotonic() - start
    for turn in range(50):
        repo.write(f"{A}/qna.yaml", skill("one", "two", f"n{turn}"))
        started = subprocess.Popen(
            [SCRIPTS / "taxonomy", "check"],
            cwd=repo.path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(draw.random() * usual)
        started.kill()
        started.wait()
        with open_cache(os.environ, print) as cache:
            assert cache.is_open
        assert [report.diagnostics for report in check(repo.path).leaves] == [
            report.diagnostics for report in check(repo.path, cache=False).leaves
        ]
    assert capfd.readouterr().out == ""
    assert names(Path(os.environ["TAXONOMY_CACHE"])) == ["verdicts-1.sqlite3"]
