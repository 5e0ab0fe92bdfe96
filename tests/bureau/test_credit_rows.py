"""The credit record follows from days past due, is told before anything negative leaves, and can be disputed."""

from __future__ import annotations

import dataclasses
import datetime
from uuid import UUID

import pytest

from fenqi.bureau import checks, dayend, export, queries, services
from fenqi.bureau.errors import AlreadyAnswered, AlreadyDisputed, DisputeAnswerMissing, DisputeReasonMissing
from fenqi.bureau.models import Batch, CreditRow, NegativeNotice
from fenqi.messages.models import Message
from fenqi.people import services as people
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.models import GateAnswer
from fenqi.servicing import queries as servicing_queries
from fenqi.servicing import services as servicing
from fenqi.servicing.dayend import run_dayend
from tests.bureau import fakes
from tests.servicing import books
from tests.support.second_pair import second_pair
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db

OPENED = datetime.date(2026, 2, 6)
DUE = datetime.date(2026, 2, 8)
TERMS = dataclasses.replace(
    books.ANNUITY, first_due_on=DUE
)  # a short first period: fewer quiet days to close


@pytest.fixture
def borrower(settings):
    case.open_shop(settings)
    books.move_to(OPENED)
    settings.FENQI_PORTS = {**settings.FENQI_PORTS, "bureau": "tests.bureau.fakes.Bureau"}
    fakes.Bureau.received.clear()
    fakes.Bureau.is_silent = False
    fakes.Bureau.unreadable.clear()
    borrower_id = case.a_person()
    people.record_consent(borrower_id=borrower_id, text_code="bureau_reporting", channel="web", evidence={})
    return borrower_id


@pytest.fixture
def loan_id(borrower):
    return case.a_loan(borrower, terms=TERMS, on=OPENED)


def days_end(*, until: datetime.date) -> None:
    """Close every business date up to and with `until`, and report after each."""
    while business_date.current() <= until:
        [closed] = run_dayend()
        export.report(closed)


def statuses(borrower_id: int) -> dict[str, str]:
    return {f"{row.month:%Y-%m}": row.status for row in CreditRow.objects.filter(borrower_id=borrower_id)}


def pay(borrower_id: int, loan_id, fen: int, on: datetime.date) -> None:
    """Pay on a business date, once the dates before it are closed."""
    days_end(until=on - case.days(1))
    servicing.record_repayment(
        borrower_id=borrower_id,
        loan_id=loan_id,
        amount_fen=fen,
        received_on=on,
        reference=f"pay-{on}",
        source="manual",
    )


class TestStatusOfAMonth:
    def test_paid_when_due_is_normal(self, borrower, loan_id):
        pay(borrower, loan_id, 44_979, DUE)
        days_end(until=DUE)
        assert statuses(borrower) == {"2026-02": "N"}

    def test_within_grace_nothing_shows(self, borrower, loan_id):
        days_end(until=DUE + case.days(3))
        assert statuses(borrower) == {"2026-02": "N"}
        assert not NegativeNotice.objects.exists()

    def test_after_grace_it_is_overdue(self, borrower, loan_id):
        days_end(until=DUE + case.days(4))
        assert statuses(borrower) == {"2026-02": "1"}

    def test_cured_within_the_month_is_late_but_paid(self, borrower, loan_id):
        pay(borrower, loan_id, 46_000, DUE + case.days(12))
        days_end(until=DUE + case.days(12))
        assert statuses(borrower) == {"2026-02": "M"}

    def test_it_grows_worse_month_by_month(self, borrower, loan_id):
        days_end(until=datetime.date(2026, 5, 10))
        assert statuses(borrower) == {"2026-02": "1", "2026-03": "2", "2026-04": "3", "2026-05": "4"}

    def test_settled_is_closed(self, borrower, loan_id):
        offer = servicing.quote_settlement(borrower_id=borrower, loan_id=loan_id, on=OPENED)
        servicing.settle(borrower_id=borrower, loan_id=loan_id, offer_id=offer.id, reference="settle")
        days_end(until=OPENED)
        assert statuses(borrower) == {"2026-02": "C"}

    def test_running_a_day_again_changes_nothing(self, borrower, loan_id):
        days_end(until=DUE + case.days(4))
        before = list(CreditRow.objects.values_list())
        dayend.credit_rows(DUE + case.days(4))
        export.report(DUE + case.days(4))
        assert list(CreditRow.objects.values_list()) == before
        assert NegativeNotice.objects.count() == 1


