"""The call log: every call to a borrower or a contact, what the gate said, and what it says now."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from fenqi.people.models import Contact, ContactCall, ContactStatus, ContactUse, Dial
from fenqi.people.services.contact_use import around, judge_contact_use, judge_dial
from fenqi.plumbing import audit, clock, masks

if TYPE_CHECKING:
    from uuid import UUID

    from fenqi.plumbing.gates import Answer

DENIED = "people.contact.denied"
SELF, CONTACT = _("本人"), _("联系人")


@dataclass(frozen=True, kw_only=True, slots=True)
class CallLine:
    """One call, or one that the gate stopped. `rule_id` is the gate's answer where it is told apart."""

    at: datetime.datetime
    borrower_id: int
    staff: str
    what: Any
    to: Any = CONTACT
    allowed: bool = True
    rule_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskContact:
    """A contact as those who look after a borrower see them: masked, with the gate's answer for each purpose."""

    id: UUID
    name_masked: str
    phone_masked: str
    relationship: str
    status: str
    verify: Answer
    reach: Answer
    was_used_today: bool


def call_log(*, borrower_id: int | None = None, limit: int = 50) -> list[CallLine]:
    """Calls and stopped calls, newest first, of one borrower or of all."""
    place = {} if borrower_id is None else {"borrower_id": borrower_id}
    lines = [
        CallLine(
            at=one.dialled_at,
            borrower_id=one.borrower_id,
            staff=one.staff,
            to=SELF,
            what=one.get_outcome_display(),
        )
        for one in Dial.objects.filter(**place).order_by("-dialled_at")[:limit]
    ]
    uses = ContactUse.objects.filter(kind__in=("call", "reach"), **place).order_by("-used_at")[:limit]
    lines += [
        CallLine(
            at=one.used_at,
            borrower_id=one.borrower_id,
            staff=one.actor,
            what=one.get_kind_display(),
        )
        for one in uses
    ]
    lines += [
        CallLine(
            at=one.called_at,
            borrower_id=one.borrower_id,
            staff=one.staff,
            what=one.get_outcome_display(),
        )
        for one in ContactCall.objects.filter(**place).order_by("-called_at")[:limit]
    ]
    subject = None if borrower_id is None else f"account:{borrower_id}"
    lines += [
        CallLine(
            at=one.at,
            borrower_id=int(one.subject.partition(":")[2]),
            staff=one.actor,
            what=_("被规则阻止"),
            allowed=False,
            rule_id=one.details.get("rule_id", ""),
        )
        for one in audit.trail(subject=subject, action=DENIED, limit=limit)
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]


def desk(borrower_id: int, *, at: datetime.datetime) -> tuple[list[DeskContact], Answer]:
    """
    A borrower's contacts, the newest first, replaced and deleted ones left out; and the gate's answer for their own phone.

    What the gate would say is only read; it is kept when it is asked for a use.
    """
    kept = Contact.objects.filter(borrower_id=borrower_id).exclude(
        status__in=[ContactStatus.REPLACED, ContactStatus.DELETED]
    )
    known = around(borrower_id, on=clock.date_of(at))
    contacts = [
        DeskContact(
            id=one.id,
            name_masked=masks.name(one.name),
            phone_masked=masks.phone(one.phone),
            relationship=str(one.get_relationship_display()),
            status=one.status,
            verify=judge_contact_use(one, "verify", at, known),
            reach=judge_contact_use(one, "reach", at, known),
            was_used_today=bool(known.used_today[one.id]),
        )
        for one in kept.order_by("-named_at")
    ]
    return contacts, judge_dial(at, known)
