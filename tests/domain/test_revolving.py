"""The standby line: daily interest, one bill over all draws, the limit."""

from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.events import Event, EventKind
from fenqi.domain.revolving import (
    Draw,
    DrawRefused,
    LineError,
    StandbyLine,
    available_fen,
    check_draw,
    draw_state,
    draw_terms,
    next_bill_on,
    statement,
)
from fenqi.domain.settlement import quote_settlement
from fenqi.domain.state import Amounts

LINE = StandbyLine(
    limit_fen=1_000_000, annual_rate=Decimal("0.1825"), bill_day=10, max_installments=6, least_draw_fen=10_000
)
"""0.05 % a day, bills on the 10th, at most 6 installments (rules-cn 1.7)."""


def drawn(draw_id: str, on: date, amount_fen: int, *, installments: int = 1, repaid=()) -> Draw:
    events = [Event(id="payout", kind=EventKind.PAYOUT, on=on, amount_fen=amount_fen)]
    for index, (paid_on, paid_fen) in enumerate(repaid):
        events.append(
            Event(
                id=f"paid-{index}", kind=EventKind.REPAYMENT, on=paid_on, amount_fen=paid_fen, sequence=index
            )
        )
    return Draw(id=draw_id, terms=draw_terms(line=LINE, installments=installments, on=on), events=events)


@pytest.mark.parametrize(
    ("paid_on", "days", "interest_fen"),
    [(date(2026, 11, 22), 0, 0), (date(2026, 11, 23), 1, 500), (date(2026, 12, 2), 10, 5_000)],
)
def test_interest_counts_the_day_of_the_draw_and_not_that_of_repayment(paid_on, days, interest_fen):
    draw = drawn("d", date(2026, 11, 22), 1_000_000)
    quoted = quote_settlement(draw.terms, draw.events, paid_on)
    assert (quoted.principal_fen, quoted.interest_fen) == (1_000_000, interest_fen)
    assert interest_fen == 500 * days


def test_paying_half_early_halves_the_interest_from_that_day():
    draw = drawn("d", date(2026, 11, 20), 1_000_000, repaid=[(date(2026, 11, 30), 505_000)])
    state = draw_state(draw=draw, as_of=date(2026, 12, 10))
    assert state.principal_outstanding_fen == 500_000
    assert state.due_fen == 500_000 + 10 * 250


def test_a_bill_is_over_all_draws_and_all_of_it_is_due():
    draws = [
        drawn("first", date(2026, 11, 10), 300_000, installments=3),
        drawn("second", date(2026, 11, 20), 200_000),
        drawn("later", date(2026, 12, 1), 100_000),
    ]
    bill = statement(line=LINE, draws=draws, on=date(2026, 12, 10))
    assert [line.draw_id for line in bill.lines] == ["first", "second"]
    assert bill.lines[0].due == Amounts(principal_fen=100_000, interest_fen=4_500)
    assert bill.lines[1].due == Amounts(principal_fen=200_000, interest_fen=2_000)
    assert bill.due_fen == 306_500
    assert bill.principal_outstanding_fen == 600_000
    assert bill.available_fen == 400_000


def test_a_day_without_dues_has_an_empty_bill():
    bill = statement(line=LINE, draws=[drawn("d", date(2026, 11, 22), 100_000)], on=date(2026, 11, 25))
    assert (bill.due_fen, bill.lines) == (0, ())


def test_principal_paid_back_can_be_drawn_again():
    before = drawn("d", date(2026, 11, 20), 600_000)
    after = drawn("d", date(2026, 11, 20), 600_000, repaid=[(date(2026, 11, 20), 200_000)])
    states = [draw_state(draw=draw, as_of=date(2026, 11, 21)) for draw in (before, after)]
    assert [available_fen(line=LINE, draws=[state]) for state in states] == [400_000, 600_000]
    assert available_fen(line=LINE, draws=[states[0], states[0]]) == 0


@pytest.mark.parametrize("amount_fen", [9_999, 400_001])
def test_a_draw_stays_within_the_limit(amount_fen):
    state = draw_state(draw=drawn("d", date(2026, 11, 20), 600_000), as_of=date(2026, 11, 21))
    check_draw(line=LINE, draws=[state], amount_fen=400_000)
    with pytest.raises(DrawRefused) as refused:
        check_draw(line=LINE, draws=[state], amount_fen=amount_fen)
    assert (refused.value.field, refused.value.value) == ("amount_fen", amount_fen)


def test_nothing_is_drawn_while_a_bill_is_overdue():
    state = draw_state(draw=drawn("d", date(2026, 11, 10), 600_000), as_of=date(2026, 12, 20))
    with pytest.raises(DrawRefused) as refused:
        check_draw(line=LINE, draws=[state], amount_fen=100_000)
    assert refused.value.field == "overdue_fen"


def test_the_next_bill_is_after_the_day():
    assert next_bill_on(line=LINE, after=date(2026, 11, 9)) == date(2026, 11, 10)
    assert next_bill_on(line=LINE, after=date(2026, 12, 10)) == date(2027, 1, 10)


@pytest.mark.parametrize("installments", [0, 7])
def test_a_draw_has_the_installments_the_line_allows(installments):
    with pytest.raises(DrawRefused) as refused:
        draw_terms(line=LINE, installments=installments, on=date(2026, 11, 20))
    assert refused.value.allowed == "1 to 6"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit_fen", -1),
        ("bill_day", 29),
        ("max_installments", 0),
        ("annual_rate", Decimal("-0.01")),
        ("annual_rate", Decimal("0.2738")),
    ],
)
def test_a_line_nobody_can_offer_names_the_field(field, value):
    parts = {"limit_fen": 1, "annual_rate": Decimal(0), "bill_day": 1, field: value}
    with pytest.raises(LineError) as refused:
        StandbyLine(**parts)
    assert refused.value.field == field


def test_a_line_without_a_cap_takes_any_rate():
    line = StandbyLine(limit_fen=1, annual_rate=Decimal("0.4"), bill_day=1, cost_cap_annual_rate=None)
    assert line.annual_rate == Decimal("0.4")
