"""Reads leaves, runs the rules over each by itself, and points findings at their places: what a process of a pool does.

A chunk of leaves is the unit of work: yamllint's processes run while its documents are read and validated. What goes in
and comes out are small records that pickle. Nothing here knows severities, ignores or other leaves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from taxonomy_tools import schemas, yamllint
from taxonomy_tools.content import ContentChange, Difference, compare, seed_examples
from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.diff import ChangeKind, LeafChange, LeafFiles, hashed
from taxonomy_tools.document import Document, Problem, load
from taxonomy_tools.fix import mark_fixable
from taxonomy_tools.ignores import ignores
from taxonomy_tools.layout import ALONE, ATTRIBUTION_FILE, QNA_FILE, LeafKind, Surroundings, leaf_kind, schema_kind
from taxonomy_tools.lines import changed_lines
from taxonomy_tools.rules import LEAF_RULES, too_complex
from taxonomy_tools.rules import yamllint as lint_rule
from taxonomy_tools.rules.base import FileProblem, Finding, LeafRule, Rule, Subject
from taxonomy_tools.rules.masking import masks_of
from taxonomy_tools.rules.similar_question import questions_of
from taxonomy_tools.source import Entry, Source, Unreadable, blob_oid
from taxonomy_tools.standards import DEFAULT, Standards
from taxonomy_tools.verdict import Ignore, Verdict

_EARLY_RULES = tuple(rule for rule in LEAF_RULES if rule is not lint_rule)
"""The rules that do not wait for yamllint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A leaf node to examine: its files on the checked side, what lies around them, and what changed, if compared."""

    path: str
    files: LeafFiles
    change: LeafChange | None = None
    surroundings: Surroundings = ALONE

    @property
    def is_there(self) -> bool:
        """Whether there is something to check: a removed leaf is only told of."""
        return self.change is None or self.change.kind is not ChangeKind.REMOVED


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What an examination goes by.

    `lint_rules` is yamllint's configuration. `object_format` is how the repository hashes ("sha1", "sha256"), empty
    where there is none. `placed` is false where nothing tells the root of the taxonomy (a single file).
    """

    lint_rules: yamllint.Rules
    standards: Standards = DEFAULT
    object_format: str = ""
    placed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What came of one leaf. `files` are its files, with the hashes of what was read (SHA-1 outside of a repository).

    `difference` is None where there are no two documents to compare. `lasting` says that all of it comes from what was
    read: the same bytes give the same again. What could not be read, or took yamllint too long, may do otherwise.
    """

    verdict: Verdict
    files: LeafFiles
    difference: Difference | None = None
    lasting: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Input:
    """A leaf with the content of its files; None for a file that there is none of."""

    leaf: Leaf
    document: bytes | Unreadable | None = None
    attribution: bytes | Unreadable | None = None
    blocked: Unreadable | None = None
    old_document: bytes | Unreadable | None = None


def examine(leaves: Sequence[Leaf], *, new: Source, old: Source | None, terms: Terms, yamllints: int) -> list[Examined]:
    """Examine the leaves of a chunk, with so many processes of yamllint.

    These start on the names alone; the contents are read while they do. Raises TaxonomyError when a check cannot run.
    """
    names = [leaf.files.qna.path for leaf in leaves if leaf.files.qna is not None]
    with yamllint.Runs(names, terms.lint_rules, processes=yamllints) as runs:
        drafts = []
        number = 0
        for item in _read(leaves, new, old):
            draft = _Draft.of(item, terms.standards)
            if item.leaf.files.qna is not None:
                runs.put(number, draft.lintable)
                number += 1
            drafts.append(draft)
        # All that does not wait for yamllint, while it works.
        subjects = [draft.subject(terms) for draft in drafts]
        found = [_examined(draft, subject, terms) for draft, subject in zip(drafts, subjects, strict=True)]
        results = iter(list(runs.results()))
    return [
        _linted(draft, subject, examined, next(results)) if draft.item.leaf.files.qna else examined
        for draft, subject, examined in zip(drafts, subjects, found, strict=True)
    ]


def _read(leaves: Sequence[Leaf], new: Source, old: Source | None) -> Iterator[_Input]:
    """The content of the leaves' files, a leaf at a time."""
    wanted = [[entry for entry in _entries(leaf.files) if entry] for leaf in leaves]
    contents = new.read([entry for entries in wanted for entry in entries])
    before = [_old_document(leaf) for leaf in leaves]
    old_contents = old.read([entry for entry in before if entry]) if old is not None else iter(())
    for leaf, entries, old_entry in zip(leaves, wanted, before, strict=True):
        content = {entry.path: next(contents) for entry in entries}
        files = leaf.files
        blocked = content[files.blocked.path] if files.blocked else None
        yield _Input(
            leaf=leaf,
            document=content[files.qna.path] if files.qna else None,
            attribution=content[files.attribution.path] if files.attribution else None,
            blocked=blocked if isinstance(blocked, Unreadable) else None,
            old_document=next(old_contents, None) if old_entry else None,
        )


