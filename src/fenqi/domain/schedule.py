"""The repayment schedule of one payout: rows with dates and amounts, exact to the fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from fenqi.domain import codec
from fenqi.domain.amortisation import lay_out, uniform_installment
from fenqi.domain.arithmetic import Ratio, ratio, rounded, rounded_to_multiple
from fenqi.domain.calendar import due_dates, is_whole_period, month_periods, next_workday
from fenqi.domain.day_count import factor_of_part, factor_of_period
from fenqi.domain.errors import EventError
from fenqi.domain.state import SubsidyShares
from fenqi.domain.subsidy import NO_SUBSIDY, add_shares, split_cost
from fenqi.domain.terms import BORROWER_BEARS_ALL, HolidayRule, InterestFactors, LoanTerms, Method


class ScheduleRow(NamedTuple):
    """One installment as planned. Interest and fee are the borrower's share; `subsidy` is what others bear of them."""

    number: int
    starts_on: date
    due_on: date
    principal_fen: int
    interest_fen: int
    fee_fen: int
    balance_after_fen: int
    subsidy: SubsidyShares = NO_SUBSIDY
    is_down_payment: bool = False

    @property
    def total_fen(self) -> int:
        """What the borrower pays with this row."""
        return self.principal_fen + self.interest_fen + self.fee_fen

    @property
    def days(self) -> int:
        """The length of the row's period in days."""
        return (self.due_on - self.starts_on).days


@dataclass(frozen=True, slots=True)
class Schedule:
    """All rows of one payout, with their sums in fen."""

    principal_fen: int
    paid_out_on: date
    rows: tuple[ScheduleRow, ...]

    @property
    def total_principal_fen(self) -> int:
        """All principal: what was paid out."""
        return sum(row.principal_fen for row in self.rows)

    @property
    def total_interest_fen(self) -> int:
        """All interest the borrower bears."""
        return sum(row.interest_fen for row in self.rows)

    @property
    def total_fee_fen(self) -> int:
        """All fees the borrower bears."""
        return sum(row.fee_fen for row in self.rows)

    @property
    def borrower_total_fen(self) -> int:
        """Everything the borrower pays."""
        return sum(row.total_fen for row in self.rows)

    @property
    def subsidy(self) -> SubsidyShares:
        """What others bear, by bearer."""
        total = NO_SUBSIDY
        for row in self.rows:
            total = add_shares(total, row.subsidy)
        return total


def rows_to_json(rows: Sequence[ScheduleRow]) -> list[dict[str, Any]]:
    """The JSON form of rows, with the total of each."""
    return [{**codec.to_json(row), "total_fen": row.total_fen} for row in rows]


def build_schedule(terms: LoanTerms, principal_fen: int, paid_out_on: date) -> Schedule:
    """
    The schedule of `principal_fen` paid out on a day: dates, principal, interest and fee of every installment.

    Interest and fee are exact ratios rounded once per row; the last (or first) row takes what rounding leaves over.
    Raises: EventError if nothing is paid out; TermsError if the dates of the terms do not fit the day.
    Source: rules-cn 2.1 to 2.4.
    """
    if principal_fen <= 0:
        raise EventError("principal_fen", principal_fen, "more than 0")
    return Schedule(principal_fen, paid_out_on, tuple(plan_rows(terms, principal_fen, paid_out_on)))


def plan_rows(
    terms: LoanTerms, principal_fen: int, paid_out_on: date, first_number: int = 1
) -> list[ScheduleRow]:
    """The rows of one payout, numbered from `first_number`; a down payment is row 0."""
    if terms.is_plain_annuity:
        return _plain_annuity_rows(terms, principal_fen, paid_out_on, first_number)
    rows: list[ScheduleRow] = []
    left = principal_fen
    if terms.down_payment_rate:
        down = down_payment_of(terms, principal_fen)
        left -= down
        rows.append(ScheduleRow(0, paid_out_on, paid_out_on, down, 0, 0, left, NO_SUBSIDY, True))
    dues = due_dates(terms, paid_out_on)
    start = terms.starts_on or paid_out_on
    starts = (start, *dues[:-1])
    if dues[0] <= paid_out_on or (terms.fixed_length is not None and dues[-1] <= starts[-1]):
        raise EventError("on", paid_out_on, f"a payout before the first due date {dues[0]}, dates in order")
    if terms.holiday_rule is HolidayRule.NEXT_WORKDAY:
        dues = tuple(next_workday(terms.calendar, due) for due in dues)
        starts = (start, *dues[:-1])
    principal, interest = _amounts(terms, left, starts, dues, paid_out_on)
    return rows + _finish(terms, left, principal, interest, starts, dues, first_number)


def _plain_annuity_rows(
    terms: LoanTerms, principal_fen: int, paid_out_on: date, first_number: int
) -> list[ScheduleRow]:
    """The rows of the commonest plan in one loop: what `lay_out` gives, without asking for what the plan has not."""
    numerator, denominator = terms.period_rate
    count = terms.installments
    installment = uniform_installment(principal_fen, numerator, denominator, count)
    twice, of_twice = 2 * numerator, 2 * denominator
    left = principal_fen
    before_first = first_number - 1
    rows: list[ScheduleRow] = []
    for number, start, due in month_periods(paid_out_on, count, terms.every):
        cost = (left * twice + denominator) // of_twice
        part = installment - cost
        if number == count or part > left:
            part = left
        left -= part
        row = (before_first + number, start, due, part, cost, 0, left, NO_SUBSIDY, False)
        rows.append(NEW_ROW(ScheduleRow, row))
    return rows


