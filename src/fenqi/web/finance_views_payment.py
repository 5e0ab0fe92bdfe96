"""What became of a payment: the page the shopper comes back to, which looks again by itself while nothing is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fenqi.payments import queries as payments
from fenqi.payments import services
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.pages import shopper_required
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

LOOK_AGAIN_SECONDS = 3
STATES = {"SUCCEEDED": "succeeded", "FAILED": "failed"}


@require_GET
@shopper_required
def outcome(request: HttpRequest, reference: str) -> HttpResponse:
    """Succeeded, failed, or not known yet."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    page = payment_page(borrower_id, reference)
    loan_ids = page["payment"].subject.get("loan_ids", [])
    page["part"] = "bills"
    if len(loan_ids) == 1:
        page["loan"] = servicing.loan(borrower_id=borrower_id, loan_id=loan_ids[0])
    return render(request, "web/finance/payment.html", page)


def payment_page(borrower_id: int, reference: str) -> dict[str, Any]:
    """The payment of a form's reference, after asking the channel where the outcome is still open. Raises: NotFound."""
    payment = payments.payment_by_reference(borrower_id=borrower_id, reference=reference)
    if payment is None:
        raise NotFound(_("没有这笔付款。"))
    if payment.state not in STATES:
        services.ask_payment(borrower_id=borrower_id, payment_id=payment.id)
        payment = payments.payment(borrower_id=borrower_id, payment_id=payment.id)
    state = STATES.get(payment.state, "waiting")
    # The money has arrived before the bill shows it: the booking follows within a second.
    is_booked = state == "succeeded" and servicing.is_booked(
        borrower_id=borrower_id, reference=str(payment.id)
    )
    return {
        "payment": payment,
        "state": state,
        "is_booked": is_booked,
        "look_again": LOOK_AGAIN_SECONDS
        if state == "waiting" or (state == "succeeded" and not is_booked)
        else 0,
    }
