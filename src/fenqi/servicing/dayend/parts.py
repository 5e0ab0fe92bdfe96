"""Bulk work in parts by borrower, each part one transaction, several at a time on connections of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, connection, transaction

WORKERS = min(4, os.cpu_count() or 1)
ROWS_A_PART = 20_000
FEW = 2_000
"""So few rows are done here and now: another connection would cost more than it saves."""

PLANNER = (
    # A day's loans lie scattered: fetch them by key, however many quiet ones there are, and never read the whole table.
    ("random_page_cost", "1.1"),
    ("work_mem", "64MB"),
    # Compiling a statement takes longer than these run.
    ("jit", "off"),
)


@contextmanager
def planned_for_bulk() -> Iterator[None]:
    """Settings of the planner for the statements of a day-end, on this connection."""
    with connection.cursor() as cursor:
        for name, value in PLANNER:
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            for name, _value in PLANNER:
                cursor.execute(f"RESET {name}")


def run(statements: Sequence[str], values: dict[str, Any], *, rows: int) -> list[int]:
    """
    Execute the statements in order in every part; tells the rows each statement touched in all.

    A statement takes the rows of its part by `mod(borrower_id, %(parts)s) = %(part)s`. `rows` is how many are expected.
    """
    parts = 1 if rows <= FEW else max(WORKERS, -(-rows // ROWS_A_PART))
    if parts == 1:
        return _part(statements, values | {"parts": 1, "part": 0})
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        counted = pool.map(
            _on_own_connection(_part),
            *zip(
                *((statements, values | {"parts": parts, "part": part}) for part in range(parts)), strict=True
            ),
        )
        return [sum(counts) for counts in zip(*counted, strict=True)]


def _part(statements: Sequence[str], values: dict[str, Any]) -> list[int]:
    counts = []
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
            counts.append(cursor.rowcount)
    return counts


def _on_own_connection(work: Callable[..., list[int]]) -> Callable[..., list[int]]:
    def run_and_close(*given: Any) -> list[int]:
        try:
            with planned_for_bulk():
                return work(*given)
        finally:
            connection.close()

    return run_and_close
