"""`taxonomy new`, as its users call it."""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command import SCRIPTS, Result, environment, leaf, run, skill
from tests.repository import Repo

FILLED = (
    "--title=Wrens",
    "--link=https://example.org/wrens",
    "--revision=https://example.org/wrens?oldid=7",
    "--license=CC-BY-4.0",
    "--creator=Ada",
)
KNOWLEDGE = (
    "--domain=Zoology",
    "--document-outline=The wren: how it sings.",
    "--document-repo=https://github.com/ada/wrens.git",
    "--document-commit=9f2c41d07be6a35814cd02e7f86b93a1d5e0742c",
    "--document-pattern=*.md",
)
QNA = "qna.yaml"
WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll ledge marsh north ocean plain quarry".split()


@pytest.fixture
def taxonomy(repo: Repo) -> Repo:
    repo.config(github__user="ada-l", user__name="Ada Lovelace", user__email="ada@example.org")
    repo.commit(leaf("compositional_skills/there"))
    return repo


def files(root: Path) -> dict[str, str]:
    """Every file of a folder that Git does not keep for itself."""
    places = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in places}


def filled(text: str) -> str:
    """What a person makes of a template: text in place of each gap."""
    lines, said = [], iter(f"{one} {other}" for one in WORDS for other in reversed(WORDS))
    answers: list[str] = []
    for line in text.splitlines():
        if "<TODO context" in line:
            answers = [f"the {next(said)} of it" for _ in range(4)]
            line = re.sub("<.*>", f"Here {', then '.join(answers)}.", line)  # noqa: PLW2901 - a line, mended
        elif "<TODO question" in line:
            line = re.sub("<.*>", f"What about {next(said)} and {next(said)}?", line)  # noqa: PLW2901
        elif line.endswith(" answer:"):
            line += f" {answers.pop() if answers else f'It is the {next(said)}.'}"  # noqa: PLW2901
        lines.append(f"{line}\n")
    return "".join(lines)


def test_a_new_leaf_says_what_is_still_to_be_written(taxonomy: Repo) -> None:
    assert run("taxonomy", "new", "knowledge/birds/wren", cwd=taxonomy.path) == Result(
        status=0,
        out="Wrote knowledge/birds/wren/qna.yaml\n"
        "Wrote knowledge/birds/wren/attribution.txt\n"
        "\n"
        "Still to be written:\n"
        "  qna.yaml         domain, context (5), question (15), answer (15), document_outline, repo, commit, patterns\n"
        "  attribution.txt  title, link, licence and creator\n"
        "\n"
        "Then: taxonomy check knowledge/birds/wren\n",
        err="created_by is ada-l, from github.user in Git's config.\n",
    )
    checked = run("taxonomy", "check", "knowledge/birds/wren", cwd=taxonomy.path)
    assert checked.status == 1
    assert set(re.findall(r"TX\d+", checked.out)) == {"TX305", "TX403", "TX506"}


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        pytest.param("knowledge/birds/wren", KNOWLEDGE, id="knowledge"),
        pytest.param("compositional_skills/rhymes", ["--task-description=Rhyme: a word"], id="freeform skill"),
        pytest.param("compositional_skills/grounded/sum_up", ["--task-description=Sum up"], id="grounded skill"),
        pytest.param("foundational_skills/logic", ["--kind=freeform", "--task-description=Infer"], id="named kind"),
    ],
)
def test_a_leaf_has_no_finding_once_it_is_written(taxonomy: Repo, path: str, arguments: Sequence[str]) -> None:
    assert run("taxonomy", "new", path, *arguments, *FILLED, cwd=taxonomy.path).status == 0
    document = taxonomy.path / path / "qna.yaml"
    document.write_text(filled(document.read_text()))
    assert run("taxonomy", "check", path, "--fail-on=info", cwd=taxonomy.path) == Result(
        status=0, out="Checking the working tree\n\n1 leaf checked. No findings.\n", err=""
    )


