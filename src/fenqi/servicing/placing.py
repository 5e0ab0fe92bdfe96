"""
Money in suspense (payments.suspense) found to be a loan's: placed on it as a repayment, and taken back where that was wrong.

It stands here because a repayment does: the loan takes the money by the very service that takes any other, so a settled
loan keeps it as overpayment, a lender's own loan refuses it and a closed period stays closed.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event, EventKind
from fenqi.domain.replay import replay
from fenqi.payments import suspense
from fenqi.payments.suspense import AlreadyTakenBack, NotReceivedYet, UnplacedMoveKind
from fenqi.plumbing import business_date, four_eyes
from fenqi.servicing import loading, recording
from fenqi.servicing.errors import EventRefused, LoanNotFound
from fenqi.servicing.repaying import record_repayment, reverse_event

if TYPE_CHECKING:
    from fenqi.domain.state import LoanState
    from fenqi.servicing.recording import Recorded

PLACE_KIND = "servicing.unplaced_place"
TAKE_BACK_KIND = "servicing.unplaced_take_back"
SOURCE = "suspense"


@dataclass(frozen=True, kw_only=True, slots=True)
class Placing:
    """What is to be placed: so much of the money, on this loan, as received on this date."""

    money_id: UUID
    borrower_id: int
    loan_id: UUID
    amount_fen: int
    received_on: datetime.date

    @classmethod
    def read(cls, arguments: dict[str, Any]) -> Placing:
        """From the arguments of a proposal."""
        return cls(
            money_id=UUID(arguments["money_id"]),
            borrower_id=arguments["borrower_id"],
            loan_id=UUID(arguments["loan_id"]),
            amount_fen=arguments["amount_fen"],
            received_on=datetime.date.fromisoformat(arguments["received_on"]),
        )

    def arguments(self) -> dict[str, Any]:
        """How it stands in a proposal."""
        return {
            "money_id": str(self.money_id),
            "borrower_id": self.borrower_id,
            "loan_id": str(self.loan_id),
            "amount_fen": self.amount_fen,
            "received_on": self.received_on.isoformat(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The money that waits and the loan, before and after; `number` is the loan's (none where no loan had it)."""

    number: str
    borrower_id: int | None
    amount_fen: int
    open_before_fen: int
    open_after_fen: int
    before: LoanState | None
    after: LoanState | None


def preview_placing(wanted: Placing) -> Effect:
    """
    What placing it would do; nothing is written.

    Raises: UnplacedUnknown, NotSoMuchLeft, NotReceivedYet, LoanNotFound, ServicedByLender, FutureDate, ClosedPeriod, EventRefused.
    """
    money = suspense.found(wanted.money_id)
    suspense.check_left(money, wanted.amount_fen)
    _check_received(money.received_on, wanted.received_on)
    loan, _terms, _events = loading.story_of(borrower_id=wanted.borrower_id, loan_id=wanted.loan_id)
    recording.check_on(wanted.received_on, open_on=business_date.current(), opened_on=loan.opened_on)
    event = Event(
        id=str(loan.sequence + 1),
        kind=EventKind.RECOVERY if loan.state in recording.LOSSES else EventKind.REPAYMENT,
        on=wanted.received_on,
        amount_fen=wanted.amount_fen,
        sequence=loan.sequence + 1,
    )
    before, after = _states(wanted.borrower_id, wanted.loan_id, event)
    return Effect(
        number=loan.number,
        borrower_id=wanted.borrower_id,
        amount_fen=wanted.amount_fen,
        open_before_fen=money.open_fen,
        open_after_fen=money.open_fen - wanted.amount_fen,
        before=before,
        after=after,
    )


