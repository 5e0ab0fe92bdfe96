"""Goods given back: the merchant pays their price to the loan, the plan shrinks, interest is given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fenqi.domain.allocation import allocate, order_for, take
from fenqi.domain.arithmetic import rounded, shared_out
from fenqi.domain.cost import FLAT_METHODS, Before, earned_cost, lower_due, planned_cost, set_cost
from fenqi.domain.errors import RefundTooLarge
from fenqi.domain.events import Event, EventKind
from fenqi.domain.overdue import counted_cost
from fenqi.domain.payments import receive
from fenqi.domain.reshape import (
    count_earned,
    lay_again,
    open_installments,
    open_principal,
    recount,
    scale_cost,
)
from fenqi.domain.rules import RefundOrder
from fenqi.domain.running import LATE_FEE, PENALTY, PRINCIPAL, Row, RunningLoan


def refund_goods(loan: RunningLoan, event: Event) -> None:
    """
    Lower the loan by the price of goods that came back.

    By the terms (or the event's own order) every installment shrinks by the same share, the next or the last ones
    are met first, the rest is laid again, or the money is allocated like a payment. Where the terms give interest
    back, interest, fee and penalty of the refunded share go from the first day on, and what was paid of them meets
    other dues. Subsidies shrink with the cost. Raises: RefundTooLarge above what is still financed.
    """
    financed = loan.paid_out_fen - loan.refunded_fen
    if event.amount_fen > financed:
        raise RefundTooLarge(
            "amount_fen", event.amount_fen, f"at most {financed}, what was paid out less refunds"
        )
    loan.refunded_fen += event.amount_fen
    order = event.refund_order or loan.terms.refund.order
    if order is RefundOrder.AS_PAYMENT:
        receive(loan, event)
        return
    before = Before(loan)
    kept = financed - event.amount_fen
    pool = 0
    if loan.terms.refund.interest_back:
        pool += _give_back(loan, kept, financed, event.on)
    if order is RefundOrder.SPREAD:
        pool += _spread(loan, event.amount_fen, kept, financed, event.on)
    else:
        pool += _shrink(loan, event.amount_fen, kept, financed, order, event.on)
    _, rest = allocate(loan, order_for(loan, EventKind.REPAYMENT, event.on), pool, event.on)
    loan.overpaid_fen += rest
    before.record(loan, event)


def _give_back(loan: RunningLoan, kept: int, of: int, on: date) -> int:
    """Lower cost already earned, and penalties, to the share of the goods kept; returns the money that frees."""
    freed = 0
    for row in loan.rows:
        if row.due_on <= on:
            freed += set_cost(loan, row, _share(planned_cost(loan, row), kept, of))
        elif row.starts_on < on:
            earned = earned_cost(loan, row, on)
            rest = planned_cost(loan, row) - earned
            count_earned(loan, row, on)
            row.earned_fen = _share(earned, kept, of)
            freed += set_cost(loan, row, row.earned_fen + rest)
        if row.is_overdue:
            row.penalty = (row.penalty[0] * kept, row.penalty[1] * of)
            row.cap_weight = row.cap_weight * kept // of
            row.late_fee_fen = _share(row.late_fee_fen, kept, of)
            penalty, late_fee = counted_cost(loan, row)
            freed += lower_due(row, PENALTY, penalty)
            freed += lower_due(row, LATE_FEE, late_fee)
    return freed


def _share(fen: int, kept: int, of: int) -> int:
    return rounded(fen * kept, of)


def _spread(loan: RunningLoan, amount: int, kept: int, of: int, on: date) -> int:
    """Meet the same share of every installment's principal; what was paid of it already is freed for other dues."""
    rows = [row for row in loan.rows if row.due[PRINCIPAL] > row.refunded_fen]
    parts = shared_out(amount, [row.due[PRINCIPAL] - row.refunded_fen for row in rows])
    freed = 0
    for row, part in zip(rows, parts, strict=True):
        row.refunded_fen += part
        met = min(part, row.open_fen(PRINCIPAL))
        row.pay(PRINCIPAL, met, on)
        freed += part - met
    future = loan.future_rows(on)
    freed += _scale_future(loan, future, kept, of, on)
    return freed


def _scale_future(loan: RunningLoan, rows: Sequence[Row], kept: int, of: int, on: date) -> int:
    freed = 0
    for row in rows:
        if loan.terms.method not in FLAT_METHODS:
            count_earned(loan, row, on)
        row.opening_fen = _share(row.opening_fen, kept, of)
    freed += scale_cost(loan, rows, kept, of, on)
    return freed


def _shrink(loan: RunningLoan, amount: int, kept: int, of: int, order: RefundOrder, on: date) -> int:
    """Meet principal of the installments to come in the order given, and count their interest anew."""
    rows = open_installments(loan, on)
    balance = open_principal(rows)
    part = min(amount, balance)
    if not part:
        return amount
    freed = 0
    if loan.terms.method in FLAT_METHODS:
        freed = scale_cost(loan, rows, kept, of, on)
    if order is RefundOrder.RE_AMORTISE:
        rows[0].pay(PRINCIPAL, part, on)
        freed += lay_again(loan, rows, balance - part, on)
    else:
        met = rows if order is RefundOrder.FUTURE_FIRST else rows[::-1]
        take(met, (PRINCIPAL,), part, on, [])
        freed += recount(loan, rows, on)
    return freed + amount - part
