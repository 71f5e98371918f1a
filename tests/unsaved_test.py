"""What an editor has not saved: the verdict is that of after saving."""

from pathlib import Path

import pytest

from taxonomy_tools.source import MAX_BYTES
from tests.command import ATTRIBUTION, Result, leaf, run, skill
from tests.repository import Repo

RHYMES = "compositional_skills/rhymes"
QNA = f"{RHYMES}/qna.yaml"


def unsaved(folder: Path, content: str | bytes, path: str = QNA, *arguments: str) -> Result:
    data = content.encode() if isinstance(content, str) else content
    return run("taxonomy", "check", "--no-cache", *arguments, "--stdin-filename", path, cwd=folder, input=data)


def said(result: Result) -> tuple[int, str, str]:
    return result.status, result.out, result.err


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param(QNA, skill(answer="No"), id="an error more"),
        pytest.param(QNA, "a: 'b", id="no YAML"),
        pytest.param(QNA, b"a: \xff", id="no UTF-8"),
        pytest.param(QNA, "", id="empty"),
        pytest.param(QNA, skill().replace("\n", "\r\n"), id="CRLF"),
        pytest.param(QNA, "# taxonomy: ignore TX201\n" + skill(answer="No  # taxonomy: ignore TX201"), id="ignores"),
        pytest.param(f"{RHYMES}/attribution.txt", "\n", id="an attribution"),
        pytest.param(f"{RHYMES}/qna.yml", skill(), id="a misnamed file"),
        pytest.param("compositional_skills/new/qna.yaml", skill(answer="No"), id="a new leaf"),
        pytest.param("compositional_skills/new/deep/attribution.txt", ATTRIBUTION, id="a new leaf's attribution"),
        pytest.param("elsewhere/qna.yaml", skill(), id="outside of a taxonomy's folders"),
    ],
)
@pytest.mark.parametrize("kind", ["repository", "autocrlf", "folder"])
def test_verdict_is_that_of_after_saving(tmp_path: Path, kind: str, path: str, content: str | bytes) -> None:
    repo = Repo(path=tmp_path / "plain") if kind == "folder" else Repo.init(tmp_path / "repo")
    for name, text in leaf(RHYMES).items():
        repo.write(name, text)
    if kind != "folder":
        repo.commit()
    if kind == "autocrlf":
        repo.config(core__autocrlf="true")
    before = unsaved(repo.path, content, path)
    repo.write(path, content)
    after = run("taxonomy", "check", "--no-cache", path, cwd=repo.path)
    assert said(before) == said(after)
    assert before.status in (0, 1)


def test_nothing_is_written_and_the_cache_does_not_matter(repo: Repo) -> None:
    repo.commit(leaf(RHYMES))
    first = run("taxonomy", "check", "--stdin-filename", QNA, cwd=repo.path, input=skill(answer="No").encode())
    again = run("taxonomy", "check", "--stdin-filename", QNA, cwd=repo.path, input=skill(answer="No").encode())
    assert said(first) == said(again)
    assert first.status == 1
    assert run("taxonomy", "check", cwd=repo.path).status == 0
    assert repo.ask("status", "--porcelain") == ""


def test_from_inside_the_leaf_and_for_machines(repo: Repo) -> None:
    repo.commit(leaf(RHYMES))
    result = unsaved(repo.path / RHYMES, skill(answer="No"), "qna.yaml", "--output-format", "gitlab")
    assert result.status == 1
    assert f'"path":"{QNA}"' in result.out.replace(" ", "")


def test_what_is_larger_than_the_limit_is_said_so_and_not_read_on(repo: Repo) -> None:
    repo.commit(leaf(RHYMES))
    result = unsaved(repo.path, b"#" * (MAX_BYTES + 500_000))
    assert result.status == 1
    assert "error TX005 too-complex: has more than the 1,048,576 bytes that are read" in result.out


def test_link_in_the_place_of_the_file_stays_one(repo: Repo) -> None:
    repo.commit(leaf(RHYMES))
    repo.remove(QNA)
    repo.link(QNA, "../../elsewhere.yaml")
    result = unsaved(repo.path, skill())
    assert result.status == 1
    assert "error TX006 not-a-regular-file" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--staged"], "cannot go with --staged", id="the index"),
        pytest.param(["--head", "HEAD"], "cannot go with --head", id="a commit"),
        pytest.param(["--fix"], "cannot go with --fix", id="fixes"),
        pytest.param(["--write-baseline"], "cannot go with --write-baseline", id="a baseline"),
        pytest.param([RHYMES], "cannot go with PATHs", id="paths"),
        pytest.param(["-C", QNA], "is a single file", id="a single file"),
    ],
)
def test_wrong_use(repo: Repo, arguments: list[str], message: str) -> None:
    repo.commit(leaf(RHYMES))
    result = unsaved(repo.path, skill(), QNA, *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


@pytest.mark.parametrize("path", [RHYMES, f"{RHYMES}/notes.txt"])
def test_path_that_is_no_leaf_file_of_the_taxonomy(repo: Repo, path: str) -> None:
    repo.commit(leaf(RHYMES))
    assert unsaved(repo.path, skill(), path).status == 2


def test_no_standard_input(repo: Repo) -> None:
    repo.commit(leaf(RHYMES))
    with Path("/dev/null").open("rb") as nothing:
        result = run("taxonomy", "check", "--stdin-filename", QNA, cwd=repo.path, stdin=nothing)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("taxonomy: standard input does not give what the file is to hold")
