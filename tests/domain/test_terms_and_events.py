"""Impossible terms and malformed events say the field, the value and what is allowed; their JSON forms are strict."""

import pickle
from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.errors import EventError, TermsError
from fenqi.domain.events import ChargeBase, Event, EventKind, event_from_json, event_to_json
from fenqi.domain.rules import (
    AllocationOrder,
    AllocationRules,
    Component,
    Direction,
    OverdueRules,
    SettlementRules,
    Timing,
    order_of,
)
from fenqi.domain.terms import (
    InterestBase,
    LoanTerms,
    Method,
    Subsidy,
    Unit,
    WorkCalendar,
    terms_from_json,
    terms_to_json,
)

from .loans import annuity, happened


class TestImpossibleTerms:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"installments": 0}, "installments"),
            ({"every": 0}, "every"),
            ({"installment_multiple_fen": 0}, "installment_multiple_fen"),
            ({"annual_rate": Decimal("-0.1")}, "annual_rate"),
            ({"annual_rate": Decimal("0.1234567890123")}, "annual_rate"),
            ({"due_day": 31}, "due_day"),
            ({"due_day": 10, "unit": Unit.WEEK}, "due_day"),
            ({"down_payment_rate": Decimal(1)}, "down_payment_rate"),
            ({"fixed_length": 0}, "fixed_length"),
            ({"principal_grace": 12}, "principal_grace"),
            ({"interest_grace": -1}, "interest_grace"),
            ({"flat_fee_rate": Decimal("0.01")}, "flat_fee_rate"),
            ({"method": Method.INTEREST_FREE}, "annual_rate"),
            ({"method": Method.FLAT_FEE}, "annual_rate"),
            ({"cost_cap_annual_rate": Decimal(-1)}, "cost_cap_annual_rate"),
            ({"currency": "yuan"}, "currency"),
            ({"starts_on": date(2026, 2, 1), "first_due_on": date(2026, 2, 1)}, "first_due_on"),
            ({"method": Method.FLAT_INTEREST, "interest_base": InterestBase.DAILY_BALANCE}, "interest_base"),
            ({"method": Method.DAILY_INTEREST, "interest_grace": 1}, "interest_grace"),
        ],
    )
    def test_are_refused(self, changes, field):
        with pytest.raises(TermsError) as refusal:
            annuity(**changes)
        assert refusal.value.field == field
        assert refusal.value.allowed in str(refusal.value)

    @pytest.mark.parametrize(
        "build",
        [
            lambda: Subsidy(borrower=Decimal("0.5")),
            lambda: Subsidy(borrower=Decimal(2), merchant=Decimal(-1)),
            lambda: SettlementRules(fee_rate=Decimal(-1)),
            lambda: SettlementRules(fee_floor_fen=2, fee_cap_fen=1),
            lambda: OverdueRules(grace_days=-1),
            lambda: OverdueRules(penalty_annual_rate=Decimal(-1)),
            lambda: OverdueRules(late_fee_cap_fen=-1),
            lambda: AllocationRules(aged_after_days=-1),
            lambda: AllocationOrder(claims=order_of(Component.FEE, Component.FEE)),
        ],
    )
    def test_so_are_impossible_rules(self, build):
        with pytest.raises(TermsError):
            build()


class TestOrdersAsSteps:
    def test_a_plain_order_is_one_walk(self):
        assert AllocationOrder().simple_walk == (4, 3, 2, 1, 0)

    def test_others_go_step_by_step(self):
        vertical = AllocationOrder(claims=order_of(Component.FEE), direction=Direction.VERTICAL)
        assert vertical.simple_walk is None
        assert vertical.steps == ((Timing.PAST_DUE, (2,)), (Timing.DUE, (2,)), (Timing.IN_ADVANCE, (2,)))


