"""The annual rate: published customs, other libraries, odd flows."""

from datetime import date, timedelta
from decimal import Decimal

import numpy_financial
import pytest
import pyxirr

from fenqi.domain.annual_rate import NoAnnualRate, annual_rates, irr, irr_compound, irr_nominal, xirr
from fenqi.domain.terms import Unit

NINE_DIGITS = Decimal("1e-9")
PRICE_FEN = 10_000_000  # large enough that rounding to the fen does not show in the fourth digit


def flat_flow(*, total_fee_percent: str, installments: int) -> list[int]:
    each = PRICE_FEN * (1 + Decimal(total_fee_percent) / 100) / installments
    return [PRICE_FEN, *[-int(each.to_integral_value())] * installments]


PUBLISHED = """
    xiaomi      3   2.22   13.27
    xiaomi      6   3.9    13.25
    xiaomi      12  7.2    13.03
    baitiao-low 3   1.5     8.98
    baitiao-low 6   3.0    10.21
    baitiao-low 12  6.0    10.90
    baitiao-low 24  12.0   11.13
    baitiao-top 3   3.6    21.47
    baitiao-top 6   7.2    24.28
    baitiao-top 12  14.4   25.60
    baitiao-top 24  28.8   25.59
    huabei-bill 3   2.5    14.94
    huabei-bill 6   4.5    15.27
    huabei-bill 9   6.5    15.34
    huabei-bill 12  8.8    15.86
    huabei      3   2.3    13.75
    huabei      12  7.5    13.57
"""


@pytest.mark.parametrize("line", [line.split() for line in PUBLISHED.strip().splitlines()], ids=" ".join)
def test_published_customs_cost_what_the_rules_say(line):
    _, installments, fee, percent = line
    rate = irr_nominal(flows=flat_flow(total_fee_percent=fee, installments=int(installments)))
    assert round(rate * 100, 2) == Decimal(percent)


HIGHEST_FLAT_FEE = {  # cap: percent of the price per period, by number of periods
    "0.12": {3: "0.6689", 6: "0.5882", 9: "0.5629", 12: "0.5515", 18: "0.5426", 24: "0.5407"},
    "0.20": {3: "1.1172", 6: "0.9856", 9: "0.9463", 12: "0.9301", 18: "0.9208", 24: "0.9229"},
    "0.24": {3: "1.3421", 6: "1.1859", 9: "1.1404", 12: "1.1226", 18: "1.1147", 24: "1.1204"},
}


@pytest.mark.parametrize(
    ("cap", "installments", "fee"),
    [(cap, n, fee) for cap, row in HIGHEST_FLAT_FEE.items() for n, fee in row.items()],
)
def test_the_highest_fee_under_a_cap_meets_it_to_the_last_digit_given(cap, installments, fee):
    def rate_at(percent: Decimal) -> Decimal:
        scale = 10**8
        each = PRICE_FEN * scale * (1 + percent / 100 * installments) / installments
        return irr_nominal(flows=[PRICE_FEN * scale, *[-int(each)] * installments])

    half_a_digit = Decimal("0.00005")
    assert rate_at(Decimal(fee) - half_a_digit) < Decimal(cap) < rate_at(Decimal(fee) + half_a_digit)


def test_dated_flows_agree_with_pyxirr():
    flows = [
        (date(2026, 11, 30), 499_900),
        (date(2027, 2, 28), -100_000),
        (date(2027, 1, 10), -200_000),
        (date(2027, 9, 1), -230_000),
    ]
    theirs = pyxirr.xirr([on for on, _ in flows], [float(fen) for _, fen in flows])
    assert abs(xirr(flows=flows) - Decimal(theirs)) < NINE_DIGITS


