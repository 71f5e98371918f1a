"""The JSON Schemas of a leaf's document and of our own files, and what of a document breaks them.

The schemas are data in `taxonomy_tools.schema`: of a leaf a folder a version, where a new folder is a new version, and
of our own files one each. They are read from the package, and nothing here can reach the network.

jsonschema is imported when the first document is checked and not before: it takes 70 ms, during which yamllint is
already at work. Its own keywords put a `repr` of what is wrong into each message, which on hostile data needs gigabytes
(a long text, aliased 10,000 times) or fails (an integer of 5,000 digits); and its `uniqueItems` is quadratic. So the
keywords that the schemas use are replaced here, and the messages left to the rules.
"""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache, partial
from importlib.resources import files
from itertools import islice
from math import isnan
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from taxonomy_tools.errors import TaxonomyError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

KINDS = ("compositional_skills", "knowledge")
"""The kinds of schema: a leaf's top folder names its own (`layout.schema_kind`)."""

FORMATS = ("report", "config", "baseline", "manifest")
"""What of our own has a schema too."""

Required: TypeAlias = Literal["document", "latest"] | int
"""The version that a document must follow: its own, the newest of its kind, or that number."""

_PACKAGE = "taxonomy_tools.schema"
_UNVERSIONED = 1
_MOST_CANDIDATES = 100
_TYPE_WORDS = {
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}

_Identity: TypeAlias = str | tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One thing in a document that its schema does not allow, with all that a message about it needs.

    `route` leads into the data and always to something that is there; `on` says whether the key at its end or the value
    is meant. `value` is what stands at the route. By code:

    | code | route, on | what else is set |
    |---|---|---|
    | TX301 missing-key | the mapping that lacks it, value | `key`; `matches`: unknown keys there that look like it |
    | TX302 unknown-key | the unknown key, key | `key`; `allowed`; `matches`: allowed keys that look like it |
    | TX303 wrong-type | the value | `expected` |
    | TX304 too-few-items | the list, value | `limit`: how many are due; `count`: how many there are |
    | TX305 empty-value | the value: null, or empty text | `expected` |
    | TX306 repeated-item | the later item, value | `first`: the index of the first item like it |
    | TX307 unsupported-version | the version, or the whole document if it names none | `supported` |
    | TX309 schema-violation | the value | `keyword`, `limit`; `matches`: allowed values that look like it |

    `keyword` is the JSON Schema keyword that was broken (of TX307 "" where there is no schema of that version, so that
    nothing else is known; "const" where another version is required). `expected` are JSON Schema types, with a `|`
    between several. `description` is what the schema says belongs
    there: under the missing key for TX301, in the mapping that the key is in for TX302, in the list for TX306.
    `matches` are the likeliest first.
    """

    code: str
    route: tuple[object, ...]
    on: Literal["key", "value"] = "value"
    value: object = None
    keyword: str = ""
    key: object = None
    expected: str = ""
    limit: object = None
    count: int = 0
    first: int = 0
    allowed: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    supported: tuple[int, ...] = ()
    description: str = ""

    @property
    def field(self) -> str:
        """The name that the place goes by: the last key on the route that is text, `""` at the top."""
        return next((step for step in reversed(self.route) if isinstance(step, str)), "")

    @property
    def expected_words(self) -> str:
        """`expected`, a JSON Schema type such as "string", as people say it: "text"."""
        return " or ".join(_TYPE_WORDS.get(name, name) for name in self.expected.split("|"))

    @property
    def value_words(self) -> str:
        """What the value is, as people say it: "a boolean", "a date", "a list"."""
        return describe_type(self.value)


def describe_type(value: object) -> str:
    """What kind of thing a YAML value is, with its article: "text", "a boolean", "a number", "a date", "empty", ..."""
    for types, words in (
        (type(None), "empty"),
        (str, "text"),
        (bool, "a boolean"),
        ((int, float), "a number"),
        (date, "a date"),
        (dict, "a mapping"),
        ((list, tuple), "a list"),
        (set, "a set"),
        (bytes, "binary data"),
    ):
        if isinstance(value, types):
            return words
    return f"a {type(value).__name__}"


@cache
def versions(kind: str) -> tuple[int, ...]:
    """The versions that there is a schema for, in order; none for a kind that does not exist."""
    return tuple(
        sorted(
            int(folder.name[1:])
            for folder in files(_PACKAGE).iterdir()
            if folder.name[:1] == "v" and folder.name[1:].isdecimal() and folder.joinpath(f"{kind}.json").is_file()
        )
    )


def load(kind: str, version: int) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind of leaf, a fresh copy.

    Raises TaxonomyError when there is none of that kind and version.
    """
    if version not in versions(kind):
        raise _no_schema(kind, version)
    text = files(_PACKAGE).joinpath(f"v{version}", f"{kind}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def load_format(name: str) -> dict[str, Any]:
    """The JSON Schema of one of our own files (`FORMATS`), a fresh copy."""
    text = files(_PACKAGE).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _no_schema(kind: str, version: int) -> TaxonomyError:
    if kind not in KINDS:
        return TaxonomyError(f"There is no schema named `{kind}`.", f"The schemas are: {', '.join(KINDS)}")
    there = ", ".join(str(number) for number in versions(kind))
    return TaxonomyError(f"There is no version {version} of the {kind} schema.", f"Versions that there are: {there}")


@cache
def validator(kind: str, version: int) -> "Validator":
    """The validator of a kind of leaf. Raises TaxonomyError as `load` does."""
    return _validator(load(kind, version))


@cache
def format_validator(name: str) -> "Validator":
    """The validator of one of our own files (`FORMATS`)."""
    return _validator(load_format(name))


def _validator(schema: dict[str, Any]) -> "Validator":
    """A validator of jsonschema's for draft 2020-12, with the keywords of this module.

    It differs from jsonschema's own in what it reports, not in what it accepts: an error for each missing key, each
    unknown key and each repeated item, whose path ends with that key or index. It is linear in the size of the data.
    """
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    parts = _Parts()
    keywords = {
        **_KEYWORDS,
        "properties": parts.properties,
        "items": parts.items,
        "additionalProperties": parts.others,
    }
    extended = validators.extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    schema = _inlined(schema, schema.get("$defs", {}))
    # An empty registry: jsonschema's default would go to the network for a reference that it does not know.
    made: Validator = extended(schema, registry=Registry())
    return made


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with what its references name in their place: following them takes a third of the time."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")] | schema
    return {name: _inlined(part, definitions) for name, part in schema.items() if name not in ("$ref", "$defs")}


