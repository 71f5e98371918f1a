"""What a taxonomy's `.taxonomy-tools.yaml` says: read, held to its schema, and turned into records.

Everything that is wrong with a file is said at once, each with its place, as it is of a leaf: through the same reading
(`document`) and the same schemas. What is in force in the end, with command line and environment, `settle` says.
"""

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import ClassVar, Literal, TypeAlias

import yaml

from taxonomy_tools import schemas
from taxonomy_tools.beneath import in_git_folder
from taxonomy_tools.diagnostics import Diagnostic, FrameLine, Severity, Span
from taxonomy_tools.document import Document, Route, load
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.glob import matches, why_no_pattern
from taxonomy_tools.layout import is_leaf_file
from taxonomy_tools.licenses import PUBLIC_DOMAIN, identifier_of, meant_by
from taxonomy_tools.rules import RULES
from taxonomy_tools.rules.base import name_of, quote
from taxonomy_tools.schemas import Violation
from taxonomy_tools.standards import DEFAULT as UPSTREAM
from taxonomy_tools.standards import Standards
from taxonomy_tools.yamllint import Rules

CONFIG_FILE = ".taxonomy-tools.yaml"
"""The name of the file, at the taxonomy's root."""
BASELINE_FILE = ".taxonomy-baseline.json"
"""Where the baseline is looked for if the configuration names no other file."""
FAIL_ON = (*(severity.value for severity in Severity if severity is not Severity.OFF), "never")
NUMBERS = tuple(sorted({number for kind in schemas.KINDS for number in schemas.versions(kind)}))
"""The versions that there are, of one kind of leaf or another."""
SCHEMA_VERSIONS = ("document", "latest")

_SHORT = 40
"""Characters of a scalar that a hint repeats."""
_SEVERAL = re.compile(r"\s(?:OR|AND)\s|,", re.IGNORECASE)
_WORDS_ABOUT_LEAVES = ((": a leaf is one", ": a config is one"), (": split the leaf", ""), ("split the leaf", ""))
_FAMILY = re.compile(r"(TX[0-9])(?:XX)?\Z")


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
    """A choice for some leaves: for those whose path one of the patterns matches.

    Its `select` adds to what reports there, its `ignore` takes away, its `severity` replaces. Of two overrides that
    speak of the same code, the later wins.
    """

    paths: tuple[str, ...]
    choice: RuleChoice

    def matches(self, leaf: str) -> bool:
        """Whether the override is for a leaf, by its path."""
        return any(matches(pattern, leaf) for pattern in self.paths)


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """Defaults for making sample data; None where nothing is set. `hosts` are the addresses of Ollama servers.

    `judge` says whether a model judges the samples, or which.
    """

    model: str | None = None
    hosts: tuple[str, ...] = ()
    samples_per_leaf: int | None = None
    num_ctx: int | None = None
    temperature: float | None = None
    seed: int | None = None
    output_dir: str | None = None
    output_format: str | None = None
    parallel: int | None = None
    judge: str | bool | None = None


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
    standards: Standards = UPSTREAM
    lint_rules: Rules = Rules.DEFAULT
    fail_on: str = "error"
    baseline: str | None = None
    generate: Generation = Generation()
    guarded: bool = False


Config.DEFAULT = Config()


@dataclass(frozen=True, kw_only=True, slots=True)
class InlineRules:
    """A yamllint configuration that stands in the file itself, as YAML."""

    content: str


