"""`taxonomy_tools.settle`: what is in force, who said so, and that a pull request does not judge itself."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from taxonomy_tools.base import CI_VARIABLES, in_ci
from taxonomy_tools.config import CONFIG_FILE, Override
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.plan import Selection, plan_check, plan_diff, settled_for
from taxonomy_tools.settle import NOTHING_GIVEN, Files, Given, Settled, settle
from taxonomy_tools.source import Folder
from taxonomy_tools.yamllint import Rules
from tests.base_test import checkout, pull_request
from tests.command import leaf, run, skill
from tests.repository import Repo, standing_in

OFF, INFO, WARNING, ERROR = Severity.OFF, Severity.INFO, Severity.WARNING, Severity.ERROR
OURS = f"HEAD^1:{CONFIG_FILE}"
BROKEN = "The config of the working tree is broken, and a proposal, not in force: "
UNREAD = "The config of the working tree cannot be read, and is a proposal, not in force: "
PROPOSAL = "The config of the working tree differs from that of HEAD^1 in {}: a proposal, not in force."


def settled_in(
    folder: Path, config: str = "", given: Given = NOTHING_GIVEN, environ: Mapping[str, str] | None = None
) -> Settled:
    """What is in force for a folder that is no repository."""
    if config:
        (folder / CONFIG_FILE).write_text(config)
    return settle(given, environ or {}, files=Files.of(Folder(root=folder)))


def said(settled: Settled) -> dict[str, tuple[object, str]]:
    """What anybody set, with its origin."""
    return {one.key: (one.value, one.origin) for one in settled.settings if one.origin != "default"}


def error_of(call: Callable[[], object]) -> tuple[str, list[tuple[str, str]]]:
    with pytest.raises(TaxonomyError) as caught:
        call()
    return str(caught.value), [(one.label, one.command) for one in caught.value.remedies]


# --- who is heard


@pytest.mark.parametrize(
    ("key", "line", "variable", "option"),
    [
        pytest.param("fail_on", "warning", "info", "never", id="fail_on"),
        pytest.param("schema_version", 2, 3, "latest", id="schema_version"),
        pytest.param("select", ("TX2",), ("TX3",), ("TX4",), id="select"),
        pytest.param("ignore", ("TX2",), ("TX3",), ("TX4",), id="ignore"),
        pytest.param("severity.TX2", WARNING, INFO, ERROR, id="severity"),
    ],
)
def test_the_command_line_over_the_environment_over_the_file(
    tmp_path: Path, key: str, line: object, variable: object, option: object
) -> None:
    def spelled(value: object) -> str:
        one = value[0] if isinstance(value, tuple) else value
        return f"TX2={one.value}" if isinstance(one, Severity) else str(one)

    name = key.partition(".")[0]
    config = f"severity: {{TX2: {WARNING.value}}}" if name == "severity" else f"{name}: {spelled(line)}"
    environ = {f"TAXONOMY_{name.upper()}": spelled(variable)}
    text = spelled(option)
    given = {
        "fail_on": Given(fail_on=text),
        "schema_version": Given(schema_version=text),
        "select": Given(select=(text,)),
        "ignore": Given(ignore=(text,)),
        "severity": Given(severity=(text,)),
    }[name]
    found = [
        said(settled_in(tmp_path, config, given, environ))[key],
        said(settled_in(tmp_path, config, NOTHING_GIVEN, environ))[key],
        said(settled_in(tmp_path, config))[key],
    ]
    assert found == [
        (option, f"--{name.replace('_', '-')}"),
        (variable, f"TAXONOMY_{name.upper()}"),
        (line, f"{CONFIG_FILE}:1"),
    ]


def test_yaml_rules_go_by_the_same_order(tmp_path: Path) -> None:
    for name in ("file", "variable", "option"):
        (tmp_path / f"{name}.yaml").write_text(f"extends: relaxed\nrules: {{}}  # {name}\n")
    config = "yaml_rules: file.yaml\n"
    environ = {"TAXONOMY_YAML_RULES": str(tmp_path / "variable.yaml")}
    given = Given(yaml_rules=tmp_path / "option.yaml")
    found = [
        settled_in(tmp_path, config, given, environ),
        settled_in(tmp_path, config, NOTHING_GIVEN, environ),
        settled_in(tmp_path, config),
    ]
    assert [one.config.lint_rules.source for one in found] == [
        str(tmp_path / "option.yaml"),
        str(tmp_path / "variable.yaml"),
        "file.yaml",
    ]
    assert [said(one)["yaml_rules"][1] for one in found] == [
        "--yaml-rules",
        "TAXONOMY_YAML_RULES",
        f"{CONFIG_FILE}:1",
    ]


def test_what_nobody_set_is_told_with_its_default(tmp_path: Path) -> None:
    assert [(one.key, one.value, one.origin) for one in settled_in(tmp_path).settings] == [
        ("base", None, "default"),
        ("taxonomy_folders", ("compositional_skills", "foundational_skills", "knowledge"), "default"),
        ("schema_version", "document", "default"),
        ("yaml_rules", None, "default"),
        ("select", (), "default"),
        ("ignore", (), "default"),
        ("severity", None, "default"),
        ("paths", (), "default"),
        ("fail_on", "error", "default"),
        (
            "licenses",
            ("Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "CDLA-Permissive-2.0", "MIT"),
            "default",
        ),
        ("limits.skill_words", 2300, "default"),
        ("limits.context_words", 500, "default"),
        ("limits.pair_words", 250, "default"),
        ("limits.similarity", 0.9, "default"),
        ("baseline", ".taxonomy-baseline.json", "default"),
    ]


def test_all_of_a_file_reaches_the_records(tmp_path: Path) -> None:
    config = settled_in(
        tmp_path,
        "base: main\ntaxonomy_folders: [a]\nschema_version: 3\nselect: [TX5]\nignore: [TX503]\nseverity: {TX504: off}\n"
        "paths: [{path: a/b, ignore: TX505}]\nfail_on: info\nlicenses: [mit]\n"
        "limits: {skill_words: 1, context_words: 2, pair_words: 3, similarity: 0.5}\nbaseline: b.json\n"
        "yaml_rules: {rules: {colons: disable}}\ngenerate: {host: [http://a], judge: true, seed: 7}\n",
    ).config
    assert (config.base, config.fail_on, config.baseline, config.guarded) == ("main", "info", "b.json", False)
    assert (config.choice.select, config.choice.ignore, config.choice.severity) == (
        ("TX5",),
        ("TX503",),
        (("TX504", OFF),),
    )
    assert [(one.paths, one.choice.ignore) for one in config.overrides] == [(("a/b",), ("TX505",))]
    standards = config.standards
    assert (standards.taxonomy_folders, standards.schema_version, standards.licenses) == (("a",), 3, ("MIT",))
    assert (standards.skill_words, standards.context_words, standards.pair_words) == (1, 2, 3)
    assert standards.similarity == 0.5
    assert (config.generate.hosts, config.generate.judge, config.generate.seed) == (("http://a",), True, 7)
    assert config.lint_rules.source == f"`yaml_rules` of {CONFIG_FILE}"
    assert config.lint_rules.files[0][1] == b"rules:\n  colons: disable\n"


@pytest.mark.parametrize(
    ("config", "given", "expected"),
    [
        pytest.param(
            "ignore: [TX505, TX4]",
            Given(select=("TX5",)),
            {"select": ("TX5",), "ignore": ("TX4",)},
            id="--select of a family over ignore of a rule",
        ),
        pytest.param(
            "ignore: [TX5]",
            Given(select=("TX505",)),
            {"select": ("TX505",), "ignore": ("TX5",)},
            id="a rule of an ignored family",
        ),
        pytest.param(
            "select: [TX505, TX4]",
            Given(ignore=("TX5",)),
            {"select": ("TX4",), "ignore": ("TX5",)},
            id="--ignore over select",
        ),
        pytest.param(
            "select: [TX505]",
            Given(ignore=("TX5",)),
            {"select": ("TX5",), "ignore": ("TX5",)},
            id="--ignore of all that is selected leaves nothing",
        ),
        pytest.param(
            "severity: {TX505: off}",
            Given(severity=("TX5=error",)),
            {"severity.TX5": ERROR},
            id="--severity of the family",
        ),
        pytest.param(
            "severity: {TX505: off, TX4: off}",
            Given(select=("TX5",)),
            {"select": ("TX5",), "severity.TX4": OFF},
            id="--select over off",
        ),
        pytest.param(
            "severity: {TX505: info}",
            Given(select=("TX5",)),
            {"select": ("TX5",), "severity.TX505": INFO},
            id="--select keeps a severity",
        ),
    ],
)
def test_a_higher_word_on_a_rule_takes_away_the_lower_ones(
    tmp_path: Path, config: str, given: Given, expected: dict[str, object]
) -> None:
    assert {key: value for key, (value, _) in said(settled_in(tmp_path, config, given)).items()} == expected


def test_a_higher_word_on_a_rule_counts_everywhere(tmp_path: Path) -> None:
    config = "paths: [{path: a, ignore: [TX505, TX4], severity: {TX503: off, TX2: off}}]"
    (override,) = settled_in(tmp_path, config, Given(select=("TX5",))).config.overrides
    assert isinstance(override, Override)
    assert (override.choice.ignore, override.choice.severity) == (("TX4",), (("TX2", OFF),))


@pytest.mark.parametrize(
    "name", ["BASE", "FAIL_ON", "SELECT", "IGNORE", "SEVERITY", "SCHEMA_VERSION", "YAML_RULES", "CONFIG"]
)
def test_a_variable_that_is_empty_is_not_set(tmp_path: Path, name: str) -> None:
    assert said(settled_in(tmp_path, "fail_on: info", NOTHING_GIVEN, {f"TAXONOMY_{name}": ""})) == {
        "fail_on": ("info", f"{CONFIG_FILE}:1")
    }


@pytest.mark.parametrize(
    ("given", "environ", "message", "remedies"),
    [
        pytest.param(
            Given(select=("TX5,",)),
            {},
            "--select: a code is empty.",
            [("For example:", "--select TX503,TX4")],
            id="empty code",
        ),
        pytest.param(
            Given(),
            {"TAXONOMY_IGNORE": "TX599"},
            "TAXONOMY_IGNORE: there is no rule `TX599`: did you mean TX509?",
            [("All rules:", "taxonomy rule")],
            id="unknown code",
        ),
        pytest.param(
            Given(severity=("TX5",)),
            {},
            "--severity: `TX5` is no severity of a rule.",
            [("It can be: error, warning, info, off", ""), ("For example:", "--severity TX503=info")],
            id="no level",
        ),
        pytest.param(
            Given(),
            {"TAXONOMY_SEVERITY": "TX5=warn"},
            "TAXONOMY_SEVERITY: `TX5=warn` is no severity of a rule.",
            [("It can be: error, warning, info, off", ""), ("For example:", "TAXONOMY_SEVERITY=TX503=info")],
            id="another level",
        ),
        pytest.param(
            Given(schema_version="9"),
            {},
            "--schema-version: `9` is no version.",
            [("It can be: document, latest, 1, 2, 3", ""), ("For example:", "--schema-version latest")],
            id="version",
        ),
        pytest.param(
            Given(),
            {"TAXONOMY_FAIL_ON": "off"},
            "TAXONOMY_FAIL_ON: `off` is no severity.",
            [("It can be: error, warning, info, never", ""), ("For example:", "TAXONOMY_FAIL_ON=warning")],
            id="fail_on",
        ),
    ],
)
def test_what_an_option_or_a_variable_cannot_be(
    tmp_path: Path, given: Given, environ: dict[str, str], message: str, remedies: list[tuple[str, str]]
) -> None:
    assert error_of(lambda: settled_in(tmp_path, "", given, environ)) == (message, remedies)


# --- which file


def test_no_config_reads_none(tmp_path: Path) -> None:
    given = Given(without_config=True)
    assert said(settled_in(tmp_path, "fail_on: nonsense", given, {"TAXONOMY_CONFIG": "x.yaml"})) == {}


@pytest.mark.parametrize("by", ["--config", "TAXONOMY_CONFIG"])
def test_a_config_elsewhere_is_read_with_its_own_paths(tmp_path: Path, by: str) -> None:
    own, root = tmp_path / "own", tmp_path / "root"
    own.mkdir()
    root.mkdir()
    (own / "c.yaml").write_text("fail_on: info\nyaml_rules: r.yaml\n")
    (own / "r.yaml").write_text("extends: relaxed\n")
    path = own / "c.yaml"
    given, environ = (Given(config=path), {}) if by == "--config" else (NOTHING_GIVEN, {by: str(path)})
    settled = settled_in(root, "fail_on: never", given, environ)
    assert said(settled)["fail_on"] == ("info", f"{path}:1")
    assert settled.config.lint_rules.source == str(own / "r.yaml")


def test_a_config_that_is_named_from_here(tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "c.yaml").write_text("fail_on: info\n")
    with standing_in(tmp_path / "ci"):
        assert said(settled_in(tmp_path, "", Given(config=Path("c.yaml")))) == {"fail_on": ("info", "ci/c.yaml:1")}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: None, "there is no {path}, which --config names as the config.", id="missing"),
        pytest.param(Path.mkdir, "c.yaml is a folder: put the file itself there.", id="a folder"),
        pytest.param(
            lambda path: path.symlink_to("/etc/hostname"),
            "c.yaml is a symbolic link: put the file itself there.",
            id="a link",
        ),
        pytest.param(os.mkfifo, "c.yaml is a named pipe: put the file itself there.", id="a pipe"),
        pytest.param(
            lambda path: path.write_bytes(b"a" * 1_048_577),
            "c.yaml has 1,048,577 bytes, more than the 1,048,576 that are read.",
            id="huge",
        ),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_config_that_cannot_be_read(
    tmp_path: Path, make: Callable[[Path], object], message: str, named: bool
) -> None:
    path = tmp_path / ("c.yaml" if named else CONFIG_FILE)
    make(path)
    given = Given(config=path) if named else NOTHING_GIVEN
    if not named and not os.path.lexists(path):
        assert said(settled_in(tmp_path, "", given)) == {}
        return
    found, _ = error_of(lambda: settled_in(tmp_path, "", given))
    assert found == message.format(path=path).replace("c.yaml", path.name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: None, "there is no {path}, the config that --config names.", id="missing"),
        pytest.param(
            Path.mkdir, "{path}, the config that --config names, is a folder: put the file itself there.", id="a folder"
        ),
        pytest.param(
            os.mkfifo,
            "{path}, the config that --config names, is a named pipe: put the file itself there.",
            id="a pipe",
        ),
    ],
)
def test_a_config_elsewhere_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    root, path = tmp_path / "root", tmp_path / "c.yaml"
    root.mkdir()
    make(path)
    remedies = [("Name one that is there:", "--config FILE")]
    assert error_of(lambda: settled_in(root, "", Given(config=path))) == (message.format(path=path), remedies)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "a\ud800"])
def test_a_config_whose_name_no_file_can_have(tmp_path: Path, name: str) -> None:
    for given in (Given(config=Path(name)), Given(yaml_rules=Path(name))):
        with pytest.raises(TaxonomyError):
            settled_in(tmp_path, "", given)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        pytest.param(
            "gone.yaml",
            "The yamllint rules in gone.yaml cannot be read: No such file or directory",
            id="missing",
        ),
        pytest.param(
            "../x.yaml", f"{CONFIG_FILE}:1: `yaml_rules` leads out of the repository, to ../x.yaml.", id="above"
        ),
        pytest.param(
            "/etc/x.yaml", f"{CONFIG_FILE}:1: `yaml_rules` leads out of the repository, to /etc/x.yaml.", id="elsewhere"
        ),
        pytest.param(
            "chain.yaml",
            "The yamllint rules in ../x.yaml cannot be read: it lies outside of the repository",
            id="by a chain",
        ),
        pytest.param(
            "link.yaml",
            "The yamllint rules in link.yaml cannot be read: link.yaml is a symbolic link: put the file itself there.",
            id="a link",
        ),
        pytest.param(
            "{extends: ../x.yaml}",
            "The yamllint rules in ../x.yaml cannot be read: it lies outside of the repository",
            id="in place",
        ),
        pytest.param(
            "{extends: /etc/x.yaml}",
            "The yamllint rules in /etc/x.yaml cannot be read: it lies outside of the repository",
            id="in place, elsewhere",
        ),
        pytest.param(
            "{extends: chain.yaml}",
            "The yamllint rules in ../x.yaml cannot be read: it lies outside of the repository",
            id="in place, by a chain",
        ),
        pytest.param(
            "{ignore-from-file: [../x.yaml]}",
            "The ignore patterns for yamllint in ../x.yaml cannot be read: it lies outside of the repository",
            id="in place, patterns",
        ),
        pytest.param(
            "{extends: gone.yaml}",
            "The yamllint rules in gone.yaml cannot be read: No such file or directory",
            id="in place, missing",
        ),
    ],
)
def test_yaml_rules_of_a_config_stay_in_the_repository(tmp_path: Path, rules: str, message: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x.yaml").write_text("extends: relaxed\n")
    (root / "chain.yaml").write_text("extends: ../x.yaml\n")
    (root / "link.yaml").symlink_to("../x.yaml")
    assert error_of(lambda: settled_in(root, f"yaml_rules: {rules}\n"))[0] == message


def test_rules_in_a_config_of_the_callers_own_may_name_files_beside_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x.yaml").write_text("extends: relaxed\n")
    own = tmp_path / "own.yaml"
    own.write_text("yaml_rules: {extends: x.yaml}\n")
    rules = settled_in(root, given=Given(config=own)).config.lint_rules
    assert contents(rules) == [b"extends: ../rules-1.yaml\n", b"extends: relaxed\n"]
    own.write_text("yaml_rules: {extends: gone.yaml}\n")
    gone = tmp_path / "gone.yaml"
    assert error_of(lambda: settled_in(root, given=Given(config=own)))[0] == (
        f"The yamllint rules in {gone} cannot be read: there is no {gone}, a file of the yamllint rules."
    )


@pytest.mark.parametrize("side", ["working tree", "index"])
def test_the_config_is_that_of_the_side_that_is_looked_at(repo: Repo, side: str) -> None:
    repo.commit({CONFIG_FILE: "fail_on: info\n", "sub/" + CONFIG_FILE: "fail_on: never\n"})
    repo.write(CONFIG_FILE, "fail_on: warning\n")
    settled = settled_for(Selection(taxonomy_path=repo.path), given=NOTHING_GIVEN, environ={})
    assert said(settled) == {"fail_on": ("warning", f"{CONFIG_FILE}:1")}
    staged = plan_check(Selection(taxonomy_path=repo.path, staged=True), environment={}).settled
    assert said(staged) == {"fail_on": ("info", f"{CONFIG_FILE}:1")}
    below = settled_for(Selection(taxonomy_path=repo.path / "sub"), given=NOTHING_GIVEN, environ={})
    assert said(below) == {"fail_on": ("never", f"sub/{CONFIG_FILE}:1")}


# --- who may relax the gate


@pytest.mark.parametrize("name", CI_VARIABLES)
def test_a_run_of_ci(name: str) -> None:
    assert in_ci({name: "true"})
    assert not any(in_ci({name: value}) for value in ("", "0", "false", "False", "no", "off"))


def test_no_test_runs_as_in_ci() -> None:
    assert not in_ci(os.environ)


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A checkout of a pull request's merge commit, and the environment of its run."""

    repo: Repo
    environ: dict[str, str]

    def settled(self, given: Given = NOTHING_GIVEN, **more: str) -> Settled:
        selection = Selection(taxonomy_path=self.repo.path)
        return settled_for(selection, given=given, environ={**self.environ, **more})


