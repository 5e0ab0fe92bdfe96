"""Asking again: unknown outcomes, and intents that never left us."""

from __future__ import annotations

import datetime
from itertools import islice
from typing import TYPE_CHECKING

from fenqi.payments.models import Debit, Payment, PayOut, Refund, State, UnplacedReturn
from fenqi.payments.movements import KINDS, record_outcome, reference_of
from fenqi.payments.ports import ChannelRefused, ChannelSilent
from fenqi.payments.services.debits import run_debits
from fenqi.payments.services.giving_back import send_payout, send_refund, send_return
from fenqi.payments.services.mandates import tell_revoked
from fenqi.payments.services.paying import send_payment
from fenqi.plumbing import clock, ports

if TYPE_CHECKING:
    from fenqi.payments.models import Movement

CHUNK = 100
PATIENCE = datetime.timedelta(seconds=5)


def ask_unknown(*, patience: datetime.timedelta = PATIENCE, at_once: int = CHUNK) -> int:
    """
    Ask the channel about every movement whose outcome we have waited for longer than `patience`; tells how many ended.

    All of them, `at_once` in a call: those whose outcome is long in coming keep no other waiting. What never arrived there is intended again and sent by `send_intended`. Not inside a transaction.
    """
    before = clock.wall() - patience
    ended = 0
    for model, _word in KINDS.values():
        waiting = model.objects.filter(state__in=[State.SENT, State.UNKNOWN], sent_at__lte=before)
        left = waiting.order_by("sent_at").iterator(at_once)
        while movements := list(islice(left, at_once)):
            try:
                answers = ports.get("channel").query(
                    references=[reference_of(movement) for movement in movements]
                )
            except (ChannelSilent, ChannelRefused):
                return ended
            ended += sum(record_outcome(answer) for answer in answers.values())
    return ended


def send_intended(*, patience: datetime.timedelta = PATIENCE) -> int:
    """
    Send what was written down and never left, because the process ended or the channel could not be reached.

    A payment at the cashier waits for its shopper instead. Not inside a transaction.
    """
    before = clock.now() - patience
    sent = 0
    for movement in _left_behind(Payment, before):
        if movement.card_id is not None:
            send_payment(borrower_id=movement.borrower_id, payment_id=movement.id)
            sent += 1
    for movement in _left_behind(Refund, before):
        send_refund(borrower_id=movement.borrower_id, refund_id=movement.id)
        sent += 1
    for movement in _left_behind(PayOut, before):
        send_payout(borrower_id=movement.borrower_id, payout_id=movement.id)
        sent += 1
    for movement in _left_behind(UnplacedReturn, before):
        send_return(return_id=movement.id)
        sent += 1
    # A debit is sent by the day-end of its date; one the channel lost is sent again under the same reference.
    days = Debit.objects.filter(state=State.INTENDED, sent_at__isnull=False).values_list(
        "business_on", flat=True
    )
    for day in sorted(set(days)):
        run_debits(on=day)
        sent += 1
    return sent + tell_revoked()


def _left_behind(model: type[Movement], before: datetime.datetime) -> list[Movement]:
    return list(model.objects.filter(state=State.INTENDED, made_at__lte=before).order_by("made_at")[:CHUNK])
