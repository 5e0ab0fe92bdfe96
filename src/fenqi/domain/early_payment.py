"""Paying early: what settling everything costs on a day, and what prepaying a part does to the plan."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from fenqi.domain import real_balance
from fenqi.domain.allocation import allocate, order_for, take
from fenqi.domain.arithmetic import ratio, rounded
from fenqi.domain.cost import FLAT_METHODS, Before, earned_cost, set_cost
from fenqi.domain.events import Event, Keep
from fenqi.domain.reshape import lay_again, open_installments, open_principal, regular_installment, scale_cost
from fenqi.domain.rules import AllocationOrder, Claim, InterestTo, RemainingFee, Timing
from fenqi.domain.running import FEE, INTEREST, LATE_FEE, PENALTY, PRINCIPAL, Row, RunningLoan
from fenqi.domain.terms import Method


class SettlementLine(NamedTuple):
    """What one installment contributes to a settlement, in fen."""

    installment_number: int
    due_on: date
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    late_fee_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The price of settling on a day. `amount_fen` is the sum of the parts less what was overpaid before."""

    on: date
    amount_fen: int
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    late_fee_fen: int
    settlement_fee_fen: int
    saved_fen: int
    """Against paying everything by schedule from that day on."""
    overpaid_used_fen: int
    lines: tuple[SettlementLine, ...]


def settlement_fee(loan: RunningLoan, on: date) -> int:
    """The fee for settling on a day, on the principal that is not due yet."""
    rules = loan.terms.settlement
    rows = [row for row in loan.rows if row.due_on > on and row.open_fen(PRINCIPAL) > 0]
    if not rows or (rules.fee_free_from is not None and rows[0].number >= rules.fee_free_from):
        return 0
    numerator, denominator = ratio(rules.fee_rate)
    fee = rounded(open_principal(rows) * numerator, denominator, loan.terms.rounding) + rules.fee_fixed_fen
    fee = max(fee, rules.fee_floor_fen)
    return fee if rules.fee_cap_fen is None else min(fee, rules.fee_cap_fen)


def trim(loan: RunningLoan, on: date) -> int:
    """
    Cut the cost of the time after a settlement by the rules of the terms; returns the money that frees.

    Source: rules-cn 2.5.
    """
    rules = loan.terms.settlement
    if rules.interest_to is InterestTo.MATURITY:
        if loan.is_on_real_balance:
            real_balance.fix_to_maturity(loan, on)
        return 0
    if loan.is_on_real_balance:
        at_period_end = rules.interest_to is InterestTo.PERIOD_END
        return real_balance.stop(loan, on, for_good=True, at_period_end=at_period_end)
    freed = 0
    is_fee = loan.terms.method is Method.FLAT_FEE
    for row in loan.future_rows(on):
        has_begun = row.starts_on < on or row.earned_fen > 0
        if is_fee and rules.remaining_fee is RemainingFee.CHARGED:
            continue
        if has_begun and rules.interest_to is InterestTo.PERIOD_END:
            continue
        freed += set_cost(loan, row, earned_cost(loan, row, on) if has_begun else 0)
    return freed


def settlement_of(loan: RunningLoan, on: date) -> Settlement:
    """The price of settling a loan on a day. The loan given is changed: hand in one that nobody needs."""
    by_schedule = loan.left_fen() - loan.overpaid_fen
    fee = settlement_fee(loan, on)
    freed = trim(loan, on) + loan.overpaid_fen
    lines = [
        SettlementLine(row.number, row.due_on, *map(row.open_fen, range(5)))
        for row in loan.rows
        if row.left_fen
    ]
    parts = [sum(row.open_fen(position) for row in loan.rows) for position in range(5)]
    amount = max(0, sum(parts) + fee - freed)
    return Settlement(
        on=on,
        amount_fen=amount,
        principal_fen=parts[PRINCIPAL],
        interest_fen=parts[INTEREST],
        fee_fen=parts[FEE],
        penalty_fen=parts[PENALTY],
        late_fee_fen=parts[LATE_FEE],
        settlement_fee_fen=fee,
        saved_fen=by_schedule - amount,
        overpaid_used_fen=freed,
        lines=tuple(lines),
    )


def settle(loan: RunningLoan, event: Event) -> None:
    """
    Settle early: the cost of the time after is cut, the fee charged, and the money pays everything.

    Less money than the price of the day (which a correction of the past may have raised) is a prepayment instead;
    more is kept as overpaid.
    """
    if event.amount_fen < settlement_of(deepcopy(loan), event.on).amount_fen:
        if loan.is_on_real_balance:
            real_balance.stop(loan, event.on)
        prepay(loan, event)
        return
    before = Before(loan)
    fee = settlement_fee(loan, event.on)
    freed = trim(loan, event.on)
    if fee:
        row = loan.row_for(event.on) or loan.rows[-1]
        row.charge(FEE, fee)
    money = event.amount_fen + freed + loan.overpaid_fen
    loan.overpaid_fen = take(loan.rows, (LATE_FEE, PENALTY, FEE, INTEREST, PRINCIPAL), money, event.on, [])
    before.record(loan, event, fee)


def prepay(loan: RunningLoan, event: Event) -> None:
    """
    Pay part of the principal before it is due: first what is due, then principal, then the plan is laid again.

    The installment of the running period takes the prepaid principal; interest already earned stays with it.
    """
    before = Before(loan)
    order = order_for(loan, event.kind, event.on)
    _, left = allocate(loan, replace(order, claims=_not_in_advance(order)), event.amount_fen, event.on)
    rows = open_installments(loan, event.on)
    part = min(left, open_principal(rows))
    if part:
        freed = prepay_principal(loan, rows, part, event.keep, event.on)
        _, left = allocate(loan, order, left - part + freed, event.on)
    loan.overpaid_fen += left
    before.record(loan, event)


def prepay_principal(loan: RunningLoan, rows: Sequence[Row], part: int, keep: Keep, on: date) -> int:
    """Take principal off the installments to come and lay the rest again; returns the money that frees."""
    balance = open_principal(rows)
    size = None if keep is Keep.SMALLER_INSTALLMENTS else regular_installment(rows, loan.terms.method)
    freed = 0
    if loan.terms.method in FLAT_METHODS:
        freed = scale_cost(loan, rows, balance - part, balance, on)
    rows[0].pay(PRINCIPAL, part, on)
    if loan.is_on_real_balance:
        # The plan is laid again after the event: with the old size of installments the last ones run empty.
        loan.sizes_are_stale = keep is Keep.SMALLER_INSTALLMENTS
        return freed
    freed += lay_again(loan, rows, balance - part, on, installment_fen=size)
    for row in reversed(rows[1:]):
        if row.open_fen(PRINCIPAL) or any(row.paid):
            break
        freed += set_cost(loan, row, 0)
        if not row.left_fen:
            loan.rows.remove(row)
    return freed


def _not_in_advance(order: AllocationOrder) -> tuple[Claim, ...]:
    return tuple(claim for claim in order.claims if claim[0] is not Timing.IN_ADVANCE)
