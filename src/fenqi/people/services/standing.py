"""Barring an account from new credit, and letting it back in: by two people, with a reason that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, Standing
from fenqi.people.queries.standing import blocked
from fenqi.plumbing import audit, clock, four_eyes

if TYPE_CHECKING:
    from fenqi.plumbing.four_eyes import Approval

STANDING_KIND = "people.standing"  # of the approval by two people (plumbing.four_eyes)


@transaction.atomic
def set_standing(*, approval: Approval, borrower_id: int, is_blocked: bool) -> None:
    """
    Bar an account from new credit, or let it back in; what is owed and how it is paid stays as it is.

    Raises: NotFound, StandingUnchanged, SecondPairMissing.
    """
    check_standing(borrower_id=borrower_id, is_blocked=is_blocked)
    four_eyes.spend(
        approval_id=approval.id,
        kind=STANDING_KIND,
        arguments={"borrower_id": borrower_id, "is_blocked": is_blocked},
    )
    Standing.objects.create(
        borrower_id=borrower_id,
        id=approval.id,
        is_blocked=is_blocked,
        reason=approval.reason,
        maker=approval.maker,
        checker=approval.checker,
        changed_at=clock.now(),
    )
    audit.record(
        actor=f"staff:{approval.checker}",
        action="people.blocked" if is_blocked else "people.unblocked",
        subject=f"account:{borrower_id}",
        reason=approval.reason,
        maker=approval.maker,
    )


def check_standing(*, borrower_id: int, is_blocked: bool) -> None:
    """Raises: NotFound, StandingUnchanged when it is so already."""
    if not Account.objects.filter(borrower_id=borrower_id).exists():
        raise refusals.NotFound(_("账号不存在。"))
    if (borrower_id in blocked({borrower_id})) == is_blocked:
        raise refusals.StandingUnchanged(
            _("这个账号已经被限制申请。") if is_blocked else _("这个账号没有被限制申请。")
        )
