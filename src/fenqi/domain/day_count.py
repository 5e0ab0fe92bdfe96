"""Interest factors: what one fen of balance bears over a period or a part of one, as an exact ratio."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from fenqi.domain.arithmetic import Ratio, ratio, reduced
from fenqi.domain.calendar import days_of_month, is_whole_period
from fenqi.domain.terms import YEAR_DAYS, DayCount, InterestFactors, LoanTerms, Method, Unit

THIRTY_DAY_MONTHS = frozenset(
    {DayCount.THIRTY_360, DayCount.THIRTY_364, DayCount.THIRTY_365, DayCount.THIRTY_ACTUAL}
)
YEAR_COUNTS_ITS_DAYS = frozenset({DayCount.THIRTY_ACTUAL, DayCount.ACTUAL_ACTUAL})


def days_of_year(year: int) -> int:
    """365 or 366."""
    return 337 + days_of_month(year, 2)


def factor_of_days(rate: Decimal, basis: DayCount, from_on: date, to_on: date) -> Ratio:
    """
    The interest factor of the days from `from_on` (counted) to `to_on` (not counted).

    With 30-day months, month ends count as the 30th. With actual/actual the days up to New Year count by their own
    year (as in the ISDA convention).
    """
    return _factor_of_days(rate, basis, from_on, to_on)


@lru_cache(maxsize=65536)
def _factor_of_days(rate: Decimal, basis: DayCount, from_on: date, to_on: date) -> Ratio:
    if basis in YEAR_COUNTS_ITS_DAYS:
        numerator, denominator = 0, 365 * 366
        cut = from_on
        while cut < to_on:
            until = min(to_on, date(cut.year + 1, 1, 1))
            numerator += _days(basis, cut, until) * (denominator // days_of_year(cut.year))
            cut = until
        return ratio(rate, numerator, denominator)
    return ratio(rate, _days(basis, from_on, to_on), YEAR_DAYS[basis])


def _days(basis: DayCount, from_on: date, to_on: date) -> int:
    if basis not in THIRTY_DAY_MONTHS:
        return (to_on - from_on).days
    months = (to_on.year - from_on.year) * 12 + to_on.month - from_on.month
    return 30 * months + min(to_on.day, 30) - min(from_on.day, 30)


def factor_of_part(terms: LoanTerms, start: date, due: date, from_on: date, to_on: date) -> Ratio:
    """
    The interest factor of the days `from_on` to `to_on` within the period `start` to `due`.

    The parts of a period add up to the period, and all have one denominator before they are reduced.
    """
    kind = terms.interest_factors
    if terms.method is Method.DAILY_INTEREST:
        return factor_of_days(terms.annual_rate, terms.daily_basis, from_on, to_on)
    if kind is InterestFactors.MONTH_PARTS:
        return _factor_of_month_parts(terms, start, due, from_on, to_on)
    if kind is InterestFactors.WHOLE_PERIODS:
        if is_whole_period(terms, start, due):
            numerator, denominator = terms.period_rate
            return reduced(numerator * (to_on - from_on).days, denominator * (due - start).days)
        return factor_of_days(terms.annual_rate, terms.daily_basis, from_on, to_on)
    return factor_of_days(terms.annual_rate, terms.day_count, from_on, to_on)


def factor_of_period(terms: LoanTerms, start: date, due: date) -> Ratio:
    """The interest factor of a whole installment period."""
    return factor_of_part(terms, start, due, start, due)


def _factor_of_month_parts(terms: LoanTerms, start: date, due: date, from_on: date, to_on: date) -> Ratio:
    """Rate x (days of the month x every / days of the year) x days / days of the period, cut at 31 December."""
    numerator, denominator = 0, 360 * 364 * 365 * 366
    cut = from_on
    while cut < to_on:
        until = to_on
        year = YEAR_DAYS[terms.day_count]
        if terms.day_count in YEAR_COUNTS_ITS_DAYS:
            last_day = date(cut.year, 12, 31)
            if cut == last_day:
                last_day = date(cut.year + 1, 12, 31)
            until = min(to_on, last_day)
            year = days_of_year(until.year)
        numerator += _unit_days(terms, cut) * terms.every * (denominator // year) * (until - cut).days
        cut = until
    return ratio(terms.annual_rate, numerator, denominator * (due - start).days)


def _unit_days(terms: LoanTerms, on: date) -> int:
    if terms.unit is not Unit.MONTH:
        return 7 if terms.unit is Unit.WEEK else 1
    return 30 if terms.day_count in THIRTY_DAY_MONTHS else days_of_month(on.year, on.month)
