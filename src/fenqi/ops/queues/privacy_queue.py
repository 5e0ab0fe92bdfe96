"""Corrections people asked for: what is held, what it should be, and the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.ops.queues.shape import Evidence, Queue, Row, Section
from fenqi.ops.words import word
from fenqi.people import queries as people
from fenqi.people.services import Role
from fenqi.plumbing.errors import NotFound
from fenqi.privacy import queries as privacy
from fenqi.privacy import services as privacy_services


def _rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=str(one.id),
            title=one.subject_label,
            note=str(_("%(on)s 前答复") % {"on": one.answer_by.isoformat()}),
            since=one.asked_at,
        )
        for one in privacy.corrections_waiting()
    ]


def _evidence(borrower_id: int, key: str) -> Evidence:
    asked = next((one for one in privacy.corrections_waiting() if str(one.id) == key), None)
    if asked is None or asked.borrower_id != borrower_id:
        raise NotFound(_("这条更正申请已经答复过了。"))
    person = people.person(borrower_id)
    held: list[tuple[Any, Any]] = [
        (_("姓名"), person.name_masked or "—"),
        (_("身份证号"), person.id_number_masked or "—"),
        (_("证件有效期"), person.id_valid_until.isoformat() if person.id_valid_until else _("长期")),
        (_("在校学生"), _("是") if person.is_student else _("否")),
        (_("实名"), word(person.identity_status)),
    ]
    return Evidence(
        title=f"{asked.subject_label} · {person.phone_masked}",
        sections=[
            Section(
                heading=_("更正申请"),
                facts=[
                    (_("更正什么"), asked.subject_label),
                    (_("正确的内容"), asked.wish),
                    (_("哪里不对"), asked.why),
                    (_("最迟答复"), asked.answer_by.isoformat()),
                ],
            ),
            Section(heading=_("现在的记录"), facts=held),
        ],
    )


def _decide(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str, **_chosen: str) -> None:
    privacy_services.answer_correction(
        staff=staff, borrower_id=borrower_id, correction_id=UUID(key), approve=approve, answer=reason
    )


CORRECTIONS = Queue(
    code="corrections",
    label=_("信息更正"),
    roles=(Role.REVIEWER, Role.COMPLIANCE),
    rows=_rows,
    evidence=_evidence,
    decide=_decide,
    approve_label=_("予以更正"),
    refuse_label=_("不更正"),
    approve_reasons=(_("已核对新证件，现予更正"), _("已核对户口本，现予更正")),
    refuse_reasons=(_("与证件不符，请先到派出所更正"), _("请补充证件照片后再申请")),
    empty=_("没有等待答复的更正申请"),
)
