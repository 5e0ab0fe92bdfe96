"""A partner's own system: an address that hears of events, and keeps what it heard once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fenqi.adapters.sandbox import faults
from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.app import Call

routes = Routes()


@routes.add("POST", "/hooks/<partner>")
def hear(call: Call, request: Request, partner: str) -> Answer:
    """One notice; the same id again is nothing new. Whether it is ours is asked by who reads it: the secret is the partner's."""
    active = faults.take(call.store, "hooks")
    if "outage" in active or "decline" in active:
        raise Refused(
            "outage" if "outage" in active else "not_wanted", status=503 if "outage" in active else 422
        )
    signature = request.headers.get("x-fenqi-signature", "")
    with call.store.change() as db:
        db.execute(
            "INSERT INTO text (kind, reference, recipient, subject, body, shown_at, at) VALUES ('hook', ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (
                request.headers.get("x-fenqi-notice", ""),
                partner,
                signature,
                request.body.decode(),
                request.headers.get("x-fenqi-time", ""),
                time.time(),
            ),
        )
    return Answer(status=502) if "lost_answer" in active else as_json({"heard": True})
