"""
The day-end: named steps in order, a row per step and date, one run at a time, resumed where it stopped.

A step that has finished is not run again; one that was interrupted is, and finds what it had done already. A date is
closed by the step `close`; only then does the next one begin, so that a late day-end catches up day by day.
"""

from __future__ import annotations

import datetime
import functools
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from fenqi.plumbing import business_date, clock
from fenqi.plumbing.errors import Conflict
from fenqi.servicing.dayend import closing, debiting, parts, telling, turning
from fenqi.servicing.models import DayEndRun, DayEndStep

log = logging.getLogger(__name__)

Step = Callable[[datetime.date], dict[str, int] | None]
Progress = Callable[[datetime.date, str, float], None]

RUN_LOCK = 0x66656E7169_02
ONE_DAY = datetime.timedelta(days=1)
ATTEMPTS, WAIT_SECONDS = 20, 0.1


class DayEndError(Exception):
    """A step failed; the day-end stopped there and continues there when it is run again."""

    def __init__(self, on: datetime.date, step: str, cause: BaseException) -> None:
        self.on, self.step, self.cause = on, step, cause
        super().__init__(f"{on} stopped in step {step}: {type(cause).__name__}: {cause}")


class DayEndRunning(Conflict):
    """Another day-end is at work."""

    code = "dayend_running"


def steps(collect: debiting.Collector) -> list[tuple[str, Step]]:
    """The steps of a date in their order; other contexts' come before the invariants are checked."""
    further = [(path.rsplit(".", 1)[-1], import_string(path)) for path in settings.DAYEND_STEPS]
    return [
        ("debits", functools.partial(debiting.make_instructions, collect=collect)),
        ("collections", debiting.book_collections),
        ("dues", turning.turn_dues),
        ("arrears", turning.move_arrears),
        *further,
        ("accrual", closing.accrue),
        ("provisions", closing.provide),
        ("lender_settlement", closing.settle_with_lenders),
        ("invariants", closing.check_invariants),
        ("close", closing.close),
        ("reminders", telling.remind),
    ]


def run_dayend(
    *,
    to: datetime.date | None = None,
    progress: Progress | None = None,
    collect: debiting.Collector = debiting.collect_through_payments,
) -> list[datetime.date]:
    """
    Close every business date before `to` (only the open one where it is left out); tells which were closed.

    `progress(date, step, share of the date's steps done)` is called as it goes. `collect` debits the instructions of
    a date. Not inside a transaction.
    Raises: DayEndRunning if another run is at work; DayEndError naming the step that failed.
    """
    with _alone(), parts.at_work():
        closed = []
        on = next_date()
        last = (to or on + ONE_DAY) - ONE_DAY
        while on <= last:
            _run_date(on, progress, collect)
            closed.append(on)
            on += ONE_DAY
        return closed


def next_date() -> datetime.date:
    """The date a day-end begins with: the open one, or one that is closed and has steps left over from a run that stopped."""
    unfinished = DayEndRun.objects.exclude(state="closed").order_by("business_date").first()
    return unfinished.business_date if unfinished else business_date.current()


@contextmanager
def _alone() -> Iterator[None]:
    # A session's lock: a process that is killed loses it with its connection.
    for _attempt in range(ATTEMPTS):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [RUN_LOCK])
            if cursor.fetchone()[0]:
                # Should this process be killed while a statement runs, the server looks and lets go of the lock.
                cursor.execute("SET client_connection_check_interval = '1s'")
                break
        # The server may not have noticed yet that a killed run is gone.
        time.sleep(WAIT_SECONDS)
    else:
        raise DayEndRunning(gettext_lazy("日终正在运行，请等它结束。"))
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])
        except (DatabaseError, InterfaceError):
            log.warning("the connection was lost, and the day-end's lock with it")


@dataclass(slots=True)
class _Row:
    """The row of a step as it is written down."""

    on: datetime.date
    name: str
    position: int
    started_at: datetime.datetime
    state: str = "running"
    finished_at: datetime.datetime | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def _run_date(on: datetime.date, progress: Progress | None, collect: debiting.Collector) -> None:
    DayEndRun.objects.bulk_create(
        [DayEndRun(business_date=on, state="running")],
        update_conflicts=True,
        unique_fields=["business_date"],
        update_fields=["state"],
    )
    finished = set(
        DayEndStep.objects.filter(business_date=on, state="finished").values_list("name", flat=True)
    )
    all_steps = steps(collect)
    before: _Row | None = None
    for position, (name, step) in enumerate(all_steps):
        if progress:
            progress(on, name, position / len(all_steps))
        if name not in finished:
            before = _run_step(_Row(on, name, position, clock.wall()), step, before)
    try:
        if before:
            _write(before)
        DayEndRun.objects.filter(business_date=on).update(state="closed", finished_at=clock.wall())
    except (DatabaseError, InterfaceError) as e:
        _drop_if_broken()
        raise DayEndError(on, all_steps[-1][0], e) from e
    if progress:
        progress(on, "", 1.0)


def _run_step(row: _Row, step: Step, before: _Row | None) -> _Row:
    """Run a step; its beginning is written down with the end of the one before, to save a commit. Returns its end."""
    began = time.perf_counter()
    try:
        _write(before, row)
        row.counts = dict(step(row.on) or {})
    except Exception as e:
        row.state, row.error, row.finished_at = "failed", f"{type(e).__name__}: {e}", clock.wall()
        _note_failure(row)
        raise DayEndError(row.on, row.name, e) from e
    row.counts["ms"] = round(1000 * (time.perf_counter() - began))
    row.state, row.finished_at = "finished", clock.wall()
    return row


def _note_failure(row: _Row) -> None:
    try:
        # The connection may be what failed; the server is often back for another one.
        _drop_if_broken()
        _write(row)
        DayEndRun.objects.filter(business_date=row.on).update(state="failed")
    except (DatabaseError, InterfaceError):
        # The database itself is gone or full; the row says "running" and the next run takes the step up.
        log.exception("step %s of %s failed and could not be noted", row.name, row.on)


def _drop_if_broken() -> None:
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _write(*rows: _Row | None) -> None:
    kept = [row for row in rows if row is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO servicing_dayendstep"
            " (business_date, name, position, state, started_at, finished_at, counts, error) VALUES "
            + ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(kept))
            + " ON CONFLICT (business_date, name) DO UPDATE SET state = excluded.state,"
            " started_at = excluded.started_at, finished_at = excluded.finished_at, counts = excluded.counts,"
            " error = excluded.error",
            [
                value
                for row in kept
                for value in (
                    row.on,
                    row.name,
                    row.position,
                    row.state,
                    row.started_at,
                    row.finished_at,
                    json.dumps(row.counts),
                    row.error,
                )
            ],
        )
