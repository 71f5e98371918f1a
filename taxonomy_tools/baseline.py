"""The baseline: findings that are known, are not reported, and go from the file when they are mended.

A finding is known by its leaf, its rule and a fingerprint that survives when lines move around it: a hash of the text
of its line and of the names that its message quotes; of a list that is too short, also of how short it is. The file
holds no text of a leaf, one finding a line, sorted, so that Git can merge what two branches did to it.

What was renamed keeps what is known of it where the rename is known, in a comparison; a check of all leaves, which
compares nothing, takes it for new.
"""

import json
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Self, TypeAlias

from taxonomy_tools.config import BrokenFile
from taxonomy_tools.diagnostics import Diagnostic, Severity, Span
from taxonomy_tools.diff import ChangeKind
from taxonomy_tools.errors import Remedy
from taxonomy_tools.policy import is_unopened
from taxonomy_tools.report import LeafReport
from taxonomy_tools.text import Text

FORMAT_VERSION = 1
_MOST_TOLD = 20
_MEMBERS = {"leaf", "code", "fingerprint", "count"}
_CODE = re.compile(r"TX[0-9]{3}")
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_QUOTED = re.compile(r"`([^`]*)`")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]+")
_BLANK = re.compile(r"[ \t\r\n]*")
_UNREADABLE = "TX0"
_ACROSS = "TX502"
_COUNTED = frozenset({"TX304"})
"""Rules of whose findings the numbers count too: a list that gets shorter still is another finding."""
_HOW = Remedy("Write it anew, with all that is found now:", "taxonomy check --write-baseline")

_Finding: TypeAlias = tuple[str, str]
"""What is known of a leaf: a rule's code, and a fingerprint."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings that are known, by leaf: how often each. `content` are the bytes that they were read from."""

    leaves: Mapping[str, Mapping[_Finding, int]] = field(default_factory=dict)
    content: bytes = field(default=b"", compare=False, repr=False)

    @classmethod
    def load(cls, data: bytes, name: str) -> Self:
        """Read a baseline file. Raises BrokenFile with what is wrong with it, and where; `name` is the file's."""
        leaves: dict[str, dict[_Finding, int]] = {}
        for leaf, code, fingerprint, count in _entries(data, name):
            known = leaves.setdefault(leaf, {})
            # Two branches may both have written a line that was new.
            known[code, fingerprint] = max(count, known.get((code, fingerprint), 0))
        return cls(leaves, data)

    def dump(self) -> bytes:
        """The file: JSON, a finding a line, sorted."""
        lines = [
            json.dumps({"leaf": leaf, "code": code, "fingerprint": fingerprint, "count": count})
            for leaf, known in sorted(self.leaves.items())
            for (code, fingerprint), count in sorted(known.items())
            if count
        ]
        listed = "\n" + ",\n".join(f"    {line}" for line in lines) + "\n  " if lines else ""
        return f'{{\n  "format_version": {FORMAT_VERSION},\n  "findings": [{listed}]\n}}\n'.encode()

    def __len__(self) -> int:
        """How many findings are known."""
        return sum(sum(known.values()) for known in self.leaves.values())

    def with_leaves(self, leaves: Mapping[str, Mapping[_Finding, int]]) -> "Baseline":
        """The baseline with what is now known of these leaves."""
        merged = {
            leaf: {finding: count for finding, count in known.items() if count}
            for leaf, known in {**self.leaves, **leaves}.items()
        }
        return Baseline({leaf: known for leaf, known in merged.items() if known})


