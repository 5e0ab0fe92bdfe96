"""Identities and first contacts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.ops.queues import shape
from fenqi.ops.queues.shape import Evidence, Queue, Row, Section
from fenqi.people import queries, services
from fenqi.people.services import Role
from fenqi.plumbing import four_eyes

ANSWER_WORDS = {
    "accept": _("联系人同意"),
    "decline": _("联系人拒绝"),
    "unknown_person": _("联系人表示不认识申请人"),
    "withdraw": _("联系人撤回同意"),
}
METHOD_WORDS = {"face": _("人脸核验"), "photos": _("证件照片")}
RESULT_WORDS = {
    "PASS": _("一致"),
    "FAIL": _("不一致"),
    "RETRY": _("暂未查到，稍后重试"),
    "LIMIT": _("今日次数已满"),
}


def _identity_rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key="identity",
            title=f"{one.name_masked} {one.phone_masked}",
            note=one.note,
            since=one.since,
        )
        for one in queries.identity_queue()
    ]


def _identity_evidence(borrower_id: int, _key: str) -> Evidence:
    file = queries.identity_file(borrower_id)
    person: list[tuple[Any, Any]] = [
        (_("姓名"), file.name_masked),
        (_("身份证号"), file.id_number_masked),
        (_("出生日期"), file.born_on.isoformat()),
        (_("证件有效期"), _("长期") if file.valid_until == "long-term" else file.valid_until),
        (_("手机号"), file.phone_masked),
        (_("在校学生"), _("是") if file.is_student else _("否")),
        (_("核验方式"), file.method),
    ]
    photos = []
    if file.has_photos:
        base = f"/ops/photos/{borrower_id}/"
        photos = [(_("人像面"), base + "front/"), (_("国徽面"), base + "back/")]
    waiting = four_eyes.waiting_for(subject=f"identity:{borrower_id}")
    return Evidence(
        title=f"{file.name_masked} {file.phone_masked}",
        sections=[
            Section(heading=_("申请人填写"), facts=person),
            Section(heading=_("送审原因"), facts=[(_("原因"), file.reason)]),
        ],
        warnings=[_("这个身份证号已绑定另一个账号。通过需另一位同事复核；执行后，原账号的实名会失效。")]
        if file.is_on_another_account
        else [],
        timeline=[(one.asked_at, _told(one)) for one in file.checks],
        photos=photos,
        is_waiting=file.status == "review" and waiting is None,
        **shape.second_pair(waiting),
    )


def _told(check: queries.CheckLine) -> str:
    """One question to the identity party in words, its number last."""
    parts = (
        METHOD_WORDS.get(check.method, check.method),
        RESULT_WORDS.get(check.result, check.result or "…"),
        check.reason,
        check.serial,
    )
    return " · ".join(str(part) for part in parts if part)


def _decide_identity(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str) -> None:
    if approve and queries.identity_file(borrower_id).is_on_another_account:
        services.propose(
            staff=staff,
            kind="people.identity_move",
            subject=f"identity:{borrower_id}",
            borrower_id=borrower_id,
            arguments={"borrower_id": borrower_id},
            reason=reason,
        )
        return
    services.review_identity(staff=f"staff:{staff}", borrower_id=borrower_id, approve=approve, reason=reason)


IDENTITY = Queue(
    code="identity",
    label=_("实名审核"),
    roles=(Role.REVIEWER,),
    rows=_identity_rows,
    evidence=_identity_evidence,
    decide=_decide_identity,
    approve_label=_("通过"),
    refuse_label=_("不通过"),
    approve_reasons=(_("照片清晰，与登记信息一致"), _("已视频核对本人")),
    refuse_reasons=(_("无法确认是本人"), _("照片看不清"), _("照片与填写信息不符"), _("疑似冒用他人证件")),
    empty=_("没有等待审核的实名认证"),
)


def _contact_rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=one.id,
            title=one.name_masked,
            note=f"{one.note} · {one.phone_masked}",
            since=one.since,
        )
        for one in queries.contact_queue()
    ]


def _contact_evidence(borrower_id: int, key: str) -> Evidence:
    file = queries.contact_file(borrower_id=borrower_id, contact_id=UUID(key))
    warnings: list[Any] = []
    if file.reported_by:
        warnings.append(_("此人曾对 %(n)d 位申请人拒绝、撤回或表示不认识。") % {"n": file.reported_by})
    if file.named_by_others:
        warnings.append(_("另有 %(n)d 位申请人填写过此人。") % {"n": file.named_by_others})
    return Evidence(
        title=f"{file.name_masked} · {file.relationship}",
        sections=[
            Section(
                heading=_("联系人"),
                facts=[
                    (_("姓名"), file.name_masked),
                    (_("手机号"), file.phone_masked),
                    (_("与申请人关系"), file.relationship),
                ],
            ),
            Section(
                heading=_("申请人"),
                facts=[(_("姓名"), file.applicant_masked), (_("手机号"), file.applicant_phone_masked)],
            ),
        ],
        warnings=warnings,
        timeline=[(file.named_at, _("申请人填写，发送确认短信"))]
        + [(at, ANSWER_WORDS.get(answer, answer)) for at, answer in file.answers],
        is_waiting=file.status == "accepted",
    )


def _decide_contact(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str) -> None:
    services.review_contact(
        staff=f"staff:{staff}", borrower_id=borrower_id, contact_id=UUID(key), approve=approve, reason=reason
    )


CONTACTS = Queue(
    code="contacts",
    label=_("联系人审核"),
    roles=(Role.REVIEWER,),
    rows=_contact_rows,
    evidence=_contact_evidence,
    decide=_decide_contact,
    approve_label=_("通过"),
    refuse_label=_("不通过"),
    approve_reasons=(_("本人已同意，关系合理"), _("已电话核实身份")),
    refuse_reasons=(_("关系不合理"), _("被多位申请人填写"), _("电话核实不符")),
    empty=_("没有等待审核的联系人"),
)
