"""
Derivations as data: a figure, the formula it comes from, the numbers put in.

Every formula can be recomputed from its inputs and steps alone, by the functions the engine itself uses. A derivation
is made only if that gives the very figure the engine returned; there is no second arithmetic to drift away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from fenqi.domain import codec
from fenqi.domain.amortisation import installment_of
from fenqi.domain.annual_rate import annual_rates
from fenqi.domain.arithmetic import Rounding, ratio, rounded, rounded_to_multiple
from fenqi.domain.subsidy import split_cost
from fenqi.domain.terms import DayCount, LoanTerms, Method


class Figure(StrEnum):
    """What can be asked about."""

    PRINCIPAL = "principal"
    INTEREST = "interest"
    FEE = "fee"
    PENALTY = "penalty"
    LATE_FEE = "late_fee"
    INSTALLMENT = "installment"
    """Everything due with one installment."""
    PAID = "paid"
    WAIVED = "waived"
    OUTSTANDING = "outstanding"
    """What is still to pay of one installment, or of the whole loan by schedule."""
    BILL = "bill"
    """What is due now: past due and due today."""
    OVERPAID = "overpaid"
    SETTLEMENT = "settlement"
    """What pays everything off."""
    SETTLEMENT_FEE = "settlement_fee"
    SAVED = "saved"
    """What settling saves against paying by schedule."""
    COST = "cost"
    """What a loan costs the borrower in all."""
    TOTAL = "total"
    """Everything the borrower pays."""
    ANNUAL_RATE = "annual_rate"
    """The simple annual rate (单利)."""
    ANNUAL_RATE_COMPOUND = "annual_rate_compound"
    BALANCE = "balance"
    """Principal not yet due before a row."""
    PERIOD_COST = "period_cost"
    """Interest or fee of a period, whoever bears it."""
    CHANGE = "change"
    """What one event did to a figure."""
    LEVEL = "level"
    """The equal installment all rows share."""


class Formula(StrEnum):
    """How a figure follows from its inputs and steps."""

    GIVEN = "given"
    """Stands in the terms or in an event."""
    ROWS = "rows"
    """Read from the schedule the terms give."""
    CHANGE = "change"
    """What a figure is with an event, less what it is without."""
    SUM = "sum"
    DIFFERENCE = "difference"
    """The first step less all others."""
    REST = "rest"
    """What is left of the balance: this row takes what rounding left over."""
    EQUAL_PART = "equal_part"
    """A balance over so many rows, rounded to the multiple."""
    ANNUITY = "annuity"
    """The equal installment of a balance at a rate over so many periods."""
    INTEREST = "interest"
    """Balance x factor of the period, rounded once."""
    FLAT_COST = "flat_cost"
    """The amount financed x the fee rate of a period."""
    FLAT_INTEREST = "flat_interest"
    """The amount financed x the rate of a period x the number of periods."""
    PRO_RATA = "pro_rata"
    """A period's cost x days / days of the period."""
    BORNE = "borne"
    """The borrower's share of a cost."""
    PENALTY = "penalty"
    """The sum of overdue amount x days x rate / days of the year, rounded once."""
    PENALTY_SPAN = "penalty_span"
    IRR = "irr"
    """The rate at which all payments are worth the amount received."""


class Clause(StrEnum):
    """Where a rule is agreed or written."""

    AMOUNT = "amount"
    METHOD = "method"
    RATE = "rate"
    FEE = "fee"
    SUBSIDY = "subsidy"
    ROUNDING = "rounding"
    LAST_INSTALLMENT = "last_installment"
    GRACE = "grace"
    PENALTY = "penalty"
    LATE_FEE = "late_fee"
    ALLOCATION = "allocation"
    SETTLEMENT = "settlement"
    DISCLOSURE = "disclosure"
    EVENT = "event"


