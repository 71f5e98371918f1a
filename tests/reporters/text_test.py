import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from unicodedata import category

import pytest
from hypothesis import given

from taxonomy_tools.content import ContentChange, SeedEdit
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.report import Comparison, LeafReport, Report
from taxonomy_tools.reporters import Appearance, wants_color, write
from taxonomy_tools.reporters.text import TextReporter
from tests.reporters.samples import (
    BIRD,
    CHANGED,
    COMPARISON,
    CONTRIBUTED,
    HOSTILE,
    IMPLICIT,
    MISSING,
    ONE,
    REPORTS,
    RHYMES,
    UNSIGNED,
    render,
)

FINDINGS = """\
compositional_skills/linguistics/rhymes
  qna.yaml: warning TX401 missing-attribution: there is no `attribution.txt`
     hint: say where the seed examples come from
  qna.yaml:9:13: error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean
     8 |   - question: Does orange rhyme with door?
     9 |     answer: No
       |             ^^ write "No"

4 leaves changed: 1 added, 1 modified, 1 renamed, 1 removed. 1 error, 1 warning.
"""


def _changed(kind: ChangeKind = ChangeKind.MODIFIED, path: str = BIRD, old_path: str | None = None) -> LeafReport:
    return LeafReport(
        path=path,
        kind=LeafKind.KNOWLEDGE,
        change=LeafChange(kind=kind, path=path, old_path=old_path),
        content=ContentChange(),
        seed_examples=5,
    )


def _framed(text: str, span: Span, *, number: int = 9, offset: int = 0, cut: bool = False, hint: str = "fix") -> str:
    """The lines of the text report below a diagnostic on one line of source."""
    frame = (FrameLine(number=number, text=text, offset=offset, cut=cut),)
    leaf = LeafReport(path="a", kind=None, diagnostics=(replace(IMPLICIT, span=span, hint=hint, frame=frame),))
    return (
        render(Report(comparison=COMPARISON, leaves=(leaf,)), "text", quiet=True).split("\n", 1)[1].rsplit("\n\n", 1)[0]
    )


def test_a_contributors_changes() -> None:
    assert render(CHANGED, "text") == (
        """\
Comparing the working tree with upstream/main (merge base 1111111, 3 commits behind)
Why upstream/main: the first that exists of upstream/HEAD, upstream/main

D  compositional_skills/jokes/knock_knock                           freeform skill
A  compositional_skills/linguistics/rhymes                          freeform skill  5 seed examples
R  knowledge/arts/swifties -> knowledge/arts/music/fandom/swifties  knowledge       content unchanged
M  knowledge/science/animals/birds/chickadee                        knowledge       +1 ~2 seed examples, document.commit

"""
        + FINDINGS
    )


def test_quiet_leaves_out_all_that_is_well() -> None:
    assert render(CHANGED, "text", quiet=True) == FINDINGS


def test_quiet_says_nothing_when_all_is_well() -> None:
    report = Report(comparison=COMPARISON, leaves=(_changed(),), notes=("Leaves that Git ignores: a.",))

    assert render(report, "text", quiet=True) == ""


def test_colors() -> None:
    assert render(replace(CHANGED, leaves=CHANGED.leaves[:2]), "text", color=True) == (
        "Comparing the working tree with upstream/main (merge base 1111111, 3 commits behind)\n"
        "\x1b[2mWhy upstream/main: the first that exists of upstream/HEAD, upstream/main\x1b[0m\n"
        "\n"
        f"\x1b[32m\x1b[1mA\x1b[0m  {RHYMES}    freeform skill  5 seed examples\n"
        f"\x1b[33m\x1b[1mM\x1b[0m  {BIRD}  knowledge       +1 ~2 seed examples, document.commit\n"
        "\n"
        f"\x1b[1m{RHYMES}\x1b[0m\n"
        "  qna.yaml: \x1b[33m\x1b[1mwarning\x1b[0m TX401 missing-attribution: there is no `attribution.txt`\n"
        "     \x1b[2mhint:\x1b[0m say where the seed examples come from\n"
        "  qna.yaml:9:13: \x1b[31m\x1b[1merror\x1b[0m TX201 implicit-type: "
        "`answer` must be text, but unquoted `No` is a boolean\n"
        "  \x1b[2m   8 |\x1b[0m   - question: Does orange rhyme with door?\n"
        "  \x1b[2m   9 |\x1b[0m     answer: No\n"
        '  \x1b[2m     |\x1b[0m             \x1b[31m\x1b[1m^^ write "No"\x1b[0m\n'
        "\n"
        "2 leaves changed: 1 added, 1 modified. 1 error, 1 warning.\n"
    )


