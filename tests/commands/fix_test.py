"""`--fix` and `--fix --dry-run`, as their users call them."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from taxonomy_tools.api import check
from taxonomy_tools.diagnostics import Severity
from tests.command import ATTRIBUTION, Result, leaf, run, skill
from tests.repository import Repo

BROKEN = (
    skill()
    .replace("It is 3.", "No")
    .replace("is 4 and one?", "is 4 and one?  ")
    .replace("answer: It is 6.\n", "answer:\tIt is 6.")
)
MENDED = skill().replace("It is 3.", '"No"')


def reworded(text: str) -> str:
    """The same leaf with other questions: two leaves that ask the same are a finding of their own."""
    return text.replace("and one?", "times eleven thousand?")


@pytest.fixture
def taxonomy(repo: Repo) -> Repo:
    """A taxonomy with a leaf as it should be in its base, and then two that can be mended."""
    repo.commit(leaf("compositional_skills/fine"))
    repo.branch("mine")
    for path, content in {
        "compositional_skills/a/qna.yml": BROKEN,
        "compositional_skills/a/attribution.txt": ATTRIBUTION,
        "compositional_skills/caf\u00e9/qna.yaml": reworded(BROKEN).replace("\n", "\r\n"),
        "compositional_skills/caf\u00e9/attribution.txt": ATTRIBUTION,
    }.items():
        repo.write(path, content)
    return repo


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def test_leaves_are_mended_and_what_remains_is_reported(taxonomy: Repo) -> None:
    done = run("taxonomy", "diff", "--base", "main", "--fix", cwd=taxonomy.path)
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith("\nFixed 10 findings in 2 files.\n\n2 leaves changed: 2 added. No findings.\n"), done.out
    assert contents(taxonomy.path)["compositional_skills/a/qna.yaml"] == MENDED.encode()
    assert contents(taxonomy.path)["compositional_skills/caf\u00e9/qna.yaml"] == reworded(MENDED).encode()
    assert "compositional_skills/a/qna.yml" not in contents(taxonomy.path)
    before = contents(taxonomy.path)
    again = run("taxonomy", "diff", "--base", "main", "--fix", cwd=taxonomy.path)
    assert "Fixed" not in again.out
    assert contents(taxonomy.path) == before


def test_the_patch_is_what_fix_does(taxonomy: Repo, tmp_path: Path) -> None:
    before = contents(taxonomy.path)
    shown = run("taxonomy", "check", "--fix", "--dry-run", cwd=taxonomy.path)
    assert contents(taxonomy.path) == before
    assert shown.status == 1
    assert shown.err.endswith("can be fixed with --fix).\n")
    run("taxonomy", "check", "--fix", cwd=taxonomy.path)
    mended = contents(taxonomy.path)
    for path in mended.keys() - before.keys():
        taxonomy.remove(path)
    for path, content in before.items():
        taxonomy.write(path, content)
    taxonomy.git("apply", "--whitespace=nowarn", "-", stdin=shown.out.encode())
    assert contents(taxonomy.path) == mended


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param((), 1, id="errors, though all can be fixed"),
        pytest.param(("--fail-on", "never"), 0, id="the gate that is asked for"),
        pytest.param(("compositional_skills/fine",), 0, id="nothing there"),
    ],
)
def test_the_patch_comes_with_the_counts_and_the_exit_code_of_a_run_without_it(
    options: tuple[str, ...], status: int, taxonomy: Repo
) -> None:
    shown = run("taxonomy", "check", "--fix", "--dry-run", *options, cwd=taxonomy.path)
    found = run("taxonomy", "check", *options, cwd=taxonomy.path)
    assert (shown.status, found.status) == (status, status)
    assert shown.err.splitlines() == found.out.splitlines()[-1:]
    described = " ".join(run("taxonomy", "check", "--help", cwd=taxonomy.path).out.split())
    assert "only the counts are told, on standard error, and the exit code." in described


def test_in_a_folder_below_the_repository_the_patch_is_for_its_top(repo: Repo) -> None:
    repo.commit({"deep/taxonomy/compositional_skills/a/qna.yaml": BROKEN})
    shown = run("taxonomy", "check", "-C", "deep/taxonomy", "--fix", "--dry-run", cwd=repo.path)
    assert shown.out.startswith("diff --git a/deep/taxonomy/compositional_skills/a/qna.yaml b/deep/taxonomy/")
    repo.git("apply", "-", stdin=shown.out.encode())
    assert (repo.path / "deep/taxonomy/compositional_skills/a/qna.yaml").read_bytes() == MENDED.encode()


def test_a_folder_without_a_repository_and_a_single_file_are_mended(tmp_path: Path) -> None:
    place = tmp_path / "compositional_skills/a"
    place.mkdir(parents=True)
    (place / "attribution.txt").write_text(ATTRIBUTION)
    for arguments in (("-C", "."), ("-C", "compositional_skills/a/qna.yaml")):
        (place / "qna.yaml").write_text(BROKEN)
        assert run("taxonomy", "check", *arguments, "--fix", cwd=tmp_path).status == 0
        assert (place / "qna.yaml").read_bytes() == MENDED.encode()


def test_only_leaves_that_are_looked_at_are_mended(taxonomy: Repo) -> None:
    taxonomy.write("compositional_skills/fine/qna.yaml", BROKEN)
    run("taxonomy", "check", "--fix", "compositional_skills/fine", cwd=taxonomy.path)
    after = contents(taxonomy.path)
    assert after["compositional_skills/fine/qna.yaml"] == MENDED.encode()
    assert after["compositional_skills/a/qna.yml"] == BROKEN.encode()


@pytest.mark.parametrize(
    ("attributes", "autocrlf"),
    [pytest.param("* text eol=crlf\n", "false", id="attributes"), pytest.param("", "true", id="autocrlf")],
)
def test_files_that_git_checks_out_with_crlf_keep_it(attributes: str, autocrlf: str, repo: Repo) -> None:
    repo.config(core__autocrlf=autocrlf)
    repo.commit({".gitattributes": attributes, **leaf("compositional_skills/a")})
    repo.write("compositional_skills/a/qna.yaml", BROKEN.replace("\n", "\r\n"))
    assert run("taxonomy", "check", "--fix", cwd=repo.path).status == 0
    after = (repo.path / "compositional_skills/a/qna.yaml").read_bytes()
    assert after == MENDED.replace("\n", "\r\n").encode()


def test_the_mode_stays(taxonomy: Repo) -> None:
    place = taxonomy.path / "compositional_skills/caf\u00e9/qna.yaml"
    place.chmod(0o755)
    run("taxonomy", "check", "--fix", cwd=taxonomy.path)
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_what_cannot_be_written_is_told_and_the_rest_is_done(taxonomy: Repo) -> None:
    place = taxonomy.path / "compositional_skills/caf\u00e9/qna.yaml"
    place.chmod(0o444)
    done = run("taxonomy", "check", "--fix", cwd=taxonomy.path)
    assert done.status == 2
    assert done.err == (
        "taxonomy: not everything could be fixed, because a file could not be written: "
        "compositional_skills/caf\u00e9/qna.yaml: it is read-only.\n  See who may write it:  ls -l\n"
    )
    assert contents(taxonomy.path)["compositional_skills/a/qna.yaml"] == MENDED.encode()


def test_links_are_not_followed(taxonomy: Repo, tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").write_text(BROKEN)
    taxonomy.link("compositional_skills/link/qna.yaml", os.fspath(tmp_path / "qna.yaml"))
    run("taxonomy", "check", "--fix", cwd=taxonomy.path)
    assert (tmp_path / "qna.yaml").read_text() == BROKEN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("--fix", "--staged"),
            "--fix mends files of the working tree: it cannot go with --staged or --head.",
            id="the index",
        ),
        pytest.param(
            ("--fix", "--head", "HEAD"),
            "--fix mends files of the working tree: it cannot go with --staged or --head.",
            id="a commit",
        ),
        pytest.param(("--dry-run",), "--dry-run shows what --fix would do: give both.", id="nothing to try"),
        pytest.param(
            ("--fix", "--dry-run", "--output-format", "json"),
            "--dry-run prints a patch and no report: leave out --output-format and --output.",
            id="two kinds of output",
        ),
    ],
)
@pytest.mark.parametrize("command", ["check", "diff"])
def test_wrong_use(command: str, arguments: tuple[str, ...], message: str, taxonomy: Repo) -> None:
    before = contents(taxonomy.path)
    done = run("taxonomy", command, *arguments, cwd=taxonomy.path)
    assert (done.status, done.out, done.err.splitlines()[-1]) == (2, "", f"Error: {message}")
    assert contents(taxonomy.path) == before


def test_what_is_told_as_fixable_is_fixed_where_aliases_repeat_it(repo: Repo) -> None:
    document = skill(answer="&a 7").replace("It is 3.", "*a").replace("It is 4.", "*a")
    repo.commit(leaf("compositional_skills/a", document))
    found = run("taxonomy", "check", cwd=repo.path)
    assert found.out.endswith("3 errors (3 can be fixed with --fix).\n")
    done = run("taxonomy", "check", "--fix", cwd=repo.path)
    assert (done.status, done.err) == (0, "")
    assert "\nFixed 3 findings in 1 file.\n" in done.out
    after = (repo.path / "compositional_skills/a/qna.yaml").read_text()
    assert after == document.replace("&a 7", '&a "7"')


def test_what_a_hook_pushes_is_no_working_tree(taxonomy: Repo) -> None:
    taxonomy.commit()
    env = {"PRE_COMMIT_FROM_REF": "main", "PRE_COMMIT_TO_REF": "mine"}
    done = run("taxonomy", "diff", "--fix", cwd=taxonomy.path, env=env)
    assert done.status == 2
    assert done.err.startswith("taxonomy: --fix mends files of the working tree, and what is looked at is mine.")


def test_the_report_says_what_can_be_fixed(taxonomy: Repo) -> None:
    found = run("taxonomy", "check", "--output-format", "json", cwd=taxonomy.path)
    report = json.loads(found.out)
    fixable = [item["code"] for one in report["leaves"] for item in one["diagnostics"] if item["fixable"]]
    assert fixable == ["TX101", "TX200", "TX201", "TX200", "TX200"]
    assert report["summary"]["fixable"] == 5


def test_nothing_to_mend_is_no_patch(repo: Repo) -> None:
    repo.commit(leaf("compositional_skills/fine"))
    shown = run("taxonomy", "check", "--fix", "--dry-run", cwd=repo.path)
    assert shown == Result(status=0, out="", err="1 leaf checked. No findings.\n")


UNREADABLE = frozenset({"TX001", "TX002", "TX003", "TX004", "TX005", "TX006"})


def test_real_leaves_get_better_and_never_worse(tmp_path: Path) -> None:
    folder = os.environ.get("TAXONOMY_CORPUS")
    if not folder:
        pytest.skip("set TAXONOMY_CORPUS to the folder that holds tree/, to mend real leaves")
    tree = tmp_path / "tree"
    shutil.copytree(Path(folder) / "tree", tree, copy_function=shutil.copyfile)
    for place in (tree, *tree.rglob("*")):
        place.chmod(0o755 if place.is_dir() else 0o644)
    before = codes(tree)
    done = run("taxonomy", "check", "-C", tree, "--fix", cwd=tmp_path, timeout=300)
    assert "\nFixed 33 findings in 16 files.\n" in done.out
    after = codes(tree)
    assert before.keys() == after.keys()
    for path, found in after.items():
        assert found or not before[path] or before[path] & {"TX101", "TX200", "TX201"}, path
        # What was said of a misnamed file was its name alone.
        assert not found or before[path], path
        assert found & UNREADABLE <= before[path] or "TX101" in before[path], path
    assert sum("TX201" in found for found in before.values()) > 0
    assert not any("TX201" in found for found in after.values())


def codes(tree: Path) -> dict[str, set[str]]:
    """The errors of each leaf."""
    return {
        one.path: {item.code for item in one.diagnostics if item.severity is Severity.ERROR}
        for one in check(tree).leaves
    }


BAIT = "compositional_skills/bait"


@pytest.fixture
def baited(taxonomy: Repo, tmp_path: Path) -> Path:
    """A leaf outside of a taxonomy with links to it, and repositories inside of the taxonomy that are others' own."""
    outside = tmp_path / "outside"
    others = [Repo.init(taxonomy.path / name).path for name in ("compositional_skills/nested", "vendor/nested")]
    for folder in (outside, *others):
        for path, content in leaf(BAIT, BROKEN).items():
            Repo(path=folder).write(path, content)
    taxonomy.link("compositional_skills/leaf", os.fspath(outside / BAIT))
    taxonomy.link("compositional_skills/deep", os.fspath(outside))
    taxonomy.link("docs/deep", os.fspath(outside))
    return outside


