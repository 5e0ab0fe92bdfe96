"""The annual rate against two other libraries, on random cash flows."""

import math
from datetime import date, timedelta
from decimal import Decimal

import numpy_financial
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from fenqi.domain.annual_rate import NoAnnualRate, annual_rates, irr, xirr
from fenqi.domain.errors import DomainError
from fenqi.domain.schedule import build_schedule

from .loans import loan_terms, principals

NINE_DIGITS = 1e-9
payments = st.lists(st.integers(min_value=0, max_value=1_000_000), min_size=1, max_size=60)


def is_close(mine: Decimal, theirs: float) -> bool:
    return abs(float(mine) - theirs) <= NINE_DIGITS * max(1.0, abs(theirs))


@given(st.integers(min_value=1, max_value=1_000_000), payments)
def test_a_loan_and_its_payments_agree_with_numpy_financial_and_pyxirr(received, paid):
    assume(any(paid))
    flows = [received, *[-fen for fen in paid]]
    mine = irr(flows=flows)
    # Rates beyond this are where binary floats no longer hold nine digits.
    assume(Decimal("-0.9") < mine < 10)
    assert is_close(mine, numpy_financial.irr(flows))
    theirs = pyxirr.irr([float(fen) for fen in flows])
    assert theirs is not None
    assert is_close(mine, theirs)


@given(st.integers(min_value=1_000, max_value=1_000_000), payments, st.data())
def test_dated_payments_agree_with_pyxirr(received, paid, data):
    assume(sum(paid) > received / 2)
    gaps = data.draw(st.lists(st.integers(min_value=1, max_value=90), min_size=len(paid), max_size=len(paid)))
    on = date(2027, 1, 1)
    flows = [(on, received)]
    for gap, fen in zip(gaps, paid, strict=True):
        on += timedelta(days=gap)
        flows.append((on, -fen))
    mine = xirr(flows=flows)
    assume(Decimal("-0.9") < mine < 10)
    theirs = pyxirr.xirr([on for on, _ in flows], [float(fen) for _, fen in flows])
    assert theirs is not None
    assert is_close(mine, theirs)


@given(st.lists(st.integers(min_value=-100_000, max_value=100_000), max_size=24))
def test_any_flow_has_a_rate_that_balances_it_or_none(flows):
    try:
        rate = irr(flows=flows)
    except NoAnnualRate:
        assert math.isnan(numpy_financial.irr(flows)) if any(flows) else True
        return
    assume(Decimal("-0.9") < rate < 100)
    # Rate and residue are cut at 12 digits, so the residue is held against the slope of the worth.
    growth = 1 + rate
    worth = sum(fen / growth**time for time, fen in enumerate(flows))
    slope = sum(abs(time * fen) / growth ** (time + 1) for time, fen in enumerate(flows))
    assert abs(worth) <= slope * Decimal("1e-11") + Decimal("1e-11")


@given(loan_terms(), principals, st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31)))
def test_every_schedule_has_annual_rates_that_say_the_same(terms, principal_fen, on):
    schedule = build_schedule(terms, principal_fen, on)
    flows = [(on, principal_fen), *[(row.due_on, -row.total_fen) for row in schedule.rows]]
    try:
        rates = annual_rates(flows=flows, every=terms.every, unit=terms.unit)
    except DomainError:
        assume(False)
    assert (rates.simple > 0) == (schedule.borrower_total_fen > principal_fen)
    assert (rates.compound > 0) == (rates.simple > 0)
