"""Bulk work in parts by borrower, each part one transaction, several at a time on connections of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction

WORKERS = min(4, os.cpu_count() or 1)
ROWS_A_PART = 20_000
FEW = 2_000
"""So few rows are done here and now: another connection would cost more than it saves."""
LARGE_BOOK = 50_000
"""Of so many loans there is surely more than `FEW` to do: the workers connect while the day-end begins."""

PLANNER = (
    # A day's loans lie scattered: fetch them by key, however many quiet ones there are, and never read the whole table.
    ("random_page_cost", "1.1"),
    ("work_mem", "64MB"),
    # Compiling a statement takes longer than these run.
    ("jit", "off"),
)


IN_ORDER = (("enable_hashagg", "off"),)
"""For the workers: what they group they insert, and in the order of the key that costs less."""


@contextmanager
def at_work() -> Iterator[None]:
    """For the length of a day-end: its statements planned for bulk here and on the workers' connections, kept open."""
    _executors.clear()
    try:
        with _planned_for_bulk():
            if expected("SELECT FROM servicing_loan", ()) > LARGE_BOOK:
                _get_ready()
            yield
    finally:
        for executor in _executors:
            executor.submit(_disconnect)
            executor.shutdown()
        _executors.clear()


_executors: list[ThreadPoolExecutor] = []
"""One thread each, so that each has one connection; made when first needed. Only one day-end runs at a time."""


def of_this_part(column: str) -> str:
    """The condition that leaves a part its rows. Written so that the planner expects a third of them, not one of 200."""
    return f"abs(mod({column}, %(parts)s) - %(part)s) < 1"


def _plan(*further: tuple[str, str]) -> None:
    with connection.cursor() as cursor:
        for name, value in (*PLANNER, *further):
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])


@contextmanager
def _planned_for_bulk() -> Iterator[None]:
    _plan()
    try:
        yield
    finally:
        with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
            for name, _value in PLANNER:
                cursor.execute(f"RESET {name}")


Statements = Sequence[tuple[str, dict[str, Any]]]
"""Statements of one transaction, each with its parameters."""


def run(statements: Sequence[str], values: dict[str, Any], *, rows: int) -> list[int]:
    """
    Execute the statements in order in every part; tells the rows each statement touched in all.

    A statement takes the rows `of_this_part`. `rows` is how many are expected. Within `at_work`.
    """
    return start([(statement, values) for statement in statements], rows=rows)()


def start(statements: Statements, *, rows: int, whole: int = 0) -> Callable[[], list[int]]:
    """
    As `run`, while the caller does something else; its result is waited for by calling what is returned.

    The first `whole` statements are not split but dealt out, which spares every part looking at all their rows.
    """
    # Other connections would not see what the caller's own transaction wrote, and would commit beside it.
    is_here = rows <= FEW or connection.in_atomic_block
    parts = 1 if is_here else WORKERS * -(-rows // (WORKERS * ROWS_A_PART))
    jobs: list[list[tuple[str, dict[str, Any]]]] = [[] for _ in range(parts)]
    positions: list[list[int]] = [[] for _ in range(parts)]
    for position, (statement, values) in enumerate(statements):
        takers = [position % parts] if position < whole else range(parts)
        for number, part in enumerate(takers):
            jobs[part].append((statement, values | {"parts": len(takers), "part": number}))
            positions[part].append(position)
    results = _send(jobs, here=parts == 1)

    def counts() -> list[int]:
        sums = [0] * len(statements)
        for of_part, touched in zip(positions, results(), strict=True):
            for position, count in zip(of_part, touched, strict=True):
                sums[position] += count
        return sums

    return counts


def expected(selection: str, values: Sequence[Any]) -> int:
    """How many rows a selection gives, as the planner sees it: near enough to choose the parts, and no row is read."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {selection}", values)
        [plan] = cursor.fetchone()[0]
    return int(plan["Plan"]["Plan Rows"])


def _send(jobs: Sequence[Statements], *, here: bool) -> Callable[[], list[list[int]]]:
    if here:
        done = [_transact(job) for job in jobs]
        return lambda: done
    _get_ready()
    sent = [_executors[position % WORKERS].submit(_transact, job) for position, job in enumerate(jobs)]

    def results() -> list[list[int]]:
        wait(sent)
        return [one.result() for one in sent]

    return results


def _get_ready() -> None:
    while len(_executors) < WORKERS:
        executor = ThreadPoolExecutor(max_workers=1, initializer=_plan, initargs=IN_ORDER)
        executor.submit(_connect)
        _executors.append(executor)


# `connection` is the one of the thread that asks: these have to ask from the worker's.
def _connect() -> None:
    connection.ensure_connection()


def _disconnect() -> None:
    connection.close()


SAFE_TO_REPEAT = "ON CONFLICT DO NOTHING"


def _transact(statements: Statements) -> list[int]:
    """
    Statements in one transaction; those of an interrupted run that come again find their rows and pass them over.

    That is rare, and looking for a conflict costs an insert more than half as much again. So they are first run as
    if nothing were there, and once more if something is.
    """
    plain = [(statement.replace(SAFE_TO_REPEAT, ""), values) for statement, values in statements]
    if any(SAFE_TO_REPEAT in statement for statement, _ in statements):
        with suppress(IntegrityError):
            return _execute(plain)
    return _execute(statements)


def _execute(statements: Statements) -> list[int]:
    counts = []
    with transaction.atomic(), connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(statement, values)
            counts.append(cursor.rowcount)
    return counts