class TestReporting:
    def test_a_day_later_and_once(self, borrower, loan_id):
        pay(borrower, loan_id, 44_979, DUE)
        days_end(until=DUE)
        assert fakes.Bureau.received == {}
        days_end(until=DUE + case.days(3))
        assert [row.status for row in fakes.Bureau.rows()] == ["N"]
        assert fakes.Bureau.rows()[0].account_type == "D1"

    def test_a_row_the_bureau_does_not_take_keeps_no_other_waiting(self, borrower, loan_id):
        other = case.a_loan(borrower, terms=TERMS, on=OPENED)
        pay(borrower, loan_id, 44_979, DUE)
        servicing.record_repayment(
            borrower_id=borrower, loan_id=other, amount_fen=44_979, received_on=DUE, reference="of the other"
        )
        number = servicing_queries.loan_number(borrower_id=borrower, loan_id=loan_id)
        fakes.Bureau.unreadable.add(number)
        days_end(until=DUE + case.days(1))
        assert [row.account for row in fakes.Bureau.rows()] == [
            servicing_queries.loan_number(borrower_id=borrower, loan_id=other)
        ]
        assert list(Batch.objects.order_by("id").values_list("state", "row_count")) == [
            ("refused", 2),
            ("accepted", 1),
        ]
        days_end(until=DUE + case.days(3))
        assert Batch.objects.count() == 2  # nor is it asked about day after day

    def test_nothing_negative_before_the_borrower_was_told(self, borrower, loan_id):
        days_end(until=DUE + case.days(6))
        assert "1" not in [row.status for row in fakes.Bureau.rows()]
        notice = NegativeNotice.objects.get()
        assert (notice.told_on, notice.report_from) == (DUE + case.days(4), DUE + case.days(7))
        assert Message.objects.filter(template="credit_notice", channel="inbox").count() == 1
        days_end(until=DUE + case.days(7))
        assert [row.status for row in fakes.Bureau.rows()][-1] == "1"
        answers = GateAnswer.objects.filter(gate="bureau.report").order_by("at", "id")
        assert [answer.allowed for answer in answers] == [False, True]

    def test_paying_before_the_notice_days_are_over_keeps_it_from_the_bureau(self, borrower, loan_id):
        pay(borrower, loan_id, 46_000, DUE + case.days(6))
        days_end(until=DUE + case.days(20))
        assert [row.status for row in fakes.Bureau.rows()] == ["N", "M"]

    def test_without_consent_nothing_leaves(self, settings):
        case.open_shop(settings)
        books.move_to(OPENED)
        settings.FENQI_PORTS = {**settings.FENQI_PORTS, "bureau": "tests.bureau.fakes.Bureau"}
        fakes.Bureau.received.clear()
        case.a_loan(case.a_person(), terms=TERMS, on=OPENED)
        days_end(until=DUE + case.days(10))
        assert fakes.Bureau.received == {}
        assert statuses(CreditRow.objects.get().borrower_id) == {"2026-02": "1"}

    def test_a_withdrawal_stops_the_reports_from_that_day(self, borrower, loan_id):
        pay(borrower, loan_id, 46_000, DUE)
        days_end(until=DUE + case.days(2))
        before = len(fakes.Bureau.rows())
        assert before > 0
        people.withdraw_consent(borrower_id=borrower, text_code="bureau_reporting", channel="web")
        days_end(until=DUE + case.days(45))
        assert len(fakes.Bureau.rows()) == before
        assert CreditRow.objects.filter(borrower_id=borrower, is_withheld=True).exists()

    def test_a_silent_bureau_gets_the_same_batch_again(self, borrower, loan_id):
        fakes.Bureau.is_silent = True
        days_end(until=DUE + case.days(1))
        assert Batch.objects.get().state == "unknown"
        fakes.Bureau.is_silent = False
        days_end(until=DUE + case.days(2))
        batch = Batch.objects.get()
        assert (batch.state, batch.tries) == ("accepted", 2)
        assert list(fakes.Bureau.received) == [batch.id]


class TestDispute:
    @pytest.fixture
    def overdue(self, borrower, loan_id):
        days_end(until=DUE + case.days(8))
        return {"borrower_id": borrower, "loan_id": loan_id, "month": datetime.date(2026, 2, 1)}

    def test_is_answered_in_writing_and_the_month_corrected(self, overdue):
        on = DUE + case.days(9)
        dispute_id = services.open_dispute(**overdue, reason="2 月 8 日已付清", on=on)
        assert [row.answer_by for row in queries.open_disputes()] == [on + case.days(20)]
        with pytest.raises(SecondPairMissing):
            services.answer_dispute(
                staff="合规小李",
                borrower_id=overdue["borrower_id"],
                dispute_id=dispute_id,
                is_upheld=True,
                answer="核实为银行延迟，已更正。",
                on=on,
            )
        second_pair(
            services.CORRECTION_KIND,
            borrower_id=overdue["borrower_id"],
            arguments={
                "borrower_id": overdue["borrower_id"],
                "dispute_id": str(dispute_id),
                "answer": "核实为银行延迟，已更正。",
            },
        )
        month = queries.record(overdue["borrower_id"])[0].months[0]
        assert (month.status, month.is_corrected, month.dispute) == ("N", True, "upheld")
        days_end(until=on + case.days(1))
        assert [row.status for row in fakes.Bureau.rows()] == ["N", "1", "N"]

    def test_once_at_a_time(self, overdue):
        services.open_dispute(**overdue, reason="不对", on=DUE)
        with pytest.raises(AlreadyDisputed):
            services.open_dispute(**overdue, reason="还是不对", on=DUE)

    def test_is_answered_once_and_in_words(self, overdue):
        dispute_id = services.open_dispute(**overdue, reason="不对", on=DUE)
        answer = {"staff": "a", "borrower_id": overdue["borrower_id"], "dispute_id": dispute_id, "on": DUE}
        with pytest.raises(DisputeAnswerMissing):
            services.answer_dispute(**answer, is_upheld=False, answer=" ")
        services.answer_dispute(**answer, is_upheld=False, answer="核实无误")
        with pytest.raises(AlreadyAnswered):
            services.answer_dispute(**answer, is_upheld=True, answer="改主意")

    def test_says_what_is_missing(self, overdue):
        with pytest.raises(DisputeReasonMissing):
            services.open_dispute(**overdue, reason="  ", on=DUE)
        with pytest.raises(NotFound):
            services.open_dispute(**overdue | {"month": datetime.date(2020, 1, 1)}, reason="x", on=DUE)
        with pytest.raises(NotFound):
            services.open_dispute(**overdue | {"borrower_id": 1}, reason="x", on=DUE)


def test_a_row_without_its_loan_is_named(borrower, loan_id):
    pay(borrower, loan_id, 44_979, DUE)
    days_end(until=DUE)
    assert list(checks.differences()) == []
    stray = UUID(int=7)
    CreditRow.objects.filter(borrower_id=borrower).update(loan_id=stray)
    [named] = checks.differences()
    assert str(stray) in named
