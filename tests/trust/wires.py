"""What leaves us and what stays: the traffic to the outside parties, and every column of the database as text."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.sessions.models import Session
from django.db import connection

from fenqi.adapters import peer
from fenqi.messages.texts import Texts as RealTexts
from tests.people import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator


class Texts(fakes.Texts):
    """Sends for real, and shows the test what was sent."""

    def send_to_phone(self, **sent: Any) -> None:
        super().send_to_phone(**sent)
        RealTexts().send_to_phone(**sent)

    def send_to_email(self, **sent: Any) -> None:
        super().send_to_email(**sent)
        RealTexts().send_to_email(**sent)

    def tell(self, **sent: Any) -> None:
        super().tell(**sent)
        RealTexts().tell(**sent)


@contextmanager
def listening() -> Iterator[list[tuple[str, str]]]:
    """(path, body) of every request to an outside party."""
    heard: list[tuple[str, str]] = []

    def hear(request: Any) -> None:
        body = request.read().decode()
        text = json.dumps(json.loads(body), ensure_ascii=False) if body else ""
        heard.append((urlsplit(str(request.url)).path, text + str(request.url) + str(request.headers)))

    hooks = peer._client().event_hooks
    peer._client().event_hooks = {**hooks, "request": [*hooks["request"], hear]}
    try:
        yield heard
    finally:
        peer._client().event_hooks = hooks


def dump() -> Iterator[tuple[str, str]]:
    """(place, text) of every row of every table, sessions opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        for schema, table in cursor.fetchall():
            place = f"{connection.ops.quote_name(schema)}.{connection.ops.quote_name(table)}"
            cursor.execute(f"SELECT t::text FROM {place} t")
            for (row,) in cursor.fetchall():
                yield table, row
    for session in Session.objects.all():
        yield "a session", json.dumps(session.get_decoded(), ensure_ascii=False, default=str)


def spellings(value: str) -> tuple[str, ...]:
    """How a value looks as text, escaped JSON, hex of a bytea, and base64 at any offset."""
    raw = value.encode()
    shifted = (
        base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")[offset and 4 : -2] for offset in range(3)
    )
    escaped = json.dumps(value).strip('"')
    return (value, escaped, escaped.replace("\\", "\\\\"), raw.hex(), *shifted)


def found(value: str, text: str) -> bool:
    """Whether the value stands in the text in any spelling."""
    return any(spelling in text for spelling in spellings(value))
