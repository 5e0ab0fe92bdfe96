"""Collectors for day-ends without a payment channel: they mark what was to be debited as taken or refused."""

from __future__ import annotations

import datetime

from django.db import connection


def collect_all(on: datetime.date) -> dict[str, int]:
    """Every debit succeeds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE servicing_debitinstruction SET state = 'collected',"
            " debit_id = md5(loan_id || ':' || due_on || ':' || business_date)::uuid"
            " WHERE business_date = %s AND state = 'made'",
            [on],
        )
        return {"succeeded": cursor.rowcount}


def collect_none(on: datetime.date) -> dict[str, int]:
    """Every debit fails for lack of balance."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE servicing_debitinstruction SET state = 'failed', failure = 'INSUFFICIENT'"
            " WHERE business_date = %s AND state = 'made'",
            [on],
        )
        return {"failed": cursor.rowcount}
