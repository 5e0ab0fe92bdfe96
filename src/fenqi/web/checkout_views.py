"""结算 and 分期方案: what is bought and how each line is paid, then every lender's plans on one board, open to guests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.credit import cost_table, explaining
from fenqi.credit import services as credit
from fenqi.credit.errors import PlanUnknown
from fenqi.mall import queries as mall_queries
from fenqi.mall import services as mall
from fenqi.mall.errors import AddressMissing
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import current_borrower_id, safe_next
from fenqi.purchases import services as purchases
from fenqi.web import mall_checkout
from fenqi.web.checkout_common import reasons, steps, summary_of
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from fenqi.credit.quotes import QuotedPlan
    from fenqi.credit.services import Board
    from fenqi.mall.queries import Order
    from fenqi.web.mall_checkout import Selection

_LAST = "checkout_last"


@dataclass(frozen=True, kw_only=True)
class _Basis:
    """What a plan is chosen for: goods still in the checkout, or an order that waits to be paid."""

    amount_fen: int
    total_fen: int
    selection: Selection | None = None
    order: Order | None = None

    @property
    def reference(self) -> str:
        """Names the attempt: of a checkout always the same one, of an order that tries another plan a new one."""
        return self.selection.reference if self.selection else uuid4().hex

    @property
    def query(self) -> str:
        return f"?{urlencode({'order': self.order.number})}" if self.order else ""


@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Goods, how each is paid, address; 分期付款 leads to the board, 全款支付 to the payment."""
    selection = mall_checkout.selection(request)
    if selection is None or not selection.lines:
        return _nothing_chosen(request)
    if request.method == "GET":
        return _checkout_page(request, selection)
    wants_installments = request.POST.get("go") == "installments"
    financed = mall_checkout.read_choice(request.POST, selection) if wants_installments else []
    if wants_installments and not financed and len(selection.lines) == 1:
        financed = [selection.lines[0].sku]  # with one thing there is nothing to choose
    mall_checkout.choose(request, financed_skus=financed, address_id=_address_posted(request))
    selection = mall_checkout.selection(request)
    assert selection is not None
    try:
        _insist_on_goods(selection)
        if not wants_installments:
            return _order_in_full(request, selection)
        _insist_on_amount(selection)
    except Refusal as e:
        return _checkout_page(request, selection, refusal=e)
    return HttpResponseRedirect("/checkout/plans/")


@require_http_methods(["GET", "POST"])
def plans(request: HttpRequest) -> HttpResponse:
    """The plan board; choosing a plan begins the application."""
    if request.method == "POST" and (again := _chosen_before(request)):
        return again
    basis = _basis(request)
    if basis is None:
        return _nothing_chosen(request)
    if basis.amount_fen == 0:
        return HttpResponseRedirect("/checkout/")
    if request.method == "GET":
        return _board_page(request, basis, picked=request.GET.get("plan", ""))
    key = request.POST.get("plan", "")
    try:
        if not key:
            raise PlanUnknown(_("请先选择一个分期方案。"), field="plan")
        return _apply(request, basis, key=key, seen=request.POST.get(f"seen-{key}", ""))
    except Refusal as e:
        if e.field == "lines":
            flash(request, e, kind="late")
            return HttpResponseRedirect("/checkout/")
        return _board_page(request, basis, picked=key, refusal=e)


@require_GET
def why(request: HttpRequest) -> HttpResponse:
    """为什么是这个数: the engine's own derivation of one figure of the board, step by step."""
    figure = request.GET.get("figure", "")
    try:
        amount_fen = int(request.GET.get("amount_fen", ""))
        if figure not in explaining.FIGURES:
            raise ValueError(figure)
    except ValueError as e:
        raise PlanUnknown(_("没有这个数字的说明。")) from e
    quote = credit.make_quote(
        key=request.GET.get("plan", ""), amount_fen=amount_fen, on=business_date.current()
    )
    language = "zh" if (get_language() or "zh").startswith("zh") else "en"
    page = {
        "quote": quote,
        "lender_name": cost_table.lender_name(quote),
        "figure": figure,
        "lines": explaining.derivation(quote, figure, language=language),
        "summary": explaining.why(quote, figure),
        "back_url": safe_next(request, request.GET.get("back"), "/checkout/plans/"),
    }
    return render(request, "web/checkout/why.html", page)


