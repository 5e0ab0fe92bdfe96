"""Many entries posted by one statement, for a batch that holds the posting lock."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from fenqi.domain.posting_rules import Entry
from fenqi.ledger.services import POSTING_LOCK, ClosedDay, entry_id_of

POST = """
INSERT INTO ledger_transfer
  (borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account, amount_fen, business_date, source)
SELECT r.borrower_id, r.entry_id, r.leg, r.loan_id, r.book_id, r.debit_account, r.credit_account, r.amount_fen,
       r.business_date, r.source
FROM json_populate_recordset(NULL::ledger_transfer, %s) r
WHERE NOT EXISTS (SELECT FROM ledger_closedday c WHERE c.business_date >= r.business_date)
"""


class Posting(NamedTuple):
    """An entry of a loan or of the house, and what it is posted for."""

    borrower_id: int
    loan_id: UUID | None
    book_id: int
    business_date: datetime.date
    source: str
    entry: Entry


def post_many(postings: Sequence[Posting]) -> None:
    """
    Store new entries. Inside a transaction.

    Raises: ClosedDay if one of the dates is closed.
    """
    legs = [
        {
            "borrower_id": one.borrower_id,
            "entry_id": entry_id_of(one.source),
            "leg": position,
            "loan_id": one.loan_id,
            "book_id": one.book_id,
            "debit_account": int(leg.debit),
            "credit_account": int(leg.credit),
            "amount_fen": leg.amount_fen,
            "business_date": one.business_date,
            "source": one.source,
        }
        for one in postings
        for position, leg in enumerate(one.entry.legs, start=1)
    ]
    if not legs:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [POSTING_LOCK])
        cursor.execute(POST, [json.dumps(legs, default=str)])
        if cursor.rowcount != len(legs):
            raise ClosedDay(business_date=str(max(one.business_date for one in postings)))
