"""
T+1 export to the bureau: what changed up to yesterday, in batches, each in three steps (intent, call, outcome).

Nothing negative leaves before its borrower was told and the notice days are over, and nothing at all without the
consent to report. A batch whose outcome is unknown is sent again under its own id before anything newer.
"""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from fenqi.bureau.models import Batch, BatchRow, BatchState, CreditRow, NegativeNotice
from fenqi.bureau.ports import BatchRefused, BureauUnavailable, ReportedRow
from fenqi.bureau.status import NEGATIVE
from fenqi.messages import services as messages
from fenqi.people import queries as people
from fenqi.plumbing import gates, ports, rule_data
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from fenqi.bureau.ports import BureauPort

log = logging.getLogger(__name__)

GATE = "bureau.report"
CONSENT = "bureau_reporting"


TOLD_AT_ONCE = 500


def report(on: datetime.date) -> dict[str, int]:
    """Once `on` is closed: tell borrowers what turned negative, and the bureau what has changed. Safe to repeat."""
    return {"told": tell_before_reporting(on)} | send_changes(on)


def tell_before_reporting(on: datetime.date) -> int:
    """
    Tell each borrower of a month that turned negative, once, before it may be reported; tells how many.

    Also of dates before, should nobody have come to it; nothing negative leaves without the notice (send_changes).
    """
    report_from = on + datetime.timedelta(days=rule_data.value("bureau.notice_days", on=on))
    untold = (
        CreditRow.objects.filter(status__in=NEGATIVE, as_of__lte=on, is_withheld=False)
        .exclude(status=F("reported_status"))
        .exclude(Exists(_notice()))
    )
    told = 0
    while rows := list(untold.order_by("borrower_id", "loan_id", "month")[:TOLD_AT_ONCE]):
        _tell(rows, on=on, report_from=report_from)
        told += len(rows)
    return told


@transaction.atomic
def _tell(rows: list[CreditRow], *, on: datetime.date, report_from: datetime.date) -> None:
    """The notices of many rows, the gate's answers and the letters: all or none."""
    NegativeNotice.objects.bulk_create(
        NegativeNotice(
            borrower_id=row.borrower_id,
            loan_id=row.loan_id,
            month=row.month,
            told_on=on,
            report_from=report_from,
        )
        for row in rows
    )
    denied = gates.deny("rules-cn.5.5.notice_first", f"told {on}, may be reported from {report_from}")
    _keep_answers(rows, denied)
    accounts = servicing.reported_accounts([(row.borrower_id, row.loan_id) for row in rows])
    messages.send_many(
        messages.Letter(
            borrower_id=row.borrower_id,
            template="credit_notice",
            context={
                "loan_number": accounts[(row.borrower_id, row.loan_id)][0],
                "month": f"{row.month:%Y-%m}",
                "report_on": report_from.isoformat(),
                "link": "/finance/credit/",
            },
            channels=["inbox", "sms"],
            reference=f"credit_notice:{row.loan_id}:{row.month:%Y-%m}",
        )
        for row in rows
    )


def _keep_answers(rows: list[CreditRow], answer: gates.Answer) -> None:
    answers = [(f"loan:{row.loan_id}:{row.month:%Y-%m}", answer) for row in rows]
    gates.keep_many(gate=GATE, answers=answers)


def send_changes(on: datetime.date) -> dict[str, int]:
    """
    Hand everything due to the bureau; stops at the first batch that is not answered and goes on another day. A row that it
    does not take is held back until it changes, and keeps no other waiting.

    Counts: rows and batches accepted, batches refused, batches whose outcome is unknown.
    """
    counts = {"rows": 0, "batches": 0, "refused": 0, "unknown": 0}
    waiting = Batch.objects.filter(state__in=(BatchState.INTENDED, BatchState.UNKNOWN)).order_by("id")
    for batch in [*waiting]:
        if not _send(batch, on=on, counts=counts):
            return counts
    size = rule_data.value("bureau.batch_rows", on=on)
    while (batch := _intend(on=on, size=size)) is not None:
        if not _send(batch, on=on, counts=counts):
            break
    return counts


def _notice() -> Any:
    return NegativeNotice.objects.filter(
        borrower_id=OuterRef("borrower_id"), loan_id=OuterRef("loan_id"), month=OuterRef("month")
    )