def _checkout_page(
    request: HttpRequest, selection: Selection, *, refusal: Refusal | None = None
) -> HttpResponse:
    borrower_id = current_borrower_id(request)
    addresses = mall_queries.addresses(borrower_id=borrower_id) if borrower_id else ()
    chosen = selection.address_id or (addresses[0].id if addresses else None)
    page = {
        "selection": selection,
        "addresses": addresses,
        "chosen_address": chosen,
        "refusal": refusal,
        "back_url": "/cart/" if selection.from_cart else "/",
    }
    return render(request, "web/checkout/checkout.html", page, status=refusal.status if refusal else 200)


def _board_page(
    request: HttpRequest, basis: _Basis, *, picked: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    on = business_date.current()
    page: dict[str, Any] = {
        "basis": basis,
        "business_date": on,
        "reference": request.POST.get("reference") or basis.reference,
        "steps": steps("plan"),
        "refusal": refusal,
        "back_url": f"/orders/{basis.order.number}/" if basis.order else "/checkout/",
    }
    try:
        board = credit.make_quotes(amount_fen=basis.amount_fen, on=on)
    except Refusal as e:
        page |= {"refusal": e, "rows": [], "terms": []}
        return render(request, "web/checkout/plans.html", page, status=e.status)
    page |= _board_rows(
        board, term=request.GET.get("term", ""), picked=picked, back=f"/checkout/plans/{basis.query}"
    )
    template = "web/checkout/_board.html" if request.headers.get("HX-Request") else "web/checkout/plans.html"
    response = render(request, template, page, status=refusal.status if refusal else 200)
    response.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
    return response


def _board_rows(board: Board, *, term: str, picked: str, back: str) -> dict[str, Any]:
    wanted = int(term) if term.isascii() and term.isdigit() and int(term) in board.terms else None
    shown = [row for row in board.rows if wanted in (None, row.installments)]
    if board.row(picked) is None:
        picked = ""
    return {
        "rows": [_row(quote, is_picked=quote.key == picked, back=back) for quote in shown],
        "terms": board.terms,
        "term": wanted,
        "missing": board.missing,
    }


def _row(quote: QuotedPlan, *, is_picked: bool, back: str) -> dict[str, Any]:
    return {
        "quote": quote,
        "lender_name": cost_table.lender_name(quote),
        "method": cost_table.method_name(quote.method),
        "bearers": cost_table.bearers(quote),
        "settlement": cost_table.settlement_tag(quote),
        "seen": quote.fingerprint(),
        "is_picked": is_picked,
        "why": reasons(quote, back=back),
    }


def _apply(request: HttpRequest, basis: _Basis, *, key: str, seen: str) -> HttpResponse:
    """Place the order, hold the quote, begin the application; a guest signs in and a new shopper gives an address first."""
    here = f"/checkout/plans/{basis.query}{'&' if basis.query else '?'}{urlencode({'plan': key})}"
    borrower_id = current_borrower_id(request)
    if borrower_id is None:
        return HttpResponseRedirect(f"/sign-in/?{urlencode({'next': here})}")
    if basis.selection and _address_of(borrower_id, basis.selection) is None:
        return HttpResponseRedirect(f"/me/addresses/new/?{urlencode({'next': here})}")
    held = credit.hold_quote(key=key, amount_fen=basis.amount_fen, on=business_date.current(), seen=seen)
    order = basis.order or _place(request, borrower_id, basis.selection)
    application_id = credit.start_application(
        borrower_id=borrower_id,
        order_id=order.id,
        order=summary_of(order),
        quote_id=held.id,
        reference=f"{order.id}:{request.POST.get('reference', '')[:64]}:{key}",
    )
    if basis.selection:
        request.session[_LAST] = {
            "reference": basis.selection.reference,
            "order": order.number,
            "application": str(application_id),
        }
        mall_checkout.finish(request)
    purchases.advance_application(borrower_id=borrower_id, application_id=application_id)
    return HttpResponseRedirect(f"/checkout/next/?application={application_id}")


def _basis(request: HttpRequest) -> _Basis | None:
    number = request.GET.get("order", "")
    if number:
        borrower_id = current_borrower_id(request)
        if borrower_id is None:
            return None
        order = mall_queries.order(borrower_id=borrower_id, number=number)
        if not order.is_unpaid or order.financed_paid_at:
            return None
        return _Basis(amount_fen=order.financed_amount_fen, total_fen=order.total_fen, order=order)
    selection = mall_checkout.selection(request)
    if selection is None or not selection.lines:
        return None
    return _Basis(amount_fen=selection.financed_fen, total_fen=selection.total_fen, selection=selection)


def _chosen_before(request: HttpRequest) -> HttpResponse | None:
    """A second click, or the back button after the order was placed: go on with the order that stands."""
    last = request.session.get(_LAST)
    if not last or request.POST.get("reference") != last["reference"]:
        return None
    return HttpResponseRedirect(f"/checkout/next/?application={last['application']}")


def _order_in_full(request: HttpRequest, selection: Selection) -> HttpResponse:
    borrower_id = current_borrower_id(request)
    if borrower_id is None:
        return HttpResponseRedirect(f"/sign-in/?{urlencode({'next': '/checkout/'})}")
    if _address_of(borrower_id, selection) is None:
        return HttpResponseRedirect(f"/me/addresses/new/?{urlencode({'next': '/checkout/'})}")
    order = _place(request, borrower_id, selection)
    mall_checkout.finish(request)
    return HttpResponseRedirect(f"/checkout/pay/?{urlencode({'order': order.number})}")


def _place(request: HttpRequest, borrower_id: int, selection: Selection | None) -> Order:
    assert selection is not None
    address_id = _address_of(borrower_id, selection)
    if address_id is None:
        raise AddressMissing(_("请选择收货地址。"), field="address_id")
    shown = request.POST.get("total_fen", "")
    order_id = mall.place_order(
        borrower_id=borrower_id,
        lines=selection.items,
        financed_skus=selection.financed_skus,
        address_id=address_id,
        reference=selection.reference,
        from_cart=selection.from_cart,
        expected_total_fen=int(shown) if shown.isascii() and shown.isdigit() else None,
    )
    return mall_queries.order(borrower_id=borrower_id, order_id=order_id)


def _address_of(borrower_id: int, selection: Selection) -> UUID | None:
    """The address chosen, else the first of the book."""
    known = mall_queries.addresses(borrower_id=borrower_id)
    chosen = next((one for one in known if one.id == selection.address_id), None)
    return (chosen or known[0]).id if known else None


def _address_posted(request: HttpRequest) -> UUID | None:
    borrower_id = current_borrower_id(request)
    posted = request.POST.get("address_id", "")
    if not posted or borrower_id is None:
        return None
    known = mall_queries.addresses(borrower_id=borrower_id)
    return next((one.id for one in known if str(one.id) == posted), None)


def _insist_on_goods(selection: Selection) -> None:
    if not selection.is_available:
        raise Refusal(
            _("有商品已售罄或下架。请返回购物车调整后再结算；没有下单，也没有扣款。"),
            code="sold_out",
            field="lines",
        )


def _insist_on_amount(selection: Selection) -> None:
    if not selection.financed_skus:
        raise Refusal(_("请勾选要分期付款的商品。"), code="nothing_financed", field="financed")
    credit.check_amount(amount_fen=selection.financed_fen, on=business_date.current())


def _nothing_chosen(request: HttpRequest) -> HttpResponse:
    last = request.session.get(_LAST)
    if last:
        # The back button after the order was placed: the order goes on where it waits.
        return HttpResponseRedirect(f"/checkout/next/?application={last['application']}")
    flash(request, _("没有待结算的商品，请先选择商品。"), kind="info")
    return HttpResponseRedirect("/cart/")
