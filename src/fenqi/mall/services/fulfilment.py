"""Parcels: out of the house, into the shopper's hands."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import OrderClosed
from fenqi.mall.models import Order, OrderState, Shipment
from fenqi.mall.services.locks import lock_order
from fenqi.mall.services.orders import note
from fenqi.plumbing import audit, business_date, clock, outbox, rule_data
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID


@transaction.atomic
def mark_shipped(*, borrower_id: int, order_id: UUID, carrier: str, tracking: str, staff: str) -> None:
    """Hand a paid order to a carrier. Safe to repeat. Raises: OrderNotFound, OrderClosed if it is not paid."""
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    if order.state == OrderState.SHIPPED:
        return
    if order.state != OrderState.PAID:
        raise OrderClosed(_("只有已付款、未发货的订单可以发货。"), state=order.state)
    order.state = OrderState.SHIPPED
    order.save(update_fields=["state"])
    Shipment.objects.create(
        borrower_id=borrower_id,
        id=new_id(),
        order_id=order_id,
        carrier=carrier,
        tracking=tracking,
        shipped_at=clock.now(),
    )
    note(order, "shipped", actor=staff, carrier=carrier, tracking=tracking)
    audit.record(actor=staff, action="mall.order.shipped", subject=f"order:{order.number}", tracking=tracking)
    outbox.publish("mall.order.shipped", borrower_id=borrower_id, order_id=order.id, number=order.number)


@transaction.atomic
def mark_received(*, borrower_id: int, order_id: UUID, actor: str = "") -> None:
    """The parcel has arrived; the days for a return count from here. Safe to repeat. Raises: OrderNotFound, OrderClosed."""
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    if order.state == OrderState.RECEIVED:
        return
    if order.state != OrderState.SHIPPED:
        raise OrderClosed(_("订单还没有发货，不能确认收货。"), state=order.state)
    order.state = OrderState.RECEIVED
    order.save(update_fields=["state"])
    Shipment.objects.filter(borrower_id=borrower_id, order_id=order_id).update(received_at=clock.now())
    note(order, "received", actor=actor or f"shopper:{borrower_id}")


def finish_orders(now: datetime.datetime, *, at_once: int = 500) -> int:
    """
    Take orders further that only wait for time: parcels count as received, received orders as completed.

    Both spans are rule data in days. Each order in its own transaction; tells how many moved.
    """
    on = business_date.current()
    completed = _late(OrderState.RECEIVED, "received_at", now - _days("return_days", on), _complete, at_once)
    received = _late(
        OrderState.SHIPPED, "shipped_at", now - _days("receive_after_days", on), _receive_silently, at_once
    )
    return completed + received


def _days(rule: str, on: datetime.date) -> datetime.timedelta:
    return datetime.timedelta(days=rule_data.value(rule, on=on))


def _late(
    state: OrderState,
    moment: str,
    before: datetime.datetime,
    move: Callable[[Order], None],
    at_once: int,
) -> int:
    parcel_of_it = Shipment.objects.filter(
        borrower_id=OuterRef("borrower_id"), order_id=OuterRef("id"), **{f"{moment}__lt": before}
    )
    waiting = Order.objects.filter(Exists(parcel_of_it), state=state).values_list("borrower_id", "id")
    moved = 0
    while found := list(waiting[:at_once]):
        for borrower_id, order_id in found:
            with transaction.atomic():
                order = lock_order(borrower_id=borrower_id, order_id=order_id)
                # The shopper may have confirmed or asked for a return while we waited for the lock.
                if order.state == state:
                    move(order)
                    moved += 1
    return moved


def _receive_silently(order: Order) -> None:
    mark_received(borrower_id=order.borrower_id, order_id=order.id, actor="system:mall")


def _complete(order: Order) -> None:
    order.state = OrderState.COMPLETED
    order.save(update_fields=["state"])
    note(order, "completed", actor="system:mall")
