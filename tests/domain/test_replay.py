"""What a loan owes at a date: payments, their order, refunds, charges, reversals and everything else that happens."""

from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.errors import (
    BeforePayout,
    CurrencyMismatch,
    EventRefused,
    RefundTooLarge,
    ReversalOfReversal,
    UnknownEvent,
)
from fenqi.domain.events import ChargeBase
from fenqi.domain.replay import replay
from fenqi.domain.rules import (
    COMPONENTS_COST_FIRST,
    PRINCIPAL_FIRST,
    AllocationOrder,
    AllocationRules,
    Component,
    Direction,
    FutureRule,
    KindOrder,
    order_of,
)
from fenqi.domain.state import InstallmentStatus, LoanStatus
from fenqi.domain.terms import FurtherPayout, LoanTerms, Method

from .loans import PRICE, annuity, free, happened, open_rows, paid_out, shares

LATER = date(2026, 12, 31)


def at(terms, *events, on="2026-01-20"):
    return replay(terms, events, date.fromisoformat(on))


class TestPaying:
    def test_a_loan_without_a_payout_is_pending(self):
        state = at(annuity())
        assert (state.status, state.installments, state.next_due_on) == (LoanStatus.PENDING, (), None)
        assert state.totals.due.total_fen == 0

    def test_meets_interest_then_principal_of_the_oldest(self):
        state = at(annuity(), paid_out(), happened("repayment", "2026-02-15", 450_00), on="2026-02-15")
        assert shares(state) == [(1, "interest", 59_99), (1, "principal", 389_80), (2, "interest", 21)]
        assert (state.status, state.next_due_on) == (LoanStatus.ACTIVE, date(2026, 3, 15))
        assert state.installments[0].status is InstallmentStatus.PAID
        assert state.installments[0].paid_on == date(2026, 2, 15)
        assert state.outcomes[-1].by_component().interest_fen == 60_20

    def test_everything_paid_settles_and_too_much_is_kept(self):
        state = at(free(), paid_out(300_00), happened("repayment", "2026-01-20", 300_00))
        assert (state.status, state.settled_on) == (LoanStatus.SETTLED, date(2026, 1, 20))
        state = at(free(), paid_out(300_00), happened("repayment", "2026-01-20", 310_00), on="2026-01-21")
        assert (state.status, state.overpaid_fen) == (LoanStatus.OVERPAID, 10_00)
        again = happened("repayment", "2026-01-21", 5_00)
        state = at(
            free(), paid_out(300_00), happened("repayment", "2026-01-20", 310_00), again, on="2026-01-21"
        )
        assert (state.overpaid_fen, state.outcomes[-1].overpaid_fen) == (15_00, 5_00)

    def test_in_advance_and_late_are_told_apart(self):
        events = [
            paid_out(300_00),
            happened("repayment", "2026-02-10", 60_00),
            happened("repayment", "2026-02-16", 50_00),
        ]
        first, second = at(free(), *events, on="2026-02-16").installments[:2]
        assert (first.paid_in_advance_fen, first.paid_late_fen) == (60_00, 40_00)
        assert (second.paid_in_advance_fen, second.outstanding.principal_fen) == (10_00, 90_00)

    def test_events_after_the_date_are_not_seen(self):
        assert (
            at(free(), paid_out(300_00), happened("repayment", "2026-01-21", 1_00)).outstanding_fen == 300_00
        )

    def test_days_decide_the_order_then_sequence(self):
        late = happened("repayment", "2026-01-20", 100_00, sequence=2)
        early = happened("charge", "2026-01-20", 5_00, component=Component.FEE, sequence=1)
        assert at(free(), late, early, paid_out(300_00)) == at(free(), paid_out(300_00), early, late)
        assert shares(at(free(), late, early, paid_out(300_00))) == [
            (1, "fee", 5_00),
            (1, "principal", 95_00),
        ]

    def test_a_state_can_be_asked_only_for_what_it_has(self):
        with pytest.raises(AttributeError):
            at(free()).nothing  # noqa: B018


