"""
`fenqi verify`: every projection rebuilt from events, every balance from transfers, each difference named.

Loans are replayed in parallel by ranges of borrowers; everything is streamed in the order of the keys, so memory does
not grow with the book. What the whole ledger must fulfil is asked of the database in a few statements.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event
from fenqi.domain.replay import replay
from fenqi.domain.state import LoanState
from fenqi.servicing import cross_checks, ledger_checks, processes, recounting, terms_sheets
from fenqi.servicing import events as stored
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, project
from fenqi.servicing.recording import LOSSES
from fenqi.servicing.store import LOAN_PROJECTION
from fenqi.servicing.tie_out import expected_balances

Key = tuple[int, bytes]
"""Borrower and loan; the loan as its sixteen bytes, which sort as the database sorts them."""

Progress = Callable[[int, int], None]
Row = tuple[Any, ...]

ROWS_AT_ONCE = 10_000
LOANS_A_RANGE = 20_000

# A range is read from its first to its last row, and its sorts stay in memory.
FOR_WHOLE_RANGES = "SET LOCAL cursor_tuple_fraction = 1.0; SET LOCAL work_mem = '64MB'"

# What only an event or a step of the engine writes: as of the projection's own date. The rest is of the last closed date.
OF_PROJECTION = ("principal_outstanding_fen", "outstanding_fen", "overpaid_fen", "settled_on", "is_plain")
NOT_COMPARED = ("projected_on", "wakes_on")
OF_NOW = tuple(column for column in LOAN_PROJECTION if column not in OF_PROJECTION + NOT_COMPARED)

OTHER_COLUMNS = (
    "serviced_by",
    "terms_id",
    "starts_on",
    "first_due_on",
    "is_through_channel",
    "lender_share_bp",
    "sequence",
    *NOT_COMPARED,
)
LOAN_COLUMNS = (*OF_PROJECTION, *OF_NOW, *OTHER_COLUMNS)
OWN = len(OF_PROJECTION)
COMPARED = OWN + len(OF_NOW)

# borrower_id and the loan's bytes come first in each, and in each they give the order.
LOANS = (
    f"SELECT borrower_id, uuid_send(id), {', '.join(LOAN_COLUMNS)} FROM servicing_loan"
    " WHERE borrower_id BETWEEN %s AND %s ORDER BY borrower_id, id"
)
EVENTS = (
    "SELECT borrower_id, uuid_send(loan_id), sequence, kind, happened_on, amount_fen, reverses, detail"
    " FROM servicing_loanevent WHERE borrower_id BETWEEN %s AND %s ORDER BY borrower_id, loan_id, sequence"
)
INSTALLMENTS = (
    f"SELECT borrower_id, uuid_send(loan_id), {', '.join(INSTALLMENT_COLUMNS)} FROM servicing_loaninstallment"
    " WHERE borrower_id BETWEEN %s AND %s ORDER BY borrower_id, loan_id, number"
)
TRANSFERS = (
    "SELECT borrower_id, uuid_send(loan_id), debit_account, credit_account, amount_fen FROM ledger_transfer"
    " WHERE borrower_id BETWEEN %s AND %s AND loan_id IS NOT NULL ORDER BY borrower_id, loan_id"
)


def verify(*, workers: int = 2, progress: Progress | None = None) -> list[str]:
    """
    The differences between what is stored and what terms, events and transfers say, one line each; none is right.

    `progress(parts done, parts in all)`.
    """
    parts: list[processes.Call] = [(f"{__name__}.verify_range", bounds) for bounds in _ranges()]
    # What the database is asked as a whole takes longest in one piece, so it goes first.
    wholes: list[processes.Call] = [
        (f"{__name__}.check_whole", (path,)) for path in (*CHECKS, *settings.VERIFY_CHECKS)
    ]
    calls = [*wholes, *parts]
    if workers == 1 or len(parts) < 2:
        results: Iterable[list[str]] = (processes.call(path, arguments) for path, arguments in calls)
    else:
        results = processes.spread(calls, workers=workers, settings=dict(connection.settings_dict))
    found: list[list[str]] = []
    for differences in results:
        found.append(differences)
        if progress:
            progress(len(found), len(calls))
    # Loan by loan first: it says most about the others.
    return [line for lines in (*found[len(wholes) :], *found[: len(wholes)]) for line in lines]


CHECKS = tuple(f"{module.__name__}.differences" for module in (ledger_checks, cross_checks, recounting))


def check_whole(path: str) -> list[str]:
    """What a check of everything finds."""
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '64MB'")
        try:
            return list(import_string(path)())
        finally:
            cursor.execute("RESET work_mem")


def _ranges() -> list[tuple[int, int]]:
    """Ranges of borrowers with about as many loans each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(borrower_id), max(borrower_id) FROM servicing_loan")
        count, low, high = cursor.fetchone()
        if not count:
            return []
        parts = -(-count // LOANS_A_RANGE)
        if parts == 1:
            return [(low, high)]
        cursor.execute(
            "SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY borrower_id) FROM servicing_loan",
            [[part / parts for part in range(1, parts)]],
        )
        cuts = sorted(set(cursor.fetchone()[0]))
    edges = [low - 1, *cuts, max(high, cuts[-1] + 1)]
    return [(edges[part] + 1, edges[part + 1]) for part in range(len(edges) - 1)]


def verify_range(low: int, high: int) -> list[str]:
    """The differences of all loans of the borrowers from `low` to `high`."""
    found: list[str] = []
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            if is_outermost:
                # One snapshot for all streams, so that a repayment in between is in all of them or in none.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(FOR_WHOLE_RANGES)
        closed_on = _last_closed()
        streams = [_OfLoans(_stream(statement, low, high)) for statement in (EVENTS, INSTALLMENTS, TRANSFERS)]
        events, installments, transfers = streams
        for loan in _stream(LOANS, low, high):
            key = loan[:2]
            rows = events.take(key), installments.take(key), transfers.take(key)
            found += [
                f"loan {UUID(bytes=key[1])} of {key[0]}: {difference}"
                for difference in _loan_differences(loan[2:], *rows, closed_on)
            ]
        for name, stream in zip(("event", "installment", "transfer"), streams, strict=True):
            found += [
                f"{name} of a loan that is not there: {UUID(bytes=loan_id)}"
                for _borrower, loan_id in sorted(stream.finish())
            ]
    return found


class _OfLoans:
    """Rows in the order of borrower and loan, handed out loan by loan; rows of no loan are kept apart."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._groups = groupby(rows, itemgetter(0, 1))
        self._next: tuple[Key, Iterator[Row]] | None = next(self._groups, None)
        self._strays: set[Key] = set()

    def take(self, key: Key) -> list[Row]:
        """The rows of a loan, their key with them."""
        while self._next is not None:
            found, rows = self._next
            if found == key:
                taken = list(rows)
                self._next = next(self._groups, None)
                return taken
            if found > key:
                break
            self._strays.add(found)
            self._next = next(self._groups, None)
        return []

    def finish(self) -> set[Key]:
        """The keys of rows that no loan asked for."""
        while self._next is not None:
            self._strays.add(self._next[0])
            self._next = next(self._groups, None)
        return self._strays


def _stream(statement: str, low: int, high: int) -> Iterator[Row]:
    """The rows of a statement as they come, read in binary: that is half the work."""
    connection.ensure_connection()
    with connection.connection.cursor(f"verify_{uuid4().hex}") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(statement, [low, high], binary=True)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _last_closed() -> datetime.date | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(business_date) FROM ledger_closedday")
        on: datetime.date | None = cursor.fetchone()[0]
    return on


def _loan_differences(
    loan_row: Row,
    event_rows: list[Row],
    installment_rows: list[Row],
    transfers: list[Row],
    closed_on: datetime.date | None,
) -> Iterator[str]:
    loan = dict(zip(LOAN_COLUMNS, loan_row, strict=True))
    if loan["serviced_by"] == "lender":
        # Its lender keeps its events; what we were told of it is looked at by cross_checks.
        if event_rows or transfers:
            yield "its lender keeps it, and it has entries of ours"
        return
    if not event_rows or event_rows[-1][2] != loan["sequence"]:
        yield f"its last event is not {loan['sequence']}"
        return
    last_on = max(loan["projected_on"], closed_on or loan["projected_on"])
    try:
        events = stored.from_rows(row[2:] for row in event_rows)
        terms = terms_sheets.of_loan(loan["terms_id"], loan["starts_on"], loan["first_due_on"])
        state = replay(terms, events, last_on)
        # A loan on schedule looks the same on both dates, but for its running period.
        is_quiet = loan["projected_on"] == last_on or (
            loan["is_plain"] and loan["oldest_unpaid_due_on"] is None
        )
        projected = state if is_quiet else replay(terms, events, loan["projected_on"])
    except DomainError as e:
        yield f"its events cannot be replayed: {e}"
        return
    now = project(terms, events, state)
    then = now if projected is state else project(terms, events, projected)
    yield from _column_differences(loan_row, loan, then.loan, now.loan)
    installments = [row[2:] for row in installment_rows]
    expected = [*then.installments]
    if installments != expected:
        yield from _installment_differences(installments, expected)
    yield from _balance_differences(loan, events, _added_up(transfers), state)


def _column_differences(
    loan_row: Row, loan: dict[str, Any], then: dict[str, Any], now: dict[str, Any]
) -> Iterator[str]:
    expected = (*_OWN_OF(then), *_NOW_OF(now))
    if loan_row[:COMPARED] != expected:
        for column, is_stored, is_expected in zip(LOAN_COLUMNS, loan_row, expected, strict=False):
            if is_stored != is_expected:
                yield f"{column} is {is_stored}, by its events {is_expected}"
    if (loan["wakes_on"] is None) != (now["wakes_on"] is None):
        yield f"wakes_on is {loan['wakes_on']}, by its events {now['wakes_on']}"


_OWN_OF = itemgetter(*OF_PROJECTION)
_NOW_OF = itemgetter(*OF_NOW)


def _installment_differences(installments: list[Row], expected: list[Row]) -> Iterator[str]:
    expected_rows = {row[0]: row for row in expected}
    stored_rows = {row[0]: row for row in installments}
    for number in sorted(expected_rows.keys() | stored_rows.keys()):
        expected_row, stored_row = expected_rows.get(number), stored_rows.get(number)
        if expected_row is None or stored_row is None:
            yield f"installment {number} {'should not be there' if expected_row is None else 'is missing'}"
            continue
        for column, is_stored, is_expected in zip(INSTALLMENT_COLUMNS, stored_row, expected_row, strict=True):
            if is_stored != is_expected:
                yield f"installment {number}: {column} is {is_stored}, by its events {is_expected}"


def _added_up(transfers: list[Row]) -> dict[int, int]:
    """Debits less credits by account."""
    sums: dict[int, int] = {}
    for _borrower, _loan, debit, credit, fen in transfers:
        sums[debit] = sums.get(debit, 0) + fen
        sums[credit] = sums.get(credit, 0) - fen
    return sums


def _balance_differences(
    loan: dict[str, Any], events: list[Event], balances: dict[int, int], state: LoanState
) -> Iterator[str]:
    expected = expected_balances(
        events,
        state,
        lender_share_bp=loan["lender_share_bp"],
        through_channel=loan["is_through_channel"],
        is_lost=loan["state"] in LOSSES,
    )
    for account, fen in expected.items():
        if balances.get(account, 0) != fen:
            yield f"the ledger has {balances.get(account, 0)} fen on {account.name}, by its events {fen}"
