"""Messages are queued inside the caller's transaction and leave after it, when the conduct gate lets them."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from fenqi.messages import conduct
from fenqi.messages.delivery import deliver_due
from fenqi.messages.models import Channel, Message, PhoneText, State
from fenqi.messages.rendering import check, template_of
from fenqi.messages.templates import Kind
from fenqi.people import queries as people
from fenqi.plumbing import business_date, clock, outbox, rule_data
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.sealed import blind_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Letter",
    "WrongAudience",
    "deliver_due",
    "forget_phone_texts",
    "mark_inbox_read",
    "send",
    "send_many",
    "send_to_email",
    "send_to_phone",
]

# Templates that may go to a number or address we do not know as a borrower's.
TO_ANYBODY = (Kind.CODE, Kind.CONTACT, Kind.SECURITY)
ONLY_TO_OTHERS = (Kind.CODE, Kind.CONTACT)


class WrongAudience(ValueError):
    """A template for borrowers was to go to somebody else's phone, or the other way round."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One thing to say to one borrower, over one or several channels (default: the template's). `reference` makes it once."""

    borrower_id: int
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    reference: str
    channels: Sequence[str] | None = None
    at: datetime.datetime | None = None


def send(
    *,
    borrower_id: int,
    template: str,
    context: dict[str, Any],
    reference: str,
    channels: Sequence[str] | None = None,
    at: datetime.datetime | None = None,
) -> None:
    """
    Queue a message to a borrower; the same reference is said once a channel. `at`: not before this moment.

    Raises: UnknownTemplate, ContextIncomplete, WrongAudience.
    """
    send_many(
        [
            Letter(
                borrower_id=borrower_id,
                template=template,
                context=context,
                reference=reference,
                channels=channels,
                at=at,
            )
        ]
    )


@transaction.atomic
def send_many(letters: Iterable[Letter]) -> int:
    """
    Queue messages in bulk, each in its reader's language; tells how many rows were handed to the database.

    Raises: as `send`.
    """
    now, today, moment = clock.now(), business_date.current(), conduct.moment()
    letters = list(letters)
    languages = people.languages_of(letter.borrower_id for letter in letters)
    rows = []
    for letter in letters:
        check(letter.template, letter.context)
        template = template_of(letter.template)
        if template.kind in ONLY_TO_OTHERS:
            raise WrongAudience(letter.template)
        for channel in letter.channels or template.channels:
            # An offer passes the gate even into the inbox.
            is_there = channel == Channel.INBOX and letter.at is None and template.kind != Kind.MARKETING
            rows.append(
                Message(
                    borrower_id=letter.borrower_id,
                    id=new_id(),
                    channel=Channel(channel),
                    template=letter.template,
                    context=json.dumps(letter.context, default=str, ensure_ascii=False),
                    language=languages[letter.borrower_id],
                    reference=letter.reference,
                    state=State.SENT if is_there else State.QUEUED,
                    rule_id="conduct.inbox" if is_there else "",
                    made_at=now,
                    due_at=letter.at or moment,
                    sent_at=now if is_there else None,
                    sent_on=today if is_there else None,
                )
            )
    Message.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    if rows:
        transaction.on_commit(outbox.wake)
    return len(rows)


def send_to_phone(
    *, phone: str, template: str, context: dict[str, Any], reference: str, language: str = ""
) -> None:
    """
    Queue a text to a number that need not be a borrower's: a code, a first contact's link, a number an account left.

    `language`: where left out, that of the page, as who reads it has just asked for it there.
    Raises: UnknownTemplate, ContextIncomplete, WrongAudience.
    """
    _send_to_anybody(
        Channel.SMS, phone, template=template, context=context, reference=reference, language=language
    )


def send_to_email(*, email: str, template: str, context: dict[str, Any], reference: str) -> None:
    """Queue a mail to an address that is nobody's yet: the link that proves it. Raises: as `send_to_phone`."""
    _send_to_anybody(Channel.EMAIL, email, template=template, context=context, reference=reference)


@transaction.atomic
def _send_to_anybody(
    channel: Channel,
    recipient: str,
    *,
    template: str,
    context: dict[str, Any],
    reference: str,
    language: str = "",
) -> None:
    check(template, context)
    if template_of(template).kind not in TO_ANYBODY:
        raise WrongAudience(template)
    row = PhoneText(
        id=new_id(),
        channel=channel,
        template=template,
        context=json.dumps(context, default=str, ensure_ascii=False),
        language=language or translation.get_language() or settings.LANGUAGE_CODE,
        reference=reference,
        phone=recipient,
        phone_index=blind_index(recipient, purpose="messages.phone"),
        made_at=clock.now(),
        due_at=conduct.moment(),
    )
    PhoneText.objects.bulk_create([row], ignore_conflicts=True)
    transaction.on_commit(outbox.wake)


@transaction.atomic
def forget_phone_texts(*, on: datetime.date) -> int:
    """Delete texts and mails to numbers and addresses that are nobody's account, once nobody asks about them; tells how many."""
    days = rule_data.value("phone_texts_days", on=on)
    before = clock.midnight(on - datetime.timedelta(days=days))
    done = PhoneText.objects.exclude(state__in=(State.QUEUED, State.SENDING))
    return done.filter(made_at__lt=before).delete()[0]


@transaction.atomic
def mark_inbox_read(*, borrower_id: int) -> int:
    """The borrower has looked at the inbox; tells how many were new."""
    return Message.objects.filter(
        borrower_id=borrower_id, channel=Channel.INBOX, state=State.SENT, read_at__isnull=True
    ).update(read_at=clock.now())
