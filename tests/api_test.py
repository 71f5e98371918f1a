"""The Python interface gives what the command line prints, and its documentation runs."""

import dataclasses
import inspect
import io
import json
import os
import re
import subprocess
import sys
import textwrap
import typing
from pathlib import Path

import pytest

from docs import demo
from taxonomy_tools import api
from taxonomy_tools.reporters import Appearance, write
from taxonomy_tools.reporters.json import JsonReporter
from tests.command import leaf, run, skill
from tests.repository import Repo, standing_in

SUMS = "compositional_skills/arithmetic/sums"
WRONG = "knowledge/arithmetic/wrong"


@pytest.fixture
def clone(repo: Repo) -> Repo:
    """A branch off main: a leaf edited and staged, another new one with an error."""
    repo.commit(leaf(SUMS))
    repo.branch("work")
    repo.write(f"{SUMS}/qna.yaml", skill("sums", "Two of them."))
    repo.git("add", "--all")
    for path, content in leaf(WRONG, skill(answer="No")).items():
        repo.write(path, content)
    return repo


def as_json(report: api.Report) -> object:
    stream = io.StringIO()
    write(report, JsonReporter(stream, Appearance()))
    return json.loads(stream.getvalue())


def printed(clone: Repo, *arguments: str) -> object:
    return json.loads(run("taxonomy", *arguments, "--output-format", "json", cwd=clone.path).out)


def test_example_in_the_documentation_runs(tmp_path: Path) -> None:
    documentation = api.__doc__ or ""
    _, _, rest = documentation.partition("In a clone of a taxonomy:\n\n")
    example = textwrap.dedent(re.split(r"\n\n(?! )", rest)[0])
    clone = demo.build(tmp_path / "demo")
    done = subprocess.run(
        [sys.executable, "-P", "-c", example],
        cwd=clone,
        env=demo.environment(clone),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "M compositional_skills/arithmetic/giving_change",
        "A compositional_skills/cooking/unit_conversions",
        "A compositional_skills/gardening/companion_plants",
        "M compositional_skills/grounded/summaries/meeting_notes",
        "A compositional_skills/linguistics/rhymes",
        "A compositional_skills/music/tempo_markings",
        "D compositional_skills/writing/jokes/knock_knock",
        "R compositional_skills/writing/poetry/limericks",
        "A knowledge/history/lighthouses",
        "M knowledge/science/animals/birds/wren",
        "knowledge/history/lighthouses/qna.yaml:9: error TX002 invalid-yaml",
        "1 errors, compared with upstream/main",
        "10 leaves in all",
    ]


def test_every_public_name_is_documented() -> None:
    assert api.__all__ == sorted(api.__all__)
    assert [name for name in api.__all__ if not inspect.getdoc(getattr(api, name))] == []


