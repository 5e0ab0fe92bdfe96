"""What the standby line hears from payments (settings.OUTBOX_HANDLERS)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fenqi.plumbing import business_date
from fenqi.standby import services
from fenqi.standby.queries import PRODUCT


def payout_succeeded(payload: dict[str, Any]) -> None:
    """payments.payout.succeeded: open the draw's loan."""
    if payload["purpose"] != PRODUCT:
        return
    services.payout_succeeded(
        borrower_id=payload["borrower_id"],
        draw_id=UUID(payload["subject"]["draw_id"]),
        payout_id=UUID(payload["payout_id"]),
        on=business_date.current(),
    )


def payout_failed(payload: dict[str, Any]) -> None:
    """payments.payout.failed: free the limit."""
    if payload["purpose"] != PRODUCT:
        return
    services.payout_failed(
        borrower_id=payload["borrower_id"],
        draw_id=UUID(payload["subject"]["draw_id"]),
        payout_id=UUID(payload["payout_id"]),
        failure=str(payload.get("failure_code", "")),
    )
