"""Orders as their owner and the staff see them."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import OrderNotFound, ReturnNotFound
from fenqi.mall.models import Order as OrderRecord
from fenqi.mall.models import OrderEvent, OrderNumber, OrderState, ReturnLine, ReturnState
from fenqi.mall.models import OrderLine as OrderLineRecord
from fenqi.mall.models import Return as ReturnRecord
from fenqi.mall.queries.language import picture_url, worded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PAGE_SIZE = 20

# What the time line says; a kind that is not here is for staff.
EVENTS = {
    "placed": _("提交订单"),
    "in_review": _("分期申请审核中"),
    "review_ended": _("分期申请结束，等待支付"),
    "full_paid": _("全款部分已支付"),
    "financed_paid": _("分期部分已放款"),
    "paid": _("支付完成"),
    "shipped": _("已发货"),
    "received": _("已收货"),
    "completed": _("已完成，退货期结束"),
    "cancelled": _("已取消"),
    "return_requested": _("申请退货"),
    "return_approved": _("退货已通过，正在退款"),
    "return_refused": _("退货未通过"),
    "return_withdrawn": _("撤销退货"),
    "return_completed": _("退款完成"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderLine:
    """One variant of an order, as it was named and priced then."""

    id: UUID
    sku: str
    product_slug: str
    name: str
    option: str
    picture_url: str
    unit_price_fen: int
    quantity: int
    amount_fen: int
    pays_by: str
    is_returned: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line of the time line."""

    kind: str
    at: datetime.datetime
    actor: str
    detail: dict[str, Any]

    @property
    def label(self) -> str:
        """In words; "" for a line that only staff need."""
        return str(EVENTS.get(self.kind, ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRow:
    """An order in a list."""

    borrower_id: int
    id: UUID
    number: str
    state: str
    state_label: str
    total_fen: int
    full_amount_fen: int
    financed_amount_fen: int
    placed_at: datetime.datetime
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnRow:
    """A return with what it gives back."""

    borrower_id: int
    id: UUID
    order_id: UUID
    order_number: str
    state: str
    state_label: str
    lines: tuple[OrderLine, ...]
    reason: str
    decision_reason: str
    amount_fen: int
    requested_at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An order whole, but for its money: bills are servicing's, payments are payments'."""

    borrower_id: int
    id: UUID
    number: str
    state: str
    state_label: str
    total_fen: int
    full_amount_fen: int
    financed_amount_fen: int
    full_paid_at: datetime.datetime | None
    financed_paid_at: datetime.datetime | None
    full_payment_reference: str
    financed_payment_reference: str
    placed_on: datetime.date
    placed_at: datetime.datetime
    expires_at: datetime.datetime
    cancelled_reason: str
    address: dict[str, str]
    lines: tuple[OrderLine, ...]
    events: tuple[Event, ...]
    carrier: str
    tracking: str
    received_at: datetime.datetime | None
    returns: tuple[ReturnRow, ...]

    @property
    def is_unpaid(self) -> bool:
        return self.state in (OrderState.AWAITING_PAYMENT, OrderState.IN_REVIEW)

    @property
    def is_cancellable(self) -> bool:
        """Until it is shipped."""
        return self.is_unpaid or self.state == OrderState.PAID

    @property
    def is_receivable(self) -> bool:
        return self.state == OrderState.SHIPPED

    @property
    def returnable_lines(self) -> tuple[OrderLine, ...]:
        """What one may ask to give back now."""
        if self.state not in (
            OrderState.PAID,
            OrderState.SHIPPED,
            OrderState.RECEIVED,
            OrderState.COMPLETED,
        ):
            return ()
        return tuple(line for line in self.lines if not line.is_returned)

    @property
    def open_return(self) -> ReturnRow | None:
        open_states = (ReturnState.REQUESTED, ReturnState.APPROVED)
        return next((row for row in self.returns if row.state in open_states), None)


def order(*, borrower_id: int, number: str = "", order_id: UUID | None = None) -> Order:
    """
    One order of this shopper, by number or id; two queries.

    Raises: OrderNotFound, also for somebody else's.
    """
    lines_of_it = OrderLineRecord.objects.filter(borrower_id=borrower_id, order_id=OuterRef("id"))
    own = OrderRecord.objects.filter(borrower_id=borrower_id).annotate(
        line_rows=ArraySubquery(lines_of_it.order_by("position").values_list(JSONObject(**_LINE_FIELDS)))
    )
    record = own.filter(id=order_id).first() if order_id else own.filter(number=_typed(number or "")).first()
    if record is None:
        raise OrderNotFound(_("没有这个订单。"))
    lines = tuple(_line(row) for row in record.line_rows)
    events = tuple(
        Event(kind=row.kind, at=row.at, actor=row.actor, detail=row.detail)
        for row in OrderEvent.objects.filter(borrower_id=borrower_id, order_id=record.id).order_by("id")
    )
    happened = {event.kind: event for event in events}
    parcel = happened["shipped"].detail if "shipped" in happened else {}
    return Order(
        borrower_id=borrower_id,
        id=record.id,
        number=record.number,
        state=record.state,
        state_label=str(OrderState(record.state).label),
        total_fen=record.total_fen,
        full_amount_fen=record.full_amount_fen,
        financed_amount_fen=record.financed_amount_fen,
        full_paid_at=record.full_paid_at,
        financed_paid_at=record.financed_paid_at,
        full_payment_reference=record.full_payment_reference,
        financed_payment_reference=record.financed_payment_reference,
        placed_on=record.placed_on,
        placed_at=record.placed_at,
        expires_at=record.expires_at,
        cancelled_reason=record.cancelled_reason,
        address=json.loads(record.address),
        lines=lines,
        events=events,
        carrier=parcel.get("carrier", ""),
        tracking=parcel.get("tracking", ""),
        received_at=happened["received"].at if "received" in happened else None,
        returns=_returns_of(record, lines, events),
    )


def orders(borrower_id: int, *, page: int = 1, group: str = "") -> tuple[OrderRow, ...]:
    """
    One page of a shopper's orders, newest first.

    `group`: "" all, "unpaid", "moving" (to be shipped or under way), "returns".
    """
    own = OrderRecord.objects.filter(borrower_id=borrower_id)
    groups = {
        "unpaid": [OrderState.AWAITING_PAYMENT, OrderState.IN_REVIEW],
        "moving": [OrderState.PAID, OrderState.SHIPPED],
        "returns": [OrderState.RETURN_OPEN, OrderState.RETURNED],
    }
    if group in groups:
        own = own.filter(state__in=groups[group])
    start = (max(page, 1) - 1) * PAGE_SIZE
    return _rows(own.order_by("-placed_at", "-id")[start : start + PAGE_SIZE])


def find_order(number: str) -> Order | None:
    """For staff: an order by the number a shopper reads out, whoever it belongs to."""
    known = OrderNumber.objects.filter(number=_typed(number).upper()).first()
    return order(borrower_id=known.borrower_id, order_id=known.order_id) if known else None


def _typed(number: str) -> str:
    """A number from an address line: what the database cannot even be asked for finds nothing."""
    return number.replace("\x00", "").strip()


def orders_to_ship(*, limit: int = 100) -> tuple[OrderRow, ...]:
    """For the shipping desk: paid orders, oldest first."""
    return _rows(OrderRecord.objects.filter(state=OrderState.PAID).order_by("placed_at")[:limit])


def returns_waiting(*, limit: int = 100) -> tuple[ReturnRow, ...]:
    """For the desk: returns to decide, oldest first."""
    waiting = ReturnRecord.objects.filter(state=ReturnState.REQUESTED).order_by("requested_at")[:limit]
    return _returns(list(waiting))


def return_of(*, borrower_id: int, return_id: UUID) -> ReturnRow:
    """One return. Raises: ReturnNotFound."""
    record = ReturnRecord.objects.filter(borrower_id=borrower_id, id=return_id).first()
    if record is None:
        raise ReturnNotFound(_("没有这个退货申请。"))
    return _returns([record])[0]


def _returns(records: Sequence[ReturnRecord]) -> tuple[ReturnRow, ...]:
    """Returns of anybody with their lines: three queries, however many."""
    owners = {record.borrower_id for record in records}
    parents = OrderRecord.objects.filter(
        borrower_id__in=owners, id__in={record.order_id for record in records}
    )
    numbers = dict(parents.values_list("id", "number"))
    given = _lines_given(owners, [record.id for record in records])
    lines = _lines(owners, list(numbers))
    return tuple(
        _return(
            record,
            numbers[record.order_id],
            tuple(line for line in lines[record.order_id] if line.id in given.get(record.id, set())),
        )
        for record in records
    )


def _rows(records: Sequence[OrderRecord]) -> tuple[OrderRow, ...]:
    records = list(records)
    lines = _lines({record.borrower_id for record in records}, [record.id for record in records])
    return tuple(
        OrderRow(
            borrower_id=record.borrower_id,
            id=record.id,
            number=record.number,
            state=record.state,
            state_label=str(OrderState(record.state).label),
            total_fen=record.total_fen,
            full_amount_fen=record.full_amount_fen,
            financed_amount_fen=record.financed_amount_fen,
            placed_at=record.placed_at,
            lines=lines.get(record.id, ()),
        )
        for record in records
    )


_LINE_FIELDS = {
    name: name
    for name in (
        "id",
        "sku",
        "product_slug",
        "name_zh",
        "name_en",
        "variant_zh",
        "variant_en",
        "picture",
        "unit_price_fen",
        "quantity",
        "amount_fen",
        "pays_by",
        "returned_at",
    )
}


def _lines(owners: Collection[int], order_ids: Collection[UUID]) -> dict[UUID, tuple[OrderLine, ...]]:
    """The lines of orders by order; `owners` are whose they are."""
    found: dict[UUID, list[OrderLine]] = {}
    rows = OrderLineRecord.objects.filter(borrower_id__in=owners, order_id__in=order_ids)
    for row in rows.order_by("position").values("order_id", *_LINE_FIELDS):
        found.setdefault(row["order_id"], []).append(_line(row))
    return {order_id: tuple(lines) for order_id, lines in found.items()}


def _line(row: dict[str, Any]) -> OrderLine:
    return OrderLine(
        id=row["id"] if isinstance(row["id"], UUID) else UUID(row["id"]),
        sku=row["sku"],
        product_slug=row["product_slug"],
        name=worded(row, "name"),
        option=worded(row, "variant"),
        picture_url=picture_url(row["picture"]),
        unit_price_fen=row["unit_price_fen"],
        quantity=row["quantity"],
        amount_fen=row["amount_fen"],
        pays_by=row["pays_by"],
        is_returned=row["returned_at"] is not None,
    )


def _returns_of(
    record: OrderRecord, lines: tuple[OrderLine, ...], events: tuple[Event, ...]
) -> tuple[ReturnRow, ...]:
    # Most orders have none, and their time line says so without a query.
    if not any(event.kind == "return_requested" for event in events):
        return ()
    asked = ReturnRecord.objects.filter(borrower_id=record.borrower_id, order_id=record.id)
    given = _lines_given({record.borrower_id}, [row.id for row in asked])
    return tuple(
        _return(row, record.number, tuple(line for line in lines if line.id in given.get(row.id, set())))
        for row in sorted(asked, key=lambda row: row.requested_at)
    )


def _lines_given(owners: Collection[int], return_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The lines that returns are about, by return."""
    given: dict[UUID, set[UUID]] = {}
    pairs = ReturnLine.objects.filter(borrower_id__in=owners, return_id__in=return_ids)
    for return_id, line_id in pairs.values_list("return_id", "order_line_id"):
        given.setdefault(return_id, set()).add(line_id)
    return given


def _return(record: ReturnRecord, number: str, lines: tuple[OrderLine, ...]) -> ReturnRow:
    return ReturnRow(
        borrower_id=record.borrower_id,
        id=record.id,
        order_id=record.order_id,
        order_number=number,
        state=record.state,
        state_label=str(ReturnState(record.state).label),
        lines=lines,
        reason=record.reason,
        decision_reason=record.decision_reason,
        amount_fen=record.amount_fen,
        requested_at=record.requested_at,
    )


def desk_sizes() -> dict[str, int]:
    """How much waits at the desks of the mall, by one statement: returns to decide, orders to ship."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM mall_return WHERE state = 'requested'),"
            " (SELECT count(*) FROM mall_order WHERE state = 'paid')"
        )
        returns, shipping = cursor.fetchone()
    return {"returns": returns, "shipping": shipping}
