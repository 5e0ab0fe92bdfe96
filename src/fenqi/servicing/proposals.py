"""What a lender gives up only with two pairs of eyes: charge-off, write-off, waiver, courtesy."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.domain.events import EventKind
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture
from fenqi.servicing.letting_go import FORGIVABLE, LettingGo, kind_code, let_go, preview

COMPONENT_LABELS = {
    "penalty": _("罚息"),
    "late_fee": _("滞纳金"),
    "interest": _("利息"),
    "fee": _("手续费"),
}


def _wanted(kind: EventKind, arguments: dict[str, Any]) -> LettingGo:
    return LettingGo(
        kind=kind,
        borrower_id=arguments["borrower_id"],
        loan_id=UUID(arguments["loan_id"]),
        component=arguments.get("component", ""),
        amount_fen=arguments.get("amount_fen", 0),
    )


def _picture(kind: EventKind, arguments: dict[str, Any]) -> Picture:
    wanted = _wanted(kind, arguments)
    effect = preview(wanted)
    before, after = effect.before, effect.after
    lines = [
        Line(label=_("状态"), before=before.status.value, after=after.status.value),
        Line(label=_("逾期天数"), before=str(before.days_past_due), after=str(after.days_past_due)),
        *(
            Line(
                label=COMPONENT_LABELS[one.value],
                before=getattr(before.totals.outstanding, f"{one.value}_fen"),
                after=getattr(after.totals.outstanding, f"{one.value}_fen"),
            )
            for one in FORGIVABLE
        ),
        Line(label=_("本金"), before=before.principal_outstanding_fen, after=after.principal_outstanding_fen),
        Line(label=_("待还"), before=before.outstanding_fen, after=after.outstanding_fen),
    ]
    return Picture(title=effect.number, lines=[one for one in lines if one.before or one.after])


def _carry_out(kind: EventKind, approval: Approval) -> None:
    let_go(approval_id=approval.id, wanted=_wanted(kind, approval.arguments))


def _kind(event: EventKind, label: Any, makers: tuple[str, ...]) -> Kind:
    return Kind(
        code=kind_code(event),
        label=label,
        makers=makers,
        checkers=("finance",),
        picture=partial(_picture, event),
        carry_out=partial(_carry_out, event),
    )


CHARGE_OFF = _kind(EventKind.CHARGE_OFF, _("转呆账"), ("collections", "finance"))
WRITE_OFF = _kind(EventKind.WRITE_OFF, _("核销"), ("collections", "finance"))
WAIVER = _kind(EventKind.WAIVER, _("减免息费"), ("collections", "service", "finance"))
GOODWILL = _kind(EventKind.GOODWILL_CREDIT, _("善意补偿"), ("service", "finance"))
