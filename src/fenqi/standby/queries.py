"""Reads of the standby line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.domain import revolving
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound
from fenqi.servicing import queries as servicing
from fenqi.standby import offer
from fenqi.standby.models import DrawState, LineState, StandbyDraw, StandbyLine

if TYPE_CHECKING:
    import datetime
    from decimal import Decimal
    from uuid import UUID

PRODUCT = "standby"


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One draw. `loan_id` once the money has left."""

    id: UUID
    amount_fen: int
    installments: int
    card_id: UUID
    state: str
    drawn_on: datetime.date
    loan_id: UUID | None
    failure: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A standby line: amounts in fen, rates per year; `loans` are its draws still owed."""

    limit_fen: int
    drawn_fen: int
    pending_fen: int
    available_fen: int
    annual_rate: Decimal
    due_day: int
    is_frozen: bool
    lender_code: str
    loans: tuple[servicing.LoanView, ...]
    pending: tuple[Draw, ...]
    reasons: tuple[tuple[str, int], ...]


def line(borrower_id: int) -> Line | None:
    """The shopper's line, or None before they applied."""
    row = StandbyLine.objects.filter(borrower_id=borrower_id).first()
    if row is None:
        return None
    loans = tuple(
        loan for loan in servicing.loans(borrower_id) if loan.product == PRODUCT and not loan.is_closed
    )
    pending = tuple(
        _draw(draw) for draw in StandbyDraw.objects.filter(borrower_id=borrower_id, state=DrawState.INTENDED)
    )
    limit = revolving.StandbyLine(
        limit_fen=row.limit_fen,
        annual_rate=row.annual_rate,
        bill_day=row.due_day,
        cost_cap_annual_rate=None,  # checked where a draw gets its terms
    )
    undrawn_fen = revolving.available_fen(line=limit, draws=loans)
    pending_fen = sum(draw.amount_fen for draw in pending)
    return Line(
        limit_fen=row.limit_fen,
        drawn_fen=sum(loan.principal_outstanding_fen for loan in loans),
        pending_fen=pending_fen,
        available_fen=max(undrawn_fen - pending_fen, 0),
        annual_rate=row.annual_rate,
        due_day=row.due_day,
        is_frozen=row.state != LineState.ACTIVE or any(loan.is_overdue for loan in loans),
        lender_code=row.lender_code,
        loans=loans,
        pending=pending,
        reasons=tuple((code, fen) for code, fen in row.reasons),
    )


def draw(*, borrower_id: int, draw_id: UUID) -> Draw:
    """
    One draw.

    Raises: NotFound.
    """
    row = StandbyDraw.objects.filter(borrower_id=borrower_id, id=draw_id).first()
    if row is None:
        raise NotFound(_("没有这笔支用。"))
    return _draw(row)


def draw_preview(*, line: Line, amount_fen: int, installments: int) -> offer.DrawPreview:
    """What a draw of this line costs, today."""
    today = business_date.current()
    return offer.preview(
        amount_fen=amount_fen,
        installments=installments,
        annual_rate=line.annual_rate,
        cap=offer.current(today).cap_annual_rate,
        due_day=line.due_day,
        on=today,
    )


def _draw(row: StandbyDraw) -> Draw:
    return Draw(
        id=row.id,
        amount_fen=row.amount_fen,
        installments=row.installments,
        card_id=row.card_id,
        state=row.state,
        drawn_on=row.drawn_on,
        loan_id=row.loan_id,
        failure=row.failure,
    )
