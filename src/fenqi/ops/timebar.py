"""The time bar of a demo or a training: which date the buttons mean, and the run they set going."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from fenqi.domain.calendar import add_months
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import Refusal
from fenqi.servicing import queries as servicing


class DateMissing(Refusal):
    """The time bar needs a date or one of its buttons."""

    code = "date_missing"


class NothingDue(Refusal):
    """No installment is still to come."""

    code = "nothing_due"


def target(*, move: str, to: str, on: datetime.date) -> datetime.date:
    """
    The date that shall be open afterwards. `next_due` closes the next due date, so that its debits have run.

    Raises: DateMissing, NothingDue.
    """
    if move == "next_day":
        return on + datetime.timedelta(days=1)
    if move == "next_month":
        return add_months(on, 1)
    if move == "next_due":
        due = servicing.next_due_on(on)
        if due is None:
            raise NothingDue(_("目前没有待还的账单，时间没有移动。"))
        return due + datetime.timedelta(days=1)
    try:
        return datetime.date.fromisoformat(to)
    except ValueError:
        raise DateMissing(_("请填写要到达的日期，例如 2026-12-08。"), field="to") from None


def start(*, to: datetime.date) -> int:
    """Let the worker close every date before `to`; gives the run's id."""
    begin, _progress = settings.DAYEND_IN_BACKGROUND
    run_id: int = import_string(begin)(to=to)
    return run_id


def progress(run_id: int) -> Any:
    """How far a run is: share, on, to, step, state (waiting, running, done, failed), error."""
    _begin, ask = settings.DAYEND_IN_BACKGROUND
    return import_string(ask)(run_id)


def open_date() -> datetime.date:
    """The open business date."""
    return business_date.current()