Change = Callable[[Repo], object]
Propose = Callable[..., PullRequest]


def writing(files: Mapping[str, str | bytes]) -> Change:
    return lambda repo: [repo.write(path, content) for path, content in files.items()]


def configured(text: str | bytes) -> Change:
    return writing({CONFIG_FILE: text})


def nothing(repo: Repo) -> None:
    """Change nothing."""


@pytest.fixture
def propose(tmp_path: Path) -> Propose:
    def proposed(before: Change, change: Change, *, meanwhile: Change = nothing, depth: int | None = 2) -> PullRequest:
        """What a pull request makes of a repository, which goes on `meanwhile`."""
        upstream = Repo.init(tmp_path / "upstream")
        before(upstream)
        upstream.commit(leaf("compositional_skills/rhymes"))
        upstream.branch("topic")
        change(upstream)
        topic = upstream.commit(leaf("compositional_skills/riddles", skill("To ask", answer="No")))
        upstream.git("switch", "--quiet", "main")
        meanwhile(upstream)
        upstream.commit({"README.md": "More.\n"})
        upstream.git("switch", "--quiet", "--detach", "main")
        upstream.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
        upstream.git("update-ref", "refs/pull/1/merge", "HEAD")
        upstream.git("switch", "--quiet", "main")
        clone = checkout(upstream, tmp_path / "clone", "refs/pull/1/merge", depth=depth)
        return PullRequest(repo=clone, environ={"CI": "true", **pull_request(tmp_path, topic)})

    return proposed


