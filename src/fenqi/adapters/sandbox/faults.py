"""Ways in which an outside party can fail, switched on per peer: for some number of requests, or until switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.adapters.sandbox.http import Refused

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.store import Store

PEERS = ("channel", "lender", "sms", "email", "push", "identity", "bureau", "score", "hooks")
# kind -> (seconds it takes unless told otherwise)
KINDS = {
    "outage": 0.0,  # answers 503, nothing is done
    "timeout": 8.0,  # keeps the caller waiting, then answers 504, nothing is done
    "lost_answer": 0.0,  # does it, and the answer is lost on the way
    "delay": 1.5,  # does it, slowly
    "decline": 0.0,  # says no
    "no_score": 0.0,  # the bureau knows no score of anybody
    "pending": 0.0,  # takes it and finishes later (0: when told to by /sandbox/api/settle)
    "duplicate_notice": 0.0,  # tells us thrice
}


def switch(store: Store, *, peer: str, kind: str, on: bool, times: int | None, seconds: float | None) -> None:
    """
    Switch a fault. `peer` may name one lender as `lender:<code>`.

    Raises: Refused.
    """
    if peer.partition(":")[0] not in PEERS:
        raise Refused("unknown_peer", allowed=list(PEERS))
    if kind not in KINDS:
        raise Refused("unknown_fault", allowed=list(KINDS))
    with store.change() as db:
        db.execute("DELETE FROM fault WHERE peer = ? AND kind = ?", (peer, kind))
        if on:
            db.execute(
                "INSERT INTO fault (peer, kind, times_left, seconds) VALUES (?, ?, ?, ?)",
                (peer, kind, times, KINDS[kind] if seconds is None else seconds),
            )


def take(store: Store, peer: str) -> dict[str, float]:
    """The faults that hit this request: kind -> seconds. Counted ones are used up by one."""
    names = (peer, peer.partition(":")[0])
    if not store.row("SELECT 1 FROM fault WHERE peer IN (?, ?)", *names):
        return {}
    with store.change() as db:
        active = db.execute("SELECT * FROM fault WHERE peer IN (?, ?)", names).fetchall()
        db.execute(
            "UPDATE fault SET times_left = times_left - 1 WHERE peer IN (?, ?) AND times_left > 0", names
        )
        db.execute("DELETE FROM fault WHERE times_left = 0")
    return {fault["kind"]: fault["seconds"] for fault in active}


def listed(store: Store) -> list[dict[str, object]]:
    """Every fault that is switched on."""
    return [dict(fault) for fault in store.rows("SELECT * FROM fault ORDER BY peer, kind")]
