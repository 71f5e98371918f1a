"""`taxonomy config` as its users meet it: what is in force, and where each value comes from."""

import json
from pathlib import Path

import pytest

from tests.base_test import checkout, pull_request
from tests.command import leaf, run, skill
from tests.repository import Repo

NAME = ".taxonomy-tools.yaml"
DEFAULTS = """\
base                  the branch of upstream or origin                                        default
taxonomy_folders      compositional_skills, foundational_skills, knowledge                    default
schema_version        document                                                                default
yaml_rules            relaxed, with lines of any length                                       default
select                all                                                                     default
ignore                none                                                                    default
severity              the rules' own                                                          default
paths                 none                                                                    default
fail_on               error                                                                   default
licenses              Apache-2.0, CC-BY-4.0, CC-BY-SA-4.0, CC0-1.0, CDLA-Permissive-2.0, MIT  default
limits.skill_words    2300                                                                    default
limits.context_words  500                                                                     default
limits.pair_words     250                                                                     default
limits.similarity     0.9                                                                     default
baseline              .taxonomy-baseline.json                                                 default
"""
CONFIG = """\
base: upstream/main
severity: {TX404: error, TX5: off}
paths:
- path: knowledge/history/**
  ignore: TX504
yaml_rules: {extends: relaxed, rules: {line-length: disable, colons: {max-spaces-before: 0, max-spaces-after: 1}}}
licenses: []
limits: {similarity: 0.8}
generate: {host: [http://a, http://b], judge: true, temperature: 0.5}
"""


def test_without_anything_all_is_the_default(tmp_path: Path) -> None:
    found = run("taxonomy", "config", cwd=tmp_path)
    assert (found.status, found.out, found.err) == (0, DEFAULTS, "")


def test_each_value_comes_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(CONFIG)
    found = run(
        *("taxonomy", "config", "--fail-on", "info", "--severity", "TX5=info"),
        cwd=tmp_path,
        env={"TAXONOMY_IGNORE": "TX7,TX503", "TAXONOMY_FAIL_ON": "never"},
    )
    assert (found.status, found.err) == (0, "")
    rules = json.dumps(
        "extends: relaxed\nrules:\n  line-length: disable\n  colons:\n"
        "    max-spaces-before: 0\n    max-spaces-after: 1\n"
    )
    assert (
        found.out
        == f"""\
base                  upstream/main                                            .taxonomy-tools.yaml:1
taxonomy_folders      compositional_skills, foundational_skills, knowledge     default
schema_version        document                                                 default
yaml_rules            {rules}  .taxonomy-tools.yaml:6
select                all                                                      default
ignore                TX7, TX503                                               TAXONOMY_IGNORE
severity.TX404        error                                                    .taxonomy-tools.yaml:2
severity.TX5          info                                                     --severity
paths                 {{"path": ["knowledge/history/**"], "ignore": ["TX504"]}}  .taxonomy-tools.yaml:3
fail_on               info                                                     --fail-on
licenses              none                                                     .taxonomy-tools.yaml:7
limits.skill_words    2300                                                     default
limits.context_words  500                                                      default
limits.pair_words     250                                                      default
limits.similarity     0.8                                                      .taxonomy-tools.yaml:8
baseline              .taxonomy-baseline.json                                  default
generate.host         http://a, http://b                                       .taxonomy-tools.yaml:9
generate.temperature  0.5                                                      .taxonomy-tools.yaml:9
generate.judge        true                                                     .taxonomy-tools.yaml:9
"""
    )


