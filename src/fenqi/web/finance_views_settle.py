"""提前结清: what it costs today, what it saves, and paying it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fenqi.care import queries as care
from fenqi.people import queries as people
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import Conflict, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.pages import shopper_required
from fenqi.servicing import queries as servicing
from fenqi.servicing import services
from fenqi.web.finance_views import to_finance
from fenqi.web.finance_views_common import begun_already, chosen_card, loan_of, methods, pay, reference_typed
from fenqi.web.finance_views_external import at_the_lender
from fenqi.web.finance_views_repay import loan_of_order

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_http_methods(["GET", "POST"])
@shopper_required
def settle_order(request: HttpRequest, number: str) -> HttpResponse:
    """From the order page; where the entry has moved, the finance app goes on."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    loan = loan_of_order(borrower_id, number)
    if care.repayment_entry(borrower_id) == "finance":
        return to_finance(loan.number, "settle", "")
    return _settle(request, loan, door="mall", back=f"/orders/{number}/#bills")


@require_http_methods(["GET", "POST"])
@shopper_required
def settle_loan(request: HttpRequest, number: str) -> HttpResponse:
    """From the finance app."""
    return _settle(request, loan_of(request, number), door="finance", back=f"/finance/loans/{number}/")


def _settle(request: HttpRequest, loan: servicing.LoanView, *, door: str, back: str) -> HttpResponse:
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    if loan.pay_url:
        return at_the_lender(request, loan, back)
    if request.method == "POST":
        begun = begun_already(borrower_id=borrower_id, posted=request.POST)
        if begun is not None:
            return begun
    if loan.outstanding_fen == 0:
        return HttpResponseRedirect(back)
    today = business_date.current()
    offer = services.quote_settlement(borrower_id=borrower_id, loan_id=loan.id, on=today)
    offered = methods(people.cards(borrower_id))
    error: Refusal | None = None
    if request.method == "POST":
        try:
            reference = reference_typed(request.POST)
            if request.POST.get("amount_fen") != str(offer.amount_fen):
                raise Conflict(_("结清金额刚刚有变化，请核对新的金额后再付；没有扣款。"))
            return pay(
                borrower_id=borrower_id,
                amount_fen=offer.amount_fen,
                subject={
                    "kind": "settlement",
                    "loan_ids": [str(loan.id)],
                    "offer_id": str(_offer_typed(request, offer.id)),
                    "entry": door,
                },
                card_id=chosen_card(request.POST, offered),
                reference=reference,
            )
        except Refusal as refusal:
            error = refusal
    page = {
        "part": "bills",
        "loan": loan,
        "offer": offer,
        "methods": offered,
        "picked": request.POST.get("method") or offered[0].value,
        "reference": request.POST.get("reference") or new_id(),
        "error": error,
        "back": back,
    }
    return render(request, "web/finance/settle.html", page, status=error.status if error else 200)


def _offer_typed(request: HttpRequest, fresh: UUID) -> UUID:
    """The offer the shopper saw; a tampered one gives way to the one just made, at the same amount."""
    try:
        return UUID(request.POST.get("offer_id", ""))
    except ValueError:
        return fresh