def violations(kind: str, data: object, *, required: Required = "document") -> list[Violation]:
    """What of a document its schema does not allow: an empty list for one that is right.

    The version in force picks the schema. Where that is the document's own, one that there is no schema for is the only
    thing then reported; where another is required, that is reported with all the rest. What is no mapping has no
    version and no violations: that is TX003, and for the caller to tell.
    """
    if not isinstance(data, dict):
        return []
    version = version_in_force(kind, data, required=required)
    supported = versions(kind)
    if version not in supported:
        route = ("version",) if "version" in data else ()
        return [Violation(code="TX307", route=route, value=data.get("version"), key="version", supported=supported)]
    found = [_violation_of(error) for error in validator(kind, version).iter_errors(data)]
    if required == "document":
        return found
    return [_another_version(violation, version) for violation in found]


def format_violations(name: str, data: Any) -> list[Violation]:
    """What of a file of our own (`FORMATS`) its schema does not allow."""
    return [_violation_of(error) for error in format_validator(name).iter_errors(data)]


def _another_version(violation: Violation, version: int) -> Violation:
    """The violation, by its own code if it says that the document is of another version than is required."""
    if violation.route != ("version",) or violation.keyword != "const":
        return violation
    return replace(violation, code="TX307", key="version", supported=(version,))


def version_in_force(kind: str, data: object, *, required: Required = "document") -> int | None:
    """The version of the schema that a document must follow.

    With "document" that which it asks for (`version_of`); with "latest" the newest of its kind; with a number that one
    or, where there is no schema of that number, the next newer one of its kind, else the newest. None for what is no
    mapping, and for a kind without a schema.
    """
    if required == "document":
        return version_of(data)
    supported = versions(kind)
    if not isinstance(data, dict) or not supported:
        return None
    if required == "latest":
        return supported[-1]
    return next((version for version in supported if version >= required), supported[-1])


def version_of(data: object) -> int | None:
    """The version that a document asks for, None if that is no whole number or the document no mapping.

    As instructlab-schema 0.4.2 reads it: none is 1, and an integer in text counts (and is then of the wrong type).
    """
    version = data.get("version", _UNVERSIONED) if isinstance(data, dict) else None
    if isinstance(version, bool) or not isinstance(version, int | float | str):
        return None
    if isinstance(version, float) and not version.is_integer():
        return None
    try:
        return int(version)
    except ValueError:
        return None


