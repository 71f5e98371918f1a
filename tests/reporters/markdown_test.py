import html
import re
from dataclasses import dataclass, replace
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.report import Comparison, LeafReport, Report
from taxonomy_tools.reporters import Appearance, write
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.markdown import COMMENT_LIMIT, SUMMARY_LIMIT, MarkdownReporter
from taxonomy_tools.reporters.markup import code, prose
from tests.reporters.hostile import TOKENS, hostile_report, is_inert, play
from tests.reporters.samples import (
    BIRD,
    CHANGED,
    COMPARISON,
    CONTRIBUTED,
    IMPLICIT,
    REPORTS,
    RHYMES,
    TEXT,
    UNSIGNED,
    render,
)

_TAG = re.compile(r"</?(?:code|pre|summary|details)>|<details open>")
_NODE = re.compile(r'  (?:n\d+ --> )?n\d+\["((?:[^\W]|[ _-]|#\d+;|<br>(?:\w|[ ,])+|[^\x00-\x7f])*)"\](?::::\w+)?')


@dataclass(frozen=True, kw_only=True)
class Read:
    """A report taken apart: the rows of its table, the lines of its diagram, its sections, and all of its code."""

    rows: list[list[str]]
    diagram: list[str]
    sections: list[str]
    code: list[str]


