"""Sends the notices that wait: signed, tried again until they are taken, sometimes more than once."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import httpx

from fenqi.adapters.sandbox import channel
from fenqi.plumbing import signing

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.store import Store

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = (0.5, 1, 2, 5, 15, 60, 300)
MOST_TRIES = 50
LOOK_EVERY_SECONDS = 0.5


class Sender(threading.Thread):
    """Sends what waits; `wake` makes it look at once."""

    def __init__(self, store: Store, secret: str) -> None:
        super().__init__(name="notices", daemon=True)
        self._store = store
        self._secret = secret
        self._wake = threading.Event()
        self._client = httpx.Client(timeout=5, trust_env=False)

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def run(self) -> None:
        """Until the process ends."""
        while True:
            self._wake.wait(LOOK_EVERY_SECONDS)
            self._wake.clear()
            try:
                self._look()
            except Exception:
                log.exception("notices")

    def _look(self) -> None:
        if self._store.row("SELECT 1 FROM movement WHERE state = 'PENDING' AND finish_at <= ?", time.time()):
            with self._store.change() as db:
                channel.settle_pending(db, until=time.time())
        if self._store.row("SELECT 1 FROM switch WHERE name = 'notices' AND value = 'off'"):
            return
        waiting = self._store.rows("SELECT * FROM notice WHERE delivered = 0 AND next_at <= ?", time.time())
        for notice in waiting:
            taken = all(self._send(notice) for _ in range(notice["copies"]))
            delay = RETRY_AFTER_SECONDS[min(notice["tries"], len(RETRY_AFTER_SECONDS) - 1)]
            with self._store.change() as db:
                db.execute(
                    "UPDATE notice SET delivered = ?, tries = tries + 1, next_at = ? WHERE id = ?",
                    (int(taken or notice["tries"] > MOST_TRIES), time.time() + delay, notice["id"]),
                )

    def _send(self, notice: sqlite3.Row) -> bool:
        body = notice["body"].encode()
        headers = signing.sign(body, secret=self._secret, at=int(time.time()))
        try:
            response = self._client.post(
                notice["url"], content=body, headers={**headers, "Content-Type": "application/json"}
            )
        except httpx.HTTPError as e:
            log.info("notice %s not taken: %s", notice["id"], e)
            return False
        return response.status_code == 200
