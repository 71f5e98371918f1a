"""What counts of findings: choices of rules and severities, and ignores in the document."""

import pickle
import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.config import Config, Override, RuleChoice
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.document import Document, load
from taxonomy_tools.ignores import ignores
from taxonomy_tools.policy import Policy, is_unopened
from taxonomy_tools.verdict import Ignore
from tests.command import leaf, run, skill
from tests.repository import Repo

LEAF = "knowledge/science/birds"
QNA = f"{LEAF}/qna.yaml"
DEFAULT = Policy()


def found(
    code: str, line: int | None = 1, *, severity: Severity = Severity.WARNING, file: str = QNA, column: int = 1
) -> Diagnostic:
    return Diagnostic(
        code=code,
        name="a-name",
        severity=severity,
        message="a message",
        leaf=LEAF,
        file=file,
        span=Span.at(line, column) if line else None,
    )


def policy(choice: RuleChoice, *overrides: Override, guarded: bool = False) -> Policy:
    return Policy.of(Config(choice=choice, overrides=overrides, guarded=guarded))


def override(
    *paths: str, select: str = "", ignore: str = "", severity: tuple[tuple[str, Severity], ...] = ()
) -> Override:
    return Override(paths=paths, choice=choose(select, ignore, *severity))


def choose(select: str = "", ignore: str = "", *severity: tuple[str, Severity]) -> RuleChoice:
    return RuleChoice(select=tuple(select.split()), ignore=tuple(ignore.split()), severity=severity)


def comments(text: str) -> tuple[Ignore, ...]:
    document = load(text.encode())
    assert isinstance(document, Document), document
    return ignores(document)


def judged(
    text: str, *diagnostics: Diagnostic, by: Policy = DEFAULT, across: bool = True, leaf: str = LEAF
) -> list[str]:
    """What is in force, as line, severity and code; of what is said of ignores also the words."""
    return [
        f"{one.span.line if one.span else '-'} {one.severity.value} {one.code}"
        + (f": {one.message} [{one.hint}]" if one.code == "TX202" else "")
        for one in by.judge(leaf, diagnostics, comments(text), across=across)
    ]


# --- the configuration


@pytest.mark.parametrize(
    ("choices", "reported"),
    [
        pytest.param([choose()], "TX001 TX303 TX508 TX510", id="all without a choice"),
        pytest.param([choose("TX5")], "TX001 TX508 TX510", id="only those that are selected"),
        pytest.param([choose("TX508 TX303")], "TX001 TX303 TX508", id="by code"),
        pytest.param([choose("", "TX5")], "TX001 TX303", id="all but those that are ignored"),
        pytest.param([choose("TX5", "TX508")], "TX001 TX510", id="a code ignored of a family"),
        pytest.param([choose("TX508", "TX5")], "TX001 TX508", id="a code selected of a family that is ignored"),
        pytest.param([choose("TX508", "TX508")], "TX001", id="ignore over select"),
        pytest.param([choose("TX5", "TX5")], "TX001", id="ignore over select of a family"),
        pytest.param([choose("", "TX508"), choose("TX508")], "TX001 TX303 TX508 TX510", id="an override gives back"),
        pytest.param([choose(), choose("", "TX3")], "TX001 TX508 TX510", id="an override takes away"),
        pytest.param([choose("TX3"), choose("TX508")], "TX001 TX303 TX508", id="the select of an override adds"),
        pytest.param([choose(), choose("TX3")], "TX001 TX303 TX508 TX510", id="and takes nothing away"),
        pytest.param([choose(), choose("", "TX5"), choose("TX5")], "TX001 TX303 TX508 TX510", id="the later wins"),
        pytest.param([choose(), choose("TX5"), choose("", "TX5")], "TX001 TX303", id="the later wins, the other way"),
        pytest.param([choose("", "TX508"), choose("TX5")], "TX001 TX303 TX510", id="the more specific over the later"),
        pytest.param([choose("", "", ("TX508", Severity.OFF))], "TX001 TX303 TX510", id="off"),
        pytest.param([choose("TX508", "", ("TX5", Severity.OFF))], "TX001", id="off although selected"),
    ],
)
def test_which_rules_report(choices: list[RuleChoice], reported: str) -> None:
    diagnostics = [found(code) for code in ("TX303", "TX508", "TX510")] + [found("TX001", None)]
    by = policy(choices[0], *(Override(paths=("knowledge/**",), choice=choice) for choice in choices[1:]))
    kept = by.judge(LEAF, diagnostics, (), across=True)
    assert " ".join(sorted({one.code for one in kept})) == reported
    codes = ("TX303", "TX508", "TX510")
    assert [code for code in codes if by.reports(LEAF, code)] == [code for code in codes if code in reported.split()]


