"""Reports to print: one as a contributor sees it, one that means harm, and any at all."""

import os
from dataclasses import replace
from io import StringIO

from hypothesis import strategies as st

from taxonomy_tools.content import ContentChange, SeedEdit
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.report import Comparison, LeafReport, Report
from taxonomy_tools.reporters import REPORTERS, Appearance, write
from taxonomy_tools.source import Entry

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40
RHYMES = "compositional_skills/linguistics/rhymes"
JOKE = "compositional_skills/jokes/knock_knock"
BIRD = "knowledge/science/animals/birds/chickadee"
FANS, OLD_FANS = "knowledge/arts/music/fandom/swifties", "knowledge/arts/swifties"


def files(leaf: str, qna: str | None, attribution: str | None = None) -> LeafFiles:
    """A leaf's two files as regular files with these hashes."""
    return LeafFiles(
        qna=Entry(path=f"{leaf}/qna.yaml", mode=0o100644, oid=qna),
        attribution=Entry(path=f"{leaf}/attribution.txt", mode=0o100644, oid=attribution) if attribution else None,
    )


IMPLICIT = Diagnostic(
    code="TX201",
    name="implicit-type",
    severity=Severity.ERROR,
    message="`answer` must be text, but unquoted `No` is a boolean",
    leaf=RHYMES,
    file=f"{RHYMES}/qna.yaml",
    span=Span.at(9, 13, 2),
    hint='write "No"',
    frame=(
        FrameLine(number=8, text="  - question: Does orange rhyme with door?"),
        FrameLine(number=9, text="    answer: No"),
    ),
)
MISSING = Diagnostic(
    code="TX401",
    name="missing-attribution",
    severity=Severity.WARNING,
    message="there is no `attribution.txt`",
    leaf=RHYMES,
    file=f"{RHYMES}/qna.yaml",
    hint="say where the seed examples come from",
)
COMPARISON = Comparison(
    head="the working tree",
    base="upstream/main",
    reason="the first that exists of upstream/HEAD, upstream/main",
    base_commit=TWO,
    start=ONE,
    behind=3,
)
CHANGED = Report(
    comparison=COMPARISON,
    leaves=(
        LeafReport(
            path=RHYMES,
            kind=LeafKind.FREEFORM_SKILL,
            change=LeafChange(kind=ChangeKind.ADDED, path=RHYMES, new=files(RHYMES, None)),
            seed_examples=5,
            diagnostics=(IMPLICIT, MISSING),
        ),
        LeafReport(
            path=BIRD,
            kind=LeafKind.KNOWLEDGE,
            change=LeafChange(
                kind=ChangeKind.MODIFIED, path=BIRD, old=files(BIRD, ONE, TWO), new=files(BIRD, THREE, TWO)
            ),
            content=ContentChange(
                added=(5,),
                edited=(SeedEdit(old=0, new=0, fields=("context",)), SeedEdit(old=2, new=3, fields=("answer",))),
                fields=("document.commit",),
            ),
            seed_examples=6,
        ),
        LeafReport(
            path=FANS,
            kind=LeafKind.KNOWLEDGE,
            change=LeafChange(
                kind=ChangeKind.RENAMED, path=FANS, old_path=OLD_FANS, old=files(OLD_FANS, ONE), new=files(FANS, ONE)
            ),
            content=ContentChange(),
            seed_examples=5,
        ),
        LeafReport(
            path=JOKE,
            kind=LeafKind.FREEFORM_SKILL,
            change=LeafChange(kind=ChangeKind.REMOVED, path=JOKE, old=files(JOKE, ONE, TWO)),
        ),
    ),
)
UNSIGNED = Diagnostic(
    code="TX701",
    name="missing-sign-off",
    severity=Severity.WARNING,
    message="commit 4444444 `Add rhymes` lacks the line `Signed-off-by: Ada Contributor <ada@example.org>`",
    leaf="",
    file="",
    hint="git commit --amend --signoff",
)
OLDER = replace(
    UNSIGNED,
    message="commit 5555555 `Start` lacks the line `Signed-off-by: Ada Contributor <ada@example.org>`",
    hint="git rebase --signoff 1111111",
)
OLDEST = replace(
    OLDER, message="commit 6666666 lacks the line `Signed-off-by: Bo <bo@example.org>`", severity=Severity.ERROR
)
CONTRIBUTED = replace(CHANGED, leaves=CHANGED.leaves[1:2], contribution=(UNSIGNED, OLDER, OLDEST))
"""A leaf in which nothing is wrong, in three commits that are not signed off."""

