"""The spans a replay summed, kept on request so that every figure can be explained by the very arithmetic used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class PenaltySpan(NamedTuple):
    """Penalty of one row over days in which nothing changed: base x days x rate / days of the year."""

    installment_number: int
    from_on: date
    to_on: date
    base_fen: int
    annual_rate: Decimal
    days: int


class InterestSpan(NamedTuple):
    """Interest of a part of one row's period: balance x factor, rounded to the fen."""

    installment_number: int
    from_on: date
    to_on: date
    balance_fen: int
    annual_rate: Decimal
    factor: tuple[int, int]


@dataclass(slots=True)
class Trace:
    """What was summed, in order."""

    penalty: list[PenaltySpan] = field(default_factory=list)
    interest: list[InterestSpan] = field(default_factory=list)
