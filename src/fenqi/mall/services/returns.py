"""Giving goods back. The mall keeps what happens to the goods; purchases moves the money and the loan."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import NothingChosen, OrderClosed, ReturnNotPossible
from fenqi.mall.models import (
    OrderLine,
    OrderState,
    Reservation,
    ReservationState,
    Return,
    ReturnLine,
    ReturnState,
    Shipment,
)
from fenqi.mall.services import stock
from fenqi.mall.services.locks import lock_order, lock_order_of_return
from fenqi.mall.services.orders import note
from fenqi.plumbing import audit, business_date, clock, four_eyes, outbox, rule_data
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from fenqi.mall.models import Order

RETURNABLE = {OrderState.PAID, OrderState.SHIPPED, OrderState.RECEIVED, OrderState.COMPLETED}
CHANGED_MIND = "changed_mind"
RETURN_KIND = "mall.return"  # of the approval by two people (plumbing.four_eyes)
KINDS = (CHANGED_MIND, "defective", "not_as_described")


@transaction.atomic
def request_return(
    *, borrower_id: int, order_id: UUID, line_ids: Collection[UUID], reason: str, kind: str = CHANGED_MIND
) -> UUID:
    """
    Ask to give whole lines back; staff decide. A repeated request for the same lines gives the open return.

    `kind`: changed_mind (only within the rule's days after receipt), defective or not_as_described.

    Raises: OrderNotFound, NothingChosen, ReturnNotPossible.
    """
    if kind not in KINDS:
        raise ReturnNotPossible(_("请选择退货原因。"), field="kind")
    wanted = set(line_ids)
    if not wanted:
        raise NothingChosen(_("请选择要退的商品。"), field="lines")
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    earlier = _open_return(order)
    if earlier is not None:
        if earlier.state == ReturnState.REQUESTED and _line_ids(earlier) == wanted:
            return earlier.id
        raise ReturnNotPossible(_("这个订单有一笔退货正在处理，完成后才能再申请。"), field="lines")
    if order.state not in RETURNABLE:
        raise ReturnNotPossible(_("订单付款后才能申请退货。"), field="lines")
    lines = list(
        OrderLine.objects.filter(borrower_id=borrower_id, order_id=order_id, id__in=wanted, returned_at=None)
    )
    if len(lines) != len(wanted):
        raise ReturnNotPossible(_("选中的商品里有已退过或不属于这个订单的。"), field="lines")
    if kind == CHANGED_MIND:
        _insist_on_days(order)

    asked = Return.objects.create(
        borrower_id=borrower_id,
        id=new_id(),
        order_id=order_id,
        reason=f"{kind}: {reason.strip()}"[:200].rstrip(": "),
        amount_fen=sum(line.amount_fen for line in lines),
        requested_at=clock.now(),
        state_before=order.state,
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(borrower_id=borrower_id, return_id=asked.id, order_line_id=line.id) for line in lines
    )
    order.state = OrderState.RETURN_OPEN
    order.save(update_fields=["state"])
    note(
        order,
        "return_requested",
        actor=f"shopper:{borrower_id}",
        return_id=str(asked.id),
        amount_fen=asked.amount_fen,
    )
    _announce("mall.return.requested", order, asked)
    return asked.id


@transaction.atomic
def approve_return(
    *, approval_id: UUID, staff: str, borrower_id: int, return_id: UUID, reason: str = ""
) -> None:
    """
    Accept a return, for two pairs of eyes: the money goes back through purchases, which then completes it.
    Safe to repeat.

    Raises: SecondPairMissing, ReturnNotFound, OrderClosed.
    """
    order, asked = lock_order_of_return(borrower_id=borrower_id, return_id=return_id)
    if asked.state in (ReturnState.APPROVED, ReturnState.COMPLETED):
        return
    _insist_on_requested(asked)
    four_eyes.spend(
        approval_id=approval_id,
        kind=RETURN_KIND,
        arguments={"borrower_id": borrower_id, "return_id": str(return_id)},
    )
    _decide(asked, ReturnState.APPROVED, staff=staff, reason=reason)
    note(order, "return_approved", actor=staff, return_id=str(asked.id))
    _announce("mall.return.approved", order, asked)


@transaction.atomic
def refuse_return(*, staff: str, borrower_id: int, return_id: UUID, reason: str) -> None:
    """Refuse a return with a reason the shopper reads; the order goes on as before. Safe to repeat."""
    order, asked = lock_order_of_return(borrower_id=borrower_id, return_id=return_id)
    if asked.state == ReturnState.REFUSED:
        return
    _decide(asked, ReturnState.REFUSED, staff=staff, reason=reason)
    _give_state_back(order, asked)
    note(order, "return_refused", actor=staff, return_id=str(asked.id), reason=reason)
    _announce("mall.return.refused", order, asked)


@transaction.atomic
def withdraw_return(*, borrower_id: int, return_id: UUID) -> None:
    """The shopper keeps the goods after all, as long as nobody has decided. Raises: ReturnNotFound, OrderClosed."""
    order, asked = lock_order_of_return(borrower_id=borrower_id, return_id=return_id)
    if asked.state == ReturnState.WITHDRAWN:
        return
    _insist_on_requested(asked)
    asked.state = ReturnState.WITHDRAWN
    asked.save(update_fields=["state"])
    _give_state_back(order, asked)
    note(order, "return_withdrawn", actor=f"shopper:{borrower_id}", return_id=str(asked.id))
    _announce("mall.return.withdrawn", order, asked)


@transaction.atomic
def complete_return(*, borrower_id: int, return_id: UUID) -> None:
    """The money has gone back. Safe to repeat. Raises: ReturnNotFound, OrderClosed if it was never approved."""
    order, asked = lock_order_of_return(borrower_id=borrower_id, return_id=return_id)
    if asked.state == ReturnState.COMPLETED:
        return
    if asked.state != ReturnState.APPROVED:
        raise OrderClosed(_("退货还没有通过审核。"), state=asked.state)
    now = clock.now()
    asked.state = ReturnState.COMPLETED
    asked.completed_at = now
    asked.save(update_fields=["state", "completed_at"])
    lines = OrderLine.objects.filter(borrower_id=borrower_id, order_id=order.id)
    lines.filter(id__in=_line_ids(asked)).update(returned_at=now)
    if asked.state_before == OrderState.PAID:
        _restock(order, asked)
    if lines.filter(returned_at=None).exists():
        _give_state_back(order, asked)
    else:
        order.state = OrderState.RETURNED
        order.save(update_fields=["state"])
    note(
        order,
        "return_completed",
        actor="system:purchases",
        return_id=str(asked.id),
        amount_fen=asked.amount_fen,
    )
    _announce("mall.return.completed", order, asked)


def _restock(order: Order, asked: Return) -> None:
    # Goods that never left the house are as new; what comes back by parcel is looked at before it is sold again.
    skus = list(
        OrderLine.objects.filter(borrower_id=order.borrower_id, id__in=_line_ids(asked)).values_list(
            "sku", flat=True
        )
    )
    held = Reservation.objects.filter(
        borrower_id=order.borrower_id, order_id=order.id, sku__in=skus, state=ReservationState.SOLD
    )
    quantities = dict(held.values_list("sku", "quantity"))
    held.update(state=ReservationState.RELEASED)
    stock.put_back(quantities=quantities)


def _open_return(order: Order) -> Return | None:
    return Return.objects.filter(
        borrower_id=order.borrower_id,
        order_id=order.id,
        state__in=[ReturnState.REQUESTED, ReturnState.APPROVED],
    ).first()


def _line_ids(asked: Return) -> set[UUID]:
    return set(
        ReturnLine.objects.filter(borrower_id=asked.borrower_id, return_id=asked.id).values_list(
            "order_line_id", flat=True
        )
    )


def _insist_on_days(order: Order) -> None:
    received_at = (
        Shipment.objects.filter(borrower_id=order.borrower_id, order_id=order.id)
        .values_list("received_at", flat=True)
        .first()
    )
    if received_at is None:
        return
    days = rule_data.value("return_days", on=business_date.current())
    if clock.now() > received_at + datetime.timedelta(days=days):
        raise ReturnNotPossible(
            _("签收已超过 %(days)d 天，不能再无理由退货；质量问题仍可申请。") % {"days": days}, field="kind"
        )


def _decide(asked: Return, state: ReturnState, *, staff: str, reason: str) -> None:
    _insist_on_requested(asked)
    asked.state = state
    asked.decided_by = staff
    asked.decision_reason = reason[:200]
    asked.decided_at = clock.now()
    asked.save(update_fields=["state", "decided_by", "decision_reason", "decided_at"])
    audit.record(
        actor=staff, action=f"mall.return.{state.value}", subject=f"return:{asked.id}", reason=reason
    )


def _insist_on_requested(asked: Return) -> None:
    if asked.state != ReturnState.REQUESTED:
        raise OrderClosed(
            _("这个退货申请已经是“%(state)s”。") % {"state": ReturnState(asked.state).label},
            state=asked.state,
        )


def _give_state_back(order: Order, asked: Return) -> None:
    order.state = asked.state_before
    order.save(update_fields=["state"])


def _announce(topic: str, order: Order, asked: Return) -> None:
    outbox.publish(
        topic,
        borrower_id=order.borrower_id,
        order_id=order.id,
        number=order.number,
        return_id=asked.id,
        line_ids=[str(line_id) for line_id in _line_ids(asked)],
        reason=asked.decision_reason or asked.reason,
    )
