"""
What was told at a moment, counted again from the events known then: settlement quotes, debit instructions, shared terms.

Only what no other row repeats is replayed here: the quotes, and the instructions that neither a debit nor an event followed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event
from fenqi.domain.replay import replay
from fenqi.domain.settlement import quote_settlement
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms
from fenqi.plumbing.errors import Refusal
from fenqi.servicing import loading, terms_sheets
from fenqi.servicing.models import SettlementQuote, TermsSheet
from fenqi.servicing.projection import CLOSED
from fenqi.servicing.settling import breakdown_of

ROWS_AT_ONCE = 1_000

FIRST_DATES = """
SELECT split_part(source, ':', 3)::int, min(business_date) FROM ledger_transfer
WHERE borrower_id = %s AND loan_id = %s AND source LIKE 'loan:%%' GROUP BY 1 ORDER BY 1
"""

UNCONFIRMED = """
SELECT d.borrower_id, d.loan_id, d.business_date, d.due_on, d.number, d.amount_fen
FROM servicing_debitinstruction d
WHERE d.state NOT IN ('booked', 'collected') AND NOT EXISTS (
  SELECT FROM payments_debit p WHERE p.borrower_id = d.borrower_id AND p.loan_id = d.loan_id AND p.due_on = d.due_on
    AND p.business_on = d.business_date)
  AND NOT EXISTS (
  SELECT FROM servicing_loaninstallment i WHERE i.borrower_id = d.borrower_id AND i.loan_id = d.loan_id
    AND i.number = d.number AND i.principal_fen + i.interest_fen + i.fee_fen = d.amount_fen)
"""


def differences() -> Iterator[str]:
    """The differences found."""
    yield from _terms()
    yield from _quotes()
    yield from _instructions()


def states_known(
    *, borrower_id: int, loan_id: UUID, on: datetime.date, as_of: datetime.date | None = None
) -> Iterator[LoanState]:
    """
    The states a loan had in the course of a business date, seen as of a date (that date itself without one).

    Before anything of that date was recorded, and after each event of it; what was recorded later is not known yet.
    """
    story = _story_of(borrower_id, loan_id)
    if story is None:
        return
    terms, events = story
    for known in _known(borrower_id, loan_id, events, on):
        try:
            yield replay(terms, known, max(as_of or on, known[0].on))
        except DomainError:
            continue


def figures_known(*, borrower_id: int, loan_id: UUID, on: datetime.date) -> set[tuple[int, int]]:
    """(principal, overdue without penalty) that a loan's rows may have shown in the course of a business date, fen."""
    story = _story_of(borrower_id, loan_id)
    days = {on, *(event.on for event in (story[1] if story else ()) if event.on <= on)}
    figures = set()
    for state in states_known(borrower_id=borrower_id, loan_id=loan_id, on=on):
        days |= {row.due_on for row in state.installments if row.due_on <= on}
    for as_of in days:
        for state in states_known(borrower_id=borrower_id, loan_id=loan_id, on=on, as_of=as_of):
            overdue_fen = sum(
                row.outstanding_fen + row.waived_fen - (row.penalty_fen - row.penalty_paid_fen)
                for row in state.installments
                if row.due_on < on and row.paid_on is None
            )
            figures.add((state.principal_outstanding_fen, 0 if state.status in CLOSED else overdue_fen))
    return figures


def _story_of(borrower_id: int, loan_id: UUID) -> tuple[LoanTerms, list[Event]] | None:
    """Terms and events; none of a loan that cannot be read, which the rebuild of the loans names."""
    try:
        _loan, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    except (DomainError, Refusal):
        return None
    return terms, events


def _known(borrower_id: int, loan_id: UUID, events: list[Event], on: datetime.date) -> Iterator[list[Event]]:
    with connection.cursor() as cursor:
        cursor.execute(FIRST_DATES, [borrower_id, loan_id])
        posted: list[tuple[int, datetime.date]] = cursor.fetchall()
    before = max((sequence for sequence, date in posted if date < on), default=1)
    after = min((sequence for sequence, date in posted if date > on), default=len(events) + 1)
    for count in range(before, after):
        yield events[:count]


def _terms() -> Iterator[str]:
    for sheet in TermsSheet.objects.all():
        if terms_sheets.key_of(sheet.terms) != sheet.id:
            yield f"terms sheet {sheet.id} does not say what it was kept as"


def _quotes() -> Iterator[str]:
    for quote in SettlementQuote.objects.order_by("borrower_id", "loan_id").iterator(ROWS_AT_ONCE):
        story = _story_of(quote.borrower_id, quote.loan_id)
        for column, kept, counted in _quote_figures(quote, *story) if story else ():
            if kept != counted:
                yield (
                    f"settlement quote {quote.id} of loan {quote.loan_id} of {quote.borrower_id}: {column} is {kept},"
                    f" by the events {counted}"
                )


def _quote_figures(
    quote: SettlementQuote, terms: LoanTerms, events: list[Event]
) -> Iterator[tuple[str, Any, Any]]:
    try:
        price = quote_settlement(terms, events[: quote.sequence], quote.quoted_on)
    except DomainError as e:
        yield "amount_fen", quote.amount_fen, f"none ({e.code})"
        return
    yield "amount_fen", quote.amount_fen, price.amount_fen
    yield "saved_fen", quote.saved_fen, price.saved_fen
    yield "breakdown", quote.breakdown, breakdown_of(price)


def _instructions() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(UNCONFIRMED, [])
        rows = cursor.fetchall()
    for borrower_id, loan_id, on, due_on, number, amount_fen in rows:
        counted = _owed(borrower_id, loan_id, on=on, due_on=due_on, number=number)
        if amount_fen not in counted:
            yield (
                f"debit instruction of loan {loan_id} of {borrower_id} on {on}: amount_fen is {amount_fen},"
                f" installment {number} owed {sorted(counted)}"
            )


def _owed(
    borrower_id: int, loan_id: UUID, *, on: datetime.date, due_on: datetime.date, number: int
) -> set[int]:
    """What an installment may have owed by its row on a date: rows keep the penalty of the day they were last counted."""
    days = [due_on + datetime.timedelta(days=day) for day in range((on - due_on).days + 1)]
    return {
        row.outstanding_fen
        for as_of in days
        for state in states_known(borrower_id=borrower_id, loan_id=loan_id, on=on, as_of=as_of)
        for row in state.installments
        if row.number == number
    }