class TestMalformedEvents:
    @pytest.mark.parametrize(
        ("kind", "amount", "details", "field"),
        [
            ("repayment", 0, {}, "amount_fen"),
            ("acceleration", 5, {}, "amount_fen"),
            ("repayment", 5, {"id": ""}, "id"),
            ("repayment", 5, {"reverses": "x"}, "reverses"),
            ("reversal", 0, {}, "reverses"),
            ("charge", 5, {}, "component"),
            ("charge", 5, {"component": Component.PRINCIPAL}, "component"),
            ("charge", 5, {"component": Component.INTEREST}, "component"),
            ("charge", 0, {"component": Component.FEE}, "amount_fen"),
            ("charge", 5, {"component": Component.FEE, "charge_rate": Decimal(1)}, "charge_rate"),
            ("charge", 0, {"component": Component.FEE, "charge_base": ChargeBase.INTEREST}, "charge_rate"),
            ("rate_change", 0, {}, "annual_rate"),
            ("rate_change", 0, {"annual_rate": Decimal(-1)}, "annual_rate"),
            ("due_day_change", 0, {"due_day": 29}, "due_day"),
            ("re_age", 0, {"due_on": date(2026, 3, 1), "installments": 0}, "installments"),
            ("re_age", 0, {"due_on": date(2026, 3, 1), "installments": 1, "every": 0}, "every"),
            ("return_pause", 0, {"ends_on": date(2026, 1, 1)}, "ends_on"),
        ],
    )
    def test_are_refused(self, kind, amount, details, field):
        with pytest.raises(EventError) as refusal:
            happened(kind, "2026-02-01", amount, **details)
        assert refusal.value.field == field


class TestJson:
    def test_terms_come_back_as_they_were(self):
        terms = annuity(
            due_day=10,
            starts_on=date(2026, 1, 1),
            subsidy=Subsidy(borrower=Decimal("0.5"), platform=Decimal("0.5")),
            allocation=AllocationRules(aged=None),
            calendar=WorkCalendar(holidays=frozenset({date(2026, 1, 1)})),
            cost_cap_annual_rate=None,
        )
        form = terms_to_json(terms)
        assert form["annual_rate"] == "0.144"
        assert form["calendar"] == {"holidays": ["2026-01-01"]}
        assert terms_from_json(form) == terms
        order = AllocationOrder(claims=order_of(Component.FEE))
        assert (
            terms_from_json(terms_to_json(annuity(allocation=AllocationRules(usual=order)))).allocation.usual
            == order
        )

    def test_events_come_back_as_they_were(self):
        event = happened("repayment", "2026-02-01", 5)
        assert event_from_json(event_to_json(event)) == event
        assert event_to_json(event) == {
            "id": "repayment 2026-02-01 5",
            "kind": "repayment",
            "on": "2026-02-01",
            "amount_fen": 5,
        }

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"installments": 12.0}, "installments"),
            ({"installments": True}, "installments"),
            ({"annual_rate": 0.144}, "annual_rate"),
            ({"annual_rate": "a lot"}, "annual_rate"),
            ({"annual_rate": "NaN"}, "annual_rate"),
            ({"rate": "0.1"}, "rate"),
            ({"method": "magic"}, "method"),
            ({"smooth_last": "yes"}, "smooth_last"),
            ({"currency": 5}, "currency"),
            ({"starts_on": 20260101}, "starts_on"),
            ({"starts_on": "1 January"}, "starts_on"),
            ({"overdue": {"grace_days": "3"}}, "overdue.grace_days"),
            ({"overdue": []}, "overdue"),
            ({"calendar": {"holidays": "2026-01-01"}}, "calendar.holidays"),
            ({"allocation": {"usual": {"claims": [["due"]]}}}, "allocation.usual.claims[0]"),
        ],
    )
    def test_is_read_strictly(self, change, field):
        with pytest.raises(TermsError) as refusal:
            terms_from_json({"method": "equal_installment", "installments": 12, **change})
        assert refusal.value.field == field

    def test_needs_what_has_no_default(self):
        with pytest.raises(TermsError) as refusal:
            terms_from_json({"installments": 12})
        assert refusal.value.field == "method"
        with pytest.raises(TermsError):
            terms_from_json("terms")
        with pytest.raises(EventError):
            event_from_json({"id": "x", "kind": "payout", "on": "2026-01-01", "amount_fen": "5"})


def test_an_error_survives_a_trip_to_another_process():
    refusal = pickle.loads(pickle.dumps(TermsError("every", 0, "at least 1")))
    assert (refusal.field, refusal.value, refusal.allowed, refusal.code) == (
        "every",
        0,
        "at least 1",
        "terms_impossible",
    )


def test_terms_and_events_are_values():
    assert annuity() == annuity()
    assert hash(annuity()) == hash(annuity())
    assert Event(id="a", kind=EventKind.ACCELERATION, on=date(2026, 1, 1)).amount_fen == 0
    assert LoanTerms(method=Method.INTEREST_FREE, installments=1).cost_cap_annual_rate == Decimal("0.24")
