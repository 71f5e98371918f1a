"""Real leaves: the verdict on each is the reference's, and every finding stands where its cause is.

The corpus lies outside of this project (CONTRIBUTING.md): TAXONOMY_CORPUS names the folder that holds `tree/`, the
leaves, and `reference.jsonl`, what instructlab-schema 0.4.2 said of each. Where things stand is counted here from
PyYAML's own nodes, so that nothing of ours vouches for itself.
"""

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from posixpath import basename
from typing import Any, TypeAlias

import pytest
import yaml

from taxonomy_tools.api import check
from taxonomy_tools.diagnostics import Diagnostic, Severity

Verdicts: TypeAlias = Mapping[str, Mapping[str, Any]]
Found: TypeAlias = Mapping[str, list[Diagnostic]]
Route: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]
PLAIN_WITHOUT_QUOTES = ("bool", "int", "float", "timestamp")

FINANCE = "knowledge/finance"
# What is said here and not by the reference, and why. In everything else the two must agree.
INTENDED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "TX401",
        "upstream takes no leaf of version 2 or later without attribution.txt; the reference looks at qna.yaml alone",
        (
            "compositional_skills/grounded/support_copilot/pam_inquiry/qna.yaml",
            "compositional_skills/grounded/support_copilot/sa_inquiry/qna.yaml",
            "compositional_skills/reasoning/ibm_cloud_iam/policies_best_practises/qna.yaml",
            "compositional_skills/writing/freeform/mathematical_series/qna.yaml",
            "foundational_skills/designing/gds_layout/advanced_shapes/qna.yaml",
            f"{FINANCE}/Financial Contracts & Derivatives Legal Documentation/ISDA 2002 Master Agreement/qna.yaml",
            "knowledge/science/qna.yaml",
        ),
    ),
    (
        "TX102",
        "a warning: upstream's tools look in three folders only, and this one lies beside them",
        ("technical_skills/units/time/timeofday/qna.yaml",),
    ),
)
WARNINGS = frozenset({"TX102"})
# What the reference has rules for; what only we look for, corpus_rules_test.py judges.
COMPARED = re.compile(r"TX(?:0..|10[12]|20[01]|3..|40[12])")


@dataclass(frozen=True, slots=True)
class Rejected:
    """One thing that is wrong: the rule, where, and what it is called (a key, yamllint's rule, or nothing)."""

    code: str
    place: Place | None
    name: str = ""


@pytest.fixture(scope="module")
def corpus() -> Path:
    folder = os.environ.get("TAXONOMY_CORPUS")
    if not folder:
        pytest.skip("set TAXONOMY_CORPUS to the folder that holds tree/ and reference.jsonl, to check real leaves")
    return Path(folder)


@pytest.fixture(scope="module")
def verdicts(corpus: Path) -> Verdicts:
    """The reference's, by file."""
    with (corpus / "reference.jsonl").open(encoding="utf-8") as lines:
        return {verdict["file"]: verdict for verdict in map(json.loads, lines)}


@pytest.fixture(scope="module")
def found(corpus: Path) -> Found:
    """Our diagnostics, by file."""
    diagnostics = defaultdict(list)
    for report in check(corpus / "tree").leaves:
        for diagnostic in filter(lambda told: COMPARED.fullmatch(told.code), report.diagnostics):
            diagnostics[f"{report.path}/{basename(diagnostic.file)}"].append(diagnostic)
    return diagnostics


