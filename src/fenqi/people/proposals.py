"""What changes a person's standing, and so needs two pairs of eyes: an identity moved between accounts, an account barred."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, Identity, IdentityIndex, IdentityStatus
from fenqi.people.services.identity import MOVE_KIND, review_identity
from fenqi.people.services.standing import STANDING_KIND, check_standing, set_standing
from fenqi.plumbing import masks, sealed
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture


def _move_picture(arguments: dict[str, Any]) -> Picture:
    identity = Identity.objects.filter(borrower_id=arguments["borrower_id"]).first()
    if identity is None or identity.status != IdentityStatus.REVIEW:
        raise refusals.NotWaiting(_("这项认证不在待审核状态，可能已被同事处理。"))
    index = sealed.blind_index(identity.id_number, purpose="id_number")
    held_by = IdentityIndex.objects.filter(id_index=index).values_list("borrower_id", flat=True).first()
    if held_by in (None, identity.borrower_id):
        raise refusals.NotWaiting(_("这个身份证号不在另一个账号上，请在实名审核队列中直接处理。"))
    other = Identity.objects.get(borrower_id=held_by)
    phones = dict(
        Account.objects.filter(borrower_id__in=[held_by, identity.borrower_id]).values_list(
            "borrower_id", "phone"
        )
    )
    return Picture(
        title=masks.name(identity.real_name),
        lines=[
            Line(
                label=_("身份证号所属账号"),
                before=masks.phone(phones[held_by]),
                after=masks.phone(phones[identity.borrower_id]),
            ),
            Line(label=_("本账号实名"), before=identity.status, after=IdentityStatus.PASSED.value),
            Line(label=_("原账号实名"), before=other.status, after=IdentityStatus.REFUSED.value),
        ],
    )


def _move(approval: Approval) -> None:
    review_identity(
        approval_id=approval.id,
        staff=f"staff:{approval.checker}",
        borrower_id=approval.arguments["borrower_id"],
        approve=True,
        reason=approval.reason,
    )


def _standing_picture(arguments: dict[str, Any]) -> Picture:
    borrower_id, is_blocked = arguments["borrower_id"], arguments["is_blocked"]
    check_standing(borrower_id=borrower_id, is_blocked=is_blocked)
    account = Account.objects.get(borrower_id=borrower_id)
    words = ("barred", "allowed")
    return Picture(
        title=masks.phone(account.phone),
        lines=[Line(label=_("申请新的借款"), before=words[is_blocked], after=words[not is_blocked])],
    )


def _set_standing(approval: Approval) -> None:
    set_standing(approval=approval, **approval.arguments)


IDENTITY_MOVE = Kind(
    code=MOVE_KIND,
    label=_("实名转到另一账号"),
    makers=("reviewer",),
    checkers=("reviewer", "compliance"),
    picture=_move_picture,
    carry_out=_move,
)
STANDING = Kind(
    code=STANDING_KIND,
    label=_("限制或恢复申请"),
    makers=("reviewer", "collections", "compliance"),
    checkers=("compliance",),
    picture=_standing_picture,
    carry_out=_set_standing,
)