Value: TypeAlias = str | int | float | bool | Severity | tuple[str, ...] | tuple[Override, ...] | InlineRules | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One key with its value, and where that comes from: `.taxonomy-tools.yaml:3`, `TAXONOMY_FAIL_ON`, `--fail-on`.

    Keys inside of others are joined by dots: `limits.skill_words`, `severity.TX5`.
    """

    key: str
    value: Value
    origin: str


class BrokenFile(TaxonomyError):
    """A file of ours says what it cannot mean. `diagnostics` are all the reasons, in order, each with its place."""

    def __init__(self, message: str, diagnostics: Iterable[Diagnostic], *remedies: Remedy) -> None:
        super().__init__(message, *remedies)
        self.diagnostics = tuple(sorted(diagnostics, key=lambda one: one.sort_key))

    def __str__(self) -> str:
        """The message, and below it a line a reason."""
        return "\n".join([self.message, *(f"{place_of(one)}: {one.message}" for one in self.diagnostics)])


def place_of(diagnostic: Diagnostic) -> str:
    """`file:line:column` of a diagnostic, as far as it has them."""
    span = diagnostic.span
    return f"{diagnostic.file}:{span.line}:{span.column}" if span else diagnostic.file


# --- codes


@cache
def _codes() -> Mapping[str, str]:
    """Each code of a rule and of a family, as it is kept, and each name of a rule with its code."""
    codes = {rule.CODE: rule.CODE for rule in RULES}
    families = {code[:3]: code[:3] for code in codes}
    return {**codes, **families}


def code_of(text: str) -> str | None:
    """The rule (`TX505`) or family (`TX5`) that a code as written names (`tx505`, `TX5xx`), None if there is none."""
    code = text.strip().upper()
    family = _FAMILY.match(code)
    return _codes().get(family[1] if family else code)


def what_is_wrong_with_code(text: str) -> tuple[str, str]:
    """Why a text is no code, for `code_of` gave none: a message, and the shortest mend."""
    if not text.strip():
        return "a code is empty", "write a code, or remove the comma"
    name = next((rule for rule in RULES if text.strip().lower() == rule.NAME), None)
    if name is not None:
        return f"{quote(text)} is the name of a rule: its code is {name.CODE}", f"write {name.CODE}"
    if _FAMILY.match(text.strip().upper()):
        families = ", ".join(dict.fromkeys(f"{rule.CODE[:3]}xx" for rule in RULES))
        return f"there are no rules {quote(text)}: the families are {families}", ""
    # Of fewer than three characters, any family would be meant.
    close = get_close_matches(text.strip().upper()[:20], _codes(), n=1) if len(text.strip()) > len("TX") else ()
    if close:
        return f"there is no rule {quote(text)}: did you mean {close[0]}?", f"write {close[0]}"
    return f"there is no rule {quote(text)}: `taxonomy rule` lists them", ""


# --- files


def read(content: bytes, name: str) -> tuple[Setting, ...]:
    """What a config file sets, in the order of the schema's keys. `name` is the file's, for messages and origins.

    A file without a key sets nothing. Raises BrokenFile with all that is wrong with it.
    """
    loaded = load(content)
    if isinstance(loaded, Document):
        return _Reader(loaded, name).read()
    if [problem.code for problem in loaded] == ["TX004"]:
        return ()
    raise _broken(
        name,
        [
            _diagnostic(
                name,
                _of_a_config(problem.message),
                span=problem.span,
                hint=_of_a_config(problem.hint),
                frame=problem.frame,
            )
            for problem in loaded
        ],
    )


def _of_a_config(words: str) -> str:
    """What is said of a document, which is a leaf otherwise, as it is said of a config."""
    for of_a_leaf, of_a_config in _WORDS_ABOUT_LEAVES:
        words = words.replace(of_a_leaf, of_a_config)
    return words


def _broken(name: str, diagnostics: Sequence[Diagnostic]) -> BrokenFile:
    there = "error" if len(diagnostics) == 1 else "errors"
    return BrokenFile(
        f"the config {name} has {len(diagnostics):,} {there}.",
        diagnostics,
        Remedy("What each key means:", "taxonomy schema config"),
    )


def _diagnostic(
    name: str, message: str, *, span: Span | None = None, hint: str = "", frame: tuple[FrameLine, ...] = ()
) -> Diagnostic:
    return Diagnostic(
        code="",
        name="",
        severity=Severity.ERROR,
        message=message,
        leaf="",
        file=name,
        span=span,
        hint=hint,
        frame=frame,
    )


class _Reader:
    """Turns the data of a file into settings, and notes what has no meaning.

    What is of another shape than the schema says is only passed over here: the schema itself then says what is wrong
    (it takes a tenth of a second to start, and most files are right).
    """

    def __init__(self, document: Document, name: str) -> None:
        self._document = document
        self._name = name
        self._settings: list[Setting] = []
        self._diagnostics: list[Diagnostic] = []
        self._is_misshapen = False

    def read(self) -> tuple[Setting, ...]:
        """The settings. Raises BrokenFile."""
        data = self._document.data
        if not isinstance(data, dict):
            message = f"the config must be keys with values, but it is {schemas.describe_type(data)}"
            self._complain((), message, hint="write a key and a value: `fail_on: warning`")
            raise _broken(self._name, self._diagnostics)
        for key, span in self._document.repeated_keys():
            self._note(f"{quote(key)} stands here a second time", span, hint="put both together, or remove one")
        self._take(_KEYS, data, ())
        if self._is_misshapen:
            for violation in schemas.format_violations("config", data):
                message, hint = _worded(violation, self._document)
                self._complain(violation.route, message, on=violation.on, hint=hint)
        if self._diagnostics:
            raise _broken(self._name, self._diagnostics)
        return tuple(self._settings)

    def _take(self, keys: "Mapping[str, _Take]", data: Mapping[object, object], route: Route) -> None:
        """Read each of the keys that is there; the schema says what it thinks of others."""
        self._is_misshapen |= not all(isinstance(key, str) and key in keys for key in data)
        for key, take in keys.items():
            if key in data:
                take(self, data[key], (*route, key))

    def _set(self, route: Route, value: Value, *, key: str = "") -> None:
        """Note the value of a key, which is the route unless it is given."""
        line = self._document.span(route, "key").line
        key = key or ".".join(str(step) for step in route)
        self._settings.append(Setting(key=key, value=value, origin=f"{self._name}:{line}"))

    def _complain(self, route: Route, message: str, *, on: Literal["key", "value"] = "value", hint: str = "") -> None:
        self._note(message, self._document.span(route, on), hint=hint)

    def _note(self, message: str, span: Span, *, hint: str = "") -> None:
        frame = self._document.text.frame(span)
        self._diagnostics.append(_diagnostic(self._name, message, span=span, hint=hint, frame=frame))

    # Shapes. Each gives None for what is of another shape.

    def _text(self, value: object) -> str | None:
        if isinstance(value, str) and value:
            return value
        self._is_misshapen = True
        return None

    def _texts(self, value: object, route: Route) -> list[tuple[Route, str]]:
        """The texts of a list, or the one that stands in its place, each with its route."""
        if isinstance(value, str):
            return [(route, text) for text in [self._text(value)] if text]
        if not isinstance(value, list):
            self._is_misshapen = True
            return []
        texts = [((*route, index), self._text(item)) for index, item in enumerate(value)]
        return [(place, text) for place, text in texts if text]

    def _number(self, value: object, least: float, most: float, *, whole: bool) -> int | float | None:
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            if not whole:
                return float(value)
            if value == int(value):
                return int(value)
        self._is_misshapen = True
        return None

    # Keys

    def take_text(self, value: object, route: Route) -> None:
        """A text."""
        if (text := self._text(value)) is not None:
            self._set(route, text)

    def take_path(self, value: object, route: Route) -> None:
        """A path that can be one."""
        text = self._text(value)
        if text is not None and (reason := _why_no_path(text)):
            self._complain(route, f"{name_of(route)} is no path of a file: it {reason}")
        elif text is not None:
            self._set(route, text)

    def take_baseline(self, value: object, route: Route) -> None:
        """A path in the taxonomy."""
        text = self._text(value)
        if text is None:
            return
        path = posixpath.normpath(text)
        reason = _why_no_path(text) or _why_not_beneath(path) or _why_no_baseline(path)
        if reason:
            self._complain(route, f"{name_of(route)} must be a file of the taxonomy: {quote(text)} {reason}")
        else:
            self._set(route, path)

    def take_choice(self, choices: Sequence[str | int], value: object, route: Route) -> None:
        """One of some values."""
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value in choices:
            # The choice itself, since 3.0 is the whole number 3 to a schema.
            self._set(route, choices[choices.index(value)])
        else:
            self._is_misshapen = True

    def take_number(self, least: float, most: float, value: object, route: Route, *, whole: bool = True) -> None:
        """A number within limits."""
        if (number := self._number(value, least, most, whole=whole)) is not None:
            self._set(route, number)

    def take_folders(self, value: object, route: Route) -> None:
        """The names of folders."""
        folders = self._texts(value, route)
        self._is_misshapen |= not isinstance(value, list) or not value or len({it for _, it in folders}) < len(folders)
        for place, folder in folders:
            if folder in (".", "..", ".git") or "/" in folder or "\\" in folder or _why_no_path(folder):
                self._complain(place, f"{quote(folder)} is not the name of a folder at the taxonomy's root")
        self._set(route, tuple(folder for _, folder in folders))

    def take_licenses(self, value: object, route: Route) -> None:
        """Identifiers of licences."""
        licenses = self._texts(value, route)
        self._is_misshapen |= not isinstance(value, list) or len({it for _, it in licenses}) < len(licenses)
        identifiers = []
        for place, text in licenses:
            if (identifier := identifier_of(text)) is None:
                message, hint = _what_is_wrong_with_license(text)
                self._complain(place, message, hint=hint)
            else:
                identifiers.append(identifier)
        self._set(route, tuple(dict.fromkeys(identifiers)))

    def take_hosts(self, value: object, route: Route) -> None:
        """An address, or a list of them."""
        self._is_misshapen |= value == []
        self._set(route, tuple(host for _, host in self._texts(value, route)))

    def take_judge(self, value: object, route: Route) -> None:
        """A yes or no, or the name of a model."""
        if isinstance(value, bool):
            self._set(route, value)
        else:
            self.take_text(value, route)

    def take_rules(self, value: object, route: Route) -> None:
        """The path of a yamllint configuration, or one in place."""
        if not isinstance(value, dict):
            self.take_path(value, route)
            return
        try:
            self._set(route, InlineRules(content=yaml.safe_dump(value, sort_keys=False)))
        except (ValueError, RecursionError, yaml.YAMLError):  # an integer that Python does not spell out
            self._complain(route, f"{name_of(route)} holds what no yamllint configuration can")

    def take_below(self, keys: "Mapping[str, _Take]", value: object, route: Route) -> None:
        """A mapping with keys of its own."""
        if isinstance(value, dict):
            self._take(keys, value, route)
        else:
            self._is_misshapen = True

    def take_codes(self, value: object, route: Route) -> None:
        """Codes of rules."""
        self._set(route, self._codes(value, route))

    def take_severities(self, value: object, route: Route) -> None:
        """Codes, each with a severity."""
        for code, severity, place in self._severities(value, route):
            self._set(place, severity, key=f"severity.{code}")

    def take_overrides(self, value: object, route: Route) -> None:
        """What holds for some leaves."""
        if not isinstance(value, list):
            self._is_misshapen = True
            return
        self._set(route, tuple(self._override(item, (*route, index)) for index, item in enumerate(value)))

    def _override(self, item: object, route: Route) -> Override:
        if not isinstance(item, dict):
            self._is_misshapen = True
            item = {}
        self._is_misshapen |= "path" not in item or item["path"] == [] or not set(item) <= _OVERRIDE_KEYS
        patterns = self._texts(item["path"], (*route, "path")) if "path" in item else []
        for place, pattern in patterns:
            self._look_at_pattern(pattern, place)
        codes = {key: self._codes(item[key], (*route, key)) if key in item else () for key in ("select", "ignore")}
        severities = self._severities(item["severity"], (*route, "severity")) if "severity" in item else []
        return Override(
            paths=tuple(pattern for _, pattern in patterns),
            choice=RuleChoice(
                select=codes["select"],
                ignore=codes["ignore"],
                severity=tuple((code, severity) for code, severity, _ in severities),
            ),
        )

    def _look_at_pattern(self, pattern: str, route: Route) -> None:
        folder, _, last = pattern.rpartition("/")
        if reason := why_no_pattern(pattern):
            self._complain(route, f"{quote(pattern)} matches no leaf: it {reason}")
        elif is_leaf_file(last):
            message = f"{quote(pattern)} names a file, and patterns are for leaves, which are folders"
            self._complain(route, message, hint=f"write {folder or '**'}")

    def _codes(self, value: object, route: Route) -> tuple[str, ...]:
        found = []
        for place, text in self._texts(value, route):
            # A text in place of a list may name several, as on the command line.
            for part in text.split(",") if place == route else [text]:
                if (code := code_of(part)) is None:
                    message, hint = what_is_wrong_with_code(part)
                    self._complain(place, message, hint=hint)
                else:
                    found.append(code)
        return tuple(dict.fromkeys(found))

    def _severities(self, value: object, route: Route) -> list[tuple[str, Severity, Route]]:
        if not isinstance(value, dict):
            self._is_misshapen = True
            return []
        found: dict[str, tuple[str, Severity, Route]] = {}
        for key, level in value.items():
            place = (*route, key)
            code = code_of(key) if isinstance(key, str) else None
            severity = self._severity(level, place)
            if code is None:
                message, hint = what_is_wrong_with_code(self._document.source(place, "key"))
                self._complain(place, message, on="key", hint=hint)
            elif code in found:
                self._complain(place, f"{quote(key)} is {code}, which has a severity already", on="key")
            elif severity is not None:
                found[code] = (code, severity, place)
        return list(found.values())

    def _severity(self, level: object, route: Route) -> Severity | None:
        # YAML 1.1 reads an unquoted `off` as false.
        if level is False and self._document.source(route).lower() == "off":
            return Severity.OFF
        if isinstance(level, str) and level in _LEVELS:
            return Severity(level)
        self._is_misshapen = True
        if level is False:
            written = quote(self._document.source(route))
            message = f"{name_of(route)} must be {_listed(_LEVELS)}, and is {written}"
            self._complain(route, message, hint="write off, if that is meant")
        return None


_OVERRIDE_KEYS = frozenset({"path", "select", "ignore", "severity"})
_LEVELS = tuple(severity.value for severity in Severity)
_Take: TypeAlias = Callable[[_Reader, object, Route], None]


def _chosen(*choices: str | int) -> _Take:
    return lambda reader, value, route: reader.take_choice(choices, value, route)


def _whole(least: int, most: int) -> _Take:
    return lambda reader, value, route: reader.take_number(least, most, value, route)


def _any_number(least: int, most: int) -> _Take:
    return lambda reader, value, route: reader.take_number(least, most, value, route, whole=False)


def _below(keys: Mapping[str, _Take]) -> _Take:
    return lambda reader, value, route: reader.take_below(keys, value, route)


_WORDS = _whole(1, 1_000_000)
_KEYS: Mapping[str, _Take] = {
    "base": _Reader.take_text,
    "taxonomy_folders": _Reader.take_folders,
    "schema_version": _chosen(*SCHEMA_VERSIONS, *NUMBERS),
    "yaml_rules": _Reader.take_rules,
    "select": _Reader.take_codes,
    "ignore": _Reader.take_codes,
    "severity": _Reader.take_severities,
    "paths": _Reader.take_overrides,
    "fail_on": _chosen(*FAIL_ON),
    "licenses": _Reader.take_licenses,
    "limits": _below(
        {"skill_words": _WORDS, "context_words": _WORDS, "pair_words": _WORDS, "similarity": _any_number(0, 1)}
    ),
    "baseline": _Reader.take_baseline,
    "generate": _below(
        {
            "model": _Reader.take_text,
            "host": _Reader.take_hosts,
            "samples_per_leaf": _whole(1, 1_000_000),
            "num_ctx": _whole(1, 100_000_000),
            "temperature": _any_number(0, 10),
            "seed": _whole(0, 2**63 - 1),
            "output_dir": _Reader.take_path,
            "output_format": _Reader.take_text,
            "parallel": _whole(1, 10_000),
            "judge": _Reader.take_judge,
        }
    ),
}
"""How each key is read. What these take the schema takes too, and the other way round (a test holds it to that)."""


def _what_is_wrong_with_license(text: str) -> tuple[str, str]:
    """Why a text is no identifier of a licence: a message, and the shortest mend."""
    if PUBLIC_DOMAIN in text.casefold()[:_SHORT]:
        return f"{quote(text)} is no licence: it is always allowed", "leave it out"
    if _SEVERAL.search(text[:_SHORT]):
        return f"{quote(text)} names several licences", "put each by itself into the list"
    meant = meant_by(text)
    message = f"{quote(text)} is no SPDX identifier of a licence"
    return (
        (f"{message}: did you mean {quote(meant)}?", f"write {meant}") if meant else (message, "see spdx.org/licenses")
    )


def _why_no_path(text: str) -> str:
    """Why a text can be no path on any system, to stand after "it"; empty for one that can."""
    if "\0" in text:
        return "holds a null character"
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return "holds what is no character"
    return ""


def _why_not_beneath(path: str) -> str:
    """Why a normalised path is none of a file below the taxonomy's root; empty for one that is."""
    if path == os.curdir:
        return "is its root"
    return "leads out of the taxonomy" if path == os.pardir or path.startswith(("/", "../")) else ""


