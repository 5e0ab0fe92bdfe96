"""What the channel tells us by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from fenqi.payments import suspense
from fenqi.payments.movements import record_outcome
from fenqi.payments.ports import ChannelState
from fenqi.payments.refusals import PaymentUnknown
from fenqi.plumbing import clock, ports

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from fenqi.payments.ports import ChannelAnswer


@transaction.atomic
def take_notice(*, body: bytes, headers: Mapping[str, str]) -> bool:
    """
    Take a notice: check whose it is, keep it, write the outcome down. Tells whether it was new.

    Kept and recorded in one transaction, so a notice that could not be worked in is not lost: the channel sends it again.
    Money that came for a reference nobody here knows is taken into suspense.
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
        hear(notice.answer)
    return is_new


@transaction.atomic
def hear(answer: ChannelAnswer, *, received_on: datetime.date | None = None) -> bool:
    """
    Write down what the channel says of a movement; money for a reference nobody here knows is taken into suspense.

    `received_on` is when the money came (today where it is left out). Tells whether anything is new. Raises: PaymentUnknown for what is neither ours nor money that came.
    """
    try:
        return record_outcome(answer)
    except PaymentUnknown:
        is_money = answer.state == ChannelState.SUCCEEDED
        if not is_money:
            raise
        kept = suspense.take_in_told(answer, why="no payment of ours", received_on=received_on)
        if kept is None:
            raise
        return True