def monthly(start: date, *days: date) -> list[tuple[date, int]]:
    return [(start, 100_000), *[(on, -(100_000 // len(days)) - 600) for on in days]]


def test_a_regular_loan_costs_the_same_whatever_day_it_starts():
    by_period = irr_nominal(flows=[100_000, -50_600, -50_600])
    regular = [
        monthly(date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)),
        monthly(date(2027, 1, 29), date(2027, 2, 28), date(2027, 3, 29)),
        monthly(date(2026, 11, 22), date(2026, 12, 22), date(2027, 1, 22)),
        monthly(date(2027, 12, 31), date(2028, 1, 31), date(2028, 2, 29)),
    ]
    for flows in regular:
        rates = annual_rates(flows=flows)
        assert rates.simple == by_period
        assert abs((1 + rates.simple / 12) ** 12 - 1 - rates.compound) < NINE_DIGITS


def test_an_odd_first_period_counts_for_what_it_is():
    whole, half = date(2027, 2, 10), date(2027, 1, 25)
    longer, shorter = (annual_rates(flows=monthly(date(2027, 1, 10), on)).simple for on in (whole, half))
    assert longer == irr_nominal(flows=[100_000, -100_600])
    assert shorter == round(12 * (Decimal("1.006") ** 2 - 1), 12)


def test_weeks_and_days_count_by_exact_days():
    start = date(2027, 1, 10)
    in_weeks = annual_rates(flows=monthly(start, start + timedelta(weeks=2)), every=2, unit=Unit.WEEK)
    in_days = annual_rates(flows=monthly(start, start + timedelta(days=14)), every=14, unit=Unit.DAY)
    assert in_weeks == in_days
    assert in_weeks.simple == round(Decimal("0.006") * 365 / 14, 12)
    assert in_weeks.compound == xirr(flows=monthly(start, start + timedelta(days=14)))


def test_a_loan_without_money_has_no_rate():
    with pytest.raises(NoAnnualRate):
        annual_rates(flows=[])


def test_two_movements_on_one_day_count_as_one():
    day = date(2027, 1, 1)
    later = day + timedelta(days=365)
    assert xirr(flows=[(day, 100), (later, -60), (later, -60)]) == xirr(flows=[(day, 100), (later, -120)])


ODD_FLOWS = {
    "nothing lost, nothing gained": ([100, -25, -25, -50], "0"),
    "half is lost": ([100, -50], "-0.5"),
    "more received, half paid back": ([100, 50, -50], "-0.5"),
    "one fen back of ten million": ([10**9, -1], "-0.999999999"),
    "a thousand million for one fen": ([1, -(10**9)], "999999999"),
    "two rates, the nearer to zero": ([100, -230, 132], "0.1"),
    "two rates, zero is one": ([100, -201, 101], "0"),
    "a double rate": ([100, -220, 121], "0.1"),
    "a threefold rate": ([-1, 3, -3, 1], "0"),
    "three rates, two of them far": ([10, -62, 120, -72], "0.2"),
    "an empty beginning": ([0, 0, 100, -110], "0.1"),
    "empty periods within": ([100, 0, 0, -100, 0], "0"),
    "a second payout in the middle": ([100, -60, 100, -144], "0.014113963892"),
}


@pytest.mark.parametrize(("flows", "rate"), ODD_FLOWS.values(), ids=ODD_FLOWS.keys())
def test_odd_flows_have_the_rate_nearest_to_zero(flows, rate):
    assert irr(flows=flows) == Decimal(rate)


def test_long_flows_with_many_changes_agree_with_numpy_financial():
    flows = [(-1) ** (k // 3) * (100 + 37 * k % 91) for k in range(30)]
    assert abs(irr(flows=flows) - Decimal(numpy_financial.irr(flows))) < NINE_DIGITS


def test_a_doubling_overnight_is_a_number_too():
    rate = xirr(flows=[(date(2027, 1, 1), 100), (date(2027, 1, 2), -200)])
    assert round(rate, -90) == round(Decimal(2) ** 365, -90)


def test_compound_rate():
    assert irr_compound(flows=[100, -101]) == Decimal("0.126825030132")
    assert irr_compound(flows=[100, -101], periods_per_year=52) == round(Decimal("1.01") ** 52 - 1, 12)


@pytest.mark.parametrize(
    "flows", [[], [0, 0], [100], [100, 50], [-100, -1], [100, -200, 101]], ids=lambda flows: str(flows)
)
def test_flows_without_a_rate_are_named(flows):
    with pytest.raises(NoAnnualRate) as refused:
        irr(flows=flows)
    assert refused.value.code == "no_annual_rate"
    assert refused.value.field == "flows"
    assert refused.value.value == flows
