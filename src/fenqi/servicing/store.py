"""
What is read of a loan that is to change, and everything one event changes, written statement by statement in one trip.

The commonest event, money received, is written by servicing.store_quick; both leave the same rows.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import connection

from fenqi.domain.events import Event
from fenqi.domain.posting_rules import Entry
from fenqi.domain.waypoint import Waypoint
from fenqi.ledger import services as ledger
from fenqi.servicing import events as stored
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, InstallmentRow, Projection


class LoanRow(NamedTuple):
    """The columns of servicing_loan that writes look at."""

    id: UUID
    number: str
    book_id: int
    lender_code: str
    product: str
    serviced_by: str
    terms_id: UUID | None
    starts_on: datetime.date | None
    first_due_on: datetime.date | None
    opened_on: datetime.date
    principal_fen: int
    lender_share_bp: int
    is_through_channel: bool
    state: str
    sequence: int
    last_event_on: datetime.date
    projected_on: datetime.date
    bucket: int


class EarlierReference(NamedTuple):
    """What a reference was used for before."""

    borrower_id: int
    loan_id: UUID | None
    sequence: int | None
    kind: str
    amount_fen: int


@dataclass(slots=True)
class Loaded:
    """A loan under lock: its row, its events in the order of recording, its installments, the open business date."""

    loan: LoanRow
    events: list[Event]
    installments: dict[int, InstallmentRow]
    earlier: EarlierReference | None
    open_on: datetime.date
    version: str = ""
    """The version of the row, as PostgreSQL names it."""
    since: Waypoint | None = None
    """Where `events` go on from, if they are not all: its payout comes first among them."""

    @property
    def next_sequence(self) -> int:
        """The sequence of the event that comes now."""
        return self.loan.sequence + 1


@dataclass(slots=True)
class Change:
    """What one event changes."""

    borrower_id: int
    loan: LoanRow
    event: Event
    reference: str
    reference_kind: str
    source: str
    entry: Entry
    entry_on: datetime.date
    projection: Projection
    notice: tuple[str, int] | None = None  # template and amount
    is_simple: bool = False
    """Money received as the last event: its own allocation is all that changes."""
    leaves: Waypoint | None = None
    """Where the loan can be gone on from after the event, if it was gone on from somewhere before."""


POSTING_LOCK = "SELECT pg_advisory_xact_lock_shared(%s)"
INSTALLMENTS = (
    f"SELECT {', '.join(INSTALLMENT_COLUMNS)} FROM servicing_loaninstallment"
    " WHERE borrower_id = %s AND loan_id = %s ORDER BY number"
)
REFERENCE = "SELECT borrower_id, loan_id, sequence, kind, amount_fen FROM servicing_eventreference WHERE reference = %s"
OPEN_ON = "SELECT open_on FROM plumbing_businessdate WHERE name = 'main'"

INSERT_REFERENCE = (
    "INSERT INTO servicing_eventreference (reference, borrower_id, loan_id, sequence, kind, amount_fen)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
INSERT_EVENT = (
    "INSERT INTO servicing_loanevent (borrower_id, loan_id, sequence, kind, happened_on, amount_fen, reverses, detail,"
    " source, reference) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
INSERT_NOTICE = (
    "INSERT INTO servicing_notice (borrower_id, template, key, loan_id, lender_code, on_date, amount_fen)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
UPDATE_INSTALLMENT = (
    "UPDATE servicing_loaninstallment SET "
    + ", ".join(f"{column} = %s" for column in INSTALLMENT_COLUMNS[1:])
    + " WHERE borrower_id = %s AND loan_id = %s AND number = %s"
)
INSERT_INSTALLMENT = (
    f"INSERT INTO servicing_loaninstallment ({', '.join(INSTALLMENT_COLUMNS)}, borrower_id, loan_id) VALUES ("
    + ", ".join(["%s"] * (len(INSTALLMENT_COLUMNS) + 2))
    + ")"
)
DELETE_INSTALLMENT = (
    "DELETE FROM servicing_loaninstallment WHERE borrower_id = %s AND loan_id = %s AND number = %s"
)


class _Trip:
    """Statements sent together; the answers come at the end."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.raw: psycopg.Connection[Any] = connection.connection

    def send(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> psycopg.Cursor[Any]:
        """Queue one statement."""
        # Not connection.cursor(): Django's binds parameters in the client and reads each answer at once.
        return psycopg.Cursor(self.raw).execute(statement, values)


def installments_of(borrower_id: int, loan_id: UUID) -> dict[int, InstallmentRow]:
    """The stored installments of a loan by number."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLMENTS, [borrower_id, loan_id])
        return {row[0]: tuple(row) for row in cursor.fetchall()}


def save(change: Change, *, before: dict[int, InstallmentRow]) -> None:
    """
    Write an event, its reference, its entry and the new projection.

    Raises: ledger.ClosedDay when the entry's date was closed meanwhile; psycopg's UniqueViolation when another
    loan took the reference meanwhile.
    """
    event, loan = change.event, change.loan
    key = (change.borrower_id, loan.id)
    trip = _Trip()
    with trip.raw.pipeline():
        trip.send(
            INSERT_REFERENCE,
            [change.reference, *key, event.sequence, change.reference_kind, event.amount_fen],
        )
        detail = stored.detail_of(event) if _has_detail(event) else None
        trip.send(
            INSERT_EVENT,
            [
                *key,
                event.sequence,
                event.kind.value,
                event.on,
                event.amount_fen,
                int(event.reverses) if event.reverses else None,
                json.dumps(detail) if detail else None,
                change.source,
                change.reference,
            ],
        )
        posted = None
        if change.entry.legs:
            statement, values = ledger.posting(
                borrower_id=change.borrower_id,
                entry=change.entry,
                business_date=change.entry_on,
                source=entry_source(loan.id, event.sequence),
                loan_id=loan.id,
                book_id=loan.book_id,
            )
            posted = trip.send(statement, values)
        send_move(trip, key, loan, change.projection, change.entry_on)
        send_projection(
            trip, key, change.projection, before, sequence=event.sequence, event_on=event.on, loan=loan
        )
        if change.notice:
            template, amount_fen = change.notice
            trip.send(
                INSERT_NOTICE,
                [
                    change.borrower_id,
                    template,
                    f"{loan.id}:{event.sequence}",
                    loan.id,
                    loan.lender_code,
                    event.on,
                    amount_fen,
                ],
            )
    if posted is not None and not posted.rowcount:
        raise ledger.ClosedDay(business_date=str(change.entry_on))


def entry_source(loan_id: UUID, sequence: int) -> str:
    """What the entry of a loan's event is posted for; batch SQL builds the same text."""
    return f"loan:{loan_id}:{sequence}"


def send_projection(
    trip: _Trip,
    key: tuple[int, UUID],
    projection: Projection,
    before: dict[int, InstallmentRow],
    *,
    sequence: int,
    event_on: datetime.date,
    loan: LoanRow,
) -> None:
    """Queue the statements that make the stored projection this one: only rows that differ are written."""
    for row in projection.installments:
        earlier = before.get(row[0])
        if earlier is None:
            trip.send(INSERT_INSTALLMENT, [*row, *key])
        elif earlier != row:
            trip.send(UPDATE_INSTALLMENT, [*row[1:], *key, row[0]])
    for number in before.keys() - {row[0] for row in projection.installments}:
        trip.send(DELETE_INSTALLMENT, [*key, number])
    columns = projection.loan | {
        "sequence": sequence,
        "last_event_on": max(event_on, loan.last_event_on),
    }
    trip.send(UPDATE_LOAN, columns | {"borrower_id": key[0], "id": key[1]})


LOAN_PROJECTION = (
    "state",
    "projected_on",
    "settled_on",
    "principal_outstanding_fen",
    "outstanding_fen",
    "overpaid_fen",
    "next_due_on",
    "oldest_unpaid_due_on",
    "paused_days",
    "bucket",
    "tier",
    "is_paused",
    "wakes_on",
    "is_plain",
    "accrues_from",
    "accrues_to",
    "interest_carried_fen",
    "interest_accruing_fen",
    "fee_carried_fen",
    "fee_accruing_fen",
    "subsidy_unearned_fen",
    "subsidy_accruing_fen",
)
UPDATE_LOAN = (
    "UPDATE servicing_loan SET "
    + ", ".join(f"{column} = %({column})s" for column in (*LOAN_PROJECTION, "sequence", "last_event_on"))
    + " WHERE borrower_id = %(borrower_id)s AND id = %(id)s"
)

INSERT_MOVE = (
    "INSERT INTO servicing_bucketmove (borrower_id, loan_id, moved_on, from_bucket, to_bucket, book_id,"
    " principal_outstanding_fen) VALUES (%s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (borrower_id, loan_id, moved_on) DO UPDATE SET to_bucket = excluded.to_bucket"
)

_PLAIN = frozenset({"payout", "repayment", "early_settlement", "reversal"})


def _has_detail(event: Event) -> bool:
    return event.kind.value not in _PLAIN


def send_move(
    trip: _Trip, key: tuple[int, UUID], loan: LoanRow, projection: Projection, on: datetime.date
) -> None:
    """Queue the move between buckets that a projection makes, if it makes one."""
    bucket = projection.loan["bucket"]
    if bucket != loan.bucket:
        principal_fen = projection.loan["principal_outstanding_fen"]
        trip.send(INSERT_MOVE, [*key, on, loan.bucket, bucket, loan.book_id, principal_fen])
