"""What changes the plan or ends the loan: refunds of goods, new rates and dates, endings, the real balance."""

from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.errors import (
    EventRefused,
)
from fenqi.domain.replay import replay, replay_traced
from fenqi.domain.rules import (
    Component,
    RefundOrder,
    RefundRules,
)
from fenqi.domain.state import LoanStatus, SubsidyShares
from fenqi.domain.terms import InterestBase, LoanTerms, Method, Subsidy, Unit

from .loans import PRICE, annuity, free, happened, open_rows, paid_out, plan, shares

LATER = date(2026, 12, 31)


def at(terms, *events, on="2026-01-20"):
    return replay(terms, events, date.fromisoformat(on))


class TestMerchantRefund:
    def refunded(self, terms, amount, *events, on="2026-04-01", order=None):
        back = happened("merchant_refund", on, amount, refund_order=order)
        return at(terms, paid_out(), *events, back, on=on)

    def test_everything_back_leaves_nothing_running(self):
        paid = happened("repayment", "2026-02-15", 449_79)
        state = self.refunded(annuity(), PRICE, paid, on="2026-02-20")
        assert (state.status, state.outstanding_fen, state.overpaid_fen) == (LoanStatus.OVERPAID, 0, 449_79)
        assert state.totals.due.interest_fen == 0
        assert (state.outcomes[-1].interest_back_fen, state.outcomes[-1].overpaid_fen) == (398_45, 449_79)

    def test_spread_shrinks_every_installment_by_the_same_share(self):
        state = self.refunded(annuity(), PRICE // 2, on="2026-01-20")
        assert {row.outstanding_fen // 100 for row in state.installments} == {224}
        assert abs(state.totals.due.interest_fen - 199_22) <= 6

    def test_arrears_of_what_came_back_go_too(self):
        state = self.refunded(annuity(), PRICE, on="2026-03-01")
        assert (state.status, state.outstanding_fen, state.totals.due.penalty_fen) == (
            LoanStatus.SETTLED,
            0,
            0,
        )

    def test_interest_of_the_past_may_stay(self):
        terms = annuity(refund=RefundRules(interest_back=False))
        state = self.refunded(terms, PRICE, on="2026-01-25")
        assert [row.interest_fen for row in state.installments][:2] == [round(Decimal(59_988) * 10 / 310), 0]

    @pytest.mark.parametrize(
        "order", [RefundOrder.FUTURE_FIRST, RefundOrder.LAST_FIRST, RefundOrder.RE_AMORTISE]
    )
    def test_other_orders_lower_principal_and_count_interest_anew(self, order):
        state = self.refunded(annuity(), 1000_00, order=order, on="2026-01-20")
        met = [row.number for row in state.installments if row.principal_paid_fen]
        assert met == {"future_first": [1, 2, 3], "last_first": [10, 11, 12], "re_amortise": [1]}[order.value]
        assert state.totals.due.interest_fen < 398_45
        assert sum(share[2] for share in shares(state)) == 1000_00

    def test_what_is_more_than_to_come_meets_the_past(self):
        events = [happened("repayment", "2026-02-15", 449_79)]
        state = self.refunded(annuity(installments=1), PRICE, on="2026-03-20", order=RefundOrder.LAST_FIRST)
        assert state.outstanding_fen == 0
        assert events

    def test_flat_fees_shrink_too(self):
        terms = LoanTerms(method=Method.FLAT_FEE, installments=12, flat_fee_rate=Decimal("0.006"))
        for order in (RefundOrder.SPREAD, RefundOrder.LAST_FIRST):
            state = self.refunded(terms, PRICE // 2, on="2026-01-15", order=order)
            assert {row.fee_fen for row in state.installments} == {15_00}

    def test_a_subsidy_is_unwound_with_the_cost(self):
        terms = annuity(subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal(1)))
        state = self.refunded(terms, PRICE, on="2026-01-16")
        assert state.outcomes[-1].subsidy_back == SubsidyShares(merchant_fen=398_45)
        assert {row.subsidy.total_fen for row in state.installments} == {0}

    def test_may_be_allocated_like_a_payment(self):
        state = self.refunded(annuity(), 100_00, order=RefundOrder.AS_PAYMENT, on="2026-01-20")
        assert shares(state) == [(1, "interest", 59_99), (1, "principal", 40_01)]


class TestRestructuring:
    def test_another_rate_counts_from_its_day(self):
        change = happened("rate_change", "2026-02-15", annual_rate=Decimal("0.12"))
        state = at(annuity(), paid_out(), change, on="2026-02-15")
        assert plan(state)[0] == plan(at(annuity(), paid_out()))[0]
        assert state.installments[1].interest_fen == 46_09
        after = happened("rate_change", "2027-02-15", annual_rate=Decimal("0.12"))
        assert at(annuity(), paid_out(), after, on="2027-02-15").totals.due.interest_fen == 398_45

    def test_another_due_day(self):
        change = happened("due_day_change", "2026-02-16", due_day=5)
        state = at(annuity(), paid_out(), change, on="2026-02-16")
        assert [row[0] for row in plan(state)[:3]] == ["2026-02-15", "2026-03-05", "2026-04-05"]
        assert state.installments[1].principal_fen == 394_48
        moved = at(
            annuity(), paid_out(), happened("due_day_change", "2026-01-20", due_day=18), on="2026-01-20"
        )
        assert plan(moved)[0][0] == "2026-02-18"
        early = at(
            annuity(), paid_out(), happened("due_day_change", "2026-02-10", due_day=8), on="2026-02-10"
        )
        assert plan(early)[0][0] == "2026-03-08"
        done = happened("due_day_change", "2027-02-16", due_day=5)
        assert plan(at(annuity(), paid_out(), done, on="2027-02-16"))[0][0] == "2026-02-15"

    def test_a_due_day_needs_months(self):
        with pytest.raises(EventRefused):
            at(free(unit=Unit.WEEK), paid_out(), happened("due_day_change", "2026-01-20", due_day=5))

    def test_later_dates(self):
        move = happened("reschedule", "2026-02-01", from_due_on=date(2026, 3, 15), due_on=date(2026, 4, 1))
        assert [row[0] for row in plan(at(free(), paid_out(), move, on="2026-02-01"))] == [
            "2026-02-15",
            "2026-04-01",
            "2026-05-01",
        ]
        weeks = free(unit=Unit.WEEK)
        move = happened("reschedule", "2026-01-16", from_due_on=date(2026, 1, 29), due_on=date(2026, 2, 1))
        assert [row[0] for row in plan(at(weeks, paid_out(), move))] == [
            "2026-01-22",
            "2026-02-01",
            "2026-02-08",
        ]
        past = happened("reschedule", "2026-06-01", from_due_on=date(2026, 4, 15), due_on=date(2026, 5, 1))
        assert plan(at(free(), paid_out(), past, on="2026-06-01"))[-1][0] == "2026-05-01"

    def test_later_dates_of_nothing_are_refused(self):
        move = happened("reschedule", "2026-02-01", from_due_on=date(2027, 3, 15), due_on=date(2027, 4, 1))
        with pytest.raises(EventRefused):
            at(free(), paid_out(), move, on="2026-02-01")

    def test_re_age_lays_principal_over_new_installments(self):
        again = happened("re_age", "2026-03-01", due_on=date(2026, 3, 10), installments=2)
        state = at(
            free(), paid_out(300_00), happened("repayment", "2026-02-15", 20_00), again, on="2026-03-01"
        )
        assert [row for row in open_rows(state) if row[0] > 3] == [(4, 140_00), (5, 140_00)]
        assert state.totals.outstanding.principal_fen == 280_00

    def test_re_age_keeps_interest_earned(self):
        again = happened("re_age", "2026-01-25", due_on=date(2026, 3, 10), installments=2)
        state = at(annuity(), paid_out(), again, on="2026-01-25")
        assert state.installments[0].outstanding.interest_fen == round(Decimal(59_988) * 10 / 310)

    def test_re_age_of_nothing_is_refused(self):
        again = happened("re_age", "2026-03-01", due_on=date(2026, 3, 1), installments=2)
        with pytest.raises(EventRefused):
            at(free(), paid_out(300_00), again, on="2026-03-01")

    def test_re_amortise_adds_arrears_to_what_is_to_come(self):
        state = at(free(), paid_out(300_00), happened("re_amortise", "2026-03-01"), on="2026-03-01")
        assert open_rows(state)[1:] == [(2, 150_00), (3, 150_00)]
        assert shares(state) == [(1, "principal", 100_00)]
        with pytest.raises(EventRefused):
            at(free(), paid_out(300_00), happened("re_amortise", "2026-05-01"), on="2026-05-01")


class TestEndings:
    def test_acceleration_makes_everything_due(self):
        state = at(annuity(), paid_out(), happened("acceleration", "2026-02-20", id="all"), on="2026-02-20")
        assert state.due_fen == state.outstanding_fen
        assert state.totals.due.interest_fen == 59_99 + round(Decimal(460_920 * 12 * 5) / 28000)
        undone = happened("reversal", "2026-02-21", reverses="all")
        accelerated = happened("acceleration", "2026-02-20", id="all")
        assert at(annuity(), paid_out(), accelerated, undone, on="2026-02-21").installments == (
            at(annuity(), paid_out(), on="2026-02-21").installments
        )

    def test_a_loan_charged_off_is_owed_but_accrues_no_more(self):
        off = happened("charge_off", "2026-03-20")
        state = at(annuity(), paid_out(), off, on="2026-06-20")
        assert (state.status, state.totals.due.penalty_fen) == (
            LoanStatus.CHARGED_OFF,
            at(annuity(), paid_out(), on="2026-03-20").totals.due.penalty_fen,
        )
        assert sum(share[2] for share in shares(state)) == state.outstanding_fen
        back = happened("recovery", "2026-07-01", 100_00)
        recovered = at(annuity(), paid_out(), off, back, on="2026-07-01")
        assert recovered.outstanding_fen == state.outstanding_fen - 100_00

    def test_a_loan_written_off_is_given_up_and_may_be_recovered(self):
        off = happened("write_off", "2026-02-20")
        state = at(annuity(), paid_out(), off, on="2026-03-20")
        assert (state.status, state.outstanding_fen) == (LoanStatus.WRITTEN_OFF, 0)
        recovered = at(annuity(), paid_out(), off, happened("recovery", "2026-03-01", 60_00), on="2026-03-20")
        assert recovered.totals.paid.total_fen == 60_00
        assert (recovered.status, recovered.outstanding_fen) == (LoanStatus.WRITTEN_OFF, 0)


class TestTrace:
    def test_shows_what_was_summed(self):
        terms = LoanTerms(method=Method.DAILY_INTEREST, installments=2, annual_rate=Decimal("0.1825"))
        state, trace = replay_traced(terms, [paid_out(1000_00)], date(2026, 3, 1))
        assert state.installments[0].interest_fen == 15_50
        assert [(span.from_on, span.to_on, span.balance_fen) for span in trace.interest[:1]] == [
            (date(2026, 1, 15), date(2026, 2, 15), 1000_00)
        ]
        assert [(span.base_fen, span.days, span.annual_rate) for span in trace.penalty] == [
            (500_00, 14, Decimal("0.24"))
        ]


class TestRealBalance:
    terms = LoanTerms(method=Method.DAILY_INTEREST, installments=1, annual_rate=Decimal("0.1825"))

    def test_paying_early_stops_interest(self):
        half = happened("repayment", "2026-01-25", 505_00)
        state = at(self.terms, paid_out(1000_00), half, on="2026-01-25")
        assert shares(state) == [(1, "interest", 5_00), (1, "principal", 500_00)]
        assert state.outstanding_fen == 500_00 + 5_25
        all_of_it = happened("repayment", "2026-02-04", 502_50)
        assert (
            at(self.terms, paid_out(1000_00), half, all_of_it, on="2026-02-04").status is LoanStatus.SETTLED
        )

    def test_what_is_overdue_bears_penalty_instead_of_interest(self):
        terms = LoanTerms(method=Method.DAILY_INTEREST, installments=2, annual_rate=Decimal("0.1825"))
        state = at(terms, paid_out(1000_00), on="2026-03-15")
        assert state.installments[1].interest_fen == 7_00
        owed = LoanTerms(
            method=Method.DAILY_INTEREST,
            installments=2,
            annual_rate=Decimal("0.1825"),
            interest_base=InterestBase.DAILY_BALANCE,
        )
        assert at(owed, paid_out(1000_00), on="2026-03-15").installments[1].interest_fen == 14_00

    def test_a_charge_cuts_no_span(self):
        fee = happened("charge", "2026-01-20", 1_00, component=Component.FEE)
        same = happened("goodwill_credit", "2026-01-21", 1_00)
        state = at(self.terms, paid_out(1000_00), fee, same, on="2026-02-15")
        assert state.installments[0].interest_fen == 15_50

    def test_other_changes_find_the_size_anew(self):
        terms = annuity(interest_base=InterestBase.DAILY_BALANCE, principal_grace=1, installments=4)
        more = happened("payout", "2026-02-15", 1000_00)
        rate = happened("rate_change", "2026-03-15", annual_rate=Decimal("0.12"))
        state = at(terms, paid_out(1000_00), more, rate, on="2026-03-15")
        assert state.principal_outstanding_fen == 2000_00
        assert len({row.principal_fen + row.interest_fen for row in state.installments[2:]}) <= 2
