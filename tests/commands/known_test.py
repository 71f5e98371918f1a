"""The baseline as its users meet it: real processes in real repositories."""

import json
import os
from pathlib import Path

import pytest

from taxonomy_tools import api
from tests.command import leaf, run, skill
from tests.repository import Repo

NAME = ".taxonomy-baseline.json"
RHYMES, RIDDLES = "compositional_skills/rhymes", "compositional_skills/riddles"
BAD = skill(answer="No")
# Other questions: those of another leaf must not be asked again.
RIDDLE = BAD.replace("What is", "Which door leads through").replace("and one?", "walls at night?")


def check(repo: Repo, *arguments: str, status: int = 0, env: dict[str, str] | None = None) -> list[str]:
    """What `taxonomy check` says, without the frames; a line a finding or note."""
    result = run("taxonomy", "check", "--no-cache", *arguments, cwd=repo.path, env=env)
    assert (result.status, result.err) == (status, "")
    return [line for line in result.out.splitlines()[1:] if line and " | " not in line and not line.startswith(" ")]


def entries(repo: Repo, name: str = NAME) -> list[tuple[str, str, int]]:
    found = json.loads((repo.path / name).read_bytes())["findings"]
    return [(one["leaf"], one["code"], one["count"]) for one in found]


@pytest.fixture
def old(repo: Repo) -> Repo:
    """A taxonomy with an error in each of two leaves, both in its baseline."""
    repo.commit({**leaf(RHYMES, BAD), **leaf(RIDDLES, RIDDLE)})
    assert check(repo, "--write-baseline") == [
        f"The baseline {NAME} holds 2 findings of 2 leaves now.",
        "2 leaves checked. No findings.",
    ]
    repo.commit()
    return repo


def test_what_is_known_is_not_reported_and_what_is_new_is(old: Repo) -> None:
    assert entries(old) == [(RHYMES, "TX201", 1), (RIDDLES, "TX201", 1)]
    known = f"2 findings not shown: known from the baseline {NAME}."
    assert check(old) == [known, "2 leaves checked. No findings."]
    old.write(f"{RHYMES}/qna.yaml", "# Lines may move.\n" + BAD.replace("It is 3.", "1.10"))
    assert check(old, status=1) == [
        f"{RHYMES}/qna.yaml:9:13: error TX201 implicit-type: `answer` must be text, but unquoted `1.10` is a number",
        known,
        "2 leaves checked. 1 error (1 can be fixed with --fix).",
    ]
    assert len(check(old, "--no-baseline", status=1)) == 4


def test_diff_and_python_go_by_it_too(old: Repo) -> None:
    old.branch("work")
    old.write(f"{RHYMES}/qna.yaml", "# A comment.\n" + BAD)
    result = run("taxonomy-diff", "--base", "main", cwd=old.path)
    assert (result.status, result.err) == (0, "")
    assert f"1 finding not shown: known from the baseline {NAME}." in result.out
    assert run("taxonomy-diff", "--base", "main", "--no-baseline", cwd=old.path).status == 1
    assert api.check(old.path).summary.errors == 0
    assert api.check(old.path).notes == (f"2 findings not shown: known from the baseline {NAME}.",)
    assert api.check(old.path, baseline=False).summary.errors == 2


def test_what_is_gone_goes_from_the_file(old: Repo) -> None:
    old.write(f"{RHYMES}/qna.yaml", skill())
    old.remove(f"{RIDDLES}/qna.yaml")
    old.remove(f"{RIDDLES}/attribution.txt")
    gone = f"1 finding of the baseline {NAME} is gone, and removed from it."
    assert check(old, RHYMES) == [gone, "1 leaf checked. No findings."]
    assert entries(old) == [(RIDDLES, "TX201", 1)]
    assert check(old) == [gone, "1 leaf checked. No findings."]
    assert entries(old) == []
    assert check(old) == ["1 leaf checked. No findings."]


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        pytest.param((), {"CI": "true"}, id="in CI"),
        pytest.param(("--staged",), {}, id="the index"),
        pytest.param(("--head", "HEAD"), {}, id="a commit"),
    ],
)
def test_elsewhere_the_file_stays_as_it_is(old: Repo, arguments: tuple[str, ...], env: dict[str, str]) -> None:
    before = (old.path / NAME).read_bytes()
    old.commit({f"{RHYMES}/qna.yaml": skill()})
    assert check(old, *arguments, env=env) == [
        f"1 finding not shown: known from the baseline {NAME}.",
        f"1 finding of the baseline {NAME} is gone: `taxonomy check` in a working tree removes what is gone.",
        "2 leaves checked. No findings.",
    ]
    assert (old.path / NAME).read_bytes() == before


def test_what_nobody_looked_for_is_not_gone(old: Repo) -> None:
    before = (old.path / NAME).read_bytes()
    assert check(old, "--ignore", "TX201") == ["2 leaves checked. No findings."]
    old.write(f"{RHYMES}/qna.yaml", "a: 'b\n")
    check(old, status=1)
    assert (old.path / NAME).read_bytes() == before