HOSTILE_NAME = os.fsdecode(b"knowledge/\x1b[2J\n\xff/\xe2\x80\xaetxt/%0A::error::x/<script>")
HOSTILE = Report(
    comparison=Comparison(
        head="evil\x1b]0;x\x07\u202e", base="a\nb\\n", reason="because\n\x9b31m", base_commit=ONE, start=TWO
    ),
    leaves=(
        LeafReport(
            path=HOSTILE_NAME,
            kind=None,
            change=LeafChange(
                kind=ChangeKind.COPIED,
                path=HOSTILE_NAME,
                old_path=os.fsdecode(b"\xff\r"),
                old=files(os.fsdecode(b"\xff\r"), ONE),
                new=files(HOSTILE_NAME, ONE),
            ),
            content=ContentChange(fields=("a\x1b[1mb\nc",), attribution=True),
            seed_examples=0,
            diagnostics=(
                Diagnostic(
                    code="TX302",
                    name="unknown-key",
                    severity=Severity.INFO,
                    message="unknown key `\x1b[31m\nqna.yaml:1:1: error\ud800\u2028`",
                    leaf=HOSTILE_NAME,
                    file=f"{HOSTILE_NAME}/qna.yaml",
                    span=Span.at(7, 3, 4),
                    hint="\x1b[8m\nremove",
                    frame=(FrameLine(number=7, text="\x1b[\u202ea\x00b: c"),),
                ),
            ),
        ),
    ),
    contribution=(
        replace(
            UNSIGNED, message="commit 4444444 `\x1b[31m\n::error::x\udcff\u202e` lacks it", hint="git\x1b[8m\nrebase"
        ),
    ),
    notes=("ignored: \x1b[31m\n\udcff",),
)

TEXT = st.text(st.one_of(st.characters(), st.characters(categories=["Cs", "Cc", "Cf"])))
NAMES = st.binary(min_size=1).map(os.fsdecode)
_HASHES = st.sampled_from([ONE, "a" * 64])
_ENTRIES = st.builds(
    Entry, path=NAMES, mode=st.sampled_from([0o100644, 0o100755, 0o120000, 0o160000]), oid=st.none() | _HASHES
)
_FILES = st.builds(
    LeafFiles,
    qna=st.none() | _ENTRIES,
    attribution=st.none() | _ENTRIES,
    misnamed=st.lists(_ENTRIES, max_size=2).map(tuple),
)
_COUNTS = st.integers(min_value=0, max_value=9)
_INDICES = st.lists(_COUNTS, max_size=2).map(tuple)
_SPANS = st.builds(
    Span,
    line=st.integers(1, 3),
    column=st.integers(1, 30),
    end_line=st.integers(1, 3),
    end_column=st.integers(1, 30),
)
_FRAME_LINES = st.builds(
    FrameLine, number=st.integers(1, 3), text=TEXT.map(lambda text: text.replace("\n", "")), offset=_COUNTS
)
_DIAGNOSTICS = st.builds(
    Diagnostic,
    code=st.sampled_from(["TX001", "TX303"]),
    name=st.sampled_from(["unreadable-file", "wrong-type"]),
    severity=st.sampled_from([Severity.ERROR, Severity.WARNING, Severity.INFO]),
    message=TEXT.filter(bool),
    leaf=NAMES,
    file=NAMES,
    span=st.none() | _SPANS,
    hint=TEXT,
    frame=st.lists(_FRAME_LINES, max_size=2).map(tuple),
)
_COMMIT_DIAGNOSTICS = st.builds(
    Diagnostic,
    code=st.just("TX701"),
    name=st.just("missing-sign-off"),
    severity=st.sampled_from([Severity.ERROR, Severity.WARNING, Severity.INFO]),
    message=TEXT.filter(bool),
    leaf=st.just(""),
    file=st.just(""),
    hint=TEXT,
)
LEAVES = st.builds(
    LeafReport,
    path=NAMES | st.just(""),
    kind=st.none() | st.sampled_from(LeafKind),
    change=st.none()
    | st.builds(
        LeafChange,
        kind=st.sampled_from(ChangeKind),
        path=NAMES,
        old_path=st.none() | NAMES,
        old=st.none() | _FILES,
        new=st.none() | _FILES,
    ),
    files=st.none() | _FILES,
    content=st.none()
    | st.builds(
        ContentChange,
        added=_INDICES,
        removed=_INDICES,
        edited=st.lists(
            st.builds(SeedEdit, old=_COUNTS, new=_COUNTS, fields=st.lists(TEXT, max_size=2).map(tuple)), max_size=2
        ).map(tuple),
        fields=st.lists(TEXT, max_size=2).map(tuple),
        attribution=st.booleans(),
        layout_only=st.booleans(),
    ),
    seed_examples=st.none() | _COUNTS,
    diagnostics=st.lists(_DIAGNOSTICS, max_size=2).map(tuple),
)
REPORTS = st.builds(
    Report,
    comparison=st.builds(
        Comparison,
        head=TEXT.filter(bool),
        base=TEXT,
        reason=TEXT,
        base_commit=_HASHES,
        start=_HASHES,
        direct=st.booleans(),
        behind=st.none() | _COUNTS,
    ),
    leaves=st.lists(LEAVES, max_size=3).map(tuple),
    contribution=st.lists(_COMMIT_DIAGNOSTICS, max_size=2).map(tuple),
    notes=st.lists(TEXT.filter(bool), max_size=2).map(tuple),
)


def render(report: Report, output_format: str, *, color: bool = False, quiet: bool = False) -> str:
    """What a format makes of a report."""
    stream = StringIO()
    write(report, REPORTERS[output_format](stream, Appearance(color=color, quiet=quiet)))
    return stream.getvalue()
