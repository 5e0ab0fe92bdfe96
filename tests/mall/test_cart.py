"""Carts and address books."""

from __future__ import annotations

import pytest

from fenqi.mall import queries, services
from fenqi.mall.errors import AddressMissing, CartFull, NotOnSale, QuantityWrong, TooManyAddresses
from fenqi.mall.models import Variant
from fenqi.mall.services import Item
from tests.mall.conftest import HOME, LI, WANG

pytestmark = pytest.mark.django_db


def lines(borrower_id=LI):
    return {line.sku: line.quantity for line in queries.cart(borrower_id=borrower_id).lines}


class TestCart:
    def test_adding_the_same_thing_adds_up_to_99(self, goods):
        goods(band=5)

        services.add_to_cart(borrower_id=LI, sku="band", quantity=2)
        services.add_to_cart(borrower_id=LI, sku="band", quantity=3)
        assert lines() == {"band": 5}
        services.add_to_cart(borrower_id=LI, sku="band", quantity=99)
        assert lines() == {"band": 99}

    @pytest.mark.parametrize("quantity", [0, -1, 100])
    def test_refuses_quantities_that_make_no_sense(self, goods, quantity):
        goods(band=5)

        with pytest.raises(QuantityWrong):
            services.add_to_cart(borrower_id=LI, sku="band", quantity=quantity)
        services.add_to_cart(borrower_id=LI, sku="band")
        with pytest.raises(QuantityWrong):
            services.set_cart_line(borrower_id=LI, sku="band", quantity=quantity)
        assert lines() == {"band": 1}

    def test_refuses_what_is_not_sold(self, goods):
        goods(band=5)
        Variant.objects.update(is_on_sale=False)

        for sku in ("band", "nothing"):
            with pytest.raises(NotOnSale):
                services.add_to_cart(borrower_id=LI, sku=sku)

    def test_holds_fifty_different_things(self, goods):
        goods(**{f"thing{n}": 1 for n in range(51)})
        for n in range(50):
            services.add_to_cart(borrower_id=LI, sku=f"thing{n}")

        with pytest.raises(CartFull):
            services.add_to_cart(borrower_id=LI, sku="thing50")

    def test_only_what_is_chosen_and_in_stock_is_checked_out(self, goods):
        goods(phone=1, band=5)
        services.add_to_cart(borrower_id=LI, sku="phone", quantity=2)
        services.add_to_cart(borrower_id=LI, sku="band")
        services.select_lines(borrower_id=LI, skus=["phone", "band"])

        cart = queries.cart(borrower_id=LI)

        assert [line.sku for line in cart.selected] == ["band"]
        assert cart.total_fen == 12_900

    def test_a_guests_cart_comes_along_without_what_is_gone(self, goods):
        goods(phone=1, band=5)
        services.add_to_cart(borrower_id=LI, sku="band", quantity=1)

        services.merge_cart(
            borrower_id=LI,
            items=[
                Item(sku="band", quantity=2),
                Item(sku="phone", quantity=1),
                Item(sku="gone", quantity=1),
                Item(sku="phone", quantity=1000),
            ],
        )

        assert lines() == {"band": 3, "phone": 1}

    def test_belongs_to_one_shopper(self, goods):
        goods(band=5)
        services.add_to_cart(borrower_id=LI, sku="band")

        services.remove_from_cart(borrower_id=WANG, skus=["band"])

        assert (lines(LI), lines(WANG)) == ({"band": 1}, {})


class TestAddresses:
    def test_the_first_is_the_default_and_a_new_default_replaces_it(self):
        first = services.save_address(borrower_id=LI, entry=HOME)
        second = services.save_address(borrower_id=LI, entry=HOME, is_default=True)

        assert [(one.id, one.is_default) for one in queries.addresses(borrower_id=LI)] == [
            (second, True),
            (first, False),
        ]

    def test_deleting_the_default_makes_the_other_one_it(self):
        first = services.save_address(borrower_id=LI, entry=HOME)
        second = services.save_address(borrower_id=LI, entry=HOME)

        services.delete_address(borrower_id=LI, address_id=first)

        assert [(one.id, one.is_default) for one in queries.addresses(borrower_id=LI)] == [(second, True)]

    def test_of_somebody_else_cannot_be_read_changed_or_deleted(self):
        theirs = services.save_address(borrower_id=WANG, entry=HOME)

        for attempt in (
            lambda: queries.address(borrower_id=LI, address_id=theirs),
            lambda: services.save_address(borrower_id=LI, entry=HOME, address_id=theirs),
            lambda: services.delete_address(borrower_id=LI, address_id=theirs),
        ):
            with pytest.raises(AddressMissing):
                attempt()

    def test_a_book_has_twenty(self):
        for _ in range(20):
            services.save_address(borrower_id=LI, entry=HOME)

        with pytest.raises(TooManyAddresses):
            services.save_address(borrower_id=LI, entry=HOME)

    def test_is_unreadable_in_the_database(self):
        from django.db import connection

        services.save_address(borrower_id=LI, entry=HOME)

        with connection.cursor() as cursor:
            cursor.execute("SELECT recipient, phone, street FROM mall_address")
            stored = b"".join(bytes(value) for value in cursor.fetchone())
        assert "李雷".encode() not in stored
        assert b"13800138000" not in stored
