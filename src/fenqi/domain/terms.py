"""What was agreed: the terms of a loan, as data. Defaults are the product's, for mainland China."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fenqi.domain import codec
from fenqi.domain.arithmetic import RATE_DECIMALS, Ratio, Rounding, ratio
from fenqi.domain.errors import TermsError
from fenqi.domain.rules import AllocationRules, OverdueRules, RefundRules, SettlementRules


class Method(StrEnum):
    """How principal and cost are laid over the installments."""

    EQUAL_INSTALLMENT = "equal_installment"
    """等额本息: the same installment every period, interest on the balance."""
    EQUAL_PRINCIPAL = "equal_principal"
    """等额本金: the same principal every period, interest on the balance."""
    FLAT_FEE = "flat_fee"
    """等本等费: the same principal and a fee of the amount financed every period."""
    INTEREST_ONLY = "interest_only"
    """先息后本: interest every period, the principal with the last."""
    DAILY_INTEREST = "daily_interest"
    """按日计息: interest by the day on what is really owed; paying early stops it."""
    INTEREST_FREE = "interest_free"
    """免息: principal only."""
    FLAT_INTEREST = "flat_interest"
    """Interest of the whole term on the amount financed, in equal parts."""


class Unit(StrEnum):
    """The unit of a period's length."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class DayCount(StrEnum):
    """Days of a month / days of a year. With 30-day months a whole month is always a twelfth of 360."""

    THIRTY_360 = "30/360"
    THIRTY_364 = "30/364"
    THIRTY_365 = "30/365"
    THIRTY_ACTUAL = "30/actual"
    ACTUAL_360 = "actual/360"
    ACTUAL_364 = "actual/364"
    ACTUAL_365 = "actual/365"
    ACTUAL_ACTUAL = "actual/actual"
    """A period over New Year is split: each part counts by the days of its own year."""


class RemainderIn(StrEnum):
    """Which installment takes what rounding leaves over."""

    FIRST = "first"
    LAST = "last"


class InterestFactors(StrEnum):
    """What the interest of one period of a schedule is a factor of."""

    WHOLE_PERIODS = "whole_periods"
    """A whole period bears rate x period / year, whatever its days; a broken one by its days."""
    DATED_INTEREST = "dated_interest"
    """The installment is that of whole periods, the interest within it that of the days."""
    DATED = "dated"
    """Every period bears interest for its own days by the day count, the installment fits them."""
    MONTH_PARTS = "month_parts"
    """Like DATED, but a day is a part of its period, and the period counts the days of its first month."""


class FirstPeriod(StrEnum):
    """Which due day ends the first period, where the due day is not the day of payout."""

    NEAREST = "nearest"
    """The one nearest to a whole period after the payout; of two as near the earlier."""
    SHORT = "short"
    """The next one: the first period is at most a whole period."""
    LONG = "long"
    """The first that leaves at least a whole period."""


class InterestBase(StrEnum):
    """The balance interest is counted on once the loan runs."""

    SCHEDULE = "schedule"
    """The planned balance: an installment paid early or late bears the planned interest."""
    DAILY_BALANCE = "daily_balance"
    """What is really owed, from day to day, what is overdue too."""
    PERFORMING_BALANCE = "performing_balance"
    """What is owed and not past due, from day to day: what is overdue bears penalty instead."""
    PERIOD_BALANCE = "period_balance"
    """What is really owed; an overdue installment bears interest to the end of the running period."""


class HolidayRule(StrEnum):
    """What a day off does to a due date."""

    NONE = "none"
    NEXT_WORKDAY = "next_workday"
    """The due date itself moves, and interest with it."""
    NEXT_WORKDAY_NO_PENALTY = "next_workday_no_penalty"
    """The due date stands; paying on the next workday is still in time."""


