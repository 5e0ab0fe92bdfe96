"""What being overdue costs: grace, tolerance, penalty and late fee, in closed form between two events."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from fenqi.domain.arithmetic import ratio, rounded
from fenqi.domain.calendar import add_months, add_periods
from fenqi.domain.delinquency import counted_days, penalty_annual_rate
from fenqi.domain.rules import PenaltyBase, PenaltyFrom
from fenqi.domain.running import FEE, INTEREST, LATE_FEE, NOTHING, PENALTY, PRINCIPAL, Row, RunningLoan
from fenqi.domain.terms import YEAR_DAYS
from fenqi.domain.trace import PenaltySpan


def count_overdue(loan: RunningLoan, on: date) -> None:
    """
    Bring grace, penalty and late fee of every past-due row up to a day.

    Between two events nothing changes but the days, so one step and many steps come to the same: the exact product
    of balance, days and rate is summed, and rounded only where it is read.
    """
    first = loan.first_open_row()
    if first is None or first.due_on >= on or not loan.accrues:
        return
    for row in loan.rows[loan.first_open :]:
        if row.due_on >= on:
            return
        if row.left_fen and row.pay_by_on < on:
            _count(loan, row, on)


def _count(loan: RunningLoan, row: Row, on: date) -> None:
    grace = loan.terms.overdue.grace_days
    if not row.is_overdue:
        while counted_days(loan.pauses, _since(row), on) > grace:
            if not _roll_over(loan, row):
                row.is_overdue = loan.has_overdue = True
                _charge_late_fee(loan, row)
                break
    since = _since(row)
    counted_from = row.counted_to or since
    if counted_from < on:
        if loan.terms.overdue.compounding:
            _count_compounding(loan, row, since, counted_from, on)
        else:
            _count_span(loan, row, since, counted_from, on)
        row.counted_to = on
    if row.is_overdue:
        _show(loan, row)


def _since(row: Row) -> date:
    return row.overdue_since or row.pay_by_on


def _roll_over(loan: RunningLoan, row: Row, after: date | None = None) -> bool:
    """What a payment left short by at most the tolerance counts as paid in full and rolls to the next due date."""
    if row.left_fen > loan.terms.overdue.tolerance_fen or row.paid is NOTHING:
        return False
    since = _since(row)
    bill = [other for other in loan.rows if other.left_fen and _since(other) == since]
    if sum(other.left_fen for other in bill) > loan.terms.overdue.tolerance_fen:
        return False
    if after is None and all(other.overdue_since is not None for other in bill):
        # It rolled here already and met no bill: without another payment it does not roll for ever.
        return False
    following = _next_due(loan, after or since)
    for other in bill:
        numerator, denominator = other.penalty
        if other.is_overdue:
            other.penalty_charged_fen += rounded(numerator, denominator, loan.terms.rounding)
            other.late_fee_charged_fen = other.due[LATE_FEE]
        other.is_overdue = False
        other.overdue_since = following
        other.counted_to = None
        other.penalty = (0, 1)
        other.late_fee_fen = other.cap_weight = other.capitalised_fen = 0
    return True


def _next_due(loan: RunningLoan, after: date) -> date:
    due = min((row.pay_by_on for row in loan.rows if row.pay_by_on > after), default=loan.rows[-1].pay_by_on)
    while due <= after:
        due = add_periods(due, loan.terms.every, loan.terms.unit)
    return due


def roll_what_is_short(loan: RunningLoan, on: date) -> None:
    """After money came in: an overdue row that is short by no more than the tolerance is overdue no longer."""
    tolerance = loan.terms.overdue.tolerance_fen
    for row in loan.rows[loan.first_open :]:
        if row.due_on >= on:
            return
        if row.is_overdue and 0 < row.left_fen <= tolerance:
            _roll_over(loan, row, on)


def _count_compounding(loan: RunningLoan, row: Row, since: date, from_on: date, to_on: date) -> None:
    """One span per month of being overdue: the penalty unpaid when a month is over bears penalty from then on."""
    month = 1
    while from_on < to_on:
        until = add_months(since, month)
        month += 1
        if until <= from_on:
            continue
        _count_span(loan, row, since, from_on, min(until, to_on))
        from_on = until
        if until <= to_on and row.is_overdue:
            _show(loan, row)
            row.capitalised_fen = row.open_fen(PENALTY)


def _count_span(loan: RunningLoan, row: Row, since: date, from_on: date, to_on: date) -> None:
    rules = loan.terms.overdue
    days = counted_days(loan.pauses, from_on, to_on)
    if rules.penalty_from is PenaltyFrom.GRACE_END:
        before = counted_days(loan.pauses, since, from_on)
        days = max(0, before + days - rules.grace_days) - max(0, before - rules.grace_days)
    if not days:
        return
    overdue = row.open_fen(PRINCIPAL)
    if rules.penalty_base is not PenaltyBase.OVERDUE_PRINCIPAL or rules.compounding:
        overdue += row.open_fen(INTEREST) + row.open_fen(FEE)
    base = overdue + row.capitalised_fen
    rate, numerator, denominator = loan.penalty_rate or _penalty_rate(loan)
    old_numerator, old_denominator = row.penalty
    added = base * days * numerator
    if old_denominator == denominator or not old_numerator:
        row.penalty = (old_numerator + added, denominator)
    else:
        row.penalty = (old_numerator * denominator + added * old_denominator, old_denominator * denominator)
    row.cap_weight += overdue * days
    if loan.trace is not None:
        loan.trace.penalty.append(PenaltySpan(row.number, from_on, to_on, base, rate, days))


def _penalty_rate(loan: RunningLoan) -> tuple[Decimal, int, int]:
    """The yearly rate, and what one fen costs a day as a ratio; found once per rate of the loan."""
    rate = penalty_annual_rate(loan.terms)
    loan.penalty_rate = (rate, *ratio(rate, 1, YEAR_DAYS[loan.terms.daily_basis]))
    return loan.penalty_rate


def _charge_late_fee(loan: RunningLoan, row: Row) -> None:
    rules = loan.terms.overdue
    if not (rules.late_fee_fixed_fen or rules.late_fee_rate):
        return
    numerator, denominator = ratio(rules.late_fee_rate)
    fee = rules.late_fee_fixed_fen + rounded(row.left_fen * numerator, denominator, loan.terms.rounding)
    row.late_fee_fen = fee if rules.late_fee_cap_fen is None else min(fee, rules.late_fee_cap_fen)


def _show(loan: RunningLoan, row: Row) -> None:
    """Make what is counted due."""
    penalty, late_fee = counted_cost(loan, row)
    row.set_due(PENALTY, penalty)
    row.set_due(LATE_FEE, late_fee)


def counted_cost(loan: RunningLoan, row: Row) -> tuple[int, int]:
    """Penalty and late fee of a row, charged and counted: together within the cost cap on what is overdue."""
    numerator, denominator = row.penalty
    penalty = rounded(numerator, denominator, loan.terms.rounding)
    late_fee = row.late_fee_fen
    cap = loan.terms.cost_cap_annual_rate
    if cap is not None and (late_fee or row.capitalised_fen):
        numerator, denominator = ratio(cap, 1, YEAR_DAYS[loan.terms.daily_basis])
        most = row.cap_weight * numerator // denominator
        penalty = min(penalty, most)
        late_fee = min(late_fee, most - penalty)
    return row.penalty_charged_fen + penalty, row.late_fee_charged_fen + late_fee
