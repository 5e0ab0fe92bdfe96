"""
Plans: what a lender offers before anyone has chosen an amount, and what an offer costs on an amount.

A plan holds loan terms without dates, the amounts it serves and the cap on its cost. The cap is checked on the
rounded cash flow of real amounts, twice: over the range when a plan is published, and on the amount of each quote.
Source: rules-cn 1.1 to 1.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fenqi.domain import codec
from fenqi.domain.annual_rate import AnnualRates, annual_rates
from fenqi.domain.delinquency import penalty_annual_rate
from fenqi.domain.errors import DomainError
from fenqi.domain.rules import SettlementRules
from fenqi.domain.schedule import Schedule, ScheduleRow, build_schedule, rows_to_json
from fenqi.domain.state import SubsidyShares
from fenqi.domain.terms import LoanTerms, Method, Subsidy

REFERENCE_DAY = date(2027, 1, 1)
"""The payout a plan is checked with when no day is given; any will do, a January one starts with a long month."""
AMOUNTS_NEAR_MINIMUM = 400
"""Rounding weighs most on small amounts and comes back in short cycles, so this many next to the least are tried."""


class PlanError(DomainError):
    """A plan no lender can offer, or a JSON form that is not one of a plan."""

    code = "plan_impossible"


class AmountOutOfRange(DomainError):
    """An amount the plan does not serve."""

    code = "amount_out_of_range"


class LprMissing(DomainError):
    """The cap is a multiple of the LPR, and no LPR is known for the day."""

    code = "lpr_missing"


class CostCapExceeded(DomainError):
    """The borrower's yearly cost is above the cap. `amount_fen` is the amount it was seen on."""

    code = "cost_cap_exceeded"

    def __init__(self, field: str, value: object, allowed: str, amount_fen: int) -> None:
        super().__init__(field, value, allowed)
        self.amount_fen = amount_fen

    def __reduce__(self) -> tuple[type[DomainError], tuple[Any, ...]]:
        return type(self), (self.field, self.value, self.allowed, self.amount_fen)


class CapKind(StrEnum):
    """What a cost cap is fixed by."""

    FIXED = "fixed"
    """A rate per year."""
    LPR_MULTIPLE = "lpr_multiple"
    """A multiple of the one-year loan prime rate of the day."""


class CapBase(StrEnum):
    """Which of the two annual rates a cap is about."""

    SIMPLE = "simple"
    COMPOUND = "compound"


@dataclass(frozen=True, slots=True, kw_only=True)
class LprRate:
    """The one-year loan prime rate from a day on."""

    effective_on: date
    annual_rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCap:
    """The most an offer may cost a year: `value` is a rate or, for LPR_MULTIPLE, how many times the LPR."""

    kind: CapKind = CapKind.FIXED
    value: Decimal = Decimal("0.24")
    base: CapBase = CapBase.SIMPLE

    def __post_init__(self) -> None:
        if self.value < 0:
            raise PlanError("cap.value", self.value, "at least 0")

    def annual_rate(self, *, on: date, lpr: Sequence[LprRate] = ()) -> Decimal:
        """Return the cap in force on a day. Raises: LprMissing."""
        if self.kind is CapKind.FIXED:
            return self.value
        in_force = [rate for rate in lpr if rate.effective_on <= on]
        if not in_force:
            raise LprMissing("lpr", on, "a table with a rate in force on that day")
        return self.value * max(in_force, key=lambda rate: rate.effective_on).annual_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    A lender's offer: its terms without dates, the amounts it serves, its cap.

    Who bears the cost is in `terms.subsidy`; rules of arrears and settlement travel in `terms` too.
    Raises: PlanError naming the field.
    """

    lender_code: str
    code: str
    name: str
    terms: LoanTerms
    min_amount_fen: int
    max_amount_fen: int
    cap: CostCap = CostCap()

    def __post_init__(self) -> None:
        for name in ("lender_code", "code", "name"):
            if not getattr(self, name).strip():
                raise PlanError(name, getattr(self, name), "a text")
        if self.min_amount_fen < 1:
            raise PlanError("min_amount_fen", self.min_amount_fen, "at least 1")
        if self.max_amount_fen < self.min_amount_fen:
            raise PlanError("max_amount_fen", self.max_amount_fen, f"at least {self.min_amount_fen}")
        for name in ("starts_on", "first_due_on", "due_day"):
            if getattr(self.terms, name) is not None:
                raise PlanError(f"terms.{name}", getattr(self.terms, name), "none: a quote fixes the dates")

    def serves(self, amount_fen: int) -> bool:
        """Whether the plan may be offered on this amount."""
        return self.min_amount_fen <= amount_fen <= self.max_amount_fen


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The JSON form of a plan: decimals and dates as text, fen as integers, defaults left out."""
    form: dict[str, Any] = codec.to_json(plan)
    return form


