"""
One event of a loan: the event, the new projection and the ledger entry in one transaction, in two trips.

Everything that changes a loan goes through `record`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fenqi.domain import posting_rules
from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event, EventKind
from fenqi.domain.posting_rules import Entry
from fenqi.domain.replay import replay
from fenqi.domain.state import LoanState, LoanStatus, Outcome, Share, SubsidyShares
from fenqi.domain.terms import LoanTerms
from fenqi.domain.waypoint import Waypoint, go_on, waypoint_after
from fenqi.ledger.services import ClosedDay
from fenqi.plumbing import outbox, rule_data
from fenqi.servicing import store, store_quick, terms_sheets, waypoints
from fenqi.servicing.errors import (
    AmountNotPositive,
    AmountTooLarge,
    ClosedPeriod,
    EventRefused,
    FutureDate,
    LoanNotFound,
    ReferenceReused,
    ServicedByLender,
)
from fenqi.servicing.projection import InstallmentRow, project
from fenqi.servicing.store import Change, EarlierReference, Loaded

LARGEST_FEN = 10**12
LOSSES = ("charged_off", "written_off")
PAID_OFF = frozenset({LoanStatus.SETTLED, LoanStatus.OVERPAID})

SETTLED = "servicing.loan.settled"
"""Announced once for each time that a loan is paid off, in the transaction that does it; in bulk by dayend.debiting."""

RECEIVED_KIND = "received"
"""How a reference remembers money received, whether it was a repayment, a settlement or a recovery."""

# Kinds whose own allocation is all that changes when they come last.
SIMPLE = frozenset({EventKind.REPAYMENT, EventKind.RECOVERY})
RECEIVED = frozenset(
    {EventKind.REPAYMENT, EventKind.PREPAYMENT, EventKind.EARLY_SETTLEMENT, EventKind.RECOVERY}
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """
    The answer to whoever recorded an event; the same reference gets the same answer.

    `shares` say which component of which installment the amount met, `overpaid_fen` is what found nothing to pay
    and is kept for the borrower.
    """

    loan_id: UUID
    loan_number: str
    sequence: int
    kind: str
    amount_fen: int
    on: datetime.date
    reference: str
    shares: tuple[Share, ...]
    overpaid_fen: int
    outstanding_fen: int
    state: str
    is_new: bool


def today(open_on: datetime.date) -> datetime.date:
    """The date things happen on now: the business date where the clock follows it, else the calendar's."""
    return open_on if settings.CLOCK_FOLLOWS_BUSINESS_DATE else timezone.localdate()


def received(loaded: Loaded, amount_fen: int, on: datetime.date | None = None) -> Event:
    """Money received for a loan on a date (today where it is left out), as an event of it."""
    return Event(
        id=str(loaded.loan.sequence + 1),
        kind=EventKind.RECOVERY if loaded.loan.state in LOSSES else EventKind.REPAYMENT,
        on=on or today(loaded.open_on),
        amount_fen=amount_fen,
        sequence=loaded.loan.sequence + 1,
    )


def check_amount(amount_fen: Any, *, largest_fen: int = LARGEST_FEN) -> None:
    """Raises: AmountNotPositive, AmountTooLarge."""
    if isinstance(amount_fen, bool) or not isinstance(amount_fen, int) or amount_fen <= 0:
        raise AmountNotPositive(_("金额要大于 0。"), field="amount", amount_fen=str(amount_fen))
    if amount_fen > largest_fen:
        raise AmountTooLarge(_("金额太大。"), field="amount", amount_fen=amount_fen)


def record(
    *,
    borrower_id: int,
    loan_id: UUID,
    reference: str,
    source: str,
    make: Callable[[Loaded], Event],
    kind: str,
    amount_fen: int,
) -> Recorded:
    """
    Record the event that `make` builds from the locked loan (its id and sequence are given here).

    `kind` and `amount_fen` are what a repeated reference must agree with.
    Raises: LoanNotFound, ReferenceReused, ServicedByLender, FutureDate, ClosedPeriod, EventRefused.
    """
    wanted = Wanted(borrower_id, loan_id, reference, source, make, kind, amount_fen)
    is_ours = connection.get_autocommit()
    if is_ours and not waypoints.is_sought(loan_id):
        recorded = _record_free(wanted)
        if recorded is not None:
            return recorded
    for is_last_try in (False, True):
        try:
            with transaction.atomic():
                recorded, leaves = _record_locked(wanted)
            if is_ours and leaves:
                waypoints.keep(
                    loan_id, leaves
                )  # only now: within a caller's transaction it is not committed yet
            return recorded
        except ClosedDay:
            # The day was closed between reading its date and posting: the next try is dated on the new one.
            if is_last_try:
                raise
        except (psycopg.errors.UniqueViolation, IntegrityError):
            # Another loan took this reference while we held ours; now it can be read.
            if is_last_try:
                raise
    raise AssertionError("unreachable")


