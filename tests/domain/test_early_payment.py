"""Paying early: what settling costs by every rule, and that what is quoted is what happens."""

from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.errors import NothingOwed
from fenqi.domain.events import Keep
from fenqi.domain.replay import replay
from fenqi.domain.rules import InterestTo, RemainingFee, SettlementRules
from fenqi.domain.settlement import quote_prepayment, quote_settlement
from fenqi.domain.state import LoanStatus
from fenqi.domain.terms import InterestBase, LoanTerms, Method

from .loans import PRICE, annuity, free, happened, open_rows, paid_out, plan

ON = date(2026, 4, 1)
TWO_PAID = (
    happened("repayment", "2026-02-15", 449_79),
    happened("repayment", "2026-03-15", 449_79, id="second"),
)
LEFT = PRICE - 389_80 - 394_48


def price(terms, on=ON, *, events=TWO_PAID):
    return quote_settlement(terms, [paid_out(), *events], on)


def settled(terms, amount, on=ON, *, events=TWO_PAID):
    return replay(terms, [paid_out(), *events, happened("early_settlement", str(on), amount)], on)


class TestSettlement:
    def test_charges_interest_to_the_day_and_nothing_for_the_time_after(self):
        quote = price(annuity())
        assert (quote.principal_fen, quote.interest_fen) == (LEFT, round(Decimal(LEFT) * 12 * 17 / 31 / 1000))
        assert quote.amount_fen == quote.principal_fen + quote.interest_fen
        assert quote.saved_fen == 10 * 449_79 - 3 - quote.amount_fen
        assert [line.principal_fen for line in quote.lines][:2] == [399_21, 404_00]

    def test_settles_exactly_when_it_is_paid(self):
        quote = price(annuity())
        state = settled(annuity(), quote.amount_fen)
        assert (state.status, state.outstanding_fen, state.overpaid_fen) == (LoanStatus.SETTLED, 0, 0)
        assert state.outcomes[-1].interest_back_fen == quote.saved_fen

    def test_on_a_due_day_costs_no_interest_to_come(self):
        assert price(annuity(), date(2026, 3, 15)).amount_fen == LEFT

    def test_too_much_is_kept_and_too_little_is_a_prepayment(self):
        amount = price(annuity()).amount_fen
        assert settled(annuity(), amount + 7).overpaid_fen == 7
        assert settled(annuity(), amount - 1).outstanding_fen > 0

    @pytest.mark.parametrize(
        ("rules", "interest"),
        [
            (SettlementRules(interest_to=InterestTo.PERIOD_END), 50_58),
            (SettlementRules(interest_to=InterestTo.MATURITY), 398_45 - 59_99 - 55_31),
        ],
    )
    def test_other_ends_of_interest(self, rules, interest):
        terms = annuity(settlement=rules)
        quote = price(terms)
        assert quote.interest_fen == interest
        assert settled(terms, quote.amount_fen).status is LoanStatus.SETTLED

    @pytest.mark.parametrize(
        ("rules", "fee"),
        [
            (SettlementRules(fee_rate=Decimal("0.01")), 42_15),
            (SettlementRules(fee_rate=Decimal("0.01"), fee_fixed_fen=5_00), 47_15),
            (SettlementRules(fee_rate=Decimal("0.01"), fee_floor_fen=100_00), 100_00),
            (SettlementRules(fee_rate=Decimal("0.01"), fee_cap_fen=30_00), 30_00),
            (SettlementRules(fee_rate=Decimal("0.01"), fee_free_from=4), 42_15),
            (SettlementRules(fee_rate=Decimal("0.01"), fee_free_from=3), 0),
        ],
    )
    def test_a_fee_on_the_principal_not_due(self, rules, fee):
        terms = annuity(settlement=rules)
        quote = price(terms)
        assert quote.settlement_fee_fen == fee
        state = settled(terms, quote.amount_fen)
        assert (state.status, state.outcomes[-1].fee_fen) == (LoanStatus.SETTLED, fee)
        assert state.totals.paid.fee_fen == fee

    def test_after_maturity_there_is_no_fee(self):
        terms = annuity(settlement=SettlementRules(fee_fixed_fen=5_00))
        assert price(terms, date(2027, 3, 1)).settlement_fee_fen == 0

    def test_flat_fees_to_come_are_waived_or_charged(self):
        fee = {"method": Method.FLAT_FEE, "installments": 12, "flat_fee_rate": Decimal("0.006")}
        waived = price(LoanTerms(**fee), date(2026, 1, 25), events=())
        assert waived.fee_fen == round(Decimal(29_99) * 10 / 31)
        charged = LoanTerms(**fee, settlement=SettlementRules(remaining_fee=RemainingFee.CHARGED))
        assert price(charged, date(2026, 1, 25), events=()).fee_fen == 359_88

    def test_interest_paid_ahead_comes_back(self):
        ahead = happened("repayment", "2026-01-16", 900_00, id="ahead")
        quote = price(annuity(), date(2026, 1, 17), events=(ahead,))
        assert quote.overpaid_used_fen > 0
        assert (
            settled(annuity(), quote.amount_fen, date(2026, 1, 17), events=(ahead,)).status
            is LoanStatus.SETTLED
        )

    def test_nothing_owed_has_no_price(self):
        with pytest.raises(NothingOwed):
            quote_settlement(annuity(), [], ON)
        with pytest.raises(NothingOwed):
            quote_prepayment(annuity(), [], ON, 1_00)

    @pytest.mark.parametrize("base", [InterestBase.DAILY_BALANCE, InterestBase.PERIOD_BALANCE])
    @pytest.mark.parametrize("to", list(InterestTo))
    def test_on_the_real_balance(self, base, to):
        terms = annuity(interest_base=base, settlement=SettlementRules(interest_to=to))
        quote = price(terms)
        assert settled(terms, quote.amount_fen).status is LoanStatus.SETTLED
        after_maturity = price(terms, date(2027, 2, 1))
        assert settled(terms, after_maturity.amount_fen, date(2027, 2, 1)).status is LoanStatus.SETTLED


