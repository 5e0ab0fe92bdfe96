"""
`fenqi verify`: every projection rebuilt from events, every balance from transfers, each difference named.

Loans are replayed in parallel by ranges of borrowers; everything is streamed in the order of the keys, so memory does
not grow with the book. What the whole ledger must fulfil is asked of the database in a few statements.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event, EventKind
from fenqi.domain.posting_rules import Account, book_principal
from fenqi.domain.replay import replay
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms
from fenqi.servicing import cross_checks, ledger_checks, processes, recounting, terms_sheets
from fenqi.servicing import events as stored
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, project
from fenqi.servicing.recording import LOSSES, lender_share_fen, subsidies
from fenqi.servicing.store import LOAN_PROJECTION

Key = tuple[int, UUID]
Progress = Callable[[int, int], None]

ROWS_AT_ONCE = 5_000
LOANS_A_RANGE = 50_000

# What only an event or a step of the engine writes: as of the projection's own date. The rest is of the last closed date.
OF_PROJECTION = ("principal_outstanding_fen", "outstanding_fen", "overpaid_fen", "settled_on", "is_plain")
NOT_COMPARED = ("projected_on", "wakes_on")

LOAN_COLUMNS = (
    "terms_id",
    "starts_on",
    "first_due_on",
    "is_through_channel",
    "lender_share_bp",
    "sequence",
    *LOAN_PROJECTION,
)
LOANS = (
    f"SELECT borrower_id, id, serviced_by, {', '.join(LOAN_COLUMNS)} FROM servicing_loan"
    " WHERE borrower_id BETWEEN %s AND %s ORDER BY borrower_id, id"
)
EVENTS = (
    "SELECT borrower_id, loan_id, sequence, kind, happened_on, amount_fen, reverses, detail FROM servicing_loanevent"
    " WHERE borrower_id BETWEEN %s AND %s ORDER BY borrower_id, loan_id, sequence"
)
INSTALLMENTS = (
    f"SELECT borrower_id, loan_id, {', '.join(INSTALLMENT_COLUMNS)} FROM servicing_loaninstallment"
    " WHERE borrower_id BETWEEN %s AND %s ORDER BY borrower_id, loan_id, number"
)
BALANCES = """
SELECT t.borrower_id, t.loan_id, side.account, sum(side.fen)::bigint
FROM ledger_transfer t
CROSS JOIN LATERAL (VALUES (t.debit_account, t.amount_fen), (t.credit_account, -t.amount_fen)) AS side (account, fen)
WHERE t.borrower_id BETWEEN %s AND %s AND t.loan_id IS NOT NULL
GROUP BY t.borrower_id, t.loan_id, side.account ORDER BY t.borrower_id, t.loan_id
"""


def verify(*, workers: int = 2, progress: Progress | None = None) -> list[str]:
    """
    The differences between what is stored and what terms, events and transfers say, one line each; none is right.

    `progress(ranges done, ranges in all)`.
    """
    found: list[str] = []
    ranges = _ranges()
    if workers == 1 or len(ranges) < 2:
        results: Iterable[list[str]] = (verify_range(low, high) for low, high in ranges)
    else:
        results = processes.spread(
            f"{__name__}.verify_range",
            [*ranges],
            workers=workers,
            settings=dict(connection.settings_dict),
        )
    for done, differences in enumerate(results, start=1):
        found += differences
        if progress:
            progress(done, len(ranges))
    for check in (ledger_checks.differences, cross_checks.differences, recounting.differences):
        found += check()
    for path in settings.VERIFY_CHECKS:
        found += import_string(path)()
    return found


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
        if is_outermost:
            # One snapshot for all streams, so that a repayment in between is in all of them or in none.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        closed_on = _last_closed()
        streams = [_OfLoans(_stream(statement, low, high)) for statement in (EVENTS, INSTALLMENTS, BALANCES)]
        for borrower_id, loan_id, serviced_by, *columns in _stream(LOANS, low, high):
            key = (borrower_id, loan_id)
            events, installments, balances = (stream.take(key) for stream in streams)
            if serviced_by == "lender":
                # Its lender keeps its events; what we were told of it is looked at by cross_checks.
                if events or balances:
                    found.append(
                        f"loan {loan_id} of {borrower_id}: its lender keeps it, and it has entries of ours"
                    )
                continue
            found += [
                f"loan {loan_id} of {borrower_id}: {difference}"
                for difference in _loan_differences(
                    dict(zip(LOAN_COLUMNS, columns, strict=True)),
                    [tuple(row) for row in events],
                    [tuple(row) for row in installments],
                    dict(balances),
                    closed_on,
                )
            ]
        names = ("event", "installment", "transfer")
        for name, stream in zip(names, streams, strict=True):
            found += [
                f"{name} of a loan that is not there: {loan_id}" for _borrower, loan_id in stream.finish()
            ]
    return found


class _OfLoans:
    """Rows in the order of borrower and loan, handed out loan by loan; rows of no loan are kept apart."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)
        self._strays: set[Key] = set()

    def take(self, key: Key) -> list[tuple[Any, ...]]:
        """The rows of a loan, without their key."""
        taken = []
        while self._next is not None and (self._next[0], self._next[1]) <= key:
            if (self._next[0], self._next[1]) == key:
                taken.append(self._next[2:])
            else:
                self._strays.add((self._next[0], self._next[1]))
            self._next = next(self._rows, None)
        return taken

    def finish(self) -> set[Key]:
        """The keys of rows that no loan asked for."""
        while self._next is not None:
            self._strays.add((self._next[0], self._next[1]))
            self._next = next(self._rows, None)
        return self._strays


