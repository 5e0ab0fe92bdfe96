"""Notices wait in a table of servicing and are handed to messages with the figures of the moment."""

from __future__ import annotations

import datetime
import logging
from typing import Any
from uuid import UUID

from django.db import transaction

from fenqi.messages import services as messages
from fenqi.payments import queries as payments
from fenqi.plumbing import clock
from fenqi.plumbing.errors import Refusal
from fenqi.servicing import loading, pay_links, queries
from fenqi.servicing.models import Notice

log = logging.getLogger(__name__)

AUTOPAY = "/finance/account/autopay/"
TEMPLATES = ("due_soon", "due_today", "debit_scheduled", "debit_failed", "overdue", "paid", "settled")


def hand_over(*, limit: int = 500) -> int:
    """Give waiting notices to messages, oldest first; tells how many. Several workers may call it at once."""
    handed = 0
    while handed < limit:
        with transaction.atomic():
            waiting = list(
                Notice.objects.select_for_update(skip_locked=True)
                .filter(handed_at__isnull=True)
                .order_by("made_at")[: min(100, limit - handed)]
            )
            if not waiting:
                break
            letters = [letter for notice in waiting if (letter := _letter(notice))]
            messages.send_many(letters)
            for notice in waiting:
                notice.handed_at = clock.wall()
            Notice.objects.bulk_update(waiting, ["handed_at"])
        handed += len(waiting)
    return handed


def add_debit_failed(payload: dict[str, Any]) -> None:
    """A debit failed; told once for a loan and day."""
    borrower_id, loan_id = int(payload["borrower_id"]), UUID(str(payload["loan_id"]))
    loan = loading.find(borrower_id=borrower_id, loan_id=loan_id)
    on = datetime.date.fromisoformat(str(payload["on"]))
    Notice.objects.bulk_create(
        [
            Notice(
                borrower_id=borrower_id,
                template="debit_failed",
                key=f"{loan_id}:{on}",
                loan_id=loan_id,
                lender_code=loan.lender_code,
                on_date=on,
                due_on=datetime.date.fromisoformat(str(payload["due_on"])) if payload.get("due_on") else on,
                amount_fen=int(payload["amount_fen"]),
            )
        ],
        ignore_conflicts=True,
    )


def _letter(notice: Notice) -> messages.Letter | None:
    """The letter of a notice as things stand now; none where there is nothing left to say."""
    try:
        context = _context(notice)
    except Refusal as e:
        # What it is about is gone (a loan, a card): it must not keep all others waiting.
        log.warning("notice %s of %s is not said: %s", notice.template, notice.borrower_id, e.code)
        return None
    if context is None:
        return None
    template = notice.template
    if template == "overdue" and (grace_until := _grace_until(notice)):
        # Within grace nothing is late yet: no word of penalty or record.
        template, context["grace_until_on"] = "in_grace", grace_until
    return messages.Letter(
        borrower_id=notice.borrower_id,
        template=template,
        context=context,
        reference=f"servicing:{notice.template}:{notice.key}",
    )


def _context(notice: Notice) -> dict[str, Any] | None:
    context: dict[str, Any] = {"amount_fen": notice.amount_fen, "due_on": notice.due_on}
    if notice.template in ("paid", "settled"):
        assert notice.loan_id is not None
        number = queries.loan_number(borrower_id=notice.borrower_id, loan_id=notice.loan_id)
        path = f"/finance/loans/{number}/"
        context |= {
            "loan_number": number,
            "link": f"{path}certificate/" if notice.template == "settled" else path,
        }
        return context
    owed_fen, days = _owed_now(notice)
    if not owed_fen:
        return None
    if notice.template == "debit_scheduled":
        card = payments.autopay(notice.borrower_id)
        return context | {"amount_fen": owed_fen, "tail": card.tail, "link": AUTOPAY} if card.is_on else None
    return context | {
        "amount_fen": owed_fen,
        "days": days,
        "reason": "",
        "link": pay_links.make_pay_link(
            borrower_id=notice.borrower_id,
            loan_id=notice.loan_id,
            due_on=notice.due_on,
            lender_code=notice.lender_code,
        ),
    }


def _grace_until(notice: Notice) -> datetime.date | None:
    """The last day on which paying what was due costs nothing more; None once it is over."""
    assert notice.loan_id is not None and notice.due_on is not None
    terms = queries.loan(borrower_id=notice.borrower_id, loan_id=notice.loan_id).terms
    last = notice.due_on + datetime.timedelta(days=terms.overdue.grace_days if terms else 0)
    return last if queries.today() <= last else None


def _owed_now(notice: Notice) -> tuple[int, int]:
    """What is owed up to the notice's due date now, penalty included, and the days since that date."""
    owed_fen = 0
    today = queries.today()
    for bill in queries.bills(notice.borrower_id):
        if bill.lender_code != notice.lender_code or bill.serviced_by != "us" or notice.due_on is None:
            continue
        is_of_bill = bill.due_on <= notice.due_on if notice.loan_id else bill.due_on == notice.due_on
        if is_of_bill:
            owed_fen += sum(line.amount_fen for line in bill.lines if notice.loan_id in (None, line.loan_id))
    return owed_fen, max(0, (today - notice.due_on).days) if notice.due_on else 0
