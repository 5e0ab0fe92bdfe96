"""
Interest on what is really owed: paying early stops it, paying late goes on with it.

The installment keeps its size; what interest takes more or less of it, principal takes less or more, and the last
installment takes what is left. Up to a day interest is counted on the balance that was; after it on the balance
that will be if everything is paid when due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fenqi.domain.amortisation import lay_out
from fenqi.domain.cost import lower_due, planned_cost, set_cost, span_interest
from fenqi.domain.running import INTEREST, PRINCIPAL, Row, RunningLoan
from fenqi.domain.schedule import interest_factors
from fenqi.domain.terms import InterestBase, LoanTerms, Method


def base_of(terms: LoanTerms) -> InterestBase:
    """The balance interest is counted on; interest by the day is always on what is really owed."""
    if terms.method is Method.DAILY_INTEREST and terms.interest_base is InterestBase.SCHEDULE:
        return InterestBase.PERFORMING_BALANCE
    return terms.interest_base


def close_passed(loan: RunningLoan, on: date) -> None:
    """Close the periods that ended by a day: their interest is final, and so is the principal of their rows."""
    for row in loan.rows:
        if row.is_closed or row.is_extra or row.is_down_payment:
            continue
        if row.due_on > on:
            _fix_period_balance(loan, row, on)
            return
        _fix_period_balance(loan, row, row.due_on)
        _count(loan, row, row.due_on)
        later = [other for other in loan.rows if other.due_on > row.due_on]
        _lay(loan, [row, *later], [row.earned_fen] + [0] * len(later))
        row.is_closed = True


def stop(loan: RunningLoan, on: date, *, for_good: bool = False, at_period_end: bool = False) -> int:
    """
    Lay the plan as if interest stopped on a day (or at the end of its period); returns the money that frees.

    So money that arrives that day meets interest earned by then and principal, nothing that is still to come.
    """
    rows = loan.future_rows(on)
    if not rows:
        return 0
    running = rows[0]
    if base_of(loan.terms) is not InterestBase.PERIOD_BALANCE:
        _count(loan, running, on)
    cost = running.earned_fen
    goes_on = base_of(loan.terms) is InterestBase.PERIOD_BALANCE and not for_good
    if at_period_end or goes_on:
        cost = _projected(loan, rows, on)
    elif on > running.earned_to:
        cost += span_interest(loan, running, _bearing(loan, running), running.earned_to, on)
    if for_good:
        running.earned_fen, running.earned_to = cost, running.due_on
    return _lay(loan, rows, [cost] + [0] * (len(rows) - 1))


def project(loan: RunningLoan, on: date) -> int:
    """Lay the plan from a day on, if everything is paid when due from then on; returns the money that frees."""
    rows = loan.future_rows(on)
    if not rows:
        return 0
    costs = [_projected(loan, rows, on)]
    left = _not_due(loan, rows) - _target(loan, rows, rows[0], costs[0])
    for row in rows[1:]:
        costs.append(row.earned_fen + span_interest(loan, row, max(0, left), row.earned_to, row.due_on))
        left -= _target(loan, rows, row, costs[-1])
    return _lay(loan, rows, costs)


def fix_to_maturity(loan: RunningLoan, on: date) -> None:
    """Make the interest of the plan, to its very end, due whatever is paid now."""
    project(loan, on)
    for row in loan.future_rows(on):
        row.earned_fen, row.earned_to = planned_cost(loan, row), row.due_on


def _projected(loan: RunningLoan, rows: Sequence[Row], on: date) -> int:
    row = rows[0]
    not_due = _not_due(loan, rows)
    if base_of(loan.terms) is InterestBase.PERIOD_BALANCE and row.period_balance_fen is not None:
        return row.earned_fen + span_interest(loan, row, row.period_balance_fen, row.earned_to, row.due_on)
    owed = _bearing(loan, row)
    if owed == not_due or on <= row.earned_to:
        return row.earned_fen + span_interest(loan, row, not_due, row.earned_to, row.due_on)
    late = span_interest(loan, row, owed, row.earned_to, on)
    return row.earned_fen + late + span_interest(loan, row, not_due, on, row.due_on)


def _count(loan: RunningLoan, row: Row, on: date) -> None:
    """Count a row's interest up to a day on the balance that was."""
    if on > row.earned_to:
        row.earned_fen += span_interest(loan, row, _bearing(loan, row), row.earned_to, on)
        row.earned_to = on


