"""Parcels: out of the house, into the shopper's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import OrderClosed
from fenqi.mall.models import OrderState, Shipment
from fenqi.mall.services.locks import lock_order
from fenqi.mall.services.orders import note
from fenqi.plumbing import audit, clock, outbox
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
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
