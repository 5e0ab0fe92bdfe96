"""账单 over all loans: what is due when and to whom, and paying one bill whole."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.people import queries as people
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import Conflict, NotFound, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.pages import shopper_required
from fenqi.servicing import queries as servicing
from fenqi.web.finance_views_common import begun_already, chosen_card, methods, pay, reference_typed

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

NEAR = datetime.timedelta(days=45)  # bills further away are folded


@require_GET
@shopper_required
def bills(request: HttpRequest) -> HttpResponse:
    """Every bill still to pay, the oldest first, and every loan, the finished ones last."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    today = business_date.current()
    loans = servicing.loans(borrower_id)
    waiting = [bill for bill in servicing.bills_of(loans) if bill.amount_fen]
    near = today + NEAR
    page = {
        "part": "bills",
        "today": today,
        "near": [bill for bill in waiting if bill.due_on <= near],
        "later": [bill for bill in waiting if bill.due_on > near],
        "loans": [loan for loan in loans if not loan.is_closed],
        "finished": [loan for loan in loans if loan.is_closed],
    }
    return render(request, "web/finance/bills.html", page)


@require_http_methods(["GET", "POST"])
@shopper_required
def repay_bill(request: HttpRequest, lender: str, due_on: str) -> HttpResponse:
    """One bill: its lines over all loans of that lender, and paying it."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    if request.method == "POST":
        begun = begun_already(borrower_id=borrower_id, posted=request.POST)
        if begun is not None:
            return begun
    bill = _bill(borrower_id, lender, due_on)
    offered = methods(people.cards(borrower_id))
    error: Refusal | None = None
    if request.method == "POST":
        try:
            reference = reference_typed(request.POST)
            if request.POST.get("amount_fen") != str(bill.amount_fen):
                raise Conflict(_("账单刚刚有变化，请核对新的金额后再付；没有扣款。"))
            return pay(
                borrower_id=borrower_id,
                amount_fen=bill.amount_fen,
                subject={
                    "kind": "bill",
                    "lender_code": bill.lender_code,
                    "due_on": bill.due_on.isoformat(),
                    "loan_ids": [str(line.loan_id) for line in bill.lines],
                    "entry": "finance",
                },
                card_id=chosen_card(request.POST, offered),
                reference=reference,
            )
        except Refusal as refusal:
            error = refusal
    page = {
        "part": "bills",
        "bill": bill,
        "methods": offered,
        "picked": request.POST.get("method") or offered[0].value,
        "reference": request.POST.get("reference") or new_id(),
        "error": error,
    }
    return render(request, "web/finance/bill.html", page, status=error.status if error else 200)


def _bill(borrower_id: int, lender: str, due_on: str) -> servicing.Bill:
    """The bill of this address. Raises: NotFound."""
    try:
        on = datetime.date.fromisoformat(due_on)
    except ValueError as e:
        raise NotFound(_("没有这张账单。")) from e
    for bill in servicing.bills(borrower_id, business_date.current()):
        if bill.lender_code == lender and bill.due_on == on and bill.amount_fen:
            return bill
    raise NotFound(_("这张账单不存在，或已经付清。"))
