"""Applications that were referred to a person, and disputes of credit records."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.bureau import queries as bureau
from fenqi.bureau import services as bureau_services
from fenqi.bureau.services import CORRECTION_KIND
from fenqi.credit import queries as credit
from fenqi.credit import services as credit_services
from fenqi.ops.queues import shape
from fenqi.ops.queues.shape import Evidence, Queue, Row, Section
from fenqi.people import queries as people
from fenqi.people import services as people_services
from fenqi.people.services import Role
from fenqi.plumbing import business_date, clock, four_eyes
from fenqi.plumbing.errors import NotFound
from fenqi.servicing import queries as servicing


def _application_rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=str(one.id),
            title=one.lender_name,
            note=" · ".join(one.reasons),
            since=one.started_at,
            amount_fen=one.amount_fen,
        )
        for one in credit.review_queue()
    ]


def _application_evidence(borrower_id: int, key: str) -> Evidence:
    file = credit.review_file(borrower_id=borrower_id, application_id=UUID(key))
    person = people.person(borrower_id)
    loans = servicing.loans(borrower_id)
    facts: list[tuple[Any, Any]] = [
        (_("申请人"), f"{person.name_masked} {person.phone_masked}"),
        (_("年龄"), str(person.age or "—")),
        (_("在校学生"), _("是") if person.is_student else _("否")),
        (_("实名"), person.identity_status),
        (_("联系人"), person.contact_status),
    ]
    standing: list[tuple[Any, Any]] = [
        (_("在还借据"), str(sum(not one.is_closed for one in loans))),
        (_("待还总额"), sum(one.outstanding_fen for one in loans)),
        (_("最长逾期天数"), _("%(n)d 天") % {"n": max((one.days_past_due for one in loans), default=0)}),
    ]
    return Evidence(
        title=f"{file.application.lender_name} · {file.application.order.number}",
        sections=[
            Section(
                heading=_("申请"),
                facts=[
                    (_("出借机构"), file.application.lender_name),
                    (_("金额"), file.application.amount_fen),
                    (_("状态"), file.application.state_label),
                    (_("送审原因"), " · ".join(file.application.reasons)),
                ],
            ),
            Section(heading=_("申请人"), facts=facts),
            Section(heading=_("现有借款"), facts=standing),
        ],
        timeline=[(one.at, f"{one.by} · {one.result} · {', '.join(one.reasons)}") for one in file.decisions],
        is_waiting=file.application.state == "referred",
    )


def _decide_application(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str) -> None:
    credit_services.review_application(
        staff=staff, borrower_id=borrower_id, application_id=UUID(key), approve=approve, reason=reason
    )


APPLICATIONS = Queue(
    code="applications",
    label=_("分期申请"),
    roles=(Role.REVIEWER,),
    rows=_application_rows,
    evidence=_application_evidence,
    decide=_decide_application,
    approve_label=_("通过并送出借机构"),
    refuse_label=_("拒绝"),
    approve_reasons=(_("资料齐全，还款能力充足"), _("已电话核实")),
    refuse_reasons=(_("资料不完整"), _("负债过高"), _("近期有逾期")),
    empty=_("没有等待人工审核的申请"),
)


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
                    (f"{one.on.isoformat()} {one.kind}", one.amount_fen)
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
