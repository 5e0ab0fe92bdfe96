"""Debt that comes back: a chargeback takes back a repayment, a refund went out beyond what was overpaid."""

from __future__ import annotations

from datetime import date

from fenqi.domain.allocation import merged
from fenqi.domain.errors import UnknownEvent
from fenqi.domain.events import Event, EventKind
from fenqi.domain.rules import Component
from fenqi.domain.running import POSITION_OF, PRINCIPAL, RunningLoan
from fenqi.domain.state import Share


def put_back(
    loan: RunningLoan, amount_fen: int, on: date, component: Component = Component.PRINCIPAL
) -> list[Share]:
    """Owe an amount again, with the first installment due on the day or after it, or with a row of its own."""
    if not amount_fen:
        return []
    row = loan.row_for(on) or loan.extra_row(on)
    position = POSITION_OF[component]
    row.charge(position, amount_fen)
    if position == PRINCIPAL:
        row.put_back_fen += amount_fen
    return [Share(row.number, component, amount_fen)]


def charge_back(loan: RunningLoan, event: Event) -> None:
    """
    The payer's bank took a repayment back, in part or whole: what it had paid is owed again.

    Money overpaid that covers it goes instead; else it meets what is owed again. The parts come back in the order of the terms, none beyond what the repayment had
    paid of it; the rest is principal. Raises: UnknownEvent if `of` names no repayment before.
    """
    if event.amount_fen <= loan.overpaid_fen:
        loan.overpaid_fen -= event.amount_fen
        loan.record(event, (), event.amount_fen)
        return
    left = event.amount_fen
    shares: list[Share] = []
    for component, most in _paid_by(loan, event).items():
        part = min(left, most)
        shares += put_back(loan, part, event.on, component)
        left -= part
    shares += put_back(loan, left, event.on)
    loan.record(event, merged(shares))


def _paid_by(loan: RunningLoan, event: Event) -> dict[Component, int]:
    order = loan.terms.allocation.chargeback
    if event.of is None:
        return {}
    for outcome in loan.outcomes:
        if outcome.event_id == event.of and outcome.kind is not EventKind.PAYOUT:
            sums = dict.fromkeys(order, 0)
            for share in outcome.shares:
                if share.component in sums:
                    sums[share.component] += share.fen
            return sums
    raise UnknownEvent("of", event.of, "the id of a repayment before the chargeback")
