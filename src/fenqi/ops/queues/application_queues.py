"""Applications the rules referred, and declines their applicants want a person to look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fenqi.credit import decision_rules, reviews
from fenqi.credit import services as credit
from fenqi.ops.queues import shape
from fenqi.ops.queues.shape import Evidence, Queue, Row, RuleRow, Section
from fenqi.ops.words import INPUTS, word
from fenqi.people import queries as people
from fenqi.people import services as people_services
from fenqi.people.services import Role
from fenqi.plumbing import business_date, four_eyes
from fenqi.plumbing.templatetags.fenqi import yuan
from fenqi.purchases import services as purchases
from fenqi.servicing import queries as servicing

_TONES = {"decline": "late", "refer": "warn", "approve": "good"}
_STATES = {
    "fired": _("命中"),
    "passed": _("未命中"),
    "missing": _("缺少数据"),
    "not_applicable": _("不适用"),
}
_OUTCOMES = {"decline": _("命中：拒绝"), "refer": _("命中：转人工")}


def _shown(name: str, value: Any) -> Any:
    """A figure as a person reads it."""
    if value is None:
        return _("未知")
    if value == "not_needed":
        return _("未询问（规则不需要）")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if name.endswith("_fen"):
        return yuan(value)
    if name.endswith("_bp"):
        return f"{value / 100:.2f}%"
    return word(value) if isinstance(value, str) else str(value)


def _codes() -> list[tuple[str, Any]]:
    return list(decision_rules.staff_reasons(on=business_date.current()))


def _rule_rows(file: reviews.ReviewFile) -> list[RuleRow]:
    rows = [
        RuleRow(
            words=one.words,
            figure=_shown(one.input, one.figure) if one.state in ("fired", "passed") else "—",
            threshold=_shown(one.input, one.threshold) if one.threshold is not None else "—",
            label=_OUTCOMES.get(one.outcome, _STATES["fired"])
            if one.state == "fired"
            else _STATES[one.state],
            tone=_TONES[one.outcome] if one.state == "fired" else "warn" if one.state == "missing" else "",
            is_fired=one.state in ("fired", "missing"),
        )
        for one in file.rules
    ]
    return sorted(rows, key=lambda row: not row.is_fired)


def _sections(file: reviews.ReviewFile) -> list[Section]:
    borrower_id = file.application.borrower_id
    person = people.person(borrower_id)
    loans = servicing.loans(borrower_id)
    return [
        Section(
            heading=_("申请"),
            facts=[
                (_("出借机构"), file.application.lender_name),
                (_("金额"), file.application.amount_fen),
                (_("状态"), file.application.state_label),
                (_("申请人"), f"{person.name_masked} {person.phone_masked}"),
                (_("实名"), word(person.identity_status)),
                (_("联系人"), word(person.contact_status)),
            ],
        ),
        Section(
            heading=_("现有借款（本账号）"),
            facts=[
                (_("在还借据"), str(sum(not one.is_closed for one in loans))),
                (_("待还总额"), sum(one.outstanding_fen for one in loans)),
            ],
        ),
        Section(
            heading=_("决策时的数据"),
            facts=[(INPUTS[name], _shown(name, value)) for name, value in file.snapshot],
        ),
    ]


def _timeline(file: reviews.ReviewFile) -> list[tuple[Any, Any]]:
    return [
        (
            one.at,
            " · ".join(
                part
                for part in (
                    f"{one.by} {one.decided_by}".strip(),
                    str(word(one.result)),
                    gettext("、").join(str(word(code)) for code in one.reasons),
                    one.words,
                )
                if part
            ),
        )
        for one in file.decisions
    ]


def _rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=str(one.id),
            title=one.lender_name,
            note=one.order.number,
            since=one.started_at,
            amount_fen=one.amount_fen,
        )
        for one in reviews.review_queue()
    ]


def _evidence(borrower_id: int, key: str) -> Evidence:
    file = reviews.review_file(borrower_id=borrower_id, application_id=UUID(key))
    return Evidence(
        title=f"{file.application.lender_name} · {file.application.order.number}",
        sections=_sections(file),
        rules=_rule_rows(file),
        timeline=_timeline(file),
        is_waiting=file.application.state == "referred",
    )


def _decide(
    *, staff: str, borrower_id: int, key: str, approve: bool, reason: str, reason_code: str = ""
) -> None:
    purchases.review_application(
        staff=staff,
        borrower_id=borrower_id,
        application_id=UUID(key),
        approve=approve,
        reason_code=reason_code,
        words=reason,
    )


APPLICATIONS = Queue(
    code="applications",
    label=_("分期申请"),
    roles=(Role.REVIEWER,),
    rows=_rows,
    evidence=_evidence,
    decide=_decide,
    approve_label=_("通过并送出借机构"),
    refuse_label=_("拒绝"),
    approve_reasons=(_("资料齐全，还款能力充足"), _("已电话核实")),
    refuse_reasons=(_("资料不完整"), _("负债过高"), _("近期有逾期")),
    empty=_("没有等待人工审核的申请"),
    codes=_codes,
)


def _request_rows() -> list[Row]:
    return [
        Row(
            borrower_id=asked.borrower_id,
            key=str(application.id),
            title=application.lender_name,
            note=str(_("已超过答复期限") if asked.is_late else application.order.number),
            since=asked.asked_at,
            amount_fen=application.amount_fen,
        )
        for asked, application in reviews.open_requests()
    ]


def _request_evidence(borrower_id: int, key: str) -> Evidence:
    file = reviews.review_file(borrower_id=borrower_id, application_id=UUID(key))
    asked = file.request
    waiting = four_eyes.waiting_for(subject=f"application:{key}", kind=credit.OVERRIDE)
    sections = _sections(file)
    if asked is not None:
        wish = Section(
            heading=_("申请人的复核请求"),
            facts=[
                (_("申请人的说明"), asked.words or "—"),
                (_("最迟答复"), f"{timezone.localtime(asked.answer_by):%Y-%m-%d %H:%M}"),
            ],
        )
        sections.insert(0, wish)
    return Evidence(
        title=f"{file.application.lender_name} · {file.application.order.number}",
        sections=sections,
        rules=_rule_rows(file),
        timeline=_timeline(file),
        is_waiting=asked is not None and asked.state == "open" and waiting is None,
        **shape.second_pair(waiting, _("改判已提交，等待另一位同事复核。")),
    )


def _answer_request(
    *, staff: str, borrower_id: int, key: str, approve: bool, reason: str, reason_code: str = ""
) -> None:
    application_id = UUID(key)
    if approve:
        people_services.propose(
            staff=staff,
            kind=credit.OVERRIDE,
            subject=f"application:{application_id}",
            borrower_id=borrower_id,
            arguments={
                "borrower_id": borrower_id,
                "application_id": str(application_id),
                "reason_code": reason_code,
                "answer": reason,
            },
            reason=reason,
        )
        return
    credit.uphold(
        staff=staff,
        borrower_id=borrower_id,
        application_id=application_id,
        reason_code=reason_code,
        words=reason,
    )


REVIEWS = Queue(
    code="reviews",
    label=_("复核请求"),
    roles=(Role.REVIEWER,),
    rows=_request_rows,
    evidence=_request_evidence,
    decide=_answer_request,
    approve_label=_("提交改判（需另一人复核）"),
    refuse_label=_("维持原决定并答复"),
    approve_reasons=(_("已核实，情况有合理解释"),),
    refuse_reasons=(_("复核后仍不符合要求"),),
    empty=_("没有等待答复的复核请求"),
    codes=_codes,
)
