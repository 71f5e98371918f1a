"""What is in force, and where each value comes from: the command line over the environment over the file over defaults.

Who may say it, too. In CI, against a base, the files are the base's: a pull request may propose another configuration,
and that is told, but it does not judge itself by it.
"""

import errno
import os
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from taxonomy_tools.beneath import beneath
from taxonomy_tools.config import (
    BASELINE_FILE,
    CONFIG_FILE,
    FAIL_ON,
    NUMBERS,
    SCHEMA_VERSIONS,
    BrokenFile,
    Config,
    Generation,
    InlineRules,
    Override,
    RuleChoice,
    Setting,
    Value,
    code_of,
    place_of,
    read,
    what_is_wrong_with_code,
)
from taxonomy_tools.diagnostics import Severity
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.git import FOLDER, Repository
from taxonomy_tools.source import MAX_BYTES, Entry, Folder, Index, Revision, Source, Unreadable, WorkTree, read_beneath
from taxonomy_tools.standards import DEFAULT as UPSTREAM
from taxonomy_tools.standards import Standards
from taxonomy_tools.yamllint import Rules

MAX_BASELINE_BYTES = 32 * 1024 * 1024
"""Some 200,000 findings."""
_DEFAULT = "default"
_LEVELS = tuple(severity.value for severity in Severity)
_LIMITS = ("skill_words", "context_words", "pair_words", "similarity")
VARIABLES = {
    "base": "TAXONOMY_BASE",
    "schema_version": "TAXONOMY_SCHEMA_VERSION",
    "yaml_rules": "TAXONOMY_YAML_RULES",
    "select": "TAXONOMY_SELECT",
    "ignore": "TAXONOMY_IGNORE",
    "severity": "TAXONOMY_SEVERITY",
    "fail_on": "TAXONOMY_FAIL_ON",
}
"""The keys that a variable may set. One that is empty is not set: a workflow's expression that came to nothing."""
CONFIG_VARIABLE = "TAXONOMY_CONFIG"
"""The variable that names the file to read."""


def option_of(key: str) -> str:
    """The option that sets a key which may be set by one: `--fail-on` for `fail_on`."""
    return f"--{key.replace('_', '-')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the user says in a call, as it was typed; None or nothing for what is not said.

    `select` and `ignore` hold codes, several in one text with commas between them, `severity` texts as `CODE=LEVEL`.
    `config` names the file to read, `without_config` says that none is.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    schema_version: str | None = None
    yaml_rules: Path | None = None
    fail_on: str | None = None
    config: Path | None = None
    without_config: bool = False


