"""What means harm to a format, in every place that a report has, and as much of it as anybody could wish."""

from collections.abc import Iterator

from taxonomy_tools.content import ContentChange
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.diff import ChangeKind, LeafChange
from taxonomy_tools.report import Comparison, LeafReport, Report, Summary
from taxonomy_tools.reporters import Reporter, stream
from taxonomy_tools.reporters.escape import reveal

TOKENS = {
    "command": "::error::owned",
    "command-on-a-new-line": "\n::error file=a,line=1::owned",
    "command-after-a-return": "\r::stop-commands::x",
    "command-after-spaces": " \u00a0\t::warning::owned",
    "command-of-the-older-kind": "a ##[error]owned",
    "escaped-line-end": "%0A::error::owned%250A%25",
    "property": "x,line=1,title=owned:: ::",
    "details": "</details></summary>",
    "pre": "</pre></code>",
    "script": "<script>alert(1)</script>",
    "image": "![x](https://evil.example/x.png)",
    "link": "[x](https://evil.example) https://evil.example www.evil.example",
    "mention": "@everyone @org/team",
    "reference": "#123 org/repo#1 GH-1 deadbeef01",
    "fence": "```\n```mermaid",
    "table": "| a | b |\n|---|---|",
    "heading": "\n# owned\n- [ ] x\n1. y\n> z",
    "emphasis": "**a** _b_ ~~c~~ $d$ :tada: <!-- e",
    "mermaid": '"] --> n0["owned"]; click n0 href "https://evil.example"',
    "xml": "]]></failure>&lt;&#0;&amp;",
    "illegal-xml": "\x00\x01\x0b\ufffe\uffff",
    "ansi": "\x1b[31mred\x1b]0;title\x07\x9b31m",
    "bidirectional": "\u202eabc\u2066\u200f",
    "surrogate": "\ud800\udcff",
    "separators": "\u2028\u2029\x85\x0c",
    "placeholder": "{0} {1} %s $HOME",
    "quotes": "\"'`\\",
}


def hostile_report(token: str) -> Report:
    """A report that has the token in every place."""
    # No NUL in a name, and nothing in it that is no byte: so are the names of files.
    name = token.replace("\0", "").replace("\ud800", "")
    leaf = f"knowledge/{name}/a"
    diagnostics = tuple(
        Diagnostic(
            code="TX302",
            name="unknown-key",
            severity=severity,
            message=f"unknown key `{token}` {token}",
            leaf=leaf,
            file=f"{leaf}/qna.yaml",
            span=Span.at(7, 3, 4) if severity is not Severity.INFO else None,
            hint=token,
            frame=(FrameLine(number=6, text=token.replace("\n", "")), FrameLine(number=7, text=f"  {token}"[:90])),
        )
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    )
    change = LeafChange(kind=ChangeKind.RENAMED, path=leaf, old_path=f"{name}/b")
    return Report(
        comparison=Comparison(head=token, base=token, reason=token, start="1" * 40),
        leaves=(
            LeafReport(
                path=leaf, kind=None, change=change, content=ContentChange(fields=(token,)), diagnostics=diagnostics
            ),
        ),
        contribution=(
            Diagnostic(
                code="TX701",
                name="missing-sign-off",
                severity=Severity.WARNING,
                message=f"commit 1111111 `{token}` {token}",
                leaf="",
                file="",
                hint=token,
            ),
        ),
        notes=(token,),
    )


def many_leaves(number: int, findings: int, size: int) -> Iterator[LeafReport]:
    """New leaves with so many findings each, whose messages have so many characters; every third is an error."""
    severities = (Severity.INFO, Severity.WARNING, Severity.ERROR)
    for n in range(number):
        path = f"knowledge/{n:06}"
        yield LeafReport(
            path=path,
            kind=None,
            change=LeafChange(kind=ChangeKind.ADDED, path=path),
            diagnostics=tuple(
                Diagnostic(
                    code="TX302",
                    name="unknown-key",
                    severity=severities[index % 3],
                    message=f"{index} " + "</details>::error::@everyone%0A&" * (size // 32),
                    leaf=path,
                    file=f"{path}/qna.yaml",
                    span=Span.at(index + 1, 1),
                )
                for index in range(findings)
            ),
        )


def is_inert(text: str) -> bool:
    """Whether nothing in one line of text hides, reorders, or is obeyed by a terminal."""
    return reveal(text) == text and "\n" not in text and "\x1b" not in text


def play(reporter: Reporter, number: int, findings: int, size: int) -> Summary:
    """Write that many leaves, one at a time."""
    return stream(Comparison(head="HEAD"), many_leaves(number, findings, size), (), [reporter])
