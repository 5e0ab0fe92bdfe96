"""Money leaves: refunds to where a payment came from, pay-outs to a bound card, money nobody could place to its payer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.ledger.services import HOUSE
from fenqi.payments import suspense
from fenqi.payments.models import (
    Movement,
    Payment,
    PayOut,
    Refund,
    State,
    UnplacedMoveKind,
    UnplacedReturn,
)
from fenqi.payments.movements import mark_sent, mark_silent, record_outcome, record_refusal, reference_of
from fenqi.payments.ports import (
    ChannelAnswer,
    ChannelRefused,
    ChannelSilent,
    ChannelUnreachable,
)
from fenqi.payments.refusals import CARD_UNBOUND, AmountNotPositive, NothingToRefund, PaymentUnknown
from fenqi.people import queries as people
from fenqi.people.refusals import CardUnknown
from fenqi.plumbing import business_date, clock, four_eyes, idempotency, ports
from fenqi.plumbing.errors import Conflict, Refusal
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.payments.models import UnplacedMoney

REFUND_TEXT = "青屿商城退款"
PAYOUT_TEXTS = {"standby": "备用金支用", "overpayment": "多还退回"}
RETURN_TEXT = "待查款项退回"
RETURN_KIND = "payments.unplaced_return"


class NoWayBack(Refusal):
    """The money did not come by a payment of the channel: it goes back by a transfer with a reference of its own."""

    code = "no_way_back"


class OutgoingReused(Conflict):
    """This transfer out has given back other money."""

    code = "outgoing_reused"


@dataclass(frozen=True, kw_only=True)
class RefundStart:
    """Where a refund stands after it was begun."""

    refund_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class PayOutStart:
    """Where a pay-out stands after it was begun."""

    payout_id: UUID
    state: str


def refund_payment(
    *,
    borrower_id: int,
    payment_id: UUID,
    amount_fen: int,
    reference: str,
    subject: dict[str, Any] | None = None,
) -> RefundStart:
    """
    Give back all or part of a payment that arrived, once per `reference`.

    Announces payments.refund.succeeded / .failed. Inside a caller's transaction the call leaves after commit.
    Raises: AmountNotPositive, PaymentUnknown, NothingToRefund, ReferenceReused.
    """
    if amount_fen <= 0:
        raise AmountNotPositive(_("退款金额必须大于 0。"))
    with transaction.atomic():
        content = {"payment_id": payment_id, "amount_fen": amount_fen}
        claim = idempotency.claim(
            scope="payments.refund",
            key=f"{borrower_id}:{reference}",
            content=content,
            borrower_id=borrower_id,
        )
        if claim.is_new:
            # The lock keeps refunds of one payment apart, so that together they never exceed it.
            payment = (
                Payment.objects.select_for_update().filter(borrower_id=borrower_id, id=payment_id).first()
            )
            if payment is None:
                raise PaymentUnknown(_("没有这笔付款。"))
            if payment.state != State.SUCCEEDED or payment.refunded_fen + amount_fen > payment.amount_fen:
                raise NothingToRefund(_("这笔付款没有这么多可退。"), field="amount")
            payment.refunded_fen += amount_fen
            payment.save(update_fields=["refunded_fen"])
            refund_id = new_id()
            Refund.objects.create(
                borrower_id=borrower_id,
                id=refund_id,
                payment_id=payment_id,
                reference=reference,
                amount_fen=amount_fen,
                purpose=payment.purpose,
                subject=subject or {},
                business_on=business_date.current(),
                made_at=clock.now(),
            )
            claim.settle({"refund_id": refund_id})
        else:
            refund_id = claim.result["refund_id"]
        transaction.on_commit(partial(send_refund, borrower_id=borrower_id, refund_id=refund_id))
    refund = Refund.objects.get(borrower_id=borrower_id, id=refund_id)
    return RefundStart(refund_id=refund.id, state=refund.state)


def pay_out(
    *,
    borrower_id: int,
    card_id: UUID,
    amount_fen: int,
    purpose: str,
    reference: str,
    subject: dict[str, Any] | None = None,
) -> PayOutStart:
    """
    Pay money to a bound card, once per `reference`.

    Announces payments.payout.succeeded / .failed. Inside a caller's transaction the call leaves after commit.
    Raises: AmountNotPositive, CardUnknown, ReferenceReused.
    """
    if amount_fen <= 0:
        raise AmountNotPositive(_("付款金额必须大于 0。"), field="amount")
    with transaction.atomic():
        content = {"card_id": card_id, "amount_fen": amount_fen, "purpose": purpose, "subject": subject or {}}
        claim = idempotency.claim(
            scope="payments.payout",
            key=f"{borrower_id}:{reference}",
            content=content,
            borrower_id=borrower_id,
        )
        if claim.is_new:
            people.card_token(borrower_id=borrower_id, card_id=card_id)
            payout_id = new_id()
            PayOut.objects.create(
                borrower_id=borrower_id,
                id=payout_id,
                card_id=card_id,
                reference=reference,
                amount_fen=amount_fen,
                purpose=purpose,
                subject=subject or {},
                business_on=business_date.current(),
                made_at=clock.now(),
            )
            claim.settle({"payout_id": payout_id})
        else:
            payout_id = claim.result["payout_id"]
        transaction.on_commit(partial(send_payout, borrower_id=borrower_id, payout_id=payout_id))
    payout = PayOut.objects.get(borrower_id=borrower_id, id=payout_id)
    return PayOutStart(payout_id=payout.id, state=payout.state)


@transaction.atomic
def return_unplaced(*, approval_id: UUID | None, arguments: dict[str, Any]) -> None:
    """
    Send money in suspense back to its payer, for an approval of exactly these arguments: money_id, amount_fen, outgoing.

    `outgoing` is the reference of a transfer that has left the bank; without it the channel sends the money back to where it
    came from, and it waits again if that fails. Raises: SecondPairMissing, and as `check_return`.
    """
    four_eyes.spend(approval_id=approval_id, kind=RETURN_KIND, arguments=arguments)
    money = suspense.locked(UUID(arguments["money_id"]))
    fen, outgoing = arguments["amount_fen"], arguments["outgoing"]
    check_return(money, amount_fen=fen, outgoing=outgoing)
    going = (
        None
        if outgoing
        else UnplacedReturn(
            borrower_id=HOUSE,
            id=new_id(),
            money_id=money.id,
            original=money.channel_reference,
            amount_fen=fen,
            purpose="unplaced",
            business_on=business_date.current(),
            made_at=clock.now(),
        )
    )
    move = suspense.leave(
        money,
        kind=UnplacedMoveKind.RETURNED,
        amount_fen=fen,
        subject=reference_of(going) if going else outgoing,
        approval_id=approval_id,
    )
    if going:
        going.number = move.number
        going.save(force_insert=True)
        transaction.on_commit(partial(send_return, return_id=going.id))


def check_return(money: UnplacedMoney, *, amount_fen: int, outgoing: str) -> None:
    """Raises: AmountNotPositive, NotSoMuchLeft, NoWayBack, OutgoingReused."""
    suspense.check_left(money, amount_fen)
    if not outgoing and not money.channel_reference:
        raise NoWayBack(
            _("这笔款项不是经支付渠道收到的，请先在网银退回，再填写退回的流水号。"), field="outgoing"
        )
    if outgoing and suspense.has_gone_out(outgoing):
        raise OutgoingReused(_("这个流水号已经登记过另一笔退回。"), field="outgoing")


def send_refund(*, borrower_id: int, refund_id: UUID) -> None:
    """Hand a refund that waits to the channel; does nothing for any other."""
    refund = Refund.objects.get(borrower_id=borrower_id, id=refund_id)
    payment = Payment.objects.get(borrower_id=borrower_id, id=refund.payment_id)
    _send(
        refund,
        lambda: ports.get("channel").refund(
            reference=reference_of(refund),
            original=reference_of(payment),
            amount_fen=refund.amount_fen,
            subject=REFUND_TEXT,
            on=refund.business_on,
        ),
    )


def send_payout(*, borrower_id: int, payout_id: UUID) -> None:
    """Hand a pay-out that waits to the channel; does nothing for any other."""
    payout = PayOut.objects.get(borrower_id=borrower_id, id=payout_id)
    _send(
        payout,
        lambda: ports.get("channel").pay_out(
            reference=reference_of(payout),
            card_token=people.card_token(borrower_id=borrower_id, card_id=payout.card_id),
            amount_fen=payout.amount_fen,
            subject=PAYOUT_TEXTS.get(payout.purpose, PAYOUT_TEXTS["standby"]),
            on=payout.business_on,
        ),
    )


def send_return(*, return_id: UUID) -> None:
    """Hand a return that waits to the channel; does nothing for any other."""
    going = UnplacedReturn.objects.get(borrower_id=HOUSE, id=return_id)
    _send(
        going,
        lambda: ports.get("channel").refund(
            reference=reference_of(going),
            original=going.original,
            amount_fen=going.amount_fen,
            subject=RETURN_TEXT,
            on=going.business_on,
        ),
    )


def _send(movement: Movement, call: Callable[[], ChannelAnswer]) -> None:
    if not mark_sent(movement):
        return
    try:
        record_outcome(call())
    except ChannelUnreachable:
        mark_silent(movement, was_sent=False)
    except ChannelSilent:
        mark_silent(movement, was_sent=True)
    except ChannelRefused as e:
        record_refusal(movement, e.code)
    except CardUnknown:
        record_refusal(movement, CARD_UNBOUND)
