"""What needs two pairs of eyes on a loan: charge-off, write-off, waiver, courtesy, and an overpayment paid out by hand."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain.events import EventKind
from fenqi.people import queries as people
from fenqi.plumbing import four_eyes
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture
from fenqi.servicing import queries
from fenqi.servicing.errors import NoCardToPay, NothingOverpaid
from fenqi.servicing.letting_go import FORGIVABLE, LettingGo, kind_code, let_go, preview
from fenqi.servicing.repaying import return_overpayment

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


def _overpaid_picture(arguments: dict[str, Any]) -> Picture:
    loan = queries.loan(borrower_id=arguments["borrower_id"], loan_id=UUID(arguments["loan_id"]))
    if not loan.overpaid_fen:
        raise NothingOverpaid(_("没有多付的款项。"))
    cards = people.cards(loan.borrower_id)
    if not cards:
        raise NoCardToPay(_("请先绑定一张银行卡，再申请退回。"))
    return Picture(
        title=loan.number,
        lines=[
            Line(label=_("多付"), before=loan.overpaid_fen, after=0),
            Line(label=_("付到银行卡"), before=0, after=loan.overpaid_fen),
            Line(label=_("银行卡"), before="", after=f"{cards[0].bank} {cards[0].tail}"),
        ],
    )


@transaction.atomic
def _return_overpaid(approval: Approval) -> None:
    four_eyes.spend(approval_id=approval.id, kind=approval.kind, arguments=approval.arguments)
    return_overpayment(
        borrower_id=approval.arguments["borrower_id"],
        loan_id=UUID(approval.arguments["loan_id"]),
        reference=f"approved:{approval.id}",
    )


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
OVERPAID = Kind(
    code="servicing.overpayment_refund",
    label=_("退回多付的款项"),
    makers=("service", "finance"),
    checkers=("finance",),
    picture=_overpaid_picture,
    carry_out=_return_overpaid,
)
