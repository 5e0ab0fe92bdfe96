"""Returns and cancellations: what was paid at once goes back to the payer, what was financed goes back to the lender."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.credit.ports import LenderRefused, LenderUnavailable, RefundAnswer
from fenqi.domain import posting_rules
from fenqi.domain.events import Event, EventKind, Phase
from fenqi.ledger import services as ledger
from fenqi.mall import queries as mall_queries
from fenqi.mall import services as mall
from fenqi.payments import services as payments
from fenqi.people import queries as people
from fenqi.plumbing import audit, business_date, clock, outbox, ports
from fenqi.plumbing.ids import new_id
from fenqi.purchases import waiting
from fenqi.purchases.errors import CannotCancel
from fenqi.purchases.models import (
    CallKind,
    CallState,
    GiveBack,
    LenderCall,
    Purchase,
    PurchaseState,
)
from fenqi.purchases.services.paying_out import OPEN_STATES
from fenqi.servicing import queries as servicing_queries
from fenqi.servicing import services as servicing

if TYPE_CHECKING:
    pass


def cancel_order(*, borrower_id: int, order_id: UUID, reason: str) -> None:
    """
    Give up an order before it is shipped; what was paid or lent goes back by itself.

    Raises: CannotCancel while a lender is paying out; whatever the mall refuses.
    """
    if Purchase.objects.filter(
        borrower_id=borrower_id, order_id=order_id, state=PurchaseState.DISBURSING
    ).exists():
        raise CannotCancel(_("贷款机构正在放款，结果出来后才能取消订单。"))
    mall.cancel_order(borrower_id=borrower_id, order_id=order_id, reason=reason)


@transaction.atomic
def return_lines(
    *, approval_id: UUID, staff: str, borrower_id: int, return_id: UUID, reason: str = ""
) -> None:
    """
    Approve a return and begin giving its money back; it goes on after commit, and by the worker.

    Raises: SecondPairMissing; whatever the mall refuses.
    """
    mall.approve_return(
        approval_id=approval_id, staff=staff, borrower_id=borrower_id, return_id=return_id, reason=reason
    )
    begin_return(borrower_id=borrower_id, return_id=return_id)

    def go_on() -> None:
        advance_give_back(borrower_id=borrower_id, give_back_id=return_id)

    # What fails here is logged and taken up by the worker: the decision stands.
    transaction.on_commit(go_on, robust=True)


@transaction.atomic
def pause_for_return(*, borrower_id: int, return_id: UUID) -> None:
    """A return of a financed line is open: nothing is debited, reminded or late until it is decided; repeatable."""
    asked = mall_queries.return_of(borrower_id=borrower_id, return_id=return_id)
    if any(line.pays_by == "installments" for line in asked.lines):
        _set_pause(borrower_id, asked.order_id, return_id, Phase.BEGIN)


@transaction.atomic
def resume_after_return(*, borrower_id: int, return_id: UUID) -> None:
    """The return is refused, withdrawn or completed: the loan goes on; repeatable, and nothing if it never paused."""
    asked = mall_queries.return_of(borrower_id=borrower_id, return_id=return_id)
    if any(line.pays_by == "installments" for line in asked.lines):
        _set_pause(borrower_id, asked.order_id, return_id, Phase.END)


@transaction.atomic
def begin_return(*, borrower_id: int, return_id: UUID) -> None:
    """Write down what an approved return gives back and to whom; repeatable."""
    asked = mall_queries.return_of(borrower_id=borrower_id, return_id=return_id)
    _begin(
        borrower_id=borrower_id,
        give_back_id=return_id,
        order_id=asked.order_id,
        is_cancellation=False,
        to_payer_fen=sum(line.amount_fen for line in asked.lines if line.pays_by == "full"),
        to_loan_fen=sum(line.amount_fen for line in asked.lines if line.pays_by == "installments"),
    )


@transaction.atomic
def begin_cancellation(*, borrower_id: int, order_id: UUID, paid_parts: list[str]) -> None:
    """Write down what a cancelled order gives back; its open application is closed; repeatable."""
    for application in credit_queries.applications_of_order(borrower_id=borrower_id, order_id=order_id):
        if application.is_open and application.state != "disbursing":
            credit.cancel_application(
                borrower_id=borrower_id, application_id=application.id, reason="order_cancelled"
            )
    order = mall_queries.order(borrower_id=borrower_id, order_id=order_id)
    amounts = {"full": order.full_amount_fen, "financed": order.financed_amount_fen}
    due = {part: amounts[part] for part in paid_parts}
    if due:
        _begin(
            borrower_id=borrower_id,
            give_back_id=order_id,
            order_id=order_id,
            is_cancellation=True,
            to_payer_fen=due.get("full", 0),
            to_loan_fen=due.get("financed", 0),
        )


def advance_give_back(*, borrower_id: int, give_back_id: UUID) -> bool:
    """
    Take a give-back as far as it can go now; tells whether it is done. Repeatable.

    Makes outside calls: not inside a transaction.
    """
    row = GiveBack.objects.get(borrower_id=borrower_id, id=give_back_id)
    if row.done_at is not None:
        return True
    if row.to_loan_fen and row.loan_reduced_at is None:
        _refund_lender(row)
    return _finish(borrower_id, give_back_id)


@transaction.atomic
def record_refund(*, borrower_id: int, give_back_id: UUID, refund_id: UUID, amount_fen: int) -> None:
    """The channel has paid the shopper's money back; repeatable by refund."""
    post_refund(borrower_id=borrower_id, refund_id=refund_id, amount_fen=amount_fen)
    row = GiveBack.objects.select_for_update().get(borrower_id=borrower_id, id=give_back_id)
    if row.paid_back_at is None:
        row.refund_id, row.paid_back_at = refund_id, clock.now()
        row.save(update_fields=["refund_id", "paid_back_at"])
    waiting.note(kind=waiting.GIVE_BACK, subject_id=give_back_id, borrower_id=borrower_id)


