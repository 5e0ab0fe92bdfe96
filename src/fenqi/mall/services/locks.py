"""Row locks of the mall. One order at most per transaction; stock rows only after it, by sku (services.stock)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import OrderNotFound, ReturnNotFound
from fenqi.mall.models import Order, Return

if TYPE_CHECKING:
    from uuid import UUID


def lock_order(*, borrower_id: int, order_id: UUID) -> Order:
    """The order, so that payment, cancellation, expiry and return of it queue up. Raises: OrderNotFound."""
    try:
        return Order.objects.select_for_update().get(borrower_id=borrower_id, id=order_id)
    except Order.DoesNotExist as e:
        raise OrderNotFound(_("没有这个订单。")) from e


def lock_order_of_return(*, borrower_id: int, return_id: UUID) -> tuple[Order, Return]:
    """A return and its order, locked by the order. Raises: ReturnNotFound."""
    order_id = (
        Return.objects.filter(borrower_id=borrower_id, id=return_id)
        .values_list("order_id", flat=True)
        .first()
    )
    if order_id is None:
        raise ReturnNotFound(_("没有这个退货申请。"))
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    # Read again under the lock: it may have been decided while we waited.
    return order, Return.objects.get(borrower_id=borrower_id, id=return_id)
