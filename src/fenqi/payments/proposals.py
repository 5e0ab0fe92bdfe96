"""What of payments needs two pairs of eyes: money in suspense that goes back to its payer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.payments import suspense
from fenqi.payments.services.giving_back import RETURN_KIND, check_return, return_unplaced
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture


def _return_picture(arguments: dict[str, Any]) -> Picture:
    money = suspense.found(UUID(arguments["money_id"]))
    fen, outgoing = arguments["amount_fen"], arguments["outgoing"]
    check_return(money, amount_fen=fen, outgoing=outgoing)
    return Picture(
        title=money.reference,
        lines=[
            Line(label=_("待处理金额"), before=money.open_fen, after=money.open_fen - fen),
            Line(label=_("退回付款人"), before=0, after=fen),
            Line(label=_("退回流水号"), before="", after=outgoing or "channel_return"),
        ],
    )


def _return(approval: Approval) -> None:
    return_unplaced(approval_id=approval.id, arguments=approval.arguments)


RETURN = Kind(
    code=RETURN_KIND,
    label=_("退回待查款项"),
    makers=("finance",),
    checkers=("finance",),
    picture=_return_picture,
    carry_out=_return,
)