class FurtherPayout(StrEnum):
    """Where a second or later payout goes."""

    INTO_PLAN = "into_plan"
    """Into the running plan: the installments still open are computed again."""
    OWN_PLAN = "own_plan"
    """As installments of its own beside the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """Days off as data: weekend days (Monday is 0), holidays, and workdays moved into a weekend."""

    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def is_day_off(self, on: date) -> bool:
        """Whether nobody has to pay on that day."""
        if on in self.workdays:
            return False
        return on in self.holidays or on.weekday() in self.weekend


@dataclass(frozen=True, slots=True, kw_only=True)
class Subsidy:
    """Who bears interest and fee, as shares of one. Only the borrower's share is due from the borrower."""

    borrower: Decimal = Decimal(1)
    merchant: Decimal = Decimal(0)
    lender: Decimal = Decimal(0)
    platform: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name in ("borrower", "merchant", "lender", "platform"):
            if not 0 <= getattr(self, name) <= 1:
                raise TermsError(f"subsidy.{name}", getattr(self, name), "a share from 0 to 1")
        total = self.borrower + self.merchant + self.lender + self.platform
        if total != 1:
            raise TermsError("subsidy", total, "shares that sum to 1")


BORROWER_BEARS_ALL = Subsidy()
USUAL_ALLOCATION = AllocationRules()
USUAL_SETTLEMENT = SettlementRules()
USUAL_REFUND = RefundRules()
USUAL_OVERDUE = OverdueRules()
WEEKENDS_OFF = WorkCalendar()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """
    Terms of one loan: with the payouts they fix every due amount and date.

    Rates are decimals per year (0.144 is 14.4 %), `flat_fee_rate` is of the amount financed per period, money
    is fen. Raises: TermsError naming the field where no contract could say so.
    """

    method: Method
    installments: int
    every: int = 1
    unit: Unit = Unit.MONTH
    annual_rate: Decimal = Decimal(0)
    flat_fee_rate: Decimal = Decimal(0)
    starts_on: date | None = None
    first_due_on: date | None = None
    due_day: int | None = None
    first_period: FirstPeriod = FirstPeriod.NEAREST
    fixed_length: int | None = None
    day_count: DayCount = DayCount.THIRTY_360
    interest_factors: InterestFactors = InterestFactors.WHOLE_PERIODS
    interest_base: InterestBase = InterestBase.SCHEDULE
    daily_basis: DayCount = DayCount.ACTUAL_365
    rounding: Rounding = Rounding.HALF_UP
    installment_multiple_fen: int = 1
    smooth_last: bool = False
    """Spread a last installment that differs too much over all of them (once)."""
    remainder_in: RemainderIn = RemainderIn.LAST
    down_payment_rate: Decimal = Decimal(0)
    principal_grace: int = 0
    interest_grace: int = 0
    interest_free_days: int = 0
    further_payout: FurtherPayout = FurtherPayout.INTO_PLAN
    subsidy: Subsidy = BORROWER_BEARS_ALL
    allocation: AllocationRules = USUAL_ALLOCATION
    settlement: SettlementRules = USUAL_SETTLEMENT
    refund: RefundRules = USUAL_REFUND
    overdue: OverdueRules = USUAL_OVERDUE
    holiday_rule: HolidayRule = HolidayRule.NONE
    calendar: WorkCalendar = WEEKENDS_OFF
    cost_cap_annual_rate: Decimal | None = Decimal("0.24")
    currency: str = "CNY"
    period_rate: Ratio = field(init=False, repr=False, compare=False)
    """The rate of one whole period as an exact ratio, kept because every figure needs it."""
    is_plain_annuity: bool = field(init=False, repr=False, compare=False)
    """The commonest plan, for which the schedule takes a short cut: whole months, nothing but the defaults."""

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "period_rate", _period_rate(self))
        object.__setattr__(self, "is_plain_annuity", _is_plain_annuity(self))


def _period_rate(terms: LoanTerms) -> Ratio:
    if terms.unit is Unit.MONTH:
        return ratio(terms.annual_rate, terms.every, 12)
    days = terms.every * (7 if terms.unit is Unit.WEEK else 1)
    return ratio(terms.annual_rate, days, YEAR_DAYS[terms.day_count])


def _is_plain_annuity(terms: LoanTerms) -> bool:
    return (
        terms.method is Method.EQUAL_INSTALLMENT
        and terms.annual_rate > 0
        and terms.unit is Unit.MONTH
        and terms.interest_factors is InterestFactors.WHOLE_PERIODS
        and terms.rounding is Rounding.HALF_UP
        and terms.remainder_in is RemainderIn.LAST
        and terms.holiday_rule is not HolidayRule.NEXT_WORKDAY
        and terms.installment_multiple_fen == 1
        and terms.subsidy == BORROWER_BEARS_ALL
        and (terms.due_day, terms.first_due_on, terms.starts_on, terms.fixed_length) == (None,) * 4
        and not terms.smooth_last
        and not terms.down_payment_rate
        and not (terms.principal_grace or terms.interest_grace or terms.interest_free_days)
    )


