"""The day-end: dues, debits, arrears, accrual and close, on the dates they belong to."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.db import connection

from fenqi.plumbing import business_date
from fenqi.plumbing.models import Announcement
from fenqi.servicing import queries, services, verification
from fenqi.servicing.models import BookDay, BucketMove, DayEndStep, Loan, Notice
from tests.servicing.books import ANNUITY, FLAT, FREE, OPENED, a_loan, balances, start
from tests.servicing.collecting import collect_all, collect_none

pytestmark = pytest.mark.django_db

DUE_1 = datetime.date(2026, 2, 8)
ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def open_books(db: None, settings) -> None:
    settings.DAYEND_STEPS = []
    start()


def close_to(on: datetime.date, collect=collect_none) -> None:
    services.run_dayend(to=on, collect=collect)


def test_a_quiet_day_moves_the_date_and_earns_a_days_interest() -> None:
    a_loan()

    close_to(OPENED + ONE_DAY)

    assert business_date.current() == OPENED + ONE_DAY
    assert "INTEREST_INCOME" not in balances(OPENED)

    close_to(OPENED + 2 * ONE_DAY)
    assert balances(OPENED + ONE_DAY)["INTEREST_INCOME"] == round(5_999 / 31)


def test_a_period_earns_its_interest_to_the_fen() -> None:
    a_loan()

    close_to(DUE_1 + ONE_DAY, collect_all)

    after = balances(DUE_1)
    assert after["INTEREST_INCOME"] == 5_999
    assert after["CHANNEL_CASH"] == 44_979
    assert "INTEREST_RECEIVABLE" not in after
    assert after["LENDER_PAYABLE"] == 44_979
    assert after["LENDER_FUNDING"] == 499_900 - 38_980
    assert verification.verify(workers=1) == []


def test_a_debit_in_bulk_leaves_what_the_engine_would() -> None:
    loans = [a_loan(terms, fen) for terms in (ANNUITY, FLAT, FREE) for fen in (30_000, 499_900, 123_457)]

    close_to(DUE_1 + ONE_DAY, collect_all)

    counts = DayEndStep.objects.get(business_date=DUE_1, name="collections").counts
    assert (counts["in_bulk"], counts["by_engine"]) == (len(loans), 0)
    for borrower_id, loan_id in loans:
        assert queries.loan(borrower_id=borrower_id, loan_id=loan_id).paid_installments == 1
    assert verification.verify(workers=1) == []


def test_the_last_debit_settles() -> None:
    borrower_id, loan_id = a_loan(FREE, 60_000)

    close_to(datetime.date(2026, 4, 9), collect_all)

    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    assert (view.state, view.settled_on) == ("settled", datetime.date(2026, 4, 8))
    assert Loan.objects.get(borrower_id=borrower_id, id=loan_id).state == "settled"
    assert Notice.objects.filter(template="settled").count() == 1
    services.hand_over_notices()
    [told] = Announcement.objects.filter(topic="servicing.loan.settled")
    assert (told.payload["borrower_id"], told.payload["loan_id"]) == (borrower_id, str(loan_id))
    assert verification.verify(workers=1) == []


def test_an_unpaid_installment_goes_through_grace_to_the_buckets() -> None:
    borrower_id, loan_id = a_loan()

    def stored() -> tuple[str, int, int]:
        row = Loan.objects.get(borrower_id=borrower_id, id=loan_id)
        return row.state, row.bucket, row.tier

    close_to(DUE_1 + 4 * ONE_DAY)
    assert stored() == ("active", 0, 1)
    close_to(DUE_1 + 5 * ONE_DAY)
    assert stored() == ("overdue", 1, 2)
    close_to(DUE_1 + 32 * ONE_DAY)
    assert stored() == ("overdue", 2, 2)
    close_to(DUE_1 + 92 * ONE_DAY)
    assert stored() == ("overdue", 4, 3)

    assert list(
        BucketMove.objects.order_by("moved_on").values_list("moved_on", "from_bucket", "to_bucket")
    ) == [
        (DUE_1 + datetime.timedelta(days=4), 0, 1),
        (DUE_1 + datetime.timedelta(days=31), 1, 2),
        (DUE_1 + datetime.timedelta(days=61), 2, 3),
        (DUE_1 + datetime.timedelta(days=91), 3, 4),
    ]
    # More than 90 days past due: what was earned and not received is taken back.
    after = balances(DUE_1 + datetime.timedelta(days=91))
    assert "INTEREST_INCOME" not in after
    assert after["PROVISION"] == 499_900 * 30 // 100
    assert verification.verify(workers=1) == []


def test_paying_ends_it() -> None:
    borrower_id, loan_id = a_loan()
    close_to(DUE_1 + 40 * ONE_DAY)
    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    assert view.days_past_due == 40

    services.record_repayment(
        borrower_id=borrower_id, loan_id=loan_id, amount_fen=view.due_fen, reference="cure"
    )

    row = Loan.objects.get(borrower_id=borrower_id, id=loan_id)
    assert (row.state, row.bucket, row.oldest_unpaid_due_on, row.wakes_on) == ("active", 0, None, None)
    close_to(DUE_1 + 41 * ONE_DAY)
    assert verification.verify(workers=1) == []


def test_reminders_come_before_and_after_the_due_date() -> None:
    a_loan()

    close_to(DUE_1 + 6 * ONE_DAY)

    kept = list(Notice.objects.order_by("on_date").values_list("template", "on_date"))
    assert kept == [
        ("due_soon", DUE_1 - 3 * ONE_DAY),
        ("due_soon", DUE_1 - ONE_DAY),
        ("due_today", DUE_1),
        ("overdue", DUE_1 + ONE_DAY),
        ("overdue", DUE_1 + 4 * ONE_DAY),
    ]


def test_a_step_that_failed_is_taken_up_again(monkeypatch) -> None:
    from fenqi.servicing import dayend
    from fenqi.servicing.dayend import closing, runner

    a_loan()

    def fail(on: datetime.date) -> dict[str, int]:
        raise OSError("No space left on device")

    monkeypatch.setattr(closing, "provide", fail)
    with pytest.raises(dayend.DayEndError) as stopped:
        services.run_dayend(collect=collect_none)
    assert (stopped.value.step, stopped.value.on) == ("provisions", OPENED)
    assert business_date.current() == OPENED
    [run] = queries.dayend_runs(1)
    assert (run.state, run.steps[-1].name, run.steps[-1].state) == ("failed", "provisions", "failed")

    monkeypatch.undo()
    accrual = DayEndStep.objects.get(business_date=OPENED, name="accrual").started_at
    services.run_dayend(collect=collect_none)
    assert business_date.current() == OPENED + ONE_DAY
    assert DayEndStep.objects.get(business_date=OPENED, name="accrual").started_at == accrual
    assert runner.steps(collect_none)[-1][0] == "reminders"


def test_nothing_is_posted_on_a_closed_date() -> None:
    from fenqi.domain import posting_rules
    from fenqi.ledger import services as ledger_services

    close_to(OPENED + ONE_DAY)

    with pytest.raises(ledger_services.ClosedDay):
        ledger_services.post(
            borrower_id=1,
            entry=posting_rules.order_paid(amount_fen=100),
            business_date=OPENED,
            source="late",
        )


def test_the_books_of_a_subsidised_loan_earn_what_others_bear() -> None:
    from dataclasses import replace

    from fenqi.domain.terms import Subsidy

    a_loan(replace(ANNUITY, subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal(1))))

    close_to(DUE_1 + ONE_DAY, collect_all)

    after = balances(DUE_1)
    assert after["INTEREST_INCOME"] == 5_999
    assert after["UNEARNED_SUBSIDY"] == 39_845 - 5_999
    assert verification.verify(workers=1) == []


def test_a_day_of_each_kind_of_month_end() -> None:
    borrower_id, loan_id = a_loan(FREE, 90_000, on=datetime.date(2026, 1, 31))
    from tests.servicing.books import move_to

    move_to(datetime.date(2026, 1, 31))
    close_to(datetime.date(2026, 5, 1), collect_all)

    assert [row.paid_on for row in queries.loan(borrower_id=borrower_id, loan_id=loan_id).installments] == [
        datetime.date(2026, 2, 28),
        datetime.date(2026, 3, 31),
        datetime.date(2026, 4, 30),
    ]
    assert BookDay.objects.filter(business_date=datetime.date(2026, 4, 30)).count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM servicing_loan WHERE state = 'settled'")
        assert cursor.fetchone()[0] == 1
