"""What a new leaf starts from: its `qna.yaml` and `attribution.txt`, with what is known, and gaps for all else.

A gap is an empty value, which every check takes for an error (TX305). Where values may not repeat each other, it is a
numbered `<TODO ...>` (TX506): five empty seed examples would be complained about as one that is repeated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taxonomy_tools import schemas
from taxonomy_tools.attribution import Field
from taxonomy_tools.layout import KNOWLEDGE_FOLDER, SKILL_FOLDER, LeafKind
from taxonomy_tools.standards import Standards

FIELDS: Mapping[LeafKind, tuple[Field, ...]] = {
    # What contributors wrote themselves has no address: an empty "Link to work:" would ask for one.
    LeafKind.FREEFORM_SKILL: (Field.TITLE, Field.LICENSE, Field.CREATOR),
    LeafKind.GROUNDED_SKILL: (Field.TITLE, Field.LINK, Field.LICENSE, Field.CREATOR),
    LeafKind.KNOWLEDGE: (Field.TITLE, Field.LINK, Field.REVISION, Field.LICENSE, Field.CREATOR),
}
"""What the attribution of each kind of leaf asks for. A skill names a link where there is one."""

# Words that begin with a letter, and nothing between them that YAML could take for more than a character.
_PLAIN = re.compile(r"[A-Za-z][\w./+-]*(?:[ ,;()'!]{1,2}[\w./+()'!-]+)*", re.ASCII)
_URL = re.compile(r"https?://[\w./@~+%=-]+", re.ASCII)
# What YAML 1.1 reads as something other than text, as far as it begins with a letter.
_WORDS = frozenset("y n yes no on off true false null".split())
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of a leaf before it is written; what is empty is left to be written."""

    created_by: str = ""
    task_description: str = ""
    domain: str = ""
    document_outline: str = ""
    repo: str = ""
    commit: str = ""
    patterns: Sequence[str] = ()


def version_for(kind: LeafKind, standards: Standards) -> int:
    """The version that a new leaf follows: the one that the configuration requires, else the newest of its kind."""
    versions = schemas.versions(_schema(kind))
    required = standards.schema_version
    return required if isinstance(required, int) and required in versions else max(versions)


def document(kind: LeafKind, known: Known, standards: Standards) -> str:
    """The text of a `qna.yaml` of that kind: all keys in upstream's order, and as many examples as are due."""
    lines = _knowledge(known, standards) if kind is LeafKind.KNOWLEDGE else _skill(kind, known, standards)
    return "".join(f"{line}\n" for line in lines)


def attribution(kind: LeafKind, values: Mapping[Field, str]) -> str:
    """The text of an `attribution.txt`: a line a field, those that are known with their value."""
    fields = [field for field in Field if field in FIELDS[kind] or values.get(field)]
    lines = (f"{field.value}: {' '.join(values.get(field, '').split())}".rstrip() for field in fields)
    return "".join(f"{line}\n" for line in lines)


def scalar(text: str) -> str:
    """Text as one line of YAML that every reader takes for that text; nothing for none."""
    plain = _PLAIN.fullmatch(text) or _URL.fullmatch(text)
    if not text or (plain and text.lower() not in _WORDS):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"


def _schema(kind: LeafKind) -> str:
    return KNOWLEDGE_FOLDER if kind is LeafKind.KNOWLEDGE else SKILL_FOLDER


def _least(kind: LeafKind, *route: str) -> int:
    """How many items a list must have, as the newest schema says at a route: older ones ask for fewer, or as many."""
    schema: object = schemas.load(_schema(kind), max(schemas.versions(_schema(kind))))
    for key in (*route, "minItems"):
        schema = schema.get(key) if isinstance(schema, dict) else None
    return schema if isinstance(schema, int) else 1


def _head(kind: LeafKind, standards: Standards) -> Iterator[str]:
    yield f"# What belongs where: taxonomy schema {_schema(kind)}. Comments may be removed."
    yield f"version: {version_for(kind, standards)}"


def _pair(key: str, value: str) -> str:
    return f"{key}: {scalar(value)}".rstrip()


def _skill(kind: LeafKind, known: Known, standards: Standards) -> Iterator[str]:
    number = _least(kind, "properties", "seed_examples")
    grounded = kind is LeafKind.GROUNDED_SKILL
    yield from _head(kind, standards)
    yield "# Your user name on GitHub."
    yield _pair("created_by", known.created_by)
    yield "# What the model is to learn, in a sentence: the teacher model reads it."
    yield _pair("task_description", known.task_description)
    yield f"# At least {number} pairs, each of another sort; all together at most {standards.skill_words} words."
    if grounded:
        yield "# The context is the text that the question is about."
    yield "# Text of several lines: put a | after the colon and indent the lines below."
    yield "seed_examples:"
    for index in range(1, number + 1):
        if grounded:
            yield "  - context: |"
            yield f"      <TODO context {index}>"
        yield f"  {' ' if grounded else '-'} question: <TODO question {index}>"
        yield "    answer:"


def _knowledge(known: Known, standards: Standards) -> Iterator[str]:
    kind = LeafKind.KNOWLEDGE
    number = _least(kind, "properties", "seed_examples")
    pairs = _least(kind, "$defs", "seed_example", "properties", "questions_and_answers")
    yield from _head(kind, standards)
    yield "# Your user name on GitHub."
    yield _pair("created_by", known.created_by)
    yield "# The field that the facts belong to, as short as the title of a chapter."
    yield _pair("domain", known.domain)
    yield f"# At least {number} passages of the document, of at most {standards.context_words} words each,"
    yield f"# with at least {pairs} questions that the passage answers; one with its answer at most"
    yield f"# {standards.pair_words} words. Text of several lines: put a | after the colon and indent the lines below."
    yield "seed_examples:"
    for index in range(1, number + 1):
        yield "  - context: |"
        yield f"      <TODO context {index}>"
        yield "    questions_and_answers:"
        for inner in range(1, pairs + 1):
            yield f"      - question: <TODO question {index}.{inner}>"
            yield "        answer:"
    yield "# What the document is about, in a sentence or two."
    yield _pair("document_outline", known.document_outline)
    yield "# Where the document lies: Markdown or PDF files in a public Git repository, at one commit."
    yield "document:"
    yield f"  {_pair('repo', known.repo)}"
    yield "  # All 40 digits."
    yield f"  {_pair('commit', known.commit)}"
    yield '  # Its files: paths, or patterns like "*.md".'
    yield "  patterns:"
    for pattern in known.patterns or ("",):
        yield f"    - {scalar(pattern)}".rstrip()
