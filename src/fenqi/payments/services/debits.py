"""Debits of a business date: written down in bulk, handed to the channel in batches, each ended once."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from django.db import connection, transaction

from fenqi.payments.models import Debit, Payment, State
from fenqi.payments.movements import record_outcome, reference_of
from fenqi.payments.ports import (
    ChannelAnswer,
    ChannelRefused,
    ChannelSilent,
    ChannelState,
    ChannelUnreachable,
    DebitOrder,
)
from fenqi.payments.refusals import HARD_FAILURES, PAID_MEANWHILE
from fenqi.plumbing import clock, outbox, ports, rule_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BATCH = 200
DEBIT_TEXT = "分期自动还款"
_NAMES = UUID("6f1d3c1e-0c7b-5d53-9b8e-2f6f4a6a7c11")  # debits' ids are named by loan, due date and day


@dataclass(frozen=True, kw_only=True)
class DebitRun:
    """What became of a run. `unknown` is asked again later, `waiting` was not sent since the channel could not be reached."""

    succeeded: int = 0
    failed: int = 0
    unknown: int = 0
    waiting: int = 0


def debit_id(*, loan_id: UUID | str, due_on: datetime.date, on: datetime.date) -> UUID:
    """The id of the debit of a loan's due date on a business date."""
    return uuid5(_NAMES, f"{loan_id}:{due_on}:{on}")


@transaction.atomic
def intend_debits(rows: Iterable[Mapping[str, Any]], *, on: datetime.date | None = None) -> int:
    """
    Write down debits for what loans owe; tells how many were written. The same row again on the same day changes nothing.

    Row: {borrower_id, loan_id, due_on, amount_fen, on?, purpose? = "repayment", subject? = {}}. Left out are loans without
    autopay, with an earlier debit for this due date that succeeded, is open or failed for good, or with all tries used up.
    """
    listed = list(rows)
    if not listed:
        return 0
    day = on or listed[0]["on"]
    retry = rule_data.value("debit_retry", on=day)
    columns: tuple[list[Any], ...] = ([], [], [], [], [], [], [])
    for row in listed:
        values = (
            row["borrower_id"],
            debit_id(loan_id=row["loan_id"], due_on=row["due_on"], on=day),
            row["loan_id"],
            row["due_on"],
            row["amount_fen"],
            row.get("purpose", "repayment"),
            json.dumps(row.get("subject", {})),
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    with connection.cursor() as cursor:
        cursor.execute(_INTEND, [clock.now(), day, *columns, list(HARD_FAILURES), retry["max_tries"]])
        return cursor.rowcount


_INTEND = """
INSERT INTO payments_debit (borrower_id, id, loan_id, due_on, amount_fen, purpose, subject, state, channel_serial, failure,
                            mandate_id, mandate_number, tries, made_at, business_on)
SELECT r.borrower_id, r.id, r.loan_id, r.due_on, r.amount_fen, r.purpose, r.subject::jsonb, 'INTENDED', '', '',
       m.id, m.number,
       1 + (SELECT count(*) FROM payments_debit e
            WHERE e.borrower_id = r.borrower_id AND e.loan_id = r.loan_id AND e.due_on = r.due_on),
       %s, %s
FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::date[], %s::bigint[], %s::text[], %s::text[])
         AS r (borrower_id, id, loan_id, due_on, amount_fen, purpose, subject)
JOIN payments_autopay a ON a.borrower_id = r.borrower_id AND a.is_on
JOIN payments_mandate m ON m.borrower_id = a.borrower_id AND m.id = a.mandate_id AND m.state = 'ACTIVE'
WHERE r.amount_fen > 0
  AND NOT EXISTS (SELECT 1 FROM payments_debit e
                  WHERE e.borrower_id = r.borrower_id AND e.loan_id = r.loan_id AND e.due_on = r.due_on
                    AND (e.state <> 'FAILED' OR e.failure = ANY (%s)))
  AND (SELECT count(*) FROM payments_debit e
       WHERE e.borrower_id = r.borrower_id AND e.loan_id = r.loan_id AND e.due_on = r.due_on) < %s
ON CONFLICT DO NOTHING
"""


def run_debits(*, on: datetime.date) -> DebitRun:
    """
    Hand the intended debits of a business date to the channel. Not inside a transaction; safe to repeat.

    Announces payments.debit.succeeded / .failed for each that ended.
    """
    counts = {"succeeded": 0, "failed": 0, "unknown": 0}
    _close_cashiers(on)
    _drop_paid(on)
    while batch := _take_batch(on):
        orders = [
            DebitOrder(
                reference=reference_of(debit),
                mandate_number=debit.mandate_number,
                amount_fen=debit.amount_fen,
                subject=DEBIT_TEXT,
            )
            for debit in batch
        ]
        try:
            answers = ports.get("channel").debit(orders=orders, on=on)
        except ChannelUnreachable:
            _set_state(batch, State.INTENDED)
            break
        except ChannelSilent:
            _set_state(batch, State.UNKNOWN)
            counts["unknown"] += len(batch)
            continue
        except ChannelRefused:
            answers = _one_by_one(orders, on)
        silent = [debit for debit in batch if reference_of(debit) not in answers]
        _set_state(silent, State.UNKNOWN)
        ended = record_debits(answers)
        counts["succeeded"] += ended.succeeded
        counts["failed"] += ended.failed
        counts["unknown"] += len(batch) - ended.succeeded - ended.failed
    waiting = Debit.objects.filter(business_on=on, state=State.INTENDED).count()
    return DebitRun(**counts, waiting=waiting)


def _one_by_one(orders: list[DebitOrder], on: datetime.date) -> dict[str, ChannelAnswer]:
    """A refused batch has one order the channel cannot read; the others must not suffer for it."""
    answers: dict[str, ChannelAnswer] = {}
    for order in orders:
        try:
            answers |= ports.get("channel").debit(orders=[order], on=on)
        except ChannelSilent:
            continue
        except ChannelRefused as e:
            answers[order.reference] = ChannelAnswer(
                reference=order.reference, state=ChannelState.FAILED, failure=e.code[:40]
            )
    return answers


def _close_cashiers(on: datetime.date) -> None:
    """Close the cashier pages of those who are about to be debited: from here on only one of the two can pay."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.borrower_id, p.id FROM payments_payment p
            WHERE p.state IN ('SENT', 'UNKNOWN') AND p.purpose = 'repayment' AND p.redirect_url <> ''
              AND EXISTS (SELECT 1 FROM payments_debit d
                          WHERE d.borrower_id = p.borrower_id AND d.business_on = %s AND d.state = 'INTENDED'
                            AND p.subject -> 'loan_ids' ? d.loan_id::text)
            """,
            [on],
        )
        open_pages = [Payment(borrower_id=borrower_id, id=payment_id) for borrower_id, payment_id in cursor]
    for payment in open_pages:
        try:
            record_outcome(ports.get("channel").close_cashier(reference=reference_of(payment)))
        except (ChannelSilent, ChannelRefused):
            continue  # still open: then the debit gives way


