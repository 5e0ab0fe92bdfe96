"""Many at once: one payment reported by many is booked once, many payments are all booked, two day-ends never run."""

from __future__ import annotations

import datetime
from functools import partial

import pytest
from django.db import connection

from fenqi.ledger import queries as ledger
from fenqi.plumbing import business_date
from fenqi.servicing import errors, queries, services, verification
from fenqi.servicing.dayend import debiting, parts, turning
from tests.servicing.books import FREE, OPENED, a_loan, start
from tests.servicing.collecting import collect_all, collect_none
from tests.support.at_once import at_once, held_up

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 24
DUE_1 = datetime.date(2026, 2, 8)
CASH = 100201


@pytest.fixture(autouse=True)
def open_books(transactional_db: None, settings) -> None:
    settings.DAYEND_STEPS = []
    start()


def for_each(work, arguments):
    """Call `work` with each argument, all together."""
    return at_once(*(partial(work, argument) for argument in arguments), seconds=60)


def test_one_payment_reported_by_many_is_booked_once() -> None:
    borrower_id, loan_id = a_loan()

    answers = for_each(
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

    answers = for_each(
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

    answers = for_each(
        lambda loan: services.record_repayment(
            borrower_id=loan[0], loan_id=loan[1], amount_fen=500, reference="the same"
        ),
        loans,
    )

    assert sum(isinstance(answer, errors.ReferenceReused) for answer in answers) == 7
    assert ledger.balance(CASH, OPENED) == 500
    assert verification.verify(workers=1) == []


def test_a_payment_of_all_bills_reported_again_while_it_is_booked_gets_the_same_answer() -> None:
    borrower_id, _first = a_loan(FREE, 60_000)
    a_loan(FREE, 90_000, borrower_id=borrower_id)

    def report():
        return services.record_bill_repayment(
            borrower_id=borrower_id, amount_fen=150_000, reference="notice-1"
        )

    def first():
        with connection.cursor() as cursor:
            # The second one comes to look for loans when nothing is left owed on any.
            cursor.execute("LOCK TABLE servicing_loan IN ACCESS EXCLUSIVE MODE")
        report()

    answer = held_up(report, by=first)

    assert [part.amount_fen for part in answer.parts] == [60_000, 90_000]
    assert not answer.is_new
    assert ledger.balance(CASH, OPENED) == 150_000


def test_a_loan_opened_by_many_is_one_loan() -> None:
    start()
    borrower_id = 4711

    answers = for_each(lambda _: a_loan(borrower_id=borrower_id, reference="agreement-1"), range(8))

    assert len(set(answers)) == 1
    assert len(queries.loans(borrower_id)) == 1


def test_two_dayends_at_once_close_a_date_once() -> None:
    a_loan()

    answers = at_once(*[_try_dayend] * 4)

    assert sum(answer == [OPENED] for answer in answers) == 1
    assert all(answer in ([OPENED], [], "refused") for answer in answers)
    assert business_date.current() == OPENED + datetime.timedelta(days=1)


def test_a_second_dayend_is_refused_while_one_is_at_work() -> None:
    a_loan()
    refused = []

    def while_running(on, step, share):
        if step == "dues" and not refused:
            refused.extend(at_once(_try_dayend))

    services.run_dayend(progress=while_running, collect=collect_none)

    assert refused == ["refused"]


def _try_dayend():
    try:
        return services.run_dayend(to=OPENED + datetime.timedelta(days=1), collect=collect_none)
    except services.DayEndRunning:
        return "refused"


def test_repayments_during_a_dayend_are_neither_lost_nor_doubled() -> None:
    due_on = DUE_1
    loans = [a_loan() for _ in range(40)]
    services.run_dayend(to=due_on, collect=collect_none)

    def work(number: int):
        if number == 0:
            return services.run_dayend(to=due_on + datetime.timedelta(days=2), collect=collect_all)
        borrower_id, loan_id = loans[number]
        return services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=44_979, reference=f"by hand {number}"
        )

    for_each(work, range(20))

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


class TestWhoPaysWhileTheDayEndIsAtTheLoan:
    """The day-end waits for the loan, and then books by what it finds there, not by what it saw before."""

    def held_up_by_a_payment_of(self, loan, step, *, fen=44_979):
        def pay():
            services.record_repayment(
                borrower_id=loan[0], loan_id=loan[1], amount_fen=fen, reference="by hand"
            )

        def at_work():
            with parts.at_work():
                return step()

        answer = held_up(at_work, by=pay)
        assert not isinstance(answer, Exception), answer

    def test_a_debit_collected_beside_it_meets_the_next_installment(self):
        loan = a_loan()
        services.run_dayend(to=DUE_1, collect=collect_none)
        with parts.at_work():
            debiting.make_instructions(DUE_1, collect_all)

        self.held_up_by_a_payment_of(loan, lambda: debiting.book_collections(DUE_1))

        view = queries.loan(borrower_id=loan[0], loan_id=loan[1])
        assert [row.is_paid for row in view.installments[:3]] == [True, True, False]
        assert verification.verify(workers=1) == []

    def test_a_loan_that_is_paid_does_not_move_to_another_bucket(self):
        loan = a_loan()
        late_on = DUE_1 + datetime.timedelta(days=4)
        services.run_dayend(to=late_on, collect=collect_none)

        self.held_up_by_a_payment_of(loan, lambda: turning.move_arrears(late_on))

        assert verification.verify(workers=1) == []
