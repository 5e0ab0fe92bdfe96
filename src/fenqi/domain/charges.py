"""Fees and penalties charged by hand or by rule, flat or in percent, and what is forgiven of them."""

from __future__ import annotations

from datetime import date

from fenqi.domain.arithmetic import ratio, rounded
from fenqi.domain.errors import EventRefused, UnknownEvent
from fenqi.domain.events import ChargeBase, Event
from fenqi.domain.running import (
    COMPONENT_OF,
    INTEREST,
    POSITION_OF,
    PRINCIPAL,
    Row,
    RunningLoan,
)
from fenqi.domain.state import Share


def charge(loan: RunningLoan, event: Event) -> None:
    """
    Charge a fee, penalty or late fee.

    It falls due with the installment it names, or with the first one due on or after its own due date; after the
    last one it gets a row of its own. Raises: EventRefused for an installment the loan does not have.
    """
    assert event.component is not None
    row = _row_of(loan, event)
    amount = event.amount_fen or _percent(loan, event, row)
    position = POSITION_OF[event.component]
    row.charge(position, amount)
    loan.charges[event.id] = (row, position)
    loan.record(event, [Share(row.number, event.component, amount)])


def _row_of(loan: RunningLoan, event: Event) -> Row:
    if event.installment_number is None:
        due_on: date = event.due_on or event.on
        return loan.row_for(due_on) or loan.extra_row(due_on)
    for row in loan.rows:
        if row.number == event.installment_number:
            return row
    raise EventRefused(
        "installment_number", event.installment_number, "the number of an installment of the loan"
    )


def _percent(loan: RunningLoan, event: Event, row: Row) -> int:
    assert event.charge_rate is not None
    numerator, denominator = ratio(event.charge_rate)
    return rounded(_base(loan, event, row) * numerator, denominator, loan.terms.rounding)


def _base(loan: RunningLoan, event: Event, row: Row) -> int:
    base = event.charge_base
    if base is ChargeBase.PRINCIPAL:
        return loan.paid_out_fen
    if base is ChargeBase.INSTALLMENT:
        return row.due[PRINCIPAL] + row.due[INTEREST]
    if base is ChargeBase.PAST_DUE:
        return sum(other.left_fen for other in loan.rows if other.due_on < event.on)
    interest = sum(other.due[INTEREST] for other in loan.rows)
    return interest if base is ChargeBase.INTEREST else interest + loan.paid_out_fen


def waive(loan: RunningLoan, event: Event) -> None:
    """
    Forgive up to `amount_fen` of a component: of the charge named by `of`, of one installment, or oldest first.

    Raises: UnknownEvent where `of` names no charge before.
    """
    assert event.component is not None
    position = POSITION_OF[event.component]
    shares: list[Share] = []
    left = event.amount_fen
    for row in _waived_rows(loan, event):
        part = min(left, row.open_fen(position))
        if part > 0:
            row.waive(position, part)
            shares.append(Share(row.number, COMPONENT_OF[position], part))
            left -= part
    loan.record(event, shares)


def _waived_rows(loan: RunningLoan, event: Event) -> list[Row]:
    if event.of is not None:
        if event.of not in loan.charges:
            raise UnknownEvent("of", event.of, "the id of a charge before the waiver")
        return [loan.charges[event.of][0]]
    if event.installment_number is not None:
        return [row for row in loan.rows if row.number == event.installment_number]
    return loan.rows