def _stream(statement: str, low: int, high: int) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, [low, high])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _last_closed() -> datetime.date | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(business_date) FROM ledger_closedday")
        on: datetime.date | None = cursor.fetchone()[0]
    return on


def _loan_differences(
    loan: dict[str, Any],
    event_rows: list[tuple[Any, ...]],
    installments: list[tuple[Any, ...]],
    balances: dict[int, int],
    closed_on: datetime.date | None,
) -> Iterator[str]:
    if not event_rows or event_rows[-1][0] != loan["sequence"]:
        yield f"its last event is not {loan['sequence']}"
        return
    last_on = max(loan["projected_on"], closed_on or loan["projected_on"])
    try:
        events = stored.from_rows(event_rows)
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
    yield from _row_differences(terms, events, loan, installments, state, projected)
    yield from _balance_differences(loan, events, balances, state)


def _row_differences(
    terms: LoanTerms,
    events: list[Event],
    loan: dict[str, Any],
    installments: list[tuple[Any, ...]],
    state: LoanState,
    projected: LoanState,
) -> Iterator[str]:
    now = project(terms, events, state)
    then = now if projected is state else project(terms, events, projected)
    for column in LOAN_PROJECTION:
        if column in NOT_COMPARED:
            continue
        expected = (then if column in OF_PROJECTION else now).loan[column]
        if loan[column] != expected:
            yield f"{column} is {loan[column]}, by its events {expected}"
    if (loan["wakes_on"] is None) != (now.loan["wakes_on"] is None):
        yield f"wakes_on is {loan['wakes_on']}, by its events {now.loan['wakes_on']}"
    if tuple(installments) == then.installments:
        return
    expected_rows = {row[0]: row for row in then.installments}
    stored_rows = {row[0]: row for row in installments}
    for number in sorted(expected_rows.keys() | stored_rows.keys()):
        expected_row, stored_row = expected_rows.get(number), stored_rows.get(number)
        if expected_row is None or stored_row is None:
            yield f"installment {number} {'should not be there' if expected_row is None else 'is missing'}"
            continue
        for column, is_stored, is_expected in zip(INSTALLMENT_COLUMNS, stored_row, expected_row, strict=True):
            if is_stored != is_expected:
                yield f"installment {number}: {column} is {is_stored}, by its events {is_expected}"


def _balance_differences(
    loan: dict[str, Any], events: list[Event], balances: dict[int, int], state: LoanState
) -> Iterator[str]:
    paid = state.totals.paid
    borne = subsidies(state)
    funded_fen = sum(event.amount_fen for event in events if event.kind is EventKind.PAYOUT)
    by_lender_fen = sum(
        lender_share_fen(event.amount_fen, loan["lender_share_bp"])
        for event in events
        if event.kind is EventKind.PAYOUT
    )
    through_channel = loan["is_through_channel"]
    expected = {
        Account.LENDER_FUNDING: -by_lender_fen,
        Account.LENDER_RECEIVABLE: by_lender_fen if through_channel else 0,
        Account.OWN_FUNDS: 0 if through_channel else by_lender_fen - funded_fen,
        Account.LOAN_PRINCIPAL: book_principal(state),
        Account.OVERPAYMENT: -state.overpaid_fen,
        Account.CHANNEL_CASH: _cash(events, through_channel=through_channel),
        Account.SUSPENSE: 0,
        Account.MERCHANT_SUBSIDY_RECEIVABLE: borne.merchant_fen,
        Account.LENDER_SUBSIDY_RECEIVABLE: borne.lender_fen,
        Account.SUBSIDY_EXPENSE: borne.platform_fen,
    }
    if loan["state"] not in LOSSES:
        # After a loss what comes in is a recovery, whatever component it meets.
        expected |= {
            Account.INTEREST_RECEIVABLE: -paid.interest_fen,
            Account.FEE_RECEIVABLE: -paid.fee_fen,
            Account.PENALTY_INCOME: -paid.penalty_fen,
            Account.LATE_FEE_INCOME: -paid.late_fee_fen,
        }
    for account, fen in expected.items():
        if balances.get(account, 0) != fen:
            yield f"the ledger has {balances.get(account, 0)} fen on {account.name}, by its events {fen}"


MONEY_IN = frozenset(
    {EventKind.REPAYMENT, EventKind.PREPAYMENT, EventKind.EARLY_SETTLEMENT, EventKind.RECOVERY}
)
MONEY_OUT = frozenset({EventKind.OVERPAYMENT_REFUND, EventKind.CHARGEBACK})


def _cash(events: Iterable[Event], *, through_channel: bool) -> int:
    """What the events of a loan moved through the channel, fen."""
    kept = list(events)
    reversed_ids = {event.reverses for event in kept if event.reverses}
    total = 0
    for event in kept:
        if event.id in reversed_ids:
            continue
        if event.kind in MONEY_IN:
            total += event.amount_fen
        elif event.kind in MONEY_OUT or (event.kind is EventKind.PAYOUT and through_channel):
            total -= event.amount_fen
    return total
