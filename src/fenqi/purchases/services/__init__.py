"""What others may ask purchases to do. Each function is one use case; refusals are in `purchases.errors`."""

from fenqi.purchases.services.confirming import (
    CASHIER,
    advance_purchase,
    check_method,
    confirm_purchase,
    pay_full_part,
    record_full_payment,
)
from fenqi.purchases.services.giving_back import (
    advance_give_back,
    begin_cancellation,
    begin_return,
    cancel_order,
    pause_for_return,
    post_refund,
    record_refund,
    resume_after_return,
    return_lines,
)
from fenqi.purchases.services.going_on import advance_application, run_waiting
from fenqi.purchases.services.mirroring import refresh_mirror
from fenqi.purchases.services.reviewing import override_declined, review_application, wants_means

__all__ = [
    "CASHIER",
    "advance_application",
    "advance_give_back",
    "advance_purchase",
    "begin_cancellation",
    "begin_return",
    "cancel_order",
    "check_method",
    "confirm_purchase",
    "override_declined",
    "pause_for_return",
    "pay_full_part",
    "post_refund",
    "record_full_payment",
    "record_refund",
    "refresh_mirror",
    "resume_after_return",
    "return_lines",
    "review_application",
    "run_waiting",
    "wants_means",
]
