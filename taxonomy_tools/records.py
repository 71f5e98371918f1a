"""Records (frozen dataclasses of plain things) as JSON values and back.

A record (with slots, and nothing to do after `__init__`) is the list of its fields, in their order; what is read back
is held against the types of the fields, so that no malformed value becomes a record. Names are left out: both sides are
the same code (`recall` sees to that).
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
_Reader = Callable[[Any], Any]


class _Malformed(Exception):
    """A value is not of the type that is due."""


def to_json(value: object) -> object:
    """The JSON value of a record, or of what a field of one may hold."""
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, range):
        return [value.start, value.stop]
    if is_dataclass(value):
        return [to_json(getattr(value, name)) for name in _names(value.__class__)]
    return value


def from_json(kind: type[_T], value: object) -> _T | None:
    """The record of this kind that a JSON value spells, or None if it spells none."""
    try:
        record: _T = _reader(cast("Any", kind))(value)
    except _Malformed:
        return None
    return record


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _reader(kind: Any) -> _Reader:
    """What reads a value of a type, as far as records have use for it. Raises TypeError for another type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in (str, int, float, bool, NoneType):
        return _plain(kind)
    if kind is range:
        return _range
    if origin is tuple and arguments[1:] == (...,):
        return _items(_reader(arguments[0]))
    if origin is tuple:
        return _fixed([_reader(argument) for argument in arguments])
    if origin in (UnionType, Union):  # the second where one of the types is a Literal
        return _either(tuple(_reader(argument) for argument in arguments))
    if origin is Literal:
        return _literal(arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind)
    raise TypeError(f"{kind} has no place in a record")


def _plain(kind: type) -> _Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _Malformed
        return value

    return read


def _range(value: Any) -> range:
    if type(value) is not list or [type(bound) for bound in value] != [int, int]:
        raise _Malformed
    return range(*value)


def _items(item: _Reader) -> _Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise _Malformed
        return tuple([item(each) for each in value])

    return read


def _fixed(readers: list[_Reader]) -> _Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(readers):
            raise _Malformed
        return tuple([reader(each) for reader, each in zip(readers, value, strict=True)])

    return read


def _either(readers: tuple[_Reader, ...]) -> _Reader:
    def read(value: Any) -> Any:
        for reader in readers[:-1]:
            try:
                return reader(value)
            except _Malformed:
                pass
        return readers[-1](value)

    return read


def _literal(choices: tuple[object, ...]) -> _Reader:
    known = {(type(choice), choice) for choice in choices}

    def read(value: Any) -> Any:
        if type(value) in (list, dict) or (type(value), value) not in known:
            raise _Malformed
        return value

    return read


def _member(kind: type[Enum]) -> _Reader:
    members = {member.value: member for member in kind}

    def read(value: Any) -> Enum:
        member = members.get(value) if type(value) not in (list, dict) else None
        if member is None:
            raise _Malformed
        return member

    return read


def _record(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    # Through the slots: `__init__` takes twice as long, and there are twenty records in a verdict.
    parts = [(getattr(kind, name).__set__, hints[name], _reader(hints[name])) for name in _names(kind)]
    number = len(parts)

    def read(value: Any) -> Any:
        if type(value) is not list or len(value) != number:
            raise _Malformed
        record = kind.__new__(kind)
        for (put, due, reader), each in zip(parts, value, strict=True):
            put(record, each if type(each) is due else reader(each))
        return record

    return read
