"""
The 18-digit citizen number of GB 11643: area, birth date, sequence, check character.

Pure: values in, values out. Source: GB 11643-1999 (weights and check characters), GB/T 2260 (areas).
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fenqi.plumbing.typed import narrow

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"

# Residence permits of Hong Kong, Macao and Taiwan residents carry the bare region; Taiwan's and foreigners' own codes have no prefectures.
REGIONS = frozenset({"810000", "820000", "830000"})
WITHOUT_PREFECTURES = frozenset({"71", "91"})


@lru_cache(maxsize=1)
def prefectures() -> frozenset[str]:
    """The first four digits of every area that ever was one (GB/T 2260, all years)."""
    found = set()
    for line in (Path(__file__).parent / "prefectures.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            province, _, rest = line.partition(": ")
            found |= {province + two for two in rest.split()}
    return frozenset(found)


def _is_area(code: str) -> bool:
    if code in REGIONS:
        return True
    return code[:4] in prefectures() or (code[:2] in WITHOUT_PREFECTURES and code[2:] != "0000")


class IdNumberError(ValueError):
    """`problem` is one of empty, old_15, shape, area, birth, future, check."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class IdNumber:
    """A well-formed number. It says nothing about whether the person exists."""

    number: str
    area: str
    born_on: datetime.date

    def age_on(self, on: datetime.date) -> int:
        """Full years on that day; one born on 29 February grows older on 1 March of a common year."""
        had_birthday = (on.month, on.day) >= (self.born_on.month, self.born_on.day)
        return on.year - self.born_on.year - (0 if had_birthday else 1)


def parse_id_number(text: str, *, on: datetime.date) -> IdNumber:
    """
    Read a number as a person types it: spaces inside, a small x, full-width digits are accepted.

    Raises: IdNumberError whose `problem` says which rule it breaks; a birth date after `on` is `future`.
    """
    number = _normal(text)
    if not number:
        raise IdNumberError("empty")
    if re.fullmatch(r"[0-9]{15}", number):
        raise IdNumberError("old_15")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise IdNumberError("shape")
    if not _is_area(number[:6]):
        raise IdNumberError("area")
    try:
        born_on = datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdNumberError("birth") from None
    if born_on > on:
        raise IdNumberError("future")
    if born_on.year < on.year - 130:
        raise IdNumberError("birth")
    if check_character(number[:17]) != number[17]:
        raise IdNumberError("check")
    return IdNumber(number=number, area=number[:6], born_on=born_on)


def check_character(first_17: str) -> str:
    """The 18th character for 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True))
    return CHECK_CHARACTERS[total % 11]


def card_validity_years(*, age_at_issue: int) -> int | None:
    """Years an identity card may run by the age at issue; None is long-term. Source: 居民身份证法 art. 5."""
    if age_at_issue < 16:
        return 5
    if age_at_issue <= 25:
        return 10
    if age_at_issue <= 45:
        return 20
    return None


def _normal(text: str) -> str:
    return re.sub(r"[\s·-]", "", narrow(text)).upper()
