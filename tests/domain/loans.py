"""Loans of the tests: events in a line, rows as short tuples."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from fenqi.domain.events import Event, EventKind
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms, Method

PAID_OUT_ON = date(2026, 1, 15)
PRICE = 4999_00


def annuity(**changes: Any) -> LoanTerms:
    """Twelve equal installments at 14.4 % a year."""
    return LoanTerms(
        **{"method": Method.EQUAL_INSTALLMENT, "installments": 12, "annual_rate": Decimal("0.144"), **changes}
    )


def free(**changes: Any) -> LoanTerms:
    """Three installments without interest."""
    return LoanTerms(**{"method": Method.INTEREST_FREE, "installments": 3, **changes})


def happened(kind: str, on: str, amount_fen: int = 0, **details: Any) -> Event:
    """An event; its id is its kind and day unless one is given."""
    identity = details.pop("id", f"{kind} {on} {amount_fen}")
    return Event(
        id=identity, kind=EventKind(kind), on=date.fromisoformat(on), amount_fen=amount_fen, **details
    )


def paid_out(amount_fen: int = PRICE, on: str = "2026-01-15") -> Event:
    """The payout every loan begins with."""
    return happened("payout", on, amount_fen, id="payout")


def plan(state: LoanState) -> list[tuple[str, int, int, int]]:
    """Due date, principal, interest and fee of every installment."""
    return [
        (row.due_on.isoformat(), row.principal_fen, row.interest_fen, row.fee_fen)
        for row in state.installments
    ]


def open_rows(state: LoanState) -> list[tuple[int, int]]:
    """Number and outstanding amount of what is still to pay."""
    return [(row.number, row.outstanding_fen) for row in state.installments if row.outstanding_fen]


def shares(state: LoanState, which: int = -1) -> list[tuple[int, str, int]]:
    """How an event was allocated."""
    return [(number, component.value, fen) for number, component, fen in state.outcomes[which].shares]


def total(rows: Iterable[tuple[int, int]]) -> int:
    """What some rows still owe together."""
    return sum(fen for _, fen in rows)
