"""Who looked at a person's data in clear, for that person."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fenqi.people.models import StaffMember
from fenqi.plumbing import audit

# Their own messages and documents are sent all day; they are counted, not listed.
_OWN_BUSINESS = "message"

_ROLES = {
    "reviewer": gettext_lazy("审核员"),
    "service": gettext_lazy("客服人员"),
    "collections": gettext_lazy("还款提醒专员"),
    "finance": gettext_lazy("财务"),
    "compliance": gettext_lazy("合规"),
    "admin": gettext_lazy("管理员"),
}
_FIELDS = {
    "real_name": gettext_lazy("姓名"),
    "id_number": gettext_lazy("身份证号"),
    "phone": gettext_lazy("手机号"),
    "email": gettext_lazy("邮箱"),
    "identity.front": gettext_lazy("证件人像面照片"),
    "identity.back": gettext_lazy("证件国徽面照片"),
}
# What our own system looks for, by how its reason begins; what staff write is shown as they wrote it.
# Reasons the product writes itself; what a person wrote stays in their words.
_OWN_REASONS = {
    "identity review": gettext_lazy("审核实名认证"),
    "lender_sharing": gettext_lazy("按您的同意提供给出借机构审批"),
    "bureau_query": gettext_lazy("按您的授权查询信用"),
    "agreement document": gettext_lazy("写入您签的协议"),
    "certificate of settlement": gettext_lazy("写入结清证明"),
    "cashier": gettext_lazy("付款"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Somebody saw a value in clear: when, in which role, what, why; `by_staff` is a person, else our own system."""

    at: datetime.datetime
    what: str
    reason: str
    role: str
    by_staff: bool


def who_saw(*, borrower_id: int, limit: int = 50) -> list[Look]:
    """Reveals of this account's data, newest first, deliveries of the person's own messages left out."""
    lines = [
        line
        for line in audit.trail(subject=f"account:{borrower_id}", action="people.revealed", limit=limit)
        if line.reason != _OWN_BUSINESS
    ]
    roles = _roles_of({line.actor.partition(":")[2] for line in lines if line.actor.startswith("staff:")})
    looks = []
    # One use that needed name, number and phone is one look.
    for (at, actor, reason), alike in itertools.groupby(lines, key=_use):
        what = [_FIELDS.get(line.details.get("field", ""), _("个人信息")) for line in alike]
        by_staff = actor.startswith("staff:")
        looks.append(
            Look(
                at=at,
                what=_("、").join(dict.fromkeys(map(str, reversed(what)))),
                reason=str(_OWN_REASONS.get(reason.partition(":")[0], reason)),
                role=roles[actor.partition(":")[2]] if by_staff else _("我们的系统"),
                by_staff=by_staff,
            )
        )
    return looks


def _use(line: audit.Record) -> tuple[datetime.datetime, str, str]:
    """Lines of one second, one actor and one reason belong together."""
    return line.at.replace(microsecond=0), line.actor, line.reason


def _roles_of(names: set[str]) -> dict[str, str]:
    """Sign-in name → "工作人员（审核员）"; a name is never shown to the person, a role is."""
    found = dict.fromkeys(names, _("工作人员"))
    if names:
        for name, roles in StaffMember.objects.filter(name__in=names).values_list("name", "roles"):
            words = [str(_ROLES[role]) for role in roles if role in _ROLES]
            if words:
                found[name] = _("工作人员（%(roles)s）") % {"roles": _("、").join(words)}
    return found
