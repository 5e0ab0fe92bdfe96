"""The pay link of a reminder: pays that bill without signing in, shows a masked identity only, and does nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.people import queries as people
from fenqi.plumbing.errors import Conflict, NotFound, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.servicing import queries as servicing
from fenqi.web.finance_views_common import pay as start_payment
from fenqi.web.finance_views_common import reference_typed
from fenqi.web.finance_views_payment import payment_page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

OUTCOME = "pay-outcome"


@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """The bill behind a link: open, paid already, or expired. Whoever holds it may pay, nobody learns who owes."""
    try:
        link = servicing.pay_link(token)
    except NotFound:
        return render(request, "web/finance/paylink_gone.html", {"state": "unknown"}, status=404)
    if link.state != "open":
        status = 410 if link.state == "expired" else 200
        return render(
            request, "web/finance/paylink_gone.html", {"state": link.state, "link": link}, status=status
        )
    error: Refusal | None = None
    if request.method == "POST":
        try:
            return _pay(request, link)
        except Refusal as refusal:
            error = refusal
    page = {
        "link": link,
        "person": people.person(link.borrower_id),
        "reference": request.POST.get("reference") or new_id(),
        "error": error,
    }
    return render(request, "web/finance/paylink.html", page, status=error.status if error else 200)


@require_GET
def outcome(request: HttpRequest, key: str) -> HttpResponse:
    """What became of a payment made by a link; the key shows that, and pays nothing."""
    try:
        borrower_id, reference = signing.loads(key, salt=OUTCOME)
    except signing.BadSignature:
        return render(request, "web/finance/paylink_gone.html", {"state": "unknown"}, status=404)
    return render(request, "web/finance/paylink_outcome.html", payment_page(borrower_id, reference))


def outcome_address(borrower_id: int, reference: str) -> str:
    """
    Where the cashier sends the payer back to.

    The address is told to the channel and kept with the payment; the link itself, which pays, is a key and is not.
    """
    return reverse("pay-outcome", args=[signing.dumps([borrower_id, reference], salt=OUTCOME)])


def _pay(request: HttpRequest, link: servicing.PayLinkView) -> HttpResponse:
    """Always through the channel's cashier: a link alone moves no money from a bound card."""
    reference = reference_typed(request.POST)
    if request.POST.get("amount_fen") != str(link.amount_fen):
        raise Conflict(_("账单刚刚有变化，请核对新的金额后再付；没有扣款。"))
    return start_payment(
        borrower_id=link.borrower_id,
        amount_fen=link.amount_fen,
        subject={
            "kind": "bill",
            "lender_code": link.lender_code,
            "due_on": link.due_on.isoformat(),
            "loan_ids": [str(one) for one in link.loan_ids],
            "entry": "link",
        },
        card_id=None,
        reference=reference,
        outcome_url=outcome_address(link.borrower_id, reference),
    )
