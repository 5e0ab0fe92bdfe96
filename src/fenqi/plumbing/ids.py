"""Keys made by the application: no sequence is on a write path, so tables can be distributed."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from uuid6 import uuid7

if TYPE_CHECKING:
    import datetime
    from uuid import UUID


def new_id() -> UUID:
    """A UUIDv7: unique everywhere, and rising with time so that indexes stay dense."""
    return uuid7()


def new_borrower_id() -> int:
    """A positive bigint: 41 bits of milliseconds, 22 random bits."""
    return (time.time_ns() // 1_000_000 & (1 << 41) - 1) << 22 | secrets.randbits(22)


def new_number(prefix: str, on: datetime.date) -> str:
    """
    A number people read aloud: prefix, date, eight random digits, a check digit (Luhn).

    It cannot be guessed from another one, and a mistyped digit is noticed.
    """
    body = f"{on:%y%m%d}{secrets.randbelow(10**8):08d}"
    return f"{prefix}{body}{_luhn_digit(body)}"


def _luhn_digit(digits: str) -> int:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10