def _violation_of(error: "ValidationError") -> Violation:
    """What an error of `validator` says, as a record. Its path ends with the missing, unknown or repeated thing."""
    keyword = str(error.validator)
    value: Any = error.instance
    route: tuple[object, ...] = tuple(error.absolute_path)
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    known: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    record = partial(Violation, route=route, value=value, keyword=keyword, description=schema.get("description", ""))
    limit: Any = error.validator_value
    match keyword:
        case "required":
            key = route[-1]
            unknown = islice((name for name in value if name not in known), _MOST_CANDIDATES)
            description = known.get(str(key), {}).get("description", "")
            return record(
                code="TX301", route=route[:-1], key=key, matches=_alike(key, unknown), description=description
            )
        case "additionalProperties":
            key = route[-1]
            # What is still missing is likelier to be meant than what is already there.
            matches = tuple(sorted(_alike(key, known), key=value.__contains__))
            return record(code="TX302", on="key", key=key, value=value[key], allowed=tuple(known), matches=matches)
        case "uniqueItems":
            return record(code="TX306", first=limit, value=value[route[-1]])
        case "minItems":
            return record(code="TX304", limit=limit, count=len(value))
        case "type":
            expected = "|".join(limit) if isinstance(limit, list) else limit
            return record(code="TX305" if value is None else "TX303", expected=expected)
        case "enum":
            return record(code="TX309", limit=limit, matches=_alike(value, limit))
        case "minLength" if value == "":
            return record(code="TX305", expected="string", limit=limit)
        case _:
            return record(code="TX309", limit=limit)


def _alike(key: object, candidates: Iterable[object]) -> tuple[str, ...]:
    """The candidates that a key looks like, best first; upper and lower case are the same."""
    if not isinstance(key, str):
        return ()
    # What differs more in length is not alike to difflib either (its cutoff is 0.6); and a key may be 1 MB long.
    near = tuple(text for text in candidates if isinstance(text, str) and len(key) < 4 * len(text) < 16 * len(key))
    return _close_matches(key, near) if near else ()


@lru_cache(maxsize=1024)
def _close_matches(key: str, candidates: tuple[str, ...]) -> tuple[str, ...]:
    spelled = {candidate.casefold(): candidate for candidate in candidates}
    return tuple(spelled[match] for match in difflib.get_close_matches(key.casefold(), spelled))


def _error(path: Iterable[Any] = (), **details: Any) -> "ValidationError":
    """An error without a message: the rules have better words than a `repr` of the data."""
    from jsonschema.exceptions import ValidationError

    return ValidationError("", path=path, **details)


def _type(validator: "Validator", due: str | list[str], instance: Any, _schema: object) -> "Iterator[ValidationError]":
    if not _is_of(validator, due, instance):
        yield _error()


def _is_of(validator: "Validator", due: str | list[str], instance: Any) -> bool:
    return any(validator.is_type(instance, name) for name in ([due] if isinstance(due, str) else due))


def _const(
    validator: "Validator", due: object, instance: Any, schema: Mapping[str, str]
) -> "Iterator[ValidationError]":
    yield from _enum(validator, [due], instance, schema)


def _enum(
    validator: "Validator", due: list[object], instance: Any, schema: Mapping[str, str]
) -> "Iterator[ValidationError]":
    # What is of the wrong type is wrong enough: one violation a thing.
    if _is_of(validator, schema["type"], instance) and _identity(instance, {}) not in {_identity(it, {}) for it in due}:
        yield _error()


def _minimum(_validator: object, least: float, instance: object, _schema: object) -> "Iterator[ValidationError]":
    # Not `<`, which is false for what is no number (`.nan`).
    if _is_number(instance) and not instance >= least:
        yield _error()


def _maximum(_validator: object, most: float, instance: object, _schema: object) -> "Iterator[ValidationError]":
    if _is_number(instance) and instance > most:
        yield _error()


def _is_number(instance: object) -> TypeGuard[int | float]:
    return isinstance(instance, int | float) and not isinstance(instance, bool)


def _min_length(_validator: object, least: int, instance: object, _schema: object) -> "Iterator[ValidationError]":
    if isinstance(instance, str) and len(instance) < least:
        yield _error()


