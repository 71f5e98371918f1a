"""What is found when leaves are compared with each other: known of a whole run, or found leaf by leaf.

A finding depends on every leaf before its own, so what is kept is kept for a run as a whole, under all its leaves.
"""

from collections.abc import Iterator, Sequence

from taxonomy_tools.diagnostics import Diagnostic
from taxonomy_tools.document import Document, load
from taxonomy_tools.examine import Leaf
from taxonomy_tools.recall import Query, Recall
from taxonomy_tools.rules import similar_question
from taxonomy_tools.rules.base import Finding
from taxonomy_tools.rules.masking import masks_of
from taxonomy_tools.rules.similar_question import Questions
from taxonomy_tools.source import Source
from taxonomy_tools.verdict import Verdict


class Across:
    """The findings across the leaves of a run, asked for in the order of their paths."""

    def __init__(self, queries: Sequence[Query], *, source: Source, similarity: float, recall: Recall) -> None:
        self._source = source
        self._recall = recall
        self._key = recall.across(queries, similarity)
        self._known = recall.find_across(self._key)
        self._found: dict[str, tuple[Diagnostic, ...]] = {}
        self._questions = Questions(similarity)

    @property
    def needs_questions(self) -> bool:
        """Whether leaves must be compared, for which their questions are needed."""
        return self._known is None

    def of(self, leaf: Leaf, verdict: Verdict) -> tuple[Diagnostic, ...]:
        """What is found of a leaf that is there, with what its verdict knows of it."""
        if self._known is not None:
            return self._known.get(leaf.path, ())
        findings = list(similar_question.findings(self._questions, leaf.path, verdict.questions))
        if findings:
            self._found[leaf.path] = tuple(self._diagnostics(leaf, findings))
        return self._found.get(leaf.path, ())

    def keep(self) -> None:
        """Keep what was found: to be called when all leaves are through."""
        if self._known is None:
            self._recall.keep_across(self._key, self._found)

    def _diagnostics(self, leaf: Leaf, findings: Sequence[Finding]) -> Iterator[Diagnostic]:
        """The findings with the lines that they stand on: the document is read for them, once more."""
        entry = leaf.files.qna
        content = next(self._source.read([entry]), None) if entry is not None else None
        document = load(content) if isinstance(content, bytes) else None
        text = document.text if isinstance(document, Document) else None
        masks = masks_of(document) if isinstance(document, Document) else None
        for finding in findings:
            frame = text.frame(finding.span) if text is not None and finding.span is not None else ()
            yield Diagnostic(
                code=similar_question.CODE,
                name=similar_question.NAME,
                severity=similar_question.SEVERITY,
                message=finding.message,
                leaf=leaf.path,
                file=entry.path if entry is not None else leaf.path,
                span=finding.span,
                hint=finding.hint,
                frame=masks.frame(frame) if masks is not None else frame,
            )
