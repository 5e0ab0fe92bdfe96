"""Bank cards: bound after name, ID number, card number and phone were found to be one person's."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, BankCard, CardStatus, CodePurpose, Identity, IdentityStatus
from fenqi.people.ports import CardAnswer, CheckResult
from fenqi.people.services.codes import send_code, use_code
from fenqi.plumbing import audit, business_date, clock, outbox, ports, rule_data, sealed
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

# While the bank had no answer, the proof of the phone stands this long, so that a retry needs no new code.
PHONE_PROOF_STANDS = datetime.timedelta(minutes=10)


def send_card_code(*, borrower_id: int, number: str, holder_phone: str, ip: str = "") -> None:
    """
    Send the code that proves the phone reserved at the bank, once the card number can be read.

    Raises: IdentityNeeded, Unreadable, TooSoon.
    """
    _passed_identity(borrower_id)
    refusals.card_number(number)
    phone = refusals.phone(holder_phone, field="holder_phone")
    try:
        send_code(phone=phone, purpose=CodePurpose.BIND_CARD, ip=ip)
    except refusals.TooSoon as e:
        raise refusals.TooSoon(e.message, field="code", **e.details) from None


def bind_card(*, borrower_id: int, number: str, holder_phone: str, code: str) -> UUID:
    """
    Bind a debit card after a four-element check; the same card again gives the same id.

    Raises: IdentityNeeded, Unreadable, CodeWrong, CodeClosed, CardRefused, CardLimit, CheckUnavailable
    (nothing lost: the same form again asks the same question).
    """
    identity = _passed_identity(borrower_id)
    number = refusals.card_number(number)
    phone = refusals.phone(holder_phone, field="holder_phone")
    index = sealed.blind_index(number, purpose="card")
    kept = BankCard.objects.filter(borrower_id=borrower_id, number_index=index)
    if active := kept.filter(status=CardStatus.ACTIVE).first():
        return active.id
    open_intent = next(
        (
            card
            for card in kept.filter(
                status=CardStatus.CHECKING, asked_at__gt=clock.wall() - PHONE_PROOF_STANDS
            ).order_by("-asked_at")
            if card.phone == phone
        ),
        None,
    )
    if open_intent is None:
        use_code(phone=phone, code=code, purpose=CodePurpose.BIND_CARD)
        card_id = _intend(borrower_id, number, index, phone)
    else:
        card_id = open_intent.id
    answer: CardAnswer = ports.get("channel").check_card(
        reference=str(card_id),
        holder_name=identity.real_name,
        id_number=identity.id_number,
        card_number=number,
        phone=phone,
    )
    return _conclude(borrower_id, card_id, answer)


def _passed_identity(borrower_id: int) -> Identity:
    identity = Identity.objects.filter(borrower_id=borrower_id, status=IdentityStatus.PASSED).first()
    if identity is None:
        raise refusals.IdentityNeeded(_("请先完成实名认证，再绑定本人名下的银行卡。"))
    return identity


@transaction.atomic
def _intend(borrower_id: int, number: str, index: bytes, phone: str) -> UUID:
    Account.objects.select_for_update().get(borrower_id=borrower_id)
    now = clock.wall()
    limit = rule_data.value("card_checks_per_day", on=business_date.current())
    today = BankCard.objects.filter(
        borrower_id=borrower_id, number_index=index, asked_at__gt=now - datetime.timedelta(days=1)
    )
    if today.count() >= limit:
        raise refusals.CardLimit(_("这张卡今天核验次数已用完，请明天再试或换一张卡。"), field="number")
    card_id = new_id()
    BankCard.objects.create(
        borrower_id=borrower_id,
        id=card_id,
        number_index=index,
        phone=phone,
        tail=number[-4:],
        status=CardStatus.CHECKING,
        asked_at=now,
    )
    return card_id


def _conclude(borrower_id: int, card_id: UUID, answer: CardAnswer) -> UUID:
    if answer.result == CheckResult.RETRY:
        raise refusals.CheckUnavailable(
            _("银行暂未响应，卡片尚未绑定。资料已保留，请稍后再点一次，无需重新获取验证码。")
        )
    if answer.result == CheckResult.PASS:
        return _activate(borrower_id, card_id, answer)
    _refuse(borrower_id, card_id, answer)
    if answer.result == CheckResult.LIMIT:
        raise refusals.CardLimit(_("这张卡今天核验次数已用完，请明天再试或换一张卡。"), field="number")
    raise refusals.CardRefused(
        _("银行核验未通过：请使用本人名下的储蓄卡，并核对卡号与银行预留手机号。"), field="number"
    )


@transaction.atomic
def _activate(borrower_id: int, card_id: UUID, answer: CardAnswer) -> UUID:
    Account.objects.select_for_update().get(borrower_id=borrower_id)
    card = BankCard.objects.get(borrower_id=borrower_id, id=card_id)
    other = BankCard.objects.filter(
        borrower_id=borrower_id, number_index=bytes(card.number_index), status=CardStatus.ACTIVE
    ).first()
    if other:
        return other.id
    card.status, card.bank, card.serial = CardStatus.ACTIVE, answer.bank[:40], answer.serial
    card.bound_at = clock.now()
    card.save()
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="people.card.bound",
        subject=f"account:{borrower_id}",
        card_id=card_id,
        tail=card.tail,
    )
    outbox.publish("people.card.bound", borrower_id=borrower_id, card_id=card_id)
    return card_id


@transaction.atomic
def _refuse(borrower_id: int, card_id: UUID, answer: CardAnswer) -> None:
    # What is not theirs is not kept; the blind index stays to count the day's tries.
    BankCard.objects.filter(borrower_id=borrower_id, id=card_id).update(
        status=CardStatus.REFUSED, serial=answer.serial, phone="", tail=""
    )


@transaction.atomic
def unbind_card(*, borrower_id: int, card_id: UUID) -> None:
    """Let a card go; mandates on it end by the announcement. Safe to repeat. Raises: CardUnknown."""
    card = BankCard.objects.select_for_update().filter(borrower_id=borrower_id, id=card_id).first()
    if card is None or card.status not in (CardStatus.ACTIVE, CardStatus.UNBOUND):
        raise refusals.CardUnknown(_("没有这张银行卡。"))
    if card.status == CardStatus.UNBOUND:
        return
    card.status, card.unbound_at = CardStatus.UNBOUND, clock.now()
    card.save()
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="people.card.unbound",
        subject=f"account:{borrower_id}",
        card_id=card_id,
        tail=card.tail,
    )
    outbox.publish("people.card.unbound", borrower_id=borrower_id, card_id=card_id)
