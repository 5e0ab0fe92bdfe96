"""Disputes of credit records."""

from __future__ import annotations

import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.bureau import queries as bureau
from fenqi.bureau import services as bureau_services
from fenqi.bureau.services import CORRECTION_KIND
from fenqi.ops.queues import shape
from fenqi.ops.queues.shape import Evidence, Queue, Row, Section
from fenqi.ops.words import word
from fenqi.people import services as people_services
from fenqi.people.services import Role
from fenqi.plumbing import business_date, clock, four_eyes
from fenqi.plumbing.errors import NotFound
from fenqi.servicing import queries as servicing


def _dispute_rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=str(one.dispute_id),
            title=f"{one.loan_number} · {one.month:%Y-%m}",
            note=str(_("%(on)s 前答复") % {"on": one.answer_by.isoformat()}),
            since=_noon(one.opened_on),
        )
        for one in bureau.open_disputes()
    ]


def _noon(on: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(on, datetime.time(12), tzinfo=clock.wall().tzinfo)


def _dispute_evidence(borrower_id: int, key: str) -> Evidence:
    row = next((one for one in bureau.open_disputes() if str(one.dispute_id) == key), None)
    if row is None or row.borrower_id != borrower_id:
        raise NotFound(_("这条异议已经答复过了。"))
    history = servicing.history(borrower_id=borrower_id, loan_id=row.loan_id)
    waiting = four_eyes.waiting_for(subject=f"dispute:{key}", kind=CORRECTION_KIND)
    return Evidence(
        title=f"{row.loan_number} · {row.month:%Y-%m}",
        sections=[
            Section(
                heading=_("异议"),
                facts=[
                    (_("月份"), f"{row.month:%Y-%m}"),
                    (_("报送状态"), f"{row.status} · {row.meaning}"),
                    (_("用户的说明"), row.reason),
                    (_("最迟答复"), row.answer_by.isoformat()),
                ],
            ),
            Section(
                heading=_("当月前后的还款记录"),
                facts=[
                    (f"{one.on.isoformat()} {word(one.kind)}", one.amount_fen)
                    for one in history
                    if abs((one.on - row.month).days) < 62
                ],
            ),
        ],
        is_waiting=waiting is None,
        **shape.second_pair(waiting),
    )


def _decide_dispute(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str) -> None:
    if approve:
        people_services.propose(
            staff=staff,
            kind=CORRECTION_KIND,
            subject=f"dispute:{UUID(key)}",
            borrower_id=borrower_id,
            arguments={"borrower_id": borrower_id, "dispute_id": str(UUID(key)), "answer": reason},
            reason=reason,
        )
        return
    bureau_services.answer_dispute(
        staff=staff,
        borrower_id=borrower_id,
        dispute_id=UUID(key),
        is_upheld=False,
        answer=reason,
        on=business_date.current(),
    )


DISPUTES = Queue(
    code="disputes",
    label=_("征信异议"),
    roles=(Role.SERVICE, Role.COMPLIANCE),
    rows=_dispute_rows,
    evidence=_dispute_evidence,
    decide=_decide_dispute,
    approve_label=_("异议成立，提交更正（需另一人复核）"),
    refuse_label=_("维持原记录"),
    approve_reasons=(_("核对银行流水，当月已按时还款，现予更正"),),
    refuse_reasons=(_("核对银行流水，当月确有逾期，记录无误"),),
    empty=_("没有待答复的异议"),
)