def test_hostile_names_and_content_only_show() -> None:
    assert render(HOSTILE, "text") == (
        r"""Comparing evil\x1b]0;x\x07\u202e with a\nb\\n (merge base 2222222)
Why a\nb\\n: because\n\u009b31m

C  \xff\r -> knowledge/\x1b[2J\n\xff/\u202etxt/%0A::error::x/<script>  a\x1b[1mb\nc, attribution.txt

Commits
  warning TX701 missing-sign-off: commit 4444444 `\x1b[31m\n::error::x\xff\u202e` lacks it
     hint: git\x1b[8m\nrebase

knowledge/\x1b[2J\n\xff/\u202etxt/%0A::error::x/<script>
  qna.yaml:7:3: info TX302 unknown-key: unknown key `\x1b[31m\nqna.yaml:1:1: error\ud800\u2028`
     7 | \x1b[\u202ea\x00b: c
       |      ^^^^^^^^^^^^ \x1b[8m\nremove

ignored: \x1b[31m\n\xff

1 leaf changed: 1 copied. 1 warning, 1 info.
"""
    )


def test_commits_stand_before_the_leaves_and_a_mend_is_said_once() -> None:
    assert render(replace(CHANGED, leaves=CHANGED.leaves[:1], contribution=CONTRIBUTED.contribution), "text") == (
        """\
Comparing the working tree with upstream/main (merge base 1111111, 3 commits behind)
Why upstream/main: the first that exists of upstream/HEAD, upstream/main

A  compositional_skills/linguistics/rhymes  freeform skill  5 seed examples

Commits
  warning TX701 missing-sign-off: commit 4444444 `Add rhymes` lacks the line """
        """`Signed-off-by: Ada Contributor <ada@example.org>`
     hint: git commit --amend --signoff
  warning TX701 missing-sign-off: commit 5555555 `Start` lacks the line """
        """`Signed-off-by: Ada Contributor <ada@example.org>`
  error TX701 missing-sign-off: commit 6666666 lacks the line `Signed-off-by: Bo <bo@example.org>`
     hint: git rebase --signoff 1111111

""" + FINDINGS.rpartition("4 leaves")[0] + "1 leaf changed: 1 added. 2 errors, 3 warnings.\n"
    )


def test_quiet_shows_commits() -> None:
    text = render(replace(CONTRIBUTED, leaves=()), "text", quiet=True)

    assert text.startswith("Commits\n  warning TX701 ")
    assert text.endswith("\nNo leaf was checked. 1 error, 2 warnings.\n")


def test_what_is_switched_off_is_not_shown() -> None:
    off = replace(UNSIGNED, severity=Severity.OFF)

    assert render(replace(CONTRIBUTED, contribution=(off,)), "text") == render(
        replace(CONTRIBUTED, contribution=()), "text"
    )


def test_checked_leaves_have_no_table_and_whole_places() -> None:
    leaves = (
        LeafReport(path=RHYMES, kind=LeafKind.FREEFORM_SKILL, seed_examples=5, diagnostics=(IMPLICIT,)),
        LeafReport(path=BIRD, kind=LeafKind.KNOWLEDGE, seed_examples=5),
        LeafReport(
            path="knowledge/z",
            kind=LeafKind.KNOWLEDGE,
            diagnostics=(
                replace(MISSING, file="sub/knowledge/z/qna.yaml", hint=""),
                replace(IMPLICIT, file="sub/knowledge/z/qna.yaml", span=Span.at(2, 1, 3), frame=(), hint=""),
            ),
        ),
    )

    assert render(Report(comparison=Comparison(head="the working tree"), leaves=leaves), "text") == (
        """\
Checking the working tree

compositional_skills/linguistics/rhymes/qna.yaml:9:13: error TX201 implicit-type: `answer` must be text, but \
unquoted `No` is a boolean
   8 |   - question: Does orange rhyme with door?
   9 |     answer: No
     |             ^^ write "No"

sub/knowledge/z/qna.yaml: warning TX401 missing-attribution: there is no `attribution.txt`
sub/knowledge/z/qna.yaml:2:1: error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean

3 leaves checked. 2 errors, 1 warning.
"""
    )


