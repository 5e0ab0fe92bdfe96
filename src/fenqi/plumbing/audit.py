"""The audit trail: append-only, each record chained to the one before by its hash."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from fenqi.plumbing import clock
from fenqi.plumbing.models import AuditRecord

# One writer at a time keeps the chain a chain; the lock ends with the transaction.
_CHAIN_LOCK = 4_601_137


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of the trail."""

    number: int
    at: datetime.datetime
    actor: str
    action: str
    subject: str
    reason: str
    details: dict[str, Any]


def _digest(before: bytes, record: AuditRecord) -> bytes:
    body = json.dumps(
        [
            record.number,
            record.at.astimezone(datetime.UTC).isoformat(),
            record.actor,
            record.action,
            record.subject,
            record.reason,
            record.details,
        ],
        sort_keys=True,
        ensure_ascii=False,
    )
    return hashlib.sha256(before + body.encode()).digest()


@transaction.atomic
def record(*, actor: str, action: str, subject: str, reason: str = "", **details: Any) -> None:
    """
    Write one line. Details hold ids and masked values only, never personal data in clear.

    `actor`: shopper:<id>, staff:<name>, system:<part> or contact:<id>.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    last = AuditRecord.objects.order_by("-number").first()
    line = AuditRecord(
        number=last.number + 1 if last else 1,
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        reason=reason,
        details=json.loads(json.dumps(details, default=str)),
    )
    line.hash = _digest(bytes(last.hash) if last else b"", line)
    line.save(force_insert=True)


def trail(*, subject: str | None = None, action: str | None = None, limit: int = 200) -> list[Record]:
    """The newest lines, of one subject or of all, of one action or of all."""
    lines = AuditRecord.objects.order_by("-number")
    if subject is not None:
        lines = lines.filter(subject=subject)
    if action is not None:
        lines = lines.filter(action=action)
    return [
        Record(
            number=line.number,
            at=line.at,
            actor=line.actor,
            action=line.action,
            subject=line.subject,
            reason=line.reason,
            details=line.details,
        )
        for line in lines[:limit]
    ]


def verify() -> int | None:
    """The number of the first line that does not follow from the one before, or None when the chain is whole."""
    before, expected = b"", 1
    for line in AuditRecord.objects.order_by("number").iterator():
        if line.number != expected or bytes(line.hash) != _digest(before, line):
            return line.number
        before, expected = bytes(line.hash), expected + 1
    return None
