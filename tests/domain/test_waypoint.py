"""Going on from where a loan stood is a replay of all its events."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fenqi.domain.events import Event, EventKind
from fenqi.domain.replay import replay
from fenqi.domain.rules import OverdueRules
from fenqi.domain.terms import InterestBase, LoanTerms, Method, Subsidy
from fenqi.domain.waypoint import go_on, waypoint_after

OUT = date(2026, 1, 8)
TERMS = (
    LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=12, annual_rate=Decimal("0.144")),
    LoanTerms(method=Method.FLAT_FEE, installments=6, flat_fee_rate=Decimal("0.006")),
    LoanTerms(
        method=Method.EQUAL_PRINCIPAL,
        installments=6,
        annual_rate=Decimal("0.12"),
        subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal(1)),
        overdue=OverdueRules(grace_days=3, tolerance_fen=500, penalty_annual_rate=Decimal("0.216")),
    ),
)


def story(gaps_and_amounts: list[tuple[int, int]]) -> list[Event]:
    events = [Event(id="1", kind=EventKind.PAYOUT, on=OUT, amount_fen=499_900, sequence=1)]
    on = OUT
    for sequence, (days, amount_fen) in enumerate(gaps_and_amounts, start=2):
        on += timedelta(days=days)
        events.append(
            Event(id=str(sequence), kind=EventKind.REPAYMENT, on=on, amount_fen=amount_fen, sequence=sequence)
        )
    return events


repayments = st.lists(st.tuples(st.integers(0, 45), st.integers(1, 90_000)), min_size=1, max_size=12)


@settings(max_examples=120, deadline=None)
@given(
    terms=st.sampled_from(TERMS),
    paid=repayments,
    cut=st.integers(1, 12),
    again=st.integers(1, 12),
    later=st.integers(0, 60),
)
def test_it_is_the_state_of_a_replay(terms, paid, cut, again, later):
    events = story(paid)
    cut = min(cut, len(events) - 1)
    as_of = events[-1].on + timedelta(days=later)
    waypoint = waypoint_after(terms, events[:cut])
    middle = min(cut + again, len(events) - 1)
    _state, waypoint = go_on(waypoint, events[cut:middle], max(as_of, OUT))
    state, last = go_on(waypoint, events[middle:], as_of)
    whole = replay(terms, events, as_of)
    assert state.installments == whole.installments
    assert state.totals == whole.totals
    assert state.outcomes == whole.outcomes[middle:]
    for figure in (
        "status",
        "outstanding_fen",
        "overpaid_fen",
        "due_fen",
        "days_past_due",
        "settled_on",
        "next_due_on",
    ):
        assert getattr(state, figure) == getattr(whole, figure)
    assert (last.sequence, last.last_on) == (events[-1].sequence, events[-1].on)


def test_looking_at_it_later_changes_nothing_in_it():
    events = story([(10, 5_000)])
    waypoint = waypoint_after(TERMS[0], events)
    late, _ = go_on(waypoint, [], date(2026, 12, 1))
    soon, _ = go_on(waypoint, [], date(2026, 1, 20))
    assert late.days_past_due > 0
    assert (
        soon == replay(TERMS[0], events, date(2026, 1, 20))
        or soon.installments == replay(TERMS[0], events, date(2026, 1, 20)).installments
    )


def test_only_repayments_in_the_order_of_their_dates_go_on():
    waypoint = waypoint_after(TERMS[0], story([(30, 5_000)]))
    on = OUT + timedelta(days=30)
    paid = Event(id="3", kind=EventKind.REPAYMENT, on=on, amount_fen=1, sequence=3)
    before = Event(id="4", kind=EventKind.REPAYMENT, on=on - timedelta(days=1), amount_fen=1, sequence=4)
    back = Event(id="5", kind=EventKind.REVERSAL, on=on, reverses="2", sequence=5)
    assert waypoint.continues([paid])
    assert not waypoint.continues([before])
    assert not waypoint.continues([paid, before])
    assert not waypoint.continues([back])


def test_other_loans_have_none():
    by_balance = LoanTerms(
        method=Method.EQUAL_INSTALLMENT,
        installments=3,
        annual_rate=Decimal("0.1"),
        interest_base=InterestBase.DAILY_BALANCE,
    )
    assert waypoint_after(by_balance, story([(1, 5)])) is None
    assert waypoint_after(TERMS[0], []) is None
    waiver = Event(id="2", kind=EventKind.RETURN_PAUSE, on=OUT, sequence=2)
    assert waypoint_after(TERMS[0], [*story([])[:1], waiver]) is None