def post_refund(*, borrower_id: int, refund_id: UUID, amount_fen: int) -> None:
    """Book money of an order that went back through the channel; repeatable by refund."""
    ledger.post(
        borrower_id=borrower_id,
        entry=posting_rules.order_refunded(amount_fen=amount_fen),
        business_date=business_date.current(),
        source=f"order-refund:{refund_id}",
    )


def _begin(
    *,
    borrower_id: int,
    give_back_id: UUID,
    order_id: UUID,
    is_cancellation: bool,
    to_payer_fen: int,
    to_loan_fen: int,
) -> None:
    _row, is_new = GiveBack.objects.get_or_create(
        borrower_id=borrower_id,
        id=give_back_id,
        defaults={
            "order_id": order_id,
            "is_cancellation": is_cancellation,
            "to_payer_fen": to_payer_fen,
            "to_loan_fen": to_loan_fen,
            "started_at": clock.now(),
        },
    )
    if not is_new:
        return
    purchase = _purchase_of(borrower_id, order_id)
    if to_payer_fen:
        payments.refund_payment(
            borrower_id=borrower_id,
            payment_id=purchase.full_payment_id,
            amount_fen=to_payer_fen,
            reference=f"give-back:{give_back_id}",
            subject={
                "give_back_id": str(give_back_id),
                "order_id": str(order_id),
                "number": purchase.order_number,
            },
        )
    if to_loan_fen:
        disbursed = LenderCall.objects.get(
            borrower_id=borrower_id, kind=CallKind.DISBURSE, subject_id=purchase.id
        )
        LenderCall.objects.create(
            borrower_id=borrower_id,
            id=new_id(),
            kind=CallKind.REFUND,
            lender_code=disbursed.lender_code,
            subject_id=give_back_id,
            of=disbursed.id,
            amount_fen=to_loan_fen,
            on=business_date.current(),
            state=CallState.INTENDED,
            intended_at=clock.now(),
        )
    audit.record(
        actor="system:purchases",
        action="give_back.started",
        subject=f"order:{order_id}",
        to_payer_fen=to_payer_fen,
        to_loan_fen=to_loan_fen,
    )
    waiting.note(kind=waiting.GIVE_BACK, subject_id=give_back_id, borrower_id=borrower_id)


def _refund_lender(row: GiveBack) -> None:
    call = LenderCall.objects.get(borrower_id=row.borrower_id, kind=CallKind.REFUND, subject_id=row.id)
    if call.state not in OPEN_STATES:
        return
    try:
        answer: RefundAnswer = ports.get("lender").refund(
            lender_code=call.lender_code,
            reference=str(call.id),
            of=str(call.of),
            amount_fen=call.amount_fen,
            on=call.on,
        )
    except (LenderUnavailable, LenderRefused) as e:
        # A refund to a lender is owed whatever it says: it is asked again until it is taken.
        LenderCall.objects.filter(borrower_id=row.borrower_id, id=call.id, state__in=OPEN_STATES).update(
            state=CallState.UNKNOWN, tries=call.tries + 1, answer={"reason": str(e)[:200]}
        )
        return
    _reduce_loan(row, call, answer)


