"""Money coming in: repayments, credits and refunds that are allocated like one, recoveries; money overpaid."""

from __future__ import annotations

from fenqi.domain.allocation import allocate, order_for
from fenqi.domain.events import Event, EventKind
from fenqi.domain.put_back import put_back
from fenqi.domain.running import RunningLoan


def receive(loan: RunningLoan, event: Event) -> None:
    """Allocate money by the order of its kind; what meets no due is kept as overpaid."""
    shares, rest = allocate(loan, order_for(loan, event.kind, event.on), event.amount_fen, event.on)
    loan.overpaid_fen += rest
    loan.record(event, shares, rest)


def refund_overpayment(loan: RunningLoan, event: Event) -> None:
    """
    Pay back what was paid too much. What goes out beyond it is owed again, as principal.

    That happens when a repayment made before is reversed later: the money is gone, so the loan owes it.
    """
    from_overpaid = min(loan.overpaid_fen, event.amount_fen)
    loan.overpaid_fen -= from_overpaid
    shares = put_back(loan, event.amount_fen - from_overpaid, event.on)
    loan.record(event, shares, from_overpaid)


def use_overpaid(loan: RunningLoan, event: Event) -> None:
    """Let money overpaid before meet dues an event has made, and note it with that event."""
    if not loan.left_fen():
        return
    order = order_for(loan, EventKind.REPAYMENT, event.on)
    shares, rest = allocate(loan, order, loan.overpaid_fen, event.on)
    loan.overpaid_fen = rest
    loan.outcomes[-1] = loan.outcomes[-1]._replace(from_overpaid=tuple(shares))
