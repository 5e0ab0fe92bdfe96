"""What changes in the staff's standing only after a second pair of eyes: roles, and a lost second factor."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from fenqi.people.models import RecoveryCode, StaffMember, StaffPasskey
from fenqi.people.services.staff import Role
from fenqi.people.services.staff_desk import (
    RESET_KIND,
    ROLES_KIND,
    StaffUnknown,
    reset_second_factor,
    set_roles,
)
from fenqi.plumbing.four_eyes import Approval, Kind, Line, Picture


def _member(name: str) -> StaffMember:
    member = StaffMember.objects.filter(name=name, is_active=True).first()
    if member is None:
        raise StaffUnknown(_("没有这位员工，或已离职。"))
    return member


def _title(member: StaffMember) -> str:
    return f"{member.shown_name}（{member.name}）"


def _roles_picture(arguments: dict[str, Any]) -> Picture:
    member = _member(arguments["name"])
    return Picture(
        title=_title(member),
        lines=[
            Line(
                label=_("角色"),
                before=", ".join(sorted(member.roles)),
                after=", ".join(sorted(Role(role).value for role in arguments["roles"])),
            )
        ],
    )


def _set_roles(approval: Approval) -> None:
    set_roles(
        approval_id=approval.id,
        name=approval.arguments["name"],
        roles=approval.arguments["roles"],
        by=f"staff:{approval.checker}",
        reason=approval.reason,
    )


def _reset_picture(arguments: dict[str, Any]) -> Picture:
    member = _member(arguments["name"])
    passkeys = StaffPasskey.objects.filter(member=member).count()
    codes = RecoveryCode.objects.filter(member=member, used_at=None).count()
    return Picture(
        title=_title(member),
        lines=[
            Line(label=_("动态码"), before="on" if member.totp_secret else "off", after="off"),
            Line(label=_("通行密钥"), before=str(passkeys), after="0"),
            Line(label=_("恢复码"), before=str(codes), after="0"),
        ],
    )


def _reset(approval: Approval) -> None:
    reset_second_factor(
        approval_id=approval.id,
        name=approval.arguments["name"],
        by=f"staff:{approval.checker}",
        reason=approval.reason,
    )


STAFF_ROLES = Kind(
    code=ROLES_KIND,
    label=_("变更员工角色"),
    makers=("admin",),
    checkers=("admin", "compliance"),
    picture=_roles_picture,
    carry_out=_set_roles,
)
SECOND_FACTOR_RESET = Kind(
    code=RESET_KIND,
    label=_("重置员工的第二道验证"),
    makers=("admin",),
    checkers=("admin", "compliance"),
    picture=_reset_picture,
    carry_out=_reset,
)
