"""What holds for every loan and every history."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from fenqi.domain import real_balance
from fenqi.domain.errors import EventRefused, NothingOwed
from fenqi.domain.events import Event, EventKind
from fenqi.domain.overdue import count_overdue
from fenqi.domain.replay import replay, running_loan
from fenqi.domain.rules import FutureRule
from fenqi.domain.running import RunningLoan
from fenqi.domain.schedule import build_schedule
from fenqi.domain.settlement import quote_prepayment, quote_settlement
from fenqi.domain.state import LoanState, LoanStatus
from fenqi.domain.terms import InterestBase
from fenqi.domain.view import view

from .loans import MONEY_IN, MONEY_OUT, History, days, histories, loan_terms, principals


def without_outcomes(state: LoanState) -> LoanState:
    return replace(state, outcomes=())


@given(loan_terms(), principals, days)
def test_principal_parts_sum_to_what_was_paid_out(terms, principal_fen, on):
    try:
        schedule = build_schedule(terms, principal_fen, on)
    except EventRefused:
        assume(False)
    assert schedule.total_principal_fen == principal_fen
    left = principal_fen
    for row in schedule.rows:
        assert min(row.principal_fen, row.interest_fen, row.fee_fen, *row.subsidy) >= 0
        left -= row.principal_fen
        assert row.balance_after_fen == left
    dues = [row.due_on for row in schedule.rows]
    assert dues == sorted(dues)


@given(loan_terms(), principals, days)
def test_a_payout_makes_the_plan_the_schedule_says(terms, principal_fen, on):
    schedule = build_schedule(terms, principal_fen, on)
    state = replay(terms, [Event(id="p", kind=EventKind.PAYOUT, on=on, amount_fen=principal_fen)], on)
    assert [(row.number, row.starts_on, row.due_on, *row.due[:3]) for row in state.installments] == [
        (row.number, row.starts_on, row.due_on, row.principal_fen, row.interest_fen, row.fee_fen)
        for row in schedule.rows
    ]
    assert state.outstanding_fen == schedule.borrower_total_fen


@given(histories())
def test_principal_due_is_what_was_paid_out_and_put_back(history: History):
    state = replay(history.terms, history.events, history.as_of)
    put_back = sum(row.put_back_fen for row in state.installments)
    assert state.totals.due.principal_fen == state.paid_out_fen + put_back


@given(histories())
def test_every_allocation_sums_to_what_was_received(history: History):
    state = replay(history.terms, history.events, history.as_of)
    received = 0
    for outcome in state.outcomes:
        if outcome.reversed:
            continue
        shared = sum(share.fen for share in outcome.shares)
        if outcome.kind in MONEY_IN:
            assert shared + outcome.overpaid_fen == outcome.amount_fen
            received += outcome.amount_fen
        elif outcome.kind in MONEY_OUT:
            assert shared + outcome.overpaid_fen == outcome.amount_fen
            received -= outcome.overpaid_fen
        elif outcome.kind is EventKind.PAYOUT:
            received += shared
    assert state.totals.paid.total_fen + state.overpaid_fen == received


@given(histories())
def test_nothing_is_ever_negative(history: History):
    state = replay(history.terms, history.events, history.as_of)
    for row in state.installments:
        assert min(*row.due, *row.paid, *row.waived, *row.outstanding, *row.subsidy) >= 0
        assert row.outstanding_fen == sum(row.outstanding)
        assert row.total_fen == row.paid_fen + row.waived_fen + row.outstanding_fen
    assert min(state.overpaid_fen, state.due_fen, state.overdue_fen, state.days_past_due) >= 0
    assert state.outstanding_fen == sum(row.outstanding_fen for row in state.installments)
    assert not (state.overpaid_fen and state.outstanding_fen and state.status is not LoanStatus.WRITTEN_OFF)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_recording_does_not_matter_when_dates_differ(history: History, random):
    shuffled = list(history.events)
    random.shuffle(shuffled)
    by_number = {event.id: event for event in history.events}
    shuffled.sort(key=lambda event: -event.on.toordinal() if random.random() < 0.5 else 0)
    assert {event.id for event in shuffled} == set(by_number)
    assert replay(history.terms, shuffled, history.as_of) == replay(
        history.terms, history.events, history.as_of
    )


@given(histories(), st.data())
def test_reversing_an_event_gives_the_state_without_it(history: History, data):
    kept = [event for event in history.events if event.kind is not EventKind.REVERSAL]
    event = data.draw(st.sampled_from(kept))
    without = [other for other in kept if other.id != event.id]
    assume(event.id not in {other.of for other in kept})
    on = data.draw(st.sampled_from([event.on, history.as_of]))
    reversal = Event(id="undo", kind=EventKind.REVERSAL, on=on, reverses=event.id)
    try:
        expected = replay(history.terms, without, history.as_of)
    except EventRefused:
        assume(False)
    reversed_state = replay(history.terms, [*kept, reversal], history.as_of)
    assert without_outcomes(reversed_state) == without_outcomes(expected)


@given(histories(), st.data())
def test_paying_in_two_parts_on_a_day_equals_paying_once(history: History, data):
    orders = (history.terms.allocation.usual, history.terms.allocation.aged)
    assume(all(order is None or order.future is not FutureRule.RE_AMORTISE for order in orders))
    assume(history.terms.overdue.tolerance_fen == 0)
    before = replay(history.terms, history.events, history.as_of)
    assume(before.status is not LoanStatus.PENDING)
    # Past that age another order holds, and the first part may bring the loan back under it.
    assume(before.days_past_due <= history.terms.allocation.aged_after_days)
    amount = data.draw(st.integers(min_value=2, max_value=3_000_00))
    part = data.draw(st.integers(min_value=1, max_value=amount - 1))
    at = {"kind": EventKind.REPAYMENT, "on": history.as_of}
    once = [Event(id="all", amount_fen=amount, sequence=90, **at)]
    twice = [
        Event(id="one", amount_fen=part, sequence=90, **at),
        Event(id="two", amount_fen=amount - part, sequence=91, **at),
    ]
    later = history.as_of + timedelta(days=data.draw(st.sampled_from([0, 20, 200])))
    states = [replay(history.terms, [*history.events, *paid], later) for paid in (once, twice)]
    if history.terms.interest_base is InterestBase.SCHEDULE:
        assert without_outcomes(states[0]) == without_outcomes(states[1])
        return
    # On the real balance the rows are laid anew after each payment, so a fen may come to sit on another row.
    one, two = states
    assert abs(one.outstanding_fen - two.outstanding_fen) <= len(one.installments)
    assert abs(one.overpaid_fen - two.overpaid_fen) <= len(one.installments)


def reach(loan: RunningLoan, on: date) -> None:
    """What a replay does at the end of a day."""
    if loan.is_on_real_balance:
        real_balance.close_passed(loan, on)
        real_balance.project(loan, on)
    count_overdue(loan, on)


@given(histories())
def test_day_by_day_comes_to_the_same_as_one_step(history: History):
    last = history.events[-1].on
    stepped = running_loan(history.terms, history.events, last)
    for day in range(1, min(120, (history.as_of - last).days) + 1):
        reach(stepped, last + timedelta(days=day))
    reached = last + timedelta(days=min(120, (history.as_of - last).days))
    assert view(stepped, reached) == replay(history.terms, history.events, reached)


@given(histories())
def test_events_after_the_date_are_not_seen(history: History):
    middle = history.events[len(history.events) // 2].on
    seen = [event for event in history.events if event.on <= middle]
    assert replay(history.terms, history.events, middle) == replay(history.terms, seen, middle)


@given(histories(), st.sampled_from([0, 1, 17, 40]))
def test_a_settlement_quoted_is_a_settlement_executed(history: History, after):
    on = history.as_of + timedelta(days=after)
    try:
        quoted = quote_settlement(history.terms, history.events, on)
    except NothingOwed:
        assume(False)
    assume(quoted.amount_fen > 0)
    paid = Event(
        id="settle", kind=EventKind.EARLY_SETTLEMENT, on=on, amount_fen=quoted.amount_fen, sequence=99
    )
    state = replay(history.terms, [*history.events, paid], on)
    assert (state.outstanding_fen, state.overpaid_fen) == (0, 0)
    assert state.outcomes[-1].fee_fen == quoted.settlement_fee_fen


@given(histories(), st.data())
def test_a_prepayment_quoted_is_a_prepayment_executed(history: History, data):
    amount = data.draw(st.integers(min_value=1, max_value=5_000_00))
    try:
        quoted = quote_prepayment(history.terms, history.events, history.as_of, amount)
    except NothingOwed:
        assume(False)
    paid = Event(
        id="prepay",
        kind=EventKind.PREPAYMENT,
        on=history.as_of,
        amount_fen=amount,
        keep=quoted.keep,
        sequence=99,
    )
    state = replay(history.terms, [*history.events, paid], history.as_of)
    assert without_outcomes(state) == without_outcomes(quoted.after)
