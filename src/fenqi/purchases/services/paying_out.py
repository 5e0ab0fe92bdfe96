"""The lender pays the shop for the borrower: intent, call, outcome; an unknown outcome is asked for, never guessed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.db import transaction

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.credit.ports import LenderRefused, LenderUnavailable, PayoutAnswer, PayoutState
from fenqi.domain.terms import terms_to_json
from fenqi.mall import services as mall
from fenqi.mall.errors import OrderClosed
from fenqi.payments import services as payments
from fenqi.plumbing import audit, business_date, clock, outbox, ports
from fenqi.plumbing.errors import PeerUnavailable, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.purchases import waiting
from fenqi.purchases.models import CallKind, CallState, LenderCall, Purchase, PurchaseState
from fenqi.servicing import services as servicing

if TYPE_CHECKING:
    from fenqi.credit.queries import AgreementView

OPEN_STATES = (CallState.INTENDED, CallState.UNKNOWN)


def intend(purchase: Purchase) -> LenderCall:
    """Write down that the lender is to pay out; inside the caller's transaction."""
    agreement = credit_queries.agreement(borrower_id=purchase.borrower_id, agreement_id=purchase.agreement_id)
    call, _made = LenderCall.objects.get_or_create(
        borrower_id=purchase.borrower_id,
        kind=CallKind.DISBURSE,
        subject_id=purchase.id,
        defaults={
            "id": new_id(),
            "lender_code": agreement.lender_code,
            "amount_fen": purchase.financed_amount_fen,
            # The first payout day is the agreement's: that is the day its schedule was quoted from.
            "on": agreement.signed_on,
            "state": CallState.INTENDED,
            "intended_at": clock.now(),
        },
    )
    waiting.note(kind=waiting.PURCHASE, subject_id=purchase.id, borrower_id=purchase.borrower_id)
    return call


def disburse(purchase: Purchase) -> None:
    """Send the intent, or ask what became of it, and record the answer."""
    call = LenderCall.objects.get(
        borrower_id=purchase.borrower_id, kind=CallKind.DISBURSE, subject_id=purchase.id
    )
    agreement = credit_queries.agreement(borrower_id=purchase.borrower_id, agreement_id=purchase.agreement_id)
    if call.state in OPEN_STATES:
        try:
            answer = _ask(call, agreement)
        except LenderUnavailable:
            _record(call, state=CallState.UNKNOWN, answer={})
            return
        except LenderRefused as e:
            answer = PayoutAnswer(state=PayoutState.FAILED, reason=e.code)
        if answer.state is PayoutState.PENDING:
            _record(call, state=CallState.UNKNOWN, answer=asdict(answer))
            return
        won = answer.state is PayoutState.SUCCEEDED
        _record(call, state=CallState.SUCCEEDED if won else CallState.FAILED, answer=asdict(answer))
        call.refresh_from_db()
    if call.state == CallState.SUCCEEDED:
        _complete(purchase, call, agreement)
    elif call.state == CallState.FAILED:
        _fail(purchase, reason=call.answer.get("reason") or "lender_failed")


def _ask(call: LenderCall, agreement: AgreementView) -> PayoutAnswer:
    lender = ports.get("lender")
    if call.state == CallState.UNKNOWN:
        known: PayoutAnswer = lender.disbursement(lender_code=call.lender_code, reference=str(call.id))
        if known.state is not PayoutState.NOT_KNOWN:
            return known
    quote = agreement.quote
    answer: PayoutAnswer = lender.disburse(
        lender_code=call.lender_code,
        reference=str(call.id),
        decision_serial=credit_queries.decision_serial(
            borrower_id=call.borrower_id, application_id=agreement.application_id
        ),
        amount_fen=call.amount_fen,
        on=call.on,
        terms=terms_to_json(quote.terms) if quote.terms else {},
        offer_id=quote.offer_id,
        agreement_hash=agreement.digest,
    )
    return answer


@transaction.atomic
def _record(call: LenderCall, *, state: CallState, answer: dict[str, Any]) -> None:
    kept = LenderCall.objects.select_for_update().get(borrower_id=call.borrower_id, id=call.id)
    if kept.state not in OPEN_STATES:
        return
    kept.state, kept.tries, kept.answer = state, kept.tries + 1, answer
    kept.answered_at = clock.now() if state not in OPEN_STATES else None
    kept.save(update_fields=["state", "tries", "answer", "answered_at"])


@transaction.atomic
def _complete(purchase: Purchase, call: LenderCall, agreement: AgreementView) -> None:
    """The money is there: the order is paid, the loan stands, the mandate is signed; once."""
    row = Purchase.objects.select_for_update().get(borrower_id=purchase.borrower_id, id=purchase.id)
    if row.state != PurchaseState.DISBURSING:
        return
    try:
        with transaction.atomic():
            mall.mark_paid(
                borrower_id=row.borrower_id, order_id=row.order_id, part="financed", reference=str(call.id)
            )
    except OrderClosed:
        _undo(row, call)
        return
    row.loan_id = _open_loan(row, call, agreement)
    credit.mark_done(borrower_id=row.borrower_id, application_id=row.application_id)
    row.state, row.done_at = PurchaseState.DONE, clock.now()
    row.save(update_fields=["loan_id", "state", "done_at"])
    waiting.note(kind=waiting.PURCHASE, subject_id=row.id, borrower_id=row.borrower_id)
    audit.record(
        actor="system:purchases",
        action="purchase.completed",
        subject=f"purchase:{row.id}",
        loan_id=row.loan_id,
        amount_fen=call.amount_fen,
    )
    outbox.publish(
        "purchases.purchase.completed",
        borrower_id=row.borrower_id,
        purchase_id=row.id,
        order_id=row.order_id,
        number=row.order_number,
        loan_id=row.loan_id,
        agreement_id=row.agreement_id,
    )


