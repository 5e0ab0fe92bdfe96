"""A small shop: a few goods with little stock, two shoppers with an address each."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from fenqi.mall import services
from fenqi.mall.models import Category, Product, Stock, Variant
from fenqi.mall.services import Item
from fenqi.mall.services.addresses import AddressEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

LI = 1001
WANG = 1002

HOME = AddressEntry(
    recipient="李雷",
    phone="13800138000",
    province="浙江省",
    city="杭州市",
    district="西湖区",
    street="文三路 90 号 3 幢 201 室",
)


@pytest.fixture
def goods() -> Callable[..., None]:
    """`goods(phone=1, band=5)` puts so many of each on the shelf; a phone is ¥4,999.00, everything else ¥129.00."""

    def stock(**available: int) -> None:
        shelf, _ = Category.objects.get_or_create(
            code="all", defaults={"name_zh": "全部", "name_en": "All", "icon": "grid", "position": 0}
        )
        for position, (sku, count) in enumerate(available.items()):
            price = 499_900 if sku == "phone" else 12_900
            Product.objects.create(
                slug=sku,
                category=shelf,
                name_zh=f"青屿 {sku}",
                name_en=f"Qingyu {sku}",
                tagline_zh="好用",
                tagline_en="Useful",
                description_zh="实话实说",
                description_en="To be honest",
                specs=[],
                attributes={"kind": "flagship"},
                search_text=f"青屿 {sku}",
                price_from_fen=price,
                picture="phone.ink",
                position=position,
                listed_on=datetime.date(2026, 1, 1),
            )
            Variant.objects.create(
                sku=sku,
                product_id=sku,
                colour="ink",
                colour_zh="黑",
                colour_en="Black",
                price_fen=price,
                picture="phone.ink",
                position=0,
            )
            Stock.objects.create(sku=sku, available=count)

    return stock


@pytest.fixture
def address() -> Callable[..., UUID]:
    """The address of a shopper, made when first asked for."""
    known: dict[int, UUID] = {}

    def of(borrower_id: int = LI) -> UUID:
        if borrower_id not in known:
            known[borrower_id] = services.save_address(borrower_id=borrower_id, entry=HOME)
        return known[borrower_id]

    return of


@pytest.fixture
def placed(address: Callable[..., UUID]) -> Callable[..., UUID]:
    """`placed(phone=1, band=1, financed=["phone"])` is an order's id."""

    def place(
        *, borrower_id: int = LI, financed: tuple[str, ...] = (), reference: str = "r", **wanted: int
    ) -> UUID:
        return services.place_order(
            borrower_id=borrower_id,
            lines=[Item(sku=sku, quantity=quantity) for sku, quantity in wanted.items()],
            financed_skus=financed,
            address_id=address(borrower_id),
            reference=reference,
        )

    return place


def on_shelf(sku: str) -> int:
    """How many can still be promised."""
    return Stock.objects.get(sku=sku).available
