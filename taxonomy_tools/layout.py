"""Which paths of a taxonomy are leaf files, and what kind of leaf a path is.

Paths are relative to the taxonomy's root, with `/` between folders, as Git gives them. A name that is not valid
UTF-8 is held as `os.fsdecode` holds it (PEP 383).
"""

from dataclasses import dataclass
from enum import Enum
from posixpath import basename, dirname

QNA_FILE = "qna.yaml"
ATTRIBUTION_FILE = "attribution.txt"
SKILL_FOLDER = "compositional_skills"
KNOWLEDGE_FOLDER = "knowledge"
TAXONOMY_FOLDERS = (SKILL_FOLDER, "foundational_skills", KNOWLEDGE_FOLDER)
_MISNAMED = frozenset({"qna.yaml", "qna.yml"})


class LeafKind(Enum):
    """What a leaf node teaches (InstructLab's taxonomy README names the three)."""

    FREEFORM_SKILL = "freeform skill"
    GROUNDED_SKILL = "grounded skill"
    KNOWLEDGE = "knowledge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What lies around a leaf node, as far as rules look. All paths are relative to the taxonomy, and sorted.

    `outer` are the leaves whose folders this one lies in, the nearest last, and `inner` those that lie in its folder.
    `strays` are files in its folder that no leaf has use for. `twins` are paths that differ from one of the leaf's own,
    or from its folder, only in case or in how Unicode composes letters. `ignored` are those of the leaf's files that
    are there but that Git ignores.
    """

    outer: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


ALONE = Surroundings()


def is_misnamed(path: str) -> bool:
    """Whether the file would be a leaf's `qna.yaml` but for its name (`qna.yml`, `QNA.YAML`)."""
    name = basename(path)
    return name != QNA_FILE and name.casefold() in _MISNAMED


def is_leaf_file(path: str) -> bool:
    """Whether the file belongs to a leaf: `qna.yaml`, misnamed or not, or `attribution.txt`."""
    return basename(path) in (QNA_FILE, ATTRIBUTION_FILE) or is_misnamed(path)


def leaf_of(path: str) -> str:
    """The leaf node, a folder, that a leaf file belongs to (`""` for one at the taxonomy's root)."""
    return dirname(path)


def in_taxonomy(path: str) -> bool:
    """Whether the path lies in one of the folders that make up a taxonomy."""
    return path.split("/", 1)[0] in TAXONOMY_FOLDERS and "/" in path


def schema_kind(leaf: str, data: object) -> str:
    """The schema that a leaf's document must follow: "compositional_skills" or "knowledge".

    instructlab-schema 0.4.2 goes by the top folder; anywhere else a `document` key makes it knowledge.
    """
    top = leaf.split("/", 1)[0]
    if top in (SKILL_FOLDER, KNOWLEDGE_FOLDER):
        return top
    return KNOWLEDGE_FOLDER if isinstance(data, dict) and "document" in data else SKILL_FOLDER


def leaf_kind(leaf: str, data: object) -> LeafKind:
    """The kind of a leaf: knowledge by its schema, and a skill is grounded when a seed example has a context."""
    if schema_kind(leaf, data) == KNOWLEDGE_FOLDER:
        return LeafKind.KNOWLEDGE
    seeds = data.get("seed_examples") if isinstance(data, dict) else None
    grounded = isinstance(seeds, list) and any(isinstance(seed, dict) and "context" in seed for seed in seeds)
    return LeafKind.GROUNDED_SKILL if grounded else LeafKind.FREEFORM_SKILL
