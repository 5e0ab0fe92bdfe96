"""
Money that nobody can place: taken in by reference, once, and kept in suspense until two people place or return it.

Whoever moves it locks it first (`locked`), then whatever takes it (a loan), then posts: one order for all.
"""

from __future__ import annotations

import datetime
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain import posting_rules
from fenqi.ledger import services as ledger
from fenqi.payments.models import (
    ChannelSerial,
    UnplacedMoney,
    UnplacedMove,
    UnplacedMoveKind,
    UnplacedSource,
)
from fenqi.payments.refusals import AmountNotPositive
from fenqi.people.refusals import ReasonMissing
from fenqi.plumbing import audit, business_date, clock, idempotency, rule_data
from fenqi.plumbing.errors import Conflict, NotFound, Refusal
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.payments.ports import ChannelAnswer

log = logging.getLogger(__name__)

SCOPE = "payments.unplaced"
LARGEST_FEN = 10**12
BY_ITSELF = "system:payments"
# How the references of money that goes out begin (movements.KINDS): what is told of them is no money for us.
OUTWARD = ("R-", "O-", "U-")


class UnplacedUnknown(NotFound):
    """No such money in suspense."""

    code = "unplaced_unknown"


class ReferenceMissing(Refusal):
    """Money is taken in by a reference: the bank's or the channel's."""

    code = "unplaced_reference_missing"


class NotReceivedYet(Refusal):
    """Nothing is taken in before it has come, nor used before."""

    code = "not_received_yet"


class NotSoMuchLeft(Conflict):
    """Less of it waits than was to be moved: a colleague was faster, or it is gone."""

    code = "not_so_much_left"


class AlreadyTakenBack(Conflict):
    """This move was undone before, or there is none of this number to undo."""

    code = "already_taken_back"


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    """The answer to whoever takes money in; the same reference gets the same one."""

    id: UUID
    is_new: bool


def source_of(money_id: UUID, number: int | None = None) -> str:
    """What the ledger's entry of its coming in, or of one move, is posted for."""
    return f"unplaced:{money_id}" if number is None else f"unplaced:{money_id}:{number}"


def take_in(
    *,
    reference: str,
    amount_fen: int,
    received_on: datetime.date,
    source: UnplacedSource,
    channel_reference: str = "",
    payer: str = "",
    note: str = "",
    taken_by: str = BY_ITSELF,
) -> TakenIn:
    """
    Take in money that belongs to nothing we know, once per `reference`, and post it to suspense on the open date.

    Raises: ReferenceMissing, AmountNotPositive, NotReceivedYet; idempotency.ReferenceReused for another amount or source.
    """
    if not reference.strip():
        raise ReferenceMissing(_("请填写流水号。"), field="reference")
    if not 0 < amount_fen <= LARGEST_FEN:
        raise AmountNotPositive(_("金额要大于 0。"), field="amount")
    if received_on > _today():
        raise NotReceivedYet(_("到账日期还没有到。"), field="received_on")
    facts = {
        "source": UnplacedSource(source),
        "received_on": received_on,
        "channel_reference": channel_reference[:120],
        "payer": payer.strip(),
        "note": note.strip(),
        "taken_by": taken_by,
    }
    return _on_an_open_date(
        lambda: _take_in(reference=reference.strip()[:120], amount_fen=amount_fen, **facts)
    )


def told_reference(serial: str) -> str:
    """By which reference money is kept that the channel told of: its own serial."""
    return f"channel:{serial}"


