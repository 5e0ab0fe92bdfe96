"""Lender nodes over signed HTTP; the code of the lender is part of the address."""

from __future__ import annotations

import datetime
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fenqi.adapters.peer import Peer, Refused, Silent
from fenqi.credit.ports import (
    Applicant,
    DecisionResult,
    LenderDecision,
    LenderRefused,
    LenderUnavailable,
    LoanAnswer,
    LoanRow,
    Offer,
    OfferRow,
    PayoutAnswer,
    PayoutState,
    RefundAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except Silent as e:
        raise LenderUnavailable(str(e)) from e
    except Refused as e:
        raise LenderRefused(e.code, str(e.details.get("reason", e.code))) from e


def _rows(rows: list[dict[str, Any]]) -> tuple[OfferRow, ...]:
    return tuple(
        OfferRow(
            number=row["number"],
            due_on=datetime.date.fromisoformat(row["due_on"]),
            principal_fen=row["principal_fen"],
            interest_fen=row["interest_fen"],
            fee_fen=row["fee_fen"],
        )
        for row in rows
    )


def _payout(content: dict[str, Any]) -> PayoutAnswer:
    # A disbursement that was undone is no money of the borrower's any more.
    state = PayoutState.FAILED if content["state"] == "CANCELLED" else PayoutState(content["state"])
    return PayoutAnswer(
        state=state,
        serial=content.get("serial", ""),
        loan_number=content.get("loan_number", ""),
        reason=content.get("reason", ""),
        pay_url=content.get("pay_url", ""),
    )


class Lender:
    """Fits credit.ports.LenderPort."""

    def __init__(self) -> None:
        self._peer = Peer("lender")

    def _ask(self, lender_code: str, path: str, content: dict[str, Any], **options: Any) -> dict[str, Any]:
        with _in_our_words():
            return self._peer.ask(f"/{lender_code}{path}", content, **options)

    def offers(
        self, *, lender_code: str, amount_fen: int, on: datetime.date, timeout_seconds: float
    ) -> list[Offer]:
        """See LenderPort."""
        answer = self._ask(
            lender_code, "/offers", {"amount_fen": amount_fen}, on=on, timeout_seconds=timeout_seconds
        )
        return [
            Offer(
                offer_id=offer["offer_id"],
                plan_code=offer["plan_code"],
                name=offer["name"],
                method=offer["method"],
                rows=_rows(offer["rows"]),
                penalty_annual_rate=Decimal(offer["penalty_annual_rate"]),
                settlement_fee_rate=Decimal(offer["settlement_fee_rate"]),
            )
            for offer in answer["offers"]
        ]

    def decide(
        self,
        *,
        lender_code: str,
        reference: str,
        applicant: Applicant,
        amount_fen: int,
        plan_code: str,
        installments: int,
    ) -> LenderDecision:
        """See LenderPort."""
        content = {
            "reference": reference,
            "amount_fen": amount_fen,
            "plan_code": plan_code,
            "installments": installments,
            "applicant": {
                "real_name": applicant.real_name,
                "id_number": applicant.id_number,
                "phone": applicant.phone,
                "is_student": applicant.is_student,
            },
        }
        answer = self._ask(lender_code, "/decisions", content)
        return LenderDecision(
            result=DecisionResult(answer["result"]), serial=answer["serial"], reasons=tuple(answer["reasons"])
        )

    def disburse(
        self,
        *,
        lender_code: str,
        reference: str,
        decision_serial: str,
        amount_fen: int,
        on: datetime.date,
        terms: dict[str, Any],
        offer_id: str,
        agreement_hash: str,
    ) -> PayoutAnswer:
        """See LenderPort."""
        content = {
            "reference": reference,
            "decision_serial": decision_serial,
            "amount_fen": amount_fen,
            "terms": terms,
            "offer_id": offer_id,
            "agreement_hash": agreement_hash,
        }
        return _payout(self._ask(lender_code, "/disbursements", content, on=on))

    def disbursement(self, *, lender_code: str, reference: str) -> PayoutAnswer:
        """See LenderPort."""
        return _payout(self._ask(lender_code, "/disbursements/query", {"reference": reference}))

    def loan(self, *, lender_code: str, reference: str, on: datetime.date) -> LoanAnswer:
        """See LenderPort."""
        answer = self._ask(lender_code, "/loans/query", {"reference": reference}, on=on)
        rows = tuple(
            LoanRow(
                number=row["number"],
                due_on=datetime.date.fromisoformat(row["due_on"]),
                principal_fen=row["principal_fen"],
                interest_fen=row["interest_fen"],
                fee_fen=row["fee_fen"],
                penalty_fen=row["penalty_fen"],
                paid_fen=row["paid_fen"],
                paid_on=datetime.date.fromisoformat(row["paid_on"]) if row["paid_on"] else None,
            )
            for row in answer["rows"]
        )
        return LoanAnswer(state=answer["state"], rows=rows)

    def cancel(self, *, lender_code: str, reference: str, of: str) -> None:
        """See LenderPort."""
        self._ask(lender_code, "/cancellations", {"reference": reference, "of": of})

    def refund(
        self, *, lender_code: str, reference: str, of: str, amount_fen: int, on: datetime.date
    ) -> RefundAnswer:
        """See LenderPort."""
        content = {"reference": reference, "of": of, "amount_fen": amount_fen}
        answer = self._ask(lender_code, "/refunds", content, on=on)
        return RefundAnswer(serial=answer["serial"], rows=_rows(answer["rows"]))
