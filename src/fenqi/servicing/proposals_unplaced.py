"""What needs two pairs of eyes about money in suspense and loans: placing it, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.people import queries as people
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture
from fenqi.servicing.placing import (
    PLACE_KIND,
    TAKE_BACK_KIND,
    Effect,
    Placing,
    place,
    preview_placing,
    preview_taking_back,
    take_back,
)


def _place_picture(arguments: dict[str, Any]) -> Picture:
    wanted = Placing.read(arguments)
    dated = Line(label=_("入账日期"), before="", after=wanted.received_on.isoformat())
    return _picture(preview_placing(wanted), dated)


def _place(approval: Approval) -> None:
    place(approval_id=approval.id, wanted=Placing.read(approval.arguments))


def _take_back_picture(arguments: dict[str, Any]) -> Picture:
    return _picture(preview_taking_back(money_id=UUID(arguments["money_id"]), number=arguments["number"]))


def _take_back(approval: Approval) -> None:
    take_back(approval_id=approval.id, arguments=approval.arguments)


def _picture(effect: Effect, *dated: Line) -> Picture:
    lines = [Line(label=_("待处理金额"), before=effect.open_before_fen, after=effect.open_after_fen), *dated]
    if effect.borrower_id is not None and effect.before and effect.after:
        person = people.persons({effect.borrower_id}).get(effect.borrower_id)
        shown = (person.name_masked or person.phone_masked) if person else ""
        lines += [
            Line(label=_("借款人"), before=shown, after=shown),
            Line(label=_("待还"), before=effect.before.outstanding_fen, after=effect.after.outstanding_fen),
            Line(label=_("多付"), before=effect.before.overpaid_fen, after=effect.after.overpaid_fen),
            Line(label=_("状态"), before=effect.before.status.value, after=effect.after.status.value),
        ]
    return Picture(title=effect.number, lines=lines)


PLACE = Kind(
    code=PLACE_KIND,
    label=_("待查款项入账"),
    makers=("finance",),
    checkers=("finance",),
    picture=_place_picture,
    carry_out=_place,
)
TAKE_BACK = Kind(
    code=TAKE_BACK_KIND,
    label=_("撤回待查款项的处理"),
    makers=("finance",),
    checkers=("finance",),
    picture=_take_back_picture,
    carry_out=_take_back,
)
