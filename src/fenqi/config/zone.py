"""The time zone of the country whose rules apply: the one its dates and hours are told in. Needs nothing of Django."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

NAME = "Asia/Shanghai"


def today() -> datetime.date:
    """The date there now."""
    return datetime.datetime.now(ZoneInfo(NAME)).date()
