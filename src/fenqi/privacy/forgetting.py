"""Ending what is held: rows deleted, or what is personal in them blanked. Tables that only grow are reached as the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, models
from psycopg import sql

from fenqi.plumbing import db
from fenqi.plumbing.sealed import SealedTextField, seal
from fenqi.privacy import inventory

if TYPE_CHECKING:
    from collections.abc import Collection

    from fenqi.privacy.inventory import Table

GONE = "—"  # some columns may not be empty


def forget(*, borrower_id: int, keeps: Collection[str]) -> dict[str, int]:
    """End everything of a person under these keeping rules; tells the rows touched, by table. Safe to repeat."""
    tables = [table for table in inventory.tables() if table.keep in keeps]
    touched: dict[str, int] = {}
    with db.as_owner(), connection.cursor() as cursor:
        for table in inventory.children_first(tables):
            statement, given = _delete(table) if table.then == "delete" else _blank(table)
            if statement is None:
                continue
            cursor.execute(statement, [*given, borrower_id])
            if cursor.rowcount:
                touched[table.name] = cursor.rowcount
    return touched


def _delete(table: Table) -> tuple[sql.Composed | None, list[Any]]:
    text = sql.SQL("DELETE FROM {table} WHERE borrower_id = %s")
    return text.format(table=sql.Identifier(table.name)), []


def _blank(table: Table) -> tuple[sql.Composed | None, list[Any]]:
    settings: list[sql.Composable] = []
    given: list[Any] = []
    for one in table.fields_of("C2", "C1", "keyed"):
        name = sql.Identifier(str(one.column))
        if isinstance(one, SealedTextField):
            settings.append(sql.SQL("{} = %s").format(name))
            given.append(seal("", context=one.context))
        elif isinstance(one, models.JSONField):
            empty = "CASE jsonb_typeof({}) WHEN 'array' THEN '[]'::jsonb ELSE '{{}}'::jsonb END"
            settings.append(sql.SQL("{} = " + empty).format(name, name))
        elif isinstance(one, models.BinaryField):
            settings.append(sql.SQL("{} = ''::bytea").format(name))
        else:
            settings.append(sql.SQL("{} = %s").format(name))
            given.append(GONE)
    if not settings:
        return None, []
    text = sql.SQL("UPDATE {table} SET {settings} WHERE borrower_id = %s")
    return text.format(table=sql.Identifier(table.name), settings=sql.SQL(", ").join(settings)), given
