"""Delivery: take what is due, ask the gate, hand it to the carriers in batches, write down what became of it."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Q

from fenqi.messages import conduct
from fenqi.messages.models import Channel, Message, Outgoing, PhoneText, State
from fenqi.messages.ports import CarrierRefused, CarrierSilent, Receipt, Text
from fenqi.messages.rendering import Rendered, render, template_of
from fenqi.messages.templates import TEMPLATES, Kind
from fenqi.people import queries as people
from fenqi.plumbing import business_date, clock, gates, ports, rule_data

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH = 200
FORGOTTEN_AFTER = datetime.timedelta(seconds=60)
COLLECTION = tuple(code for code, template in TEMPLATES.items() if template.kind == Kind.COLLECTION)


@dataclass(kw_only=True)
class _Outgoing:
    """A message on its way: its row, its text and where it goes."""

    row: Outgoing
    rendered: Rendered
    recipient: str

    @property
    def reference(self) -> str:
        """What the carrier knows it by."""
        return f"{self.row.channel}:{self.row.id}"


def deliver_due(*, as_of: datetime.datetime | None = None, limit: int = 10_000) -> int:
    """
    Deliver what is due at `as_of` (default: now); tells how many messages were dealt with. Several workers may call it at once.

    Makes outside calls: not inside a transaction.
    """
    at = as_of or conduct.moment()
    handled = 0
    for model in (PhoneText, Message):
        while handled < limit and (batch := _take(model, at)):
            _deliver(batch, at)
            handled += len(batch)
    return handled


@transaction.atomic
def _take(model: type[Outgoing], at: datetime.datetime) -> list[Outgoing]:
    """The next messages, marked as on their way; those a dead worker left behind are taken again."""
    waiting = Q(state=State.QUEUED, due_at__lte=at) | Q(
        state=State.SENDING, taken_at__lte=clock.wall() - FORGOTTEN_AFTER
    )
    batch = list(model.objects.select_for_update(skip_locked=True).filter(waiting).order_by("due_at")[:BATCH])
    model.objects.filter(pk__in=[row.pk for row in batch]).update(state=State.SENDING, taken_at=clock.wall())
    return batch


def _deliver(batch: list[Outgoing], at: datetime.datetime) -> None:
    on = business_date.current()
    outgoing = _addressed(batch)
    allowed = _pass_gate(outgoing, at=at, on=on)
    for channel in Channel.values:
        chosen = [item for item in allowed if item.row.channel == channel]
        if not chosen:
            continue
        if channel == Channel.INBOX:
            receipts: Mapping[str, Receipt] | None = {item.reference: Receipt(taken=True) for item in chosen}
        else:
            receipts = _hand_over(channel, chosen)
        _record(chosen, receipts, at=at, on=on)


def _addressed(batch: list[Outgoing]) -> list[_Outgoing]:
    """Texts and recipients; phones are looked up for the whole batch at once."""
    ids = {
        row.borrower_id
        for row in batch
        if isinstance(row, Message) and row.channel in (Channel.SMS, Channel.PUSH)
    }
    phones = people.phones_for(borrower_ids=ids, reason="message") if ids else {}
    found = []
    for row in batch:
        if isinstance(row, PhoneText):
            recipient = row.phone
        elif row.channel == Channel.EMAIL:
            recipient = people.email_for(borrower_id=row.borrower_id, reason="message")
        else:
            recipient = phones.get(row.borrower_id, "")
        rendered = render(row.template, json.loads(row.context), channel=row.channel, language=row.language)
        found.append(_Outgoing(row=row, rendered=rendered, recipient=recipient))
    return found


def _pass_gate(outgoing: list[_Outgoing], *, at: datetime.datetime, on: datetime.date) -> list[_Outgoing]:
    """Those that may leave; the others wait for the morning or are withheld. Every answer is kept."""
    gate = conduct.Gate(on)
    collected, texted = _counts(outgoing, on)
    agreed = _agreed_to_offers(outgoing)
    answers, allowed = [], []
    with transaction.atomic():
        for item in outgoing:
            kind = template_of(item.row.template).kind
            who = item.row.borrower_id if isinstance(item.row, Message) else None
            question = conduct.Question(
                kind=kind,
                channel=item.row.channel,
                text=item.rendered.body,
                sent_today=collected.get((who, item.row.channel), 0),
                texts_today=texted.get(who, 0),
                agreed_to_offers=who in agreed,
            )
            answer = gate.ask(question, at=at)
            answers.append((f"message:{item.row.id}", answer))
            item.row.rule_id = answer.rule_id
            if answer.allowed:
                allowed.append(item)
                if who is not None and kind == Kind.COLLECTION:
                    collected[who, item.row.channel] = question.sent_today + 1
                if who is not None and item.row.channel == Channel.SMS:
                    texted[who] = question.texts_today + 1
            elif answer.rule_id == "conduct.quiet_hours":
                _save(item.row, state=State.QUEUED, due_at=gate.quiet_ends(at), rule_id=answer.rule_id)
            else:
                _save(item.row, state=State.WITHHELD, rule_id=answer.rule_id)
        gates.keep_many(gate="conduct", answers=answers)
    return allowed


def _agreed_to_offers(outgoing: list[_Outgoing]) -> set[int]:
    """Those of the batch's borrowers with an offer on its way whose consent to offers stands now."""
    asked = {
        item.row.borrower_id
        for item in outgoing
        if isinstance(item.row, Message) and template_of(item.row.template).kind == Kind.MARKETING
    }
    return people.borrowers_who_agreed(text_code="marketing", borrower_ids=asked) if asked else set()