class Nodes:
    """A document as PyYAML's own reader sees it, with places counted from the text."""

    def __init__(self, data: bytes) -> None:
        self.text = data.decode("utf-8-sig")
        self.root = yaml.compose(self.text, yaml.SafeLoader)

    def find(self, route: Route) -> tuple[yaml.Node | None, yaml.Node]:
        """The key, if there is one, and the value at a route; of several the last."""
        key: yaml.Node | None = None
        node = self.root
        for step in route:
            if isinstance(step, int):
                assert isinstance(node, yaml.SequenceNode)
                key, node = None, node.value[step]
            else:
                assert isinstance(node, yaml.MappingNode)
                key, node = next(pair for pair in reversed(node.value) if pair[0].value == step)
        assert node is not None
        return key, node

    def place(self, node: yaml.Node | None) -> Place:
        assert node is not None
        assert node.start_mark is not None
        before = self.text[: node.start_mark.index]
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def value(self, route: Route) -> Place:
        """Where a value is to be shown: text itself, a collection or nothing at its key, else where it begins."""
        key, node = self.find(route)
        if isinstance(node, yaml.ScalarNode) and (node.value or node.style):
            return self.place(node)
        if key is not None:
            return self.place(key)
        while isinstance(node, yaml.MappingNode):
            node = node.value[0][0]
        line, column = self.place(node)
        return (line, column - 1) if isinstance(node, yaml.ScalarNode) and not node.value else (line, column)

    def key(self, route: Route) -> Place:
        return self.place(self.find(route)[0])

    def lacks_quotes(self, route: Route) -> bool:
        _, node = self.find(route)
        kind = node.tag.rpartition(":")[2]
        return isinstance(node, yaml.ScalarNode) and not node.style and kind in PLAIN_WITHOUT_QUOTES


@cache
def nodes(path: Path) -> Nodes:
    return Nodes(path.read_bytes())


def route_of(path: str) -> Route:
    """A path of the reference, such as `.seed_examples[0].context`, as keys and indices."""
    steps = re.findall(r"\.([^.\[]+)|\[(\d+)\]", path)
    return tuple(int(index) if index else key for key, index in steps)


def rejected_by_reference(verdict: Mapping[str, Any], path: Path) -> Iterator[Rejected]:
    """What the reference says is wrong with a file. Where, it does not say of the schema: that is counted here."""
    if "unreadable" in verdict:
        yield Rejected("TX002", None)
    for message in verdict["messages"]:
        text, route = message["message"], route_of(message["path"] or "")
        lint = re.search(r" \(([a-z-]+)\)$", text)
        if text.startswith("Taxonomy file must be named"):
            yield Rejected("TX101", None)
        elif text.startswith("The file is not valid. The top-level element is not"):
            yield Rejected("TX003", nodes(path).value(()))
        elif re.fullmatch(r"Version \S+ is not supported for knowledge\..*", text):
            yield Rejected("TX307", nodes(path).value(("version",) if "\nversion:" in f"\n{nodes(path).text}" else ()))
        elif text.startswith("Unevaluated properties are not allowed"):
            for key in re.findall(r"'([^']*)'", text):
                yield Rejected("TX302", nodes(path).key((*route, key)), key)
        elif text.endswith(" is a required property"):
            yield Rejected("TX301", nodes(path).value(route), text.split("'")[1])
        elif text.startswith("None is not of type") or text == "'' should be non-empty":
            yield Rejected("TX305", nodes(path).value(route))
        elif " is not of type " in text:
            yield Rejected("TX201" if nodes(path).lacks_quotes(route) else "TX303", nodes(path).value(route))
        elif lint is not None and message["path"] is None:
            yield Rejected("TX200", (message["line"], message["col"]), lint[1])
        else:
            raise AssertionError(f"a message that this test cannot read: {text}")


def rejected_here(diagnostic: Diagnostic) -> Rejected:
    """A diagnostic, as far as the reference knows as much."""
    code, span = diagnostic.code, diagnostic.span
    place = (span.line, span.column) if span is not None and code != "TX002" else None
    if code in {"TX301", "TX302"}:
        return Rejected(code, place, diagnostic.message.split("`")[1])
    return Rejected(code, place, diagnostic.message.rpartition("(")[2].rstrip(")") if code == "TX200" else "")


def test_corpus_is_whole(verdicts: Verdicts, corpus: Path) -> None:
    files = {path.relative_to(corpus / "tree").as_posix() for path in (corpus / "tree").rglob("qna.y*ml")}
    assert files == set(verdicts)
    assert len(files) == 636


def intended(file: str) -> list[str]:
    """The codes that only we give to a file."""
    return [code for code, _, files in INTENDED if file in files]


def test_every_intended_difference_has_a_reason_and_a_file(verdicts: Verdicts) -> None:
    assert all(reason and files for _, reason, files in INTENDED)
    assert {file for _, _, files in INTENDED for file in files} <= set(verdicts)


def test_verdict_of_every_file_is_the_reference_s(verdicts: Verdicts, found: Found) -> None:
    for file, verdict in verdicts.items():
        rejected = any(told.severity is Severity.ERROR for told in found[file])
        assert rejected is (verdict["errors"] > 0 or not WARNINGS.issuperset(intended(file))), file


