"""Changes of the plan by agreement: new rate, new due day, later dates, arrears laid over other installments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from fenqi.domain.arithmetic import rounded_to_multiple
from fenqi.domain.calendar import add_months, pay_by, regular_dates
from fenqi.domain.cost import set_cost, set_principal
from fenqi.domain.errors import EventRefused
from fenqi.domain.events import Event
from fenqi.domain.reshape import count_earned, lay_again, open_installments, open_principal, recount
from fenqi.domain.rules import Component
from fenqi.domain.running import PRINCIPAL, Row, RunningLoan
from fenqi.domain.state import Share
from fenqi.domain.terms import Method, Unit

WITHOUT_INTEREST = frozenset({Method.FLAT_FEE, Method.INTEREST_FREE})


def change_rate(loan: RunningLoan, event: Event) -> None:
    """
    Another yearly rate from the day on: the principal to come is laid again, earned interest stays.

    Raises: EventRefused for a loan whose method bears no interest.
    """
    assert event.annual_rate is not None
    if event.annual_rate and loan.terms.method in WITHOUT_INTEREST:
        raise EventRefused("annual_rate", event.annual_rate, "none on a loan without interest")
    rows = open_installments(loan, event.on)
    for row in rows[:1]:
        count_earned(loan, row, event.on)
    loan.terms = replace(loan.terms, annual_rate=event.annual_rate)
    loan.penalty_rate = None
    if rows:
        loan.overpaid_fen += lay_again(loan, rows, open_principal(rows), event.on)
    loan.record(event, ())


def change_due_day(loan: RunningLoan, event: Event) -> None:
    """
    Future due dates move to another day of the month; interest follows the days, the principal parts stay.

    The first one moves to that day of its own month, or of the month after where that day is not after the event.
    Raises: EventRefused unless periods are months.
    """
    assert event.due_day is not None
    if loan.terms.unit is not Unit.MONTH:
        raise EventRefused("due_day", event.due_day, "no due day unless periods are months")
    rows = open_installments(loan, event.on)
    if rows:
        first = add_months(rows[0].due_on, 0, day=event.due_day)
        before = max((row.due_on for row in loan.rows if row.due_on <= event.on), default=event.on)
        if first <= max(before, event.on):
            first = add_months(first, 1)
        loan.terms = replace(loan.terms, due_day=event.due_day)
        dates = regular_dates(first, len(rows), loan.terms.every, loan.terms.unit, event.due_day)
        _move(loan, rows, dates, event.on)
    loan.record(event, ())


def reschedule(loan: RunningLoan, event: Event) -> None:
    """
    Due dates from `from_due_on` on move so that the first of them falls on `due_on`; the others follow in step.

    Raises: EventRefused where no installment is due on `from_due_on` or later.
    """
    assert event.from_due_on is not None and event.due_on is not None
    rows = [row for row in loan.rows if row.due_on >= event.from_due_on and not row.is_down_payment]
    if not rows:
        raise EventRefused("from_due_on", event.from_due_on, "the due date of an installment")
    terms = loan.terms
    if terms.unit is Unit.MONTH:
        dates = regular_dates(event.due_on, len(rows), terms.every, terms.unit, event.due_on.day)
    else:
        shift = event.due_on - rows[0].due_on
        dates = tuple(row.due_on + shift for row in rows)
    _move(loan, rows, dates, event.on)
    loan.record(event, ())


def _move(loan: RunningLoan, rows: list[Row], dates: tuple[date, ...], on: date) -> None:
    """Give rows new due dates and count their interest over the new periods."""
    count_earned(loan, rows[0], on)
    start = rows[0].starts_on
    for row, due_on in zip(rows, dates, strict=True):
        row.starts_on, row.due_on, row.pay_by_on = start, due_on, pay_by(loan.terms, due_on)
        if row is not rows[0]:
            row.earned_to = start
        row.overdue_since = None
        start = due_on
    future = [row for row in rows if row.due_on > on]
    if future:
        loan.overpaid_fen += recount(loan, future, on)


def re_age(loan: RunningLoan, event: Event) -> None:
    """
    Take the unpaid principal off all rows and lay it over new installments from `due_on` on.

    What was paid stays on its row, and so do cost and penalty owed until then. Raises: EventRefused where no
    principal is owed or the first new due date is not after the event.
    """
    assert event.due_on is not None and event.installments is not None
    balance = loan.principal_left_fen()
    if not balance or event.due_on <= event.on:
        raise EventRefused("due_on", event.due_on, f"after {event.on}, on a loan that owes principal")
    _close_running(loan, event.on)
    shares = _take_off(loan.rows)
    last = loan.rows[-1].due_on
    loan.terms = replace(
        loan.terms,
        every=event.every,
        unit=event.unit,
        installments=event.installments,
        principal_grace=0,
        interest_grace=0,
        due_day=None,
        fixed_length=None,
    )
    dates = regular_dates(event.due_on, event.installments, event.every, event.unit, event.due_on.day)
    number = max(row.number for row in loan.rows)
    start = min(last, event.on)
    new: list[Row] = []
    for due_on in dates:
        number += 1
        row = Row(number, start, due_on, pay_by(loan.terms, due_on))
        new.append(row)
        loan.insert(row)
        start = due_on
    loan.overpaid_fen += lay_again(loan, new, balance, event.on)
    loan.record(event, shares)


def _close_running(loan: RunningLoan, on: date) -> None:
    """Interest of running and later periods ends on the day; what is earned stays due with its row."""
    for row in loan.future_rows(on):
        count_earned(loan, row, on)
        loan.overpaid_fen += set_cost(loan, row, row.earned_fen)
        row.is_closed = True


def re_amortise(loan: RunningLoan, event: Event) -> None:
    """
    Take the principal due so far off its rows and add it to the installments to come in equal parts.

    Raises: EventRefused where no installment is to come.
    """
    late = [row for row in loan.rows if row.due_on <= event.on]
    rows = [row for row in loan.future_rows(event.on) if row.left_fen]
    if not rows:
        raise EventRefused("on", event.on, "a day with installments to come")
    amount = open_principal(late)
    shares = _take_off(late)
    part = rounded_to_multiple(amount, len(rows), loan.terms.installment_multiple_fen, loan.terms.rounding)
    left = amount
    for row in rows:
        added = left if row is rows[-1] else min(part, left)
        row.set_due(PRINCIPAL, row.due[PRINCIPAL] + added)
        left -= added
    loan.overpaid_fen += recount(loan, rows, event.on)
    loan.record(event, shares)


def _take_off(rows: list[Row]) -> list[Share]:
    """Take the unpaid principal off rows; the shares say how much of which."""
    shares = [Share(row.number, Component.PRINCIPAL, row.open_fen(PRINCIPAL)) for row in rows]
    for row in rows:
        if row.open_fen(PRINCIPAL):
            set_principal(row, 0)
    return [share for share in shares if share.fen]