@pytest.mark.parametrize(
    ("stop", "below", "what"),
    [
        pytest.param("compositional_skills/leaf", "", "a symbolic link", id="a link in a leaf's place"),
        pytest.param("compositional_skills/deep", BAIT, "a symbolic link", id="a link above"),
        pytest.param("docs/deep", BAIT, "a symbolic link", id="a link elsewhere"),
        pytest.param("compositional_skills/nested", BAIT, "a nested repository", id="a repository"),
        pytest.param("vendor/nested", BAIT, "a nested repository", id="a repository elsewhere"),
    ],
)
@pytest.mark.parametrize(
    ("folder", "name"), [(".", ""), (".", "/qna.yaml"), ("docs", "/qna.yaml"), ("..", "/qna.yaml")]
)
def test_what_lies_behind_a_link_or_in_another_repository_is_not_touched(  # noqa: PLR0917 - the cases' own
    taxonomy: Repo, baited: Path, stop: str, below: str, what: str, folder: str, name: str
) -> None:
    if folder == ".." and what == "a nested repository":
        pytest.skip("from outside, the innermost repository is meant")
    before = contents(taxonomy.path) | contents(baited)
    path = os.path.relpath(taxonomy.path / f"{stop}/{below}".rstrip("/"), taxonomy.path / folder) + name
    refused = f"{stop}: error TX006 not-a-regular-file: is {what}: put the file itself there"
    unread = f"  {stop}: mend it first: it cannot be read"
    for command, said in ((["check", "--fix"], refused), (["check"], refused), (["migrate"], unread)):
        found = run("taxonomy", *command, path, cwd=taxonomy.path / folder)
        assert (found.status, found.err, said in found.out.splitlines()) == (1, "", True)
    if name:
        with (baited / BAIT / "qna.yaml").open("rb") as typed:
            found = run("taxonomy", "check", "--stdin-filename", path, cwd=taxonomy.path / folder, stdin=typed)
        assert (found.status, found.err, refused in found.out.splitlines()) == (1, "", True)
    assert contents(taxonomy.path) | contents(baited) == before


