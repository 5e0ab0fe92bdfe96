"""Loans their lenders service: what the lender says is mirrored here, so that its bills stand beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.credit.ports import LenderRefused, LenderUnavailable, LoanAnswer
from fenqi.plumbing import business_date, ports
from fenqi.purchases.models import CallKind, LenderCall, Purchase
from fenqi.servicing import services as servicing

if TYPE_CHECKING:
    import datetime
    from uuid import UUID


def refresh_mirror(*, borrower_id: int, loan_id: UUID) -> bool:
    """
    Ask the lender where its loan stands and mirror the answer; False when it could not be asked. Repeatable.

    Makes an outside call: not inside a transaction.
    """
    purchase = Purchase.objects.get(borrower_id=borrower_id, loan_id=loan_id)
    call = LenderCall.objects.get(borrower_id=borrower_id, kind=CallKind.DISBURSE, subject_id=purchase.id)
    on = business_date.current()
    try:
        answer: LoanAnswer = ports.get("lender").loan(
            lender_code=call.lender_code, reference=str(call.id), on=on
        )
    except (LenderUnavailable, LenderRefused):
        return False
    servicing.refresh_external_loan(
        borrower_id=borrower_id,
        loan_id=loan_id,
        schedule=_schedule(answer, opened_on=call.on),
        state=answer.state,
        on=on,
    )
    return True


def _schedule(answer: LoanAnswer, *, opened_on: datetime.date) -> list[servicing.ExternalInstallment]:
    starts = [opened_on, *(row.due_on for row in answer.rows)]
    return [
        servicing.ExternalInstallment(
            number=row.number,
            starts_on=starts[position],
            due_on=row.due_on,
            principal_fen=row.principal_fen,
            interest_fen=row.interest_fen,
            fee_fen=row.fee_fen,
            penalty_fen=row.penalty_fen,
            paid_fen=row.paid_fen,
            paid_on=row.paid_on,
        )
        for position, row in enumerate(answer.rows)
    ]
