"""Frozen dataclasses to JSON and back, strictly: decimals and dates are text, fen integers, floats refused."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from fenqi.domain.errors import DomainError

T = TypeVar("T")
Refusal = type[DomainError]
Reader = Callable[[Any, str, Refusal], Any]


def to_json(value: object) -> Any:
    """The JSON form of a value: fields that still have their default are left out of objects."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_json(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init and getattr(value, field.name) != field.default
        }
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(to_json(item) for item in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: to_json(getattr(value, name)) for name in value._fields}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], data: object, *, refusal: Refusal, field: str = "") -> T:
    """
    Read the JSON form of the dataclass `kind`.

    Raises: `refusal`, with the dotted path of the field, for an unknown or missing key, a float or a wrong type.
    """
    return typing.cast(T, _object_reader(typing.cast(Any, kind))(data, field, refusal))


@cache
def _object_reader(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    readers = {field.name: _reader(hints[field.name]) for field in fields}
    required = [field.name for field in fields if field.default is dataclasses.MISSING]

    def read(data: Any, path: str, refusal: Refusal) -> Any:
        if not isinstance(data, Mapping):
            raise refusal(path or kind.__name__, data, "an object")
        prefix = f"{path}." if path else ""
        for key in data:
            if key not in readers:
                raise refusal(f"{prefix}{key}", data[key], "one of " + ", ".join(sorted(readers)))
        for name in required:
            if name not in data:
                raise refusal(f"{prefix}{name}", None, "a value: it has no default")
        return kind(**{key: readers[key](item, f"{prefix}{key}", refusal) for key, item in data.items()})

    return read


@cache
def _reader(hint: Any) -> Reader:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        return _optional_reader(_reader(typing.get_args(hint)[0]))
    if origin is tuple:
        return _tuple_reader(typing.get_args(hint))
    if origin is frozenset:
        return _list_reader(_reader(typing.get_args(hint)[0]), frozenset)
    if dataclasses.is_dataclass(hint):
        return _object_reader(typing.cast(type, hint))
    if issubclass(hint, StrEnum):
        return _enum_reader(hint)
    return {bool: _read_bool, int: _read_int, str: _read_str, Decimal: _read_decimal, date: _read_date}[hint]


def _optional_reader(inner: Reader) -> Reader:
    return lambda data, path, refusal: None if data is None else inner(data, path, refusal)


def _list_reader(inner: Reader, collect: Callable[[list[Any]], Any]) -> Reader:
    def read(data: Any, path: str, refusal: Refusal) -> Any:
        if not isinstance(data, list):
            raise refusal(path, data, "a list")
        return collect([inner(item, f"{path}[{index}]", refusal) for index, item in enumerate(data)])

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> Reader:
    if arguments[-1] is Ellipsis:
        return _list_reader(_reader(arguments[0]), tuple)
    parts = [_reader(argument) for argument in arguments]

    def read(data: Any, path: str, refusal: Refusal) -> Any:
        if not isinstance(data, list) or len(data) != len(parts):
            raise refusal(path, data, f"a list of {len(parts)}")
        return tuple(
            part(item, f"{path}[{index}]", refusal)
            for index, (part, item) in enumerate(zip(parts, data, strict=True))
        )

    return read


def _enum_reader(kind: type[StrEnum]) -> Reader:
    members = {member.value: member for member in kind}

    def read(data: Any, path: str, refusal: Refusal) -> Any:
        if not isinstance(data, str) or data not in members:
            raise refusal(path, data, "one of " + ", ".join(members))
        return members[data]

    return read


def _read_bool(data: Any, path: str, refusal: Refusal) -> bool:
    if not isinstance(data, bool):
        raise refusal(path, data, "true or false")
    return data


def _read_int(data: Any, path: str, refusal: Refusal) -> int:
    if isinstance(data, bool) or not isinstance(data, int):
        raise refusal(path, data, "an integer (money is in fen)")
    return data


def _read_str(data: Any, path: str, refusal: Refusal) -> str:
    if not isinstance(data, str):
        raise refusal(path, data, "a text")
    return data


def _read_decimal(data: Any, path: str, refusal: Refusal) -> Decimal:
    allowed = 'a decimal number as text, such as "0.144"'
    if not isinstance(data, str):
        raise refusal(path, data, allowed)
    try:
        number = Decimal(data)
    except InvalidOperation as fault:
        raise refusal(path, data, allowed) from fault
    if not number.is_finite():
        raise refusal(path, data, allowed)
    return number


def _read_date(data: Any, path: str, refusal: Refusal) -> date:
    allowed = "a date as text, such as 2026-01-31"
    if not isinstance(data, str):
        raise refusal(path, data, allowed)
    try:
        return date.fromisoformat(data)
    except ValueError as fault:
        raise refusal(path, data, allowed) from fault
