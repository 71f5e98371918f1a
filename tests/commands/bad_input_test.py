"""Whatever keeps the job from being done: exit 2, and one message that says what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import ATTRIBUTION, SCRIPTS, Result, leaf, run, skill
from tests.repository import Repo

GOOD = "compositional_skills/arithmetic/good"
WRONG = "compositional_skills/arithmetic/wrong"
FINDING = (
    "error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean\n"
    "     5 |   - question: What is one and one?\n"
    "     6 |     answer: No\n"
    '       |             ^^ write "No"\n'
)
WHY = "Why main: the first that exists of upstream/HEAD, upstream/main, origin/HEAD, origin/main, main, master"
GO_TO_A_CLONE = (
    "  Go to your clone of the taxonomy, or name it:  -C PATH\n"
    "  To check leaves without a repository:          taxonomy check PATH\n"
)
SEE_BRANCHES = "  See what there is:  git branch --all\n"
INSTALL_GIT = "  Install it:  https://git-scm.com/downloads\n"


@pytest.fixture
def clone(repo: Repo) -> Repo:
    """A branch off main, with one leaf on main and one new leaf that has one error."""
    repo.commit(leaf(GOOD))
    repo.branch("work")
    for path, content in leaf(WRONG, skill(answer="No")).items():
        repo.write(path, content)
    return repo


def refused(message: str, *, out: str = "") -> Result:
    """What a run that cannot do its job looks like."""
    return Result(status=2, out=out, err=message)


# --- repositories and refs


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["diff"], id="diff"),
        pytest.param(["diff", "--base", "main"], id="base"),
        pytest.param(["diff", "-C", ".", "--base", "main"], id="base of a named folder"),
        pytest.param(["diff", "-C", ".", "--staged"], id="index of a named folder"),
        pytest.param(["check", "--head", "main"], id="check a commit"),
        pytest.param(["check", "--staged"], id="check the index"),
    ],
)
def test_no_repository(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "compositional_skills").mkdir()
    assert run("taxonomy", *arguments, cwd=tmp_path) == refused(
        f"taxonomy: {tmp_path} is not inside a Git repository.\n{GO_TO_A_CLONE}"
    )


@pytest.mark.parametrize("option", ["--base", "--head"])
@pytest.mark.parametrize(
    "ref",
    [
        pytest.param("nope", id="unknown"),
        pytest.param("HEAD~20", id="before the first commit"),
        pytest.param("0123456789" * 4, id="unknown hash"),
        pytest.param("--output=x", id="looks like an option"),
        pytest.param("--all", id="looks like an option of rev-parse"),
        pytest.param("-x", id="looks like a short option"),
        pytest.param("--", id="looks like the end of options"),
        pytest.param("main..HEAD", id="a range"),
        pytest.param("main;touch x", id="looks like a command"),
    ],
)
def test_unknown_ref(clone: Repo, option: str, ref: str) -> None:
    expected = refused(f"taxonomy-diff: there is no `{ref}` in this repository.\n{SEE_BRANCHES}")
    assert run("taxonomy-diff", f"{option}={ref}", cwd=clone.path) == expected
    assert run("taxonomy-diff", option, ref, cwd=clone.path) == expected
    assert not list(clone.path.glob("x*"))


def test_unknown_ref_of_a_known_name(clone: Repo) -> None:
    assert run("taxonomy-diff", "--base", "upstream/main", cwd=clone.path) == refused(
        "taxonomy-diff: there is no `upstream/main` in this repository.\n"
        "  Refs with that name elsewhere:  main\n"
        "  Add the remote and fetch it:    git remote add upstream URL && git fetch upstream\n"
        "  or name another:                --base main\n"
    )


def test_ref_that_is_no_commit(clone: Repo) -> None:
    assert run("taxonomy-diff", "--base", "HEAD:compositional_skills", cwd=clone.path) == refused(
        "taxonomy-diff: `HEAD:compositional_skills` is not a commit.\n  Name a branch, a tag or a commit.\n"
    )


def test_ref_without_a_name(clone: Repo) -> None:
    found = run("taxonomy-diff", "--base", "", cwd=clone.path)
    assert (found.status, found.out) == (2, "")
    assert "is no name of a commit" in found.err


def test_ambiguous_ref(clone: Repo) -> None:
    clone.git("branch", "both")
    clone.git("tag", "both", "main")
    assert run("taxonomy-diff", "--base", "both", cwd=clone.path) == refused(
        "taxonomy-diff: `both` is ambiguous in this repository: it names heads/both and tags/both.\n"
        "  Say which:  --base heads/both\n"
    )


def test_variable_that_names_no_base(clone: Repo) -> None:
    """The first that is set counts: it is not passed over for `main`."""
    assert run("taxonomy-diff", cwd=clone.path, env={"TAXONOMY_BASE": "--output=x"}) == refused(
        f"taxonomy-diff: TAXONOMY_BASE names the base, but there is no `--output=x` in this repository.\n{SEE_BRANCHES}"
    )


def test_nothing_to_compare_with(clone: Repo) -> None:
    clone.git("branch", "-m", "main", "develop")
    assert run("taxonomy-diff", cwd=clone.path) == refused(
        "taxonomy-diff: there is nothing to compare with: this repository has none of upstream/HEAD, upstream/main, "
        "origin/HEAD, origin/main, main, master.\n"
        "  Name a base:                        --base REF\n"
        "  or take the whole tree as changed:  --base empty\n"
    )


def test_no_merge_base(clone: Repo) -> None:
    clone.git("switch", "--quiet", "--orphan", "lone")
    clone.commit()
    clone.git("switch", "--quiet", "--force", "work")
    assert run("taxonomy-diff", "--base", "lone", cwd=clone.path) == refused(
        "taxonomy-diff: HEAD and lone have no common commit.\n"
        "  Compare with the base itself:       --direct --base lone\n"
        "  or take the whole tree as changed:  --base empty\n"
    )


def test_shallow_clone(clone: Repo, tmp_path: Path) -> None:
    clone.commit(message="mine")
    clone.git("switch", "--quiet", "main")
    clone.commit(message="theirs")
    shallow = clone.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch")
    assert run("taxonomy-diff", "--base", "origin/work", cwd=shallow.path) == refused(
        "taxonomy-diff: HEAD and origin/work have no common commit here, because this clone is shallow.\n"
        "  Deepen it:          git fetch --deepen=100 origin\n"
        "  In GitHub Actions:  actions/checkout with fetch-depth: 0 (or 2 for a pull request)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(["diff"], "working tree", id="diff"),
        pytest.param(["check"], "working tree", id="check"),
        pytest.param(["diff", "--staged"], "index", id="diff of the index"),
        pytest.param(["check", "--staged"], "index", id="check of the index"),
    ],
)
def test_bare_repository_without_head(clone: Repo, tmp_path: Path, arguments: list[str], what: str) -> None:
    bare = clone.clone(tmp_path / "bare.git", "--bare")
    assert run("taxonomy", *arguments, cwd=bare.path) == refused(
        f"taxonomy: {bare.path} is a bare repository: it has no {what} to look at.\n"
        "  Compare or check a commit:  --head HEAD\n"
    )


@pytest.mark.parametrize("command", ["diff", "check"])
def test_repository_of_someone_else(clone: Repo, command: str) -> None:
    """Git itself has this variable for its own tests of safe.directory."""
    found = run("taxonomy", command, cwd=clone.path, env={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert found == refused(
        f"taxonomy: the repository at {clone.path} belongs to another user, so Git does not trust it.\n"
        f"  If you do:  git config --global --add safe.directory {clone.path}\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to someone else")
def test_repository_that_was_given_away(clone: Repo) -> None:
    for path in (clone.path, clone.path / ".git"):
        os.chown(path, 12345, 12345)
    assert run("taxonomy-diff", cwd=clone.path) == refused(
        f"taxonomy-diff: the repository at {clone.path} belongs to another user, so Git does not trust it.\n"
        f"  If you do:  git config --global --add safe.directory {clone.path}\n"
    )


# --- Git itself


def stand_in(folder: Path, script: str) -> dict[str, str]:
    """An environment in which `git` is a shell script."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("command", ["diff", "check"])