def fingerprint(diagnostic: Diagnostic) -> str:
    """A name for a finding within its leaf that stays while its line moves, or its message is worded anew."""
    file = posixpath.basename(diagnostic.file)
    parts = (diagnostic.code, file, diagnostic.line_text, *_QUOTED.findall(diagnostic.message))
    if diagnostic.code in _COUNTED:
        parts += tuple(_NUMBER.findall(_QUOTED.sub("", diagnostic.message)))
    spelled = "\0".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(spelled.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def findings_of(diagnostics: Iterable[Diagnostic]) -> Counter[_Finding]:
    """What a baseline is to know of these diagnostics of one leaf: of what could not be opened, nothing."""
    return Counter((one.code, fingerprint(one)) for one in diagnostics if _can_be_known(one))


def _can_be_known(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is not Severity.OFF and not is_unopened(diagnostic)


class Sieve:
    """Takes from reports, a leaf at a time, what a baseline knows, and notes what of the baseline is gone.

    `reports` tells whether a rule's findings are reported for a leaf at all, by path and code: what is switched off is
    not gone. `whole` are the paths of all leaves, where all are looked at: then those that compare leaves were at work,
    and of leaves that are not there everything is gone. `name` is what the baseline's file is called.
    """

    def __init__(
        self,
        baseline: Baseline,
        *,
        name: str,
        reports: Callable[[str, str], bool],
        whole: Collection[str] | None = None,
    ) -> None:
        self.baseline = baseline
        self.name = name
        self.hidden = 0
        self._reports = reports
        self._whole = whole
        self._left: dict[str, dict[_Finding, int]] = {}

    def sift(self, leaf: LeafReport) -> LeafReport:
        """The report of a leaf without what is known. Of several findings that are alike, the last are the new ones."""
        former = self._former_path(leaf)
        paths = [path for path in (leaf.path, former) if path is not None and path in self.baseline.leaves]
        if not paths:
            return leaf
        known: Counter[_Finding] = Counter()
        for path in paths:
            known.update(self.baseline.leaves[path])
        kept = []
        for one in leaf.diagnostics:
            finding = (one.code, fingerprint(one))
            if known[finding] and _can_be_known(one):
                known[finding] -= 1
                self.hidden += 1
            else:
                kept.append(one)
        unreadable = any(one.code.startswith(_UNREADABLE) for one in leaf.diagnostics)
        for path in paths:
            self._left[path] = {
                finding: self._left_of(finding, count, known, path, unreadable=unreadable)
                for finding, count in self.baseline.leaves[path].items()
            }
        return replace(leaf, diagnostics=tuple(kept)) if len(kept) < len(leaf.diagnostics) else leaf

    def _former_path(self, leaf: LeafReport) -> str | None:
        change = leaf.change
        return change.old_path if change is not None and change.kind is ChangeKind.RENAMED else None

    def _left_of(
        self, finding: _Finding, count: int, unseen: Mapping[_Finding, int], path: str, *, unreadable: bool
    ) -> int:
        """How many of a finding's entries stay in the baseline.

        What nobody looked for stays too: rules that are switched off, those that look at all leaves where not all were
        looked at, and all of a leaf that cannot be read just now.
        """
        code = finding[0]
        if not self._reports(path, code) or (code == _ACROSS and self._whole is None):
            return count
        if unreadable and not code.startswith(_UNREADABLE):
            return count
        return count - min(count, unseen.get(finding, 0))

    @property
    def notes(self) -> tuple[str, ...]:
        """What readers of the report should know."""
        if not self.hidden:
            return ()
        count = "1 finding" if self.hidden == 1 else f"{self.hidden:,} findings"
        return (f"{count} not shown: known from the baseline {self.name}.",)

    def remaining(self) -> Baseline:
        """The baseline without what is gone of the leaves that were looked at."""
        vanished: dict[str, dict[_Finding, int]] = {}
        if self._whole is not None:
            vanished = {path: {} for path in self.baseline.leaves if path not in self._left and path not in self._whole}
        return self.baseline.with_leaves({**vanished, **self._left})


# --- reading


def _entries(data: bytes, name: str) -> Iterator[tuple[str, str, str, int]]:
    """The entries of a file, held against its format."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise _broken(name, [("the file is not UTF-8", Span.at(line, column))], Text("")) from error
    shown = Text(text)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        conflict = _CONFLICT.search(text)
        at = conflict.start() if conflict else min(error.pos, len(text))
        reason = "a merge left a conflict here" if conflict else f"this is no JSON: {_uncapitalized(error.msg)}"
        raise _broken(name, [(reason, shown.span(at, at))], shown) from error
    except (RecursionError, ValueError) as error:  # nested too deep, or a number of more than 4,300 digits
        raise _broken(name, [("this is no baseline", Span.at(1, 1))], shown) from error
    if not isinstance(value, dict) or set(value) != {"format_version", "findings"}:
        reason = "a baseline has two members, `format_version` and `findings`"
        raise _broken(name, [(reason, Span.at(1, 1))], shown)
    if value["format_version"] != FORMAT_VERSION or isinstance(value["format_version"], bool):
        reason = f"this version of taxonomy-tools reads baselines whose `format_version` is {FORMAT_VERSION}"
        at = max(text.find('"format_version"'), 0)
        raise _broken(name, [(reason, shown.span(at, at))], shown)
    if not isinstance(value["findings"], list):
        at = max(text.find('"findings"'), 0)
        raise _broken(name, [("`findings` must be a list", shown.span(at, at))], shown)
    wrong = [(index, reason) for index, item in enumerate(value["findings"]) if (reason := _why_no_entry(item))]
    if wrong:
        places = list(_places(text))
        told = [(reason, shown.span(places[index], places[index])) for index, reason in wrong[:_MOST_TOLD]]
        raise _broken(name, told, shown, number=len(wrong))
    for item in value["findings"]:
        yield item["leaf"], item["code"], item["fingerprint"], item["count"]


def _why_no_entry(item: Any) -> str:
    """What is wrong with an entry; empty for one that is right."""
    if not isinstance(item, dict) or set(item) != _MEMBERS:
        return "an entry has the members `leaf`, `code`, `fingerprint` and `count`"
    if not isinstance(item["leaf"], str):
        return "`leaf` must be the path of a leaf"
    if not isinstance(item["code"], str) or not _CODE.fullmatch(item["code"]):
        return "`code` must be the code of a rule"
    if not isinstance(item["fingerprint"], str) or not _FINGERPRINT.fullmatch(item["fingerprint"]):
        return "`fingerprint` must be 32 hexadecimal digits"
    count = item["count"]
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        return "`count` must be a whole number, at least 1"
    return ""


def _places(text: str) -> Iterator[int]:
    """Where the entries of a file begin, whose JSON is right."""
    decoder = json.JSONDecoder()
    at = _skip(text, _skip(text, 0) + 1)
    places: list[int] = []
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "findings" and text[at] == "[":
            places = []
            at = _skip(text, at + 1)
            while text[at] != "]":
                places.append(at)
                _, at = decoder.raw_decode(text, at)
                at = _skip(text, at)
                at = _skip(text, at + 1) if text[at] == "," else at
            at += 1
        else:
            _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    yield from places


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _uncapitalized(message: str) -> str:
    return message[:1].lower() + message[1:]


def _broken(name: str, reasons: Iterable[tuple[str, Span]], text: Text, *, number: int = 1) -> BrokenFile:
    there = "error" if number == 1 else "errors"
    diagnostics = [
        Diagnostic(
            code="",
            name="",
            severity=Severity.ERROR,
            message=reason,
            leaf="",
            file=name,
            span=span,
            frame=text.frame(span) if text.text else (),
        )
        for reason, span in reasons
    ]
    return BrokenFile(f"the baseline {name} has {number:,} {there}.", diagnostics, _HOW)