def _entries(files: LeafFiles) -> tuple[Entry | None, ...]:
    return files.qna, files.attribution, files.blocked


def _old_document(leaf: Leaf) -> Entry | None:
    """The document before, if it must be read to tell what changed in it."""
    change = leaf.change
    return change.old.document if change is not None and change.old is not None else None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A leaf whose document has been read, or could not be."""

    item: _Input
    document: Document | None
    version: int | None
    problems: tuple[FileProblem, ...]

    @classmethod
    def of(cls, item: _Input, standards: Standards) -> "_Draft":
        document, problems = _load(item.document)
        files = item.leaf.files
        found = [FileProblem(path=files.qna.path, problem=problem) for problem in problems if files.qna]
        for entry, content in ((files.attribution, item.attribution), (files.blocked, item.blocked)):
            if entry is not None and isinstance(content, Unreadable):
                found.append(FileProblem(path=entry.path, problem=_problem(content)))
        data = document.data if document is not None else None
        kind = schema_kind(item.leaf.path, data)
        version = schemas.version_in_force(kind, data, required=standards.schema_version)
        return cls(item=item, document=document, version=version, problems=tuple(found))

    @property
    def lintable(self) -> bytes | None:
        """What yamllint is shown: nothing of a document that the guard refused, or of version 1."""
        linted = self.version is not None and self.version >= 2
        return self.item.document if linted and isinstance(self.item.document, bytes) else None

    def subject(self, terms: Terms) -> Subject:
        """What the rules see, without yamllint's results."""
        leaf, document = self.item.leaf, self.document
        folder = f"{leaf.path}/" if leaf.path else ""
        data = document.data if document is not None else None
        return Subject(
            path=leaf.path,
            document_path=leaf.files.document.path if leaf.files.document else f"{folder}{QNA_FILE}",
            document=document,
            version=self.version,
            violations=tuple(
                schemas.violations(schema_kind(leaf.path, data), data, required=terms.standards.schema_version)
            ),
            lint=(),
            attribution=self.item.attribution if isinstance(self.item.attribution, bytes) else None,
            attribution_path=f"{folder}{ATTRIBUTION_FILE}",
            misnamed=tuple(entry.path for entry in leaf.files.misnamed),
            problems=self.problems,
            kind=_kind(leaf.path, document),
            placed=terms.placed,
            surroundings=leaf.surroundings,
            standards=terms.standards,
        )


def _load(content: bytes | Unreadable | None) -> tuple[Document | None, tuple[Problem, ...]]:
    if content is None:
        return None, ()
    if isinstance(content, Unreadable):
        return None, (_problem(content),)
    loaded = load(content)
    return (loaded, ()) if isinstance(loaded, Document) else (None, loaded)


def _problem(unreadable: Unreadable) -> Problem:
    return Problem(code=unreadable.code, message=unreadable.message)


def _kind(path: str, document: Document | None) -> LeafKind | None:
    if document is not None:
        return leaf_kind(path, document.data)
    kind = leaf_kind(path, None)
    return kind if kind is LeafKind.KNOWLEDGE else None


def _examined(draft: _Draft, subject: Subject, terms: Terms) -> Examined:
    """What came of a leaf but for what yamllint says."""
    item = draft.item
    if item.leaf.is_there:
        verdict = _verdict(draft, subject)
    else:  # what it was, to say of what kind
        verdict = Verdict(kind=_kind(item.leaf.path, _load(item.old_document)[0]))
    contents = (item.document, item.attribution, item.blocked, item.old_document)
    return Examined(
        verdict=verdict,
        files=_with_oids(item, terms.object_format),
        difference=_difference(draft),
        lasting=not any(isinstance(one, Unreadable) for one in contents),
    )


def _verdict(draft: _Draft, subject: Subject) -> Verdict:
    document, content = subject.document, draft.item.document
    return Verdict(
        kind=subject.kind,
        seed_examples=len(seed_examples(document.data)) if document is not None else None,
        lines=content.count(b"\n") + 1 if isinstance(content, bytes) else None,
        diagnostics=_fixable(draft, _diagnose(subject, _EARLY_RULES)),
        ignores=_ignores(document) if document is not None else (),
        questions=questions_of(document) if document is not None else (),
    )


