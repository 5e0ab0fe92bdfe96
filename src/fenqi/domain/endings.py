"""How a loan ends badly: everything falls due at once, is charged off, written off, or recovered after."""

from __future__ import annotations

from fenqi.domain.cost import set_cost
from fenqi.domain.events import Event
from fenqi.domain.payments import receive
from fenqi.domain.reshape import count_earned
from fenqi.domain.running import COMPONENT_OF, RunningLoan
from fenqi.domain.state import LoanStatus, Share


def accelerate(loan: RunningLoan, event: Event) -> None:
    """
    Everything falls due on the day: interest counts up to it, later flat costs are waived.

    Undone by reversing the event.
    """
    for row in loan.future_rows(event.on):
        count_earned(loan, row, event.on)
        loan.overpaid_fen += set_cost(loan, row, row.earned_fen)
        row.due_on = row.pay_by_on = event.on
        if row.starts_on > event.on:
            row.starts_on = row.earned_to = event.on
    loan.record(event, ())


def charge_off(loan: RunningLoan, event: Event) -> None:
    """Book the loan as a loss: it stays owed as it is that day, and nothing more accrues."""
    loan.accrues = False
    loan.ended = LoanStatus.CHARGED_OFF
    loan.record(event, _owed(loan))


def _owed(loan: RunningLoan) -> list[Share]:
    return [
        Share(row.number, component, row.open_fen(position))
        for row in loan.rows
        for position, component in enumerate(COMPONENT_OF)
        if row.open_fen(position) > 0
    ]


def write_off(loan: RunningLoan, event: Event) -> None:
    """Give up what is owed: interest and fee not yet earned fall away, the rest is waived."""
    for row in loan.future_rows(event.on):
        count_earned(loan, row, event.on)
        loan.overpaid_fen += set_cost(loan, row, row.earned_fen)
    shares = _owed(loan)
    for row in loan.rows:
        for position in range(len(COMPONENT_OF)):
            row.waive(position, max(0, row.open_fen(position)))
    loan.accrues = False
    loan.ended = LoanStatus.WRITTEN_OFF
    loan.record(event, shares)


def recover(loan: RunningLoan, event: Event) -> None:
    """
    Money received after a charge-off or write-off.

    On a charged-off loan it is allocated like a repayment; of a written-off loan it revives what was given up,
    oldest first, and pays it.
    """
    if loan.ended is LoanStatus.WRITTEN_OFF:
        left = event.amount_fen
        for row in loan.rows:
            for position in range(5):
                part = min(left, row.waived[position])
                row.waive(position, -part)
                left -= part
    receive(loan, event)
