"""What the channel will tell the merchant by itself, written down in the transaction in which it became true."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox.bank import new_serial

if TYPE_CHECKING:
    import sqlite3


def copies(faults: dict[str, float]) -> int:
    """How often one notice is sent."""
    return 3 if "duplicate_notice" in faults else 1


def queue(db: sqlite3.Connection, *, url: str, content: dict[str, Any], copies: int) -> None:
    """Put a notice down for the sender; without an address nobody is told."""
    if url:
        notice_id = new_serial("NT")
        db.execute(
            "INSERT INTO notice (id, url, body, copies, next_at) VALUES (?, ?, ?, ?, ?)",
            (notice_id, url, json.dumps({"notice_id": notice_id, **content}), copies, time.time()),
        )
