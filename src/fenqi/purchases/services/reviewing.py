"""A person's word on applications, with how their person stands with us: credit does not know loans."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fenqi.credit import services as credit
from fenqi.servicing.queries import standing_of

if TYPE_CHECKING:
    from fenqi.plumbing.four_eyes import Approval


def review_application(
    *, staff: str, borrower_id: int, application_id: UUID, approve: bool, reason_code: str, words: str
) -> None:
    """See credit.services.review_application."""
    credit.review_application(
        staff=staff,
        borrower_id=borrower_id,
        application_id=application_id,
        approve=approve,
        reason_code=reason_code,
        words=words,
        standing=standing_of,
    )


def override_declined(approval: Approval) -> None:
    """Carried out by the approval of two people. See credit.services.override_declined."""
    credit.override_declined(approval=approval, standing=standing_of)


def wants_means(*, borrower_id: int, application_id: UUID) -> bool:
    """See credit.services.wants_means."""
    return credit.wants_means(borrower_id=borrower_id, application_id=application_id, standing=standing_of)
