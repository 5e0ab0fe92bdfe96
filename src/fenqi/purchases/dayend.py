"""What purchases adds to the day-end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.credit import services as credit
from fenqi.purchases import waiting
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    import datetime


def ask_lenders(on: datetime.date) -> dict[str, int]:
    """Note which loans serviced by their lenders have something due, so that the worker asks where they stand."""
    due = servicing.mirrors_due(on)
    for borrower_id, loan_id in due:
        waiting.note(kind=waiting.MIRROR, subject_id=loan_id, borrower_id=borrower_id)
    return {"asked": len(due)} if due else {}


def forget_means(on: datetime.date) -> dict[str, int]:
    """Declarations of income whose time is over, or whose consent was withdrawn, are deleted."""
    return credit.forget_means(on)
