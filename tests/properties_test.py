"""Laws of the comparison, on random taxonomies and random edits of them."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxonomy_tools.api import changed_leaves, check_changes
from taxonomy_tools.content import ContentChange, compare
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles
from taxonomy_tools.layout import is_leaf_file, is_misnamed, leaf_of
from taxonomy_tools.report import LeafReport
from taxonomy_tools.source import blob_oid
from tests.leaves import skill
from tests.repository import Repo, standing_in

Tree = dict[str, bytes]

FOLDERS = st.sampled_from(
    (
        "compositional_skills/a",
        "compositional_skills/a/b",
        "compositional_skills/a b/c",
        "compositional_skills/caf\u00e9",
        "compositional_skills/cafe\u0301",
        'compositional_skills/"q"',
        "compositional_skills/line\nend",
        os.fsdecode(b"knowledge/\xff"),
        "knowledge/-C",
        "knowledge/*",
        "knowledge/x/qna.yaml",
        "elsewhere/d",
    )
)
SEEDS = st.lists(st.sampled_from(("s", "t", "u", "v", "w", "s=2", "t=2")), min_size=0, max_size=5)
DOCUMENTS = st.one_of(
    st.builds(lambda names, task: skill(*(names or ["s"]), task=task).encode(), SEEDS, st.sampled_from(("one", "two"))),
    st.sampled_from((b"", b"not: [yaml", b"- list\n", b"\xff", skill().replace("\n", "\r\n").encode())),
)
DOCUMENT_NAMES = st.sampled_from(("qna.yaml", "qna.yaml", "qna.yaml", "qna.yml", "QNA.YAML"))
FILES = st.one_of(
    st.tuples(DOCUMENT_NAMES, DOCUMENTS),
    st.tuples(st.just("attribution.txt"), st.sampled_from((b"", b"one\n", b"two\n"))),
    st.tuples(st.just("notes.md"), st.just(b"no leaf file")),
)
Edit = Callable[[Tree], Tree]


def placed(files: Mapping[str, bytes]) -> Tree:
    """As much of the files as can stand in one tree: none stands where another's folder does."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    return {path: content for path, content in files.items() if path not in folders}


def put(folder: str, file: tuple[str, bytes]) -> Edit:
    return lambda tree: placed({**tree, f"{folder}/{file[0]}": file[1]})


def drop(number: int) -> Edit:
    return lambda tree: {path: tree[path] for path in tree if path != sorted(tree)[number % len(tree)]}


def moved(old: str, new: str, *, keep: bool) -> Edit:
    """Move (or copy) the files directly in a folder."""

    def edit(tree: Tree) -> Tree:
        theirs = {path: content for path, content in tree.items() if leaf_of(path) == old}
        rest = {path: content for path, content in tree.items() if keep or path not in theirs}
        return placed({**rest, **{f"{new}/{path.rpartition('/')[2]}": content for path, content in theirs.items()}})

    return edit


def rewritten(number: int, change: Callable[[bytes], bytes]) -> Edit:
    """Change the content of one file."""

    def edit(tree: Tree) -> Tree:
        path = sorted(tree)[number % len(tree)]
        return {**tree, path: change(tree[path])}

    return edit


def reordered(content: bytes) -> bytes:
    """The last seed example first."""
    head, *seeds = content.split(b"  - question")
    return head + b"".join(b"  - question" + seed for seed in (*seeds[-1:], *seeds[:-1]))


TREES = st.builds(
    lambda files: placed({f"{folder}/{name}": content for folder, (name, content) in files}),
    st.lists(st.tuples(FOLDERS, FILES), min_size=1, max_size=8),
)
EDITS = st.lists(
    st.one_of(
        st.builds(put, FOLDERS, FILES),
        st.builds(drop, st.integers(0, 20)),
        st.builds(lambda old, new: moved(old, new, keep=False), FOLDERS, FOLDERS),
        st.builds(lambda old, new: moved(old, new, keep=True), FOLDERS, FOLDERS),
        st.builds(lambda number: rewritten(number, lambda content: b"# comment\n" + content), st.integers(0, 20)),
        st.builds(lambda number: rewritten(number, reordered), st.integers(0, 20)),
        st.builds(
            lambda number: rewritten(number, lambda content: content.replace(b"-say", b"-says")), st.integers(0, 20)
        ),
    ),
    max_size=6,
)


