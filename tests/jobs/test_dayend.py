"""The day-end and what follows it: what was left when a run stopped is done by the next run, also after the close itself."""

from __future__ import annotations

import datetime

import pytest

from fenqi.bureau.models import Batch, CreditRow
from fenqi.jobs import chores, dayend, services, worker
from fenqi.people import services as people
from fenqi.plumbing import business_date
from fenqi.servicing.dayend import run_dayend
from fenqi.servicing.models import DayEndRun, DayEndStep
from tests.servicing.books import OPENED, move_to
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db(transaction=True)
ONE_DAY = datetime.timedelta(days=1)
NEXT = OPENED + ONE_DAY


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def borrower(settings, transactional_db):
    case.open_shop(settings)
    move_to(OPENED)
    borrower_id = case.a_person()
    people.record_consent(borrower_id=borrower_id, text_code="bureau_reporting", channel="web", evidence={})
    return borrower_id


@pytest.fixture
def stopped_after_the_close(borrower):
    """The date is closed, and nobody has written down the reminders of the next one."""

    def progress(_on, step, _share):
        if step == "reminders":
            raise Killed

    with pytest.raises(Killed):
        run_dayend(progress=progress)
    assert business_date.current() == NEXT


def closed() -> dict[datetime.date, str]:
    return dict(DayEndRun.objects.values_list("business_date", "state"))


def test_the_same_run_again_does_what_was_left_and_closes_nothing_more(stopped_after_the_close):
    dayend.run_dayend(to=NEXT)
    assert (closed(), business_date.current()) == ({OPENED: "closed"}, NEXT)
    assert DayEndStep.objects.get(business_date=OPENED, name="reminders").state == "finished"


def test_the_console_may_ask_for_what_was_left(stopped_after_the_close):
    services.start_dayend(to=NEXT)
    worker.run_jobs(wait=False)
    assert (closed(), business_date.current()) == ({OPENED: "closed"}, NEXT)


def test_a_report_the_database_refuses_is_no_reason_to_stop(borrower):
    loan_id = case.a_loan(borrower, on=OPENED)
    CreditRow.objects.create(
        borrower_id=borrower, loan_id=loan_id, month=OPENED.replace(day=1), status="N", as_of=OPENED - ONE_DAY
    )
    # Another worker's batch has the number that would be next.
    Batch.objects.create(id=f"{OPENED:%Y%m%d}-0002", on=OPENED, row_count=0, state="accepted")
    assert chores.report_credit(OPENED) == 0
    dayend.run_dayend(to=NEXT)
    assert business_date.current() == NEXT
