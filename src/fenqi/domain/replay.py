"""
What a loan owes at a date: its terms and its dated events, replayed. The one place that knows.

Nothing is stored for a night that merely passed: between events interest and penalty are closed forms of the days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter

from fenqi.domain import (
    charges,
    early_payment,
    endings,
    pauses,
    payments,
    payouts,
    put_back,
    real_balance,
    refunds,
    restructuring,
)
from fenqi.domain.errors import BeforePayout, CurrencyMismatch, EventRefused, ReversalOfReversal, UnknownEvent
from fenqi.domain.events import Event, EventKind
from fenqi.domain.overdue import count_overdue, roll_what_is_short
from fenqi.domain.running import RunningLoan
from fenqi.domain.state import (
    Amounts,
    Installment,
    InstallmentStatus,
    LoanState,
    LoanStatus,
    Outcome,
    Share,
    SubsidyShares,
    Totals,
)
from fenqi.domain.terms import LoanTerms
from fenqi.domain.trace import Trace
from fenqi.domain.view import view

__all__ = [
    "Amounts",
    "Installment",
    "InstallmentStatus",
    "LoanState",
    "LoanStatus",
    "Outcome",
    "Share",
    "SubsidyShares",
    "Totals",
    "replay",
    "replay_traced",
    "running_loan",
]

BY_DATE = attrgetter("on", "sequence")

NO_IDS: frozenset[str] = frozenset()

CHANGING_SIZE = frozenset({EventKind.PAYOUT, EventKind.RATE_CHANGE, EventKind.RE_AGE, EventKind.RE_AMORTISE})
"""Kinds after which installments on the real balance have another size."""

STOPPING_INTEREST = frozenset(EventKind) - {
    EventKind.CHARGE,
    EventKind.WAIVER,
    EventKind.DELINQUENCY_PAUSE,
    EventKind.RETURN_PAUSE,
    EventKind.EARLY_SETTLEMENT,
}
"""Kinds that may change the real balance; a settlement stops interest itself, by its own rules."""

Handler = Callable[[RunningLoan, Event], None]

HANDLERS: dict[EventKind, Handler] = {
    EventKind.PAYOUT: payouts.pay_out,
    EventKind.REPAYMENT: payments.receive,
    EventKind.EARLY_SETTLEMENT: early_payment.settle,
    EventKind.PREPAYMENT: early_payment.prepay,
    EventKind.MERCHANT_REFUND: refunds.refund_goods,
    EventKind.PAYOUT_REFUND: payments.receive,
    EventKind.GOODWILL_CREDIT: payments.receive,
    EventKind.OVERPAYMENT_REFUND: payments.refund_overpayment,
    EventKind.CHARGEBACK: put_back.charge_back,
    EventKind.CHARGE: charges.charge,
    EventKind.WAIVER: charges.waive,
    EventKind.RATE_CHANGE: restructuring.change_rate,
    EventKind.DUE_DAY_CHANGE: restructuring.change_due_day,
    EventKind.RE_AGE: restructuring.re_age,
    EventKind.RE_AMORTISE: restructuring.re_amortise,
    EventKind.RESCHEDULE: restructuring.reschedule,
    EventKind.DELINQUENCY_PAUSE: pauses.pause,
    EventKind.RETURN_PAUSE: pauses.pause,
    EventKind.ACCELERATION: endings.accelerate,
    EventKind.CHARGE_OFF: endings.charge_off,
    EventKind.WRITE_OFF: endings.write_off,
    EventKind.RECOVERY: endings.recover,
}


def replay(terms: LoanTerms, events: Sequence[Event], as_of: date) -> LoanState:
    """
    The state of a loan at a date. Pure: the same terms and events always give the same state.

    Events after `as_of` are ignored; those of one day are taken by `sequence`, then in the order given. An event
    that is reversed by `as_of` is as if it had never happened. Money is fen.
    Raises: EventRefused and its kinds (BeforePayout, UnknownEvent, ReversalOfReversal, RefundTooLarge,
    CurrencyMismatch), naming field, value and what is allowed.
    """
    return view(running_loan(terms, events, as_of), as_of)


def replay_traced(terms: LoanTerms, events: Sequence[Event], as_of: date) -> tuple[LoanState, Trace]:
    """The state, and the spans of interest and penalty that were summed for it."""
    trace = Trace()
    return view(running_loan(terms, events, as_of, trace), as_of), trace


def running_loan(
    terms: LoanTerms, events: Sequence[Event], as_of: date, trace: Trace | None = None
) -> RunningLoan:
    """The loan in motion, brought up to the end of a day. For the engine's own modules."""
    effective: list[Event] = []
    is_in_order = True
    has_reversal = False
    last: date | None = None
    for event in events:
        on = event.on
        if on <= as_of:
            effective.append(event)
            if last is not None and on <= last:
                is_in_order = False
            last = on
            if event.kind is EventKind.REVERSAL:
                has_reversal = True
    if not is_in_order:
        effective.sort(key=BY_DATE)
    loan = RunningLoan(terms, _reversed_ids(effective) if has_reversal else NO_IDS, trace)
    for event in effective:
        apply(loan, event)
    if loan.is_on_real_balance:
        real_balance.close_passed(loan, as_of)
        real_balance.project(loan, as_of)
    count_overdue(loan, as_of)
    return loan