NOTHING_GIVEN = Given()


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The files of one side, for what is read of them besides leaves. No link is followed to any.

    `source` is that side from the repository's root on (or the folder's, without a repository), which lies at `top`.
    `folder` is the taxonomy's, below it. `label` is what messages put before a path, as Git does: `origin/main:`.
    """

    source: Source
    top: Path
    folder: str = ""
    label: str = ""

    @classmethod
    def of(cls, source: Source, *, label: str = "") -> "Files":
        """The files of the side that a source shows a taxonomy of."""
        if isinstance(source, Folder):
            return cls(source=source, top=source.root, label=label)
        assert isinstance(source, Revision | Index | WorkTree)
        repository = source.repository
        top: Source
        if isinstance(source, Revision):
            top = Revision(repository=repository, commit=source.commit, label=source.label, announce=source.announce)
        elif isinstance(source, Index):
            top = Index(repository=repository, announce=source.announce)
        else:
            top = WorkTree(repository=repository, announce=source.announce)
        return cls(source=top, top=repository.root, folder=source.folder, label=label)

    def name(self, path: str) -> str:
        """What messages call the file at a path."""
        return f"{self.label}{path}"

    def inside(self, path: str) -> str:
        """The path, relative to the top, of a file of the taxonomy."""
        return posixpath.join(self.folder, path)

    def read(self, path: str, *, limit: int = MAX_BYTES) -> bytes | None:
        """The bytes of the file at a path relative to the top, None where there is none.

        Raises TaxonomyError for what is no regular file, larger than the limit, or unreadable.
        """
        content = self._content(path, limit)
        if isinstance(content, Unreadable):
            raise TaxonomyError(f"{self.name(path)} {content.message}.")
        return content

    def _content(self, path: str, limit: int) -> bytes | Unreadable | None:
        source = self.source
        if isinstance(source, Folder | WorkTree):
            return read_beneath(self.top, path, limit=limit) if os.path.lexists(self.top / path) else None
        assert isinstance(source, Revision | Index)
        entry = _entry(source, path)
        if entry is not None and entry.mode == FOLDER:
            return Unreadable(code="TX006", message="is a folder: put the file itself there")
        content = next(iter(source.read([entry])), None) if entry is not None else None
        if limit > MAX_BYTES and entry is not None and isinstance(content, Unreadable) and content.code == "TX005":
            blob = next(source.repository.blobs([entry.oid or ""], limit=limit))
            return blob.data if blob.data is not None else content
        return content


def _entry(source: Revision | Index, path: str) -> Entry | None:
    """The file at a path of a commit or of the index."""
    repository: Repository = source.repository
    if isinstance(source, Revision):
        found = repository.children(source.commit, [posixpath.dirname(path)])
        entries = (Entry(path=place, mode=mode, oid=oid) for place, mode, oid in found)
    else:
        changes = repository.index_changes(repository.empty_tree, under=[path])
        entries = (Entry(path=raw.path, mode=raw.new_mode, oid=raw.new_oid) for raw in changes)
    return next((entry for entry in entries if entry.path == path), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What is in force. `settings` are all keys with a value, in the order of the schema, each with its origin.

    `files` are those that count: besides the config, the baseline is read from there. `notes` are sentences for the end
    of the report: what is proposed and not in force.
    """

    config: Config
    settings: tuple[Setting, ...] = ()
    files: Files | None = None
    notes: tuple[str, ...] = ()

    def read_baseline(self) -> tuple[str, bytes | None]:
        """The baseline's name, and its bytes; None where there is none. Raises TaxonomyError if it cannot be read."""
        path = self.config.baseline or BASELINE_FILE
        if self.files is None:
            return path, None
        place = self.files.inside(path)
        return self.files.name(place), self.files.read(place, limit=MAX_BASELINE_BYTES)


UNSETTLED = Settled(config=Config.DEFAULT)
"""Nothing but the defaults."""


def settle(
    given: Given,
    environ: Mapping[str, str],
    *,
    files: Files,
    proposed: Files | None = None,
    before: Callable[[], Files | None] = lambda: None,
) -> Settled:
    """What is in force for a taxonomy.

    `files` are those of the side that counts. In CI, against a base, they are the base's, and `proposed` those of the
    side that is checked; `before` then gives those of the commit at which the comparison starts.

    Raises:
        BrokenFile: the file says what it cannot mean.
        TaxonomyError: an option or a variable does, or a file that is named cannot be read.

    """
    said = (tuple(_of_environment(environ)), tuple(_of_command_line(given)))
    file = _ConfigFile.find(given, environ, files, guarded=proposed is not None)
    settings = _laid_over([file.settings, *said])
    rules, notes = _rules(settings.get("yaml_rules"), file, files, guarded=proposed is not None)
    config = _config(settings, rules, guarded=proposed is not None)
    if proposed is not None:
        notes += _proposals(given, environ, files, proposed, before)
    return Settled(config=config, settings=tuple(_told(settings)), files=files, notes=(*file.notes, *notes))


# --- the file