def linked(repo: Repo) -> None:
    repo.write("x.yaml", "fail_on: never\n")
    repo.remove(CONFIG_FILE)
    repo.link(CONFIG_FILE, "x.yaml")


def linked_folder(repo: Repo) -> None:
    repo.remove("ci/r.yaml")
    repo.remove("ci/b.yaml")
    (repo.path / "ci").rmdir()
    repo.link("ci", "/etc")


def in_a_folder(repo: Repo) -> None:
    repo.remove(CONFIG_FILE)
    repo.write(f"{CONFIG_FILE}/x", "fail_on: never\n")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        pytest.param(nothing, None, id="nothing"),
        pytest.param(configured("# ours\nfail_on: warning\n"), None, id="a comment"),
        pytest.param(
            configured("fail_on: never\nselect: [TX701]\nseverity: {TX0: off}\nbase: HEAD\nignore: [TX2]\n"),
            PROPOSAL.format("`fail_on`, `base`, `select`, `ignore`, `severity.TX0`"),
            id="all switched off",
        ),
        pytest.param(lambda repo: repo.remove(CONFIG_FILE), PROPOSAL.format("`fail_on`"), id="removed"),
        pytest.param(
            configured("fail_on: nevr\n"),
            f"{BROKEN}{CONFIG_FILE}:1:10: `fail_on` must be `error`, `warning`, `info` or `never`, and is `nevr`.",
            id="broken",
        ),
        pytest.param(
            configured(b"\xff"),
            f"{BROKEN}{CONFIG_FILE}:1:1: byte 0xff is not UTF-8: save the file as UTF-8.",
            id="not UTF-8",
        ),
        pytest.param(
            configured("#" * 2_000_000),
            f"{UNREAD}{CONFIG_FILE} has 2,000,000 bytes, more than the 1,048,576 that are read.",
            id="huge",
        ),
        pytest.param(
            linked,
            f"{UNREAD}{CONFIG_FILE} is a symbolic link: put the file itself there.",
            id="a link",
        ),
        pytest.param(
            in_a_folder,
            f"{UNREAD}{CONFIG_FILE} is a folder: put the file itself there.",
            id="a folder",
        ),
        pytest.param(
            writing({".taxonomy-baseline.json": "{}"}),
            PROPOSAL.format("`baseline`"),
            id="a baseline that hides what it adds",
        ),
    ],
)
def test_a_pull_request_does_not_configure_its_own_check(propose: Propose, change: Change, note: str | None) -> None:
    settled = propose(configured("fail_on: warning\n"), change).settled()
    assert said(settled) == {"fail_on": ("warning", f"{OURS}:1")}
    assert settled.notes == (() if note is None else (note,))
    assert settled.config.guarded
    assert settled.read_baseline() == ("HEAD^1:.taxonomy-baseline.json", None)