class TestPrepayment:
    def test_a_shorter_term_keeps_the_installment(self):
        quote = quote_prepayment(annuity(), [paid_out(), *TWO_PAID], ON, 1000_00)
        sizes = [fen for _, fen in open_rows(quote.after)]
        assert len(sizes) < 10
        assert set(sizes[1:-1]) == {449_79}
        assert quote.saved_fen == quote.before.totals.due.total_fen - quote.after.totals.due.total_fen > 0

    def test_smaller_installments_keep_the_term(self):
        quote = quote_prepayment(annuity(), [paid_out(), *TWO_PAID], ON, 1000_00, Keep.SMALLER_INSTALLMENTS)
        sizes = [fen for _, fen in open_rows(quote.after)]
        assert len(sizes) == 10
        assert max(sizes[1:-1]) == min(sizes[1:-1]) < 449_79

    def test_what_is_due_is_paid_first(self):
        quote = quote_prepayment(annuity(), [paid_out()], date(2026, 2, 15), 500_00)
        assert quote.after.installments[0].outstanding_fen == 0
        assert quote.after.principal_outstanding_fen == PRICE - 389_80 - 50_21
        only_due = quote_prepayment(annuity(), [paid_out()], date(2026, 2, 15), 100_00)
        assert only_due.after.outstanding_fen == only_due.before.outstanding_fen - 100_00

    @pytest.mark.parametrize("keep", list(Keep))
    @pytest.mark.parametrize(
        "terms",
        [
            free(),
            LoanTerms(method=Method.FLAT_FEE, installments=6, flat_fee_rate=Decimal("0.006")),
            LoanTerms(method=Method.FLAT_INTEREST, installments=6, annual_rate=Decimal("0.12")),
            LoanTerms(method=Method.EQUAL_PRINCIPAL, installments=6, annual_rate=Decimal("0.12")),
            LoanTerms(method=Method.INTEREST_ONLY, installments=6, annual_rate=Decimal("0.12")),
            LoanTerms(method=Method.DAILY_INTEREST, installments=6, annual_rate=Decimal("0.12")),
            annuity(interest_base=InterestBase.DAILY_BALANCE),
        ],
        ids=lambda terms: terms.method.value,
    )
    def test_of_every_method_lowers_principal_and_cost(self, terms, keep):
        quote = quote_prepayment(terms, [paid_out()], date(2026, 1, 25), 2000_00, keep)
        assert quote.after.principal_outstanding_fen == PRICE - 2000_00
        assert quote.saved_fen >= 0
        assert (quote.saved_fen > 0) == (terms.method is not Method.INTEREST_FREE)
        if keep is Keep.SHORTER_TERM and terms.method is Method.FLAT_FEE:
            assert len(plan(quote.after)) == 4

    def test_more_than_everything_settles(self):
        quote = quote_prepayment(annuity(), [paid_out()], date(2026, 1, 25), 6000_00)
        assert quote.after.status is LoanStatus.OVERPAID

    def test_of_interest_grace_rows_keeps_what_waits(self):
        terms = annuity(installments=4, interest_grace=2)
        for day in ("2026-01-25", "2026-02-25"):
            quote = quote_prepayment(
                terms, [paid_out()], date.fromisoformat(day), 3000_00, Keep.SMALLER_INSTALLMENTS
            )
            assert [row.interest_fen for row in quote.after.installments[:2]] == [0, 0]
            assert quote.saved_fen > 0
