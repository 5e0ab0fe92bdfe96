"""The queue of purchases: handlers and jobs note who waits for an outside call; the worker makes the calls."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction

from fenqi.plumbing import clock
from fenqi.purchases.models import WaitingStep

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

APPLICATION, PURCHASE, GIVE_BACK, MIRROR = "application", "purchase", "give_back", "mirror"
# An unknown outcome is asked for again ever more slowly, and never given up.
PAUSES_SECONDS = (2, 5, 15, 60, 300, 900)
# Whoever takes a row has this long before another worker may try.
_TAKEN_SECONDS = 60


def note(*, kind: str, subject_id: UUID, borrower_id: int) -> None:
    """Somebody has to take this further at once; a row that waits already is brought forward."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO purchases_waitingstep (id, kind, borrower_id, tries, next_try_at) VALUES (%s, %s, %s, 0, %s)
            ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, tries = 0, next_try_at = EXCLUDED.next_try_at
            """,
            [subject_id, kind, borrower_id, clock.wall()],
        )


@transaction.atomic
def take_next() -> WaitingStep | None:
    """The next row that is due, pushed back so that no other worker takes it while we call."""
    now = clock.wall()
    row = (
        WaitingStep.objects.select_for_update(skip_locked=True)
        .filter(next_try_at__lte=now)
        .order_by("next_try_at")
        .first()
    )
    if row is not None:
        row.next_try_at = now + datetime.timedelta(seconds=_TAKEN_SECONDS)
        row.save(update_fields=["next_try_at"])
    return row


def put_off(row: WaitingStep) -> None:
    """Still not known: ask again after a pause, unless somebody brought it forward meanwhile."""
    pause = PAUSES_SECONDS[min(row.tries, len(PAUSES_SECONDS) - 1)]
    _untouched(row).update(tries=row.tries + 1, next_try_at=clock.wall() + datetime.timedelta(seconds=pause))


def finish(row: WaitingStep) -> None:
    """It has moved on, unless somebody brought it forward while we worked."""
    _untouched(row).delete()


def forget(subject_id: UUID) -> None:
    """It is over, whoever works on it."""
    WaitingStep.objects.filter(id=subject_id).delete()


def _untouched(row: WaitingStep) -> QuerySet[WaitingStep]:
    return WaitingStep.objects.filter(id=row.id, next_try_at=row.next_try_at)