def test_the_first_config_is_a_proposal(propose: Propose) -> None:
    settled = propose(nothing, configured("fail_on: never\n")).settled()
    assert (said(settled), settled.notes) == ({}, (PROPOSAL.format("`fail_on`"),))


def test_what_the_base_changed_since_is_no_proposal(propose: Propose) -> None:
    before = configured("fail_on: warning\n")
    pull = propose(before, nothing, meanwhile=configured("fail_on: info\n"), depth=None)
    pull.repo.git("checkout", "--quiet", "HEAD^2")
    settled = pull.settled()
    label = f"origin/main:{CONFIG_FILE}:1"
    assert (said(settled), settled.notes) == ({"fail_on": ("info", label)}, ())


@pytest.mark.parametrize(
    ("before", "message"),
    [
        pytest.param(
            configured("fail_on: nevr\n"),
            f"the config {OURS} has 1 error.\n{OURS}:1:10: `fail_on` must be `error`, `warning`, `info` or `never`, "
            "and is `nevr`",
            id="broken",
        ),
        pytest.param(
            configured("yaml_rules: gone.yaml\n"),
            "The yamllint rules in HEAD^1:gone.yaml cannot be read: No such file or directory",
            id="rules that are not there",
        ),
        pytest.param(
            lambda repo: repo.link(CONFIG_FILE, "x.yaml"),
            f"{OURS} is a symbolic link: put the file itself there.",
            id="a link",
        ),
        pytest.param(
            writing({f"{CONFIG_FILE}/x": ""}), f"{OURS} is a folder: put the file itself there.", id="a folder"
        ),
        pytest.param(
            configured("yaml_rules: ../r.yaml\n"),
            f"{OURS}:1: `yaml_rules` leads out of the repository, to ../r.yaml.",
            id="rules elsewhere",
        ),
    ],
)
def test_a_config_that_is_broken_at_the_base_ends_the_run(propose: Propose, before: Change, message: str) -> None:
    assert error_of(propose(before, nothing).settled)[0] == message


