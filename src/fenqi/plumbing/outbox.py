"""
Announcements leave after commit.

`publish` writes a row in the caller's transaction; the worker hands it to each handler named in settings.OUTBOX_HANDLERS,
each in a transaction of its own, at least once. A handler that fails is tried again later, the others are not repeated.
"""

from __future__ import annotations

import datetime
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.module_loading import import_string

from fenqi.plumbing import clock
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import Announcement

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = (1, 5, 30, 120, 600, 3600)


def publish(topic: str, *, borrower_id: int | None = None, **payload: Any) -> None:
    """Announce something inside the transaction in which it happened. Payload values are JSON or str()-able."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() belongs inside the transaction of the write")
    plain = {
        key: value if isinstance(value, (int, str, bool, dict, list, type(None))) else str(value)
        for key, value in payload.items()
    }
    if borrower_id is not None:
        plain["borrower_id"] = borrower_id
    Announcement.objects.create(id=new_id(), topic=topic, borrower_id=borrower_id, payload=plain)
    transaction.on_commit(wake)


def publish_many(topic: str, payloads: list[dict[str, Any]]) -> None:
    """Announce many things of one topic by one statement; each payload is JSON and names its `borrower_id`."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "publish_many() belongs inside the transaction of the write"
        )
    if payloads:
        Announcement.objects.bulk_create(
            Announcement(id=new_id(), topic=topic, borrower_id=payload["borrower_id"], payload=payload)
            for payload in payloads
        )
        transaction.on_commit(wake)


def published_from(topic: str, selection: str) -> str:
    """
    The statement that announces a topic for each (borrower_id, key, payload) of a selection, for batch SQL; who waits is
    not woken. A key is told once: the same rows give the same announcements.
    """
    return f"""
INSERT INTO plumbing_announcement (id, topic, borrower_id, payload, done, tries, error)
SELECT md5('{topic}:' || told.key)::uuid, '{topic}', told.borrower_id, told.payload, '[]', 0, ''
FROM ({selection}) AS told (borrower_id, key, payload)
"""  # noqa: S608 - topic and selection are of ours; values are always parameters


def wake() -> None:
    """Tell waiting workers that there is something to do; call it after commit."""
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY fenqi_outbox")


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many announcements wait, and for how long the oldest has."""

    count: int
    oldest_seconds: float


def waiting() -> Waiting:
    """What has not been delivered yet."""
    found = Announcement.objects.filter(delivered_at__isnull=True).aggregate(
        count=models.Count("id"), oldest=models.Min("made_at")
    )
    age = (clock.wall() - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Waiting(count=found["count"], oldest_seconds=age)


def deliver(*, limit: int = 100) -> int:
    """Hand out what waits, oldest first; tells how many announcements were finished. Several workers may call it at once."""
    finished = 0
    for _ in range(limit):
        if not _deliver_next():
            break
        finished += 1
    return finished


def _deliver_next() -> bool:
    """Take one announcement under a lock that other workers skip; False when none is due."""
    with transaction.atomic():
        waiting = (
            Announcement.objects.select_for_update(skip_locked=True)
            .filter(delivered_at__isnull=True, next_try_at__lte=clock.wall())
            .order_by("next_try_at", "id")
            .first()
        )
        if waiting is None:
            return False
        waiting.error = ""
        for path in settings.OUTBOX_HANDLERS.get(waiting.topic, []):
            if path in waiting.done:
                continue
            try:
                with transaction.atomic():
                    import_string(path)(waiting.payload)
                waiting.done.append(path)
            except Exception as e:
                log.exception("announcement %s (%s): %s failed", waiting.id, waiting.topic, path)
                waiting.error = f"{path}: {type(e).__name__}"
        if waiting.error:
            delay = RETRY_AFTER_SECONDS[min(waiting.tries, len(RETRY_AFTER_SECONDS) - 1)]
            waiting.tries += 1
            waiting.next_try_at = clock.wall() + datetime.timedelta(seconds=delay)
        else:
            waiting.delivered_at = clock.wall()
        waiting.save()
    return True
