"""The state a replay ends in, as values nobody can change."""

from __future__ import annotations

from datetime import date

from fenqi.domain.delinquency import bucket_of, counted_days, is_return_open
from fenqi.domain.running import NEW, NOTHING, PRINCIPAL, Pause, Row, RunningLoan
from fenqi.domain.state import Amounts, Installment, InstallmentStatus, LoanState, LoanStatus, Totals

NO_AMOUNTS = Amounts()


def view(loan: RunningLoan, as_of: date) -> LoanState:
    """The state of a running loan at a date up to which it has been counted. The loan is not to be used after."""
    is_paused = bool(loan.pauses) and is_return_open(loan, as_of)
    left = overdue = due = days_past_due = principal = 0
    oldest: date | None = None
    following: date | None = None
    for row in loan.rows:
        row_left = row.left_fen
        if not row_left:
            continue
        left += row_left
        principal += row.due[PRINCIPAL] - row.paid[PRINCIPAL] - row.waived[PRINCIPAL]
        due_on = row.due_on
        if due_on <= as_of:
            due += row_left
            if oldest is None and (row.overdue_since is None or row.overdue_since <= as_of):
                oldest = due_on
            if row.is_overdue and not is_paused:
                overdue += row_left
                days_past_due = max(days_past_due, _days_past_due(row, loan.pauses, as_of))
        if following is None and due_on >= as_of:
            following = due_on
    state: LoanState = object.__new__(LoanState)
    fill = object.__setattr__
    fill(state, "as_of", as_of)
    fill(state, "status", _status(loan, left, overdue))
    fill(state, "outcomes", tuple(loan.outcomes))
    fill(state, "paid_out_fen", loan.paid_out_fen)
    fill(state, "overpaid_fen", loan.overpaid_fen)
    fill(state, "principal_outstanding_fen", principal)
    fill(state, "outstanding_fen", left)
    fill(state, "overdue_fen", overdue)
    fill(state, "due_fen", 0 if is_paused else due)
    fill(state, "days_past_due", days_past_due)
    fill(state, "bucket", bucket_of(days_past_due) if days_past_due else "M0")
    fill(state, "oldest_unpaid_due_on", oldest)
    fill(state, "next_due_on", following)
    fill(state, "is_paused", is_paused)
    fill(
        state, "settled_on", None if left or not loan.rows else max(row.paid_on or as_of for row in loan.rows)
    )
    fill(state, "details", Picture(loan, as_of, is_paused))
    return state


def _status(loan: RunningLoan, left: int, overdue: int) -> LoanStatus:
    if loan.ended is not None and (left or loan.ended is LoanStatus.WRITTEN_OFF):
        return loan.ended
    if not loan.rows:
        return LoanStatus.PENDING
    if left:
        return LoanStatus.OVERDUE if overdue else LoanStatus.ACTIVE
    return LoanStatus.OVERPAID if loan.overpaid_fen else LoanStatus.SETTLED


def _days_past_due(row: Row, pauses: list[Pause], as_of: date) -> int:
    return counted_days(pauses, row.overdue_since or row.pay_by_on, as_of)


class Picture:
    """The rows a replay left, from which a state makes its installments and totals when asked."""

    __slots__ = ("_as_of", "_is_paused", "_pauses", "_payouts", "_rows")

    def __init__(self, loan: RunningLoan, as_of: date, is_paused: bool) -> None:
        self._rows = loan.rows
        self._payouts = loan.payouts
        self._pauses = loan.pauses
        self._as_of = as_of
        self._is_paused = is_paused

    def installments(self) -> tuple[Installment, ...]:
        """All rows with the balance planned after each: payouts before it less principal due up to it."""
        made: list[Installment] = []
        payouts = iter(self._payouts)
        payout = next(payouts, None)
        balance = 0
        for row in self._rows:
            while payout is not None and (
                payout[0] < row.due_on or (row.is_down_payment and payout[0] == row.due_on)
            ):
                balance += payout[1]
                payout = next(payouts, None)
            balance += row.put_back_fen - row.due[PRINCIPAL]
            made.append(_installment(row, balance, self._status(row), self._days_past_due(row)))
        return tuple(made)

    def totals(self) -> Totals:
        """The sums of what is due, paid, waived and outstanding, by component."""
        due = _sums([row.due for row in self._rows])
        paid = _sums([row.paid for row in self._rows if row.paid is not NOTHING])
        waived = _sums([row.waived for row in self._rows if row.waived is not NOTHING])
        outstanding = Amounts(*(a - b - c for a, b, c in zip(due, paid, waived, strict=True)))
        return Totals(due, paid, waived, outstanding)

    def _status(self, row: Row) -> InstallmentStatus:
        if not row.left_fen:
            return InstallmentStatus.PAID
        if row.due_on > self._as_of:
            return InstallmentStatus.UPCOMING
        is_overdue = row.is_overdue and not self._is_paused
        return InstallmentStatus.OVERDUE if is_overdue else InstallmentStatus.DUE

    def _days_past_due(self, row: Row) -> int:
        if not row.left_fen or not row.is_overdue or self._is_paused:
            return 0
        return _days_past_due(row, self._pauses, self._as_of)


def _sums(rows: list[list[int]]) -> Amounts:
    return Amounts(*map(sum, zip(*rows, strict=True))) if rows else NO_AMOUNTS


def _installment(row: Row, balance_after: int, status: InstallmentStatus, days_past_due: int) -> Installment:
    paid_fen, waived_fen = sum(row.paid), sum(row.waived)
    return NEW(
        Installment,
        (
            row.number,
            row.starts_on,
            row.due_on,
            balance_after,
            *row.due,
            *row.paid,
            *row.waived,
            row.left_fen + paid_fen + waived_fen,
            paid_fen,
            waived_fen,
            row.left_fen,
            row.subsidy,
            row.paid_on,
            status,
            days_past_due,
            row.pay_by_on,
            row.paid_in_advance_fen,
            row.paid_late_fen,
            row.is_down_payment,
            row.put_back_fen,
        ),
    )
