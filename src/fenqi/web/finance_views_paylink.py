"""The pay link of a reminder: pays that bill without signing in, shows a masked identity only, and does nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

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
            return _pay(request, token, link)
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
def outcome(request: HttpRequest, token: str, reference: UUID) -> HttpResponse:
    """What became of the payment made by this link."""
    try:
        link = servicing.pay_link(token)
    except NotFound:
        return render(request, "web/finance/paylink_gone.html", {"state": "unknown"}, status=404)
    page = payment_page(link.borrower_id, str(reference))
    if set(page["payment"].subject.get("loan_ids", [])) != {str(one) for one in link.loan_ids}:
        raise NotFound(_("没有这笔付款。"))
    return render(request, "web/finance/paylink_outcome.html", page | {"link": link})


def _pay(request: HttpRequest, token: str, link: servicing.PayLinkView) -> HttpResponse:
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
        outcome_url=reverse("pay-link-outcome", args=[token, reference]),
    )
