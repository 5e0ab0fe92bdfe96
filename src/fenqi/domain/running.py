"""The loan while it is replayed: mutable rows that events change. Nothing outside a replay ever sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import cast

from fenqi.domain.events import Event
from fenqi.domain.rules import Component
from fenqi.domain.state import LoanStatus, Outcome, Share, SubsidyShares
from fenqi.domain.subsidy import NO_SUBSIDY
from fenqi.domain.terms import InterestBase, LoanTerms, Method
from fenqi.domain.trace import Trace

PRINCIPAL, INTEREST, FEE, PENALTY, LATE_FEE = range(5)
"""Positions of the components in the lists of a row."""

COMPONENT_OF = tuple(Component)
POSITION_OF = {component: position for position, component in enumerate(Component)}

NEW = tuple.__new__
"""How a named tuple of many fields is made fastest; a replay makes one per event and row."""

NOTHING = cast("list[int]", (0, 0, 0, 0, 0))
"""What is paid or waived of a row nobody has touched: shared by all of them, and a tuple, so never written."""


class Row:
    """
    One installment in motion. `due`, `paid` and `waived` are fen by component; `left_fen` is what is still to pay.

    Most rows of most loans are untouched, so what is rare stands as a default of the class.
    """

    paid_on: date | None = None
    subsidy: SubsidyShares = NO_SUBSIDY
    is_down_payment = False
    is_extra = False
    put_back_fen = 0
    refunded_fen = 0
    fee_charged_fen = 0
    earned_fen = 0
    """Interest of the row's period up to `earned_to`, at the balances that were; the rest is on `opening_fen`."""
    period_balance_fen: int | None = None
    is_closed = False
    size_fen = 0
    """With interest on the real balance: the size the installment keeps (or its principal, without an annuity)."""
    paid_in_advance_fen = 0
    paid_late_fen = 0
    # What being overdue has cost so far, see overdue.py.
    overdue_since: date | None = None
    counted_to: date | None = None
    penalty: tuple[int, int] = (0, 1)
    capitalised_fen = 0
    cap_weight = 0
    penalty_charged_fen = 0
    late_fee_charged_fen = 0
    late_fee_fen = 0
    is_overdue = False

    paid: list[int] = NOTHING
    waived: list[int] = NOTHING

    def __init__(
        self,
        number: int,
        starts_on: date,
        due_on: date,
        pay_by_on: date,
        opening_fen: int = 0,
        due: list[int] | None = None,
        left_fen: int = 0,
    ) -> None:
        self.number = number
        self.starts_on = self.earned_to = starts_on
        self.due_on = due_on
        self.pay_by_on = pay_by_on
        self.opening_fen = opening_fen
        self.due = due or [0, 0, 0, 0, 0]
        self.left_fen = left_fen

    def open_fen(self, position: int) -> int:
        """What is still to pay of one component."""
        return self.due[position] - self.paid[position] - self.waived[position]

    def set_due(self, position: int, fen: int) -> None:
        """Make `fen` what is due of a component in all."""
        self.left_fen += fen - self.due[position]
        self.due[position] = fen

    def charge(self, position: int, fen: int) -> None:
        """Add to what is due beside the plan, so that counting plan or arrears anew keeps it."""
        self.set_due(position, self.due[position] + fen)
        if position == FEE:
            self.fee_charged_fen += fen
        elif position == PENALTY:
            self.penalty_charged_fen += fen
        elif position == LATE_FEE:
            self.late_fee_charged_fen += fen

    def pay(self, position: int, fen: int, on: date) -> None:
        """Count money to a component."""
        if self.paid is NOTHING:
            self.paid = [0, 0, 0, 0, 0]
        self.paid[position] += fen
        self.left_fen -= fen
        if on < self.due_on:
            self.paid_in_advance_fen += fen
        elif on > self.due_on:
            self.paid_late_fen += fen
        if not self.left_fen:
            self.paid_on = on

    def unpay(self, position: int, fen: int) -> None:
        """Take money back from a component, what came late first."""
        self.paid = list(self.paid)
        self.paid[position] -= fen
        self.left_fen += fen
        late = min(fen, self.paid_late_fen)
        self.paid_late_fen -= late
        self.paid_in_advance_fen -= min(fen - late, self.paid_in_advance_fen)

    def waive(self, position: int, fen: int) -> None:
        """Forgive part of a component."""
        self.waived = list(self.waived)
        self.waived[position] += fen
        self.left_fen -= fen