@pytest.mark.parametrize(
    ("choices", "severity"),
    [
        pytest.param([choose("", "", ("TX5", Severity.ERROR))], Severity.ERROR, id="a family's"),
        pytest.param(
            [choose("", "", ("TX508", Severity.INFO), ("TX5", Severity.ERROR))], Severity.INFO, id="the more specific"
        ),
        pytest.param(
            [choose("", "", ("TX508", Severity.INFO)), choose("", "", ("TX508", Severity.ERROR))],
            Severity.ERROR,
            id="the later",
        ),
        pytest.param(
            [choose("", "", ("TX508", Severity.INFO)), choose("", "", ("TX5", Severity.OFF))],
            Severity.INFO,
            id="the more specific over the later",
        ),
        pytest.param(
            [choose("", "", ("TX508", Severity.OFF)), choose("", "", ("TX508", Severity.WARNING))],
            Severity.WARNING,
            id="on again",
        ),
        pytest.param([choose("", "", ("TX4", Severity.ERROR))], Severity.WARNING, id="the rule's own"),
    ],
)
def test_severities(choices: list[RuleChoice], severity: Severity) -> None:
    by = policy(choices[0], *(Override(paths=("knowledge/**",), choice=choice) for choice in choices[1:]))
    assert by.judge(LEAF, [found("TX508")], (), across=True) == (replace(found("TX508"), severity=severity),)


def test_overrides_are_for_the_leaves_that_they_name() -> None:
    by = policy(choose(), override("knowledge/arts/**", "**/drafts", ignore="TX508"))
    assert by.judge("knowledge/arts/music", [found("TX508")], (), across=True) == ()
    assert by.judge("knowledge/science/drafts", [found("TX508")], (), across=True) == ()
    assert by.judge(LEAF, [found("TX508")], (), across=True) == (found("TX508"),)


def test_severity_holds_for_all_of_yamllint() -> None:
    diagnostics = [found("TX200", 1, severity=Severity.ERROR), found("TX200", 2)]
    by = policy(choose("", "", ("TX200", Severity.INFO)))
    assert [one.severity for one in by.judge(LEAF, diagnostics, (), across=True)] == [Severity.INFO, Severity.INFO]


def test_what_could_not_be_opened_is_told_whatever_the_configuration_says() -> None:
    unopened = found("TX001", None, severity=Severity.ERROR)
    undecodable = found("TX001", 3, severity=Severity.ERROR)
    assert is_unopened(unopened)
    assert not is_unopened(undecodable)
    for choice in (
        choose("TX5"),
        choose("", "TX001"),
        choose("", "", ("TX001", Severity.OFF)),
        choose("", "", ("TX0", Severity.OFF)),
    ):
        assert policy(choice).judge(LEAF, [unopened, undecodable], (), across=True) == (unopened,)
    by = policy(choose("", "", ("TX001", Severity.INFO)))
    assert by.judge(LEAF, [unopened, undecodable], (), across=True) == (
        unopened,
        replace(undecodable, severity=Severity.INFO),
    )


def test_what_is_in_force_is_sorted() -> None:
    diagnostics = [found("TX510", 9), found("TX508", 2, column=4), found("TX402", None, file=f"{LEAF}/attribution.txt")]
    assert Policy().judge(LEAF, diagnostics, (), across=True) == tuple(reversed(diagnostics))


def test_policy_pickles_and_compares() -> None:
    by = policy(choose("TX5"), override("knowledge/**", ignore="TX508"), guarded=True)
    by.judge(LEAF, [found("TX508")], (), across=True)
    assert (
        pickle.loads(pickle.dumps(by))
        == by
        == policy(choose("TX5"), override("knowledge/**", ignore="TX508"), guarded=True)
    )


CODES = ["TX1", "TX5", "TX101", "TX501", "TX502"]
CHOICES = st.builds(
    RuleChoice,
    select=st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
    ignore=st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
)


@given(st.lists(CHOICES, min_size=1, max_size=4), st.sampled_from(CODES[2:]))
def test_a_code_that_is_named_wins_over_its_family(choices: list[RuleChoice], code: str) -> None:
    said = [choice for choice in choices if code in choice.select or code in choice.ignore]
    by = policy(choices[0], *(Override(paths=("**",), choice=choice) for choice in choices[1:]))
    if said:
        assert by.reports(LEAF, code) is (code not in said[-1].ignore)
    elif not any(code[:3] in (*choice.select, *choice.ignore) for choice in choices):
        assert by.reports(LEAF, code) is (not choices[0].select)