def read(text: str) -> Read:
    """Read Markdown as far as GitHub would act on it; what is not of our making may act on nothing."""
    assert text.endswith("\n")
    diagrams = re.findall(r"^```mermaid\n(.*?)^```\n", text, flags=re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```mermaid\n.*?^```\n", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(diagrams) <= 1
    diagram = diagrams[0].splitlines() if diagrams else []
    for line in diagram:
        assert line == "flowchart LR" or line.startswith("  classDef ") or _NODE.fullmatch(line), line
    sections = re.findall(
        r"^<details(?: open)?>\n<summary>(.*?)</summary>\n\n(.*?)\n</details>\n", rest, flags=re.DOTALL | re.MULTILINE
    )
    assert rest.count("<details") == rest.count("</details>") == len(sections)
    assert rest.count("<summary>") == rest.count("</summary>") == len(sections)
    shown = re.findall(r"<code>(.*?)</code>|<pre>\n(.*?)\n</pre>", rest, flags=re.DOTALL)
    bare = re.sub(r"<code>.*?</code>|<pre>\n.*?\n</pre>", "", rest, flags=re.DOTALL)
    for piece in shown:
        assert not set("".join(piece)) & set("<>`*|[]@#:$~\\!") - set("#")
        assert "&#" in "".join(piece) or "#" not in "".join(piece)
    markup = re.sub(r"&#\d+;", "", _TAG.sub("", bare))
    assert not set(markup) & set("<>`@[]$~\\!")
    acted_on = html.unescape(_TAG.sub("", bare))
    assert not re.search(r"@\w|#\d|://|www\.|:\w+:|[0-9a-f]{7}\b", acted_on)
    rows = [line for line in rest.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    assert all(is_inert(line) for line in text.splitlines())
    return Read(
        rows=[[html.unescape(_TAG.sub("", cell)).strip() for cell in row.split("|")[1:-1]] for row in rows],
        diagram=diagram,
        sections=[html.unescape(_TAG.sub("", head)) for head, _ in sections],
        code=[html.unescape(one or other) for one, other in shown],
    )


def written(report: Report, limit: int) -> str:
    output = StringIO()
    write(report, MarkdownReporter(output, Appearance(), limit=limit))
    return output.getvalue()


def test_a_contributors_changes() -> None:
    text = render(CHANGED, "markdown")
    read(text)

    assert text == (
        "## taxonomy-tools: 1 error, 1 warning\n"
        "\n"
        "4 leaves changed: 1 added, 1 modified, 1 renamed, 1 removed. 1 error, 1 warning. "
        "Compared: <code>the working tree</code> with <code>upstream/main</code> "
        "(merge base <code>1111111</code>, 3 commits behind).\n"
        """
| | leaf | kind | what changed | findings |
|---|---|---|---|---|
| D | <code>compositional_skills/jokes/knock_knock</code> | freeform skill |  |  |
| A | <code>compositional_skills/linguistics/rhymes</code> | freeform skill | 5 seed examples | 1 error, 1 warning |
| R | <code>knowledge/arts/swifties</code> &rarr; <code>knowledge/arts/music/fandom/swifties</code> | knowledge | """
        """content unchanged |  |
| M | <code>knowledge/science/animals/birds/chickadee</code> | knowledge | <code>&#43;1</code> <code>&#126;2</code> """
        """seed examples, <code>document.commit</code> |  |

```mermaid
flowchart LR
  n0["taxonomy"]
  n0 --> n1["compositional_skills"]
  n1 --> n4["jokes"]
  n4 --> n5["knock_knock<br>removed"]:::removed
  n1 --> n2["linguistics"]
  n2 --> n3["rhymes<br>added, 1 error, 1 warning"]:::broken
  n0 --> n6["knowledge"]
  n6 --> n7["arts"]
  n7 --> n8["music"]
  n8 --> n9["fandom"]
  n9 --> n10["swifties<br>renamed"]:::renamed
  n6 --> n11["science"]
  n11 --> n12["animals"]
  n12 --> n13["birds"]
  n13 --> n14["chickadee<br>modified"]:::modified
  classDef modified fill:#fff8c5,stroke:#9a6700,color:#1f2328
  classDef renamed fill:#ddf4ff,stroke:#0969da,color:#1f2328
  classDef removed fill:#f6f8fa,stroke:#59636e,color:#1f2328,stroke-dasharray:4
  classDef broken fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-width:2px
```

<details open>
<summary><code>compositional_skills/linguistics/rhymes</code>: 1 error, 1 warning</summary>

**error** TX201 implicit-type at <code>qna.yaml&#58;9&#58;13</code>: <code>answer</code> must be text, but unquoted """
        """<code>No</code> is a boolean

<pre>
   8 &#124;   &#45; question&#58; Does orange rhyme with door&#63;
   9 &#124;     answer&#58; No
     &#124;             &#94;&#94; write &#34;No&#34;
</pre>

**warning** TX401 missing-attribution at <code>qna.yaml</code>: there is no <code>attribution.txt</code>

<pre>
   hint&#58; say where the seed examples come from
</pre>

</details>
"""
    )


def test_commits_have_a_section() -> None:
    text = render(replace(CONTRIBUTED, leaves=(), contribution=CONTRIBUTED.contribution[1:]), "markdown", quiet=True)
    read(text)

    assert text == (
        """\
## taxonomy-tools: 1 error, 1 warning

No leaf changed, or none was there to be checked.

<details open>
<summary>Commits: 1 error, 1 warning</summary>

**warning** TX701 missing-sign-off: commit <code>5555555</code> <code>Start</code> lacks the line """
        """<code>Signed-off-by&#58; Ada Contributor &#60;ada&#64;example.org&#62;</code>

<pre>
   hint&#58; git rebase &#45;&#45;signoff 1111111
</pre>

**error** TX701 missing-sign-off: commit <code>6666666</code> lacks the line """
        """<code>Signed-off-by&#58; Bo &#60;bo&#64;example.org&#62;</code>

<pre>
   hint&#58; git rebase &#45;&#45;signoff 1111111
</pre>

</details>
"""
    )


def test_commits_stay_within_their_share_of_the_limit() -> None:
    unsigned = tuple(replace(UNSIGNED, message=f"commit {number:07} " + "@x " * 150) for number in range(1_000))
    text = written(replace(CHANGED, contribution=unsigned), COMMENT_LIMIT)

    assert len(text.encode()) < COMMENT_LIMIT
    assert read(text).sections == ["Commits: 1000 warnings", f"{RHYMES}: 1 error, 1 warning"]
    assert re.search(r"\n\d+ more findings are left out\.\n\n</details>", text)


def test_quiet_leaves_out_what_is_well() -> None:
    parts = read(render(CHANGED, "markdown", quiet=True))
    assert len(parts.rows) == len(parts.sections) == 1


@pytest.mark.parametrize(
    ("report", "text"),
    [
        pytest.param(
            Report(comparison=COMPARISON, notes=("No leaf changed.",)),
            "## taxonomy-tools: Nothing was checked\n\nNo leaf changed, or none was there to be checked. "
            "Compared: <code>the working tree</code> with <code>upstream/main</code> "
            "(merge base <code>1111111</code>, 3 commits behind).\n\n- No leaf changed&#46;\n",
            id="nothing changed",
        ),
        pytest.param(
            Report(comparison=Comparison(head="HEAD"), leaves=(LeafReport(path=BIRD, kind=None),)),
            "## taxonomy-tools: No findings\n\n1 leaf checked. No findings. Checked: <code>HEAD</code>.\n",
            id="nothing was compared, and nothing found",
        ),
    ],
)
def test_never_says_valid(report: Report, text: str) -> None:
    assert render(report, "markdown").replace("changed.\n", "changed&#46;\n") == text


def test_sections_without_errors_are_closed() -> None:
    found = replace(IMPLICIT, severity=Severity.WARNING)
    text = render(
        Report(comparison=COMPARISON, leaves=(LeafReport(path=BIRD, kind=None, diagnostics=(found,)),)), "markdown"
    )

    assert "<details>\n" in text
    assert read(text).diagram == []


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_hostile_content_is_read_back_as_what_it_is(token: str) -> None:
    hostile = hostile_report(token)
    text = render(hostile, "markdown")
    parts = read(text)

    path = escape(hostile.leaves[0].path)
    [row] = parts.rows
    assert row[1].endswith(f"→ {path}")
    assert parts.sections == ["Commits: 1 warning", f"{path}: 1 error, 1 warning, 1 info"]
    assert len(parts.diagram) > 3
    if "`" not in token:
        assert reveal(token) in parts.code
    for forbidden in ("<script", "@everyone", "](", "https://", "::error::", "\x1b"):
        assert forbidden not in text


@given(REPORTS)
def test_any_report_is_read_back(report: Report) -> None:
    parts = read(render(report, "markdown"))

    with_findings = sum(bool(leaf.diagnostics) for leaf in report.leaves)
    assert len(parts.sections) == with_findings + bool(report.contribution)
    assert all(len(row) == 5 for row in parts.rows)


@given(TEXT)
def test_escaped_text_is_the_text(text: str) -> None:
    shown = reveal(text)

    assert html.unescape(code(text)) == f"<code>{shown}</code>"
    assert html.unescape(re.sub(r"</?code>", "", prose(text))) in (shown, re.sub(r"`([^`]*)`", r"\1", shown))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "no more than this, it says (or less).", "no more than this, it says &#40;or less&#41;&#46;", id="prose"
        ),
        pytest.param("@everyone", "<code>&#64;everyone</code>", id="mention"),
        pytest.param("fixes #12", "fixes <code>&#35;12</code>", id="reference"),
        pytest.param("as deadbeef has it", "as <code>deadbeef</code> has it", id="commit"),
        pytest.param("`a` or `b", "<code>a</code> or <code>&#96;b</code>", id="backquotes"),
        pytest.param("www.a.b", "<code>www&#46;a.b</code>", id="address"),
        pytest.param("a_b _c_", "<code>a_b</code> <code>&#95;c&#95;</code>", id="underscores"),
    ],
)
def test_prose(text: str, expected: str) -> None:
    assert prose(text) == expected