@transaction.atomic
def _reduce_loan(row: GiveBack, call: LenderCall, answer: RefundAnswer) -> None:
    kept = GiveBack.objects.select_for_update().get(borrower_id=row.borrower_id, id=row.id)
    if kept.loan_reduced_at is not None:
        return
    purchase = _purchase_of(row.borrower_id, row.order_id)
    loan = servicing_queries.loan(borrower_id=row.borrower_id, loan_id=purchase.loan_id)
    if loan.serviced_by == "us":
        servicing.record_event(
            borrower_id=row.borrower_id,
            loan_id=loan.id,
            event=Event(
                id="new",
                kind=EventKind.MERCHANT_REFUND,
                on=business_date.current(),
                amount_fen=row.to_loan_fen,
            ),
            reference=f"give-back:{row.id}",
        )
        if not row.is_cancellation:
            _set_pause(row.borrower_id, row.order_id, row.id, Phase.END)
        _return_surplus(row, purchase)
    else:
        # The lender's own schedule shrank: what it looks like now is asked for when this is committed.
        waiting.note(kind=waiting.MIRROR, subject_id=loan.id, borrower_id=row.borrower_id)
    kept.loan_reduced_at = clock.now()
    kept.save(update_fields=["loan_reduced_at"])
    call.state, call.answered_at = CallState.SUCCEEDED, clock.now()
    call.answer = {"serial": answer.serial}
    call.save(update_fields=["state", "answered_at", "answer"])


def _return_surplus(row: GiveBack, purchase: Purchase) -> None:
    """
    What was paid on goods that went back returns to the card of the agreement, or to another of the shopper's.

    Without any card it stays on the loan as overpaid, where shopper and staff see it.
    """
    loan = servicing_queries.loan(borrower_id=row.borrower_id, loan_id=purchase.loan_id)
    cards = [card.id for card in people.cards(row.borrower_id)]
    if not loan.overpaid_fen or not cards:
        return
    agreed = credit_queries.agreement(borrower_id=row.borrower_id, agreement_id=purchase.agreement_id).card_id
    servicing.return_overpayment(
        borrower_id=row.borrower_id,
        loan_id=loan.id,
        reference=f"give-back:{row.id}:surplus",
        card_id=agreed if agreed in cards else cards[0],
    )


@transaction.atomic
def _finish(borrower_id: int, give_back_id: UUID) -> bool:
    row = GiveBack.objects.select_for_update().get(borrower_id=borrower_id, id=give_back_id)
    if row.done_at is not None:
        return True
    if (row.to_payer_fen and row.paid_back_at is None) or (row.to_loan_fen and row.loan_reduced_at is None):
        return False
    row.done_at = clock.now()
    row.save(update_fields=["done_at"])
    waiting.forget(row.id)
    if not row.is_cancellation:
        mall.complete_return(borrower_id=borrower_id, return_id=row.id)
    purchase = _purchase_of(borrower_id, row.order_id)
    outbox.publish(
        "purchases.give_back.completed",
        borrower_id=borrower_id,
        give_back_id=row.id,
        order_id=row.order_id,
        number=purchase.order_number,
        to_payer_fen=row.to_payer_fen,
        to_loan_fen=row.to_loan_fen,
    )
    return True


def _set_pause(borrower_id: int, order_id: UUID, return_id: UUID, phase: Phase) -> None:
    purchase = _purchase_of(borrower_id, order_id)
    if purchase.loan_id is None:
        return
    loan = servicing_queries.loan(borrower_id=borrower_id, loan_id=purchase.loan_id)
    if loan.serviced_by != "us":
        return
    if phase is Phase.BEGIN and loan.is_closed:
        return
    began = f"return-pause:{return_id}:{Phase.BEGIN.value}"
    if phase is Phase.END and not servicing_queries.is_booked(borrower_id=borrower_id, reference=began):
        return
    servicing.record_event(
        borrower_id=borrower_id,
        loan_id=loan.id,
        event=Event(id="new", kind=EventKind.RETURN_PAUSE, on=business_date.current(), phase=phase),
        reference=f"return-pause:{return_id}:{phase.value}",
    )


def _purchase_of(borrower_id: int, order_id: UUID) -> Purchase:
    rows = Purchase.objects.filter(borrower_id=borrower_id, order_id=order_id)
    return rows.exclude(state=PurchaseState.FAILED).first() or rows.latest("confirmed_at")