class TestOrders:
    def order(self, **changes):
        return AllocationRules(usual=AllocationOrder(**changes))

    def paid(self, rules, amount, on="2026-02-20"):
        terms = annuity(installments=3, annual_rate=Decimal("0.12"), allocation=rules)
        return shares(at(terms, paid_out(300_00), happened("repayment", on, amount), on=on))

    def test_vertical_takes_a_component_of_all_before_the_next(self):
        rules = self.order(claims=order_of(*COMPONENTS_COST_FIRST), direction=Direction.VERTICAL)
        taken = self.paid(rules, 6_00, on="2026-04-16")
        assert [share[:2] for share in taken][:3] == [(1, "penalty"), (2, "penalty"), (1, "interest")]

    def test_last_installments_first(self):
        rules = self.order(claims=order_of(Component.PRINCIPAL, Component.INTEREST), future=FutureRule.LAST)
        assert self.paid(rules, 110_00, on="2026-01-20") == [
            (3, "principal", 100_99),
            (3, "interest", 1_01),
            (2, "principal", 8_00),
        ]

    def test_equal_parts_over_all_to_come(self):
        rules = self.order(claims=order_of(Component.PRINCIPAL), future=FutureRule.RE_AMORTISE)
        assert self.paid(rules, 160_00, on="2026-01-20") == [
            (1, "principal", 53_33),
            (2, "principal", 53_33),
            (3, "principal", 53_34),
        ]

    def test_what_has_no_room_goes_round_again(self):
        rules = self.order(claims=order_of(Component.PRINCIPAL), future=FutureRule.RE_AMORTISE)
        terms = free(allocation=rules)
        events = [
            paid_out(300_00),
            happened("repayment", "2026-01-16", 240_00),
            happened("repayment", "2026-01-17", 70_00),
        ]
        assert at(terms, *events).overpaid_fen == 10_00

    def test_a_kind_may_have_its_own_order(self):
        own = AllocationOrder(claims=order_of(Component.PRINCIPAL), future=FutureRule.LAST)
        terms = free(allocation=AllocationRules(by_kind=(KindOrder(kind="goodwill_credit", order=own),)))
        state = at(terms, paid_out(300_00), happened("goodwill_credit", "2026-01-20", 30_00))
        assert shares(state) == [(3, "principal", 30_00)]
        state = at(terms, paid_out(300_00), happened("repayment", "2026-01-20", 30_00))
        assert shares(state) == [(1, "principal", 30_00)]

    def test_old_arrears_are_met_principal_first(self):
        terms = annuity(installments=3)
        young = at(terms, paid_out(300_00), happened("repayment", "2026-05-16", 5_00), on="2026-05-16")
        old = at(terms, paid_out(300_00), happened("repayment", "2026-05-17", 5_00), on="2026-05-17")
        assert [share[1] for share in shares(young)] == ["penalty"]
        assert [share[1] for share in shares(old)] == ["principal"]
        never = annuity(installments=3, allocation=AllocationRules(aged=None))
        assert (
            shares(at(never, paid_out(300_00), happened("repayment", "2026-05-17", 5_00), on="2026-05-17"))[
                0
            ][1]
            == "penalty"
        )

    def test_the_order_of_a_day_does_not_change_with_its_first_payment(self):
        terms = annuity(installments=3, allocation=AllocationRules(aged=PRINCIPAL_FIRST))
        parts = [happened("repayment", "2026-05-17", 90_00), happened("repayment", "2026-05-17", 15_00)]
        once = at(terms, paid_out(300_00), happened("repayment", "2026-05-17", 105_00), on="2026-05-17")
        assert at(terms, paid_out(300_00), *parts, on="2026-05-17").totals == once.totals