@dataclass(frozen=True, kw_only=True, slots=True)
class _ConfigFile:
    """The config file that counts. `folder` is where its own paths start: below the top, or anywhere (`outside`)."""

    settings: tuple[Setting, ...] = ()
    folder: str = ""
    outside: Path | None = None
    name: str = CONFIG_FILE
    notes: tuple[str, ...] = ()

    @classmethod
    def find(cls, given: Given, environ: Mapping[str, str], files: Files, *, guarded: bool) -> "_ConfigFile":
        if given.without_config:
            if given.config is not None:
                raise TaxonomyError("--config and --no-config contradict each other.", Remedy("Leave one of them out."))
            return cls()
        named, who = given.config, "--config"
        if named is None and (variable := environ.get(CONFIG_VARIABLE)):
            named, who = Path(variable), CONFIG_VARIABLE
        if named is None:
            return cls._at(files, files.inside(CONFIG_FILE))
        inside = _inside(named, files.top)
        if inside is None:
            content = _read_outside(named, f"the config that {who} names")
            return cls(settings=read(content, os.fspath(named)), outside=named.parent, name=os.fspath(named))
        if guarded:
            found = cls._at(files, inside)
            if files.read(inside) is None:
                said = f"{who} names {inside}, which is not in the base: the defaults are in force in its place."
                return replace(found, notes=(said,))
            return found
        here = Files(source=Folder(root=files.top), top=files.top)
        if here.read(inside) is None:
            raise TaxonomyError(f"there is no {named}, which {who} names as the config.", _NAME_CONFIG)
        return cls._at(here, inside)

    @classmethod
    def _at(cls, files: Files, path: str) -> "_ConfigFile":
        content, name = files.read(path), files.name(path)
        settings = () if content is None else read(content, name)
        return cls(settings=settings, folder=posixpath.dirname(path), name=name)


_RULES_FILE = "a file of the yamllint rules"
_NAME_CONFIG = Remedy("Name one that is there:", "--config FILE")


def _inside(path: Path, top: Path) -> str | None:
    """The path of a file relative to the top, None if it lies elsewhere."""
    return beneath(path, os.path.realpath(top))


def _read_outside(path: Path, what: str) -> bytes:
    """The bytes of a file that is the caller's own. Raises TaxonomyError."""
    try:
        # Resolved, since no link is followed from there on: this one may be one, and is the caller's.
        place = Path(os.path.realpath(path))
        content = read_beneath(place.parent, place.name) if place.exists() else None
    except (ValueError, OSError) as error:
        raise TaxonomyError(f"{os.fspath(path)!r}, {what}, has a name that no file can have.", _NAME_CONFIG) from error
    if content is None:
        raise TaxonomyError(f"there is no {path}, {what}.", _NAME_CONFIG)
    if isinstance(content, Unreadable):
        raise TaxonomyError(f"{path}, {what}, {content.message}.", _NAME_CONFIG)
    return content


# --- command line and environment


def _of_environment(environ: Mapping[str, str]) -> Iterator[Setting]:
    for key, name in VARIABLES.items():
        text = environ.get(name)
        if text:
            yield from _said(key, (text,), name)


def _of_command_line(given: Given) -> Iterator[Setting]:
    for key in ("select", "ignore", "severity"):
        if texts := getattr(given, key):
            yield from _said(key, texts, option_of(key))
    for key in ("schema_version", "fail_on"):
        if (text := getattr(given, key)) is not None:
            yield from _said(key, (text,), option_of(key))
    if given.yaml_rules is not None:
        yield Setting(key="yaml_rules", value=os.fspath(given.yaml_rules), origin=option_of("yaml_rules"))


def _said(key: str, texts: Sequence[str], origin: str) -> Iterator[Setting]:
    """What texts set a key to. Raises TaxonomyError if they cannot."""
    match key:
        case "select" | "ignore":
            codes = tuple(_code(part, origin) for text in texts for part in text.split(","))
            yield Setting(key=key, value=tuple(dict.fromkeys(codes)), origin=origin)
        case "severity":
            for part in (part for text in texts for part in text.split(",")):
                code, separator, level = part.partition("=")
                if not separator or level.strip().lower() not in _LEVELS:
                    raise _refused(origin, f"`{part}` is no severity of a rule", f"{origin} TX503=info", _LEVELS)
                yield Setting(
                    key=f"severity.{_code(code, origin)}", value=Severity(level.strip().lower()), origin=origin
                )
        case "schema_version":
            (text,) = texts
            if text in SCHEMA_VERSIONS:
                yield Setting(key=key, value=text, origin=origin)
            elif text.isascii() and text.isdecimal() and text.lstrip("0") in map(str, NUMBERS):
                yield Setting(key=key, value=int(text), origin=origin)
            else:
                raise _refused(origin, f"`{text}` is no version", f"{origin} latest", (*SCHEMA_VERSIONS, *NUMBERS))
        case "fail_on":
            (text,) = texts
            if text not in FAIL_ON:
                raise _refused(origin, f"`{text}` is no severity", f"{origin} warning", FAIL_ON)
            yield Setting(key=key, value=text, origin=origin)
        case _:
            yield Setting(key=key, value=texts[0], origin=origin)


