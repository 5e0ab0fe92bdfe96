"""The cart of whoever is at the door: a guest's lives in the session, a shopper's in the mall; sign-in merges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.mall import queries, services
from fenqi.mall.errors import CartFull
from fenqi.mall.services import Item
from fenqi.mall.services.cart import MOST_LINES, MOST_OF_ONE, check_item, check_quantity
from fenqi.plumbing.pages import current_borrower_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpRequest

_GUEST = "guest_cart"
_COUNT = "cart_count"


def current(request: HttpRequest) -> queries.Cart:
    """What is in the cart now; remembers the count for the badge."""
    borrower_id = _merged(request)
    cart = (
        queries.Cart(lines=queries.priced(_guest_items(request)))
        if borrower_id is None
        else queries.cart(borrower_id=borrower_id)
    )
    if request.session.get(_COUNT) != cart.count:
        request.session[_COUNT] = cart.count
    return cart


def keep_badge(request: HttpRequest) -> None:
    """After sign-in the badge counts what is in the shopper's cart; costs nothing on later pages."""
    if request.session.get(_GUEST) or _COUNT not in request.session:
        current(request)


def add(request: HttpRequest, *, sku: str, quantity: int) -> None:
    """Raises: QuantityWrong, NotOnSale, CartFull."""
    borrower_id = _merged(request)
    if borrower_id is None:
        check_item(Item(sku=sku, quantity=quantity))
        lines = request.session.get(_GUEST, [])
        known = {line[0]: line for line in lines}
        if sku not in known and len(lines) >= MOST_LINES:
            raise CartFull(_("购物车最多放 50 种商品，请先结算或删除一些。"))
        before = known[sku][1] if sku in known else 0
        rest = [line for line in lines if line[0] != sku]
        request.session[_GUEST] = [[sku, min(before + quantity, MOST_OF_ONE), True], *rest]
    else:
        services.add_to_cart(borrower_id=borrower_id, sku=sku, quantity=quantity)
    current(request)


def set_quantity(request: HttpRequest, *, sku: str, quantity: int) -> None:
    """Raises: QuantityWrong."""
    borrower_id = _merged(request)
    if borrower_id is None:
        check_quantity(quantity)
        request.session[_GUEST] = [
            [line[0], quantity if line[0] == sku else line[1], line[2]]
            for line in request.session.get(_GUEST, [])
        ]
    else:
        services.set_cart_line(borrower_id=borrower_id, sku=sku, quantity=quantity)


def remove(request: HttpRequest, *, sku: str) -> None:
    """Take a line out."""
    borrower_id = _merged(request)
    if borrower_id is None:
        request.session[_GUEST] = [line for line in request.session.get(_GUEST, []) if line[0] != sku]
    else:
        services.remove_from_cart(borrower_id=borrower_id, skus=[sku])


def select(request: HttpRequest, *, skus: Collection[str]) -> None:
    """Choose exactly these lines."""
    borrower_id = _merged(request)
    if borrower_id is None:
        request.session[_GUEST] = [
            [line[0], line[1], line[0] in skus] for line in request.session.get(_GUEST, [])
        ]
    else:
        services.select_lines(borrower_id=borrower_id, skus=skus)


def ordered(request: HttpRequest, *, skus: Collection[str]) -> None:
    """
    What was ordered leaves a guest's cart too, and the badge is counted anew.

    A guest who signs in during the checkout has not been to the cart since: the order took the lines out of the
    shopper's cart, but theirs are still waiting in the session to be merged.
    """
    if request.session.get(_GUEST):
        request.session[_GUEST] = [line for line in request.session[_GUEST] if line[0] not in skus]
    request.session.pop(_COUNT, None)


def _merged(request: HttpRequest) -> int | None:
    """The shopper, with what they chose as a guest brought along."""
    borrower_id = current_borrower_id(request)
    if borrower_id is not None and request.session.get(_GUEST):
        services.merge_cart(borrower_id=borrower_id, items=_guest_items(request))
        del request.session[_GUEST]
    return borrower_id


def _guest_items(request: HttpRequest) -> list[Item]:
    return [
        Item(sku=sku, quantity=quantity, is_selected=is_selected)
        for sku, quantity, is_selected in request.session.get(_GUEST, [])
    ]
