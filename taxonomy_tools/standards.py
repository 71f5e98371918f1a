"""What the rules go by where taxonomies may differ: a value that the configuration makes and every leaf is held to."""

from dataclasses import dataclass
from typing import Literal

from taxonomy_tools.layout import TAXONOMY_FOLDERS

ALLOWED_LICENSES = (
    "Apache-2.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "MIT",
)
"""SPDX identifiers of what upstream accepts for third-party content, besides the public domain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standards:
    """What a configuration may set of what rules read. The defaults are upstream's (its contribution guidelines).

    `taxonomy_folders` are the top folders that hold leaves. `schema_version` is the version of the schema that a
    document must follow: its own, the newest of its kind, or a number. `licenses` are SPDX identifiers. The limits
    count words: of all pairs of a skill together, of one context of knowledge, of one question with its answer.
    `similarity` is the share of two questions, from 0 to 1, from which on they are too much alike (TX502).
    """

    taxonomy_folders: tuple[str, ...] = TAXONOMY_FOLDERS
    schema_version: Literal["document", "latest"] | int = "document"
    licenses: tuple[str, ...] = ALLOWED_LICENSES
    skill_words: int = 2300
    context_words: int = 500
    pair_words: int = 250
    similarity: float = 0.9


DEFAULT = Standards()
