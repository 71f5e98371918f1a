"""A leaf node as what it says: the typed view of a document that has been read."""

from collections.abc import Iterator
from dataclasses import dataclass

from taxonomy_tools.content import seed_examples
from taxonomy_tools.document import MAX_BYTES
from taxonomy_tools.errors import TaxonomyError
from taxonomy_tools.layout import LeafKind, leaf_kind

MOST_CHARACTERS = 4 * MAX_BYTES
"""Code points of all texts of a leaf together. Only aliases can make more of a file than it has bytes."""


class NoSeedExample(TaxonomyError):
    """No sample can be made from a leaf: none of its seed examples has all that it needs, or they are too large."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionAnswer:
    """A question with its answer."""

    question: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedExample:
    """A seed example: of a skill one pair, with a context or without (""), of knowledge a context with its pairs."""

    pairs: tuple[QuestionAnswer, ...]
    context: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDocument:
    """Where the text of a knowledge leaf comes from: files of a repository at a commit."""

    repo: str
    commit: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeafNode:
    """A leaf node, from which samples can be made.

    `path` is its folder, relative to the taxonomy. `blob` is the hash of its `qna.yaml` (as Git would have it), and
    `commit` that which holds these bytes, "" where none does yet. `description` is what a skill is about
    (`task_description`), or knowledge (`document_outline`); both and `domain` may be empty.
    """

    path: str
    kind: LeafKind
    blob: str
    commit: str
    description: str
    domain: str
    created_by: str
    seed_examples: tuple[SeedExample, ...]
    document: SourceDocument | None = None


def read_leaf(path: str, data: object, *, blob: str, commit: str) -> LeafNode:
    """A leaf node from its folder and its document's data, which need not follow the schema.

    What is no text counts as missing; texts lose the line ends around them. A seed example without a question and an
    answer is left out, and so is one of knowledge without a context; a grounded skill has a context in at least one.

    Raises:
        NoSeedExample: none is left, or all together they have more than 4 Mi code points.

    """
    kind = leaf_kind(path, data)
    fields = data if isinstance(data, dict) else {}
    knowledge = kind is LeafKind.KNOWLEDGE
    seeds = tuple(_knowledge_seeds(path, data) if knowledge else _skill_seeds(path, data))
    if not seeds or (kind is LeafKind.GROUNDED_SKILL and not any(seed.context for seed in seeds)):
        needs = "a question and an answer" if kind is LeafKind.FREEFORM_SKILL else "a context, a question and an answer"
        raise NoSeedExample(f"{path} has no seed example to make samples from: it needs {needs}.")
    outline = _text(fields.get("document_outline")) if knowledge else ""
    return LeafNode(
        path=path,
        kind=kind,
        blob=blob,
        commit=commit,
        description=outline or _text(fields.get("task_description")),
        domain=_text(fields.get("domain")),
        created_by=_text(fields.get("created_by")),
        seed_examples=seeds,
        document=_document(fields.get("document")) if knowledge else None,
    )


def _skill_seeds(path: str, data: object) -> Iterator[SeedExample]:
    budget = _Budget(path)
    for seed in _mappings(seed_examples(data)):
        pair = _pair(seed, budget)
        if pair is not None:
            yield SeedExample(pairs=(pair,), context=budget.text(seed.get("context")))


def _knowledge_seeds(path: str, data: object) -> Iterator[SeedExample]:
    """The seed examples of knowledge; before version 3 each was a single pair with its context."""
    budget = _Budget(path)
    for seed in _mappings(seed_examples(data)):
        listed = seed.get("questions_and_answers")
        found = (_pair(pair, budget) for pair in (_mappings(listed) if isinstance(listed, list) else [seed]))
        pairs = tuple(pair for pair in found if pair is not None)
        context = budget.text(seed.get("context"))
        if context and pairs:
            yield SeedExample(pairs=pairs, context=context)


class _Budget:
    """Reads texts until they are too many: aliases can repeat a long one a hundred thousand times."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MOST_CHARACTERS

    def text(self, value: object) -> str:
        """The text, "" for what is none."""
        self._left -= len(value) if isinstance(value, str) else 0
        if self._left < 0:
            raise NoSeedExample(
                f"{self._path} is too large to make samples from: with its aliases followed, its seed examples have "
                f"more than {MOST_CHARACTERS:,} characters."
            )
        return _text(value)


def _pair(value: dict[object, object], budget: _Budget) -> QuestionAnswer | None:
    question, answer = budget.text(value.get("question")), budget.text(value.get("answer"))
    return QuestionAnswer(question=question, answer=answer) if question and answer else None


def _document(value: object) -> SourceDocument | None:
    """Where the text is from; None unless all of it is said."""
    fields: dict[object, object] = value if isinstance(value, dict) else {}
    listed = fields.get("patterns")
    patterns = tuple(filter(None, map(_text, listed))) if isinstance(listed, list) else ()
    repo, commit = _text(fields.get("repo")), _text(fields.get("commit"))
    return SourceDocument(repo=repo, commit=commit, patterns=patterns) if repo and commit and patterns else None


def _mappings(values: list[object]) -> Iterator[dict[object, object]]:
    return (value for value in values if isinstance(value, dict))


def _text(value: object) -> str:
    """The text without the line ends around it, as block scalars have one; its first line stays indented."""
    return value.strip("\r\n").rstrip() if isinstance(value, str) else ""
