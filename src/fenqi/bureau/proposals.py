"""What stands in a credit record is corrected only by two pairs of eyes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.bureau.errors import AlreadyAnswered, DisputeAnswerMissing
from fenqi.bureau.models import CreditRow, Dispute, DisputeState
from fenqi.bureau.services import CORRECTION_KIND, answer_dispute
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture


def _picture(arguments: dict[str, Any]) -> Picture:
    borrower_id = arguments["borrower_id"]
    dispute = Dispute.objects.filter(borrower_id=borrower_id, id=UUID(arguments["dispute_id"])).first()
    if dispute is None:
        raise NotFound(_("没有这条异议。"))
    if dispute.state != DisputeState.OPEN:
        raise AlreadyAnswered(_("这条异议已经答复过了。"))
    if not arguments["answer"].strip():
        raise DisputeAnswerMissing(_("请写明核查结果，用户会看到这段文字。"), field="answer")
    row = CreditRow.objects.get(borrower_id=borrower_id, loan_id=dispute.loan_id, month=dispute.month)
    return Picture(
        title=f"{dispute.month:%Y-%m}",
        lines=[
            Line(label=_("报送状态"), before=row.status, after="N"),
            Line(label=_("逾期天数"), before=str(row.days_past_due), after="0"),
            Line(label=_("逾期金额"), before=row.overdue_fen, after=0),
            Line(label=_("给用户的答复"), before="", after=arguments["answer"]),
        ],
    )


def _carry_out(approval: Approval) -> None:
    answer_dispute(
        approval_id=approval.id,
        staff=approval.checker,
        borrower_id=approval.arguments["borrower_id"],
        dispute_id=UUID(approval.arguments["dispute_id"]),
        is_upheld=True,
        answer=approval.arguments["answer"],
        on=business_date.current(),
    )


CORRECTION = Kind(
    code=CORRECTION_KIND,
    label=_("更正征信记录"),
    makers=("service", "compliance"),
    checkers=("compliance",),
    picture=_picture,
    carry_out=_carry_out,
)