YEAR_DAYS = {
    DayCount.THIRTY_360: 360,
    DayCount.THIRTY_364: 364,
    DayCount.THIRTY_365: 365,
    DayCount.THIRTY_ACTUAL: 365,
    DayCount.ACTUAL_360: 360,
    DayCount.ACTUAL_364: 364,
    DayCount.ACTUAL_365: 365,
    DayCount.ACTUAL_ACTUAL: 365,
}
"""Days of a year by day count; where the year counts its own days, those of a common year."""


def terms_to_json(terms: LoanTerms) -> dict[str, Any]:
    """The JSON form of terms: decimals and dates as text, fen as integers, defaults left out."""
    form: dict[str, Any] = codec.to_json(terms)
    return form


def terms_from_json(data: object) -> LoanTerms:
    """
    Read terms from their JSON form.

    Raises: TermsError for unknown or missing keys, floats, wrong types and impossible terms.
    """
    return codec.from_json(LoanTerms, data, refusal=TermsError)


def _check(terms: LoanTerms) -> None:
    _at_least(terms, 1, "installments", "every", "installment_multiple_fen")
    _at_least(terms, 0, "annual_rate", "flat_fee_rate", "down_payment_rate")
    _at_least(terms, 0, "principal_grace", "interest_grace", "interest_free_days")
    for name in ("annual_rate", "flat_fee_rate", "down_payment_rate"):
        rate: Decimal = getattr(terms, name)
        if rate != round(rate, RATE_DECIMALS):
            raise TermsError(name, rate, f"at most {RATE_DECIMALS} decimals")
    if terms.down_payment_rate >= 1:
        raise TermsError("down_payment_rate", terms.down_payment_rate, "less than 1")
    if terms.due_day is not None:
        if not 1 <= terms.due_day <= 28:
            raise TermsError("due_day", terms.due_day, "1 to 28, a day every month has")
        if terms.unit is not Unit.MONTH:
            raise TermsError("due_day", terms.due_day, "no due day unless periods are months")
    if terms.fixed_length is not None and terms.fixed_length < 1:
        raise TermsError("fixed_length", terms.fixed_length, "at least 1")
    for name in ("principal_grace", "interest_grace"):
        if getattr(terms, name) >= terms.installments:
            raise TermsError(name, getattr(terms, name), "fewer than the installments")
    if terms.method is Method.INTEREST_FREE and (terms.annual_rate or terms.flat_fee_rate):
        raise TermsError("annual_rate", terms.annual_rate, "0 for an interest-free loan")
    if terms.flat_fee_rate and terms.method is not Method.FLAT_FEE:
        raise TermsError("flat_fee_rate", terms.flat_fee_rate, "0 unless the method is flat_fee")
    if terms.annual_rate and terms.method is Method.FLAT_FEE:
        raise TermsError("annual_rate", terms.annual_rate, "0 for a flat fee: its cost is flat_fee_rate")
    follows_balance = (
        terms.method is Method.DAILY_INTEREST or terms.interest_base is not InterestBase.SCHEDULE
    )
    if follows_balance and terms.method in (Method.FLAT_FEE, Method.FLAT_INTEREST):
        raise TermsError("interest_base", terms.interest_base.value, "schedule for a flat cost")
    if follows_balance and terms.interest_grace:
        raise TermsError("interest_grace", terms.interest_grace, "0 where interest follows the real balance")
    if terms.cost_cap_annual_rate is not None and terms.cost_cap_annual_rate < 0:
        raise TermsError("cost_cap_annual_rate", terms.cost_cap_annual_rate, "at least 0, or none")
    if not (len(terms.currency) == 3 and terms.currency.isascii() and terms.currency.isupper()):
        raise TermsError("currency", terms.currency, "a three-letter code")
    if terms.first_due_on and terms.starts_on and terms.first_due_on <= terms.starts_on:
        raise TermsError("first_due_on", terms.first_due_on, f"after {terms.starts_on}")


def _at_least(terms: LoanTerms, least: int, *names: str) -> None:
    for name in names:
        if getattr(terms, name) < least:
            raise TermsError(name, getattr(terms, name), f"at least {least}")
