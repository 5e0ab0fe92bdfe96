"""
The administrator's desk: who works here and with which roles.

Taking access away (lock, leave) is one person's word and takes effect with their next click; giving it (roles, a way back in
after a lost device) needs a second pair of eyes.
"""

from __future__ import annotations

import datetime
import re
import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import passwords, refusals
from fenqi.people.models import StaffLink, StaffMember
from fenqi.people.services.links import token_hash
from fenqi.people.services.second_factor import forget_factors
from fenqi.people.services.staff import Role, staff_confirm
from fenqi.plumbing import audit, business_date, clock, four_eyes, rule_data
from fenqi.plumbing.errors import Conflict

if TYPE_CHECKING:
    from uuid import UUID

ROLES_KIND, RESET_KIND = "people.staff_roles", "people.staff_second_factor_reset"
_NAME = re.compile(r"[a-z][a-z0-9.-]{1,39}")


class StaffUnknown(refusals.NotFound):
    """No such member of the staff."""

    code = "staff_unknown"


class StaffNameTaken(Conflict):
    """Somebody has this name, or had it: names are not given twice, the trail speaks of them."""

    code = "staff_name_taken"


class NotYourself(Conflict):
    """Nobody locks, dismisses or promotes themselves."""

    code = "not_yourself"


@transaction.atomic
def open_staff_account(*, by: str, name: str, shown_name: str, person: str, reason: str) -> str:
    """
    A new member without any role, and the token of the link by which they choose a password; roles are proposed apart.

    `person` is the employee number: one human being, one number, however many accounts.
    Raises: Unreadable, StaffNameTaken, ReasonMissing.
    """
    name = _new_name(name)
    shown_name, person = shown_name.strip()[:40], person.strip()[:40]
    if not shown_name:
        raise refusals.Unreadable(_("请输入姓名。"), field="shown_name")
    if not person:
        raise refusals.Unreadable(_("请输入工号：复核时用它分清两个人。"), field="person")
    why = _why(reason)
    _made, is_new = StaffMember.objects.get_or_create(
        name=name,
        defaults={"shown_name": shown_name, "person": person, "password": make_password(None), "roles": []},
    )
    if not is_new:
        raise StaffNameTaken(_("这个账号名已有人使用或用过，请换一个。"), field="name")
    audit.record(
        actor=by, action="people.staff.added", subject=f"staff:{name}", reason=why, person=person, roles=[]
    )
    return make_staff_link(by=by, name=name, reason=why)


@transaction.atomic
def make_staff_link(*, by: str, name: str, reason: str) -> str:
    """
    The token of a one-time link to choose a password; links made before stop. The second factor stays what it is.

    Raises: StaffUnknown, ReasonMissing.
    """
    why = _why(reason)
    member = _locked(name)
    now = clock.wall()
    StaffLink.objects.filter(member=member, used_at=None).delete()
    token = secrets.token_urlsafe(32)
    hours = rule_data.value("staff_link_hours", on=business_date.current())
    StaffLink.objects.create(
        token_hash=token_hash(token),
        member=member,
        made_by=by,
        made_at=now,
        expires_at=now + datetime.timedelta(hours=hours),
    )
    audit.record(actor=by, action="people.staff.link", subject=f"staff:{name}", reason=why)
    return token


def link_holder(*, token: str) -> str:
    """The name a link was made for. Raises: LinkUnknown, LinkExpired."""
    return _link(token).member.name


@transaction.atomic
def choose_password(*, token: str, password: str) -> str:
    """
    Set the password by the link, which is spent; every session ends. Gives the name.

    Raises: LinkUnknown, LinkExpired, PasswordRefused.
    """
    link = _link(token, lock=True)
    member = _locked(link.member.name)
    _set_password(member, password)
    link.used_at = clock.wall()
    link.save(update_fields=["used_at"])
    audit.record(
        actor=f"staff:{member.name}", action="people.staff.password_set", subject=f"staff:{member.name}"
    )
    return member.name


def change_password(*, name: str, old: str, totp_code: str, password: str) -> int:
    """
    Choose another password, proving oneself by the old one and the second factor; other sessions end.

    Gives the round the session that goes on has to carry. Wrong tries count as they do at the door.
    Raises: SignInRefused, LockedOut, PasswordRefused.
    """
    staff_confirm(name=name, password=old, totp_code=totp_code)
    with transaction.atomic():
        member = _locked(name)
        if check_password(password, member.password):
            raise passwords.PasswordRefused(_("新密码与原密码相同。"), field="password")
        _set_password(member, password)
        audit.record(actor=f"staff:{name}", action="people.staff.password_set", subject=f"staff:{name}")
        return member.session_round


