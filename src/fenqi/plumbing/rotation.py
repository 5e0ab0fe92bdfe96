"""
Moving sealed data to a new data key, while the product runs.

`begin` makes the key, `reseal` moves every value, `retire` forgets the old one. What is left to do is read from the values themselves (each names its key), so a rotation that was cut off simply goes on.
Rows that somebody else holds are passed by and come again in the next round: the rotation never waits for a lock, and so can
never be part of a deadlock. Run it as the owner of the database; some of these tables only grow for the application.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from psycopg import sql

from fenqi.plumbing import ciphers, data_keys
from fenqi.plumbing.models import SealedFile
from fenqi.plumbing.sealed import file_context, seal, sealed_models, sealing_key, unseal_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS_A_BATCH, FILES_A_BATCH = 500, 20  # a file is up to 10 MB
PAUSE_SECONDS = 0.2


class StillOpen(Exception):
    """A transaction that began before did not end in time; it may still bring a value under an older key."""


class CannotRetire(Exception):
    """The key is still needed."""


@dataclass(frozen=True)
class Place:
    """One table with sealed columns; `contexts` names the place of each of them, from a row's key and `beside` values."""

    table: str
    key: tuple[str, ...]
    beside: tuple[str, ...]
    columns: tuple[str, ...]
    contexts: Callable[[tuple[Any, ...]], tuple[str, ...]]
    at_once: int

    @property
    def _named(self) -> dict[str, sql.Composable]:
        return {
            "table": sql.Identifier(self.table),
            "key": sql.SQL(", ").join(map(sql.Identifier, self.key)),
            "key_values": sql.SQL(", ").join([sql.Placeholder()] * len(self.key)),
            "read": sql.SQL(", ").join(map(sql.Identifier, self.key + self.beside + self.columns)),
            "setting": sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder())
                for column in self.columns
            ),
            # `IS NOT NULL` is told apart by substring() itself: NULL <> x is not true.
            "older": sql.SQL(" OR ").join(
                sql.SQL("substring({} from 1 for octet_length(%s)) <> %s").format(sql.Identifier(column))
                for column in self.columns
            ),
        }

    def statement(self, text: str) -> sql.Composed:
        """A statement about this place: {table}, {key}, {key_values}, {read}, {setting}, {older}."""
        return sql.SQL(text).format(**self._named)

    def label(self) -> list[bytes]:
        """The parameters of {older}: how a value under the sealing key begins."""
        return [ciphers.label(sealing_key())] * (2 * len(self.columns))


def places() -> Iterator[Place]:
    """Every table with sealed columns, and the sealed files."""
    for model, fields in sealed_models():
        contexts = tuple(field.context for field in fields)
        columns = tuple(str(field.column) for field in fields)
        key = tuple(str(field.column) for field in model._meta.pk_fields)
        yield Place(model._meta.db_table, key, (), columns, _same(contexts), ROWS_A_BATCH)
    yield Place(
        SealedFile._meta.db_table,
        ("id",),
        ("borrower_id",),
        ("sealed",),
        lambda row: (file_context(row[0], row[1]),),
        FILES_A_BATCH,
    )


def _same(contexts: tuple[str, ...]) -> Callable[[tuple[Any, ...]], tuple[str, ...]]:
    return lambda _row: contexts


def used_keys() -> dict[str, int]:
    """How many values are sealed under each key, by its name."""
    found: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for place in places():
            for column in place.columns:
                cursor.execute(
                    sql.SQL(
                        "SELECT convert_from(substring({c} from 2 for get_byte({c}, 0)), 'UTF8'), count(*)"
                        " FROM {table} WHERE octet_length({c}) > 0 GROUP BY 1"
                    ).format(c=sql.Identifier(column), table=sql.Identifier(place.table))
                )
                found.update(dict(cursor.fetchall()))
    return dict(found)


def left() -> int:
    """How many rows hold a value under an older key."""
    rows = 0
    with connection.cursor() as cursor:
        for place in places():
            cursor.execute(place.statement("SELECT count(*) FROM {table} WHERE {older}"), place.label())
            rows += cursor.fetchone()[0]
    return rows


def begin(*, cipher: str | None = None) -> bool:
    """
    Make a new data key, unless a rotation waits to be finished; tells whether made.

    When this returns every running process seals under the new key. `cipher`: aes | sm4, else as the setting says.
    """
    data_keys.refresh()
    if left():
        return False
    data_keys.add(cipher=cipher)
    time.sleep(data_keys.SEEN_FOR_SECONDS)
    return True


def retire(name: str) -> None:
    """Forget a data key that seals nothing any more. Raises: CannotRetire."""
    data_keys.refresh()
    names = [known for known, _wrapped in data_keys.wrapped_keys()]
    if name not in names:
        raise CannotRetire(f"no key named {name}")
    if name == names[-1]:
        raise CannotRetire(f"{name} is the key that seals; rotate first")
    time.sleep(data_keys.SEEN_FOR_SECONDS)
    try:
        await_older_transactions()
    except StillOpen as e:
        raise CannotRetire(str(e)) from e
    used = used_keys().get(name, 0)
    if used:
        raise CannotRetire(f"{used} values are still sealed under {name}; rotate first")
    data_keys.forget(name)


def reseal(*, moved: Callable[[int], None] = lambda _rows: None, at_once: int | None = None) -> int:
    """
    Seal everything anew under the newest key, round after round until nothing is left; tells how many rows were moved.

    `moved` hears of every finished batch; `at_once` rows a batch instead of the place's own. Raises: CannotUnseal.
    """
    total = 0
    while True:
        for place in places():
            for rows in _round(place, at_once or place.at_once):
                total += rows
                moved(rows)
        if not left():
            return total
        time.sleep(PAUSE_SECONDS)


def _round(place: Place, at_once: int) -> Iterator[int]:
    """Once through a table in the order of its primary key."""
    after: tuple[Any, ...] | None = None
    while True:
        with transaction.atomic():
            rows = _batch(place, after, at_once)
        if not rows:
            return
        after = rows[-1][: len(place.key)]
        yield len(rows)


def _batch(place: Place, after: tuple[Any, ...] | None, at_once: int) -> list[tuple[Any, ...]]:
    beyond = "" if after is None else " AND ({key}) > ({key_values})"
    text = f"SELECT {{read}} FROM {{table}} WHERE ({{older}}){beyond}"  # noqa: S608 - names only  # nosec
    text += " ORDER BY {key} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED"
    width = len(place.key)
    with connection.cursor() as cursor:
        cursor.execute(place.statement(text), [*place.label(), *(after or ()), at_once])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.executemany(
            place.statement("UPDATE {table} SET {setting} WHERE ({key}) = ({key_values})"),
            [[*_sealed_anew(place, row), *row[:width]] for row in rows],
        )
    return rows


def _sealed_anew(place: Place, row: tuple[Any, ...]) -> Iterator[bytes | None]:
    start = len(place.key) + len(place.beside)
    for value, context in zip(row[start:], place.contexts(row[:start]), strict=True):
        yield None if value is None else seal(unseal_bytes(value, context=context), context=context)


def await_older_transactions(*, seconds: float = 60) -> None:
    """Wait until every writing transaction that is open now has ended. Raises: StillOpen."""
    time.sleep(PAUSE_SECONDS)  # a value sealed a moment ago may be on its way to the database
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        ours = cursor.fetchone()[0]
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] >= ours:
                return
            if time.monotonic() > deadline:
                raise StillOpen(f"a transaction has been open for {seconds:.0f} s")
            time.sleep(PAUSE_SECONDS)