def plan_from_json(data: object) -> Plan:
    """Read a plan from its JSON form. Raises: PlanError, or TermsError from within the terms."""
    return codec.from_json(Plan, data, refusal=PlanError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """
    A plan applied to an amount on a day: everything a shopper must see before choosing. Money is fen.

    `total_fen` is what the borrower pays in all (a down payment too), `total_cost_fen` what of it is cost.
    `terms` give exactly `rows` when `amount_fen` is paid out on `on`.
    """

    lender_code: str
    plan_code: str
    plan_name: str
    amount_fen: int
    on: date
    method: Method
    installments: int
    per_period_fen: int
    """The first installment; the others differ from it where the method says so."""
    rows: tuple[ScheduleRow, ...]
    total_fen: int
    total_cost_fen: int
    annual_rate_simple: Decimal
    annual_rate_compound: Decimal
    interest_borne_by: tuple[str, ...]
    """Who bears some of interest and fee: borrower, merchant, lender, platform; nobody where there is none."""
    subsidy: SubsidyShares
    first_due_on: date
    settlement: SettlementRules
    penalty_annual_rate: Decimal
    cost_cap_annual_rate: Decimal
    terms: LoanTerms

    @property
    def is_free(self) -> bool:
        """Whether the plan costs the borrower nothing (免息)."""
        return self.total_cost_fen == 0

    @property
    def sort_key(self) -> tuple[int, int, int]:
        """The order of a plan board: least cost, then least total, then shortest term."""
        return (self.total_cost_fen, self.total_fen, self.installments)


def annual_rates_of(*, schedule: Schedule, terms: LoanTerms, with_subsidy: bool = False) -> AnnualRates:
    """
    Return what a schedule costs per year, from the rounded amounts on their dates.

    By default from what the borrower pays; `with_subsidy` counts the cost others bear as well, which is what the
    lender earns. Raises: NoAnnualRate.
    """
    flows = [(schedule.paid_out_on, schedule.principal_fen)]
    for row in schedule.rows:
        paid_fen = row.total_fen + (row.subsidy.total_fen if with_subsidy else 0)
        flows.append((row.due_on, -paid_fen))
    return annual_rates(flows=flows, every=terms.every, unit=terms.unit)


def check_plan(plan: Plan, *, on: date | None = None, lpr: Sequence[LprRate] = ()) -> None:
    """
    Refuse a plan whose cost is above its cap on an amount it may serve.

    Rounding to the fen makes small amounts dearer, so every amount next to the least is tried, then ever larger
    ones up to the most. Units: `on` is the day whose cap counts. Raises: CostCapExceeded, LprMissing.
    """
    day = on or REFERENCE_DAY
    cap = plan.cap.annual_rate(on=day, lpr=lpr)
    for amount_fen in _amounts_to_try(plan):
        schedule = build_schedule(plan.terms, amount_fen, day)
        _check_cap(plan, annual_rates_of(schedule=schedule, terms=plan.terms), cap, amount_fen)


def quote_plan(
    plan: Plan, amount_fen: int, on: date, due_day: int | None = None, *, lpr: Sequence[LprRate] = ()
) -> Quote:
    """
    Return what the plan costs on an amount paid out on a day, with bills on `due_day` where one is chosen.

    Raises: AmountOutOfRange; CostCapExceeded; LprMissing; TermsError for a due day the terms cannot have.
    """
    if not plan.serves(amount_fen):
        raise AmountOutOfRange("amount_fen", amount_fen, f"{plan.min_amount_fen} to {plan.max_amount_fen}")
    cap = plan.cap.annual_rate(on=on, lpr=lpr)
    terms = replace(plan.terms, starts_on=on, due_day=due_day, cost_cap_annual_rate=cap)
    schedule = build_schedule(terms, amount_fen, on)
    rates = annual_rates_of(schedule=schedule, terms=terms)
    _check_cap(plan, rates, cap, amount_fen)
    first = next(row for row in schedule.rows if not row.is_down_payment)
    return Quote(
        lender_code=plan.lender_code,
        plan_code=plan.code,
        plan_name=plan.name,
        amount_fen=amount_fen,
        on=on,
        method=terms.method,
        installments=terms.installments,
        per_period_fen=first.total_fen,
        rows=schedule.rows,
        total_fen=schedule.borrower_total_fen,
        total_cost_fen=schedule.borrower_total_fen - amount_fen,
        annual_rate_simple=rates.simple,
        annual_rate_compound=rates.compound,
        interest_borne_by=_bearers(terms),
        subsidy=schedule.subsidy,
        first_due_on=first.due_on,
        settlement=terms.settlement,
        penalty_annual_rate=penalty_annual_rate(terms),
        cost_cap_annual_rate=cap,
        terms=terms,
    )


def sort_quotes(quotes: Iterable[Quote]) -> list[Quote]:
    """Return quotes as a plan board shows them: least cost first, then least total, then shortest term."""
    return sorted(quotes, key=lambda quote: quote.sort_key)


def quote_to_json(quote: Quote) -> dict[str, Any]:
    """The JSON form of a quote, every figure in it."""
    form: dict[str, Any] = codec.to_json(quote)
    form["rows"] = rows_to_json(quote.rows)
    return form


def _check_cap(plan: Plan, rates: AnnualRates, cap: Decimal, amount_fen: int) -> None:
    rate = rates.simple if plan.cap.base is CapBase.SIMPLE else rates.compound
    if rate > cap:
        raise CostCapExceeded(
            f"annual_rate_{plan.cap.base.value}", rate, f"at most {cap}; seen on {amount_fen} fen", amount_fen
        )


def _amounts_to_try(plan: Plan) -> Iterator[int]:
    least, most = plan.min_amount_fen, plan.max_amount_fen
    yield from range(least, min(least + AMOUNTS_NEAR_MINIMUM, most))
    step = AMOUNTS_NEAR_MINIMUM
    while least + step < most:
        yield least + step
        step *= 2
    yield most


def _bearers(terms: LoanTerms) -> tuple[str, ...]:
    if not (terms.annual_rate or terms.flat_fee_rate):
        return ()
    return tuple(name for name in Subsidy.__slots__ if getattr(terms.subsidy, name))
