"""
A loan as it stands after its first events, to go on from: one more repayment then costs one event and not all of them.

It is the loan in motion between two events, kept as it is: going on from it takes the very steps that a replay takes.
Only of the plainest loans: on their planned schedule, one payout, and repayments in the order of their dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fenqi.domain.events import Event, EventKind
from fenqi.domain.overdue import count_overdue
from fenqi.domain.replay import NO_IDS, apply
from fenqi.domain.running import NOTHING, Row, RunningLoan
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms
from fenqi.domain.view import view


@dataclass(frozen=True, slots=True)
class Waypoint:
    """`sequence` and `last_on` are those of the last event in it, `payout` is the first one."""

    sequence: int
    last_on: date
    payout: Event
    loan: RunningLoan

    def continues(self, events: Sequence[Event]) -> bool:
        """Whether events that follow can go on from here: repayments, one after the other, none before this day."""
        last_on = self.last_on
        for event in events:
            if event.kind is not EventKind.REPAYMENT or event.on < last_on:
                return False
            last_on = event.on
        return True


def waypoint_after(terms: LoanTerms, events: Sequence[Event]) -> Waypoint | None:
    """The waypoint after all these events; None for a loan that is not plain enough."""
    if not events or events[0].kind is not EventKind.PAYOUT:
        return None
    first = events[0]
    loan = RunningLoan(terms, NO_IDS)
    if loan.is_on_real_balance:
        return None
    apply(loan, first)
    begun = Waypoint(first.sequence, first.on, first, loan)
    return _after(begun, events[1:]) if begun.continues(events[1:]) else None


def go_on(waypoint: Waypoint, events: Sequence[Event], as_of: date) -> tuple[LoanState, Waypoint]:
    """
    The state at a date after further events that `continues` allows, and the waypoint after them.

    The state is that of a replay of all events, but that its outcomes are those of the further events alone.
    `as_of` is no earlier than the last of them.
    """
    after = _after(waypoint, events)
    shown = _copy(after.loan)
    shown.outcomes = list(after.loan.outcomes)
    count_overdue(shown, as_of)
    return view(shown, as_of), after


def _after(waypoint: Waypoint, events: Sequence[Event]) -> Waypoint:
    loan = _copy(waypoint.loan)
    for event in events:
        apply(loan, event)
    last = events[-1] if events else None
    return Waypoint(
        last.sequence if last else waypoint.sequence,
        last.on if last else waypoint.last_on,
        waypoint.payout,
        loan,
    )


def _copy(loan: RunningLoan) -> RunningLoan:
    """The same loan, to be changed on its own; what was done so far is not told again."""
    other = RunningLoan(loan.terms, loan.reversed_ids)
    other.__dict__.update(loan.__dict__)
    other.rows = [_copy_row(row) for row in loan.rows]
    other.outcomes = []
    other.payouts = [*loan.payouts]
    other.pauses = []
    other.charges = {}
    return other


def _copy_row(row: Row) -> Row:
    other = Row.__new__(Row)
    other.__dict__.update(row.__dict__)
    other.due = [*row.due]
    if row.paid is not NOTHING:
        other.paid = [*row.paid]
    return other