# --- ignores in the document


def test_ignore_at_the_end_of_a_line_and_above_one() -> None:
    text = "a: b # taxonomy: ignore TX508, TX200\n# taxonomy: ignore TX510\n\nc: d\n"
    diagnostics = [found("TX508", 1), found("TX200", 1), found("TX510", 4), found("TX510", 1), found("TX508", 4)]
    assert judged(text, *diagnostics) == ["1 warning TX510", "4 warning TX508"]


def test_ignore_silences_any_severity_and_all_findings_of_a_rule_on_its_line() -> None:
    text = "a: b # taxonomy: ignore TX303\n"
    diagnostics = [found("TX303", 1, severity=Severity.ERROR), found("TX303", 1, column=4)]
    assert judged(text, *diagnostics) == []


def test_ignore_of_a_text_covers_all_of_its_lines() -> None:
    text = "a: b\n# taxonomy: ignore TX510, TX508\nc: |\n  d\n  e\nf: g\n"
    diagnostics = [found("TX510", line) for line in (1, 3, 5, 6)]
    assert judged(text, *diagnostics) == [
        "1 warning TX510",
        "2 warning TX202: there is no TX508 to ignore on lines 3 to 5 [remove TX508 from the comment]",
        "6 warning TX510",
    ]


def test_an_error_within_a_text_stays_in_ci() -> None:
    diagnostics = [found("TX200", 2, severity=Severity.ERROR), found("TX200", 3)]
    assert judged("a: |  # taxonomy: ignore TX200\n  b\n  c\n", *diagnostics, by=policy(choose(), guarded=True)) == [
        "1 warning TX202: TX200 is an error here, and in CI no comment can ignore errors [remove the comment]",
        "2 error TX200",
    ]


def test_of_many_unused_ignores_the_rest_are_counted() -> None:
    one = comments("a: b # taxonomy: ignore TX508, TX510\n")[0]
    for count, expected in ((50, 100), (51, 101), (13_000, 101)):
        asked = [replace(one, span=Span.at(number, 6, 31)) for number in range(1, count + 1)]
        kept = Policy().judge(LEAF, [], asked, across=True)
        assert len(kept) == expected
        if expected > 100:
            assert (kept[-1].message, kept[-1].span) == (
                f"{2 * count - 100:,} more of what comments ask for, from here on, ignore nothing or may not",
                Span.at(51, 6, 31),
            )


def test_ignore_above_all_content_is_for_the_leaf_as_a_whole() -> None:
    text = "# taxonomy: ignore TX401, TX404, TX508\na: b\n"
    diagnostics = [
        found("TX401", None),
        found("TX404", 3, file=f"{LEAF}/attribution.txt"),
        found("TX508", 2),
        found("TX508", 3),
    ]
    assert judged(text, *diagnostics) == ["3 warning TX508"]


def test_ignore_elsewhere_is_not() -> None:
    text = "a: b # taxonomy: ignore TX401, TX404\n"
    diagnostics = [found("TX401", None), found("TX404", 1, file=f"{LEAF}/attribution.txt")]
    assert judged(text, *diagnostics) == [
        "1 warning TX404",
        "- warning TX401",
        "1 warning TX202: there is no TX401 to ignore on line 1 [remove TX401 from the comment]",
        "1 warning TX202: there is no TX404 to ignore on line 1 [remove TX404 from the comment]",
    ]


def test_ignore_in_a_leaf_at_the_root() -> None:
    diagnostic = replace(found("TX508", 1, file="qna.yaml"), leaf="")
    assert judged("a: b # taxonomy: ignore TX508\n", diagnostic, leaf="") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "a: b # taxonomy: ignore TX508\n",
            ["1 warning TX202: there is no TX508 to ignore on line 1 [remove the comment]"],
            id="nothing on the line",
        ),
        pytest.param(
            "# taxonomy: ignore TX508\na: b\n",
            [
                "1 warning TX202: there is no TX508 to ignore on line 2 or in the leaf as a whole [remove the comment]",
            ],
            id="nothing below, nor about the whole",
        ),
        pytest.param(
            "a: b\n# taxonomy: ignore TX508\n",
            ["2 warning TX202: nothing follows this comment, so it ignores no TX508 [remove the comment]"],
            id="nothing below at all",
        ),
        pytest.param(
            "a: b # taxonomy: ignore TX777\n",
            ["1 warning TX202: there is no rule TX777: `taxonomy rule` lists them [remove the comment]"],
            id="no such rule",
        ),
        pytest.param(
            "a: b # taxonomy: ingore TX508\n",
            [
                (
                    "1 warning TX202: `ingore` is nothing that a comment can ask for "
                    "[write `# taxonomy: ignore CODE -- reason`]"
                ),
            ],
            id="mistyped",
        ),
        pytest.param(
            "a: b # taxonomy: ignore TX202\n",
            ["1 warning TX202: no comment can ignore TX202: the configuration can [remove the comment]"],
            id="the rule about comments",
        ),
        pytest.param(
            "a: b # taxonomy: ignore TX203\n",
            ["1 warning TX202: no comment can ignore TX203: the configuration can [remove the comment]"],
            id="the other rule about comments",
        ),
    ],
)
def test_unused_ignores(text: str, told: list[str]) -> None:
    assert judged(text) == told


