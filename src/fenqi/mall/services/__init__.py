"""Everything that changes the mall. One function is one use case in one transaction."""

from fenqi.mall.services.addresses import delete_address, save_address
from fenqi.mall.services.cart import (
    Item,
    add_to_cart,
    merge_cart,
    remove_from_cart,
    select_lines,
    set_cart_line,
)
from fenqi.mall.services.fulfilment import finish_orders, mark_received, mark_shipped
from fenqi.mall.services.orders import (
    cancel_order,
    expire_reservations,
    leave_review,
    mark_in_review,
    mark_paid,
    place_order,
)
from fenqi.mall.services.returns import (
    RETURN_KIND,
    approve_return,
    complete_return,
    refuse_return,
    request_return,
    withdraw_return,
)

__all__ = [
    "RETURN_KIND",
    "Item",
    "add_to_cart",
    "approve_return",
    "cancel_order",
    "complete_return",
    "delete_address",
    "expire_reservations",
    "finish_orders",
    "leave_review",
    "mark_in_review",
    "mark_paid",
    "mark_received",
    "mark_shipped",
    "merge_cart",
    "place_order",
    "refuse_return",
    "remove_from_cart",
    "request_return",
    "save_address",
    "select_lines",
    "set_cart_line",
    "withdraw_return",
]