def test_json_has_the_values_themselves(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(CONFIG)
    found = run("taxonomy", "config", "--output-format", "json", "--no-config", cwd=tmp_path)
    assert {setting["origin"] for setting in json.loads(found.out)["settings"].values()} == {"default"}
    found = run("taxonomy", "config", "--output-format", "json", "--schema-version", "3", cwd=tmp_path)
    assert (found.status, found.err) == (0, "")
    default = {"origin": "default"}
    assert json.loads(found.out) == {
        "settings": {
            "base": {"value": "upstream/main", "origin": f"{NAME}:1"},
            "taxonomy_folders": {"value": ["compositional_skills", "foundational_skills", "knowledge"], **default},
            "schema_version": {"value": 3, "origin": "--schema-version"},
            "yaml_rules": {
                "value": "extends: relaxed\nrules:\n  line-length: disable\n  colons:\n    max-spaces-before: 0\n"
                "    max-spaces-after: 1\n",
                "origin": f"{NAME}:6",
            },
            "select": {"value": [], **default},
            "ignore": {"value": [], **default},
            "severity.TX404": {"value": "error", "origin": f"{NAME}:2"},
            "severity.TX5": {"value": "off", "origin": f"{NAME}:2"},
            "paths": {"value": [{"path": ["knowledge/history/**"], "ignore": ["TX504"]}], "origin": f"{NAME}:3"},
            "fail_on": {"value": "error", **default},
            "licenses": {"value": [], "origin": f"{NAME}:7"},
            "limits.skill_words": {"value": 2300, **default},
            "limits.context_words": {"value": 500, **default},
            "limits.pair_words": {"value": 250, **default},
            "limits.similarity": {"value": 0.8, "origin": f"{NAME}:8"},
            "baseline": {"value": ".taxonomy-baseline.json", **default},
            "generate.host": {"value": ["http://a", "http://b"], "origin": f"{NAME}:9"},
            "generate.temperature": {"value": 0.5, "origin": f"{NAME}:9"},
            "generate.judge": {"value": True, "origin": f"{NAME}:9"},
        },
        "guarded": False,
        "notes": [],
    }


@pytest.mark.parametrize("arguments", [["config"], ["check"], ["diff", "--base", "HEAD"]], ids=lambda it: it[0])
def test_all_that_is_wrong_is_said_at_once(repo: Repo, arguments: list[str]) -> None:
    repo.commit(leaf("compositional_skills/rhymes"))
    repo.write(NAME, "fail_onn: info\nignore: [TX50]\n")
    found = run("taxonomy", *arguments, cwd=repo.path)
    assert (found.status, found.out) == (2, "")
    assert found.err == (
        "taxonomy: the config .taxonomy-tools.yaml has 2 errors.\n"
        "  .taxonomy-tools.yaml:1:1: `fail_onn` is not a key here: did you mean `fail_on`?\n"
        "     1 | fail_onn: info\n"
        "       | ^^^^^^^^ write fail_on:\n"
        "  .taxonomy-tools.yaml:2:10: there is no rule `TX50`: did you mean TX510?\n"
        "     1 | fail_onn: info\n"
        "     2 | ignore: [TX50]\n"
        "       |          ^^^^ write TX510\n"
        "  What each key means:  taxonomy schema config\n"
    )


def test_a_terminal_obeys_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('base: "a\\e[31mb\\u202e"\nignore: ["\\e[2J"]\n')
    found = run("taxonomy", "config", cwd=tmp_path)
    assert (found.status, found.out, "\x1b" in found.err) == (2, "", False)
    (tmp_path / NAME).write_text('base: "a\\e[31mb\\u202e"\n')
    found = run("taxonomy", "config", cwd=tmp_path)
    assert found.out.splitlines()[0].split() == ["base", r"a\x1b[31mb\u202e", f"{NAME}:1"]


def test_of_a_file_it_is_that_of_its_taxonomy(repo: Repo) -> None:
    repo.commit({**leaf("compositional_skills/rhymes"), NAME: "fail_on: info\n"})
    for place in (".", "compositional_skills/rhymes/qna.yaml"):
        found = run("taxonomy", "config", "-C", place, cwd=repo.path)
        assert [line.split() for line in found.out.splitlines() if line.startswith("fail_on")] == [
            ["fail_on", "info", f"{NAME}:1"]
        ]


def test_in_ci_it_is_that_of_the_base(repo: Repo, tmp_path: Path) -> None:
    repo.commit({**leaf("compositional_skills/rhymes"), NAME: "fail_on: warning\n"})
    repo.branch("topic")
    topic = repo.commit({NAME: "fail_on: never\nignore: [TX2]\n"})
    repo.git("switch", "--quiet", "main")
    clone = checkout(repo, tmp_path / "clone", "refs/heads/topic")
    environ = {"CI": "true", **pull_request(tmp_path, topic)}
    found = run("taxonomy", "config", cwd=clone.path, env=environ)
    expected = DEFAULTS.replace(
        "fail_on               error                                                                   default",
        f"fail_on               warning{' ' * 65}origin/main:{NAME}:1",
    )
    differs = "The config of the working tree differs from that of origin/main in"
    note = f"{differs} `fail_on`, `ignore`: a proposal, not in force."
    assert (found.status, found.out, found.err) == (0, f"{expected}\n{note}\n", "")
    document = json.loads(run("taxonomy", "config", "--output-format", "json", cwd=clone.path, env=environ).out)
    assert (document["guarded"], document["notes"]) == (True, [note])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--config", "x.yaml", "--no-config"],
            "taxonomy: --config and --no-config contradict each other.\n  Leave one of them out.\n",
            id="both",
        ),
        pytest.param(
            ["--config", "x.yaml"],
            "taxonomy: there is no x.yaml, which --config names as the config.\n"
            "  Name one that is there:  --config FILE\n",
            id="missing",
        ),
        pytest.param(
            ["-C", "nowhere"],
            "taxonomy: there is no nowhere.\n  Name the taxonomy's root, a folder that is there:  -C PATH\n",
            id="no taxonomy",
        ),
        pytest.param(
            ["--select", ""],
            "taxonomy: --select: a code is empty.\n  For example:  --select TX503,TX4\n",
            id="an empty code",
        ),
    ],
)
def test_wrong_use(tmp_path: Path, arguments: list[str], message: str) -> None:
    found = run("taxonomy", "config", *arguments, cwd=tmp_path)
    assert (found.status, found.out, found.err) == (2, "", message)


