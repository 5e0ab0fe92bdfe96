"""The column of a blind index: found in every form the value may have now, written in the one that stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import lookups

from fenqi.plumbing import index_keys


class BlindIndexField(models.BinaryField):
    """
    A keyed hash of plumbing.index_keys. Whatever holds one is such a field, or it would be left behind when the key changes.

    To the schema it is a plain column of bytes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs | {"max_length": index_keys.SIZE}

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, bytes | memoryview) and value:
            value = index_keys.standing(bytes(value))
        return super().get_db_prep_save(value, connection)


@BlindIndexField.register_lookup
class _IsOne(lookups.Exact):  # type: ignore[type-arg]
    """Equal in any form."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        forms = _forms([self.rhs]) if self.rhs_is_direct_value() else []
        if not forms:
            return super().as_sql(compiler, connection)
        # Also where it is one: the value may have been computed before a rotation ended.
        return lookups.In(self.lhs, forms).as_sql(compiler, connection)


@BlindIndexField.register_lookup
class _IsOneOf(lookups.In):  # type: ignore[type-arg]
    """Among these in any form."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if not self.rhs_is_direct_value():
            return super().as_sql(compiler, connection)
        return lookups.In(self.lhs, _forms(self.rhs)).as_sql(compiler, connection)


def _forms(values: Any) -> list[bytes]:
    return [
        form
        for value in values
        if isinstance(value, bytes | memoryview)
        for form in index_keys.forms(bytes(value))
    ]


def index_models() -> Iterator[tuple[type[models.Model], list[BlindIndexField]]]:
    """Every table with blind indexes, and these."""
    for model in apps.get_models():
        fields = [one for one in model._meta.concrete_fields if isinstance(one, BlindIndexField)]
        if fields:
            yield model, fields
