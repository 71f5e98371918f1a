"""SARIF 2.1.0 (OASIS), for code scanning: one run, with what there is to know about every rule.

GitHub takes 25,000 results a run, of which it shows 5,000, and 10 MB gzipped. The worst come first; what does not fit
is left out, and a notification says how much that was.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from taxonomy_tools import __version__
from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.escape import reveal
from taxonomy_tools.reporters.fingerprint import fingerprinted
from taxonomy_tools.reporters.json import Json, dump
from taxonomy_tools.reporters.worst import Worst, badness
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import Rule
from taxonomy_tools.rules.documentation import documentation, shows_code
from taxonomy_tools.text import shorten

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
MOST_BYTES = 10_000_000
"""What GitHub takes in one run, gzipped."""
_ROOM = 500_000
"""Bytes for all that is not a result, and for what a compressor still holds back."""
_SIZE = 64 << 20
_LONGEST = 1_000
_MOST_NOTIFICATIONS = 100
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.OFF: "none"}
_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation", "none": "recommendation"}
_INDICES = {rule.CODE: index for index, rule in enumerate(RULES)}
_ROOT = "%SRCROOT%"
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


class SarifReporter:
    """Keeps the worst results as the text that they become, and writes at the end."""

    def __init__(self, stream: TextIO, _appearance: Appearance) -> None:
        self._stream = stream
        self._worst = Worst(number=MOST_RESULTS, size=_SIZE)
        self._commits: list[Json] = []

    def start(self, comparison: Comparison) -> None:
        """Write nothing: SARIF says which revision was looked at only together with its repository's address."""

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep them, as notifications: GitHub takes no result without a file, and a commit is in no one file."""
        self._commits = [_notification(diagnostic) for diagnostic in diagnostics[:_MOST_NOTIFICATIONS]]
        if left_out := len(diagnostics) - len(self._commits):
            text = f"{left_out} more findings about commits are left out."
            self._commits.append({"level": "warning", "message": {"text": text}})

    def leaf(self, leaf: LeafReport) -> None:
        """Keep the leaf's results, if they are among the worst."""
        for diagnostic, fingerprint in fingerprinted(leaf):
            self._worst.put(badness(leaf, diagnostic), dump(_result(diagnostic, fingerprint)))

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:  # noqa: ARG002 - as a reporter is called
        """Write the document: a line a result, so that two can be compared line by line."""
        results = list(_fitting(text for _, text in self._worst.texts()))
        left_out = self._worst.offered - len(results)
        members = {
            "tool": dump({"driver": _driver()}),
            "columnKind": dump("unicodeCodePoints"),
            "originalUriBaseIds": dump({_ROOT: {"description": {"text": "The root of the repository."}}}),
            "invocations": dump([_invocation(left_out, self._commits, notes)]),
        }
        head = "".join(f'      "{name}": {value},\n' for name, value in members.items())
        self._stream.write(f'{{\n  "$schema": "{SCHEMA}",\n  "version": "2.1.0",\n  "runs": [\n    {{\n{head}')
        self._stream.write('      "results": [')
        for number, result in enumerate(results):
            self._stream.write(("," if number else "") + f"\n        {result}")
        self._stream.write("\n      ]\n    }\n  ]\n}\n" if results else "]\n    }\n  ]\n}\n")
        self._stream.flush()


def _fitting(results: Iterable[str]) -> Iterator[str]:
    """The results up to the limit on what they are gzipped (some thousand may be too large, if they are hostile)."""
    compressor = zlib.compressobj()
    size = 0
    for result in results:
        size += len(compressor.compress(result.encode("ascii")))
        if size > MOST_BYTES - _ROOM:
            return
        yield result


def _invocation(left_out: int, commits: Sequence[Json], notes: Sequence[str]) -> dict[str, Json]:
    """How the run went: that it came to its end, and what a reader should know."""
    said: list[Json] = list(commits)
    said += [{"level": "note", "message": {"text": _message(note)}} for note in notes[:_MOST_NOTIFICATIONS]]
    if left_out:
        text = f"{left_out} results are left out, because GitHub takes {MOST_RESULTS} and {MOST_BYTES} bytes gzipped."
        said.insert(0, {"level": "warning", "message": {"text": f"{text} Those that are here are the worst."}})
    return {"executionSuccessful": True, "toolExecutionNotifications": said}