SKILLS, OTHER = "skills/one", "compositional_skills/two"


@pytest.mark.parametrize(
    ("config", "options", "environ", "expected"),
    [
        pytest.param(
            "",
            (),
            {},
            [(OTHER, "TX201", "error"), (SKILLS, "TX102", "warning"), (SKILLS, "TX201", "error")],
            id="nothing",
        ),
        pytest.param(
            "taxonomy_folders: [skills]",
            (),
            {},
            [(OTHER, "TX102", "warning"), (OTHER, "TX201", "error"), (SKILLS, "TX201", "error")],
            id="folders",
        ),
        pytest.param("ignore: TX102", (), {}, [(OTHER, "TX201", "error"), (SKILLS, "TX201", "error")], id="ignore"),
        pytest.param(
            "", ("--ignore", "TX1,tx3xx"), {}, [(OTHER, "TX201", "error"), (SKILLS, "TX201", "error")], id="--ignore"
        ),
        pytest.param("", (), {"TAXONOMY_IGNORE": "TX201"}, [(SKILLS, "TX102", "warning")], id="TAXONOMY_IGNORE"),
        pytest.param("select: [TX1]", (), {}, [(SKILLS, "TX102", "warning")], id="select"),
        pytest.param(
            "ignore: [TX102]", ("--select", "TX1"), {}, [(SKILLS, "TX102", "warning")], id="--select over ignore"
        ),
        pytest.param(
            "severity: {TX2: info}\npaths:\n- path: skills\n  severity: {TX201: warning}\n  ignore: TX102\n",
            (),
            {},
            [(OTHER, "TX201", "info"), (SKILLS, "TX201", "warning")],
            id="paths",
        ),
        pytest.param(
            "severity: {TX2: off}", ("--severity", "TX102=error"), {}, [(SKILLS, "TX102", "error")], id="severity"
        ),
        pytest.param(
            "schema_version: 2",
            ("--select", "TX307"),
            {},
            [(OTHER, "TX307", "error"), (SKILLS, "TX307", "error")],
            id="version",
        ),
        pytest.param(
            "schema_version: 2", ("--select", "TX307", "--schema-version", "latest"), {}, [], id="--schema-version"
        ),
        pytest.param(
            "limits: {pair_words: 6}",
            ("--select", "TX505"),
            {},
            [(OTHER, "TX505", "info"), (SKILLS, "TX505", "info")],
            id="limits",
        ),
        pytest.param(
            "licenses: [MIT]",
            ("--select", "TX404"),
            {},
            [(OTHER, "TX404", "warning"), (SKILLS, "TX404", "warning")],
            id="licenses",
        ),
        pytest.param(
            "yaml_rules: {rules: {key-ordering: enable}}\nselect: TX200\npaths: [{path: skills, ignore: TX200}]",
            (),
            {},
            [(OTHER, "TX200", "error")],
            id="yaml_rules",
        ),
    ],
)
def test_what_is_in_force_is_what_is_checked(
    repo: Repo,
    config: str,
    options: tuple[str, ...],
    environ: dict[str, str],
    expected: list[tuple[str, str, str]],
) -> None:
    """In a comparison as in a check."""
    for folder, words in ((SKILLS, "one and one"), (OTHER, "two or three birds")):
        text = skill(folder, answer="No").replace("What is", f"Of {words}, what is")
        repo.commit(leaf(folder, text))
    repo.write(NAME, config)
    for command in (("check",), ("diff", "--base", "empty")):
        found = run(
            *("taxonomy", *command, "--no-cache", "--output-format", "jsonl", *options), cwd=repo.path, env=environ
        )
        leaves = [json.loads(line) for line in found.out.splitlines()]
        assert found.err == ""
        assert expected == sorted(
            {
                (one["path"], finding["code"], finding["severity"])
                for one in leaves
                for finding in one.get("diagnostics", ())
                if one.get("path")
            }
        )


@pytest.mark.parametrize(
    ("config", "environ", "option", "status"),
    [
        pytest.param("", {}, None, 0, id="error by default"),
        pytest.param("fail_on: warning", {}, None, 1, id="the file"),
        pytest.param("fail_on: warning", {"TAXONOMY_FAIL_ON": "never"}, None, 0, id="the variable"),
        pytest.param("fail_on: never", {"TAXONOMY_FAIL_ON": "never"}, "info", 1, id="the option"),
    ],
)
def test_when_to_fail(repo: Repo, config: str, environ: dict[str, str], option: str | None, status: int) -> None:
    repo.commit(leaf("skills/one"))
    repo.write(NAME, config)
    options = () if option is None else ("--fail-on", option)
    for command in ("check", "diff"):
        base = ("--base", "empty") if command == "diff" else ()
        found = run("taxonomy", command, *base, *options, cwd=repo.path, env=environ)
        assert (found.status, found.err) == (status, "")
