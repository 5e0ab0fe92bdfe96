"""Reports say what the loans and the ledger say."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from fenqi.domain.calendar import add_months
from fenqi.servicing import reports, services
from fenqi.servicing.models import BookDay, Loan
from tests.servicing.books import ANNUITY, FREE, OPENED, a_loan, balances, start
from tests.servicing.collecting import collect_all, collect_none

pytestmark = pytest.mark.django_db

ONE_DAY = datetime.timedelta(days=1)
DUE_1 = datetime.date(2026, 2, 8)


@pytest.fixture(autouse=True)
def open_books(db: None, settings) -> None:
    settings.DAYEND_STEPS = []
    start()


def close_to(on: datetime.date, collect=collect_none) -> None:
    services.run_dayend(to=on, collect=collect)


def test_nothing_closed_has_no_date() -> None:
    a_loan()
    assert reports.closed_date(OPENED) is None
    close_to(OPENED + ONE_DAY)
    assert reports.closed_date(OPENED + 9 * ONE_DAY) == OPENED
    assert reports.closed_date(OPENED - ONE_DAY) is None


def test_an_empty_book_has_empty_reports() -> None:
    close_to(OPENED + ONE_DAY)
    assert reports.portfolio(OPENED).lines == ()
    assert reports.arrears(OPENED).totals == {"loans": 0, "principal_fen": 0, "outstanding_fen": 0}
    assert reports.arrears(OPENED).lines[0].share == 0
    assert reports.vintage(OPENED).lines == ()
    assert reports.roll_rate(OPENED).totals["loans"] == 0
    assert reports.income(OPENED).lines == ()
    assert reports.lender_settlement(OPENED).lines == ()


def test_the_portfolio_is_what_the_ledger_has() -> None:
    a_loan()
    a_loan(FREE, 120_000, lender_code="anxin")
    close_to(OPENED + 3 * ONE_DAY)
    as_of = OPENED + 2 * ONE_DAY

    found = reports.portfolio(as_of)

    books = balances(as_of)
    assert [(line.lender_code, line.loans) for line in found.lines] == [("anxin", 1), ("jiangcheng", 1)]
    assert found.totals["principal_fen"] == books["LOAN_PRINCIPAL"] == 619_900
    assert found.totals["receivable_fen"] == books["INTEREST_RECEIVABLE"]
    assert found.totals["provision_fen"] == books["PROVISION"]
    assert found.totals["overdue_principal_fen"] == 0


class TestLateLoans:
    """Two loans of which nothing has been paid for forty days."""

    @pytest.fixture
    def late(self) -> datetime.date:
        a_loan(ANNUITY, 300_000, borrower_id=11)
        a_loan(ANNUITY, 100_000, borrower_id=22)
        as_of = DUE_1 + 40 * ONE_DAY
        close_to(as_of + ONE_DAY)
        return as_of

    def test_arrears(self, late) -> None:
        found = reports.arrears(late)
        assert [line.loans for line in found.lines] == [0, 0, 2, 0, 0, 0, 0, 0]
        assert found.lines[2].principal_fen == 400_000
        assert found.lines[2].share == 1
        assert found.totals["principal_fen"] == balances(late)["LOAN_PRINCIPAL"]

    def test_vintage(self, late) -> None:
        (line,) = reports.vintage(late).lines
        assert (line.month, line.loans, line.principal_fen) == (datetime.date(2026, 1, 1), 2, 400_000)
        # Past due by more than 30 days from 11 March.
        assert line.late_shares == (Decimal(0), Decimal(0), Decimal(1))

    def test_rolls_begin_with_what_the_date_had(self, late) -> None:
        from_on = DUE_1 + 10 * ONE_DAY
        found = reports.roll_rate(late, from_on=from_on)
        assert {line.bucket: line.loans for line in found.lines if line.loans} == {
            row.bucket: row.loans for row in BookDay.objects.filter(business_date=from_on)
        }
        rolled = found.lines[1]
        assert (rolled.worse, rolled.same, rolled.better, rolled.worse_share) == (2, 0, 0, 1)
        assert rolled.to_buckets[2] == 2

    def test_a_loan_paid_off_is_no_longer_in_its_bucket(self, late) -> None:
        loan = Loan.objects.get(borrower_id=22)
        services.record_repayment(
            borrower_id=22,
            loan_id=loan.id,
            amount_fen=2_000_000,
            reference="all",
            received_on=late + ONE_DAY,
            source="manual",
        )
        close_to(late + 2 * ONE_DAY)
        found = reports.roll_rate(late + ONE_DAY, from_on=late)
        assert (found.lines[2].loans, found.lines[2].closed, found.lines[2].better) == (2, 1, 1)
        assert reports.arrears(late + ONE_DAY).totals["loans"] == 1


def test_income_is_the_ledgers_of_the_month() -> None:
    a_loan(lender_share_bp=5_000)
    close_to(DUE_1 + ONE_DAY, collect_all)

    january, february = reports.income(datetime.date(2026, 1, 31)), reports.income(DUE_1)
    months = reports.income_by_month(DUE_1)

    assert january.totals["interest_fen"] + february.totals["interest_fen"] == 5_999
    assert [line.month for line in months.lines] == [datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)]
    assert [line.net_fen for line in months.lines] == [january.totals["net_fen"], february.totals["net_fen"]]
    assert months.totals["lender_share_fen"] == balances(DUE_1)["LENDER_INCOME_SHARE"]
    (line,) = february.lines
    assert (line.lender_code, line.product) == ("jiangcheng", "installment")
    assert line.net_fen == line.income_fen - line.cost_fen


def test_the_lenders_settlement_is_what_is_owed() -> None:
    a_loan()
    close_to(DUE_1 + ONE_DAY, collect_all)

    found = reports.lender_settlement(DUE_1)

    (line,) = found.lines
    assert (line.business_date, line.principal_fen, line.income_fen) == (DUE_1, 38_980, 5_999)
    (total,) = reports.settlement_totals(found)
    assert total.owed_fen == line.payable_fen == balances(DUE_1)["LENDER_PAYABLE"]
    next_month = reports.lender_settlement(add_months(DUE_1, 1))
    assert next_month.lines == ()
