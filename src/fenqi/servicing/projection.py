"""
What is stored of a loan's state: pure, from the engine's answer to the rows of servicing_loan and its installments.

Accrual. A period earns its interest and fee evenly by the day. At a date D a loan's part of the receivable is
`carried + round(accruing * elapsed / length)` with elapsed = days from `accrues_from` to D, at most the period:
`carried` is what past periods earned less everything paid or forgiven (negative where paid in advance), `accruing` is
the whole of the running period. Days pass without a row being written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fenqi.domain.events import Event, EventKind
from fenqi.domain.state import Installment, LoanState, LoanStatus
from fenqi.domain.terms import InterestBase, LoanTerms, Method

# Days past due at which a loan moves to another bucket or class (rules-cn 5.4, 5.6); grace adds one more.
THRESHOLDS = (31, 61, 91, 121, 151, 181, 271, 361)
TIER_FROM = ((361, 5), (271, 4), (91, 3), (1, 2))
CLOSED = frozenset({LoanStatus.SETTLED, LoanStatus.OVERPAID, LoanStatus.CHARGED_OFF, LoanStatus.WRITTEN_OFF})
PAUSES = frozenset({EventKind.DELINQUENCY_PAUSE, EventKind.RETURN_PAUSE})
PLAIN_KINDS = frozenset({EventKind.PAYOUT, EventKind.REPAYMENT, EventKind.EARLY_SETTLEMENT})

INSTALLMENT_COLUMNS = (
    "number",
    "starts_on",
    "due_on",
    "balance_after_fen",
    "principal_fen",
    "interest_fen",
    "fee_fen",
    "penalty_fen",
    "late_fee_fen",
    "principal_paid_fen",
    "interest_paid_fen",
    "fee_paid_fen",
    "penalty_paid_fen",
    "late_fee_paid_fen",
    "waived_fen",
    "subsidy_fen",
    "paid_on",
)

InstallmentRow = tuple[Any, ...]
"""The values of INSTALLMENT_COLUMNS."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The columns of servicing_loan that follow from the events, and the installments whose rows follow from them."""

    loan: dict[str, Any]
    of: tuple[Installment, ...]

    @property
    def installments(self) -> tuple[InstallmentRow, ...]:
        """The rows of servicing_loaninstallment."""
        return tuple(installment_row(row) for row in self.of)


def project(terms: LoanTerms, events: Sequence[Event], state: LoanState) -> Projection:
    """The rows of a loan whose state is `state`."""
    is_closed = state.status in CLOSED
    seen = _look_at(state.installments, state.as_of, is_closed=is_closed)
    oldest = seen.open_past[0].due_on if seen.open_past and not is_closed else None
    days = 0 if is_closed else state.days_past_due
    current = seen.current
    return Projection(
        loan={
            "state": _state(state, days),
            "projected_on": state.as_of,
            "settled_on": state.settled_on,
            "principal_outstanding_fen": state.principal_outstanding_fen,
            "outstanding_fen": state.outstanding_fen,
            "overpaid_fen": state.overpaid_fen,
            "next_due_on": seen.next_due_on,
            "oldest_unpaid_due_on": oldest,
            "paused_days": (state.as_of - oldest).days - days if oldest and days else 0,
            "bucket": bucket_of(days),
            "tier": tier_of(days, state.status),
            "is_paused": state.is_paused and not is_closed,
            "wakes_on": None if is_closed else _wakes_on(terms, events, state, seen),
            "is_plain": seen.is_in_order and _is_plain(terms, events, state),
            "accrues_from": current.starts_on if current else None,
            "accrues_to": current.due_on if current else None,
            "interest_carried_fen": seen.interest_fen,
            "interest_accruing_fen": current.interest_fen if current else 0,
            "fee_carried_fen": seen.fee_fen,
            "fee_accruing_fen": current.fee_fen if current else 0,
            "subsidy_unearned_fen": seen.unearned_fen,
            "subsidy_accruing_fen": current.subsidy.total_fen if current else 0,
        },
        of=state.installments,
    )


@dataclass(slots=True)
class _Seen:
    """What one look at all installments tells."""

    open_past: list[Installment]
    """Due up to now and not paid off."""
    current: Installment | None = None
    """Of the running period; none once the loan is closed."""
    next_due_on: date | None = None
    """The next due date to come on which something is left to pay; what is due today is no longer to come."""
    interest_fen: int = 0
    """Earned in past periods, less what was paid or forgiven of any."""
    fee_fen: int = 0
    unearned_fen: int = 0
    is_in_order: bool = True
    """Paid installments first and untouched ones after."""


