"""Laying the unpaid principal over the installments to come again: after a payout, prepayment, refund, new rate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fenqi.domain.amortisation import lay_out
from fenqi.domain.arithmetic import rounded
from fenqi.domain.cost import (
    FLAT_METHODS,
    earned_cost,
    lower_due,
    planned_cost,
    set_cost,
    set_principal,
    span_interest,
)
from fenqi.domain.running import PRINCIPAL, Row, RunningLoan
from fenqi.domain.schedule import counts_whole_periods, interest_factors
from fenqi.domain.terms import InterestFactors, Method


def open_installments(loan: RunningLoan, on: date) -> list[Row]:
    """Installments due after a day that are not paid off, oldest first."""
    return [row for row in loan.future_rows(on) if row.left_fen or not any(row.paid)]


def open_principal(rows: Sequence[Row]) -> int:
    """The principal still to pay with some rows."""
    return sum(row.open_fen(PRINCIPAL) for row in rows)


def lay_again(
    loan: RunningLoan,
    rows: Sequence[Row],
    balance_fen: int,
    on: date,
    *,
    installment_fen: int | None = None,
    is_planned: bool = False,
) -> int:
    """
    Lay `balance_fen` of unpaid principal over `rows` (not yet due) by the terms; interest of days past stays.

    With `is_planned` the balance is all principal of the rows, paid in advance or not, and what is paid above a
    row's new part is freed. With `installment_fen` the installments stay that size and the last rows run empty. Flat costs are not touched:
    see `scale_cost`. Returns the money freed where interest had been paid that is no longer due.
    """
    terms = loan.terms
    if terms.method in FLAT_METHODS:
        principal, _ = _laid(loan, rows, balance_fen, None, installment_fen)
        return _spread_principal(rows, principal, balance_fen, is_planned)
    running = rows[0]
    first: int | None = None
    if running.earned_to < on or running.earned_fen or running.earned_to > running.starts_on:
        count_earned(loan, running, on)
        rest_from = max(on, running.earned_to)
        first = running.earned_fen + span_interest(loan, running, balance_fen, rest_from, running.due_on)
    elif counts_whole_periods(terms) and running.number == 1:
        first = span_interest(loan, running, balance_fen, running.earned_to, running.due_on)
    principal, interest = _laid(loan, rows, balance_fen, first, installment_fen)
    freed = _spread_principal(rows, principal, balance_fen, is_planned)
    return freed + _spread_interest(loan, rows, interest)


def count_earned(loan: RunningLoan, row: Row, on: date) -> None:
    """Close the running span of a row: what is earned to a day stands, the rest is on whatever balance follows."""
    if on > row.earned_to:
        row.earned_fen = earned_cost(loan, row, on)
        row.earned_to = on


def recount(loan: RunningLoan, rows: Sequence[Row], on: date) -> int:
    """
    Count the interest of installments to come anew on the principal still open, which stays where it is.

    Returns the money freed where interest had been paid that is no longer due.
    """
    if loan.terms.method in FLAT_METHODS:
        return 0
    left = open_principal(rows)
    interest: list[int] = []
    for row in rows:
        count_earned(loan, row, on)
        row.opening_fen = left
        interest.append(row.earned_fen + span_interest(loan, row, left, row.earned_to, row.due_on))
        left -= row.open_fen(PRINCIPAL)
    return _spread_interest(loan, rows, interest)


def scale_cost(loan: RunningLoan, rows: Sequence[Row], kept: int, of: int, on: date) -> int:
    """Lower flat costs not yet earned to `kept` / `of`; returns the money freed."""
    freed = 0
    for row in rows:
        cost = planned_cost(loan, row)
        earned = earned_cost(loan, row, on)
        freed += set_cost(loan, row, earned + rounded((cost - earned) * kept, of, loan.terms.rounding))
        if on > row.earned_to:
            row.earned_fen, row.earned_to = earned, on
    return freed


def _laid(
    loan: RunningLoan, rows: Sequence[Row], balance_fen: int, first: int | None, installment_fen: int | None
) -> tuple[list[int], list[int]]:
    terms = loan.terms
    starts, dues = [row.starts_on for row in rows], [row.due_on for row in rows]
    factors = interest_factors(terms, starts, dues)
    is_whole = counts_whole_periods(terms)
    whole = terms.interest_factors is InterestFactors.DATED_INTEREST
    principal, interest = lay_out(
        terms,
        balance_fen,
        factors,
        installment_factors=[terms.period_rate] * len(rows) if whole else None,
        first_interest_fen=None if is_whole else first,
        free_of_principal=max(0, min(len(rows) - 1, terms.principal_grace + 1 - rows[0].number)),
        installment_fen=installment_fen,
    )
    if first is not None and terms.annual_rate:
        interest[0] = first
    return principal, interest


def _spread_principal(
    rows: Sequence[Row], principal: Sequence[int], balance_fen: int, is_planned: bool
) -> int:
    left = balance_fen
    freed = 0
    for row, part in zip(rows, principal, strict=True):
        row.opening_fen = left
        left -= part
        if is_planned:
            freed += lower_due(row, PRINCIPAL, part)
        else:
            set_principal(row, part)
    return freed


def _spread_interest(loan: RunningLoan, rows: Sequence[Row], interest: list[int]) -> int:
    freed = carried = 0
    for row, cost in zip(rows, interest, strict=True):
        if carried:
            # Interest of the rows in grace is collected with the first row after them.
            row.earned_fen = carried
            cost += carried
        is_in_grace = row.number <= loan.terms.interest_grace
        carried = cost if is_in_grace else 0
        freed += set_cost(loan, row, 0 if is_in_grace else cost)
    return freed


def regular_installment(rows: Sequence[Row], terms_method: Method) -> int:
    """The size an installment keeps when the term shrinks: that of the next whole one."""
    row = rows[1] if len(rows) > 1 else rows[0]
    if terms_method is Method.EQUAL_INSTALLMENT:
        return row.due[0] + row.due[1] + row.subsidy.total_fen
    return row.due[0]
