"""Accounts whose old phone is lost, waiting for a person."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, Identity, PhoneChange, PhoneChangeStatus
from fenqi.people.queries.review import QueueRow
from fenqi.people.services.phone_changes import free_from
from fenqi.plumbing import clock, masks

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneMoveFile:
    """What a reviewer sees. `free_from`: until then the old number may stop it."""

    name_masked: str
    id_number_masked: str
    old_phone_masked: str
    new_phone_masked: str
    asked_at: datetime.datetime
    free_from: datetime.datetime
    has_waited: bool
    opened_on: datetime.date
    earlier: int
    is_waiting: bool


def phone_move_queue() -> list[QueueRow]:
    """The longest waiting first."""
    waiting = PhoneChange.objects.filter(status=PhoneChangeStatus.REVIEW).order_by("asked_at")[:200]
    return [
        QueueRow(
            id=str(one.id),
            borrower_id=one.borrower_id,
            name_masked=masks.phone(one.old_phone),
            phone_masked=masks.phone(one.new_phone),
            note="",
            since=one.asked_at,
        )
        for one in waiting
    ]


def phone_move_file(*, borrower_id: int, change_id: UUID) -> PhoneMoveFile:
    """Raises: NotFound."""
    change = PhoneChange.objects.filter(borrower_id=borrower_id, id=change_id).first()
    identity = Identity.objects.filter(borrower_id=borrower_id).first()
    if change is None or identity is None:
        raise refusals.NotFound(_("没有这项申请。"))
    free = free_from(change)
    others = PhoneChange.objects.filter(borrower_id=borrower_id).exclude(id=change_id)
    return PhoneMoveFile(
        name_masked=masks.name(identity.real_name),
        id_number_masked=masks.id_number(identity.id_number),
        old_phone_masked=masks.phone(change.old_phone),
        new_phone_masked=masks.phone(change.new_phone),
        asked_at=change.asked_at,
        free_from=free,
        has_waited=clock.now() >= free,
        opened_on=clock.date_of(Account.objects.get(borrower_id=borrower_id).opened_at),
        earlier=others.count(),
        is_waiting=change.status == PhoneChangeStatus.REVIEW,
    )