def _notification(diagnostic: Diagnostic) -> Json:
    """What is wrong with a commit, and by which rule."""
    index = _INDICES.get(diagnostic.code)
    rule: dict[str, Json] = {"id": diagnostic.code, **({"index": index} if index is not None else {})}
    return {"associatedRule": rule, "level": _LEVELS[diagnostic.severity], "message": {"text": _said(diagnostic)}}


def _driver() -> dict[str, Json]:
    return {
        "name": "taxonomy-tools",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in RULES],
    }


def _rule(rule: Rule) -> dict[str, Json]:
    """What the rule's documentation says, once as plain text and once as Markdown."""
    about = documentation(rule)
    level = _LEVELS[rule.SEVERITY]
    plain = "\n\n".join(f"{title}\n{text}" for title, text in about.sections)
    marked = "\n\n".join(
        f"**{title}**\n\n" + (f"```yaml\n{text}\n```" if shows_code(title, text) else text)
        for title, text in about.sections
    )
    return {
        "id": rule.CODE,
        "name": rule.NAME,
        "shortDescription": {"text": about.summary},
        "fullDescription": {"text": " ".join(dict(about.sections)["What it flags"].split())},
        "help": {"text": plain, "markdown": marked},
        "defaultConfiguration": {"level": level, "enabled": rule.SEVERITY is not Severity.OFF},
        "properties": {"problem.severity": _PROBLEMS[level], "tags": ["taxonomy"]},
    }


def _result(diagnostic: Diagnostic, fingerprint: str) -> dict[str, Json]:
    index = _INDICES.get(diagnostic.code)
    return {
        "ruleId": diagnostic.code,
        **({"ruleIndex": index} if index is not None else {}),
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": _said(diagnostic)},
        "locations": [{"physicalLocation": _location(diagnostic)}],
        # The one name that GitHub goes by.
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }


def _said(diagnostic: Diagnostic) -> str:
    """What a diagnostic says, and how to mend it."""
    return _message(f"{diagnostic.message} ({diagnostic.hint})" if diagnostic.hint else diagnostic.message)


def _message(text: str) -> str:
    """A message for people: what hides is written out, and `[text](target)`, a link in SARIF, is none."""
    return reveal(shorten(text, _LONGEST)).replace("](", "] (") or "-"


def _location(diagnostic: Diagnostic) -> dict[str, Json]:
    """The place. GitHub wants a line: the first, where the whole file is meant."""
    location: dict[str, Json] = {
        "artifactLocation": {"uri": _uri(diagnostic.file), "uriBaseId": _ROOT},
        "region": {"startLine": 1},
    }
    span = diagnostic.span
    if span is None:
        return location
    end_line, end_column = max((span.line, span.column), (span.end_line, span.end_column))
    region: dict[str, Json] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }
    location["region"] = region
    snippet = _snippet(diagnostic, span)
    if snippet:
        region["snippet"] = {"text": snippet}
    frame = diagnostic.frame
    if snippet and not any(line.offset or line.cut or reveal(line.text) != line.text for line in frame):
        location["contextRegion"] = {
            "startLine": frame[0].number,
            "endLine": frame[-1].number,
            "snippet": {"text": "\n".join(line.text for line in frame)},
        }
    return location


def _snippet(diagnostic: Diagnostic, span: Span) -> str:
    """The text that is meant, if it stands in one line, was not cut, and nothing in it hides."""
    if span.end_line != span.line:
        return ""
    for line in diagnostic.frame:
        start, end = span.column - 1 - line.offset, span.end_column - 1 - line.offset
        if line.number == span.line and 0 <= start < end <= len(line.text):
            text = line.text[start:end]
            return text if reveal(text) == text else ""
    return ""


def _uri(path: str) -> str:
    """A path as a relative reference (RFC 3986), byte for byte."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        raw = path.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)
