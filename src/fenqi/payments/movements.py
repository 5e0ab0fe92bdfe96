"""What all movements have in common: the reference the channel knows them by, and how an outcome is written down once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction

from fenqi.payments import suspense
from fenqi.payments.models import (
    ChannelSerial,
    Debit,
    Movement,
    Payment,
    PayOut,
    Refund,
    State,
    UnplacedReturn,
)
from fenqi.payments.ports import ChannelAnswer, ChannelState
from fenqi.payments.refusals import PaymentUnknown
from fenqi.plumbing import audit, clock, outbox

if TYPE_CHECKING:
    from typing import Any

log = logging.getLogger(__name__)

# The letter a reference begins with, and the word in announcements.
KINDS: dict[str, tuple[type[Movement], str]] = {
    "P": (Payment, "payment"),
    "R": (Refund, "refund"),
    "O": (PayOut, "payout"),
    "D": (Debit, "debit"),
    "U": (UnplacedReturn, "return"),
}
INWARD = (Payment, Debit)
_LETTERS = {model: letter for letter, (model, _word) in KINDS.items()}


def reference_of(movement: Movement) -> str:
    """How the channel knows a movement. It carries the borrower, so that a notice finds its rows without a search."""
    return f"{_LETTERS[type(movement)]}-{movement.borrower_id}-{movement.id}"


def _parse(reference: str) -> tuple[type[Movement], int, UUID]:
    try:
        letter, borrower_id, movement_id = reference.split("-", 2)
        return KINDS[letter][0], int(borrower_id), UUID(movement_id)
    except (ValueError, KeyError) as e:
        raise PaymentUnknown(reference=reference) from e


def mark_sent(movement: Movement) -> bool:
    """Note that a movement is about to be sent; False when somebody else has taken it on."""
    changed = (
        type(movement)
        .objects.filter(borrower_id=movement.borrower_id, id=movement.id, state=State.INTENDED)
        .update(state=State.SENT, sent_at=clock.wall())
    )
    return bool(changed)


def mark_silent(movement: Movement, *, was_sent: bool) -> None:
    """The channel fell silent: unknown when the call left us, intended again when it did not."""
    type(movement).objects.filter(borrower_id=movement.borrower_id, id=movement.id, state=State.SENT).update(
        state=State.UNKNOWN if was_sent else State.INTENDED
    )


def record_refusal(movement: Movement, code: str) -> None:
    """Nothing will come of it: the channel refused it, or it could never be asked."""
    record_outcome(
        ChannelAnswer(reference=reference_of(movement), state=ChannelState.FAILED, failure=code[:40])
    )


@transaction.atomic
def record_outcome(answer: ChannelAnswer) -> bool:
    """
    Write down what the channel says became of a movement, and announce it. Safe to repeat, from many threads at once.

    Tells whether this call ended the movement. A channel that changes its word about an ended one is not believed, but noted;
    money that came after its payment had failed is kept in suspense.
    Raises: PaymentUnknown for a reference that is not ours.
    """
    model, borrower_id, movement_id = _parse(answer.reference)
    # The lock makes notice, answer and question about one movement queue up, so that it ends once.
    movement = model.objects.select_for_update().filter(borrower_id=borrower_id, id=movement_id).first()
    if movement is None:
        raise PaymentUnknown(reference=answer.reference)
    if movement.state in (State.SUCCEEDED, State.FAILED):
        if (
            answer.state in (ChannelState.SUCCEEDED, ChannelState.FAILED)
            and answer.state.value != movement.state
        ):
            _note(movement, "payments.outcome.contradicted", answer)
            if answer.state == ChannelState.SUCCEEDED and isinstance(movement, INWARD):
                # Everybody was told that it failed, and went on; but the money is here.
                suspense.take_in_told(answer, why="it came after it had failed")
        return False
    if answer.state == ChannelState.NOT_FOUND:
        movement.state = State.INTENDED
        movement.save(update_fields=["state"])
        return False
    if answer.state == ChannelState.PENDING:
        movement.state = State.SENT
        movement.save(update_fields=["state"])
        return False
    if answer.state == ChannelState.SUCCEEDED and not _is_believable(movement, answer):
        movement.state = State.UNKNOWN
        movement.save(update_fields=["state"])
        return False
    movement.state = State(answer.state.value)
    movement.channel_serial = answer.serial
    movement.failure = (answer.failure or "DECLINED") if movement.state == State.FAILED else ""
    movement.ended_at = clock.now()
    movement.save(update_fields=["state", "channel_serial", "failure", "ended_at"])
    if movement.state == State.FAILED:
        _release(movement)
    announce(movement)
    return True


def _is_believable(movement: Movement, answer: ChannelAnswer) -> bool:
    """The very amount, and a serial that has not booked another movement."""
    if answer.amount_fen != movement.amount_fen:
        _note(movement, "payments.outcome.other_amount", answer)
        return False
    try:
        with transaction.atomic():
            ChannelSerial.objects.create(
                serial=answer.serial,
                borrower_id=movement.borrower_id,
                kind=KINDS[_LETTERS[type(movement)]][1],
                movement_id=movement.id,
            )
    except IntegrityError:
        _note(movement, "payments.outcome.serial_reused", answer)
        return False
    return True


def _note(movement: Movement, action: str, answer: ChannelAnswer) -> None:
    log.error("%s: %s says %s", action, reference_of(movement), answer)
    audit.record(
        actor="system:payments",
        action=action,
        subject=reference_of(movement),
        state=answer.state.value,
        amount_fen=answer.amount_fen,
        serial=answer.serial,
    )


def _release(movement: Movement) -> None:
    """What was set aside for money that did not go out is there again."""
    if isinstance(movement, Refund):
        payment = Payment.objects.select_for_update().get(
            borrower_id=movement.borrower_id, id=movement.payment_id
        )
        payment.refunded_fen -= movement.amount_fen
        payment.save(update_fields=["refunded_fen"])
    elif isinstance(movement, UnplacedReturn):
        suspense.come_back(suspense.locked(movement.money_id), undoes=movement.number, approval_id=None)


def announce(movement: Movement) -> None:
    """Publish payments.<kind>.succeeded or .failed."""
    word = KINDS[_LETTERS[type(movement)]][1]
    outbox.publish(
        f"payments.{word}.{movement.state.lower()}",
        borrower_id=movement.borrower_id,
        **announcement(movement),
    )


def announcement(movement: Movement) -> dict[str, Any]:
    """What an announcement of an ended movement says, besides the borrower."""
    word = KINDS[_LETTERS[type(movement)]][1]
    payload: dict[str, Any] = {
        f"{word}_id": str(movement.id),
        "purpose": movement.purpose,
        "subject": movement.subject,
        "amount_fen": movement.amount_fen,
        "on": movement.business_on.isoformat(),
        "failure_code": movement.failure,
    }
    for name in ("payment_id", "loan_id", "due_on", "card_id"):
        if hasattr(movement, name) and f"{word}_id" != name:
            value = getattr(movement, name)
            payload[name] = str(value) if value is not None else None
    for name in ("reference", "tries"):
        if hasattr(movement, name):
            payload[name] = getattr(movement, name)
    return payload
