"""What may be read of messages: the finance app's inbox, and what was said to whom."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count
from django.utils import translation

from fenqi.messages.models import Channel, Message, PhoneText, State
from fenqi.messages.rendering import render

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class InboxMessage:
    """One message of the inbox, in the language of the page; `link` is a path on our site or empty."""

    id: UUID
    template: str
    title: str
    body: str
    link: str
    sent_at: datetime.datetime
    is_read: bool


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One line of the delivery log."""

    id: UUID
    template: str
    channel: str
    state: str
    rule_id: str
    failure: str
    due_at: datetime.datetime
    sent_at: datetime.datetime | None


def inbox(borrower_id: int, *, limit: int = 100) -> list[InboxMessage]:
    """The borrower's inbox, newest first."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    rows = Message.objects.filter(borrower_id=borrower_id, channel=Channel.INBOX, state=State.SENT)
    found = []
    for row in rows.order_by("-sent_at", "-id")[:limit]:
        text = render(row.template, json.loads(row.context), channel=Channel.INBOX, language=language)
        found.append(
            InboxMessage(
                id=row.id,
                template=row.template,
                title=text.subject,
                body=text.body,
                link=text.link,
                sent_at=row.sent_at,
                is_read=row.read_at is not None,
            )
        )
    return found


def unread_count(borrower_id: int) -> int:
    """How many messages of the inbox are new."""
    return Message.objects.filter(
        borrower_id=borrower_id, channel=Channel.INBOX, state=State.SENT, read_at__isnull=True
    ).count()


def log(borrower_id: int, *, limit: int = 100) -> list[Sent]:
    """What was said to a borrower, or withheld, newest first: for the desk."""
    rows = Message.objects.filter(borrower_id=borrower_id).order_by("-made_at", "-id")[:limit]
    return [
        Sent(
            id=row.id,
            template=row.template,
            channel=row.channel,
            state=row.state,
            rule_id=row.rule_id,
            failure=row.failure,
            due_at=row.due_at,
            sent_at=row.sent_at,
        )
        for row in rows
    ]


def waiting_counts() -> dict[str, int]:
    """Messages that have not left, by labels `state="…"`: queued and with the carrier."""
    counts: dict[str, int] = {}
    for model in (Message, PhoneText):
        rows = model.objects.filter(state__in=[State.QUEUED, State.SENDING]).values("state")
        for row in rows.annotate(count=Count("id")):
            label = f'state="{row["state"]}"'
            counts[label] = counts.get(label, 0) + row["count"]
    return counts
