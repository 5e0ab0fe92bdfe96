"""The quick way of a repayment: it never writes over what came in between, and many events do not make it another answer."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction

from fenqi.ledger import services as ledger
from fenqi.plumbing import ids
from fenqi.servicing import (
    errors,
    queries,
    recording,
    services,
    store_quick,
    verification,
    waypoints,
)
from fenqi.servicing.models import LoanEvent
from fenqi.servicing.recording import RECEIVED_KIND, Wanted
from tests.servicing.books import OPENED, a_loan, move_to, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def open_books(transactional_db: None) -> None:
    start()


def pay(loan, amount_fen: int = 1_000, *, on: datetime.date | None = None, reference: str = ""):
    borrower_id, loan_id = loan
    return services.record_repayment(
        borrower_id=borrower_id,
        loan_id=loan_id,
        amount_fen=amount_fen,
        reference=reference or str(ids.new_id()),
        received_on=on,
    )


def worked_out(loan):
    """A repayment read and worked out, not written yet: (what to write, its rows, the version it is made from)."""
    borrower_id, loan_id = loan
    wanted = Wanted(
        borrower_id,
        loan_id,
        "slow",
        "test",
        lambda loaded: recording.received(loaded, 5_000),
        RECEIVED_KIND,
        5_000,
    )
    loaded = store_quick.read(borrower_id=borrower_id, loan_id=loan_id, reference="slow", is_locked=False)
    change, after = recording.work_out(wanted, loaded, recording.terms_of(loaded.loan))
    met = {share.installment_number for share in recording.outcome_of(after, change.event.id).shares}
    return change, store_quick.rows_to_write(change, met), loaded.version


def test_what_came_in_between_is_not_written_over() -> None:
    loan = a_loan()
    slow = worked_out(loan)
    pay(loan)

    assert store_quick.write(*slow) is False

    assert LoanEvent.objects.filter(loan_id=loan[1]).count() == 2
    assert recording.reference_kept("slow") is None
    assert verification.verify(workers=1) == []


def test_a_projection_moved_in_between_is_not_written_over() -> None:
    """The day-end moves a loan without an event."""
    loan = a_loan()
    slow = worked_out(loan)
    from fenqi.servicing.models import Loan

    Loan.objects.filter(id=loan[1]).update(bucket=0)

    assert store_quick.write(*slow) is False
    assert LoanEvent.objects.filter(loan_id=loan[1]).count() == 1


def test_nothing_is_written_on_a_day_closed_in_between() -> None:
    loan = a_loan()
    slow = worked_out(loan)
    ledger.close_day(OPENED)

    assert store_quick.write(*slow) is False
    assert LoanEvent.objects.filter(loan_id=loan[1]).count() == 1


def test_alone_it_is_written_whole() -> None:
    loan = a_loan()

    assert store_quick.write(*worked_out(loan)) is True

    assert recording.reference_kept("slow").amount_fen == 5_000
    assert verification.verify(workers=1) == []


def test_a_late_loan_is_paid_the_same_way() -> None:
    """The second installment is not met, but has grown dearer since the last event."""
    loan = a_loan()
    move_to(OPENED + datetime.timedelta(days=75))
    pay(loan, 10_000)
    move_to(OPENED + datetime.timedelta(days=80))
    pay(loan, 5_000)
    assert verification.verify(workers=1) == []


@pytest.mark.parametrize("many", [waypoints.FROM_EVENTS + 12])
def test_a_loan_of_many_events_answers_as_one_of_few(many: int) -> None:
    """Read and replayed from where it stood, the rows are those of a replay of everything."""
    loan = a_loan()
    for number in range(many):
        pay(loan, 500, reference=f"hot-{number}")
    assert waypoints.known(loan[1]).sequence == many + 1

    assert pay(loan, 500, reference="hot-3").is_new is False
    with pytest.raises(errors.ReferenceReused):
        pay(loan, 501, reference="hot-3")
    assert pay(loan, 44_979).sequence == many + 2
    assert verification.verify(workers=1) == []


def test_a_loan_of_many_events_is_corrected_in_the_past() -> None:
    loan = a_loan()
    for number in range(waypoints.FROM_EVENTS):
        pay(loan, 500, reference=f"hot-{number}")
    move_to(OPENED + datetime.timedelta(days=45))
    pay(loan, 700)
    pay(loan, 30_000, on=OPENED + datetime.timedelta(days=20))  # before the due date: less penalty since
    pay(loan, 900)
    view = queries.loan(borrower_id=loan[0], loan_id=loan[1])
    assert view.paid_fen == 500 * waypoints.FROM_EVENTS + 700 + 30_000 + 900
    assert verification.verify(workers=1) == []


def test_what_was_rolled_back_is_not_gone_on_from() -> None:
    loan = a_loan()
    for number in range(waypoints.FROM_EVENTS):
        pay(loan, 500, reference=f"hot-{number}")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        pay(loan, 77_777)
        1 / 0  # noqa: B018
    pay(loan, 500, reference="after")
    assert queries.loan(borrower_id=loan[0], loan_id=loan[1]).paid_fen == 500 * (waypoints.FROM_EVENTS + 1)
    assert verification.verify(workers=1) == []
