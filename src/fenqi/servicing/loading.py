"""Loans with their terms and events, read without a lock: what pages, quotes and the rebuild replay."""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fenqi.domain.events import Event
from fenqi.domain.terms import LoanTerms
from fenqi.servicing import events as stored
from fenqi.servicing import terms_sheets
from fenqi.servicing.errors import LoanNotFound, ServicedByLender
from fenqi.servicing.models import Loan

EVENTS = """
SELECT loan_id, sequence, kind, happened_on, amount_fen, reverses, detail FROM servicing_loanevent
WHERE borrower_id = %s AND loan_id = ANY(%s) ORDER BY loan_id, sequence
"""


def terms_of(loan: Loan) -> LoanTerms:
    """The loan's terms."""
    assert loan.terms_id is not None
    return terms_sheets.of_loan(loan.terms_id, loan.starts_on, loan.first_due_on)


def events_of(borrower_id: int, loan_ids: list[UUID]) -> dict[UUID, list[Event]]:
    """The events of some loans of a borrower, one query."""
    rows: dict[UUID, list[tuple[int, str, datetime.date, int, int | None, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, [borrower_id, loan_ids])
        for loan_id, *event in cursor.fetchall():
            rows[loan_id].append(tuple(event))  # type: ignore[arg-type]
    return {loan_id: stored.from_rows(of_loan) for loan_id, of_loan in rows.items()}


def find(*, borrower_id: int, loan_id: UUID) -> Loan:
    """A loan's row. Raises: LoanNotFound."""
    loan = Loan.objects.filter(borrower_id=borrower_id, id=loan_id).first()
    if loan is None:
        raise LoanNotFound(_("没有这笔借据。"), loan_id=str(loan_id))
    return loan


def story_of(*, borrower_id: int, loan_id: UUID) -> tuple[Loan, LoanTerms, list[Event]]:
    """A loan, its terms and its events. Raises: LoanNotFound; ServicedByLender where the lender keeps them."""
    loan = find(borrower_id=borrower_id, loan_id=loan_id)
    if loan.terms_id is None:
        raise ServicedByLender(_("这笔借据由资金方自己管理，请到资金方还款。"), loan=loan.number)
    return loan, terms_of(loan), events_of(borrower_id, [loan_id]).get(loan_id, [])
