"""Payouts: the first makes the plan, a later one joins it or brings its own installments."""

from __future__ import annotations

from datetime import timedelta

from fenqi.domain.arithmetic import ratio, rounded
from fenqi.domain.calendar import pay_by
from fenqi.domain.cost import FLAT_METHODS, planned_cost, set_cost, span_interest
from fenqi.domain.errors import EventRefused
from fenqi.domain.events import Event
from fenqi.domain.reshape import lay_again
from fenqi.domain.running import PRINCIPAL, Row, RunningLoan
from fenqi.domain.schedule import ScheduleRow, down_payment_of, plan_rows
from fenqi.domain.subsidy import NO_SUBSIDY
from fenqi.domain.terms import FurtherPayout, HolidayRule, LoanTerms


def pay_out(loan: RunningLoan, event: Event) -> None:
    """
    Pay out principal: the first payout makes the plan, a later one joins it or brings its own installments.

    Raises: EventRefused after the last due date of the plan.
    """
    is_first = not loan.payouts
    loan.payouts.append((event.on, event.amount_fen))
    loan.paid_out_fen += event.amount_fen
    if is_first or loan.terms.further_payout is FurtherPayout.OWN_PLAN:
        _add_plan(loan, event, is_first)
    else:
        _into_plan(loan, event)
    loan.record(event, ())


def _add_plan(loan: RunningLoan, event: Event, is_first: bool) -> None:
    number = 1 if is_first else max(row.number for row in loan.rows) + 1
    planned = plan_rows(loan.terms, event.amount_fen, event.on, number)
    rows = _started(planned, loan.terms, event)
    if loan.terms.interest_grace:
        _carry_grace(loan, rows)
    if is_first:
        loan.rows = rows
        return
    for row in rows:
        if row.is_down_payment:
            row.number = _down_payment_number(loan)
        loan.insert(row)


def _started(planned: list[ScheduleRow], terms: LoanTerms, event: Event) -> list[Row]:
    """Planned rows set in motion; interest counts from the payout, or from the end of the free days."""
    moves = terms.holiday_rule is not HolidayRule.NONE
    rows: list[Row] = []
    for number, start, due_on, principal, interest, fee, balance_after, subsidy, is_down_payment in planned:
        row = Row(
            number,
            start,
            due_on,
            pay_by(terms, due_on) if moves else due_on,
            balance_after + principal,
            [principal, interest, fee, 0, 0],
            principal + interest + fee,
        )
        if subsidy is not NO_SUBSIDY:
            row.subsidy = subsidy
        if is_down_payment:
            row.is_down_payment = True
        rows.append(row)
    if rows[0].starts_on < event.on:
        for row in rows:
            row.earned_to = max(row.earned_to, event.on)
    if terms.interest_free_days:
        free_until = event.on + timedelta(days=terms.interest_free_days)
        for row in rows:
            row.earned_to = min(max(row.earned_to, free_until), row.due_on)
    return rows


def _carry_grace(loan: RunningLoan, rows: list[Row]) -> None:
    """Interest of rows in interest grace is earned all the same; the next row carries it."""
    carried = 0
    for row in rows:
        if row.number > loan.terms.interest_grace or row.is_down_payment:
            row.earned_fen = carried
            carried = 0
        else:
            row.earned_fen = carried
            carried += span_interest(loan, row, row.opening_fen, row.earned_to, row.due_on)


def _into_plan(loan: RunningLoan, event: Event) -> None:
    terms = loan.terms
    amount = event.amount_fen
    rows = loan.future_rows(event.on)
    if not rows:
        raise EventRefused(
            "on", event.on, "a payout before the last due date, or terms that give it its own plan"
        )
    balance = sum(row.due[PRINCIPAL] for row in rows)
    if terms.down_payment_rate:
        down = down_payment_of(terms, amount)
        amount -= down
        row = Row(_down_payment_number(loan), event.on, event.on, pay_by(terms, event.on))
        row.is_down_payment = True
        row.set_due(PRINCIPAL, down)
        loan.insert(row)
    loan.overpaid_fen += lay_again(loan, rows, balance + amount, event.on, is_planned=True)
    if terms.method in FLAT_METHODS:
        rate = ratio(terms.flat_fee_rate) if terms.flat_fee_rate else terms.period_rate
        for row in rows:
            set_cost(loan, row, planned_cost(loan, row) + rounded(amount * rate[0], rate[1], terms.rounding))


def _down_payment_number(loan: RunningLoan) -> int:
    """Down payments count downwards from 0, so that installments keep their numbers."""
    numbers = [row.number for row in loan.rows if row.is_down_payment]
    return min(numbers) - 1 if numbers else 0
