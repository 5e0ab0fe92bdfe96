"""An account whose old phone is lost moves to another number only after two pairs of eyes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Identity, PhoneChange, PhoneChangeStatus
from fenqi.people.services.phone_changes import MOVE_KIND, approve_phone_move, require_waited
from fenqi.plumbing import masks
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture


def _picture(arguments: dict[str, Any]) -> Picture:
    change = PhoneChange.objects.filter(
        borrower_id=arguments["borrower_id"], id=UUID(arguments["change_id"])
    ).first()
    if change is None or change.status != PhoneChangeStatus.REVIEW:
        raise refusals.NotWaiting(_("这项申请不在待审核状态，可能已被同事处理或被原手机号叫停。"))
    require_waited(change)
    identity = Identity.objects.filter(borrower_id=change.borrower_id).first()
    return Picture(
        title=masks.name(identity.real_name) if identity else str(change.borrower_id),
        lines=[
            Line(
                label=_("手机号"), before=masks.phone(change.old_phone), after=masks.phone(change.new_phone)
            ),
        ],
    )


def _carry_out(approval: Approval) -> None:
    approve_phone_move(
        approval_id=approval.id,
        staff=f"staff:{approval.checker}",
        borrower_id=approval.arguments["borrower_id"],
        change_id=UUID(approval.arguments["change_id"]),
        reason=approval.reason,
    )


PHONE_MOVE = Kind(
    code=MOVE_KIND,
    label=_("原手机号丢失，更换手机号"),
    makers=("reviewer",),
    checkers=("reviewer", "compliance"),
    picture=_picture,
    carry_out=_carry_out,
)