def _why_no_baseline(path: str) -> str:
    """Why no baseline can lie at a path below the taxonomy's root, where it is written; empty if it can."""
    if in_git_folder(path):
        return "is Git's own"
    return "is a file of a leaf" if is_leaf_file(path) else ""


def _worded(violation: Violation, document: Document) -> tuple[str, str]:
    """What the schema does not allow, in words, and the shortest mend."""
    name = name_of(violation.route) if violation.route else "the config"
    match violation.code:
        case "TX301":
            worded = f"{quote(violation.key)} is missing in {name}", f"add {violation.key}:"
        case "TX302":
            worded = _worded_key(violation, document)
        case "TX303" | "TX305":
            worded = _worded_type(violation, document, name)
        case "TX304":
            worded = f"{name} needs at least one item", "add one, or remove the key"
        case "TX306":
            worded = f"{name} repeats item {violation.first + 1}", "remove it"
        case _:
            worded = _worded_limit(violation, document, name)
    return worded


def _worded_key(violation: Violation, document: Document) -> tuple[str, str]:
    key = quote(document.source(violation.route, "key"))
    if violation.matches:
        meant = violation.matches[0]
        return f"{key} is not a key here: did you mean {quote(meant)}?", f"write {meant}:"
    return f"{key} is not a key here: the keys are {_listed(violation.allowed, last='and')}", ""


