"""Giving goods back: who may, until when, and what becomes of the order and the shelf."""

from __future__ import annotations

import datetime

import pytest

from fenqi.mall import queries, services
from fenqi.mall.errors import NothingChosen, OrderClosed, ReturnNotFound, ReturnNotPossible
from fenqi.mall.models import Shipment
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import Announcement
from tests.mall.conftest import LI, WANG, on_shelf
from tests.support.second_pair import approval

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(goods, placed):
    """The id of an order of a phone and a band, paid."""
    goods(phone=3, band=3)
    order_id = placed(phone=1, band=1)
    services.mark_paid(borrower_id=LI, order_id=order_id, part="full", reference="p")
    return order_id


def seen(order_id):
    return queries.order(borrower_id=LI, order_id=order_id)


def line_ids(order_id, *skus):
    return [line.id for line in seen(order_id).lines if line.sku in skus]


def ask(order_id, *skus, kind="changed_mind"):
    return services.request_return(
        borrower_id=LI, order_id=order_id, line_ids=line_ids(order_id, *skus), reason="不合适", kind=kind
    )


def deliver(order_id, *, days_ago=0):
    services.mark_shipped(borrower_id=LI, order_id=order_id, carrier="顺丰", tracking="SF1", staff="staff:a")
    services.mark_received(borrower_id=LI, order_id=order_id)
    shipment = Shipment.objects.get(borrower_id=LI, order_id=order_id)
    shipment.received_at -= datetime.timedelta(days=days_ago)
    shipment.save()


def approve(return_id, borrower_id=LI):
    services.approve_return(
        approval_id=approval(services.RETURN_KIND, borrower_id=borrower_id, return_id=return_id),
        staff="staff:a",
        borrower_id=borrower_id,
        return_id=return_id,
    )


def finish(return_id):
    approve(return_id)
    services.complete_return(borrower_id=LI, return_id=return_id)


class TestOneLine:
    def test_opens_then_leaves_the_rest_of_the_order_as_it_was(self, paid):
        return_id = ask(paid, "band")
        assert seen(paid).state == "return_open"
        assert [row.id for row in queries.returns_waiting()] == [return_id]

        finish(return_id)

        order = seen(paid)
        assert order.state == "paid"
        assert [(line.sku, line.is_returned) for line in order.lines] == [("phone", False), ("band", True)]
        assert queries.returns_waiting() == ()

    def test_what_never_left_the_house_goes_back_on_the_shelf(self, paid):
        finish(ask(paid, "band"))

        assert (on_shelf("phone"), on_shelf("band")) == (2, 3)

    def test_what_comes_back_by_parcel_does_not(self, paid):
        deliver(paid)

        finish(ask(paid, "band"))

        assert on_shelf("band") == 2

    def test_is_announced_with_its_lines(self, paid):
        return_id = ask(paid, "band")

        payload = Announcement.objects.get(topic="mall.return.requested").payload
        assert payload["return_id"] == str(return_id)
        assert payload["line_ids"] == [str(line_id) for line_id in line_ids(paid, "band")]


class TestEverything:
    def test_ends_the_order(self, paid):
        finish(ask(paid, "phone", "band"))

        assert seen(paid).state == "returned"

    def test_line_by_line_ends_it_too(self, paid):
        finish(ask(paid, "phone"))
        finish(ask(paid, "band"))

        assert seen(paid).state == "returned"


class TestTheDays:
    def test_without_a_reason_only_within_seven_days(self, paid):
        deliver(paid, days_ago=8)

        with pytest.raises(ReturnNotPossible) as refusal:
            ask(paid, "band")

        assert refusal.value.field == "kind"
        assert seen(paid).state == "received"

    def test_a_fault_may_be_reported_later(self, paid):
        deliver(paid, days_ago=100)

        assert ask(paid, "band", kind="defective")


class TestRepeatsAndRefusals:
    def test_asking_twice_is_one_return(self, paid):
        assert ask(paid, "band") == ask(paid, "band")

    def test_a_second_return_waits_for_the_first(self, paid):
        ask(paid, "band")

        with pytest.raises(ReturnNotPossible):
            ask(paid, "phone")

    def test_a_line_goes_back_once(self, paid):
        lines = line_ids(paid, "band")
        finish(ask(paid, "band"))

        with pytest.raises(ReturnNotPossible):
            services.request_return(borrower_id=LI, order_id=paid, line_ids=lines, reason="")

    def test_forged_lines_nothing_and_unpaid_orders_are_refused(self, paid, placed):
        with pytest.raises(ReturnNotPossible):
            services.request_return(borrower_id=LI, order_id=paid, line_ids=[new_id()], reason="")
        with pytest.raises(NothingChosen):
            services.request_return(borrower_id=LI, order_id=paid, line_ids=[], reason="")
        unpaid = placed(phone=1, reference="unpaid")
        with pytest.raises(ReturnNotPossible):
            ask(unpaid, "phone")

    def test_a_refused_one_says_why_and_the_order_goes_on(self, paid):
        return_id = ask(paid, "band")

        services.refuse_return(staff="staff:a", borrower_id=LI, return_id=return_id, reason="已使用")

        order = seen(paid)
        assert order.state == "paid"
        assert order.returns[0].decision_reason == "已使用"
        with pytest.raises(OrderClosed):
            approve(return_id)

    def test_may_be_withdrawn_until_it_is_decided(self, paid):
        return_id = ask(paid, "band")
        services.withdraw_return(borrower_id=LI, return_id=return_id)
        assert seen(paid).state == "paid"

        again = ask(paid, "band")
        approve(again)
        with pytest.raises(OrderClosed):
            services.withdraw_return(borrower_id=LI, return_id=again)

    def test_deciding_and_completing_twice_changes_nothing(self, paid):
        return_id = ask(paid, "band")
        for _ in range(2):
            finish(return_id)

        assert on_shelf("band") == 3
        assert Announcement.objects.filter(topic="mall.return.completed").count() == 1

    def test_one_pair_of_eyes_does_not_send_money_back(self, paid):
        return_id = ask(paid, "band")
        for none in (None, new_id(), approval(services.RETURN_KIND, borrower_id=WANG, return_id=return_id)):
            with pytest.raises(SecondPairMissing):
                services.approve_return(
                    approval_id=none, staff="staff:a", borrower_id=LI, return_id=return_id
                )
        assert seen(paid).returns[0].state == "requested"

    def test_a_return_of_somebody_else_is_not_found(self, paid):
        return_id = ask(paid, "band")

        with pytest.raises(ReturnNotFound):
            approve(return_id, WANG)
