"""Who stands before plumbing.four_eyes: staff by their names, with the roles they hold now and the person behind the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from fenqi.people.models import StaffMember
from fenqi.plumbing import four_eyes
from fenqi.plumbing.models import Proposal

if TYPE_CHECKING:
    from uuid import UUID


def member(name: str) -> four_eyes.Member:
    """
    A staff member as a pair of eyes; without a person's number the account stands for itself.

    Raises: NotYourRole for one who has left or never was.
    """
    found = StaffMember.objects.filter(name=name, is_active=True, is_locked=False).first()
    if found is None:
        raise four_eyes.NotYourRole(_("员工账号不存在或已停用。"))
    return four_eyes.Member(
        name=found.name, person=found.person or f"account:{found.name}", roles=frozenset(found.roles)
    )


def propose(
    *,
    staff: str,
    kind: str,
    subject: str,
    arguments: dict[str, Any],
    reason: str,
    borrower_id: int | None = None,
) -> UUID:
    """Lay something before a second pair of eyes. Raises: as `four_eyes.propose`."""
    return four_eyes.propose(
        maker=member(staff),
        kind=kind,
        subject=subject,
        arguments=arguments,
        reason=reason,
        borrower_id=borrower_id,
    )


def approve(*, staff: str, proposal_id: UUID, shown: str, reason: str) -> None:
    """Let a colleague's proposal happen. Raises: as `four_eyes.approve`."""
    _insist_on_two_people(staff, proposal_id)
    four_eyes.approve(checker=member(staff), proposal_id=proposal_id, shown=shown, reason=reason)


def reject(*, staff: str, proposal_id: UUID, reason: str) -> None:
    """Close a colleague's proposal. Raises: as `four_eyes.reject`."""
    _insist_on_two_people(staff, proposal_id)
    four_eyes.reject(checker=member(staff), proposal_id=proposal_id, reason=reason)


def withdraw(*, staff: str, proposal_id: UUID, reason: str = "") -> None:
    """Take one's own proposal back. Raises: as `four_eyes.withdraw`."""
    four_eyes.withdraw(maker=member(staff), proposal_id=proposal_id, reason=reason)


def _insist_on_two_people(checker: str, proposal_id: UUID) -> None:
    """Two accounts that carry one secret for their codes are one person's, whatever number they bear."""
    maker = Proposal.objects.filter(id=proposal_id).values_list("maker", flat=True).first()
    pair = StaffMember.objects.filter(name__in={checker, maker} - {None})
    kept = [one.totp_secret for one in pair]
    if maker != checker and len(kept) == 2 and kept[0] and kept[0] == kept[1]:
        raise four_eyes.OwnProposal(_("不能复核自己提交的事项，请由另一位同事处理。"))
