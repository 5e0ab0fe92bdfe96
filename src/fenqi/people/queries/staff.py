"""Who works here, and the ways in of each."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Passkey, RecoveryCode, StaffMember, StaffPasskey
from fenqi.plumbing import audit, clock

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

OWN_NOTES = ("people.staff.", "people.passkey.")


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownPasskey:
    """A passkey as its owner recognises it."""

    id: UUID
    name: str
    is_synced: bool
    added_at: datetime.datetime
    used_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WaysIn:
    """How one staff member comes in. `notes`: what happened to these ways lately, newest first."""

    has_totp: bool
    passkeys: list[KnownPasskey]
    recovery_codes_left: int
    password_changed_at: datetime.datetime | None
    session_round: int
    notes: list[audit.Record]

    @property
    def has_second_factor(self) -> bool:
        return self.has_totp or bool(self.passkeys)


@dataclass(frozen=True, kw_only=True, slots=True)
class Colleague:
    """A line of the staff list. `state`: new | ready | waiting | locked | left."""

    name: str
    shown_name: str
    person: str
    roles: list[str]
    state: str
    locked_until: datetime.datetime | None
    last_sign_in_at: datetime.datetime | None
    has_second_factor: bool


def passkeys(borrower_id: int) -> list[KnownPasskey]:
    """A shopper's passkeys, the first added first."""
    return _known(Passkey.objects.filter(borrower_id=borrower_id))


def ways_in(name: str) -> WaysIn:
    """One's own ways in. Raises: NotFound."""
    member = _member(name)
    notes = [
        one for one in audit.trail(subject=f"staff:{name}", limit=60) if one.action.startswith(OWN_NOTES)
    ]
    return WaysIn(
        has_totp=bool(member.totp_secret),
        passkeys=_known(StaffPasskey.objects.filter(member=member)),
        recovery_codes_left=RecoveryCode.objects.filter(member=member, used_at=None).count(),
        password_changed_at=member.password_changed_at,
        session_round=member.session_round,
        notes=notes[:10],
    )


def colleagues() -> list[Colleague]:
    """Everybody who has or had an account: those at work first, by name."""
    with_passkey = set(StaffPasskey.objects.values_list("member_id", flat=True))
    found = [_colleague(one, one.pk in with_passkey) for one in StaffMember.objects.order_by("name")]
    return sorted(found, key=lambda one: one.state == "left")


def colleague(name: str) -> Colleague:
    """One of them. Raises: NotFound."""
    member = _member(name)
    return _colleague(member, StaffPasskey.objects.filter(member=member).exists())


def _colleague(member: StaffMember, has_passkey: bool) -> Colleague:
    has_factor = bool(member.totp_secret) or has_passkey
    until = member.locked_until if member.locked_until and member.locked_until > clock.wall() else None
    if not member.is_active:
        state = "left"
    elif member.is_locked or until:
        state = "locked"
    elif not member.last_sign_in_at:
        state = "new"
    else:
        state = "ready" if has_factor else "waiting"
    return Colleague(
        name=member.name,
        shown_name=member.shown_name,
        person=member.person,
        roles=sorted(member.roles),
        state=state,
        locked_until=until,
        last_sign_in_at=member.last_sign_in_at,
        has_second_factor=has_factor,
    )


def _member(name: str) -> StaffMember:
    member = StaffMember.objects.filter(name=name).first()
    if member is None:
        raise refusals.NotFound(_("没有这位员工。"))
    return member


def _known(kept: QuerySet[Passkey] | QuerySet[StaffPasskey]) -> list[KnownPasskey]:
    return [
        KnownPasskey(
            id=one.id, name=one.name, is_synced=one.is_synced, added_at=one.added_at, used_at=one.used_at
        )
        for one in kept.order_by("added_at")
    ]
