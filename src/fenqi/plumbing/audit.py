"""
The audit trail: append-only, each record chained to the one before by a keyed hash.

The key stands outside the database, so that not even its owner can write a line that fits. What a chain cannot show by itself is that
its end was cut off: `head` is written down elsewhere (the operator's log, a printout) and given to `verify` later.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
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
    return hmac.new(_key(), before + body.encode(), hashlib.sha256).digest()


def _key() -> bytes:
    return hmac.new(settings.SECRETS["index"].encode(), b"audit chain", hashlib.sha256).digest()


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


def head() -> tuple[int, str]:
    """The number of the newest line and its hash in hex; (0, "") before the first."""
    last = AuditRecord.objects.order_by("-number").values_list("number", "hash").first()
    return (last[0], bytes(last[1]).hex()) if last else (0, "")


def verify(*, since: tuple[int, str] | None = None) -> int | None:
    """
    The number of the first line that does not follow from the one before, or None when the chain is whole.

    `since` is a head noted earlier: the line must still be there, with that hash, or its number is told.
    """
    before, expected = b"", 1
    noted = dict([since]) if since else {}
    for line in AuditRecord.objects.order_by("number").iterator():
        if line.number != expected:
            return expected
        found = bytes(line.hash)
        if found != _digest(before, line) or noted.pop(line.number, found.hex()) != found.hex():
            return line.number
        before, expected = found, expected + 1
    return min(noted, default=None)
