"""A statement tells what happened in a span and what was left after each event."""

from __future__ import annotations

import datetime
from uuid import UUID, uuid4

import pytest

from fenqi.servicing import services, statements
from fenqi.servicing.errors import LoanNotFound
from fenqi.servicing.models import Loan
from tests.servicing.books import FREE, OPENED, a_loan, move_to, start

pytestmark = pytest.mark.django_db

FEBRUARY, MARCH = datetime.date(2026, 2, 8), datetime.date(2026, 3, 8)


@pytest.fixture(autouse=True)
def open_books(db: None) -> None:
    start()


def pay(borrower_id: int, loan_id: UUID, fen: int, on: datetime.date, reference: str) -> None:
    move_to(on)
    services.record_repayment(
        borrower_id=borrower_id,
        loan_id=loan_id,
        amount_fen=fen,
        reference=reference,
        received_on=on,
        source="manual",
    )


def test_lines_run_from_the_opening_to_the_closing_balance() -> None:
    borrower_id, loan_id = a_loan(borrower_id=5)
    pay(borrower_id, loan_id, 44_979, FEBRUARY, "one")
    pay(borrower_id, loan_id, 44_979, MARCH, "two")

    whole = statements.loan_statement(borrower_id=borrower_id, loan_id=loan_id, from_on=OPENED, to_on=MARCH)
    assert [(line.kind, line.amount_fen) for line in whole.lines] == [
        ("payout", 499_900),
        ("repayment", 44_979),
        ("repayment", 44_979),
    ]
    assert whole.opening_principal_fen == 0
    assert whole.lines[0].principal_after_fen == 499_900
    assert whole.lines[1].parts.principal_fen == 38_980
    assert whole.lines[1].principal_after_fen == 499_900 - 38_980
    assert whole.lines[-1].principal_after_fen == whole.closing_principal_fen
    assert whole.closing_principal_fen == Loan.objects.get(borrower_id=5).principal_outstanding_fen

    march = statements.loan_statement(
        borrower_id=borrower_id, loan_id=loan_id, from_on=FEBRUARY + datetime.timedelta(days=1), to_on=MARCH
    )
    assert march.opening_principal_fen == whole.lines[1].principal_after_fen
    assert [line.sequence for line in march.lines] == [whole.lines[2].sequence]


def test_a_reversed_repayment_is_shown_and_puts_the_principal_back() -> None:
    borrower_id, loan_id = a_loan()
    pay(borrower_id, loan_id, 44_979, FEBRUARY, "one")
    services.reverse_event(
        borrower_id=borrower_id, loan_id=loan_id, event_id="2", reference="back", on=FEBRUARY
    )
    found = statements.loan_statement(
        borrower_id=borrower_id, loan_id=loan_id, from_on=OPENED, to_on=FEBRUARY
    )
    assert [(line.kind, line.is_reversed) for line in found.lines] == [
        ("payout", False),
        ("repayment", True),
        ("reversal", False),
    ]
    assert [line.principal_after_fen for line in found.lines] == [499_900, 460_920, 499_900]


def test_before_the_loan_began_there_is_nothing() -> None:
    borrower_id, loan_id = a_loan()
    day = OPENED - datetime.timedelta(days=1)
    found = statements.loan_statement(borrower_id=borrower_id, loan_id=loan_id, from_on=day, to_on=day)
    assert (found.lines, found.closing_outstanding_fen) == ((), 0)
    assert statements.borrower_statement(borrower_id=borrower_id, from_on=day, to_on=day).loans == ()


def test_a_borrowers_statement_has_every_loan() -> None:
    a_loan(borrower_id=7)
    a_loan(FREE, 30_000, borrower_id=7)
    found = statements.borrower_statement(borrower_id=7, from_on=OPENED, to_on=OPENED)
    assert found.closing_principal_fen == 529_900
    assert found.closing_outstanding_fen == sum(
        loan.outstanding_fen for loan in Loan.objects.filter(borrower_id=7)
    )
    assert found.elsewhere == ()


def test_somebody_elses_loan_is_not_found() -> None:
    _borrower_id, loan_id = a_loan(borrower_id=7)
    for borrower_id, of_loan in ((8, loan_id), (7, uuid4())):
        with pytest.raises(LoanNotFound):
            statements.loan_statement(borrower_id=borrower_id, loan_id=of_loan, from_on=OPENED, to_on=OPENED)
