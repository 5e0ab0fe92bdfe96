"""The date the books are on. It moves only when the day-end closes a date."""

from __future__ import annotations

import datetime
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.utils import timezone

from fenqi.plumbing import prepared
from fenqi.plumbing.models import BusinessDate

if TYPE_CHECKING:
    from collections.abc import Iterator

# What one page has read; none outside `held`.
_held: ContextVar[list[datetime.date] | None] = ContextVar("business_date", default=None)


_OPEN_ON = prepared.Statement("SELECT open_on FROM plumbing_businessdate WHERE name = 'main'", {})


class DateMovedOn(Exception):
    """Another day-end closed this date first."""


@contextmanager
def held() -> Iterator[None]:
    """Within it the date is read once: a page that only shows things speaks of one day, and asks once."""
    token = _held.set([])
    try:
        yield
    finally:
        _held.reset(token)


def current() -> datetime.date:
    """The open business date; the first call ever opens today's."""
    known = _held.get()
    if known is None:
        return _read()
    if not known:
        known.append(_read())
    return known[0]


def _read() -> datetime.date:
    [rows] = prepared.run((_OPEN_ON, {}))
    return rows[0][0] if rows else start(timezone.localdate())


def start(on: datetime.date) -> datetime.date:
    """Open the first business date of an installation; a later call changes nothing and tells the open date."""
    return BusinessDate.objects.get_or_create(name="main", defaults={"open_on": on})[0].open_on


def close(on: datetime.date) -> datetime.date:
    """
    Close `on` and open the day after it.

    Raises: DateMovedOn if `on` is not the open date.
    """
    following = on + datetime.timedelta(days=1)
    if not BusinessDate.objects.filter(name="main", open_on=on).update(open_on=following):
        raise DateMovedOn(f"{on} is not the open business date")
    return following
