"""Reads of care."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.care.models import (
    Author,
    Conversation,
    ConversationMessage,
    ConversationState,
    EntryCohort,
    EntryUse,
)
from fenqi.people import queries as people
from fenqi.plumbing import business_date, rule_data
from fenqi.plumbing.errors import NotFound

if TYPE_CHECKING:
    import datetime

BUCKETS = 100
NEW_ENTRIES = ("finance", "link")


def bucket(borrower_id: int) -> int:
    """The shopper's bucket, 0–99: the random low bits of the id, so that a cohort is a fair sample."""
    return borrower_id % BUCKETS


def repayment_entry(borrower_id: int) -> str:
    """Where this shopper repays: `mall` (order page and finance app) or `finance` (the order page points there)."""
    own = bucket(borrower_id)
    is_closed = EntryCohort.objects.filter(
        from_bucket__lte=own, to_bucket__gte=own, is_mall_open=False
    ).exists()
    return "finance" if is_closed else "mall"


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """One cohort of the switch, with the proof of the new way: repayments it has taken."""

    code: str
    from_bucket: int
    to_bucket: int
    is_mall_open: bool
    proven_repayments: int
    is_proven: bool
    changed_by: str
    changed_at: datetime.datetime | None
    reason: str


def mall_entry() -> list[Cohort]:
    """Every cohort of the mall's repayment entry, for the console."""
    needed = rule_data.value("care.entry_proof", on=business_date.current())
    cohorts = []
    for row in EntryCohort.objects.order_by("from_bucket"):
        proven = EntryUse.objects.filter(
            entry__in=NEW_ENTRIES, bucket__range=(row.from_bucket, row.to_bucket)
        ).count()
        cohorts.append(
            Cohort(
                code=row.code,
                from_bucket=row.from_bucket,
                to_bucket=row.to_bucket,
                is_mall_open=row.is_mall_open,
                proven_repayments=proven,
                is_proven=proven >= needed,
                changed_by=row.changed_by,
                changed_at=row.changed_at,
                reason=row.reason,
            )
        )
    return cohorts


@dataclass(frozen=True, kw_only=True)
class MessageView:
    """One message of a conversation."""

    id: UUID
    is_from_shopper: bool
    staff_name: str
    text: str
    sent_at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class ConversationView:
    """A conversation with its messages, oldest first."""

    borrower_id: int
    conversation_id: UUID
    about_order: str
    is_open: bool
    is_waiting: bool
    opened_at: datetime.datetime
    messages: list[MessageView]


def conversation(*, borrower_id: int, conversation_id: UUID) -> ConversationView:
    """
    One conversation.

    Raises: NotFound.
    """
    row = Conversation.objects.filter(borrower_id=borrower_id, id=conversation_id).first()
    if row is None:
        raise NotFound(_("没有这段对话。"))
    return _view(row)


def latest_conversation(borrower_id: int) -> ConversationView | None:
    """The open conversation of a shopper, else the last one, else None."""
    row = Conversation.objects.filter(borrower_id=borrower_id).order_by("-state", "-last_at").first()
    return _view(row) if row else None


def unread_answers(borrower_id: int) -> int:
    """How many answers of staff the shopper has not seen."""
    counts = Conversation.objects.filter(borrower_id=borrower_id).values_list("unread_by_shopper", flat=True)
    return sum(counts)


@dataclass(frozen=True, kw_only=True)
class ConversationRow:
    """One line of the console's queue."""

    borrower_id: int
    conversation_id: UUID
    name_masked: str
    phone_masked: str
    about_order: str
    last_text: str
    waiting_since: datetime.datetime | None
    last_at: datetime.datetime
    is_waiting: bool


def waiting_conversations(*, limit: int = 100) -> list[ConversationRow]:
    """Open conversations for staff: who has waited longest first, then those answered."""
    rows = list(
        Conversation.objects.filter(state=ConversationState.OPEN).order_by("waiting_since", "-last_at")[
            :limit
        ]
    )
    persons = people.persons(row.borrower_id for row in rows)
    newest = (
        ConversationMessage.objects.filter(
            borrower_id__in=[row.borrower_id for row in rows], conversation_id__in=[row.id for row in rows]
        )
        .order_by("borrower_id", "conversation_id", "-id")
        .distinct("borrower_id", "conversation_id")
    )
    last_texts = {line.conversation_id: line.text for line in newest}
    return [
        ConversationRow(
            borrower_id=row.borrower_id,
            conversation_id=row.id,
            name_masked=persons[row.borrower_id].name_masked,
            phone_masked=persons[row.borrower_id].phone_masked,
            about_order=row.about_order,
            last_text=last_texts.get(row.id, ""),
            waiting_since=row.waiting_since,
            last_at=row.last_at,
            is_waiting=row.waiting_since is not None,
        )
        for row in rows
    ]


def _view(row: Conversation) -> ConversationView:
    lines = ConversationMessage.objects.filter(borrower_id=row.borrower_id, conversation_id=row.id).order_by(
        "id"
    )
    return ConversationView(
        borrower_id=row.borrower_id,
        conversation_id=row.id,
        about_order=row.about_order,
        is_open=row.state == ConversationState.OPEN,
        is_waiting=row.waiting_since is not None,
        opened_at=row.opened_at,
        messages=[
            MessageView(
                id=line.id,
                is_from_shopper=line.author == Author.SHOPPER,
                staff_name=line.staff_name,
                text=line.text,
                sent_at=line.sent_at,
            )
            for line in lines
        ],
    )


def waiting_size() -> int:
    """How many conversations wait for staff."""
    return Conversation.objects.filter(state=ConversationState.OPEN, waiting_since__isnull=False).count()
