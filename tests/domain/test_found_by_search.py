"""Loans that a search broke the engine with once: each stays here as it was found, made small."""

from datetime import date, timedelta

import pytest

from fenqi.domain.errors import EventRefused
from fenqi.domain.events import Event, EventKind
from fenqi.domain.forms import replay_request
from fenqi.domain.replay import replay
from fenqi.domain.schedule import build_schedule
from fenqi.domain.settlement import quote_settlement
from fenqi.domain.terms import terms_from_json

OUT = date(2023, 1, 1)


def loan(terms: dict, *events: dict):
    terms = {"method": "equal_installment", "installments": 1, **terms}
    listed = [{"id": f"e{index}", "sequence": index, **event} for index, event in enumerate(events)]
    return replay_request({"terms": terms, "events": listed, "as_of": events[-1]["on"]})


def payout(amount_fen: int) -> dict:
    return {"kind": "payout", "on": OUT.isoformat(), "amount_fen": amount_fen}


def settled(request, on: date, *, less_fen: int = 0):
    amount = quote_settlement(request.terms, request.events, on).amount_fen - less_fen
    paid = Event(id="settle", kind=EventKind.EARLY_SETTLEMENT, on=on, amount_fen=amount, sequence=99)
    return replay(request.terms, [*request.events, paid], on)


def test_settling_to_maturity_on_the_real_balance_charges_the_interest_quoted():
    request = loan(
        {"annual_rate": "0.036", "interest_base": "daily_balance", "settlement": {"interest_to": "maturity"}},
        payout(5_133),
        payout(206),
    )
    state = settled(request, OUT + timedelta(days=1))
    assert (state.outstanding_fen, state.overpaid_fen) == (0, 0)


def test_too_little_to_settle_on_the_real_balance_is_a_prepayment():
    request = loan({"annual_rate": "0.12", "interest_base": "daily_balance"}, payout(100_000))
    state = settled(request, OUT + timedelta(days=10), less_fen=1_000)
    assert state.principal_outstanding_fen == 677  # the interest earned so far, 323, stays to pay
    assert state.overpaid_fen == 0


def test_rows_left_behind_by_re_aging_bear_no_further_interest():
    request = loan(
        {"annual_rate": "0.20084", "interest_base": "daily_balance"},
        payout(65_100),
        {"kind": "re_age", "on": "2023-01-14", "due_on": "2023-01-21", "installments": 6},
    )
    behind = next(
        row for row in replay(request.terms, request.events, request.as_of).installments if row.number == 1
    )
    assert (behind.principal_fen, behind.interest_fen) == (0, 457)
    state = settled(request, date(2023, 1, 16))
    assert (state.outstanding_fen, state.overpaid_fen) == (0, 0)


def test_a_late_fee_stays_under_the_cap_when_goods_go_back():
    request = loan(
        {"unit": "week", "overdue": {"grace_days": 0, "tolerance_fen": 0, "late_fee_rate": "0.05"}},
        payout(100),
        {"kind": "merchant_refund", "on": "2023-01-15", "amount_fen": 1, "refund_order": "future_first"},
    )
    state = replay(request.terms, request.events, request.as_of)
    assert min(min(row.outstanding) for row in state.installments) >= 0


def test_a_down_payment_at_a_multiple_is_at_most_the_price():
    terms = terms_from_json(
        {
            "method": "interest_free",
            "installments": 1,
            "down_payment_rate": "0.9",
            "installment_multiple_fen": 100,
        }
    )
    assert [row.principal_fen for row in build_schedule(terms, 60, OUT).rows] == [60, 0]


def test_interest_follows_a_due_date_that_a_weekend_moves():
    terms = terms_from_json(
        {
            "method": "daily_interest",
            "installments": 1,
            "annual_rate": "0.1825",
            "holiday_rule": "next_workday",
        }
    )
    saturday = date(2023, 6, 1)  # due on 1 July, which is one
    row = build_schedule(terms, 100_000, saturday).rows[0]
    assert (row.due_on, row.interest_fen) == (date(2023, 7, 3), 32 * 50)


def test_equal_shares_over_rows_without_room_come_to_an_end():
    request = loan(
        {"installments": 2, "allocation": {"usual": {"future": "re_amortise"}}},
        payout(100),
        {"kind": "repayment", "on": "2023-01-02", "amount_fen": 150},
    )
    assert replay(request.terms, request.events, request.as_of).overpaid_fen == 50


@pytest.mark.parametrize("method", ["flat_fee", "interest_free"])
def test_a_rate_cannot_change_where_there_is_none(method):
    request = loan(
        {"method": method}, payout(100), {"kind": "rate_change", "on": "2023-01-02", "annual_rate": "0.1"}
    )
    with pytest.raises(EventRefused) as refused:
        replay(request.terms, request.events, request.as_of)
    assert refused.value.field == "annual_rate"
