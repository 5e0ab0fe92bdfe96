"""
The shelf under real threads and real transactions.

Each test falls when the thing it is named after is taken away: the condition on stock, the order's row lock, the
atomic block, the order in which rows are taken.
"""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection, transaction

from fenqi.mall import queries, services
from fenqi.mall.errors import OrderClosed, SoldOut
from fenqi.mall.models import Order, OrderLine, Reservation, Stock
from fenqi.plumbing import clock
from tests.mall.conftest import LI, on_shelf
from tests.support.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


class TestTheLastPiece:
    def test_goes_to_one_of_six_who_ask_at_once(self, goods, address, placed):
        goods(phone=1)
        buyers = range(1, 7)
        for buyer in buyers:
            address(buyer)

        answers = at_once(*[lambda buyer=buyer: placed(borrower_id=buyer, phone=1) for buyer in buyers])

        refused = [answer for answer in answers if isinstance(answer, SoldOut)]
        assert len(refused) == 5, answers
        assert on_shelf("phone") == 0
        assert Order.objects.count() == OrderLine.objects.count() == Reservation.objects.count() == 1

    def test_is_bought_once_by_one_impatient_shopper(self, goods, address, placed):
        goods(phone=5)
        address(LI)

        answers = at_once(*[lambda: placed(phone=1, reference="one click")] * 6)

        assert len(set(answers)) == 1, answers
        assert on_shelf("phone") == 4


class TestAllOrNothing:
    def test_a_sold_out_line_leaves_everything_as_it_was(self, goods, placed):
        goods(band=3, phone=0)

        with pytest.raises(SoldOut) as refusal:
            placed(band=2, phone=1)

        assert refusal.value.details == {"sku": "phone"}
        assert on_shelf("band") == 3
        assert not Order.objects.exists()

    def test_the_reference_of_a_refused_order_may_be_used_again(self, goods, placed):
        goods(phone=0)
        with pytest.raises(SoldOut):
            placed(phone=1, reference="r")
        Stock.objects.filter(sku="phone").update(available=1)

        assert placed(phone=1, reference="r")


class TestTheOrderOfRows:
    def test_goods_are_taken_by_sku_so_that_orders_wait_instead_of_locking_each_other_out(
        self, goods, placed
    ):
        """Somebody holds `anchor`; an order of [zebra, anchor] must wait for it without having taken zebra."""
        goods(anchor=5, zebra=5)
        started, may_end = threading.Event(), threading.Event()

        def hold_anchor() -> None:
            with transaction.atomic():
                Stock.objects.select_for_update().get(sku="anchor")
                started.set()
                may_end.wait(20)
            connection.close()

        def order_both() -> None:
            placed(zebra=1, anchor=1)
            connection.close()

        holder, buyer = threading.Thread(target=hold_anchor), threading.Thread(target=order_both)
        holder.start()
        assert started.wait(10)
        buyer.start()
        try:
            _wait_until_somebody_waits()
            with transaction.atomic():
                # Fails at once if the waiting order already holds zebra.
                Stock.objects.select_for_update(nowait=True).get(sku="zebra")
        except OperationalError:
            pytest.fail("the order had taken zebra before it waited for anchor")
        finally:
            may_end.set()
            holder.join(20)
            buyer.join(20)
        assert (on_shelf("anchor"), on_shelf("zebra")) == (4, 4)


class TestTheRowLock:
    def test_an_order_paid_and_cancelled_at_once_is_one_of_the_two(self, goods, placed):
        """Without the lock both read 待支付, and the goods are back on the shelf of an order that is paid."""
        goods(phone=20)
        for turn in range(8):
            order_id = placed(phone=1, reference=f"turn {turn}")
            before = on_shelf("phone")

            answers = at_once(
                lambda order_id=order_id: services.mark_paid(
                    borrower_id=LI, order_id=order_id, part="full", reference="pay"
                ),
                lambda order_id=order_id: _give_up_if_unpaid(order_id),
            )

            order = queries.order(borrower_id=LI, order_id=order_id)
            if order.state == "paid":
                assert on_shelf("phone") == before
                assert order.full_paid_at
            else:
                assert order.state == "cancelled"
                assert on_shelf("phone") == before + 1
                assert isinstance(answers[0], OrderClosed), answers
                assert order.full_paid_at is None

    def test_waits_for_whoever_holds_the_order(self, goods, placed):
        goods(phone=1)
        order_id = placed(phone=1)
        done = threading.Event()

        def pay() -> None:
            services.mark_paid(borrower_id=LI, order_id=order_id, part="full", reference="pay")
            done.set()
            connection.close()

        with transaction.atomic():
            Order.objects.select_for_update().get(borrower_id=LI, id=order_id)
            thread = threading.Thread(target=pay)
            thread.start()
            _wait_until_somebody_waits()
            Order.objects.filter(borrower_id=LI, id=order_id).update(state="cancelled")
        thread.join(20)

        # It read the order after the lock, not before: what was cancelled meanwhile is not paid.
        assert not done.is_set()
        assert Order.objects.get(borrower_id=LI, id=order_id).full_paid_at is None

    @pytest.fixture(autouse=True)
    def _quiet_threads(self, monkeypatch):
        monkeypatch.setattr(threading, "excepthook", lambda _args: connection.close())

    def test_six_who_cancel_put_the_goods_back_once(self, goods, placed):
        goods(phone=3)
        order_id = placed(phone=2)

        answers = at_once(*[lambda: services.cancel_order(borrower_id=LI, order_id=order_id, reason="x")] * 6)

        assert answers == [None] * 6
        assert on_shelf("phone") == 3


def _give_up_if_unpaid(order_id: object) -> int:
    """What the clock does when the time to pay is over, for this one order."""
    Order.objects.filter(borrower_id=LI, id=order_id).update(expires_at=clock.wall())
    return services.expire_reservations(clock.wall())


def _wait_until_somebody_waits() -> None:
    """Return when another session of this database waits for a lock."""
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.02)
    pytest.fail("nobody waited for the lock")
