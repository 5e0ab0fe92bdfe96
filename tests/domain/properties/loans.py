"""Loans as a search draws them: terms of every kind, and histories of events the engine accepts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from fenqi.domain.errors import EventError, EventRefused
from fenqi.domain.events import ChargeBase, Event, EventKind, Keep, Phase, event_to_json
from fenqi.domain.replay import replay
from fenqi.domain.rules import (
    COMPONENTS_PRINCIPAL_FIRST,
    AllocationOrder,
    AllocationRules,
    Component,
    Direction,
    FutureRule,
    InterestTo,
    OverdueRules,
    PenaltyBase,
    PenaltyFrom,
    RefundOrder,
    RefundRules,
    RemainingFee,
    SettlementRules,
    order_of,
)
from fenqi.domain.terms import (
    DayCount,
    FirstPeriod,
    FurtherPayout,
    HolidayRule,
    InterestBase,
    InterestFactors,
    LoanTerms,
    Method,
    RemainderIn,
    Rounding,
    Subsidy,
    Unit,
    terms_to_json,
)


@dataclass(frozen=True, repr=False)
class History:
    """A loan the engine accepts: terms, events ascending by date, and a date at or after the last of them."""

    terms: LoanTerms
    events: tuple[Event, ...]
    as_of: date

    def __repr__(self) -> str:
        # The form `fenqi replay` reads, so that a failing example can be looked at at once.
        form = {
            "terms": terms_to_json(self.terms),
            "events": [event_to_json(event) for event in self.events],
            "as_of": self.as_of.isoformat(),
        }
        return json.dumps(form)

    def _repr_pretty_(self, printer, _cycle: bool) -> None:
        printer.text(repr(self))


days = st.dates(min_value=date(2023, 1, 1), max_value=date(2028, 12, 31))
principals = st.integers(min_value=1, max_value=20_000_00)
rates = st.integers(min_value=0, max_value=36_000).map(lambda parts: Decimal(parts) / 100_000)
percents = st.integers(min_value=0, max_value=100).map(lambda parts: Decimal(parts) / 100)


@st.composite
def subsidies(draw: st.DrawFn) -> Subsidy:
    merchant = draw(st.sampled_from([0, 0, 0, 30, 100]))
    platform = draw(st.integers(min_value=0, max_value=100 - merchant)) if merchant == 30 else 0
    shares = {"merchant": merchant, "platform": platform, "borrower": 100 - merchant - platform}
    return Subsidy(**{who: Decimal(share) / 100 for who, share in shares.items()})


allocation_orders = st.builds(
    AllocationOrder,
    claims=st.one_of(
        st.just(AllocationOrder().claims),
        st.just(order_of(*COMPONENTS_PRINCIPAL_FIRST)),
        st.permutations(order_of(*Component)).map(tuple),
    ),
    direction=st.sampled_from(Direction),
    future=st.sampled_from(FutureRule),
)
allocations = st.builds(
    AllocationRules, usual=allocation_orders, aged=st.none() | allocation_orders, aged_after_days=st.just(90)
)
settlements = st.builds(
    SettlementRules,
    interest_to=st.sampled_from(InterestTo),
    remaining_fee=st.sampled_from(RemainingFee),
    fee_rate=st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.0333")]),
    fee_floor_fen=st.sampled_from([0, 100]),
    fee_cap_fen=st.sampled_from([None, 5_000]),
    fee_free_from=st.sampled_from([None, 3]),
)
refunds = st.builds(RefundRules, order=st.sampled_from(RefundOrder), interest_back=st.booleans())
overdues = st.builds(
    OverdueRules,
    grace_days=st.sampled_from([0, 3, 10]),
    tolerance_fen=st.sampled_from([0, 1_000]),
    penalty_annual_rate=st.sampled_from([None, Decimal("0.1825")]),
    penalty_base=st.sampled_from(PenaltyBase),
    penalty_from=st.sampled_from(PenaltyFrom),
    compounding=st.booleans(),
    late_fee_fixed_fen=st.sampled_from([0, 0, 500]),
    late_fee_rate=st.sampled_from([Decimal(0), Decimal("0.05")]),
    late_fee_cap_fen=st.sampled_from([None, 2_000]),
)


@st.composite
def loan_terms(draw: st.DrawFn) -> LoanTerms:
    """Terms of every method, count, rounding and rule."""
    method = draw(st.sampled_from(Method))
    installments = draw(st.integers(min_value=1, max_value=12))
    unit = draw(st.sampled_from([Unit.MONTH, Unit.MONTH, Unit.MONTH, Unit.WEEK, Unit.DAY]))
    has_rate = method not in (Method.FLAT_FEE, Method.INTEREST_FREE)
    grace = st.integers(min_value=0, max_value=min(2, installments - 1))
    is_rare = st.sampled_from([False, False, False, True])
    is_flat = method in (Method.FLAT_FEE, Method.FLAT_INTEREST)
    base = InterestBase.SCHEDULE if is_flat else draw(st.sampled_from(InterestBase))
    can_wait = base is InterestBase.SCHEDULE and method is not Method.DAILY_INTEREST
    return LoanTerms(
        method=method,
        installments=installments,
        every=draw(st.integers(min_value=1, max_value=3))
        if unit is not Unit.DAY
        else draw(st.integers(7, 40)),
        unit=unit,
        annual_rate=draw(rates) if has_rate else Decimal(0),
        flat_fee_rate=draw(rates) / 12 // Decimal("0.0001") * Decimal("0.0001")
        if method is Method.FLAT_FEE
        else Decimal(0),
        due_day=draw(st.none() | st.integers(min_value=1, max_value=28)) if unit is Unit.MONTH else None,
        first_period=draw(st.sampled_from(FirstPeriod)),
        day_count=draw(st.sampled_from(DayCount)),
        interest_factors=draw(st.sampled_from(InterestFactors)),
        interest_base=base,
        daily_basis=draw(st.sampled_from([DayCount.ACTUAL_365, DayCount.ACTUAL_360, DayCount.ACTUAL_ACTUAL])),
        rounding=draw(st.sampled_from(Rounding)),
        installment_multiple_fen=draw(st.sampled_from([1, 1, 1, 100])),
        smooth_last=draw(is_rare),
        remainder_in=draw(st.sampled_from(RemainderIn)),
        down_payment_rate=draw(percents.filter(lambda share: share < 1)) if draw(is_rare) else Decimal(0),
        principal_grace=draw(grace) if draw(is_rare) else 0,
        interest_grace=draw(grace) if can_wait and draw(is_rare) else 0,
        interest_free_days=draw(st.integers(0, 60)) if draw(is_rare) else 0,
        further_payout=draw(st.sampled_from(FurtherPayout)),
        subsidy=draw(subsidies()),
        allocation=draw(allocations),
        settlement=draw(settlements),
        refund=draw(refunds),
        overdue=draw(overdues),
        holiday_rule=draw(st.sampled_from(HolidayRule)),
    )


@st.composite
def histories(draw: st.DrawFn, *, kinds: tuple[EventKind, ...] = tuple(EventKind), most: int = 7) -> History:
    """A loan paid out and up to `most` events after it, each one the engine accepts at that point."""
    terms = draw(loan_terms())
    paid_out = draw(st.integers(min_value=100, max_value=20_000_00))
    on = draw(days)
    events = [Event(id="payout", kind=EventKind.PAYOUT, on=on, amount_fen=paid_out)]
    for index in range(draw(st.integers(min_value=0, max_value=most))):
        on += timedelta(days=draw(st.sampled_from([0, 1, 2, 5, 14, 29, 30, 31, 45, 100])))
        event = draw(
            events_of(draw(st.sampled_from(kinds)), f"e{index}", on, index + 1, tuple(events), paid_out)
        )
        if event is None:
            continue
        try:
            replay(terms, [*events, event], on)
        except EventRefused:
            continue
        events.append(event)
    as_of = on + timedelta(days=draw(st.sampled_from([0, 1, 4, 10, 31, 95, 400])))
    return History(terms, tuple(events), as_of)


@st.composite
def events_of(
    draw: st.DrawFn,
    kind: EventKind,
    event_id: str,
    on: date,
    sequence: int,
    before: tuple[Event, ...],
    paid_out: int,
) -> Event | None:
    """An event of a kind, or none where a malformed one was drawn."""
    amount = draw(
        st.integers(min_value=1, max_value=max(2, paid_out)) | st.integers(min_value=1, max_value=1_500)
    )
    later = on + timedelta(days=draw(st.integers(min_value=1, max_value=60)))
    others = [event.id for event in before]
    details: dict[str, object] = {}
    if kind is EventKind.CHARGE:
        details["component"] = draw(st.sampled_from([Component.FEE, Component.PENALTY, Component.LATE_FEE]))
        details["due_on"] = draw(st.none() | st.just(later))
        base = draw(st.sampled_from(ChargeBase))
        if base is not ChargeBase.FLAT:
            details |= {"charge_base": base, "charge_rate": Decimal("0.015")}
    elif kind is EventKind.WAIVER:
        details["component"] = draw(st.sampled_from(Component))
    elif kind is EventKind.RATE_CHANGE:
        details["annual_rate"] = draw(rates)
    elif kind is EventKind.DUE_DAY_CHANGE:
        details["due_day"] = draw(st.integers(min_value=1, max_value=28))
    elif kind is EventKind.RE_AGE:
        details |= {"due_on": later, "installments": draw(st.integers(min_value=1, max_value=6))}
    elif kind is EventKind.RESCHEDULE:
        details |= {"from_due_on": on, "due_on": later}
    elif kind is EventKind.REVERSAL:
        details["reverses"] = draw(st.sampled_from(others))
    elif kind is EventKind.CHARGEBACK:
        details["of"] = draw(st.none() | st.sampled_from(others))
    elif kind in (EventKind.DELINQUENCY_PAUSE, EventKind.RETURN_PAUSE):
        details["phase"] = draw(st.sampled_from(Phase))
        if details["phase"] is Phase.BEGIN:
            details["ends_on"] = draw(st.none() | st.just(later))
    elif kind is EventKind.PREPAYMENT:
        details["keep"] = draw(st.sampled_from(Keep))
    elif kind is EventKind.MERCHANT_REFUND:
        details["refund_order"] = draw(st.none() | st.sampled_from(RefundOrder))
    elif kind is EventKind.PAYOUT and sequence > 3:
        return None
    moves_money = kind in MONEY_KINDS or (kind is EventKind.CHARGE and "charge_rate" not in details)
    try:
        return Event(
            id=event_id,
            kind=kind,
            on=on,
            sequence=sequence,
            amount_fen=amount if moves_money else 0,
            **details,
        )
    except EventError:
        return None


MONEY_IN = (
    EventKind.REPAYMENT,
    EventKind.EARLY_SETTLEMENT,
    EventKind.PREPAYMENT,
    EventKind.MERCHANT_REFUND,
    EventKind.PAYOUT_REFUND,
    EventKind.GOODWILL_CREDIT,
    EventKind.RECOVERY,
)
MONEY_OUT = (EventKind.CHARGEBACK, EventKind.OVERPAYMENT_REFUND)
MONEY_KINDS = (*MONEY_IN, *MONEY_OUT, EventKind.PAYOUT, EventKind.WAIVER)
