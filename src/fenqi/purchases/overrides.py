"""Two pairs of eyes on credit: a declined application taken up again, and who stands on a list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.credit import services as credit
from fenqi.credit.services import lists
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture
from fenqi.purchases.services import override_declined


def _override_picture(arguments: dict[str, Any]) -> Picture:
    row = credit.overridable(
        borrower_id=arguments["borrower_id"], application_id=UUID(arguments["application_id"])
    )
    credit.insist_on_reason(arguments["reason_code"], arguments["answer"], outcome="approve")
    lines = [
        Line(label=_("分期申请"), before=row.state.upper(), after="deciding"),
        Line(label=_("申请金额"), before=0, after=row.amount_fen),
        Line(label=_("原决定理由"), before=",".join(row.reasons), after=arguments["reason_code"]),
    ]
    return Picture(title=row.order["number"], lines=lines)


OVERRIDE = Kind(
    code=credit.OVERRIDE,
    label=_("改判未通过的申请"),
    makers=("reviewer",),
    checkers=("compliance",),
    picture=_override_picture,
    carry_out=override_declined,
)


def _list_picture(arguments: dict[str, Any]) -> Picture:
    if arguments["do"] == "remove":
        entry = lists.entry(UUID(arguments["entry_id"]))
        lines = [Line(label=_("名单"), before=f"{entry.list_code} {entry.shown}", after="—")]
        return Picture(title=entry.shown, lines=lines)
    shown = lists.readable(arguments["list_code"], arguments["kind"], arguments["value"])
    return Picture(
        title=shown, lines=[Line(label=_("名单"), before="—", after=f"{arguments['list_code']} {shown}")]
    )


def _list_carry_out(approval: Approval) -> None:
    told = approval.arguments
    if told["do"] == "remove":
        credit.remove_from_list(
            approval_id=approval.id,
            staff=approval.checker,
            entry_id=UUID(told["entry_id"]),
            reason=approval.reason,
        )
        return
    credit.add_to_list(
        approval_id=approval.id,
        staff=approval.checker,
        list_code=told["list_code"],
        kind=told["kind"],
        value=told["value"],
        reason=approval.reason,
    )


LIST_ENTRY = Kind(
    code=lists.KIND,
    label=_("名单增减"),
    makers=("reviewer", "compliance"),
    checkers=("compliance",),
    picture=_list_picture,
    carry_out=_list_carry_out,
)
