"""A staff member's own second factor: time-based codes on and off. Passkeys of staff stand in `passkeys`."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals, totp
from fenqi.people.models import RecoveryCode, StaffMember, StaffPasskey
from fenqi.people.services.factors import LastFactor, begin_second_factor
from fenqi.people.services.passkeys import forget_passkeys_of_staff
from fenqi.plumbing import audit, clock


@transaction.atomic
def set_totp(*, name: str, secret: str, code: str) -> None:
    """Turn time-based codes on, once the first one was typed right; a secret set before stops. Raises: CodeWrong."""
    step = totp.matching_step(secret, code.strip(), at=clock.wall().timestamp(), after=0)
    if step is None:
        raise refusals.CodeWrong(_("动态码不对，请等下一个 30 秒再输入。"), field="code")
    member = StaffMember.objects.select_for_update().get(name=name)
    begin_second_factor(member)
    member.totp_secret, member.totp_last_step = secret, step
    member.save(update_fields=["totp_secret", "totp_last_step"])
    audit.record(actor=f"staff:{name}", action="people.staff.totp_on", subject=f"staff:{name}")


@transaction.atomic
def remove_totp(*, name: str) -> None:
    """Turn time-based codes off; a passkey has to stay. Raises: LastFactor."""
    member = StaffMember.objects.select_for_update().get(name=name)
    if not StaffPasskey.objects.filter(member=member).exists():
        raise LastFactor(_("这是您唯一的第二道验证，请先添加通行密钥。"))
    member.totp_secret, member.totp_last_step = "", 0
    member.save(update_fields=["totp_secret", "totp_last_step"])
    audit.record(actor=f"staff:{name}", action="people.staff.totp_off", subject=f"staff:{name}")


def forget_factors(member: StaffMember) -> None:
    """Take every second factor away; the caller holds the row, has a reason and writes the trail."""
    member.totp_secret, member.totp_last_step = "", 0
    forget_passkeys_of_staff(member)
    RecoveryCode.objects.filter(member=member, used_at=None).delete()