@pytest.mark.parametrize("plan", [plan_diff, plan_check])
def test_diff_and_check_go_by_the_base(propose: Propose, plan: Callable[..., object]) -> None:
    pull = propose(configured("fail_on: warning\n"), configured("fail_on: never\nbase: HEAD\nignore: [TX2]\n"))
    result = run("taxonomy", plan.__name__.removeprefix("plan_"), cwd=pull.repo.path, env=pull.environ)
    assert (result.status, result.err) == (1, "")
    assert "error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean" in result.out
    assert PROPOSAL.format("`fail_on`, `base`, `ignore`") in result.out.splitlines()


def test_a_single_file_goes_by_the_base_too(propose: Propose) -> None:
    """Nor is the taxonomy's folder where the pull request says: its own config would be all there is."""
    relaxed = "severity: {TX2: off}\nfail_on: never\ntaxonomy_folders: [riddles]\n"
    pull = propose(
        configured("fail_on: warning\n"),
        writing({CONFIG_FILE: relaxed, f"compositional_skills/{CONFIG_FILE}": relaxed}),
    )
    file = "compositional_skills/riddles/qna.yaml"
    result = run("taxonomy", "check", "-C", file, cwd=pull.repo.path, env=pull.environ)
    assert (result.status, result.err) == (1, "")
    assert "error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean" in result.out
    assert PROPOSAL.format("`fail_on`, `taxonomy_folders`, `severity.TX2`") in result.out.splitlines()
    selection = Selection(taxonomy_path=pull.repo.path / file)
    assert settled_for(selection, given=NOTHING_GIVEN, environ=pull.environ).config.fail_on == "warning"
    assert settled_for(selection, given=NOTHING_GIVEN, environ={}).config.fail_on == "never"


