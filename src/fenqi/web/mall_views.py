"""Shelves, products, the cart."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fenqi.credit import queries as credit
from fenqi.mall import pictures, queries
from fenqi.mall.services import Item
from fenqi.mall.services.cart import check_item
from fenqi.plumbing.errors import Refusal
from fenqi.web import mall_cart, mall_checkout
from fenqi.web.mall_forms import BuyForm, FilterForm
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest

_A_MONTH = 30 * 24 * 3600


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page."""
    mall_cart.keep_badge(request)
    return render(request, "web/mall/home.html", {"home": queries.home()})


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """All shelves, each with a few of its goods."""
    mall_cart.keep_badge(request)
    return render(request, "web/mall/categories.html", {"home": queries.home()})


@require_safe
def shelf(request: HttpRequest, category: str = "") -> HttpResponse:
    """One shelf, or what a search found."""
    form = FilterForm(request.GET)
    category = category or request.GET.get("category", "").replace("\x00", "")
    wanted = form.wanted(category=category)
    found = queries.shelf(wanted)
    parameters = request.GET.copy()
    parameters.pop("page", None)
    return render(
        request,
        "web/mall/shelf.html",
        {
            "form": form,
            "wanted": wanted,
            "shelf": found,
            "categories": queries.categories(),
            "chosen": wanted.attributes,
            "is_narrowed": bool(
                wanted.attributes or wanted.least_fen is not None or wanted.most_fen is not None
            ),
            "query": parameters.urlencode(),
            "page_tab": "categories" if category else "shop",
        },
    )


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product with one of its variants chosen (?v=sku)."""
    form = BuyForm(initial={"quantity": 1})
    return render(request, "web/mall/product.html", _product_context(slug, request.GET.get("v", ""), form))


@require_POST
def buy(request: HttpRequest, slug: str) -> HttpResponse:
    """加入购物车, 立即购买, or straight to the plan board."""
    form = BuyForm(request.POST)
    go = request.POST.get("go", "add")
    if form.is_valid():
        sku, quantity = form.cleaned_data["sku"], form.cleaned_data["quantity"]
        try:
            if go == "add":
                return _added(request, slug, sku, quantity)
            return _buy_now(request, slug, sku, quantity, by_installments=go == "installments")
        except Refusal as refusal:
            form.add_error("quantity", str(refusal))
    context = _product_context(slug, request.POST.get("sku", ""), form)
    return render(request, "web/mall/product.html", context, status=422)


def _added(request: HttpRequest, slug: str, sku: str, quantity: int) -> HttpResponse:
    mall_cart.add(request, sku=sku, quantity=quantity)
    flash(request, _("已加入购物车"), link_url=reverse("cart"), link_label=_("去购物车"))
    return HttpResponseRedirect(f"{reverse('product', args=[slug])}?v={sku}")


def _buy_now(
    request: HttpRequest, slug: str, sku: str, quantity: int, *, by_installments: bool
) -> HttpResponse:
    item = Item(sku=sku, quantity=quantity)
    check_item(item)
    if not queries.priced([item])[0].is_available:
        flash(request, _("库存不够这个件数，请减少后再试。"), kind="warn")
        return HttpResponseRedirect(f"{reverse('product', args=[slug])}?v={sku}")
    financed = [sku] if by_installments else []
    mall_checkout.begin(request, items=[item], from_cart=False, financed_skus=financed)
    return HttpResponseRedirect("/checkout/")


def _product_context(slug: str, sku: str, form: BuyForm) -> dict[str, Any]:
    page = queries.product_page(slug, variant=sku)
    return {
        "product": page,
        "form": form,
        "offer": credit.cheapest_per_period(amount_fen=page.chosen.price_fen),
    }


@require_http_methods(["GET", "POST"])
def cart(request: HttpRequest) -> HttpResponse:
    """What is in the cart; every change is one form, so that it works without scripts."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = _change_cart(request)
        if not errors:
            return _after_cart_change(request)
    return render(
        request,
        "web/mall/cart.html",
        {"cart": mall_cart.current(request), "errors": errors, "typed": request.POST},
        status=422 if errors else 200,
    )


def _change_cart(request: HttpRequest) -> dict[str, str]:
    """Do what the form asks; what cannot be done is told per line (sku → sentence), and nothing else is lost."""
    posted = request.POST
    errors: dict[str, str] = {}
    before = mall_cart.current(request)
    held = {line.sku for line in before.lines}
    if posted.get("remove") in held:
        mall_cart.remove(request, sku=posted["remove"])
        before = mall_cart.current(request)
    if posted.get("shown"):
        mall_cart.select(request, skus=[sku for sku in posted.getlist("line") if sku in held])
    for line in before.lines:
        text = posted.get(f"quantity-{line.sku}", str(line.quantity)).strip()
        if not (text.isascii() and text.isdecimal() and len(text) < 4):
            errors[line.sku] = _("件数须是 1 到 99 的整数。")
            continue
        step = (posted.get("more") == line.sku) - (posted.get("less") == line.sku)
        quantity = int(text) + step
        if quantity == line.quantity:
            continue
        try:
            mall_cart.set_quantity(request, sku=line.sku, quantity=quantity)
        except Refusal as refusal:
            errors[line.sku] = str(refusal)
    return errors


def _after_cart_change(request: HttpRequest) -> HttpResponse:
    if request.POST.get("go") != "checkout":
        return HttpResponseRedirect(reverse("cart"))
    chosen = mall_cart.current(request)
    if not chosen.selected:
        flash(request, _("请先选择要结算的商品。"), kind="warn")
        return HttpResponseRedirect(reverse("cart"))
    if any(line.is_selected and not line.is_available for line in chosen.lines):
        flash(request, _("有商品库存不足，请减少件数或取消选择后再结算。"), kind="warn")
        return HttpResponseRedirect(reverse("cart"))
    items = [Item(sku=line.sku, quantity=line.quantity) for line in chosen.selected]
    mall_checkout.begin(request, items=items, from_cart=True)
    return HttpResponseRedirect("/checkout/")


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """A drawing of goods. Its name says all there is in it, so it may be kept."""
    try:
        svg = pictures.draw_named(name)
    except pictures.NoSuchPicture as e:
        raise Http404 from e
    tag = f'"{hashlib.sha256(svg.encode()).hexdigest()[:16]}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(svg, content_type="image/svg+xml")
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={_A_MONTH}"
    return response
