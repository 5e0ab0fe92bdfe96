"""确认支付 and what becomes of it: the part paid at once, the lender's payout, the page that looks again by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.credit import cost_table
from fenqi.credit import queries as credit_queries
from fenqi.mall import queries as mall_queries
from fenqi.mall.errors import OrderNotFound
from fenqi.payments import queries as payment_queries
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import shopper_required
from fenqi.purchases import queries as purchase_queries
from fenqi.purchases import services as purchases
from fenqi.web.checkout_common import application_of, methods, reasons, steps
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from fenqi.credit.queries import AgreementView, ApplicationView
    from fenqi.mall.queries import Order
    from fenqi.purchases.queries import PurchaseView

LOOK_AGAIN_SECONDS = 3


@require_http_methods(["GET", "POST"])
@shopper_required
def confirm(request: HttpRequest) -> HttpResponse:
    """The last look: what is financed, what is paid now and how; then 确认支付."""
    application = application_of(request)
    standing = purchase_queries.purchase_of_order(
        borrower_id=application.borrower_id, order_id=application.order_id
    )
    if standing and standing.state == "paying":
        return HttpResponseRedirect(_pay_address(standing))
    if application.state != "signed":
        return HttpResponseRedirect(f"/checkout/next/?application={application.id}")
    signed = credit_queries.agreement(borrower_id=application.borrower_id, application_id=application.id)
    if signed.signed_on != business_date.current():
        flash(request, _("协议是前一天签署的，还款日已变动，请重新选择方案并签署；没有放款。"), kind="warn")
        return HttpResponseRedirect(f"/checkout/plans/?{urlencode({'order': application.order.number})}")
    if request.method == "GET":
        return _confirm_page(request, application, signed)
    try:
        return _confirmed(request, application)
    except NotFound:
        raise
    except Refusal as e:
        return _confirm_page(request, application, signed, refusal=e)


@require_http_methods(["GET", "POST"])
@shopper_required
def pay(request: HttpRequest) -> HttpResponse:
    """The part of an order that is due at once, for an order without installments or after a payment that failed."""
    order = _order_of(request)
    purchase = purchase_queries.purchase_of_order(borrower_id=order.borrower_id, order_id=order.id)
    if purchase and not (purchase.state == "paying" and purchase.is_full_part_open):
        return HttpResponseRedirect(_waiting_address(order.number))
    if purchase is None and (order.financed_amount_fen or not order.is_unpaid):
        return HttpResponseRedirect(f"/orders/{order.number}/")
    if request.method == "GET":
        return _pay_page(request, order, purchase)
    try:
        return _pay_now(request, order.borrower_id, order.id, order.number)
    except NotFound:
        raise
    except Refusal as e:
        return _pay_page(request, order, purchase, refusal=e)


@require_GET
@shopper_required
def waiting(request: HttpRequest) -> HttpResponse:
    """Money is on its way or we do not know yet: said so, and looked at again."""
    order = _order_of(request)
    purchase = purchase_queries.purchase_of_order(borrower_id=order.borrower_id, order_id=order.id)
    if purchase is None:
        return HttpResponseRedirect(f"/orders/{order.number}/")
    if purchase.state in ("paying", "disbursing"):
        purchases.advance_purchase(borrower_id=order.borrower_id, purchase_id=purchase.id)
        purchase = purchase_queries.purchase(borrower_id=order.borrower_id, purchase_id=purchase.id)
    if purchase.state == "done":
        return HttpResponseRedirect(f"/checkout/result/?{urlencode({'order': order.number})}")
    if purchase.state == "failed":
        # Another plan may have been chosen since: the newest application is the one that waits.
        newest = credit_queries.applications_of_order(borrower_id=order.borrower_id, order_id=order.id)[0]
        return HttpResponseRedirect(f"/checkout/next/?application={newest.id}")
    payment = _payment_of(purchase)
    if purchase.is_full_part_open and (payment is None or payment.state == "FAILED"):
        return HttpResponseRedirect(_pay_address(purchase))
    page = {
        "order": order,
        "purchase": purchase,
        "payment": payment,
        "look_again": LOOK_AGAIN_SECONDS,
        "steps": steps("confirm") if purchase.application_id else None,
        "back_url": f"/orders/{order.number}/",
        "back_label": _("我的订单"),
    }
    return render(request, "web/checkout/waiting.html", page)


@require_GET
@shopper_required
def result(request: HttpRequest) -> HttpResponse:
    """Paid: what was paid, what is owed from when, the agreement to keep."""
    order = _order_of(request)
    purchase = purchase_queries.purchase_of_order(borrower_id=order.borrower_id, order_id=order.id)
    if purchase is None or purchase.state != "done":
        return HttpResponseRedirect(_waiting_address(order.number))
    signed = (
        credit_queries.agreement(borrower_id=order.borrower_id, agreement_id=purchase.agreement_id)
        if purchase.agreement_id
        else None
    )
    page = {
        "order": order,
        "purchase": purchase,
        "agreement": signed,
        "lender_name": cost_table.lender_name(signed.quote) if signed else "",
        "back_url": f"/orders/{order.number}/",
        "back_label": _("我的订单"),
    }
    return render(request, "web/checkout/result.html", page)


def _confirmed(request: HttpRequest, application: ApplicationView) -> HttpResponse:
    reference = _reference(request)
    if application.order.full_amount_fen:
        purchases.check_method(borrower_id=application.borrower_id, method=request.POST.get("method", ""))
    purchase_id = purchases.confirm_purchase(
        borrower_id=application.borrower_id, application_id=application.id, reference=reference
    )
    if application.order.full_amount_fen:
        return _pay_now(request, application.borrower_id, application.order_id, application.order.number)
    purchases.advance_purchase(borrower_id=application.borrower_id, purchase_id=purchase_id)
    return HttpResponseRedirect(_waiting_address(application.order.number))


def _pay_now(request: HttpRequest, borrower_id: int, order_id: UUID, number: str) -> HttpResponse:
    start = purchases.pay_full_part(
        borrower_id=borrower_id,
        order_id=order_id,
        method=request.POST.get("method", ""),
        return_url=_waiting_address(number),
        reference=_reference(request),
    )
    return HttpResponseRedirect(start.redirect_url or _waiting_address(number))


def _confirm_page(
    request: HttpRequest,
    application: ApplicationView,
    signed: AgreementView,
    *,
    refusal: Refusal | None = None,
) -> HttpResponse:
    offered = methods(application.borrower_id)
    page: dict[str, Any] = {
        "application": application,
        "agreement": signed,
        "quote": signed.quote,
        "lender_name": cost_table.lender_name(signed.quote),
        "settlement": cost_table.settlement_rule(signed.quote),
        "why": reasons(signed.quote, back=f"/checkout/confirm/?application={application.id}"),
        "methods": offered,
        "picked": request.POST.get("method", offered[0].value),
        "reference": request.POST.get("reference") or uuid4(),
        "refusal": refusal,
        "steps": steps("confirm"),
        "back_url": f"/orders/{application.order.number}/",
    }
    return render(request, "web/checkout/confirm.html", page, status=refusal.status if refusal else 200)


def _pay_page(
    request: HttpRequest, order: Order, purchase: PurchaseView | None, *, refusal: Refusal | None = None
) -> HttpResponse:
    offered = methods(order.borrower_id)
    payment = _payment_of(purchase) if purchase else None
    page: dict[str, Any] = {
        "order": order,
        "purchase": purchase,
        "failure": payment.failure if payment and payment.state == "FAILED" else "",
        "methods": offered,
        "picked": request.POST.get("method", offered[0].value),
        "reference": request.POST.get("reference") or uuid4(),
        "refusal": refusal,
        "steps": steps("confirm") if purchase and purchase.application_id else None,
        "back_url": f"/orders/{order.number}/",
    }
    return render(request, "web/checkout/pay.html", page, status=refusal.status if refusal else 200)


def _payment_of(purchase: PurchaseView) -> payment_queries.Payment | None:
    if purchase.full_payment_id is None:
        return None
    return payment_queries.payment(borrower_id=purchase.borrower_id, payment_id=purchase.full_payment_id)


def _order_of(request: HttpRequest) -> Order:
    number = request.POST.get("order") or request.GET.get("order") or ""
    if not number:
        raise OrderNotFound(_("没有这个订单。"))
    return mall_queries.order(borrower_id=request.borrower_id, number=number)  # type: ignore[attr-defined]


def _reference(request: HttpRequest) -> str:
    try:
        return str(UUID(request.POST.get("reference", "")))
    except ValueError as e:
        raise Refusal(_("页面已失效，请刷新后重试；没有扣款。"), code="reference_missing") from e


def _waiting_address(number: str) -> str:
    return f"/checkout/waiting/?{urlencode({'order': number})}"


def _pay_address(purchase: PurchaseView) -> str:
    return f"/checkout/pay/?{urlencode({'order': purchase.order_number})}"