def edited(tree: Tree, edits: list[Edit]) -> Tree:
    for edit in edits:
        tree = edit(tree) if tree else tree
    return tree


@contextmanager
def repository() -> Iterator[Repo]:
    """A repository for one example: a fixture would be one for all of them."""
    with tempfile.TemporaryDirectory() as folder:
        yield Repo.init(Path(folder).resolve() / "repo")


def fill(repo: Repo, tree: Tree) -> None:
    """Make the working tree hold these files and no others."""
    for place in repo.path.iterdir():
        if place.name != ".git":
            shutil.rmtree(place)
    for path, content in tree.items():
        repo.write(path, content)


def leaves(tree: Tree) -> dict[str, str]:
    """The leaf files of a tree, by path, with the hashes of their content. An attribution alone is no leaf."""
    folders = {leaf_of(path) for path in tree if path.endswith("/qna.yaml") or is_misnamed(path)}
    return {
        path: blob_oid(content, "sha1")
        for path, content in tree.items()
        if is_leaf_file(path) and leaf_of(path) in folders
    }


def hashes(files: LeafFiles | None) -> dict[str, str | None]:
    return {entry.path: entry.oid for entry in files.entries} if files is not None else {}


def applied(base: Mapping[str, str | None], changes: tuple[LeafChange, ...]) -> dict[str, str | None]:
    """The base with every old file of the changes taken away, and then every new one put there."""
    result = dict(base)
    for change in changes:
        for path, oid in hashes(change.old).items():
            assert base[path] == oid
            if change.kind is not ChangeKind.COPIED:
                result.pop(path, None)
    for change in changes:
        result |= hashes(change.new)
    return result


def found(leaf: LeafReport) -> object:
    """What may not depend on where it was looked from; whether Git has a blob already may."""
    change = leaf.change
    assert change is not None
    kinds = (change.kind, change.path, change.old_path, hashes(change.old), hashes(change.new))
    return (kinds, leaf.kind, leaf.content, leaf.seed_examples, leaf.diagnostics)


LAWFUL = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWFUL
@given(base=TREES, edits=EDITS)
def test_the_changes_applied_to_the_base_give_the_head(base: Tree, edits: list[Edit]) -> None:
    head = edited(base, edits)
    with repository() as repo:
        fill(repo, base)
        repo.commit()
        fill(repo, head)
        changes = changed_leaves(repo.path, base="main")
    assert applied(dict(leaves(base)), changes) == leaves(head)
    assert [change.path for change in changes] == sorted({change.path for change in changes})
    # Whatever is told once is not told again, and nothing is told of what stayed as it was.
    renamed = [change.old_path for change in changes if change.kind is ChangeKind.RENAMED]
    assert len(renamed) == len(set(renamed))
    assert not {*renamed} & {change.path for change in changes if change.kind is ChangeKind.REMOVED}
    assert all(hashes(change.old) != hashes(change.new) for change in changes)


@settings(LAWFUL, max_examples=10)
@given(base=TREES, edits=EDITS)
def test_the_result_is_the_same_from_everywhere(base: Tree, edits: list[Edit]) -> None:
    head = edited(base, edits)
    with repository() as repo:
        fill(repo, base)
        repo.commit({"knowledge/here/notes.md": ""})
        fill(repo, head)
        repo.write("knowledge/here/notes.md")
        expected = [found(leaf) for leaf in check_changes(repo.path, base="main", jobs=1).leaves]
        with standing_in(repo.path / "knowledge/here"):
            below = check_changes("../..", base="main", jobs=1)
        repo.git("add", "--all")
        staged = check_changes(repo.path, base="main", staged=True, jobs=1)
        repo.branch("mine")
        repo.commit()
        committed = check_changes(repo.path, base="main", head="HEAD", jobs=1)
        repo.git("worktree", "add", "--quiet", "--detach", "../linked", "mine")
        linked = check_changes(repo.path.parent / "linked", base="main", jobs=1)
    for report in (below, staged, committed, linked):
        assert [found(leaf) for leaf in report.leaves] == expected


