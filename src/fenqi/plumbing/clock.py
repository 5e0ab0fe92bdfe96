"""The one place that reads the wall clock."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.utils import timezone

from fenqi.plumbing import business_date


def wall() -> datetime.datetime:
    """The real moment: for expiries measured in seconds and for sessions."""
    return timezone.now()


def now() -> datetime.datetime:
    """
    The moment that goes into records people read.

    In a demo, a test or a training its date is the business date, so that months pass in seconds and every record agrees.
    """
    moment = timezone.now()
    if not settings.CLOCK_FOLLOWS_BUSINESS_DATE:
        return moment
    local = timezone.localtime(moment)
    return datetime.datetime.combine(business_date.current(), local.timetz())


def date_of(moment: datetime.datetime) -> datetime.date:
    """The date of a moment where the books are kept; its own date would be Greenwich's, a day behind until eight."""
    return timezone.localtime(moment).date()


def midnight(on: datetime.date) -> datetime.datetime:
    """The moment a date begins."""
    return timezone.make_aware(datetime.datetime.combine(on, datetime.time()))