def test_a_single_file_without_a_config_at_the_base(propose: Propose) -> None:
    pull = propose(nothing, configured("ignore: [TX2]\nfail_on: never\n"))
    selection = Selection(taxonomy_path=pull.repo.path / "compositional_skills/riddles/qna.yaml")
    plan = plan_check(selection, environment=pull.environ)
    assert (plan.settled.config.fail_on, plan.settled.config.guarded) == ("error", True)
    assert [leaf.path for leaf in plan.leaves] == ["compositional_skills/riddles"]
    shallow = {**pull.environ, "GITHUB_BASE_REF": "gone"}
    pull.repo.git("checkout", "--quiet", "HEAD^2")
    pull.repo.commit({"more.md": ""})
    with pytest.raises(TaxonomyError):
        plan_check(selection, environment=shallow)


@pytest.mark.parametrize(
    ("environ", "selection"),
    [
        pytest.param({}, {"base": "empty"}, id="diff --base empty, in a pull request"),
        pytest.param({"TAXONOMY_BASE": "empty"}, {}, id="TAXONOMY_BASE=empty, in a pull request"),
    ],
)
def test_nothing_to_compare_with_lets_no_proposal_judge_itself(
    propose: Propose, environ: dict[str, str], selection: dict[str, str]
) -> None:
    pull = propose(configured("fail_on: warning\n"), configured("fail_on: never\n"))
    named = Selection(taxonomy_path=pull.repo.path, **selection)  # type: ignore[arg-type]
    plan = plan_diff(named, environment={**pull.environ, **environ})
    assert plan.settled.config.fail_on == "warning"
    assert len(plan.leaves) == 2


@pytest.mark.parametrize("variable", ["TAXONOMY_BASE", "PRE_COMMIT_FROM_REF"])
def test_check_in_any_ci_goes_by_the_base_that_is_named(propose: Propose, variable: str) -> None:
    pull = propose(configured("fail_on: warning\n"), configured("fail_on: never\n"))
    selection = Selection(taxonomy_path=pull.repo.path)
    found = [
        plan_check(selection, environment={**environ, variable: "HEAD^1"}).settled.config.fail_on
        for environ in ({"JENKINS_URL": "http://ci"}, {})
    ]
    assert found == ["warning", "never"]


OLD = "the branch left main"