@pytest.mark.parametrize(
    ("leaf", "file", "place"),
    [
        pytest.param("knowledge/a", "knowledge/a/qna.yaml", "qna.yaml", id="under-the-leaf"),
        pytest.param("knowledge/a", "sub/knowledge/a/qna.yaml", "sub/knowledge/a/qna.yaml", id="taxonomy-in-a-folder"),
        pytest.param("a", "a/a/qna.yaml", "a/a/qna.yaml", id="folder-named-like-the-leaf"),
        pytest.param("", "qna.yaml", "qna.yaml", id="root"),
        pytest.param("", "sub/qna.yaml", "sub/qna.yaml", id="root-in-a-folder"),
    ],
)
def test_places_in_a_comparison(leaf: str, file: str, place: str) -> None:
    report = replace(_changed(path=leaf), diagnostics=(replace(MISSING, file=file, hint=""),))

    assert render(Report(comparison=COMPARISON, leaves=(report,)), "text", quiet=True) == (
        f"{leaf or '.'}\n"
        f"  {place}: warning TX401 missing-attribution: there is no `attribution.txt`\n"
        "\n"
        "1 leaf changed: 1 modified. 1 warning.\n"
    )


@pytest.mark.parametrize(
    ("comparison", "header"),
    [
        pytest.param(Comparison(head="the index"), "Checking the index\n", id="no-base"),
        pytest.param(
            Comparison(head="v1.0", base="empty", reason="TAXONOMY_BASE"),
            "Comparing v1.0 with empty (every leaf counts as added)\nWhy empty: TAXONOMY_BASE\n",
            id="empty-base",
        ),
        pytest.param(
            Comparison(head="the index", base="main", reason="--base", base_commit=ONE, start=ONE, behind=0),
            "Comparing the index with main (merge base 1111111)\nWhy main: --base\n",
            id="up-to-date",
        ),
        pytest.param(
            Comparison(head="the index", base="main", start=ONE, behind=1),
            "Comparing the index with main (merge base 1111111, 1 commit behind)\n",
            id="one-commit-behind",
        ),
        pytest.param(
            Comparison(head="the working tree", base="main", start=ONE, direct=True),
            "Comparing the working tree directly with main (commit 1111111)\n",
            id="direct",
        ),
    ],
)
def test_headers(comparison: Comparison, header: str) -> None:
    assert render(Report(comparison=comparison, notes=("Nothing.",)), "text") == f"{header}\nNothing.\n"


@pytest.mark.parametrize(
    ("leaf", "row"),
    [
        pytest.param(
            replace(_changed(ChangeKind.ADDED), seed_examples=1), "A  {}  knowledge  1 seed example", id="one"
        ),
        pytest.param(
            replace(_changed(ChangeKind.ADDED), seed_examples=0), "A  {}  knowledge  0 seed examples", id="none"
        ),
        pytest.param(replace(_changed(ChangeKind.ADDED), seed_examples=None), "A  {}  knowledge", id="unreadable"),
        pytest.param(replace(_changed(ChangeKind.ADDED), kind=None), "A  {}  5 seed examples", id="no-kind"),
        pytest.param(_changed(ChangeKind.REMOVED), "D  {}  knowledge", id="removed"),
        pytest.param(
            _changed(ChangeKind.COPIED, old_path="b"), "C  b -> {}  knowledge  content unchanged", id="copied"
        ),
        pytest.param(_changed(), "M  {}  knowledge  content unchanged", id="mode-only"),
        pytest.param(replace(_changed(), content=None), "M  {}  knowledge  content could not be compared", id="broken"),
        pytest.param(
            replace(_changed(), content=ContentChange(attribution=True)),
            "M  {}  knowledge  attribution.txt",
            id="attribution-only",
        ),
        pytest.param(
            replace(_changed(), content=ContentChange(layout_only=True)),
            "M  {}  knowledge  comments or layout only",
            id="layout-only",
        ),
        pytest.param(
            replace(_changed(), content=ContentChange(removed=(2,))),
            "M  {}  knowledge  -1 seed example",
            id="one-seed-example",
        ),
        pytest.param(
            replace(
                _changed(),
                content=ContentChange(
                    added=(0, 1),
                    removed=(3,),
                    edited=(SeedEdit(old=1, new=1, fields=("answer",)),),
                    fields=("created_by", "document.commit"),
                    attribution=True,
                ),
            ),
            "M  {}  knowledge  +2 ~1 -1 seed examples, created_by, document.commit, attribution.txt",
            id="everything",
        ),
    ],
)
def test_rows(leaf: LeafReport, row: str) -> None:
    lines = render(Report(comparison=COMPARISON, leaves=(leaf,)), "text").split("\n")

    assert lines[3] == row.format(BIRD)


