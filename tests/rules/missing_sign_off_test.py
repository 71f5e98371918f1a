"""TX701 on real histories: whose commits are looked at, and what cannot fool it."""

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from taxonomy_tools.api import check, check_changes
from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.git import Repository
from taxonomy_tools.report import Report
from tests.command import run
from tests.leaves import leaf
from tests.repository import Repo

RHYMES = "compositional_skills/rhymes"
ADA = "Ada Contributor <ada@example.org>"
LINE = f"Signed-off-by: {ADA}"
AMEND = "git commit --amend --signoff"
AMEND_AS = "git commit --amend --no-edit --trailer"


@pytest.fixture
def started(repo: Repo) -> Repo:
    """A branch of nothing yet, upon a main whose only commit nobody signed off."""
    repo.commit({"README.md": "# A taxonomy\n"}, message="Start", signed_off=False)
    repo.branch("mine")
    return repo


def unsigned(report: Report) -> list[tuple[str, str]]:
    """Message and hint of each finding about commits."""
    for found in report.contribution:
        assert found == Diagnostic(
            code="TX701",
            name="missing-sign-off",
            severity=Severity.WARNING,
            message=found.message,
            leaf="",
            file="",
            hint=found.hint,
        )
    return [(found.message, found.hint) for found in report.contribution]


def lacking(commit: str, subject: str, person: str = ADA) -> str:
    return f"commit {commit[:7]} `{subject}` lacks the line `Signed-off-by: {person}`"


def subjects(report: Report) -> list[str]:
    return [message.split("`")[1] for message, _ in unsigned(report)]


def test_commits_that_are_not_signed_off(started: Repo) -> None:
    start = started.oid("main")
    one = started.commit(leaf(RHYMES), message="Add rhymes", signed_off=False)
    started.commit({"a": "1"}, message="Signed")
    last = started.commit({"a": "2"}, message="Last\n\nCo-authored-by: " + ADA, signed_off=False)

    report = check_changes(started.path, base="main")

    assert unsigned(report) == [
        (lacking(last, "Last"), AMEND),
        (lacking(one, "Add rhymes"), f"git rebase --signoff {start[:7]}"),
    ]
    assert (report.summary.errors, report.summary.warnings) == (0, 2)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="working tree"),
        pytest.param({"staged": True}, id="index"),
        pytest.param({"head": "HEAD"}, id="commit"),
        pytest.param({"direct": True}, id="direct"),
    ],
)
def test_every_side(started: Repo, options: dict[str, object]) -> None:
    commit = started.commit({"a": "1"}, message="Add", signed_off=False)
    started.write("a", "2")
    started.git("add", "a")
    report = check_changes(started.path, base="main", **options)  # type: ignore[arg-type]
    assert unsigned(report) == [(lacking(commit, "Add"), AMEND)]


def test_the_mends_mend(started: Repo) -> None:
    started.commit({"a": "1"}, message="One", signed_off=False)
    started.commit({"a": "2"}, message="Two", signed_off=False)
    hints = [hint for _, hint in unsigned(check_changes(started.path, base="main"))]
    started.git(*hints[0].split()[1:], "--no-edit")
    assert subjects(check_changes(started.path, base="main")) == ["One"]
    started.git(*hints[1].split()[1:])
    assert subjects(check_changes(started.path, base="main")) == []


def test_the_mends_mend_what_another_wrote(started: Repo) -> None:
    """There, `--signoff` would add the line of who types it."""
    started.config(user__name="ada  contributor", user__email="Ada@example.org")
    bo = {"GIT_AUTHOR_NAME": "Bo $(id) O'Neil", "GIT_AUTHOR_EMAIL": "bo@example.org"}
    option = "--trailer 'Signed-off-by: Bo $(id) O'\"'\"'Neil <bo@example.org>'"
    amend = f"git commit --amend --no-edit {option}"
    start = started.head
    for message in ("One", "Two"):
        started.write("a", message)
        started.git("add", "a")
        started.git("commit", "--quiet", "-m", message, env=bo)
    hints = [hint for _, hint in unsigned(check_changes(started.path, base="main"))]
    assert hints == [amend, f"git rebase --interactive {start[:7]}, `edit` this commit, and: {amend}"]
    started.git(*shlex.split(hints[0])[1:])
    assert subjects(check_changes(started.path, base="main")) == ["One"]


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        pytest.param({"user__name": "ADA contributor", "user__email": "ada@example.org"}, AMEND, id="the author"),
        pytest.param({"user__name": "Bo"}, AMEND, id="nobody knows"),
        pytest.param({"user__name": "Bo", "user__email": "bo@example.org"}, f"{AMEND_AS} '{LINE}'", id="another"),
    ],
)
def test_signoff_is_told_to_whom_it_helps(started: Repo, settings: dict[str, str], hint: str) -> None:
    started.config(**settings)
    commit = started.commit(message="Add", signed_off=False)
    assert unsigned(check_changes(started.path, base="main")) == [(lacking(commit, "Add"), hint)]


