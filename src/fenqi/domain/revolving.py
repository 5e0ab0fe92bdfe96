"""
The standby line (备用金): a limit, draws under it, one bill a month over all of them.

A draw is a loan with interest by the day, so `replay` knows what it owes; here is only what draws have in common.
Interest counts from the day of the draw and not for the day of repayment; paying early stops it.
Source: rules-cn 1.7 and 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fenqi.domain.calendar import add_months
from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event
from fenqi.domain.replay import replay
from fenqi.domain.state import Amounts, LoanState
from fenqi.domain.terms import LoanTerms, Method


class LineError(DomainError):
    """A standby line no lender can offer."""

    code = "line_impossible"


class DrawRefused(DomainError):
    """A draw the line does not allow."""

    code = "draw_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyLine:
    """What a line offers. Rates are per year; the bill day is one every month has; amounts are fen."""

    limit_fen: int
    annual_rate: Decimal
    bill_day: int
    max_installments: int = 12
    least_draw_fen: int = 1
    cost_cap_annual_rate: Decimal | None = Decimal("0.24")

    def __post_init__(self) -> None:
        if self.limit_fen < 0:
            raise LineError("limit_fen", self.limit_fen, "at least 0")
        if not 1 <= self.bill_day <= 28:
            raise LineError("bill_day", self.bill_day, "1 to 28, a day every month has")
        if self.max_installments < 1:
            raise LineError("max_installments", self.max_installments, "at least 1")
        cap = self.cost_cap_annual_rate
        if self.annual_rate < 0 or (cap is not None and self.annual_rate > cap):
            raise LineError(
                "annual_rate", self.annual_rate, "at least 0" + ("" if cap is None else f", at most {cap}")
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One use of the line: its terms and what happened to it."""

    id: str
    terms: LoanTerms
    events: Sequence[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """What one draw contributes to a bill, in fen by component."""

    draw_id: str
    due: Amounts
    principal_outstanding_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The bill of a day over all draws. All of `due_fen` is to be paid: there is no lower minimum."""

    on: date
    due_fen: int
    principal_outstanding_fen: int
    available_fen: int
    lines: tuple[StatementLine, ...]


def available_fen(*, line: StandbyLine, draws: Iterable[LoanState]) -> int:
    """Return what may still be drawn: the limit less the principal drawn and not paid back, never below 0."""
    return max(0, line.limit_fen - sum(draw.principal_outstanding_fen for draw in draws))


def draw_terms(*, line: StandbyLine, installments: int, on: date) -> LoanTerms:
    """
    Return the terms of a draw made on a day: interest by the day, due on the bill day in so many installments.

    One installment is interest to the day: everything with one bill, or whenever the borrower likes before it.
    Raises: DrawRefused for more installments than the line allows, or none.
    """
    if not 1 <= installments <= line.max_installments:
        raise DrawRefused("installments", installments, f"1 to {line.max_installments}")
    return LoanTerms(
        method=Method.DAILY_INTEREST,
        installments=installments,
        annual_rate=line.annual_rate,
        starts_on=on,
        due_day=line.bill_day,
        cost_cap_annual_rate=line.cost_cap_annual_rate,
    )


def check_draw(*, line: StandbyLine, draws: Iterable[LoanState], amount_fen: int) -> None:
    """Refuse a draw below the least, above what is available, or while a draw is overdue. Raises: DrawRefused."""
    states = list(draws)
    available = available_fen(line=line, draws=states)
    if not line.least_draw_fen <= amount_fen <= available:
        raise DrawRefused(
            "amount_fen", amount_fen, f"{line.least_draw_fen} to {available}, what is available"
        )
    overdue = sum(state.overdue_fen for state in states)
    if overdue:
        raise DrawRefused("overdue_fen", overdue, "nothing overdue on the line")


def draw_state(*, draw: Draw, as_of: date) -> LoanState:
    """Return what a draw owes at a date: daily interest on the balance, by the one replay there is."""
    return replay(draw.terms, draw.events, as_of)


def next_bill_on(*, line: StandbyLine, after: date) -> date:
    """Return the first bill day after a day."""
    bill_on = after.replace(day=line.bill_day)
    return bill_on if bill_on > after else add_months(bill_on, 1)


def statement(*, line: StandbyLine, draws: Sequence[Draw], on: date) -> Statement:
    """
    Return the bill of a day over all draws: what is past due and what falls due that day, penalties included.

    Draws with nothing due are left out of the lines, not of the sums. Raises: what `replay` raises.
    """
    states = [(draw, draw_state(draw=draw, as_of=on)) for draw in draws]
    lines = tuple(
        StatementLine(
            draw_id=draw.id,
            due=_due_by(state, on),
            principal_outstanding_fen=state.principal_outstanding_fen,
        )
        for draw, state in states
        if state.due_fen
    )
    assert sum(bill.due.total_fen for bill in lines) == sum(state.due_fen for _, state in states)
    return Statement(
        on=on,
        due_fen=sum(state.due_fen for _, state in states),
        principal_outstanding_fen=sum(state.principal_outstanding_fen for _, state in states),
        available_fen=available_fen(line=line, draws=[state for _, state in states]),
        lines=lines,
    )


def _due_by(state: LoanState, on: date) -> Amounts:
    open_rows = [row.outstanding for row in state.installments if row.due_on <= on]
    return Amounts(*(sum(parts) for parts in zip(*open_rows, strict=True)))