BY_DUE_DATE = attrgetter("due_on")


@dataclass(slots=True)
class Pause:
    """Days that do not count as past due: from the day after `from_on` to `to_on` (open: still running)."""

    from_on: date
    to_on: date | None
    is_return: bool


class RunningLoan:
    """The loan as it stands after the events replayed so far. What most loans never have stands in the class."""

    paid_out_fen = 0
    refunded_fen = 0
    overpaid_fen = 0
    first_open = 0
    """Rows before this one are paid off; anything but an ordinary repayment sets it back."""
    has_overdue = False
    age_seen_on: date | None = None
    is_aged = False
    penalty_rate: tuple[Decimal, int, int] | None = None
    ended: LoanStatus | None = None
    accrues = True
    """False once nothing more may accrue (charge-off, write-off)."""
    sizes_are_stale = False
    """With interest on the real balance: the sizes of installments have to be found anew."""

    def __init__(
        self, terms: LoanTerms, reversed_ids: frozenset[str] = frozenset(), trace: Trace | None = None
    ) -> None:
        self.terms = terms
        self.reversed_ids = reversed_ids
        self.trace = trace
        self.is_on_real_balance = (
            terms.interest_base is not InterestBase.SCHEDULE or terms.method is Method.DAILY_INTEREST
        )
        """Whether interest follows what is really owed, rather than the plan."""
        self.rows: list[Row] = []
        self.outcomes: list[Outcome] = []
        self.payouts: list[tuple[date, int]] = []
        self.pauses: list[Pause] = []
        self.charges: dict[str, tuple[Row, int]] = {}
        """By the id of a charge: the row and component it sits in."""

    def first_open_row(self) -> Row | None:
        """The oldest row with something left to pay."""
        rows = self.rows
        index, count = self.first_open, len(rows)
        while index < count and not rows[index].left_fen:
            index += 1
        self.first_open = index
        return rows[index] if index < count else None

    def principal_left_fen(self) -> int:
        """All principal still to pay."""
        return sum(row.due[PRINCIPAL] - row.paid[PRINCIPAL] - row.waived[PRINCIPAL] for row in self.rows)

    def future_rows(self, on: date) -> list[Row]:
        """Installments due after a day that still have principal or cost to come, oldest first."""
        return [
            row
            for row in self.rows
            if row.due_on > on and not (row.is_closed or row.is_extra or row.is_down_payment)
        ]

    def row_for(self, on: date) -> Row | None:
        """The installment due on a day or next after it; down payments are never meant."""
        for row in self.rows:
            if row.due_on >= on and not row.is_down_payment:
                return row
        return None

    def extra_row(self, on: date) -> Row:
        """The row after the last installment for what falls due after maturity; there is one, due on the latest."""
        last = self.rows[-1]
        if last.is_extra:
            last.due_on = last.pay_by_on = on
            return last
        row = Row(max(row.number for row in self.rows) + 1, last.due_on, on, on)
        row.is_extra = True
        self.insert(row)
        return row

    def left_fen(self) -> int:
        """Everything still to pay by schedule."""
        return sum(row.left_fen for row in self.rows)

    def insert(self, row: Row) -> None:
        """Put a row in its place: by due date, after those of the same day."""
        self.rows.append(row)
        self.rows.sort(key=BY_DUE_DATE)

    def mark_paid(self, on: date) -> None:
        """Note the day rows became fully paid, and take it back where they are open again."""
        self.first_open = 0
        for row in self.rows:
            if row.left_fen:
                row.paid_on = None
            elif row.paid_on is None:
                row.paid_on = on

    def record(
        self,
        event: Event,
        shares: Sequence[Share],
        overpaid_fen: int = 0,
        *,
        fee_fen: int = 0,
        interest_back_fen: int = 0,
        subsidy_back: SubsidyShares = NO_SUBSIDY,
    ) -> None:
        """Keep how an event was allocated."""
        self.outcomes.append(
            NEW(
                Outcome,
                (
                    event.id,
                    event.kind,
                    event.on,
                    event.amount_fen,
                    tuple(shares),
                    overpaid_fen,
                    False,
                    fee_fen,
                    interest_back_fen,
                    subsidy_back,
                    (),
                ),
            )
        )