def test_a_name_of_any_length_makes_no_command(started: Repo) -> None:
    started.config(user__name="Bo", user__email="bo@example.org")
    started.git("commit", "--quiet", "--allow-empty", "-m", "Add", env={"GIT_AUTHOR_NAME": "x" * 400})
    assert [hint for _, hint in unsigned(check_changes(started.path, base="main"))] == [AMEND]


def test_nothing_of_others(started: Repo) -> None:
    """Neither what was merged from the base, nor the merge, nor what came to the base since."""
    started.commit({"a": "1"}, message="Mine")
    started.git("switch", "--quiet", "main")
    started.commit({"b": "1"}, message="Theirs", signed_off=False)
    started.git("switch", "--quiet", "mine")
    started.git("merge", "--quiet", "--no-edit", "main")
    started.git("switch", "--quiet", "main")
    started.commit({"b": "2"}, message="Theirs too", signed_off=False)
    started.git("switch", "--quiet", "mine")
    assert unsigned(check_changes(started.path, base="main")) == []
    assert unsigned(check_changes(started.path, base="main", direct=True)) == []


def test_each_author_signs(started: Repo) -> None:
    bo = {"GIT_AUTHOR_NAME": "Bo", "GIT_AUTHOR_EMAIL": "bo@example.org"}
    message = ("-m", "Of Bo", "-m", LINE)
    started.git("commit", "--quiet", "--allow-empty", *message, env=bo)
    commit = started.head
    started.git("commit", "--quiet", "--allow-empty", "-m", "Too", "-m", "Signed-off-by: BO <BO@example.org>", env=bo)
    (found,) = unsigned(check_changes(started.path, base="main"))
    assert found[0] == lacking(commit, "Of Bo", "Bo <bo@example.org>")


def test_bots_need_not(started: Repo) -> None:
    bot = {
        "GIT_AUTHOR_NAME": "dependabot[bot]",
        "GIT_AUTHOR_EMAIL": "49699333+dependabot[bot]@users.noreply.github.com",
    }
    started.git("commit", "--quiet", "--allow-empty", "-m", "Bump", env=bot)
    assert unsigned(check_changes(started.path, base="main")) == []
    evil = {"GIT_AUTHOR_NAME": "dependabot[bot]", "GIT_AUTHOR_EMAIL": "eve@example.org"}
    started.git("commit", "--quiet", "--allow-empty", "-m", "Evil", env=evil)
    assert subjects(check_changes(started.path, base="main")) == ["Evil"]


def test_where_there_is_no_contribution(started: Repo, tmp_path: Path) -> None:
    started.commit(leaf(RHYMES), message="Add", signed_off=False)
    assert unsigned(check_changes(started.path, base="empty")) == []
    assert unsigned(check_changes(started.path, base="HEAD")) == []
    assert unsigned(check_changes(started.path, [started.path / RHYMES], base="main")) == []
    assert unsigned(check(started.path)) == []
    started.git("switch", "--quiet", "--orphan", "new")
    assert unsigned(check_changes(started.path, base="main")) == []


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(f"x\0{LINE}\n", id="behind a NUL"),
        pytest.param(f"x\n\n\0\n{'0' * 40}\0\0A\0a@b\0{LINE}\n", id="a commit within a commit"),
        pytest.param(f"x\n\n# {LINE}\n", id="a comment"),
        pytest.param("\x1b[2J::error::owned\x1b]0;x\x07 \u202e`%s\n", id="escapes"),
        pytest.param("x" * 3_000_000, id="long"),
    ],
)
def test_hostile_messages(started: Repo, message: str) -> None:
    tree, parent = started.oid("HEAD^{tree}"), started.head
    header = f"tree {tree}\nparent {parent}\nauthor {ADA} 1 +0000\ncommitter {ADA} 1 +0000\n\n"
    raw = (header + message).encode()
    commit = started.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=raw).decode().strip()
    started.git("update-ref", "HEAD", commit)

    report = check_changes(started.path, base="main")

    ((said, _),) = unsigned(report)
    assert said.startswith(f"commit {commit[:7]} `")
    assert len(said) < 200
    done = run("taxonomy", "diff", "--base", "main", "--output-format", "text", cwd=started.path)
    assert "\x1b" not in done.out
    assert "TX701" in done.out