class Input(NamedTuple):
    """One number, date or word put into a formula."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """
    One figure and where it comes from. `amount_fen` or, for annual rates, `rate` is the figure.

    Pages and documents render it; `recompute` gives the figure again from `inputs` and `steps`.
    """

    figure: Figure
    formula: Formula
    clause: Clause
    amount_fen: int = 0
    rate: Decimal | None = None
    installment_number: int | None = None
    inputs: tuple[Input, ...] = ()
    days: int | None = None
    day_count: DayCount | None = None
    rounding: Rounding | None = None
    event_id: str | None = None
    steps: tuple[Derivation, ...] = ()

    @property
    def value(self) -> int | Decimal:
        """The figure itself."""
        return self.amount_fen if self.rate is None else self.rate

    def input(self, name: str) -> Any:
        """The input of that name."""
        return next(given.value for given in self.inputs if given.name == name)


def derivation_to_json(derivation: Derivation) -> dict[str, Any]:
    """The JSON form of a derivation with all its steps."""
    form: dict[str, Any] = codec.to_json(derivation)
    return form


def recompute(derivation: Derivation) -> int | Decimal:
    """Return the figure again, from inputs and steps alone."""
    return _EVALUATE[derivation.formula](derivation)


def derived(**parts: Any) -> Derivation:
    """Make a derivation whose figure is what its formula gives."""
    value = recompute(Derivation(**parts))
    if isinstance(value, Decimal):
        return Derivation(**parts, rate=value)
    return Derivation(**parts, amount_fen=value)


def inputs(values: Mapping[str, Any]) -> tuple[Input, ...]:
    """Inputs in the order given, without those that are None."""
    return tuple(Input(name, value) for name, value in values.items() if value is not None)


def _step_sum(derivation: Derivation) -> int:
    return sum(step.amount_fen for step in derivation.steps)


def _change(derivation: Derivation) -> int:
    after: int = derivation.input("after_fen")
    before: int = derivation.input("before_fen")
    return after - before


def _difference(derivation: Derivation) -> int:
    first, *others = derivation.steps
    return first.amount_fen - sum(step.amount_fen for step in others)


def _rounding(derivation: Derivation) -> Rounding:
    return derivation.rounding or Rounding.HALF_UP


def _equal_part(derivation: Derivation) -> int:
    left_fen: int = derivation.input("left_fen")
    part = rounded_to_multiple(
        derivation.input("amount_fen"),
        derivation.input("parts"),
        derivation.input("multiple_fen"),
        _rounding(derivation),
    )
    return min(part, left_fen)


def _annuity(derivation: Derivation) -> int:
    factors: tuple[tuple[int, int], ...] = derivation.input("factors")
    shape = LoanTerms(
        method=Method.EQUAL_INSTALLMENT,
        installments=len(factors),
        rounding=_rounding(derivation),
        installment_multiple_fen=derivation.input("multiple_fen"),
    )
    return installment_of(derivation.input("balance_fen"), factors, shape)


def _interest(derivation: Derivation) -> int:
    numerator, denominator = derivation.input("factor")
    return rounded(derivation.input("balance_fen") * numerator, denominator, _rounding(derivation))


def _flat(derivation: Derivation) -> int:
    numerator, denominator = derivation.input("factor")
    whole = derivation.input("amount_fen") * derivation.input("periods") * numerator
    return rounded(whole, denominator, _rounding(derivation))


def _pro_rata(derivation: Derivation) -> int:
    whole = derivation.steps[0].amount_fen * (derivation.days or 0)
    return rounded(whole, derivation.input("period_days"), _rounding(derivation))


def _borne(derivation: Derivation) -> int:
    return split_cost(derivation.input("subsidy"), derivation.steps[0].amount_fen)[0]


def _penalty_exact(step: Derivation) -> tuple[int, int]:
    numerator, denominator = ratio(step.input("annual_rate"), 1, step.input("year_days"))
    return step.input("base_fen") * (step.days or 0) * numerator, denominator


def _penalty_span(derivation: Derivation) -> int:
    numerator, denominator = _penalty_exact(derivation)
    return rounded(numerator, denominator, _rounding(derivation))


def _penalty(derivation: Derivation) -> int:
    numerator, denominator = 0, 1
    for step in derivation.steps:
        part_numerator, part_denominator = _penalty_exact(step)
        numerator = numerator * part_denominator + part_numerator * denominator
        denominator *= part_denominator
    return rounded(numerator, denominator, _rounding(derivation))


def _irr(derivation: Derivation) -> Decimal:
    flows: tuple[tuple[date, int], ...] = derivation.input("flows")
    rates = annual_rates(flows=flows, every=derivation.input("every"), unit=derivation.input("unit"))
    return rates.simple if derivation.figure is Figure.ANNUAL_RATE else rates.compound


def _given(derivation: Derivation) -> int:
    amount: int = derivation.input("amount_fen")
    return amount


_EVALUATE: dict[Formula, Callable[[Derivation], int | Decimal]] = {
    Formula.GIVEN: _given,
    Formula.ROWS: _given,
    Formula.CHANGE: _change,
    Formula.SUM: _step_sum,
    Formula.DIFFERENCE: _difference,
    Formula.REST: _given,
    Formula.EQUAL_PART: _equal_part,
    Formula.ANNUITY: _annuity,
    Formula.INTEREST: _interest,
    Formula.FLAT_COST: _flat,
    Formula.FLAT_INTEREST: _flat,
    Formula.PRO_RATA: _pro_rata,
    Formula.BORNE: _borne,
    Formula.PENALTY: _penalty,
    Formula.PENALTY_SPAN: _penalty_span,
    Formula.IRR: _irr,
}