def _drop_paid(on: datetime.date) -> None:
    """End debits of loans for which the shopper is paying or has paid by hand since: nothing is paid twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE payments_debit d SET state = 'FAILED', failure = %s, ended_at = %s
            WHERE d.business_on = %s AND d.state = 'INTENDED'
              AND EXISTS (SELECT 1 FROM payments_payment p
                          WHERE p.borrower_id = d.borrower_id AND p.purpose = 'repayment'
                            AND p.subject -> 'loan_ids' ? d.loan_id::text
                            AND (p.state IN ('SENT', 'UNKNOWN') OR p.state = 'SUCCEEDED' AND p.ended_at > d.made_at))
            """,
            [PAID_MEANWHILE, clock.now(), on],
        )


@transaction.atomic
def _take_batch(on: datetime.date) -> list[Debit]:
    """The next intended debits, marked sent; several runs at once take different ones."""
    batch = list(
        Debit.objects.select_for_update(skip_locked=True)
        .filter(business_on=on, state=State.INTENDED)
        .order_by("borrower_id", "id")[:BATCH]
    )
    Debit.objects.filter(pk__in=[debit.pk for debit in batch]).update(state=State.SENT, sent_at=clock.wall())
    return batch


def _set_state(debits: list[Debit], state: State) -> None:
    Debit.objects.filter(pk__in=[debit.pk for debit in debits], state=State.SENT).update(state=state)


_END = """
UPDATE payments_debit d SET state = u.state, channel_serial = u.serial, failure = u.failure, ended_at = %s
FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::bigint[])
         AS u (borrower_id, id, state, serial, failure, amount_fen)
WHERE d.borrower_id = u.borrower_id AND d.id = u.id AND d.state IN ('SENT', 'UNKNOWN')
  AND (u.state = 'FAILED' OR d.amount_fen = u.amount_fen)
RETURNING d.borrower_id, d.id, d.state, d.channel_serial, d.failure, d.loan_id, d.due_on, d.amount_fen, d.purpose, d.subject,
          d.tries, d.business_on
"""


@transaction.atomic
def record_debits(answers: Mapping[str, ChannelAnswer]) -> DebitRun:
    """Write down a batch of outcomes by one statement and announce them; what has ended before stays as it is."""
    final = [
        answer for answer in answers.values() if answer.state in (ChannelState.SUCCEEDED, ChannelState.FAILED)
    ]
    parts = [answer.reference.split("-", 2) for answer in final]
    with connection.cursor() as cursor:
        cursor.execute(
            _END,
            [
                clock.now(),
                [int(part[1]) for part in parts],
                [UUID(part[2]) for part in parts],
                [answer.state.value for answer in final],
                [answer.serial for answer in final],
                [
                    (answer.failure or "DECLINED") if answer.state == ChannelState.FAILED else ""
                    for answer in final
                ],
                [answer.amount_fen for answer in final],
            ],
        )
        names = [column.name for column in cursor.description]
        ended = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        succeeded = [row for row in ended if row["state"] == State.SUCCEEDED]
        # A serial that has booked another movement violates the key: nothing of the batch is believed then.
        cursor.executemany(
            "INSERT INTO payments_channelserial (serial, borrower_id, kind, movement_id) VALUES (%s, %s, 'debit', %s)",
            [(row["channel_serial"], row["borrower_id"], row["id"]) for row in succeeded],
        )
    for state in (State.SUCCEEDED, State.FAILED):
        outbox.publish_many(
            f"payments.debit.{state.lower()}", [_payload(row) for row in ended if row["state"] == state]
        )
    return DebitRun(succeeded=len(succeeded), failed=len(ended) - len(succeeded))


def _payload(row: dict[str, Any]) -> dict[str, Any]:
    subject = row["subject"]
    return {
        "borrower_id": row["borrower_id"],
        "debit_id": str(row["id"]),
        "loan_id": str(row["loan_id"]),
        "due_on": row["due_on"].isoformat(),
        "amount_fen": row["amount_fen"],
        "purpose": row["purpose"],
        "subject": json.loads(subject) if isinstance(subject, str) else subject,
        "on": row["business_on"].isoformat(),
        "failure_code": row["failure"],
        "tries": row["tries"],
    }
