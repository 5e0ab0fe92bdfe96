"""A loan its lender services is repaid at the lender: we show what the lender says now, and the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from fenqi.purchases import services as purchases
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def at_the_lender(request: HttpRequest, loan: servicing.LoanView, back: str) -> HttpResponse:
    """Instead of a repayment or settlement form of ours."""
    is_fresh = purchases.refresh_mirror(borrower_id=loan.borrower_id, loan_id=loan.id)
    if is_fresh:
        loan = servicing.loan(borrower_id=loan.borrower_id, loan_id=loan.id)
    page = {"part": "bills", "loan": loan, "back": back, "is_fresh": is_fresh}
    return render(request, "web/finance/external.html", page)
