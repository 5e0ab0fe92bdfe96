"""An order from its placing to its end, and what each step may not do."""

from __future__ import annotations

import datetime

import pytest

from fenqi.mall import queries, services
from fenqi.mall.errors import (
    AddressMissing,
    NothingChosen,
    NotOnSale,
    OrderClosed,
    OrderNotFound,
    PartPaidAlready,
    PriceChanged,
    QuantityWrong,
)
from fenqi.mall.models import OrderLine, Variant
from fenqi.mall.services import Item
from fenqi.plumbing import clock
from fenqi.plumbing.idempotency import ReferenceReused
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import Announcement
from tests.mall.conftest import LI, WANG, on_shelf

pytestmark = pytest.mark.django_db


def seen(order_id, borrower_id=LI):
    return queries.order(borrower_id=borrower_id, order_id=order_id)


def pay(order_id, part, reference="pay-1", borrower_id=LI):
    services.mark_paid(borrower_id=borrower_id, order_id=order_id, part=part, reference=reference)


def announced(topic):
    return [row.payload for row in Announcement.objects.filter(topic=topic).order_by("id")]


class TestPlacing:
    def test_takes_goods_and_splits_the_sum_by_how_lines_are_paid(self, goods, placed):
        goods(phone=3, band=5)

        order = seen(placed(phone=1, band=2, financed=("phone",)))

        assert (order.total_fen, order.financed_amount_fen, order.full_amount_fen) == (
            525_700,
            499_900,
            25_800,
        )
        assert [(line.sku, line.pays_by, line.amount_fen) for line in order.lines] == [
            ("phone", "installments", 499_900),
            ("band", "full", 25_800),
        ]
        assert (on_shelf("phone"), on_shelf("band")) == (2, 3)
        assert order.state == "awaiting_payment"
        assert order.address["street"] == "文三路 90 号 3 幢 201 室"

    def test_the_same_reference_is_the_same_order(self, goods, placed):
        goods(phone=3)

        assert placed(phone=1) == placed(phone=1)
        assert on_shelf("phone") == 2

    def test_a_reference_used_for_something_else_is_refused(self, goods, placed):
        goods(phone=3)
        placed(phone=1)

        with pytest.raises(ReferenceReused):
            placed(phone=2)
        assert on_shelf("phone") == 2

    def test_keeps_name_and_price_as_they_were(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)

        Variant.objects.filter(sku="phone").update(price_fen=1)

        assert seen(order_id).lines[0].unit_price_fen == 499_900

    def test_refuses_another_sum_than_the_one_that_was_shown(self, goods, address):
        goods(phone=3)

        with pytest.raises(PriceChanged) as refusal:
            services.place_order(
                borrower_id=LI,
                lines=[Item(sku="phone", quantity=1)],
                address_id=address(),
                reference="r",
                expected_total_fen=1,
            )
        assert refusal.value.details["total_fen"] == 499_900

    @pytest.mark.parametrize(
        ("lines", "error"),
        [
            ([], NothingChosen),
            ([Item(sku="phone", quantity=0)], QuantityWrong),
            ([Item(sku="phone", quantity=-1)], QuantityWrong),
            ([Item(sku="phone", quantity=100)], QuantityWrong),
            ([Item(sku="phone", quantity=60), Item(sku="phone", quantity=60)], QuantityWrong),
            ([Item(sku="nothing", quantity=1)], NotOnSale),
        ],
    )
    def test_refuses_bad_lines(self, goods, address, lines, error):
        goods(phone=3)

        with pytest.raises(error):
            services.place_order(borrower_id=LI, lines=lines, address_id=address(), reference="r")
        assert on_shelf("phone") == 3

    def test_refuses_what_was_taken_off_sale(self, goods, placed):
        goods(phone=3)
        Variant.objects.update(is_on_sale=False)

        with pytest.raises(NotOnSale):
            placed(phone=1)

    def test_refuses_the_address_of_somebody_else(self, goods, address):
        goods(phone=3)
        theirs = address(WANG)

        for forged in (theirs, new_id()):
            with pytest.raises(AddressMissing):
                services.place_order(
                    borrower_id=LI, lines=[Item(sku="phone", quantity=1)], address_id=forged, reference="r"
                )

    def test_takes_its_lines_out_of_the_cart(self, goods, address):
        goods(phone=3, band=3)
        services.add_to_cart(borrower_id=LI, sku="phone")
        services.add_to_cart(borrower_id=LI, sku="band")

        services.place_order(
            borrower_id=LI,
            lines=[Item(sku="phone", quantity=1)],
            address_id=address(),
            reference="r",
            from_cart=True,
        )

        assert [line.sku for line in queries.cart(borrower_id=LI).lines] == ["band"]


