"""What being late costs and how late a loan is: grace, tolerance, penalty, late fee, cap, pauses, buckets."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from fenqi.domain.delinquency import bucket_of, penalty_annual_rate
from fenqi.domain.errors import EventRefused
from fenqi.domain.events import Phase
from fenqi.domain.replay import replay
from fenqi.domain.rules import Component, OverdueRules, PenaltyBase, PenaltyFrom
from fenqi.domain.state import InstallmentStatus, LoanStatus
from fenqi.domain.terms import HolidayRule, WorkCalendar

from .loans import annuity, free, happened, paid_out

PRINCIPAL_OF_FIRST = 389_80


def at(terms, *events, on):
    return replay(terms, [paid_out(), *events], date.fromisoformat(on))


def penalty(terms, *events, on):
    return at(terms, *events, on=on).installments[0].penalty_fen


def exact(base, days, rate="0.216"):
    return int(Decimal(base) * days * Decimal(rate) / 365 + Decimal("0.5"))


class TestGrace:
    def test_within_it_nothing_is_overdue(self):
        state = at(annuity(), on="2026-02-18")
        assert (state.status, state.days_past_due, state.bucket) == (LoanStatus.ACTIVE, 0, "M0")
        assert state.installments[0].status is InstallmentStatus.DUE
        assert (state.due_fen, state.overdue_fen, state.installments[0].penalty_fen) == (449_79, 0, 0)

    def test_after_it_penalty_counts_from_the_day_after_the_due_date(self):
        state = at(annuity(), on="2026-02-19")
        assert (state.status, state.days_past_due, state.bucket) == (LoanStatus.OVERDUE, 4, "M1")
        assert state.installments[0].penalty_fen == exact(PRINCIPAL_OF_FIRST, 4)
        assert state.installments[0].days_past_due == 4
        assert state.overdue_fen == 449_79 + exact(PRINCIPAL_OF_FIRST, 4)

    def test_or_from_its_end(self):
        terms = annuity(overdue=OverdueRules(penalty_from=PenaltyFrom.GRACE_END))
        assert penalty(terms, on="2026-02-20") == exact(PRINCIPAL_OF_FIRST, 2)
        part = happened("repayment", "2026-02-17", 100_00)
        assert penalty(terms, part, on="2026-02-20") == exact(PRINCIPAL_OF_FIRST - 40_01, 2)

    def test_paying_within_it_costs_nothing_ever(self):
        paid = happened("repayment", "2026-02-18", 449_79)
        assert at(annuity(), paid, on="2026-03-01").installments[0].penalty_fen == 0


class TestTolerance:
    def test_a_payment_short_by_a_little_rolls_to_the_next_due_date(self):
        short = happened("repayment", "2026-02-15", 439_79)
        state = at(annuity(), short, on="2026-03-18")
        assert (state.days_past_due, state.installments[0].status) == (0, InstallmentStatus.DUE)
        late = at(annuity(), short, on="2026-03-19")
        assert late.days_past_due == 4
        assert late.installments[0].penalty_fen == exact(10_00, 4)

    def test_a_fen_more_does_not(self):
        short = happened("repayment", "2026-02-15", 439_78)
        assert at(annuity(), short, on="2026-02-19").days_past_due == 4

    def test_nothing_paid_is_not_a_payment_short(self):
        assert replay(free(), [paid_out(15_00)], date(2026, 2, 19)).days_past_due == 4

    def test_a_late_payment_short_by_a_little_ends_the_arrears(self):
        late = happened("repayment", "2026-02-25", 449_79)
        state = at(annuity(), late, on="2026-02-26")
        assert (state.days_past_due, state.outstanding_fen) == (0, state.outstanding_fen)
        assert state.installments[0].penalty_fen == exact(PRINCIPAL_OF_FIRST, 10)

    def test_after_the_last_due_date_it_rolls_a_period_on(self):
        events = [paid_out(300_00), happened("repayment", "2026-02-15", 295_00)]
        assert replay(free(installments=1), events, date(2026, 3, 18)).days_past_due == 0
        assert replay(free(installments=1), events, date(2026, 3, 19)).days_past_due == 4


class TestPenaltyRate:
    def test_is_a_multiple_of_the_contracts_within_the_cap(self):
        assert penalty_annual_rate(annuity()) == Decimal("0.2160")
        assert penalty_annual_rate(annuity(annual_rate=Decimal("0.18"))) == Decimal("0.24")
        assert penalty_annual_rate(
            annuity(annual_rate=Decimal("0.18"), cost_cap_annual_rate=None)
        ) == Decimal("0.27")
        assert penalty_annual_rate(free()) == Decimal("0.24")
        assert penalty_annual_rate(annuity(), Decimal("0.1")) == Decimal("0.15")
        fixed = OverdueRules(penalty_annual_rate=Decimal("0.1825"))
        assert penalty_annual_rate(annuity(overdue=fixed)) == Decimal("0.1825")

    def test_changes_with_the_rate_of_the_loan(self):
        change = happened("rate_change", "2026-02-25", annual_rate=Decimal("0.1"))
        state = at(annuity(), change, on="2026-03-01")
        weight = Decimal(PRINCIPAL_OF_FIRST) * (10 * Decimal("0.216") + 4 * Decimal("0.15")) / 365
        assert state.installments[0].penalty_fen == int(weight + Decimal("0.5"))

    def test_may_count_on_all_that_is_overdue(self):
        terms = annuity(overdue=OverdueRules(penalty_base=PenaltyBase.OVERDUE_TOTAL))
        assert penalty(terms, on="2026-02-25") == exact(449_79, 10)

    def test_may_compound_by_the_month_within_the_cap(self):
        terms = annuity(overdue=OverdueRules(compounding=True))
        simple = exact(449_79, 59)
        first_month = exact(449_79, 28)
        assert penalty(terms, on="2026-04-15") == simple + exact(first_month, 31)
        capped = annuity(overdue=OverdueRules(compounding=True, penalty_multiplier=Decimal(3)))
        assert penalty(capped, on="2027-02-15") == int(Decimal(449_79) * 365 * Decimal("0.24") / 365)


class TestLateFee:
    def test_is_charged_once_when_the_grace_is_over(self):
        rules = OverdueRules(late_fee_fixed_fen=1_00, late_fee_rate=Decimal("0.05"), late_fee_cap_fen=20_00)
        state = at(annuity(overdue=rules, cost_cap_annual_rate=None), on="2026-03-01")
        assert state.installments[0].late_fee_fen == 20_00
        uncapped = OverdueRules(late_fee_rate=Decimal("0.05"))
        state = at(annuity(overdue=uncapped, cost_cap_annual_rate=None), on="2026-03-01")
        assert state.installments[0].late_fee_fen == 22_49

    def test_stays_within_the_cap_together_with_the_penalty(self):
        state = at(annuity(overdue=OverdueRules(late_fee_fixed_fen=10_00)), on="2026-03-01")
        most = int(Decimal(PRINCIPAL_OF_FIRST) * 14 * Decimal("0.24") / 365)
        row = state.installments[0]
        assert row.penalty_fen == exact(PRINCIPAL_OF_FIRST, 14)
        assert row.penalty_fen + row.late_fee_fen == most


class TestPauses:
    def test_an_open_return_lets_nothing_be_past_due(self):
        opened = happened("return_pause", "2026-02-10")
        state = at(annuity(), opened, on="2026-03-01")
        assert (state.is_paused, state.days_past_due, state.due_fen, state.overdue_fen) == (True, 0, 0, 0)
        assert state.installments[0].penalty_fen == 0

    def test_its_days_are_taken_out_once_it_is_closed(self):
        opened = happened("return_pause", "2026-02-17")
        closed = happened("return_pause", "2026-03-01", phase=Phase.END)
        state = at(annuity(), opened, closed, on="2026-03-05")
        assert state.days_past_due == 2 + 4
        assert state.installments[0].penalty_fen == exact(PRINCIPAL_OF_FIRST, 6)

    def test_arrears_from_before_are_not_seen_while_it_is_open(self):
        opened = happened("return_pause", "2026-02-25", ends_on=date(2026, 3, 1))
        assert at(annuity(), opened, on="2026-02-28").status is LoanStatus.ACTIVE
        assert at(annuity(), opened, on="2026-02-28").installments[0].status is InstallmentStatus.DUE
        assert at(annuity(), opened, on="2026-03-02").days_past_due == 11

    def test_a_pause_of_delinquency_leaves_dues_due(self):
        paused = happened("delinquency_pause", "2026-02-15", ends_on=date(2026, 2, 25))
        overlapping = happened("delinquency_pause", "2026-02-20", ends_on=date(2026, 2, 22))
        state = at(annuity(), paused, overlapping, on="2026-03-01")
        assert (state.is_paused, state.days_past_due, state.due_fen > 0) == (False, 4, True)

    def test_what_has_not_begun_cannot_end(self):
        with pytest.raises(EventRefused):
            at(annuity(), happened("return_pause", "2026-02-10", phase=Phase.END), on="2026-03-01")

    def test_an_allocation_while_a_return_is_open_knows_no_old_arrears(self):
        opened = happened("return_pause", "2026-02-25")
        paid = happened("repayment", "2026-08-25", 10_00)
        assert at(annuity(), opened, paid, on="2026-08-25").outcomes[-1].shares[0].component == "penalty"


class TestDaysOff:
    calendar = WorkCalendar(holidays=frozenset(date(2026, 2, 15) + timedelta(days=day) for day in range(9)))

    def test_paying_on_the_next_workday_is_in_time(self):
        terms = annuity(holiday_rule=HolidayRule.NEXT_WORKDAY_NO_PENALTY, calendar=self.calendar)
        state = at(terms, on="2026-02-27")
        assert state.installments[0].pay_by_on == date(2026, 2, 24)
        assert state.days_past_due == 0
        assert at(terms, on="2026-02-28").days_past_due == 4


class TestBuckets:
    @pytest.mark.parametrize(
        ("days", "bucket"),
        [
            (0, "M0"),
            (1, "M1"),
            (30, "M1"),
            (31, "M2"),
            (60, "M2"),
            (151, "M6"),
            (180, "M6"),
            (181, "M7"),
            (999, "M7"),
        ],
    )
    def test_have_the_bounds_of_the_credit_record(self, days, bucket):
        assert bucket_of(days) == bucket

    def test_follow_the_oldest_unpaid_due_date(self):
        state = at(annuity(), on="2026-08-15")
        assert (state.days_past_due, state.bucket, state.oldest_unpaid_due_on) == (
            181,
            "M7",
            date(2026, 2, 15),
        )


class TestClosedForm:
    def test_an_event_that_changes_nothing_changes_nothing(self):
        terms = annuity(overdue=OverdueRules(compounding=True, late_fee_fixed_fen=5_00))
        days = [date(2026, 1, 16) + timedelta(days=day) for day in range(150)]
        nothing = [happened("waiver", str(day), 1, component=Component.FEE, id=str(day)) for day in days]
        one_step, day_by_day = at(terms, on="2026-06-30"), at(terms, *nothing, on="2026-06-30")
        assert day_by_day.totals.due.penalty_fen == one_step.totals.due.penalty_fen
        assert day_by_day.totals.due.late_fee_fen == one_step.totals.due.late_fee_fen
