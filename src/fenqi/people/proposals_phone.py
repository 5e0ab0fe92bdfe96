"""An account whose old phone is lost moves to another number only after two pairs of eyes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.people.models import Identity
from fenqi.people.services.phone_changes import (
    MOVE_KIND,
    approve_phone_move,
    require_waited,
    waiting_move,
)
from fenqi.plumbing import masks
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture


def _picture(arguments: dict[str, Any]) -> Picture:
    change = waiting_move(arguments["borrower_id"], UUID(arguments["change_id"]))
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
