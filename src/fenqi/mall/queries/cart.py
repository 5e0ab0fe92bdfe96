"""What is in a cart, at today's prices and stock. One shape for shoppers and for guests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fenqi.mall.models import CartLine as CartLineRow
from fenqi.mall.models import Stock, Variant
from fenqi.mall.queries.language import picture_url, worded
from fenqi.mall.services.cart import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class CartLine:
    """One variant in a cart. `available` is what the shelf holds now."""

    sku: str
    product_slug: str
    name: str
    option: str
    picture_url: str
    unit_price_fen: int
    quantity: int
    amount_fen: int
    available: int
    is_selected: bool

    @property
    def is_available(self) -> bool:
        """As many as wanted are on the shelf."""
        return self.quantity <= self.available

    @property
    def quantity_field(self) -> str:
        """The name of its number in the cart's form."""
        return f"quantity-{self.sku}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cart:
    """Lines, newest first."""

    lines: tuple[CartLine, ...]

    @property
    def selected(self) -> tuple[CartLine, ...]:
        """What 去结算 takes along: chosen and in stock."""
        return tuple(line for line in self.lines if line.is_selected and line.is_available)

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def total_fen(self) -> int:
        """Of the selected lines."""
        return sum(line.amount_fen for line in self.selected)


def cart(*, borrower_id: int) -> Cart:
    """A signed-in shopper's cart."""
    rows = CartLineRow.objects.filter(borrower_id=borrower_id).order_by("-added_at", "sku")
    return Cart(
        lines=priced([Item(sku=row.sku, quantity=row.quantity, is_selected=row.is_selected) for row in rows])
    )


def priced(items: Sequence[Item]) -> tuple[CartLine, ...]:
    """Items at the catalogue's prices, in the order given; what is no longer offered is left out."""
    if not items:
        return ()
    variants = _variants(item.sku for item in items)
    stock = dict(Stock.objects.filter(sku__in=list(variants)).values_list("sku", "available"))
    return tuple(
        CartLine(
            sku=item.sku,
            product_slug=variant.product_id,
            name=worded(variant.product, "name"),
            option=" · ".join(filter(None, [worded(variant, "colour"), worded(variant, "option")])),
            picture_url=picture_url(variant.picture),
            unit_price_fen=variant.price_fen,
            quantity=item.quantity,
            amount_fen=variant.price_fen * item.quantity,
            available=stock.get(item.sku, 0),
            is_selected=item.is_selected,
        )
        for item in items
        if (variant := variants.get(item.sku)) is not None
    )


def _variants(skus: Iterable[str]) -> dict[str, Variant]:
    rows = Variant.objects.select_related("product").filter(
        sku__in=list(skus), is_on_sale=True, product__is_on_sale=True
    )
    return {row.sku: row for row in rows}
