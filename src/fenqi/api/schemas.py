"""What the API says, field by field. Money is integer fen, rates are decimals as text, dates are ISO 8601."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

Fen = Annotated[int, Field(description="integer fen (1/100 yuan)", examples=[499900])]
Rate = Annotated[str, Field(description="decimal per year as text", examples=["0.144002"])]


class InstallmentOut(Schema):
    """One installment."""

    number: int
    due_on: datetime.date
    principal_fen: Fen
    interest_fen: Fen
    fee_fen: Fen
    total_fen: Fen


class SettlementOut(Schema):
    """What settling early costs."""

    interest_to: str
    remaining_fee: str
    fee_rate: Rate


class QuoteOut(Schema):
    """A plan applied to an amount: everything a shopper must see before choosing."""

    plan: str = Field(
        description="names the plan in POST /quotes", examples=["jiangcheng.jiangcheng-installment-12"]
    )
    lender_code: str
    lender_name: str
    plan_name: str
    services_own_loans: bool
    amount_fen: Fen
    quoted_on: datetime.date
    method: str
    installments: int
    per_period_fen: Fen
    first_due_on: datetime.date
    total_fen: Fen
    total_cost_fen: Fen
    annual_rate_simple: Rate
    annual_rate_compound: Rate
    is_interest_free: bool
    borne_by: list[str]
    merchant_bears_fen: Fen
    penalty_annual_rate: Rate
    early_settlement: SettlementOut


class BoardOut(Schema):
    """Every plan on an amount, least total cost first; lenders that did not answer in time are named."""

    amount_fen: Fen
    quoted_on: datetime.date
    quotes: list[QuoteOut]
    missing_lenders: list[str]


class QuoteIn(Schema):
    """Which plan to hold on which amount."""

    model_config = ConfigDict(extra="forbid")

    amount_fen: Annotated[int, Field(strict=True, gt=0, le=10**12)]
    plan: Annotated[str, Field(min_length=3, max_length=120)]


class HeldQuoteOut(QuoteOut):
    """A quote with an id that stands until it expires, with its schedule."""

    id: UUID
    expires_at: datetime.datetime
    digest: str = Field(description="SHA-256 over every figure, hex")
    schedule: list[InstallmentOut]


class ProblemOut(Schema):
    """RFC 9457 problem details with a stable code."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    errors: list[dict[str, str]] | None = None


class BillLineOut(Schema):
    """One loan's part of a bill."""

    loan_number: str
    installment: int
    amount_fen: Fen


class BillOut(Schema):
    """What is owed to one lender on one due date."""

    lender_code: str
    lender_name: str
    due_on: datetime.date
    amount_fen: Fen
    state: Literal["upcoming", "due", "overdue", "paid"]
    lines: list[BillLineOut]