def take_in_told(answer: ChannelAnswer, *, why: str, received_on: datetime.date | None = None) -> UUID | None:
    """
    Take in what the channel says has come and no movement of ours waits for; by the channel's own serial, once.

    None, and nothing is written, where it is not money that came to us or the serial has booked something already.
    """
    is_money = bool(answer.serial) and 0 < answer.amount_fen <= LARGEST_FEN
    if not is_money or answer.reference.startswith(OUTWARD):
        return None
    try:
        with transaction.atomic():
            taken = take_in(
                reference=told_reference(answer.serial),
                amount_fen=answer.amount_fen,
                received_on=received_on or business_date.current(),
                source=UnplacedSource.CHANNEL,
                channel_reference=answer.reference,
            )
            if taken.is_new:
                ChannelSerial.objects.create(
                    serial=answer.serial, borrower_id=ledger.HOUSE, kind="unplaced", movement_id=taken.id
                )
    except (IntegrityError, idempotency.ReferenceReused):
        log.error("the channel's serial %s has booked something else: %s", answer.serial, answer)
        return None
    if taken.is_new:
        log.warning("unplaced money %s: %s", taken.id, why)
    return taken.id


def take_in_arrived(payload: dict[str, Any]) -> UUID:
    """
    Keep a payment or debit that arrived (`payload` announced it) and that nothing takes; once, however often it is told.

    Raises: as `take_in`.
    """
    letter, name = ("P", "payment_id") if "payment_id" in payload else ("D", "debit_id")
    taken = take_in(
        reference=f"payment:{payload[name]}",
        amount_fen=int(payload["amount_fen"]),
        received_on=datetime.date.fromisoformat(str(payload["on"])),
        source=UnplacedSource.PAYMENT,
        channel_reference=f"{letter}-{payload['borrower_id']}-{payload[name]}",
    )
    return taken.id


def locked(money_id: UUID) -> UnplacedMoney:
    """The money under lock. Raises: UnplacedUnknown."""
    return _known(UnplacedMoney.objects.select_for_update().filter(id=money_id).first())


def found(money_id: UUID) -> UnplacedMoney:
    """As `locked`, without a lock: for those who only look."""
    return _known(UnplacedMoney.objects.filter(id=money_id).first())


def _known(money: UnplacedMoney | None) -> UnplacedMoney:
    if money is None:
        raise UnplacedUnknown(_("没有这笔待查款项。"))
    return money


def check_left(money: UnplacedMoney, amount_fen: int) -> None:
    """Raises: AmountNotPositive; NotSoMuchLeft where less of it waits."""
    if amount_fen <= 0:
        raise AmountNotPositive(_("金额要大于 0。"), field="amount")
    if amount_fen > money.open_fen:
        raise NotSoMuchLeft(_("这笔待查款项没有这么多未处理，可能已被同事处理。"), field="amount")


def is_of_the_channel(subject: str) -> bool:
    """Whether a return went out through the channel, which says itself what became of it."""
    return subject.startswith(OUTWARD)


def has_gone_out(outgoing: str) -> bool:
    """Whether a transfer out of this reference gave money back before."""
    return UnplacedMove.objects.filter(kind=UnplacedMoveKind.RETURNED, subject=outgoing).exists()


def leave(
    money: UnplacedMoney,
    *,
    kind: UnplacedMoveKind,
    amount_fen: int,
    subject: str,
    approval_id: UUID | None,
) -> UnplacedMove:
    """Money leaves suspense, inside the transaction of what takes it; the caller holds its lock. Raises: as `check_left`."""
    check_left(money, amount_fen)
    return _move(
        money, kind=kind, amount_fen=amount_fen, subject=subject, undoes=None, approval_id=approval_id
    )


def come_back(money: UnplacedMoney, *, undoes: int, approval_id: UUID | None) -> UnplacedMove:
    """An earlier move is undone: the money waits again. The caller holds its lock. Raises: AlreadyTakenBack."""
    return _move(
        money,
        kind=UnplacedMoveKind.TAKEN_BACK,
        amount_fen=standing_move(money.id, undoes).amount_fen,
        subject="",
        undoes=undoes,
        approval_id=approval_id,
    )