class Wanted(NamedTuple):
    """What `record` was asked for."""

    borrower_id: int
    loan_id: UUID
    reference: str
    source: str
    make: Callable[[Loaded], Event]
    kind: str
    amount_fen: int


def _record_free(wanted: Wanted) -> Recorded | None:
    """The ordinary repayment without a lock; None, and nothing written, where it has to be done under one."""
    loaded, terms = _read(wanted, is_locked=False)
    if loaded.earlier:
        return _answer_again(loaded, terms, wanted.reference)
    change, after = work_out(wanted, loaded, terms)
    rows = _ordinary_rows(loaded, terms, change, after)
    if rows is None or _pays_off(loaded.loan, after):
        return None  # what is announced needs a transaction
    try:
        if not store_quick.write(change, rows, loaded.version):
            waypoints.seek(wanted.loan_id)
            return None
    except IntegrityError:
        # The reference was taken, or the event was recorded, by another meanwhile.
        return None
    leaves = _leaves(loaded, terms, change)
    if leaves:
        waypoints.keep(wanted.loan_id, leaves)
    return _recorded(loaded, after, change.event.id, wanted.reference, is_new=True)


def _record_locked(wanted: Wanted) -> tuple[Recorded, Waypoint | None]:
    loaded, terms = _read(wanted, is_locked=True)
    if loaded.earlier:
        return _answer_again(loaded, terms, wanted.reference), None
    loan = loaded.loan
    change, after = work_out(wanted, loaded, terms)
    rows = _ordinary_rows(loaded, terms, change, after)
    if rows is None:
        store.save(change, before=store.installments_of(wanted.borrower_id, loan.id))
    elif not store_quick.write(change, rows, loaded.version):
        raise ClosedDay(business_date=str(change.entry_on))
    announce(change, after)
    recorded = _recorded(loaded, after, change.event.id, wanted.reference, is_new=True)
    return recorded, _leaves(loaded, terms, change)


def _leaves(loaded: Loaded, terms: LoanTerms, change: Change) -> Waypoint | None:
    """Where the loan can be gone on from after the event; worth its while for many events only."""
    if change.leaves or change.event.sequence < waypoints.FROM_EVENTS:
        return change.leaves
    return waypoint_after(terms, [*loaded.events, change.event])


def _read(wanted: Wanted, *, is_locked: bool) -> tuple[Loaded, LoanTerms]:
    since = waypoints.known(wanted.loan_id) if wanted.kind == RECEIVED_KIND else None
    loaded = _read_since(wanted, since, is_locked=is_locked)
    if since and (loaded.earlier or not since.continues([*loaded.events[1:], wanted.make(loaded)])):
        if not loaded.earlier:
            waypoints.forget(wanted.loan_id)
        loaded = _read_since(wanted, None, is_locked=is_locked)
    return loaded, terms_of(loaded.loan)


def _read_since(wanted: Wanted, since: Waypoint | None, *, is_locked: bool) -> Loaded:
    loaded = store_quick.read(
        borrower_id=wanted.borrower_id,
        loan_id=wanted.loan_id,
        reference=wanted.reference,
        is_locked=is_locked,
        since=since,
    )
    return check_loan(wanted, loaded)


def check_loan(wanted: Wanted, loaded: Loaded | None) -> Loaded:
    """
    The loan that was read, if the event may be recorded on it.

    Raises: LoanNotFound, ServicedByLender, ReferenceReused.
    """
    if loaded is None:
        raise LoanNotFound(_("没有这笔借据。"), loan_id=str(wanted.loan_id))
    if loaded.loan.serviced_by != "us":
        raise ServicedByLender(_("这笔借据由资金方自己管理，请到资金方还款。"), loan=loaded.loan.number)
    if loaded.earlier:
        check_same(
            loaded.earlier,
            wanted.borrower_id,
            wanted.loan_id,
            wanted.kind,
            wanted.amount_fen,
            wanted.reference,
        )
    return loaded


