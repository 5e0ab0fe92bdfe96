"""A peer's product and loan as our terms. Its habits are settings of ours, each set here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from fenqi.domain.rules import (
    AllocationOrder,
    AllocationRules,
    Component,
    Direction,
    FutureRule,
    InterestTo,
    KindOrder,
    OverdueRules,
    RefundOrder,
    RefundRules,
    SettlementRules,
    Timing,
)
from fenqi.domain.terms import (
    DayCount,
    InterestBase,
    InterestFactors,
    LoanTerms,
    Method,
    Rounding,
    Unit,
)

Case = Mapping[str, Any]

UNITS = {"DAYS": Unit.DAY, "WEEKS": Unit.WEEK, "MONTHS": Unit.MONTH}
KINDS = {
    "REPAYMENT": "repayment",
    "DOWN_PAYMENT": "repayment",
    "GOODWILL_CREDIT": "goodwill_credit",
    "MERCHANT_ISSUED_REFUND": "merchant_refund",
    "PAYOUT_REFUND": "payout_refund",
}
FUTURE = {
    "NEXT_INSTALLMENT": FutureRule.NEXT,
    "LAST_INSTALLMENT": FutureRule.LAST,
    "REAMORTIZATION": FutureRule.RE_AMORTISE,
}
REST = {"DAILY": InterestBase.DAILY_BALANCE, "SAME_AS_REPAYMENT": InterestBase.PERIOD_BALANCE}

NO_COST_OF_DELAY = OverdueRules(grace_days=0, tolerance_fen=0, penalty_annual_rate=Decimal(0))
"""The peer charges delay by hand."""


def fen(amount: str | None) -> int:
    """An amount with two decimals as fen."""
    return int(Decimal(amount or "0") * 100)


def day(text: str) -> date:
    """A date of a case."""
    return date.fromisoformat(text)


def terms_of_schedule(case: Case) -> LoanTerms:
    """The terms of a schedule case."""
    starts = case.get("period_starts_on")
    if case.get("repayment_start") == "SUBMITTED_ON_DATE":
        starts = case["submitted_on"]
    return LoanTerms(
        **_plan(
            method=case["method"],
            interest_type=case["interest_type"],
            period=case["interest_calculation_period"],
            rate=case["annual_rate_percent"],
            is_progressive=case["schedule_type"] == "PROGRESSIVE",
            days_in_month=case["day_count"]["days_in_month"],
            days_in_year=case["day_count"]["days_in_year"],
        ),
        installments=case["number_of_installments"],
        every=case["repay_every"][0],
        unit=UNITS[case["repay_every"][1]],
        rounding=Rounding[case["rounding"]["money"].split()[0]],
        installment_multiple_fen=100 * (case["rounding"]["installment_multiple_of"] or 0) or 1,
        down_payment_rate=Decimal(case["down_payment_percent"] or 0) / 100,
        principal_grace=case["grace"]["principal"],
        interest_grace=case["grace"]["interest"],
        fixed_length=case.get("fixed_length"),
        starts_on=day(starts) if starts else None,
        overdue=NO_COST_OF_DELAY,
        cost_cap_annual_rate=None,
    )


def terms_of_loan(case: Case) -> LoanTerms:
    """The terms of a servicing case."""
    product, loan = case["product"], case["loan"]
    down = product.get("down_payment") or {}
    recalculation = product["interest_recalculation"]
    starts = loan["submitted_on"] if product.get("repayment_start") == "SUBMITTED_ON_DATE" else None
    return LoanTerms(
        **_plan(
            method=loan["amortization"].lower(),
            interest_type=loan["interest_type"].lower(),
            period=(loan.get("interest_calculation_period") or "DAILY").lower(),
            rate=loan["annual_rate_percent"],
            is_progressive=product["schedule_type"] == "PROGRESSIVE",
            days_in_month=product["days_in_month"],
            days_in_year=product["days_in_year"],
        ),
        interest_base=REST[recalculation["rest_frequency"]] if recalculation else InterestBase.SCHEDULE,
        installments=loan["installments"],
        every=loan["repay_every"][0],
        unit=UNITS[loan["repay_every"][1]],
        rounding=Rounding[product["money_rounding"].split()[0]],
        installment_multiple_fen=100 * (product["installment_multiple_of"] or 0) or 1,
        down_payment_rate=Decimal(down.get("percent_of_disbursed") or 0) / 100,
        principal_grace=loan.get("grace_principal") or 0,
        interest_grace=loan.get("grace_interest") or 0,
        fixed_length=product.get("fixed_length"),
        starts_on=day(starts) if starts else None,
        allocation=_allocation(product),
        settlement=_settlement(recalculation),
        refund=RefundRules(order=RefundOrder.AS_PAYMENT),
        overdue=NO_COST_OF_DELAY,
        cost_cap_annual_rate=None,
    )


def _plan(
    *,
    method: str,
    interest_type: str,
    period: str,
    rate: str,
    is_progressive: bool,
    days_in_month: str,
    days_in_year: str,
) -> dict[str, Any]:
    annual_rate = Decimal(rate) / 100
    factors = InterestFactors.MONTH_PARTS
    day_count = DayCount(f"{'30' if days_in_month == '30' else 'actual'}/{days_in_year.lower()}")
    if not is_progressive:
        # Cumulative schedules take rate / 12 a month; counting daily changes the interest within, in years of 365.
        is_daily = period == "daily"
        factors = InterestFactors.DATED_INTEREST if is_daily else InterestFactors.WHOLE_PERIODS
        day_count = DayCount(f"actual/{365 if days_in_year == 'ACTUAL' else days_in_year}")
    return {
        "method": _method(method, interest_type, annual_rate),
        "annual_rate": annual_rate,
        "day_count": day_count,
        "interest_factors": factors,
        "smooth_last": is_progressive,
    }


def _method(method: str, interest_type: str, annual_rate: Decimal) -> Method:
    if not annual_rate:
        return Method.INTEREST_FREE
    if interest_type == "flat":
        return Method.FLAT_INTEREST
    return Method.EQUAL_PRINCIPAL if method.startswith("equal_principal") else Method.EQUAL_INSTALLMENT


def _allocation(product: Case) -> AllocationRules:
    rules = product.get("payment_allocation") or {}
    direction = Direction((product.get("processing") or "HORIZONTAL").lower())
    orders = {kind: _order(rule, direction) for kind, rule in rules.items()}
    chargeback = (product.get("credit_allocation") or {}).get("CHARGEBACK", ["PRINCIPAL"])
    return AllocationRules(
        usual=orders.get("DEFAULT", AllocationOrder()),
        by_kind=tuple(
            KindOrder(kind=KINDS[kind], order=order) for kind, order in orders.items() if kind in KINDS
        ),
        aged=None,
        chargeback=tuple(Component(name.lower()) for name in chargeback),
    )


def _order(rule: Case, direction: Direction) -> AllocationOrder:
    claims = []
    for name in rule["order"]:
        timing, _, component = name.rpartition("_")
        claims.append((Timing(timing.lower()), Component(component.lower())))
    return AllocationOrder(
        claims=tuple(claims), direction=direction, future=FUTURE[rule["future_installment_rule"]]
    )


def _settlement(recalculation: Case | None) -> SettlementRules:
    if recalculation is None:
        return SettlementRules(interest_to=InterestTo.MATURITY)
    until = recalculation.get("pre_close_interest", "TILL_PRE_CLOSE_DATE")
    to = InterestTo.PERIOD_END if until == "TILL_REST_FREQUENCY_DATE" else InterestTo.DAY
    return SettlementRules(interest_to=to)
