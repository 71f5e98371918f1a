"""`taxonomy_tools.config`: what a config file says, and everything that is wrong with one, at its place."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools import schemas
from taxonomy_tools.config import (
    BrokenFile,
    InlineRules,
    Override,
    RuleChoice,
    Value,
    code_of,
    place_of,
    read,
    what_is_wrong_with_code,
)
from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.rules import RULES

NAME = "c.yaml"
OFF, INFO, ERROR = Severity.OFF, Severity.INFO, Severity.ERROR
FAMILIES = "TX0xx, TX1xx, TX2xx, TX3xx, TX4xx, TX5xx, TX6xx, TX7xx"
KEYS = (
    "the keys are `base`, `taxonomy_folders`, `schema_version`, `yaml_rules`, `select`, `ignore`, `severity`, `paths`, "
    "`fail_on`, `licenses`, `limits`, `baseline` and `generate`"
)
LEVELS = "`error`, `warning`, `info` or `off`"
FAIL_ONS = "`error`, `warning`, `info` or `never`"
VERSIONS = "`document`, `latest`, `1`, `2` or `3`"


def settings(text: str) -> dict[str, Value]:
    return {setting.key: setting.value for setting in read(text.encode(), NAME)}


def complaints(text: str | bytes) -> list[str]:
    """What is wrong with a config: a place, a message, and the mend in brackets."""
    with pytest.raises(BrokenFile) as caught:
        read(text.encode() if isinstance(text, str) else text, NAME)
    return [
        f"{place_of(one).removeprefix(f'{NAME}:')} {one.message}" + (f" [{one.hint}]" if one.hint else "")
        for one in caught.value.diagnostics
    ]


# --- every key, right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("# nothing yet\n", {}, id="a comment alone"),
        pytest.param("---\n", {}, id="a document of nothing"),
        pytest.param("base: upstream/main", {"base": "upstream/main"}, id="base"),
        pytest.param("taxonomy_folders: [skills, facts]", {"taxonomy_folders": ("skills", "facts")}, id="folders"),
        pytest.param("schema_version: document", {"schema_version": "document"}, id="version of the document"),
        pytest.param("schema_version: latest", {"schema_version": "latest"}, id="the latest version"),
        pytest.param("schema_version: 2", {"schema_version": 2}, id="a version"),
        pytest.param("schema_version: 3.0", {"schema_version": 3}, id="a version, as a float"),
        pytest.param("yaml_rules: ci/rules.yaml", {"yaml_rules": "ci/rules.yaml"}, id="yaml_rules"),
        pytest.param(
            "yaml_rules:\n  rules: {colons: disable}\n",
            {"yaml_rules": InlineRules(content="rules:\n  colons: disable\n")},
            id="yaml_rules in place",
        ),
        pytest.param("select: [TX505, tx4, TX3xx]", {"select": ("TX505", "TX4", "TX3")}, id="select"),
        pytest.param("ignore: TX505, TX4XX,TX505", {"ignore": ("TX505", "TX4")}, id="codes in one text"),
        pytest.param(
            "severity: {tx503: off, TX4xx: error}", {"severity.TX503": OFF, "severity.TX4": ERROR}, id="severity"
        ),
        pytest.param("severity: {TX503: 'off', TX504: Off}", {"severity.TX503": OFF, "severity.TX504": OFF}, id="off"),
        pytest.param(
            "paths:\n- path: knowledge/**\n  ignore: TX5\n- path: [a, b/*]\n  severity: {TX4: info}\n"
            "  select: [TX504]\n",
            {
                "paths": (
                    Override(paths=("knowledge/**",), choice=RuleChoice(ignore=("TX5",))),
                    Override(paths=("a", "b/*"), choice=RuleChoice(select=("TX504",), severity=(("TX4", INFO),))),
                )
            },
            id="paths",
        ),
        pytest.param("fail_on: never", {"fail_on": "never"}, id="fail_on"),
        pytest.param("licenses: [mit, CC0-1.0]", {"licenses": ("MIT", "CC0-1.0")}, id="licenses"),
        pytest.param(
            "licenses: [LicenseRef-Acme-2]", {"licenses": ("LicenseRef-Acme-2",)}, id="a licence of one's own"
        ),
        pytest.param("licenses: []", {"licenses": ()}, id="no licence"),
        pytest.param(
            "limits: {similarity: 1, skill_words: 10, context_words: 1000000, pair_words: 1.0}",
            {
                "limits.skill_words": 10,
                "limits.context_words": 1000000,
                "limits.pair_words": 1,
                "limits.similarity": 1.0,
            },
            id="limits, in the order of the schema",
        ),
        pytest.param("baseline: ci/../known.json", {"baseline": "known.json"}, id="baseline"),
        pytest.param("baseline: ..known.json", {"baseline": "..known.json"}, id="a baseline with dots before its name"),
        pytest.param(
            "generate:\n  model: m\n  host: http://a\n  samples_per_leaf: 1\n  num_ctx: 2\n  temperature: 0\n"
            "  seed: 0\n  output_dir: out\n  output_format: jsonl\n  parallel: 3\n  judge: yes\n",
            {
                "generate.model": "m",
                "generate.host": ("http://a",),
                "generate.samples_per_leaf": 1,
                "generate.num_ctx": 2,
                "generate.temperature": 0.0,
                "generate.seed": 0,
                "generate.output_dir": "out",
                "generate.output_format": "jsonl",
                "generate.parallel": 3,
                "generate.judge": True,
            },
            id="generate",
        ),
        pytest.param(
            "generate: {host: [http://a, http://b], judge: m}",
            {"generate.host": ("http://a", "http://b"), "generate.judge": "m"},
            id="several hosts, a model that judges",
        ),
        pytest.param("limits: {}\nseverity: {}\ngenerate: {}\n", {}, id="empty mappings"),
        pytest.param("<<: {base: x}", {"base": "x"}, id="merged"),
        pytest.param("ignore: &codes [TX5]\nselect: *codes\n", {"select": ("TX5",), "ignore": ("TX5",)}, id="an alias"),
    ],
)
def test_what_a_config_sets(text: str, expected: dict[str, Value]) -> None:
    assert settings(text) == expected


def test_each_setting_knows_its_line() -> None:
    text = "# ours\nlimits:\n  similarity: 0.5\n\nseverity:\n  TX5: info\n  TX4: error\nbase: main\n"
    assert [(setting.key, setting.origin) for setting in read(text.encode(), "origin/main:c.yaml")] == [
        ("base", "origin/main:c.yaml:8"),
        ("severity.TX5", "origin/main:c.yaml:6"),
        ("severity.TX4", "origin/main:c.yaml:7"),
        ("limits.similarity", "origin/main:c.yaml:3"),
    ]


def test_an_override_is_for_the_leaves_of_its_patterns() -> None:
    override = Override(paths=("knowledge/**/birds", "a"), choice=RuleChoice())
    leaves = ("knowledge/birds", "knowledge/x/y/birds", "knowledge/birds/wren", "a/b", "ab")
    assert [leaf for leaf in leaves if override.matches(leaf)] == ["knowledge/birds", "knowledge/x/y/birds", "a/b"]


# --- what is wrong


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[]",
            ["1:1 the config must be keys with values, but it is a list [write a key and a value: `fail_on: warning`]"],
            id="a list",
        ),
        pytest.param(
            "fail_onn: info",
            ["1:1 `fail_onn` is not a key here: did you mean `fail_on`? [write fail_on:]"],
            id="a typo",
        ),
        pytest.param(
            "zzz: 1\n7: x\n",
            [f"1:1 `zzz` is not a key here: {KEYS}", f"2:1 `7` is not a key here: {KEYS}"],
            id="no keys of ours",
        ),
        pytest.param(
            "base: x\nbase: y\n",
            ["2:1 `base` stands here a second time [put both together, or remove one]"],
            id="a key twice",
        ),
        pytest.param(
            "limits: {skill_word: 1}",
            ["1:10 `skill_word` is not a key here: did you mean `skill_words`? [write skill_words:]"],
            id="a typo below",
        ),
        pytest.param(
            "base: 2024-01-01",
            ['1:7 `base` must be text, but unquoted `2024-01-01` is a date [write "2024-01-01"]'],
            id="base, a date",
        ),
        pytest.param(
            "base:", ["1:1 `base` is empty: text is due here [fill it in, or remove the key]"], id="base, empty"
        ),
        pytest.param(
            "fail_on: no",
            [f"1:10 `fail_on` must be {FAIL_ONS}, and is `no` [write one of them]"],
            id="fail_on, a boolean",
        ),
        pytest.param(
            "fail_on: warn", [f"1:10 `fail_on` must be {FAIL_ONS}, and is `warn` [write warning]"], id="fail_on, a typo"
        ),
        pytest.param(
            "fail_on: [info]",
            [f"1:1 `fail_on` must be {FAIL_ONS}, and is a list [write one of them]"],
            id="fail_on, a list",
        ),
        pytest.param(
            "schema_version: '3'",
            [f"1:17 `schema_version` must be {VERSIONS}, and is `'3'` [write 3]"],
            id="version in quotes",
        ),
        pytest.param(
            "schema_version: true",
            [f"1:17 `schema_version` must be {VERSIONS}, and is `true` [write one of them]"],
            id="version, a boolean",
        ),
        pytest.param(
            "schema_version: 9", [f"1:17 `schema_version` must be {VERSIONS}, and is `9`"], id="version, too new"
        ),
        pytest.param(
            "severity: {TX5: of, TX4: no, TX3: , TX2: [], TX1: false}",
            [
                f"1:17 `TX5` must be {LEVELS}, and is `of` [write off]",
                f"1:26 `TX4` must be {LEVELS}, and is `no` [write off, if that is meant]",
                f"1:30 `TX3` must be {LEVELS}, and is empty [write one of them]",
                f"1:37 `TX2` must be {LEVELS}, and is a list [write one of them]",
                f"1:51 `TX1` must be {LEVELS}, and is `false` [write off, if that is meant]",
            ],
            id="severities",
        ),
        pytest.param(
            "severity: {TX5: info, TX5xx: off, 4: info}",
            [
                "1:23 `TX5xx` is TX5, which has a severity already",
                "1:35 there is no rule `4`: `taxonomy rule` lists them",
            ],
            id="codes of severities",
        ),
        pytest.param("severity: [TX5]", ["1:1 `severity` must be a mapping, but is a list"], id="severity, a list"),
        pytest.param(
            "select: [TX999, TX59, implicit-type, TX9xx, 5, '']",
            [
                "1:10 there is no rule `TX999`: did you mean TX509? [write TX509]",
                "1:17 there is no rule `TX59`: did you mean TX509? [write TX509]",
                "1:23 `implicit-type` is the name of a rule: its code is TX201 [write TX201]",
                f"1:38 there are no rules `TX9xx`: the families are {FAMILIES}",
                '1:45 item 5 of `select` must be text, but unquoted `5` is a number [write "5"]',
                "1:48 item 6 of `select` is empty: text is due here [fill it in, or remove the key]",
            ],
            id="codes",
        ),
        pytest.param("ignore: TX", ["1:9 there is no rule `TX`: `taxonomy rule` lists them"], id="a part of all codes"),
        pytest.param(
            "ignore: TX5,", ["1:9 a code is empty [write a code, or remove the comma]"], id="a comma at the end"
        ),
        pytest.param(
            "paths: [{ignore: TX5}, {path: [], selct: TX5}, x, {path: [/a, a/../b, 'a\\b', a//b, a/qna.yaml, 3]}]",
            [
                "1:9 `path` is missing in item 1 of `paths` [add path:]",
                "1:25 `path` needs at least one item [add one, or remove the key]",
                "1:35 `selct` is not a key here: did you mean `select`? [write select:]",
                "1:48 item 3 of `paths` must be a mapping, but `x` is text",
                "1:59 `/a` matches no leaf: it starts with `/`: paths are seen from the taxonomy's root",
                "1:63 `a/../b` matches no leaf: it leads upwards with `..`",
                "1:71 `a\\b` matches no leaf: it has a backslash: `/` stands between folders",
                "1:78 `a//b` matches no leaf: it has an empty part",
                "1:84 `a/qna.yaml` names a file, and patterns are for leaves, which are folders [write a]",
                '1:96 item 6 of `path` must be text, but unquoted `3` is a number [write "3"]',
            ],
            id="paths",
        ),
        pytest.param(
            "taxonomy_folders: [a/b, .., .git, a, a]",
            [
                "1:20 `a/b` is not the name of a folder at the taxonomy's root",
                "1:25 `..` is not the name of a folder at the taxonomy's root",
                "1:29 `.git` is not the name of a folder at the taxonomy's root",
                "1:38 item 5 of `taxonomy_folders` repeats item 4 [remove it]",
            ],
            id="folders",
        ),
        pytest.param(
            "taxonomy_folders: []",
            ["1:1 `taxonomy_folders` needs at least one item [add one, or remove the key]"],
            id="no folder",
        ),
        pytest.param(
            "taxonomy_folders: a", ["1:19 `taxonomy_folders` must be a list, but `a` is text"], id="folders, text"
        ),
        pytest.param(
            "licenses: [GPL-3.0, Apache 2.0, public domain, MITT, zzzz zzzz, MIT OR MPL-2.0]",
            [
                "1:12 `GPL-3.0` is no SPDX identifier of a licence: did you mean `GPL-3.0-only`? [write GPL-3.0-only]",
                "1:21 `Apache 2.0` is no SPDX identifier of a licence: did you mean `Apache-2.0`? [write Apache-2.0]",
                "1:33 `public domain` is no licence: it is always allowed [leave it out]",
                "1:48 `MITT` is no SPDX identifier of a licence: did you mean `MIT`? [write MIT]",
                "1:54 `zzzz zzzz` is no SPDX identifier of a licence [see spdx.org/licenses]",
                "1:65 `MIT OR MPL-2.0` names several licences [put each by itself into the list]",
            ],
            id="licenses",
        ),
        pytest.param(
            "licenses: [MIT, MIT]", ["1:17 item 2 of `licenses` repeats item 1 [remove it]"], id="a licence twice"
        ),
        pytest.param(
            "limits: {skill_words: 0, context_words: 1000001, pair_words: 1.5, similarity: 1.1}",
            [
                "1:23 `skill_words` must be at least 1, and is `0` [write 1 or more]",
                "1:41 `context_words` must be at most 1,000,000, and is `1000001` [write 1000000 or less]",
                "1:62 `pair_words` must be a whole number, but is a number",
                "1:79 `similarity` must be at most 1, and is `1.1` [write 1 or less]",
            ],
            id="limits",
        ),
        pytest.param(
            "limits: {skill_words: yes, context_words: '5', similarity: .nan}",
            [
                "1:23 `skill_words` must be a whole number, but is a boolean",
                "1:43 `context_words` must be a whole number, but `5` is text",
                "1:60 `similarity` must be at least 0, and is `nan` [write 0 or more]",
            ],
            id="limits of other types",
        ),
        pytest.param(
            "baseline: ../x",
            ["1:11 `baseline` must be a file of the taxonomy: `../x` leads out of the taxonomy"],
            id="baseline above",
        ),
        pytest.param(
            "baseline: a/../..",
            ["1:11 `baseline` must be a file of the taxonomy: `a/../..` leads out of the taxonomy"],
            id="baseline above, in turns",
        ),
        pytest.param(
            "baseline: /x",
            ["1:11 `baseline` must be a file of the taxonomy: `/x` leads out of the taxonomy"],
            id="baseline anywhere",
        ),
        pytest.param(
            "baseline: a/..",
            ["1:11 `baseline` must be a file of the taxonomy: `a/..` is its root"],
            id="baseline, the root",
        ),
        pytest.param(
            "baseline: .Git/config",
            ["1:11 `baseline` must be a file of the taxonomy: `.Git/config` is Git's own"],
            id="baseline in Git's folder",
        ),
        pytest.param(
            "baseline: a/qna.yml",
            ["1:11 `baseline` must be a file of the taxonomy: `a/qna.yml` is a file of a leaf"],
            id="baseline, a leaf's file",
        ),
        pytest.param(
            'yaml_rules: "a\\0b"',
            ["1:13 `yaml_rules` is no path of a file: it holds a null character"],
            id="yaml_rules, no path",
        ),
        pytest.param(
            "yaml_rules: [a]", ["1:1 `yaml_rules` must be text or a mapping, but is a list"], id="yaml_rules, a list"
        ),
        pytest.param(
            "generate: {host: [], seed: -1, parallel: 10001, model: '', judge: 1}",
            [
                "1:12 `host` needs at least one item [add one, or remove the key]",
                "1:28 `seed` must be at least 0, and is `-1` [write 0 or more]",
                "1:42 `parallel` must be at most 10,000, and is `10001` [write 10000 or less]",
                "1:56 `model` is empty: text is due here [fill it in, or remove the key]",
                '1:67 `judge` must be text or true or false, but unquoted `1` is a number [write "1"]',
            ],
            id="generate",
        ),
        pytest.param(
            "base: a: b",
            ['1:8 ": " is not allowed in a value without quotes [put the whole value in quotes]'],
            id="no YAML",
        ),
        pytest.param(b"base: \xe9", ["1:7 byte 0xe9 is not UTF-8: save the file as UTF-8"], id="not UTF-8"),
        pytest.param(
            "base: !!python/object:os.system x",
            ["1:7 the tag `!!python/object:os.system` means nothing here"],
            id="a tag",
        ),
        pytest.param(
            "yaml_rules: &a {a: *a}",
            ["1:20 `*a` stands inside the very thing that it names [remove it, or name something else]"],
            id="a circle",
        ),
        pytest.param(
            "base: a\n---\nbase: b\n",
            ['2:1 a second document starts here: a config is one [remove the "---"]'],
            id="two documents",
        ),
        pytest.param("- " * 2000, ["1:201 collections are nested more than 100 deep [flatten them]"], id="deep"),
    ],
)
def test_what_is_wrong_with_a_config(text: str | bytes, expected: list[str]) -> None:
    assert complaints(text) == expected


def test_all_errors_come_at_once_with_their_frames() -> None:
    text = "fail_on: info\nignore: [TX50]\nlimits:\n  skill_words: many\nbase: x\nbase: y\n"
    with pytest.raises(BrokenFile) as caught:
        read(text.encode(), NAME)
    assert str(caught.value) == (
        "the config c.yaml has 3 errors.\n"
        "c.yaml:2:10: there is no rule `TX50`: did you mean TX510?\n"
        "c.yaml:4:16: `skill_words` must be a whole number, but `many` is text\n"
        "c.yaml:6:1: `base` stands here a second time"
    )
    frames = [[(line.number, line.text) for line in one.frame] for one in caught.value.diagnostics]
    assert frames == [
        [(1, "fail_on: info"), (2, "ignore: [TX50]")],
        [(3, "limits:"), (4, "  skill_words: many")],
        [(5, "base: x"), (6, "base: y")],
    ]
    assert [(one.label, one.command) for one in caught.value.remedies] == [
        ("What each key means:", "taxonomy schema config")
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.CODE)
def test_every_rule_has_its_code_and_its_family(rule: Any) -> None:
    assert (code_of(rule.CODE.lower()), code_of(f" {rule.CODE[:3]}xx ")) == (rule.CODE, rule.CODE[:3])
    assert what_is_wrong_with_code(rule.NAME)[1] == f"write {rule.CODE}"


# --- what anybody may have put there


def test_aliases_that_grow_without_end_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    before = time.monotonic()
    assert complaints("\n".join(lines)) != []
    assert time.monotonic() - before < 20


def test_a_config_that_is_larger_than_what_is_read() -> None:
    (message,) = complaints(f"base: {'a' * 2_000_000}")
    assert message == f"{NAME} 2,000,006 bytes are more than the 1,048,576 that are read"


def test_many_wrong_codes_do_not_take_long() -> None:
    codes = ", ".join(f"TX{number}" for number in range(1000, 3000))
    before = time.monotonic()
    assert len(complaints(f"ignore: [{codes}]\nlicenses: [{codes}]\n")) == 4000
    assert time.monotonic() - before < 60


_texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.dates(),
    st.binary(max_size=4),
    _texts,
    st.sampled_from(["TX5", "TX505", "off", "error", "never", "MIT", "latest", "a/**", "..", "3", "x.yaml"]),
)
_keys = st.one_of(
    st.sampled_from(
        ["path", "select", "ignore", "severity", "skill_words", "similarity", "host", "judge", "TX5", "TX9"]
    ),
    st.integers(0, 9),
    _texts,
)
_data = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4), max_leaves=12
)
_SCHEMA: dict[str, Any] = schemas.load_format("config")
_TOP = tuple(_SCHEMA["properties"])


def outcome(content: bytes) -> tuple[list[str], tuple[Diagnostic, ...]]:
    """The keys that a config sets, or what is wrong with it."""
    try:
        return [setting.key for setting in read(content, NAME)], ()
    except BrokenFile as error:
        return [], error.diagnostics


def is_told(data: object, key: str, told: list[str]) -> bool:
    """Whether settings tell of a key: by its name, or each of what is below it."""
    if key in told:
        return True
    if not isinstance(data, dict):
        return False
    return sum(one.startswith(f"{key}.") for one in told) == len(data)


@given(st.dictionaries(st.sampled_from(_TOP) | _keys, _data, max_size=5))
def test_any_data_is_either_taken_whole_or_refused(data: dict[object, object]) -> None:
    """Nothing but the one error comes of it, nothing is passed over, and what the schema refuses is refused."""
    content = yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode()
    told, diagnostics = outcome(content)
    assert all(one.span is not None and one.frame and one.message for one in diagnostics)
    if not diagnostics:
        assert schemas.format_violations("config", yaml.safe_load(content)) == []
        assert [key for key, value in data.items() if not is_told(value, str(key), told)] == []


_codes = st.sampled_from(["TX505", "tx4xx", "TX2"])
_choices = {"select": st.lists(_codes), "ignore": _codes | st.lists(_codes)}
_severities = st.dictionaries(st.sampled_from(["TX505", "TX4", "TX2xx"]), st.sampled_from(["off", "info", "error"]))
_good = st.fixed_dictionaries(
    {},
    optional={
        "base": st.sampled_from(["main", "upstream/main"]),
        "taxonomy_folders": st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True),
        "schema_version": st.sampled_from(["document", "latest", 1, 2, 3]),
        "yaml_rules": st.sampled_from(["x.yaml", {"extends": "relaxed"}]),
        **_choices,
        "severity": _severities,
        "paths": st.lists(
            st.fixed_dictionaries(
                {"path": st.sampled_from(["a/**", ["b", "c"]])}, optional={**_choices, "severity": _severities}
            )
        ),
        "fail_on": st.sampled_from(["error", "warning", "info", "never"]),
        "licenses": st.lists(st.sampled_from(["MIT", "CC0-1.0"]), unique=True),
        "limits": st.fixed_dictionaries(
            {}, optional={"skill_words": st.integers(1, 10**6), "similarity": st.floats(0, 1) | st.integers(0, 1)}
        ),
        "baseline": st.sampled_from(["x.json", "a/x.json"]),
        "generate": st.fixed_dictionaries({}, optional={"seed": st.integers(0, 2**63 - 1), "judge": st.booleans()}),
    },
)


@given(_good)
def test_what_the_schema_takes_is_taken(data: dict[str, object]) -> None:
    told = [setting.key for setting in read(yaml.safe_dump(data).encode(), NAME)]
    assert schemas.format_violations("config", data) == []
    assert [key for key, value in data.items() if not is_told(value, key, told)] == []


def _scalars_of_the_schema() -> list[tuple[str, object]]:
    """Each number that bounds a number of the schema with its key, and what lies just beyond."""
    groups = {"limits": _SCHEMA["properties"]["limits"], "generate": _SCHEMA["$defs"]["generate"]}
    return [
        (f"{group}.{key}", bound)
        for group, below in groups.items()
        for key, rule in below["properties"].items()
        if "minimum" in rule
        for bound in (rule["minimum"], rule["maximum"], rule["minimum"] - 1, rule["maximum"] + 1)
    ]


@pytest.mark.parametrize(("key", "bound"), _scalars_of_the_schema())
def test_limits_are_those_of_the_schema(key: str, bound: object) -> None:
    group, _, name = key.partition(".")
    data = {group: {name: bound}}
    assert (outcome(yaml.safe_dump(data).encode())[0] == [key]) is (schemas.format_violations("config", data) == [])
