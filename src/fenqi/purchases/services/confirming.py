"""确认支付: the shopper's word starts the money; this takes it as far as it can go and may be called again at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.domain import posting_rules
from fenqi.ledger import services as ledger
from fenqi.mall import queries as mall_queries
from fenqi.mall import services as mall
from fenqi.mall.errors import OrderClosed, PartPaidAlready
from fenqi.payments import queries as payment_queries
from fenqi.payments import services as payments
from fenqi.people import queries as people
from fenqi.plumbing import audit, business_date, clock, idempotency, outbox
from fenqi.plumbing.ids import new_id
from fenqi.purchases import waiting
from fenqi.purchases.errors import MethodMissing, NotReadyToPay, PurchaseUnknown
from fenqi.purchases.models import Purchase, PurchaseState
from fenqi.purchases.services import paying_out

if TYPE_CHECKING:
    from fenqi.mall.queries import Order
    from fenqi.payments.services import PaymentStart

CASHIER = "cashier"


def confirm_purchase(*, borrower_id: int, application_id: UUID, reference: str) -> UUID:
    """
    Record that the shopper confirmed a signed application; tells the purchase's id. Nothing is paid yet.

    Safe to repeat, by `reference` and by application. Raises: NotReadyToPay.
    """
    with transaction.atomic():
        claim = idempotency.claim(
            scope="purchases.confirm",
            key=reference,
            content={"application_id": application_id},
            borrower_id=borrower_id,
        )
        if not claim.is_new:
            return UUID(claim.result["purchase_id"])
        application = credit_queries.application(borrower_id=borrower_id, application_id=application_id)
        order = mall_queries.order(borrower_id=borrower_id, order_id=application.order_id)
        earlier = _standing(borrower_id, order.id)
        if earlier is None:
            if application.state != "signed" or not order.is_unpaid:
                raise NotReadyToPay(_("协议尚未签署，或订单已不能支付。请从订单继续。"))
            if application.amount_fen != order.financed_amount_fen:
                raise NotReadyToPay(_("分期金额与订单不一致，请重新选择方案。"))
            agreement = credit_queries.agreement(borrower_id=borrower_id, application_id=application_id)
            earlier = _new_purchase(order, application_id=application_id, agreement_id=agreement.id)
            mall.mark_in_review(borrower_id=borrower_id, order_id=order.id)
        elif earlier.application_id != application_id:
            raise NotReadyToPay(_("这笔订单已经用另一份协议确认过。"))
        claim.settle({"purchase_id": str(earlier.id)})
        return earlier.id


def check_method(*, borrower_id: int, method: str) -> None:
    """Whether a way to pay was chosen that this person has. Raises: MethodMissing."""
    _card_of(borrower_id, method)


def pay_full_part(
    *, borrower_id: int, order_id: UUID, method: str, return_url: str, reference: str
) -> PaymentStart:
    """
    Pay the part of an order that is due at once, by a bound card (`method` is its id) or at the channel's cashier.

    For an order without installments this also confirms the purchase. `reference` is the form's: a double click pays once.

    Raises: MethodMissing, NotReadyToPay; whatever payments refuses.
    """
    card_id = _card_of(borrower_id, method)
    with transaction.atomic():
        purchase = _standing(borrower_id, order_id)
        if purchase is None:
            order = mall_queries.order(borrower_id=borrower_id, order_id=order_id)
            if order.financed_amount_fen or not order.is_unpaid:
                raise NotReadyToPay(_("这个订单现在不能支付，请从订单继续。"))
            purchase = _new_purchase(order)
        purchase = locked(borrower_id, purchase.id)
        if purchase.full_paid_at or not purchase.full_amount_fen:
            raise NotReadyToPay(_("全款部分已经支付过了，没有重复扣款。"))
        waiting.note(kind=waiting.PURCHASE, subject_id=purchase.id, borrower_id=borrower_id)
    start = payments.start_payment(
        borrower_id=borrower_id,
        amount_fen=purchase.full_amount_fen,
        purpose="order",
        subject={
            "order_id": str(order_id),
            "number": purchase.order_number,
            "purchase_id": str(purchase.id),
            "part": "full",
        },
        card_id=card_id,
        return_url=return_url,
        reference=f"order-full:{purchase.id}:{reference}",
    )
    Purchase.objects.filter(borrower_id=borrower_id, id=purchase.id, full_paid_at=None).update(
        full_payment_id=start.payment_id
    )
    return start


def advance_purchase(*, borrower_id: int, purchase_id: UUID) -> str:
    """
    Take a purchase as far as it can go now and tell its state. Repeatable by page, job and notice alike.

    Makes outside calls: not inside a transaction.
    """
    purchase = get(borrower_id, purchase_id)
    if purchase.state == PurchaseState.PAYING and _full_part_is_paid(purchase):
        _after_full_part(borrower_id, purchase_id)
        purchase = get(borrower_id, purchase_id)
    if purchase.state == PurchaseState.DISBURSING:
        paying_out.disburse(purchase)
        purchase = get(borrower_id, purchase_id)
    if purchase.state == PurchaseState.DONE:
        paying_out.sign_mandate(purchase)
    return purchase.state


@transaction.atomic
def record_full_payment(*, borrower_id: int, purchase_id: UUID, payment_id: UUID, amount_fen: int) -> None:
    """
    Book a payment that came in for an order; repeatable by payment.

    One that came twice or after the order was given up is booked and goes back at once: nobody has to ask for it.
    """
    purchase = locked(borrower_id, purchase_id)
    ledger.post(
        borrower_id=borrower_id,
        entry=posting_rules.order_paid(amount_fen=amount_fen),
        business_date=business_date.current(),
        source=f"order-payment:{payment_id}",
    )
    try:
        with transaction.atomic():
            mall.mark_paid(
                borrower_id=borrower_id, order_id=purchase.order_id, part="full", reference=str(payment_id)
            )
    except (OrderClosed, PartPaidAlready) as e:
        payments.refund_payment(
            borrower_id=borrower_id,
            payment_id=payment_id,
            amount_fen=amount_fen,
            reference=f"order-unneeded:{payment_id}",
            subject={"order_id": str(purchase.order_id), "number": purchase.order_number},
        )
        audit.record(
            actor="system:purchases",
            action="payment.unneeded",
            subject=f"payment:{payment_id}",
            reason=e.code,
        )
        return
    if purchase.full_paid_at is None:
        purchase.full_payment_id, purchase.full_paid_at = payment_id, clock.now()
        purchase.save(update_fields=["full_payment_id", "full_paid_at"])
    waiting.note(kind=waiting.PURCHASE, subject_id=purchase_id, borrower_id=borrower_id)


def has_open_payment(borrower_id: int, purchase_id: UUID) -> bool:
    """Whether a payment was begun whose end nobody knows yet."""
    purchase = get(borrower_id, purchase_id)
    if purchase.state != PurchaseState.PAYING or purchase.full_payment_id is None:
        return False
    payment = payment_queries.payment(borrower_id=borrower_id, payment_id=purchase.full_payment_id)
    return payment.state not in ("SUCCEEDED", "FAILED")


def get(borrower_id: int, purchase_id: UUID) -> Purchase:
    """The row. Raises: PurchaseUnknown."""
    row = Purchase.objects.filter(borrower_id=borrower_id, id=purchase_id).first()
    if row is None:
        raise PurchaseUnknown(_("没有这笔购买。"))
    return row


def locked(borrower_id: int, purchase_id: UUID) -> Purchase:
    """The row under its lock. Raises: PurchaseUnknown."""
    row = Purchase.objects.select_for_update().filter(borrower_id=borrower_id, id=purchase_id).first()
    if row is None:
        raise PurchaseUnknown(_("没有这笔购买。"))
    return row


def _standing(borrower_id: int, order_id: UUID) -> Purchase | None:
    rows = Purchase.objects.filter(borrower_id=borrower_id, order_id=order_id)
    return rows.exclude(state=PurchaseState.FAILED).first()


def _new_purchase(
    order: Order, *, application_id: UUID | None = None, agreement_id: UUID | None = None
) -> Purchase:
    # A purchase the lender failed has its full part paid already: it is not asked for again.
    paid_before = (
        Purchase.objects.filter(borrower_id=order.borrower_id, order_id=order.id)
        .exclude(full_paid_at=None)
        .first()
    )
    try:
        with transaction.atomic():
            return Purchase.objects.create(
                borrower_id=order.borrower_id,
                id=new_id(),
                order_id=order.id,
                order_number=order.number,
                application_id=application_id,
                agreement_id=agreement_id,
                full_amount_fen=order.full_amount_fen,
                financed_amount_fen=order.financed_amount_fen,
                full_payment_id=paid_before.full_payment_id if paid_before else None,
                full_paid_at=paid_before.full_paid_at if paid_before else None,
                state=PurchaseState.PAYING,
                confirmed_at=clock.now(),
            )
    except IntegrityError:
        # Another tab confirmed at the same moment: its purchase is this one.
        return Purchase.objects.exclude(state=PurchaseState.FAILED).get(
            borrower_id=order.borrower_id, order_id=order.id
        )


def _card_of(borrower_id: int, method: str) -> UUID | None:
    if method == CASHIER:
        return None
    card = next((card for card in people.cards(borrower_id) if str(card.id) == method), None)
    if card is None:
        raise MethodMissing(_("请选择支付方式。"), field="method")
    return card.id


def _full_part_is_paid(purchase: Purchase) -> bool:
    """Whether nothing is left to pay at once; an open payment is looked up, and asked for at the channel."""
    if purchase.full_amount_fen == 0 or purchase.full_paid_at is not None:
        return True
    if purchase.full_payment_id is None:
        return False
    payments.ask_payment(borrower_id=purchase.borrower_id, payment_id=purchase.full_payment_id)
    payment = payment_queries.payment(borrower_id=purchase.borrower_id, payment_id=purchase.full_payment_id)
    if payment.state != "SUCCEEDED":
        return False
    record_full_payment(
        borrower_id=purchase.borrower_id,
        purchase_id=purchase.id,
        payment_id=payment.id,
        amount_fen=payment.amount_fen,
    )
    return get(purchase.borrower_id, purchase.id).full_paid_at is not None


@transaction.atomic
def _after_full_part(borrower_id: int, purchase_id: UUID) -> None:
    purchase = locked(borrower_id, purchase_id)
    if purchase.state != PurchaseState.PAYING:
        return
    if purchase.application_id is None:
        purchase.state, purchase.done_at = PurchaseState.DONE, clock.now()
        purchase.save(update_fields=["state", "done_at"])
        outbox.publish(
            "purchases.purchase.completed",
            borrower_id=borrower_id,
            purchase_id=purchase.id,
            order_id=purchase.order_id,
            number=purchase.order_number,
        )
        return
    credit.mark_disbursing(borrower_id=borrower_id, application_id=purchase.application_id)
    paying_out.intend(purchase)
    purchase.state = PurchaseState.DISBURSING
    purchase.save(update_fields=["state"])
