"""What purchases does only with two pairs of eyes: money that goes back after a return."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.mall import queries as mall
from fenqi.mall.services import RETURN_KIND
from fenqi.plumbing.errors import Conflict
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture
from fenqi.purchases import queries
from fenqi.purchases.services import return_lines


class ReturnDecided(Conflict):
    """The return waits for no decision any more."""

    code = "return_decided"


def _picture(arguments: dict[str, Any]) -> Picture:
    borrower_id = arguments["borrower_id"]
    asked = mall.return_of(borrower_id=borrower_id, return_id=UUID(arguments["return_id"]))
    if asked.state != "requested":
        raise ReturnDecided(_("这个退货申请已经处理或撤回。"))
    preview = queries.return_preview(
        borrower_id=borrower_id, order_id=asked.order_id, line_ids=[line.id for line in asked.lines]
    )
    lines = [
        Line(label=_("退货申请"), before=asked.state, after="approved"),
        Line(label=_("退回原支付方式"), before=0, after=preview.refund_card_fen),
        Line(label=_("退给出借机构"), before=0, after=preview.loan_reduction_fen),
        Line(label=_("多付部分退回银行卡"), before=0, after=preview.surplus_fen),
        Line(label=_("借款待还"), before=preview.outstanding_before_fen, after=preview.new_outstanding_fen),
    ]
    return Picture(title=asked.order_number, lines=[line for line in lines if line.before or line.after])


def _carry_out(approval: Approval) -> None:
    return_lines(
        approval_id=approval.id,
        staff=approval.checker,
        borrower_id=approval.arguments["borrower_id"],
        return_id=UUID(approval.arguments["return_id"]),
        reason=approval.reason,
    )


RETURN = Kind(
    code=RETURN_KIND,
    label=_("退货退款"),
    makers=("service",),
    checkers=("finance",),
    picture=_picture,
    carry_out=_carry_out,
)
