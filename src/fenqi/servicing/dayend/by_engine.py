"""Loans of a day-end that no formula tells: replayed by the engine, read and written many at a time."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeVar
from uuid import UUID

import psycopg
from django.db import IntegrityError, connection, transaction

from fenqi.domain.replay import replay
from fenqi.plumbing import clock
from fenqi.servicing import recording, store_bulk
from fenqi.servicing.projection import project
from fenqi.servicing.recording import RECEIVED_KIND, Wanted
from fenqi.servicing.store_bulk import Key, Moved

T = TypeVar("T")

AT_ONCE = 200
"""Loans in one transaction: a commit for many, and no lock held for long."""

COLLECTED = """
SELECT borrower_id, loan_id, amount_fen, debit_id FROM servicing_debitinstruction
WHERE business_date = %(on)s AND state = 'collected' AND NOT (is_plain AND %(only_odd)s)
ORDER BY borrower_id, loan_id, due_on
"""

BOOKED_BY_ENGINE = """
UPDATE servicing_debitinstruction d SET state = 'booked', sequence = b.sequence, booked_at = %(now)s
FROM unnest(%(borrowers)s::bigint[], %(debits)s::uuid[], %(sequences)s::int[]) AS b (borrower_id, debit_id, sequence)
WHERE d.business_date = %(on)s AND d.borrower_id = b.borrower_id AND d.debit_id = b.debit_id
"""

Collected = tuple[int, UUID, int, UUID]
"""Borrower, loan, fen and debit."""


def book_collected(on: datetime.date, *, only_odd: bool = False) -> int:
    """Book what was collected on a date, or only of loans that were not plain; tells how many debits."""
    with connection.cursor() as cursor:
        cursor.execute(COLLECTED, {"on": on, "only_odd": only_odd})
        left: list[Collected] = cursor.fetchall()
    booked = len(left)
    while left:
        # One debit of a loan at a time: the next one meets what this one leaves.
        first: dict[Key, Collected] = {}
        for row in left:
            first.setdefault((row[0], row[1]), row)
        for together in _at_once(first.values()):
            _book_again_if_raced(on, together)
        done = set(first.values())
        left = [row for row in left if row not in done]
    return booked


def _book_again_if_raced(on: datetime.date, collected: list[Collected]) -> None:
    for is_last_try in (False, True):
        try:
            _book(on, collected)
            return
        except (psycopg.errors.UniqueViolation, IntegrityError):
            # A handler booked one of them between our statements; now its reference can be read.
            if is_last_try:
                raise


@transaction.atomic
def _book(on: datetime.date, collected: list[Collected]) -> None:
    loaded = store_bulk.load_many({(row[0], row[1]): str(row[3]) for row in collected})
    changes, sequences = [], []
    for borrower_id, loan_id, amount_fen, debit_id in collected:
        wanted = Wanted(
            borrower_id=borrower_id,
            loan_id=loan_id,
            reference=str(debit_id),
            source="debit",
            make=partial(recording.received, amount_fen=amount_fen, on=on),
            kind=RECEIVED_KIND,
            amount_fen=amount_fen,
        )
        loan = recording.check_loan(wanted, loaded.get((borrower_id, loan_id)))
        if loan.earlier:
            sequences.append(loan.earlier.sequence)
            continue
        change, after = recording.work_out(wanted, loan, recording.terms_of(loan.loan))
        changes.append((loan, change))
        sequences.append(change.event.sequence)
        recording.announce(change, after)
    store_bulk.save_many(changes)
    with connection.cursor() as cursor:
        cursor.execute(
            BOOKED_BY_ENGINE,
            {
                "on": on,
                "now": clock.wall(),
                "borrowers": [row[0] for row in collected],
                "debits": [row[3] for row in collected],
                "sequences": sequences,
            },
        )


def project_again(on: datetime.date, keys: Iterable[Key]) -> int:
    """Replay loans up to a date and store what time alone has changed, no event and no entry; tells how many."""
    count = 0
    for together in _at_once(keys):
        with transaction.atomic():
            moved = []
            for (borrower_id, _loan_id), loaded in store_bulk.load_many(dict.fromkeys(together, "")).items():
                loan = loaded.loan
                if loan.terms_id is None:
                    continue
                terms = recording.terms_of(loan)
                state = replay(terms, loaded.events, max(on, loan.last_event_on))
                projection = project(terms, loaded.events, state)
                moved.append(Moved(borrower_id, loaded, projection, on, loan.sequence, loan.last_event_on))
            store_bulk.save_projections(moved)
        count += len(together)
    return count


def _at_once(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while together := list(islice(left, AT_ONCE)):
        yield together