def _counts(
    outgoing: list[_Outgoing], on: datetime.date
) -> tuple[dict[tuple[int, str], int], dict[int, int]]:
    """What each borrower of the batch already got on this business date: collections by channel, texts."""
    ids = {item.row.borrower_id for item in outgoing if isinstance(item.row, Message)}
    if not ids:
        return {}, {}
    sent = Message.objects.filter(borrower_id__in=ids, sent_on=on, state=State.SENT)
    collected = (
        sent.filter(template__in=COLLECTION).values("borrower_id", "channel").annotate(count=Count("id"))
    )
    texted = sent.filter(channel=Channel.SMS).values("borrower_id").annotate(count=Count("id"))
    return (
        {(row["borrower_id"], row["channel"]): row["count"] for row in collected},
        {row["borrower_id"]: row["count"] for row in texted},
    )


def _hand_over(channel: str, chosen: list[_Outgoing]) -> Mapping[str, Receipt] | None:
    """The carrier's receipts; None when it did not answer."""
    texts = [
        Text(
            reference=item.reference,
            recipient=item.recipient,
            subject=item.rendered.subject,
            body=item.rendered.body,
            written_at=clock.now(),
        )
        for item in chosen
        if item.recipient
    ]
    receipts = {
        item.reference: Receipt(taken=False, reason="NO_ADDRESS") for item in chosen if not item.recipient
    }
    if not texts:
        return receipts
    try:
        return {**ports.get(channel).send(texts=texts), **receipts}
    except CarrierSilent:
        return None
    except CarrierRefused as e:
        return {**{text.reference: Receipt(taken=False, reason=str(e)[:60]) for text in texts}, **receipts}


@transaction.atomic
def _record(
    chosen: list[_Outgoing],
    receipts: Mapping[str, Receipt] | None,
    *,
    at: datetime.datetime,
    on: datetime.date,
) -> None:
    now = clock.now()
    pauses = rule_data.value("message_retry_seconds", on=on)
    changed = []
    for item in chosen:
        row = item.row
        receipt = receipts.get(item.reference) if receipts is not None else None
        if receipt is None and row.tries < len(pauses):
            row.due_at = at + datetime.timedelta(seconds=pauses[row.tries])
            row.state, row.tries = State.QUEUED, row.tries + 1
        elif receipt is not None and receipt.taken:
            row.state, row.sent_at, row.sent_on = State.SENT, now, on
        else:
            row.state, row.failure = State.FAILED, receipt.reason if receipt else "NO_ANSWER"
        changed.append(row)
    for model in (PhoneText, Message):
        rows = [row for row in changed if isinstance(row, model)]
        _update(model, rows)


NOTHING = "{}"
_COLUMNS = ["state", "rule_id", "failure", "tries", "due_at", "sent_at", "sent_on"]


def _update(model: type[Outgoing], rows: list[Outgoing]) -> None:
    """One statement for rows that ended alike (nearly all), one each for the others."""
    alike: dict[tuple[object, ...], list[Outgoing]] = {}
    for row in rows:
        alike.setdefault(
            tuple(getattr(row, name) for name in _COLUMNS if name != "due_at" or row.state == State.QUEUED),
            [],
        ).append(row)
    for group in alike.values():
        values = {name: getattr(group[0], name) for name in _COLUMNS if name != "due_at"}
        if model is PhoneText and group[0].state != State.QUEUED:
            values["context"] = NOTHING  # a code or the key of a link is not kept once it has left
        if group[0].state == State.QUEUED:
            values["due_at"] = group[0].due_at
        model.objects.filter(pk__in=[row.pk for row in group]).update(**values)


def _save(row: Outgoing, **values: object) -> None:
    type(row).objects.filter(pk=row.pk).update(**values)