def _open_loan(row: Purchase, call: LenderCall, agreement: AgreementView) -> Any:
    # A lender that answered only after a day-end is booked on the open date; the schedule stays the one agreed.
    on, quote = business_date.current(), agreement.quote
    if quote.terms is None:
        starts = [agreement.signed_on, *(one.due_on for one in quote.rows)]
        return servicing.open_external_loan(
            borrower_id=row.borrower_id,
            agreement_id=agreement.id,
            order_id=row.order_id,
            lender_code=agreement.lender_code,
            principal_fen=agreement.amount_fen,
            on=on,
            external_number=call.answer.get("loan_number", ""),
            pay_url=call.answer.get("pay_url", ""),
            schedule=[
                servicing.ExternalInstallment(
                    number=one.number,
                    starts_on=starts[position],
                    due_on=one.due_on,
                    principal_fen=one.principal_fen,
                    interest_fen=one.interest_fen,
                    fee_fen=one.fee_fen,
                    paid_on=None,
                )
                for position, one in enumerate(quote.rows)
            ],
            reference=str(call.id),
        )
    return servicing.open_loan(
        borrower_id=row.borrower_id,
        agreement_id=agreement.id,
        order_id=row.order_id,
        lender_code=agreement.lender_code,
        terms=quote.terms,
        principal_fen=agreement.amount_fen,
        on=on,
        source="purchase",
        reference=str(call.id),
    )


def sign_mandate(purchase: Purchase) -> bool:
    """
    Sign the debit mandate of the agreement's card once the loan stands; tells whether nothing is left to do.

    A card the channel refuses is no reason to undo a purchase: the shopper pays by hand or names another card.
    """
    if purchase.mandate_settled_at is not None or purchase.agreement_id is None:
        return True
    agreement = credit_queries.agreement(borrower_id=purchase.borrower_id, agreement_id=purchase.agreement_id)
    if agreement.quote.terms is not None:
        try:
            payments.sign_mandate(borrower_id=purchase.borrower_id, card_id=agreement.card_id)
        except PeerUnavailable:
            return False
        except Refusal as e:
            audit.record(
                actor="system:purchases",
                action="mandate.refused",
                subject=f"purchase:{purchase.id}",
                reason=e.code,
            )
    Purchase.objects.filter(borrower_id=purchase.borrower_id, id=purchase.id).update(
        mandate_settled_at=clock.now()
    )
    return True


def _undo(row: Purchase, call: LenderCall) -> None:
    """The order was given up while the lender paid: the lender takes its money back, no loan stands."""
    LenderCall.objects.get_or_create(
        borrower_id=row.borrower_id,
        kind=CallKind.CANCEL,
        subject_id=row.id,
        defaults={
            "id": new_id(),
            "lender_code": call.lender_code,
            "of": call.id,
            "amount_fen": call.amount_fen,
            "on": business_date.current(),
            "state": CallState.INTENDED,
            "intended_at": clock.now(),
        },
    )
    _close_as_failed(row, reason="order_closed")
    waiting.note(kind=waiting.PURCHASE, subject_id=row.id, borrower_id=row.borrower_id)


def undo_open(purchase: Purchase) -> bool:
    """Send an undo that is still open; tells whether nothing is left to do."""
    call = LenderCall.objects.filter(
        borrower_id=purchase.borrower_id, kind=CallKind.CANCEL, subject_id=purchase.id, state__in=OPEN_STATES
    ).first()
    if call is None:
        return True
    try:
        ports.get("lender").cancel(lender_code=call.lender_code, reference=str(call.id), of=str(call.of))
    except LenderUnavailable:
        _record(call, state=CallState.UNKNOWN, answer={})
        return False
    except LenderRefused as e:
        _record(call, state=CallState.FAILED, answer={"reason": e.code})
        return True
    _record(call, state=CallState.SUCCEEDED, answer={})
    return True


@transaction.atomic
def _fail(purchase: Purchase, *, reason: str) -> None:
    row = Purchase.objects.select_for_update().get(borrower_id=purchase.borrower_id, id=purchase.id)
    if row.state != PurchaseState.DISBURSING:
        return
    _close_as_failed(row, reason=reason)
    mall.leave_review(borrower_id=row.borrower_id, order_id=row.order_id)
    waiting.forget(row.id)


def _close_as_failed(row: Purchase, *, reason: str) -> None:
    credit.mark_failed(borrower_id=row.borrower_id, application_id=row.application_id, reason=reason)
    row.state, row.reason = PurchaseState.FAILED, reason[:64]
    row.save(update_fields=["state", "reason"])
    outbox.publish(
        "purchases.purchase.failed",
        borrower_id=row.borrower_id,
        purchase_id=row.id,
        order_id=row.order_id,
        number=row.order_number,
        reason=reason,
    )