def _code(text: str, origin: str) -> str:
    code = code_of(text)
    if code is None and not text.strip():
        raise _refused(origin, "a code is empty", f"{origin} TX503,TX4", ())
    if code is None:
        message, _ = what_is_wrong_with_code(text)
        end = "" if message.endswith("?") else "."
        raise TaxonomyError(f"{origin}: {message}{end}", Remedy("All rules:", "taxonomy rule"))
    return code


def _refused(origin: str, message: str, example: str, allowed: Collection[object]) -> TaxonomyError:
    known = [Remedy(f"It can be: {', '.join(map(str, allowed))}")] if allowed else []
    shown = example if origin.startswith("--") else example.replace(f"{origin} ", f"{origin}=")
    return TaxonomyError(f"{origin}: {message}.", *known, Remedy("For example:", shown))


# --- layers


def _laid_over(layers: Iterable[Sequence[Setting]]) -> dict[str, Setting]:
    """The settings of all layers by their keys, those of a later layer over those of the layers before it.

    What a layer says of a rule also takes away what a lower one says of that rule alone: `--select TX5` reports TX505
    whatever the file ignores.
    """
    settings: dict[str, Setting] = {}
    for layer in layers:
        chosen = {setting.key: setting.value for setting in layer}
        select, ignore = (_texts(chosen.get(key)) for key in ("select", "ignore"))
        severities = [key.removeprefix("severity.") for key in chosen if key.startswith("severity.")]
        if settings and (select or ignore or severities):
            settings = _outdone(settings, select, ignore, severities)
        settings |= {setting.key: setting for setting in layer}
    return settings


def _outdone(
    settings: Mapping[str, Setting], select: Sequence[str], ignore: Sequence[str], severities: Sequence[str]
) -> dict[str, Setting]:
    """Lower settings without what a higher layer speaks of."""
    left: dict[str, Setting] = {}
    for key, setting in settings.items():
        value = setting.value
        if key == "ignore":
            value = tuple(code for code in _texts(value) if not _covers(select, code))
        elif key == "paths" and isinstance(value, tuple):
            overrides = (override for override in value if isinstance(override, Override))
            value = tuple(_override_outdone(override, select, ignore, severities) for override in overrides)
        elif key.startswith("severity."):
            code = key.removeprefix("severity.")
            if _covers(severities, code) or (value is Severity.OFF and _covers(select, code)):
                continue
        if key != "ignore" or value:
            left[key] = replace(setting, value=value)
    if ignore and (chosen := _texts(left["select"].value if "select" in left else None)):
        # Not left out: without any, all would be selected.
        kept = tuple(code for code in chosen if not _covers(ignore, code) or code in ignore)
        left["select"] = replace(left["select"], value=kept or tuple(ignore))
    return left


def _override_outdone(
    override: Override, select: Sequence[str], ignore: Sequence[str], severities: Sequence[str]
) -> Override:
    choice = override.choice
    kept = RuleChoice(
        select=() if select else tuple(code for code in choice.select if not _covers(ignore, code)),
        ignore=tuple(code for code in choice.ignore if not _covers(select, code)),
        severity=tuple(
            (code, severity)
            for code, severity in choice.severity
            if not _covers(severities, code) and not (severity is Severity.OFF and _covers(select, code))
        ),
    )
    return replace(override, choice=kept)


def _covers(codes: Iterable[str], code: str) -> bool:
    """Whether one of the codes is that code, or the family that it belongs to."""
    return any(code.startswith(one) for one in codes)


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()


