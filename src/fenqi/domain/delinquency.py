"""Days past due, buckets and the penalty rate: how late a loan is, with grace and pauses taken out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from fenqi.domain.running import Pause, Row, RunningLoan
from fenqi.domain.terms import LoanTerms

BUCKET_DAYS = 30
LAST_BUCKET = 7


def bucket_of(days_past_due: int) -> str:
    """M0 not past due, M1 1-30 days, and so on in steps of 30 to M6 151-180, M7 above. Source: rules-cn 5.6."""
    return f"M{min(LAST_BUCKET, (days_past_due + BUCKET_DAYS - 1) // BUCKET_DAYS)}"


def penalty_annual_rate(terms: LoanTerms, annual_rate: Decimal | None = None) -> Decimal:
    """
    The yearly rate of penalty: fixed, or a multiple of the contract rate, never above the cost cap.

    `annual_rate` is the contract rate where it is not the one in the terms (after a rate change).
    Source: rules-cn 2.7.
    """
    rules = terms.overdue
    rate = rules.penalty_annual_rate
    if rate is None:
        contract = terms.annual_rate if annual_rate is None else annual_rate
        rate = rules.penalty_multiplier * (contract or rules.rate_without_interest)
    cap = terms.cost_cap_annual_rate
    return rate if cap is None else min(rate, cap)


def counted_days(pauses: list[Pause], from_on: date, to_on: date) -> int:
    """The days after `from_on` up to `to_on` that are in no pause."""
    if to_on <= from_on:
        return 0
    days = (to_on - from_on).days
    if not pauses:
        return days
    seen_to = from_on
    for pause in sorted(pauses, key=lambda pause: pause.from_on):
        begin = max(pause.from_on, seen_to)
        end = to_on if pause.to_on is None else min(pause.to_on, to_on)
        if end > begin:
            days -= (end - begin).days
            seen_to = end
    return days


def is_return_open(loan: RunningLoan, on: date) -> bool:
    """Whether a return is open on that day, so that nothing counts as past due."""
    return any(
        pause.is_return and pause.from_on <= on and (pause.to_on is None or on <= pause.to_on)
        for pause in loan.pauses
    )


def days_past_due_of(loan: RunningLoan, row: Row, on: date) -> int:
    """How many days a row is past due: 0 within its grace and for what is tolerated."""
    if not row.is_overdue or not row.left_fen:
        return 0
    return counted_days(loan.pauses, row.overdue_since or row.pay_by_on, on)


def days_past_due(loan: RunningLoan, on: date) -> int:
    """How many days the loan is past due: those of its oldest overdue row."""
    if loan.pauses and is_return_open(loan, on):
        return 0
    for row in loan.rows:
        if row.due_on >= on:
            return 0
        days = days_past_due_of(loan, row, on)
        if days:
            return days
    return 0
