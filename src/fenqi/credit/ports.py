"""What credit and purchases need from a lender. The adapter is named in `settings.FENQI_PORTS["lender"]`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import datetime
    from decimal import Decimal


class LenderUnavailable(Exception):
    """The lender did not answer in time; whether it did what was asked is not known. Ask again by the same reference."""


class LenderRefused(Exception):
    """The lender answered that it cannot take this request at all; `code` is its own, the message its reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferRow:
    """One installment of an offer of a lender that keeps its own books."""

    number: int
    due_on: datetime.date
    principal_fen: int
    interest_fen: int
    fee_fen: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """
    What an outside lender offers on an amount, on its own schedule. Totals and the annual rate are ours to compute.

    `method` is one of the engine's (fenqi.domain.terms.Method). `settlement_fee_rate` is of the principal settled early.
    """

    offer_id: str
    plan_code: str
    name: str
    method: str
    rows: tuple[OfferRow, ...]
    penalty_annual_rate: Decimal
    settlement_fee_rate: Decimal


class DecisionResult(enum.StrEnum):
    """What a lender can say to an application."""

    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    REFERRED = "REFERRED"
    """A person at the lender looks at it; ask again later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Applicant:
    """The least a lender needs to decide. Sent only under the consent `lender_sharing`."""

    real_name: str
    id_number: str
    phone: str
    is_student: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LenderDecision:
    """The lender's answer; `reasons` are its codes, `serial` its own number for the application."""

    result: DecisionResult
    serial: str
    reasons: tuple[str, ...] = ()


class PayoutState(enum.StrEnum):
    """Where a disbursement stands at the lender."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    PENDING = "PENDING"
    """Taken, not done yet; ask again."""
    NOT_KNOWN = "NOT_KNOWN"
    """Only as the answer to a question: this reference never arrived, so sending it again is right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PayoutAnswer:
    """The lender's answer to a disbursement; `loan_number` is the lender's own number for the loan."""

    state: PayoutState
    serial: str = ""
    loan_number: str = ""
    reason: str = ""
    pay_url: str = ""
    """Where a loan of an outside lender is repaid: a path on our site or a whole address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoanRow:
    """One installment of a loan its lender services, as the lender sees it on a date."""

    number: int
    due_on: datetime.date
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    paid_fen: int
    paid_on: datetime.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LoanAnswer:
    """Where a loan stands that its lender services. `state`: active, overdue or settled."""

    state: str
    rows: tuple[LoanRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundAnswer:
    """The lender's answer to money given back by the merchant; `rows` is an outside lender's schedule afterwards."""

    serial: str
    rows: tuple[OfferRow, ...] = ()


class LenderPort(Protocol):
    """
    `ports.get("lender")`: every call names the lender; every call that changes something carries a reference.

    The same reference is answered the same and done once. Every call may raise LenderUnavailable or LenderRefused.
    """

    def offers(
        self, *, lender_code: str, amount_fen: int, on: datetime.date, timeout_seconds: float
    ) -> list[Offer]:
        """The offers of a lender that services its own loans; nobody is named in the question."""
        ...

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
        """Ask for a decision on one application."""
        ...

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
        """Pay the merchant for the borrower. `terms` is the engine's JSON form, empty for an outside lender's offer."""
        ...

    def disbursement(self, *, lender_code: str, reference: str) -> PayoutAnswer:
        """What became of a disbursement; NOT_KNOWN when it never arrived."""
        ...

    def loan(self, *, lender_code: str, reference: str, on: datetime.date) -> LoanAnswer:
        """Where the loan disbursed under `reference` stands on a date; only of a lender that services its own loans."""
        ...

    def cancel(self, *, lender_code: str, reference: str, of: str) -> None:
        """Withdraw the application or undo the disbursement with reference `of`; all money goes back."""
        ...

    def refund(
        self, *, lender_code: str, reference: str, of: str, amount_fen: int, on: datetime.date
    ) -> RefundAnswer:
        """The merchant gives back part or all of what was disbursed under `of`."""
        ...


class ScoreUnavailable(Exception):
    """The bureau did not answer in time, or not in a way we can read: the score is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreAnswer:
    """The bureau's answer: 0 (worst) to 1000, None where it knows no score of this person; `serial` is its own number."""

    score: int | None
    serial: str


class ScorePort(Protocol):
    """`ports.get("score")`: a credit score, asked for only under the consent `bureau_query`."""

    def score(self, *, reference: str, real_name: str, id_number: str, timeout_seconds: float) -> ScoreAnswer:
        """The same reference is one query at the bureau. Raises: ScoreUnavailable."""
        ...