def test_columns_line_up_under_wide_names_and_ignore_the_widest() -> None:
    long = "knowledge/" + "x" * 60
    leaves = tuple(
        _changed(ChangeKind.REMOVED, path=path) for path in ("knowledge/a", "knowledge/日本", "knowledge/é", long)
    )

    assert render(Report(comparison=COMPARISON, leaves=leaves), "text").split("\n")[3:7] == [
        "D  knowledge/a     knowledge",
        f"D  {long}  knowledge",
        "D  knowledge/é     knowledge",
        "D  knowledge/日本  knowledge",
    ]


@pytest.mark.parametrize(
    ("leaves", "notes", "ending"),
    [
        pytest.param((), (), "No leaf was checked.\n", id="nothing"),
        pytest.param((), ("No leaf changed: a.", "b."), "No leaf changed: a.\nb.\n", id="nothing-and-why"),
        pytest.param(
            (LeafReport(path="a", kind=None),), ("b.",), "b.\n\n1 leaf checked. No findings.\n", id="one-checked"
        ),
        pytest.param(
            (LeafReport(path="a", kind=None), LeafReport(path="b", kind=None)),
            (),
            "2 leaves checked. No findings.\n",
            id="two-checked",
        ),
    ],
)
def test_endings(leaves: tuple[LeafReport, ...], notes: tuple[str, ...], ending: str) -> None:
    report = Report(comparison=Comparison(head="the working tree"), leaves=leaves, notes=notes)

    assert render(report, "text") == f"Checking the working tree\n\n{ending}"


def test_counts_every_severity_and_kind_of_change() -> None:
    info = Diagnostic(code="TX1", name="n", severity=Severity.INFO, message="m", leaf="a", file="a/b")
    warning = replace(info, severity=Severity.WARNING)
    leaves = (
        *(_changed(kind, path=kind.value) for kind in ChangeKind),
        _changed(ChangeKind.COPIED, path="y"),
        LeafReport(path="z", kind=None, diagnostics=(info, info, warning, warning)),
    )

    assert render(Report(comparison=COMPARISON, leaves=leaves), "text").split("\n")[-2] == (
        "6 leaves changed: 1 added, 1 modified, 1 renamed, 2 copied, 1 removed; 1 leaf checked. 2 warnings, 2 infos."
    )


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        pytest.param("a: No", Span.at(9, 4, 2), ("a: No", "   ^^ fix"), id="ascii"),
        pytest.param("日本: No", Span.at(9, 5, 2), ("日本: No", "      ^^ fix"), id="after-wide"),
        pytest.param("a: 日本", Span.at(9, 4, 2), ("a: 日本", "   ^^^^ fix"), id="under-wide"),
        pytest.param("e\u0301: No", Span.at(9, 5, 2), ("e\u0301: No", "   ^^ fix"), id="after-combining"),
        pytest.param(
            "👩\u200d👩\u200d👧: No",
            Span.at(9, 8, 2),
            ("👩\u200d👩\u200d👧: No", "    ^^ fix"),
            id="after-joined-emoji",
        ),
        pytest.param("\ta:\tNo", Span.at(9, 5, 2), ("    a:  No", "        ^^ fix"), id="after-tabs"),
        pytest.param("a\x1b[1m: No", Span.at(9, 8, 2), (r"a\x1b[1m: No", "          ^^ fix"), id="after-control"),
        pytest.param("a\u202e", Span.at(9, 2), (r"a\u202e", " ^^^^^^ fix"), id="under-control"),
        pytest.param("a: b  ", Span.at(9, 5, 2), ("a: b", "    ^^ fix"), id="trailing-spaces"),
        pytest.param("a: b", Span.at(9, 5), ("a: b", "    ^ fix"), id="at-the-end"),
        pytest.param(
            "a: |2-", Span(line=9, column=4, end_line=12, end_column=3), ("a: |2-", "   ^^^ fix"), id="many-lines"
        ),
        pytest.param("", Span.at(9, 1), ("", "^ fix"), id="empty-line"),
    ],
)
def test_carets(text: str, span: Span, expected: tuple[str, str]) -> None:
    source, carets = expected

    assert _framed(text, span) == f"   9 | {source}".rstrip() + f"\n     | {carets}"