def test_mode_of_the_file_stays_and_a_link_is_not_followed(old: Repo) -> None:
    (old.path / NAME).chmod(0o640)
    old.write(f"{RHYMES}/qna.yaml", skill())
    check(old)
    assert (old.path / NAME).stat().st_mode & 0o777 == 0o640
    target = old.path / "elsewhere.json"
    os.replace(old.path / NAME, target)
    (old.path / NAME).symlink_to(target.name)
    result = run("taxonomy", "check", cwd=old.path)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"taxonomy: {NAME} is a symbolic link")


def test_renamed_leaf_keeps_what_is_known_of_it_in_a_comparison(old: Repo) -> None:
    old.branch("work")
    old.git("mv", RHYMES, "compositional_skills/verses")
    result = run("taxonomy-diff", "--base", "main", cwd=old.path)
    assert (result.status, f"1 finding not shown: known from the baseline {NAME}." in result.out) == (0, True)


def test_written_for_some_leaves_the_others_stay(old: Repo) -> None:
    old.write(f"{RHYMES}/qna.yaml", BAD.replace("It is 3.", "1.10"))
    old.write(f"{RIDDLES}/qna.yaml", RIDDLE.replace("It is 3.", "1.10"))
    check(old, RHYMES, "--write-baseline")
    assert entries(old) == [(RHYMES, "TX201", 1), (RHYMES, "TX201", 1), (RIDDLES, "TX201", 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--ignore", "TX201"), id="ignore"),
        pytest.param(("--select", "TX5"), id="select"),
        pytest.param(("--severity", "TX201=off"), id="off"),
    ],
)
@pytest.mark.parametrize("file", [(), (NAME,)])
@pytest.mark.parametrize("paths", [(), (RHYMES,)])
def test_written_with_some_rules_the_others_stay(
    old: Repo, arguments: tuple[str, ...], file: tuple[str, ...], paths: tuple[str, ...]
) -> None:
    before = (old.path / NAME).read_bytes()
    old.write(f"{RHYMES}/qna.yaml", BAD.replace("It is 3.", "TODO"))
    check(old, *paths, *arguments, "--write-baseline", *file)
    with_more = [(RHYMES, "TX201", 1), (RHYMES, "TX506", 1), (RIDDLES, "TX201", 1)]
    assert entries(old) == with_more
    old.write(f"{RHYMES}/qna.yaml", BAD)
    check(old, "--write-baseline")
    assert (old.path / NAME).read_bytes() == before


def test_written_anew_it_holds_no_leaf_that_is_gone_nor_what_is_mended(old: Repo) -> None:
    old.write(f"{RHYMES}/qna.yaml", skill())
    old.remove(f"{RIDDLES}/qna.yaml")
    old.remove(f"{RIDDLES}/attribution.txt")
    check(old, "--write-baseline", "--ignore", "TX5")
    assert entries(old) == []


def test_a_known_list_that_gets_shorter_is_told(old: Repo) -> None:
    pairs = BAD.index("  - question")
    some = [BAD[:pairs] + "".join(BAD[pairs:].splitlines(keepends=True)[: 2 * number]) for number in (3, 1)]
    old.write(f"{RHYMES}/qna.yaml", some[0])
    check(old, "--write-baseline")
    assert (RHYMES, "TX304", 1) in entries(old)
    old.write(f"{RHYMES}/qna.yaml", "# Moved.\n" + some[0])
    check(old)
    old.write(f"{RHYMES}/qna.yaml", some[1])
    assert "`seed_examples` needs at least 5 items, and has 1" in check(old, status=1)[0]


def test_a_baseline_that_is_named_and_not_there_is_told(old: Repo) -> None:
    old.write(".taxonomy-tools.yaml", "baseline: nope.json\n")
    said = "There is no nope.json, which the configuration names as the baseline: everything is reported."
    assert said in check(old, status=1)
    assert api.check(old.path).notes == (said,)
    assert said not in check(old, "--no-baseline", status=1)
    assert said not in check(old, "--write-baseline")
    assert said not in check(old)


def test_written_to_a_file_of_ones_own_and_from_a_folder_without_a_repository(tmp_path: Path) -> None:
    folder = Repo(path=tmp_path / "plain")
    for path, content in leaf(RHYMES, BAD).items():
        folder.write(path, content)
    check(folder, "-C", ".", "--write-baseline", "known.json")
    assert entries(folder, "known.json") == [(RHYMES, "TX201", 1)]
    folder.write(".taxonomy-tools.yaml", "baseline: known.json\n")
    assert check(folder, "-C", ".") == [
        "1 finding not shown: known from the baseline known.json.",
        "1 leaf checked. No findings.",
    ]


