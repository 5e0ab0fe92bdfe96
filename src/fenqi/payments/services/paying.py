"""The shopper pays: with a bound card, or on the channel's cashier page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.payments.models import Payment, State
from fenqi.payments.movements import mark_sent, mark_silent, record_outcome, record_refusal, reference_of
from fenqi.payments.ports import (
    ChannelRefused,
    ChannelSilent,
    ChannelUnreachable,
)
from fenqi.payments.refusals import CARD_UNBOUND, AmountNotPositive, PaymentUnknown
from fenqi.people import queries as people
from fenqi.people.refusals import CardUnknown
from fenqi.plumbing import business_date, clock, idempotency, ports
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

SUBJECTS = {"order": "青屿商城订单", "repayment": "分期还款", "standby": "备用金还款"}


@dataclass(frozen=True, kw_only=True)
class PaymentStart:
    """
    Where a payment stands after it was begun.

    `redirect_url`: where the shopper pays, else None. INTENDED: the channel could not be reached, the same reference tries
    again. UNKNOWN: it fell silent, the money may have moved; the next look asks again.
    """

    payment_id: UUID
    redirect_url: str | None
    state: str


def start_payment(
    *,
    borrower_id: int,
    amount_fen: int,
    purpose: str,
    subject: dict[str, Any],
    return_url: str,
    reference: str,
    card_id: UUID | None = None,
) -> PaymentStart:
    """
    Begin a payment of `amount_fen` and hand it to the channel. Safe to repeat by `reference`.

    `purpose`: order | repayment | standby; `subject` comes back in payments.payment.succeeded / .failed.
    `return_url` is a path on our site; `payment=<id>` is added to it. Inside a caller's transaction the call leaves after commit.
    Raises: AmountNotPositive, CardUnknown, ReferenceReused.
    """
    if amount_fen <= 0:
        raise AmountNotPositive(_("付款金额必须大于 0。"), field="amount")
    with transaction.atomic():
        content = {"amount_fen": amount_fen, "purpose": purpose, "subject": subject, "card_id": card_id}
        claim = idempotency.claim(
            scope="payments.start", key=f"{borrower_id}:{reference}", content=content, borrower_id=borrower_id
        )
        if claim.is_new:
            if card_id is not None:
                people.card_token(borrower_id=borrower_id, card_id=card_id)
            payment_id = new_id()
            separator = "&" if "?" in return_url else "?"
            Payment.objects.create(
                borrower_id=borrower_id,
                id=payment_id,
                reference=reference,
                amount_fen=amount_fen,
                purpose=purpose,
                subject=subject,
                card_id=card_id,
                return_url=f"{return_url}{separator}{urlencode({'payment': payment_id})}",
                business_on=business_date.current(),
                made_at=clock.now(),
            )
            claim.settle({"payment_id": payment_id})
        else:
            payment_id = claim.result["payment_id"]
        transaction.on_commit(partial(send_payment, borrower_id=borrower_id, payment_id=payment_id))
    payment = Payment.objects.get(borrower_id=borrower_id, id=payment_id)
    return PaymentStart(payment_id=payment.id, redirect_url=payment.redirect_url or None, state=payment.state)


def send_payment(*, borrower_id: int, payment_id: UUID) -> None:
    """Hand a payment that waits to the channel; does nothing for any other."""
    payment = Payment.objects.get(borrower_id=borrower_id, id=payment_id)
    # Opening the same cashier again is harmless, and without its address nobody can have paid there.
    may_open_again = payment.card_id is None and not payment.redirect_url and payment.state == State.UNKNOWN
    if may_open_again:
        Payment.objects.filter(borrower_id=borrower_id, id=payment_id, state=State.UNKNOWN).update(
            state=State.INTENDED
        )
    if not mark_sent(payment):
        return
    channel = ports.get("channel")
    try:
        if payment.card_id is None:
            _open_cashier(channel, payment)
        else:
            record_outcome(
                channel.charge(
                    reference=reference_of(payment),
                    card_token=people.card_token(borrower_id=borrower_id, card_id=payment.card_id),
                    amount_fen=payment.amount_fen,
                    subject=SUBJECTS.get(payment.purpose, SUBJECTS["order"]),
                    on=payment.business_on,
                )
            )
    except ChannelUnreachable:
        mark_silent(payment, was_sent=False)
    except ChannelSilent:
        mark_silent(payment, was_sent=True)
    except ChannelRefused as e:
        record_refusal(payment, e.code)
    except CardUnknown:
        record_refusal(payment, CARD_UNBOUND)


def _open_cashier(channel: Any, payment: Payment) -> None:
    cashier = channel.open_cashier(
        reference=reference_of(payment),
        amount_fen=payment.amount_fen,
        subject=SUBJECTS.get(payment.purpose, SUBJECTS["order"]),
        return_url=payment.return_url,
        phone=people.phone_for(borrower_id=payment.borrower_id, reason="cashier"),
        on=payment.business_on,
    )
    Payment.objects.filter(borrower_id=payment.borrower_id, id=payment.id).update(redirect_url=cashier.url)


def ask_payment(*, borrower_id: int, payment_id: UUID) -> str:
    """
    Ask the channel what became of a payment that is still open; tells the state known afterwards.

    Raises: PaymentUnknown.
    """
    payment = Payment.objects.filter(borrower_id=borrower_id, id=payment_id).first()
    if payment is None:
        raise PaymentUnknown(_("没有这笔付款。"))
    if payment.state in (State.SENT, State.UNKNOWN):
        reference = reference_of(payment)
        try:
            answers = ports.get("channel").query(references=[reference])
        except (ChannelSilent, ChannelRefused):
            return payment.state
        record_outcome(answers[reference])
        payment.refresh_from_db()
    return payment.state
