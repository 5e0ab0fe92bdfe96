"""
What a loan costs per year, found from the money that really moves.

The rate is the one at which the payments are worth what was received (IRR). It is solved in 34-digit decimal
arithmetic from whole fen; no float takes part, so the same loan gives the same rate on every machine.

Source: rules-cn 1.1 and 1.6 (annualised rate of all cost on the principal really occupied).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from math import gcd
from typing import NamedTuple

from fenqi.domain.errors import DomainError
from fenqi.domain.terms import Unit

DAYS_PER_YEAR = 365
RATE_STEP = Decimal("1e-12")  # rates are returned to this step
_ARITHMETIC = Context(prec=34, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
_CLOSE_ENOUGH = Decimal("1e-24")  # relative; quadratic convergence leaves far less than this
_NOUGHT = Decimal("1e-28")  # a sum this small against its parts is zero
_WHOLE_DIGITS = 20  # what RATE_STEP leaves room for before the point
_ONE = Decimal(1)
_STRETCH = Decimal(4)

_Flow = tuple[int, int]  # (time, signed fen), times ascending and distinct, no zero amounts


class NoAnnualRate(DomainError):
    """The flow has no rate: money goes one way only, or no rate balances it."""

    code = "no_annual_rate"


def irr(*, flows: Sequence[int]) -> Decimal:
    """
    Return the rate per period at which `flows`, one amount per period from time 0, are worth nothing in sum.

    Amounts are signed fen: received positive and paid negative, or the other way round. Of several rates the
    one nearest to zero is returned, as numpy-financial does.

    Raises: NoAnnualRate.
    """
    with localcontext(_ARITHMETIC):
        return _rounded(_period_rate(flows))


def irr_nominal(*, flows: Sequence[int], periods_per_year: Decimal | int = 12) -> Decimal:
    """Return the simple annual rate (单利): `irr` times the periods of a year. Raises: NoAnnualRate."""
    with localcontext(_ARITHMETIC):
        return _rounded(_period_rate(flows) * periods_per_year)


def irr_compound(*, flows: Sequence[int], periods_per_year: Decimal | int = 12) -> Decimal:
    """Return the compound annual rate: (1 + `irr`) to the periods a year, less one. Raises: NoAnnualRate."""
    with localcontext(_ARITHMETIC):
        return _rounded((_ONE + _period_rate(flows)) ** periods_per_year - _ONE)


def xirr(*, flows: Sequence[tuple[date, int]]) -> Decimal:
    """
    Return the compound annual rate of dated amounts by exact days, 365 to the year; dates in any order.

    Amounts as for `irr`. Raises: NoAnnualRate.
    """
    with localcontext(_ARITHMETIC):
        return _rounded(_day_growth(flows) ** DAYS_PER_YEAR - _ONE)


class AnnualRates(NamedTuple):
    """The same cost said twice: simple (单利, periods times the rate of one) and compound."""

    simple: Decimal
    compound: Decimal


def annual_rates(
    *, flows: Sequence[tuple[date, int]], every: int = 1, unit: Unit = Unit.MONTH
) -> AnnualRates:
    """
    Return the annual rates of a loan with periods of `every` units, `flows` dated from its payout.

    With months, time is counted in months and thirtieths of one, so that a regular loan costs the same
    whatever day it starts and an odd first period counts for what it is; with days and weeks by exact days.
    Amounts as for `irr`. Raises: NoAnnualRate.
    """
    start = min((on for on, _ in flows), default=date.min)
    by_time: dict[int, int] = {}
    for on, amount_fen in flows:
        time = _thirtieths_of_month(start, on) if unit is Unit.MONTH else (on - start).days
        by_time[time] = by_time.get(time, 0) + amount_fen
    period = every * _TIME_STEPS[unit]
    step = gcd(period, *by_time)
    with localcontext(_ARITHMETIC):
        periods_per_year = Decimal(_TIME_STEPS_PER_YEAR[unit]) / period
        times = tuple(sorted((time // step, amount_fen) for time, amount_fen in by_time.items()))
        discount = _discount(times, periods_per_year=_TIME_STEPS_PER_YEAR[unit] // step)
        growth = (_ONE / discount) ** (period // step)
        return AnnualRates(
            simple=_rounded((growth - _ONE) * periods_per_year),
            compound=_rounded(growth**periods_per_year - _ONE),
        )


_TIME_STEPS = {Unit.MONTH: 30, Unit.WEEK: 7, Unit.DAY: 1}
_TIME_STEPS_PER_YEAR = {Unit.MONTH: 360, Unit.WEEK: DAYS_PER_YEAR, Unit.DAY: DAYS_PER_YEAR}


def _thirtieths_of_month(start: date, end: date) -> int:
    """Return the time between; the last day of a month is a whole month after any later day of one before."""
    days = min(end.day, 30) - min(start.day, 30)
    if days < 0 and end.day == monthrange(end.year, end.month)[1]:
        days = 0
    return 30 * (12 * (end.year - start.year) + end.month - start.month) + days


def _rounded(rate: Decimal) -> Decimal:
    """Return `rate` to RATE_STEP; an absurd rate (a doubling overnight) keeps the digits it has."""
    return rate.quantize(RATE_STEP) if rate.adjusted() < _WHOLE_DIGITS else +rate


def _period_rate(flows: Sequence[int]) -> Decimal:
    return _ONE / _discount(tuple(enumerate(flows)), periods_per_year=1) - _ONE


def _day_growth(flows: Sequence[tuple[date, int]]) -> Decimal:
    """Return 1 + the rate per day."""
    by_day: dict[int, int] = {}
    for on, amount_fen in flows:
        day = on.toordinal()
        by_day[day] = by_day.get(day, 0) + amount_fen
    return _ONE / _discount(tuple(sorted(by_day.items())), periods_per_year=DAYS_PER_YEAR)


def _discount(flows: Sequence[_Flow], *, periods_per_year: int) -> Decimal:
    """Return the discount factor of one time step whose rate per year is nearest to zero."""
    moving = [(time, amount_fen) for time, amount_fen in flows if amount_fen]
    first = moving[0][0] if moving else 0
    terms = tuple((time - first, amount_fen) for time, amount_fen in moving)
    found = _positive_roots(terms)
    if not found:
        raise NoAnnualRate(
            "flows",
            [amount_fen for _, amount_fen in flows],
            "money both received and paid, at different times, that some rate above -100 % balances",
        )
    return min(found, key=lambda root: abs(_ONE / root**periods_per_year - _ONE))


def _positive_roots(terms: tuple[_Flow, ...]) -> list[Decimal]:
    """
    Return every v > 0 at which the sum of amount · v^time is zero, ascending; exact count, no guessing.

    One change of sign means one root (Descartes). With more, multiply by v^-a, with a between the times of
    the first change, and derive: that flow has one change less, and its roots part those of this one (Rolle).
    """
    change = next((k for k in range(1, len(terms)) if (terms[k - 1][1] < 0) != (terms[k][1] < 0)), None)
    if change is None:
        return []
    if sum(amount_fen for _, amount_fen in terms) == 0 and _is_last_change(terms, change):
        return [_ONE]
    twice_a = terms[change - 1][0] + terms[change][0]
    parting = _positive_roots(tuple((time, amount_fen * (2 * time - twice_a)) for time, amount_fen in terms))

    roots: list[Decimal] = []
    low, low_sign = Decimal(0), _sign(terms[0][1])
    for edge in parting:
        edge_sign = _sign_at(terms, edge)
        if edge_sign == 0:
            roots.append(edge)
        elif low_sign * edge_sign < 0:
            roots.append(_root_between(terms, low=low, high=edge, rising=low_sign < 0))
        low, low_sign = edge, edge_sign
    if low_sign * _sign(terms[-1][1]) < 0:
        roots.append(_root_between(terms, low=low, high=None, rising=low_sign < 0))
    return roots


def _is_last_change(terms: tuple[_Flow, ...], change: int) -> bool:
    return all((terms[k][1] < 0) == (terms[change][1] < 0) for k in range(change + 1, len(terms)))


def _sign(amount: Decimal | int) -> int:
    return (amount > 0) - (amount < 0)


def _sign_at(terms: tuple[_Flow, ...], at: Decimal) -> int:
    """Return the sign of the flow's worth, 0 where it cannot be told from nothing (a double root)."""
    parts = [amount_fen * at**time for time, amount_fen in terms]
    worth = sum(parts, Decimal(0))
    return 0 if abs(worth) <= _NOUGHT * sum(map(abs, parts)) else _sign(worth)


