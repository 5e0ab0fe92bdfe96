"""What care hears from payments and of its own switch (settings.OUTBOX_HANDLERS); each may run twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fenqi.care import services


def payment_succeeded(payload: dict[str, Any]) -> None:
    """payments.payment.succeeded: a repayment proves the entry it came by."""
    if payload["purpose"] != "repayment":
        return
    services.note_entry_use(
        borrower_id=payload["borrower_id"],
        payment_id=UUID(payload["payment_id"]),
        entry=payload["subject"].get("entry", "mall"),
    )


def entry_moved(payload: dict[str, Any]) -> None:
    """care.entry.moved: tell the cohort's borrowers with bills where they repay now."""
    if not payload["is_mall_open"]:
        services.tell_entry_moved(cohort=payload["cohort"])
