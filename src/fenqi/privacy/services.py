"""Corrections, the end of an account, and the days that delete what the law had kept."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fenqi.bureau import queries as bureau
from fenqi.mall import queries as mall
from fenqi.messages import services as messages
from fenqi.people import refusals
from fenqi.people.services.closing import close_account, correct_identity
from fenqi.plumbing import audit, business_date, clock, rule_data
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.templatetags.fenqi import yuan
from fenqi.privacy import queries
from fenqi.privacy.errors import CorrectionStanding, CorrectionUnclear, StillNeeded
from fenqi.privacy.forgetting import forget
from fenqi.privacy.models import Correction, CorrectionState, CorrectionSubject, Erasure
from fenqi.servicing import queries as servicing
from fenqi.standby import queries as standby

if TYPE_CHECKING:
    from uuid import UUID

LONGEST = 300
OPEN_ORDERS = ("in_review", "paid", "shipped", "return_open")


@transaction.atomic
def ask_correction(*, borrower_id: int, subject: str, wish: str, why: str) -> UUID:
    """
    A person says what is wrong and what it should be; staff answer within the days of the rule.

    Raises: CorrectionUnclear at `subject`, `wish` or `why`; CorrectionStanding while the same waits.
    """
    if subject not in CorrectionSubject.values:
        raise CorrectionUnclear(_("请选择要更正的内容。"), field="subject")
    for name, text, empty in (
        ("wish", wish, _("请写明正确的内容。")),
        ("why", why, _("请写明哪里不对，工作人员据此核对。")),
    ):
        if not text.strip():
            raise CorrectionUnclear(empty, field=name)
        if len(text) > LONGEST:
            raise CorrectionUnclear(_("内容太长，最多 %(n)d 个字。") % {"n": LONGEST}, field=name)
    on = business_date.current()
    days = rule_data.value("corrections_answered_in_days", on=on)
    correction_id = new_id()
    try:
        with transaction.atomic():
            Correction.objects.create(
                borrower_id=borrower_id,
                id=correction_id,
                subject=subject,
                wish=wish.strip(),
                why=why.strip(),
                asked_at=clock.now(),
                answer_by=on + datetime.timedelta(days=days),
            )
    except IntegrityError:
        raise CorrectionStanding(_("这一项已经提交过，正在处理，请等答复。"), field="subject") from None
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="privacy.correction.asked",
        subject=f"account:{borrower_id}",
        correction_id=correction_id,
        field=subject,
    )
    return correction_id


@transaction.atomic
def answer_correction(
    *, staff: str, borrower_id: int, correction_id: UUID, approve: bool, answer: str
) -> None:
    """
    A person of the staff puts it right, or says why not; the asker reads the answer.

    `staff`: "staff:<name>". Raises: NotFound, CorrectionStanding, ReasonMissing, Unreadable (the wish cannot be taken over).
    """
    if not answer.strip():
        raise refusals.ReasonMissing(_("请写明答复，用户会看到。"), field="reason")
    row = Correction.objects.select_for_update().filter(borrower_id=borrower_id, id=correction_id).first()
    if row is None:
        raise NotFound(_("没有这条更正申请。"))
    if row.state != CorrectionState.WAITING:
        raise CorrectionStanding(_("这条更正申请已经答复过了。"))
    if approve and row.subject != CorrectionSubject.OTHER:
        correct_identity(
            staff=staff,
            borrower_id=borrower_id,
            field=row.subject,
            value=row.wish,
            reason=f"更正申请 {correction_id}",  # the answer is for the person, and sealed
        )
    row.state = CorrectionState.DONE if approve else CorrectionState.REFUSED
    row.answer, row.answered_by, row.answered_at = answer.strip()[:LONGEST], staff, clock.now()
    row.save()
    audit.record(
        actor=staff,
        action="privacy.correction.done" if approve else "privacy.correction.refused",
        subject=f"account:{borrower_id}",
        correction_id=correction_id,
    )
    messages.send(
        borrower_id=borrower_id,
        template="correction_answered",
        context={"link": "/me/privacy/"},
        reference=f"correction:{correction_id}",
    )


def what_stands(*, borrower_id: int) -> list[str]:
    """Why the account cannot end now, in words; empty when nothing is unfinished."""
    stands = []
    loans = [loan for loan in servicing.loans(borrower_id) if not loan.is_closed]
    if loans:
        owed = sum(loan.outstanding_fen for loan in loans)
        sentence = "还有 %(n)d 笔借款没有结清，待还 %(owed)s"
        stands.append(ngettext(sentence, sentence, len(loans)) % {"n": len(loans), "owed": yuan(owed)})
    if servicing.overpayments(borrower_id):
        stands.append(_("有多还的钱要退给您，请先办理退回"))
    orders = [
        row for group in ("unpaid", "moving", "returns") for row in mall.orders(borrower_id, group=group)
    ]
    unfinished = sum(row.state in OPEN_ORDERS for row in orders)
    if unfinished:
        sentence = "有 %(n)d 个订单还在审核、配送或退货中"
        stands.append(ngettext(sentence, sentence, unfinished) % {"n": unfinished})
    line = standby.line(borrower_id)
    if line is not None and line.pending:
        stands.append(_("有一笔备用金正在放款"))
    if bureau.has_open_dispute(borrower_id):
        stands.append(_("有征信异议等待答复"))
    return stands


@transaction.atomic
def erase_account(*, borrower_id: int) -> queries.Ended:
    """
    End an account: what no law asks to keep goes at once, the rest is stored only until its date. Safe to repeat.

    Raises: StillNeeded with everything that is unfinished.
    """
    on = business_date.current()
    if not Erasure.objects.filter(borrower_id=borrower_id).exists():
        if stands := what_stands(borrower_id=borrower_id):
            raise StillNeeded(
                _("现在还不能注销：%(why)s。办完后随时可以注销。") % {"why": "；".join(stands)}, stands=stands
            )
        held = _held(borrower_id, on)
        close_account(borrower_id=borrower_id)
        over = set(queries.retention(on)) - set(held) - {"figures"}
        Erasure.objects.create(
            borrower_id=borrower_id,
            asked_on=on,
            asked_at=clock.now(),
            held={keep: until.isoformat() for keep, until in held.items()},
            next_on=min(held.values(), default=None),
            finished_at=None if held else clock.now(),
        )
        touched = forget(borrower_id=borrower_id, keeps=over)
        audit.record(
            actor=f"shopper:{borrower_id}",
            action="privacy.erased",
            subject=f"account:{borrower_id}",
            deleted=touched,
            held={keep: until.isoformat() for keep, until in held.items()},
        )
    found = queries.ended(borrower_id=borrower_id, language="zh")
    assert found is not None
    return found


def would_hold(*, borrower_id: int, language: str) -> list[tuple[datetime.date, str]]:
    """What the law would have kept if the account ended today: (last day, law), the nearest first."""
    on = business_date.current()
    return queries.with_laws(_held(borrower_id, on), on=on, language=language)


def _held(borrower_id: int, on: datetime.date) -> dict[str, datetime.date]:
    """The keeping rules that apply to this person, each with its last day."""
    applies = {
        "always": True,
        "borrowed": bool(servicing.loans(borrower_id)),
        "bought": bool(mall.orders(borrower_id)),
    }
    return {
        keep: _years_after(on, rule["years"])
        for keep, rule in queries.retention(on).items()
        if rule["years"] and applies[rule["when"]]
    }


def _years_after(on: datetime.date, years: int) -> datetime.date:
    try:
        return on.replace(year=on.year + years)
    except ValueError:  # 29 February
        return on.replace(year=on.year + years, month=3, day=1)


def forget_what_is_over(on: datetime.date) -> dict[str, int]:
    """Day-end step: delete what the law had kept until now, account by account, and old texts to strangers. Repeatable."""
    due = list(
        Erasure.objects.filter(next_on__lte=on).order_by("next_on").values_list("borrower_id", flat=True)
    )
    rows = sum(_forget_due(borrower_id, on) for borrower_id in due)
    return {"accounts": len(due), "rows": rows, "texts": messages.forget_phone_texts(on=on)}


@transaction.atomic
def _forget_due(borrower_id: int, on: datetime.date) -> int:
    row = Erasure.objects.select_for_update().get(borrower_id=borrower_id)
    over = {keep for keep, until in row.held.items() if until <= on.isoformat()}
    touched = forget(borrower_id=borrower_id, keeps=over)
    row.held = {keep: until for keep, until in row.held.items() if keep not in over}
    row.next_on = min(map(datetime.date.fromisoformat, row.held.values()), default=None)
    row.finished_at = None if row.held else clock.now()
    row.save()
    audit.record(
        actor="system:privacy",
        action="privacy.held_data_deleted",
        subject=f"account:{borrower_id}",
        rules=sorted(over),
        deleted=touched,
    )
    return sum(touched.values())
