"""
对账: the channel's bill of a closed date against what we know, so that no money moved without our knowledge.

What the bill has and we do not is heard like a notice: an outcome we waited for ends, money nobody asked for waits in suspense.
What we have and the bill does not, and money that left and is not ours, is written into the audit trail.
"""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from fenqi.payments.models import ChannelBill, ChannelSerial, State, UnplacedMoney
from fenqi.payments.movements import KINDS
from fenqi.payments.ports import ChannelAnswer, ChannelRefused, ChannelSilent, ChannelState
from fenqi.payments.refusals import PaymentUnknown
from fenqi.payments.services.notices import hear
from fenqi.payments.suspense import told_reference
from fenqi.plumbing import audit, clock, ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fenqi.payments.ports import BillLine

log = logging.getLogger(__name__)

AT_ONCE = 1_000
ONE_DAY = datetime.timedelta(days=1)


def take_bills(*, to: datetime.date) -> int:
    """
    Take the channel's bills of every date up to `to` that were not taken yet; tells how many. Not inside a transaction.

    A channel that does not answer is asked again the next time: no date is left out. Safe to repeat.
    """
    last = ChannelBill.objects.aggregate(on=Max("on"))["on"]
    on, taken = last + ONE_DAY if last else to, 0
    while on <= to:
        try:
            lines = ports.get("channel").bill(on=on)
        except (ChannelSilent, ChannelRefused) as e:
            log.warning("no bill of %s from the channel: %s", on, e)
            break
        _take(on, lines)
        on, taken = on + ONE_DAY, taken + 1
    return taken


def _take(on: datetime.date, lines: Sequence[BillLine]) -> None:
    news = list(_not_known(lines))
    unknown = [line for line in news if not _is_heard(line, on)]
    unplaced = UnplacedMoney.objects.filter(reference__in=[told_reference(line.serial) for line in news])
    missing = _missing(on, {line.serial for line in lines})
    with transaction.atomic():
        for line in unknown:
            _note("payments.bill.unknown", line.reference, on, amount_fen=line.amount_fen, serial=line.serial)
        for reference in missing:
            _note("payments.bill.missing", reference, on)
        ChannelBill.objects.bulk_create(
            [
                ChannelBill(
                    on=on,
                    lines=len(lines),
                    unplaced=unplaced.count(),
                    unknown=len(unknown),
                    missing=len(missing),
                    taken_at=clock.now(),
                )
            ],
            ignore_conflicts=True,
        )


def _not_known(lines: Sequence[BillLine]) -> Iterator[BillLine]:
    """The lines whose serial has booked nothing: with a channel that told us everything there is none."""
    for start in range(0, len(lines), AT_ONCE):
        some = lines[start : start + AT_ONCE]
        booked = set(
            ChannelSerial.objects.filter(serial__in=[line.serial for line in some]).values_list(
                "serial", flat=True
            )
        )
        yield from (line for line in some if line.serial not in booked)


def _is_heard(line: BillLine, on: datetime.date) -> bool:
    answer = ChannelAnswer(
        reference=line.reference,
        state=ChannelState.SUCCEEDED,
        serial=line.serial,
        amount_fen=line.amount_fen,
    )
    try:
        hear(answer, received_on=on)
    except PaymentUnknown:
        return False
    return True


def _missing(on: datetime.date, serials: set[str]) -> list[str]:
    """References of what we have as done on the date and the bill does not have."""
    return [
        f"{letter}-{borrower_id}-{movement_id}"
        for letter, (model, _word) in KINDS.items()
        for borrower_id, movement_id, serial in model.objects.filter(
            business_on=on, state=State.SUCCEEDED
        ).values_list("borrower_id", "id", "channel_serial")
        if serial not in serials
    ]


def _note(action: str, reference: str, on: datetime.date, **details: object) -> None:
    log.error("%s: %s on %s %s", action, reference, on, details)
    audit.record(actor="system:payments", action=action, subject=reference, on=on.isoformat(), **details)