def _ignores(document: Document) -> tuple[Ignore, ...]:
    found, masks = ignores(document), masks_of(document)
    return tuple(replace(one, frame=masks.frame(one.frame)) for one in found) if masks is not None else found


def _linted(
    draft: _Draft, subject: Subject, examined: Examined, lint: yamllint.Findings | yamllint.Failure
) -> Examined:
    """The same, with what yamllint says of the document, or that it says nothing."""
    if not lint or not draft.item.leaf.is_there:
        return examined
    if isinstance(lint, yamllint.Failure):
        problem = FileProblem(path=subject.document_path, problem=Problem(code=too_complex.CODE, message=lint.reason))
        found = _diagnose(replace(subject, problems=(problem,)), (too_complex,))
    else:
        found = _diagnose(replace(subject, lint=lint), (lint_rule,))
    diagnostics = _fixable(draft, _ordered((*examined.verdict.diagnostics, *found)))
    return replace(
        examined,
        verdict=replace(examined.verdict, diagnostics=diagnostics),
        lasting=examined.lasting and not isinstance(lint, yamllint.Failure),
    )


def _fixable(draft: _Draft, diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    content, misnamed = draft.item.document, draft.item.leaf.files.misnamed
    return mark_fixable(
        diagnostics,
        content if isinstance(content, bytes) else None,
        renamable=content is None and len(misnamed) == 1 and misnamed[0].regular,
    )


def _diagnose(subject: Subject, rules: Iterable[LeafRule]) -> Sequence[Diagnostic]:
    """What rules find, in the order of reports."""
    return _ordered(diagnostic_of(rule, finding, subject) for rule in rules for finding in rule.check(subject))


def _ordered(diagnostics: Iterable[Diagnostic]) -> Sequence[Diagnostic]:
    """The order of reports. What an alias repeats is told once: it stands in one place."""
    return sorted(dict.fromkeys(diagnostics), key=lambda diagnostic: diagnostic.sort_key)


def diagnostic_of(rule: Rule, finding: Finding, subject: Subject) -> Diagnostic:
    """A finding with its place: the one spot where a route becomes a line and a column, secrets asterisks."""
    span, frame, message, hint = finding.span, finding.frame, finding.message, finding.hint
    masks = masks_of(subject.document) if subject.document is not None else None
    if subject.document is not None and finding.file is None:
        if finding.route is not None:
            span = subject.document.span(finding.route, finding.on)
        if span is not None and not frame:
            frame = subject.document.text.frame(span)
    if masks is not None:
        if finding.file is None:
            frame = masks.frame(frame)
        message, hint = masks.words(message), masks.words(hint)
    return Diagnostic(
        code=rule.CODE,
        name=rule.NAME,
        severity=finding.severity or rule.SEVERITY,
        message=message,
        leaf=subject.path,
        file=finding.file or subject.document_path,
        span=span,
        hint=hint,
        frame=frame,
    )


def _with_oids(item: _Input, object_format: str) -> LeafFiles:
    """The leaf's files, those that Git has not stored with the hash that it would give to what was read of them."""
    files = item.leaf.files
    return replace(
        files,
        qna=_with_oid(files.qna, item.document, object_format),
        attribution=_with_oid(files.attribution, item.attribution, object_format),
    )


def _with_oid(entry: Entry | None, content: bytes | Unreadable | None, object_format: str) -> Entry | None:
    if entry is None or entry.blob is not None or not isinstance(content, bytes):
        return entry
    return hashed(entry, blob_oid(content, object_format))


def _difference(draft: _Draft) -> Difference | None:
    """What the two versions of the document differ in, of a leaf that has two."""
    change, before, after = draft.item.leaf.change, draft.item.old_document, draft.item.document
    if change is None or change.old is None or change.new is None:
        return None
    lines = changed_lines(before, after) if isinstance(before, bytes) and isinstance(after, bytes) else None
    return Difference(content=_content_change(draft), lines=lines)


def _content_change(draft: _Draft) -> ContentChange | None:
    before, after = draft.item.old_document, draft.item.document
    if isinstance(after, bytes) and before == after:
        return ContentChange()
    old, _ = _load(before)
    new = draft.document
    if old is None or new is None or not (isinstance(old.data, dict) and isinstance(new.data, dict)):
        return None
    return compare(old.data, new.data, attribution=False, document=True)