@transaction.atomic
def place(*, approval_id: UUID | None, wanted: Placing) -> Recorded:
    """
    Book money in suspense as a repayment of a loan, for an approval of exactly this; suspense gets smaller in the same transaction.

    Raises: SecondPairMissing, UnplacedUnknown, NotSoMuchLeft, NotReceivedYet, and as `record_repayment`.
    """
    four_eyes.spend(approval_id=approval_id, kind=PLACE_KIND, arguments=wanted.arguments())
    money = suspense.locked(wanted.money_id)
    _check_received(money.received_on, wanted.received_on)
    recorded = record_repayment(
        borrower_id=wanted.borrower_id,
        loan_id=wanted.loan_id,
        amount_fen=wanted.amount_fen,
        reference=_reference(approval_id),
        received_on=wanted.received_on,
        source=SOURCE,
    )
    suspense.leave(
        money,
        kind=UnplacedMoveKind.PLACED,
        amount_fen=wanted.amount_fen,
        subject=recorded.loan_number,
        approval_id=approval_id,
    )
    return recorded


def preview_taking_back(*, money_id: UUID, number: int) -> Effect:
    """
    What undoing a move would do; nothing is written.

    Raises: UnplacedUnknown, AlreadyTakenBack, LoanNotFound, EventRefused.
    """
    money = suspense.found(money_id)
    move = suspense.standing_move(money_id, number)
    _insist_on_by_hand(move.subject)
    booked = _booked(move.approval_id) if move.kind == UnplacedMoveKind.PLACED else None
    before = after = None
    if booked:
        borrower_id, loan_id, sequence = booked
        loan = loading.find(borrower_id=borrower_id, loan_id=loan_id)
        event = Event(
            id=str(loan.sequence + 1),
            kind=EventKind.REVERSAL,
            on=recording.today(business_date.current()),
            reverses=str(sequence),
            sequence=loan.sequence + 1,
        )
        before, after = _states(borrower_id, loan_id, event)
    return Effect(
        number=move.subject,
        borrower_id=booked[0] if booked else None,
        amount_fen=move.amount_fen,
        open_before_fen=money.open_fen,
        open_after_fen=money.open_fen + move.amount_fen,
        before=before,
        after=after,
    )


@transaction.atomic
def take_back(*, approval_id: UUID | None, arguments: dict[str, Any]) -> None:
    """
    Undo a placing that was wrong, or a return the bank sent back, for an approval of exactly this: money_id, number.

    The loan is as if it had never had the money (`reverse_event`), which waits in suspense again.
    Raises: SecondPairMissing, UnplacedUnknown, AlreadyTakenBack, and as `reverse_event`.
    """
    four_eyes.spend(approval_id=approval_id, kind=TAKE_BACK_KIND, arguments=arguments)
    money = suspense.locked(UUID(arguments["money_id"]))
    move = suspense.standing_move(money.id, arguments["number"])
    _insist_on_by_hand(move.subject)
    if move.kind == UnplacedMoveKind.PLACED:
        borrower_id, loan_id, sequence = _booked(move.approval_id)
        reverse_event(
            borrower_id=borrower_id,
            loan_id=loan_id,
            event_id=str(sequence),
            reference=_reference(approval_id),
            source=SOURCE,
        )
    suspense.come_back(money, undoes=move.number, approval_id=approval_id)


def _reference(approval_id: UUID | None) -> str:
    return f"approved:{approval_id}"


def _booked(approval_id: UUID | None) -> tuple[int, UUID, int]:
    """The loan and the event a placing was booked as. Raises: LoanNotFound."""
    kept = recording.reference_kept(_reference(approval_id))
    if kept is None or kept.loan_id is None or kept.sequence is None:
        raise LoanNotFound(_("没有这笔借据。"))
    return kept.borrower_id, kept.loan_id, kept.sequence


def _insist_on_by_hand(subject: str) -> None:
    if suspense.is_of_the_channel(subject):
        raise AlreadyTakenBack(_("经渠道退回的款项由渠道的结果决定，失败时会自动回到待查款项。"))


def _check_received(came_on: datetime.date, wanted_on: datetime.date) -> None:
    if wanted_on < came_on:
        raise NotReceivedYet(_("入账日期不能早于款项到账日期。"), field="received_on")


def _states(borrower_id: int, loan_id: UUID, event: Event) -> tuple[LoanState, LoanState]:
    loan, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    as_of = max(recording.today(business_date.current()), event.on, loan.last_event_on)
    try:
        return replay(terms, events, as_of), replay(terms, [*events, event], as_of)
    except DomainError as e:
        raise EventRefused(_("这笔借据现在不能这样处理。"), code=e.code) from e
