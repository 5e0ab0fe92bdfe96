"""The day-end with everything it sets going: what a date announces and says is done before the next date closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.jobs import chores
from fenqi.plumbing import business_date
from fenqi.servicing import dayend

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    Progress = Callable[[datetime.date, str, float], None]


def run_dayend(*, to: datetime.date, progress: Progress | None = None) -> int:
    """
    Close every business date before `to`; tells how many. Not inside a transaction.

    Raises: DayEndRunning, DayEndError.
    """
    closed = 0
    chores.drain_outbox()
    while business_date.current() < to:
        for on in dayend.run_dayend(progress=progress):
            closed += 1
            chores.report_credit(on)
        chores.finish_orders()
        chores.drain_outbox()
    return closed
