"""What second factors of staff have in common: the first one ends what a password alone had opened, the last one stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.people.models import StaffPasskey
from fenqi.plumbing.errors import Conflict

if TYPE_CHECKING:
    from fenqi.people.models import StaffMember


class LastFactor(Conflict):
    """Without this one the staff member would have no second factor."""

    code = "last_factor"


def has_second_factor(member: StaffMember) -> bool:
    """Does a device of theirs answer for them?"""
    return bool(member.totp_secret) or StaffPasskey.objects.filter(member=member).exists()


def begin_second_factor(member: StaffMember) -> None:
    """
    Before the first factor is kept: sessions opened by the password alone end, or they would count as proven afterwards.

    The caller holds the row; the browser it is set up in goes on with the new round.
    """
    if not has_second_factor(member):
        member.session_round += 1
        member.save(update_fields=["session_round"])