def test_a_link_in_a_folder_without_a_repository_is_not_followed_either(tmp_path: Path) -> None:
    root, outside = Repo(path=tmp_path / "root"), Repo(path=tmp_path / "outside")
    for path, content in leaf(BAIT, BROKEN).items():
        outside.write(path, content)
    root.link("knowledge/deep", os.fspath(outside.path))
    before = contents(outside.path)
    for folder, path in ((".", "knowledge"), ("knowledge", "."), ("..", "root/knowledge")):
        place = f"{path}/deep/{BAIT}/qna.yaml"
        for options in ((place, "--fix"), ("--stdin-filename", place)):
            with (outside.path / BAIT / "qna.yaml").open("rb") as typed:
                found = run("taxonomy", "check", *options, cwd=root.path / folder, stdin=typed)
            assert found == Result(
                status=1,
                out="Checking the folder\n\n"
                "knowledge/deep: error TX006 not-a-regular-file: is a symbolic link: put the file itself there\n\n"
                "1 leaf checked. 1 error.\n",
                err="",
            )
    assert contents(outside.path) == before


def test_a_single_file_behind_a_link_is_not_touched(taxonomy: Repo, baited: Path) -> None:
    before = contents(baited)
    place = "compositional_skills/leaf/qna.yaml"
    real = baited / BAIT / "qna.yaml"
    found = run("taxonomy", "check", "--fix", "-C", place, cwd=taxonomy.path)
    assert found == Result(
        status=2,
        out="",
        err=f"taxonomy: {place} lies behind a symbolic link in {taxonomy.path}/compositional_skills, and no link is "
        f"followed there.\n  Name the file where it is:  -C {real}\n",
    )
    assert contents(baited) == before


