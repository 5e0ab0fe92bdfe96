"""The people who work here, at the door: a password and a second factor, and a lock after failed tries."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals, totp
from fenqi.people.models import StaffMember, StrangersTries
from fenqi.people.services.factors import has_second_factor
from fenqi.people.services.recovery import spend_recovery_code
from fenqi.plumbing import audit, business_date, clock, rule_data, sealed


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
    """Who came in. `session_round` goes into the session; without a second factor they may only set one up."""

    name: str
    shown_name: str
    session_round: int
    has_second_factor: bool


def staff_sign_in(*, name: str, password: str, totp_code: str = "") -> StaffSignedIn:
    """
    Check a staff member at the door: the password, and the second factor of those who have one.

    `totp_code` may be one of the recovery codes. Must not run inside a caller's transaction: a failed try has to be
    remembered although this raises.
    Raises: SignInRefused (never tells which part was wrong), LockedOut.
    """
    verdict, member = _check(name.strip(), password, totp_code.strip(), action="people.staff.signed_in")
    return _let_in(verdict, member)


def staff_confirm(*, name: str, password: str, totp_code: str = "") -> None:
    """
    Both factors once more, before the ways in are changed; wrong tries count as they do at the door.

    Raises: SignInRefused, LockedOut.
    """
    _let_in(*_check(name, password, totp_code.strip(), action="people.staff.confirmed"))


@transaction.atomic
def staff_entered(*, name: str) -> StaffSignedIn:
    """
    Note that a member came in by passkey (`sign_in_by_passkey` proved it): a key that cannot be guessed opens although
    guessed passwords locked the account. Raises: SignInRefused.
    """
    member = (
        StaffMember.objects.select_for_update().filter(name=name, is_active=True, is_locked=False).first()
    )
    if member is None:
        raise refusals.SignInRefused(_("账号、密码或动态码不正确。"))
    member.last_sign_in_at = clock.wall()
    member.save(update_fields=["last_sign_in_at"])
    audit.record(
        actor=f"staff:{name}", action="people.staff.signed_in", subject=f"staff:{name}", by="passkey"
    )
    return signed_in(member)


def _let_in(verdict: str, member: StaffMember | None) -> StaffSignedIn:
    if verdict == "locked":
        raise refusals.LockedOut(_("错误次数过多，账号已锁定 15 分钟。如非本人操作，请联系管理员。"))
    if member is None:
        raise refusals.SignInRefused(_("账号、密码或动态码不正确。"))
    return signed_in(member)


def signed_in(member: StaffMember) -> StaffSignedIn:
    """What the door has to know of somebody who proved who they are."""
    return StaffSignedIn(
        name=member.name,
        shown_name=member.shown_name,
        session_round=member.session_round,
        has_second_factor=has_second_factor(member),
    )


@transaction.atomic
def _check(name: str, password: str, totp_code: str, *, action: str) -> tuple[str, StaffMember | None]:
    now = clock.wall()
    member = (
        StaffMember.objects.select_for_update().filter(name=name, is_active=True, is_locked=False).first()
    )
    if member is None:
        make_password(password)  # as slow as a real comparison, so that names cannot be told apart by time
        return _count_stranger(name, now), None
    if member.locked_until and member.locked_until > now:
        return "locked", None
    # Both are looked at whatever the other says, so that time does not tell which one was wrong.
    password_fits = check_password(password, member.password)
    if _second_factor_fits(member, totp_code, now, spend=password_fits) and password_fits:
        member.failed_tries, member.locked_until, member.last_sign_in_at = 0, None, now
        member.save()
        audit.record(actor=f"staff:{name}", action=action, subject=f"staff:{name}")
        return "right", member
    verdict = _count_wrong_try(member, now)
    if verdict == "locked":
        audit.record(actor=f"staff:{name}", action="people.staff.locked", subject=f"staff:{name}")
    member.save()
    return verdict, None


def _count_stranger(name: str, now: datetime.datetime) -> str:
    """A name nobody has locks after as many tries, and for as long, as one somebody has."""
    index = sealed.blind_index(name, purpose="staff_name")
    StrangersTries.objects.get_or_create(name_index=index, defaults={"tried_at": now})
    kept = StrangersTries.objects.select_for_update().get(name_index=index)
    if kept.locked_until and kept.locked_until > now:
        return "locked"
    verdict, kept.tried_at = _count_wrong_try(kept, now), now
    kept.save()
    return verdict


def _count_wrong_try(kept: StaffMember | StrangersTries, now: datetime.datetime) -> str:
    """One more; tells whether it locks. The caller holds the row, and saves it."""
    rules = rule_data.value("staff_lock_out", on=business_date.current())
    kept.failed_tries += 1
    if kept.failed_tries < rules["tries"]:
        return "refused"
    kept.failed_tries, kept.locked_until = 0, now + datetime.timedelta(minutes=rules["minutes"])
    return "locked"


def _second_factor_fits(member: StaffMember, code: str, now: datetime.datetime, *, spend: bool) -> bool:
    """A code that fits is spent only beside the right password, or guessing would use up somebody's codes."""
    if not has_second_factor(member):
        return True
    if member.totp_secret:
        step = totp.matching_step(member.totp_secret, code, at=now.timestamp(), after=member.totp_last_step)
        if step is not None:
            member.totp_last_step = step if spend else member.totp_last_step
            return True
    return spend_recovery_code(member=member, code=code) if spend else False


@transaction.atomic
def add_staff(
    *,
    by: str,
    name: str,
    shown_name: str,
    roles: list[str],
    password: str = "",
    totp_secret: str = "",
    person: str = "",
) -> None:
    """
    Give someone a door of their own; an existing name is left as it is.

    Without a password they choose one by a link (`make_staff_link`), without a second factor they set one up on coming in.
    """
    _member, is_new = StaffMember.objects.get_or_create(
        name=name,
        defaults={
            "shown_name": shown_name,
            "person": person,
            "password": make_password(password or None),
            "totp_secret": totp_secret,
            "roles": [Role(role).value for role in roles],
        },
    )
    if is_new:
        audit.record(actor=by, action="people.staff.added", subject=f"staff:{name}", roles=roles)
