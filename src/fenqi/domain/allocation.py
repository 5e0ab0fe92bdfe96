"""Where money goes: the order of claims as data, walked over the rows. Money is never lost or made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fenqi.domain.delinquency import days_past_due
from fenqi.domain.events import EventKind
from fenqi.domain.rules import AllocationOrder, FutureRule, Timing
from fenqi.domain.running import COMPONENT_OF, NEW, Row, RunningLoan
from fenqi.domain.state import Share


def order_for(loan: RunningLoan, kind: EventKind, on: date) -> AllocationOrder:
    """The order for a kind of event on a day: its own, that of old arrears, or the usual one."""
    rules = loan.terms.allocation
    for special in rules.by_kind:
        if special.kind == kind:
            return special.order
    if not loan.has_overdue or rules.aged is None:
        return rules.usual
    if loan.age_seen_on != on:
        # Once a day: the first payment of a day must not change the order for the second.
        loan.age_seen_on, loan.is_aged = on, days_past_due(loan, on) > rules.aged_after_days
    return rules.aged if loan.is_aged else rules.usual


def allocate(loan: RunningLoan, order: AllocationOrder, amount_fen: int, on: date) -> tuple[list[Share], int]:
    """
    Spread money over the rows in an order of claims. The shares and the rest returned add up to `amount_fen`.

    Past due is a due date before the day, due is on it, in advance after it; steps and future rule are the order's.
    Source: rules-cn 2.8.
    """
    shares: list[Share] = []
    if order.simple_walk is not None:
        if loan.first_open_row() is None:
            return shares, amount_fen
        rows = loan.rows[loan.first_open :] if loan.first_open else loan.rows
        return shares, take(rows, order.simple_walk, amount_fen, on, shares)
    rows = [row for row in loan.rows if row.left_fen]
    late = [row for row in rows if row.due_on < on]
    today = [row for row in rows if row.due_on == on]
    early = rows[len(late) + len(today) :]
    for timing, positions in order.steps:
        if not amount_fen:
            break
        if timing is Timing.IN_ADVANCE:
            amount_fen = _in_advance(early, positions, order.future, amount_fen, on, shares)
        else:
            claimed = late if timing is Timing.PAST_DUE else today
            amount_fen = take(claimed, positions, amount_fen, on, shares)
    return shares, amount_fen


def take(
    rows: Sequence[Row], positions: Sequence[int], amount_fen: int, on: date, shares: list[Share]
) -> int:
    """Pay the components at `positions` of one row after the other; return what is left of the amount."""
    for row in rows:
        if not row.left_fen:
            continue
        for position in positions:
            part = row.due[position]
            if part:
                part -= row.paid[position] + row.waived[position]
                if part > amount_fen:
                    part = amount_fen
                if part > 0:
                    row.pay(position, part, on)
                    shares.append(NEW(Share, (row.number, COMPONENT_OF[position], part)))
                    amount_fen -= part
                    if not amount_fen:
                        return 0
    return amount_fen


def _in_advance(
    rows: Sequence[Row],
    positions: Sequence[int],
    future: FutureRule,
    amount_fen: int,
    on: date,
    shares: list[Share],
) -> int:
    if future is FutureRule.NEXT:
        return take(rows, positions, amount_fen, on, shares)
    if future is FutureRule.LAST:
        return take(rows[::-1], positions, amount_fen, on, shares)
    return _evenly(rows, positions, amount_fen, on, shares)


def _evenly(
    rows: Sequence[Row], positions: Sequence[int], amount_fen: int, on: date, shares: list[Share]
) -> int:
    """Equal parts to all rows, the last takes the odd fen; what a row has no room for goes round again."""
    claimed = [row for row in rows if _has_room(row, positions)]
    while amount_fen and claimed:
        part = max(1, (2 * amount_fen + len(claimed)) // (2 * len(claimed)))
        left = amount_fen
        for row in claimed:
            given = min(part, left) if row is not claimed[-1] else left
            left -= given
            amount_fen -= given - take([row], positions, given, on, shares)
        claimed = [row for row in claimed if _has_room(row, positions)]
    return amount_fen


def _has_room(row: Row, positions: Sequence[int]) -> bool:
    return row.left_fen > 0 and any(row.open_fen(position) > 0 for position in positions)


def merged(shares: Sequence[Share]) -> list[Share]:
    """One share per row and component, in the order they first met."""
    sums: dict[tuple[int, str], Share] = {}
    for share in shares:
        key = share[:2]
        seen = sums.get(key)
        sums[key] = share if seen is None else Share(share[0], share[1], seen.fen + share.fen)
    return list(sums.values())
