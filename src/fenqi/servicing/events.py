"""Stored events and the domain's events: one to the other and back."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any

from fenqi.domain.events import Event, EventKind, event_from_json, event_to_json

# Stored in columns of their own; everything else a kind needs is in `detail`.
COLUMNS = ("id", "kind", "on", "amount_fen", "sequence", "reverses")

KINDS = {kind.value: kind for kind in EventKind}

SELECT = """
SELECT sequence, kind, happened_on, amount_fen, reverses, detail FROM servicing_loanevent
WHERE borrower_id = %s AND loan_id = %s ORDER BY sequence
"""

StoredEvent = tuple[int, str, datetime.date, int, int | None, Any]


def from_rows(rows: Iterable[StoredEvent]) -> list[Event]:
    """The domain events of a loan from rows of SELECT, in the order of recording."""
    return [_event(*row) for row in rows]


def detail_of(event: Event) -> dict[str, Any] | None:
    """What of an event has no column of its own."""
    form = event_to_json(event)
    detail = {name: value for name, value in form.items() if name not in COLUMNS}
    return detail or None


def _event(
    sequence: int, kind: str, on: datetime.date, amount_fen: int, reverses: int | None, detail: Any
) -> Event:
    if not detail:
        return Event(
            id=str(sequence),
            kind=KINDS[kind],
            on=on,
            amount_fen=amount_fen,
            sequence=sequence,
            reverses=None if reverses is None else str(reverses),
        )
    form = json.loads(detail) if isinstance(detail, str) else dict(detail)
    form |= {"id": str(sequence), "kind": kind, "on": on.isoformat(), "sequence": sequence}
    if amount_fen:
        form["amount_fen"] = amount_fen
    if reverses is not None:
        form["reverses"] = str(reverses)
    return event_from_json(form)
