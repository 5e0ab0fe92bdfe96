"""
First contacts: named by the applicant, asked themselves, reviewed by a person, used for one purpose only.

What the contact answers is theirs: a decline, a withdrawal and "I don't know this person" look the same to the applicant.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import (
    Account,
    BankCard,
    CardStatus,
    Contact,
    ContactAnswer,
    ContactInvite,
    ContactNaming,
    ContactStatus,
    ContactUse,
    Identity,
    IdentityStatus,
    Relationship,
)
from fenqi.people.services.codes import phone_index
from fenqi.people.services.consents import text_of
from fenqi.people.services.links import find_invite, make_link
from fenqi.people.services.one_person import accounts_of_person
from fenqi.plumbing import audit, business_date, clock, index_keys, masks, outbox, ports, rule_data
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

GONE = (ContactStatus.REPLACED, ContactStatus.DELETED)
LIVE = (ContactStatus.INVITED, ContactStatus.ACCEPTED, ContactStatus.APPROVED)
CONTACT_TEXT = "contact_person"

# What each answer may follow, and what it makes of the contact.
ANSWERS = {
    "accept": ({ContactStatus.INVITED}, ContactStatus.ACCEPTED),
    "decline": ({ContactStatus.INVITED}, ContactStatus.DECLINED),
    "unknown_person": (
        {ContactStatus.INVITED, ContactStatus.ACCEPTED, ContactStatus.APPROVED},
        ContactStatus.UNKNOWN_PERSON,
    ),
    "withdraw": ({ContactStatus.ACCEPTED, ContactStatus.APPROVED}, ContactStatus.WITHDRAWN),
}


def _rules() -> dict[str, Any]:
    return rule_data.value("contact_rules", on=business_date.current())


@transaction.atomic
def name_contact(
    *,
    borrower_id: int,
    name: str,
    relationship: str,
    phone: str,
    application_id: UUID | None = None,
    replaces: UUID | None = None,
) -> UUID:
    """
    Name a contact and send them the link; the same phone again gives the same contact.

    `replaces` takes the place of an earlier contact, whose link stops.
    Raises: IdentityNeeded, Unreadable, ContactRefused.
    """
    # The lock makes double clicks and two tabs queue up, so that one person gets one message.
    account = Account.objects.select_for_update().get(borrower_id=borrower_id)
    if not Identity.objects.filter(borrower_id=borrower_id, status=IdentityStatus.PASSED).exists():
        raise refusals.IdentityNeeded(_("请先完成实名认证，再填写第一联系人。"))
    name = refusals.contact_name(name)
    if relationship not in Relationship.values:
        raise refusals.Unreadable(_("请选择与联系人的关系。"), field="relationship")
    phone = refusals.phone(phone)
    if phone in _own_phones(account):
        raise refusals.ContactRefused(_("联系人不能是您本人，请填写另一个人的手机号。"), field="phone")

    live = list(Contact.objects.filter(borrower_id=borrower_id, status__in=LIVE))
    same = next((kept for kept in live if kept.phone == phone), None)
    if same:
        if application_id and same.application_id != application_id:
            same.application_id = application_id
            same.save(update_fields=["application_id"])
        return same.id
    _check_naming(borrower_id, phone)
    replaced = [kept for kept in live if kept.id == replaces]
    if len(live) - len(replaced) >= _rules()["at_most"]:
        raise refusals.ContactRefused(_("联系人已达上限，请更换其中一位。"), field="phone")
    for kept in replaced:
        _blank(kept, ContactStatus.REPLACED)

    contact = Contact.objects.create(
        borrower_id=borrower_id,
        id=new_id(),
        application_id=application_id,
        name=name,
        phone=phone,
        relationship=relationship,
        status=ContactStatus.INVITED,
        named_at=clock.now(),
    )
    ContactNaming.objects.get_or_create(
        phone_index=phone_index(phone), borrower_id=borrower_id, defaults={"named_at": clock.now()}
    )
    _send_link(contact)
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="people.contact.named",
        subject=f"account:{borrower_id}",
        contact_id=contact.id,
        phone=masks.phone(phone),
    )
    return contact.id


def _own_phones(account: Account) -> set[str]:
    """The applicant's own: of this account, of the same person's other accounts, and those their cards were bound with."""
    accounts = {account.borrower_id, *accounts_of_person(account.borrower_id)}
    others = Account.objects.filter(borrower_id__in=accounts).values_list("phone", flat=True)
    cards = BankCard.objects.filter(borrower_id=account.borrower_id, status=CardStatus.ACTIVE)
    return {account.phone, *others, *cards.values_list("phone", flat=True)}


def _check_naming(borrower_id: int, phone: str) -> None:
    """Not one who said no to this applicant, and not one whom many applicants name; the answer tells neither."""
    with connection.cursor() as cursor:
        # Applicants who name one person at the same moment queue up, so that together they stay within the rule.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [index_keys.turn(phone, purpose="named")])
    neutral = refusals.ContactRefused(_("这位联系人暂时无法使用，请换一位。"), field="phone")
    namings = list(ContactNaming.objects.filter(phone_index=phone_index(phone)))
    if any(naming.borrower_id == borrower_id and naming.refused_at for naming in namings):
        raise neutral
    others = [naming for naming in namings if naming.borrower_id != borrower_id]
    if len(others) >= _rules()["named_by_at_most"]:
        raise neutral


@transaction.atomic
def resend_contact_link(*, borrower_id: int, contact_id: UUID) -> None:
    """Send the link once more. Raises: NotWaiting, ContactRefused when sent often enough today."""
    contact = lock_contact(borrower_id, contact_id)
    if contact.status != ContactStatus.INVITED:
        raise refusals.NotWaiting(_("联系人已经回复，无需再次发送。"))
    limit = rule_data.value("contact_links_per_day", on=business_date.current())
    since = clock.now() - datetime.timedelta(days=1)
    sent = ContactUse.objects.filter(
        borrower_id=borrower_id, contact_id=contact_id, kind="link", used_at__gt=since
    )
    if sent.count() >= limit:
        raise refusals.ContactRefused(_("今天已多次发送短信，为免打扰联系人，请明天再试。"))
    _send_link(contact)


def _send_link(contact: Contact) -> None:
    applicant = Identity.objects.get(borrower_id=contact.borrower_id)
    token = make_link(borrower_id=contact.borrower_id, contact_id=contact.id)
    use_id = _note_use(contact, kind="link", actor=f"shopper:{contact.borrower_id}")
    ports.get("texts").send_to_phone(
        phone=contact.phone,
        template="people.contact_link",
        context={"applicant": masks.name(applicant.real_name), "path": f"/contact/{token}/"},
        reference=f"contact-link:{use_id}",
        language=settings.LANGUAGE_CODE,  # not the applicant's: their page has a switch of its own
    )


@transaction.atomic
def answer_contact(*, token: str, answer: str, evidence: dict[str, Any] | None = None) -> ContactStatus:
    """
    The contact's own word, by their link: accept | decline | unknown_person | withdraw.

    The same answer again changes nothing. Raises: LinkUnknown, LinkExpired, AlreadyAnswered.
    """
    invite = find_invite(token)
    if answer not in ANSWERS:
        raise refusals.Unreadable(_("请选择同意、拒绝或“我不认识此人”。"), field="answer")
    contact = lock_contact(invite.borrower_id, invite.contact_id)
    allowed_from, becomes = ANSWERS[answer]
    if contact.status == becomes or (answer == "accept" and contact.status == ContactStatus.APPROVED):
        return ContactStatus(contact.status)
    if contact.status in GONE:
        raise refusals.AlreadyAnswered(_("您的信息已删除，无需再做任何事。"))
    if contact.status not in allowed_from:
        raise refusals.AlreadyAnswered(_("您已回复过，没有再次提交。"))
    if contact.status == ContactStatus.INVITED and invite.expires_at < clock.now():
        raise refusals.LinkExpired(_("链接已过期，您无需做任何事；资料将被删除。"))
    take_answer(contact, answer, evidence=evidence or {}, actor=f"contact:{contact.id}")
    ContactInvite.objects.filter(token_hash=bytes(invite.token_hash)).update(answered_at=clock.now())
    return ContactStatus(becomes)


def take_answer(contact: Contact, answer: str, *, evidence: dict[str, Any], actor: str) -> None:
    """Write down a locked contact's word, whoever heard it; a no stops every use from now on."""
    _allowed_from, becomes = ANSWERS[answer]
    now = clock.now()
    text = text_of(code=CONTACT_TEXT)
    ContactAnswer.objects.create(
        borrower_id=contact.borrower_id,
        id=new_id(),
        contact_id=contact.id,
        answer=answer,
        text_code=text.code,
        text_version=text.version,
        text_hash=text.text_hash,
        evidence=evidence,
        answered_at=now,
    )
    contact.status, contact.answered_at = becomes, now
    contact.save(update_fields=["status", "answered_at"])
    if becomes != ContactStatus.ACCEPTED:
        ContactNaming.objects.filter(
            phone_index=phone_index(contact.phone), borrower_id=contact.borrower_id
        ).update(refused_at=now)
    audit.record(
        actor=actor,
        action=f"people.contact.{answer}",
        subject=f"account:{contact.borrower_id}",
        contact_id=contact.id,
    )
    outbox.publish(
        "people.contact.answered",
        borrower_id=contact.borrower_id,
        contact_id=contact.id,
        application_id=contact.application_id,
        answer=answer,
    )


