"""What partners are told of loans (settings.OUTBOX_HANDLERS): figures and numbers they know, never a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fenqi.partners import hooks
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from fenqi.servicing.views import LoanView


def purchase_completed(payload: dict[str, Any]) -> None:
    """purchases.purchase.completed: the loan that paid it has begun."""
    if payload.get("loan_id") and hooks.is_wanted("loan.opened"):
        loan = _loan(payload)
        _tell(
            "loan.opened",
            loan,
            opened_on=loan.opened_on.isoformat(),
            principal_fen=loan.principal_fen,
            installments=len(loan.installments),
        )


def loan_settled(payload: dict[str, Any]) -> None:
    """servicing.loan.settled: nothing is owed of it any more."""
    if hooks.is_wanted("loan.settled"):
        loan = _loan(payload)
        settled_on = loan.settled_on.isoformat() if loan.settled_on else None
        _tell("loan.settled", loan, settled_on=settled_on, overpaid_fen=loan.overpaid_fen)


def _loan(payload: dict[str, Any]) -> LoanView:
    return servicing.loan(borrower_id=payload["borrower_id"], loan_id=UUID(str(payload["loan_id"])))


def _tell(event: str, loan: LoanView, **facts: Any) -> None:
    hooks.tell(
        event=event,
        lender_code=loan.lender_code,
        is_of_a_shop=loan.order_id is not None,
        facts={"loan_number": loan.number, "lender_code": loan.lender_code, "product": loan.product, **facts},
    )
