"""The address for reminders: kept once somebody opened the link sent there, so that nobody signs another up."""

from __future__ import annotations

import datetime
import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, EmailLink
from fenqi.people.services.links import token_hash
from fenqi.plumbing import audit, business_date, clock, masks, ports, rule_data


@transaction.atomic
def ask_for_email(*, borrower_id: int, email: str) -> None:
    """
    Send a link to an address that should get reminders; until it is opened the address before stays. The door asks for a step-up first.

    Raises: Unreadable, TooSoon.
    """
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise refusals.Unreadable(_("邮箱地址格式不对，例如 name@example.com。"), field="email") from None
    on, now = business_date.current(), clock.wall()
    Account.objects.select_for_update().get(borrower_id=borrower_id)
    sent = EmailLink.objects.filter(borrower_id=borrower_id, sent_at__gt=now - datetime.timedelta(days=1))
    if sent.count() >= rule_data.value("email_links_per_day", on=on):
        raise refusals.TooSoon(_("今天发送确认邮件的次数过多，请明天再试。"), field="email")
    hours = rule_data.value("email_link_hours", on=on)
    token = secrets.token_urlsafe(32)
    EmailLink.objects.create(
        token_hash=token_hash(token),
        borrower_id=borrower_id,
        email=email,
        sent_at=now,
        expires_at=now + datetime.timedelta(hours=hours),
    )
    ports.get("texts").send_to_email(
        email=email,
        template="people.email_link",
        context={"link": f"/email/{token}/", "hours": hours},
        reference=f"email_link:{token_hash(token).hex()}",
    )


def email_behind(*, token: str) -> str:
    """The masked address a link would confirm. Raises: LinkUnknown, LinkExpired."""
    return masks.email(_link(token).email)


@transaction.atomic
def confirm_email(*, token: str) -> None:
    """
    The link was opened: reminders go there from now on. The same link again changes nothing.

    Raises: LinkUnknown, LinkExpired.
    """
    link = _link(token)
    account = Account.objects.select_for_update().get(borrower_id=link.borrower_id)
    if not EmailLink.objects.filter(token_hash=link.token_hash, used_at=None).update(used_at=clock.wall()):
        return
    EmailLink.objects.filter(borrower_id=link.borrower_id, used_at=None).delete()
    _keep(account, link.email)


@transaction.atomic
def remove_email(*, borrower_id: int) -> None:
    """No more mail. Safe to repeat."""
    account = Account.objects.select_for_update().get(borrower_id=borrower_id)
    EmailLink.objects.filter(borrower_id=borrower_id, used_at=None).delete()
    if account.email:
        _keep(account, "")


def _keep(account: Account, email: str) -> None:
    before, account.email = account.email, email
    account.save(update_fields=["email"])
    audit.record(
        actor=f"shopper:{account.borrower_id}",
        action="people.email_changed",
        subject=f"account:{account.borrower_id}",
        email=masks.email(email),
    )
    if before:
        ports.get("texts").tell(
            borrower_id=account.borrower_id,
            template="people.email_changed",
            context={"link": "/me/email/"},
            reference=f"email_changed:{account.borrower_id}:{clock.wall().isoformat()}",
        )


def _link(token: str) -> EmailLink:
    link = EmailLink.objects.filter(token_hash=token_hash(token)).first()
    if link is None:
        raise refusals.LinkUnknown(_("这个链接无效。请从邮件中重新打开完整链接。"))
    if link.expires_at <= clock.wall() and link.used_at is None:
        raise refusals.LinkExpired(_("这个链接已过期，请重新填写邮箱。"))
    return link