def _bearing(loan: RunningLoan, row: Row) -> int:
    """The balance that bears interest in a row's period as things stand."""
    base = base_of(loan.terms)
    if base is InterestBase.PERIOD_BALANCE and row.period_balance_fen is not None:
        return row.period_balance_fen
    owed = loan.principal_left_fen()
    if base is InterestBase.PERFORMING_BALANCE:
        owed -= sum(other.open_fen(PRINCIPAL) for other in loan.rows if other.due_on <= row.starts_on)
    return owed


def _fix_period_balance(loan: RunningLoan, row: Row, on: date) -> None:
    """With interest by the period, what is owed when its first day is over bears it to the period's end."""
    if on > row.starts_on and row.period_balance_fen is None:
        row.period_balance_fen = loan.principal_left_fen()


def _not_due(loan: RunningLoan, rows: Sequence[Row]) -> int:
    return sum(row.open_fen(PRINCIPAL) for row in rows)


def _lay(loan: RunningLoan, rows: Sequence[Row], costs: Sequence[int]) -> int:
    """Give rows their cost, and lay the principal they still owe over them: the installment keeps its size."""
    left = _not_due(loan, rows)
    freed = 0
    opens = []
    for row, cost in zip(rows, costs, strict=True):
        opens.append(left if row is rows[-1] else min(left, _target(loan, rows, row, cost)))
        left -= opens[-1]
    for row, cost, part in zip(rows, costs, opens, strict=True):
        freed += lower_due(row, PRINCIPAL, row.paid[PRINCIPAL] + row.waived[PRINCIPAL] + part)
        freed += set_cost(loan, row, cost)
    return freed


def _target(loan: RunningLoan, rows: Sequence[Row], row: Row, cost: int) -> int:
    """How much principal a row still has to take: the size of the installment less its interest and what is paid."""
    if loan.sizes_are_stale:
        _find_sizes(loan, rows)
    part = row.size_fen
    if loan.terms.method is Method.EQUAL_INSTALLMENT and loan.terms.annual_rate:
        part -= cost
    return max(0, part + row.put_back_fen - row.paid[PRINCIPAL] - row.waived[PRINCIPAL])


def _find_sizes(loan: RunningLoan, rows: Sequence[Row]) -> None:
    """Find the size of installments (or of their principal) when what is not due is laid over them by the terms."""
    terms = loan.terms
    grace = max(0, min(len(rows) - 1, terms.principal_grace + 1 - rows[0].number))
    factors = interest_factors(terms, [row.starts_on for row in rows], [row.due_on for row in rows])
    principal, interest = lay_out(terms, _not_due(loan, rows), factors, free_of_principal=grace)
    has_interest = terms.method is Method.EQUAL_INSTALLMENT and terms.annual_rate
    for row, part, cost in zip(rows, principal, interest, strict=True):
        row.size_fen = part + cost if has_interest else part
    loan.sizes_are_stale = False


def keep_sizes(loan: RunningLoan) -> None:
    """Take the sizes of a plan just made: they stay when interest changes."""
    has_interest = loan.terms.method is Method.EQUAL_INSTALLMENT and loan.terms.annual_rate
    for row in loan.rows:
        cost = row.due[INTEREST] + row.subsidy.total_fen if has_interest else 0
        row.size_fen = row.due[PRINCIPAL] + cost
    loan.sizes_are_stale = False