def test_authors_in_another_encoding(started: Repo) -> None:
    tree, parent = started.oid("HEAD^{tree}"), started.head
    person = "author Zoë <z@example.org> 1 +0000\ncommitter Zoë <z@example.org> 1 +0000\n"
    raw = f"tree {tree}\nparent {parent}\n{person}encoding ISO-8859-1\n\nHé\n\nSigned-off-by: Zoë <z@example.org>\n"
    for encoded in (raw.encode("latin-1"), raw.replace("encoding ISO-8859-1\n", "").encode("latin-1")):
        commit = started.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=encoded)
        started.git("update-ref", "HEAD", commit.decode().strip())
        assert unsigned(check_changes(started.path, base="main")) == []


def test_no_message_is_no_subject(started: Repo) -> None:
    started.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", "")
    ((said, _),) = unsigned(check_changes(started.path, base="main"))
    assert said == f"commit {started.head[:7]} lacks the line `{LINE}`"


def test_config_of_the_repository_runs_and_changes_nothing(started: Repo, tmp_path: Path) -> None:
    program = tmp_path / "gpg"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/was-run'\n", encoding="utf-8")
    program.chmod(0o755)
    started.config(
        log__showSignature="true",
        gpg__program=os.fspath(program),
        format__pretty="oneline",
        i18n__logOutputEncoding="UTF-16",
        log__mailmap="true",
    )
    started.write(".mailmap", "Bo <bo@example.org> Ada Contributor <ada@example.org>\n")
    commit = started.commit(message="Add", signed_off=False)
    assert unsigned(check_changes(started.path, base="main")) == [(lacking(commit, "Add"), AMEND)]
    assert not (tmp_path / "was-run").exists()


def import_commits(repo: Repo, number: int, message: str) -> None:
    """Many commits upon HEAD, at once."""
    parts = [
        f"commit refs/heads/many\ncommitter {ADA} {1_700_000_000 + n} +0000\n"
        f"data {len(message)}\n{message}\n" + (f"from {repo.head}\n" if n == 0 else "")
        for n in range(number)
    ]
    repo.git("fast-import", "--quiet", stdin="".join(parts).encode())
    repo.git("switch", "--quiet", "many")


def test_very_many_commits(started: Repo) -> None:
    import_commits(started, 10_000, "m")
    report = check_changes(started.path, base="main")
    assert len(unsigned(report)) == 1_000
    assert "Only the newest 1,000 commits were looked at for sign-offs." in report.notes


@pytest.mark.parametrize("lines", [1, 20_000])
def test_a_long_message_hides_neither_itself_nor_what_came_before(started: Repo, lines: int) -> None:
    started.commit({"a": "1"}, message="Unsigned", signed_off=False)
    filler = "\n".join(["x" * ((17 << 20) // lines)] * lines)
    started.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=f"Signed\n\n{filler}\n\n{LINE}\n".encode())
    started.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=f"Long\n\n{filler}\n\nno\n".encode())
    assert subjects(check_changes(started.path, base="main")) == ["Long", "Unsigned"]
    commits = Repository.discover(started.path).commits(started.head, without=started.oid("main"), limit=100)
    assert [len(commit.message) < 70_000 for commit in commits] == [True, True, True]


def test_a_line_that_is_cut_is_no_line(started: Repo) -> None:
    """A sign-off in the middle of a line counts no more where the line's start is not kept."""
    half = 32 << 10
    end = f"{LINE}\n{'x' * (half - len(LINE) - 2)}\n"
    started.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=f"Long\n\n{'x' * 100_000}{end}".encode())
    assert subjects(check_changes(started.path, base="main")) == ["Long"]


