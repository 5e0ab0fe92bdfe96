"""The time zone of the country whose rules apply: dates and hours are told in it. Needs nothing of Django."""

import datetime
from zoneinfo import ZoneInfo

NAME = "Asia/Shanghai"
ZONE = ZoneInfo(NAME)


def today() -> datetime.date:
    """The calendar's date there: what commands begin with when they are told none."""
    return datetime.datetime.now(ZONE).date()
