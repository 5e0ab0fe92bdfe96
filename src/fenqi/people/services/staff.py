"""The people who work here: their own door, a password and a second factor, roles, and a lock after failed tries."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals, totp
from fenqi.people.models import StaffMember
from fenqi.plumbing import audit, business_date, clock, rule_data


class Role(enum.StrEnum):
    """What a staff member may do; several may be held."""

    REVIEWER = "reviewer"
    """Looks at identities, contacts and applications."""
    SERVICE = "service"
    """Answers shoppers, handles returns."""
    COLLECTIONS = "collections"
    """Follows overdue loans within the conduct rules."""
    FINANCE = "finance"
    """Sees the books, runs the day-end, approves refunds."""
    COMPLIANCE = "compliance"
    """Reads the audit trail, switches entries."""
    ADMIN = "admin"
    """Manages staff; may do all of the above."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffSignedIn:
    """Who came in, and what they may do."""

    name: str
    shown_name: str
    roles: list[str]


def staff_sign_in(*, name: str, password: str, totp_code: str = "") -> StaffSignedIn:
    """
    Check a staff member at the door.

    Must not run inside a caller's transaction: a failed try has to be remembered although this raises.
    Raises: SignInRefused (never tells which part was wrong), LockedOut.
    """
    verdict, member = _check(name.strip(), password, totp_code.strip())
    if verdict == "locked":
        raise refusals.LockedOut(_("错误次数过多，账号已锁定 15 分钟。如非本人操作，请联系管理员。"))
    if member is None:
        raise refusals.SignInRefused(_("账号、密码或动态码不正确。"))
    return StaffSignedIn(name=member.name, shown_name=member.shown_name, roles=list(member.roles))


@transaction.atomic
def _check(name: str, password: str, totp_code: str) -> tuple[str, StaffMember | None]:
    now = clock.wall()
    member = StaffMember.objects.select_for_update().filter(name=name, is_active=True).first()
    if member is None:
        make_password(password)  # as slow as a real comparison, so that names cannot be told apart by time
        return "refused", None
    if member.locked_until and member.locked_until > now:
        return "locked", None
    step = None
    if member.totp_secret:
        step = totp.matching_step(
            member.totp_secret, totp_code, at=now.timestamp(), after=member.totp_last_step
        )
    if check_password(password, member.password) and (step or not member.totp_secret):
        member.failed_tries, member.locked_until, member.last_sign_in_at = 0, None, now
        member.totp_last_step = step or member.totp_last_step
        member.save()
        audit.record(actor=f"staff:{name}", action="people.staff.signed_in", subject=f"staff:{name}")
        return "right", member
    rules = rule_data.value("staff_lock_out", on=business_date.current())
    member.failed_tries += 1
    if member.failed_tries >= rules["tries"]:
        member.failed_tries = 0
        member.locked_until = now + datetime.timedelta(minutes=rules["minutes"])
        audit.record(actor=f"staff:{name}", action="people.staff.locked", subject=f"staff:{name}")
    member.save()
    return ("locked" if member.locked_until and member.locked_until > now else "refused"), None


@transaction.atomic
def add_staff(*, by: str, name: str, shown_name: str, password: str, roles: list[str]) -> None:
    """Give someone a door of their own; an existing name is left as it is."""
    _member, is_new = StaffMember.objects.get_or_create(
        name=name,
        defaults={
            "shown_name": shown_name,
            "password": make_password(password),
            "roles": [Role(role).value for role in roles],
        },
    )
    if is_new:
        audit.record(actor=by, action="people.staff.added", subject=f"staff:{name}", roles=roles)


@transaction.atomic
def set_totp(*, name: str, secret: str, code: str) -> None:
    """Turn the second factor on, once its first code was typed right. Raises: CodeWrong."""
    step = totp.matching_step(secret, code.strip(), at=clock.wall().timestamp(), after=0)
    if step is None:
        raise refusals.CodeWrong(_("动态码不对，请等下一个 30 秒再输入。"), field="code")
    StaffMember.objects.filter(name=name).update(totp_secret=secret, totp_last_step=step)
    audit.record(actor=f"staff:{name}", action="people.staff.totp_on", subject=f"staff:{name}")