def test_a_checkout_below_a_link_is_mended(taxonomy: Repo, tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/taxonomy").symlink_to(taxonomy.path)
    place = "compositional_skills/a"
    for path, options in ((f"taxonomy/{place}", ()), (place, ("-C", "taxonomy")), (f"taxonomy/{place}/qna.yml", ())):
        (taxonomy.path / place / "qna.yml").write_text(BROKEN)
        (taxonomy.path / place / "qna.yaml").unlink(missing_ok=True)
        found = run("taxonomy", "check", "--fix", *options, path, cwd=tmp_path / "linked")
        assert (found.status, found.err) == (0, "")
        assert (taxonomy.path / place / "qna.yaml").read_text() == MENDED


@pytest.mark.parametrize("path", [".git/x", ".git/x/qna.yaml", ".GIT/x/qna.yaml"])
def test_a_leaf_in_gits_own_folder_is_none(taxonomy: Repo, path: str) -> None:
    for name, content in leaf(".git/x", BROKEN).items():
        taxonomy.write(name, content)
    assert run("taxonomy", "check", "--fix", path, cwd=taxonomy.path) == Result(
        status=2,
        out="",
        err=f"taxonomy: {path} is not in the taxonomy at {taxonomy.path}.\n"
        "  Name the taxonomy that it is in:  -C PATH\n",
    )
    assert (taxonomy.path / ".git/x/qna.yaml").read_text() == BROKEN
