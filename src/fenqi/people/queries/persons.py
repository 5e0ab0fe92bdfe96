"""Who a person is, as the floors above may know it: masked by default, in clear only with a reason that is logged."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import (
    Account,
    AccountSession,
    BankCard,
    CardStatus,
    Consent,
    Contact,
    ContactStatus,
    Identity,
    IdentityStatus,
    PhoneIndex,
)
from fenqi.people.services.codes import phone_index
from fenqi.plumbing import audit, business_date, clock, masks, rule_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

# The contact that counts is the one furthest along.
_CONTACT_ORDER = [
    ContactStatus.APPROVED,
    ContactStatus.ACCEPTED,
    ContactStatus.INVITED,
    ContactStatus.WITHDRAWN,
    ContactStatus.REFUSED,
    ContactStatus.UNKNOWN_PERSON,
    ContactStatus.DECLINED,
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A shopper as other floors see them."""

    borrower_id: int
    phone_masked: str
    name_masked: str
    id_number_masked: str
    identity_status: str
    identity_reason: str
    contact_status: str
    is_student: bool
    age: int | None
    born_on: datetime.date | None
    id_valid_until: datetime.date | None
    has_email: bool
    opened_on: datetime.date
    is_identified: bool
    """The real-name check passed and the card has not run out since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A bound card: enough to recognise it."""

    id: UUID
    bank: str
    tail: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One signed-in browser."""

    id: UUID
    device: str
    address: str
    opened_with: str
    started_at: datetime.datetime
    seen_at: datetime.datetime | None
    is_current: bool


def person(borrower_id: int) -> Person:
    """The person behind an account. Raises: NotFound."""
    found = persons({borrower_id}).get(borrower_id)
    if found is None:
        raise refusals.NotFound(_("账号不存在。"))
    return found


def persons(borrower_ids: Iterable[int]) -> dict[int, Person]:
    """Several persons by three statements; unknown ids are left out."""
    wanted, on = list(borrower_ids), business_date.current()
    needed = functools.cache(lambda: _contacts_needed(on))
    identities = {one.borrower_id: one for one in Identity.objects.filter(borrower_id__in=wanted)}
    contacts: dict[int, list[str]] = {}
    for borrower_id, status in Contact.objects.filter(borrower_id__in=wanted).values_list(
        "borrower_id", "status"
    ):
        contacts.setdefault(borrower_id, []).append(status)
    return {
        account.borrower_id: _person(
            account,
            identities.get(account.borrower_id),
            _furthest(contacts.get(account.borrower_id, []), needed),
            on,
        )
        for account in Account.objects.filter(borrower_id__in=wanted)
    }


def _person(account: Account, identity: Identity | None, contact_status: str, on: datetime.date) -> Person:
    born_on = datetime.date.fromisoformat(identity.born_on) if identity else None
    valid_until = None
    if identity and identity.valid_until[:1].isdigit():
        valid_until = datetime.date.fromisoformat(identity.valid_until)
    return Person(
        borrower_id=account.borrower_id,
        phone_masked=masks.phone(account.phone),
        name_masked=masks.name(identity.real_name) if identity else "",
        id_number_masked=masks.id_number(identity.id_number) if identity else "",
        identity_status=identity.status if identity else "none",
        identity_reason=identity.reason if identity else "",
        contact_status=contact_status,
        is_student=bool(identity and identity.is_student),
        age=_age(born_on, on) if born_on else None,
        born_on=born_on,
        id_valid_until=valid_until,
        has_email=bool(account.email),
        opened_on=clock.date_of(account.opened_at),
        is_identified=bool(
            identity
            and identity.status == IdentityStatus.PASSED
            and (valid_until is None or valid_until >= on)
        ),
    )


def _age(born_on: datetime.date, on: datetime.date) -> int:
    return on.year - born_on.year - (0 if (on.month, on.day) >= (born_on.month, born_on.day) else 1)


def contact_state(borrower_id: int) -> str:
    """Where the person's contact stands: none, or the status of the one furthest along."""
    statuses = list(Contact.objects.filter(borrower_id=borrower_id).values_list("status", flat=True))
    return _furthest(statuses, lambda: _contacts_needed(business_date.current()))


def _contacts_needed(on: datetime.date) -> int:
    needed: int = rule_data.value("contact_rules", on=on)["needed"]
    return needed


def _furthest(statuses: list[str], needed: Callable[[], int]) -> str:
    """The status furthest along; approved only when as many are as the rule asks for."""
    order = _CONTACT_ORDER
    approved = statuses.count(ContactStatus.APPROVED)
    if approved == 1 and needed() > approved:
        order = [status for status in _CONTACT_ORDER if status != ContactStatus.APPROVED]
    return next((status.value for status in order if status in statuses), "none")


def has_consent(*, borrower_id: int, text_code: str, version: int | None = None) -> bool:
    """Does a consent to this text stand (to this version, where one is named)?"""
    standing = Consent.objects.filter(borrower_id=borrower_id, text_code=text_code, withdrawn_at=None)
    if version is not None:
        standing = standing.filter(text_version=version)
    return standing.exists()