def _root_between(terms: tuple[_Flow, ...], *, low: Decimal, high: Decimal | None, rising: bool) -> Decimal:
    """
    Return the one root in (low, high); `high` None is without end. Newton's steps, kept inside the bracket.

    A step that leaves the bracket or fails to halve the one before is replaced by halving the bracket, so the
    search always ends.
    """
    steps = _horner_steps(terms)
    at = _first_guess(terms)
    if at <= low or (high is not None and at >= high):
        at = _middle(low, high)
    last_step: Decimal | None = None
    while True:
        worth, slope = _worth_and_slope(steps, at)
        if worth == 0:
            return at
        if (worth > 0) == rising:
            high = at
        else:
            low = at
        following = at - worth / slope if slope else low
        step = abs(following - at)
        outside = following <= low or (high is not None and following >= high)
        if outside or (last_step is not None and 2 * step > last_step):
            following = _middle(low, high)
            step = abs(following - at)
        if step <= _CLOSE_ENOUGH * at:
            return following
        at, last_step = following, step


def _middle(low: Decimal, high: Decimal | None) -> Decimal:
    if high is None:
        return low * _STRETCH if low else _ONE
    return (low + high) / 2 if low else high / _STRETCH


def _first_guess(terms: tuple[_Flow, ...]) -> Decimal:
    """Return the discount of a loan wholly outstanding for its average life: close, for usual loans."""
    received = Decimal(terms[0][1])
    paid = weighted = 0
    for time, amount_fen in terms[1:]:
        paid -= amount_fen
        weighted -= time * amount_fen
    if paid == 0 or weighted == 0:
        return _ONE
    return _ONE / (_ONE + max((paid / received - 1) * paid / weighted, Decimal("-0.9")))


def _horner_steps(terms: tuple[_Flow, ...]) -> list[tuple[int, Decimal, Decimal]]:
    """Return (gap to the term before, amount, amount · time) per term."""
    before = 0
    steps: list[tuple[int, Decimal, Decimal]] = []
    for time, amount_fen in terms:
        steps.append((time - before, Decimal(amount_fen), Decimal(amount_fen * time)))
        before = time
    return steps


def _worth_and_slope(steps: list[tuple[int, Decimal, Decimal]], at: Decimal) -> tuple[Decimal, Decimal]:
    powers = {0: _ONE, 1: at}
    power = _ONE
    worth = slope = Decimal(0)
    for gap, amount, slope_amount in steps:
        growth = powers.get(gap)
        if growth is None:
            growth = powers[gap] = at**gap
        power *= growth
        worth += amount * power
        slope += slope_amount * power
    return worth, slope / at
