"""
The ordinary repayment in two trips: one reads the loan, one writes everything.

Ordinary: money received as the loan's last event, by rules that leave the plan as it is. Then only the installments it
met and those past due change, and only in what is paid and what being late costs. Everything else goes through servicing.store, statement by
statement; both leave the same rows.

The loan need not be locked in between: what is written names the version of the row it was worked out from, and where
the loan has another one by then, nothing is written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from fenqi.domain.rules import FutureRule
from fenqi.domain.terms import LoanTerms
from fenqi.domain.waypoint import Waypoint
from fenqi.ledger import services as ledger
from fenqi.plumbing import prepared
from fenqi.servicing import events as stored
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, InstallmentRow, installment_row, is_by_schedule
from fenqi.servicing.store import (
    LOAN_PROJECTION,
    Change,
    EarlierReference,
    Loaded,
    LoanRow,
    entry_source,
)

KEY_TYPES = {"borrower_id": "bigint", "id": "uuid", "reference": "text"}
READ_TYPES = KEY_TYPES | {"after": "int"}

READ = f"""
SELECT {", ".join(f"l.{column}" for column in LoanRow._fields)}, l.xmin, d.open_on,
       e.sequences, e.kinds, e.dates, e.amounts, e.reverses, e.details,
       r.borrower_id, r.loan_id, r.sequence, r.kind, r.amount_fen
FROM servicing_loan l
JOIN plumbing_businessdate d ON d.name = 'main'
CROSS JOIN LATERAL (
  SELECT array_agg(sequence ORDER BY sequence) AS sequences, array_agg(kind ORDER BY sequence) AS kinds,
         array_agg(happened_on ORDER BY sequence) AS dates, array_agg(amount_fen ORDER BY sequence) AS amounts,
         array_agg(reverses ORDER BY sequence) AS reverses, array_agg(detail ORDER BY sequence) AS details
  FROM servicing_loanevent WHERE borrower_id = %(borrower_id)s AND loan_id = %(id)s AND sequence > %(after)s
) e
LEFT JOIN servicing_eventreference r ON r.reference = %(reference)s
WHERE l.borrower_id = %(borrower_id)s AND l.id = %(id)s
"""
READ_LOAN = prepared.Statement(READ, READ_TYPES)
ROW_LOCK = prepared.Statement(
    "SELECT FROM servicing_loan WHERE borrower_id = %(borrower_id)s AND id = %(id)s FOR NO KEY UPDATE",
    KEY_TYPES,
)
POSTING_LOCK = prepared.Statement("SELECT pg_advisory_xact_lock_shared(%(lock)s)", {"lock": "bigint"})
LOCK = {"lock": ledger.POSTING_LOCK}
FIELDS = len(LoanRow._fields)

PAID_COLUMNS = (
    "penalty_fen",
    "late_fee_fen",
    "principal_paid_fen",
    "interest_paid_fen",
    "fee_paid_fen",
    "penalty_paid_fen",
    "late_fee_paid_fen",
    "paid_on",
)
PAID_AT = tuple(INSTALLMENT_COLUMNS.index(column) for column in PAID_COLUMNS)

MOST_ROWS = 3
"""Installments one quick statement writes: there is a statement for each number, so that it is planned once."""

TEXTS = frozenset({"state"})
FLAGS = frozenset({"is_paused", "is_plain"})
COLUMNS = (*LOAN_PROJECTION, "sequence")


def _type_of(column: str) -> str:
    if column in TEXTS:
        return "text"
    if column in FLAGS:
        return "boolean"
    if column.endswith("_fen"):
        return "bigint"
    return "date" if column.endswith(("_on", "accrues_from", "accrues_to")) else "int"


WRITE_TYPES = {
    **{column: _type_of(column) for column in COLUMNS},
    **KEY_TYPES,
    **ledger.POSTED_TYPES,
    "version": "xid",
    "on": "date",
    "amount_fen": "bigint",
    "kind": "text",
    "reference_kind": "text",
    "event_source": "text",
    "template": "text",
    "notice_key": "text",
    "lender_code": "text",
}


@lru_cache(maxsize=64)
def _write(legs: int, rows: int) -> prepared.Statement:
    """The statement for an entry of so many legs and so many installments met. It tells whether it found the loan."""
    paid = [
        f"""paid_{row} AS (
  UPDATE servicing_loaninstallment i SET {", ".join(f"{column} = %({column}_{row})s" for column in PAID_COLUMNS)}
  FROM moved WHERE i.borrower_id = moved.borrower_id AND i.loan_id = moved.id AND i.number = %(number_{row})s
)"""
        for row in range(rows)
    ]
    types = {
        f"{column}_{row}": "date" if column == "paid_on" else "int"
        for column in ("number", *PAID_COLUMNS)
        for row in range(rows)
    }
    return prepared.Statement(
        f"""
