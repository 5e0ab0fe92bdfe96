"""Which accounts are barred from new credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.people.models import Standing

if TYPE_CHECKING:
    from collections.abc import Collection


def blocked(borrower_ids: Collection[int]) -> set[int]:
    """Those of these accounts that are blocked now, in one statement."""
    newest = (
        Standing.objects.filter(borrower_id__in=borrower_ids)
        .order_by("borrower_id", "-changed_at", "-id")
        .distinct("borrower_id")
        .values_list("borrower_id", "is_blocked")
    )
    return {borrower_id for borrower_id, is_blocked in newest if is_blocked}