@transaction.atomic
def _intend(*, on: datetime.date, size: int) -> Batch | None:
    """Put the next rows that may leave into a batch; None when there are none."""
    leaving = _next_rows(on=on, size=size)
    if not leaving:
        return None
    number = Batch.objects.filter(on=on).count() + 1
    batch = Batch.objects.create(id=f"{on:%Y%m%d}-{number:04d}", on=on, row_count=len(leaving))
    BatchRow.objects.bulk_create(
        BatchRow(
            borrower_id=row.borrower_id,
            batch_id=batch.id,
            loan_id=row.loan_id,
            month=row.month,
            status=row.status,
            days_past_due=row.days_past_due,
            balance_fen=row.balance_fen,
            overdue_fen=row.overdue_fen,
            as_of=row.as_of,
        )
        for row in leaving
    )
    allowed = gates.allow("rules-cn.5.5.notice_first", f"batch {batch.id}")
    _keep_answers([row for row in leaving if row.status in NEGATIVE], allowed)
    return batch


def _next_rows(*, on: datetime.date, size: int) -> list[CreditRow]:
    may_leave = ~Q(status__in=NEGATIVE) | Q(Exists(_notice().filter(report_from__lte=on)))
    changed = (
        CreditRow.objects.filter(may_leave, as_of__lt=on, is_withheld=False)
        .exclude(status=F("reported_status"))
        .order_by("as_of", "borrower_id", "loan_id")
    )
    while found := list(changed[:size]):
        agreed = people.borrowers_who_agreed(
            text_code=CONSENT, borrower_ids={row.borrower_id for row in found}
        )
        withheld = [row for row in found if row.borrower_id not in agreed]
        for row in withheld:
            row.is_withheld = True
        CreditRow.objects.bulk_update(withheld, ["is_withheld"])
        if len(withheld) < len(found):
            return [row for row in found if not row.is_withheld]
    return []


def _send(batch: Batch, *, on: datetime.date, counts: dict[str, int]) -> bool:
    """Call the bureau (no transaction is open) and keep the outcome; False when nothing is known of it."""
    rows = list(BatchRow.objects.filter(batch_id=batch.id).order_by("borrower_id", "loan_id", "month"))
    accounts = servicing.reported_accounts([(row.borrower_id, row.loan_id) for row in rows])
    bureau: BureauPort = ports.get("bureau")
    batch.tries += 1
    try:
        bureau.send_rows(batch_id=batch.id, rows=[_as_reported(row, accounts) for row in rows])
    except BureauUnavailable as e:
        batch.state, batch.error = BatchState.UNKNOWN, str(e)
        batch.save()
        counts["unknown"] += 1
        return False
    except BatchRefused as e:
        counts["refused"] += 1
        return _refused(batch, rows, e)
    _accepted(batch, on=on)
    counts["rows"] += len(rows)
    counts["batches"] += 1
    return True


@transaction.atomic
def _refused(batch: Batch, rows: list[BatchRow], refusal: BatchRefused) -> bool:
    """Keep the refusal; True when it was about one row, which is held back: the others go on without it."""
    batch.state, batch.error = BatchState.REFUSED, str(refusal)
    batch.save()
    if refusal.row is None or not 0 <= refusal.row < len(rows):
        return False
    row = rows[refusal.row]
    log.error("the bureau does not take %s of loan %s: %s", row.month, row.loan_id, refusal)
    of_it = CreditRow.objects.filter(borrower_id=row.borrower_id, loan_id=row.loan_id, month=row.month)
    return bool(of_it.filter(status=row.status).update(is_withheld=True))


@transaction.atomic
def _accepted(batch: Batch, *, on: datetime.date) -> None:
    batch.state, batch.error = BatchState.ACCEPTED, ""
    batch.save()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE bureau_creditrow AS row SET reported_status = sent.status, reported_on = %s
            FROM bureau_batchrow AS sent
            WHERE sent.batch_id = %s AND sent.borrower_id = row.borrower_id
              AND sent.loan_id = row.loan_id AND sent.month = row.month
            """,
            [on, batch.id],
        )


def _as_reported(row: BatchRow, accounts: dict[Any, Any]) -> ReportedRow:
    number, product = accounts[(row.borrower_id, row.loan_id)]
    return ReportedRow(
        account=number,
        account_type="R4" if product == "standby" else "D1",
        month=f"{row.month:%Y-%m}",
        status=row.status,
        days_past_due=row.days_past_due,
        balance_fen=row.balance_fen,
        overdue_fen=row.overdue_fen,
        as_of=row.as_of,
    )