# Inside a leaf


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from((0.0, 1.0, "", "a", "b c", "1")))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("a", "b", 1, None)), inner, max_size=3)
    ),
    max_leaves=6,
)
DATA = st.one_of(
    st.dictionaries(st.sampled_from(("a", "b", "document", 1, True)), VALUES, max_size=3),
    st.builds(
        lambda seeds, rest: {**rest, "seed_examples": seeds},
        st.lists(VALUES, max_size=6),
        st.dictionaries(st.sampled_from(("a", "b", "document")), VALUES, max_size=2),
    ),
    st.builds(lambda value: {"seed_examples": value}, VALUES),
)


def content(old: object, new: object) -> ContentChange:
    return compare(old, new, attribution=False, document=True)


def seeds_of(data: dict[object, object]) -> list[object]:
    seeds = data.get("seed_examples")
    return seeds if isinstance(seeds, list) else []


@given(data=DATA)
def test_the_same_data_differ_in_layout_alone(data: dict[object, object]) -> None:
    assert content(data, data) == ContentChange(layout_only=True)


@given(data=DATA, random=st.randoms(use_true_random=False))
def test_another_order_is_no_change(data: dict[object, object], random: object) -> None:
    keys = list(data)
    random.shuffle(keys)  # type: ignore[attr-defined]
    other = {key: data[key] for key in keys}
    if isinstance(seeds := other.get("seed_examples"), list):
        other["seed_examples"] = random.sample(seeds, len(seeds))  # type: ignore[attr-defined]
    assert content(data, other) == ContentChange(layout_only=True)


@given(old=DATA, new=DATA)
def test_turned_around_what_was_added_is_removed(old: dict[object, object], new: dict[object, object]) -> None:
    there, back = content(old, new), content(new, old)
    assert (there.added, there.removed, there.fields) == (back.removed, back.added, back.fields)
    assert {(edit.old, edit.new, edit.fields) for edit in there.edited} == {
        (edit.new, edit.old, edit.fields) for edit in back.edited
    }
    assert there.layout_only == back.layout_only


@given(old=DATA, new=DATA)
def test_the_indices_say_all_that_differs(old: dict[object, object], new: dict[object, object]) -> None:
    told = content(old, new)
    gone = [*told.removed, *(edit.old for edit in told.edited)]
    come = [*told.added, *(edit.new for edit in told.edited)]
    assert len(gone) == len(set(gone))
    assert len(come) == len(set(come))
    kept_old = [seed for index, seed in enumerate(seeds_of(old)) if index not in gone]
    kept_new = [seed for index, seed in enumerate(seeds_of(new)) if index not in come]
    assert len(kept_old) == len(kept_new)
    rest = content({"seed_examples": kept_old}, {"seed_examples": kept_new})
    assert rest == ContentChange(layout_only=True)
    # Nothing that differs goes untold.
    assert told.layout_only == (not (gone or come or told.fields))


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_every_edit_is_paired(count: int) -> None:
    old = [{"question": f"q{number}", "answer": "old"} for number in range(count)]
    new = [{"question": f"q{number}", "answer": "new"} for number in reversed(range(count))]
    told = content({"seed_examples": old}, {"seed_examples": new})
    assert [(edit.old, edit.new) for edit in told.edited] == [(count - 1 - index, index) for index in range(count)]
    assert (told.added, told.removed) == ((), ())
