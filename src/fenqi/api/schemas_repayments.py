"""What the API says about repayments, field by field."""

from __future__ import annotations

import datetime
from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field

from fenqi.api.schemas import Fen

REFERENCE = r"^[A-Za-z0-9._:/-]{1,100}$"


class RepaymentIn(Schema):
    """Money that reached the channel's account for one loan."""

    model_config = ConfigDict(extra="forbid")

    loan_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    amount_fen: Annotated[
        int, Field(strict=True, description="integer fen, more than zero", examples=[44979])
    ]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "CNY"
    reference: Annotated[
        str, Field(pattern=REFERENCE, description="the reporter's own; the same one is booked once")
    ]
    received_on: datetime.date | None = Field(
        default=None, description="today when left out; a day in the past changes what was counted since"
    )


class ShareOut(Schema):
    """What part of the money met."""

    installment: int
    component: str
    amount_fen: Fen


class RepaymentOut(Schema):
    """What was booked. `outstanding_fen` and `loan_state` are those of now."""

    reference: str
    loan_number: str
    amount_fen: Fen
    received_on: datetime.date
    sequence: int = Field(description="of the event within the loan")
    shares: list[ShareOut]
    overpaid_fen: Fen
    outstanding_fen: Fen
    loan_state: str
    notice: str | None = Field(default=None, description="a sentence to show where money was left over")
