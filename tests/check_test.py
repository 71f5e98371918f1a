"""Leaves in, reports out: what is read, what is said of it and where, whoever does the work."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from taxonomy_tools.api import check, check_changes
from taxonomy_tools.check import Settings, check_leaves, default_jobs
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.diff import LeafFiles, group_leaves
from taxonomy_tools.examine import Leaf, Terms
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.plan import Selection, plan_check
from taxonomy_tools.report import LeafReport
from taxonomy_tools.source import Entry, Folder, Unreadable
from taxonomy_tools.yamllint import Rules
from tests.leaves import ATTRIBUTION, leaf, skill, told
from tests.repository import Repo

SETTINGS = Settings(terms=Terms(lint_rules=Rules.DEFAULT))
A, B = "compositional_skills/a", "compositional_skills/b"
OLD = "created_by: ada\ntask_description: to test\nseed_examples:\n- {question: q, answer: a}\n"


def fill(root: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content.encode())


def broken(count: int) -> dict[str, str]:
    """Leaves that are wrong in every way in turn, and some that are not."""
    files: dict[str, str] = {}
    for number in range(count):
        folder = f"compositional_skills/k{number:03}"
        files |= leaf(folder)
        match number % 6:
            case 0:
                files[f"{folder}/qna.yaml"] = skill().replace("one-say", "No #")
            case 1:
                files[f"{folder}/qna.yaml"] = "not: [yaml"
            case 2:
                del files[f"{folder}/attribution.txt"]
            case 3:
                files[f"{folder}/qna.yml"] = files.pop(f"{folder}/qna.yaml")
            case 4:
                files[f"{folder}/qna.yaml"] += "a: 1   \n"
    return files


def test_the_reports_are_the_same_with_any_number_of_processes(repo: Repo) -> None:
    repo.commit(broken(40))
    expected = check(repo.path, jobs=1)
    assert [report.path for report in expected.leaves] == [f"compositional_skills/k{n:03}" for n in range(40)]
    assert [[found.code for found in report.diagnostics] for report in expected.leaves[:6]] == [
        ["TX201"],
        ["TX002"],
        ["TX401"],
        ["TX101"],
        ["TX302", "TX200"],
        [],
    ]
    for jobs in (2, 5, 50):
        assert check(repo.path, jobs=jobs) == expected
    assert check(repo.path) == expected


def test_a_handful_of_leaves_is_one_process_work() -> None:
    assert default_jobs(3) == 1
    assert default_jobs(1_000) == len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A source that says how much of it was asked for."""

    folder: Folder
    label: str = "the folder"
    asked: list[str] = field(default_factory=list)

    def list(self) -> Iterator[Entry]:
        return self.folder.list()

    def read(self, entries: Iterable[Entry]) -> Iterator[bytes | Unreadable]:
        for entry in entries:
            self.asked.append(entry.path)
            yield from self.folder.read([entry])


def test_reports_come_before_everything_is_read(tmp_path: Path) -> None:
    folders = [f"compositional_skills/k{number:03}" for number in range(600)]
    fill(tmp_path, {f"{path}/qna.yaml": OLD.replace("question: q", f"question: {path[-4:]}") for path in folders})
    source = Watched(folder=Folder(root=tmp_path))
    leaves = [Leaf(path=path, files=files) for path, files in group_leaves(source.list()).items()]
    reports = check_leaves(leaves, new=source, old=None, settings=SETTINGS, jobs=1)
    assert next(reports).path == leaves[0].path
    assert 0 < len(source.asked) < 600
    assert [report.path for report in reports] == [one.path for one in leaves[1:]]
    assert len(source.asked) == 600


def test_nothing_to_check(tmp_path: Path) -> None:
    source = Folder(root=tmp_path)
    assert list(check_leaves([], new=source, old=None, settings=SETTINGS)) == []


# What a report holds


