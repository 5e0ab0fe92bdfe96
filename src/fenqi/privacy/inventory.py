"""
What is held about people: every context says it in its `held.json`, and the tests compare that with the tables themselves.

A table that has an owner names its theme, its keeping rule (rule data `retention`) and what ends with it: `delete` the rows, or
`blank` what is personal in them. Fields are of class C2 (sealed), C1, keyed (hashes of values and keys of links), staff (a colleague's name)
or none (nothing personal).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Field, Model

CLASSES = ("C2", "C1", "keyed", "staff", "none")
OWNER = "borrower_id"


@dataclass(frozen=True, kw_only=True)
class Table:
    """
    One table of people's data. `classes`: field → class.

    In the export `masked` fields, another person's data too, go through a mask; `hidden` ones, keys, are left out; a table that is
    `withheld` says why instead.
    """

    model: type[Model]
    theme: str
    keep: str
    then: str
    classes: dict[str, str]
    masked: dict[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    withheld: str = ""

    @property
    def name(self) -> str:
        """The table in the database."""
        return str(self.model._meta.db_table)

    def fields_of(self, *classes: str) -> list[Field[Any, Any]]:
        """Its columns of these classes."""
        return [one for one in columns(self.model) if self.classes.get(one.name) in classes]


def columns(model: type[Model]) -> list[Field[Any, Any]]:
    """The columns of a table, inherited ones included."""
    return list(model._meta.concrete_fields)


@lru_cache(maxsize=1)
def declared() -> dict[str, dict[str, Any]]:
    """What the contexts say, by model label (people.Account)."""
    found: dict[str, dict[str, Any]] = {}
    for app in apps.get_app_configs():
        file = Path(app.path) / "held.json"
        if file.exists():
            listed = json.loads(file.read_text(encoding="utf-8"))
            found |= {f"{app.label}.{model}": entry for model, entry in listed.items()}
    return found


@lru_cache(maxsize=1)
def themes() -> dict[str, dict[str, list[str]]]:
    """Theme → title and purpose, each in Chinese and English, in the order of the page."""
    listed: dict[str, dict[str, list[str]]] = json.loads(
        (Path(__file__).parent / "themes.json").read_text(encoding="utf-8")
    )
    return listed


@lru_cache(maxsize=1)
def tables() -> tuple[Table, ...]:
    """Every table whose rows belong to a person."""
    found = []
    for label, entry in declared().items():
        if "theme" not in entry:
            continue
        found.append(
            Table(
                model=apps.get_model(label),
                theme=entry["theme"],
                keep=entry["keep"],
                then=entry.get("then", "delete" if entry["keep"] == "at_once" else "blank"),
                classes={name: cls for cls in CLASSES for name in entry.get(cls, ())},
                masked=entry.get("masked", {}),
                hidden=tuple(entry.get("hidden", ())),
                withheld=entry.get("withheld", ""),
            )
        )
    return tuple(found)


def children_first(some: Iterable[Table]) -> list[Table]:
    """The tables in an order in which rows may be deleted: whoever refers comes before what is referred to."""
    waiting = {table.name: table for table in some}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname, parent.relname FROM pg_constraint AS key"
            " JOIN pg_class AS child ON child.oid = key.conrelid"
            " JOIN pg_class AS parent ON parent.oid = key.confrelid WHERE key.contype = 'f'"
        )
        keys = [(child, parent) for child, parent in cursor.fetchall() if child != parent]
    ordered: list[Table] = []
    while waiting:
        referred = {parent for child, parent in keys if child in waiting}
        free = [name for name in waiting if name not in referred]
        ordered += [waiting.pop(name) for name in free or list(waiting)]
    return ordered