@transaction.atomic
def review_contact(*, staff: str, borrower_id: int, contact_id: UUID, approve: bool, reason: str) -> None:
    """
    A person decides whether a contact who accepted will do.

    `staff`: "staff:<name>" or "system:<part>". Raises: NotWaiting, ReasonMissing.
    """
    if not reason.strip():
        raise refusals.ReasonMissing(_("请写明理由。"), field="reason")
    contact = lock_contact(borrower_id, contact_id)
    if contact.status != ContactStatus.ACCEPTED:
        raise refusals.NotWaiting(_("这位联系人不在待审核状态，可能已被同事处理或已撤回。"))
    contact.status = ContactStatus.APPROVED if approve else ContactStatus.REFUSED
    contact.reviewed_at, contact.reviewed_by = clock.now(), staff
    contact.reason = reason.strip()[:300]
    contact.save()
    audit.record(
        actor=staff,
        action="people.contact.approved" if approve else "people.contact.refused",
        subject=f"account:{borrower_id}",
        reason=reason.strip(),
        contact_id=contact_id,
    )
    outbox.publish(
        "people.contact.reviewed",
        borrower_id=borrower_id,
        contact_id=contact_id,
        application_id=contact.application_id,
        approved=approve,
    )


@transaction.atomic
def forget_contact(*, borrower_id: int, contact_id: UUID, why: str) -> None:
    """Delete a contact's name and phone, keeping that there was one. Safe to repeat."""
    contact = lock_contact(borrower_id, contact_id)
    if contact.status == ContactStatus.DELETED:
        return
    _blank(contact, ContactStatus.DELETED)
    audit.record(
        actor="system:people",
        action="people.contact.deleted",
        subject=f"account:{borrower_id}",
        reason=why,
        contact_id=contact_id,
    )


def _blank(contact: Contact, status: ContactStatus) -> None:
    """
    Name, phone and relationship go. The link goes on opening a page that says so, with what was done until then.

    That this phone was named is forgotten too, unless its owner said no: that is kept, as a hash, so that they are left alone.
    """
    if contact.phone:
        ContactNaming.objects.filter(
            phone_index=phone_index(contact.phone), borrower_id=contact.borrower_id, refused_at=None
        ).delete()
    contact.name = contact.phone = contact.relationship = contact.reason = ""
    contact.status = status
    contact.save()


def lock_contact(borrower_id: int, contact_id: UUID) -> Contact:
    contact = Contact.objects.select_for_update().filter(borrower_id=borrower_id, id=contact_id).first()
    if contact is None:
        raise refusals.NotFound(_("没有这位联系人。"))
    return contact


def _note_use(contact: Contact, *, kind: str, actor: str, note: str = "") -> UUID:
    use_id = new_id()
    ContactUse.objects.create(
        borrower_id=contact.borrower_id,
        id=use_id,
        contact_id=contact.id,
        kind=kind,
        actor=actor,
        note=note[:300],
        used_at=clock.now(),
    )
    return use_id
