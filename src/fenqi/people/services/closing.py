"""The end of an account, and facts of an identity put right by a person of the staff."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import (
    Account,
    BankCard,
    CardStatus,
    Consent,
    Contact,
    ContactStatus,
    Identity,
    IdentityStatus,
)
from fenqi.people.services.accounts import end_other_sessions
from fenqi.people.services.cards import unbind_card
from fenqi.people.services.consents import withdraw_consent
from fenqi.people.services.contacts import forget_contact
from fenqi.people.services.identity import LONG_TERM
from fenqi.people.services.passkeys import forget_passkeys_of_shopper
from fenqi.plumbing import audit, business_date, clock, outbox


@transaction.atomic
def close_account(*, borrower_id: int) -> None:
    """
    Sign every browser out, let cards, consents and contacts go, and mark the account as ended. Safe to repeat.

    What is held about it afterwards is the privacy context's to delete. Raises: NotFound.
    """
    account = Account.objects.select_for_update().filter(borrower_id=borrower_id).first()
    if account is None:
        raise refusals.NotFound(_("账号不存在。"))
    if account.closed_at is not None:
        return
    end_other_sessions(borrower_id=borrower_id, session_key="")
    for card_id in BankCard.objects.filter(borrower_id=borrower_id, status=CardStatus.ACTIVE).values_list(
        "id", flat=True
    ):
        unbind_card(borrower_id=borrower_id, card_id=card_id)
    standing = Consent.objects.filter(borrower_id=borrower_id, withdrawn_at=None)
    for text_code in set(standing.values_list("text_code", flat=True)):
        withdraw_consent(borrower_id=borrower_id, text_code=text_code, channel="closing")
    live = Contact.objects.filter(borrower_id=borrower_id).exclude(status=ContactStatus.DELETED)
    for contact_id in live.values_list("id", flat=True):
        forget_contact(borrower_id=borrower_id, contact_id=contact_id, why="申请人注销账号")
    forget_passkeys_of_shopper(borrower_id)
    account.closed_at = clock.now()
    account.save(update_fields=["closed_at"])
    audit.record(
        actor=f"shopper:{borrower_id}", action="people.account.closed", subject=f"account:{borrower_id}"
    )
    outbox.publish("people.account.closed", borrower_id=borrower_id)


@transaction.atomic
def correct_identity(*, staff: str, borrower_id: int, field: str, value: str, reason: str) -> None:
    """
    Put one fact of a passed identity right, after looking at evidence: real_name | valid_until | is_student.

    `value` as a person writes it: a name, a date 2036-05-01 or 长期, 是 or 否. Raises: NotWaiting, ReasonMissing, Unreadable.
    """
    if not reason.strip():
        raise refusals.ReasonMissing(_("请写明理由。"), field="reason")
    identity = Identity.objects.select_for_update().filter(borrower_id=borrower_id).first()
    if identity is None or identity.status != IdentityStatus.PASSED:
        raise refusals.NotWaiting(_("这个账号没有已通过的实名认证，无从更正。"))
    if field == "real_name":
        identity.real_name = refusals.real_name(value, field="wish")
    elif field == "valid_until":
        identity.valid_until = _validity(value)
    elif field == "is_student":
        identity.is_student = _yes(value)
    else:
        raise refusals.NotFound(_("没有这个字段。"))
    identity.save()
    audit.record(
        actor=staff,
        action="people.identity.corrected",
        subject=f"account:{borrower_id}",
        reason=reason.strip()[:300],
        field=field,
    )


def _validity(value: str) -> str:
    text = value.strip()
    if text in ("长期", "长期有效", "long-term"):
        return LONG_TERM
    try:
        until = datetime.date.fromisoformat(text)
    except ValueError:
        raise refusals.Unreadable(
            _("日期格式不对，请按 年-月-日 填写，例如 2036-05-01，或写“长期”。"), field="wish"
        ) from None
    if until < business_date.current():
        raise refusals.Unreadable(_("身份证已过期，请换领新证后再认证。"), field="wish")
    return until.isoformat()


def _yes(value: str) -> bool:
    answers = {"是": True, "yes": True, "否": False, "不是": False, "no": False}
    try:
        return answers[value.strip().lower()]
    except KeyError:
        raise refusals.Unreadable(_("请写“是”或“否”。"), field="wish") from None
