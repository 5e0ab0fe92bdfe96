"""What purchases hears from the outbox. Each may run twice; outside calls are only noted down for the worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.mall import services as mall
from fenqi.messages import services as messages
from fenqi.plumbing.errors import Conflict
from fenqi.purchases import services, waiting
from fenqi.purchases.models import Purchase

Payload = dict[str, Any]


def application_started(payload: Payload) -> None:
    """Perhaps everything is known already: take it to its decision."""
    _note_application(payload["borrower_id"], payload["application_id"])


def contact_reviewed(payload: Payload) -> None:
    """The contact was approved or not: every application of this person may go on."""
    if payload.get("application_id"):
        _note_application(payload["borrower_id"], payload["application_id"])


def identity_decided(payload: Payload) -> None:
    """The real-name check was decided: applications that waited for it may go on."""
    for application in credit_queries.open_applications(borrower_id=payload["borrower_id"]):
        _note_application(application.borrower_id, str(application.id))


def application_reviewed(payload: Payload) -> None:
    """A person approved it: the lender is asked."""
    _note_application(payload["borrower_id"], payload["application_id"])


def application_decided(payload: Payload) -> None:
    """Tell the shopper."""
    application = credit_queries.application(
        borrower_id=payload["borrower_id"], application_id=UUID(payload["application_id"])
    )
    messages.send(
        borrower_id=payload["borrower_id"],
        template="application_decided",
        context={
            "result": payload["state"],
            "lender": credit_queries.lenders()[application.lender_code].names,
            "path": f"/checkout/next/?application={application.id}",
        },
        reference=f"application-decided:{application.id}:{payload['state']}",
    )


def review_requested(payload: Payload) -> None:
    """A person will look at it: the goods are kept meanwhile."""
    try:
        mall.mark_in_review(borrower_id=payload["borrower_id"], order_id=UUID(payload["order_id"]), anew=True)
    except Conflict:
        return  # given up, or paid another way: the answer is for the applicant all the same


def review_answered(payload: Payload) -> None:
    """Tell the applicant that there is an answer; what it says stands on their page only."""
    messages.send(
        borrower_id=payload["borrower_id"],
        template="review_answered",
        context={"path": f"/checkout/decision/?application={payload['application_id']}"},
        reference=f"review-answered:{payload['request_id']}",
    )
    if payload["state"] == "upheld":
        application = credit_queries.application(
            borrower_id=payload["borrower_id"], application_id=UUID(payload["application_id"])
        )
        mall.leave_review(borrower_id=payload["borrower_id"], order_id=application.order_id)


def agreement_signed(payload: Payload) -> None:
    """Make the document now, so that it opens at once when it is asked for."""
    credit.agreement_pdf(borrower_id=payload["borrower_id"], agreement_id=UUID(payload["agreement_id"]))


def payment_succeeded(payload: Payload) -> None:
    """Money for an order came in."""
    if payload["purpose"] != "order":
        return
    services.record_full_payment(
        borrower_id=payload["borrower_id"],
        purchase_id=UUID(payload["subject"]["purchase_id"]),
        payment_id=UUID(payload["payment_id"]),
        amount_fen=payload["amount_fen"],
    )


def refund_succeeded(payload: Payload) -> None:
    """Money of an order went back."""
    if payload["purpose"] != "order":
        return
    details = {
        "borrower_id": payload["borrower_id"],
        "refund_id": UUID(payload["refund_id"]),
        "amount_fen": payload["amount_fen"],
    }
    give_back_id = payload["subject"].get("give_back_id")
    if give_back_id:
        services.record_refund(give_back_id=UUID(give_back_id), **details)
    else:
        services.post_refund(**details)
    messages.send(
        borrower_id=payload["borrower_id"],
        template="refund_sent",
        context={"number": payload["subject"].get("number", ""), "amount_fen": payload["amount_fen"]},
        reference=f"refund-sent:{payload['refund_id']}",
    )


def purchase_completed(payload: Payload) -> None:
    """Tell the shopper that the order is paid, and by which agreement."""
    borrower_id = payload["borrower_id"]
    purchase = Purchase.objects.get(borrower_id=borrower_id, id=UUID(payload["purchase_id"]))
    if purchase.agreement_id is None:
        messages.send(
            borrower_id=borrower_id,
            template="order_paid",
            context={"number": purchase.order_number, "amount_fen": purchase.full_amount_fen},
            reference=f"order-paid:{purchase.id}",
        )
        return
    agreement = credit_queries.agreement(borrower_id=borrower_id, agreement_id=purchase.agreement_id)
    messages.send(
        borrower_id=borrower_id,
        template="agreement_signed",
        context={
            "lender": {"zh": agreement.quote.lender_name, "en": agreement.quote.lender_name_en},
            "amount_fen": agreement.amount_fen,
            "installments": agreement.quote.installments,
            "first_due_on": agreement.quote.first_due_on.isoformat(),
            "path": f"/orders/{purchase.order_number}/",
        },
        reference=f"agreement-signed:{agreement.id}",
    )


def order_cancelled(payload: Payload) -> None:
    """The mall gave an order up (the shopper, or the time ran out)."""
    services.begin_cancellation(
        borrower_id=payload["borrower_id"],
        order_id=UUID(payload["order_id"]),
        paid_parts=list(payload["paid_parts"]),
    )


def return_requested(payload: Payload) -> None:
    """Nothing is debited while a return is open."""
    services.pause_for_return(borrower_id=payload["borrower_id"], return_id=UUID(payload["return_id"]))


def return_approved(payload: Payload) -> None:
    """The money goes back."""
    services.begin_return(borrower_id=payload["borrower_id"], return_id=UUID(payload["return_id"]))


def return_ended(payload: Payload) -> None:
    """Refused or withdrawn: the loan goes on as before."""
    services.resume_after_return(borrower_id=payload["borrower_id"], return_id=UUID(payload["return_id"]))


def _note_application(borrower_id: int, application_id: str) -> None:
    waiting.note(kind=waiting.APPLICATION, subject_id=UUID(application_id), borrower_id=borrower_id)