# --- records


def _config(settings: Mapping[str, Setting], rules: Rules, *, guarded: bool) -> Config:
    values = {key: setting.value for key, setting in settings.items()}
    overrides = values.get("paths", ())
    assert isinstance(overrides, tuple)
    return Config(
        base=_text(values.get("base")),
        choice=RuleChoice(
            select=_texts(values.get("select")),
            ignore=_texts(values.get("ignore")),
            severity=tuple(
                (key.removeprefix("severity."), value)
                for key, value in values.items()
                if key.startswith("severity.") and isinstance(value, Severity)
            ),
        ),
        overrides=tuple(override for override in overrides if isinstance(override, Override)),
        standards=_standards(values),
        lint_rules=rules,
        fail_on=_text(values.get("fail_on")) or Config.DEFAULT.fail_on,
        baseline=_text(values.get("baseline")),
        generate=_generation(values),
        guarded=guarded,
    )


def _standards(values: Mapping[str, Value]) -> Standards:
    version = values.get("schema_version", UPSTREAM.schema_version)
    licenses = values.get("licenses")
    # Each value is of its key's type: the schema, or the reading of a variable or option, has seen to that.
    numbers = {key: values[f"limits.{key}"] for key in _LIMITS if f"limits.{key}" in values}
    return replace(
        UPSTREAM,
        taxonomy_folders=_texts(values.get("taxonomy_folders")) or UPSTREAM.taxonomy_folders,
        schema_version=version,  # type: ignore[arg-type]
        licenses=UPSTREAM.licenses if licenses is None else _texts(licenses),
        **numbers,  # type: ignore[arg-type]
    )


def _generation(values: Mapping[str, Value]) -> Generation:
    set_here = {key.removeprefix("generate."): value for key, value in values.items() if key.startswith("generate.")}
    if "host" in set_here:
        set_here["hosts"] = set_here.pop("host")
    return Generation(**set_here)  # type: ignore[arg-type] # held to the schema when it was read


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _told(settings: Mapping[str, Setting]) -> Iterator[Setting]:
    """All keys in the order of the schema; those that nobody set with their defaults, as far as they have one."""
    defaults = _defaults()
    for key in (*defaults, "generate"):
        below = [setting for name, setting in settings.items() if name == key or name.startswith(f"{key}.")]
        if below:
            yield from sorted(below, key=lambda setting: setting.key) if key == "severity" else below
        elif key in defaults:
            yield Setting(key=key, value=defaults[key], origin=_DEFAULT)


def _defaults() -> dict[str, Value]:
    """The value of each key that nobody has set."""
    return {
        "base": None,
        "taxonomy_folders": UPSTREAM.taxonomy_folders,
        "schema_version": UPSTREAM.schema_version,
        "yaml_rules": None,
        "select": (),
        "ignore": (),
        "severity": None,
        "paths": (),
        "fail_on": Config.DEFAULT.fail_on,
        "licenses": UPSTREAM.licenses,
        **{f"limits.{key}": getattr(UPSTREAM, key) for key in _LIMITS},
        "baseline": BASELINE_FILE,
    }


# --- yamllint's rules


