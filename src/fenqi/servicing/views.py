"""What servicing tells others: frozen values, amounts in fen."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from fenqi.domain.state import Amounts, InstallmentStatus, Share, Totals
from fenqi.domain.terms import LoanTerms


@dataclass(frozen=True, kw_only=True)
class InstallmentView:
    """One installment as of today; of a mirrored loan as its lender told it last."""

    number: int
    starts_on: datetime.date
    due_on: datetime.date
    balance_after_fen: int
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    late_fee_fen: int
    total_fen: int
    paid_fen: int
    outstanding_fen: int
    paid_on: datetime.date | None
    status: InstallmentStatus
    days_past_due: int
    is_down_payment: bool = False

    @property
    def is_paid(self) -> bool:
        """Whether nothing is left to pay."""
        return self.status is InstallmentStatus.PAID


@dataclass(frozen=True, kw_only=True)
class LoanView:
    """One loan as of `as_of`."""

    borrower_id: int
    id: UUID
    number: str
    lender_code: str
    lender_name: str
    product: str
    serviced_by: str
    state: str
    is_closed: bool
    is_overdue: bool
    is_paused: bool
    order_id: UUID | None
    agreement_id: UUID | None
    opened_on: datetime.date
    settled_on: datetime.date | None
    as_of: datetime.date
    terms: LoanTerms | None
    annual_rate: Decimal
    principal_fen: int
    principal_outstanding_fen: int
    outstanding_fen: int
    overdue_fen: int
    due_fen: int
    overpaid_fen: int
    penalty_fen: int
    """Penalty and late fee still to pay."""
    paid_fen: int
    next_due_on: datetime.date | None
    next_due_fen: int
    next_number: int | None
    days_past_due: int
    bucket: str
    installments: tuple[InstallmentView, ...]
    totals: Totals | None
    pay_url: str
    external_number: str

    @property
    def paid_installments(self) -> int:
        """How many installments are paid."""
        return sum(row.is_paid for row in self.installments)


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One installment on a bill."""

    loan_id: UUID
    loan_number: str
    order_id: UUID | None
    product: str
    installment_number: int
    installments: int
    amount_fen: int
    """Still to pay."""
    total_fen: int
    parts: Amounts


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a borrower owes one lender on one due date. `state`: upcoming, due, overdue or paid."""

    lender_code: str
    lender_name: str
    due_on: datetime.date
    amount_fen: int
    """Still to pay, 0 when paid."""
    total_fen: int
    paid_fen: int
    state: str
    days_past_due: int
    serviced_by: str
    pay_url: str
    lines: tuple[BillLine, ...]

    @property
    def open_lines(self) -> tuple[BillLine, ...]:
        """What of it is still to pay."""
        return tuple(line for line in self.lines if line.amount_fen)

    @property
    def loan_ids(self) -> tuple[UUID, ...]:
        """The loans on this bill."""
        return tuple(line.loan_id for line in self.lines)


class NextBill(NamedTuple):
    """The earliest bill a borrower still has to pay among loans we service."""

    borrower_id: int
    loan_id: UUID
    lender_code: str
    due_on: datetime.date


@dataclass(frozen=True, kw_only=True)
class RepaymentPreview:
    """What a payment would do, by the engine, with nothing written."""

    amount_fen: int
    on: datetime.date
    shares: tuple[Share, ...]
    parts: Amounts
    overpaid_fen: int
    outstanding_before_fen: int
    outstanding_after_fen: int
    next_due_on: datetime.date | None
    next_due_fen: int
    days_past_due: int


@dataclass(frozen=True, kw_only=True)
class PayLinkView:
    """The bill of a pay link as it stands now. `state`: open, paid or expired."""

    borrower_id: int
    loan_ids: tuple[UUID, ...]
    lender_code: str
    lender: str
    due_on: datetime.date
    amount_fen: int
    state: str
    expires_on: datetime.date

    @property
    def lender_name(self) -> str:
        """The lender's name."""
        return self.lender


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a certificate of settlement states."""

    number: str
    lender: str
    principal_fen: int
    paid_fen: int
    opened_on: datetime.date
    settled_on: datetime.date


@dataclass(frozen=True, kw_only=True)
class EventView:
    """One event of a loan, for its history and statement."""

    sequence: int
    kind: str
    on: datetime.date
    amount_fen: int
    source: str
    reference: str
    reverses: int | None
    is_reversed: bool
    parts: Amounts
    overpaid_fen: int


@dataclass(frozen=True, kw_only=True)
class DayEndStepView:
    """One step of a day-end; `counts` are its own figures and `ms`, its time."""

    name: str
    state: str
    counts: dict[str, int]
    seconds: float | None
    error: str


@dataclass(frozen=True, kw_only=True)
class DayEndRunView:
    """The closing of one business date. `state`: running, failed or closed."""

    on: datetime.date
    state: str
    started_at: datetime.datetime
    finished_at: datetime.datetime | None
    steps: tuple[DayEndStepView, ...]