def standing_move(money_id: UUID, number: int) -> UnplacedMove:
    """A move that has not been undone. Raises: AlreadyTakenBack."""
    moves = UnplacedMove.objects.filter(money_id=money_id)
    move = moves.filter(number=number).exclude(kind=UnplacedMoveKind.TAKEN_BACK).first()
    if move is None or moves.filter(undoes=number).exists():
        raise AlreadyTakenBack(_("这一步已经撤销过，没有重复处理。"))
    return move


def reveal(*, staff: str, money_id: UUID, reason: str) -> tuple[str, str]:
    """(payer, note) in clear, for a reason that is kept. Raises: UnplacedUnknown, ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing(_("请写明查看原文的理由。"), field="reason")
    money = found(money_id)
    audit.record(
        actor=staff,
        action="payments.payer_revealed",
        subject=f"unplaced:{money_id}",
        reason=reason.strip()[:300],
    )
    return money.payer or "", money.note or ""


def forget_payers(on: datetime.date) -> int:
    """Forget who paid what was placed or returned so long ago that nobody may claim it back; tells of how many sums. Repeatable."""
    since = on - datetime.timedelta(days=rule_data.value("unplaced_payer_days", on=on))
    still_fresh = UnplacedMove.objects.filter(moved_on__gte=since).values("money_id")
    over = UnplacedMoney.objects.filter(open_fen=0, payer__isnull=False).exclude(id__in=still_fresh)
    return over.update(payer=None, note=None)


def _take_in(*, reference: str, amount_fen: int, source: UnplacedSource, **facts: object) -> TakenIn:
    claim = idempotency.claim(
        scope=SCOPE, key=reference, content={"amount_fen": amount_fen, "source": source.value}
    )
    if not claim.is_new:
        return TakenIn(id=UUID(claim.result["id"]), is_new=False)
    today = business_date.current()
    money = UnplacedMoney.objects.create(
        id=new_id(),
        reference=reference,
        source=source,
        amount_fen=amount_fen,
        open_fen=amount_fen,
        booked_on=today,
        taken_at=clock.now(),
        **facts,
    )
    ledger.post(
        borrower_id=ledger.HOUSE,
        entry=posting_rules.unexplained_receipt(amount_fen=amount_fen),
        business_date=today,
        source=source_of(money.id),
    )
    claim.settle({"id": money.id})
    audit.record(
        actor=str(facts["taken_by"]),
        action="payments.unplaced.taken_in",
        subject=f"unplaced:{money.id}",
        amount_fen=amount_fen,
        reference=reference,
    )
    return TakenIn(id=money.id, is_new=True)


def _move(
    money: UnplacedMoney,
    *,
    kind: UnplacedMoveKind,
    amount_fen: int,
    subject: str,
    undoes: int | None,
    approval_id: UUID | None,
) -> UnplacedMove:
    signed_fen = -amount_fen if kind == UnplacedMoveKind.TAKEN_BACK else amount_fen
    number = 1 + UnplacedMove.objects.filter(money_id=money.id).count()
    today = business_date.current()
    move = UnplacedMove.objects.create(
        money_id=money.id,
        number=number,
        kind=kind,
        amount_fen=amount_fen,
        subject=subject,
        undoes=undoes,
        approval_id=approval_id,
        moved_on=today,
        moved_at=clock.now(),
    )
    money.open_fen -= signed_fen
    money.save(update_fields=["open_fen"])
    ledger.post(
        borrower_id=ledger.HOUSE,
        entry=posting_rules.unexplained_receipt_left(amount_fen=signed_fen),
        business_date=today,
        source=source_of(money.id, number),
    )
    return move


def _today() -> datetime.date:
    """The later of the open date and the calendar's: what came this morning may be entered before last night is closed."""
    return max(business_date.current(), clock.date_of(clock.now()))


def _on_an_open_date(work: Callable[[], TakenIn]) -> TakenIn:
    """Once more where the day was closed between reading its date and posting."""
    try:
        with transaction.atomic():
            return work()
    except ledger.ClosedDay:
        with transaction.atomic():
            return work()
