"""Exact arithmetic on fen: ratios of integers, rounded once, at the end, by a named rule."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import gcd

RATE_DECIMALS = 12
"""Rates have at most this many decimals, so every rate is a whole number of 10^-12."""

Ratio = tuple[int, int]
"""Numerator and positive denominator, without a common divisor."""


class Rounding(StrEnum):
    """What happens to half a fen (or half a multiple)."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"


@lru_cache(maxsize=4096)
def ratio(rate: Decimal, times: int = 1, parts: int = 1) -> Ratio:
    """`rate` x `times` / `parts` as an exact ratio in lowest terms."""
    numerator, denominator = rate.as_integer_ratio()
    return reduced(numerator * times, denominator * parts)


def reduced(numerator: int, denominator: int) -> Ratio:
    """The same ratio in lowest terms."""
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common


def rounded(numerator: int, denominator: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """The whole number nearest to a ratio that is not negative; halves by `rounding`."""
    if rounding is Rounding.HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator)
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and rounding is Rounding.HALF_EVEN and whole % 2):
        return whole + 1
    return whole


def rounded_to_multiple(
    numerator: int, denominator: int, multiple: int, rounding: Rounding = Rounding.HALF_UP
) -> int:
    """The multiple of `multiple` nearest to a ratio that is not negative; halves by `rounding`."""
    return rounded(numerator, denominator * multiple, rounding) * multiple


def shared_out(total: int, weights: list[int]) -> list[int]:
    """
    Split `total` in proportion to `weights`, in whole fen that add up to it.

    Each part ends where the running share rounds to (half up), so no part is off by more than a fen.
    """
    whole = sum(weights)
    parts: list[int] = []
    seen = given = 0
    for weight in weights:
        seen += weight
        upto = rounded(total * seen, whole)
        parts.append(upto - given)
        given = upto
    return parts