def test_everything_rejected_is_what_the_reference_rejects(verdicts: Verdicts, found: Found, corpus: Path) -> None:
    for file, verdict in verdicts.items():
        wanted = Counter(rejected_by_reference(verdict, corpus / "tree" / file))
        wanted.update(Rejected(code, None) for code in intended(file))
        assert Counter(map(rejected_here, found[file])) == wanted, file


def test_severities_are_the_reference_s(verdicts: Verdicts, found: Found) -> None:
    for file, verdict in verdicts.items():
        warnings = Counter(told.code for told in found[file] if told.severity is Severity.WARNING)
        wanted = Counter("TX200" for message in verdict["messages"] if message["level"] == "WARN")
        wanted.update(WARNINGS.intersection(intended(file)))
        assert warnings == wanted, file


def test_nothing_is_said_of_other_files(verdicts: Verdicts, found: Found) -> None:
    assert {file for file, told in found.items() if told} <= set(verdicts)


def test_text_at_the_place_is_what_is_meant(found: Found, corpus: Path) -> None:
    """The message names what stands at the place, cut out of the file by nothing but line and column."""
    for file, diagnostics in found.items():
        text = (corpus / "tree" / file).read_bytes().decode("utf-8-sig")
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        for told in diagnostics:
            span = told.span
            if span is None or told.code in {"TX002", "TX200"}:
                continue
            line = lines[span.line - 1]
            shown = line[span.column - 1 : span.end_column - 1 if span.end_line == span.line else None]
            after = line[span.end_column - 1 :].lstrip()
            assert is_meant(told, shown, after), (file, told)


def is_meant(told: Diagnostic, shown: str, after: str) -> bool:
    """Whether the text shown is what the message is about. `after` is the rest of the line."""
    quoted = [name or "" for name in re.findall(r"`([^`]*)`", told.message)]
    bare = shown.strip("\"'")
    match told.code:
        case "TX201":  # `answer` must be text, but unquoted `No` is ...
            return shown == quoted[-1]
        case "TX302":  # the unknown key
            return bare == quoted[0] and after.startswith(":")
        case "TX301":  # the key of the mapping that lacks one, or its first
            return after.startswith(":") and bare != quoted[0]
        case "TX303" | "TX304":  # a collection: its key; text: itself
            return (bare == quoted[0] and after.startswith(":")) or shown == quoted[-1]
        case "TX305":  # nothing: its key; or what stands for nothing
            return (bare == quoted[0] and after.startswith(":")) or shown in {"''", '""', *quoted[1:]}
        case "TX307":  # the version, or the leaf's first key
            return shown == quoted[0] if told.message.startswith("version") else after.startswith(":")
        case "TX003":
            return bool(shown)
        case _:
            raise AssertionError(f"a rule that this test does not know: {told.code}")


def test_every_frame_shows_the_line_that_is_meant(found: Found, corpus: Path) -> None:
    for file, diagnostics in found.items():
        text = (corpus / "tree" / file).read_bytes().decode("utf-8-sig")
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        for told in diagnostics:
            assert (told.span is None) is (told.frame == ()), told
            if told.span is None:
                continue
            line, shown = lines[told.span.line - 1], told.frame[-1]
            assert shown.number == told.span.line
            assert shown.text == line[shown.offset : shown.offset + len(shown.text)]
            assert shown.cut is (shown.offset + len(shown.text) < len(line))
            # The place itself is in sight, but for one at the line's end.
            assert shown.offset < told.span.column <= shown.offset + len(shown.text) + 1
            for before in told.frame[:-1]:
                assert (before.number, before.offset) == (shown.number - 1, shown.offset)
                assert lines[before.number - 1][before.offset :].startswith(before.text)


def test_unreadable_files_are_explained(found: Found) -> None:
    """Of each file that is not YAML, one thing is said, in words of our own, with what to do."""
    told = [diagnostic for diagnostics in found.values() for diagnostic in diagnostics if diagnostic.code == "TX002"]
    assert len(told) == 14
    assert all(diagnostic.hint and "this is not YAML" not in diagnostic.message for diagnostic in told)
