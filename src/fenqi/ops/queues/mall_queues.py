"""Returns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.mall import queries as mall
from fenqi.mall import services as mall_services
from fenqi.mall.services import RETURN_KIND
from fenqi.ops.queues import shape
from fenqi.ops.queues.shape import Evidence, Queue, Row, Section
from fenqi.people import services as people_services
from fenqi.people.services import Role
from fenqi.plumbing import four_eyes
from fenqi.purchases import queries as purchases

PAYS_BY = {"full": _("全款"), "installments": _("分期")}


def _rows() -> list[Row]:
    return [
        Row(
            borrower_id=one.borrower_id,
            key=str(one.id),
            title=f"{one.order_number}",
            note=one.reason,
            since=one.requested_at,
            amount_fen=one.amount_fen,
        )
        for one in mall.returns_waiting()
    ]


def _evidence(borrower_id: int, key: str) -> Evidence:
    asked = mall.return_of(borrower_id=borrower_id, return_id=UUID(key))
    lines: list[tuple[Any, Any]] = [
        (f"{line.name} {line.option} × {line.quantity}（{PAYS_BY[line.pays_by]}）", line.amount_fen)
        for line in asked.lines
    ]
    preview = purchases.return_preview(
        borrower_id=borrower_id, order_id=asked.order_id, line_ids=[line.id for line in asked.lines]
    )
    order = mall.order(borrower_id=borrower_id, order_id=asked.order_id)
    waiting = four_eyes.waiting_for(subject=f"return:{asked.id}", kind=RETURN_KIND)
    return Evidence(
        title=asked.order_number,
        sections=[
            Section(heading=_("要退的商品"), facts=lines),
            Section(heading=_("退款与借据的变化"), facts=[(label, fen) for label, fen in preview.lines]),
            Section(
                heading=_("订单"),
                facts=[
                    (_("状态"), order.state_label),
                    (_("总额"), order.total_fen),
                    (_("退货原因"), asked.reason),
                ],
            ),
        ],
        timeline=[(event.at, event.label or event.kind) for event in order.events],
        is_waiting=asked.state == "requested" and waiting is None,
        **shape.second_pair(waiting),
    )


def _decide(*, staff: str, borrower_id: int, key: str, approve: bool, reason: str) -> None:
    if approve:
        people_services.propose(
            staff=staff,
            kind=RETURN_KIND,
            subject=f"return:{UUID(key)}",
            borrower_id=borrower_id,
            arguments={"borrower_id": borrower_id, "return_id": str(UUID(key))},
            reason=reason,
        )
    else:
        mall_services.refuse_return(staff=staff, borrower_id=borrower_id, return_id=UUID(key), reason=reason)


RETURNS = Queue(
    code="returns",
    label=_("退货审核"),
    roles=(Role.SERVICE,),
    rows=_rows,
    evidence=_evidence,
    decide=_decide,
    approve_label=_("提交退款（需另一人复核）"),
    refuse_label=_("拒绝退货"),
    approve_reasons=(_("七天无理由退货"), _("商品质量问题")),
    refuse_reasons=(_("超过退货期限"), _("商品影响二次销售")),
    empty=_("没有等待审核的退货"),
)
