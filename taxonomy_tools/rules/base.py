"""What a rule is: one module that satisfies `Rule`, and the records that pass in and out of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from taxonomy_tools.diagnostics import FrameLine, Severity, Span
from taxonomy_tools.document import Document, Problem, Route
from taxonomy_tools.layout import ALONE, LeafKind, Surroundings
from taxonomy_tools.schemas import Violation, describe_type
from taxonomy_tools.standards import DEFAULT, Standards
from taxonomy_tools.text import shorten
from taxonomy_tools.yamllint import LintProblem

_SPELLED_BITS = 1024
"""Python refuses to spell integers of more than 4,300 digits, and `0xfff...` makes them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a rule found, and where: a `route` into the data, or a `span` of a file, or neither for the whole file.

    `file` is the path of the file that is meant, relative to the taxonomy; None is the leaf's document. `severity`
    is given only where it is not the rule's own. `hint` is the shortest mend, to stand beside the carets. `on` tells
    whether the value at the end of the route is meant, or its key.
    """

    message: str
    route: Route | None = None
    on: Literal["key", "value"] = "value"
    span: Span | None = None
    frame: tuple[FrameLine, ...] = ()
    file: str | None = None
    severity: Severity | None = None
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileProblem:
    """A file that could not be read, and why. `path` is relative to the taxonomy."""

    path: str
    problem: Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One leaf node as the rules see it; everything in it was read and worked out before.

    `path` is its folder, and `document_path` its document's path, relative to the taxonomy. `document` is None where
    it could not be read (`problems` has the reasons) or must not be (`misnamed` has its name). `version` is that of
    the schema, None without a document. `attribution` is the bytes of `attribution.txt`, None where there is none or
    it could not be read (then `problems` says so too). `placed` is false where nothing tells which folder the
    taxonomy's root is. `kind` is None where neither path nor document tell it.
    """

    path: str
    document_path: str
    document: Document | None
    version: int | None
    violations: tuple[Violation, ...]
    lint: tuple[LintProblem, ...]
    attribution: bytes | None
    attribution_path: str
    misnamed: tuple[str, ...]
    problems: tuple[FileProblem, ...]
    kind: LeafKind | None = None
    placed: bool = True
    surroundings: Surroundings = ALONE
    standards: Standards = DEFAULT

    @property
    def needs_attribution(self) -> bool:
        """From version 2 on. What a version that is not supported needs, nobody can say."""
        unsupported = any(violation.code == "TX307" and not violation.keyword for violation in self.violations)
        return self.version is not None and self.version >= 2 and not unsupported


class Rule(Protocol):
    """A rule is a module: its docstring is its documentation, these names are its plug.

    The docstring's first line sums the rule up; then come the sections "What it flags", "Why" and "Instead", and a
    "For example" of what it flags. CODE never changes its meaning and is never reused. NAME is a kebab name for the bad
    thing. SEVERITY is the default.
    """

    __doc__: str | None
    CODE: str
    NAME: str
    SEVERITY: Severity


class LeafRule(Rule, Protocol):
    """A rule about one leaf, whatever the others are. Those of other kinds are named in `rules/__init__`."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """What is wrong with the leaf, in any order. Must not raise for anything that a leaf can hold."""


def problems(subject: Subject, code: str) -> Iterator[Finding]:
    """The findings of a rule about files that could not be read: the reading itself found them."""
    for file in subject.problems:
        if file.problem.code == code:
            problem = file.problem
            yield Finding(
                message=problem.message, span=problem.span, frame=problem.frame, file=file.path, hint=problem.hint
            )


def violations(subject: Subject, code: str) -> Iterator[Violation]:
    """The violations of the schema that a rule words."""
    return (violation for violation in subject.violations if violation.code == code)


def text_at(subject: Subject, *keys: str) -> str | None:
    """The text at a route of keys, if there is any but spaces; not what cannot be what it looks like (TX201)."""
    document = subject.document
    value = document.data if document is not None else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if document is None or not isinstance(value, str) or not value.strip():
        return None
    span = document.span(keys)
    return None if any(scalar.span == span for scalar in document.malformed) else value


def name_of(route: Route) -> str:
    """What stands at a route, as a reader knows it: "`answer`", "item 2 of `patterns`", "the leaf"."""
    field = next((step for step in reversed(route) if isinstance(step, str)), None)
    if field is None:
        return "the leaf"
    last = route[-1]
    return f"item {last + 1} of `{field}`" if isinstance(last, int) else f"`{field}`"


def quote(value: object, width: int = 60) -> str:
    """A value in backquotes, much as it was typed; cut in the middle when it is longer than `width`.

    Only what is single is spelled out: the text of a collection, with its aliases followed, can be of any size.
    """
    if isinstance(value, bool | None):
        return {True: "`true`", False: "`false`", None: "`null`"}[value]
    if isinstance(value, int) and value.bit_length() > _SPELLED_BITS:
        return f"a number of {value.bit_length():,} bits"
    if isinstance(value, str | int | float | date):
        return f"`{shorten(str(value), width)}`"
    return describe_type(value)


def number_of(count: int, thing: str) -> str:
    """A count in words: "1 item", "5 items"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
