"""Bulk work in parts by borrower, each part one transaction, several at a time on connections of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
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
def at_work() -> Iterator[None]:
    """For the length of a day-end: its statements planned for bulk here and on the workers' connections, kept open."""
    _executors.clear()
    try:
        with _planned_for_bulk():
            yield
    finally:
        for executor in _executors:
            executor.submit(connection.close)
            executor.shutdown()
        _executors.clear()


_executors: list[ThreadPoolExecutor] = []
"""One thread each, so that each has one connection; made when first needed. Only one day-end runs at a time."""


def of_this_part(column: str) -> str:
    """The condition that leaves a part its rows. Written so that the planner expects a third of them, not one of 200."""
    return f"abs(mod({column}, %(parts)s) - %(part)s) < 1"


def _plan() -> None:
    with connection.cursor() as cursor:
        for name, value in PLANNER:
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])


@contextmanager
def _planned_for_bulk() -> Iterator[None]:
    _plan()
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            for name, _value in PLANNER:
                cursor.execute(f"RESET {name}")


def run(statements: Sequence[str], values: dict[str, Any], *, rows: int) -> list[int]:
    """
    Execute the statements in order in every part; tells the rows each statement touched in all.

    A statement takes the rows `of_this_part`. `rows` is how many are expected. Within `at_work`.
    """
    parts = 1 if rows <= FEW else max(WORKERS, -(-rows // ROWS_A_PART))
    if parts == 1:
        return _part(statements, values | {"parts": 1, "part": 0})
    while len(_executors) < WORKERS:
        _executors.append(ThreadPoolExecutor(max_workers=1, initializer=_plan))
    sent = [
        _executors[part % WORKERS].submit(_part, statements, values | {"parts": parts, "part": part})
        for part in range(parts)
    ]
    wait(sent)
    return [sum(counts) for counts in zip(*(one.result() for one in sent), strict=True)]


def _part(statements: Sequence[str], values: dict[str, Any]) -> list[int]:
    counts = []
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
            counts.append(cursor.rowcount)
    return counts