@pytest.mark.parametrize(
    ("known", "label", "fail_on"),
    [
        pytest.param("branch", "origin/main", "error", id="the branch is in the clone"),
        pytest.param("hash", "", "error", id="its newest commit is"),
        pytest.param("", "", "never", id="neither is"),
    ],
)
@pytest.mark.parametrize("command", ["diff", "check"])
def test_a_merge_request_on_gitlab_does_not_choose_its_rules_by_where_it_leaves(
    propose: Propose, command: str, known: str, label: str, fail_on: str
) -> None:
    """A branch may be made from a commit of the days when nothing failed."""
    pull = propose(configured("fail_on: never\n"), nothing, meanwhile=configured("fail_on: error\n"), depth=None)
    fork, main = pull.repo.oid("HEAD^2~1"), pull.repo.oid("HEAD^1")
    pull.repo.git("checkout", "--quiet", "HEAD^2")
    if known != "branch":
        pull.repo.git("update-ref", "-d", "refs/remotes/origin/main")
    environ = {
        "CI": "true",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": fork,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": main if known == "hash" else "",
    }
    plan = {"diff": plan_diff, "check": plan_check}[command]
    planned = plan(Selection(taxonomy_path=pull.repo.path), environment=environ)
    origin = f"{label or (main if known else fork)}:{CONFIG_FILE}:1"
    assert said(planned.settled) == {"fail_on": (fail_on, origin)}
    assert [OLD in note for note in planned.settled.notes] == ([] if known else [True])
    assert run("taxonomy", command, cwd=pull.repo.path, env=environ).status == (1 if known else 0)
    leaf_file = Selection(taxonomy_path=pull.repo.path / "compositional_skills/riddles/qna.yaml")
    assert plan_check(leaf_file, environment=environ).settled.config.fail_on == fail_on


def test_a_single_file_lies_where_the_newest_rules_of_the_target_say(propose: Propose) -> None:
    inner = writing({f"compositional_skills/{CONFIG_FILE}": "fail_on: info\n"})
    pull = propose(nothing, nothing, meanwhile=inner, depth=None)
    environ = {
        "CI": "true",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": pull.repo.oid("HEAD^2~1"),
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }
    pull.repo.git("checkout", "--quiet", "HEAD^2")
    selection = Selection(taxonomy_path=pull.repo.path / "compositional_skills/riddles/qna.yaml")
    assert plan_check(selection, environment=environ).settled.config.fail_on == "info"


def test_check_without_the_base_in_the_clone(propose: Propose) -> None:
    """What could relax the gate is refused, and what leaves themselves say counts less; nothing else is lost."""
    pull = propose(nothing, nothing, depth=1)
    plan = plan_check(Selection(taxonomy_path=pull.repo.path), environment=pull.environ)
    unknown = (
        "the base of this run, `origin/main` (GITHUB_BASE_REF), is not in this clone, because this clone is shallow."
    )
    assert plan.notes == (f"What the base says of rules and severities is not known: {unknown}",)
    assert plan.settled.config.guarded
    pull.repo.write(CONFIG_FILE, "fail_on: never\n")
    with pytest.raises(TaxonomyError) as caught:
        plan_check(Selection(taxonomy_path=pull.repo.path), environment=pull.environ)
    assert caught.value.message == unknown


def test_a_pull_request_does_not_choose_its_base(propose: Propose) -> None:
    """Nor where the run itself names none: the config's `base` is then not asked."""
    pull = propose(nothing, configured("base: HEAD\nfail_on: never\n"))
    pull.repo.git("branch", "main", "HEAD^1")
    selection = Selection(taxonomy_path=pull.repo.path)
    in_it = plan_diff(selection, environment={"CI": "true"})
    assert (in_it.comparison.base, in_it.settled.config.fail_on) == ("main", "error")
    elsewhere = plan_diff(selection, environment={})
    assert (elsewhere.comparison.base, elsewhere.settled.config.fail_on) == ("HEAD", "never")


RULES = {CONFIG_FILE: "yaml_rules: ci/r.yaml\n", "ci/r.yaml": "extends: b.yaml\n", "ci/b.yaml": "extends: relaxed\n"}


def contents(rules: Rules) -> list[bytes]:
    """What yamllint's rules say by themselves, with the names that they had."""
    return [content for _, content in rules.files if content.startswith(b"extends")]


@pytest.mark.parametrize("by", ["the config", "--yaml-rules", "TAXONOMY_YAML_RULES"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(writing({"ci/r.yaml": "rules: {}\n"}), id="the rules"),
        pytest.param(writing({"ci/b.yaml": "rules: {}\n"}), id="what they extend"),
        pytest.param(lambda repo: [repo.remove("ci/b.yaml"), repo.link("ci/b.yaml", "/etc/hostname")], id="a link"),
        pytest.param(lambda repo: [repo.remove("ci/r.yaml"), repo.remove("ci/b.yaml")], id="removed"),
        pytest.param(
            linked_folder,
            id="a linked folder",
        ),
    ],
)
def test_yaml_rules_in_the_repository_are_those_of_the_base(propose: Propose, change: Change, by: str) -> None:
    before = RULES if by == "the config" else {**RULES, CONFIG_FILE: "# nothing\n"}
    pull = propose(writing(before), change)
    path = pull.repo.path / "ci" / "r.yaml"
    given = Given(yaml_rules=path) if by == "--yaml-rules" else NOTHING_GIVEN
    settled = pull.settled(given, **({by: str(path)} if by.startswith("TAXONOMY") else {}))
    assert contents(settled.config.lint_rules) == [b"extends: ../rules-1.yaml\n", b"extends: relaxed\n"]
    assert settled.notes == (PROPOSAL.format("`yaml_rules`"),)


def test_yaml_rules_that_the_base_does_not_have(propose: Propose) -> None:
    pull = propose(nothing, writing({"ci/r.yaml": "rules: {}\n"}))
    settled = pull.settled(Given(yaml_rules=pull.repo.path / "ci/r.yaml"))
    assert settled.config.lint_rules == Rules.DEFAULT
    assert settled.notes == (
        "--yaml-rules names ci/r.yaml, which is not in the base: the default rules are in force.",
        PROPOSAL.format("`yaml_rules`"),
    )