@pytest.mark.parametrize(
    ("limit", "number", "findings", "size"),
    [
        pytest.param(SUMMARY_LIMIT, 1_000, 12, 1_000, id="summary-many-leaves"),
        pytest.param(COMMENT_LIMIT, 1_000, 12, 1_000, id="comment-many-leaves"),
        pytest.param(COMMENT_LIMIT, 5_000, 1, 32, id="comment-very-many-leaves"),
        pytest.param(COMMENT_LIMIT, 1, 10_000, 1_000, id="comment-one-leaf"),
        pytest.param(30_000, 50, 100, 32_000, id="least"),
    ],
)
def test_ten_megabytes_are_cut_between_sections(limit: int, number: int, findings: int, size: int) -> None:
    output = StringIO()
    summary = play(MarkdownReporter(output, Appearance(), limit=limit), number, findings, size)

    text = output.getvalue()
    parts = read(text)
    assert len(text.encode()) <= limit
    assert text.startswith("## taxonomy-tools: ")
    assert f"{summary.leaves} lea" in text
    assert parts.sections
    if number > 1:
        assert text.endswith(
            f"The findings of {number - len(parts.sections)} more leaves are left out, because a report may have "
            f"{limit:,} bytes. Those that are shown are the worst.\n"
        )
    else:
        assert re.search(r"\n\d+ more findings are left out\.\n\n</details>\n$", text)
    assert len("\n".join(parts.diagram)) < 40_000
    assert len(parts.rows) == number or f"{number - len(parts.rows)} more leaves have no row here." in text


def test_the_worst_leaves_are_kept() -> None:
    def leaf(number: int, severity: Severity) -> LeafReport:
        path = f"knowledge/{number:04}"
        found = tuple(replace(IMPLICIT, severity=severity, message="m" * 500) for _ in range(10))
        change = LeafChange(kind=ChangeKind.ADDED, path=path)
        return LeafReport(path=path, kind=None, change=change, diagnostics=found)

    leaves = [leaf(number, Severity.ERROR if number in (500, 900) else Severity.INFO) for number in range(1_000)]
    text = written(Report(comparison=COMPARISON, leaves=tuple(leaves)), COMMENT_LIMIT)

    parts = read(text)
    errors = ["knowledge/0500: 10 errors", "knowledge/0900: 10 errors"]
    assert parts.sections[-2:] == errors
    assert parts.sections[:-2] == [f"knowledge/{number:04}: 10 infos" for number in range(len(parts.sections) - 2)]


@given(REPORTS)
def test_any_report_stays_within_the_least_limit(report: Report) -> None:
    assert len(written(report, 30_000).encode()) <= 30_000


@pytest.mark.parametrize("character", ["\U000e0041", "|", "日", "\x00", "a"])
def test_names_of_any_length_stay_within_the_least_limit(character: str) -> None:
    name = character * 5_000
    path = "/".join([character * 200] * 20).replace("\0", "\x01")
    found = replace(IMPLICIT, message=name, hint=name, file=f"{path}/qna.yaml")
    leaves = tuple(
        LeafReport(
            path=f"{path}/{number}",
            kind=None,
            change=LeafChange(kind=ChangeKind.RENAMED, path=path, old_path=path),
            diagnostics=(found,),
        )
        for number in range(20)
    )
    comparison = Comparison(head=name, base=name, start="1" * 40)
    text = written(Report(comparison=comparison, leaves=leaves, notes=(name,) * 100), 30_000)

    assert len(text.encode()) <= 30_000
    read(text)


def test_a_stream_that_knows_few_characters() -> None:
    binary = BytesIO()
    output = TextIOWrapper(binary, encoding="ascii", newline="\n")
    write(hostile_report("日本"), MarkdownReporter(output, Appearance()))
    output.flush()

    assert b"&#92;u65e5&#92;u672c" in binary.getvalue()