@transaction.atomic
def lock_staff(*, by: str, name: str, reason: str) -> None:
    """Nobody comes in with this account until it is unlocked; sessions end now. Raises: StaffUnknown, NotYourself, ReasonMissing."""
    why = _why(reason)
    member = _other(by, name)
    member.is_locked = True
    _end_sessions(member)
    audit.record(actor=by, action="people.staff.locked", subject=f"staff:{name}", reason=why)


@transaction.atomic
def unlock_staff(*, by: str, name: str, reason: str) -> None:
    """Open what `lock_staff` or too many wrong tries closed. Raises: StaffUnknown, NotYourself, ReasonMissing."""
    why = _why(reason)
    member = _other(by, name)
    member.is_locked, member.locked_until, member.failed_tries = False, None, 0
    member.save()
    audit.record(actor=by, action="people.staff.unlocked", subject=f"staff:{name}", reason=why)


@transaction.atomic
def dismiss_staff(*, by: str, name: str, reason: str) -> None:
    """They have left: sessions, password and second factors end now and for good; the name stays in the trail."""
    why = _why(reason)
    member = _other(by, name)
    member.is_active, member.roles, member.password = False, [], make_password(None)
    forget_factors(member)
    StaffLink.objects.filter(member=member, used_at=None).delete()
    _end_sessions(member)
    audit.record(actor=by, action="people.staff.left", subject=f"staff:{name}", reason=why)


@transaction.atomic
def set_roles(*, approval_id: UUID | None, name: str, roles: list[str], by: str, reason: str) -> None:
    """Give and take roles, as two people agreed; sessions go on with the new ones. Raises: SecondPairMissing, StaffUnknown."""
    four_eyes.spend(approval_id=approval_id, kind=ROLES_KIND, arguments={"name": name, "roles": roles})
    give_roles(name=name, roles=roles, by=by, reason=reason)


def give_roles(*, name: str, roles: list[str], by: str, reason: str) -> None:
    """Write the roles and who gave them, inside the transaction of what allows it. Raises: StaffUnknown."""
    member = _locked(name)
    before, member.roles = member.roles, [Role(role).value for role in roles]
    member.save(update_fields=["roles"])
    audit.record(
        actor=by,
        action="people.staff.roles",
        subject=f"staff:{name}",
        reason=reason,
        before=before,
        after=roles,
    )


@transaction.atomic
def reset_second_factor(*, approval_id: UUID | None, name: str, by: str, reason: str) -> None:
    """
    Take lost devices and codes away, as two people agreed: on coming in with the password a new factor has to be set up.

    Raises: SecondPairMissing, StaffUnknown.
    """
    four_eyes.spend(approval_id=approval_id, kind=RESET_KIND, arguments={"name": name})
    member = _locked(name)
    forget_factors(member)
    _end_sessions(member)
    audit.record(actor=by, action="people.staff.second_factor_reset", subject=f"staff:{name}", reason=reason)


def _new_name(text: str) -> str:
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise refusals.Unreadable(
            _("账号名用 2 至 40 位小写字母、数字、点或短横线，以字母开头。"), field="name"
        )
    return name


def _why(reason: str) -> str:
    if not reason.strip():
        raise refusals.ReasonMissing(_("请写明理由。"), field="reason")
    return reason.strip()[:300]


def _locked(name: str) -> StaffMember:
    member = StaffMember.objects.select_for_update().filter(name=name, is_active=True).first()
    if member is None:
        raise StaffUnknown(_("没有这位员工，或已离职。"))
    return member


def _other(by: str, name: str) -> StaffMember:
    if by == f"staff:{name}":
        raise NotYourself(_("不能对自己的账号做这项操作，请由另一位管理员处理。"))
    return _locked(name)


def _set_password(member: StaffMember, password: str) -> None:
    passwords.check(password, name=member.name, shown_name=member.shown_name)
    member.password, member.password_changed_at = make_password(password), clock.wall()
    member.failed_tries, member.locked_until = 0, None
    _end_sessions(member)


def _end_sessions(member: StaffMember) -> None:
    member.session_round += 1
    member.save()


def _link(token: str, *, lock: bool = False) -> StaffLink:
    rows = StaffLink.objects.select_related("member")
    if lock:
        rows = rows.select_for_update(of=("self",))
    link = rows.filter(token_hash=token_hash(token), member__is_active=True).first()
    if link is None:
        raise refusals.LinkUnknown(_("这个链接无效。请向管理员要一个新的。"))
    if link.used_at or link.expires_at <= clock.wall():
        raise refusals.LinkExpired(_("这个链接已使用或已过期。请向管理员要一个新的。"))
    return link
