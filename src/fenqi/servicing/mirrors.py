"""Loans their lenders service: which of them something is due on."""

from __future__ import annotations

import datetime
from uuid import UUID

from django.db import connection


def mirrors_due(on: datetime.date) -> list[tuple[int, UUID]]:
    """Loans serviced by their lenders with an installment due by a date and not known to be paid: (borrower_id, loan_id)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT borrower_id, id FROM servicing_loan WHERE serviced_by = 'lender' AND outstanding_fen > 0"
            " AND least(oldest_unpaid_due_on, next_due_on) <= %s ORDER BY borrower_id, id",
            [on],
        )
        return cursor.fetchall()