def announce(change: Change, after: LoanState) -> None:
    """Tell others what a change means to them."""
    loan = change.loan
    if _pays_off(loan, after):
        outbox.publish(SETTLED, borrower_id=change.borrower_id, loan_id=loan.id, number=loan.number)


def work_out(wanted: Wanted, loaded: Loaded, terms: LoanTerms) -> tuple[Change, LoanState]:
    """What the event changes, and the state it leaves."""
    event = wanted.make(loaded)
    if event.sequence != loaded.next_sequence:
        event = replace(event, id=str(loaded.next_sequence), sequence=loaded.next_sequence)
    check_date(loaded, event.on)
    before, after, leaves = _states(loaded, terms, event)
    return Change(
        borrower_id=wanted.borrower_id,
        loan=loaded.loan,
        event=event,
        reference=wanted.reference,
        reference_kind=wanted.kind,
        source=wanted.source,
        entry=_entry(loaded, event, before, after),
        entry_on=max(loaded.open_on, event.on),
        projection=project(terms, [*loaded.events, event], after),
        notice=_notice(loaded, event, after),
        is_simple=before is None,
        leaves=leaves,
    ), after


def _ordinary_rows(
    loaded: Loaded, terms: LoanTerms, change: Change, after: LoanState
) -> list[InstallmentRow] | None:
    """The installments an ordinary repayment changes; None where it is not an ordinary one."""
    loan = loaded.loan
    if (
        not change.is_simple
        or loan.state in LOSSES
        or loan.bucket != change.projection.loan["bucket"]
        or not store_quick.leaves_the_plan_alone(terms)
    ):
        return None
    met = {share.installment_number for share in outcome_of(after, change.event.id).shares}
    rows = store_quick.rows_to_write(change, met)
    return rows if len(rows) <= store_quick.MOST_ROWS else None


def terms_of(loan: store.LoanRow) -> LoanTerms:
    """The loan's terms."""
    assert loan.terms_id is not None  # the table's check: only a lender's own loan has none
    return terms_sheets.of_loan(loan.terms_id, loan.starts_on, loan.first_due_on)


def check_same(
    earlier: EarlierReference,
    borrower_id: int,
    loan_id: UUID | None,
    kind: str,
    amount_fen: int,
    reference: str,
) -> None:
    """Raises: ReferenceReused unless the earlier use said the same."""
    if (earlier.borrower_id, earlier.loan_id, earlier.kind, earlier.amount_fen) != (
        borrower_id,
        loan_id,
        kind,
        amount_fen,
    ):
        raise ReferenceReused(_("这个编号已用于另一笔记录，没有重复处理。"), reference=reference)


def check_date(loaded: Loaded, on: datetime.date) -> None:
    """Raises: FutureDate, ClosedPeriod."""
    check_on(on, open_on=loaded.open_on, opened_on=loaded.loan.opened_on)


def check_on(on: datetime.date, *, open_on: datetime.date, opened_on: datetime.date) -> None:
    """Whether something may be dated so on a loan opened then. Raises: FutureDate, ClosedPeriod."""
    now_on = max(today(open_on), open_on)
    if on > now_on:
        raise FutureDate(_("日期还没有到。"), field="on", on=str(on), today=str(now_on))
    if on >= open_on:
        return
    days = int(rule_data.value("back_dating_days", on=open_on))
    earliest = max(opened_on, open_on - datetime.timedelta(days=days))
    if on < earliest:
        raise ClosedPeriod(_("这个日期的账已经不能再改。"), field="on", on=str(on), earliest=str(earliest))


def _states(
    loaded: Loaded, terms: LoanTerms, event: Event
) -> tuple[LoanState | None, LoanState, Waypoint | None]:
    """The loan before (where it is needed to see what the event changed) and after the event."""
    as_of = max(today(loaded.open_on), event.on, loaded.loan.last_event_on)
    try:
        if loaded.since:
            return None, *go_on(loaded.since, [*loaded.events[1:], event], as_of)
        after = replay(terms, [*loaded.events, event], as_of)
        if event.kind in SIMPLE and event.on >= loaded.loan.last_event_on:
            return None, after, None
        return replay(terms, loaded.events, as_of), after, None
    except DomainError as e:
        raise EventRefused(
            _("这笔借据现在不能这样处理。"),
            code=e.code,
            field=getattr(e, "field", None),
            reason=str(e),
        ) from e


