"""Which paths of a taxonomy are leaf files, and what kind of leaf a path is.

Paths are relative to the taxonomy's root, with `/` between folders, as Git gives them. A name that is not valid
UTF-8 is held as `os.fsdecode` holds it (PEP 383).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from posixpath import basename, dirname
from unicodedata import normalize

QNA_FILE = "qna.yaml"
ATTRIBUTION_FILE = "attribution.txt"
SKILL_FOLDER = "compositional_skills"
KNOWLEDGE_FOLDER = "knowledge"
GROUNDED_FOLDER = f"{SKILL_FOLDER}/grounded"
TAXONOMY_FOLDERS = (SKILL_FOLDER, "foundational_skills", KNOWLEDGE_FOLDER)
LONGEST_NAME = 255
"""Bytes of a name (of a file, of a folder) that file systems take."""
_MISNAMED = frozenset({"qna.yaml", "qna.yml"})


class LeafKind(Enum):
    """What a leaf node teaches (InstructLab's taxonomy README names the three)."""

    FREEFORM_SKILL = "freeform skill"
    GROUNDED_SKILL = "grounded skill"
    KNOWLEDGE = "knowledge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What lies around a leaf node, as far as rules look. All paths are relative to the taxonomy, and sorted.

    `outer` is the nearest leaf in whose folder this one lies, and `inner` those in its folder that lie in no other leaf
    of it: of leaves in leaves in leaves, each knows its neighbours. `strays` are files at or below its folder that no
    leaf has use for. `twins` are paths that differ from one of the leaf's files, from its folder or from one above,
    only in case or in how Unicode composes letters. `ignored` are those of the leaf's files that are there but that Git
    ignores.
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


def in_taxonomy(path: str, folders: Sequence[str] = TAXONOMY_FOLDERS) -> bool:
    """Whether the path lies in one of the folders that make up a taxonomy."""
    return any(path.startswith(f"{folder}/") for folder in folders)


def fold(name: str) -> str:
    """What names have in common that are one name to a file system which minds neither case nor composition.

    Unicode's canonical caseless match (The Unicode Standard, 3.13, D145), as APFS and ext4's casefold have it.
    """
    if name.isascii():
        return name.lower()
    if len(name) > LONGEST_NAME:  # normalizing is quadratic in the marks on one letter; no file system takes the name
        return name.casefold()
    return normalize("NFD", normalize("NFD", name).casefold())


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