class TestReversal:
    def test_is_as_if_it_had_never_happened(self):
        bounced = happened("repayment", "2026-02-15", 449_79, id="debit")
        reversal = happened("reversal", "2026-02-17", reverses="debit")
        state = at(annuity(), paid_out(), bounced, reversal, on="2026-02-20")
        without = at(annuity(), paid_out(), on="2026-02-20")
        assert (state.installments, state.days_past_due) == (without.installments, 5)
        assert [outcome.reversed for outcome in state.outcomes] == [False, True, False]
        before = at(annuity(), paid_out(), bounced, reversal, on="2026-02-16")
        assert before.installments[0].status is InstallmentStatus.PAID

    def test_names_what_it_cannot_reverse(self):
        reversal = happened("reversal", "2026-02-17", reverses="payout", id="undo")
        again = happened("reversal", "2026-02-18", reverses="undo")
        for events, refusal in (
            ([reversal, again], ReversalOfReversal),
            ([happened("reversal", "2026-02-17", reverses="nothing")], UnknownEvent),
            ([happened("reversal", "2026-01-10", reverses="payout")], UnknownEvent),
            ([reversal, happened("repayment", "2026-02-01", 1, id="payout")], EventRefused),
        ):
            with pytest.raises(refusal):
                replay(annuity(), [paid_out(), *events], LATER)

    def test_without_its_payout_a_loan_is_pending(self):
        reversal = happened("reversal", "2026-01-16", reverses="payout")
        assert at(annuity(), paid_out(), reversal).status is LoanStatus.PENDING


class TestRefusals:
    def test_nothing_happens_before_the_payout(self):
        with pytest.raises(BeforePayout):
            at(annuity(), happened("repayment", "2026-01-10", 1_00), paid_out())

    def test_one_loan_has_one_currency(self):
        with pytest.raises(CurrencyMismatch) as refusal:
            at(annuity(), paid_out(), happened("repayment", "2026-01-16", 1_00, currency="USD"))
        assert (refusal.value.field, refusal.value.value, refusal.value.allowed) == ("currency", "USD", "CNY")
        at(annuity(), paid_out(), happened("repayment", "2026-01-16", 1_00, currency="CNY"))

    def test_no_refund_is_above_what_was_financed(self):
        events = [paid_out(300_00), happened("merchant_refund", "2026-01-16", 200_00)]
        with pytest.raises(RefundTooLarge):
            at(free(), *events, happened("merchant_refund", "2026-01-17", 100_01))


class TestOverpayment:
    def test_is_paid_back(self):
        events = [paid_out(300_00), happened("repayment", "2026-01-16", 320_00)]
        state = at(free(), *events, happened("overpayment_refund", "2026-01-17", 20_00))
        assert (state.status, state.overpaid_fen, state.outcomes[-1].overpaid_fen) == (
            LoanStatus.SETTLED,
            0,
            20_00,
        )

    def test_what_goes_out_beyond_it_is_owed_again(self):
        events = [paid_out(300_00), happened("repayment", "2026-01-16", 310_00)]
        state = at(free(), *events, happened("overpayment_refund", "2026-01-17", 20_00))
        assert (state.outstanding_fen, state.installments[0].put_back_fen) == (10_00, 10_00)
        assert shares(state) == [(1, "principal", 10_00)]

    def test_meets_a_charge_that_comes_later(self):
        fee = happened("charge", "2026-01-17", 5_00, component=Component.FEE)
        state = at(free(), paid_out(300_00), happened("repayment", "2026-01-16", 310_00), fee)
        assert (state.overpaid_fen, state.outstanding_fen) == (5_00, 0)
        assert [share.fen for share in state.outcomes[-1].from_overpaid] == [5_00]