def test_every_record_that_a_report_is_made_of_is_public() -> None:
    """So that the types of what comes back can be named without looking behind the interface."""
    seen: set[type] = set()
    waiting: list[object] = [api.Report, api.LeafChange]
    while waiting:
        found = waiting.pop()
        waiting += typing.get_args(found)
        if isinstance(found, type) and found.__module__.startswith("taxonomy_tools") and found not in seen:
            seen.add(found)
            if dataclasses.is_dataclass(found):
                waiting += typing.get_type_hints(found).values()
    hidden = {"FrameLine"}  # how a diagnostic is shown, which is the business of reports
    assert {record.__name__ for record in seen} - set(api.__all__) == hidden


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        pytest.param({}, [], id="as it is"),
        pytest.param({"base": "main"}, ["--base", "main"], id="base"),
        pytest.param({"base": "empty"}, ["--base", "empty"], id="everything"),
        pytest.param({"staged": True}, ["--staged"], id="index"),
        pytest.param({"head": "main", "base": "empty"}, ["--head", "main", "--base", "empty"], id="commit"),
        pytest.param({"base": "main", "direct": True}, ["--base", "main", "--direct"], id="direct"),
        pytest.param({"jobs": 2}, ["--jobs", "2"], id="processes"),
        pytest.param({"paths": ["knowledge"]}, ["knowledge"], id="paths"),
    ],
)
def test_changes_are_those_of_the_command(clone: Repo, options: dict[str, typing.Any], arguments: list[str]) -> None:
    with standing_in(clone.path):
        report = api.check_changes(**options)
        changes = api.changed_leaves(**{name: value for name, value in options.items() if name != "jobs"})
    assert as_json(report) == printed(clone, "diff", *arguments)
    assert [(change.kind, change.path) for change in changes] == [
        (leaf.change.kind, leaf.path) for leaf in report.leaves if leaf.change is not None
    ]
    assert len(changes) == report.summary.leaves


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        pytest.param({}, [], id="as it is"),
        pytest.param({"head": "main"}, ["--head", "main"], id="commit"),
        pytest.param({"staged": True}, ["--staged"], id="index"),
        pytest.param({"paths": [Path(WRONG)]}, [WRONG], id="paths"),
        pytest.param({"paths": WRONG}, [WRONG], id="one path"),
        pytest.param({"paths": Path(WRONG)}, [WRONG], id="one path object"),
    ],
)
def test_checks_are_those_of_the_command(clone: Repo, options: dict[str, typing.Any], arguments: list[str]) -> None:
    with standing_in(clone.path):
        assert as_json(api.check(**options)) == printed(clone, "check", *arguments)


def test_taxonomy_is_found_from_elsewhere(clone: Repo, tmp_path: Path) -> None:
    with standing_in(tmp_path):
        assert as_json(api.check(os.fspath(clone.path))) == printed(clone, "check")
        assert as_json(api.check(clone.path / WRONG / "qna.yaml", jobs=1)) == printed(
            clone, "check", "-C", os.fspath(clone.path / WRONG / "qna.yaml")
        )


def test_configuration_is_the_taxonomys_own_or_the_one_that_is_named(repo: Repo, tmp_path: Path) -> None:
    repo.commit({**leaf("compositional_skills/one", skill(answer="No")), ".taxonomy-tools.yaml": "ignore: TX201\n"})
    named = tmp_path / "named.yaml"
    named.write_text("severity: {TX201: info}\n")

    def found(**options: typing.Any) -> list[list[tuple[str, str]]]:
        reports = [
            api.check(repo.path, **options),
            api.check_changes(repo.path, base="empty", **options),
        ]
        return [[(one.code, one.severity.value) for one in report.leaves[0].diagnostics] for report in reports]

    assert found() == [[], []]
    assert found(config=named) == found(config=os.fspath(named)) == [[("TX201", "info")]] * 2
    assert len(api.changed_leaves(repo.path, base="empty", config=named)) == 1
    named.write_text("nonsense: 1\n")
    for call in (api.check, api.check_changes, api.changed_leaves):
        with pytest.raises(api.TaxonomyError, match=r"the config .* has 1 error\."):
            call(repo.path, config=named)


def test_rules_are_taken_from_a_file(clone: Repo, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {document-start: enable}\n")
    found = {item.message for leaf in api.check(clone.path, yaml_rules=rules).leaves for item in leaf.diagnostics}
    assert any("document start" in message for message in found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"base": "nope"}, "there is no `nope` in this repository.", id="unknown ref"),
        pytest.param(
            {"staged": True, "head": "HEAD"}, "`staged` and `head` each name a side to look at.", id="two sides"
        ),
        pytest.param({"paths": ["nope"]}, "there is no nope.", id="no such path"),
        pytest.param({"taxonomy": "nope"}, "there is no nope.", id="no such root"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_what_to_do(
    clone: Repo, options: dict[str, typing.Any], message: str
) -> None:
    with standing_in(clone.path), pytest.raises(api.TaxonomyError) as caught:
        api.changed_leaves(**options)
    assert caught.value.message == str(caught.value) == message
    assert caught.value.remedies