def test_git_is_missing(clone: Repo, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    found = run("taxonomy", command, cwd=clone.path, env={"PATH": os.fspath(tmp_path / "empty")})
    assert found == refused(
        f"taxonomy: Git could not be started: it is not installed, or not on the PATH.\n{INSTALL_GIT}"
    )


def test_git_is_too_old(clone: Repo, tmp_path: Path) -> None:
    env = stand_in(tmp_path / "bin", "echo git version 2.25.1")
    assert run("taxonomy-diff", cwd=clone.path, env=env) == refused(
        "taxonomy-diff: Git 2.25.1 is too old: this needs 2.30 or newer.\n"
        "  Install a newer one:  https://git-scm.com/downloads\n"
    )


def test_git_that_does_not_work(clone: Repo, tmp_path: Path) -> None:
    found = run("taxonomy-diff", cwd=clone.path, env=stand_in(tmp_path / "bin", "exit 127"))
    assert (found.status, found.out, len(found.err.splitlines())) == (2, "", 2)


# --- files


def header(clone: Repo) -> str:
    return f"Comparing the working tree with main (merge base {clone.oid('main')[:7]})\n{WHY}\n\n"


def powerless() -> list[str]:
    """What to start a process with so that permissions count, also for root."""
    if os.geteuid() != 0:
        return []
    command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    if (
        shutil.which("setpriv") is None
        or subprocess.run([*command, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("root reads everything here, and setpriv cannot take that from it")
    return command


@pytest.mark.parametrize(
    ("path", "kind", "finding"),
    [
        pytest.param("qna.yaml", "", "qna.yaml: error TX001 unreadable-file: cannot be read: {}", id="qna.yaml"),
        pytest.param(
            "attribution.txt",
            "  freeform skill  5 seed examples",
            "attribution.txt: error TX001 unreadable-file: cannot be read: {}",
            id="attribution.txt",
        ),
        pytest.param(
            "",
            "",
            "compositional_skills/arithmetic/closed: error TX001 unreadable-file: is a folder that cannot be listed",
            id="folder",
        ),
    ],
)
def test_unreadable_file_leaves_the_others_checked(clone: Repo, path: str, kind: str, finding: str) -> None:
    closed = "compositional_skills/arithmetic/closed"
    for name, content in leaf(closed).items():
        clone.write(name, content)
    prefix = powerless()
    place = clone.path / closed / path
    mode = place.stat().st_mode
    place.chmod(0)
    try:
        found = run(SCRIPTS / "taxonomy-diff", cwd=clone.path, prefix=prefix)
    finally:
        place.chmod(mode)
    rows = f"A  {closed}{kind or ''}\nA  {WRONG}   freeform skill  5 seed examples\n"
    assert found == refused(
        "taxonomy-diff: not everything could be checked, because a file could not be opened: "
        f"{closed}{'/' if path else ''}{path}.\n  See who may read it:  ls -l\n",
        out=f"{header(clone)}{rows}\n"
        f"{closed}\n  {finding.format('Permission denied')}\n\n"
        f"{WRONG}\n  qna.yaml:6:13: {FINDING}\n"
        "2 leaves changed: 2 added. 2 errors (1 can be fixed with --fix).\n",
    )


def test_file_that_vanishes_leaves_the_others_checked(clone: Repo, tmp_path: Path) -> None:
    """It is gone between Git's list and the reading: a stand-in for Git removes it after the list."""
    gone = "compositional_skills/arithmetic/gone"
    for name, content in leaf(gone).items():
        clone.write(name, content)
    real = shutil.which("git")
    script = (
        f'"{real}" "$@"; status=$?\ncase " $* " in *" ls-files -o -u "*) rm -f {gone}/qna.yaml;; esac\nexit $status'
    )
    found = run("taxonomy-diff", cwd=clone.path, env=stand_in(tmp_path / "bin", script))
    assert found == refused(
        "taxonomy-diff: not everything could be checked, because a file could not be opened: "
        f"{gone}/qna.yaml.\n  See who may read it:  ls -l\n",
        out=f"{header(clone)}A  {gone}\nA  {WRONG}  freeform skill  5 seed examples\n\n"
        f"{gone}\n  qna.yaml: error TX001 unreadable-file: vanished while it was being read\n\n"
        f"{WRONG}\n  qna.yaml:6:13: {FINDING}\n"
        "2 leaves changed: 2 added. 2 errors (1 can be fixed with --fix).\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["check", "nope"], "there is no nope.\n  See what there is:  ls .\n", id="check"),
        pytest.param(["check", "nope/qna.yaml"], "there is no nope/qna.yaml.\n  See what there is:  ls .\n", id="file"),
        pytest.param(["diff", "nope"], "there is no nope.\n  See what there is:  ls .\n", id="diff"),
        pytest.param(
            ["diff", "-C", "nope"],
            "there is no nope.\n  Name the taxonomy's root, a folder that is there:  -C PATH\n",
            id="root of a diff",
        ),
        pytest.param(
            ["check", "-C", "nope"],
            "there is no nope.\n  Name the taxonomy's root, a folder that is there:  -C PATH\n",
            id="root of a check",
        ),
    ],
)
def test_path_that_is_not_there(clone: Repo, arguments: list[str], message: str) -> None:
    assert run("taxonomy", *arguments, cwd=clone.path) == refused(f"taxonomy: {message}")


@pytest.mark.parametrize("command", ["diff", "check"])
def test_root_that_is_not_there_without_a_repository(tmp_path: Path, command: str) -> None:
    for path, content in leaf(GOOD).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(str(content))
    assert run("taxonomy", command, "-C", "nope", cwd=tmp_path) == refused(
        "taxonomy: there is no nope.\n  Name the taxonomy's root, a folder that is there:  -C PATH\n"
    )


# --- yamllint and its rules

CHECK_THE_NAME = (
    "  Check the name; files that yamllint rules refer to are looked for beside the file that names them.\n"
)
EXAMPLE = '  Such a file reads, for example: "extends: relaxed", and below it "rules: {line-length: disable}".\n'


def nothing(folder: Path) -> None:
    """Make nothing."""


def writing(content: bytes) -> Callable[[Path], object]:
    """Make the rules with this content."""
    return lambda folder: (folder / "rules.yaml").write_bytes(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            nothing,
            f"The yamllint rules in RULES cannot be read: No such file or directory\n{CHECK_THE_NAME}",
            id="missing",
        ),
        pytest.param(
            lambda folder: (folder / "rules.yaml").mkdir(),
            f"The yamllint rules in RULES cannot be read: it is not a regular file\n{CHECK_THE_NAME}",
            id="a folder",
        ),
        pytest.param(
            lambda folder: os.mkfifo(folder / "rules.yaml"),
            f"The yamllint rules in RULES cannot be read: it is not a regular file\n{CHECK_THE_NAME}",
            id="a pipe",
        ),
        pytest.param(
            writing(b""), f"RULES is not a yamllint configuration: it is not a mapping.\n{EXAMPLE}", id="an empty file"
        ),
        pytest.param(
            writing(skill().encode()),
            f"RULES is not a yamllint configuration: it has no `rules` and no `extends`.\n{EXAMPLE}",
            id="a leaf",
        ),
        pytest.param(
            writing(b"# Title\n\nText: of a\n - README: [\n"),
            "The yamllint rules in RULES are not valid YAML: line 4, column 10: mapping values are not allowed here\n"
            + EXAMPLE,
            id="no YAML",
        ),
        pytest.param(
            writing(b"rules: {nope: enable}\n"),
            'yamllint does not accept RULES: no such rule: "nope"\n'
            "  The rules and options it knows: https://yamllint.readthedocs.io/en/stable/rules.html\n",
            id="an unknown rule",
        ),
        pytest.param(
            writing(b"extends: base.yaml\n"),
            f"The yamllint rules in BASE cannot be read: No such file or directory\n{CHECK_THE_NAME}",
            id="extends what is missing",
        ),
    ],
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_rules_that_are_none(
    clone: Repo, tmp_path: Path, make: Callable[[Path], object], message: str, jobs: str
) -> None:
    make(tmp_path)
    rules = tmp_path / "rules.yaml"
    message = message.replace("RULES", str(rules)).replace("BASE", str(tmp_path / "base.yaml"))
    found = run("taxonomy-diff", "--quiet", "--jobs", jobs, "--yaml-rules", rules, cwd=clone.path)
    assert found == refused(f"taxonomy-diff: {message}")
    clone.git("clean", "--quiet", "-dfx")
    found = run("taxonomy-diff", "--quiet", "--jobs", jobs, "--yaml-rules", rules, cwd=clone.path)
    assert found == refused(f"taxonomy-diff: {message}"), "although no leaf changed"


@pytest.fixture(scope="module")
def broken_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with all that this one has, and a folder before it where a broken package can be put."""
    folder = tmp_path_factory.mktemp("python") / "venv"
    subprocess.run([sys.executable, "-P", "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    own, there = (
        subprocess.run(
            [program, "-c", "import sysconfig; print(sysconfig.get_path('purelib'), end='')"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for program in (python, sys.executable)
    )
    (Path(own) / "more.pth").write_text(f"import site; site.addsitedir({there!r})\n")
    return python


@pytest.mark.parametrize("jobs", ["1", "4"])
@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(
            {"__init__.py": "raise ImportError('half of it is missing')"},
            "yamllint cannot run: ImportError: half of it is missing",
            id="cannot be imported",
        ),
        pytest.param(
            {"__init__.py": "", "__main__.py": "import os; os._exit(3)"},
            "yamllint cannot run: exit status 3, and no word why",
            id="ends at once",
        ),
        pytest.param(
            {"__init__.py": "", "__main__.py": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"},
            "yamllint cannot run: ended by signal 9",
            id="is killed",
        ),
        pytest.param(
            {"__init__.py": ""}, "yamllint is not installed where taxonomy-tools runs (PYTHON).", id="is a shell"
        ),
    ],
)
def test_yamllint_that_cannot_run(
    clone: Repo, broken_python: Path, files: dict[str, str], said: str, jobs: str
) -> None:
    (package,) = broken_python.parents[1].glob("lib/*/site-packages")
    shutil.rmtree(package / "yamllint", ignore_errors=True)
    (package / "yamllint").mkdir()
    for name, source in files.items():
        (package / "yamllint" / name).write_text(source)
    for path, content in leaf(f"{GOOD}_2").items():
        clone.write(path, content)
    program = "from taxonomy_tools.main import diff; diff()"
    found = run(broken_python, "-P", "-c", program, "--jobs", jobs, "--output-format", "json", cwd=clone.path)
    assert found == refused(
        f"taxonomy-diff: {said.replace('PYTHON', str(broken_python))}\n"
        f"  Install it for this Python:  {broken_python} -m pip install --force-reinstall yamllint\n"
    )


# --- reports


@pytest.mark.parametrize("command", ["diff", "check"])
def test_report_that_cannot_be_written_is_said_before_the_work(clone: Repo, tmp_path: Path, command: str) -> None:
    """Git is not even asked: the stand-in for it would leave a mark."""
    asked = tmp_path / "asked"
    env = stand_in(tmp_path / "bin", f"touch {asked}; exit 1")
    file = tmp_path / "nope" / "report.json"
    assert run("taxonomy", command, "--output", file, cwd=clone.path, env=env) == refused(
        f"taxonomy: the report cannot be written to {file}: No such file or directory.\n"
        "  Name a file in a folder that is there, and yours:  --output FILE\n"
    )
    assert not asked.exists()


def test_report_file_without_permission(clone: Repo, tmp_path: Path) -> None:
    prefix = powerless()
    file = tmp_path / "report.json"
    file.write_text("of someone else")
    file.chmod(0o400)
    found = run(SCRIPTS / "taxonomy-diff", "--output", file, cwd=clone.path, prefix=prefix)
    assert found == refused(
        f"taxonomy-diff: the report cannot be written to {file}: Permission denied.\n"
        "  Name a file in a folder that is there, and yours:  --output FILE\n"
    )
    assert file.read_text() == "of someone else"


# --- leaves

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "bomb": (b"a: &a [" + b"x," * 50 + b"]\n" + b"b: [" + b"*a," * 3000 + b"]\n", "TX005"),
    "binary": (bytes(range(256)), "TX001"),
    "carriage": (skill().replace("\n", "\r").encode(), "TX200"),
    "deep": (b"a: " + b"[" * 400 + b"]" * 400, "TX005"),
    "empty": (b"", "TX004"),
    "huge": (b"a: " + b"x" * (1 << 20), "TX005"),
    "latin": ("answer: é".encode("latin-1"), "TX001"),
    "list": (b"- a\n- b\n", "TX003"),
    "nul": (b"a: \0", "TX002"),
    "null": (b"null\n", "TX004"),
    "odd_scalar": (skill(answer="2023-99-99").encode(), "TX201"),
    "python_tag": (b"a: !!python/object/apply:os.system [touch pwned]\n", "TX002"),
    "scalar": (b"hello\n", "TX003"),
    "surrogate": (b'version: 3\n"\\ud800": 1\n', "TX002"),
    "two_documents": (skill().encode() + b"---\n" + skill().encode(), "TX002"),
    "unclosed": (b"a: [1, 2\n", "TX002"),
    "version": (skill().replace("version: 3", "version: 99").encode(), "TX307"),
}


def test_leaf_broken_in_any_way_leaves_the_others_checked(clone: Repo) -> None:
    for name, (content, _) in BROKEN.items():
        clone.write(f"compositional_skills/broken/{name}/attribution.txt", ATTRIBUTION)
        clone.write(f"compositional_skills/broken/{name}/qna.yaml", content)
    clone.link("compositional_skills/broken/link/qna.yaml", "/etc/passwd")
    clone.link("compositional_skills/broken/linked_folder", "..")
    (clone.path / "compositional_skills/broken/folder/qna.yaml").mkdir(parents=True)
    clone.write("compositional_skills/broken/folder/qna.yaml/inside.txt")
    clone.write("compositional_skills/broken/misnamed/qna.yml", skill())
    os.mkfifo(clone.path / "compositional_skills/broken/fifo")
    nested = Repo.init(clone.path / "compositional_skills/broken/nested")
    nested.commit(leaf("knowledge/inner"))
    clone.stage("compositional_skills/broken/conflict/qna.yaml", b"ours")

    found = run("taxonomy-diff", "--output-format", "jsonl", cwd=clone.path)
    assert (found.status, found.err) == (1, "")
    assert "Traceback" not in found.out
    text = run("taxonomy-diff", cwd=clone.path)
    assert (text.status, text.err) == (1, "")
    for name, (_, code) in BROKEN.items():
        _, _, rest = text.out.partition(f"\ncompositional_skills/broken/{name}\n")
        section = rest.partition("\n\n")[0]
        assert f" {code} " in section, f"{name}: {section}"
    for name in ("link", "linked_folder", "nested"):
        assert "TX006" in text.out.partition(f"\ncompositional_skills/broken/{name}\n")[2].partition("\n\n")[0], name
    assert "TX101" in text.out.partition("\ncompositional_skills/broken/misnamed\n")[2].partition("\n\n")[0]
    assert f"{WRONG}\n  qna.yaml:6:13: {FINDING}" in text.out
    assert not (clone.path / "pwned").exists()