def apply(loan: RunningLoan, event: Event) -> None:
    """Let one event happen, after all that came before it. For the engine's own modules."""
    kind = event.kind
    if event.currency is not None and event.currency != loan.terms.currency:
        raise CurrencyMismatch("currency", event.currency, loan.terms.currency)
    if kind is EventKind.REVERSAL:
        loan.record(event, ())
        return
    if loan.reversed_ids and event.id in loan.reversed_ids:
        loan.outcomes.append(Outcome(event.id, kind, event.on, event.amount_fen, (), 0, True))
        return
    if not loan.payouts and kind is not EventKind.PAYOUT:
        raise BeforePayout("on", event.on, "a day on or after the first payout")
    if loan.is_on_real_balance:
        _apply_on_real_balance(loan, event)
    else:
        first = loan.first_open_row()
        if first is not None and first.due_on < event.on:
            count_overdue(loan, event.on)
        if kind is EventKind.REPAYMENT:
            # The commonest event by far: it changes nothing but what it pays.
            payments.receive(loan, event)
            if loan.has_overdue:
                roll_what_is_short(loan, event.on)
            return
        HANDLERS[kind](loan, event)
    loan.mark_paid(event.on)
    if loan.overpaid_fen:
        payments.use_overpaid(loan, event)
    if loan.has_overdue:
        roll_what_is_short(loan, event.on)


def _apply_on_real_balance(loan: RunningLoan, event: Event) -> None:
    """Stop interest on the day, let the event happen, and go on with the balance it leaves."""
    on = event.on
    real_balance.close_passed(loan, on)
    count_overdue(loan, on)
    running = loan.future_rows(on)[:1]
    spans = [(row.earned_fen, row.earned_to) for row in running]
    owed = loan.principal_left_fen()
    if event.kind in STOPPING_INTEREST:
        real_balance.stop(loan, on)
    is_first_payout = not loan.payouts
    HANDLERS[event.kind](loan, event)
    if is_first_payout:
        real_balance.keep_sizes(loan)
    elif event.kind in CHANGING_SIZE:
        loan.sizes_are_stale = True
    if loan.principal_left_fen() == owed and event.kind not in CHANGING_SIZE:
        # Nothing was paid off, so no span ends here.
        for row, (earned_fen, earned_to) in zip(running, spans, strict=True):
            row.earned_fen, row.earned_to = earned_fen, earned_to
    loan.overpaid_fen += real_balance.project(loan, on)


def _reversed_ids(events: Sequence[Event]) -> frozenset[str]:
    reversals = [event for event in events if event.kind is EventKind.REVERSAL]
    seen: dict[str, Event] = {}
    for event in events:
        if event.id in seen:
            raise EventRefused("id", event.id, "an id that no other event of the loan has")
        seen[event.id] = event
    for reversal in reversals:
        target = seen.get(reversal.reverses or "")
        if target is None or target.on > reversal.on:
            raise UnknownEvent(
                "reverses", reversal.reverses, "the id of an event on or before the reversal's day"
            )
        if target.kind is EventKind.REVERSAL:
            raise ReversalOfReversal("reverses", reversal.reverses, "an event that is not itself a reversal")
    return frozenset(reversal.reverses or "" for reversal in reversals)
