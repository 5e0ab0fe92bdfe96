"""Which step an application waits at: one function that every page, link and lost session asks."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fenqi.credit.models import ApplicationState


class Step(enum.StrEnum):
    """Steps of an application, in order; the last four are ends or waits."""

    IDENTITY = "identity"
    MEANS = "means"
    """Only where a rule needs to know what the person earns."""
    CONTACT = "contact"
    CARD = "card"
    DECISION = "decision"
    AGREEMENT = "agreement"
    CONFIRM = "confirm"
    WAITING = "waiting"
    """Money is on its way, or we do not know yet."""
    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What the next step depends on; an order that is given up closes its application."""

    state: str
    is_identified: bool
    contact_status: str
    has_card: bool
    wants_means: bool = False


_BY_STATE = {
    ApplicationState.DECIDING: Step.DECISION,
    ApplicationState.REFERRED: Step.DECISION,
    ApplicationState.SIGNED: Step.CONFIRM,
    ApplicationState.DISBURSING: Step.WAITING,
    ApplicationState.DONE: Step.DONE,
    ApplicationState.DECLINED: Step.DECLINED,
    ApplicationState.CANCELLED: Step.CANCELLED,
}


def next_step(progress: Progress) -> Step:
    """The one step this application waits at now; steps already done are never asked again."""
    if progress.state == ApplicationState.STARTED:
        if not progress.is_identified:
            return Step.IDENTITY
        if progress.wants_means:
            return Step.MEANS
        if progress.contact_status != "approved":
            return Step.CONTACT
        return Step.DECISION
    if progress.state == ApplicationState.APPROVED:
        return Step.AGREEMENT if progress.has_card else Step.CARD
    return _BY_STATE[ApplicationState(progress.state)]
