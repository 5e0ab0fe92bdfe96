"""Looking at a value in clear: with a reason, in small numbers, never unseen."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, Identity, Reveal
from fenqi.plumbing import audit, business_date, clock, rule_data
from fenqi.plumbing.errors import NotAllowed
from fenqi.plumbing.ids import new_id

FIELDS = {"real_name": Identity, "id_number": Identity, "phone": Account}


class TooManyReveals(refusals.TooMany):
    """More looks at values in clear than work needs."""

    code = "too_many_reveals"


class StorageOnly(NotAllowed):
    """The account has ended: what the law has kept is stored and not used (PIPL art. 47)."""

    code = "storage_only"


@transaction.atomic
def reveal(*, staff: str, borrower_id: int, field: str, reason: str) -> str:
    """
    One value of one person in clear; the person sees that staff looked, and why.

    `staff`: "staff:<name>"; `field`: real_name | id_number | phone. Raises: ReasonMissing, TooManyReveals, StorageOnly, NotFound.
    """
    if field not in FIELDS:
        raise refusals.NotFound(_("没有这个字段。"))
    kept = FIELDS[field].objects.filter(borrower_id=borrower_id).first()
    if kept is None:
        raise refusals.NotFound(_("没有这项信息。"))
    note_look(staff=staff, borrower_id=borrower_id, field=field, reason=reason, limit="reveals_per_hour")
    value: str = getattr(kept, field)
    return value


@transaction.atomic
def note_look(*, staff: str, borrower_id: int, field: str, reason: str, limit: str) -> None:
    """
    Write down that staff look at a value or a photo now; before it is shown. `limit` is the rule that counts looks of this kind.

    Raises: ReasonMissing, TooManyReveals, StorageOnly.
    """
    if not reason.strip():
        raise refusals.ReasonMissing(_("请写明查看原文的理由。"), field="reason")
    if Account.objects.filter(borrower_id=borrower_id, closed_at__isnull=False).exists():
        raise StorageOnly(_("账号已注销，信息只依法保存，不再查看或使用。"))
    now = clock.wall()
    looks = Reveal.objects.filter(staff=staff, revealed_at__gt=now - datetime.timedelta(hours=1))
    alike = looks.filter(field__in=FIELDS) if field in FIELDS else looks.exclude(field__in=FIELDS)
    if alike.count() >= rule_data.value(limit, on=business_date.current()):
        raise TooManyReveals(_("一小时内查看原文的次数已达上限，请稍后再试或联系合规。"))
    Reveal.objects.create(
        borrower_id=borrower_id,
        id=new_id(),
        staff=staff,
        field=field,
        reason=reason.strip()[:300],
        revealed_at=now,
    )
    audit.record(
        actor=staff,
        action="people.revealed",
        subject=f"account:{borrower_id}",
        reason=reason.strip()[:300],
        field=field,
    )