def borrowers_who_agreed(*, text_code: str, borrower_ids: set[int]) -> set[int]:
    """Those of many whose consent to this text stands, by one statement."""
    standing = Consent.objects.filter(borrower_id__in=borrower_ids, text_code=text_code, withdrawn_at=None)
    return set(standing.values_list("borrower_id", flat=True))


def cards(borrower_id: int) -> list[Card]:
    """The person's cards that can be used, the first bound first."""
    kept = BankCard.objects.filter(borrower_id=borrower_id, status=CardStatus.ACTIVE).order_by(
        "bound_at", "id"
    )
    return [_card(card) for card in kept.defer("phone")]


def card(*, borrower_id: int, card_id: UUID) -> Card:
    """One card of the person, unbound ones included. Raises: CardUnknown."""
    kept = BankCard.objects.filter(borrower_id=borrower_id, id=card_id).defer("phone").first()
    if kept is None or kept.status not in (CardStatus.ACTIVE, CardStatus.UNBOUND):
        raise refusals.CardUnknown(_("没有这张银行卡。"))
    return _card(kept)


def card_token(*, borrower_id: int, card_id: UUID) -> str:
    """The channel's token for a card in use. Raises: CardUnknown when not theirs or not active."""
    kept = (
        BankCard.objects.filter(borrower_id=borrower_id, id=card_id, status=CardStatus.ACTIVE)
        .values_list("serial", flat=True)
        .first()
    )
    if kept is None:
        raise refusals.CardUnknown(_("没有这张银行卡，或已解绑。"))
    return kept


def _card(kept: BankCard) -> Card:
    return Card(id=kept.id, bank=kept.bank or str(_("银行卡")), tail=kept.tail, status=kept.status)


def find_borrower_by_phone(phone: str) -> int | None:
    """The account that signs in with this phone, or None. For staff and services, never for an open page."""
    try:
        index = phone_index(refusals.phone(phone))
    except refusals.Unreadable:
        return None
    return PhoneIndex.objects.filter(phone_index=index).values_list("borrower_id", flat=True).first()


def full_name_for(*, borrower_id: int, reason: str, actor: str = "system:people") -> str:
    """The real name in clear, for a document that needs it; the reveal is logged. Raises: IdentityNeeded."""
    return _identity(borrower_id, reason, actor, "real_name").real_name


def id_number_for(*, borrower_id: int, reason: str, actor: str = "system:people") -> str:
    """The ID number in clear, for the lender's file; the reveal is logged. Raises: IdentityNeeded."""
    return _identity(borrower_id, reason, actor, "id_number").id_number


def _identity(borrower_id: int, reason: str, actor: str, field: str) -> Identity:
    identity = Identity.objects.filter(borrower_id=borrower_id).first()
    if identity is None:
        raise refusals.IdentityNeeded(_("请先完成实名认证。"))
    _log_reveal(borrower_id, reason, actor, field)
    return identity


def phone_for(*, borrower_id: int, reason: str, actor: str = "system:people") -> str:
    """The account's phone in clear; the reveal is logged. Raises: NotFound."""
    account = Account.objects.filter(borrower_id=borrower_id).first()
    if account is None:
        raise refusals.NotFound(_("账号不存在。"))
    _log_reveal(borrower_id, reason, actor, "phone")
    return account.phone


def email_for(*, borrower_id: int, reason: str, actor: str = "system:people") -> str:
    """The e-mail address the person gave, or an empty text; the reveal is logged."""
    account = Account.objects.filter(borrower_id=borrower_id).first()
    if account is None or not account.email:
        return ""
    _log_reveal(borrower_id, reason, actor, "email")
    return account.email


def phones_for(*, borrower_ids: Iterable[int], reason: str, actor: str = "system:people") -> dict[int, str]:
    """Phones in clear of many accounts, by one statement and with one log line for the batch."""
    found = dict(
        Account.objects.filter(borrower_id__in=list(borrower_ids)).values_list("borrower_id", "phone")
    )
    audit.record(
        actor=actor,
        action="people.revealed",
        subject="accounts",
        reason=reason,
        field="phone",
        count=len(found),
    )
    return found


def _log_reveal(borrower_id: int, reason: str, actor: str, field: str) -> None:
    audit.record(
        actor=actor, action="people.revealed", subject=f"account:{borrower_id}", reason=reason, field=field
    )


def sessions(*, borrower_id: int, session_key: str = "") -> list[Session]:
    """Browsers signed in, newest first."""
    kept = AccountSession.objects.filter(borrower_id=borrower_id, ended_at=None).order_by("-started_at")[:20]
    return [
        Session(
            id=one.id,
            device=one.device or str(_("未知设备")),
            address=one.address,
            opened_with=one.opened_with,
            started_at=one.started_at,
            seen_at=one.seen_at,
            is_current=one.session_key == session_key,
        )
        for one in kept
    ]