def test_unused_ignore_points_at_its_comment() -> None:
    assert Policy().judge(LEAF, [], comments("a: b\nc: d # taxonomy: ignore TX508\n"), across=True) == (
        Diagnostic(
            code="TX202",
            name="unused-ignore",
            severity=Severity.WARNING,
            message="there is no TX508 to ignore on line 2",
            leaf=LEAF,
            file=QNA,
            span=Span.at(2, 6, 24),
            hint="remove the comment",
            frame=(FrameLine(number=1, text="a: b"), FrameLine(number=2, text="c: d # taxonomy: ignore TX508")),
        ),
    )


def test_unused_ignore_goes_by_the_configuration() -> None:
    text = "a: b # taxonomy: ignore TX508\n"
    assert judged(text, by=policy(choose("", "TX508"))) == []
    assert judged(text, by=policy(choose("", "TX202"))) == []
    assert judged(text, by=policy(choose("", "", ("TX508", Severity.OFF)))) == []
    told = "TX202: there is no TX508 to ignore on line 1 [remove the comment]"
    assert judged(text, by=policy(choose("", "", ("TX202", Severity.ERROR)))) == [f"1 error {told}"]


def test_what_looks_at_all_leaves_is_not_missed_where_only_some_were_compared() -> None:
    text = "a: b # taxonomy: ignore TX502\n"
    assert judged(text, across=False) == []
    assert judged(text, across=True) == [
        "1 warning TX202: there is no TX502 to ignore on line 1 [remove the comment]",
    ]
    assert judged(text, found("TX502"), across=False) == []


def test_comments_ignore_nothing_serious_where_a_change_judges_itself() -> None:
    text = "a: b # taxonomy: ignore TX303, TX508, TX507, TX404\n"
    diagnostics = [found("TX303", severity=Severity.ERROR), found("TX508"), found("TX507"), found("TX404")]
    assert judged(text, *diagnostics) == []
    assert judged(text, *diagnostics, by=policy(choose(), guarded=True)) == [
        "1 error TX303",
        "1 warning TX404",
        "1 warning TX507",
        (
            "1 warning TX202: TX303 is an error here, and in CI no comment can ignore errors "
            "[remove TX303 from the comment]"
        ),
        "1 warning TX202: in CI no comment can ignore TX404 [remove TX404 from the comment]",
        "1 warning TX202: in CI no comment can ignore TX507 [remove TX507 from the comment]",
    ]


def test_comments_that_switch_yamllint_off_are_a_warning_where_a_change_judges_itself() -> None:
    text = "# taxonomy: ignore TX203\na: b # yamllint disable-line\n"
    told = "1 warning TX202: no comment can ignore TX203: the configuration can [remove the comment]"
    listed = found("TX203", 2, severity=Severity.INFO)
    assert judged(text, listed) == [told, "2 info TX203"]
    assert judged(text, listed, by=policy(choose(), guarded=True)) == [told, "2 warning TX203"]
    for severity, expected in ((Severity.INFO, ["2 info TX203"]), (Severity.ERROR, ["2 error TX203"])):
        by = policy(choose("TX203", "", ("TX203", severity)), guarded=True)
        assert judged(text, listed, by=by) == expected
    assert judged(text, listed, by=policy(choose("", "TX2"), guarded=True)) == []


def test_what_an_error_is_the_configuration_says() -> None:
    text = "a: b # taxonomy: ignore TX303, TX508\n"
    diagnostics = [found("TX303", severity=Severity.ERROR), found("TX508")]
    by = policy(choose("", "", ("TX303", Severity.WARNING), ("TX508", Severity.ERROR)), guarded=True)
    assert judged(text, *diagnostics, by=by) == [
        "1 error TX508",
        (
            "1 warning TX202: TX508 is an error here, and in CI no comment can ignore errors "
            "[remove TX508 from the comment]"
        ),
    ]


