"""
Moving blind indexes to a new key, while the product runs.

`begin` makes the key, `move` takes bucket after bucket to it, `retire` ends what was marked by an old one alone. Every table with a
BlindIndexField is found by itself. A bucket moves in one transaction, with its lock held alone: whoever writes a value of it waits
that long, nobody else. The mover itself waits for no row and only a moment for a lock, so it can never be part of a deadlock: a bucket
that is busy comes again. Which buckets have moved stands in the database, so a rotation that was cut off goes on. Run it as the owner.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connection, transaction
from psycopg import sql

from fenqi.plumbing import data_keys, index_keys
from fenqi.plumbing.index_field import index_models
from fenqi.plumbing.rotation import PAUSE_SECONDS, CannotRetire, StillOpen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fenqi.plumbing.index_keys import IndexKey

ROWS_A_STEP = 2000
WAIT_FOR_A_BUCKET = "200ms"

_FIND = """
    SELECT {key}, {column} FROM {table}
    WHERE {column} >= %(least)s AND {column} < %(beyond)s AND octet_length({column}) = %(size)s
    FOR UPDATE NOWAIT
"""


class SpreadOut(Exception):
    """The tables lie on several machines by the very indexes that would change."""


class _Busy(Exception):
    """Somebody holds a bucket or a row of it."""


@dataclass(frozen=True)
class Place:
    """One column of blind indexes."""

    table: str
    key: tuple[str, ...]
    column: str

    def statement(self, text: str) -> sql.Composed:
        """A statement about this place: {table}, {key}, {key_values}, {column}."""
        return sql.SQL(text).format(
            table=sql.Identifier(self.table),
            column=sql.Identifier(self.column),
            key=sql.SQL(", ").join(map(sql.Identifier, self.key)),
            key_values=sql.SQL(", ").join([sql.Placeholder()] * len(self.key)),
        )


def places() -> Iterator[Place]:
    """Every column of blind indexes."""
    for model, fields in index_models():
        key = tuple(str(one.column) for one in model._meta.pk_fields)
        for field in fields:
            yield Place(model._meta.db_table, key, str(field.column))


def used_keys() -> dict[str, int]:
    """How many indexes stand under each key, by its name."""
    found: Counter[str] = Counter()
    keys = index_keys.refresh()
    every = (*keys.stand, keys.coming) if keys.coming else keys.stand
    with connection.cursor() as cursor:
        for place in places():
            for key in every:
                cursor.execute(
                    place.statement(
                        "SELECT count(*) FROM {table} WHERE octet_length({column}) = %s"
                        " AND substring({column} from 1 for %s) = %s"
                    ),
                    [len(key.label) + index_keys.SIZE, len(key.label), key.label],
                )
                found[key.name] += cursor.fetchone()[0]
    return dict(found)


def left() -> int:
    """How many indexes are still to be moved; 0 when no rotation waits to be finished."""
    keys = index_keys.refresh()
    return used_keys()[keys.stand[-1].name] if keys.coming else 0


def begin() -> str:
    """
    Make a new key, or go on to one that was begun; tells its name.

    When this returns every running process looks for both forms of a value and asks before it writes one.
    Raises: StillOpen, SpreadOut.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_dist_partition') IS NOT NULL")
        if cursor.fetchone()[0]:
            raise SpreadOut("a cluster whose tables are spread by blind indexes cannot exchange their key")
    coming = index_keys.refresh().coming
    name = coming.name if coming else index_keys.add()
    time.sleep(data_keys.SEEN_FOR_SECONDS)
    await_open_transactions()
    index_keys.refresh()
    return name


