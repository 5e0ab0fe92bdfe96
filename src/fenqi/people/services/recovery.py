"""Recovery codes: the way in for a staff member whose device is lost. Ten at a time, each good once."""

from __future__ import annotations

import secrets

from django.db import transaction

from fenqi.people.models import RecoveryCode, StaffMember
from fenqi.plumbing import audit, clock, sealed

HOW_MANY = 10
# No letter or digit that is read as another one; 24 of 30 are 117 bits, so that a plain keyed hash keeps them.
_SIGNS, _LENGTH, _GROUP = "23456789abcdefghjkmnpqrstvwxyz", 24, 4


@transaction.atomic
def make_recovery_codes(*, name: str) -> list[str]:
    """Ten new codes to keep on paper; the ones before stop working. They are shown now and never again."""
    member = StaffMember.objects.select_for_update().get(name=name)
    codes = [_new() for _ in range(HOW_MANY)]
    RecoveryCode.objects.filter(member=member, used_at=None).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(code_hash=_hash(member.pk, code), member=member, made_at=clock.wall()) for code in codes
    )
    audit.record(actor=f"staff:{name}", action="people.staff.recovery_codes", subject=f"staff:{name}")
    return codes


def spend_recovery_code(*, member: StaffMember, code: str) -> bool:
    """Spend a code if it is one of theirs and unused; the caller holds the member's row."""
    spent = RecoveryCode.objects.filter(code_hash=_hash(member.pk, code), member=member, used_at=None).update(
        used_at=clock.wall()
    )
    if spent:
        audit.record(
            actor=f"staff:{member.name}",
            action="people.staff.recovery_code_used",
            subject=f"staff:{member.name}",
            left=RecoveryCode.objects.filter(member=member, used_at=None).count(),
        )
    return bool(spent)


def _new() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
    return "-".join(signs[n : n + _GROUP] for n in range(0, _LENGTH, _GROUP))


def _hash(member_id: int, code: str) -> bytes:
    plain = code.lower().replace("-", "").replace(" ", "")
    return sealed.blind_index(f"{member_id}\x00{plain}", purpose="recovery")
