"""The application's own pages: where it waits, the decision, the agreement to read and sign, the signed document."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.credit import agreement_text, cost_table
from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.credit.errors import PlanUnknown, QuoteChanged
from fenqi.credit.quotes import changes
from fenqi.mall import queries as mall_queries
from fenqi.people import queries as people
from fenqi.plumbing import business_date, clock
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import shopper_required
from fenqi.purchases import queries as purchase_queries
from fenqi.web.checkout_common import address_of, application_of, reasons, steps
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest

    from fenqi.credit.queries import ApplicationView, Held
    from fenqi.purchases.queries import Journey


@require_GET
@shopper_required
def go_on(request: HttpRequest) -> HttpResponse:
    """Wherever the application waits: the one link that is right after any interruption."""
    application = application_of(request)
    journey = purchase_queries.journey(application=application)
    return to_step(journey)


@require_http_methods(["GET", "POST"])
@shopper_required
def agreement(request: HttpRequest) -> HttpResponse:
    """综合融资成本明示表, the text and the mandate; signed only after the time the rule asks."""
    application = application_of(request)
    cards = people.cards(application.borrower_id) if application.state == "approved" else []
    if application.state != "approved" or not cards:
        return to_step(purchase_queries.journey(application=application))
    held = credit_queries.find_quote(quote_id=application.quote_id)
    on = business_date.current()
    if not held.stands(now=clock.wall(), on=on):
        return _renewal_page(request, application, held)
    if request.method == "GET":
        return _agreement_page(request, application, held, cards)
    try:
        _insist_on_open_order(application)
        credit.sign_agreement(
            borrower_id=application.borrower_id,
            application_id=application.id,
            page=request.POST.get("page", ""),
            is_accepted=request.POST.get("is_accepted") == "on",
            card_id=_uuid(request.POST.get("card_id", "")),
            evidence=evidence_of(request),
        )
    except QuoteChanged as e:
        flash(request, e, kind="warn")
        return HttpResponseRedirect(f"/checkout/agreement/?application={application.id}")
    except NotFound:
        raise
    except Refusal as e:
        return _agreement_page(request, application, held, cards, refusal=e)
    return HttpResponseRedirect(f"/checkout/confirm/?application={application.id}")


@require_POST
@shopper_required
def renew(request: HttpRequest) -> HttpResponse:
    """The shopper has seen what changed and takes the new quote."""
    application = application_of(request)
    held = credit_queries.find_quote(quote_id=application.quote_id)
    fresh, _changed = credit.renew_quote(held=held, on=business_date.current())
    if fresh.digest.hex() != request.POST.get("digest", ""):
        flash(request, _("报价刚刚又有变化，请再核对一次。"), kind="warn")
    else:
        credit.replace_quote(
            borrower_id=application.borrower_id, application_id=application.id, quote_id=fresh.id
        )
    return HttpResponseRedirect(f"/checkout/agreement/?application={application.id}")


@require_GET
@shopper_required
def document(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """The signed PDF, for the person who signed it only."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    view = credit_queries.agreement(borrower_id=borrower_id, agreement_id=agreement_id)
    content = credit.agreement_pdf(borrower_id=borrower_id, agreement_id=agreement_id)
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{view.number}.pdf"'
    return response


def to_step(journey: Journey) -> HttpResponseRedirect:
    """The page of the step an application waits at."""
    application = journey.application
    return HttpResponseRedirect(
        address_of(journey.step, application_id=application.id, order_number=application.order.number)
    )


def _agreement_page(
    request: HttpRequest,
    application: ApplicationView,
    held: Held,
    cards: list[people.Card],
    *,
    refusal: Refusal | None = None,
) -> HttpResponse:
    quote, number = held.quote, application.order.number
    typed = request.POST
    is_chinese = (get_language() or "zh").startswith("zh")
    card = next((card for card in cards if str(card.id) == typed.get("card_id")), cards[0])
    page: dict[str, Any] = {
        "application": application,
        "quote": quote,
        "lender_name": cost_table.lender_name(quote),
        "table": cost_table.build(quote),
        "why": reasons(quote, back=f"/checkout/agreement/?application={application.id}"),
        "text": agreement_text.agreement(quote, order_number=number),
        "summary": None
        if is_chinese
        else agreement_text.agreement(quote, order_number=number, language="en"),
        "mandate": agreement_text.mandate(
            quote, bank=card.bank, tail=card.tail, language="zh" if is_chinese else "en"
        ),
        "cards": cards,
        "card_id": card.id,
        "is_accepted": typed.get("is_accepted") == "on",
        "refusal": refusal,
        "reading_seconds": credit.reading_seconds(),
        # What was read stays read: a page sent back with an error keeps the time it was first shown.
        "page_token": typed.get("page")
        or credit.issue_page(
            borrower_id=application.borrower_id,
            application_id=application.id,
            quote=quote,
            order_number=number,
        ),
        "steps": steps("agreement"),
        "back_url": f"/orders/{number}/",
    }
    return render(request, "web/checkout/agreement.html", page, status=refusal.status if refusal else 200)


def _renewal_page(request: HttpRequest, application: ApplicationView, held: Held) -> HttpResponse:
    """The quote ran out: what the same plan costs now, and what differs, before anything is replaced."""
    page: dict[str, Any] = {
        "application": application,
        "before": held.quote,
        "lender_name": cost_table.lender_name(held.quote),
        "steps": steps("agreement"),
        "back_url": f"/orders/{application.order.number}/",
    }
    try:
        fresh = credit.make_quote(
            key=held.quote.key, amount_fen=held.quote.amount_fen, on=business_date.current()
        )
    except PlanUnknown as e:
        return render(request, "web/checkout/renewal.html", page | {"refusal": e}, status=e.status)
    page |= {"after": fresh, "changes": changes(held.quote, fresh), "digest": fresh.digest().hex()}
    return render(request, "web/checkout/renewal.html", page)


def _insist_on_open_order(application: ApplicationView) -> None:
    order = mall_queries.order(borrower_id=application.borrower_id, order_id=application.order_id)
    if not order.is_unpaid:
        raise Refusal(_("订单已取消或已支付，不能再签署协议；没有放款。"), code="order_closed")


def evidence_of(request: HttpRequest) -> dict[str, Any]:
    """How the signature came about; the session only as a hash, never itself."""
    key = request.session.session_key or ""
    return {
        "address": request.META.get("REMOTE_ADDR", ""),
        "browser": request.META.get("HTTP_USER_AGENT", "")[:200],
        "session": hashlib.sha256(key.encode()).hexdigest()[:32],
        "signed_in_at": request.session.get("signed_in_at", ""),
        "language": get_language() or "",
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
