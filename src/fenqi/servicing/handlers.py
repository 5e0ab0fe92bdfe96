"""What servicing does when money moved outside: book it. Every handler may run twice; the payment's id is the reference."""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fenqi.payments import suspense
from fenqi.servicing import notices, services
from fenqi.servicing.errors import (
    ClosedPeriod,
    EventRefused,
    LoanNotFound,
    OfferExpired,
    OfferOutdated,
    ServicedByLender,
)
from fenqi.servicing.repaying import OVERPAYMENT

if TYPE_CHECKING:
    from fenqi.plumbing.errors import Refusal

log = logging.getLogger(__name__)

# What a loan says that does not take money, today or tomorrow: the money is here, and waits for somebody to place it.
NOT_TAKEN = (LoanNotFound, ServicedByLender, ClosedPeriod, EventRefused)

SOURCES = {"link": "link", "mall": "manual", "finance": "manual"}


def payment_succeeded(payload: dict[str, Any]) -> None:
    """A payment for loans arrived: one loan, a settlement, or a bill over several."""
    if payload.get("purpose") != "repayment":
        return
    try:
        _book_payment(payload)
    except NOT_TAKEN as e:
        _keep(payload, e)


def _keep(payload: dict[str, Any], refusal: Refusal) -> None:
    money_id = suspense.take_in_arrived(payload)
    log.warning("unplaced money %s: its loan does not take it (%s)", money_id, refusal.code)


def _book_payment(payload: dict[str, Any]) -> None:
    subject = payload["subject"]
    borrower_id, amount_fen = int(payload["borrower_id"]), int(payload["amount_fen"])
    reference = str(payload["payment_id"])
    source = SOURCES.get(subject.get("entry", ""), "manual")
    loan_ids = [UUID(str(loan_id)) for loan_id in subject.get("loan_ids", [])]
    if subject.get("kind") == "settlement":
        try:
            services.settle(
                borrower_id=borrower_id,
                loan_id=loan_ids[0],
                offer_id=UUID(str(subject["offer_id"])),
                reference=reference,
            )
            return
        except (OfferExpired, OfferOutdated) as e:
            # The money is here: it is booked as a repayment, and a new quote tells what is left to settle.
            log.warning("payment %s came after its settlement quote (%s)", reference, e.code)
    due_on = subject.get("due_on")
    services.record_bill_repayment(
        borrower_id=borrower_id,
        amount_fen=amount_fen,
        reference=reference,
        lender_code=subject.get("lender_code") or None,
        due_on=datetime.date.fromisoformat(str(due_on)) if due_on else None,
        loan_ids=loan_ids or None,
        source=source,
    )


def debit_succeeded(payload: dict[str, Any]) -> None:
    """A debit took an installment; the day-end has usually booked it already."""
    on = payload.get("on")
    try:
        services.record_repayment(
            borrower_id=int(payload["borrower_id"]),
            loan_id=UUID(str(payload["loan_id"])),
            amount_fen=int(payload["amount_fen"]),
            reference=str(payload["debit_id"]),
            received_on=datetime.date.fromisoformat(str(on)) if on else None,
            source="debit",
        )
    except NOT_TAKEN as e:
        _keep(payload, e)


def payout_failed(payload: dict[str, Any]) -> None:
    """An overpayment could not be sent back: it is kept for the borrower again."""
    if payload.get("purpose") != OVERPAYMENT:
        return
    subject = payload["subject"]
    services.reverse_event(
        borrower_id=int(payload["borrower_id"]),
        loan_id=UUID(str(subject["loan_id"])),
        event_id=str(subject["sequence"]),
        reference=f"payout-failed:{payload['payout_id']}",
        source="payout",
    )


def debit_failed(payload: dict[str, Any]) -> None:
    """A debit failed: the borrower is told what to do."""
    notices.add_debit_failed(payload)