def down_payment_of(terms: LoanTerms, principal_fen: int) -> int:
    """The part of a payout that is due at once, at most all of it."""
    numerator, denominator = ratio(terms.down_payment_rate)
    part = rounded_to_multiple(
        principal_fen * numerator, denominator, terms.installment_multiple_fen, terms.rounding
    )
    return min(part, principal_fen)


def flat_fee_of(terms: LoanTerms, financed_fen: int) -> int:
    """The fee of one period on the amount financed."""
    numerator, denominator = ratio(terms.flat_fee_rate)
    return rounded(financed_fen * numerator, denominator, terms.rounding)


def interest_factors(terms: LoanTerms, starts: Sequence[date], dues: Sequence[date]) -> Sequence[Ratio]:
    """The factor each row's interest is counted by."""
    if not terms.annual_rate:
        return [(0, 1)] * len(dues)
    if counts_whole_periods(terms) and terms.holiday_rule is not HolidayRule.NEXT_WORKDAY:
        return [terms.period_rate] * len(dues)
    return [factor_of_period(terms, start, due) for start, due in zip(starts, dues, strict=True)]


def _amounts(
    terms: LoanTerms, left: int, starts: Sequence[date], dues: Sequence[date], paid_out_on: date
) -> tuple[list[int], list[int]]:
    factors = interest_factors(terms, starts, dues)
    first: int | None = None
    if terms.annual_rate and terms.method is not Method.FLAT_INTEREST:
        is_broken = (
            counts_whole_periods(terms)
            and len(dues) > (terms.fixed_length is not None)
            and not is_whole_period(terms, starts[0], dues[0])
        )
        if is_broken or paid_out_on != starts[0]:
            first = interest_of(terms, left, starts[0], dues[0], paid_out_on, dues[0])
    has_whole_installment = (
        counts_whole_periods(terms) or terms.interest_factors is InterestFactors.DATED_INTEREST
    )
    whole = [terms.period_rate] * len(dues) if has_whole_installment else None
    # A broken first period of whole periods costs more or less interest; the principal stays as if it were whole,
    # so that all later installments are the usual ones.
    within = None if counts_whole_periods(terms) else first
    principal, interest = lay_out(
        terms,
        left,
        factors,
        installment_factors=whole,
        first_interest_fen=within,
        free_of_principal=terms.principal_grace,
    )
    if first is not None:
        interest[0] = first
    if terms.interest_free_days:
        free_until = paid_out_on + timedelta(days=terms.interest_free_days)
        _free(terms, left, principal, interest, starts, dues, free_until)
    if terms.interest_grace:
        interest[terms.interest_grace] += sum(interest[: terms.interest_grace])
        interest[: terms.interest_grace] = [0] * terms.interest_grace
    return principal, interest


def counts_whole_periods(terms: LoanTerms) -> bool:
    """Whether a whole period bears the same interest whatever its days."""
    return (
        terms.interest_factors is InterestFactors.WHOLE_PERIODS and terms.method is not Method.DAILY_INTEREST
    )


def interest_of(
    terms: LoanTerms, balance_fen: int, start: date, due: date, from_on: date, to_on: date
) -> int:
    """The interest a balance bears from one day to another within the period `start` to `due`."""
    numerator, denominator = factor_of_part(terms, start, due, from_on, to_on)
    return rounded(balance_fen * numerator, denominator, terms.rounding)


def _free(
    terms: LoanTerms,
    left: int,
    principal: Sequence[int],
    interest: list[int],
    starts: Sequence[date],
    dues: Sequence[date],
    free_until: date,
) -> None:
    """Take the interest-free days off the first rows."""
    for index, (start, due) in enumerate(zip(starts, dues, strict=True)):
        if free_until <= start:
            return
        if free_until >= due:
            interest[index] = 0
        elif terms.method is Method.FLAT_INTEREST:
            days = (due - start).days
            interest[index] = rounded(interest[index] * (due - free_until).days, days, terms.rounding)
        else:
            interest[index] = interest_of(terms, left, start, due, free_until, due)
        left -= principal[index]


def _finish(
    terms: LoanTerms,
    financed_fen: int,
    principal: Sequence[int],
    interest: Sequence[int],
    starts: Sequence[date],
    dues: Sequence[date],
    first_number: int,
) -> list[ScheduleRow]:
    rows: list[ScheduleRow] = []
    left = financed_fen
    number = first_number
    is_shared = terms.subsidy is not BORROWER_BEARS_ALL and terms.subsidy != BORROWER_BEARS_ALL
    fee, fee_subsidy = (
        split_cost(terms.subsidy, flat_fee_of(terms, financed_fen)) if terms.flat_fee_rate else NO_FEE
    )
    for part, cost, start, due in zip(principal, interest, starts, dues, strict=True):
        left -= part
        if is_shared:
            cost, subsidy = split_cost(terms.subsidy, cost)
            if fee_subsidy is not NO_SUBSIDY:
                subsidy = fee_subsidy
            rows.append(ScheduleRow(number, start, due, part, cost, fee, left, subsidy, False))
        else:
            rows.append(NEW_ROW(ScheduleRow, (number, start, due, part, cost, fee, left, NO_SUBSIDY, False)))
        number += 1
    return rows


NO_FEE = (0, NO_SUBSIDY)
NEW_ROW = tuple.__new__
"""A schedule is the innermost loop of the plan board; this is how a named tuple is made fastest."""
