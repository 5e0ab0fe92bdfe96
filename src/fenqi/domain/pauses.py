"""Days that do not count as past due: a pause of delinquency, and a return that is open."""

from __future__ import annotations

from fenqi.domain.errors import EventRefused
from fenqi.domain.events import Event, EventKind, Phase
from fenqi.domain.running import Pause, RunningLoan


def pause(loan: RunningLoan, event: Event) -> None:
    """
    Begin or end a pause. It lasts from its day to `ends_on`, or until the event that ends it.

    Raises: EventRefused where there is no pause of the kind to end.
    """
    is_return = event.kind is EventKind.RETURN_PAUSE
    if event.phase is Phase.BEGIN:
        loan.pauses.append(Pause(event.on, event.ends_on, is_return))
    else:
        running = [
            one
            for one in loan.pauses
            if one.is_return == is_return and (one.to_on is None or one.to_on > event.on)
        ]
        if not running:
            raise EventRefused("phase", event.phase.value, "the end of a pause that has begun")
        running[-1].to_on = event.on
    loan.record(event, ())