class TestPaying:
    def test_an_order_is_paid_when_both_parts_are(self, goods, placed):
        goods(phone=3, band=3)
        order_id = placed(phone=1, band=1, financed=("phone",))

        pay(order_id, "full")
        assert seen(order_id).state == "awaiting_payment"
        pay(order_id, "financed", "loan-1")

        assert seen(order_id).state == "paid"
        assert [payload["order_id"] for payload in announced("mall.order.paid")] == [str(order_id)]

    def test_one_part_alone_is_enough_where_there_is_no_other(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1, financed=("phone",))

        pay(order_id, "financed")

        assert seen(order_id).state == "paid"

    def test_the_same_payment_counts_once_and_another_one_is_sent_back(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)

        pay(order_id, "full")
        pay(order_id, "full")
        with pytest.raises(PartPaidAlready):
            pay(order_id, "full", "pay-2")

        assert len(announced("mall.order.paid")) == 1

    def test_money_that_comes_after_the_end_is_refused(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)
        services.cancel_order(borrower_id=LI, order_id=order_id, reason="x")

        with pytest.raises(OrderClosed):
            pay(order_id, "full")

    def test_an_order_of_somebody_else_is_not_found(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)

        with pytest.raises(OrderNotFound):
            pay(order_id, "full", borrower_id=WANG)
        with pytest.raises(OrderNotFound):
            seen(order_id, borrower_id=WANG)


class TestGivingUp:
    def test_puts_goods_back_and_names_what_was_paid(self, goods, placed):
        goods(phone=3, band=3)
        order_id = placed(phone=1, band=1, financed=("phone",))
        pay(order_id, "full")

        services.cancel_order(borrower_id=LI, order_id=order_id, reason="changed_mind")
        services.cancel_order(borrower_id=LI, order_id=order_id, reason="again")

        assert (on_shelf("phone"), on_shelf("band")) == (3, 3)
        assert [payload["paid_parts"] for payload in announced("mall.order.cancelled")] == [["full"]]

    def test_is_too_late_once_shipped(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)
        pay(order_id, "full")
        services.mark_shipped(
            borrower_id=LI, order_id=order_id, carrier="顺丰", tracking="SF1", staff="staff:a"
        )

        with pytest.raises(OrderClosed):
            services.cancel_order(borrower_id=LI, order_id=order_id, reason="x")

    def test_time_gives_up_what_was_not_paid(self, goods, placed):
        goods(phone=3)
        unpaid, paid = placed(phone=1, reference="a"), placed(phone=1, reference="b")
        pay(paid, "full")

        assert services.expire_reservations(clock.wall() + datetime.timedelta(minutes=29)) == 0
        assert services.expire_reservations(clock.wall() + datetime.timedelta(minutes=31)) == 1

        assert (seen(unpaid).state, seen(paid).state) == ("cancelled", "paid")
        assert on_shelf("phone") == 2

    def test_an_application_keeps_the_goods_for_a_day(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1, financed=("phone",))
        services.mark_in_review(borrower_id=LI, order_id=order_id)

        assert services.expire_reservations(clock.wall() + datetime.timedelta(hours=23)) == 0
        services.leave_review(borrower_id=LI, order_id=order_id)
        assert seen(order_id).state == "awaiting_payment"
        assert services.expire_reservations(clock.wall() + datetime.timedelta(minutes=31)) == 1