@pytest.mark.parametrize(
    ("baseline", "message", "remedies"),
    [
        pytest.param(
            "notes.md",
            "notes.md is there, and is no baseline: it is not overwritten.",
            "  Name another file in the configuration:  baseline: FILE\n"
            "  If it is a broken baseline, remove it:   rm notes.md\n",
            id="another file",
        ),
        pytest.param(
            "linked/known.json",
            "linked/known.json lies behind linked, a link or another repository.",
            "",
            id="behind a link",
        ),
        pytest.param(
            "linked/notes.md",
            "linked/notes.md lies behind linked, a link or another repository.",
            "",
            id="a file behind a link",
        ),
        pytest.param(
            "pipe",
            "pipe is a named pipe: put the file itself there.",
            "",
            id="a pipe",
        ),
        pytest.param(
            "link-to-pipe",
            "link-to-pipe is a symbolic link: put the file itself there.",
            "",
            id="a link to a pipe",
        ),
    ],
)
def test_what_the_configuration_names_is_not_overwritten(
    old: Repo, tmp_path: Path, baseline: str, message: str, remedies: str
) -> None:
    outside = Repo(path=tmp_path / "outside")
    outside.write("notes.md", "Mine.\n")
    old.write("notes.md", "Ours.\n")
    old.link("linked", os.fspath(outside.path))
    os.mkfifo(old.path / "pipe")
    old.link("link-to-pipe", "pipe")
    old.write(".taxonomy-tools.yaml", f"baseline: {baseline}\n")
    result = run("taxonomy", "check", "--write-baseline", cwd=old.path)
    said = message if remedies else f"the baseline {message}"
    remedies = remedies or "  Name another file in the configuration:  baseline: FILE\n"
    assert (result.status, result.out, result.err) == (2, "", f"taxonomy: {said}\n{remedies}")
    assert [path.name for path in outside.path.iterdir()] == ["notes.md"]
    assert [(place / "notes.md").read_text() for place in (outside.path, old.path)] == ["Mine.\n", "Ours.\n"]


def test_written_where_the_configuration_names_a_folder_that_is_not_there_yet(old: Repo) -> None:
    old.write(".taxonomy-tools.yaml", "baseline: ci/known.json\n")
    check(old, "--write-baseline")
    assert entries(old, "ci/known.json") == [(RHYMES, "TX201", 1), (RIDDLES, "TX201", 1)]


def test_a_large_baseline_is_kept_up_to_date(old: Repo) -> None:
    one = {"leaf": RHYMES, "code": "TX302", "count": 1}
    held = [one | {"fingerprint": f"{number:032x}"} for number in range(10_000)]
    old.write(NAME, json.dumps({"format_version": 1, "findings": held}))
    assert (old.path / NAME).stat().st_size > 1024 * 1024
    assert f"10,000 findings of the baseline {NAME} are gone, and removed from it." in check(old, status=1)
    assert entries(old) == []


def test_in_ci_the_baseline_of_the_base_counts(old: Repo) -> None:
    base = old.head
    old.branch("work")
    old.commit({f"{RHYMES}/qna.yaml": BAD.replace("It is 3.", "1.10")})
    check(old, "--write-baseline")
    old.commit()
    result = run("taxonomy-diff", "--base", base, cwd=old.path, env={"CI": "true"})
    assert result.status == 1
    assert result.out.count("TX201") == 1
    assert "1 finding not shown: known from the baseline" in result.out
    assert run("taxonomy-diff", "--base", base, cwd=old.path).status == 0


def test_broken_baseline_is_told_with_its_place(old: Repo) -> None:
    old.write(NAME, '{"format_version": 1,\n "findings": [{}]}\n')
    result = run("taxonomy", "check", cwd=old.path)
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[:2] == [
        f"taxonomy: the baseline {NAME} has 1 error.",
        f"  {NAME}:2:15: an entry has the members `leaf`, `code`, `fingerprint` and `count`",
    ]
    check(old, "--write-baseline")
    assert len(entries(old)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--write-baseline", "--no-baseline"), "cannot go with --no-baseline", id="contradiction"),
        pytest.param(("--write-baseline", "--fix", "--dry-run"), "cannot go with --dry-run", id="a dry run"),
        pytest.param(("--write-baseline", RHYMES), "is a folder: put PATHs before it", id="a path after the option"),
        pytest.param(("--write-baseline", f"{RHYMES}/qna.yaml"), "is no baseline: it is not overwritten", id="a leaf"),
        pytest.param(("--write-baseline", "no/such/folder"), "cannot be written to", id="no such folder"),
    ],
)
def test_wrong_use(old: Repo, arguments: tuple[str, ...], message: str) -> None:
    before = (old.path / NAME).read_bytes()
    result = run("taxonomy", "check", *arguments, cwd=old.path)
    assert result.status == 2
    assert message in result.err
    assert (old.path / NAME).read_bytes() == before
    assert (old.path / RHYMES / "qna.yaml").read_text("utf-8") == BAD


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may read everything can open every file")
def test_what_could_not_be_opened_keeps_exit_2_and_writes_nothing(old: Repo) -> None:
    before = (old.path / NAME).read_bytes()
    (old.path / RHYMES / "qna.yaml").chmod(0)
    result = run("taxonomy", "check", "--write-baseline", "--ignore", "TX001", cwd=old.path)
    assert result.status == 2
    assert (old.path / NAME).read_bytes() == before
