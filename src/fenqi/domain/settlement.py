"""Asking before paying: the price of settling, and the plan after a prepayment, by replaying what would happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fenqi.domain.early_payment import Settlement, SettlementLine, settlement_of
from fenqi.domain.errors import NothingOwed
from fenqi.domain.events import Event, EventKind, Keep
from fenqi.domain.replay import replay, running_loan
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms

__all__ = ["Prepayment", "Settlement", "SettlementLine", "quote_prepayment", "quote_settlement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepayment:
    """What prepaying a part would do. `saved_fen` is cost that would no longer be due."""

    on: date
    amount_fen: int
    keep: Keep
    saved_fen: int
    before: LoanState
    after: LoanState


def quote_settlement(terms: LoanTerms, events: Sequence[Event], on: date) -> Settlement:
    """
    What settling everything costs on a day; an EARLY_SETTLEMENT of that amount on that day settles exactly.

    Raises: NothingOwed where nothing is outstanding on the day.
    """
    loan = running_loan(terms, events, on)
    if not loan.left_fen():
        raise NothingOwed("on", on, "a day on which something is owed")
    return settlement_of(loan, on)


def quote_prepayment(
    terms: LoanTerms, events: Sequence[Event], on: date, amount_fen: int, keep: Keep = Keep.SHORTER_TERM
) -> Prepayment:
    """
    What a partial prepayment on a day would do to the plan: the state before and after.

    Raises: NothingOwed where nothing is outstanding on the day; EventError for an amount that is not positive.
    """
    before = replay(terms, events, on)
    if not before.outstanding_fen:
        raise NothingOwed("on", on, "a day on which something is owed")
    last = max(event.sequence for event in events if event.on <= on)
    asked = Event(
        id="prepayment asked for",
        kind=EventKind.PREPAYMENT,
        on=on,
        amount_fen=amount_fen,
        keep=keep,
        sequence=last + 1,
    )
    after = replay(terms, [*events, asked], on)
    saved = before.totals.due.total_fen - after.totals.due.total_fen
    return Prepayment(on=on, amount_fen=amount_fen, keep=keep, saved_fen=saved, before=before, after=after)