def test_nothing_is_left_when_all_is_known(taxonomy: Repo) -> None:
    (taxonomy.path / "prepared.yaml").write_text(skill())
    done = run(*("taxonomy", "new", "--from", "prepared.yaml", "compositional_skills/sums", *FILLED), cwd=taxonomy.path)
    assert done == Result(
        status=0,
        out="Wrote compositional_skills/sums/qna.yaml\nWrote compositional_skills/sums/attribution.txt\n"
        "\nNext: taxonomy check compositional_skills/sums\n",
        err="",
    )
    assert files(taxonomy.path / "compositional_skills/sums")["qna.yaml"] == skill()


def test_a_prepared_document_comes_from_standard_input_too_and_is_judged(taxonomy: Repo) -> None:
    prepared = skill(answer="No").replace("created_by: ada", "created_by: Ada L")
    done = run(
        *("taxonomy", "new", "--from", "-", "compositional_skills/sums", *FILLED),
        cwd=taxonomy.path,
        input=prepared.encode(),
    )
    assert done.status == 0
    assert done.out.partition("\n\n")[2] == (
        "Found in it already:\n"
        "  qna.yaml:2:13: warning TX508 bad-username: `Ada L` is no GitHub user name: it holds spaces\n"
        "  qna.yaml:6:13: error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean\n"
        "\nNext: taxonomy check compositional_skills/sums\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        pytest.param(
            ["knowledge/my birds/the  wren"],
            "the folder name `my birds` holds a space: upstream asks for underscores.",
            "Write:  taxonomy new knowledge/my_birds/the_wren",
            id="spaces",
        ),
        pytest.param(["knowledge/a\nb"], "the folder name `a\\nb` holds a control character.", None, id="a newline"),
        pytest.param(["knowledge/con"], "the folder name `con` is kept for a device on Windows.", None, id="a device"),
        pytest.param(
            [b"knowledge/\xff"],
            "the folder name `\\xff` is not UTF-8, and cannot be on every system.",
            None,
            id="bytes",
        ),
        pytest.param(
            ["knowledge/.GIT/x"], "no folder can be named `.GIT`: Git keeps that name for itself.", None, id="git's own"
        ),
        pytest.param(
            ["../knowledge/x"],
            "../knowledge/x is a path with `..` in it: a leaf is named by the folders that lead to it.",
            None,
            id="upwards",
        ),
        pytest.param(
            ["/knowledge/x"],
            "/knowledge/x is an absolute path: a leaf is named by the folders that lead to it.",
            None,
            id="absolute",
        ),
        pytest.param(
            ["docs/x"],
            "docs/x is no place for a leaf: it must lie below `compositional_skills/`, `foundational_skills/` or "
            "`knowledge/`.",
            "For example:  taxonomy new knowledge/science/birds",
            id="outside",
        ),
        pytest.param(
            ["knowledge"],
            "knowledge is no place for a leaf: it must lie below `compositional_skills/`, `foundational_skills/` or "
            "`knowledge/`.",
            None,
            id="a top folder",
        ),
        pytest.param(
            ["compositional_skills/there/inner"],
            "compositional_skills/there is a leaf itself, and a leaf cannot lie in another.",
            "Choose a folder beside it:  taxonomy new compositional_skills/inner",
            id="inside a leaf",
        ),
        pytest.param(
            ["compositional_skills/there/qna.yaml"],
            "there is compositional_skills/there/attribution.txt already, and nothing is overwritten.",
            "See what is still to be done to it:  taxonomy check compositional_skills/there",
            id="there already",
        ),
        pytest.param(
            ["knowledge/deep"],
            "there are leaves below knowledge/deep, such as down/wren: a leaf cannot hold others.",
            "Choose a folder beside them:  taxonomy new knowledge/deep/NAME",
            id="above a leaf",
        ),
        pytest.param(
            ["knowledge/Deep/x"],
            "there is `deep` already, and `Deep` is the same name to some systems.",
            "Write:  taxonomy new knowledge/deep/x",
            id="another case",
        ),
        pytest.param(
            ["knowledge/link/x"], "knowledge/link is a symbolic link: no leaf can be there.", None, id="a link"
        ),
        pytest.param(["knowledge/file/x"], "knowledge/file is no folder: no leaf can be there.", None, id="a file"),
        pytest.param(
            ["knowledge/nested/x"],
            "knowledge/nested is another repository: no leaf of this one can be there.",
            None,
            id="a repository",
        ),
        pytest.param(
            ["foundational_skills/x"],
            "foundational_skills/x does not tell what kind of leaf it is to be.",
            "Say so:  taxonomy new --kind freeform|grounded|knowledge foundational_skills/x",
            id="no kind",
        ),
        pytest.param(
            ["--kind=grounded", "compositional_skills/x"],
            "compositional_skills/x is a place for a leaf of another kind: freeform skill.",
            "Leaves of the kind grounded skill lie below compositional_skills/grounded/.",
            id="another kind",
        ),
        pytest.param(
            ["--domain=x", "compositional_skills/x"],
            "--domain is for knowledge, and compositional_skills/x is a freeform skill.",
            None,
            id="an option of knowledge",
        ),
        pytest.param(
            ["--task-description=x", "knowledge/x"], "--task-description is for skills.", None, id="an option of skills"
        ),
        pytest.param(
            ["--from=other.yaml", "--created-by=eve", "knowledge/x"],
            "--from takes the document as it is: --created-by cannot go with it.",
            None,
            id="a document and more",
        ),
        pytest.param(
            ["--from=other.yaml", "knowledge/x"],
            "other.yaml, which --from names, cannot be read: No such file or directory.",
            None,
            id="no document",
        ),
        pytest.param(
            [b"--domain=\xff", "knowledge/x"], "the value of --domain is not UTF-8.", None, id="bytes as text"
        ),
        pytest.param(["-C", "nowhere", "knowledge/x"], "there is no folder nowhere.", None, id="no taxonomy"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    taxonomy: Repo, tmp_path: Path, arguments: list[str | bytes], message: str, remedy: str | None
) -> None:
    taxonomy.write("knowledge/deep/down/wren/qna.yaml", skill())
    taxonomy.write("knowledge/file", "")
    (tmp_path / "elsewhere").mkdir()
    taxonomy.link("knowledge/link", os.fspath(tmp_path / "elsewhere"))
    Repo.init(taxonomy.path / "knowledge/nested")
    before = files(taxonomy.path)
    refused = run("taxonomy", "new", *arguments, cwd=taxonomy.path)
    lines = refused.err.splitlines()
    assert (refused.status, refused.out, lines[0]) == (2, "", f"taxonomy: {message}")
    assert remedy is None or lines[1] == f"  {remedy}"
    assert (files(taxonomy.path), list((tmp_path / "elsewhere").iterdir())) == (before, [])


