"""What no fixture can hold: conflicts of Git, violations of schemas to come, values of any size."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from taxonomy_tools.api import check
from taxonomy_tools.diagnostics import Severity, Span
from taxonomy_tools.document import Document, Problem, load
from taxonomy_tools.layout import Surroundings
from taxonomy_tools.rules import LEAF_RULES, bad_folder_name, outside_taxonomy, schema_violation, yamllint
from taxonomy_tools.rules.base import FileProblem, Finding, Subject, name_of, number_of, quote
from taxonomy_tools.rules.unmerged import __doc__ as unmerged_documentation
from taxonomy_tools.schemas import Violation, violations
from taxonomy_tools.standards import Standards
from taxonomy_tools.yamllint import LintProblem
from tests.leaves import leaf
from tests.repository import Repo

PATH = "compositional_skills/rhymes"
OTHER, CAF = "give the folder another name", "rename it to caf"


def subject(text: str, **changes: Any) -> Subject:
    """A leaf of version 1 as the rules see it."""
    document = load(text.encode())
    assert isinstance(document, Document)
    made = Subject(
        path=PATH,
        document_path=f"{PATH}/qna.yaml",
        document=document,
        version=1,
        violations=tuple(violations("compositional_skills", document.data)),
        lint=(),
        attribution=None,
        attribution_path=f"{PATH}/attribution.txt",
        misnamed=(),
        problems=(),
    )
    return replace(made, **changes)


def findings(found: Subject) -> list[tuple[str, str]]:
    return [(rule.CODE, finding.message) for rule in LEAF_RULES for finding in rule.check(found)]


def test_unresolved_conflict(repo: Repo) -> None:
    repo.commit(leaf("knowledge/science"))
    repo.git("checkout", "--quiet", "-b", "theirs")
    repo.commit({"knowledge/science/qna.yaml": "version: 3\ncreated_by: them\n"})
    repo.git("checkout", "--quiet", "main")
    repo.commit({"knowledge/science/qna.yaml": "version: 3\ncreated_by: us\n"})
    repo.git("merge", "--quiet", "theirs", check=False)
    status = repo.git("status", "--short").decode().strip()
    assert status == "UU knowledge/science/qna.yaml"
    assert f"    {status}    (in `git status --short`)" in (unmerged_documentation or "")
    (report,) = check(repo.path).leaves
    (found,) = report.diagnostics
    assert (found.code, found.file, found.span) == ("TX007", "knowledge/science/qna.yaml", None)
    assert found.message == "has unresolved conflicts: resolve them and `git add` the file"


def test_violation_that_no_other_rule_names() -> None:
    violation = Violation(
        code="TX309", route=("created_by",), value="j" * 100, keyword="maxLength", limit=39, description="A user."
    )
    found = list(schema_violation.check(subject("created_by: jo\n", violations=(violation,))))
    message = f"`created_by` breaks `maxLength: 39` of the schema with `{'j' * 29}…{'j' * 30}`"
    assert found == [Finding(message=message, route=("created_by",))]


def test_nothing_breaks_the_schemas_in_another_way() -> None:
    assert list(schema_violation.check(subject("created_by: 5\nseed_examples: []\nx: {}\n"))) == []


def test_findings_of_a_file_with_many_errors_come_all_at_once() -> None:
    seeds = "seed_examples:\n  - question:\n    answer: [b]\n    extra: c\n  - 5\n"
    text = f"created_by: No\nseed_example: 2001-01-99\n{seeds}"
    lint = (LintProblem(line=1, column=16, level="warning", message="too long", rule="line-length"),)
    unreadable = FileProblem(path=f"{PATH}/attribution.txt", problem=Problem(code="TX001", message="vanished"))
    assert findings(subject(text, lint=lint, problems=(unreadable,))) == [
        ("TX001", "vanished"),
        ("TX200", "too long (line-length)"),
        ("TX201", "`created_by` must be text, but unquoted `No` is a boolean"),
        ("TX201", "unquoted `2001-01-99` looks like a date, and is none"),
        ("TX301", "`task_description` is missing in the leaf"),
        ("TX302", "`seed_example` is not a key here: did you mean `seed_examples`?"),
        ("TX302", "`extra` is not a key here: the keys are `context`, `question`, `answer`"),
        ("TX303", "`answer` must be text, but is a list"),
        ("TX303", "item 2 of `seed_examples` must be a mapping, but is a number"),
        ("TX305", "`question` is empty: text is due here"),
    ]


@pytest.mark.parametrize(
    ("problem", "finding"),
    [
        pytest.param(
            LintProblem(line=3, column=2, level="error", message="trailing spaces", rule="trailing-spaces"),
            Finding(
                message="trailing spaces (trailing-spaces)",
                span=Span.at(3, 2),
                severity=Severity.ERROR,
                hint="remove the spaces at the end",
            ),
            id="error with a hint",
        ),
        pytest.param(
            LintProblem(line=1, column=1, level="warning", message="a message", rule=""),
            Finding(message="a message", span=Span.at(1, 1), severity=Severity.WARNING),
            id="warning without a rule",
        ),
    ],
)
def test_finding_of_yamllint(problem: LintProblem, finding: Finding) -> None:
    assert list(yamllint.check(subject("a: b\n", lint=(problem,)))) == [finding]


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ((), "the leaf"),
        (("a",), "`a`"),
        (("a", 0), "item 1 of `a`"),
        (("a", 0, "b"), "`b`"),
        (("a", 0, "b", 11), "item 12 of `b`"),
        ((0, 1), "the leaf"),
    ],
)
def test_name_of_a_place(route: tuple[object, ...], name: str) -> None:
    assert name_of(route) == name


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        pytest.param("a", "`a`", id="text"),
        pytest.param("ab" * 50, f"`{'ab' * 14}a…{'ab' * 15}`", id="long text"),
        pytest.param(False, "`false`", id="boolean"),
        pytest.param(None, "`null`", id="null"),
        pytest.param(1.5, "`1.5`", id="number"),
        pytest.param(1 << 20_000, "a number of 20,001 bits", id="number that Python does not spell"),
        pytest.param(["a"] * 100_000, "a list", id="list"),
        pytest.param({}, "a mapping", id="mapping"),
    ],
)
def test_quoted_value(value: object, quoted: str) -> None:
    assert quote(value) == quoted


def test_number_of_things() -> None:
    assert [number_of(count, "item") for count in (0, 1, 2, 5000)] == ["0 items", "1 item", "2 items", "5,000 items"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("answer: " + "a" * 100_000, id="long value"),
        pytest.param(f"{'k' * 900}: a", id="long key"),
        pytest.param(f"created_by: {'9' * 100_000}", id="long number"),
        pytest.param(f"created_by: 0x{'f' * 100_000}", id="long hexadecimal number"),
        pytest.param(f"version: 0x{'f' * 100_000}", id="long version"),
        pytest.param(f"version: [{'a, ' * 50_000}]", id="long list"),
        pytest.param(f"seed_examples: {'a' * 100_000}", id="long text for a list"),
        pytest.param(f"created_by: !!str {'a' * 9000}\n? 1{'0' * 900}\n: x", id="long number as a key"),
    ],
)
def test_messages_stay_short(text: str) -> None:
    for rule in LEAF_RULES:
        for finding in rule.check(subject(text)):
            assert len(finding.message) <= 200
            assert len(finding.hint) <= 80


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        pytest.param(
            "あ" * 86,
            (f"the folder name `{'あ' * 29}…{'あ' * 30}` is longer than the 255 bytes that file systems take", OTHER),
            id="too long",
        ),
        pytest.param(
            "caf\udce9", ("the folder name `caf\udce9` is not UTF-8, and cannot be on every system", CAF), id="raw"
        ),
        pytest.param(
            "x\u2028y", ("the folder name `x\u2028y` holds an invisible character", "rename it to x_y"), id="line"
        ),
        pytest.param(
            "a\u3000b",
            ("the folder name `a\u3000b` holds a space: upstream asks for underscores", "rename it to a_b"),
            id="wide",
        ),
        pytest.param(
            " ", ("the folder name ` ` ends with a dot or a space, which Windows drops", OTHER), id="only a space"
        ),
    ],
)
def test_folder_name_that_no_disk_has(name: str, finding: tuple[str, str]) -> None:
    path = f"{PATH}/{name}"
    found = bad_folder_name.check(subject("version: 1\n", path=path, document_path=f"{path}/qna.yaml"))
    assert [(one.message, one.hint) for one in found] == [finding]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("ünï", "", id="letters"),
        pytest.param("ünï x", "holds a space: upstream asks for underscores", id="a space"),
        pytest.param("あ" * 85, "", id="255 bytes"),
        pytest.param("a\u200bb", "holds an invisible character", id="invisible"),
        pytest.param(b"caf\xe9", "is not UTF-8, and cannot be on every system", id="raw"),
    ],
)
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_folder_name_in_any_locale(name: str | bytes, reason: str, encoding: str) -> None:
    """Without a locale, Python takes names for ASCII (PEP 538 and 540 switched off): the verdict is that of UTF-8."""
    code = (
        "import os; from taxonomy_tools.rules.bad_folder_name import fault, mended;"
        "name = os.fsdecode(os.environb[b'NAME']);"
        "print(fault(name), ascii(mended(name)), sep='|')"
    )
    modes = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"} if encoding == "ascii" else {"PYTHONUTF8": "1"}
    env = {**os.environb, **{key.encode(): value.encode() for key, value in {**modes, "LC_ALL": "C"}.items()}}
    env[b"NAME"] = name if isinstance(name, bytes) else name.encode()
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, timeout=60)
    better = {"ünï x": "ünï_x", "a\u200bb": "ab", b"caf\xe9": "caf"}.get(name, "")
    assert done.stdout.decode() == f"{reason}|{better!a}\n"


def test_folders_of_another_taxonomy() -> None:
    elsewhere = subject("version: 1\n", path="skills/a", document_path="skills/a/qna.yaml")
    for folders, said in ((("skills",), []), (("learned",), ["`learned/`"]), (("a", "b/c"), ["`a/` or `b/c/`"])):
        found = outside_taxonomy.check(replace(elsewhere, standards=Standards(taxonomy_folders=folders)))
        assert [one.message for one in found] == [
            f"this taxonomy reads no leaf that is not below {one}" for one in said
        ]


def test_findings_about_a_leaf_with_many_neighbours_are_few() -> None:
    strays = tuple(f"{PATH}/{number:06}" for number in range(100_000))
    found = findings(subject("version: 1\n", surroundings=Surroundings(strays=strays, inner=strays)))
    assert len([code for code, _ in found if code in {"TX104", "TX107"}]) == 22
