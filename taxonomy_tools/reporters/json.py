"""The report as one JSON document, described by `schema/report.schema.json`.

It is plain ASCII, so that it can be printed anywhere and nothing in it acts on a terminal. A name whose bytes are not
UTF-8 is given twice: readable, with U+FFFD for what is not text, and beside it its bytes in base64 (`path_base64`).
"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import TextIO, TypeAlias

from taxonomy_tools import __version__
from taxonomy_tools.content import ContentChange
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import LeafFiles
from taxonomy_tools.report import Comparison, LeafReport, Summary
from taxonomy_tools.reporters.base import Appearance
from taxonomy_tools.source import Entry

FORMAT_VERSION = 1
Json: TypeAlias = dict[str, "Json"] | Sequence["Json"] | str | int | bool | None
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonReporter:
    """Writes the document when all is known: a run that fails leaves no half of one behind."""

    def __init__(self, stream: TextIO, _appearance: Appearance) -> None:
        self._stream = stream
        self._comparison: dict[str, Json] = {}
        self._contribution: list[Json] = []
        self._leaves: list[str] = []

    def start(self, comparison: Comparison) -> None:
        """Keep what is compared."""
        self._comparison = comparison_object(comparison)

    def contribution(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep them, as what they become."""
        self._contribution = [commit_object(diagnostic) for diagnostic in diagnostics]

    def leaf(self, leaf: LeafReport) -> None:
        """Keep the leaf as the text that it becomes, which is smaller than its objects."""
        self._leaves.append(dump(leaf_object(leaf)))

    def finish(self, summary: Summary, notes: Sequence[str]) -> None:
        """Write the document: a line a leaf, so that two reports can be compared line by line."""
        tool: dict[str, Json] = {"name": "taxonomy-tools", "version": __version__}
        leaves = ",".join(f"\n    {leaf}" for leaf in self._leaves)
        members = {
            "format_version": dump(FORMAT_VERSION),
            "tool": dump(tool),
            "comparison": dump(self._comparison),
            "leaves": f"[{leaves}\n  ]" if leaves else "[]",
            "contribution": dump(self._contribution),
            "notes": dump([readable(note) for note in notes]),
            "summary": dump(summary_object(summary)),
        }
        body = ",\n".join(f'  "{name}": {value}' for name, value in members.items())
        self._stream.write(f"{{\n{body}\n}}\n")
        self._stream.flush()


def dump(value: Json) -> str:
    """One line of ASCII."""
    # `##[` stands in strings alone. In a log of GitHub's it would be a workflow command, wherever in a line it is.
    return json.dumps(value, ensure_ascii=True, allow_nan=False).replace("##[", "#\\u0023[")


def readable(text: str) -> str:
    """Text with U+FFFD in the place of lone surrogates, which JSON could carry but few readers accept."""
    return _SURROGATE.sub("\ufffd", text)


def comparison_object(comparison: Comparison) -> dict[str, Json]:
    """What was compared; null where there is nothing to say."""
    return {
        "head": readable(comparison.head),
        "base": readable(comparison.base) or None,
        "reason": readable(comparison.reason) or None,
        "base_commit": comparison.base_commit or None,
        "start": comparison.start or None,
        "direct": comparison.direct,
        "behind": comparison.behind,
    }


def leaf_object(leaf: LeafReport) -> dict[str, Json]:
    """One leaf: what it is, what changed in it, and what is wrong with it."""
    change = leaf.change
    return {
        **_name("path", leaf.path),
        "kind": leaf.kind.value if leaf.kind else None,
        "change": change.kind.value if change else None,
        **_name("old_path", change.old_path if change else None),
        "blobs": {
            "before": _files_object(change.old if change else None),
            "after": _files_object(change.new if change else leaf.files),
        },
        "content": _content_object(leaf.content) if leaf.content else None,
        "seed_examples": leaf.seed_examples,
        "diagnostics": [
            diagnostic_object(diagnostic)
            for diagnostic in sorted(leaf.diagnostics, key=lambda diagnostic: diagnostic.sort_key)
        ],
    }


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Json]:
    """One thing that is wrong. `span` is null where the whole file is meant, `hint` where there is none."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "message": readable(diagnostic.message),
        **_name("file", diagnostic.file),
        "span": {
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        }
        if span
        else None,
        "hint": readable(diagnostic.hint) or None,
        "fixable": diagnostic.fixable,
    }


def commit_object(diagnostic: Diagnostic) -> dict[str, Json]:
    """One thing that is wrong with a commit: it has no place in a file."""
    whole = diagnostic_object(diagnostic)
    return {name: whole[name] for name in ("code", "name", "severity", "message", "hint")}


def summary_object(summary: Summary) -> dict[str, Json]:
    """The counts. `changes` has only the kinds of change that occurred."""
    return {
        "leaves": summary.leaves,
        "changes": dict(summary.changes),
        "errors": summary.errors,
        "warnings": summary.warnings,
        "infos": summary.infos,
        "fixable": summary.fixable_errors + summary.fixable_warnings + summary.fixable_infos,
    }


def _files_object(files: LeafFiles | None) -> dict[str, Json] | None:
    if files is None:
        return None
    return {
        "qna": _entry_object(files.qna) if files.qna else None,
        "attribution": _entry_object(files.attribution) if files.attribution else None,
        "misnamed": [_entry_object(entry) for entry in files.misnamed],
    }


def _entry_object(entry: Entry) -> dict[str, Json]:
    return {**_name("path", entry.path), "mode": f"{entry.mode:06o}", "oid": entry.oid}


def _content_object(content: ContentChange) -> dict[str, Json]:
    return {
        "added": content.added,
        "removed": content.removed,
        "edited": [
            {"old": edit.old, "new": edit.new, "fields": [readable(field) for field in edit.fields]}
            for edit in content.edited
        ],
        "fields": [readable(field) for field in content.fields],
        "attribution": content.attribution,
        "layout_only": content.layout_only,
    }


def _name(key: str, name: str | None) -> dict[str, Json]:
    """A path under its key, and its bytes under another where they are not UTF-8."""
    if name is None or not _SURROGATE.search(name):
        return {key: name}
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte: only Windows has such names
        raw = name.encode("utf-8", "surrogatepass")
    return {key: readable(name), f"{key}_base64": b64encode(raw).decode("ascii")}
