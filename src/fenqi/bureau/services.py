"""Writes of the credit record that people make: disputes. What the day-end writes is in dayend.py and export.py."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.bureau.errors import (
    AlreadyAnswered,
    AlreadyDisputed,
    DisputeAnswerMissing,
    DisputeReasonMissing,
    DisputeReasonTooLong,
)
from fenqi.bureau.models import CreditRow, Dispute, DisputeState
from fenqi.messages import services as messages
from fenqi.plumbing import audit, four_eyes, rule_data
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.ids import new_id
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from uuid import UUID

MOST_CHARACTERS = 500
CORRECTION_KIND = "bureau.correction"  # of the approval by two people (plumbing.four_eyes)


@transaction.atomic
def open_dispute(
    *, borrower_id: int, loan_id: UUID, month: datetime.date, reason: str, on: datetime.date
) -> UUID:
    """
    Dispute one month of the record; it shows as disputed until it is answered, within the rule's days.

    Raises: NotFound; DisputeReasonMissing, DisputeReasonTooLong at `reason`; AlreadyDisputed.
    """
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise DisputeReasonMissing(_("请写明哪里不对，以及您认为正确的情况。"), field="reason")
    if len(reason) > MOST_CHARACTERS:
        raise DisputeReasonTooLong(_("最多 %(most)d 个字。") % {"most": MOST_CHARACTERS}, field="reason")
    row = CreditRow.objects.filter(borrower_id=borrower_id, loan_id=loan_id, month=month).first()
    if row is None:
        raise NotFound(_("这个月没有记录。"), field="month")
    days = rule_data.value("bureau.dispute_days", on=on)
    dispute_id = new_id()
    try:
        with transaction.atomic():
            Dispute.objects.create(
                borrower_id=borrower_id,
                id=dispute_id,
                loan_id=loan_id,
                month=month,
                status_disputed=row.status,
                reason=reason,
                opened_on=on,
                answer_by=on + datetime.timedelta(days=days),
            )
    except IntegrityError as e:
        raise AlreadyDisputed(_("这个月的异议正在处理中，不用重复提交。"), field="reason") from e
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="bureau.disputed",
        subject=f"borrower:{borrower_id}",
        loan_id=loan_id,
        month=month,
    )
    return dispute_id


@transaction.atomic
def answer_dispute(
    *,
    staff: str,
    borrower_id: int,
    dispute_id: UUID,
    is_upheld: bool,
    answer: str,
    on: datetime.date,
    approval_id: UUID | None = None,
) -> None:
    """
    Answer a dispute in writing. Upheld, by two people: the month is corrected to "paid in time" and reported again.

    Raises: NotFound; AlreadyAnswered; DisputeAnswerMissing at `answer`; SecondPairMissing when upheld by one alone.
    """
    answer = answer.replace("\x00", "").strip()
    if not answer:
        raise DisputeAnswerMissing(_("请写明核查结果，用户会看到这段文字。"), field="answer")
    dispute = Dispute.objects.select_for_update().filter(borrower_id=borrower_id, id=dispute_id).first()
    if dispute is None:
        raise NotFound(_("没有这条异议。"))
    if dispute.state != DisputeState.OPEN:
        raise AlreadyAnswered(_("这条异议已经答复过了。"))
    if is_upheld:
        four_eyes.spend(
            approval_id=approval_id,
            kind=CORRECTION_KIND,
            arguments={"borrower_id": borrower_id, "dispute_id": str(dispute_id), "answer": answer},
        )
    dispute.state = DisputeState.UPHELD if is_upheld else DisputeState.REJECTED
    dispute.answered_by = staff
    dispute.answered_on = on
    dispute.answer = answer
    dispute.save()
    if is_upheld:
        loan = servicing.loan(borrower_id=borrower_id, loan_id=dispute.loan_id)
        CreditRow.objects.filter(
            borrower_id=borrower_id, loan_id=dispute.loan_id, month=dispute.month
        ).update(
            status="N",
            days_past_due=0,
            balance_fen=loan.principal_outstanding_fen,  # of the day of the correction, as the row says
            overdue_fen=0,
            is_corrected=True,
            as_of=on,
        )
    audit.record(
        actor=f"staff:{staff}",
        action="bureau.dispute_upheld" if is_upheld else "bureau.dispute_rejected",
        subject=f"borrower:{borrower_id}",
        dispute_id=dispute_id,  # the answer itself is sealed there
        loan_id=dispute.loan_id,
        month=dispute.month,
    )
    messages.send(
        borrower_id=borrower_id,
        template="dispute_answered",
        context={"month": f"{dispute.month:%Y-%m}", "link": "/finance/credit/"},
        channels=["inbox", "sms"],
        reference=f"dispute:{dispute_id}",
    )
