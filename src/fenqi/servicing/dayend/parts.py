"""Bulk work in parts by borrower, each part one transaction, several at a time on connections of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction

WORKERS = min(4, os.cpu_count() or 1)
ROWS_A_PART = 20_000
FEW = 2_000
"""So few rows are done here and now: another connection would cost more than it saves."""

Statement = tuple[str, dict[str, Any]]


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
            return work(*given)
        finally:
            connection.close()

    return run_and_close
