"""
Personal data at rest: encrypted under named keys, and keyed hashes to look things up by.

The context string (table and column) is authenticated with a sealed value, so a value copied into another column does not open.
The newest data key seals; all open (plumbing.data_keys); plumbing.rotation moves what is sealed under an older one.
Hashes have keys of their own (plumbing.index_keys) and a field that knows them (plumbing.index_field).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from fenqi.plumbing import ciphers, data_keys
from fenqi.plumbing.ciphers import CannotUnseal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.index_field import BlindIndexField
from fenqi.plumbing.index_keys import blind_index

__all__ = [
    "BlindIndexField",
    "CannotUnseal",
    "SealedTextField",
    "blind_index",
    "file_context",
    "forget_file",
    "keep_file",
    "open_file",
    "seal",
    "sealed_models",
    "sealing_key",
    "unseal",
    "unseal_bytes",
]

# What a sealed text is, for the search for leaks: one value, a sentence, JSON, a date (ISO) that may be another word, or a
# figure, which says nothing of anybody where it stands alone and is not looked for.
KINDS = ("value", "text", "facts", "date", "figure")

DATA_CLASSES = ("C1", "C2")  # C3 authenticates a person and is never stored


def sealing_key() -> str:
    """The name of the key that seals now."""
    return data_keys.sealing().name


def seal(value: str | bytes, *, context: str) -> bytes:
    """Encrypt `value` for the place named by `context`."""
    plain = value.encode() if isinstance(value, str) else value
    return data_keys.sealing().seal(plain, context=context)


def unseal_bytes(sealed: bytes | memoryview, *, context: str) -> bytes:
    """The bytes sealed for `context`. Raises: CannotUnseal."""
    sealed = bytes(sealed)
    return data_keys.find(ciphers.name_of(sealed)).unseal(sealed, context=context)


def unseal(sealed: bytes | memoryview, *, context: str) -> str:
    """The text sealed for `context`. Raises: CannotUnseal."""
    return unseal_bytes(sealed, context=context).decode()


class SealedTextField(models.BinaryField):
    """
    Text that is encrypted in the database and plain in Python; `data_class` is its class of JR/T 0171.

    `holds` is one of KINDS and tells plumbing.leaks what of it to look for elsewhere; the schema does not depend on it.
    """

    def __init__(self, *args: Any, data_class: str = "C2", holds: str = "value", **kwargs: Any) -> None:
        if data_class not in DATA_CLASSES:
            raise ValueError(f"a column is of class {DATA_CLASSES}, C3 has none; got {data_class!r}")
        if holds not in KINDS:
            raise ValueError(f"holds is one of {KINDS}, got {holds!r}")
        self.data_class, self.holds = data_class, holds
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["data_class"] = self.data_class
        return name, path, args, kwargs

    def get_default(self) -> Any:
        default = super().get_default()
        return "" if default == b"" else default

    def check(self, **kwargs: Any) -> list[Any]:
        return []  # BinaryField refuses text defaults; ours is text in Python

    @property
    def context(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, str):
            value = seal(value, context=self.context)
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else unseal(value, context=self.context)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: Any) -> str:
        raise TypeError("a sealed value is not serialised in clear")


def sealed_models() -> Iterator[tuple[type[models.Model], list[SealedTextField]]]:
    """Every table with sealed columns, and these."""
    for model in apps.get_models():
        fields = [one for one in model._meta.concrete_fields if isinstance(one, SealedTextField)]
        if fields:
            yield model, fields


def file_context(file_id: UUID, borrower_id: int | None) -> str:
    """The place a file is sealed for."""
    return f"file:{file_id}:{borrower_id}"


def _files() -> Any:
    from fenqi.plumbing.models import SealedFile  # the tables stand on this module's field

    return SealedFile.objects


def keep_file(*, content: bytes, kind: str, media_type: str, borrower_id: int | None) -> UUID:
    """Seal a file and keep it; the id opens it again for the same borrower only."""
    file_id = new_id()
    _files().create(
        id=file_id,
        borrower_id=borrower_id,
        kind=kind,
        media_type=media_type,
        sealed=seal(content, context=file_context(file_id, borrower_id)),
    )
    return file_id


def open_file(*, file_id: UUID, borrower_id: int | None) -> tuple[bytes, str]:
    """(content, media type). Raises: SealedFile.DoesNotExist for another borrower's file."""
    file = _files().get(id=file_id, borrower_id=borrower_id)
    return unseal_bytes(file.sealed, context=file_context(file_id, borrower_id)), file.media_type


def forget_file(*, file_id: UUID, borrower_id: int | None) -> None:
    """Delete a sealed file."""
    _files().filter(id=file_id, borrower_id=borrower_id).delete()