def _look_at(rows: Sequence[Installment], as_of: date, *, is_closed: bool) -> _Seen:
    seen = _Seen([])
    is_paid_before = True
    interest = fee = 0
    for row in rows:
        due_on, left = row.due_on, row.outstanding_fen
        interest -= row.interest_paid_fen + row.interest_waived_fen
        fee -= row.fee_paid_fen + row.fee_waived_fen
        is_past = due_on <= as_of
        if is_past or is_closed:
            interest += row.interest_fen
            fee += row.fee_fen
        else:
            seen.unearned_fen += sum(row.subsidy)
            if seen.current is None:
                seen.current = row
        if left > 0:
            if is_past:
                seen.open_past.append(row)
            elif seen.next_due_on is None and not is_closed:
                seen.next_due_on = due_on
            if row.paid_fen or row.waived_fen or row.pay_by_on != due_on:
                seen.is_in_order = False
            is_paid_before = False
        elif not is_paid_before:
            seen.is_in_order = False
    seen.interest_fen, seen.fee_fen = interest, fee
    return seen


def installment_row(row: Installment) -> InstallmentRow:
    """The stored form of an installment."""
    return (
        row.number,
        row.starts_on,
        row.due_on,
        row.balance_after_fen,
        *row[4:14],
        row.waived_fen,
        row.subsidy.total_fen,
        row.paid_on,
    )


def bucket_of(days_past_due: int) -> int:
    """0-7 for M0-M7."""
    return min(7, (days_past_due + 29) // 30)


def tier_of(days_past_due: int, status: LoanStatus = LoanStatus.ACTIVE) -> int:
    """The five-tier class: 1 normal, 2 special mention, 3 substandard, 4 doubtful, 5 loss (rules-cn 5.4)."""
    if status in (LoanStatus.CHARGED_OFF, LoanStatus.WRITTEN_OFF):
        return 5
    return next((tier for days, tier in TIER_FROM if days_past_due >= days), 1)


def _state(state: LoanState, days: int) -> str:
    if state.status is LoanStatus.OVERDUE or (state.status is LoanStatus.ACTIVE and days):
        return "overdue"
    return "active" if state.status is LoanStatus.PENDING else state.status.value


def _wakes_on(terms: LoanTerms, events: Sequence[Event], state: LoanState, seen: _Seen) -> date | None:
    """The next day on which time alone moves the loan: end of grace, a bucket, a class, the end of a pause."""
    on = state.as_of
    tomorrow = on + timedelta(days=1)
    candidates = [
        max(tomorrow, event.ends_on + timedelta(days=1))
        for event in events
        if event.kind in PAUSES and event.ends_on is not None and event.ends_on >= on
    ]
    if state.days_past_due:
        following = next((days for days in THRESHOLDS if days > state.days_past_due), None)
        if following:
            candidates.append(on + timedelta(days=following - state.days_past_due))
    elif seen.open_past and not state.is_paused:
        grace = timedelta(days=terms.overdue.grace_days + 1)
        ahead = [row.pay_by_on + grace for row in seen.open_past if row.pay_by_on + grace > on]
        if len(ahead) < len(seen.open_past):
            # Tolerated: what is short rolls from one due date to the next, and after the last from month to month.
            ahead.append((seen.next_due_on or on + timedelta(days=28)) + grace)
        candidates.append(min(ahead))
    return min(candidates, default=None)


def is_by_schedule(terms: LoanTerms) -> bool:
    """Whether interest is that of the plan, whenever an installment is really paid."""
    return terms.interest_base is InterestBase.SCHEDULE and terms.method is not Method.DAILY_INTEREST


def _is_plain(terms: LoanTerms, events: Sequence[Event], state: LoanState) -> bool:
    """
    Whether a payment of exactly the next installment can be booked without the engine, and time moves it by formula.

    So: on the planned balance, one payout and money received, nothing else ever; installments as `is_in_order` says.
    """
    if not is_by_schedule(terms) or state.is_paused or state.overpaid_fen:
        return False
    if any(event.kind not in PLAIN_KINDS for event in events):
        return False
    return sum(event.kind is EventKind.PAYOUT for event in events) == 1
