"""The day-end's step: what was to be said on this date is said on this date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.messages.delivery import deliver_due
from fenqi.messages.models import Message, State

if TYPE_CHECKING:
    import datetime


def deliver(on: datetime.date) -> dict[str, int]:
    """Deliver what is due; cheap when nothing waits."""
    if not Message.objects.filter(state=State.QUEUED).exists():
        return {}
    return {"messages": deliver_due()}
