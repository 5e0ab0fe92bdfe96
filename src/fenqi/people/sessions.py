"""What a session is asked at every request: is this member of the staff still who they were, and when was a browser last seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.people.models import AccountSession, StaffMember
from fenqi.people.services.factors import has_second_factor
from fenqi.plumbing import clock
from fenqi.plumbing.ports import AtDesk

if TYPE_CHECKING:
    from uuid import UUID


class Sessions:
    """Fits plumbing.ports.SessionsPort."""

    def at_desk(self, *, name: str, session_round: int) -> AtDesk | None:
        """See SessionsPort."""
        member = StaffMember.objects.filter(
            name=name, is_active=True, is_locked=False, session_round=session_round
        ).first()
        if member is None:
            return None
        return AtDesk(roles=frozenset(member.roles), has_second_factor=has_second_factor(member))

    def seen(self, *, borrower_id: int, session_id: UUID | str) -> None:
        """See SessionsPort."""
        AccountSession.objects.filter(borrower_id=borrower_id, id=session_id, ended_at=None).update(
            seen_at=clock.wall()
        )
