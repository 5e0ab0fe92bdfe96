"""Contacts as three readers see them: the applicant, the contact by their link, the reviewer."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fenqi.people.models import (
    Contact,
    ContactAnswer,
    ContactInvite,
    ContactStatus,
    ContactUse,
    Identity,
    Relationship,
)
from fenqi.people.services.consents import text_of
from fenqi.people.services.contacts import ANSWERS, CONTACT_TEXT, LIVE
from fenqi.people.services.links import find_invite
from fenqi.plumbing import business_date, clock, masks, rule_data

if TYPE_CHECKING:
    from uuid import UUID

# What an applicant may know: that it did not work out, never why.
_SHOWN_TO_APPLICANT = {
    ContactStatus.DECLINED: "not_confirmed",
    ContactStatus.UNKNOWN_PERSON: "not_confirmed",
    ContactStatus.REFUSED: "not_confirmed",
    ContactStatus.WITHDRAWN: "not_confirmed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnContact:
    """A contact as the applicant who named them sees it."""

    id: UUID
    name_masked: str
    phone_masked: str
    relationship: str
    state: str
    named_at: datetime.datetime
    is_link_expired: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One line of what was done with a contact's data."""

    kind: str
    used_at: datetime.datetime
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InvitePage:
    """What a contact sees behind their link."""

    applicant_masked: str
    relationship: str
    name: str
    phone_masked: str
    state: str
    named_at: datetime.datetime
    expires_at: datetime.datetime
    is_expired: bool
    can_answer: bool
    can_withdraw: bool
    text_title: str
    text_body: str
    text_version: int
    delete_after_days: int
    uses: list[Use]


def own_contacts(borrower_id: int) -> list[OwnContact]:
    """The applicant's contacts, the newest first; replaced and deleted ones left out."""
    kept = list(
        Contact.objects.filter(borrower_id=borrower_id)
        .exclude(status__in=[ContactStatus.REPLACED, ContactStatus.DELETED])
        .order_by("-named_at")
    )
    expired = _expired(borrower_id) if any(one.status == ContactStatus.INVITED for one in kept) else set()
    return [
        OwnContact(
            id=one.id,
            name_masked=masks.name(one.name),
            phone_masked=masks.phone(one.phone),
            relationship=one.get_relationship_display(),
            state=_SHOWN_TO_APPLICANT.get(ContactStatus(one.status), one.status),
            named_at=one.named_at,
            is_link_expired=one.status == ContactStatus.INVITED and one.id in expired,
        )
        for one in kept
    ]


def _expired(borrower_id: int) -> set[UUID]:
    """Contacts whose newest link has run out."""
    newest = (
        ContactInvite.objects.filter(borrower_id=borrower_id)
        .order_by("expires_at")
        .values_list("contact_id", "expires_at")
    )
    now = clock.now()
    return {contact_id for contact_id, expires_at in dict(newest).items() if expires_at < now}


def invite_page(*, token: str, language: str) -> InvitePage:
    """The page behind a contact's link. Raises: LinkUnknown."""
    invite = find_invite(token)
    contact = Contact.objects.get(borrower_id=invite.borrower_id, id=invite.contact_id)
    applicant = Identity.objects.filter(borrower_id=invite.borrower_id).first()
    text = text_of(code=CONTACT_TEXT)
    is_english = language.startswith("en")
    status = ContactStatus(contact.status)
    is_expired = status == ContactStatus.INVITED and invite.expires_at < clock.now()
    uses = ContactUse.objects.filter(borrower_id=invite.borrower_id, contact_id=contact.id).order_by(
        "used_at"
    )
    return InvitePage(
        applicant_masked=masks.name(applicant.real_name) if applicant else "",
        relationship=contact.get_relationship_display(),
        name=contact.name,
        phone_masked=masks.phone(contact.phone),
        state=status.value,
        named_at=contact.named_at,
        expires_at=invite.expires_at,
        is_expired=is_expired,
        can_answer=status == ContactStatus.INVITED and not is_expired,
        can_withdraw=status in ANSWERS["withdraw"][0],
        text_title=text.title_en if is_english else text.title_zh,
        text_body=text.body_en if is_english else text.body_zh,
        text_version=text.version,
        delete_after_days=rule_data.value("contact_rules", on=business_date.current())[
            "delete_days_after_settlement"
        ],
        uses=[Use(kind=one.get_kind_display(), used_at=one.used_at, note=one.note) for one in uses],
    )


def relationships() -> list[tuple[str, str]]:
    """The list a relationship is chosen from."""
    return [(one.value, str(one.label)) for one in Relationship]


def live_contacts(borrower_id: int) -> int:
    """How many contacts of this applicant stand or wait."""
    return Contact.objects.filter(borrower_id=borrower_id, status__in=LIVE).count()


def answers_of(*, borrower_id: int, contact_id: UUID) -> list[tuple[datetime.datetime, str]]:
    """When the contact said what."""
    kept = ContactAnswer.objects.filter(borrower_id=borrower_id, contact_id=contact_id).order_by(
        "answered_at"
    )
    return list(kept.values_list("answered_at", "answer"))