def move(*, moved: Callable[[int], None] = lambda _rows: None, rows_a_step: int = ROWS_A_STEP) -> int:
    """
    Take every bucket to the key that is coming, then stand by it; tells how many indexes were moved.

    `moved` hears of every finished step; a step is as many buckets as hold about `rows_a_step`. Nothing to do: 0.
    """
    keys = index_keys.refresh()
    if keys.coming is None:
        return 0
    width = min(index_keys.BUCKETS, max(1, rows_a_step * index_keys.BUCKETS // max(left(), 1)))
    total = 0
    while pending := _pending(keys.coming):
        for first, last in _runs(pending, width):
            for rows in _take(first, last, keys.stand[-1], keys.coming):
                total += rows
                moved(rows)
        time.sleep(PAUSE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE plumbing_indexkey SET done_at = clock_timestamp() WHERE name = %s", [keys.coming.name]
        )
    index_keys.refresh()
    time.sleep(data_keys.SEEN_FOR_SECONDS)
    return total


def retire(name: str) -> None:
    """Accept nothing any more that is marked by this key alone; it stays inside the later ones. Raises: CannotRetire."""
    names = [key.name for key in index_keys.refresh().stand]
    if name not in names:
        raise CannotRetire(f"no index key named {name} that everything has moved to")
    if name == names[-1]:
        raise CannotRetire(f"{name} is the newest index key; rotate first")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE plumbing_indexkey SET retired_at = clock_timestamp() WHERE name = %s AND retired_at IS NULL",
            [name],
        )
    index_keys.refresh()


def _pending(coming: IndexKey) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bucket FROM plumbing_indexmoved WHERE key = %s", [coming.name])
        done = {bucket for (bucket,) in cursor.fetchall()}
    return [bucket for bucket in range(index_keys.BUCKETS) if bucket not in done]


def _runs(pending: list[int], width: int) -> Iterator[tuple[int, int]]:
    """(first, last) of buckets that follow each other, at most `width` together."""
    first = last = pending[0]
    for bucket in pending[1:]:
        if bucket == last + 1 and bucket - first < width:
            last = bucket
            continue
        yield first, last
        first = last = bucket
    yield first, last


def _take(first: int, last: int, old: IndexKey, new: IndexKey) -> Iterator[int]:
    """Move some buckets together; where one is busy, fewer; a single busy one is left for the next round."""
    try:
        with transaction.atomic():
            rows = _move_buckets(first, last, old, new)
    except _Busy:
        if first < last:
            middle = (first + last) // 2
            yield from _take(first, middle, old, new)
            yield from _take(middle + 1, last, old, new)
        return
    yield rows


def _move_buckets(first: int, last: int, old: IndexKey, new: IndexKey) -> int:
    with connection.cursor() as cursor:
        _hold_alone(cursor, first, last)
        rows = sum(_move_rows(cursor, place, first, last, old, new) for place in places())
        cursor.executemany(
            "INSERT INTO plumbing_indexmoved (key, bucket) VALUES (%s, %s)",
            [(new.name, bucket) for bucket in range(first, last + 1)],
        )
    return rows


def _hold_alone(cursor: Any, first: int, last: int) -> None:
    if first == last:
        # A bucket somebody is always in is had by standing in line for a moment.
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WAIT_FOR_A_BUCKET])
        with _busy():
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [index_keys.BUCKET_LOCKS, first])
        return
    cursor.execute(
        "SELECT bool_and(pg_try_advisory_xact_lock(%s, bucket)) FROM generate_series(%s::int, %s::int) AS bucket",
        [index_keys.BUCKET_LOCKS, first, last],
    )
    if not cursor.fetchone()[0]:
        raise _Busy


def _move_rows(cursor: Any, place: Place, first: int, last: int, old: IndexKey, new: IndexKey) -> int:
    start, size = len(old.label), len(old.label) + index_keys.SIZE
    least = old.label + bytes([first])
    # Nothing that begins as this key's index does is greater than this.
    beyond = old.label + (bytes([last + 1]) if last < 255 else b"\xff" * (index_keys.SIZE + 1))
    with _busy():
        cursor.execute(place.statement(_FIND), {"least": least, "beyond": beyond, "size": size})
    rows = [(row[:-1], bytes(row[-1])) for row in cursor.fetchall()]
    cursor.executemany(
        place.statement("UPDATE {table} SET {column} = %s WHERE ({key}) = ({key_values})"),
        [[new.label + new.over(index[start:]), *key] for key, index in rows],
    )
    return len(rows)


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """A lock that cannot be had now. Raises: _Busy."""
    try:
        yield
    except OperationalError as e:
        if getattr(e.__cause__, "sqlstate", "") != "55P03":
            raise
        raise _Busy from e


def await_open_transactions(*, seconds: float = 60) -> None:
    """Wait until every transaction of this database that is open now has ended, those that only read too. Raises: StillOpen."""
    open_now = _open_transactions()
    deadline = time.monotonic() + seconds
    while open_now & _open_transactions():
        if time.monotonic() > deadline:
            raise StillOpen(f"a transaction has been open for {seconds:.0f} s")
        time.sleep(PAUSE_SECONDS)


def _open_transactions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted
              AND a.datname = current_database() AND l.pid <> pg_backend_pid()
              AND coalesce(a.backend_type, 'client backend') = 'client backend'
            """
        )
        return {name for (name,) in cursor.fetchall()}
