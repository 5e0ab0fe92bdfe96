"""Corners where rules meet: broken periods, rare roundings, rows that run empty, charges on them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from fenqi.domain.errors import EventRefused
from fenqi.domain.replay import replay
from fenqi.domain.rules import AllocationOrder, AllocationRules, Component, Direction, order_of
from fenqi.domain.schedule import build_schedule, rows_to_json
from fenqi.domain.settlement import quote_prepayment
from fenqi.domain.terms import (
    DayCount,
    FirstPeriod,
    HolidayRule,
    InterestBase,
    InterestFactors,
    LoanTerms,
    Method,
    RemainderIn,
    Rounding,
    WorkCalendar,
    terms_from_json,
)

from .loans import PAID_OUT_ON, PRICE, annuity, free, happened, paid_out, shares

DATED = {"interest_factors": InterestFactors.DATED, "day_count": DayCount.ACTUAL_365}


def rows(terms, amount=PRICE, on=PAID_OUT_ON):
    return [(row.principal_fen, row.interest_fen) for row in build_schedule(terms, amount, on).rows]


@pytest.mark.parametrize("method", [Method.EQUAL_INSTALLMENT, Method.EQUAL_PRINCIPAL])
def test_a_dated_first_period_that_began_earlier_bears_interest_from_the_payout(method):
    terms = LoanTerms(
        method=method, installments=3, annual_rate=Decimal("0.12"), starts_on=date(2026, 1, 1), **DATED
    )
    exact = Decimal(PRICE) * Decimal("0.12") * 17 / 365
    assert rows(terms)[0][1] == round(exact)
    assert sum(row[0] for row in rows(terms)) == PRICE


@pytest.mark.parametrize("rounding", list(Rounding))
def test_every_rounding_lays_all_principal(rounding):
    assert sum(row[0] for row in rows(annuity(rounding=rounding, installments=7), 1_234_57)) == 1_234_57


def test_halves_go_where_the_rounding_says():
    amounts = {}
    for rounding in Rounding:
        terms = free(installments=2, installment_multiple_fen=100, rounding=rounding)
        amounts[rounding] = [rows(terms, amount)[0][0] for amount in (500, 700)]
    assert amounts == {
        Rounding.HALF_UP: [300, 400],
        Rounding.HALF_EVEN: [200, 400],
        Rounding.HALF_DOWN: [200, 300],
    }


def test_interest_above_the_installment_leaves_no_principal_for_its_row():
    terms = annuity(
        installments=60, annual_rate=Decimal("3.6"), due_day=1, first_period=FirstPeriod.LONG, **DATED
    )
    first = rows(terms, 10_000_00, date(2026, 1, 15))[0]
    assert first[0] == 0
    assert first[1] > 0


def test_smoothing_is_kept_only_where_it_helps():
    for amount in range(100_00, 103_00, 7):
        smooth = [sum(row) for row in rows(annuity(smooth_last=True, installments=11), amount)]
        plain = [sum(row) for row in rows(annuity(installments=11), amount)]
        assert abs(smooth[-1] - smooth[0]) <= abs(plain[-1] - plain[0])
    half_even = annuity(
        installments=6, annual_rate=Decimal("0.094822"), smooth_last=True, rounding=Rounding.HALF_EVEN
    )
    assert rows(half_even, 100_00)[0] == (16_34, 79)
    coarse = annuity(installments=6, smooth_last=True, installment_multiple_fen=10_00)
    assert sum(row[0] for row in rows(coarse, 1000_00)) == 1000_00


def test_the_rest_in_the_first_gives_up_after_a_few_steps():
    terms = annuity(
        installments=60,
        annual_rate=Decimal("3.6"),
        remainder_in=RemainderIn.FIRST,
        installment_multiple_fen=100,
    )
    assert sum(row[0] for row in rows(terms, 10_000_00)) == 10_000_00


def test_rows_have_a_json_form():
    form = rows_to_json(build_schedule(free(), 300_00, PAID_OUT_ON).rows)
    assert (form[0]["due_on"], form[0]["total_fen"]) == ("2026-02-15", 100_00)


def test_a_flag_is_read_from_json():
    form = {"method": "equal_installment", "installments": 1, "smooth_last": True}
    assert terms_from_json({**form, "calendar": {"weekend": [6]}}).calendar.weekend == frozenset({6})
    assert terms_from_json(form).smooth_last


def test_vertical_in_advance_takes_the_next_first():
    order = AllocationOrder(claims=order_of(Component.PRINCIPAL), direction=Direction.VERTICAL)
    terms = free(allocation=AllocationRules(usual=order))
    state = replay(terms, [paid_out(300_00), happened("repayment", "2026-01-20", 150_00)], date(2026, 1, 20))
    assert shares(state) == [(1, "principal", 100_00), (2, "principal", 50_00)]


def test_arrears_that_ended_leave_the_usual_order():
    events = [
        paid_out(300_00),
        happened("repayment", "2026-02-25", 201_00),
        happened("repayment", "2026-04-17", 50_00),
    ]
    state = replay(free(), events, date(2026, 4, 17))
    assert state.outcomes[-1].shares[-1].installment_number == 3


def test_an_empty_row_with_a_charge_stays():
    fee = happened("charge", "2026-01-16", 5_00, component=Component.FEE, installment_number=12)
    quote = quote_prepayment(annuity(), [paid_out(), fee], date(2026, 1, 20), 3000_00)
    assert quote.after.installments[-1].due.fee_fen == 5_00
    assert quote.after.installments[-1].paid.total_fen == 0


def test_a_due_date_past_but_payable_on_the_next_workday_is_not_late():
    calendar = WorkCalendar(holidays=frozenset(date(2026, 2, 15) + timedelta(days=day) for day in range(9)))
    terms = annuity(holiday_rule=HolidayRule.NEXT_WORKDAY_NO_PENALTY, calendar=calendar)
    assert replay(terms, [paid_out()], date(2026, 2, 20)).installments[0].penalty_fen == 0


def test_interest_counts_from_the_payout_in_a_period_that_began_earlier():
    terms = annuity(starts_on=date(2026, 1, 1))
    settle = happened("acceleration", "2026-01-25")
    state = replay(terms, [paid_out(), settle], date(2026, 1, 25))
    assert state.totals.due.interest_fen == round(Decimal(PRICE) * 12 * 10 / 31 / 1000)


def test_interest_counts_from_the_end_of_the_free_days():
    terms = annuity(interest_free_days=5)
    state = replay(terms, [paid_out(), happened("acceleration", "2026-01-25")], date(2026, 1, 25))
    assert state.totals.due.interest_fen == round(Decimal(PRICE) * 12 * 5 / 31 / 1000)


def test_a_chargeback_puts_back_only_parts_the_terms_name():
    terms = annuity(allocation=AllocationRules(chargeback=(Component.INTEREST,)))
    events = [paid_out(), happened("repayment", "2026-02-15", 449_79, id="paid")]
    back = happened("chargeback", "2026-02-20", 80_00, of="paid")
    assert shares(replay(terms, [*events, back], date(2026, 2, 20))) == [
        (2, "interest", 59_99),
        (2, "principal", 20_01),
    ]


def test_arrears_bear_interest_until_today_on_the_real_balance():
    terms = annuity(interest_base=InterestBase.DAILY_BALANCE, installments=4, annual_rate=Decimal("0.1"))
    state = replay(terms, [paid_out(8000_00, "2023-01-01")], date(2023, 2, 20))
    assert (state.installments[1].principal_fen, state.installments[1].interest_fen) == (1980_46, 61_38)


def test_two_payouts_on_one_day_are_one_plan():
    events = [paid_out(3000_00), happened("payout", "2026-01-15", 1999_00)]
    assert replay(annuity(), events, PAID_OUT_ON).installments[0].interest_fen == 59_99


def test_a_loan_without_interest_gets_no_rate():
    with pytest.raises(EventRefused):
        change = happened("rate_change", "2026-01-20", annual_rate=Decimal("0.1"))
        replay(free(), [paid_out(300_00), change], date(2026, 1, 20))


def test_re_age_leaves_rows_paid_as_they_are():
    paid = happened("repayment", "2026-01-16", 100_00)
    again = happened("re_age", "2026-01-20", due_on=date(2026, 3, 10), installments=2)
    state = replay(free(), [paid_out(300_00), paid, again], date(2026, 1, 20))
    assert state.installments[0].paid.principal_fen == 100_00
    assert shares(state) == [(2, "principal", 100_00), (3, "principal", 100_00)]
