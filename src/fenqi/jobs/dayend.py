"""The day-end with everything it sets going: what a date announces and says is done before the next date closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.jobs import chores
from fenqi.servicing import dayend

if TYPE_CHECKING:
    import datetime


def run_dayend(*, to: datetime.date) -> int:
    """
    Close every business date before `to`; tells how many. Not inside a transaction.

    Raises: DayEndRunning, DayEndError.
    """
    closed = 0
    chores.drain_outbox()
    while dayend.next_date() < to:
        for on in dayend.run_dayend():
            closed += 1
            follow_up(on)
        chores.drain_outbox()
    return closed


def follow_up(on: datetime.date) -> None:
    """What is done once dates up to `on` are closed, and holds up no close. A failure waits for the next day-end."""
    chores.take_bills(on)
    chores.report_credit(on)
    chores.finish_orders()