WITH moved AS (
  UPDATE servicing_loan l SET {", ".join(f"{column} = %({column})s" for column in COLUMNS)}, last_event_on = %(on)s
  WHERE l.borrower_id = %(borrower_id)s AND l.id = %(id)s AND l.xmin = %(version)s AND {ledger.IS_OPEN}
  RETURNING l.borrower_id, l.id, l.book_id
), reference_written AS (
  INSERT INTO servicing_eventreference (reference, borrower_id, loan_id, sequence, kind, amount_fen)
  SELECT %(reference)s, borrower_id, id, %(sequence)s, %(reference_kind)s, %(amount_fen)s FROM moved
), event_written AS (
  INSERT INTO servicing_loanevent (borrower_id, loan_id, sequence, kind, happened_on, amount_fen, source, reference)
  SELECT borrower_id, id, %(sequence)s, %(kind)s, %(on)s, %(amount_fen)s, %(event_source)s, %(reference)s FROM moved
), posted AS (
  {ledger.posted_beside("moved", legs)}
), notice_written AS (
  INSERT INTO servicing_notice (borrower_id, template, key, loan_id, lender_code, on_date, amount_fen)
  SELECT borrower_id, %(template)s, %(notice_key)s, id, %(lender_code)s, %(on)s, %(amount_fen)s FROM moved
){"".join(f", {one}" for one in paid)}
SELECT FROM moved
""",
        WRITE_TYPES | types | ledger.leg_types(legs),
    )


def read(
    *, borrower_id: int, loan_id: UUID, reference: str, is_locked: bool, since: Waypoint | None = None
) -> Loaded | None:
    """
    Read a loan without its installments, and lock it where that is asked for. None if there is no such loan.

    Of the events only those after `since`, where it is given; its payout stands before them. Who had to wait for the
    lock sees what the one before him wrote: each statement of a trip looks afresh.
    """
    values = {
        "borrower_id": borrower_id,
        "id": loan_id,
        "reference": reference,
        "after": since.sequence if since else 0,
    }
    locks = ((POSTING_LOCK, LOCK), (ROW_LOCK, values)) if is_locked else ()
    rows = prepared.run(*locks, (READ_LOAN, values))[-1]
    if not rows:
        return None
    [row] = rows
    version, open_on, sequences, *columns = row[FIELDS : FIELDS + 8]
    earlier = row[FIELDS + 8 :]
    events = stored.from_rows(zip(sequences or (), *(column or () for column in columns), strict=True))
    return Loaded(
        loan=LoanRow._make(row[:FIELDS]),
        events=[since.payout, *events] if since else events,
        installments={},
        earlier=EarlierReference._make(earlier) if earlier[3] is not None else None,
        open_on=open_on,
        version=version,
        since=since,
    )


def leaves_the_plan_alone(terms: LoanTerms) -> bool:
    """Whether money received changes no installment but those it meets."""
    return is_by_schedule(terms) and terms.allocation.usual.future is FutureRule.NEXT


def rows_to_write(change: Change, met: set[int]) -> list[InstallmentRow]:
    """The installments that differ: those the repayment met (`met`: their numbers), and those time has made dearer."""
    on, as_of = change.event.on, change.projection.loan["projected_on"]
    return [
        installment_row(row)
        for row in change.projection.of
        if row.number in met or row.paid_on == on or (row.due_on <= as_of and row.outstanding_fen)
    ]


def write(change: Change, rows: list[InstallmentRow], version: str) -> bool:
    """
    Write an ordinary repayment. False, and nothing written, if the loan has changed or the day was closed meanwhile.

    Raises: Django's IntegrityError when another loan took the reference meanwhile.
    """
    assert change.notice is not None
    loan, event = change.loan, change.event
    source = entry_source(loan.id, event.sequence)
    values: dict[str, Any] = change.projection.loan | {
        "borrower_id": change.borrower_id,
        "id": loan.id,
        "version": version,
        "reference": change.reference,
        "reference_kind": change.reference_kind,
        "sequence": event.sequence,
        "kind": event.kind.value,
        "on": event.on,
        "amount_fen": event.amount_fen,
        "event_source": change.source,
        "template": change.notice[0],
        "notice_key": source.removeprefix("loan:"),
        "lender_code": loan.lender_code,
    }
    legs = change.entry.legs
    values |= ledger.posted_values(legs, business_date=change.entry_on, source=source)
    for position, row in enumerate(rows):
        values[f"number_{position}"] = row[0]
        for column, at in zip(PAID_COLUMNS, PAID_AT, strict=True):
            values[f"{column}_{position}"] = row[at]
    return bool(prepared.run((POSTING_LOCK, LOCK), (_write(len(legs), len(rows)), values))[1])