_WORDS_OF: Mapping[Route, Sequence[object]] = {
    ("fail_on",): FAIL_ON,
    ("schema_version",): (*SCHEMA_VERSIONS, *NUMBERS),
}
"""What a key can be that takes some values alone."""


def _worded_type(violation: Violation, document: Document, name: str) -> tuple[str, str]:
    """What is of the wrong type, or empty."""
    source = document.source(violation.route)
    words = _WORDS_OF.get(violation.route, _LEVELS if violation.route[-2:-1] == ("severity",) else ())
    if words and document.is_plain(violation.route):
        return f"{name} must be {_listed(words)}, and is {quote(source) if source else 'empty'}", "write one of them"
    if words:
        return f"{name} must be {_listed(words)}, and is {violation.value_words}", "write one of them"
    if violation.code == "TX305":
        return f"{name} is empty: {violation.expected_words} is due here", "fill it in, or remove the key"
    due = f"{name} must be {violation.expected_words}"
    if violation.expected.startswith("string") and document.is_plain(violation.route):
        hint = f'write "{source}"' if len(source) <= _SHORT else "put it in quotes"
        return f"{due}, but unquoted {quote(source)} is {violation.value_words}", hint
    if isinstance(violation.value, str):
        return f"{due}, but {quote(violation.value)} is text", ""
    return f"{due}, but is {violation.value_words}", ""


def _worded_limit(violation: Violation, document: Document, name: str) -> tuple[str, str]:
    """What is of the right type, but none of the values that the schema allows."""
    value, limit = quote(violation.value), violation.limit
    match violation.keyword, limit:
        case "enum", list():
            allowed = [item for item in limit if item is not False]
            meant = violation.matches[0] if violation.matches else ""
            if violation.value in [str(number) for number in NUMBERS] and violation.route == ("schema_version",):
                # As it is written, with its quotes: they are what is wrong.
                meant, value = str(violation.value), quote(document.source(violation.route))
            return f"{name} must be {_listed(allowed)}, and is {value}", f"write {meant}" if meant else ""
        case "minimum", int():
            return f"{name} must be at least {limit:,}, and is {value}", f"write {limit} or more"
        case "maximum", int():
            return f"{name} must be at most {limit:,}, and is {value}", f"write {limit} or less"
        case _:
            return f"{name} breaks `{violation.keyword}: {limit}` of the schema with {value}", ""


def _listed(words: Sequence[object], *, last: str = "or") -> str:
    """The words in a sentence: "`a`, `b` or `c`"."""
    *others, final = (quote(word) for word in words)
    return f"{', '.join(others)} {last} {final}" if others else final
