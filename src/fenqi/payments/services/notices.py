"""What the channel tells us by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from fenqi.payments.movements import record_outcome
from fenqi.plumbing import clock, ports

if TYPE_CHECKING:
    from collections.abc import Mapping


@transaction.atomic
def take_notice(*, body: bytes, headers: Mapping[str, str]) -> bool:
    """
    Take a notice: check whose it is, keep it, write the outcome down. Tells whether it was new.

    Kept and recorded in one transaction, so a notice that could not be worked in is not lost: the channel sends it again.
    Raises: BadNotice, PaymentUnknown.
    """
    notice = ports.get("channel").read_notice(body=body, headers=headers)
    with connection.cursor() as cursor:
        # A copy that comes at the same moment waits here for the first one's commit.
        cursor.execute(
            """
            INSERT INTO payments_channelnotice (notice_id, reference, state, taken_at) VALUES (%s, %s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            [notice.notice_id, notice.answer.reference, notice.answer.state.value, clock.now()],
        )
        is_new = cursor.rowcount == 1
    if is_new:
        record_outcome(notice.answer)
    return is_new
