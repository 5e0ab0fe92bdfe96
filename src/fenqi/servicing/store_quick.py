"""
The ordinary repayment in two statements: one reads the loan under its lock, one writes everything.

Ordinary: money received on a loan that is on schedule, as its last event, by rules that leave the plan as it is. Then
the installments it met are the only ones that change. Everything else goes through servicing.store, statement by
statement; both leave the same rows.
"""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg.types.numeric import Int8Dumper

from fenqi.domain.rules import FutureRule
from fenqi.domain.terms import LoanTerms
from fenqi.ledger import services as ledger
from fenqi.servicing import events as stored
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, is_by_schedule
from fenqi.servicing.store import (
    LOAN_PROJECTION,
    Change,
    EarlierReference,
    Loaded,
    LoanRow,
    entry_source,
    prepared_connection,
)

READ = f"""
SELECT {", ".join(f"l.{column}" for column in LoanRow._fields)}, l.oldest_unpaid_due_on IS NULL, d.open_on,
       e.sequences, e.kinds, e.dates, e.amounts, e.reverses, e.details,
       r.borrower_id, r.loan_id, r.sequence, r.kind, r.amount_fen
FROM servicing_loan l
JOIN plumbing_businessdate d ON d.name = 'main'
CROSS JOIN LATERAL (
  SELECT array_agg(sequence ORDER BY sequence) AS sequences, array_agg(kind ORDER BY sequence) AS kinds,
         array_agg(happened_on ORDER BY sequence) AS dates, array_agg(amount_fen ORDER BY sequence) AS amounts,
         array_agg(reverses ORDER BY sequence) AS reverses, array_agg(detail ORDER BY sequence) AS details
  FROM servicing_loanevent WHERE borrower_id = %(borrower_id)s AND loan_id = %(loan_id)s
) e
LEFT JOIN servicing_eventreference r ON r.reference = %(reference)s
WHERE l.borrower_id = %(borrower_id)s AND l.id = %(loan_id)s
  AND pg_advisory_xact_lock_shared(%(lock)s) IS NOT NULL
FOR NO KEY UPDATE OF l
"""
FIELDS = len(LoanRow._fields)

_cursors: WeakKeyDictionary[psycopg.Connection[Any], psycopg.Cursor[Any]] = WeakKeyDictionary()

PAID_COLUMNS = (
    "principal_paid_fen",
    "interest_paid_fen",
    "fee_paid_fen",
    "penalty_paid_fen",
    "late_fee_paid_fen",
)
PAID_AT = tuple(INSTALLMENT_COLUMNS.index(column) for column in PAID_COLUMNS)
PAID_ON_AT = INSTALLMENT_COLUMNS.index("paid_on")

WRITE = f"""
WITH reference_written AS (
  INSERT INTO servicing_eventreference (reference, borrower_id, loan_id, sequence, kind, amount_fen)
  VALUES (%(reference)s, %(borrower_id)s, %(id)s, %(sequence)s, %(reference_kind)s, %(amount_fen)s)
), event_written AS (
  INSERT INTO servicing_loanevent (borrower_id, loan_id, sequence, kind, happened_on, amount_fen, source, reference)
  VALUES (%(borrower_id)s, %(id)s, %(sequence)s, %(kind)s, %(on)s, %(amount_fen)s, %(event_source)s, %(reference)s)
), posted AS (
  {ledger.POSTED}
  RETURNING leg
), installments_paid AS (
  UPDATE servicing_loaninstallment i SET
    {", ".join(f"{column} = u.{column}" for column in PAID_COLUMNS)}, paid_on = u.paid_on
  FROM unnest(%(numbers)s::int[], {", ".join(f"%({column}s)s::int[]" for column in PAID_COLUMNS)}, %(paid_ons)s::date[])
       AS u (number, {", ".join(PAID_COLUMNS)}, paid_on)
  WHERE i.borrower_id = %(borrower_id)s AND i.loan_id = %(id)s AND i.number = u.number
), notice_written AS (
  INSERT INTO servicing_notice (borrower_id, template, key, loan_id, lender_code, on_date, amount_fen)
  VALUES (%(borrower_id)s, %(template)s, %(notice_key)s, %(id)s, %(lender_code)s, %(on)s, %(amount_fen)s)
)
UPDATE servicing_loan SET
  {", ".join(f"{column} = %({column})s" for column in (*LOAN_PROJECTION, "sequence"))}, last_event_on = %(on)s
WHERE borrower_id = %(borrower_id)s AND id = %(id)s
RETURNING (SELECT count(*) FROM posted)
"""


