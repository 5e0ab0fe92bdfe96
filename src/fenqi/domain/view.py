"""The state a replay ends in, as values nobody can change."""

from __future__ import annotations

from datetime import date

from fenqi.domain.delinquency import bucket_of, counted_days, is_return_open
from fenqi.domain.running import PRINCIPAL, Row, RunningLoan
from fenqi.domain.state import Amounts, Installment, InstallmentStatus, LoanState, LoanStatus, Totals

NEW = tuple.__new__
"""How a named tuple of many fields is made fastest; a state holds one per row."""


def view(loan: RunningLoan, as_of: date) -> LoanState:
    """The state of a running loan at a date up to which it has been counted."""
    is_paused = bool(loan.pauses) and is_return_open(loan, as_of)
    installments: list[Installment] = []
    due_sums, paid_sums, waived_sums = [0] * 5, [0] * 5, [0] * 5
    left = overdue = due = days_past_due = 0
    oldest: date | None = None
    following: date | None = None
    balance = 0
    payouts = iter(loan.payouts)
    payout = next(payouts, None)
    for row in loan.rows:
        while payout is not None and (
            payout[0] < row.due_on or (row.is_down_payment and payout[0] == row.due_on)
        ):
            balance += payout[1]
            payout = next(payouts, None)
        balance += row.put_back_fen - row.due[PRINCIPAL]
        row_days = 0
        status = InstallmentStatus.PAID
        if row.left_fen:
            left += row.left_fen
            status = InstallmentStatus.UPCOMING
            if row.due_on <= as_of:
                status = InstallmentStatus.DUE
                if oldest is None:
                    oldest = row.due_on
                due += row.left_fen
                if row.is_overdue and not is_paused:
                    status = InstallmentStatus.OVERDUE
                    overdue += row.left_fen
                    row_days = counted_days(loan.pauses, row.overdue_since or row.pay_by_on, as_of)
                    days_past_due = max(days_past_due, row_days)
            if following is None and row.due_on >= as_of:
                following = row.due_on
        for position in range(5):
            due_sums[position] += row.due[position]
            paid_sums[position] += row.paid[position]
            waived_sums[position] += row.waived[position]
        installments.append(_installment(row, balance, status, row_days))
    outstanding = Amounts(*(d - p - w for d, p, w in zip(due_sums, paid_sums, waived_sums, strict=True)))
    return LoanState(
        as_of=as_of,
        status=_status(loan, left, overdue),
        installments=tuple(installments),
        outcomes=tuple(loan.outcomes),
        totals=Totals(Amounts(*due_sums), Amounts(*paid_sums), Amounts(*waived_sums), outstanding),
        paid_out_fen=loan.paid_out_fen,
        overpaid_fen=loan.overpaid_fen,
        principal_outstanding_fen=outstanding[PRINCIPAL],
        outstanding_fen=left,
        overdue_fen=overdue,
        due_fen=0 if is_paused else due,
        days_past_due=days_past_due,
        bucket=bucket_of(days_past_due),
        oldest_unpaid_due_on=oldest,
        next_due_on=following,
        is_paused=is_paused,
        settled_on=None if left or not loan.rows else max(row.paid_on or as_of for row in loan.rows),
    )


def _status(loan: RunningLoan, left: int, overdue: int) -> LoanStatus:
    if loan.ended is not None and (left or loan.ended is LoanStatus.WRITTEN_OFF):
        return loan.ended
    if not loan.rows:
        return LoanStatus.PENDING
    if left:
        return LoanStatus.OVERDUE if overdue else LoanStatus.ACTIVE
    return LoanStatus.OVERPAID if loan.overpaid_fen else LoanStatus.SETTLED


def _installment(row: Row, balance_after: int, status: InstallmentStatus, days_past_due: int) -> Installment:
    due, paid, waived = row.due, row.paid, row.waived
    total, paid_fen = sum(due), sum(paid)
    return NEW(
        Installment,
        (
            row.number,
            row.starts_on,
            row.due_on,
            balance_after,
            *due,
            *paid,
            *waived,
            total,
            paid_fen,
            total - paid_fen - row.left_fen,
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