class TestTime:
    def test_receives_a_parcel_nobody_confirms_and_completes_when_returns_are_over(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)
        pay(order_id, "full")
        services.mark_shipped(
            borrower_id=LI, order_id=order_id, carrier="顺丰", tracking="SF1", staff="staff:a"
        )
        shipped = clock.now()

        assert services.finish_orders(shipped + datetime.timedelta(days=9)) == 0
        assert services.finish_orders(shipped + datetime.timedelta(days=11)) == 1
        assert seen(order_id).state == "received"

        received = seen(order_id).received_at
        assert services.finish_orders(received + datetime.timedelta(days=6)) == 0
        assert services.finish_orders(received + datetime.timedelta(days=8)) == 1
        assert seen(order_id).state == "completed"
        assert seen(order_id).returnable_lines, "faults can still be reported"
        assert services.finish_orders(received + datetime.timedelta(days=80)) == 0

    def test_takes_as_many_further_as_there_are(self, goods, placed):
        goods(phone=3)
        orders = [placed(phone=1, reference=name) for name in "abc"]
        for order_id in orders:
            pay(order_id, "full")
            services.mark_shipped(
                borrower_id=LI, order_id=order_id, carrier="顺丰", tracking="SF1", staff="staff:a"
            )
        assert services.finish_orders(clock.now() + datetime.timedelta(days=11), at_once=2) == 3

    def test_leaves_an_order_whose_return_is_open(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=1)
        pay(order_id, "full")
        services.mark_shipped(
            borrower_id=LI, order_id=order_id, carrier="顺丰", tracking="SF1", staff="staff:a"
        )
        services.mark_received(borrower_id=LI, order_id=order_id)
        lines = [line.id for line in seen(order_id).lines]
        services.request_return(borrower_id=LI, order_id=order_id, line_ids=lines, reason="")

        assert services.finish_orders(clock.now() + datetime.timedelta(days=60)) == 0
        assert seen(order_id).state == "return_open"


class TestLists:
    def test_shows_a_shopper_only_their_own_newest_first(self, goods, placed):
        goods(phone=9)
        first, second = placed(phone=1, reference="a"), placed(phone=1, reference="b")
        placed(borrower_id=WANG, phone=1)

        assert [row.id for row in queries.orders(LI)] == [second, first]
        assert queries.orders(LI, group="moving") == ()
        assert queries.orders(LI, page=2) == ()

    def test_is_found_by_the_number_a_shopper_reads_out(self, goods, placed):
        goods(phone=1)
        order = seen(placed(phone=1))

        assert queries.find_order(f" {order.number.lower()} ").id == order.id
        assert queries.find_order("Q0") is None

    def test_reads_an_order_in_two_queries(self, goods, placed, django_assert_num_queries):
        goods(phone=1, band=1)
        order_id = placed(phone=1, band=1)

        with django_assert_num_queries(2):
            seen(order_id)

    def test_reads_a_desk_in_as_many_queries_however_many_shoppers(
        self, goods, placed, django_assert_num_queries
    ):
        goods(phone=4)
        for borrower_id in (LI, WANG):
            for name in "ab":
                order_id = placed(borrower_id=borrower_id, reference=name, phone=1)
                pay(order_id, "full", borrower_id=borrower_id, reference=name)
            lines = [line.id for line in seen(order_id, borrower_id).lines]
            services.request_return(
                borrower_id=borrower_id, order_id=order_id, line_ids=lines, reason="不合适"
            )

        with django_assert_num_queries(2):
            to_ship = queries.orders_to_ship()
        with django_assert_num_queries(4):
            returns = queries.returns_waiting()

        assert [(row.borrower_id, len(row.lines)) for row in to_ship] == [(LI, 1), (WANG, 1)]
        assert [(row.borrower_id, len(row.lines)) for row in returns] == [(LI, 1), (WANG, 1)]


def test_a_line_is_its_price_times_its_quantity_says_the_database_too(goods, placed):
    from django.db import IntegrityError, transaction

    goods(phone=2)
    placed(phone=2)

    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.update(amount_fen=1)
