"""What waits for a reviewer, and the evidence beside it. Everything masked; photos open one by one with a reason."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import (
    Account,
    Contact,
    ContactNaming,
    ContactStatus,
    Identity,
    IdentityCheck,
    IdentityIndex,
    IdentityStatus,
    StaffMember,
)
from fenqi.people.queries.contacts import answers_of
from fenqi.people.services.codes import phone_index
from fenqi.people.services.reveals import note_look
from fenqi.plumbing import masks, sealed

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueRow:
    """One line of a queue."""

    borrower_id: int
    id: str
    name_masked: str
    phone_masked: str
    note: str
    since: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLine:
    """One question to the identity party and what came back."""

    asked_at: datetime.datetime
    method: str
    result: str
    serial: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityFile:
    """The evidence of one identity under review."""

    borrower_id: int
    name_masked: str
    id_number_masked: str
    phone_masked: str
    born_on: datetime.date
    valid_until: str
    is_student: bool
    method: str
    status: str
    reason: str
    submitted_at: datetime.datetime
    has_photos: bool
    is_on_another_account: bool
    checks: list[CheckLine]


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactFile:
    """The evidence of one contact under review."""

    borrower_id: int
    id: UUID
    application_id: UUID | None
    name_masked: str
    phone_masked: str
    relationship: str
    status: str
    applicant_masked: str
    applicant_phone_masked: str
    named_at: datetime.datetime
    answered_at: datetime.datetime | None
    answers: list[tuple[datetime.datetime, str]]
    named_by_others: int
    reported_by: int


def identity_queue(limit: int = 100) -> list[QueueRow]:
    """Identities that wait for a person, the longest waiting first."""
    waiting = list(Identity.objects.filter(status=IdentityStatus.REVIEW).order_by("submitted_at")[:limit])
    phones = _phones([one.borrower_id for one in waiting])
    return [
        QueueRow(
            borrower_id=one.borrower_id,
            id=str(one.borrower_id),
            name_masked=masks.name(one.real_name),
            phone_masked=phones.get(one.borrower_id, ""),
            note=str(REVIEW_REASONS.get(one.reason, one.reason)),
            since=one.submitted_at,
        )
        for one in waiting
    ]


def contact_queue(limit: int = 100) -> list[QueueRow]:
    """Contacts who accepted and wait for a reviewer, the longest waiting first."""
    waiting = Contact.objects.filter(status=ContactStatus.ACCEPTED).order_by("answered_at")[:limit]
    return [
        QueueRow(
            borrower_id=one.borrower_id,
            id=str(one.id),
            name_masked=masks.name(one.name),
            phone_masked=masks.phone(one.phone),
            note=str(one.get_relationship_display()),
            since=one.answered_at or one.named_at,
        )
        for one in waiting
    ]


def queue_sizes() -> dict[str, int]:
    """How many wait in the queues people owns, by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM people_identity WHERE status = 'review'),"
            " (SELECT count(*) FROM people_contact WHERE status = 'accepted'),"
            " (SELECT count(*) FROM people_phonechange WHERE status = 'review')"
        )
        identity, contacts, phones = cursor.fetchone()
    return {"identity": identity, "contacts": contacts, "phones": phones}


REVIEW_REASONS = {
    "photos_to_be_seen": _("证件照片待人工核对"),
    "id_number_on_another_account": _("证件号已在另一账号使用"),
}


def identity_file(borrower_id: int) -> IdentityFile:
    """The evidence of an identity. Raises: NotFound."""
    identity = Identity.objects.filter(borrower_id=borrower_id).first()
    if identity is None:
        raise refusals.NotFound(_("没有这项认证。"))
    index = sealed.blind_index(identity.id_number, purpose="id_number")
    other = IdentityIndex.objects.filter(id_index=index).exclude(borrower_id=borrower_id).exists()
    checks = IdentityCheck.objects.filter(borrower_id=borrower_id).order_by("-asked_at")[:20]
    return IdentityFile(
        borrower_id=borrower_id,
        name_masked=masks.name(identity.real_name),
        id_number_masked=masks.id_number(identity.id_number),
        phone_masked=_phones([borrower_id]).get(borrower_id, ""),
        born_on=datetime.date.fromisoformat(identity.born_on),
        valid_until=identity.valid_until,
        is_student=identity.is_student,
        method=identity.get_method_display(),
        status=identity.status,
        reason=str(REVIEW_REASONS.get(identity.reason, identity.reason)),
        submitted_at=identity.submitted_at,
        has_photos=bool(identity.front_id),
        is_on_another_account=other,
        checks=[
            CheckLine(
                asked_at=one.asked_at,
                method=one.method,
                result=one.result,
                serial=one.serial,
                reason=one.reason,
            )
            for one in checks
        ],
    )


def contact_file(*, borrower_id: int, contact_id: UUID) -> ContactFile:
    """The evidence of a contact. Raises: NotFound."""
    contact = Contact.objects.filter(borrower_id=borrower_id, id=contact_id).first()
    if contact is None:
        raise refusals.NotFound(_("没有这位联系人。"))
    applicant = Identity.objects.filter(borrower_id=borrower_id).first()
    namings = list(
        ContactNaming.objects.filter(phone_index=phone_index(contact.phone)).exclude(borrower_id=borrower_id)
    )
    return ContactFile(
        borrower_id=borrower_id,
        id=contact.id,
        application_id=contact.application_id,
        name_masked=masks.name(contact.name),
        phone_masked=masks.phone(contact.phone),
        relationship=contact.get_relationship_display(),
        status=contact.status,
        applicant_masked=masks.name(applicant.real_name) if applicant else "",
        applicant_phone_masked=_phones([borrower_id]).get(borrower_id, ""),
        named_at=contact.named_at,
        answered_at=contact.answered_at,
        answers=answers_of(borrower_id=borrower_id, contact_id=contact_id),
        named_by_others=len(namings),
        reported_by=sum(1 for naming in namings if naming.refused_at),
    )


def identity_photo(*, borrower_id: int, side: str, actor: str, reason: str) -> tuple[bytes, str]:
    """
    A photo of the card in clear, for `actor` staff:<name>; who looked and why is kept, counted and told to the person.

    Raises: NotFound, ReasonMissing, TooManyReveals, StorageOnly.
    """
    identity = Identity.objects.filter(borrower_id=borrower_id).first()
    file_id = {"front": identity.front_id, "back": identity.back_id}.get(side) if identity else None
    if file_id is None:
        raise refusals.NotFound(_("没有这张照片。"))
    note_look(
        staff=actor,
        borrower_id=borrower_id,
        field=f"identity.{side}",
        reason=reason,
        limit="photo_looks_per_hour",
    )
    return sealed.open_file(file_id=file_id, borrower_id=borrower_id)


def staff_names() -> dict[str, str]:
    """Sign-in name → shown name of everybody who works here."""
    return dict(StaffMember.objects.values_list("name", "shown_name"))


def _phones(borrower_ids: list[int]) -> dict[int, str]:
    kept = Account.objects.filter(borrower_id__in=borrower_ids).values_list("borrower_id", "phone")
    return {borrower_id: masks.phone(phone) for borrower_id, phone in kept}
