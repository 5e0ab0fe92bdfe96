"""Writes of care: conversations with staff, and the switch of the mall's repayment entry."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.care import queries
from fenqi.care.errors import EntryNotProven, ReasonMissing, TextMissing, TextTooLong
from fenqi.care.models import (
    Author,
    Conversation,
    ConversationMessage,
    ConversationState,
    EntryCohort,
    EntryUse,
)
from fenqi.messages import services as messages
from fenqi.plumbing import audit, business_date, clock, idempotency, outbox, rule_data
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.ids import new_id
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services

if TYPE_CHECKING:
    import datetime
    from uuid import UUID

MOST_CHARACTERS = 2000
TOLD_AT_ONCE = 1000


@transaction.atomic
def write(*, borrower_id: int, text: str, reference: str, about_order: str = "") -> UUID:
    """
    Add the shopper's message to their open conversation, opening one where there is none; tells its id.

    Safe to repeat by `reference`.
    Raises: TextMissing, TextTooLong at field `text`; ReferenceReused.
    """
    text = _checked(text)
    claim = idempotency.claim(
        scope="care.write", key=f"{borrower_id}:{reference}", content={"text": text}, borrower_id=borrower_id
    )
    if not claim.is_new:
        return claim.result["conversation_id"]
    now = clock.now()
    open_one = _open_conversation(borrower_id) or _begin(borrower_id, now)
    open_one.about_order = about_order or open_one.about_order
    open_one.last_at = now
    open_one.waiting_since = open_one.waiting_since or now
    open_one.save()
    _add(open_one, author=Author.SHOPPER, text=text)
    claim.settle({"conversation_id": str(open_one.id)})
    return open_one.id


@transaction.atomic
def answer(*, staff: str, borrower_id: int, conversation_id: UUID, text: str) -> None:
    """
    Answer as a member of staff; the shopper is told by a message in the app.

    Raises: NotFound; TextMissing, TextTooLong at field `text`.
    """
    text = _checked(text)
    row = _locked(borrower_id, conversation_id)
    row.last_at = clock.now()
    row.waiting_since = None
    row.state = ConversationState.OPEN
    row.unread_by_shopper += 1
    row.save()
    message_id = _add(row, author=Author.STAFF, text=text, staff_name=staff)
    audit.record(
        actor=f"staff:{staff}",
        action="care.answered",
        subject=f"borrower:{borrower_id}",
        conversation_id=conversation_id,
    )
    messages.send(
        borrower_id=borrower_id,
        template="care_answered",
        context={"link": "/help/chat/"},
        channels=["inbox"],
        reference=f"care:{message_id}",
    )


@transaction.atomic
def close(*, staff: str, borrower_id: int, conversation_id: UUID) -> None:
    """
    End a conversation; the shopper's next message opens a new one.

    Raises: NotFound.
    """
    row = _locked(borrower_id, conversation_id)
    row.state = ConversationState.CLOSED
    row.waiting_since = None
    row.save()
    audit.record(
        actor=f"staff:{staff}",
        action="care.closed",
        subject=f"borrower:{borrower_id}",
        conversation_id=conversation_id,
    )


@transaction.atomic
def mark_read(*, borrower_id: int) -> None:
    """The shopper has seen the answers."""
    Conversation.objects.filter(borrower_id=borrower_id, unread_by_shopper__gt=0).update(unread_by_shopper=0)


@transaction.atomic
def set_mall_entry(*, staff: str, cohort: str, is_open: bool, reason: str, unproven_ok: bool = False) -> None:
    """
    Open or close the mall's repayment entry for a cohort. The finance app and pay links stay open always.

    Closing needs the new way proven (rule care.entry_proof) or the word of staff that it may go unproven, which is kept.
    Raises: NotFound; ReasonMissing at `reason`; EntryNotProven at `unproven_ok`.
    """
    if not reason.strip():
        raise ReasonMissing(_("请写明调整原因，它会留在审计记录里。"), field="reason")
    row = EntryCohort.objects.select_for_update().filter(code=cohort).first()
    if row is None:
        raise NotFound(_("没有这个用户分组。"), field="cohort")
    if not is_open and not unproven_ok:
        needed = rule_data.value("care.entry_proof", on=business_date.current())
        state = next(one for one in queries.mall_entry() if one.code == cohort)
        if not state.is_proven:
            raise EntryNotProven(
                _(
                    "新入口还没有成功收过 %(needed)d 笔还款，商城入口应继续开放；确需关闭请勾选“尚未验证也关闭”。"
                )
                % {"needed": needed},
                field="unproven_ok",
            )
    row.is_mall_open = is_open
    row.changed_by = staff
    row.changed_at = clock.now()
    row.reason = reason.strip()
    row.save()
    audit.record(
        actor=f"staff:{staff}",
        action="care.mall_entry_opened" if is_open else "care.mall_entry_closed",
        subject=f"cohort:{cohort}",
        reason=reason.strip(),
        unproven_ok=unproven_ok,
    )
    outbox.publish("care.entry.moved", cohort=cohort, is_mall_open=is_open)


@transaction.atomic
def note_entry_use(*, borrower_id: int, payment_id: UUID, entry: str) -> None:
    """A repayment succeeded by this entry (mall, finance, link). Safe to repeat."""
    EntryUse.objects.bulk_create(
        [
            EntryUse(
                borrower_id=borrower_id,
                payment_id=payment_id,
                entry=entry,
                bucket=queries.bucket(borrower_id),
                used_at=clock.now(),
            )
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def tell_entry_moved(*, cohort: str) -> int:
    """Send everyone in the cohort who still owes something the way to repay, with a link that pays their next bill."""
    row = EntryCohort.objects.get(code=cohort)
    of_cohort = (
        bill
        for bill in servicing.next_bills()
        if row.from_bucket <= queries.bucket(bill.borrower_id) <= row.to_bucket
    )
    told = 0
    while bills := list(islice(of_cohort, TOLD_AT_ONCE)):
        links = servicing_services.make_pay_links(bills)
        messages.send_many(
            messages.Letter(
                borrower_id=bill.borrower_id,
                template="entry_moved",
                context={"link": link, "due_on": bill.due_on.isoformat()},
                channels=["inbox", "sms"],
                reference=f"entry_moved:{cohort}:{row.changed_at:%Y%m%d%H%M%S}:{bill.borrower_id}",
            )
            for bill, link in zip(bills, links, strict=True)
        )
        told += len(bills)
    return told


def _checked(text: str) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise TextMissing(_("请先写下您的问题。"), field="text")
    if len(text) > MOST_CHARACTERS:
        raise TextTooLong(_("最多 %(most)d 个字，请分几条发送。") % {"most": MOST_CHARACTERS}, field="text")
    return text


def _open_conversation(borrower_id: int) -> Conversation | None:
    return (
        Conversation.objects.select_for_update()
        .filter(borrower_id=borrower_id, state=ConversationState.OPEN)
        .first()
    )


def _begin(borrower_id: int, now: datetime.datetime) -> Conversation:
    # Two first messages at once share one conversation: the second insert waits, finds the first, and gives way.
    Conversation.objects.bulk_create(
        [Conversation(borrower_id=borrower_id, id=new_id(), opened_at=now, last_at=now)],
        ignore_conflicts=True,
    )
    return Conversation.objects.select_for_update().get(borrower_id=borrower_id, state=ConversationState.OPEN)


def _locked(borrower_id: int, conversation_id: UUID) -> Conversation:
    row = Conversation.objects.select_for_update().filter(borrower_id=borrower_id, id=conversation_id).first()
    if row is None:
        raise NotFound(_("没有这段对话。"))
    return row


def _add(row: Conversation, *, author: Author, text: str, staff_name: str = "") -> UUID:
    message_id = new_id()
    ConversationMessage.objects.create(
        borrower_id=row.borrower_id,
        id=message_id,
        conversation_id=row.id,
        author=author,
        staff_name=staff_name,
        text=text,
        sent_at=clock.now(),
    )
    return message_id