def _min_items(_validator: object, least: int, instance: object, _schema: object) -> "Iterator[ValidationError]":
    if isinstance(instance, list) and len(instance) < least:
        yield _error()


def _unique_items(_validator: object, due: object, instance: object, _schema: object) -> "Iterator[ValidationError]":
    if due is True and isinstance(instance, list):
        for later, first in repeated_items(instance):
            yield _error(path=(later,), validator_value=first)


def _required(_validator: object, due: list[str], instance: object, _schema: object) -> "Iterator[ValidationError]":
    if isinstance(instance, dict):
        yield from (_error(path=(key,)) for key in due if key not in instance)


class _Parts:
    """One validator for each part of a schema. jsonschema's own keywords make a new one for each value they look at."""

    def __init__(self) -> None:
        self._made: dict[int, Validator] = {}  # by the id of its schema, which it keeps alive

    def _of(self, validator: "Validator", schema: Mapping[str, Any]) -> "Validator":
        made = self._made.get(id(schema))
        if made is None:
            made = self._made[id(schema)] = validator.evolve(schema=schema)
        return made

    def properties(
        self, validator: "Validator", properties: Mapping[str, Mapping[str, Any]], instance: object, _schema: object
    ) -> "Iterator[ValidationError]":
        if isinstance(instance, dict):
            for name, schema in properties.items():
                if name in instance:
                    for error in self._of(validator, schema).iter_errors(instance[name]):
                        error.path.appendleft(name)
                        error.schema_path.appendleft(name)
                        yield error

    def others(
        self, validator: "Validator", others: Any, instance: object, schema: Mapping[str, Any]
    ) -> "Iterator[ValidationError]":
        """What `properties` does not name: nothing is to be there (false), or what another schema allows."""
        if not isinstance(instance, dict):
            return
        known = schema.get("properties", {})
        for key in [key for key in instance if key not in known]:
            if others is False:
                yield _error(path=(key,))
                continue
            for error in self._of(validator, others).iter_errors(instance[key]):
                error.path.appendleft(key)
                yield error

    def items(
        self, validator: "Validator", schema: Mapping[str, Any], instance: object, _schema: object
    ) -> "Iterator[ValidationError]":
        if isinstance(instance, list):
            part = self._of(validator, schema)
            for index, item in enumerate(instance):
                for error in part.iter_errors(item):
                    error.path.appendleft(index)
                    yield error


_KEYWORDS: Mapping[str, Callable[..., "Iterator[ValidationError]"]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _min_length,
    "minItems": _min_items,
    "uniqueItems": _unique_items,
    "required": _required,
}
"""The keywords that are not jsonschema's own: with those of `_Parts`, all that the schemas use and that can fail."""


def repeated_items(items: Sequence[object]) -> Iterator[tuple[int, int]]:
    """The index of each item that stands in the list before, with the index of the first that is equal to it.

    Equal as JSON Schema has it: 1 and 1.0 are, 1 and true are not, mappings are in any order of their keys. Takes time
    that is linear in the size of the items, each alias counted once.
    """
    first: dict[_Identity, int] = {}
    known: dict[int, _Identity] = {}
    for index, item in enumerate(items):
        identity = _identity(item, known)
        earlier = first.setdefault(identity, index)
        if earlier != index:
            yield index, earlier


def _identity(value: object, known: dict[int, _Identity]) -> _Identity:
    """Something hashable that two values share when they are equal as JSON Schema has it.

    `known` holds what was found of values met before, by their `id` (they must stay alive). Numbers become text, for
    the hash of a text cannot be foreseen: a list of integers with one hash would make the dict above quadratic.
    """
    if isinstance(value, str):
        return value
    if id(value) not in known:
        known[id(value)] = _identity_of(value, known)
    return known[id(value)]


def _identity_of(value: object, known: dict[int, _Identity]) -> _Identity:
    match value:
        case None | bool():
            return ("constant", str(value))
        case float() if not value.is_integer():
            return ("number", f"nan {id(value)}" if isnan(value) else value.hex())
        case int() | float():
            return ("number", hex(int(value)))
        case list() | tuple():
            return ("list", *(_identity(item, known) for item in value))
        case dict():
            return (
                "mapping",
                frozenset((_identity(key, known), _identity(item, known)) for key, item in value.items()),
            )
        case set():
            return ("set", frozenset(_identity(item, known) for item in value))
        case _:
            return (type(value).__name__, repr(value))
