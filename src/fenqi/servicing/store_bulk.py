"""
Many loans read under their locks, and many changes written, by one statement a table: for the day-end's engine.

The rows are those that servicing.store writes for each loan; a statement gets them as one JSON value.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from fenqi.ledger import batch
from fenqi.ledger import services as ledger
from fenqi.servicing import events as stored
from fenqi.servicing import store
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, Projection
from fenqi.servicing.store import Change, EarlierReference, Loaded, LoanRow

Key = tuple[int, UUID]
"""Borrower and loan."""

WANTED = "unnest(%(borrowers)s::bigint[], %(loans)s::uuid[]) AS w (borrower_id, loan_id)"
LOANS = f"""
SELECT l.borrower_id, {", ".join(f"l.{column}" for column in LoanRow._fields)}
FROM servicing_loan l JOIN {WANTED} ON l.borrower_id = w.borrower_id AND l.id = w.loan_id
ORDER BY l.borrower_id, l.id FOR NO KEY UPDATE OF l
"""
EVENTS = f"""
SELECT e.borrower_id, e.loan_id, e.sequence, e.kind, e.happened_on, e.amount_fen, e.reverses, e.detail
FROM servicing_loanevent e JOIN {WANTED} USING (borrower_id, loan_id) ORDER BY 1, 2, 3
"""
INSTALLMENTS = f"""
SELECT i.borrower_id, i.loan_id, {", ".join(f"i.{column}" for column in INSTALLMENT_COLUMNS)}
FROM servicing_loaninstallment i JOIN {WANTED} USING (borrower_id, loan_id) ORDER BY 1, 2, 3
"""
REFERENCES = (
    "SELECT reference, borrower_id, loan_id, sequence, kind, amount_fen"
    " FROM servicing_eventreference WHERE reference = ANY(%s)"
)


def load_many(references: dict[Key, str]) -> dict[Key, Loaded]:
    """Lock loans in the order of their keys and read them; `references` says what each is asked about ("": nothing)."""
    values: dict[str, Any] = {
        "borrowers": [borrower_id for borrower_id, _ in references],
        "loans": [loan_id for _, loan_id in references],
    }
    with connection.cursor() as cursor:
        cursor.execute(store.POSTING_LOCK, [ledger.POSTING_LOCK])
        cursor.execute(LOANS, values)
        loans = {(row[0], row[1]): LoanRow._make(row[1:]) for row in cursor.fetchall()}
        cursor.execute(EVENTS, values)
        events: dict[Key, list[Any]] = {key: [] for key in references}
        for row in cursor.fetchall():
            events[row[0], row[1]].append(row[2:])
        cursor.execute(INSTALLMENTS, values)
        installments: dict[Key, dict[int, Any]] = {key: {} for key in references}
        for row in cursor.fetchall():
            installments[row[0], row[1]][row[2]] = row[2:]
        earlier = {}
        if asked := [reference for reference in references.values() if reference]:
            cursor.execute(REFERENCES, [asked])
            earlier = {row[0]: EarlierReference._make(row[1:]) for row in cursor.fetchall()}
        cursor.execute(store.OPEN_ON)
        [open_on] = cursor.fetchone()
    return {
        key: Loaded(
            loan=loan,
            events=stored.from_rows(events[key]),
            installments=installments[key],
            earlier=earlier.get(references[key]),
            open_on=open_on,
        )
        for key, loan in loans.items()
    }


def save_many(changes: Sequence[tuple[Loaded, Change]]) -> None:
    """
    Write the events, references, entries, notices and projections of different loans.

    Raises: as store.save.
    """
    made = [change for _, change in changes]
    _insert(
        "servicing_eventreference",
        [_event_of(one) | {"reference": one.reference, "kind": one.reference_kind} for one in made],
    )
    _insert(
        "servicing_loanevent",
        [
            _event_of(one)
            | {
                "reference": one.reference,
                "kind": one.event.kind.value,
                "happened_on": one.event.on,
                "source": one.source,
                "detail": stored.detail_of(one.event),
            }
            for one in made
        ],
    )
    batch.post_many(
        [
            batch.Posting(
                borrower_id=one.borrower_id,
                entry=one.entry,
                business_date=one.entry_on,
                source=store.entry_source(one.loan.id, one.event.sequence),
                loan_id=one.loan.id,
                book_id=one.loan.book_id,
            )
            for one in made
        ]
    )
    _insert("servicing_notice", [_notice_of(one) for one in made if one.notice], "ON CONFLICT DO NOTHING")
    save_projections(
        [
            Moved(
                one.borrower_id,
                loaded,
                one.projection,
                one.entry_on,
                one.event.sequence,
                max(one.event.on, one.loan.last_event_on),
            )
            for loaded, one in changes
        ]
    )


class Moved(NamedTuple):
    """A loan as it was read and its new projection on a business date; sequence and date of its last event."""

    borrower_id: int
    loaded: Loaded
    projection: Projection
    on: datetime.date
    sequence: int
    last_event_on: datetime.date


def save_projections(moved: Sequence[Moved]) -> None:
    """Make the stored projections these: only installments that differ are written, and the moves between buckets."""
    _insert(
        "servicing_bucketmove",
        [_move_of(one) for one in moved if one.projection.loan["bucket"] != one.loaded.loan.bucket],
        "ON CONFLICT (borrower_id, loan_id, moved_on) DO UPDATE SET to_bucket = excluded.to_bucket",
    )
    changed: Rows = []
    added: Rows = []
    gone: Rows = []
    for one in moved:
        key = {"borrower_id": one.borrower_id, "loan_id": one.loaded.loan.id}
        before = one.loaded.installments
        rows = one.projection.installments
        for row in rows:
            if before.get(row[0]) != row:
                columns = key | dict(zip(INSTALLMENT_COLUMNS, row, strict=True))
                (changed if row[0] in before else added).append(columns)
        gone += [key | {"number": number} for number in before.keys() - {row[0] for row in rows}]
    _insert("servicing_loaninstallment", added)
    _update("servicing_loaninstallment", ("borrower_id", "loan_id", "number"), changed)
    _delete("servicing_loaninstallment", ("borrower_id", "loan_id", "number"), gone)
    _update(
        "servicing_loan",
        ("borrower_id", "id"),
        [
            {"borrower_id": one.borrower_id, "id": one.loaded.loan.id}
            | {column: one.projection.loan[column] for column in store.LOAN_PROJECTION}
            | {"sequence": one.sequence, "last_event_on": one.last_event_on}
            for one in moved
        ],
    )


def _event_of(change: Change) -> dict[str, Any]:
    return {
        "borrower_id": change.borrower_id,
        "loan_id": change.loan.id,
        "sequence": change.event.sequence,
        "amount_fen": change.event.amount_fen,
    }


def _notice_of(change: Change) -> dict[str, Any]:
    assert change.notice is not None
    template, amount_fen = change.notice
    return {
        "borrower_id": change.borrower_id,
        "template": template,
        "key": f"{change.loan.id}:{change.event.sequence}",
        "loan_id": change.loan.id,
        "lender_code": change.loan.lender_code,
        "on_date": change.event.on,
        "amount_fen": amount_fen,
    }


def _move_of(moved: Moved) -> dict[str, Any]:
    return {
        "borrower_id": moved.borrower_id,
        "loan_id": moved.loaded.loan.id,
        "moved_on": moved.on,
        "from_bucket": moved.loaded.loan.bucket,
        "to_bucket": moved.projection.loan["bucket"],
        "book_id": moved.loaded.loan.book_id,
        "principal_outstanding_fen": moved.projection.loan["principal_outstanding_fen"],
    }


Rows = list[dict[str, Any]]
"""Rows by column, every row with the same columns."""


def _insert(table: str, rows: Rows, at_conflict: str = "") -> None:
    if rows:
        columns = ", ".join(rows[0])
        _execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_given(table)} {at_conflict}", rows)


def _update(table: str, key: tuple[str, ...], rows: Rows) -> None:
    if rows:
        columns = ", ".join(f"{column} = r.{column}" for column in rows[0] if column not in key)
        _execute(f"UPDATE {table} t SET {columns} FROM {_given(table)} WHERE {_on(key)}", rows)


def _delete(table: str, key: tuple[str, ...], rows: Rows) -> None:
    if rows:
        _execute(f"DELETE FROM {table} t USING {_given(table)} WHERE {_on(key)}", rows)


def _given(table: str) -> str:
    return f"json_populate_recordset(NULL::{table}, %s) r"


def _on(key: tuple[str, ...]) -> str:
    return " AND ".join(f"t.{column} = r.{column}" for column in key)


def _execute(statement: str, rows: Rows) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=str)])
