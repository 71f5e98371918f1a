"""What a taxonomy's `.taxonomy-tools.yaml` says, and what is in force: command line, environment, file, defaults."""

from dataclasses import dataclass
from typing import ClassVar

from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.standards import Standards
from taxonomy_tools.yamllint import Rules

CONFIG_FILE = ".taxonomy-tools.yaml"
"""The name of the file, at the taxonomy's root."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleChoice:
    """Which rules report, and how severely.

    Each code names a rule (`TX505`) or a family of rules (`TX5`: those whose codes begin so, however it was written);
    all are known and in capitals. Without `select` all rules report, with it those alone, but for what `ignore` takes
    away. `severity` pairs codes with what replaces the rules' own severity; no code comes twice.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A choice for some leaves: for those whose path one of the patterns matches (`matches`).

    Its `select` adds to what reports there, its `ignore` takes away, its `severity` replaces. Of two overrides that
    speak of the same code, the later wins.
    """

    paths: tuple[str, ...]
    choice: RuleChoice


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is in force, from all places together.

    `base` is what the file names as the base, None where it names none. `fail_on` is a severity's name or "never".
    `baseline` is the path of the baseline file relative to the taxonomy, None for the default one. `guarded` says that
    a change is judged which may not judge itself (in CI, against a base): the config is then the base's, and what files
    say to be spared counts less.
    """

    DEFAULT: ClassVar["Config"]

    base: str | None = None
    choice: RuleChoice = RuleChoice()
    overrides: tuple[Override, ...] = ()
    standards: Standards = Standards()
    lint_rules: Rules = Rules.DEFAULT
    fail_on: str = "error"
    baseline: str | None = None
    guarded: bool = False


Config.DEFAULT = Config()
