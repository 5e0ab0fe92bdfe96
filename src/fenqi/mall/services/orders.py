"""An order from its placing until it is paid or given up. Money itself is moved by purchases and payments."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import (
    AddressMissing,
    NothingChosen,
    NotOnSale,
    OrderClosed,
    PartPaidAlready,
    PriceChanged,
    QuantityWrong,
)
from fenqi.mall.models import (
    Address,
    CartLine,
    Order,
    OrderEvent,
    OrderLine,
    OrderNumber,
    OrderState,
    PaysBy,
    Reservation,
    ReservationState,
    Variant,
)
from fenqi.mall.services import stock
from fenqi.mall.services.cart import MOST_LINES, check_quantity
from fenqi.mall.services.locks import lock_order
from fenqi.plumbing import business_date, clock, idempotency, outbox, rule_data
from fenqi.plumbing.ids import new_id, new_number

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fenqi.mall.services.cart import Item

UNPAID = {OrderState.AWAITING_PAYMENT, OrderState.IN_REVIEW}


@transaction.atomic
def place_order(
    *,
    borrower_id: int,
    lines: Sequence[Item],
    address_id: UUID,
    reference: str,
    financed_skus: Collection[str] = (),
    from_cart: bool = False,
    expected_total_fen: int | None = None,
) -> UUID:
    """
    Promise goods to a shopper and take them off the shelf, all or nothing; unpaid goods go back when the time is up.

    Prices are the catalogue's, in fen. Safe to repeat: the same `reference` gives the same order.

    Raises: NothingChosen, QuantityWrong, NotOnSale, AddressMissing, PriceChanged (if the sum is not
        `expected_total_fen`), SoldOut, ReferenceReused.
    """
    wanted = _wanted(lines)
    claim = idempotency.claim(
        scope="mall.place_order",
        key=f"{borrower_id}:{reference}",
        content={"lines": wanted, "financed": sorted(financed_skus), "address": str(address_id)},
        borrower_id=borrower_id,
    )
    if not claim.is_new:
        return UUID(claim.result["order_id"])

    variants = _offered(wanted)
    address = _address_text(borrower_id=borrower_id, address_id=address_id)
    order = _new_order(
        borrower_id=borrower_id,
        reference=reference,
        address=address,
        amounts={sku: variant.price_fen * wanted[sku] for sku, variant in variants.items()},
        financed_skus=financed_skus,
    )
    if expected_total_fen is not None and order.total_fen != expected_total_fen:
        raise PriceChanged(_("价格有变动，请核对新的金额后再提交。"), total_fen=order.total_fen)
    stock.take(quantities=wanted)

    order.save(force_insert=True)
    OrderNumber.objects.create(number=order.number, borrower_id=borrower_id, order_id=order.id)
    OrderLine.objects.bulk_create(_lines_of(order, wanted, variants, financed_skus))
    Reservation.objects.bulk_create(
        Reservation(borrower_id=borrower_id, order_id=order.id, sku=sku, quantity=quantity)
        for sku, quantity in wanted.items()
    )
    if from_cart:
        CartLine.objects.filter(borrower_id=borrower_id, sku__in=list(wanted)).delete()
    note(order, "placed", actor=f"shopper:{borrower_id}", total_fen=order.total_fen)
    claim.settle({"order_id": str(order.id)})
    return order.id


def _wanted(lines: Sequence[Item]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for item in lines:
        check_quantity(item.quantity)
        wanted[item.sku] = wanted.get(item.sku, 0) + item.quantity
        check_quantity(wanted[item.sku])
    if not wanted:
        raise NothingChosen(_("请先选择要结算的商品。"), field="lines")
    if len(wanted) > MOST_LINES:
        raise QuantityWrong(_("一个订单最多 50 种商品。"), field="lines")
    return wanted


def _offered(wanted: dict[str, int]) -> dict[str, Variant]:
    found = {
        variant.sku: variant
        for variant in Variant.objects.select_related("product").filter(
            sku__in=list(wanted), is_on_sale=True, product__is_on_sale=True
        )
    }
    for sku in wanted:
        if sku not in found:
            raise NotOnSale(_("有商品已下架，请从订单中删除后再提交。"), field="lines", sku=sku)
    return {sku: found[sku] for sku in wanted}


def _address_text(*, borrower_id: int, address_id: UUID) -> str:
    address = Address.objects.filter(borrower_id=borrower_id, id=address_id).first()
    if address is None:
        raise AddressMissing(_("请选择收货地址。"), field="address_id")
    kept = ("recipient", "phone", "province", "city", "district", "street")
    return json.dumps({name: getattr(address, name) for name in kept}, ensure_ascii=False)


def _new_order(
    *,
    borrower_id: int,
    reference: str,
    address: str,
    amounts: dict[str, int],
    financed_skus: Collection[str],
) -> Order:
    today = business_date.current()
    financed_fen = sum(amount for sku, amount in amounts.items() if sku in financed_skus)
    total_fen = sum(amounts.values())
    return Order(
        borrower_id=borrower_id,
        id=new_id(),
        number=new_number("Q", today),
        reference=reference,
        total_fen=total_fen,
        financed_amount_fen=financed_fen,
        full_amount_fen=total_fen - financed_fen,
        address=address,
        placed_on=today,
        placed_at=clock.now(),
        expires_at=_expiry("awaiting_payment", today),
    )


def _expiry(waiting_for: str, today: datetime.date) -> datetime.datetime:
    minutes = rule_data.value("reservation_minutes", on=today)[waiting_for]
    return clock.wall() + datetime.timedelta(minutes=minutes)


def _lines_of(
    order: Order, wanted: dict[str, int], variants: dict[str, Variant], financed_skus: Collection[str]
) -> list[OrderLine]:
    return [
        OrderLine(
            borrower_id=order.borrower_id,
            id=new_id(),
            order_id=order.id,
            sku=sku,
            product_slug=variant.product_id,
            name_zh=variant.product.name_zh,
            name_en=variant.product.name_en,
            variant_zh=" · ".join(filter(None, [variant.colour_zh, variant.option_zh])),
            variant_en=" · ".join(filter(None, [variant.colour_en, variant.option_en])),
            picture=variant.picture,
            unit_price_fen=variant.price_fen,
            quantity=wanted[sku],
            amount_fen=variant.price_fen * wanted[sku],
            pays_by=PaysBy.INSTALLMENTS if sku in financed_skus else PaysBy.FULL,
            position=position,
        )
        for position, (sku, variant) in enumerate(variants.items())
    ]


@transaction.atomic
def mark_in_review(*, borrower_id: int, order_id: UUID, anew: bool = False) -> None:
    """
    Keep the goods while an application is looked at (rule reservation_minutes); `anew` begins the time again.

    Raises: OrderNotFound, OrderClosed.
    """
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    if order.state == OrderState.IN_REVIEW and not anew:
        return
    _insist_on_state(order, {OrderState.AWAITING_PAYMENT, OrderState.IN_REVIEW})
    order.state = OrderState.IN_REVIEW
    order.expires_at = _expiry("in_review", business_date.current())
    order.save(update_fields=["state", "expires_at"])
    note(order, "in_review", actor="system:credit")


@transaction.atomic
def leave_review(*, borrower_id: int, order_id: UUID) -> None:
    """The application ended without a loan: the order waits for another way to pay. Raises: OrderNotFound."""
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    if order.state != OrderState.IN_REVIEW:
        return
    order.state = OrderState.AWAITING_PAYMENT
    order.expires_at = _expiry("awaiting_payment", business_date.current())
    order.save(update_fields=["state", "expires_at"])
    note(order, "review_ended", actor="system:credit")


@transaction.atomic
def mark_paid(*, borrower_id: int, order_id: UUID, part: str, reference: str) -> None:
    """
    Book that one part of an order ("full" or "financed") is paid; the order is paid when every part with an amount is.

    Safe to repeat with the same reference.

    Raises: OrderNotFound; OrderClosed if it was given up before the money came; PartPaidAlready.
    """
    if part not in ("full", "financed"):
        raise ValueError(f'part is "full" or "financed", got {part!r}')
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    if getattr(order, f"{part}_paid_at") is not None:
        earlier = getattr(order, f"{part}_payment_reference")
        if earlier != reference:
            raise PartPaidAlready(_("这一部分已经支付过了，多付的会退回。"), reference=earlier)
        return
    _insist_on_state(order, UNPAID)
    setattr(order, f"{part}_paid_at", clock.now())
    setattr(order, f"{part}_payment_reference", reference)
    note(order, f"{part}_paid", actor="system:payments", reference=reference)
    waits_for_full = order.full_amount_fen and order.full_paid_at is None
    waits_for_loan = order.financed_amount_fen and order.financed_paid_at is None
    if not waits_for_full and not waits_for_loan:
        order.state = OrderState.PAID
        _settle_reservations(order, ReservationState.SOLD)
        note(order, "paid", actor="system:payments")
        outbox.publish("mall.order.paid", borrower_id=borrower_id, order_id=order.id, number=order.number)
    order.save()


@transaction.atomic
def cancel_order(*, borrower_id: int, order_id: UUID, reason: str, actor: str = "") -> None:
    """
    Give an order up before it is shipped and put its goods back, once. A paid part is announced for refund.

    Raises: OrderNotFound; OrderClosed if it has been shipped or is already over (a repeated cancel is not an error).
    """
    order = lock_order(borrower_id=borrower_id, order_id=order_id)
    if order.state == OrderState.CANCELLED:
        return
    _insist_on_state(order, {*UNPAID, OrderState.PAID})
    _cancel(order, reason=reason, actor=actor or f"shopper:{borrower_id}")


def expire_reservations(now: datetime.datetime, *, limit: int = 500) -> int:
    """Give up orders whose time to pay is over at `now` (wall clock), each in its own transaction; tells how many."""
    due = (
        Order.objects.filter(state__in=UNPAID, expires_at__lte=now)
        .order_by("expires_at")
        .values_list("borrower_id", "id")[:limit]
    )
    expired = 0
    for borrower_id, order_id in list(due):
        with transaction.atomic():
            order = lock_order(borrower_id=borrower_id, order_id=order_id)
            # It may have been paid or cancelled while we waited for the lock.
            if order.state in UNPAID and order.expires_at <= now:
                _cancel(order, reason="expired", actor="system:mall")
                expired += 1
    return expired


def _cancel(order: Order, *, reason: str, actor: str) -> None:
    paid_parts = [part for part in ("full", "financed") if getattr(order, f"{part}_paid_at") is not None]
    order.state = OrderState.CANCELLED
    order.cancelled_reason = reason[:200]
    order.save(update_fields=["state", "cancelled_reason"])
    stock.put_back(quantities=_settle_reservations(order, ReservationState.RELEASED))
    note(order, "cancelled", actor=actor, reason=reason)
    outbox.publish(
        "mall.order.cancelled",
        borrower_id=order.borrower_id,
        order_id=order.id,
        number=order.number,
        paid_parts=paid_parts,
        reason=reason,
    )


def _settle_reservations(order: Order, state: ReservationState) -> dict[str, int]:
    open_ones = Reservation.objects.filter(borrower_id=order.borrower_id, order_id=order.id).exclude(
        state=ReservationState.RELEASED
    )
    quantities = dict(open_ones.values_list("sku", "quantity"))
    open_ones.update(state=state)
    return quantities


def _insist_on_state(order: Order, allowed: Collection[str]) -> None:
    if order.state not in allowed:
        raise OrderClosed(
            _("订单现在是“%(state)s”，不能这样做。") % {"state": OrderState(order.state).label},
            state=order.state,
        )


def note(order: Order, kind: str, *, actor: str, **detail: object) -> None:
    """Write one line of the order's time line."""
    OrderEvent.objects.create(
        borrower_id=order.borrower_id,
        id=new_id(),
        order_id=order.id,
        kind=kind,
        at=clock.now(),
        actor=actor,
        detail=detail,
    )
