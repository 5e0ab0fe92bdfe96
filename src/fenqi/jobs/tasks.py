"""
The queue's tasks (procrastinate). One job covers a batch: never a job a loan or a message.

Every process that starts Django registers them; what they work with is imported when one runs.
"""

from __future__ import annotations

import datetime

from procrastinate.contrib.django import app

EVERY_MINUTE = "* * * * *"
EVERY_TEN_SECONDS = "* * * * * */10"


@app.task(name="drain_outbox", queueing_lock="drain_outbox")
def drain_outbox() -> None:
    """Announcements, waiting purchases, messages. The worker's listener does the same as soon as something is announced."""
    from fenqi.jobs import chores

    chores.drain_outbox()


@app.periodic(cron=EVERY_TEN_SECONDS)
@app.task(name="ask_unknown", queueing_lock="ask_unknown", lock="ask_unknown")
def ask_unknown(timestamp: int) -> None:
    """Outcomes we wait for."""
    from fenqi.jobs import chores

    chores.ask_unknown()


@app.periodic(cron=EVERY_TEN_SECONDS)
@app.task(name="tell_partners", queueing_lock="tell_partners", lock="tell_partners")
def tell_partners(timestamp: int) -> None:
    """Events for those who gave an address for them."""
    from fenqi.jobs import chores

    chores.tell_partners()


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="expire_reservations", queueing_lock="expire_reservations", lock="expire_reservations")
def expire_reservations(timestamp: int) -> None:
    """Goods nobody paid for."""
    from fenqi.jobs import chores

    chores.expire_reservations()


@app.periodic(cron="17 4 * * *")
@app.task(name="forget_old_jobs", queueing_lock="forget_old_jobs")
async def forget_old_jobs(timestamp: int) -> None:
    """Finished jobs of more than three days ago."""
    await app.job_manager.delete_old_jobs(nb_hours=72, include_failed=False)


# No two day-ends at once: the second job waits for the first.
@app.task(name="run_dayend", lock="dayend", queueing_lock="dayend")
def run_dayend(first: str, to: str) -> None:
    """Close every business date from `first` on and before `to` (ISO dates)."""
    from fenqi.jobs import dayend

    dayend.run_dayend(to=datetime.date.fromisoformat(to))
