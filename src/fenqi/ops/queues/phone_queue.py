"""Accounts whose old phone is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from fenqi.ops.queues.shape import Evidence, Queue, Row, Section
from fenqi.people import queries, services
from fenqi.people.services import Role

KIND = "people.phone_move"


def _rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=one.id,
            title=f"{one.name_masked} → {one.phone_masked}",
            note=one.note,
            since=one.since,
        )
        for one in queries.phone_move_queue()
    ]


def _evidence(borrower_id: int, key: str) -> Evidence:
    file = queries.phone_move_file(borrower_id=borrower_id, change_id=UUID(key))
    warnings: list[Any] = []
    if not file.has_waited:
        warnings.append(
            _("原手机号可以叫停到 %(until)s，在那之前不能通过。")
            % {"until": date_format(localtime(file.free_from), "Y-m-d H:i")}
        )
    if file.earlier:
        warnings.append(_("这个账号之前申请过 %(n)d 次。") % {"n": file.earlier})
    facts: list[tuple[Any, Any]] = [
        (_("姓名"), file.name_masked),
        (_("身份证号"), file.id_number_masked),
        (_("原手机号"), file.old_phone_masked),
        (_("新手机号"), file.new_phone_masked),
        (_("开户日期"), file.opened_on.isoformat()),
    ]
    return Evidence(
        title=f"{file.name_masked} {file.old_phone_masked}",
        sections=[Section(heading=_("姓名与身份证号均与实名一致"), facts=facts)],
        warnings=warnings,
        timeline=[(file.asked_at, _("用新手机号提出，已短信告知原手机号"))],
        is_waiting=file.is_waiting,
    )


def _decide(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str) -> None:
    if not approve:
        services.refuse_phone_move(
            staff=f"staff:{staff}", borrower_id=borrower_id, change_id=UUID(key), reason=reason
        )
        return
    services.propose(
        staff=staff,
        kind=KIND,
        subject=f"phone_move:{UUID(key)}",
        borrower_id=borrower_id,
        arguments={"borrower_id": borrower_id, "change_id": str(UUID(key))},
        reason=reason,
    )


PHONES = Queue(
    code="phones",
    label=_("找回账号"),
    roles=(Role.REVIEWER,),
    rows=_rows,
    evidence=_evidence,
    decide=_decide,
    approve_label=_("提交通过（需另一人复核）"),
    refuse_label=_("不通过"),
    approve_reasons=(_("已视频核对本人与证件"), _("已电话回访原联系人确认")),
    refuse_reasons=(_("无法确认是本人"), _("联系不上申请人"), _("疑似冒用他人资料")),
    empty=_("没有等待审核的找回账号申请"),
)