def _rules(setting: Setting | None, file: _ConfigFile, files: Files, *, guarded: bool) -> tuple[Rules, tuple[str, ...]]:
    """The yamllint configuration in force, and what is to be said of it."""
    if setting is None:
        return Rules.DEFAULT, ()
    reader = _Reader(files=files, guarded=guarded)
    if isinstance(setting.value, InlineRules):
        content = setting.value.content.encode()
        folder = file.outside if file.outside is not None else files.top / file.folder
        here = folder / posixpath.basename(file.name)
        reader = replace(reader, everywhere=file.outside is None)
        rules = _load(here, lambda path: content if path == here else reader.read(path), files)
        return replace(rules, source=f"`yaml_rules` of {file.name}"), ()
    assert isinstance(setting.value, str)
    if setting.origin in (option_of("yaml_rules"), VARIABLES["yaml_rules"]):
        path = Path(setting.value)
        inside = _inside(path, files.top) if guarded else None
        if inside is not None and files.read(inside) is None:
            said = f"{setting.origin} names {inside}, which is not in the base: the default rules are in force."
            return Rules.DEFAULT, (said,)
        return Rules.load(path, read=reader.read if guarded else None), ()
    if file.outside is not None:
        return Rules.load(file.outside / setting.value, read=reader.read if guarded else None), ()
    place = posixpath.normpath(posixpath.join(file.folder, setting.value))
    if place.startswith(("/", "../")):
        raise TaxonomyError(
            f"{setting.origin}: `yaml_rules` leads out of the repository, to {setting.value}.",
            Remedy("Keep the file in it, or name it with each call:", "--yaml-rules FILE"),
        )
    rules = _load(files.top / place, replace(reader, everywhere=True).read, files)
    return replace(rules, source=files.name(place)), ()


def _load(path: Path, read: Callable[[Path], bytes], files: Files) -> Rules:
    """The rules at a path, whose files are called as on the side that they are read from.

    What lies in the working tree may be another file.
    """
    try:
        return Rules.load(path, read=read)
    except TaxonomyError as error:
        message = error.message.replace(f"{files.top}{os.sep}", files.label)
        raise TaxonomyError(message, *error.remedies) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    """Reads what yamllint's rules consist of: in the repository from the files that count, elsewhere from the disk.

    `everywhere` says that a file of the repository asks: then nothing is read elsewhere.
    """

    files: Files
    guarded: bool
    everywhere: bool = False

    def read(self, path: Path) -> bytes:
        """The bytes of a file. Raises OSError."""
        inside = _inside(path, self.files.top)
        if inside is None and self.everywhere:
            raise OSError("it lies outside of the repository")
        try:
            content = (
                self.files.read(inside) if inside is not None else _read_outside(path, "a file of the yamllint rules")
            )
        except TaxonomyError as error:
            raise OSError(error.message) from error
        if content is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return content


# --- proposals


def _proposals(
    given: Given,
    environ: Mapping[str, str],
    files: Files,
    proposed: Files,
    before: Callable[[], Files | None],
) -> tuple[str, ...]:
    """What the checked side would change of what is in force, if it were."""
    there = f"The config of {proposed.source.label}"
    try:
        new = _facts(given, environ, proposed)
    except BrokenFile as error:
        first = error.diagnostics[0]
        return (f"{there} is broken, and a proposal, not in force: {place_of(first)}: {first.message}.",)
    except TaxonomyError as error:
        return (f"{there} cannot be read, and is a proposal, not in force: {error.message}",)
    old = _facts(given, environ, files)
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    start = before() if differing else None
    if start is not None:
        # What only the base has changed since is nobody's proposal; what was broken then cannot be compared with.
        with suppress(TaxonomyError):
            earlier = _facts(given, environ, start)
            differing = [key for key in differing if earlier.get(key) != new.get(key)]
    if not differing:
        return ()
    named = ", ".join(f"`{key}`" for key in differing)
    return (f"{there} differs from that of {files.source.label} in {named}: a proposal, not in force.",)


def _facts(given: Given, environ: Mapping[str, str], files: Files) -> dict[str, object]:
    """What the files of a side say by themselves: the settings, and the content of what they name."""
    file = _ConfigFile.find(given, environ, files, guarded=True)
    settings = _laid_over([file.settings, tuple(_of_environment(environ)), tuple(_of_command_line(given))])
    facts: dict[str, object] = {setting.key: setting.value for setting in file.settings}
    baseline = _text(facts.get("baseline")) or BASELINE_FILE
    for key, find in (
        ("yaml_rules", lambda: _rules(settings.get("yaml_rules"), file, files, guarded=True)[0].files),
        ("baseline", lambda: files.read(files.inside(baseline), limit=MAX_BASELINE_BYTES)),
    ):
        try:
            content: object = find()
        except TaxonomyError as error:
            content = error.message
        facts[key] = (facts.get(key), content)
    return facts
