"""
Loans with many events that this process has just seen: a repayment reads and replays what has come since, not all.

Kept in memory only. What is kept was committed and never changes, because events only grow: another process may have
recorded more since, and those are read.
"""

from __future__ import annotations

import time
from uuid import UUID

from fenqi.domain.waypoint import Waypoint

FROM_EVENTS = 32
"""Below it a replay costs less than the care."""

MOST_KEPT = 256

_kept: dict[UUID, Waypoint] = {}


def known(loan_id: UUID) -> Waypoint | None:
    """Where a loan can be gone on from, if that is known."""
    return _kept.get(loan_id)


def keep(loan_id: UUID, waypoint: Waypoint) -> None:
    """Remember where a loan stood, after events that are committed."""
    if len(_kept) >= MOST_KEPT and loan_id not in _kept:
        _kept.clear()
    _kept[loan_id] = waypoint


def forget(loan_id: UUID) -> None:
    """What came since does not go on from there."""
    _kept.pop(loan_id, None)


SOUGHT_SECONDS = 1.0
_sought: dict[UUID, float] = {}


def seek(loan_id: UUID) -> None:
    """Others are writing on this loan too: for a moment it is better to wait in line than to try and be late."""
    if len(_sought) >= MOST_KEPT:
        _sought.clear()
    _sought[loan_id] = time.monotonic()


def is_sought(loan_id: UUID) -> bool:
    """Whether somebody else was faster on this loan a moment ago."""
    return loan_id in _sought and time.monotonic() - _sought[loan_id] < SOUGHT_SECONDS
