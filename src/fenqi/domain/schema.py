"""JSON schemas of the engine's forms, made from the dataclasses that are read and written."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fenqi.domain.forms import ReplayRequest
from fenqi.domain.state import LoanState

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    Decimal: {"type": "string", "pattern": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"},
    date: {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
}


def replay_schema() -> dict[str, Any]:
    """The schema of what `fenqi replay` reads."""
    return _document(ReplayRequest, "A request to replay a loan")


def state_schema() -> dict[str, Any]:
    """The schema of what `fenqi replay --json` writes."""
    return _document(LoanState, "What a loan owes at a date")


def _document(kind: type, title: str) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    root = _schema(kind, definitions)
    return {"$schema": DIALECT, "title": title, **root, "$defs": dict(sorted(definitions.items()))}


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return {"anyOf": [_schema(arguments[0], definitions), {"type": "null"}]}
    if origin in (tuple, frozenset):
        return _array(origin, arguments, definitions)
    if hint.__name__ not in definitions:
        definitions[hint.__name__] = {}  # holds the place, should a form ever contain itself
        definitions[hint.__name__] = _definition(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _array(origin: Any, arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if origin is tuple and arguments[-1] is not Ellipsis:
        items = [_schema(argument, definitions) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    return {"type": "array", "items": _schema(arguments[0], definitions)}


def _definition(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    described = {"description": " ".join((kind.__doc__ or "").split("\n\n")[0].split())}
    hints = typing.get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        fields = [field for field in dataclasses.fields(kind) if field.init]
        hints = {field.name: hints[field.name] for field in fields}
        required = [
            field.name
            for field in fields
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ]
    else:
        required = list(hints)
    properties = {name: _schema(hint, definitions) for name, hint in hints.items()}
    return {
        **described,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
