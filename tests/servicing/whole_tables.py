"""Every table of the books as it stands: to compare two runs row by row, and to begin again from the same state."""

from __future__ import annotations

from typing import Any

from django.db import connection

OF_THE_BOOKS = ("ledger_%", "servicing_%", "bureau_%", "plumbing_businessdate")
# When something was written and how long it took is another one in every run; the moments of the clock are left out too.
NOT_COMPARED = {("servicing_dayendstep", "counts"), ("servicing_dayendstep", "error")}


def columns_through(cursor: Any) -> dict[str, list[str]]:
    """The columns to compare, by table: all but moments of the clock."""
    found: dict[str, list[str]] = {}
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name LIKE ANY(%s) AND data_type <> 'timestamp with time zone'"
        " ORDER BY table_name, ordinal_position",
        [list(OF_THE_BOOKS)],
    )
    for table, column in cursor.fetchall():
        if (table, column) not in NOT_COMPARED:
            found.setdefault(table, []).append(f'"{column}"')
    return found


def books_through(cursor: Any) -> dict[str, list[bytes]]:
    """The rows of every table of the books, without moments of the clock, in any database."""
    statements = {
        table: f"SELECT {', '.join(names)} FROM {table}" for table, names in columns_through(cursor).items()
    }
    return _copied(cursor, statements)


def books() -> dict[str, list[bytes]]:
    """The rows of every table of the books, without moments of the clock."""
    with connection.cursor() as cursor:
        return books_through(cursor)


def keep() -> dict[str, list[bytes]]:
    """The rows of every table of the books, whole."""
    with connection.cursor() as cursor:
        return _copied(cursor, {table: f"SELECT * FROM {table}" for table in columns_through(cursor)})


def bring_back(kept: dict[str, list[bytes]]) -> None:
    """Make the tables what they were."""
    with connection.cursor() as cursor:
        # As the owner, so that no key between two tables asks for an order.
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"TRUNCATE {', '.join(kept)} CASCADE")
        for table, rows in kept.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write(row)
    connection.close()


def differing(
    one: dict[str, list[bytes]], other: dict[str, list[bytes]]
) -> dict[str, tuple[set[bytes], set[bytes]]]:
    """By table, the rows that stand in only one of two states."""
    return {
        table: (set(one[table]) - set(other[table]), set(other[table]) - set(one[table]))
        for table in one
        if sorted(one[table]) != sorted(other[table])
    }


def _copied(cursor: Any, statements: dict[str, str]) -> dict[str, list[bytes]]:
    kept = {}
    for table, statement in statements.items():
        with cursor.copy(f"COPY ({statement}) TO STDOUT") as copy:
            kept[table] = [bytes(row) for row in copy]
    return kept