@pytest.mark.parametrize(
    ("offset", "cut", "span", "expected"),
    [
        pytest.param(40, True, Span.at(9, 44, 2), ("…a: No…", "    ^^ fix"), id="both-sides"),
        pytest.param(0, True, Span.at(9, 4, 90), ("a: No…", "   ^^ fix"), id="span-goes-on"),
        pytest.param(40, False, Span.at(9, 44, 2), ("…a: No", "    ^^ fix"), id="left"),
        pytest.param(40, False, Span.at(9, 3, 50), ("…a: No", " ^^^^^ fix"), id="span-starts-before"),
    ],
)
def test_cut_lines(offset: int, cut: bool, span: Span, expected: tuple[str, str]) -> None:
    source, carets = expected

    assert _framed("a: No", span, offset=offset, cut=cut) == f"   9 | {source}\n     | {carets}"


def test_no_hint_leaves_the_carets_alone() -> None:
    assert _framed("a: No", Span.at(9, 4, 2), hint="") == "   9 | a: No\n     |    ^^"


def test_gutter_is_as_wide_as_its_numbers() -> None:
    frame = (FrameLine(number=99, text="a:"), FrameLine(number=100, text=" b"))
    leaf = LeafReport(path="a", kind=None, diagnostics=(replace(IMPLICIT, span=Span.at(100, 2), frame=frame, hint=""),))

    assert render(Report(comparison=COMPARISON, leaves=(leaf,)), "text", quiet=True).split("\n")[1:4] == [
        "    99 | a:",
        "   100 |  b",
        "       |  ^",
    ]


def test_a_frame_without_a_span_still_shows_the_hint() -> None:
    frame = (FrameLine(number=1, text="a"),)
    leaf = LeafReport(path="a", kind=None, diagnostics=(replace(IMPLICIT, span=None, frame=frame),))

    assert render(Report(comparison=COMPARISON, leaves=(leaf,)), "text", quiet=True).split("\n")[1:3] == [
        "   1 | a",
        '     | write "No"',
    ]


def test_a_stream_that_is_ascii_gets_ascii() -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii", newline="\n")
    frame = (FrameLine(number=1, text="日: No", offset=3, cut=True),)
    leaf = LeafReport(
        path="Käse",
        kind=None,
        diagnostics=(replace(IMPLICIT, span=Span.at(1, 7, 2), frame=frame, file="Käse/qna.yaml"),),
    )
    write(Report(comparison=COMPARISON, leaves=(leaf,)), TextReporter(stream, Appearance(quiet=True)))

    assert raw.getvalue().decode("ascii") == (
        r"""K\u00e4se/qna.yaml:1:7: error TX201 implicit-type: `answer` must be text, but unquoted `No` is a boolean
   1 | ...\u65e5: No...
     |            ^^ write "No"

1 leaf checked. 1 error.
"""
    )


def test_writes_the_header_before_any_leaf() -> None:
    stream = StringIO()
    TextReporter(stream, Appearance()).start(Comparison(head="the index"))

    assert stream.getvalue() == "Checking the index\n"


def test_a_megabyte_is_printed_whole() -> None:
    message = "\x1b\n日" * 100_000
    leaf = LeafReport(path="a", kind=None, diagnostics=(replace(MISSING, message=message, hint=""),))

    assert render(Report(comparison=COMPARISON, leaves=(leaf,)), "text", quiet=True) == (
        f"{MISSING.file}: warning TX401 missing-attribution: "
        + r"\x1b\n日" * 100_000
        + "\n\n1 leaf checked. 1 warning.\n"
    )


@given(REPORTS)
def test_nothing_but_lines_of_inert_text(report: Report) -> None:
    text = render(report, "text")

    assert not [
        character for character in text if character != "\n" and category(character) in ("Cc", "Cs", "Zl", "Zp")
    ]
    assert len(text.splitlines()) == text.count("\n")
    assert "\n\n\n" not in text


class _Stream(StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "wanted"),
    [
        pytest.param(True, {}, True, id="terminal"),
        pytest.param(True, {"TERM": "xterm-256color", "NO_COLOR": ""}, True, id="empty-no-color-is-not-set"),
        pytest.param(True, {"NO_COLOR": "1"}, False, id="no-color"),
        pytest.param(True, {"NO_COLOR": "0"}, False, id="no-color-whatever-its-value"),
        pytest.param(True, {"TERM": "dumb"}, False, id="dumb-terminal"),
        pytest.param(False, {}, False, id="no-terminal"),
    ],
)
def test_wants_color(terminal: bool, environment: Mapping[str, str], wanted: bool) -> None:
    assert wants_color(_Stream(terminal=terminal), environment) is wanted


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_a_real_terminal_has_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w") as stream:
        wanted = wants_color(stream)
        monkeypatch.setenv("NO_COLOR", "1")
        refused = wants_color(stream)

    assert (wanted, refused) == (True, False)