class TestChargeback:
    def test_owes_again_with_the_next_installment(self):
        events = [paid_out(300_00), happened("repayment", "2026-02-15", 100_00, id="paid")]
        state = at(free(), *events, happened("chargeback", "2026-02-20", 60_00, of="paid"), on="2026-02-20")
        assert open_rows(state) == [(2, 160_00), (3, 100_00)]

    def test_puts_parts_back_in_the_order_of_the_terms(self):
        order = (Component.INTEREST, Component.PRINCIPAL)
        terms = annuity(allocation=AllocationRules(chargeback=order))
        events = [paid_out(), happened("repayment", "2026-02-15", 449_79, id="paid")]
        state = at(terms, *events, happened("chargeback", "2026-02-20", 100_00, of="paid"), on="2026-02-20")
        assert shares(state) == [(2, "interest", 59_99), (2, "principal", 40_01)]

    def test_after_maturity_has_one_row_of_its_own(self):
        events = [paid_out(300_00), happened("repayment", "2026-01-16", 300_00, id="paid")]
        first = happened("chargeback", "2026-05-01", 10_00, of="paid")
        second = happened("chargeback", "2026-05-03", 20_00, of="paid")
        state = at(free(), *events, first, second, on="2026-05-03")
        assert [
            (row.number, row.due_on.isoformat(), row.outstanding_fen) for row in state.installments[3:]
        ] == [(4, "2026-05-03", 30_00)]

    def test_takes_money_overpaid_that_covers_it(self):
        events = [paid_out(300_00), happened("repayment", "2026-01-16", 350_00, id="paid")]
        state = at(free(), *events, happened("chargeback", "2026-01-17", 20_00, of="paid"))
        assert (state.overpaid_fen, shares(state)) == (30_00, [])
        state = at(free(), *events, happened("chargeback", "2026-01-17", 80_00))
        assert (state.overpaid_fen, state.outstanding_fen) == (0, 30_00)

    def test_of_something_that_did_not_happen_is_refused(self):
        with pytest.raises(UnknownEvent):
            at(free(), paid_out(300_00), happened("chargeback", "2026-01-17", 1_00, of="payout"))


class TestCharges:
    def test_falls_due_with_the_next_installment_or_the_one_it_names(self):
        fee = happened("charge", "2026-01-20", 5_00, component=Component.FEE, due_on=date(2026, 3, 1))
        penalty = happened("charge", "2026-01-20", 3_00, component=Component.PENALTY, installment_number=3)
        late = happened("charge", "2026-01-20", 1_00, component=Component.LATE_FEE)
        state = at(free(), paid_out(300_00), fee, penalty, late)
        assert [(row.fee_fen, row.penalty_fen, row.late_fee_fen) for row in state.installments] == [
            (0, 0, 1_00),
            (5_00, 0, 0),
            (0, 3_00, 0),
        ]

    def test_after_the_last_due_date_has_a_row_of_its_own(self):
        fee = happened("charge", "2026-01-20", 5_00, component=Component.FEE, due_on=date(2026, 6, 1))
        last = at(free(), paid_out(300_00), fee).installments[-1]
        assert (last.number, last.principal_fen, last.total_fen, last.starts_on) == (
            4,
            0,
            5_00,
            date(2026, 4, 15),
        )

    @pytest.mark.parametrize(
        ("base", "expected"),
        [
            ("principal", 49_99),
            ("interest", 3_98),
            ("principal_and_interest", 53_97),
            ("past_due", 4_51),
            ("installment", 4_50),
        ],
    )
    def test_in_percent(self, base, expected):
        fee = happened(
            "charge",
            "2026-02-20",
            component=Component.FEE,
            charge_base=ChargeBase(base),
            charge_rate=Decimal("0.01"),
        )
        assert shares(at(annuity(), paid_out(), fee, on="2026-02-20")) == [(2, "fee", expected)]

    def test_to_an_installment_there_is_not_is_refused(self):
        fee = happened("charge", "2026-01-20", 5_00, component=Component.FEE, installment_number=9)
        with pytest.raises(EventRefused):
            at(free(), paid_out(300_00), fee)

    def test_a_waiver_forgives_a_charge_an_installment_or_the_oldest(self):
        fees = [
            happened(
                "charge",
                "2026-01-20",
                5_00,
                component=Component.FEE,
                installment_number=number,
                id=f"fee{number}",
            )
            for number in (1, 2, 3)
        ]
        of_charge = happened("waiver", "2026-01-20", 5_00, component=Component.FEE, of="fee2")
        of_row = happened("waiver", "2026-01-20", 9_00, component=Component.FEE, installment_number=3)
        of_oldest = happened("waiver", "2026-01-20", 1_00, component=Component.FEE)
        state = at(free(), paid_out(300_00), *fees, of_charge, of_row, of_oldest)
        assert [row.fee_waived_fen for row in state.installments] == [1_00, 5_00, 5_00]
        assert shares(state, -2) == [(3, "fee", 5_00)]
        assert state.installments[1].waived.total_fen == 5_00

    def test_a_waiver_of_a_charge_there_is_not_is_refused(self):
        with pytest.raises(UnknownEvent):
            at(free(), paid_out(300_00), happened("waiver", "2026-01-20", 1, component=Component.FEE, of="x"))


