"""What pages may set going in the background."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from fenqi.jobs import tasks
from fenqi.plumbing.errors import Refusal
from fenqi.servicing import dayend

MOST_DAYS = 400


class DateNotAhead(Refusal):
    """The business date moves forward only, and not by years at once."""

    code = "date_not_ahead"


def start_dayend(*, to: datetime.date) -> int:
    """
    Let the worker close every business date before `to`; gives the run's id for `queries.progress`.

    A run that waits already is given instead of a second one. Raises: DateNotAhead.
    """
    first = dayend.next_date()
    if not first < to <= first + datetime.timedelta(days=MOST_DAYS):
        raise DateNotAhead(
            _("请选择 {first} 之后、{most} 天之内的日期。").format(first=first.isoformat(), most=MOST_DAYS),
            field="to",
        )
    try:
        with transaction.atomic():
            return tasks.run_dayend.defer(first=first.isoformat(), to=to.isoformat())
    except AlreadyEnqueued:
        waiting = (
            ProcrastinateJob.objects.filter(queueing_lock="dayend", status="todo").order_by("id").first()
        )
        return waiting.id if waiting else start_dayend(to=to)