def read(*, borrower_id: int, loan_id: UUID, reference: str) -> tuple[Loaded, bool] | None:
    """
    Lock a loan and read it without its installments; and whether nothing of it is past due. None if there is no such loan.

    Who had to wait for the lock has an old picture of the events: the statement is repeated then.
    """
    values = {
        "borrower_id": borrower_id,
        "loan_id": loan_id,
        "reference": reference,
        "lock": ledger.POSTING_LOCK,
    }
    while True:
        row = _execute(READ, values)
        if row is None:
            return None
        loan = LoanRow._make(row[:FIELDS])
        is_current, open_on, sequences, *columns = row[FIELDS : FIELDS + 8]
        if not loan.sequence or (sequences and sequences[-1] == loan.sequence):
            break
    earlier = row[FIELDS + 8 :]
    events = stored.from_rows(zip(sequences or (), *(column or () for column in columns), strict=True))
    return (
        Loaded(
            loan=loan,
            events=events,
            installments={},
            earlier=EarlierReference._make(earlier) if earlier[3] is not None else None,
            open_on=open_on,
        ),
        is_current,
    )


def leaves_the_plan_alone(terms: LoanTerms) -> bool:
    """Whether money received changes no installment but those it meets."""
    return is_by_schedule(terms) and terms.allocation.usual.future is FutureRule.NEXT


def write(change: Change, met: set[int]) -> None:
    """
    Write an ordinary repayment; `met` are the numbers of the installments it paid on.

    Raises: as store.save.
    """
    on: datetime.date = change.event.on
    assert change.notice is not None
    rows = [row for row in change.projection.installments if row[0] in met or row[PAID_ON_AT] == on]
    _, posting = ledger.posting(
        borrower_id=change.borrower_id,
        entry=change.entry,
        business_date=change.entry_on,
        source=entry_source(change.loan.id, change.event.sequence),
        loan_id=change.loan.id,
        book_id=change.loan.book_id,
    )
    posting |= {name: _array(posting[name]) for name in ("debits", "credits", "fens")}
    values: dict[str, Any] = posting | change.projection.loan
    values |= {
        "id": change.loan.id,
        "reference": change.reference,
        "reference_kind": change.reference_kind,
        "sequence": change.event.sequence,
        "kind": change.event.kind.value,
        "on": on,
        "amount_fen": change.event.amount_fen,
        "event_source": change.source,
        "template": change.notice[0],
        "notice_key": f"{change.loan.id}:{change.event.sequence}",
        "lender_code": change.loan.lender_code,
        "numbers": _array([row[0] for row in rows]),
        "paid_ons": _array([row[PAID_ON_AT] for row in rows]),
    }
    values |= {
        f"{column}s": _array([row[at] for row in rows])
        for column, at in zip(PAID_COLUMNS, PAID_AT, strict=True)
    }
    written = _execute(WRITE, values)
    if change.entry.legs and (written is None or not written[0]):
        raise ledger.ClosedDay(business_date=str(change.entry_on))


def _array(values: list[Any]) -> str:
    """PostgreSQL's way to write an array of numbers or dates; psycopg's own looks at every element's type."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def _execute(statement: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    raw = prepared_connection()
    cursor = _cursors.get(raw)
    if cursor is None:
        cursor = _cursors[raw] = psycopg.Cursor(raw)
        # Else small and large numbers have different types, and every mixture is another statement to plan.
        cursor.adapters.register_dumper(int, Int8Dumper)
    return cursor.execute(statement, values, prepare=True).fetchone()