@pytest.mark.parametrize(
    ("folder", "arguments"),
    [
        pytest.param("knowledge", ["birds/wren"], id="from a folder of the taxonomy"),
        pytest.param("docs", ["knowledge/birds/wren"], id="as seen from the root"),
        pytest.param("..", ["-C", "repo", "knowledge/birds/wren"], id="of a taxonomy that is named"),
        pytest.param(".", ["./knowledge//birds/wren/"], id="with more than is needed"),
        pytest.param(".", ["knowledge/birds/wren/qna.yaml"], id="by its document"),
    ],
)
def test_a_path_is_seen_from_here_or_from_the_root(taxonomy: Repo, folder: str, arguments: list[str]) -> None:
    (taxonomy.path / "docs").mkdir()
    (taxonomy.path / "knowledge").mkdir()
    assert run("taxonomy", "new", *arguments, cwd=taxonomy.path / folder).status == 0
    assert sorted(files(taxonomy.path / "knowledge")) == ["birds/wren/attribution.txt", "birds/wren/qna.yaml"]


@pytest.mark.parametrize(
    ("there", "typed", "written"),
    [
        pytest.param((), "knowledge/z3", "knowledge/z3", id="a folder of the taxonomy"),
        pytest.param((), "compositional_skills/z3", "compositional_skills/z3", id="the same"),
        pytest.param(("knowledge",), "knowledge/z3", "compositional_skills/knowledge/z3", id="that is here as well"),
        pytest.param((), "history/z3", "compositional_skills/history/z3", id="none"),
    ],
)
def test_what_begins_as_at_the_root_is_at_the_root(
    taxonomy: Repo, there: Sequence[str], typed: str, written: str
) -> None:
    here = taxonomy.path / "compositional_skills"
    for name in there:
        (here / name).mkdir()
    before = files(taxonomy.path)
    done = run("taxonomy", "new", typed, cwd=here)
    assert (done.status, done.out.splitlines()[:2]) == (
        0,
        [f"Wrote {written}/{QNA}", f"Wrote {written}/attribution.txt"],
    )
    assert sorted(set(files(taxonomy.path)) - set(before)) == [f"{written}/attribution.txt", f"{written}/{QNA}"]