def test_ignore_that_covers_both_what_it_may_and_what_it_may_not() -> None:
    diagnostics = [found("TX200", severity=Severity.ERROR), found("TX200", column=9)]
    assert judged("a: b # taxonomy: ignore TX200\n", *diagnostics, by=policy(choose(), guarded=True)) == [
        "1 error TX200",
        "1 warning TX202: TX200 is an error here, and in CI no comment can ignore errors [remove the comment]",
    ]


def test_comments_cannot_silence_what_could_not_be_opened_nor_what_is_said_of_comments() -> None:
    unopened = found("TX001", None, file=f"{LEAF}/attribution.txt", severity=Severity.ERROR)
    disabled = found("TX203", 2, severity=Severity.INFO)
    assert judged("# taxonomy: ignore TX001, TX203\na: b # yamllint disable-line\n", unopened, disabled) == [
        "- error TX001",
        (
            "1 warning TX202: no comment can ignore TX001: a file that could not be opened was not checked "
            "[remove TX001 from the comment]"
        ),
        "1 warning TX202: no comment can ignore TX203: the configuration can [remove TX203 from the comment]",
        "2 info TX203",
    ]


@given(
    st.lists(
        st.builds(
            Ignore,
            span=st.builds(Span.at, st.integers(1, 9), st.just(1)),
            codes=st.lists(st.sampled_from(["TX508", "TX303", "TX777", "TX202"]), unique=True, max_size=3).map(tuple),
            line=st.none() | st.integers(1, 3),
            last_line=st.integers(0, 4),
            whole_file=st.booleans(),
        ),
        max_size=5,
    ),
    st.lists(st.builds(found, st.sampled_from(["TX508", "TX303", "TX404"]), st.none() | st.integers(1, 3)), max_size=8),
)
def test_an_ignore_removes_findings_or_is_told(asked: list[Ignore], diagnostics: list[Diagnostic]) -> None:
    """What an ignore names, and is not told of, would be found without it."""
    kept = Policy().judge(LEAF, diagnostics, asked, across=True)
    rest = [one for one in kept if one.code != "TX202"]
    gone = [one for one in diagnostics if one not in rest]
    assert [one for one in diagnostics if one in rest] == [one for one in diagnostics if one not in gone]
    covers = {
        (line, code)
        for ignore in asked
        for code in ignore.codes
        for line in [*ignore.lines, *([None] if ignore.whole_file else [])]
    }
    assert all((one.span.line if one.span else None, one.code) in covers for one in gone)
    assert all((one.span.line if one.span else None, one.code) not in covers for one in rest)
    told = sum(
        not any(
            one.code == code
            and ((one.span is None and ignore.whole_file) or (one.span and one.span.line in ignore.lines))
            for one in diagnostics
        )
        for ignore in asked
        for code in ignore.codes
    )
    assert len(kept) - len(rest) == told


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# taxonomy: ignore TX508, TX777\na: b\n", id="a line"),
        pytest.param("# taxonomy: ignore TX508, TX777\na: |\n" + "  b\n" * 200_000, id="many lines"),
    ],
)
def test_time_is_linear(text: str) -> None:
    one = comments(text)[0]
    asked = [replace(one, span=Span.at(number, 1)) for number in range(20_000)]
    diagnostics = [found("TX508", 2, column=column) for column in range(20_000)]
    start = time.process_time()
    kept = Policy().judge(LEAF, diagnostics, asked, across=True)
    assert time.process_time() - start < 20  # under a second; what is quadratic takes ten minutes
    assert len(kept) == 101


# --- in whole runs


@pytest.mark.parametrize(
    ("env", "status", "told"),
    [
        pytest.param({}, 0, [], id="on a laptop"),
        pytest.param({"CI": "true"}, 1, ["error TX201", "warning TX202"], id="in CI, against a base"),
    ],
)
def test_in_ci_a_change_does_not_silence_its_own_errors(
    repo: Repo, env: dict[str, str], status: int, told: list[str]
) -> None:
    repo.commit(leaf(LEAF))
    base = repo.head
    repo.branch("work")
    repo.commit(leaf("compositional_skills/new", skill(answer="No  # taxonomy: ignore TX201")))
    result = run("taxonomy-diff", "--base", base, "--fail-on", "error", cwd=repo.path, env=env)
    assert (result.status, re.findall(r"(?:error|warning|info) TX[0-9]+", result.out)) == (status, told)
