"""The cart of a signed-in shopper; a guest's cart is kept by the door and merged here at sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import CartFull, NotOnSale, QuantityWrong
from fenqi.mall.models import CartLine, Variant
from fenqi.plumbing import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MOST_LINES = 50
MOST_OF_ONE = 99


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """So many of one variant."""

    sku: str
    quantity: int
    is_selected: bool = True


def check_item(item: Item) -> None:
    """Raises: QuantityWrong; NotOnSale if there is no such variant or it is no longer offered."""
    check_quantity(item.quantity)
    if not Variant.objects.filter(sku=item.sku, is_on_sale=True, product__is_on_sale=True).exists():
        raise NotOnSale(_("这款商品已下架。"), field="sku", sku=item.sku)


def check_quantity(quantity: int) -> None:
    """Raises: QuantityWrong."""
    if not 1 <= quantity <= MOST_OF_ONE:
        raise QuantityWrong(_("件数须是 1 到 99 的整数。"), field="quantity")


@transaction.atomic
def add_to_cart(*, borrower_id: int, sku: str, quantity: int = 1) -> None:
    """
    Put goods into the cart; what is there already of the same variant is added to, up to 99.

    Raises: QuantityWrong, NotOnSale, CartFull.
    """
    check_item(Item(sku=sku, quantity=quantity))
    _add(borrower_id=borrower_id, items=[Item(sku=sku, quantity=quantity)])
    if CartLine.objects.filter(borrower_id=borrower_id).count() > MOST_LINES:
        raise CartFull(_("购物车最多放 50 种商品，请先结算或删除一些。"))


@transaction.atomic
def merge_cart(*, borrower_id: int, items: Sequence[Item]) -> None:
    """Bring a guest's cart along at sign-in. What is no longer sold, or no longer fits, stays behind."""
    offered = set(
        Variant.objects.filter(
            sku__in=[item.sku for item in items], is_on_sale=True, product__is_on_sale=True
        ).values_list("sku", flat=True)
    )
    room = MOST_LINES - CartLine.objects.filter(borrower_id=borrower_id).count()
    fitting = [item for item in items if item.sku in offered and 1 <= item.quantity <= MOST_OF_ONE]
    _add(borrower_id=borrower_id, items=fitting[: max(room, 0)])


@transaction.atomic
def set_cart_line(*, borrower_id: int, sku: str, quantity: int) -> None:
    """Change how many are wanted; a line that is gone stays gone. Raises: QuantityWrong."""
    check_quantity(quantity)
    CartLine.objects.filter(borrower_id=borrower_id, sku=sku).update(quantity=quantity)


@transaction.atomic
def remove_from_cart(*, borrower_id: int, skus: Collection[str]) -> None:
    """Take lines out; those that are not there do not matter."""
    CartLine.objects.filter(borrower_id=borrower_id, sku__in=list(skus)).delete()


@transaction.atomic
def select_lines(*, borrower_id: int, skus: Collection[str]) -> None:
    """Choose exactly these lines for the checkout."""
    lines = CartLine.objects.filter(borrower_id=borrower_id)
    lines.exclude(sku__in=list(skus)).filter(is_selected=True).update(is_selected=False)
    lines.filter(sku__in=list(skus), is_selected=False).update(is_selected=True)


def _add(*, borrower_id: int, items: Sequence[Item]) -> None:
    # One upsert a line: two tabs adding the same thing at once both count.
    with connection.cursor() as cursor:
        for item in sorted(items, key=lambda item: item.sku):
            cursor.execute(
                """
                INSERT INTO mall_cartline (borrower_id, sku, quantity, is_selected, added_at)
                VALUES (%s, %s, %s, %s, %s)
                ON CONFLICT (borrower_id, sku) DO UPDATE
                SET quantity = least(mall_cartline.quantity + excluded.quantity, %s), is_selected = true
                """,
                [borrower_id, item.sku, item.quantity, item.is_selected, clock.now(), MOST_OF_ONE],
            )