def test_the_command_at_the_end_gives_the_same_verdict(repo: Repo) -> None:
    """That of the named taxonomy's configuration, from where it is typed."""
    repo.write("my data/.taxonomy-tools.yaml", "ignore: [TX3, TX4, TX506]\n")
    (repo.path / "docs").mkdir()
    done = run("taxonomy", "new", "-C", "../my data", "knowledge/wren", *FILLED, cwd=repo.path / "docs")
    root = repo.path / "my data"
    assert done == Result(
        status=0,
        out="Wrote my data/knowledge/wren/qna.yaml\nWrote my data/knowledge/wren/attribution.txt\n\n"
        f"Next: taxonomy check -C '../my data' '{root}/knowledge/wren'\n",
        err="",
    )
    words = shlex.split(done.out.rpartition("Next: ")[2])
    assert run(*words, cwd=repo.path / "docs").status == 0
    assert run("taxonomy", "check", root / "knowledge/wren", cwd=repo.path / "docs").status == 1


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["knowledge/my birds"], "Write:  taxonomy new -C data knowledge/my_birds"),
        (
            ["/knowledge/x"],
            "Name it from the taxonomy's root:  taxonomy new -C data compositional_skills/FOLDER/FOLDER",
        ),
        (["docs/x"], "For example:  taxonomy new -C data knowledge/science/birds"),
        (["knowledge/there"], "See what is still to be done to it:  taxonomy check -C data data/knowledge/there"),
        (["knowledge/there/x"], "Choose a folder beside it:  taxonomy new -C data knowledge/x"),
        (["knowledge/There/x"], "Write:  taxonomy new -C data knowledge/there/x"),
        (["knowledge/deep"], "Choose a folder beside them:  taxonomy new -C data knowledge/deep/NAME"),
        (
            ["foundational_skills/x"],
            "Say so:  taxonomy new -C data --kind freeform|grounded|knowledge foundational_skills/x",
        ),
    ],
)
def test_every_command_that_is_told_is_of_the_same_taxonomy(repo: Repo, arguments: list[str], remedy: str) -> None:
    repo.write("data/knowledge/there/qna.yaml", skill())
    repo.write("data/knowledge/deep/down/qna.yaml", skill())
    refused = run("taxonomy", "new", "-C", "data", *arguments, cwd=repo.path)
    assert (refused.status, refused.err.splitlines()[1]) == (2, f"  {remedy}")


