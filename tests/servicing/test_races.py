"""Many at once: one payment reported by many is booked once, many payments are all booked, two day-ends never run."""

from __future__ import annotations

import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from fenqi.ledger import queries as ledger
from fenqi.plumbing import business_date
from fenqi.servicing import errors, queries, services, verification
from tests.servicing.books import OPENED, a_loan, start
from tests.servicing.collecting import collect_all, collect_none

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 24
CASH = 100201


@pytest.fixture(autouse=True)
def open_books(transactional_db: None, settings) -> None:
    settings.DAYEND_STEPS = []
    start()


def at_once(work, arguments):
    """Call `work` with each argument in a thread of its own, all starting together."""
    gate = threading.Barrier(len(arguments))

    def run(argument):
        try:
            gate.wait(timeout=30)
            return work(argument)
        except errors.Refusal as e:
            return e
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))


def test_one_payment_reported_by_many_is_booked_once() -> None:
    borrower_id, loan_id = a_loan()

    answers = at_once(
        lambda _: services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=44_979, reference="notice-1"
        ),
        range(THREADS),
    )

    assert sum(answer.is_new for answer in answers) == 1
    assert len({(answer.sequence, answer.shares, answer.overpaid_fen) for answer in answers}) == 1
    assert ledger.balance(CASH, OPENED) == 44_979
    assert verification.verify(workers=1) == []


def test_many_payments_are_all_booked() -> None:
    borrower_id, loan_id = a_loan()

    answers = at_once(
        lambda number: services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=1_000 + number, reference=f"notice-{number}"
        ),
        range(THREADS),
    )

    assert sorted(answer.sequence for answer in answers) == list(range(2, THREADS + 2))
    assert ledger.balance(CASH, OPENED) == sum(1_000 + number for number in range(THREADS))
    assert verification.verify(workers=1) == []


def test_a_reference_for_two_loans_at_once_is_one_loans() -> None:
    loans = [a_loan() for _ in range(8)]

    answers = at_once(
        lambda loan: services.record_repayment(
            borrower_id=loan[0], loan_id=loan[1], amount_fen=500, reference="the same"
        ),
        loans,
    )

    assert sum(isinstance(answer, errors.ReferenceReused) for answer in answers) == 7
    assert ledger.balance(CASH, OPENED) == 500
    assert verification.verify(workers=1) == []


def test_a_loan_opened_by_many_is_one_loan() -> None:
    start()
    borrower_id = 4711

    answers = at_once(lambda _: a_loan(borrower_id=borrower_id, reference="agreement-1"), range(8))

    assert len(set(answers)) == 1
    assert len(queries.loans(borrower_id)) == 1


def test_two_dayends_at_once_close_a_date_once() -> None:
    a_loan()

    answers = at_once(lambda _: _try_dayend(), range(4))

    assert sum(answer == [OPENED] for answer in answers) == 1
    assert all(answer in ([OPENED], [], "refused") for answer in answers)
    assert business_date.current() == OPENED + datetime.timedelta(days=1)


def test_a_second_dayend_is_refused_while_one_is_at_work() -> None:
    a_loan()
    refused = []

    def while_running(on, step, share):
        if step == "dues" and not refused:
            refused.extend(at_once(lambda _: _try_dayend(), range(1)))

    services.run_dayend(progress=while_running, collect=collect_none)

    assert refused == ["refused"]


def _try_dayend():
    try:
        return services.run_dayend(to=OPENED + datetime.timedelta(days=1), collect=collect_none)
    except services.DayEndRunning:
        return "refused"


def test_repayments_during_a_dayend_are_neither_lost_nor_doubled() -> None:
    due_on = datetime.date(2026, 2, 8)
    loans = [a_loan() for _ in range(40)]
    services.run_dayend(to=due_on, collect=collect_none)

    def work(number: int):
        if number == 0:
            return services.run_dayend(to=due_on + datetime.timedelta(days=2), collect=collect_all)
        borrower_id, loan_id = loans[number]
        return services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=44_979, reference=f"by hand {number}"
        )

    at_once(work, range(20))

    # Who paid by hand and was debited as well has paid two installments or more; nobody less than one.
    assert ledger.balance(CASH, datetime.date.max) == 44_979 * (
        19
        + sum(
            1
            for borrower_id, loan_id in loans
            for event in queries.history(borrower_id=borrower_id, loan_id=loan_id)
            if event.source == "debit"
        )
    )
    assert verification.verify(workers=1) == []