def test_a_report_whole(repo: Repo) -> None:
    repo.commit({f"tax/{path}": content for path, content in leaf(A, "s", "t", "u", "v").items()})
    repo.write(f"tax/{A}/attribution.txt", "")
    [report] = check(repo.path / "tax").leaves
    repo.git("add", "--all")
    assert report == LeafReport(
        path=A,
        kind=LeafKind.FREEFORM_SKILL,
        files=LeafFiles(
            qna=Entry(path=f"{A}/qna.yaml", mode=0o100644, oid=repo.oid(f":tax/{A}/qna.yaml")),
            attribution=Entry(
                path=f"{A}/attribution.txt", mode=0o100644, oid=repo.oid(f":tax/{A}/attribution.txt"), stored=False
            ),
        ),
        seed_examples=4,
        diagnostics=(
            Diagnostic(
                code="TX402",
                name="empty-attribution",
                severity=Severity.ERROR,
                message=report.diagnostics[0].message,
                leaf=A,
                file=f"tax/{A}/attribution.txt",
                hint=report.diagnostics[0].hint,
            ),
            Diagnostic(
                code="TX304",
                name="too-few-items",
                severity=Severity.ERROR,
                message=report.diagnostics[1].message,
                leaf=A,
                file=f"tax/{A}/qna.yaml",
                span=Span(line=4, column=1, end_line=4, end_column=14),
                hint=report.diagnostics[1].hint,
                frame=(
                    FrameLine(number=3, text="task_description: to test"),
                    FrameLine(number=4, text="seed_examples:"),
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        pytest.param(A, skill(), LeafKind.FREEFORM_SKILL, id="freeform"),
        pytest.param(
            A, skill().replace("    answer", "    context: c\n    answer"), LeafKind.GROUNDED_SKILL, id="grounded"
        ),
        pytest.param("knowledge/a", "document: {}\n", LeafKind.KNOWLEDGE, id="knowledge"),
        pytest.param("knowledge/a", "[", LeafKind.KNOWLEDGE, id="knowledge that cannot be read"),
        pytest.param(A, "[", None, id="a skill that cannot be read"),
        pytest.param("elsewhere/a", "document: {}\n", LeafKind.KNOWLEDGE, id="a document elsewhere"),
        pytest.param("elsewhere/a", "{}\n", LeafKind.FREEFORM_SKILL, id="none elsewhere"),
    ],
)
def test_the_kind_of_a_leaf_there_and_removed(repo: Repo, path: str, content: str, kind: LeafKind | None) -> None:
    repo.commit({f"{path}/qna.yaml": content, f"{path}/attribution.txt": ATTRIBUTION})
    assert [report.kind for report in check(repo.path).leaves] == [kind]
    repo.git("rm", "--quiet", "-r", path)
    [removed] = check_changes(repo.path, base="main").leaves
    assert (removed.kind, removed.seed_examples, removed.content, removed.diagnostics) == (kind, None, None, ())


def test_a_folder_has_no_hashes(tmp_path: Path) -> None:
    fill(tmp_path, leaf(A))
    [report] = check(tmp_path).leaves
    assert report.files is not None
    assert [(entry.path, entry.oid) for entry in report.files.entries] == [
        (f"{A}/qna.yaml", None),
        (f"{A}/attribution.txt", None),
    ]
    assert report.diagnostics == ()


# What cannot be read


def test_a_file_that_vanishes_hides_no_other(repo: Repo) -> None:
    for path, content in {**leaf(A), **leaf(B), **leaf("compositional_skills/c")}.items():
        repo.write(path, content)
    plan = plan_check(Selection(taxonomy_path=repo.path))
    repo.remove(f"{A}/qna.yaml")
    repo.remove(f"{B}/attribution.txt")
    found = [(report.path, [(item.file, item.code) for item in report.diagnostics]) for report in plan.reports(jobs=1)]
    assert found == [
        (A, [(f"{A}/qna.yaml", "TX001")]),
        (B, [(f"{B}/attribution.txt", "TX001")]),
        ("compositional_skills/c", []),
    ]


def test_what_is_no_file_hides_no_other(repo: Repo) -> None:
    for path, content in {**leaf(A), **leaf("compositional_skills/z", attribution=None)}.items():
        repo.write(path, content)
    repo.write(f"{B}/qna.yaml", b"a" * (1024 * 1024 + 1))
    repo.write(f"{B}/attribution.txt", ATTRIBUTION)
    os.mkfifo(repo.path / "compositional_skills/z/attribution.txt")
    repo.link("compositional_skills/c/qna.yaml", f"../../{A}/qna.yaml")
    repo.link("compositional_skills/d", "a")
    assert told(check(repo.path)) == [
        A,
        B,
        f"  {B}/qna.yaml TX005",
        "compositional_skills/c",
        "  compositional_skills/c/qna.yaml TX006",
        "compositional_skills/d",
        "  compositional_skills/d TX006",
        "compositional_skills/z",
        "  compositional_skills/z/qna.yaml TX401",
    ]


def test_a_version_1_document_is_not_linted(repo: Repo) -> None:
    other = OLD.replace("question: q", "question: else")
    repo.commit({f"{A}/qna.yaml": OLD.replace("to test", "to test   "), f"{B}/qna.yaml": f"version: 1\n{other}  \n"})
    assert told(check(repo.path)) == [A, B]


def test_a_misnamed_document_is_only_named(repo: Repo) -> None:
    repo.commit({f"{A}/qna.yml": "not: [yaml", f"{A}/QNA.yaml": "", f"{A}/attribution.txt": ""})
    assert [line.split()[-1] for line in told(check(repo.path))][:3] == [A, "TX101", "TX101"]


def test_a_document_that_yamllint_crashes_on_hides_no_other(repo: Repo, tmp_path: Path) -> None:
    # A null character cannot be compared by the locale's rules.
    repo.commit({**leaf(A), **leaf(B), **leaf("compositional_skills/c")})
    repo.commit({f"{B}/qna.yaml": skill("v", "w", "x", "y", "z") + '"\\0": 1\n'})
    rules = tmp_path / "rules"
    rules.write_text("rules: {key-ordering: enable}\n")
    ordered = "wrong order"
    found = [
        (report.path, [item.code for item in report.diagnostics if ordered not in item.message])
        for report in check(repo.path, yaml_rules=rules).leaves
    ]
    assert found == [(A, []), (B, ["TX005", "TX302", "TX510"]), ("compositional_skills/c", [])]