class TestFurtherPayout:
    def test_joins_the_plan(self):
        state = at(free(), paid_out(300_00), happened("payout", "2026-02-15", 100_00), on="2026-02-15")
        assert [row.principal_fen for row in state.installments] == [100_00, 150_00, 150_00]

    def test_joins_with_its_own_down_payment(self):
        terms = free(down_payment_rate=Decimal("0.25"))
        state = at(terms, paid_out(400_00), happened("payout", "2026-02-01", 100_00), on="2026-02-01")
        assert [(row.number, row.principal_fen) for row in state.installments] == [
            (0, 100_00),
            (-1, 25_00),
            (1, 125_00),
            (2, 125_00),
            (3, 125_00),
        ]
        assert state.installments[1].balance_after_fen == 375_00

    def test_bears_interest_from_its_day(self):
        state = at(annuity(), paid_out(), happened("payout", "2026-01-25", 1000_00), on="2026-01-25")
        exact = Decimal(PRICE) * Decimal("0.012") * 10 / 31
        rest = Decimal(PRICE + 1000_00) * Decimal("0.012") * 21 / 31
        assert state.installments[0].interest_fen == round(exact) + round(rest)

    def test_adds_to_flat_costs(self):
        fee = LoanTerms(method=Method.FLAT_FEE, installments=2, flat_fee_rate=Decimal("0.01"))
        interest = LoanTerms(method=Method.FLAT_INTEREST, installments=2, annual_rate=Decimal("0.12"))
        for terms in (fee, interest):
            state = at(terms, paid_out(100_00), happened("payout", "2026-02-15", 100_00), on="2026-02-15")
            assert state.installments[1].total_fen == 150_00 + 2_00

    def test_may_have_a_plan_of_its_own(self):
        terms = free(further_payout=FurtherPayout.OWN_PLAN, down_payment_rate=Decimal("0.1"))
        state = at(terms, paid_out(300_00), happened("payout", "2026-02-01", 30_00), on="2026-02-01")
        assert [(row.number, row.principal_fen) for row in state.installments] == [
            (0, 30_00),
            (-1, 3_00),
            (1, 90_00),
            (4, 9_00),
            (2, 90_00),
            (5, 9_00),
            (3, 90_00),
            (6, 9_00),
        ]

    def test_after_the_last_due_date_is_refused(self):
        with pytest.raises(EventRefused):
            at(free(), paid_out(300_00), happened("payout", "2026-04-15", 1_00), on="2026-04-15")

    def test_keeps_what_was_paid_in_advance(self):
        events = [
            paid_out(300_00),
            happened("repayment", "2026-01-16", 300_00),
            happened("payout", "2026-01-17", 30_00),
        ]
        state = at(free(), *events)
        assert open_rows(state) == [(1, 10_00), (2, 10_00), (3, 10_00)]
