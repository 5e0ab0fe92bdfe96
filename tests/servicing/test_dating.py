"""What meets a date that is not closed yet, or is being closed at that moment, is dated rightly."""

from __future__ import annotations

import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from fenqi.ledger import queries as ledger
from fenqi.ledger import services as ledger_services
from fenqi.plumbing import business_date
from fenqi.servicing import queries, services, verification
from fenqi.servicing.models import Loan
from tests.servicing import whole_tables
from tests.servicing.books import ANNUITY, FLAT, FREE, OPENED, a_loan, start
from tests.servicing.collecting import collect_all, collect_none

pytestmark = pytest.mark.django_db(transaction=True)

ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def no_further_steps(transactional_db, settings):
    settings.DAYEND_STEPS = []


def dates_of(borrower_id):
    """(date of the event, business date of its entry) of the last thing that happened."""
    event = queries.history(borrower_id=borrower_id, loan_id=queries.loans(borrower_id)[0].id)[0]
    entry_on = max(on for on, *_rest in ledger.entries_of(borrower_id=borrower_id))
    return event.on, entry_on


def test_while_the_dayend_is_late_money_is_of_the_day_it_comes_on(settings):
    settings.CLOCK_FOLLOWS_BUSINESS_DATE = False
    today = timezone.localdate()
    opened = today - 2 * ONE_DAY
    start(opened)
    borrower_id, loan_id = a_loan(on=opened)

    services.record_repayment(borrower_id=borrower_id, loan_id=loan_id, amount_fen=1_000, reference="now")

    assert dates_of(borrower_id) == (today, today)
    services.run_dayend(to=today, collect=collect_none)
    assert business_date.current() == today
    assert ledger.balance(100201, today - ONE_DAY) == 0
    services.run_dayend(collect=collect_none)
    assert ledger.balance(100201, today) == 1_000
    assert verification.verify(workers=1) == []


def test_what_waits_for_a_date_to_close_is_posted_on_the_next_one():
    start()
    borrower_id, loan_id = a_loan()
    closing = threading.Event()

    def close():
        try:
            with transaction.atomic():
                ledger_services.close_day(OPENED)
                business_date.close(OPENED)
                closing.set()
                # Long enough for the repayment to read the old date and to wait for the lock.
                connection.cursor().execute("SELECT pg_sleep(0.5)")
        finally:
            connection.close()

    def repay():
        try:
            closing.wait(timeout=10)
            return services.record_repayment(
                borrower_id=borrower_id, loan_id=loan_id, amount_fen=1_000, reference="meanwhile"
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        closed, repaid = pool.submit(close), pool.submit(repay)
        closed.result(timeout=30)
        repaid.result(timeout=30)

    assert dates_of(borrower_id) == (OPENED + ONE_DAY, OPENED + ONE_DAY)
    assert ledger.balance(100201, OPENED) == 0
    assert verification.verify(workers=1) == []


def a_book():
    start()
    for number, terms in enumerate((ANNUITY, FLAT, FREE)):
        a_loan(terms, 100_000 + 7_700 * number, borrower_id=1 + number, reference=f"loan {number}")


def test_five_missed_days_closed_in_one_go_are_five_days_closed_on_time():
    """Over a due date, row by row."""
    a_book()
    first = datetime.date(2026, 2, 6)
    services.run_dayend(to=first, collect=collect_none)
    before = whole_tables.keep()

    for days in range(1, 6):
        services.run_dayend(to=first + days * ONE_DAY, collect=collect_all)
    on_time = whole_tables.books()
    whole_tables.bring_back(before)
    assert services.run_dayend(to=first + 5 * ONE_DAY, collect=collect_all) == [
        first + days * ONE_DAY for days in range(5)
    ]

    assert whole_tables.differing(whole_tables.books(), on_time) == {}
    assert verification.verify(workers=1) == []


def test_who_paid_two_installments_ahead_owes_the_third_next():
    start()
    borrower_id, loan_id = a_loan(FREE, 90_000)
    for number in range(2):
        services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=30_000, reference=f"ahead {number}"
        )

    services.run_dayend(to=datetime.date(2026, 2, 9), collect=collect_all)

    assert Loan.objects.get(borrower_id=borrower_id, id=loan_id).next_due_on == datetime.date(2026, 4, 8)
    assert verification.verify(workers=1) == []


@pytest.mark.parametrize(
    ("opened", "due_dates"),
    [
        ("2027-10-31", ["2027-11-30", "2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]),
        ("2026-11-30", ["2026-12-30", "2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30", "2027-05-30"]),
    ],
)
def test_month_ends_the_leap_day_and_the_end_of_a_year(opened, due_dates):
    on = datetime.date.fromisoformat(opened)
    start(on)
    borrower_id, loan_id = a_loan(FLAT, 60_000, on=on)
    last = datetime.date.fromisoformat(due_dates[-1])

    services.run_dayend(to=last + ONE_DAY, collect=collect_all)

    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    assert [str(row.paid_on) for row in view.installments] == due_dates
    assert view.state == "settled"
    trial = {row.code: row.balance_fen for row in ledger.trial_balance(last)}
    # Six fees of ¥3.60, each earned to the fen by its due date; nothing is left over from rounding by the day.
    assert (trial[602101], trial.get(113202, 0), trial[130301]) == (2_160, 0, 0)
    assert verification.verify(workers=1) == []
