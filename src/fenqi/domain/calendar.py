"""Due dates: months with the end-of-month clamp, weeks, days, the chosen due day, days off."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from fenqi.domain.terms import FirstPeriod, HolidayRule, LoanTerms, Unit, WorkCalendar

MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ONE_DAY = timedelta(days=1)


def days_of_month(year: int, month: int) -> int:
    """How many days that month has."""
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return MONTH_DAYS[month - 1]


def add_months(on: date, months: int, *, day: int | None = None) -> date:
    """The same day of a later month, or its last day where it has no such day (Civil Code art. 202)."""
    years, month = divmod(on.month - 1 + months, 12)
    year, month = on.year + years, month + 1
    return date(year, month, min(day or on.day, days_of_month(year, month)))


def add_periods(on: date, periods: int, unit: Unit, *, day: int | None = None) -> date:
    """`periods` days, weeks or months later."""
    if unit is Unit.MONTH:
        return add_months(on, periods, day=day)
    return on + timedelta(days=periods * (7 if unit is Unit.WEEK else 1))


@lru_cache(maxsize=8192)
def regular_dates(first: date, count: int, every: int, unit: Unit, day: int) -> tuple[date, ...]:
    """`count` dates from `first` on, `every` units apart, months on `day` where they have it."""
    return tuple(add_periods(first, every * index, unit, day=day) for index in range(count))


@lru_cache(maxsize=8192)
def month_periods(start: date, count: int, every: int) -> tuple[tuple[int, date, date], ...]:
    """Number, first day and due date of `count` whole periods of months."""
    dates = [add_months(start, every * index) for index in range(count + 1)]
    return tuple(zip(range(1, count + 1), dates[:-1], dates[1:], strict=True))


def due_dates(terms: LoanTerms, paid_out_on: date) -> tuple[date, ...]:
    """
    The due dates of all installments, before days off move any.

    The day of payout does not count (Civil Code art. 201). With a fixed length only the last date differs.
    """
    start = terms.starts_on or paid_out_on
    first = terms.first_due_on or _first_due(terms, start)
    day = terms.due_day or _anchor_day(terms, start, first)
    dates = regular_dates(first, terms.installments, terms.every, terms.unit, day)
    if terms.fixed_length is None:
        return dates
    return (*dates[:-1], add_periods(start, terms.fixed_length, terms.unit))


def is_whole_period(terms: LoanTerms, start: date, due: date) -> bool:
    """Whether a period is as long as the terms say, rather than broken by a chosen due date."""
    return due == add_periods(start, terms.every, terms.unit)


def _anchor_day(terms: LoanTerms, start: date, first: date) -> int:
    # A loan of the 31st whose first due date is 28 February goes on with 31 March, not with 28 March.
    return start.day if is_whole_period(terms, start, first) else first.day


def _first_due(terms: LoanTerms, start: date) -> date:
    whole = add_periods(start, terms.every, terms.unit)
    if terms.due_day is None:
        return whole
    if terms.first_period is FirstPeriod.SHORT:
        due = start.replace(day=terms.due_day)
        return due if due > start else add_months(due, 1)
    after = whole.replace(day=terms.due_day)
    if after < whole:
        after = add_months(after, 1)
    before = add_months(after, -1)
    is_nearer = terms.first_period is FirstPeriod.NEAREST and whole - before <= after - whole
    return before if is_nearer and before > start else after


def next_workday(calendar: WorkCalendar, on: date) -> date:
    """`on`, or the first day after it that is not a day off."""
    while calendar.is_day_off(on):
        on += ONE_DAY
    return on


def pay_by(terms: LoanTerms, due_on: date) -> date:
    """The day up to which paying is in time."""
    if terms.holiday_rule is HolidayRule.NONE:
        return due_on
    return next_workday(terms.calendar, due_on)