@pytest.mark.parametrize("place", ["bare.git", "bare.git/refs", "repo/.git", "repo/.git/hooks"])
@pytest.mark.parametrize("named", [False, True])
def test_where_git_keeps_its_own_no_leaf_is_written(taxonomy: Repo, tmp_path: Path, place: str, named: bool) -> None:
    taxonomy.clone(tmp_path / "bare.git", "--bare")
    (taxonomy.path / ".git/hooks").mkdir(exist_ok=True)
    where = tmp_path / place
    own = tmp_path / "/".join(place.split("/")[: 1 if place.startswith("bare") else 2])
    before = sorted(tmp_path.rglob("*"))
    arguments = ("-C", os.fspath(where)) if named else ()
    assert run("taxonomy", "new", *arguments, "knowledge/a/b", cwd=tmp_path if named else where) == Result(
        status=2,
        out="",
        err=f"taxonomy: {own} is Git's own folder, with no working tree: no leaf can be there.\n"
        "  Name the taxonomy's root:  -C PATH\n",
    )
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("room", [0, 200])
def test_nothing_is_left_where_there_is_no_room(taxonomy: Repo, unmeasured: None, room: int) -> None:
    """Not even a folder, unless it was there: the first file does not fit, or the second."""
    import resource  # not on Windows

    (taxonomy.path / "knowledge").mkdir()
    taxonomy.write("prepared.yaml", "version: 3\n")
    before = sorted(taxonomy.path.rglob("*"))
    arguments = ("--from", "prepared.yaml", f"--title={'x' * 300}")
    failed = run(
        *("taxonomy", "new", "knowledge/birds/wren", *arguments),
        cwd=taxonomy.path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    assert failed == Result(status=2, out="", err="taxonomy: knowledge/birds/wren cannot be written: File too large.\n")
    assert sorted(taxonomy.path.rglob("*")) == before


def test_a_taxonomy_below_a_repository_and_one_without(repo: Repo, tmp_path: Path) -> None:
    (repo.path / "data").mkdir()
    assert run("taxonomy", "new", "-C", "data", "knowledge/wren", cwd=repo.path).status == 0
    assert sorted(files(repo.path)) == ["data/knowledge/wren/attribution.txt", "data/knowledge/wren/qna.yaml"]
    (tmp_path / "plain").mkdir()
    alone = run("taxonomy", "new", "knowledge/wren", "--created-by=ada", cwd=tmp_path / "plain")
    assert (alone.status, alone.err) == (0, "")
    assert "created_by: ada\n" in files(tmp_path / "plain")["knowledge/wren/qna.yaml"]


def test_folders_and_limits_are_those_of_the_configuration(taxonomy: Repo) -> None:
    taxonomy.write(".taxonomy-tools.yaml", "taxonomy_folders: [facts]\nlimits:\n  context_words: 99\n")
    done = run("taxonomy", "new", "--kind", "knowledge", "facts/wren", cwd=taxonomy.path)
    assert done.status == 0
    assert "of at most 99 words" in files(taxonomy.path / "facts")["wren/qna.yaml"]
    assert run("taxonomy", "new", "knowledge/wren", cwd=taxonomy.path).status == 2


def test_a_leaf_that_git_ignores_is_told_of(taxonomy: Repo) -> None:
    taxonomy.write(".gitignore", "drafts/\n")
    done = run("taxonomy", "new", "knowledge/drafts", cwd=taxonomy.path)
    assert (done.status, "TX105 ignored-leaf" in done.out) == (0, True)


def on_terminal(answers: str, *arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Status, standard output, and what the terminal shows, of a call whose input and errors are a terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [SCRIPTS / "taxonomy", *arguments],
        cwd=cwd,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        os.write(ours, answers.encode())
        out, _ = process.communicate(timeout=60)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # all is read, and nobody is at the other end
        pass
    os.close(ours)
    return process.returncode, out, shown.decode()


def test_on_a_terminal_what_is_not_known_is_asked(taxonomy: Repo) -> None:
    answers = "\nTo rhyme\nRhymes\nMIT\n\n"
    status, out, shown = on_terminal(answers, "new", "compositional_skills/rhymes", cwd=taxonomy.path)
    assert status == 0
    assert "  qna.yaml  question (5), answer (5)\n" in out
    written = files(taxonomy.path / "compositional_skills/rhymes")
    assert written["attribution.txt"] == (
        "Title of work: Rhymes\nLicense of the work: MIT\nCreator names: Ada Lovelace\n"
    )
    assert "created_by: ada-l\n" in written["qna.yaml"]
    assert "task_description: To rhyme\n" in written["qna.yaml"]
    assert "Your user name on GitHub [ada-l]: " in shown


def test_who_ends_the_questions_gets_no_leaf(taxonomy: Repo) -> None:
    before = files(taxonomy.path)
    assert on_terminal("eve\n\x04", "new", "compositional_skills/rhymes", cwd=taxonomy.path)[0] == 130
    assert files(taxonomy.path) == before


def test_nothing_is_asked_where_that_was_said(taxonomy: Repo) -> None:
    status, _, shown = on_terminal("", "new", "--no-input", "compositional_skills/rhymes", cwd=taxonomy.path)
    assert (status, shown) == (0, "created_by is ada-l, from github.user in Git's config.\r\n")