def test_more_than_anybody_reads_is_an_error(started: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxonomy_tools.git._COMMITS", 1 << 20)
    import_commits(started, 3, "m" * 1_000_000)
    with pytest.raises(TaxonomyError, match="what the commits of this contribution say is more than 1 MiB"):
        check_changes(started.path, base="main")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param([], 0, id="a warning"),
        pytest.param(["--severity", "TX701=error"], 2, id="an error"),
        pytest.param(["--fail-on", "warning"], 2, id="a warning fails"),
        pytest.param(["--severity", "TX701=error", "--fail-on", "never"], 0, id="nothing fails"),
        pytest.param(["--ignore", "TX701", "--fail-on", "warning"], 0, id="switched off"),
    ],
)
def test_commits_that_are_not_there_are_no_pass(started: Repo, tmp_path: Path, options: list[str], status: int) -> None:
    started.commit({"a": "1"}, message="Older", signed_off=False)
    started.commit({"a": "2"}, message="Newer")
    started.git("switch", "--quiet", "main")
    started.commit({"b": "1"}, message="Base")
    started.git("switch", "--quiet", "-c", "merged")
    started.git("merge", "--quiet", "--no-edit", "mine")
    clone = started.clone(tmp_path / "clone", "--depth=2", "--branch=merged")
    done = run("taxonomy", "diff", "--base", "HEAD^1", *options, cwd=clone.path)
    said = (
        "taxonomy: whether this contribution is signed off (TX701) is not known: of its commits, only the newest was "
        "looked at, because this clone is shallow.\n"
        "  Fetch the rest:     git fetch --unshallow\n"
        "  In GitHub Actions:  actions/checkout with fetch-depth: 0\n"
    )
    assert (done.status, done.err) == (status, said if status == 2 else "")


def test_too_many_commits_to_look_at_are_no_pass(started: Repo) -> None:
    import_commits(started, 1_001, f"m\n\n{LINE}\n")
    assert run("taxonomy", "diff", "--base", "main", cwd=started.path).status == 0
    done = run("taxonomy", "diff", "--base", "main", "--severity", "TX701=error", cwd=started.path)
    assert (done.status, "of its commits, only the newest 1,000 were looked at" in done.err) == (2, True)


def test_a_shallow_clone_tells_only_the_newest(started: Repo, tmp_path: Path) -> None:
    """As `actions/checkout` leaves it with fetch-depth: 2: a merge of the base and the pull request's newest commit."""
    started.commit({"a": "1"}, message="Older", signed_off=False)
    started.commit({"a": "2"}, message="Newer", signed_off=False)
    started.git("switch", "--quiet", "main")
    started.commit({"b": "1"}, message="Base", signed_off=False)
    started.git("switch", "--quiet", "-c", "merged")
    started.git("merge", "--quiet", "--no-edit", "mine")
    clone = started.clone(tmp_path / "clone", "--depth=2", "--branch=merged")
    report = check_changes(clone.path, base="HEAD^1")
    assert subjects(report) == ["Newer"]
    assert "Only the newest commit was looked at for its sign-off, because this clone is shallow." in report.notes


def test_a_shallow_clone_whose_commits_are_all_there(started: Repo, tmp_path: Path) -> None:
    clone = started.clone(tmp_path / "clone", "--depth=1", "--branch=main")
    clone.commit(message="One", signed_off=False)
    clone.commit(message="Two", signed_off=False)
    report = check_changes(clone.path, base="origin/main")
    assert subjects(report) == ["Two", "One"]
    assert [note for note in report.notes if "shallow" in note] == []


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param((), 0, id="a warning does not fail"),
        pytest.param(("--fail-on", "warning"), 1, id="unless it is asked to"),
    ],
)
def test_exit_code(started: Repo, arguments: Sequence[str], status: int) -> None:
    started.commit(message="Add", signed_off=False)
    done = run("taxonomy", "diff", "--base", "main", *arguments, cwd=started.path)
    assert done.status == status
    assert done.out.endswith("No leaf was checked. 1 warning.\n")


def test_the_query_is_asked_once_and_only_if_there_are_commits(started: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask: Callable[..., object] = Repository.commits

    def counted(self: Repository, head: str, **options: object) -> object:
        asked.append(head)
        return ask(self, head, **options)

    monkeypatch.setattr(Repository, "commits", counted)
    check_changes(started.path, base="main")
    assert asked == []
    started.commit(message="Add")
    check_changes(started.path, base="main")
    assert asked == [started.head]
