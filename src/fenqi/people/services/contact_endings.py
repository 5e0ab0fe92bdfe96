"""When a contact's data goes: after settlement, after a no, with a link nobody answered, with an application that led nowhere."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from fenqi.people.models import Contact, ContactInvite, ContactRetention, ContactStatus, Identity
from fenqi.people.services.contacts import GONE, forget_contact, lock_contact, take_answer
from fenqi.people.services.links import find_invite
from fenqi.plumbing import business_date, clock, rule_data

SAID_NO = (ContactStatus.DECLINED, ContactStatus.UNKNOWN_PERSON, ContactStatus.WITHDRAWN)


@transaction.atomic
def plan_forgetting(*, borrower_id: int) -> datetime.date:
    """Everything is settled: the contacts are to be forgotten after the days the rule names."""
    on = business_date.current()
    days = rule_data.value("contact_rules", on=on)["delete_days_after_settlement"]
    forget_on = on + datetime.timedelta(days=days)
    ContactRetention.objects.update_or_create(borrower_id=borrower_id, defaults={"forget_on": forget_on})
    return forget_on


def due_to_forget(on: datetime.date) -> list[int]:
    """Borrowers whose contacts' time is over."""
    return list(ContactRetention.objects.filter(forget_on__lte=on).values_list("borrower_id", flat=True))


@transaction.atomic
def forget_contacts(*, borrower_id: int, is_settled: bool) -> int:
    """Delete the contacts' data if all is still settled, else keep them and drop the plan; tells how many were deleted."""
    ContactRetention.objects.filter(borrower_id=borrower_id).delete()
    if not is_settled:
        return 0
    return forget_all_contacts(borrower_id=borrower_id, why="全部结清满期")


def ended_contacts(on: datetime.date, limit: int = 1000) -> list[tuple[int, UUID]]:
    """
    Contacts whose data is of no use any more: who said no or was refused, some days ago; who never answered their link.

    The days in between let the contact read what became of it, and the applicant see that it did not work out.
    """
    days = rule_data.value("contact_rules", on=on)["delete_days_after_no"]
    before = clock.midnight(on - datetime.timedelta(days=days))
    said_no = Q(status__in=SAID_NO, answered_at__lt=before)
    refused = Q(status=ContactStatus.REFUSED, reviewed_at__lt=before)
    found = list(
        Contact.objects.filter(said_no | refused)
        .values_list("borrower_id", "id")
        .order_by("named_at")[:limit]
    )
    silent = Contact.objects.filter(status=ContactStatus.INVITED, named_at__lt=before)
    asked = list(silent.values_list("borrower_id", "id").order_by("named_at")[:limit])
    last = dict(
        ContactInvite.objects.filter(contact_id__in=[contact_id for _borrower, contact_id in asked])
        .values("contact_id")
        .annotate(ends=Max("expires_at"))
        .values_list("contact_id", "ends")
    )
    return found + [place for place in asked if last.get(place[1], before) < clock.midnight(on)]


def unused_contacts(on: datetime.date, limit: int = 1000) -> set[int]:
    """Borrowers who named a contact so long ago that a loan must have come of it by now, or nothing will."""
    before = clock.midnight(on - datetime.timedelta(days=rule_data.value("identity_unused_days", on=on)))
    # Behind these stands an agreement: their time is counted from settlement.
    agreed = Identity.objects.filter(must_be_kept=True).values("borrower_id")
    old = Contact.objects.filter(
        status__in=(ContactStatus.ACCEPTED, ContactStatus.APPROVED), named_at__lt=before
    ).exclude(borrower_id__in=agreed)
    return set(old.values_list("borrower_id", flat=True)[:limit])


def forget_all_contacts(*, borrower_id: int, why: str) -> int:
    """Delete the data of every contact of a borrower; tells how many."""
    kept = Contact.objects.filter(borrower_id=borrower_id).exclude(status__in=GONE)
    ids = list(kept.values_list("id", flat=True))
    for contact_id in ids:
        forget_contact(borrower_id=borrower_id, contact_id=contact_id, why=why)
    return len(ids)


@transaction.atomic
def delete_by_contact(*, token: str, evidence: dict[str, Any]) -> None:
    """
    The contact wants their data gone now: whoever had not said no says it by this, and name and phone go at once. Safe to repeat.

    Raises: LinkUnknown.
    """
    invite = find_invite(token)
    contact = lock_contact(invite.borrower_id, invite.contact_id)
    if contact.status in GONE:
        return
    no = {
        ContactStatus.INVITED: "decline",
        ContactStatus.ACCEPTED: "withdraw",
        ContactStatus.APPROVED: "withdraw",
    }.get(ContactStatus(contact.status))
    if no:
        take_answer(contact, no, evidence=evidence, actor=f"contact:{contact.id}")
    forget_contact(borrower_id=contact.borrower_id, contact_id=contact.id, why="联系人要求立即删除")
