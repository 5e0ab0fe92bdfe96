"""Status characters of a month in the credit record (rules-cn 5.1), from days past due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    import datetime

# Most days past due that each character still covers; more is "7".
BOUNDS = ((30, "1"), (60, "2"), (90, "3"), (120, "4"), (150, "5"), (180, "6"))
NEGATIVE = frozenset("1234567")

MEANINGS: dict[str, Any] = {
    "N": _("按时还款"),
    "1": _("逾期 1–30 天"),
    "2": _("逾期 31–60 天"),
    "3": _("逾期 61–90 天"),
    "4": _("逾期 91–120 天"),
    "5": _("逾期 121–150 天"),
    "6": _("逾期 151–180 天"),
    "7": _("逾期 180 天以上"),
    "*": _("当月无需还款"),
    "M": _("还款日后、月底前已还清"),
    "C": _("已结清"),
    "G": _("已结束（非正常结清）"),
    "#": _("情况未知"),
    "/": _("账户未开立"),
}


@dataclass(frozen=True, kw_only=True)
class MonthFacts:
    """What one loan did in one month, up to a date. `latest_days_late` is of the dues of this month paid by then."""

    is_settled: bool
    is_written_off: bool
    days_past_due: int
    latest_days_late: int
    had_due: bool


def status_char(facts: MonthFacts, *, grace_days: int) -> str:
    """
    The character for a month.

    Days past due within grace are not reported; a due paid after grace but before the month's end is M.
    Source: rules-cn 2.6, 5.1.
    """
    if facts.is_written_off:
        return "G"
    if facts.is_settled:
        return "C"
    if facts.days_past_due > grace_days:
        return next((char for bound, char in BOUNDS if facts.days_past_due <= bound), "7")
    if not facts.had_due:
        return "*"
    return "M" if facts.latest_days_late > grace_days else "N"


def month_of(on: datetime.date) -> datetime.date:
    """The first day of a date's month: how a month is keyed."""
    return on.replace(day=1)
