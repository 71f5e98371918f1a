"""JUnit's XML, as test reports of pipelines are read: a test case a leaf, a failure an error; and one for the commits.

It is plain ASCII with character references, so it is the same document whatever the stream can encode.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from posixpath import basename, dirname
from typing import TextIO

import click

from taxonomy_tools.diagnostics import Diagnostic, Severity
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.reporters.escape import escape, reveal
from taxonomy_tools.reporters.frame import render
from taxonomy_tools.text import shorten

_LONGEST = 4_000
_MARKUP = {ord(character): f"&#{ord(character)};" for character in "&<>\"'"}


class JUnitReporter:
    """Keeps each leaf as the text that it becomes, because the counts come first in this format."""

    def __init__(self, stream: TextIO, _appearance: Appearance) -> None:
        self._stream = stream
        self._cases: list[str] = []
        self._failed = 0
        self._skipped = 0
        self._about: list[str] = []

    def start(self, comparison: Comparison) -> None:
        """Keep what is compared."""
        named = {"head": comparison.head, "base": comparison.base, "start": comparison.start}
        properties = [
            f"<property{_attributes(name=name, value=escape(value))}/>" for name, value in named.items() if value
        ]
        self._about = ["<properties>", *properties, "</properties>"]

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep a test case for the commits, if anything is wrong with them."""
        if diagnostics:
            self._keep(_attributes(classname="contribution", name="commits"), diagnostics, removed=False)

    def leaf(self, leaf: LeafReport) -> None:
        """Keep the leaf's test case. A removed leaf is one that was skipped."""
        removed = leaf.change is not None and leaf.change.kind is ChangeKind.REMOVED
        self._keep(_case(leaf.path), _sorted(leaf), removed=removed)

    def _keep(self, case: str, diagnostics: Sequence[Diagnostic], *, removed: bool) -> None:
        errors = [found for found in diagnostics if found.severity is Severity.ERROR]
        others = [found for found in diagnostics if found.severity in (Severity.WARNING, Severity.INFO)]
        self._failed += bool(errors)
        self._skipped += removed and not errors
        inside = [_failure(diagnostic) for diagnostic in errors]
        if removed and not errors:
            inside.append(f"<skipped{_attributes(message='the leaf was removed')}/>")
        if others:
            told = "\n".join(line for diagnostic in others for line in _told(diagnostic))
            inside.append(f"<system-out>{_text(told)}</system-out>")
        self._cases.append(_element("testcase", case, inside))

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:  # noqa: ARG002 - as a reporter is called
        """Write the document: one suite, with how many of its leaves failed and how many were skipped."""
        counts = _attributes(tests=len(self._cases), failures=self._failed, errors=0, skipped=self._skipped)
        name = _attributes(name="taxonomy-tools")
        self._stream.write(f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites{name}{counts}>\n')
        self._stream.write(f"<testsuite{name}{counts}>\n")
        self._stream.writelines(f"{line}\n" for line in (*self._about, *self._cases))
        if notes:
            told = "\n".join(reveal(note) for note in notes)
            self._stream.write(f"<system-out>{_text(told)}</system-out>\n")
        self._stream.write("</testsuite>\n</testsuites>\n")
        self._stream.flush()


def _sorted(leaf: LeafReport) -> list[Diagnostic]:
    return sorted(leaf.diagnostics, key=lambda diagnostic: diagnostic.sort_key)


def _case(path: str) -> str:
    """The attributes of a leaf: its folder is the class (with dots, by which readers group), its own name the test."""
    folder = escape(dirname(path)).replace("/", ".") or "taxonomy"
    return _attributes(classname=folder, name=escape(basename(path)) or ".")


def _failure(diagnostic: Diagnostic) -> str:
    attributes = _attributes(
        message=reveal(shorten(diagnostic.message, _LONGEST)), type=f"{diagnostic.code} {diagnostic.name}"
    )
    return _element("failure", attributes, [_text("\n".join(_told(diagnostic)))])


def _told(diagnostic: Diagnostic) -> Iterator[str]:
    """A diagnostic as lines of text, with its whole place and its frame."""
    span = diagnostic.span
    place = escape(diagnostic.file) + (f":{span.line}:{span.column}: " if span else ": ") if diagnostic.file else ""
    said = reveal(shorten(diagnostic.message, _LONGEST))
    yield f"{place}{diagnostic.severity.value} {diagnostic.code} {diagnostic.name}: {said}"
    for line in render(replace(diagnostic, hint=shorten(diagnostic.hint, _LONGEST))):
        yield click.unstyle(line)


def _element(name: str, attributes: str, inside: Sequence[str]) -> str:
    return f"<{name}{attributes}>{''.join(inside)}</{name}>" if inside else f"<{name}{attributes}/>"


def _attributes(**values: str | int) -> str:
    return "".join(f' {name}="{_text(str(value))}"' for name, value in values.items())


def _text(text: str) -> str:
    """Text as XML. Of what XML 1.0 cannot hold, U+FFFE and U+FFFF are left once the rest is written out."""
    legal = text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    return legal.translate(_MARKUP).encode("ascii", "xmlcharrefreplace").decode("ascii")
