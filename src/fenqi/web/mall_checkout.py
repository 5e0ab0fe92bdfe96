"""
What is on its way through the checkout: chosen goods and how each is to be paid, kept in the session, guests too.

Only names and quantities are kept; prices and stock are the catalogue's at every look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from fenqi.mall import queries
from fenqi.mall.services import Item
from fenqi.web import mall_cart

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django.http import HttpRequest, QueryDict

_CHECKOUT = "checkout"


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectedLine:
    """One line of the checkout."""

    sku: str
    product_slug: str
    name: str
    option: str
    picture_url: str
    unit_price_fen: int
    quantity: int
    amount_fen: int
    is_available: bool
    pays_by: str

    @property
    def is_financed(self) -> bool:
        return self.pays_by == "installments"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The checkout as a whole. `reference` names it: an order is placed once under it."""

    lines: tuple[SelectedLine, ...]
    address_id: UUID | None
    from_cart: bool
    reference: str
    lost: int

    @property
    def items(self) -> list[Item]:
        return [Item(sku=line.sku, quantity=line.quantity) for line in self.lines]

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def financed_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines if line.is_financed)

    @property
    def full_fen(self) -> int:
        return self.total_fen - self.financed_fen

    @property
    def financed_skus(self) -> list[str]:
        return [line.sku for line in self.lines if line.is_financed]

    @property
    def is_available(self) -> bool:
        """Everything is still on the shelf."""
        return not self.lost and all(line.is_available for line in self.lines)


def begin(
    request: HttpRequest, *, items: Sequence[Item], from_cart: bool, financed_skus: Collection[str] = ()
) -> None:
    """Start a checkout with these goods; an earlier one that was not finished is forgotten."""
    request.session[_CHECKOUT] = {
        "items": [[item.sku, item.quantity] for item in items],
        "financed": list(financed_skus),
        "address_id": None,
        "from_cart": from_cart,
        "reference": uuid4().hex,
    }


def selection(request: HttpRequest) -> Selection | None:
    """What is being bought, at today's prices; None when nothing is."""
    kept = request.session.get(_CHECKOUT)
    if not kept:
        return None
    items = [Item(sku=sku, quantity=quantity) for sku, quantity in kept["items"]]
    lines = tuple(
        SelectedLine(
            sku=line.sku,
            product_slug=line.product_slug,
            name=line.name,
            option=line.option,
            picture_url=line.picture_url,
            unit_price_fen=line.unit_price_fen,
            quantity=line.quantity,
            amount_fen=line.amount_fen,
            is_available=line.is_available,
            pays_by="installments" if line.sku in kept["financed"] else "full",
        )
        for line in queries.priced(items)
    )
    return Selection(
        lines=lines,
        address_id=UUID(kept["address_id"]) if kept["address_id"] else None,
        from_cart=kept["from_cart"],
        reference=kept["reference"],
        lost=len(items) - len(lines),
    )


def choose(
    request: HttpRequest,
    *,
    financed_skus: Collection[str] | None = None,
    address_id: UUID | None = None,
) -> None:
    """Keep a choice; what is not given stays. Another choice is another order, so it gets another reference."""
    kept = request.session.get(_CHECKOUT)
    if not kept:
        return
    changed = dict(kept)
    if financed_skus is not None:
        known = [sku for sku, _quantity in kept["items"]]
        changed["financed"] = [sku for sku in known if sku in financed_skus]
    if address_id is not None:
        changed["address_id"] = str(address_id)
    if changed != kept:
        request.session[_CHECKOUT] = {**changed, "reference": uuid4().hex}


def read_choice(posted: QueryDict, chosen: Selection) -> list[str]:
    """Which lines the checkout form wants by installments; forged names are ignored."""
    wanted = set(posted.getlist("financed"))
    return [line.sku for line in chosen.lines if line.sku in wanted]


def finish(request: HttpRequest) -> None:
    """The order stands; the checkout is empty again."""
    kept = request.session.pop(_CHECKOUT, None)
    if kept and kept["from_cart"]:
        mall_cart.ordered(request, skus=[sku for sku, _quantity in kept["items"]])
