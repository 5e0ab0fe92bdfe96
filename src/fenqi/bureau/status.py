"""Status characters of a month in the credit record (rules-cn 5.1), from days past due."""

from __future__ import annotations

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
    "B": _("呆账"),
    "G": _("已结束（非正常结清）"),
    "#": _("情况未知"),
    "/": _("账户未开立"),
}


def month_of(on: datetime.date) -> datetime.date:
    """The first day of a date's month: how a month is keyed."""
    return on.replace(day=1)