def _entry(loaded: Loaded, event: Event, before: LoanState | None, after: LoanState) -> Entry:
    loan = loaded.loan
    kind, amount_fen = event.kind, event.amount_fen
    if before is None:
        outcome = outcome_of(after, event.id)
        return posting_rules.entry_for(
            kind=kind,
            amount_fen=amount_fen,
            moved=posting_rules.movement_of(outcome)
            if loan.state not in LOSSES
            else posting_rules.movement_of(outcome)._replace(principal_fen=0),
            booked_as_loss=loan.state in LOSSES,
        )
    if kind is EventKind.PAYOUT:
        return (
            posting_rules.payout(
                amount_fen=amount_fen,
                lender_share_fen=lender_share_fen(amount_fen, loan.lender_share_bp),
                through_channel=loan.is_through_channel,
            )
            + posting_rules.correction(0, posting_rules.movement_between(before, after))
            + posting_rules.subsidy(before=subsidies(before), after=subsidies(after))
        )
    if kind is EventKind.REVERSAL:
        reversed_event = next(one for one in loaded.events if one.id == event.reverses)
        if reversed_event.kind is EventKind.PAYOUT:
            raise EventRefused(_("放款不能冲销，请登记退款。"), code="payout_not_reversible")
        kind, amount_fen = reversed_event.kind, -reversed_event.amount_fen
    return posting_rules.entry_for(
        kind=kind,
        amount_fen=amount_fen,
        moved=posting_rules.movement_between(before, after),
        # Also where the event undoes what had paid off a loan after its loss.
        booked_as_loss=before.status.value in LOSSES or after.status.value in LOSSES,
    ) + posting_rules.subsidy(before=subsidies(before), after=subsidies(after))


def lender_share_fen(amount_fen: int, lender_share_bp: int) -> int:
    """The lender's part of principal paid out; the platform's own part is rounded half up."""
    own_bp = 10_000 - lender_share_bp
    return amount_fen - (2 * amount_fen * own_bp + 10_000) // 20_000


def subsidies(state: LoanState) -> SubsidyShares:
    """What others bear over all installments."""
    return SubsidyShares(
        *(sum(parts) for parts in zip(*(row.subsidy for row in state.installments), strict=True))
    )


def outcome_of(state: LoanState, event_id: str) -> Outcome:
    """How an event was allocated."""
    outcome = _find_outcome(state, event_id)
    assert outcome is not None
    return outcome


def _find_outcome(state: LoanState, event_id: str) -> Outcome | None:
    for outcome in reversed(state.outcomes):
        if outcome.event_id == event_id:
            return outcome
    return None


def _notice(loaded: Loaded, event: Event, after: LoanState) -> tuple[str, int] | None:
    if event.kind not in RECEIVED:
        return None
    return "settled" if _pays_off(loaded.loan, after) else "paid", event.amount_fen


def _pays_off(loan: store.LoanRow, after: LoanState) -> bool:
    """Whether a loan that something was owed of has been left with nothing owed, be it with too much paid."""
    return after.status in PAID_OFF and loan.state not in PAID_OFF


def _answer_again(loaded: Loaded, terms: LoanTerms, reference: str) -> Recorded:
    assert loaded.earlier is not None and loaded.earlier.sequence is not None
    as_of = max(today(loaded.open_on), loaded.loan.last_event_on)
    state = replay(terms, loaded.events, as_of)
    return _recorded(loaded, state, str(loaded.earlier.sequence), reference, is_new=False)


def _recorded(loaded: Loaded, state: LoanState, event_id: str, reference: str, *, is_new: bool) -> Recorded:
    outcome = _find_outcome(state, event_id)
    if outcome is None:
        event = next(one for one in loaded.events if one.id == event_id)
        outcome = Outcome(event.id, event.kind, event.on, event.amount_fen, (), 0, False)
    return Recorded(
        loan_id=loaded.loan.id,
        loan_number=loaded.loan.number,
        sequence=int(event_id),
        kind=outcome.kind.value,
        amount_fen=outcome.amount_fen,
        on=outcome.on,
        reference=reference,
        shares=outcome.shares,
        overpaid_fen=outcome.overpaid_fen,
        outstanding_fen=state.outstanding_fen,
        state=state.status.value,
        is_new=is_new,
    )


def reference_kept(reference: str) -> EarlierReference | None:
    """What a reference was used for, if it was."""
    with connection.cursor() as cursor:
        cursor.execute(store.REFERENCE, [reference])
        row = cursor.fetchone()
    return EarlierReference._make(row) if row else None