def test_yaml_rules_elsewhere_are_the_callers_own(propose: Propose, tmp_path: Path) -> None:
    pull = propose(writing(RULES), writing({"ci/b.yaml": "rules: {}\n"}))
    own = tmp_path / "own.yaml"
    own.write_text(f"extends: {os.path.relpath(pull.repo.path / 'ci/b.yaml', tmp_path)}\n")
    rules = pull.settled(Given(yaml_rules=own)).config.lint_rules
    assert (rules.source, contents(rules)[1:]) == (str(own), [b"extends: relaxed\n"])


def test_a_config_elsewhere_is_the_callers_own(propose: Propose, tmp_path: Path) -> None:
    pull = propose(configured("fail_on: warning\n"), configured("fail_on: never\n"))
    own = tmp_path / "own.yaml"
    own.write_text("fail_on: info\n")
    settled = pull.settled(Given(config=own))
    assert (said(settled), settled.notes) == ({"fail_on": ("info", f"{own}:1")}, ())
    assert settled.config.guarded


def test_a_config_in_the_repository_is_that_of_the_base_however_it_is_named(propose: Propose, tmp_path: Path) -> None:
    pull = propose(writing({"ci/c.yaml": "fail_on: info\n"}), writing({"ci/c.yaml": "fail_on: never\n"}))
    direct, link, folder = pull.repo.path / "ci/c.yaml", tmp_path / "link.yaml", tmp_path / "folder"
    link.symlink_to(direct)
    folder.symlink_to(pull.repo.path)
    for path in (direct, link, folder / "ci" / "c.yaml", pull.repo.path / "x" / ".." / "ci" / "c.yaml"):
        settled = pull.settled(Given(config=path))
        assert said(settled) == {"fail_on": ("info", "HEAD^1:ci/c.yaml:1")}
        assert settled.notes == (PROPOSAL.format("`fail_on`"),)


def test_a_config_that_the_base_does_not_have(propose: Propose) -> None:
    pull = propose(configured("fail_on: info\n"), writing({"ci/c.yaml": "fail_on: never\n"}))
    settled = pull.settled(Given(config=pull.repo.path / "ci/c.yaml"))
    assert said(settled) == {}
    assert settled.notes == (
        "--config names ci/c.yaml, which is not in the base: the defaults are in force in its place.",
        PROPOSAL.format("`fail_on`"),
    )


def test_what_the_workflow_says_counts_over_the_base(propose: Propose) -> None:
    pull = propose(configured("fail_on: warning\n"), nothing)
    assert said(pull.settled(TAXONOMY_FAIL_ON="info"))["fail_on"] == ("info", "TAXONOMY_FAIL_ON")
    assert said(pull.settled(Given(fail_on="never")))["fail_on"] == ("never", "--fail-on")
    assert said(pull.settled(Given(without_config=True))) == {}


def test_the_config_of_a_taxonomy_below_the_root(propose: Propose) -> None:
    pull = propose(
        writing({f"sub/{CONFIG_FILE}": "yaml_rules: r.yaml\n", "sub/r.yaml": "extends: relaxed\n"}),
        writing({f"sub/{CONFIG_FILE}": "fail_on: never\n", "sub/r.yaml": "rules: {}\n"}),
    )
    settled = settled_for(Selection(taxonomy_path=pull.repo.path / "sub"), given=NOTHING_GIVEN, environ=pull.environ)
    assert said(settled) == {"yaml_rules": ("r.yaml", f"HEAD^1:sub/{CONFIG_FILE}:1")}
    assert contents(settled.config.lint_rules) == [b"extends: relaxed\n"]
    assert settled.notes == (PROPOSAL.format("`yaml_rules`, `fail_on`"),)


def test_a_partial_clone_fetches_the_config_of_its_base(tmp_path: Path) -> None:
    upstream = Repo.init(tmp_path / "upstream").served()
    upstream.commit({**leaf("compositional_skills/rhymes"), **RULES})
    upstream.branch("topic")
    upstream.commit({CONFIG_FILE: "fail_on: never\n", "ci/b.yaml": "rules: {}\n"})
    upstream.git("switch", "--quiet", "main")
    clone = upstream.clone(tmp_path / "clone", "--filter=blob:none", "--branch=topic")
    offline = upstream.clone(tmp_path / "offline", "--filter=blob:none", "--branch=topic")
    settled = plan_diff(Selection(taxonomy_path=clone.path), environment={"CI": "true"}).settled
    assert said(settled) == {"yaml_rules": ("ci/r.yaml", f"origin/main:{CONFIG_FILE}:1")}
    assert contents(settled.config.lint_rules) == [b"extends: ../rules-1.yaml\n", b"extends: relaxed\n"]
    upstream.path.rename(tmp_path / "away")
    message, _ = error_of(lambda: plan_diff(Selection(taxonomy_path=offline.path), environment={"CI": "true"}))
    assert message.startswith("this is a partial clone, and 1 of the blobs to compare could not be fetched from origin")
